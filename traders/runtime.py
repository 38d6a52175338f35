"""Runs one strategy over one client after the other, under asyncio.

In: a strategy, a logged-in client, the waits between its timers. Out: the strategy's intents, sent
as requests. One task and one timer for each trader, however many streams it reads. Promises: events
reach the strategy in the order of the wire (depth conflated), and everything it wants in answer to
one event leaves in one write. What a strategy does wrong is raised, and told apart from what the venue does: ``fault``.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from protocol.clock import Clock
from protocol.errors import LocalProtocolError, RemoteProtocolError
from protocol.fields import Message
from protocol.messages import MassCancel, MassCanceled, PrivateMessage, Rejected
from protocol.vocabulary import Channel, ErrorCode, Request, Symbol
from traders.client import Client
from traders.market.awaited import MarketInbox
from traders.sampling import Look
from traders.strategies.base import Strategy
from traders.strategies.desk import Desk
from traders.strategies.intents import Assigned
from traders.watchdog import Hangs, Watchdog

_TIMER: Final = "timer"
_STOP: Final = "stop"
_WORD: Final = "word"
"""Something is among what the runner is told from beside the wire."""

MAX_WORKING: Final = 10_000
"""Orders of one strategy that are not done. Who answers every report with two orders gets there within seconds."""

_SAMPLED: Final = frozenset((Channel.BBO, Channel.DEPTH, Channel.TRADES))
"""What a strategy that samples is not told as it comes."""


class Runner:
    """One strategy at work. ``waits_s``: seconds between timers; when it is over, so are they."""

    def __init__(
        self,
        strategy: Strategy,
        client: Client,
        clock: Clock,
        waits_s: Iterator[float],
        *,
        look: Look | None = None,
        watchdog: Watchdog | None = None,
    ) -> None:
        """``look``: what the strategy is told right before its timers. With it, one that samples is told of the market
        in no other way. ``watchdog``: who sees to it that it answers.
        """
        self.desk = Desk(strategy, client.next_id)
        self.fault: BaseException | None = None
        """What the strategy did wrong: the reason why ``run`` raised."""
        self._client = client
        self._clock = clock
        self._waits_s = waits_s
        self._look = look
        self._watchdog = watchdog or Watchdog()
        samples = strategy.sampled and look is not None
        self._channels = strategy.channels - _SAMPLED if samples else strategy.channels
        self._stopping = asyncio.Event()
        self._inbox: MarketInbox[PrivateMessage | str] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._words: deque[Assigned | MassCancel] = deque()
        self._assigned: deque[Assigned] = deque()  # waits until the orders of the period before are void
        self._has_started = False

    def stop(self) -> None:
        """Let ``run`` return after the strategy's last words are carried out."""
        if not self._stopping.is_set():
            self._stopping.set()
            if self._inbox is not None:
                self._inbox.put(_STOP)

    def assign(self, assigned: Assigned) -> None:
        """Hand out units of an experiment. Whatever is in the book is canceled before the strategy hears of them."""
        self._words.append(assigned)
        if self._inbox is not None:
            self._inbox.put(_WORD)

    def void(self, symbol: Symbol) -> None:
        """Cancel what the strategy has in the book of an instrument."""
        if self._inbox is not None and any(
            one.symbol == symbol for one in self.desk.strategy.orders.values()
        ):
            self._words.append(MassCancel(symbol))
            self._inbox.put(_WORD)

    async def run(self, client: Client | None = None) -> None:
        """Feed the strategy until ``stop``, or until the session is logged out.

        ``client``: another one, after a session that broke. The strategy goes on where it was.

        Raises:
            SlowConsumer: the strategy does not keep up with its streams.
            RemoteProtocolError: the venue could not read what the strategy sent.
            SessionBroken, or another VenueError: the session ended out of order.
            Exception: whatever the strategy raised; also a ``LocalProtocolError`` for nonsense and floods, and
                ``Hangs``. It is kept in ``fault``.
        """
        if client is not None:
            self._client = client
        strategy = self.desk.strategy
        with self._client.inbox(
            strategy.symbols,
            channels=self._channels,
            levels=strategy.depth_levels,
            intervals=strategy.candle_intervals,
        ) as inbox:
            self._inbox = inbox
            try:
                await self._work(inbox)
            except RemoteProtocolError as error:
                if error.code is not ErrorCode.LINE_CUT_SHORT:
                    self.fault = error
                raise
            finally:
                self._inbox = None
                if self._timer is not None:
                    self._timer.cancel()

    async def _work(self, inbox: "MarketInbox[PrivateMessage | str]") -> None:
        if self._stopping.is_set() and not self._has_started:
            return
        catching_up = self._begin()
        if self._words:
            inbox.put(_WORD)
        self._arm()
        async for item in inbox:
            if isinstance(item, str):
                if item == _STOP:
                    break
                self._take_word(item)
                continue
            self._send(self._ask(self.desk.take, item))
            if catching_up is not None and self.desk.last_seq >= catching_up:
                catching_up = None
                self._send(self._ask(self.desk.settle, self._client.welcome, self._clock.now_ns()))
            if self._assigned and isinstance(item, MassCanceled | Rejected):
                self._hand_out(item)
        if self._stopping.is_set() and self._client.is_active:
            await self._say_goodbye(inbox)

    def _begin(self) -> int | None:
        """Start, or go on; up to which report the strategy is to be told what it missed."""
        welcome, now_ns = self._client.welcome, self._clock.now_ns()
        if not self._has_started:
            self._has_started = True
            self._send(self._ask(self.desk.start, welcome, now_ns))
            return None
        # What was to cancel their orders went with the session.
        self._words.extendleft(reversed(self._assigned))
        self._assigned.clear()
        self._send(self._ask(self.desk.go_on, welcome, self._client.next_id, now_ns))
        if welcome.last_seq is not None and welcome.last_seq <= self.desk.last_seq:
            self._send(self._ask(self.desk.settle, welcome, now_ns))
            return None
        return welcome.last_seq

    def _take_word(self, word: str) -> None:
        if word == _TIMER:
            self._arm()
            now_ns = self._clock.now_ns()
            if self._look is not None:
                for event in self._look(now_ns):
                    self._send(self._ask(self.desk.hear, event))
            self._send(self._ask(self.desk.timer, now_ns))
            return
        while self._words:
            told = self._words.popleft()
            if isinstance(told, MassCancel):
                self._client.submit(told)
            elif self.desk.strategy.orders:
                self._assigned.append(told)
                self._client.submit(MassCancel(told.symbol))
            else:
                self._send(self._ask(self.desk.hear, told))

    def _hand_out(self, item: MassCanceled | Rejected) -> None:
        if isinstance(item, MassCanceled) or item.request is Request.MASS_CANCEL:
            self._send(self._ask(self.desk.hear, self._assigned.popleft()))

    # -- asking and sending ----------------------------------------------------------------------------
    def _ask(self, ask: Callable[..., list[Message]], *arguments: object) -> list[Message]:
        """What the strategy wants. Whatever goes wrong meanwhile is its fault."""
        watchdog = self._watchdog
        try:
            watchdog.thoughts += 1
            watchdog.is_thinking = True
            requests = ask(*arguments)
        except (Exception, Hangs) as error:
            self.fault = error
            raise
        finally:
            watchdog.is_thinking = False
        if len(self.desk.strategy.orders) > MAX_WORKING:
            self.fault = LocalProtocolError(f"it floods: more than {MAX_WORKING} orders that are not done")
            raise self.fault
        return requests

    def _send(self, requests: Sequence[Message]) -> None:
        for request in requests:
            self._client.submit(request)

    async def _say_goodbye(self, inbox: "MarketInbox[PrivateMessage | str]") -> None:
        """Stop the strategy; read on until its orders are out, so that no late trade is missed."""
        requests = self._ask(self.desk.stop)
        self._send(requests)
        if not any(isinstance(request, MassCancel) for request in requests):
            return
        async for item in inbox:
            match item:
                case str():
                    continue
                case MassCanceled() | Rejected(request=Request.MASS_CANCEL):
                    return
                case _:
                    # Its wishes come too late.
                    self._ask(self.desk.take, item)

    def _arm(self) -> None:
        wait_s = next(self._waits_s, None)
        if wait_s is not None:
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._fire)

    def _fire(self) -> None:
        if self._inbox is not None:
            self._inbox.put(_TIMER)

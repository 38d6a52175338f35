"""Runs one strategy over one client, on the generator kernel.

In: a strategy, a logged-in client, the waits between its timers. Out: the strategy's intents, sent as requests. One task
reads, a child of it keeps the time. Promises: events reach the strategy in the order of the wire (depth conflated), and
everything it wants in answer to one event leaves in one write: the same ``Desk`` as ``traders.runtime`` has.
"""

from collections.abc import Generator, Iterator
from typing import Any, Final

from legacy.trader.client import Client
from legacy.trader.feeds import MarketInbox
from legacy.traps import flow, sleep, spawn
from legacy.waiting import WaitQueue
from protocol.clock import Clock
from protocol.messages import MassCancel, MassCanceled, PrivateMessage, Rejected
from protocol.vocabulary import Request
from traders.strategies.base import Strategy
from traders.strategies.desk import Desk

_TIMER: Final = "timer"
_STOP: Final = "stop"

Inbox = MarketInbox[PrivateMessage | str]


class Runner:
    """One strategy at work. ``waits_s``: seconds between timers; when it is over, so are they."""

    def __init__(self, strategy: Strategy, client: Client, clock: Clock, waits_s: Iterator[float]) -> None:
        self.desk = Desk(strategy, client.next_id)
        self._client = client
        self._clock = clock
        self._waits_s = waits_s
        self._is_stopping = False
        self._inbox: Inbox | None = None
        self._taken = WaitQueue("the strategy to see its timer")

    def stop(self) -> None:
        """Let ``run`` return after the strategy's last words are carried out."""
        if not self._is_stopping:
            self._is_stopping = True
            if self._inbox is not None:
                self._inbox.put(_STOP)

    @flow
    def run(self) -> Generator[Any, Any, None]:
        """Feed the strategy until ``stop``, or until the session is logged out.

        Raises:
            SlowConsumer: the strategy does not keep up with its streams.
            RemoteProtocolError: the venue could not read what the strategy sent.
            SessionBroken, or another VenueError: the session ended out of order.
        """
        strategy, desk, submit = self.desk.strategy, self.desk, self._client.submit
        with self._client.inbox(
            strategy.symbols,
            channels=strategy.channels,
            levels=strategy.depth_levels,
            intervals=strategy.candle_intervals,
        ) as inbox:
            self._inbox = inbox
            if self._is_stopping:
                return
            for request in desk.start(self._client.welcome, self._clock.now_ns()):
                submit(request)
            timer = yield from spawn(
                self._keep_time(inbox), name=f"the timers of {self._client.welcome.account}"
            )
            is_told_to_stop = False
            try:
                while (item := (yield from inbox.next())) is not None:
                    if isinstance(item, str):
                        if item == _STOP:
                            is_told_to_stop = True
                            break
                        self._taken.wake_one()
                        requests = desk.timer(self._clock.now_ns())
                    else:
                        requests = desk.take(item)
                    for request in requests:
                        submit(request)
            finally:
                timer.cancel()
            if is_told_to_stop and self._client.is_active:
                yield from self._say_goodbye(inbox)

    def _say_goodbye(self, inbox: Inbox) -> Generator[Any, Any, None]:
        """Stop the strategy; read on until its orders are out, so that no late trade is missed."""
        requests = self.desk.stop()
        for request in requests:
            self._client.submit(request)
        if not any(isinstance(request, MassCancel) for request in requests):
            return
        while (item := (yield from inbox.next())) is not None:
            match item:
                case str():
                    continue
                case MassCanceled() | Rejected(request=Request.MASS_CANCEL):
                    return
                case _:
                    # Its wishes come too late.
                    self.desk.take(item)

    def _keep_time(self, inbox: Inbox) -> Generator[Any, Any, None]:
        """The next wait begins when the strategy sees the timer before: a slow one is not flooded with them."""
        for wait_s in self._waits_s:
            yield from sleep(wait_s)
            inbox.put(_TIMER)
            yield from self._taken.park()

"""Runs one strategy over one client, under asyncio.

In: a strategy, a logged-in client, the waits between its timers. Out: the strategy's intents, sent
as requests. One task and one timer for each trader, however many streams it reads. Promises: events
reach the strategy in the order of the wire (depth conflated), and everything it wants in answer to
one event leaves in one write.
"""

import asyncio
from collections.abc import Iterator
from typing import Final

from protocol.clock import Clock
from protocol.messages import MassCancel, MassCanceled, PrivateMessage, Rejected
from protocol.vocabulary import Request
from traders.client import Client
from traders.market.awaited import MarketInbox
from traders.strategies.base import Strategy
from traders.strategies.desk import Desk

_TIMER: Final = "timer"
_STOP: Final = "stop"


class Runner:
    """One strategy at work. ``waits_s``: seconds between timers; when it is over, so are they."""

    def __init__(self, strategy: Strategy, client: Client, clock: Clock, waits_s: Iterator[float]) -> None:
        self.desk = Desk(strategy, client.next_id)
        self._client = client
        self._clock = clock
        self._waits_s = waits_s
        self._stopping = asyncio.Event()
        self._inbox: MarketInbox[PrivateMessage | str] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def stop(self) -> None:
        """Let ``run`` return after the strategy's last words are carried out."""
        if not self._stopping.is_set():
            self._stopping.set()
            if self._inbox is not None:
                self._inbox.put(_STOP)

    async def run(self) -> None:
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
            if self._stopping.is_set():
                return
            for request in desk.start(self._client.welcome, self._clock.now_ns()):
                submit(request)
            self._arm()
            try:
                async for item in inbox:
                    if isinstance(item, str):
                        if item == _STOP:
                            break
                        self._arm()
                        requests = desk.timer(self._clock.now_ns())
                    else:
                        requests = desk.take(item)
                    for request in requests:
                        submit(request)
            finally:
                if self._timer is not None:
                    self._timer.cancel()
            if self._stopping.is_set() and self._client.is_active:
                await self._say_goodbye(inbox)

    async def _say_goodbye(self, inbox: "MarketInbox[PrivateMessage | str]") -> None:
        """Stop the strategy; read on until its orders are out, so that no late trade is missed."""
        requests = self.desk.stop()
        for request in requests:
            self._client.submit(request)
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
                    self.desk.take(item)

    def _arm(self) -> None:
        wait_s = next(self._waits_s, None)
        if wait_s is not None:
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._fire)

    def _fire(self) -> None:
        if self._inbox is not None:
            self._inbox.put(_TIMER)

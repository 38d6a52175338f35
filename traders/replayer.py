"""Sends a recorded day to a running venue and checks every answer.

In: the lines of ``order_flow`` and where the venue listens. Out: a ``ReplayCheck`` with the counts
and the first differences. One account owns all orders. Commands are pipelined, never more than
``window`` without an answer, so that neither side has to hold a queue.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from protocol.errors import ConfigError, RemoteProtocolError, SessionBroken, VenueError
from protocol.fields import Message
from protocol.market import DepthSnapshot
from protocol.messages import Error, Subscribe, Subscribed
from protocol.vocabulary import AccountId, Channel, Symbol
from traders.access import OPEN, Access
from traders.client import Client
from traders.connection import Connection, connected
from traders.link import DEFAULT_HEARTBEAT_S
from traders.order_flow import FlowLine
from traders.order_ids import unique_prefix
from traders.replay import ReplayCheck

MAX_WINDOW: Final = 1_024
"""Commands without an answer; measured: more only makes a longer queue in the venue."""


class Replay:
    """One run of a day."""

    def __init__(
        self,
        lines: Sequence[FlowLine],
        *,
        symbol: str,
        account: str,
        window: int = MAX_WINDOW,
        access: Access = OPEN,
    ) -> None:
        self.check = ReplayCheck(lines, Symbol(symbol), "")
        """Counts so far."""
        self._lines = lines
        self._symbol = Symbol(symbol)
        self._account = AccountId(account)
        self._access = access
        self._window = min(window, MAX_WINDOW)
        self._connection: Connection | None = None
        self._begun = False
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self, host: str, port: int) -> ReplayCheck:
        """Send the day, compare, and take what is left out of the book again.

        Raises:
            ConfigError: the venue does not have the instrument, its tick does not fit the file, or
                its book is not empty.
            SessionBroken: the connection broke; says how many commands were acknowledged.
            RemoteProtocolError: the venue could not read a line.
        """
        try:
            async with connected(host, port, self._receive, self._ended, self._access.tls) as connection:
                self._connection = connection
                welcome = await connection.log_in(self._account, DEFAULT_HEARTBEAT_S, self._access)
                ticks = {one.symbol: one.tick for one in welcome.instruments}
                if self._symbol not in ticks:
                    raise ConfigError(
                        f"{host}:{port}", f"the venue does not have {self._symbol}; it has {', '.join(ticks)}"
                    )
                self._check_ticks(ticks[self._symbol])
                prefix = unique_prefix(welcome, connection.local_port)
                self.check = ReplayCheck(self._lines, self._symbol, prefix)
                connection.send(Subscribe(Channel.DEPTH, self._symbol))
                await self._done
            # The logout was answered: nothing can follow the last command's effects any more.
        except SessionBroken as broken:
            raise SessionBroken(
                f"{broken}; {self.check.acknowledged:,} of {self.check.commands:,} commands were acknowledged"
            ) from broken
        self.check.finish()
        await self._clear(host, port)
        return self.check

    async def _clear(self, host: str, port: int) -> None:
        async with Client.connect(host, port, account=self._account, **self._access.words()) as client:
            await client.mass_cancel(symbol=self._symbol)

    def _check_ticks(self, tick: int) -> None:
        for line in self._lines:
            if line.is_command and line.px is not None and line.px % tick:
                raise ConfigError(
                    f"row {line.row}", f"price {line.px} is no multiple of the tick of {self._symbol}, {tick}"
                )

    def _receive(self, messages: list[Message]) -> None:
        check = self.check
        for message in messages:
            if isinstance(message, Error):
                raise RemoteProtocolError(message.code, message.text, message.line or 0)
            if isinstance(message, DepthSnapshot) and not self._begun:
                self._begun = True
                if message.bids or message.asks:
                    raise ConfigError(
                        f"book of {self._symbol}", "it is not empty, and a replay needs an empty one"
                    )
            if not isinstance(message, Subscribed):
                check.receive(message)
        if self._begun and not self._done.done():
            self._fill_window()

    def _fill_window(self) -> None:
        assert self._connection is not None
        outstanding = self.check.outstanding
        while len(outstanding) < self._window:
            request = self.check.next_request()
            if request is None:
                if not outstanding:
                    self._done.set_result(None)
                return
            self._connection.send(request)

    def _ended(self, reason: VenueError) -> None:
        if not self._done.done():
            self._done.set_exception(_as_broken(reason))
            # Read by ``run`` if it has come that far.
            self._done.exception()


def _as_broken(reason: VenueError) -> VenueError:
    """A venue that logs us out in the middle of the day also broke the replay off."""
    if isinstance(reason, SessionBroken | ConfigError | RemoteProtocolError):
        return type(reason)(*reason.args)
    return SessionBroken(str(reason))

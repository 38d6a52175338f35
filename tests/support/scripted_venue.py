"""A venue on a real socket that says exactly what a test tells it to.

In: a test's messages. Out: what the client sent, message by message. It is the venue's own
``ServerSession`` with nothing behind it: logins and logouts are answered, everything else is the
test's part.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from protocol.errors import RemoteProtocolError
from protocol.fields import Message
from protocol.market import BestPrices, CandlesSnapshot, DayStatistics, OrdersSnapshot, TradesSnapshot
from protocol.messages import (
    PROTOCOL_VERSION,
    InstrumentInfo,
    Login,
    Logout,
    OpenOrder,
    PositionInfo,
    Subscribe,
    Subscribed,
    Welcome,
)
from protocol.session import Inbound, ServerSession
from protocol.vocabulary import Channel, Interval, Role, Symbol
from tests.support.book_talk import snapshot_of

ACME = InstrumentInfo(Symbol("ACME"), 1, 1, 1, 1_000_000, 2)

MessageT = TypeVar("MessageT", bound=Message)


class Peer(asyncio.Protocol):
    """The venue's end of one connection."""

    def __init__(self, venue: "ScriptedVenue") -> None:
        self.session = ServerSession()
        self.heard: asyncio.Queue[Message | None] = asyncio.Queue()
        self.reads: list[bytes] = []
        self.login: Login | None = None
        self._venue = venue
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._venue.peers.put_nowait(self)

    def data_received(self, data: bytes) -> None:
        self.reads.append(data)
        self._take(self.session.receive_data(data))

    def _take(self, inbound: list[Inbound]) -> None:
        for line, message in inbound:
            assert not isinstance(message, RemoteProtocolError), f"nonsense in line {line}: {message}"
            self.heard.put_nowait(message)
            if isinstance(message, Login):
                self.login = message
                if self._venue.answers_logins:
                    self.welcome()
            elif isinstance(message, Logout):
                self.session.log_out("goodbye")
                self.flush()
                assert self._transport is not None
                self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.heard.put_nowait(None)

    def welcome(self) -> None:
        """Let the client in."""
        assert self.login is not None
        waiting = self.session.welcome(self._venue.welcome_for(self.login))
        self.flush()
        self._take(waiting)

    def say(self, *messages: Message) -> None:
        """Send messages, in one piece."""
        self.session.outbox.extend(messages)
        self.flush()

    def say_bytes(self, data: bytes) -> None:
        """Send what no venue would."""
        assert self._transport is not None
        self._transport.write(data)

    def flush(self) -> None:
        assert self._transport is not None
        self._transport.write(self.session.data_to_send())

    def hang_up(self) -> None:
        """Close without a word."""
        assert self._transport is not None
        self._transport.abort()

    def hang_up_after_writing(self) -> None:
        """Close once everything said was sent."""
        assert self._transport is not None
        self._transport.close()

    async def hear(self, kind: type[MessageT]) -> MessageT:
        """The next message, which has to be of this kind."""
        message = await self.heard.get()
        assert isinstance(message, kind), f"expected {kind.__name__}, heard {message!r}"
        return message

    async def hear_subscription(
        self,
        channel: Channel,
        symbol: str = "ACME",
        *begin: Message,
        levels: int | None = None,
        interval: Interval | None = None,
    ) -> None:
        """The next message subscribes; answer it with ``begin``, or as a venue where nothing has happened yet."""
        message = await self.hear(Subscribe)
        assert message == Subscribe(channel, Symbol(symbol), levels, interval)
        self.say(Subscribed(channel, Symbol(symbol), levels, interval))
        self.say(*(begin or _nothing_yet(Symbol(symbol), channel, levels, interval)))


def _nothing_yet(
    symbol: Symbol, channel: Channel, levels: int | None, interval: Interval | None
) -> tuple[Message, ...]:
    match channel:
        case Channel.BBO:
            return (BestPrices(symbol, 0),)
        case Channel.DEPTH:
            return (snapshot_of(0, symbol=symbol, levels=levels),)
        case Channel.ORDERS:
            return (OrdersSnapshot(symbol, 0, [], []),)
        case Channel.TRADES:
            return (TradesSnapshot(symbol, 0, []),)
        case Channel.CANDLES:
            assert interval is not None
            return (CandlesSnapshot(symbol, 0, interval, []),)
        case Channel.STATISTICS:
            return (DayStatistics(symbol, 0, 0, 0, 0),)
        case Channel.STATUS | Channel.AUCTION:
            return ()


class ScriptedVenue:
    """Waits for clients on a free port."""

    def __init__(self) -> None:
        self.host = "127.0.0.1"
        self.port = 0
        self.peers: asyncio.Queue[Peer] = asyncio.Queue()
        self.answers_logins = True
        self.instruments = [ACME]
        self.positions: list[PositionInfo] = []
        self.open_orders: list[OpenOrder] = []
        self.seq = 0

    def welcome_for(self, login: Login) -> Welcome:
        return Welcome(
            account=login.account,
            venue="scripted",
            version=PROTOCOL_VERSION,
            seq=login.resume_from - 1 if login.resume_from is not None else self.seq,
            heartbeat_s=login.heartbeat_s,
            instruments=self.instruments,
            positions=self.positions,
            open_orders=self.open_orders,
            last_seq=None if login.resume_from is None else self.seq,
            role=login.role or Role.TRADER,
        )

    async def peer(self) -> Peer:
        """The next client that connects, its login heard already if logins are answered."""
        peer = await self.peers.get()
        await peer.hear(Login)
        return peer


@asynccontextmanager
async def scripted_venue() -> AsyncIterator[ScriptedVenue]:
    """A venue for one test."""
    venue = ScriptedVenue()
    server = await asyncio.get_running_loop().create_server(lambda: Peer(venue), venue.host, 0)
    venue.port = server.sockets[0].getsockname()[1]
    try:
        yield venue
    finally:
        server.close()
        await server.wait_closed()

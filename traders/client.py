"""The client: trade and watch a venue from asyncio.

    async with Client.connect("127.0.0.1", 7001, account="alice") as client:
        order = await client.buy("ACME", 100, at=10025)
        async with aclosing(client.depth("ACME")) as depths:
            async for depth in depths:
                print(depth.best_bid, depth.best_ask)

In: calls, and the messages of one connection. Out: order handles, answers, asynchronous generators.
Promises: a refused order is an answer (``order.rejection``), not an exception; generators end
quietly when the session was logged out and raise ``SessionBroken``, or what else ended it,
otherwise; every queue is bounded (``traders.feed`` states the policies): depth conflates, prints
and reports raise ``SlowConsumer``. Read generators under ``contextlib.aclosing``: leaving one is
what unsubscribes. Belongs to one event loop; not for threads.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, Unpack, cast, get_args

from protocol.desk import AdminDone, ChangePhase, SetLastPrice
from protocol.errors import LocalProtocolError, RemoteProtocolError, SessionBusy, SessionClosed, VenueError
from protocol.fields import Message
from protocol.messages import (
    AuctionMessage,
    DepthDelta,
    DepthSnapshot,
    Error,
    InstrumentInfo,
    MassCancel,
    MassCanceled,
    OrderStateReport,
    OrderStatus,
    PhaseStatus,
    PrivateMessage,
    Rejected,
    TradePrint,
    Welcome,
)
from protocol.vocabulary import (
    AccountId,
    Channel,
    ClientOrderId,
    OrderType,
    Phase,
    PostOnly,
    Request,
    Side,
    Symbol,
    TimeInForce,
)
from traders.book_view import Depth
from traders.connection import Connection, Relay, connected
from traders.entry import Terms, new_order
from traders.feed import Queue
from traders.market_data import (
    AuctionReader,
    DepthReader,
    MarketData,
    MarketInbox,
    Reader,
    StatusReader,
    TapeReader,
)
from traders.order_ids import OrderIds, unique_prefix
from traders.orders import Order
from traders.requests import STATUS, Requests

DEFAULT_HEARTBEAT_S: Final = 10
"""FIX venues commonly agree on 10 to 30 seconds; three missed ones end the session."""
MAX_UNREAD: Final = 10_000
"""Prints or reports a reader may leave unread: seconds of a busy market, a few megabytes."""


class Client:
    """A session of one account. Made by ``Client.connect``."""

    def __init__(self, connection: Connection, welcome: Welcome, order_ids: OrderIds) -> None:
        self.welcome = welcome
        """What the venue said at login: instruments, positions, open orders."""
        self.instruments: dict[Symbol, InstrumentInfo] = {one.symbol: one for one in welcome.instruments}
        self._connection = connection
        self.next_id = order_ids.next_id
        """A ``client_order_id`` never used before, for ``submit``."""
        self._requests = Requests()
        self._orders: dict[ClientOrderId, Order] = {}
        self._market = MarketData(connection.send)
        self._private: Queue[PrivateMessage] | MarketInbox[PrivateMessage | str] | None = None
        # By type: a chain of isinstance was a quarter of the work of a fleet. The rest is answers.
        self._handlers: dict[type, Callable[[Any], object]] = {
            TradePrint: self._market.trade,
            DepthDelta: self._market.depth,
            DepthSnapshot: self._market.depth,
            PhaseStatus: self._market.status,
            **dict.fromkeys(get_args(AuctionMessage), self._market.auction),
            Error: self._refused,
            **dict.fromkeys(get_args(PrivateMessage), self._report),
        }

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        host: str,
        port: int,
        *,
        account: str,
        heartbeat_s: int = DEFAULT_HEARTBEAT_S,
        id_prefix: str | None = None,
    ) -> "AsyncIterator[Client]":
        """Log in; log out, in order, at the end of the block.

        ``heartbeat_s``: seconds between heartbeats, 0 for none. ``id_prefix``: first part of the
        ids this session gives its orders; whoever chooses one sees to it that it is not used twice
        a trading day. By default it is unique by construction, see ``traders.order_ids``.

        Raises:
            SessionBroken: nobody answers, or the venue refused the login; at the end of a block
                that raised nothing: the session broke before the logout was answered.
        """
        relay = Relay()
        async with connected(host, port, relay.receive, relay.ended) as connection:
            welcome = await connection.log_in(AccountId(account), heartbeat_s)
            prefix = unique_prefix(welcome, connection.local_port) if id_prefix is None else id_prefix
            client = cls(connection, welcome, OrderIds(prefix))
            relay.attach(client._receive, client._ended)
            yield client

    # -- orders ------------------------------------------------------------------------------------
    async def new(
        self,
        side: Side,
        symbol: str,
        quantity: int = 0,
        *,
        at: int | None = None,
        order_type: OrderType | None = None,
        time_in_force: TimeInForce | None = None,
        post_only: bool | PostOnly = False,
        client_order_id: str | None = None,
        **terms: Unpack[Terms],
    ) -> Order:
        """Enter an order and wait for the venue's answer.

        ``at``: limit in price units; without it a market order. Everything else an order can ask for
        (``stop_price``, ``display``, ``expires_at_ns``, ...) goes by the names of the protocol; type and time
        in force follow from it unless they are given: a ``stop_price`` makes a stop, an ``amount`` a market
        order by amount. The answer may be a refusal: then ``order.rejection`` is set. If the waiting is
        cancelled the order may still be in: ``mass_cancel`` is the way out.

        Raises:
            LocalProtocolError: ``client_order_id`` names a live order of this session.
            RemoteProtocolError: the venue could not read the order, for example a symbol of more
                than 16 characters.
            SessionBroken, SessionClosed: the session ended before the answer.
        """
        name = self.next_id() if client_order_id is None else ClientOrderId(client_order_id)
        if name in self._orders:
            raise LocalProtocolError(f"{name} is a live order of this session")
        request = new_order(name, symbol, side, quantity, at, order_type, time_in_force, post_only, terms)
        order = Order(request, lambda kind, message: self._ask(kind, name, message))
        self._orders[name] = order
        try:
            await self._ask(Request.NEW, name, request)
        except VenueError:
            # Not taken: no report will name it.
            self._orders.pop(name, None)
            raise
        return order

    async def buy(
        self,
        symbol: str,
        quantity: int = 0,
        *,
        at: int | None = None,
        order_type: OrderType | None = None,
        time_in_force: TimeInForce | None = None,
        post_only: bool | PostOnly = False,
        client_order_id: str | None = None,
        **terms: Unpack[Terms],
    ) -> Order:
        """Enter a buy order and wait for the venue's answer; as ``new``."""
        return await self.new(
            Side.BUY,
            symbol,
            quantity,
            at=at,
            order_type=order_type,
            time_in_force=time_in_force,
            post_only=post_only,
            client_order_id=client_order_id,
            **terms,
        )

    async def sell(
        self,
        symbol: str,
        quantity: int = 0,
        *,
        at: int | None = None,
        order_type: OrderType | None = None,
        time_in_force: TimeInForce | None = None,
        post_only: bool | PostOnly = False,
        client_order_id: str | None = None,
        **terms: Unpack[Terms],
    ) -> Order:
        """Enter a sell order and wait for the venue's answer; as ``new``."""
        return await self.new(
            Side.SELL,
            symbol,
            quantity,
            at=at,
            order_type=order_type,
            time_in_force=time_in_force,
            post_only=post_only,
            client_order_id=client_order_id,
            **terms,
        )

    async def mass_cancel(
        self,
        *,
        symbol: str | None = None,
        side: Side | None = None,
        lowest: int | None = None,
        highest: int | None = None,
    ) -> MassCanceled | Rejected:
        """Cancel all orders of the account, of any session, or those of one instrument, side or price range.

        Raises:
            SessionBroken, SessionClosed: the session ended before the answer.
        """
        request = MassCancel(None if symbol is None else Symbol(symbol), side, lowest, highest)
        return cast("MassCanceled | Rejected", await self._ask(Request.MASS_CANCEL, None, request))

    async def order_status(self, client_order_id: str) -> OrderStateReport:
        """What became of an order of this account.

        Raises:
            RemoteProtocolError: the venue knows no such order (``ErrorCode.UNKNOWN_ORDER``).
            SessionBroken, SessionClosed: the session ended before the answer.
        """
        name = ClientOrderId(client_order_id)
        return cast("OrderStateReport", await self._ask(STATUS, name, OrderStatus(name)))

    # -- for operators -----------------------------------------------------------------------------
    async def change_phase(
        self, symbol: str, phase: Phase, *, reference_price: int | None = None, forced: bool = False
    ) -> AdminDone | Rejected:
        """Move an instrument to a phase; leaving a call for trading or for the close holds its auction.

        ``forced``: hold it even if its price is outside the static corridor, else ``AdminDone.extended``
        says that the call goes on.

        Raises:
            RemoteProtocolError: this account is no operator (``ErrorCode.NOT_AN_OPERATOR``).
            SessionBroken, SessionClosed: the session ended before the answer.
        """
        request = ChangePhase(Symbol(symbol), phase, reference_price, forced)
        return cast("AdminDone | Rejected", await self._ask(Request.ADMIN, None, request))

    async def set_last_price(self, symbol: str, price: int) -> AdminDone | Rejected:
        """Set the last price, as a trade would.

        Raises:
            RemoteProtocolError: this account is no operator (``ErrorCode.NOT_AN_OPERATOR``).
            SessionBroken, SessionClosed: the session ended before the answer.
        """
        request = SetLastPrice(Symbol(symbol), price)
        return cast("AdminDone | Rejected", await self._ask(Request.ADMIN, None, request))

    @property
    def is_active(self) -> bool:
        """Whether the session still takes requests."""
        return self._connection.is_active

    # -- many orders without waiting ---------------------------------------------------------------
    def submit(self, message: Message) -> None:
        """Send any request without waiting; answers appear in ``reports`` and ``inbox``.

        All that is submitted in one turn of the event loop is written at once. A sender without
        pause should ``await drain()`` now and then.

        Raises:
            SessionBroken, SessionClosed, LocalProtocolError: the session can't send any more.
        """
        self._connection.send(message)

    async def drain(self) -> None:
        """Wait while the venue is slow to take what was sent."""
        await self._connection.drain()

    # -- streams -----------------------------------------------------------------------------------
    async def depth(self, symbol: str, *, levels: int | None = None) -> AsyncGenerator[Depth, None]:
        """The book of ``symbol``: now, then whenever it changed, at most ``levels`` a side.

        A reader slower than the market misses states in between, never the newest.

        Raises:
            RemoteProtocolError: the venue has no such instrument.
            SessionBroken, or another VenueError: the session ended out of order.
        """
        reader = DepthReader(Symbol(symbol), levels)
        with self._reading(((Channel.DEPTH, Symbol(symbol)),), reader):
            async for depth in reader:
                yield depth

    async def trades(self, symbol: str) -> AsyncGenerator[TradePrint, None]:
        """Every trade in ``symbol`` from now on.

        A jump in ``seq`` means that the venue left prints out because this connection was slow.

        Raises:
            SlowConsumer: more than ``MAX_UNREAD`` were not read.
            RemoteProtocolError: the venue has no such instrument.
            SessionBroken, or another VenueError: the session ended out of order.
        """
        reader = TapeReader(f"trades of {symbol}", MAX_UNREAD)
        with self._reading(((Channel.TRADES, Symbol(symbol)),), reader):
            async for trade in reader:
                yield trade

    async def status(self, symbol: str) -> AsyncGenerator[PhaseStatus, None]:
        """The phase of ``symbol``: now (without ``previous``), then every change.

        Raises:
            SlowConsumer: more than ``MAX_UNREAD`` were not read.
            RemoteProtocolError: the venue has no such instrument.
            SessionBroken, or another VenueError: the session ended out of order.
        """
        reader = StatusReader(f"status of {symbol}", MAX_UNREAD)
        with self._reading(((Channel.STATUS, Symbol(symbol)),), reader):
            async for status in reader:
                yield status

    async def auctions(self, symbol: str) -> AsyncGenerator[AuctionMessage, None]:
        """The auctions of ``symbol``: while a call lasts what it would give, then its result.

        A reader slower than the market misses indications in between, never the newest, and no result.

        Raises:
            SlowConsumer: more than ``MAX_UNREAD`` were not read.
            RemoteProtocolError: the venue has no such instrument.
            SessionBroken, or another VenueError: the session ended out of order.
        """
        reader = AuctionReader(f"auctions of {symbol}", MAX_UNREAD)
        with self._reading(((Channel.AUCTION, Symbol(symbol)),), reader):
            async for auction in reader:
                yield auction

    async def reports(self) -> AsyncGenerator[PrivateMessage, None]:
        """The private stream of the account from now on: every report of every order.

        One reader at a time.

        Raises:
            SessionBusy: another task reads it, here or as part of an ``inbox``.
            SlowConsumer: more than ``MAX_UNREAD`` were not read.
            RemoteProtocolError: the venue could not read a line that was submitted.
            SessionBroken, or another VenueError: the session ended out of order.
        """
        queue: Queue[PrivateMessage] = Queue("the private stream", MAX_UNREAD)
        with self._private_stream(queue):
            async for report in queue:
                yield report

    @contextmanager
    def inbox(
        self,
        symbols: Iterable[str],
        *,
        channels: Collection[Channel] = (Channel.DEPTH, Channel.TRADES),
        levels: int | None = None,
    ) -> Iterator[MarketInbox[PrivateMessage | str]]:
        """All streams in one, in the order of arrival, for one reader: what a strategy needs.

        Yields ``Depth`` (conflated by instrument), ``TradePrint`` and private messages, and what other
        ``channels`` carry; it is read with ``async for`` inside the block, and its owner may ``put`` words of
        its own among them.

        Raises:
            SessionBusy: the private stream has a reader.
        """
        inbox: MarketInbox[PrivateMessage | str] = MarketInbox("the inbox", MAX_UNREAD, levels)
        # In the order of the enum: a set's own order changes from process to process.
        chosen = [channel for channel in Channel if channel in channels]
        wanted = tuple((channel, Symbol(symbol)) for symbol in symbols for channel in chosen)
        with self._private_stream(inbox), self._reading(wanted, inbox):
            yield inbox

    # -- inside ------------------------------------------------------------------------------------
    async def _ask(self, kind: Request | str, name: ClientOrderId | None, message: Message) -> Message:
        line = self._connection.send(message)
        return await self._requests.ask(kind, name, line)

    @contextmanager
    def _reading(self, wanted: Iterable[tuple[Channel, Symbol]], reader: Reader) -> Iterator[None]:
        if self._connection.end is not None:
            # Whoever starts to read after the end finds the same end.
            reader.end(self._connection.end)
            yield
            return
        joined: list[tuple[Channel, Symbol]] = []
        try:
            for channel, symbol in wanted:
                self._market.join(channel, symbol, reader)
                joined.append((channel, symbol))
            yield
        finally:
            for channel, symbol in joined:
                self._market.leave(channel, symbol, reader, active=self._connection.is_active)

    @contextmanager
    def _private_stream(
        self, reader: "Queue[PrivateMessage] | MarketInbox[PrivateMessage | str]"
    ) -> Iterator[None]:
        if self._private is not None:
            raise SessionBusy("the private stream")
        if self._connection.end is not None:
            reader.end(self._connection.end)
        self._private = reader
        try:
            yield
        finally:
            self._private = None

    def _receive(self, messages: list[Message]) -> None:
        handlers = self._handlers
        for message in messages:
            handlers.get(type(message), self._requests.answered)(message)

    def _report(self, message: PrivateMessage) -> None:
        if self._private is not None:
            self._private.put(message)
        name = getattr(message, "client_order_id", None)
        order = self._orders.get(name) if name is not None else None
        if order is not None:
            order.reported(message)
            if order.is_done:
                order.ended(SessionClosed("the order is done"))
                del self._orders[order.client_order_id]
        self._requests.answered(message)

    def _refused(self, error: Error) -> None:
        if self._requests.answered(error) or self._market.refused(error):
            return
        # A line that was submitted, or the venue's last words. The former must not pass unseen.
        if self._private is not None and error.line is not None:
            self._private.end(RemoteProtocolError(error.code, error.text, error.line))

    def _ended(self, reason: VenueError) -> None:
        self._requests.end(reason)
        self._market.end(reason)
        for order in self._orders.values():
            order.ended(reason)
        if self._private is not None:
            self._private.end(reason)

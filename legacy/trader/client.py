"""The client on the generator kernel: trade and watch a venue with ``yield from``.

    client = yield from connect("127.0.0.1", 7001, account="alice")
    order = yield from client.buy("ACME", 100, at=10025)
    with client.depth("ACME") as depths:
        depth = yield from depths.next()
        print(depth.best_bid, depth.best_ask)
    yield from client.close()

In: calls, and the messages of one connection. Out: order handles, answers, streams to read. Names, arguments, answers and
errors are those of ``traders.client``, where they are described; what they wait for is the same, how they wait differs. Every
method that waits is a flow: an ``async def`` says ``await`` to it, and ``async with await connect(...) as client``.
"""

from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack, cast

from legacy.trader.connection import Connection, open_connection
from legacy.trader.orders import Order
from legacy.trader.streams import Streams
from legacy.traps import Flow, flow
from legacy.waiting import Future
from protocol import vocabulary
from protocol.desk import (
    AccountState,
    AccountStatus,
    DeadMan,
    DeadManArmed,
    KillSwitch,
    KillSwitchSet,
    MassQuote,
    MassQuoted,
    ProtectionSet,
    Quote,
    SetProtection,
)
from protocol.errors import SessionBroken, VenueError
from protocol.fields import Message
from protocol.messages import (
    MassCancel,
    MassCanceled,
    OrderStateReport,
    OrderStatus,
    Rejected,
    Welcome,
)
from protocol.vocabulary import (
    AccountId,
    ClientOrderId,
    OrderType,
    PostOnly,
    QuoteSet,
    Request,
    Role,
    Side,
    Symbol,
    TimeInForce,
)
from traders.access import Access, Tls
from traders.dealings import Dealings
from traders.entry import Terms, new_order
from traders.link import DEFAULT_HEARTBEAT_S, Relay
from traders.order_ids import OrderIds, unique_prefix
from traders.requests import ACCOUNT, STATUS

T = TypeVar("T")

CUT = "the connection was cut"


class Answer(Future[Message]):
    """A future as ``traders.requests`` knows them."""

    __slots__ = ()

    def done(self) -> bool:
        return self.is_done

    def set_exception(self, exception: BaseException, /) -> None:
        self.set_error(exception)

    def exception(self) -> BaseException | None:
        return self._error


class Client(Dealings[Order, Answer], Streams):
    """A session of one account. Made by ``connect``."""

    def __init__(self, connection: Connection, welcome: Welcome, order_ids: OrderIds) -> None:
        super().__init__(connection, welcome, order_ids, lambda: Answer("the answer of the venue"))
        self._connection = connection

    @flow
    def close(self) -> Generator[Any, Any, None]:
        """Log out, in order, and wait for the end.

        Raises:
            SessionBroken, or another VenueError: the session had ended out of order, or the venue did not answer in time.
        """
        try:
            yield from self._connection.log_out()
            self._connection.raise_end()
        finally:
            self._connection.cut(SessionBroken(CUT))
            yield from self._connection.gone()

    @flow
    def during(self, work: Generator[Any, Any, T] | Awaitable[T]) -> Generator[Any, Any, T]:
        """What ``work`` returns, with a logout after it, in order: ``async with`` for generators.

        Raises:
            whatever ``work`` raises; the logout is a courtesy then.
            VenueError: as ``close``.
        """
        try:
            result = yield from cast("Generator[Any, Any, T]", work)
        except BaseException:
            with suppress(VenueError):
                yield from self.close()
            raise
        yield from self.close()
        return result

    @flow
    def __aenter__(self) -> Generator[Any, Any, Self]:
        yield from ()
        return self

    @flow
    def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Generator[Any, Any, None]:
        with suppress(*() if error is None else (VenueError,)):
            yield from self.close()

    # -- orders ------------------------------------------------------------------------------------
    @flow
    def new(
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
    ) -> Generator[Any, Any, Order]:
        """Enter an order and wait for the venue's answer, which may be a refusal: then ``order.rejection`` is set."""
        name = self._name_of(client_order_id)
        request = new_order(name, symbol, side, quantity, at, order_type, time_in_force, post_only, terms)
        order = Order(request, lambda kind, message: self._ask(kind, name, message))
        self._orders[name] = order
        try:
            yield from self._ask(Request.NEW, name, request)
        except VenueError:
            # Not taken: no report will name it.
            self._orders.pop(name, None)
            raise
        return order

    def buy(
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
    ) -> Flow[Order]:
        """Enter a buy order and wait for the venue's answer; as ``new``."""
        return self.new(
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

    def sell(
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
    ) -> Flow[Order]:
        """Enter a sell order and wait for the venue's answer; as ``new``."""
        return self.new(
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

    @flow
    def mass_cancel(
        self,
        *,
        symbol: str | None = None,
        side: Side | None = None,
        lowest: int | None = None,
        highest: int | None = None,
    ) -> Generator[Any, Any, MassCanceled | Rejected]:
        """Cancel all orders of the account, of any session, or those of one instrument, side or price range."""
        request = MassCancel(None if symbol is None else Symbol(symbol), side, lowest, highest)
        return cast("MassCanceled | Rejected", (yield from self._ask(Request.MASS_CANCEL, None, request)))

    @flow
    def order_status(self, client_order_id: str) -> Generator[Any, Any, OrderStateReport]:
        """What became of an order of this account."""
        name = ClientOrderId(client_order_id)
        return cast("OrderStateReport", (yield from self._ask(STATUS, name, OrderStatus(name))))

    # -- the account -------------------------------------------------------------------------------
    @flow
    def account(self) -> Generator[Any, Any, AccountState]:
        """How the account stands: balances, holdings, what blocks it."""
        return cast("AccountState", (yield from self.ask(ACCOUNT, AccountStatus())))

    @flow
    def kill_switch(self, on: bool = True) -> Generator[Any, Any, KillSwitchSet | Rejected]:
        """Cancel everything the account has and have its orders refused; ``False`` ends that."""
        return cast("KillSwitchSet | Rejected", (yield from self.ask(Request.KILL_SWITCH, KillSwitch(on))))

    @flow
    def dead_man(self, seconds: float) -> Generator[Any, Any, DeadManArmed | Rejected]:
        """Have everything canceled unless this is called again within ``seconds``; 0 disarms the switch."""
        request = DeadMan(round(seconds * 1000))
        return cast("DeadManArmed | Rejected", (yield from self.ask(Request.DEAD_MAN, request)))

    @flow
    def protect(
        self, quote_set: str, fills: int, within_s: float = 1.0
    ) -> Generator[Any, Any, ProtectionSet | Rejected]:
        """Have a quote set pulled after ``fills`` trades within ``within_s`` seconds; 0 fills: never."""
        request = SetProtection(QuoteSet(quote_set), fills, round(within_s * 1000))
        return cast("ProtectionSet | Rejected", (yield from self.ask(Request.PROTECTION, request)))

    @flow
    def quote(self, quote_set: str, quotes: Sequence[Quote]) -> Generator[Any, Any, MassQuoted | Rejected]:
        """Put the quotes of up to 200 instruments where they are to be; a side left out is taken away."""
        request = MassQuote(QuoteSet(quote_set), list(quotes))
        return cast("MassQuoted | Rejected", (yield from self.ask(Request.MASS_QUOTE, request)))

    # -- any request -------------------------------------------------------------------------------
    def ask(self, kind: Request | str, message: Message) -> Flow[Message]:
        """Send a request that is about no single order and wait for the answer: for methods like these."""
        return self._ask(kind, None, message)

    def drain(self) -> Flow[None]:
        """Wait while the venue is slow to take what was sent."""
        return self._connection.drain()

    @flow
    def _ask(
        self, kind: Request | str, name: ClientOrderId | None, message: Message
    ) -> Generator[Any, Any, Message]:
        line = self._connection.send(message)
        return (yield from self._requests.ask(kind, name, line).wait())


@flow
def connect(
    host: str,
    port: int,
    *,
    account: str,
    secret: str | None = None,
    role: Role | None = None,
    tls: Tls = None,
    heartbeat_s: int = DEFAULT_HEARTBEAT_S,
    resume_from: vocabulary.Sequence | None = None,
    cancel_on_disconnect: bool = False,
    copy_from: Mapping[AccountId, vocabulary.Sequence] | None = None,
    id_prefix: str | None = None,
) -> Generator[Any, Any, Client]:
    """Log in; ``close`` what it returns. The arguments are those of ``traders.client.Client.connect``.

    Raises:
        SessionBroken: nobody answers, or the venue refused the login (``code`` says why).
        ConfigError: the certificates to trust can't be read.
    """
    relay = Relay()
    connection = yield from open_connection(host, port, relay.receive, relay.ended, tls)
    try:
        welcome = yield from connection.log_in(
            AccountId(account),
            heartbeat_s,
            Access(secret, role),
            resume_from=resume_from,
            cancel_on_disconnect=cancel_on_disconnect,
            copy_from=copy_from,
        )
        prefix = unique_prefix(welcome, connection.local_port) if id_prefix is None else id_prefix
        client = Client(connection, welcome, OrderIds(prefix))
        relay.attach(client._receive, client._ended)
    except BaseException:
        connection.cut(SessionBroken(CUT))
        yield from connection.gone()
        raise
    return client


@flow
def session(
    host: str, port: int, body: Callable[[Client], Generator[Any, Any, T] | Awaitable[T]], **words: Any
) -> Generator[Any, Any, T]:
    """What ``body`` makes of a client, which is logged out, in order, afterwards.

    ``words``: further arguments of ``connect``.

    Raises:
        as ``connect`` and ``Client.during``.
    """
    client = yield from connect(host, port, **words)
    return (yield from client.during(body(client)))

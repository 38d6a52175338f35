"""The client: trade and watch a venue from asyncio.

    async with Client.connect("127.0.0.1", 7001, account="alice") as client:
        order = await client.buy("ACME", 100, at=10025)
        async with aclosing(client.depth("ACME")) as depths:
            async for depth in depths:
                print(depth.best_bid, depth.best_ask)

In: calls, and the messages of one connection. Out: order handles, answers, asynchronous generators.
Promises: a refused order is an answer (``order.rejection``), not an exception; generators end
quietly when the session was logged out and raise ``SessionBroken``, or what else ended it,
otherwise; every queue is bounded (``traders.policies`` says how): books conflate, prints
and reports raise ``SlowConsumer``. Books are proved by number and checksum, and recover by themselves. Read generators under ``contextlib.aclosing``: leaving one is
what unsubscribes. Belongs to one event loop; not for threads.
"""

import asyncio
from collections.abc import (
    AsyncIterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from typing import Unpack, cast

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
from protocol.errors import VenueError
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
from traders.connection import Connection, connected
from traders.dealings import Dealings
from traders.entry import Terms, new_order
from traders.link import DEFAULT_HEARTBEAT_S, Relay
from traders.order_ids import OrderIds, unique_prefix
from traders.orders import Order
from traders.requests import ACCOUNT, STATUS
from traders.streams import Streams


class Client(Dealings[Order, asyncio.Future[Message]], Streams):
    """A session of one account. Made by ``Client.connect``."""

    def __init__(self, connection: Connection, welcome: Welcome, order_ids: OrderIds) -> None:
        super().__init__(connection, welcome, order_ids, asyncio.get_running_loop().create_future)
        self._connection = connection

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
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
    ) -> "AsyncIterator[Client]":
        """Log in; log out, in order, at the end of the block.

        ``secret``: left out in an open venue only. ``role``: less than the account may do, if wanted.
        ``tls``: ``True``, a file of certificates to trust, or a context. ``heartbeat_s``: seconds between
        heartbeats, 0 for none. ``resume_from``: the first private message not seen; it and all later ones
        come out of ``reports``, or ``inbox``. ``cancel_on_disconnect``: the venue cancels what this session entered when
        it ends, in whatever way. ``copy_from``: for the role ``drop_copy``, by account the first message
        not seen. ``id_prefix``: first part of the ids this session gives its orders; whoever chooses one
        sees to it that it is not used twice a trading day. By default it is unique by construction, see
        ``traders.order_ids``.

        Raises:
            SessionBroken: nobody answers, or the venue refused the login (``code`` says why); at the end of
                a block that raised nothing: the session broke before the logout was answered.
            ConfigError: the certificates to trust can't be read.
        """
        relay = Relay()
        async with connected(host, port, relay.receive, relay.ended, tls) as connection:
            welcome = await connection.log_in(
                AccountId(account),
                heartbeat_s,
                Access(secret, role),
                resume_from=resume_from,
                cancel_on_disconnect=cancel_on_disconnect,
                copy_from=copy_from,
            )
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
        name = self._name_of(client_order_id)
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

    # -- the account -------------------------------------------------------------------------------
    async def account(self) -> AccountState:
        """How the account stands: balances, holdings, what blocks it.

        Raises:
            SessionBroken, SessionClosed: the session ended before the answer.
        """
        return cast("AccountState", await self.ask(ACCOUNT, AccountStatus()))

    async def kill_switch(self, on: bool = True) -> KillSwitchSet | Rejected:
        """Cancel everything the account has and have its orders refused; ``False`` ends that.

        Raises:
            RemoteProtocolError: the role of this session does not allow it (``ErrorCode.NOT_ALLOWED``).
            SessionBroken, SessionClosed: the session ended before the answer.
        """
        return cast("KillSwitchSet | Rejected", await self.ask(Request.KILL_SWITCH, KillSwitch(on)))

    async def dead_man(self, seconds: float) -> DeadManArmed | Rejected:
        """Have everything canceled unless this is called again within ``seconds``; 0 disarms the switch.

        Raises:
            RemoteProtocolError: more than a day, or the role of this session does not allow it.
            SessionBroken, SessionClosed: the session ended before the answer.
        """
        request = DeadMan(round(seconds * 1000))
        return cast("DeadManArmed | Rejected", await self.ask(Request.DEAD_MAN, request))

    async def protect(self, quote_set: str, fills: int, within_s: float = 1.0) -> ProtectionSet | Rejected:
        """Have a quote set pulled after ``fills`` trades within ``within_s`` seconds; 0 fills: never.

        A set that was pulled takes quotes again after this.

        Raises:
            RemoteProtocolError: a number is out of bounds, or the role of this session does not allow it.
            SessionBroken, SessionClosed: the session ended before the answer.
        """
        request = SetProtection(QuoteSet(quote_set), fills, round(within_s * 1000))
        return cast("ProtectionSet | Rejected", await self.ask(Request.PROTECTION, request))

    async def quote(self, quote_set: str, quotes: Sequence[Quote]) -> MassQuoted | Rejected:
        """Put the quotes of up to 200 instruments where they are to be; a side left out is taken away.

        Orders that were refused have their ``Rejected`` in ``reports``; how many they are says the answer.

        Raises:
            RemoteProtocolError: no quotes or too many, or the role of this session does not allow it.
            SessionBroken, SessionClosed: the session ended before the answer.
        """
        request = MassQuote(QuoteSet(quote_set), list(quotes))
        return cast("MassQuoted | Rejected", await self.ask(Request.MASS_QUOTE, request))

    # -- any request, with and without waiting -----------------------------------------------------
    async def ask(self, kind: Request | str, message: Message) -> Message:
        """Send a request that is about no single order and wait for the answer: for methods like these.

        ``kind``: what its answer is known by, one of ``traders.requests`` where it can't be refused.

        Raises:
            RemoteProtocolError: the venue did not take the line.
            SessionBroken, SessionClosed: the session ended before the answer.
        """
        return await self._ask(kind, None, message)

    async def drain(self) -> None:
        """Wait while the venue is slow to take what was sent."""
        await self._connection.drain()

    # -- inside ------------------------------------------------------------------------------------
    async def _ask(self, kind: Request | str, name: ClientOrderId | None, message: Message) -> Message:
        line = self._connection.send(message)
        return await self._requests.ask(kind, name, line)

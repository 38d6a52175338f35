"""What the engine remembers of each account.

Its orders by name, live and done, and its positions; who it is; and, for clearing, what it has.

In: orders and trades. Out: look-ups. Matching knows nothing of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exchange.engine.order import Order
from protocol.vocabulary import (
    AccountId,
    Asset,
    Block,
    ClientOrderId,
    Money,
    Nanoseconds,
    OrderId,
    QuoteSet,
    Role,
    SessionId,
    Side,
    Symbol,
    TransactionId,
)

if TYPE_CHECKING:
    from exchange.engine.events import Trade
    from exchange.engine.ledger import Purse, Stake
    from exchange.engine.protection import Protection

_BUY: Final = Side.BUY
_MANY: Final = 1024
"""Names a session may have used before anybody looks which of them are done."""


class Account:
    """One trader's standing. Never removed: the ids it used count for the whole trading day (rule 6)."""

    __slots__ = (
        "blocked", "copies", "dead_man_ns", "name", "orders", "positions", "protections", "purses", "requests",
        "role", "second_ends_ns", "secret_hash", "sessions", "stakes", "transactions",
    )  # fmt: skip

    def __init__(self, name: AccountId) -> None:
        self.name = name
        self.role = Role.TRADER
        self.secret_hash: str | None = None
        """What its secret is checked against; ``None``: no secret opens it."""
        self.copies: list[AccountId] = []
        """Whom a drop copy may read; empty: everybody."""
        self.blocked: Block | None = None
        self.dead_man_ns: Nanoseconds | None = None
        """When everything it has is canceled, unless it renews this."""
        self.sessions: dict[SessionId, dict[ClientOrderId, OrderId]] = {}
        """What sessions take with them when they end; orders that are done may be among it."""
        self.second_ends_ns: Nanoseconds = 0
        self.requests = 0
        """How many it made in the second that ends then."""
        self.purses: dict[Asset, Purse] = {}
        self.stakes: dict[Symbol, Stake] = {}
        self.protections: dict[QuoteSet, Protection] = {}
        self.transactions: dict[TransactionId, tuple[Asset, Money]] = {}
        # All orders of the trading day, oldest first; the live ones are those with something open.
        # One dictionary, so that the end of an order costs nothing here; who wants the live orders
        # of an account looks through this or through the books, whichever is shorter.
        self.orders: dict[ClientOrderId, Order] = {}
        self.positions: dict[Symbol, int] = {}  # bought less sold

    def note_session(self, session: SessionId, order: Order) -> None:
        """A session takes an order with it when it ends."""
        entered = self.sessions.setdefault(session, {})
        entered[order.client_order_id] = order.order_id
        if len(entered) >= _MANY and not len(entered) & (len(entered) - 1):
            # A busy session has used many ids by the evening: at every power of two the done ones go.
            live = self.of_session(session)
            self.sessions[session] = {order.client_order_id: order.order_id for order in live}

    def of_session(self, session: SessionId) -> list[Order]:
        """The live orders that a session takes with it. A name may be another's by now."""
        return [
            order
            for name, order_id in self.sessions.get(session, {}).items()
            if (order := self.orders.get(name)) is not None and order.leaves and order.order_id == order_id
        ]


class Accounts:
    """All accounts by name."""

    __slots__ = ("by_name",)

    def __init__(self) -> None:
        self.by_name: dict[AccountId, Account] = {}

    def open(self, name: AccountId) -> Account:
        """The account of that name, made on first sight."""
        account = self.by_name.get(name)
        if account is None:
            self.by_name[name] = account = Account(name)
        return account

    def settle(self, symbol: Symbol, aggressor: Side, trades: list[Trade]) -> None:
        """Move what one aggressor traded between it and the makers; ``trades`` is not empty."""
        by_name = self.by_name
        sign = 1 if aggressor is _BUY else -1
        total = 0
        for trade in trades:
            quantity = sign * trade.quantity
            total += quantity
            positions = by_name[trade.maker].positions
            positions[symbol] = positions.get(symbol, 0) - quantity
        positions = by_name[trade.taker].positions
        positions[symbol] = positions.get(symbol, 0) + total

    def move(self, symbol: Symbol, name: AccountId, quantity: int) -> None:
        """Add to a position what was bought, negative what was sold."""
        positions = self.by_name[name].positions
        positions[symbol] = positions.get(symbol, 0) + quantity

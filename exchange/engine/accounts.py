"""What the engine remembers of each account: its orders by name, live and done, and its positions.

In: orders and trades. Out: look-ups. Balances, holds and limits will join here; matching knows
nothing of it.
"""

from typing import Final

from exchange.engine.events import Trade
from exchange.engine.order import Order
from protocol.vocabulary import AccountId, ClientOrderId, Side, Symbol

_BUY: Final = Side.BUY


class Account:
    """One trader's standing. Never removed: the ids it used count for the whole trading day (rule 6)."""

    __slots__ = ("name", "orders", "positions")

    def __init__(self, name: AccountId) -> None:
        self.name = name
        # All orders of the trading day, oldest first; the live ones are those with something open.
        # One dictionary, so that the end of an order costs nothing here; who wants the live orders
        # of an account looks through this or through the books, whichever is shorter.
        self.orders: dict[ClientOrderId, Order] = {}
        self.positions: dict[Symbol, int] = {}  # bought less sold


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

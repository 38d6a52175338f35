"""Position, cash and profit of one account, from its trade reports.

In: ``TradeReport`` messages. Out: integers: money in price units times quantity units. Promises:
nothing is rounded away: for every mark, realised plus unrealised less fees is what the account
gained. Where an average price does not divide evenly the remainder stays in the open position,
and is realised with its last piece. No clock, no I/O.
"""

from collections.abc import Mapping

from protocol.messages import TradeReport
from protocol.vocabulary import Money, Price, Side, Symbol


class Holding:
    """What an account did and holds in one instrument."""

    __slots__ = ("basis", "bought", "cash", "fees", "position", "sold", "trades")

    def __init__(self) -> None:
        self.position = 0
        """Bought less sold; negative when short."""
        self.cash = 0
        """Received for sales less paid for purchases, fees not counted."""
        self.basis = 0
        """What the open position cost; negative when short."""
        self.fees = 0
        """Paid; negative when rebates prevailed."""
        self.bought = 0
        self.sold = 0
        self.trades = 0

    def trade(self, side: Side, price: int, quantity: int, fee: int = 0) -> None:
        """Book one trade: price in price units, quantity positive."""
        signed = quantity if side is Side.BUY else -quantity
        before = self.position
        after = before + signed
        if before == 0 or (before > 0) == (signed > 0):
            self.basis += signed * price
        elif (after > 0) == (before > 0) and after != 0:
            # Floor of a product over a count: exact in sum, as the rest stays in the basis.
            self.basis -= self.basis * quantity // abs(before)
        else:
            self.basis = after * price
        self.position = after
        self.cash -= signed * price
        self.fees += fee
        self.trades += 1
        if side is Side.BUY:
            self.bought += quantity
        else:
            self.sold += quantity

    @property
    def average_price(self) -> Price | None:
        """What the open position cost a unit, rounded down; ``None`` when flat."""
        return self.basis // self.position if self.position else None

    @property
    def realised(self) -> Money:
        """Profit of what was closed, at average cost, before fees."""
        return self.cash + self.basis

    def unrealised(self, mark: int) -> Money:
        """Profit of the open position if it were closed at ``mark``, before fees."""
        return self.position * mark - self.basis

    def profit(self, mark: int) -> Money:
        """Everything: realised and unrealised at ``mark``, less fees."""
        return self.cash + self.position * mark - self.fees


class Portfolio:
    """All holdings of an account."""

    def __init__(self) -> None:
        self.holdings: dict[Symbol, Holding] = {}

    def apply(self, report: TradeReport) -> None:
        """Book a trade. Each report must be given once."""
        self.of(report.symbol).trade(report.side, report.price, report.quantity, report.fee)

    def carry(self, symbol: Symbol, quantity: int, at: Price) -> None:
        """Start with a position held already, valued at ``at``: as if opened there, without a trade."""
        holding = self.of(symbol)
        holding.position += quantity
        holding.basis += quantity * at
        holding.cash -= quantity * at

    def of(self, symbol: Symbol) -> Holding:
        """The holding of ``symbol``, flat if there was none."""
        holding = self.holdings.get(symbol)
        if holding is None:
            holding = self.holdings[symbol] = Holding()
        return holding

    def position(self, symbol: Symbol) -> int:
        """Bought less sold."""
        holding = self.holdings.get(symbol)
        return holding.position if holding else 0

    @property
    def trades(self) -> int:
        """Trade reports booked."""
        return sum(holding.trades for holding in self.holdings.values())

    @property
    def fees(self) -> Money:
        """Paid in all instruments."""
        return sum(holding.fees for holding in self.holdings.values())

    def profit(self, marks: Mapping[Symbol, Price]) -> Money:
        """Gain after fees; an instrument without a mark counts at what it cost."""
        total = 0
        for symbol, holding in self.holdings.items():
            mark = marks.get(symbol)
            total += holding.realised - holding.fees if mark is None else holding.profit(mark)
        return total

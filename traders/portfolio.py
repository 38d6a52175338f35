"""Position, cash and profit of one account, from its trade reports.

In: ``TradeReport`` and ``TradeBusted`` messages. Out: integers: money as fees are told, in the smallest
units of what the instrument settles in (price units times quantity, where it settles in nothing). Promises:
nothing is rounded away: for every mark, realised plus unrealised less fees is what the account
gained. Where an average price does not divide evenly the remainder stays in the open position,
and is realised with its last piece. No clock, no I/O.
"""

from collections.abc import Mapping
from typing import Final

from protocol.desk import TradeBusted
from protocol.messages import TradeReport
from protocol.vocabulary import Money, Price, Side, Symbol

# Members of an enum are looked up at every use; these are used at every event.
_BUY: Final = Side.BUY


class Holding:
    """What an account did and holds in one instrument."""

    __slots__ = ("basis", "bought", "cash", "fees", "position", "scale", "sold", "trades")

    def __init__(self, scale: int = 1) -> None:
        self.scale = scale
        """Smallest units of money in price units times quantity: ``quote_scale`` of the instrument."""
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
        """Book one trade: price in price units, quantity positive, fee in smallest units of money."""
        signed = quantity if side is _BUY else -quantity
        self._move(signed, price)
        self.fees += fee
        self.trades += 1
        if side is _BUY:
            self.bought += quantity
        else:
            self.sold += quantity

    def bust(self, side: Side, price: int, quantity: int, fee: int = 0) -> None:
        """Undo a trade that was booked with the same words.

        Position, cash and fees are as if it had never been. How the rest divides into realised and
        unrealised depends on the order of things, and is as if it had been traded back at its price.
        """
        self._move(-quantity if side is _BUY else quantity, price)
        self.fees -= fee
        self.trades -= 1
        if side is _BUY:
            self.bought -= quantity
        else:
            self.sold -= quantity

    def _move(self, signed: int, price: int) -> None:
        before = self.position
        after = before + signed
        value = signed * price * self.scale
        if before == 0 or (before > 0) == (signed > 0):
            self.basis += value
        elif (after > 0) == (before > 0) and after != 0:
            # Floor of a product over a count: exact in sum, as the rest stays in the basis.
            self.basis -= self.basis * abs(signed) // abs(before)
        else:
            self.basis = after * price * self.scale
        self.position = after
        self.cash -= value

    @property
    def average_price(self) -> Price | None:
        """What the open position cost a unit, in price units, rounded down; ``None`` when flat."""
        return self.basis // (self.position * self.scale) if self.position else None

    @property
    def realised(self) -> Money:
        """Profit of what was closed, at average cost, before fees."""
        return self.cash + self.basis

    def unrealised(self, mark: int) -> Money:
        """Profit of the open position if it were closed at ``mark``, before fees."""
        return self.position * mark * self.scale - self.basis

    def profit(self, mark: int) -> Money:
        """Everything: realised and unrealised at ``mark``, less fees."""
        return self.cash + self.position * mark * self.scale - self.fees


class Portfolio:
    """All holdings of an account. ``scales``: ``quote_scale`` by instrument, 1 where it is left out."""

    def __init__(self, scales: Mapping[Symbol, int] | None = None) -> None:
        self._scales = scales or {}
        self.holdings: dict[Symbol, Holding] = {}

    def apply(self, report: TradeReport) -> None:
        """Book a trade. Each report must be given once."""
        self.of(report.symbol).trade(report.side, report.price, report.quantity, report.fee)

    def bust(self, report: TradeBusted) -> None:
        """Undo a trade that was booked."""
        self.of(report.symbol).bust(report.side, report.price, report.quantity, report.fee)

    def carry(self, symbol: Symbol, quantity: int, at: Price) -> None:
        """Start with a position held already, valued at ``at``: as if opened there, without a trade."""
        holding = self.of(symbol)
        value = quantity * at * holding.scale
        holding.position += quantity
        holding.basis += value
        holding.cash -= value

    def of(self, symbol: Symbol) -> Holding:
        """The holding of ``symbol``, flat if there was none."""
        holding = self.holdings.get(symbol)
        if holding is None:
            holding = self.holdings[symbol] = Holding(self._scales.get(symbol, 1))
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
        """Gain after fees; an instrument without a mark counts at what it cost.

        A sum over instruments means something where they settle in the same money.
        """
        total = 0
        for symbol, holding in self.holdings.items():
            mark = marks.get(symbol)
            total += holding.realised - holding.fees if mark is None else holding.profit(mark)
        return total

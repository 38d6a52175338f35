"""Who has how much, worked out anew from deposits, trades and open orders whenever somebody asks (rules 41 to 44).

In: a list of payments and a list of trades, in the order in which they happened, and the orders that are open.
Out: totals, what of them is held, positions with what they cost. There is no balance anywhere that could be
wrong: every answer is a sum over everything that ever happened.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from math import trunc
from typing import NamedTuple

from exchange.engine.commands import AddInstrument
from tests.support.naive_state import NaiveOrder, NaiveState


class Payment(NamedTuple):
    account: str
    asset: str
    amount: int
    transaction_id: str


class Fill(NamedTuple):
    """A trade, or (with everything the other way round) one that was busted."""

    trade_id: int
    symbol: str
    price: int
    quantity: int
    buyer: str
    buyer_fee: int
    seller: str
    seller_fee: int
    seller_first: bool = False
    """Who trades with himself closes and opens: the maker's side first."""

    def undone(self) -> "Fill":
        return Fill(
            self.trade_id, self.symbol, self.price, self.quantity, self.seller, -self.seller_fee,
            self.buyer, -self.buyer_fee, True,
        )  # fmt: skip


@dataclass
class Position:
    """What one account has in one instrument, at its average cost."""

    quantity: int = 0
    cost: int = 0
    realised: int = 0
    fees: int = 0

    def take(self, quantity: int, notional: int) -> None:
        """Buy (or, negative, sell) so much for so much money."""
        if self.quantity * quantity < 0:
            closed = min(abs(quantity), abs(self.quantity))
            part = trunc(Fraction(self.cost * closed, abs(self.quantity)))
            brought = trunc(Fraction(notional * closed, abs(quantity)))
            self.realised += (brought if quantity < 0 else -brought) - part
            self.cost -= part
            rest = abs(quantity) - closed
            notional -= brought
            self.quantity += closed if quantity > 0 else -closed
            quantity = rest if quantity > 0 else -rest
        self.quantity += quantity
        self.cost += notional if quantity > 0 else -notional if quantity < 0 else 0


@dataclass
class NaiveLedger:
    """Payments and trades, in the order in which they happened."""

    state: NaiveState
    payments: list[Payment] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)

    # -- positions -----------------------------------------------------------------------------
    def position(self, account: str, symbol: str) -> Position:
        position = Position()
        scale = self.state.listed[symbol].quote_scale
        for fill in self.fills:
            if fill.symbol != symbol or account not in (fill.buyer, fill.seller):
                continue
            notional = fill.price * fill.quantity * scale
            sides = [
                (fill.buyer, fill.quantity, fill.buyer_fee),
                (fill.seller, -fill.quantity, fill.seller_fee),
            ]
            for name, quantity, fee in reversed(sides) if fill.seller_first else sides:
                if name == account:
                    position.take(quantity, notional)
                    position.fees += fee
        return position

    def unrealised(self, position: Position, symbol: str) -> int:
        """What it would bring at the last price."""
        last = self.state.last_price.get(symbol)
        if last is None:
            return 0
        return position.quantity * last * self.state.listed[symbol].quote_scale - position.cost

    def profit(self, account: str, symbol: str) -> int:
        position = self.position(account, symbol)
        return position.realised + self.unrealised(position, symbol)

    # -- balances ------------------------------------------------------------------------------
    def assets(self) -> list[str]:
        settled = [rules for rules in self.state.listed.values() if rules.settlement != "none"]
        return sorted({str(asset) for rules in settled for asset in (rules.base, rules.quote) if asset})

    def total(self, account: str, asset: str) -> int:
        """Everything the account has of the asset, held or not."""
        total = sum(pay.amount for pay in self.payments if (pay.account, pay.asset) == (account, asset))
        for fill in self.fills:
            if account not in (fill.buyer, fill.seller):
                continue
            rules = self.state.listed[fill.symbol]
            for name, fee, sign in ((fill.buyer, fill.buyer_fee, 1), (fill.seller, fill.seller_fee, -1)):
                if name == account and rules.settlement != "none":
                    total -= fee * (rules.quote == asset)
                if name == account and rules.settlement == "spot":
                    total -= sign * fill.price * fill.quantity * rules.quote_scale * (rules.quote == asset)
                    total += sign * fill.quantity * rules.base_scale * (rules.base == asset)
        for symbol, rules in self.state.listed.items():
            if rules.settlement == "margin" and rules.quote == asset:
                total += self.position(account, symbol).realised
        return total

    def held(self, account: str, asset: str) -> int:
        """Rules 30 and 41."""
        held = 0
        for symbol, rules in self.state.listed.items():
            orders = self.open(account, symbol)
            if rules.settlement == "spot":
                for order in orders:
                    if asset == (rules.quote if order.side == "buy" else rules.base):
                        held += hold(rules, order)
            elif rules.settlement == "margin" and rules.quote == asset:
                held += self.margin(account, symbol, orders)
        return held

    def margin(self, account: str, symbol: str, orders: Iterable[NaiveOrder]) -> int:
        rules, position = self.state.listed[symbol], self.position(account, symbol).quantity
        return rules.margin * worst(position, orders)

    def free(self, account: str, asset: str) -> int:
        return self.total(account, asset) - self.held(account, asset)

    def open(self, account: str, symbol: str) -> list[NaiveOrder]:
        return [
            each
            for each in self.state.orders
            if (each.account, each.symbol) == (account, symbol) and each.live
        ]

    def holding(self, account: str, symbol: str) -> tuple[object, ...]:
        """As the engine tells it."""
        position, orders = self.position(account, symbol), self.open(account, symbol)
        scale = self.state.listed[symbol].quote_scale
        average = Fraction(position.cost, position.quantity * scale) if position.quantity else None
        sums = (sum(each.open for each in orders if each.side == side) for side in ("buy", "sell"))
        return (
            symbol, position.quantity, position.cost, None if average is None else trunc(average),
            position.realised, self.unrealised(position, symbol), position.fees, len(orders), *sums,
        )  # fmt: skip

    # -- the venue's own -----------------------------------------------------------------------
    def fees(self, asset: str) -> int:
        return sum(
            fill.buyer_fee + fill.seller_fee
            for fill in self.fills
            if self.state.listed[fill.symbol].settlement != "none"
            and self.state.listed[fill.symbol].quote == asset
        )


def worst(position: int, orders: Iterable[NaiveOrder]) -> int:
    """Rule 42: the position if everything open on one side were executed, whichever side is worse."""
    sums = {side: sum(each.open for each in orders if each.side == side) for side in ("buy", "sell")}
    return max(abs(position + sums["buy"]), abs(position - sums["sell"]))


def hold(rules: AddInstrument, order: NaiveOrder) -> int:
    """What an open order of a spot instrument holds."""
    if order.side == "sell":
        return order.open * rules.base_scale
    return cost(rules, order.open, hold_price(rules, order))


def hold_price(rules: AddInstrument, order: NaiveOrder) -> int:
    """The worst price at which it may buy."""
    if order.terms.reserve_price is not None:
        return order.terms.reserve_price
    if order.type == "peg":
        return rules.maximum_price if order.cap is None else order.cap
    return rules.maximum_price if order.price is None else order.price


def cost(rules: AddInstrument, quantity: int, price: int) -> int:
    """What so much costs at a price, with the higher one of the fees."""
    return with_fee(rules, quantity, price * quantity)


def with_fee(rules: AddInstrument, quantity: int, notional: int) -> int:
    rate = max(rules.maker_fee_ppm, rules.taker_fee_ppm, 0)
    unit = max(rules.maker_fee_per_unit, rules.taker_fee_per_unit, 0)
    money = notional * rules.quote_scale
    return money + trunc(Fraction(money * rate, 1_000_000)) + unit * quantity

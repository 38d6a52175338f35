"""What the naive market knows: one list of all orders, and a handful of numbers an instrument.

In: questions and small steps. Out: orders in the order of their priority, sorted anew whenever somebody
asks, and facts, told one by one. No rule about who trades with whom lives here.
"""

from copy import copy
from dataclasses import dataclass, field
from fractions import Fraction
from math import trunc
from typing import Any, TypeAlias

from exchange.engine.commands import AddInstrument, Terms

Fact: TypeAlias = tuple[Any, ...]

CALLS = ("pre_open", "opening_auction", "intraday_auction", "volatility_auction", "closing_auction")
"""Phases in which orders collect and nothing trades."""

STOPS = ("stop", "stop_limit")


@dataclass
class NaiveOrder:
    """An order with everything about it."""

    id: int
    account: str
    name: str
    symbol: str
    side: str
    type: str
    time_in_force: str
    post_only: bool
    terms: Terms
    price: int | None
    """Its limit, or where it rests; ``None``: at the market."""
    total: int
    executed: int = 0
    prevented: int = 0
    canceled: bool = False
    place: str = "nowhere"
    """``book``, or ``waiting`` (a stop for its price, an order for the close), or ``nowhere``."""
    arrival: int = 0
    """When it took its place: decides inside a price (rule 2)."""
    peak: int = 0
    """What an iceberg shows."""
    stop: int | None = None
    cap: int | None = None
    money: int = 0
    """What a market by amount has not spent."""

    @property
    def open(self) -> int:
        return 0 if self.canceled else self.total - self.executed - self.prevented

    @property
    def live(self) -> bool:
        return not self.canceled and (self.open > 0 or self.place != "nowhere")

    @property
    def shown(self) -> int:
        if self.terms.hidden:
            return 0
        return self.open if self.terms.display is None else self.peak

    @property
    def whole(self) -> bool:
        """Whether it trades whole or not at all when it arrives."""
        return self.terms.all_or_none or self.time_in_force == "fok" or self.type == "money_limit"

    @property
    def state(self) -> str:
        if self.canceled:
            return "canceled"
        return "pending" if self.place == "waiting" else "live" if self.open else "filled"


@dataclass
class NaiveState:
    """All orders of all instruments."""

    listed: dict[str, AddInstrument] = field(default_factory=dict)
    orders: list[NaiveOrder] = field(default_factory=list)
    """Those that are live, and those that died in the command that is being carried out."""
    dead: list[NaiveOrder] = field(default_factory=list)
    """The others of this day."""
    positions: dict[tuple[str, str], int] = field(default_factory=dict)
    last_price: dict[str, int] = field(default_factory=dict)
    reference: dict[str, int | None] = field(default_factory=dict)
    phase: dict[str, str] = field(default_factory=dict)
    top: dict[tuple[str, str], int] = field(default_factory=dict)
    """Who last bettered the market, of each instrument and side (rule 39)."""
    facts: list[Fact] = field(default_factory=list)
    """Of the command that is being carried out."""
    trades: int = 0
    arrivals: int = 0

    def trial(self, order: NaiveOrder) -> tuple["NaiveState", NaiveOrder]:
        """A copy of this state and of the order, to see what would happen."""
        state = copy(self)
        state.positions, state.last_price, state.top = {}, dict(self.last_price), dict(self.top)
        state.facts = []
        resting = [each for each in self.orders if each.place == "book" and each.symbol == order.symbol]
        again = copy(order)
        state.orders = [again, *(copy(each) for each in resting if each.id != order.id)]
        return state, again

    # -- what can be seen ----------------------------------------------------------------------
    def queue(self, symbol: str, side: str) -> list[NaiveOrder]:
        """Orders resting on one side, in the order in which they will trade (rules 2, 52)."""
        sign = -1 if side == "buy" else 1

        def priority(order: NaiveOrder) -> tuple[bool, int, bool, int]:
            price = order.price
            return price is not None, 0 if price is None else sign * price, order.terms.hidden, order.arrival

        resting = [
            order
            for order in self.orders
            if order.place == "book" and order.symbol == symbol and order.side == side
        ]
        return sorted(resting, key=priority)

    def waiting(self, symbol: str) -> list[NaiveOrder]:
        """Stops that were not reached yet and orders for the close, oldest first."""
        return [order for order in self.orders if order.place == "waiting" and order.symbol == symbol]

    def best(self, symbol: str, side: str) -> int | None:
        """The best limit of a side, whoever's it is."""
        prices = [order.price for order in self.queue(symbol, side) if order.price is not None]
        return prices[0] if prices else None

    def middle(self, symbol: str) -> int | None:
        """Rule 40: where bands are measured from."""
        last, bid, ask = self.last_price.get(symbol), self.best(symbol, "buy"), self.best(symbol, "sell")
        if last is not None:
            return last
        return (bid + ask) // 2 if bid is not None and ask is not None else self.reference[symbol]

    def is_call(self, symbol: str) -> bool:
        return self.phase[symbol] in CALLS

    def is_continuous(self, symbol: str) -> bool:
        return self.phase[symbol] == "continuous"

    # -- small steps ---------------------------------------------------------------------------
    def tell(self, *fact: Any) -> None:
        self.facts.append(fact)

    def rest(self, order: NaiveOrder) -> None:
        """The order takes the last place at its price."""
        self.price_at(order, order.price)
        self.arrivals += 1
        order.arrival = self.arrivals
        order.place = "book"
        order.peak = min(order.terms.display or 0, order.open)

    def price_at(self, order: NaiveOrder, price: int | None) -> None:
        """The order has a price from now on, perhaps a better one than any displayed order (rule 39)."""
        others = [each for each in self.queue(order.symbol, order.side) if each.id != order.id]
        shown = [each.price for each in others if each.price is not None and not each.terms.hidden]
        sign = sign_of(order.side)
        if price is not None and not order.terms.hidden and all(sign * (price - each) > 0 for each in shown):
            self.top[order.symbol, order.side] = order.id
        order.price = price

    def leave(self, order: NaiveOrder) -> None:
        """The order gives its place up, and with it what it won by bettering the market."""
        order.place = "nowhere"
        if self.top.get((order.symbol, order.side)) == order.id:
            del self.top[order.symbol, order.side]

    def wait(self, order: NaiveOrder) -> None:
        self.arrivals += 1
        order.arrival = self.arrivals
        order.place = "waiting"

    def end(self, order: NaiveOrder, reason: str) -> None:
        rested = order.price if order.place == "book" else None
        self.tell("canceled", order.id, rested, order.open, order.executed, reason)
        order.canceled = True
        self.leave(order)

    def fill(self, order: NaiveOrder, quantity: int, bought: int) -> None:
        """The order traded: it, and its owner's position."""
        order.executed += quantity
        if not order.open:
            self.leave(order)
        key = order.account, order.symbol
        self.positions[key] = self.positions.get(key, 0) + bought

    def fee(self, symbol: str, price: int, quantity: int, *, maker: bool) -> int:
        """Rule 43: a share of the money that changes hands, and so much for each unit."""
        rules = self.listed[symbol]
        rate, unit = (
            (rules.maker_fee_ppm, rules.maker_fee_per_unit)
            if maker
            else (rules.taker_fee_ppm, rules.taker_fee_per_unit)
        )
        money = price * quantity * rules.quote_scale
        return trunc(Fraction(money * rate, 1_000_000)) + unit * quantity

    def set_last_price(self, symbol: str, price: int) -> None:
        """The last price, and the stops that follow it (rule 29)."""
        self.last_price[symbol] = price
        for order in self.waiting(symbol):
            if order.type in STOPS and order.terms.trail is not None:
                buys = order.side == "buy"
                stop = price + order.terms.trail if buys else price - order.terms.trail
                if order.stop is not None:
                    stop = min(order.stop, stop) if buys else max(order.stop, stop)
                order.stop = stop if stop > 0 else None


def other(side: str) -> str:
    return "sell" if side == "buy" else "buy"


def sign_of(side: str) -> int:
    return 1 if side == "buy" else -1


def crosses(side: str, limit: int | None, price: int) -> bool:
    """Whether an order of this side and limit may trade at the price (``None``: at any)."""
    return limit is None or (price <= limit if side == "buy" else price >= limit)


def tick_at(rules: AddInstrument, price: int) -> int:
    """Rule 8: the tick of the row that the price lies in."""
    return [rules.tick, *(tick for start, tick in rules.tick_table if start <= price)][-1]


def wrong_price(rules: AddInstrument, price: int) -> list[str]:
    if price <= 0:
        return ["price_not_positive"]
    if price > rules.maximum_price:
        return ["above_maximum_price"]
    return ["off_tick"] if price % tick_at(rules, price) else []


def is_price(rules: AddInstrument, price: int) -> bool:
    return not wrong_price(rules, price)


def down_to_lot(rules: AddInstrument, quantity: int) -> int:
    return quantity // rules.lot * rules.lot

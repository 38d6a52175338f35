"""A market written from the venue's rules alone, as simply as it can be: the judge of the engine.

In: the engine's commands. Out: facts, as plain tuples, and the state as plain lists. Nothing here is
fast or clever, every question is answered by looking through one list of all orders that ever were,
and no code is shared with the engine: only the words of the commands and of the vocabulary.

A fact is a tuple that starts with a word:

    ("rejected", account, name, reason)
    ("accepted", account, name, id)
    ("trade", trade id, symbol, price, quantity, maker id, taker id, maker fee, taker fee)
    ("rested", id, price, open)
    ("canceled", id, open, executed, reason)
    ("replaced", id, price, total, executed, kept priority)
    ("mass_canceled", account, count)
    ("day_ended", count)
    ("listed", symbol)
"""

from dataclasses import dataclass, field
from fractions import Fraction
from math import trunc
from typing import Any, TypeAlias

from exchange.engine.commands import (
    AddInstrument,
    CancelOrder,
    Command,
    EndDay,
    EnterOrder,
    MassCancel,
    ReduceOrder,
    ReplaceOrder,
)

Fact: TypeAlias = tuple[Any, ...]


@dataclass
class NaiveOrder:
    """An order with everything about it."""

    id: int
    account: str
    name: str
    symbol: str
    side: str
    post_only: bool
    time_in_force: str
    price: int | None
    total: int
    executed: int = 0
    canceled: bool = False
    resting: bool = False
    arrival: int = 0
    """When it took its place: decides inside a price (rule 2)."""
    day: int = 0

    @property
    def open(self) -> int:
        return 0 if self.canceled else self.total - self.executed

    @property
    def state(self) -> str:
        return "canceled" if self.canceled else "live" if self.open else "filled"


@dataclass
class NaiveMarket:
    """All orders of all instruments in one list."""

    unique_per_day: bool = True
    listed: dict[str, AddInstrument] = field(default_factory=dict)
    orders: list[NaiveOrder] = field(default_factory=list)
    positions: dict[tuple[str, str], int] = field(default_factory=dict)
    last_price: dict[str, int] = field(default_factory=dict)
    trades: int = 0
    arrivals: int = 0
    day: int = 0

    def apply(self, command: Command) -> list[Fact]:
        """Carry out one command."""
        match command:
            case EnterOrder():
                return self._enter(command)
            case CancelOrder():
                return self._cancel(command)
            case ReplaceOrder():
                return self._replace(command)
            case ReduceOrder():
                return self._reduce(command)
            case MassCancel():
                return self._mass_cancel(command)
            case EndDay():
                return self._end_day()
            case AddInstrument():
                return self._list(command)

    # -- what can be seen ----------------------------------------------------------------------
    def queue(self, symbol: str, side: str) -> list[NaiveOrder]:
        """Orders resting on one side, in the order in which they will trade (rule 2)."""
        resting = [
            order for order in self.orders if order.resting and (order.symbol, order.side) == (symbol, side)
        ]
        sign = -1 if side == "buy" else 1
        return sorted(resting, key=lambda order: (sign * _known(order.price), order.arrival))

    def live(self, account: str) -> list[NaiveOrder]:
        """Live orders of an account, oldest first."""
        return sorted(
            (order for order in self.orders if order.account == account and order.open), key=lambda o: o.id
        )

    # -- entry ---------------------------------------------------------------------------------
    def _enter(self, command: EnterOrder) -> list[Fact]:
        reason = self._why_not(command)
        if reason is not None:
            return [("rejected", command.account, command.client_order_id, reason)]
        order = NaiveOrder(
            command.seq, command.account, command.client_order_id, command.symbol, str(command.side),
            command.post_only, str(command.time_in_force), command.price, command.quantity, day=self.day,
        )  # fmt: skip
        limit = self._limit(command)
        self.orders.append(order)
        facts: list[Fact] = [("accepted", order.account, order.name, order.id)]
        if order.time_in_force == "fok" and self._available(order, limit) < order.total:
            return [*facts, self._end(order, "fill_or_kill")]
        facts += self._match(order, limit)
        if not order.open:
            return facts
        if command.order_type == "limit":
            if order.time_in_force == "ioc":
                return [*facts, self._end(order, "immediate_or_cancel")]
            self._rest(order)
            return facts
        rests = self.listed[order.symbol].market_remainder_rests and order.time_in_force != "ioc"
        if rests and limit is not None and 0 < limit <= self.listed[order.symbol].maximum_price:
            order.price = limit
            self._rest(order)
            return [*facts, ("rested", order.id, limit, order.open)]
        return [*facts, self._end(order, "market_remainder" if order.executed else "no_liquidity")]

    def _why_not(self, command: EnterOrder) -> str | None:
        rules = self.listed.get(command.symbol)
        if rules is None:
            return "unknown_symbol"
        for order in self.orders:  # rule 6
            if (order.account, order.name) == (command.account, command.client_order_id) and (
                order.open or (self.unique_per_day and order.day == self.day)
            ):
                return "duplicate_client_order_id"
        wrong = _wrong_quantity(rules, command.quantity)
        if wrong is not None:
            return wrong
        if command.order_type == "limit":
            if command.price is None:
                return "price_missing"
            wrong = _wrong_price(rules, command.price)
            if wrong is not None:
                return wrong
            if command.protection is not None:
                return "conflicting_fields"
            if command.post_only and command.time_in_force in ("ioc", "fok"):
                return "conflicting_fields"
            if command.post_only and self._opposite(str(command.side), command.symbol, command.price):
                return "post_only_would_trade"
            return None
        if command.price is not None:
            return "price_unexpected"
        if command.post_only:
            return "conflicting_fields"
        if command.protection is not None:
            if command.protection < 0:
                return "price_not_positive"
            if command.protection % rules.tick:
                return "off_tick"
        return None

    def _limit(self, command: EnterOrder) -> int | None:
        """Where trading ends: the price, the protection price (rule 17), or nowhere."""
        if command.price is not None:
            return command.price
        opposite = self.queue(command.symbol, _other(str(command.side)))
        if command.protection is None or not opposite:
            return None
        best = _known(opposite[0].price)
        return best + command.protection if command.side == "buy" else best - command.protection

    # -- matching ------------------------------------------------------------------------------
    def _opposite(self, side: str, symbol: str, limit: int | None) -> list[NaiveOrder]:
        """Who would trade with an order of this side and limit, in order (rules 1, 2, 22)."""
        return [
            maker
            for maker in self.queue(symbol, _other(side))
            if limit is None
            or (_known(maker.price) <= limit if side == "buy" else _known(maker.price) >= limit)
        ]

    def _available(self, order: NaiveOrder, limit: int | None) -> int:
        return sum(maker.open for maker in self._opposite(order.side, order.symbol, limit))

    def _match(self, order: NaiveOrder, limit: int | None) -> list[Fact]:
        rules = self.listed[order.symbol]
        facts: list[Fact] = []
        for maker in self._opposite(order.side, order.symbol, limit):
            if not order.open:
                break
            price = _known(maker.price)
            quantity = min(order.open, maker.open)
            self.trades += 1
            self.last_price[order.symbol] = price
            maker.executed += quantity
            order.executed += quantity
            maker.resting = bool(maker.open)
            bought = quantity if order.side == "buy" else -quantity
            self._move(order.account, order.symbol, bought)
            self._move(maker.account, order.symbol, -bought)
            fees = [
                trunc(Fraction(price * quantity * rate, 1_000_000))
                for rate in (rules.maker_fee_ppm, rules.taker_fee_ppm)
            ]
            facts.append(("trade", self.trades, order.symbol, price, quantity, maker.id, order.id, *fees))
        return facts

    def _move(self, account: str, symbol: str, quantity: int) -> None:
        self.positions[account, symbol] = self.positions.get((account, symbol), 0) + quantity

    def _rest(self, order: NaiveOrder) -> None:
        self.arrivals += 1
        order.arrival = self.arrivals
        order.resting = True

    def _end(self, order: NaiveOrder, reason: str) -> Fact:
        fact = ("canceled", order.id, order.open, order.executed, reason)
        order.canceled = True
        order.resting = False
        return fact

    # -- changes -------------------------------------------------------------------------------
    def _find(self, command: CancelOrder | ReplaceOrder | ReduceOrder) -> NaiveOrder | Fact:
        """The live order that is meant, or the answer that there is none (rule 7)."""
        for order in self.orders:
            if order.open and (order.account, order.name) == (command.account, command.client_order_id):
                return order
        return ("rejected", command.account, command.client_order_id, "unknown_order")

    def _cancel(self, command: CancelOrder) -> list[Fact]:
        order = self._find(command)
        return [self._end(order, "requested") if isinstance(order, NaiveOrder) else order]

    def _replace(self, command: ReplaceOrder) -> list[Fact]:
        order = self._find(command)
        if not isinstance(order, NaiveOrder):
            return [order]
        reason = self._why_not_replace(order, command)
        if reason is not None:
            return [("rejected", order.account, order.name, reason)]
        price = _known(order.price) if command.price is None else command.price
        total = order.total if command.quantity is None else command.quantity
        if total <= order.executed:  # rule 9
            return [self._end(order, "replaced_below_executed")]
        keeps = price == order.price and total <= order.total  # rule 10
        order.price, order.total = price, total
        facts: list[Fact] = [("replaced", order.id, price, total, order.executed, keeps)]
        if not keeps:
            order.resting = False
            facts += self._match(order, price)  # rule 11
            if order.open:
                self._rest(order)
        return facts

    def _why_not_replace(self, order: NaiveOrder, command: ReplaceOrder) -> str | None:
        rules = self.listed[order.symbol]
        if command.quantity is None and command.price is None:
            return "nothing_to_replace"
        if command.quantity is not None:
            wrong = _wrong_quantity(rules, command.quantity)
            executed_already = 0 < command.quantity <= order.executed
            if wrong is not None and not (wrong == "below_minimum_quantity" and executed_already):
                return wrong
        if command.price is not None:
            wrong = _wrong_price(rules, command.price)
            if wrong is not None:
                return wrong
        ends = command.quantity is not None and command.quantity <= order.executed
        price = _known(order.price) if command.price is None else command.price
        if order.post_only and not ends and self._opposite(order.side, order.symbol, price):  # rule 12
            return "post_only_would_trade"
        return None

    def _reduce(self, command: ReduceOrder) -> list[Fact]:
        order = self._find(command)
        if not isinstance(order, NaiveOrder):
            return [order]
        if command.by <= 0:
            return [("rejected", order.account, order.name, "not_a_reduction")]
        if command.by % self.listed[order.symbol].lot:
            return [("rejected", order.account, order.name, "off_lot")]
        if command.by >= order.open:
            return [self._end(order, "reduced_to_nothing")]
        order.total -= command.by
        return [("replaced", order.id, order.price, order.total, order.executed, True)]

    # -- many at once --------------------------------------------------------------------------
    def _mass_cancel(self, command: MassCancel) -> list[Fact]:
        if command.symbol is not None and command.symbol not in self.listed:
            return [("rejected", command.account, None, "unknown_symbol")]
        facts = [
            self._end(order, "mass_cancel")
            for order in self.live(command.account)
            if command.symbol in (None, order.symbol) and command.side in (None, order.side)
        ]
        return [*facts, ("mass_canceled", command.account, len(facts))]

    def _end_day(self) -> list[Fact]:
        facts: list[Fact] = []
        for symbol in self.listed:
            for side in ("buy", "sell"):  # rule 15: bids, asks; price ascending; first in first out
                queue = sorted(
                    self.queue(symbol, side), key=lambda order: (_known(order.price), order.arrival)
                )
                facts += [self._end(order, "day_ended") for order in queue if order.time_in_force == "day"]
        self.day += 1
        # Ids of dead orders are free again, and nobody will ask for them any more (rule 6).
        self.orders = [order for order in self.orders if order.open]
        for order in self.orders:
            order.day = self.day
        return [*facts, ("day_ended", len(facts))]

    def _list(self, command: AddInstrument) -> list[Fact]:
        if command.symbol in self.listed:
            return [("rejected", None, None, "duplicate_instrument")]
        self.listed[command.symbol] = command
        return [("listed", command.symbol)]


def _other(side: str) -> str:
    return "sell" if side == "buy" else "buy"


def _known(price: int | None) -> int:
    assert price is not None, "orders that rest have a price"
    return price


def _wrong_quantity(rules: AddInstrument, quantity: int) -> str | None:
    """Rule 8."""
    if quantity <= 0:
        return "quantity_not_positive"
    if quantity < rules.minimum_quantity:
        return "below_minimum_quantity"
    if quantity > rules.maximum_quantity:
        return "above_maximum_quantity"
    return "off_lot" if quantity % rules.lot else None


def _wrong_price(rules: AddInstrument, price: int) -> str | None:
    """Rule 8."""
    if price <= 0:
        return "price_not_positive"
    if price > rules.maximum_price:
        return "above_maximum_price"
    return "off_tick" if price % rules.tick else None

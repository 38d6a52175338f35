"""The engine and the naive market side by side: every command goes to both, and both must agree.

In: commands. Out: an ``AssertionError`` that names the first difference, or nothing.
"""

import random
from typing import Final

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
from exchange.engine.engine import Engine
from exchange.engine.events import (
    DayEnded,
    Event,
    InstrumentAdded,
    OrderAccepted,
    OrderCanceled,
    OrderReplaced,
    OrderRested,
    OrdersMassCanceled,
    RequestRejected,
    Trade,
)
from protocol.vocabulary import AccountId, ClientOrderId, OrderType, Side, Symbol, TimeInForce
from tests.support.books import instrument
from tests.support.naive_book import Fact, NaiveMarket

LISTED: Final = (
    instrument("PLAIN", maximum_price=400, maker_fee_ppm=-30, taker_fee_ppm=45_000),
    instrument(
        "STEPS", tick=5, lot=10, minimum_quantity=20, maximum_quantity=500, market_remainder_rests=True
    ),
)
"""One instrument that allows nearly everything, and one with steps, limits and resting market orders."""

ACCOUNTS: Final = tuple(map(AccountId, ("ann", "ben", "cleo")))


def facts_of(events: tuple[Event, ...]) -> list[Fact]:
    """Events in the words of the naive market."""
    return [_fact(event) for event in events]


def _fact(event: Event) -> Fact:
    match event:
        case RequestRejected():
            return ("rejected", event.account, event.client_order_id, event.reason)
        case OrderAccepted():
            return ("accepted", event.account, event.client_order_id, event.order_id)
        case Trade():
            return (
                "trade", event.trade_id, event.symbol, event.price, event.quantity, event.maker_order_id,
                event.taker_order_id, event.maker_fee, event.taker_fee,
            )  # fmt: skip
        case OrderRested():
            return ("rested", event.order_id, event.price, event.leaves)
        case OrderCanceled():
            return ("canceled", event.order_id, event.quantity, event.cumulative, event.reason)
        case OrderReplaced():
            assert event.quantity == event.cumulative + event.leaves
            return (
                "replaced", event.order_id, event.price, event.quantity, event.cumulative, event.kept_priority,
            )  # fmt: skip
        case OrdersMassCanceled():
            return ("mass_canceled", event.account, event.count)
        case InstrumentAdded():
            return ("listed", event.symbol)
        case DayEnded():
            return ("day_ended", event.canceled)


class Twins:
    """Both markets, with the same instruments."""

    def __init__(self, *, ids_unique_per_day: bool = True) -> None:
        self.engine = Engine(ids_unique_per_day=ids_unique_per_day)
        self.naive = NaiveMarket(ids_unique_per_day)
        self.commands: list[Command] = []
        for listed in LISTED:
            self.submit(
                AddInstrument(**{name: getattr(listed, name) for name in listed.__struct_fields__[:-2]})
            )

    def submit(self, command: Command) -> tuple[Event, ...]:
        """Both must tell the same story of this command."""
        command.seq = command.at_ns = len(self.commands) + 1
        self.commands.append(command)
        events = self.engine.apply(command)
        assert facts_of(events) == self.naive.apply(command)
        return events

    def compare(self) -> None:
        """Both must stand the same: queues in their order, orders, positions, last prices."""
        for symbol, book in self.engine.books.items():
            assert book.last_price == self.naive.last_price.get(symbol)
            for of_side in book.sides:
                shown = [
                    (order.order_id, order.price, order.leaves)
                    for level in of_side.best_first()
                    for order in level
                ]
                queue = self.naive.queue(symbol, of_side.side)
                assert shown == [(order.id, order.price, order.open) for order in queue]
        for name, account in self.engine.accounts.by_name.items():
            for symbol in self.engine.books:
                assert account.positions.get(symbol, 0) == self.naive.positions.get((name, symbol), 0)
            live = [
                (order.order_id, order.quantity, order.cumulative) for order in self.engine.open_orders(name)
            ]
            assert live == [(order.id, order.total, order.executed) for order in self.naive.live(name)]

    def compare_orders(self) -> None:
        """Every order of the day must have come to the same end."""
        known = {
            order.order_id: (order.state, order.quantity, order.cumulative, order.leaves)
            for account in self.engine.accounts.by_name.values()
            for order in account.orders.values()
        }
        expected = {
            order.id: (order.state, order.total, order.executed, order.open) for order in self.naive.orders
        }
        # A bare engine forgets a dead order when its id is used again.
        assert known == {order_id: expected[order_id] for order_id in known}
        assert {order_id for order_id, (_, _, _, leaves) in expected.items() if leaves} <= known.keys()

    def check_invariants(self) -> None:
        """What must hold of the engine whatever happened."""
        assert self.engine.last_trade_id == self.naive.trades
        for symbol, book in self.engine.books.items():
            bid, ask = book.bids.best, book.asks.best
            assert bid is None or ask is None or bid < ask, f"rule 5: {symbol} is {bid} against {ask}"
            for of_side in book.sides:
                assert of_side.keys == sorted(of_side.keys)
                assert sorted(of_side.sign * price for price in of_side.levels) == of_side.keys
                for level in of_side.best_first():
                    orders = list(level)
                    assert orders
                    assert level.quantity == sum(order.leaves for order in orders)
                    assert level.dead == len(level.orders) - len(orders)
                    for order in orders:
                        assert order.quantity == order.cumulative + order.leaves
                        assert order.price == level.price
            total = sum(account.positions.get(symbol, 0) for account in self.engine.accounts.by_name.values())
            assert total == 0


class Wishes:
    """Random commands around a price that moves, most of them sensible, some of them not."""

    def __init__(self, seed: int, naive: NaiveMarket, *, spread: float = 4) -> None:
        """``naive``: the market whose live orders most changes are aimed at. ``spread``: of prices, in ticks."""
        self._rng = random.Random(seed)
        self._naive = naive
        self._spread = spread
        self._entered = 0
        self._middle = {listed.symbol: 40 * listed.tick for listed in LISTED}

    def next(self) -> Command:
        rng = self._rng
        kind = rng.random()
        if kind < 0.7:
            return self._enter()
        if kind < 0.995:
            return self._change(kind)
        if kind < 0.998:
            symbol = rng.choice((None, None, LISTED[0].symbol, LISTED[1].symbol, Symbol("NONE")))
            return MassCancel(rng.choice(ACCOUNTS), symbol, rng.choice((None, *Side)))
        return EndDay()

    def _change(self, kind: float) -> Command:
        """Cancel, replace or reduce: mostly a live order, sometimes a dead, foreign or unknown one."""
        rng = self._rng
        account, name = rng.choice(ACCOUNTS), self._old_name()
        live = [order for order in self._naive.orders if order.open]
        if live and rng.random() < 0.9:
            order = rng.choice(live)
            account, name = AccountId(order.account), ClientOrderId(order.name)
        if kind < 0.78:
            return CancelOrder(account, name)
        if kind < 0.92:
            listed = rng.choice(LISTED)
            total = self._quantity(listed) if rng.random() < 0.7 else None
            return ReplaceOrder(account, name, total, self._price(listed) if rng.random() < 0.6 else None)
        return ReduceOrder(account, name, rng.choice((0, -1, 1, 3, 10, 10, 20, 100)))

    def _old_name(self) -> ClientOrderId:
        return ClientOrderId(f"o{self._rng.randint(0, self._entered)}")

    def _new_name(self) -> ClientOrderId:
        if self._rng.random() < 0.05:
            return self._old_name()
        self._entered += 1
        return ClientOrderId(f"o{self._entered}")

    def _enter(self) -> EnterOrder:
        rng = self._rng
        listed = rng.choice(LISTED)
        self._middle[listed.symbol] += rng.choice((-listed.tick, 0, listed.tick))
        self._middle[listed.symbol] = min(max(self._middle[listed.symbol], 5 * listed.tick), 75 * listed.tick)
        market = rng.random() < 0.15
        odd = rng.random() < 0.01
        side = rng.choice((Side.BUY, Side.SELL))
        away = self._spread if rng.random() < 0.7 else 0  # most orders want to rest
        return EnterOrder(
            account=rng.choice(ACCOUNTS),
            client_order_id=self._new_name(),
            symbol=listed.symbol if rng.random() > 0.005 else Symbol("NONE"),
            side=side,
            order_type=OrderType.MARKET if market else OrderType.LIMIT,
            time_in_force=rng.choices(tuple(TimeInForce), (65, 20, 10, 5))[0],
            quantity=self._quantity(listed),
            price=None if market != odd else self._price(listed, -away if side is Side.BUY else away),
            post_only=rng.random() < 0.1,
            protection=listed.tick * rng.randint(0, 4) + odd if market and rng.random() < 0.6 else None,
        )

    def _price(self, listed: AddInstrument, away: float = 0) -> int:
        if self._rng.random() < 0.02:
            return self._rng.choice((0, -5, 3, listed.maximum_price + listed.tick, 10**12))
        return self._middle[listed.symbol] + listed.tick * round(self._rng.gauss(away, self._spread))

    def _quantity(self, listed: AddInstrument) -> int:
        if self._rng.random() < 0.03:
            return self._rng.choice((0, -7, 1, listed.maximum_quantity + listed.lot, 35))
        return listed.lot * self._rng.randint(2, 20)

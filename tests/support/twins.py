"""The engine and the naive market side by side: every command goes to both, and both must agree.

In: commands. Out: an ``AssertionError`` that names the first difference, or nothing.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from exchange.engine.book import Book
from exchange.engine.book_side import BookSide
from exchange.engine.commands import AddInstrument, Command
from exchange.engine.engine import Engine
from exchange.engine.events import Event, RequestRejected
from exchange.engine.order import Order
from protocol.vocabulary import AccountId, Asset
from tests.support.naive_auction import in_order_of_removal
from tests.support.naive_book import NaiveOrder
from tests.support.naive_facts import BookKeeper, agree, facts_of
from tests.support.naive_venue import NaiveVenue


class Twins:
    """Both markets, with the same instruments. A command is number n, at n times ``step_ns``."""

    def __init__(
        self, listed: Iterable[AddInstrument], *, ids_unique_per_day: bool = True, step_ns: int = 1
    ) -> None:
        self.engine = Engine(ids_unique_per_day=ids_unique_per_day)
        self.naive = NaiveVenue(unique_per_day=ids_unique_per_day)
        self.step_ns = step_ns
        self.keeper = BookKeeper()
        self.commands: list[Command] = []
        self.events: list[tuple[Event, ...]] = []
        """What each command led to."""
        for instrument in listed:
            self.submit(msgspec.structs.replace(instrument))

    def submit(self, command: Command) -> tuple[Event, ...]:
        """Both must tell the same story of this command, and the story must add up."""
        command.seq = len(self.commands) + 1
        command.at_ns = command.seq * self.step_ns
        self.commands.append(command)
        events = self.engine.apply(command)
        self.events.append(events)
        told = next((event.reason for event in events if isinstance(event, RequestRejected)), None)
        facts, expected = facts_of(events), self.naive.apply(command, told)
        assert agree(facts, expected), f"{command}\n engine: {facts}\n naive:  {expected}"
        self.keeper.read(events)
        return events

    # -- comparing -----------------------------------------------------------------------------
    def compare(self) -> None:
        """Both must stand the same: queues in their order, waiting orders, phases, positions, prices."""
        for symbol, book in self.engine.books.items():
            naive = self.naive
            assert (book.phase, book.last_price) == (naive.phase[symbol], naive.last_price.get(symbol))
            assert book.reference_price == naive.reference[symbol]
            for side in book.sides:
                queue = in_order_of_removal(naive, symbol, side.side)
                assert [_resting(order) for order in side.orders()] == [
                    _naive_resting(each) for each in queue
                ]
                assert book.depth(side.side) == _depth(queue, side.sign)
            self._compare_waiting(book)
        for name, account in self.engine.accounts.by_name.items():
            for symbol in self.engine.books:
                assert account.positions.get(symbol, 0) == self.naive.positions.get((name, symbol), 0)
        self._compare_live()

    def compare_money(self) -> None:
        """Everybody must have the same, of every asset and in every instrument; and nothing may be lost."""
        engine, ledger = self.engine, self.naive.ledger
        for name in engine.accounts.by_name:
            held = {asset: ledger.held(name, asset) for asset in ledger.assets()}
            expected = {asset: (ledger.total(name, asset) - held[asset], held[asset]) for asset in held}
            found = {str(asset): (free, held) for asset, free, held in engine.clearing.balances(name)}
            assert {**dict.fromkeys(expected, (0, 0)), **found} == expected, name
            for symbol in engine.books:
                assert tuple(engine.clearing.holding(name, symbol)) == ledger.holding(name, symbol), name
            block = engine.accounts.by_name[name].blocked
            assert block == self.naive.blocked.get(name), name
        for asset in ledger.assets():
            assert engine.clearing.books.house.fees.get(Asset(asset), 0) == ledger.fees(asset)
        assert engine.clearing.check() == []

    def _compare_waiting(self, book: Book) -> None:
        waiting = self.naive.waiting(book.instrument.symbol)
        stops = [(each.id, each.stop, each.open) for each in waiting if each.type.startswith("stop")]
        others = [each for each in waiting if not each.type.startswith("stop")]
        found = [
            (order.order_id, order.special.stop_price if order.special else None, order.leaves)
            for order in book.stops.orders()
        ]
        assert found == stops
        assert [order.order_id for order in book.for_the_close] == [
            each.id for each in sorted(others, key=lambda each: each.arrival)
        ]

    def _compare_live(self) -> None:
        names = {order.account for order in self.naive.orders} | set(self.engine.accounts.by_name)
        for name in sorted(names):
            live = [
                (order.order_id, order.quantity, order.cumulative)
                for order in self.engine.open_orders(AccountId(name))
            ]
            assert live == [(each.id, each.total, each.executed) for each in self.naive.live(name)]

    def compare_orders(self) -> None:
        """Every order of the day must have come to the same end."""
        known = {
            order.order_id: (str(order.state), order.cumulative, order.leaves)
            for account in self.engine.accounts.by_name.values()
            for order in account.orders.values()
        }
        every = self.naive.dead + self.naive.orders
        expected = {order.id: (order.state, order.executed, order.open) for order in every}
        # A bare engine forgets a dead order when its id is used again.
        assert known == {order_id: expected[order_id] for order_id in known}
        assert {order.id for order in self.naive.orders} <= known.keys()

    # -- what must hold of the engine whatever happened ------------------------------------------
    def check_invariants(self) -> None:
        assert self.engine.last_trade_id == self.naive.trades == self.keeper.last_trade_id
        for order in self.engine.live_orders():
            assert order.leaves == self.keeper.entries[order.order_id].open > 0
        for symbol, book in self.engine.books.items():
            check_uncrossed(book)
            for side in book.sides:
                check_side(side)
            accounts = self.engine.accounts.by_name.values()
            assert sum(account.positions.get(symbol, 0) for account in accounts) == 0


def check_uncrossed(book: Book) -> None:
    """Rule 5, for the book and for every pair in it: only an all-or-none may be passed over."""
    if book.phase != "continuous":
        return
    bids, asks = (
        [order.price for order in side.orders() if order.price is not None and not order.terms.all_or_none]
        for side in book.sides
    )
    bid, ask = max(bids, default=None), min(asks, default=None)
    assert bid is None or ask is None or bid < ask, f"rule 5: {book.instrument.symbol} is {bid} against {ask}"


def check_side(side: BookSide) -> None:
    assert side.keys == sorted(side.keys)
    assert sorted(side.sign * price for price in side.levels) == side.keys
    for level in side.best_first():
        orders = list(level)
        assert orders
        assert level.quantity == sum(order.leaves for order in orders)
        assert {order.price for order in orders} == {level.price}
        assert all(order.leaves > 0 for order in orders)


def _resting(order: Order) -> tuple[Any, ...]:
    peak = None
    if order.special is not None and order.terms.display is not None:
        # What is shown of an order that needs no peak any more is what is open.
        peak = min(order.special.shown, order.leaves)
    return order.order_id, order.price, order.leaves, peak


def _naive_resting(order: NaiveOrder) -> tuple[Any, ...]:
    return order.id, order.price, order.open, order.shown if order.terms.display is not None else None


def _depth(queue: list[NaiveOrder], sign: int) -> list[tuple[int, int]]:
    """Rule 26: what market data shows, best price first."""
    shown: dict[int, int] = {}
    for order in queue:
        if order.price is not None and order.shown:
            shown[order.price] = shown.get(order.price, 0) + order.shown
    return sorted(shown.items(), key=lambda row: -sign * row[0])

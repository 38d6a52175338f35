"""Engines that are broken on purpose, each in one place: what the tests have to notice.

In: nothing. Out: mutants by name. Each replaces one function of the real engine by a wrong one, made from
the right one; nothing of the engine is copied. The faults are those that home-made engines are known for.

The engine has a plain path and a careful one, so some faults stand here twice: once for each.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

import msgspec

from exchange.engine import auction, engine, matching, pegs, walk
from exchange.engine.auction import NOTHING, Indication
from exchange.engine.book import Book
from exchange.engine.book_side import BookSide
from exchange.engine.careful import Careful
from exchange.engine.commands import ReplaceOrder
from exchange.engine.events import Event, Trade
from exchange.engine.execution import Execution
from exchange.engine.level import Level, Queue
from exchange.engine.matching import ANY_PRICE
from exchange.engine.order import Order
from exchange.engine.removals import Deadlines
from exchange.engine.stops import Stops
from exchange.engine.trading import Trading
from exchange.engine.walk import Attempt, Deed, Plan, Step
from protocol.vocabulary import Money, Price, Quantity, SelfTrade, Side, TradeId
from tests.support.money_mutants import MONEY_MUTANTS
from tests.support.mutant import Mutant

Sweep = Callable[[Book, BookSide, Order, int, TradeId, list[Trade]], TradeId]


# -- price and time --------------------------------------------------------------------------------
def _trade_at_takers_price(sweep: Sweep) -> Sweep:
    def broken(
        book: Book, opposite: BookSide, taker: Order, limit_key: int, trade_id: TradeId, trades: list[Trade]
    ) -> TradeId:
        last = sweep(book, opposite, taker, limit_key, trade_id, trades)
        if taker.price is not None:
            trades[:] = [msgspec.structs.replace(trade, price=taker.price) for trade in trades]
        return last

    return broken


def _plan_at_takers_price(execute: Callable[..., None]) -> Callable[..., None]:
    def broken(
        self: Execution, book: Book, opposite: BookSide, order: Order, steps: list[Step], events: list[Event]
    ) -> None:
        if order.price is not None:
            steps = [step._replace(price=order.price) if step.deed is Deed.TRADE else step for step in steps]
        execute(self, book, opposite, order, steps, events)

    return broken


def _newest_first(sweep: Sweep) -> Sweep:
    def broken(
        book: Book, opposite: BookSide, taker: Order, limit_key: int, trade_id: TradeId, trades: list[Trade]
    ) -> TradeId:
        for level in opposite.levels.values():
            level.orders = sorted(level.living(), key=lambda order: -order.arrival)
            level.head = level.dead = 0
        return sweep(book, opposite, taker, limit_key, trade_id, trades)

    return broken


def _newest_first_in_walk(living: Callable[[Queue], Any]) -> Callable[[Queue], Any]:
    return lambda queue: reversed(list(living(queue)))


def _demote_maker(sweep: Sweep) -> Sweep:
    def broken(
        book: Book, opposite: BookSide, taker: Order, limit_key: int, trade_id: TradeId, trades: list[Trade]
    ) -> TradeId:
        last = sweep(book, opposite, taker, limit_key, trade_id, trades)
        if trades and trades[-1].maker_leaves:
            level = opposite.levels[trades[-1].price]
            level.send_back(next(level.living()))
        return last

    return broken


def _demote_maker_in_walk(fill: Callable[..., None]) -> Callable[..., None]:
    def broken(self: BookSide, order: Order, quantity: Quantity, arrival: int = 0) -> None:
        fill(self, order, quantity, arrival)
        if order.leaves and order.price is not None and order.special is None:
            self.levels[order.price].send_back(order)

    return broken


def _keep_place_of_peak(fill: Callable[..., None]) -> Callable[..., None]:
    return lambda self, order, quantity, _arrival=0: fill(self, order, quantity, 0)


def _keep_the_peak(fill: Callable[..., None]) -> Callable[..., None]:
    def broken(self: BookSide, order: Order, quantity: Quantity, arrival: int = 0) -> None:
        fill(self, order, quantity, arrival)
        if order.leaves and order.special is not None and order.terms.display is not None:
            order.special.shown = order.terms.display

    return broken


def _keep_every_place(_: Callable[..., bool]) -> Callable[..., bool]:
    def broken(_self: object, command: ReplaceOrder, _book: Book, order: Order, total: Quantity) -> bool:
        return (command.price is None or command.price == order.price) and total != 0

    return broken


# -- levels ----------------------------------------------------------------------------------------
def _never_drop(_: Callable[..., None]) -> Callable[..., None]:
    return lambda _side, _level: None


def _count_the_canceled(
    remove: Callable[[BookSide, Order], Quantity],
) -> Callable[[BookSide, Order], Quantity]:
    def broken(self: BookSide, order: Order) -> Quantity:
        assert order.price is not None
        level = self.levels[order.price]
        before = level.quantity
        leaves = remove(self, order)
        level.quantity = before
        return leaves

    return broken


# -- whole orders ----------------------------------------------------------------------------------
Whole = Callable[[Book, BookSide, Attempt], Plan | None]


def _ignore_reserve(plan_whole: Whole) -> Whole:
    def broken(book: Book, opposite: BookSide, attempt: Attempt) -> Plan | None:
        shown = sum(
            level.displayed
            for level in opposite.best_first()
            if opposite.sign * level.price >= attempt.limit_key
        )
        return plan_whole(book, opposite, attempt) if shown >= attempt.quantity else None

    return broken


def _count_own_orders(plan_whole: Whole) -> Whole:
    def broken(book: Book, opposite: BookSide, attempt: Attempt) -> Plan | None:
        return plan_whole(book, opposite, attempt._replace(self_trade=SelfTrade.NONE))

    return broken


def _kill_an_exact_fit(executable: Callable[..., bool]) -> Callable[..., bool]:
    return lambda opposite, limit_key, wanted: executable(opposite, limit_key, wanted + 1)


def _give_no_way(_: Whole) -> Whole:
    return walk.plan


# -- limits that are not named ---------------------------------------------------------------------
def _ignore_protection(attempt: Callable[..., Attempt]) -> Callable[..., Attempt]:
    def broken(self: Trading, book: Book, order: Order) -> Attempt:
        asked = attempt(self, book, order)
        return asked._replace(limit_key=ANY_PRICE) if order.price is None else asked

    return broken


def _let_lock(would_trade_at: Callable[..., Price | None]) -> Callable[..., Price | None]:
    def broken(book: Book, opposite: BookSide, attempt: Attempt) -> Price | None:
        return would_trade_at(book, opposite, attempt._replace(limit_key=attempt.limit_key + 1))

    return broken


# -- stops, deadlines, pegs ------------------------------------------------------------------------
def _single_pass(_: Callable[..., None]) -> Callable[..., None]:
    def broken(self: Trading, book: Book, events: list[Event]) -> None:
        if book.last_price is not None:
            for order in book.stops.elect(book.last_price):
                self.activate(book, order, events)

    return broken


def _follow_both_ways(_: Callable[..., None]) -> Callable[..., None]:
    def broken(self: Stops, price: Price) -> None:
        for order in list(self.orders()):
            special = order.special
            if special is not None and special.terms.trail is not None:
                self.remove(order)
                away = special.terms.trail if order.side is Side.BUY else -special.terms.trail
                special.stop_price = price + away
                self.add(order)

    return broken


def _miss_the_moment(reached: Callable[..., list[Order]]) -> Callable[..., list[Order]]:
    return lambda self, now_ns, accounts: reached(self, now_ns - 1, accounts)


def _count_pegs(_: Callable[[BookSide], Price | None]) -> Callable[[BookSide], Price | None]:
    return lambda side: side.best


# -- auctions --------------------------------------------------------------------------------------
def _ignore_surplus(_: Callable[..., Indication]) -> Callable[..., Indication]:
    def broken(book: Book, reference_price: Price | None = None) -> Indication:
        reference = auction.reference_price_of(book) if reference_price is None else reference_price
        found = [
            Indication(price, min(bought, sold), bought - sold)
            for price, bought, sold in auction._curve(book, reference)
        ]
        most = max((one.volume for one in found), default=0)
        candidates = [one for one in found if one.volume == most]
        near = reference or 0
        return min(candidates, key=lambda one: abs((one.price or 0) - near)) if most else NOTHING

    return broken


def _pair_by_time_alone(pairs: Callable[..., Any]) -> Callable[..., Any]:
    def broken(book: Book, price: Price) -> list[tuple[Order, Order, Quantity]]:
        right = pairs(book, price)
        buyers = sorted({id(buyer): buyer for buyer, _, _ in right}.values(), key=lambda order: order.arrival)
        wanted = {id(buyer): buyer.leaves for buyer in buyers}
        given = []
        for _, seller, quantity in right:
            for buyer in buyers:
                share = min(quantity, wanted[id(buyer)])
                if share:
                    given.append((buyer, seller, share))
                    wanted[id(buyer)] -= share
                    quantity -= share
        return given

    return broken


# -- rounding --------------------------------------------------------------------------------------
def _round_down(_: Callable[[int, int], Money]) -> Callable[[int, int], Money]:
    return lambda notional, rate_ppm: notional * rate_ppm // 1_000_000


def _round_all_down(sweep: Sweep) -> Sweep:
    def broken(
        book: Book, opposite: BookSide, taker: Order, limit_key: int, trade_id: TradeId, trades: list[Trade]
    ) -> TradeId:
        last = sweep(book, opposite, taker, limit_key, trade_id, trades)
        rate = book.instrument.maker_fee_ppm
        trades[:] = [
            msgspec.structs.replace(trade, maker_fee=trade.price * trade.quantity * rate // 1_000_000)
            for trade in trades
        ]
        return last

    return broken


def _round_half_up(_: Callable[..., list[Quantity]]) -> Callable[..., list[Quantity]]:
    def broken(
        sizes: list[Quantity], quantity: Quantity, *, top: int | None = None, **_more: int
    ) -> list[Quantity]:
        given = [0] * len(sizes)
        if top is not None:
            given[top] = min(sizes[top], quantity)
        left = pool = min(quantity, sum(sizes)) - sum(given)
        wanting = [size - share for size, share in zip(sizes, given, strict=True)]
        for at, size in enumerate(wanting):
            share = min(left, int(Fraction(pool * size, sum(wanting)) + Fraction(1, 2)))
            given[at] += share
            left -= share
        given[-1] += left
        return given

    return broken


MUTANTS: Final[dict[str, Mutant]] = {
    **MONEY_MUTANTS,
    "taker's price": Mutant(
        "a trade prints at the aggressor's limit", engine, "sweep", _trade_at_takers_price
    ),
    "taker's price, careful": Mutant("as before", Execution, "execute", _plan_at_takers_price),
    "last in, first out": Mutant("the newest order of a price trades first", engine, "sweep", _newest_first),
    "last in, first out, careful": Mutant("as before", Level, "living", _newest_first_in_walk),
    "demoted maker": Mutant("a partial fill moves the maker to the back", engine, "sweep", _demote_maker),
    "demoted maker, careful": Mutant("as before", BookSide, "fill", _demote_maker_in_walk),
    "peak in front": Mutant("an exhausted peak refills where it stood", BookSide, "fill", _keep_place_of_peak),
    "phantom level": Mutant("a level stays when its last order is gone", BookSide, "drop", _never_drop),
    "phantom quantity": Mutant("a level still counts what was canceled", BookSide, "remove", _count_the_canceled),
    "reserve ignored": Mutant("fill or kill counts what is displayed only", walk, "plan_whole", _ignore_reserve),
    "own orders counted": Mutant("fill or kill trades with its own account", walk, "plan_whole", _count_own_orders),
    "exact fit killed": Mutant("fill or kill wants one more than its quantity", engine, "executable", _kill_an_exact_fit),
    "nobody gives way": Mutant("earlier orders keep a later one from being whole", walk, "_give_way", _give_no_way),
    "protection ignored": Mutant("a protected market order trades at any price", Trading, "attempt", _ignore_protection),
    "locked by post-only": Mutant("a locking price does not count as crossing", walk, "would_trade_at", _let_lock),
    "single pass of stops": Mutant("what an activation triggers waits", Trading, "_run_stops", _single_pass),
    "trail both ways": Mutant("a trailing stop moves away again", Stops, "follow", _follow_both_ways),
    "deadline missed": Mutant("an order outlives its deadline by a moment", Deadlines, "reached", _miss_the_moment),
    "pegs hold each other up": Mutant("pegs count as limits to peg to", pegs, "best_to_peg_to", _count_pegs),
    "no surplus rule": Mutant("of equal volumes the one nearest the reference wins", auction, "indicative", _ignore_surplus),
    "time before price": Mutant("an auction allocates by time alone", auction, "pairs", _pair_by_time_alone),
    "shares rounded up": Mutant("pro-rata shares are rounded half up", walk, "allocate", _round_half_up),
    "fees rounded down": Mutant("rebates are rounded away from zero", engine, "sweep", _round_all_down),
    "fees rounded down, careful": Mutant("as before", matching, "fee", _round_down),
    "peak not counted down": Mutant("a partial fill leaves the peak as it was", BookSide, "fill", _keep_the_peak),
    "places kept": Mutant("a replace that grows keeps its place", Careful, "_keeps_place", _keep_every_place),
}  # fmt: skip
"""By name. The names of the places are the engine's own: who moves one of them moves it here."""

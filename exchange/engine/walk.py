"""What an aggressor would do to a book, before it does it.

In: a book and what an aggressor wants. Out: the steps, one after the other: trades, and what self-trade
prevention does on the way. Nothing is changed, so whoever asks can still say no: fill-or-kill, minimum
quantity, a replace that must not be killed, a trade outside the corridor.

Market orders that rest come first, then price levels; at a price the displayed orders, their refreshed
peaks in turn, then the hidden ones (rules 2, 24, 52).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from enum import Enum, auto
from typing import Final, NamedTuple

from exchange.engine.auction import reference_price_of
from exchange.engine.bands import Span
from exchange.engine.book import Book
from exchange.engine.book_side import BookSide
from exchange.engine.level import Level
from exchange.engine.order import Order
from exchange.engine.prorata import allocate
from protocol.vocabulary import AccountId, Allocation, Money, Price, Quantity, SelfTrade

UNBOUNDED: Final = 2**62
"""The quantity of an order that is bounded by money."""


class Deed(Enum):
    """What a step does."""

    TRADE = auto()
    CANCEL = auto()  # the maker, by self-trade prevention
    SHRINK = auto()  # both sides, by self-trade prevention


class Step(NamedTuple):
    deed: Deed
    maker: Order
    price: Price | None
    """Of a trade; otherwise where the maker rests."""
    quantity: Quantity


class Outcome(Enum):
    """Why the walk ended."""

    EXHAUSTED = auto()  # the aggressor has all it wanted, or nothing more is within its limit
    SELF_TRADE = auto()  # the aggressor reached an own order, and what is left of it must go
    CORRIDOR = auto()  # the next trade would leave the dynamic corridor (rule 38)


class Attempt(NamedTuple):
    """What an aggressor wants.

    ``limit_key``: the lowest key it trades at. ``limit``: the price it named, if any. ``budget``: how much
    money it may spend; ``None``: any.
    """

    account: AccountId
    group: str | None
    self_trade: SelfTrade
    quantity: Quantity
    limit_key: int
    limit: Price | None
    budget: Money | None = None
    corridor: Span | None = None
    execution_range: Span | None = None
    """Market orders only."""


class Plan:
    """The steps of one aggressor, in their order."""

    __slots__ = ("executed", "money", "outcome", "steps")

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.executed: Quantity = 0
        self.money: Money = 0
        self.outcome = Outcome.EXHAUSTED

    def trade(self, maker: Order, price: Price, quantity: Quantity) -> None:
        self.steps.append(Step(Deed.TRADE, maker, price, quantity))
        self.executed += quantity
        self.money += price * quantity


def plan(book: Book, opposite: BookSide, attempt: Attempt) -> Plan:
    """What the aggressor does if it takes whatever it can get."""
    walk = _Walk(book, opposite, attempt)
    walk.run()
    return walk.plan


def would_trade_at(book: Book, opposite: BookSide, attempt: Attempt) -> Price | None:
    """The price of the first trade the aggressor would make, own orders included (rule 21); ``None``: none."""
    wanting = attempt._replace(self_trade=SelfTrade.NONE, corridor=None)
    steps = plan(book, opposite, wanting).steps
    return steps[0].price if steps else None


class _Walk:
    """One walk through the opposite side."""

    def __init__(self, book: Book, opposite: BookSide, attempt: Attempt) -> None:
        self.plan = Plan()
        self._book = book
        self._opposite = opposite
        self._attempt = attempt
        self._left = attempt.quantity
        self._over = False

    def run(self) -> None:
        opposite, attempt = self._opposite, self._attempt
        for maker in opposite.market:
            price = price_with_resting_market(self._book, opposite, attempt)
            if price is None or self.finished():
                break
            self._visit(maker, price, maker.leaves, maker.leaves)
        pro_rata = self._book.instrument.allocation is Allocation.PRO_RATA
        for key in reversed(opposite.keys):
            if self.finished() or key < attempt.limit_key:
                break
            level = opposite.levels[opposite.sign * key]
            if pro_rata:
                self._share_level(level)
            else:
                self._queue(level)
            for maker in level.hidden:
                if self.finished():
                    break
                self._visit(maker, level.price, maker.leaves, maker.leaves)

    def finished(self) -> bool:
        """Whether the aggressor goes no further."""
        return self._over or not self._left

    def _queue(self, level: Level) -> None:
        """First in, first out: displayed quantities, then each refreshed peak behind the others."""
        refill_in_front = self._book.instrument.peak_refills_in_front
        refilled: deque[tuple[Order, Quantity, Quantity]] = deque()
        waiting = level.living()
        while not self.finished():
            maker = None if refilled and refill_in_front else next(waiting, None)
            if maker is not None:
                shown, open_quantity = _peak(maker)
            elif refilled:
                maker, shown, open_quantity = refilled.popleft()
            else:
                return
            taken = self._visit(maker, level.price, shown, open_quantity)
            if taken == shown < open_quantity:
                open_quantity -= taken
                refilled.append((maker, min(maker.terms.display or 0, open_quantity), open_quantity))

    def _visit(self, maker: Order, price: Price, shown: Quantity, open_quantity: Quantity) -> Quantity:
        """Meet one order and return how much of it trades. ``shown`` of its ``open_quantity`` is offered."""
        wanted = self._affordable(price)
        if wanted and maker.terms.all_or_none and maker.leaves > wanted:
            return 0
        if not wanted or self.outside(price):
            self._over = True
            return 0
        if self.is_own(maker):
            self._prevent(maker, open_quantity)
            return 0
        quantity = min(shown, wanted)
        self._over = quantity < shown  # also if it is the money that does not reach any further
        self._left -= quantity
        self.plan.trade(maker, price, quantity)
        return quantity

    def _affordable(self, price: Price) -> Quantity:
        """How much the aggressor still wants at this price: for money, whole lots (rule 20)."""
        budget = self._attempt.budget
        if budget is None:
            return self._left
        lot = self._book.instrument.lot
        return min(self._left, (budget - self.plan.money) // price // lot * lot)

    def outside(self, price: Price) -> bool:
        """Whether a trade at this price must not happen now (rules 38, 40)."""
        attempt = self._attempt
        if attempt.execution_range is not None and price not in attempt.execution_range:
            return True
        if attempt.corridor is None or price in attempt.corridor:
            return False
        self.plan.outcome = Outcome.CORRIDOR
        return True

    def is_own(self, maker: Order) -> bool:
        """Whether self-trade prevention is between the two (rule 31)."""
        attempt = self._attempt
        if attempt.self_trade is SelfTrade.NONE:
            return False
        return maker.account == attempt.account or (
            attempt.group is not None and maker.terms.self_trade_group == attempt.group
        )

    def _prevent(self, maker: Order, open_quantity: Quantity) -> None:
        """What happens instead of a trade with oneself (rule 31)."""
        mode, steps = self._attempt.self_trade, self.plan.steps
        if mode is SelfTrade.DECREMENT:
            quantity = min(self._left, open_quantity)
            steps.append(Step(Deed.SHRINK, maker, maker.price, quantity))
            self._left -= quantity
            return
        if mode is not SelfTrade.CANCEL_AGGRESSOR:
            steps.append(Step(Deed.CANCEL, maker, maker.price, open_quantity))
        if mode is not SelfTrade.CANCEL_MAKER:
            self.plan.outcome = Outcome.SELF_TRADE
            self._over = True

    # -- pro-rata ------------------------------------------------------------------------------

    def _share_level(self, level: Level) -> None:
        """Divide what is wanted among the displayed quantities, then among refreshed peaks, and so on."""
        round_: list[tuple[Order, Quantity, Quantity]] = []
        for maker in level.living():
            if self._over or not self._affordable(level.price):
                self._over = True
                return
            if not round_ and self.outside(level.price):
                self._over = True
                return
            if self.is_own(maker):
                self._prevent(maker, maker.leaves)
            else:
                round_.append((maker, *_peak(maker)))
        while round_ and not self.finished():
            round_ = self._share(level.price, round_)

    def _share(
        self, price: Price, round_: list[tuple[Order, Quantity, Quantity]]
    ) -> list[tuple[Order, Quantity, Quantity]]:
        """One round; returns the next one: the peaks that refill."""
        wanted = self._affordable(price)
        if not wanted or self.outside(price):
            self._over = True
            return []
        instrument, top_id = self._book.instrument, self._opposite.top_order_id
        top = next((at for at, (maker, _, _) in enumerate(round_) if maker.order_id == top_id), None)
        shares = allocate(
            [shown for _, shown, _ in round_],
            wanted,
            top=top,
            minimum=instrument.minimum_allocation,
            fifo_percent=instrument.fifo_percent,
            lot=instrument.lot,
        )
        order = list(range(len(round_)))
        if top is not None:
            order.insert(0, order.pop(top))
        self._over = sum(shares) < sum(shown for _, shown, _ in round_)
        for at in order:
            if shares[at]:
                self._left -= shares[at]
                self.plan.trade(round_[at][0], price, shares[at])
        return [
            (maker, min(maker.terms.display or 0, open_quantity - shown), open_quantity - shown)
            for maker, shown, open_quantity in round_
            if shown < open_quantity
        ]


def _peak(maker: Order) -> tuple[Quantity, Quantity]:
    """What is displayed of the order, and all that is open."""
    special = maker.special
    if special is None or special.terms.display is None:
        return maker.leaves, maker.leaves
    return special.shown, maker.leaves


def price_with_resting_market(book: Book, resting: BookSide, attempt: Attempt) -> Price | None:
    """At which price a market order that rests meets an aggressor; ``None``: at none (rule 52).

    ``resting`` is the side of the market order.
    """
    best, limit = resting.best, attempt.limit
    if best is not None and not book.instrument.market_at_aggressor_limit:
        # Equal to the aggressor's limit or better for it: for a seller a bid that is not lower.
        crosses = limit is None or resting.sign * best >= resting.sign * limit
        if crosses:
            return best
    price = limit if limit is not None else reference_price_of(book)
    # The protection of a market order is no limit that it names, but it holds (rule 17).
    return price if price is not None and resting.sign * price >= attempt.limit_key else None


# -- orders that trade whole or not at all ---------------------------------------------------------
def plan_whole(book: Book, opposite: BookSide, attempt: Attempt) -> Plan | None:
    """What the aggressor does if it can have all it wants, for its money if it has a bound; or ``None``.

    Own orders that self-trade prevention would stop at count for nothing (rule 14).
    """
    if opposite.all_or_none and any(
        maker.terms.all_or_none for maker, _ in _in_priority(book, opposite, attempt)
    ):
        found = _give_way(book, opposite, attempt)
    else:
        found = plan(book, opposite, attempt._replace(budget=None))
    if found is None or found.executed != attempt.quantity:
        return None
    return found


def _give_way(book: Book, opposite: BookSide, attempt: Attempt) -> Plan | None:
    """Fill the aggressor whole where all-or-none orders rest (rule 51).

    Orders passed on the way are kept in mind; as soon as the next one and some of these make up all
    that is wanted, they are taken: the earlier ones first, but no more of them than leaves room for an
    all-or-none order at the end.
    """
    wanted = attempt.quantity
    walk = _Walk(book, opposite, attempt)
    passed: list[tuple[Order, Price]] = []
    waiting = 0
    for maker, price in _in_priority(book, opposite, attempt):
        whole = maker.terms.all_or_none
        if whole and maker.leaves > wanted:
            continue
        if walk.outside(price):
            return None
        if walk.is_own(maker):
            if attempt.self_trade is not SelfTrade.CANCEL_MAKER:
                return None
            passed.append((maker, price))
            continue
        if maker.leaves + waiting >= wanted:
            found = _take(walk, passed, wanted - maker.leaves if whole else wanted)
            missing = wanted - found.executed  # never 0: what was passed is not enough
            if missing <= maker.leaves:
                found.trade(maker, price, missing)
                return found
        waiting += maker.leaves
        passed.append((maker, price))
    return None


def _take(walk: _Walk, passed: list[tuple[Order, Price]], most: Quantity) -> Plan:
    """The earliest quantities that make up ``most``, leaving out all-or-none orders that do not fit.

    Own orders on the way are canceled, as they are reached.
    """
    taken = Plan()
    for maker, price in passed:
        left = most - taken.executed
        if walk.is_own(maker):
            taken.steps.append(Step(Deed.CANCEL, maker, maker.price, maker.leaves))
        elif left and (maker.leaves <= left or not maker.terms.all_or_none):
            taken.trade(maker, price, min(maker.leaves, left))
    return taken


def _in_priority(book: Book, opposite: BookSide, attempt: Attempt) -> Iterator[tuple[Order, Price]]:
    """Everybody within the limit with the price of a trade."""
    price = price_with_resting_market(book, opposite, attempt) if opposite.market else None
    if price is not None:
        yield from ((maker, price) for maker in opposite.market)
    for key in reversed(opposite.keys):
        if key < attempt.limit_key:
            break
        level = opposite.levels[opposite.sign * key]
        yield from ((maker, level.price) for maker in level)

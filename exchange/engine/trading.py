"""Orders that go to the market on a book that asks for a closer look, and what follows from them.

In: an order with its terms, a book. Out: events, appended in the order in which they happen: the order's
own first, then the stops it triggers, then the pegs that follow (rule 4). Plain orders on plain books
never come here.
"""

from __future__ import annotations

from collections import deque

from exchange.engine import bands, pegs, walk
from exchange.engine.book import Book
from exchange.engine.book_side import BookSide
from exchange.engine.events import Event, OrderRepriced, PhaseChanged, StopTriggered
from exchange.engine.execution import Execution, rested
from exchange.engine.matching import ANY_PRICE
from exchange.engine.order import Order
from exchange.engine.phases import is_call
from exchange.engine.walk import UNBOUNDED, Attempt, Outcome, Plan
from protocol.vocabulary import (
    CancelReason,
    OrderType,
    Phase,
    Side,
    TimeInForce,
)


class Trading(Execution):
    """Aggressors from arrival to rest, and what they set off."""

    # -- an aggressor --------------------------------------------------------------------------

    def attempt(self, book: Book, order: Order) -> Attempt:
        """What the order wants from the opposite side now."""
        terms, opposite = order.terms, book.sides_of(order.side)[1]
        limit, limit_key, quantity = order.price, ANY_PRICE, order.leaves
        if limit is not None:
            limit_key = opposite.sign * limit
        elif terms.protection is not None and opposite.keys:
            limit_key = opposite.keys[-1] - terms.protection
        budget = None
        if order.order_type is OrderType.MARKET_BY_AMOUNT:
            quantity, budget = UNBOUNDED, terms.amount
        return Attempt(
            order.account, terms.self_trade_group or None, terms.self_trade or book.instrument.self_trade,
            quantity, limit_key, limit, budget, bands.dynamic_corridor(book),
            bands.execution_range(book)
            if limit is None and order.order_type is not OrderType.MONEY_LIMIT
            else None,
        )  # fmt: skip

    def arrive(self, book: Book, order: Order, events: list[Event], *, replaced: bool = False) -> None:
        """Match an order that is not in the book, then rest or cancel what is left of it.

        ``replaced``: it has been in already, and met its minimum quantity then (rule 33).
        """
        named = order.price is not None  # if it rests, its owner need not be told where
        if book.phase is not Phase.CONTINUOUS:
            self._collect(book, order, events, named=named)
            return
        own, opposite = book.sides_of(order.side)
        if order.order_type is OrderType.PEG:
            order.price = pegs.peg_price(own, order)
            self.rest(book, order, events, named=False)
            return
        if order.order_type is OrderType.MARKET_TO_LIMIT and order.price is None:
            order.price = opposite.best  # there is one: else it was refused (rule 19)
        if order.price is not None and not opposite.market_orders and not opposite.crosses(order.price):
            self._meet_nobody(book, order, events, named=named, replaced=replaced)
            return
        attempt = self.attempt(book, order)
        plan = self._plan(book, opposite, order, attempt, events)
        minimum = order.terms.minimum_quantity
        if plan is not None and minimum is not None and plan.executed < minimum and not replaced:
            events.append(self.kill(order, CancelReason.MINIMUM_QUANTITY))
        elif plan is not None:
            if order.order_type is OrderType.MARKET_BY_AMOUNT and plan.executed:
                # What its money buys is its quantity from now on; what stops it leaves a lot unbought.
                stopped = plan.outcome is Outcome.SELF_TRADE
                order.quantity = plan.executed + (book.instrument.lot if stopped else 0)
                order.leaves = order.quantity
            self.execute(book, opposite, order, plan.steps, events)
            self._finish(book, order, attempt, plan.outcome, events, named=named)

    def _meet_nobody(
        self, book: Book, order: Order, events: list[Event], *, named: bool, replaced: bool
    ) -> None:
        """Nothing is within the order's limit."""
        if order.time_in_force is TimeInForce.FOK:
            events.append(self.kill(order, CancelReason.FILL_OR_KILL))
        elif order.terms.minimum_quantity is not None and not replaced:
            events.append(self.kill(order, CancelReason.MINIMUM_QUANTITY))
        elif order.time_in_force is TimeInForce.IOC:
            events.append(self.kill(order, CancelReason.IMMEDIATE_OR_CANCEL))
        else:
            self.rest(book, order, events, named=named)

    def _plan(
        self, book: Book, opposite: BookSide, order: Order, attempt: Attempt, events: list[Event]
    ) -> Plan | None:
        """What the order does; ``None`` if it was killed without any effect."""
        terms = order.terms
        if order.time_in_force is TimeInForce.FOK or terms.all_or_none:
            plan = walk.plan_whole(book, opposite, attempt)
            if plan is not None and not _is_for_the_money(order, plan):
                plan = None
            if plan is None and order.time_in_force is TimeInForce.FOK:
                events.append(self.kill(order, CancelReason.FILL_OR_KILL))
                return None
            return plan or Plan()
        return walk.plan(book, opposite, attempt)

    # -- what is left of an aggressor ----------------------------------------------------------

    def _finish(
        self,
        book: Book,
        order: Order,
        attempt: Attempt,
        outcome: Outcome,
        events: list[Event],
        *,
        named: bool,
    ) -> None:
        if outcome is Outcome.CORRIDOR:
            self._start_volatility_auction(book, events)
        if order.order_type is OrderType.MARKET_BY_AMOUNT:
            self._finish_by_amount(order, outcome, events)
        elif not order.leaves:
            return
        elif outcome is Outcome.SELF_TRADE:
            events.append(self.kill(order, CancelReason.SELF_TRADE))
        elif book.phase is not Phase.CONTINUOUS:
            self._collect(book, order, events, named=named)
        elif order.price is None:
            self._finish_market(book, order, attempt, events)
        elif order.time_in_force is TimeInForce.IOC:
            events.append(self.kill(order, CancelReason.IMMEDIATE_OR_CANCEL))
        else:
            self.rest(book, order, events, named=named)

    def _finish_by_amount(self, order: Order, outcome: Outcome, events: list[Event]) -> None:
        """It bought what its money buys. Dust is not spent (rule 20)."""
        order.leaves = 0
        if outcome is Outcome.SELF_TRADE:
            events.append(self.kill(order, CancelReason.SELF_TRADE))
        elif not order.cumulative:
            events.append(self.kill(order, CancelReason.NO_LIQUIDITY))

    def _finish_market(self, book: Book, order: Order, attempt: Attempt, events: list[Event]) -> None:
        """The rest of a market order is canceled, or rests (rules 17, 18, 52)."""
        instrument, protection = book.instrument, order.terms.protection
        rests = (
            instrument.market_remainder_rests
            and order.time_in_force is not TimeInForce.IOC
            and instrument.execution_range is None
        )
        if rests and protection is None:
            self.rest(book, order, events, named=False)
            return
        if rests and attempt.limit_key != ANY_PRICE:
            limit = book.side(order.side.opposite).sign * attempt.limit_key
            limit = bands.passive_tick(instrument, order.side, limit)
            if bands.on_tick(instrument, limit):
                order.price = limit
                self.rest(book, order, events, named=False)
                return
        reason = CancelReason.MARKET_REMAINDER if order.cumulative else CancelReason.NO_LIQUIDITY
        events.append(self.kill(order, reason))

    def _collect(self, book: Book, order: Order, events: list[Event], *, named: bool) -> None:
        """In a call nothing trades: the order rests, the book may cross (rule 34)."""
        if order.time_in_force is TimeInForce.FOK:
            events.append(self.kill(order, CancelReason.FILL_OR_KILL))
        elif order.time_in_force is TimeInForce.IOC or not is_call(book.phase):
            events.append(self.kill(order, CancelReason.IMMEDIATE_OR_CANCEL))
        else:
            self.rest(book, order, events, named=named)

    def rest(self, book: Book, order: Order, events: list[Event], *, named: bool) -> None:
        """Put the order into the book. ``named``: at a price that its owner knows."""
        if not named:
            events.append(rested(order))
        own, opposite = book.sides_of(order.side)
        own.rest(order)
        if opposite.all_or_none and book.phase is Phase.CONTINUOUS:
            self._look_again(book, opposite, events)

    def look_again(self, book: Book, events: list[Event]) -> None:
        """Something rests that did not trade on its way: try all all-or-none orders again (rule 51)."""
        for side in book.sides:
            if side.all_or_none:
                self._look_again(book, side, events)

    def _look_again(self, book: Book, of_side: BookSide, events: list[Event]) -> None:
        """Try the all-or-none orders of a side that something crosses, in their priority."""
        opposite = book.side(of_side.side.opposite)
        waiting = [order for order in of_side.market if order.terms.all_or_none]
        for level in of_side.best_first():
            if not opposite.market and not opposite.crosses(level.price):
                break
            # Most are too big still: asked once for each price, not once for each order.
            offered = opposite.offered(opposite.sign * level.price)
            waiting += [order for order in level if order.leaves <= offered and order.terms.all_or_none]
        for order in waiting:
            if order.leaves:
                self.try_again(book, order, events)

    def try_again(self, book: Book, order: Order, events: list[Event]) -> None:
        """Fill an all-or-none order that rests, if it can be filled whole now (rule 51)."""
        opposite = book.side(order.side.opposite)
        attempt = self.attempt(book, order)
        if opposite.offered(attempt.limit_key) < order.leaves:
            return
        plan = walk.plan_whole(book, opposite, attempt)
        if plan is not None:
            # Out of its queue for good: the plan fills it whole.
            order.leaves = book.side(order.side).take_out(order)
            self.execute(book, opposite, order, plan.steps, events)

    def _start_volatility_auction(self, book: Book, events: list[Event]) -> None:
        events.append(PhaseChanged(book.instrument.symbol, Phase.VOLATILITY_AUCTION, book.phase))
        book.phase = Phase.VOLATILITY_AUCTION

    # -- what follows: stops, then pegs --------------------------------------------------------

    def settle(self, book: Book, events: list[Event]) -> None:
        """Everything that one order's arrival or departure sets off (rules 4, 28, 53)."""
        told = -1
        while told != len(events) and book.matches():
            if book.stops.count:
                self._run_stops(book, events)
            told = len(events)
            # A stop may have begun a volatility auction: pegs move in continuous trading only.
            if book.matches() and (book.bids.pegged or book.asks.pegged):
                for side in book.sides:
                    self._move_pegs(book, side, events)
                if told != len(events):
                    # Where pegs rest anew, all-or-none orders look again; trades of theirs start over.
                    told = len(events)
                    self.look_again(book, events)
        book.notice()

    def _run_stops(self, book: Book, events: list[Event]) -> None:
        """Elected stops go one after the other; each may elect more, behind those that wait (rule 28)."""
        elected: deque[Order] = deque()
        while True:
            if book.last_price is not None and book.phase is Phase.CONTINUOUS:
                elected.extend(book.stops.elect(book.last_price))
            if not elected:
                return
            self.activate(book, elected.popleft(), events)

    def activate(self, book: Book, order: Order, events: list[Event]) -> None:
        """A stop whose price is there becomes a market or a limit order."""
        special = order.special
        assert special is not None
        assert special.stop_price is not None
        order.moved_by, special.pending = self.seq, False
        events.append(
            StopTriggered(
                order.account, order.client_order_id, order.order_id, order.symbol, order.side,
                special.stop_price,
            )
        )  # fmt: skip
        band = bands.entry_band(book)
        if order.price is not None and band is not None and order.price not in band:
            events.append(self.kill(order, CancelReason.OUTSIDE_BAND))
            return
        self.arrive(book, order, events)

    def _move_pegs(self, book: Book, side: BookSide, events: list[Event]) -> None:
        """Pegs follow the best of their side, behind the order that set it, in their order (rule 53)."""
        best = pegs.best_to_peg_to(side)
        if best == side.pegged_to:
            return  # they are where they belong: a book of many pegs must not look at each with every command
        for order in list(side.pegs):
            if best is None:
                events.append(self.pull(book, order, CancelReason.NOTHING_TO_PEG_TO))
                continue
            price, old_price = pegs.capped(side, best, order), order.price
            assert old_price is not None
            if price == old_price:
                continue
            order = self.relocate(book, order, price, order.quantity)
            side.rest(order)
            events.append(
                OrderRepriced(
                    order.account, order.client_order_id, order.order_id, order.symbol, order.side,
                    old_price, price, order.leaves,
                )
            )  # fmt: skip
        side.pegged_to = best


def _is_for_the_money(order: Order, plan: Plan) -> bool:
    """Whether the whole costs a buyer at most, or brings a seller at least, what the order says (rule 54)."""
    amount = order.terms.amount
    if order.order_type is not OrderType.MONEY_LIMIT or amount is None:
        return True
    return plan.money <= amount if order.side is Side.BUY else plan.money >= amount

"""Who trades with whom in the naive market while trading is continuous.

In: an order that arrives, on its own or out of the book (an all-or-none that is looked at again). Out:
trades, and what self-trade prevention does to both sides, as facts of the state. What is left of the
order is the caller's to rest or to cancel. "What would happen" is always answered by doing it to a copy.
"""

from dataclasses import dataclass, field

from tests.support.naive_prorata import shares
from tests.support.naive_state import NaiveOrder, NaiveState, crosses, down_to_lot, other, sign_of, tick_at

MARKETS = ("market", "market_by_amount", "stop")
"""Types that obey the execution range (rule 40)."""


@dataclass
class Sweep:
    """One aggressor, with the bounds that hold for the whole of its sweep."""

    state: NaiveState
    order: NaiveOrder
    limit: int | None
    """The worst price it accepts: its limit or its protection price."""
    range: tuple[int, int] | None = None
    """Prices it may trade at, inclusive; frozen (rule 40)."""
    corridor: tuple[int, int] | None = None
    """Prices at which trading goes on, inclusive; frozen (rule 38)."""
    standing: int | None = None
    """The last price, or what stands in for it; frozen (rule 52)."""
    passed: set[int] = field(default_factory=set)
    """All-or-none orders it met and was too small for."""

    def go(self) -> str | None:
        """Trade as far as it goes. Out: why it ended before its time: ``self`` or ``corridor``."""
        rules = self.state.listed[self.order.symbol]
        while True:
            maker = self.next()
            if maker is None:
                return None
            price = self.price_against(maker)
            assert price is not None
            if rules.allocation == "pro_rata" and maker.price is not None:
                level = self.level(maker)
                if not inside(self.corridor, price):
                    return "corridor"
                displayed = [each for each in level if each.shown] or level[:1]
                if not any(self.is_own(each) for each in displayed):
                    self.divide(displayed, price)
                elif self.prevent(displayed, price):
                    return "self"
                continue
            if not inside(self.corridor, price):
                return "corridor"
            if self.is_own(maker):
                stop = self.prevent([maker], price)
                if stop:
                    return stop
                continue
            self.trade(maker, price, min(self.wanted(price), maker.shown or maker.open))

    # -- who is next ---------------------------------------------------------------------------
    def reach(self) -> list[NaiveOrder]:
        """Everybody it could trade with if it were big enough, in order."""
        found = []
        for maker in self.state.queue(self.order.symbol, other(self.order.side)):
            price = self.price_against(maker)
            if price is None:
                continue
            if crosses(self.order.side, self.limit, price):
                found.append(maker)
            elif maker.price is not None:
                break
        return found

    def next(self) -> NaiveOrder | None:
        """Whom it meets now. An all-or-none too big for it is passed over (rule 51)."""
        for maker in self.reach():
            price = self.price_against(maker)
            assert price is not None
            wanted = self.wanted(price)
            if maker.id in self.passed:
                continue
            if not wanted:
                return None
            if not maker.terms.all_or_none or maker.open <= wanted:
                return maker if inside(self.range, price) else None
            self.passed.add(maker.id)
        return None

    def level(self, maker: NaiveOrder) -> list[NaiveOrder]:
        return [each for each in self.reach() if each.price == maker.price]

    def wanted(self, price: int) -> int:
        """How much it takes at a price."""
        if self.order.type == "market_by_amount":  # rule 20
            return down_to_lot(self.state.listed[self.order.symbol], self.order.money // price)
        return self.order.open

    def price_against(self, maker: NaiveOrder) -> int | None:
        """Rules 1 and 52; ``None``: these two can't trade."""
        if maker.price is not None:
            return maker.price
        symbol = self.order.symbol
        best = self.state.best(symbol, maker.side)
        if self.state.listed[symbol].market_at_aggressor_limit:
            best = None
        if best is not None and crosses(self.order.side, self.limit, best):
            return best
        if self.limit is not None and (self.order.price is not None or self.order.type == "market_to_limit"):
            return self.limit
        return self.standing

    # -- self-trade prevention (rules 31, 32) --------------------------------------------------
    @property
    def mode(self) -> str:
        mode = self.order.terms.self_trade or self.state.listed[self.order.symbol].self_trade
        # An amount of money has no quantity that could shrink.
        return "cancel_maker" if mode == "decrement" and self.order.type == "market_by_amount" else mode

    def is_own(self, maker: NaiveOrder) -> bool:
        if self.mode == "none":
            return False
        group = self.order.terms.self_trade_group
        return maker.account == self.order.account or bool(group and group == maker.terms.self_trade_group)

    def prevent(self, makers: list[NaiveOrder], price: int) -> str | None:
        """What becomes of the own orders among these, and of the aggressor. Out: ``self`` if it died."""
        state, order = self.state, self.order
        for maker in makers:
            if not self.is_own(maker) or not self.wanted(price):
                continue
            if self.mode in ("cancel_maker", "cancel_both"):
                state.end(maker, "self_trade")
            if self.mode in ("cancel_aggressor", "cancel_both"):
                state.end(order, "self_trade")
                return "self"
            if self.mode == "decrement":
                quantity = min(self.wanted(price), maker.open)
                for each in (maker, order):
                    shrink(state, each, quantity)
                if order.canceled:
                    return "self"
        return None

    # -- trades --------------------------------------------------------------------------------
    def divide(self, makers: list[NaiveOrder], price: int) -> None:
        """One round at one price of a pro-rata instrument (rule 39): the displayed, or the first hidden one."""
        state, order = self.state, self.order
        rules = state.listed[order.symbol]
        if not makers[0].shown:
            self.trade(makers[0], price, min(self.wanted(price), makers[0].open))
            return
        top = state.top.get((order.symbol, other(order.side)))
        makers = sorted(makers, key=lambda maker: maker.id != top)
        sizes = [maker.shown for maker in makers]
        wanted = min(self.wanted(price), sum(sizes))
        for maker, quantity in zip(
            makers, shares(rules, wanted, sizes, top_first=makers[0].id == top), strict=True
        ):
            if quantity:
                self.trade(maker, price, quantity)

    def trade(self, maker: NaiveOrder, price: int, quantity: int) -> None:
        state, order = self.state, self.order
        symbol = order.symbol
        state.trades += 1
        bought = sign_of(order.side) * quantity
        if order.type == "market_by_amount":
            order.money -= price * quantity
            order.total += quantity
        refills = maker.terms.display is not None
        maker.peak -= quantity
        state.fill(maker, quantity, -bought)
        state.fill(order, quantity, bought)
        if refills and maker.open and maker.peak <= 0:  # rule 23
            maker.peak = min(maker.terms.display or 0, maker.open)
            if not state.listed[symbol].peak_refills_in_front:
                state.arrivals += 1
                maker.arrival = state.arrivals
        state.tell(
            "trade", state.trades, symbol, price, quantity, maker.id, order.id,
            state.fee(symbol, price, quantity, maker=True), state.fee(symbol, price, quantity, maker=False),
            maker.executed, maker.open, order.executed,
        )  # fmt: skip
        state.set_last_price(symbol, price)


def shrink(state: NaiveState, order: NaiveOrder, quantity: int) -> None:
    """Decrement: what was prevented leaves the order without a trade."""
    if order.open == quantity:
        state.end(order, "self_trade")
    else:
        order.prevented += quantity
        order.peak = min(order.peak, order.open)
        rested = order.price if order.place == "book" else None
        state.tell("prevented", order.id, rested, quantity, order.executed, order.open)


def inside(bounds: tuple[int, int] | None, price: int) -> bool:
    return bounds is None or bounds[0] <= price <= bounds[1]


def around(middle: int | None, distance: int | None) -> tuple[int, int] | None:
    return None if middle is None or distance is None else (middle - distance, middle + distance)


def sweep_of(state: NaiveState, order: NaiveOrder, limit: int | None) -> Sweep:
    """The sweep of an order that arrives now."""
    symbol = order.symbol
    rules = state.listed[symbol]
    from_last = state.last_price.get(symbol, state.reference[symbol])
    return Sweep(
        state, order, limit,
        around(state.middle(symbol), rules.execution_range) if order.type in MARKETS else None,
        around(from_last, rules.dynamic_corridor),
        from_last,
    )  # fmt: skip


def limit_of(state: NaiveState, order: NaiveOrder) -> int | None:
    """The worst price the order accepts when it arrives now (rules 17, 19)."""
    if order.price is not None:
        return order.price
    best = state.best(order.symbol, other(order.side))
    if order.type == "market_to_limit":
        return best
    if order.terms.protection is None or best is None:
        return None
    limit = best + sign_of(order.side) * order.terms.protection
    while limit > 0 and limit % tick_at(state.listed[order.symbol], limit):
        limit -= sign_of(order.side)
    return limit


def would_trade(state: NaiveState, order: NaiveOrder, limit: int | None) -> int | None:
    """Rule 21: the price at which it would trade first, whoever's order that is; 0 for a market order's."""
    probe = Sweep(
        state, order, limit, standing=state.last_price.get(order.symbol, state.reference[order.symbol])
    )
    maker = probe.next()
    return None if maker is None else maker.price or 0


def trial(state: NaiveState, order: NaiveOrder, limit: int | None) -> tuple[str | None, Sweep]:
    """What the ordinary sweep would come to."""
    probe = sweep_of(*state.trial(order), limit)
    return probe.go(), probe

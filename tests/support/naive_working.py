"""The life of an order in the naive market from its arrival on: trade, rest, wait, be triggered, follow.

In: an order that is valid. Out: facts of the state. An order arrives when it is entered, when a replace
sends it to the back, and when its stop price is reached.
"""

from tests.support.naive_matching import limit_of, sweep_of, trial
from tests.support.naive_state import STOPS, NaiveOrder, NaiveState, crosses, is_price, other, sign_of
from tests.support.naive_whole import look_again, trade_whole


def arrive(state: NaiveState, order: NaiveOrder, *, named: bool = False) -> None:
    """Everything an order does at once. ``named``: a fact said already where it is going to rest."""
    if not state.is_continuous(order.symbol):
        if order.time_in_force == "fok":
            state.end(order, "fill_or_kill")
        elif order.time_in_force == "ioc":
            state.end(order, "immediate_or_cancel")
        else:
            come_to_rest(state, order, order.price, named=named)
        return
    limit = limit_of(state, order)
    if order.type == "peg":
        come_to_rest(state, order, limit, named=named)
        return
    if order.whole:
        if trade_whole(state, order, limit):
            return
        if order.time_in_force == "fok" or order.type == "money_limit":
            state.end(order, "fill_or_kill")
            return
        stopped = None
    else:
        minimum = order.terms.minimum_quantity
        if minimum is not None and not named:
            _, probe = trial(state, order, limit)
            if probe.order.executed < minimum:
                state.end(order, "minimum_quantity")  # rule 33
                return
        stopped = sweep_of(state, order, limit).go()
    if stopped == "corridor":  # rule 38
        state.tell("phase", order.symbol, "volatility_auction", state.phase[order.symbol])
        state.phase[order.symbol] = "volatility_auction"
    if order.type == "market_by_amount":
        if not order.executed and not order.canceled:
            state.end(order, "no_liquidity")
        return
    if order.open:
        leave_over(state, order, limit, named=named, joins_call=stopped == "corridor")


def leave_over(
    state: NaiveState, order: NaiveOrder, limit: int | None, *, named: bool, joins_call: bool
) -> None:
    """What is left of an order rests or is canceled (rules 13, 17, 19)."""
    rules = state.listed[order.symbol]
    at_once = order.time_in_force in ("ioc", "fok")
    if order.type not in ("market", "stop") or order.price is not None or (at_once and joins_call):
        if at_once:
            state.end(order, "immediate_or_cancel")
        else:
            come_to_rest(state, order, limit, named=named)
        return
    if not at_once:
        if joins_call:
            come_to_rest(state, order, None, named=named)
            return
        if rules.market_remainder_rests and rules.execution_range is None:
            protected = order.terms.protection is not None
            if not protected or (limit is not None and is_price(rules, limit)):
                come_to_rest(state, order, limit, named=named)
                return
    state.end(order, "market_remainder" if order.executed else "no_liquidity")


def enter_for_the_close(state: NaiveState, symbol: str) -> None:
    """The closing auction begins: its orders come in, in the order in which they were entered (rule 16)."""
    for order in sorted(state.waiting(symbol), key=lambda order: order.arrival):
        if order.time_in_force == "at_the_close":
            come_to_rest(state, order, order.price, named=False)


def come_to_rest(state: NaiveState, order: NaiveOrder, price: int | None, *, named: bool) -> None:
    """The order rests; if its entry did not name the price, somebody has to say so."""
    says = order.price is None or (order.type == "peg" and not named)
    order.price = price
    state.rest(order)
    if says:
        state.tell("rested", order.id, price, order.open)
    look_again(state, order.symbol, other(order.side))


# -- stops (rules 27 to 30) ------------------------------------------------------------------------
def is_through(state: NaiveState, order: NaiveOrder) -> bool:
    """Whether the last price reached the stop price."""
    last = state.last_price.get(order.symbol)
    return last is not None and order.stop is not None and crosses(order.side, last, order.stop)


def place_stop(state: NaiveState, order: NaiveOrder) -> None:
    """A stop is entered or changed: it waits, or it is reached already."""
    state.wait(order)
    last = state.last_price.get(order.symbol)
    if order.stop is None and order.terms.trail is not None and last is not None:
        stop = last + sign_of(order.side) * order.terms.trail
        order.stop = stop if stop > 0 else None
    if state.is_continuous(order.symbol) and is_through(state, order):
        trigger(state, order, order.stop)


def trigger(state: NaiveState, order: NaiveOrder, stop: int | None) -> None:
    state.tell("triggered", order.id, stop)
    order.place = "nowhere"
    if order.price is not None and not in_band(state, order.symbol, order.price):
        state.end(order, "outside_band")
        return
    arrive(state, order)


def trigger_stops(state: NaiveState, symbol: str) -> None:
    """Rule 28: one after the other, until nobody is reached."""
    elected: list[tuple[NaiveOrder, int | None]] = []
    while True:
        reached = [
            order
            for order in state.waiting(symbol)
            if state.is_continuous(symbol)
            and order.type in STOPS
            and is_through(state, order)
            and order not in [each for each, _ in elected]
        ]
        for side in ("buy", "sell"):
            of_side = [order for order in reached if order.side == side]
            of_side.sort(key=lambda order: (sign_of(order.side) * (order.stop or 0), order.arrival))
            elected += [(order, order.stop) for order in of_side]
        if not elected:
            return
        trigger(state, *elected.pop(0))


def in_band(state: NaiveState, symbol: str, price: int) -> bool:
    """Rule 40."""
    band, middle = state.listed[symbol].band, state.middle(symbol)
    return band is None or middle is None or abs(price - middle) <= band


# -- pegs (rule 53) --------------------------------------------------------------------------------
def peg_price(state: NaiveState, order: NaiveOrder) -> int | None:
    """Where a peg belongs; ``None``: there is nothing to follow."""
    prices = [
        each.price
        for each in state.queue(order.symbol, order.side)
        if each.price is not None
        and each.type != "peg"
        and not each.terms.hidden
        and not each.terms.all_or_none
    ]
    if not prices:
        return None
    if order.cap is None:
        return prices[0]
    return min(prices[0], order.cap) if order.side == "buy" else max(prices[0], order.cap)


def follow(state: NaiveState, symbol: str) -> None:
    """All pegs of an instrument follow, bids first; if any did, every all-or-none is looked at again."""
    before = -1
    while state.is_continuous(symbol) and state.trades != before:
        before = state.trades
        if move_pegs(state, symbol):
            for side in ("buy", "sell"):
                look_again(state, symbol, side)
        if state.trades != before:
            trigger_stops(state, symbol)


def move_pegs(state: NaiveState, symbol: str) -> bool:
    """Every peg goes where it belongs. Out: whether any was not there."""
    moved = False
    for side in ("buy", "sell"):
        pegs = [each for each in state.queue(symbol, side) if each.type == "peg"]
        for order in sorted(pegs, key=lambda each: each.arrival):
            price = peg_price(state, order)
            if price is None:
                state.end(order, "nothing_to_peg_to")
                moved = True
            elif price != order.price:
                state.tell("repriced", order.id, order.price, price, order.open)
                state.leave(order)
                order.price = price
                state.rest(order)
                moved = True
    return moved


def settle(state: NaiveState, symbol: str) -> None:
    """Rule 4: what follows a command."""
    trigger_stops(state, symbol)
    follow(state, symbol)

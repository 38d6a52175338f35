"""Orders that trade whole or not at all: fill or kill, all-or-none, money-limited (rules 14, 33, 51, 54).

In: an aggressor with its bounds. Out: whether it traded; if it did not, nothing at all happened.
"""

from dataclasses import dataclass

from tests.support.naive_matching import Sweep, inside, sweep_of, trial
from tests.support.naive_state import NaiveOrder, NaiveState


@dataclass
class Take:
    """So much from this order; nothing from an own order that is walked past."""

    maker: NaiveOrder
    quantity: int


def trade_whole(state: NaiveState, order: NaiveOrder, limit: int | None) -> bool:
    """Trade the whole order if that is possible."""
    sweep = sweep_of(state, order, limit)
    if not meets_all_or_none(sweep):
        _, probe = trial(state, order, limit)
        spent = sum(fact[3] * fact[4] for fact in probe.state.facts if fact[0] == "trade")
        if probe.order.executed - order.executed < order.open or not affordable(order, spent):
            return False
        sweep.go()
        return True
    takes = give_way(sweep)
    if takes is None or not affordable(order, sum(take.quantity * price_of(sweep, take) for take in takes)):
        return False
    for take in takes:
        if take.quantity:
            sweep.trade(take.maker, price_of(sweep, take), take.quantity)
        else:
            state.end(take.maker, "self_trade")
    return True


def meets_all_or_none(sweep: Sweep) -> bool:
    """Whether anybody is within its limit for whom others would have to give way."""
    return any(maker.terms.all_or_none for maker in sweep.reach())


def affordable(order: NaiveOrder, money: int) -> bool:
    """Rule 54."""
    amount = order.terms.amount
    if amount is None:
        return True
    return money <= amount if order.side == "buy" else money >= amount


def price_of(sweep: Sweep, take: Take) -> int:
    price = sweep.price_against(take.maker)
    assert price is not None
    return price


def give_way(sweep: Sweep) -> list[Take] | None:
    """Rule 51: whom to take how much from, so that all-or-none orders are taken whole."""
    wanted = sweep.order.open
    deferred: list[NaiveOrder] = []
    past: list[NaiveOrder] = []
    """Own orders on the way, which die when it trades."""
    for maker in sweep.reach():
        price = sweep.price_against(maker)
        assert price is not None
        if maker.terms.all_or_none and maker.open > wanted:
            continue
        if not inside(sweep.range, price) or not inside(sweep.corridor, price):
            return None
        if sweep.is_own(maker):
            if sweep.mode != "cancel_maker":
                return None
            past.append(maker)
            continue
        if maker.open + sum(each.open for each in deferred) >= wanted:
            room = wanted - maker.open if maker.terms.all_or_none else wanted
            takes = as_much_as_fits(deferred, room)
            rest = wanted - sum(take.quantity for take in takes)
            if rest == maker.open if maker.terms.all_or_none else rest <= maker.open:
                takes += [Take(each, 0) for each in past]
                walked = {each.id: number for number, each in enumerate(sweep.reach())}
                takes.sort(key=lambda take: walked[take.maker.id])
                return takes + [Take(maker, rest)] * (rest > 0)
        deferred.append(maker)
    return None


def as_much_as_fits(makers: list[NaiveOrder], room: int) -> list[Take]:
    """From the first on; an all-or-none that does not fit whole is left out."""
    takes = []
    for maker in makers:
        quantity = min(maker.open, room)
        if quantity and (quantity == maker.open or not maker.terms.all_or_none):
            takes.append(Take(maker, quantity))
            room -= quantity
    return takes


def look_again(state: NaiveState, symbol: str, side: str) -> None:
    """Rule 51: the all-or-none orders of a side may be filled now, because somebody came to rest."""
    if not state.is_continuous(symbol):
        return
    for order in state.queue(symbol, side):
        if order.terms.all_or_none and order.place == "book":
            trade_whole(state, order, order.price)

"""Auctions and phases of the naive market (rules 34 to 38).

In: a change of phase. Out: facts of the state.
"""

from typing import NamedTuple

from exchange.engine.commands import ChangePhase
from tests.support.naive_matching import around, inside
from tests.support.naive_state import CALLS, NaiveOrder, NaiveState, crosses, is_price, wrong_price
from tests.support.naive_whole import look_again
from tests.support.naive_working import enter_for_the_close, settle


class Indicative(NamedTuple):
    price: int | None
    volume: int
    surplus: int


def takers(state: NaiveState, symbol: str, side: str, price: int | None) -> list[NaiveOrder]:
    """Who takes part at a price (``None``: at any), in order; an iceberg with all it has."""
    return [
        order
        for order in state.queue(symbol, side)
        if not order.terms.all_or_none
        and (price is None or order.price is None or crosses(side, order.price, price))
    ]


def interest(state: NaiveState, symbol: str, side: str, price: int) -> int:
    return sum(order.open for order in takers(state, symbol, side, price))


def indicative(state: NaiveState, symbol: str, reference: int | None) -> Indicative:
    """Rules 35 and 36: the price at which the auction would be held now."""
    limits = {
        order.price
        for side in ("buy", "sell")
        for order in takers(state, symbol, side, None)
        if order.price is not None
    }
    candidates = []
    if reference is not None and is_price(state.listed[symbol], reference):
        limits.add(reference)
    for price in sorted(limits):
        bought, sold = (interest(state, symbol, side, price) for side in ("buy", "sell"))
        candidates.append(Indicative(price, min(bought, sold), bought - sold))
    most = max((each.volume for each in candidates), default=0)
    if not most:
        return Indicative(None, 0, 0)
    candidates = [each for each in candidates if each.volume == most]
    least = min(abs(each.surplus) for each in candidates)
    candidates = [each for each in candidates if abs(each.surplus) == least]
    if all(each.surplus > 0 for each in candidates):
        return candidates[-1]
    if all(each.surplus < 0 for each in candidates) or reference is None:
        return candidates[0]
    return min(candidates, key=lambda each: abs((each.price or 0) - reference))


def change_phase(state: NaiveState, command: ChangePhase) -> None:
    symbol = str(command.symbol)
    if symbol not in state.listed:
        state.tell("rejected", None, None, ("unknown_symbol",))
        return
    wrong = wrong_price(state.listed[symbol], command.reference_price or 0)
    if command.reference_price is not None and wrong and wrong != ["off_tick"]:
        state.tell("rejected", None, None, tuple(wrong))
        return
    previous, phase = state.phase[symbol], str(command.phase)
    if phase == previous:
        state.tell("phase", symbol, phase, previous)
        return
    holds = phase == "continuous" or (phase == "closed" and previous in CALLS)
    if holds and not hold_auction(state, command):
        return
    state.phase[symbol] = phase
    state.tell("phase", symbol, phase, previous)
    if phase == "closing_auction":
        enter_for_the_close(state, symbol)
    for side in ("buy", "sell"):
        look_again(state, symbol, side)
    settle(state, symbol)


def hold_auction(state: NaiveState, command: ChangePhase) -> bool:
    """Whether it was held; it is not if its price would leave the static corridor (rule 38)."""
    symbol = str(command.symbol)
    standing = state.reference[symbol] if command.reference_price is None else command.reference_price
    reference = command.reference_price
    if reference is None:
        reference = state.last_price.get(symbol, state.reference[symbol])
    found = indicative(state, symbol, reference)
    corridor = around(standing, state.listed[symbol].static_corridor)
    if found.price is not None and not command.forced and not inside(corridor, found.price):
        state.tell("auction_extended", symbol, state.phase[symbol], found.price)
        return False
    if found.price is not None:
        pair(state, symbol, found.price)
        state.reference[symbol] = found.price
    state.tell("auction_held", symbol, *found)
    after_auction(state, symbol, found.price)
    return True


def pair(state: NaiveState, symbol: str, price: int) -> None:
    """Rule 37: both queues from the front, until one of them is through."""
    while True:
        buyers, sellers = (takers(state, symbol, side, price) for side in ("buy", "sell"))
        if not buyers or not sellers:
            return
        buyer, seller = buyers[0], sellers[0]
        quantity = min(buyer.open, seller.open)
        state.trades += 1
        fee = state.fee(symbol, price, quantity, maker=True)
        for order, bought in ((buyer, quantity), (seller, -quantity)):
            state.fill(order, quantity, bought)
            order.peak -= quantity
            if order.peak <= 0:
                order.peak = min(order.terms.display or 0, order.open)
        state.tell(
            "auction_trade", state.trades, symbol, price, quantity, buyer.id, seller.id, fee, fee,
            buyer.executed, buyer.open, seller.executed, seller.open,
        )  # fmt: skip
        state.set_last_price(symbol, price)


def after_auction(state: NaiveState, symbol: str, price: int | None) -> None:
    """What took part in this auction only goes; a market-to-limit gets its limit (rules 16, 19)."""
    for side in ("buy", "sell"):
        for order in in_order_of_removal(state, symbol, side):
            if order.time_in_force in ("at_the_open", "at_the_close"):
                state.end(order, "auction_over")
    for side in ("buy", "sell"):
        for order in state.queue(symbol, side):
            if order.type == "market_to_limit" and order.price is None and price is not None:
                state.price_at(order, price)
                state.tell("rested", order.id, price, order.open)


def in_order_of_removal(state: NaiveState, symbol: str, side: str) -> list[NaiveOrder]:
    """Rule 15: what rests on a side, price ascending, first in first out."""
    return sorted(state.queue(symbol, side), key=lambda order: (order.price is not None, order.price or 0))

"""What the naive market refuses, and all the reasons it would have (rules 6, 8, 12, 19, 21, 34, 40, 53).

In: a command and the state. Out: words of ``RejectReason``; none if the command is fine. The order of the
reasons is that in which a plain order is looked at. Where several things are wrong with a special order,
any of the reasons is a true answer.
"""

from exchange.engine.commands import AddInstrument, EnterOrder, ReplaceOrder, Terms
from tests.support.naive_matching import trial, would_trade
from tests.support.naive_state import CALLS, STOPS, NaiveOrder, NaiveState, is_price, other, wrong_price
from tests.support.naive_working import in_band, peg_price

AUCTION_ONLY = ("at_the_open", "at_the_close")
PRICED = ("limit", "stop_limit")
TYPES_OF = {
    "protection": ("market", "stop"),
    "cap": ("peg",),
    "amount": ("market_by_amount", "money_limit"),
    "stop_price": STOPS,
    "trail": STOPS,
    "display": ("limit", "stop_limit", "peg"),
    "hidden": ("limit", "stop_limit", "peg"),
    "minimum_quantity": ("limit", "market", "market_to_limit"),
    "all_or_none": ("limit", "market", "stop", "stop_limit"),
}
"""Which types of order may have which of the terms."""


def wrong_quantity(rules: AddInstrument, quantity: int) -> list[str]:
    if quantity <= 0:
        return ["quantity_not_positive"]
    if quantity < rules.minimum_quantity:
        return ["below_minimum_quantity"]
    if quantity > rules.maximum_quantity:
        return ["above_maximum_quantity"]
    return ["off_lot"] if quantity % rules.lot else []


# -- entry -----------------------------------------------------------------------------------------
def of_entry(rules: AddInstrument, command: EnterOrder) -> list[str]:
    """What is wrong with the order itself, wherever the market stands."""
    terms = command.terms or Terms()
    kind = str(command.order_type)
    wrong: list[str] = []
    if kind == "market_by_amount":
        wrong += ["conflicting_fields"] * (command.quantity != 0)
    else:
        wrong += wrong_quantity(rules, command.quantity)
    if kind in PRICED:
        wrong += ["price_missing"] if command.price is None else wrong_price(rules, command.price)
    elif command.price is not None:
        wrong.append("price_unexpected")
    wrong += of_conflicts(rules, command, terms)
    if kind in STOPS and terms.stop_price is None and terms.trail is None:
        wrong.append("field_missing")
    if kind in TYPES_OF["amount"] and terms.amount is None:
        wrong.append("field_missing")
    for price in (terms.stop_price, terms.cap):
        wrong += wrong_price(rules, price) if price is not None else []
    if terms.reserve_price is not None:
        wrong += of_reserve(rules, command, terms.reserve_price)
    for distance, least in ((terms.trail, 1), (terms.protection, 0)):
        if distance is not None:
            wrong += ["price_not_positive"] * (distance < least) + ["off_tick"] * bool(distance % rules.tick)
    if terms.amount is not None and terms.amount <= 0:
        wrong.append("price_not_positive")
    for quantity in (terms.display, terms.minimum_quantity):
        if quantity is not None:
            wrong += ["quantity_not_positive"] * (quantity <= 0) + ["off_lot"] * bool(quantity % rules.lot)
    if terms.expires_at_ns is not None and terms.expires_at_ns <= command.at_ns:
        wrong.append("already_expired")
    return wrong


def of_reserve(rules: AddInstrument, command: EnterOrder, reserve: int) -> list[str]:
    """Rule 41: a buy with a limit, which lies within the price it holds for."""
    wrong = ["conflicting_fields"] * (command.side == "sell" or command.order_type not in PRICED)
    wrong += ["over_reserve"] * (command.price is not None and command.price > reserve)
    return wrong + wrong_price(rules, reserve)


def of_conflicts(rules: AddInstrument, command: EnterOrder, terms: Terms) -> list[str]:
    kind, in_force = str(command.order_type), str(command.time_in_force)
    at_once = in_force in ("ioc", "fok")
    given = {
        name for name in TYPES_OF if getattr(terms, name) is not None and getattr(terms, name) is not False
    }
    peak = "display" in given or "hidden" in given
    conflicts = [
        any(kind not in TYPES_OF[name] for name in given),
        {"display", "hidden"} <= given,
        peak and (at_once or terms.all_or_none),
        terms.display is not None and 1000 * terms.display < command.quantity,
        terms.minimum_quantity is not None and (command.post_only or terms.all_or_none),
        terms.minimum_quantity is not None and terms.minimum_quantity > command.quantity,
        terms.all_or_none and rules.allocation == "pro_rata",
        command.post_only and (kind != "limit" or at_once or terms.all_or_none),
        terms.post_only is not None and not command.post_only,
        terms.expires_at_ns is not None and in_force != "gtd",
        kind == "peg" and at_once,
        kind == "money_limit" and in_force != "fok",
        kind == "market_by_amount" and in_force == "fok",
        in_force in AUCTION_ONLY
        and (
            kind not in ("limit", "market", "market_to_limit")
            or bool(given & {"minimum_quantity", "all_or_none"})
        ),
    ]
    missing = ["field_missing"] * (in_force == "gtd" and terms.expires_at_ns is None)
    return ["conflicting_fields"] * any(conflicts) + missing


def of_phase(state: NaiveState, command: EnterOrder) -> list[str]:
    phase, in_force = state.phase[command.symbol], str(command.time_in_force)
    terms = command.terms or Terms()
    wrong = [
        phase in ("halt", "closed"),
        phase in CALLS and in_force in ("ioc", "fok"),
        phase in CALLS and command.order_type in ("market_by_amount", "money_limit", "peg"),
        phase in CALLS and (terms.minimum_quantity is not None or terms.all_or_none),
        in_force == "at_the_open" and phase not in ("pre_open", "opening_auction"),
    ]
    return ["wrong_phase"] * any(wrong)


def of_market(state: NaiveState, order: NaiveOrder) -> list[str]:
    """What speaks against the order as the market stands now."""
    wrong = []
    kind, symbol = order.type, order.symbol
    if kind == "limit" and order.price is not None and not in_band(state, symbol, order.price):
        wrong.append("outside_band")
    if not state.is_continuous(symbol) or order.time_in_force == "at_the_close":
        return wrong
    if kind == "market_to_limit" and state.best(symbol, other(order.side)) is None:
        wrong.append("no_opposite_side")
    if kind == "peg" and peg_price(state, order) is None:
        wrong.append("nothing_to_peg_to")
    if order.post_only and mode_of_post_only(state, order) != "cancel":
        wrong += of_post_only(state, order)
    return wrong


def mode_of_post_only(state: NaiveState, order: NaiveOrder) -> str:
    return order.terms.post_only or state.listed[order.symbol].post_only


def of_post_only(state: NaiveState, order: NaiveOrder) -> list[str]:
    """Rule 21: it would trade, and there is no price one tick behind, or none that may be entered."""
    if would_trade(state, order, order.price) is None:
        return []
    passive = passive_price(state, order) if mode_of_post_only(state, order) == "reprice" else None
    if passive is None:
        return ["post_only_would_trade"]
    return [] if in_band(state, order.symbol, passive) else ["outside_band"]


def passive_price(state: NaiveState, order: NaiveOrder) -> int | None:
    """One tick behind the price at which a post-only order would trade."""
    rules = state.listed[order.symbol]
    at = would_trade(state, order, order.price)
    if not at:
        return None
    step = -1 if order.side == "buy" else 1
    price = at + step
    while 0 < price <= rules.maximum_price and not is_price(rules, price):
        price += step
    return price if is_price(rules, price) else None


# -- replace ---------------------------------------------------------------------------------------
def of_replace(state: NaiveState, order: NaiveOrder, command: ReplaceOrder) -> list[str]:
    """What is wrong with the new values themselves."""
    rules = state.listed[order.symbol]
    wrong = ["wrong_phase"] * (state.phase[order.symbol] in ("halt", "closed"))
    if command.quantity is None and command.price is None and command.stop_price is None:
        wrong.append("nothing_to_replace")
    if command.quantity is not None:
        gone = 0 <= command.quantity <= order.executed + order.prevented
        wrong += wrong_quantity(rules, command.quantity) if not gone else []
        if order.terms.display is not None and 1000 * order.terms.display < command.quantity:
            wrong.append("conflicting_fields")
    if command.price is not None:
        if order.price is None and order.type != "peg":
            wrong.append("price_unexpected")
        else:
            wrong += wrong_price(rules, command.price)
            reserve = order.terms.reserve_price
            wrong += ["over_reserve"] * (reserve is not None and command.price > reserve)
    if command.stop_price is not None:
        if order.type in STOPS and order.place == "waiting":
            wrong += wrong_price(rules, command.stop_price)
        else:
            wrong.append("conflicting_fields")
    return wrong


def of_replaced(state: NaiveState, order: NaiveOrder, *, keeps: bool, new_price: bool) -> list[str]:
    """What speaks against the order as it would be, as the market stands now (rule 12)."""
    wrong = []
    symbol = order.symbol
    if order.place == "waiting" and order.type in STOPS:
        return []
    if (
        new_price
        and order.type != "peg"
        and order.price is not None
        and not in_band(state, symbol, order.price)
    ):
        wrong.append("outside_band")
    if keeps or not state.is_continuous(symbol) or order.place == "waiting" or order.type == "peg":
        return wrong
    if order.post_only:
        return wrong + of_post_only(state, order)
    opposite = state.best(symbol, other(order.side))
    if order.type == "market_to_limit" and order.price is None and opposite is None:
        wrong.append("no_opposite_side")
    stopped, probe = trial(state, order, order.price)
    if stopped == "self" and probe.mode in ("cancel_aggressor", "cancel_both") and not order.whole:
        wrong.append("self_trade")
    return wrong

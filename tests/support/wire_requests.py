"""Random requests as they stand on the wire: orders of every type, changes, phases.

In: a source of chance, the number of the request. Out: one message; most of them are sensible, some
are refused. Orders are called ``o1``, ``o2``, ... by number, so that later ones find them.
"""

from random import Random
from typing import Any, Final

from exchange.engine.commands import AddInstrument
from protocol.desk import ChangePhase, SetLastPrice
from protocol.fields import Message
from protocol.messages import Cancel, MassCancel, NewOrder, Reduce, Replace
from protocol.vocabulary import (
    Allocation,
    ClientOrderId,
    OrderType,
    Phase,
    PostOnly,
    SelfTrade,
    Side,
    Symbol,
    TimeInForce,
)

ACME: Final = Symbol("ACME")

_PLAIN: Final[dict[str, Any]] = {
    "symbol": ACME,
    "tick": 1,
    "lot": 1,
    "minimum_quantity": 1,
    "maximum_quantity": 1_000,
    "maximum_price": 1_000,
    "price_decimals": 2,
    "maker_fee_ppm": -20_000,
    "taker_fee_ppm": 50_000,
    "market_remainder_rests": False,
}
SETTINGS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"market_remainder_rests": True, "self_trade": SelfTrade.DECREMENT, "dynamic_corridor": 6},
    {"allocation": Allocation.PRO_RATA, "self_trade": SelfTrade.CANCEL_BOTH, "post_only": PostOnly.REPRICE},
    {"peak_refills_in_front": True, "static_corridor": 5, "reference_price": 100, "band": 20},
)
"""Instruments that differ from the plain one."""


def listing(**settings: object) -> AddInstrument:
    """An instrument, plain but for ``settings``."""
    return AddInstrument(**(_PLAIN | settings))


_CHANGES: Final = (Cancel, Cancel, Replace, Replace, Reduce, MassCancel, ChangePhase, SetLastPrice)


def random_request(rng: Random, number: int) -> Message:
    """An order in two of three cases, else something about an order or, now and then, the instrument."""
    if rng.random() < 0.66:
        return random_order(rng, number)
    known = ClientOrderId(f"o{rng.randrange(max(0, number - 30), number + 1)}")
    kind = rng.choice(_CHANGES)
    price = 100 + rng.randrange(-8, 9)
    if kind is Replace:
        stop_price = rng.choice((None, None, price))
        return Replace(known, rng.choice((None, rng.randrange(1, 40))), rng.choice((None, price)), stop_price)
    if kind is Reduce:
        return Reduce(known, rng.randrange(1, 10))
    if rng.random() < 0.5:
        return Cancel(known)
    if kind is MassCancel:
        return MassCancel(ACME, rng.choice((None, *Side)), rng.choice((None, price)))
    if kind is ChangePhase:
        # Trading most of the time, and never long without.
        phase = rng.choice([*Phase, *[Phase.CONTINUOUS] * 5])
        return ChangePhase(ACME, phase, "a test", forced=rng.random() < 0.5)
    if kind is SetLastPrice:
        return SetLastPrice(ACME, price, "a test")
    return Cancel(known)


def random_order(rng: Random, number: int) -> NewOrder:
    """An order of any type, with whatever goes with it, and rarely with what does not."""
    order_type = rng.choice([OrderType.LIMIT] * 6 + [OrderType.MARKET, *OrderType])
    quantity = rng.randrange(1, 40)
    price = 100 + rng.randrange(-8, 9)
    fields: dict[str, Any] = {"order_type": order_type, "time_in_force": rng.choice(_times(order_type))}
    if order_type in (OrderType.LIMIT, OrderType.STOP_LIMIT):
        fields["price"] = price
    if order_type in (OrderType.STOP, OrderType.STOP_LIMIT):
        fields["stop_price"] = 100 + rng.randrange(-8, 9)
        fields["trail"] = rng.choice((None, None, 3))
    if order_type in (OrderType.MARKET_BY_AMOUNT, OrderType.MONEY_LIMIT):
        fields["amount"] = quantity * price
    if order_type is OrderType.PEG:
        fields["cap"] = rng.choice((None, price))
    if fields["time_in_force"] is TimeInForce.GTD:
        fields["expires_at_ns"] = rng.randrange(1, 2_000)
    fields |= _extras(rng, order_type, quantity)
    if order_type is OrderType.MARKET_BY_AMOUNT:
        quantity = 0
    return NewOrder(ClientOrderId(f"o{number}"), ACME, rng.choice(list(Side)), quantity, **fields)


def _times(order_type: OrderType) -> list[TimeInForce]:
    if order_type is OrderType.MONEY_LIMIT:
        return [TimeInForce.FOK]
    return [TimeInForce.GTC] * 6 + [*TimeInForce]


def _extras(rng: Random, order_type: OrderType, quantity: int) -> dict[str, Any]:
    """One thing more, or nothing, and a word on self-trades."""
    extras: dict[str, Any] = {}
    match rng.randrange(12):
        case 0:
            extras["display"] = max(1, quantity // 4)
        case 1:
            extras["hidden"] = True
        case 2:
            extras["minimum_quantity"] = max(1, quantity // 2)
        case 3:
            extras["all_or_none"] = True
        case 4:
            extras["post_only"] = rng.choice((True, *PostOnly))
        case 5 if order_type is OrderType.MARKET:
            extras["protection"] = rng.randrange(4)
    if rng.random() < 0.2:
        extras["self_trade"] = rng.choice(list(SelfTrade))
    if rng.random() < 0.1:
        extras["self_trade_group"] = "desk"
    return extras

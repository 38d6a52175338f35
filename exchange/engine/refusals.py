"""What makes a request invalid before it reaches the book (rule 8), and the sentence that says so.

In: a command, its instrument, for some questions the book. Out: ``None``, or a reason with a text that
names the numbers or the fields in question. Whether an order would trade is not decided here.
"""

from typing import Final

from exchange.engine import bands
from exchange.engine.bands import tick_at
from exchange.engine.book import Book
from exchange.engine.commands import AddInstrument, EnterOrder, ReplaceOrder, Terms
from exchange.engine.order import NO_TERMS, Order
from exchange.engine.phases import RULES
from protocol.vocabulary import (
    MAX_PRICE,
    Allocation,
    Nanoseconds,
    OrderType,
    Phase,
    Price,
    Quantity,
    RejectReason,
    Side,
    TimeInForce,
)

Refusal = tuple[RejectReason, str]

MAX_PEAKS: Final = 1_000
"""An iceberg of more peaks would let one command trade that often; exchanges ask for fewer."""

_LIMIT: Final = OrderType.LIMIT
_MARKET: Final = OrderType.MARKET
_TO_LIMIT: Final = OrderType.MARKET_TO_LIMIT
_BY_AMOUNT: Final = OrderType.MARKET_BY_AMOUNT
_MONEY: Final = OrderType.MONEY_LIMIT
_STOP: Final = OrderType.STOP
_STOP_LIMIT: Final = OrderType.STOP_LIMIT
_PEG: Final = OrderType.PEG

PRICED: Final = (_LIMIT, _STOP_LIMIT)
"""Order types that name a price."""

_TYPES_OF_FIELD: Final[dict[str, tuple[OrderType, ...]]] = {
    "stop_price": (_STOP, _STOP_LIMIT),
    "trail": (_STOP, _STOP_LIMIT),
    "display": (_LIMIT, _STOP_LIMIT, _PEG),
    "hidden": (_LIMIT, _STOP_LIMIT, _PEG),
    "minimum_quantity": (_LIMIT, _MARKET, _TO_LIMIT),
    "all_or_none": (_LIMIT, _MARKET, _STOP, _STOP_LIMIT),
    "protection": (_MARKET, _STOP),
    "cap": (_PEG,),
    "amount": (_BY_AMOUNT, _MONEY),
    "reserve_price": PRICED,
}
"""A field of the terms goes with these order types only."""

_EXCLUDES: Final[tuple[tuple[str, str], ...]] = (
    ("display", "hidden"),
    ("display", "all_or_none"),
    ("hidden", "all_or_none"),
    ("minimum_quantity", "all_or_none"),
)
"""Fields that do not go with each other."""

_RESTING: Final = ("display", "hidden")
"""Fields that mean something only for an order that may rest."""

_AT_ONCE: Final = (TimeInForce.IOC, TimeInForce.FOK)
_FOR_AUCTION: Final = (TimeInForce.AT_THE_OPEN, TimeInForce.AT_THE_CLOSE)
_OPENING: Final = (Phase.PRE_OPEN, Phase.OPENING_AUCTION)


def of_entry(instrument: AddInstrument, command: EnterOrder) -> Refusal | None:
    """Why the order can't be entered whatever the market, or ``None``. Cheap when there is nothing to refuse."""
    quantity, price, order_type = command.quantity, command.price, command.order_type
    if order_type is _BY_AMOUNT:
        if quantity:
            return _conflict(f"quantity {quantity}", f"order_type {order_type}")
    elif (
        quantity < instrument.minimum_quantity
        or quantity > instrument.maximum_quantity
        or quantity % instrument.lot
    ):
        return of_quantity(instrument, quantity)
    if order_type in PRICED:
        if price is None:
            return RejectReason.PRICE_MISSING, f"a {order_type} order needs a price"
        if price <= 0 or price > instrument.maximum_price or price % tick_at(instrument, price):
            return of_price(instrument, price)
    elif price is not None:
        return RejectReason.PRICE_UNEXPECTED, f"a {order_type} order has no price; leave it out"
    if command.post_only:
        if order_type is not _LIMIT:
            return _conflict("post_only", f"order_type {order_type}")
        if command.time_in_force in _AT_ONCE:
            return _conflict("post_only", f"time_in_force {command.time_in_force}")
    if command.terms is None and order_type in (_LIMIT, _MARKET) and command.time_in_force is TimeInForce.GTC:
        return None
    terms = command.terms or NO_TERMS
    return (
        _of_combination(instrument, command, terms)
        or _of_time(command, terms)
        or _of_numbers(instrument, command, terms)
    )


def _of_combination(instrument: AddInstrument, command: EnterOrder, terms: Terms) -> Refusal | None:
    """Fields that contradict each other; the text names both."""
    order_type, time_in_force = command.order_type, command.time_in_force
    given = [
        name for name in _TYPES_OF_FIELD if (value := getattr(terms, name)) is not None and value is not False
    ]
    for name in given:
        if order_type not in _TYPES_OF_FIELD[name]:
            return _conflict(name, f"order_type {order_type}")
    for one, other in _EXCLUDES:
        if one in given and other in given:
            return _conflict(one, other)
    if time_in_force in _AT_ONCE:
        for name in _RESTING:
            if name in given:
                return _conflict(name, f"time_in_force {time_in_force}")
    if command.post_only:
        for name in ("minimum_quantity", "all_or_none"):
            if name in given:
                return _conflict("post_only", name)
    elif terms.post_only is not None:
        return _conflict(f"post_only {terms.post_only}", "an order that is not post-only")
    if terms.reserve_price is not None and command.side is Side.SELL:
        return _conflict("reserve_price", f"side {command.side}")
    if terms.all_or_none and instrument.allocation is Allocation.PRO_RATA:
        return _conflict("all_or_none", f"the instrument's allocation {instrument.allocation}")
    return None


def _of_time(command: EnterOrder, terms: Terms) -> Refusal | None:
    """A time in force that does not go with the type, or lacks its deadline."""
    order_type, time_in_force = command.order_type, command.time_in_force
    if order_type is _MONEY and time_in_force is not TimeInForce.FOK:
        return _conflict(f"order_type {order_type}", f"time_in_force {time_in_force}: it is fok")
    if order_type is _BY_AMOUNT and (time_in_force is TimeInForce.FOK or time_in_force in _FOR_AUCTION):
        return _conflict(f"order_type {order_type}", f"time_in_force {time_in_force}")
    if order_type in (_STOP, _STOP_LIMIT, _PEG) and time_in_force in _FOR_AUCTION:
        return _conflict(f"order_type {order_type}", f"time_in_force {time_in_force}")
    if time_in_force in _FOR_AUCTION and (terms.minimum_quantity is not None or terms.all_or_none):
        name = "all_or_none" if terms.all_or_none else "minimum_quantity"
        return _conflict(name, f"time_in_force {time_in_force}")
    if order_type is _PEG and time_in_force in _AT_ONCE:
        return _conflict(f"order_type {order_type}", f"time_in_force {time_in_force}")
    if time_in_force is TimeInForce.GTD:
        if terms.expires_at_ns is None:
            return RejectReason.FIELD_MISSING, "time_in_force gtd needs expires_at_ns"
        return _of_deadline(terms.expires_at_ns, command.at_ns)
    if terms.expires_at_ns is not None:
        return _conflict("expires_at_ns", f"time_in_force {time_in_force}")
    return None


def _of_deadline(expires_at_ns: Nanoseconds, at_ns: Nanoseconds) -> Refusal | None:
    if expires_at_ns <= at_ns:
        return RejectReason.ALREADY_EXPIRED, f"expires_at_ns {expires_at_ns} is over: it is {at_ns}"
    return None


def _of_numbers(instrument: AddInstrument, command: EnterOrder, terms: Terms) -> Refusal | None:
    """Values of the terms that are none for this instrument."""
    order_type, quantity = command.order_type, command.quantity
    if order_type in (_STOP, _STOP_LIMIT) and terms.stop_price is None and terms.trail is None:
        return RejectReason.FIELD_MISSING, f"a {order_type} order needs stop_price or trail"
    if order_type in (_BY_AMOUNT, _MONEY):
        if terms.amount is None:
            return RejectReason.FIELD_MISSING, f"a {order_type} order needs amount"
        if terms.amount <= 0:
            return RejectReason.PRICE_NOT_POSITIVE, f"amount {terms.amount} is not positive"
    for name in ("stop_price", "cap", "reserve_price"):
        price = getattr(terms, name)
        if price is not None:
            refusal = of_price(instrument, price, name)
            if refusal is not None:
                return refusal
    refusal = _of_distances(instrument, terms) or _of_reserve(terms, command.price)
    if refusal is not None:
        return refusal
    for name in ("display", "minimum_quantity"):
        part = getattr(terms, name)
        if part is None:
            continue
        if part <= 0:
            return RejectReason.QUANTITY_NOT_POSITIVE, f"{name} {part} is not positive"
        if part % instrument.lot:
            return RejectReason.OFF_LOT, f"{name} {part} is not a multiple of the lot {instrument.lot}"
    if terms.minimum_quantity is not None and terms.minimum_quantity > quantity:
        return _conflict(f"minimum_quantity {terms.minimum_quantity}", f"quantity {quantity}: it is more")
    return _of_peaks(terms, quantity)


def _of_reserve(terms: Terms, price: Price | None) -> Refusal | None:
    if price is None or terms.reserve_price is None or price <= terms.reserve_price:
        return None
    return RejectReason.OVER_RESERVE, f"price {price} is above reserve_price {terms.reserve_price}"


def _of_peaks(terms: Terms, quantity: Quantity) -> Refusal | None:
    if terms.display is not None and terms.display * MAX_PEAKS < quantity:
        return _conflict(f"display {terms.display}", f"quantity {quantity}: more than {MAX_PEAKS} peaks")
    return None


def _of_distances(instrument: AddInstrument, terms: Terms) -> Refusal | None:
    """Trail and protection: distances, on the smallest tick."""
    for name, least in (("trail", 1), ("protection", 0)):
        distance = getattr(terms, name)
        if distance is None:
            continue
        if distance < least:
            fault = "is negative" if least == 0 else "is not positive"
            return RejectReason.PRICE_NOT_POSITIVE, f"{name} {distance} {fault}"
        if distance > MAX_PRICE:
            return RejectReason.ABOVE_MAXIMUM_PRICE, f"{name} {distance} is above {MAX_PRICE}"
        if distance % instrument.tick:
            return (
                RejectReason.OFF_TICK,
                f"{name} {distance} is not a multiple of the tick {instrument.tick}",
            )
    return None


def of_phase(phase: Phase, command: EnterOrder) -> Refusal | None:
    """Why the order can't be entered in this phase, or ``None`` (rules 16, 34)."""
    order_type, time_in_force, terms = command.order_type, command.time_in_force, command.terms or NO_TERMS
    if phase is Phase.CONTINUOUS and time_in_force is not TimeInForce.AT_THE_OPEN:
        return None
    rules = RULES[phase]
    if not rules.open_to_orders:
        return RejectReason.WRONG_PHASE, f"no orders are taken in phase {phase}"
    if time_in_force is TimeInForce.AT_THE_OPEN and phase not in _OPENING:
        return RejectReason.WRONG_PHASE, f"time_in_force {time_in_force} is too late in phase {phase}"
    if not rules.collects:
        return None
    what = None
    if time_in_force in _AT_ONCE:
        what = f"time_in_force {time_in_force}"
    elif order_type in (_BY_AMOUNT, _PEG):
        what = f"order_type {order_type}"
    elif terms.minimum_quantity is not None:
        what = "minimum_quantity"
    elif terms.all_or_none:
        what = "all_or_none"
    return (RejectReason.WRONG_PHASE, f"{what} is not taken in phase {phase}") if what else None


def of_band(book: Book, price: Price | None) -> Refusal | None:
    """Why the limit is too far from the market, or ``None`` (rule 40)."""
    if price is None:
        return None
    band = bands.entry_band(book)
    if band is None or price in band:
        return None
    return RejectReason.OUTSIDE_BAND, f"price {price} is outside the band {band.lowest} to {band.highest}"


def of_replace(instrument: AddInstrument, order: Order, command: ReplaceOrder) -> Refusal | None:
    """Why the order can't have this new total, price or stop price whatever the market, or ``None``."""
    quantity, price, stop_price = command.quantity, command.price, command.stop_price
    if (
        stop_price is None
        and price is not None
        and order.special is None
        and order.price is not None
        and (
            quantity is None or 0 <= quantity <= order.cumulative or of_quantity(instrument, quantity) is None
        )
        and not instrument.tick_table
        and 0 < price <= instrument.maximum_price
        and not price % instrument.tick
    ):  # most replaces move a plain order to a usual price
        return None
    if quantity is None and price is None and stop_price is None:
        return RejectReason.NOTHING_TO_REPLACE, "give a quantity, a price or both"
    # A total that is executed already, 0 included, cancels the remainder: it need be no quantity (rule 9).
    special = order.special
    executed = order.cumulative if special is None else order.executed
    if quantity is not None and not 0 <= quantity <= executed:
        refusal = of_quantity(instrument, quantity)
        if refusal is None and special is not None:
            refusal = _of_peaks(special.terms, quantity)
        if refusal is not None:
            return refusal
    if stop_price is not None:
        if order.special is None or not order.special.pending or order.order_type not in (_STOP, _STOP_LIMIT):
            return _conflict("stop_price", "an order that is no pending stop")
        refusal = of_price(instrument, stop_price, "stop_price")
        if refusal is not None:
            return refusal
    if price is None:
        return None
    if order.price is None and order.order_type is not _PEG:
        return RejectReason.PRICE_UNEXPECTED, f"this {order.order_type} order has no price; leave it out"
    return of_price(instrument, price) or _of_reserve(order.terms, price)


def of_quantity(instrument: AddInstrument, quantity: Quantity) -> Refusal | None:
    """Why this is no quantity for the instrument, or ``None``."""
    if (
        instrument.minimum_quantity <= quantity <= instrument.maximum_quantity
        and not quantity % instrument.lot
    ):
        return None
    if quantity <= 0:
        return RejectReason.QUANTITY_NOT_POSITIVE, f"quantity {quantity} is not positive"
    if quantity < instrument.minimum_quantity:
        return (
            RejectReason.BELOW_MINIMUM_QUANTITY,
            f"quantity {quantity} is below the minimum of {instrument.minimum_quantity}",
        )
    if quantity > instrument.maximum_quantity:
        return (
            RejectReason.ABOVE_MAXIMUM_QUANTITY,
            f"quantity {quantity} is above the maximum of {instrument.maximum_quantity}",
        )
    if quantity % instrument.lot:
        return RejectReason.OFF_LOT, f"quantity {quantity} is not a multiple of the lot {instrument.lot}"
    return None


def of_price(instrument: AddInstrument, price: Price, name: str = "price") -> Refusal | None:
    """Why this is no price for the instrument, or ``None``. ``name``: the field it stands in."""
    if is_usual(instrument, price):
        return None
    refusal = of_bounds(instrument, price, name)
    if refusal is not None:
        return refusal
    tick = tick_at(instrument, price)
    if price % tick:
        return RejectReason.OFF_TICK, f"{name} {price} is not a multiple of the tick {tick}"
    return None


def is_usual(instrument: AddInstrument, price: Price) -> bool:
    """Whether ``of_price`` has certainly nothing against a price: nobody need look any closer."""
    return not price % instrument.tick and 0 < price <= instrument.maximum_price and not instrument.tick_table


def of_bounds(instrument: AddInstrument, price: Price, name: str) -> Refusal | None:
    """Why this is outside of all prices, or ``None``; it may be off the tick."""
    if price <= 0:
        return RejectReason.PRICE_NOT_POSITIVE, f"{name} {price} is not positive"
    if price > instrument.maximum_price:
        return (
            RejectReason.ABOVE_MAXIMUM_PRICE,
            f"{name} {price} is above the maximum of {instrument.maximum_price}",
        )
    return None


def _conflict(one: str, other: str) -> Refusal:
    return RejectReason.CONFLICTING_FIELDS, f"{one} does not go with {other}"

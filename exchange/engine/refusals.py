"""What makes a request invalid before it reaches the book (rule 8), and the sentence that says so.

In: a command and its instrument. Out: ``None``, or a reason with a text that names the numbers in
question. Looks at nothing but its arguments: whether an order may trade is not decided here.
"""

from exchange.engine.commands import AddInstrument, EnterOrder, ReplaceOrder
from exchange.engine.order import Order
from protocol.vocabulary import (
    MAX_PRICE,
    MAX_QUANTITY,
    OrderType,
    Price,
    Quantity,
    RejectReason,
    TimeInForce,
)

Refusal = tuple[RejectReason, str]

_LIMIT = OrderType.LIMIT
_AT_ONCE = (TimeInForce.IOC, TimeInForce.FOK)


def of_entry(instrument: AddInstrument, command: EnterOrder) -> Refusal | None:
    """Why the order can't be entered, or ``None``. Cheap when there is nothing to refuse."""
    quantity, price = command.quantity, command.price
    if (
        quantity < instrument.minimum_quantity
        or quantity > instrument.maximum_quantity
        or quantity % instrument.lot
    ):
        return of_quantity(instrument, quantity)
    if command.order_type is _LIMIT:
        if price is None:
            return RejectReason.PRICE_MISSING, "a limit order needs a price"
        if price <= 0 or price > instrument.maximum_price or price % instrument.tick:
            return of_price(instrument, price)
        if command.protection is not None:
            return _conflict("protection", "order_type limit")
    else:
        if price is not None:
            return RejectReason.PRICE_UNEXPECTED, "a market order has no price; leave it out"
        if command.post_only:
            return _conflict("post_only", "order_type market")
        if command.protection is not None:
            return _of_protection(instrument, command.protection)
    if command.post_only and command.time_in_force in _AT_ONCE:
        return _conflict("post_only", f"time_in_force {command.time_in_force}")
    return None


def of_replace(instrument: AddInstrument, order: Order, command: ReplaceOrder) -> Refusal | None:
    """Why the order can't have this new total or price, or ``None``."""
    quantity, price = command.quantity, command.price
    if quantity is None and price is None:
        return RejectReason.NOTHING_TO_REPLACE, "give a quantity, a price or both"
    if quantity is not None:
        refusal = of_quantity(instrument, quantity)
        if refusal is not None:
            # A total that is executed already cancels the remainder (rule 9): only then may it lie
            # under the minimum.
            below = refusal[0] is RejectReason.BELOW_MINIMUM_QUANTITY
            if not (below and quantity <= order.cumulative):
                return refusal
    return of_price(instrument, price) if price is not None else None


def of_quantity(instrument: AddInstrument, quantity: Quantity) -> Refusal | None:
    """Why this is no quantity for the instrument, or ``None``."""
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


def of_price(instrument: AddInstrument, price: Price) -> Refusal | None:
    """Why this is no price for the instrument, or ``None``."""
    if price <= 0:
        return RejectReason.PRICE_NOT_POSITIVE, f"price {price} is not positive"
    if price > instrument.maximum_price:
        return (
            RejectReason.ABOVE_MAXIMUM_PRICE,
            f"price {price} is above the maximum of {instrument.maximum_price}",
        )
    if price % instrument.tick:
        return RejectReason.OFF_TICK, f"price {price} is not a multiple of the tick {instrument.tick}"
    return None


def of_instrument(command: AddInstrument) -> Refusal | None:
    """Why this can't be listed, or ``None``."""
    numbers = {
        "tick": (command.tick, MAX_PRICE),
        "lot": (command.lot, MAX_QUANTITY),
        "minimum_quantity": (command.minimum_quantity, MAX_QUANTITY),
        "maximum_quantity": (command.maximum_quantity, MAX_QUANTITY),
        "maximum_price": (command.maximum_price, MAX_PRICE),
    }
    for name, (value, limit) in numbers.items():
        if not 0 < value <= limit:
            return RejectReason.INVALID_INSTRUMENT, f"{name} {value} is not within 1 to {limit}"
    if command.minimum_quantity > command.maximum_quantity:
        return RejectReason.INVALID_INSTRUMENT, "minimum_quantity is above maximum_quantity"
    for name, rate in (("maker_fee_ppm", command.maker_fee_ppm), ("taker_fee_ppm", command.taker_fee_ppm)):
        if not -1_000_000 <= rate <= 1_000_000:
            return RejectReason.INVALID_INSTRUMENT, f"{name} {rate} is more than the whole notional"
    return None


def _of_protection(instrument: AddInstrument, protection: Price) -> Refusal | None:
    if protection < 0:
        return RejectReason.PRICE_NOT_POSITIVE, f"protection {protection} is negative"
    if protection % instrument.tick:
        return (
            RejectReason.OFF_TICK,
            f"protection {protection} is not a multiple of the tick {instrument.tick}",
        )
    return None


def _conflict(one: str, other: str) -> Refusal:
    return RejectReason.CONFLICTING_FIELDS, f"{one} does not go with {other}"

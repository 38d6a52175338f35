"""What makes an instrument one that can't be listed, and the sentence that says so.

In: the command that lists it. Out: ``None``, or a reason with a text that names the setting.
"""

from collections.abc import Iterator
from typing import Final

from exchange.engine.commands import AddInstrument
from protocol.vocabulary import MAX_PRICE, MAX_QUANTITY, RejectReason, Settlement

_SETTLES_WITH: Final = {
    Settlement.NONE: (),
    Settlement.SPOT: ("base", "quote"),
    Settlement.MARGIN: ("quote", "margin"),
}
"""Fields that mean something; a margin may be 0."""

MAX_NOTIONAL: Final = 2**62
"""What the largest order may be worth, so that every sum about it fits 64 bits."""


def of_instrument(command: AddInstrument) -> tuple[RejectReason, str] | None:
    """Why this can't be listed, or ``None``."""
    text = next(faults(command), None)
    return None if text is None else (RejectReason.INVALID_INSTRUMENT, text)


def faults(command: AddInstrument) -> Iterator[str]:
    """Everything that is wrong with it, a sentence each."""
    numbers = {
        "tick": (command.tick, MAX_PRICE),
        "lot": (command.lot, MAX_QUANTITY),
        "minimum_quantity": (command.minimum_quantity, MAX_QUANTITY),
        "maximum_quantity": (command.maximum_quantity, MAX_QUANTITY),
        "maximum_price": (command.maximum_price, MAX_PRICE),
        "minimum_allocation": (command.minimum_allocation, MAX_QUANTITY),
    }
    for name, (value, limit) in numbers.items():
        if not 0 < value <= limit:
            yield f"{name} {value} is not within 1 to {limit}"
    if command.minimum_quantity > command.maximum_quantity:
        yield "minimum_quantity is above maximum_quantity"
    for name, rate in (("maker_fee_ppm", command.maker_fee_ppm), ("taker_fee_ppm", command.taker_fee_ppm)):
        if not -1_000_000 <= rate <= 1_000_000:
            yield f"{name} {rate} is more than the whole notional"
    if not 0 <= command.fifo_percent <= 100:
        yield f"fifo_percent {command.fifo_percent} is not within 0 to 100"
    for name in ("band", "execution_range", "static_corridor", "dynamic_corridor"):
        distance = getattr(command, name)
        if distance is not None and not 0 <= distance <= MAX_PRICE:
            yield f"{name} {distance} is not within 0 to {MAX_PRICE}"
    reference = command.reference_price
    if reference is not None and not 0 < reference <= command.maximum_price:
        yield f"reference_price {reference} is not within 1 to {command.maximum_price}"
    yield from _faults_of_ticks(command)
    yield from _faults_of_settlement(command)


def _faults_of_ticks(command: AddInstrument) -> Iterator[str]:
    previous = 0
    below = command.tick
    for start, tick in command.tick_table:
        if not previous < start <= MAX_PRICE:
            yield f"tick_table: {start} is not above {previous}"
        elif not 0 < tick <= MAX_PRICE:
            yield f"tick_table: tick {tick} from {start} is not within 1 to {MAX_PRICE}"
        elif start % tick or start % below:
            yield f"tick_table: {start} is not a multiple of both ticks that meet there, {below} and {tick}"
        previous, below = start, tick


def _faults_of_settlement(command: AddInstrument) -> Iterator[str]:
    settlement = command.settlement
    for name in ("base", "quote", "margin"):
        value = getattr(command, name)
        if value and name not in _SETTLES_WITH[settlement]:
            yield f"{name} does not go with settlement {settlement}"
        elif not value and name in _SETTLES_WITH[settlement] and name != "margin":
            yield f"{name} is missing: settlement {settlement} needs it"
        elif isinstance(value, str) and len(value) > 16:
            yield f"{name} {value} has more than 16 characters"
    if command.base is not None and command.base == command.quote:
        yield f"base and quote are both {command.base}"
    if not 0 <= command.margin <= MAX_NOTIONAL // command.maximum_quantity:
        yield f"margin {command.margin} is not within 0 to {MAX_NOTIONAL // command.maximum_quantity}"
    for name, unit in (("base_scale", 1), ("quote_scale", command.maximum_price)):
        scale, most = getattr(command, name), MAX_NOTIONAL // (command.maximum_quantity * unit)
        if not 0 < scale <= most:
            yield f"{name} {scale} is not within 1 to {most}, for orders up to maximum_quantity at maximum_price"
    # Nobody may have to pay for selling: the lowest price there is pays both fees.
    worth = command.tick * command.quote_scale
    for name in ("maker", "taker"):
        rate, unit = getattr(command, f"{name}_fee_ppm"), getattr(command, f"{name}_fee_per_unit")
        if (
            unit > MAX_NOTIONAL // command.maximum_quantity
            or -unit > MAX_NOTIONAL // command.maximum_quantity
        ):
            yield f"{name}_fee_per_unit {unit} is too large"
        elif max(0, unit) + worth * max(0, rate) // 1_000_000 > worth:
            yield f"{name}_fee_per_unit {unit} is more than the lowest price {worth} pays"

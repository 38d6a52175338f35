"""What a day adds up to, in one expression and without a list.

The flow: the volume that was traded in an instrument, its average price, the first trade beyond a price.

A generator expression is a generator function without a name: brackets around a ``for`` and an ``if``. ``sum``, ``max``
and ``any`` take one value after the other from it, and stop asking as soon as they know the answer.
"""

from collections.abc import Iterable
from operator import attrgetter

from legacy.steps.market import ACME, BOLT
from legacy.steps.registry import Out
from legacy.steps.step_02 import read_tape
from legacy.steps.tape import SAMPLE, time_of_day, units
from protocol.market import TradePrint
from protocol.vocabulary import Price, Quantity, Symbol

TITLE = "Generator expression"
MISSING = "One expression gives one number; what gives many, and goes on for ever, has to be made of parts with names."


def traded_volume(trades: Iterable[TradePrint], symbol: Symbol) -> Quantity:
    """How much was traded."""
    return sum(trade.quantity for trade in trades if trade.symbol == symbol)


def average_price(trades: Iterable[TradePrint], symbol: Symbol) -> Price | None:
    """Turnover by volume, rounded down; ``None``: nothing was traded.

    Two sums of one pass: a generator can be read only once.
    """
    own = ((trade.price * trade.quantity, trade.quantity) for trade in trades if trade.symbol == symbol)
    turnover = volume = 0
    for amount, quantity in own:
        turnover += amount
        volume += quantity
    return turnover // volume if volume else None


def first_above(trades: Iterable[TradePrint], symbol: Symbol, price: Price) -> TradePrint | None:
    """The first trade above a price; nothing after it is read."""
    return next((trade for trade in trades if trade.symbol == symbol and trade.price > price), None)


def largest(trades: Iterable[TradePrint], symbol: Symbol) -> TradePrint:
    """The trade with the largest quantity; of equal ones the first."""
    return max((trade for trade in trades if trade.symbol == symbol), key=attrgetter("quantity"))


def main(out: Out) -> None:
    """Some numbers of the sample."""
    for symbol in (ACME, BOLT):
        volume = traded_volume(read_tape(SAMPLE), symbol)
        average = average_price(read_tape(SAMPLE), symbol)
        assert average is not None
        out(f"{symbol}: {volume} traded, at {units(average)} on average")
    top = largest(read_tape(SAMPLE), ACME)
    out(f"the largest trade in ACME: {top.quantity} at {units(top.price)}, {time_of_day(top.at_ns)}")

    tape = read_tape(SAMPLE)
    above = first_above(tape, ACME, 10_010)
    assert above is not None
    out(f"first above 100.10: {units(above.price)}, {time_of_day(above.at_ns)}, trade {above.trade_id}")
    out(f"and the tape stands just behind it: next is trade {next(tape).trade_id}")

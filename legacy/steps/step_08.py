"""A candle builder that is told of halts by ``throw``, and hands out the open candle at ``close``.

The flow: trades come in, candles go out. A halt ends the candle early. At the end of the day the last one must not be lost.

``throw`` raises an exception at the ``yield`` where the generator stands, which goes on if it catches it. ``close`` raises
``GeneratorExit`` there: time to clean up, in a ``finally``, and to end. What is raised and not caught ends the generator and
comes out of ``throw`` or ``send``.
"""

from collections.abc import Callable, Generator

from exchange.market_data.bars import GrowingBar, start_of
from legacy.steps.registry import Out
from legacy.steps.step_02 import read_tape
from legacy.steps.step_06 import primed
from legacy.steps.tape import SAMPLE, time_of_day, units
from protocol.errors import VenueError
from protocol.market import Bar, TradePrint
from protocol.vocabulary import Interval, Nanoseconds, Symbol

TITLE = "throw and close"
MISSING = "There is one consumer; a feed has many, and each wants something else of it."


class Halted(VenueError):
    """Trading in an instrument has been halted. ``symbol``, ``at_ns``."""

    def __init__(self, symbol: Symbol, at_ns: Nanoseconds) -> None:
        super().__init__(symbol, at_ns)
        self.symbol = symbol
        self.at_ns = at_ns

    def __str__(self) -> str:
        return f"{self.symbol} halted at {time_of_day(self.at_ns)}"


@primed
def candle_builder(
    hand_out: Callable[[Bar], None], interval: Interval = Interval.MINUTE
) -> Generator[None, TradePrint, None]:
    """Takes the trades of an instrument; hands out each candle when a later trade, a halt or the end closes it."""
    growing: GrowingBar | None = None
    try:
        while True:
            try:
                trade = yield
            except Halted:
                if growing is not None:
                    hand_out(growing.bar())
                    growing = None
                continue
            start = start_of(trade.at_ns, interval)
            if growing is not None and growing.start_ns == start:
                growing.add(trade.price, trade.quantity)
                continue
            if growing is not None:
                hand_out(growing.bar())
            growing = GrowingBar.of(start, trade.trade_id, trade.price, trade.quantity)
    finally:
        if growing is not None:
            hand_out(growing.bar())


def line_of(bar: Bar) -> str:
    """A candle for people."""
    prices = "  ".join(units(price) for price in (bar.open, bar.high, bar.low, bar.close))
    return f"{time_of_day(bar.start_ns)[:5]}  {prices}  volume {bar.volume}"


def main(out: Out) -> None:
    """Four minutes of BOLT, with a halt in the third of them."""
    builder = candle_builder(lambda bar: out(line_of(bar)))
    trades = (trade for trade in read_tape(SAMPLE) if trade.symbol == "BOLT")
    for number, trade in enumerate(trades):
        if number == 45:
            halt = Halted(trade.symbol, trade.at_ns)
            out(f"-- throw: {halt}")
            builder.throw(halt)
        if number == 60:
            break
        builder.send(trade)
    out("-- close")
    builder.close()

"""Consumers chained with ``send``: the producer pushes, and one feed reaches many.

The flow: from what a venue says about an instrument a book is kept, candles are made, and an alarm rings.

    feed -> broadcast -> [book view, only_trades -> candles, only_trades -> alarm]

Where a pull pipeline asks its source, here the source drives: each stage waits at its ``yield`` for what comes, and sends on
what it makes of it, to as many targets as there are. ``throw`` and ``close`` go the same way. Whoever has seen enough returns;
the stage before it notices the ``StopIteration`` and sends it nothing more.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack
from typing import Any

from legacy.steps.market import ACME, Market
from legacy.steps.registry import Out
from legacy.steps.step_06 import primed
from legacy.steps.step_08 import Halted, candle_builder, line_of
from legacy.steps.tape import random_orders, time_of_day, units
from protocol.fields import Message
from protocol.market import DepthDelta, DepthSnapshot, PhaseStatus, TradePrint
from protocol.vocabulary import Channel, Phase, Price, Symbol
from traders.book_view import BookView

TITLE = "Push pipeline"
MISSING = "The producer must be a generator's loop; real clients are told by callbacks, each of another kind."

Target = Generator[Any, Any, Any]
"""A primed coroutine."""


def feed(messages: Iterable[Message], target: Target) -> None:
    """The producer: pushes all messages into the target, or until that has seen enough, and closes it."""
    try:
        for message in messages:
            target.send(message)
    except StopIteration:
        pass
    finally:
        target.close()


@primed
def broadcast(*targets: Target) -> Generator[None, Message, None]:
    """Sends everything to every target. Whoever has ended is left out; when none is left, it ends itself.

    A target that fails takes this stage with it: the others are closed, and the producer gets the exception.
    """
    listening = list(targets)
    with ExitStack() as stack:
        for target in reversed(targets):
            stack.callback(target.close)
        while listening:
            message = yield
            for target in tuple(listening):
                try:
                    target.send(message)
                except StopIteration:
                    listening.remove(target)


@primed
def only_trades(target: Target) -> Generator[None, Message, None]:
    """Sends on the trades; a halt is raised in the target."""
    try:
        while True:
            message = yield
            match message:
                case TradePrint():
                    target.send(message)
                case PhaseStatus(phase=Phase.HALT, at_ns=int(at_ns)):
                    target.throw(Halted(message.symbol, at_ns))
    except StopIteration:
        return  # the target has seen enough
    finally:
        target.close()


@primed
def book_view(view: BookView) -> Generator[None, Message, None]:
    """Keeps a book by the messages of its depth stream."""
    while True:
        message = yield
        if isinstance(message, DepthSnapshot | DepthDelta):
            view.apply(message)


@primed
def alarm(distance: Price, ring: Callable[[TradePrint], None]) -> Generator[None, TradePrint, None]:
    """Rings at the first trade that is so far from the first price, and ends. Takes no notice of halts."""
    first: TradePrint | None = None
    while True:
        try:
            trade = yield
        except Halted:
            continue
        first = first or trade
        if abs(trade.price - first.price) >= distance:
            ring(trade)
            return


def market_talk(orders: int, symbol: Symbol = ACME) -> Iterator[Message]:
    """What a venue says about an instrument while so many orders come in; with a halt after 100 of them."""
    market = Market(symbol)
    watcher = market.member("watcher")
    for channel in (Channel.DEPTH, Channel.TRADES, Channel.STATUS):
        watcher.watch(channel, symbol)
    for number, _ in enumerate(random_orders(market, orders, [symbol], seed=9), 1):
        if number == 100:
            market.halt(symbol)
            market.go_on(symbol)
        for message in watcher.mail:  # noqa: UP028  # step 12
            yield message


def main(out: Out) -> None:
    """One feed, three consumers."""
    view = BookView(ACME)
    feed(
        market_talk(orders=250),
        broadcast(
            book_view(view),
            only_trades(candle_builder(lambda bar: out(line_of(bar)))),
            only_trades(
                alarm(40, lambda trade: out(f"-- {time_of_day(trade.at_ns)} alarm: {units(trade.price)}"))
            ),
        ),
    )
    out(
        f"the book after {view.seq} changes: bid {units(view.best_bid or 0)}, ask {units(view.best_ask or 0)}"
    )

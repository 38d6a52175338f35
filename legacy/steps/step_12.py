"""``yield from``: a generator leaves its place to another one, until that returns.

The flows: an audit in which one coroutine writes the lines and another one the head and the foot; a bracket order made of
three parts that each look after one thing; two tapes read as one.

While ``yield from inner`` lasts the outer generator is a pipe without loss: what ``inner`` yields comes out, what is sent,
thrown or closed goes in, and what ``inner`` returns is the value of the expression. ``for x in inner: yield x`` passes the
values out, and nothing in.
"""

from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, TypeAlias, TypeVar

from exchange.journal.sqlite import SqliteLog
from legacy.steps.market import ACME, BOLT, Market, Member, OrderReport, Request
from legacy.steps.registry import Out
from legacy.steps.step_02 import read_journal, read_tape
from legacy.steps.step_03 import traded_volume
from legacy.steps.step_07 import state_of
from legacy.steps.step_11 import Filled
from legacy.steps.tape import SAMPLE, random_day, time_of_day, units
from protocol.errors import VenueError
from protocol.market import TradePrint
from protocol.messages import Cancel, Canceled, NewOrder, Reduce, Rejected, TradeReport
from protocol.vocabulary import ClientOrderId, OrderType, Price, Quantity, Side

TITLE = "Delegation"
MISSING = "The parts work together, but one whole must wait for another: there is nobody who lets several of them take turns."

T = TypeVar("T")


# -- an audit --------------------------------------------------------------------------------------
class NewPage(Exception):
    """Thrown into an audit: begin a new page."""


def time_logger(out: Out) -> Generator[None, OrderReport | None, int]:
    """Writes a line for each report, with its time in front, until it is sent ``None``; returns how many."""
    lines = 0
    while True:
        try:
            report = yield
        except NewPage:
            out("   ----------")
            continue
        if report is None:
            return lines
        lines += 1
        out(f"   {time_of_day(report.at_ns)} {type(report).__name__} {report.client_order_id}")


def logger(out: Out, title: str) -> Generator[None, OrderReport | None, int]:
    """Writes the audit of a session: a head, whatever ``time_logger`` writes, a foot."""
    out(f"audit of {title}")
    lines = yield from time_logger(out)
    out(f"   {lines} lines")
    return lines


# -- two tapes as one ------------------------------------------------------------------------------
def chain(*tapes: Iterable[TradePrint]) -> Generator[TradePrint, None, None]:
    """All trades of the first tape, then those of the next."""
    for tape in tapes:
        yield from tape


# -- a bracket order -------------------------------------------------------------------------------
Flow: TypeAlias = Generator[Request | None, OrderReport, T]
"""Trades: yields what it wants to ask the market, or ``None`` to wait, and is sent the next report of its account."""

TARGET, STOP = ClientOrderId("target"), ClientOrderId("stop")


class GiveUp(VenueError):
    """Thrown into a bracket: do without the profit, and get out of it."""


class Outcome(NamedTuple):
    """What a bracket came to. ``profit``: in price units times quantity."""

    how: str
    profit: int


def enter(quantity: Quantity, price: Price) -> Flow[Filled]:
    """Buys; returns when all of it is bought, or the order was refused or canceled."""
    volume = turnover = 0
    report = yield NewOrder(ClientOrderId("entry"), ACME, Side.BUY, quantity, price)
    while not isinstance(report, Canceled | Rejected):
        if isinstance(report, TradeReport):
            volume += report.quantity
            turnover += report.price * report.quantity
            if not report.leaves:
                break
        report = yield None
    return Filled(volume, turnover)


def protect(quantity: Quantity, target: Price, stop: Price) -> Flow[OrderReport]:
    """Enters two ways out: a limit above, a stop below. Returns the last report: the limit may be trading already."""
    yield NewOrder(TARGET, ACME, Side.SELL, quantity, target)
    return (yield NewOrder(STOP, ACME, Side.SELL, quantity, order_type=OrderType.STOP, stop_price=stop))


def leave(quantity: Quantity, report: OrderReport) -> Flow[Filled]:
    """Returns when the two ways out have sold everything between them. What one sells, the other is reduced by."""
    left, turnover = quantity, 0
    while True:
        request = None
        if isinstance(report, TradeReport):
            left -= report.quantity
            turnover += report.price * report.quantity
            request = Reduce(STOP if report.client_order_id == TARGET else TARGET, report.quantity)
        if not left:
            break
        report = yield request
    report = yield request  # the last reduction leaves nothing of the other one, and so cancels it
    while not isinstance(report, Canceled | Rejected):
        report = yield None
    return Filled(quantity, turnover)


def bracket(quantity: Quantity, price: Price, target: Price, stop: Price) -> Flow[Outcome]:
    """Buys at ``price``, and sells at ``target`` or, if the market falls, at ``stop``.

    ``GiveUp`` may be thrown in at any time after the entry: what was bought is kept then.
    """
    bought = yield from enter(quantity, price)
    if not bought.volume:
        return Outcome("not entered", 0)
    try:
        report = yield from protect(bought.volume, target, stop)
        sold = yield from leave(bought.volume, report)
    except GiveUp:
        yield Cancel(TARGET)
        yield Cancel(STOP)
        return Outcome("given up", 0)
    return Outcome("sold", sold.turnover - bought.turnover)


def trade(
    flow: Flow[T], member: Member, others: Callable[[], object], see: Callable[[OrderReport], object]
) -> T:
    """Runs a flow to its end, and returns what it returns: carries out what it yields, sends it what is reported.

    ``others`` trade while it waits; ``see`` is shown every report.
    """
    request = next(flow)
    while True:
        if request is not None:
            member.send(request)
        while not member.mail:
            others()
        report = member.next_report()
        see(report)
        try:
            request = flow.send(report)
        except StopIteration as end:
            value: T = end.value
            return value


def second_thoughts(member: Member, see: Callable[[OrderReport], object]) -> Outcome:
    """A bracket that is given up as soon as it would have to wait for others."""
    flow = bracket(5, price=10_000, target=10_020, stop=9_980)

    def give_up() -> None:
        request = flow.throw(GiveUp())  # leave stands at its yield: it is raised there, and caught in bracket
        assert request == Cancel(TARGET)
        member.send(request)

    return trade(flow, member, give_up, see)


# -- all of it -------------------------------------------------------------------------------------
def main(out: Out) -> None:
    """Two brackets under the eyes of an audit, and a chain of a file and a journal."""
    market = Market()
    anna, ben, cora, dora = (market.member(name) for name in ("anna", "ben", "cora", "dora"))
    script = iter(
        (
            lambda: ben.sell("b1", 5, at=10_000),
            lambda: cora.buy("c1", 3, at=10_020),
            lambda: cora.buy("c2", 1, at=9_980),
            lambda: cora.buy("c3", 9, at=9_975),
            lambda: ben.sell("b2", 1, at=9_980),
        )
    )

    def others() -> None:
        market.clock.advance(seconds=1)
        next(script)()

    audit = logger(out, "anna and dora")
    next(audit)
    first = trade(bracket(5, price=10_000, target=10_020, stop=9_980), anna, others, audit.send)
    audit.throw(NewPage())
    ben.sell("b3", 5, at=10_000)
    second = second_thoughts(dora, audit.send)
    with suppress(StopIteration):
        audit.send(None)
    out(f"anna: {first.how}, profit {units(first.profit)}")
    out(f"dora: {second.how}")

    tape = read_tape(SAMPLE)
    tapes = chain(tape)
    next(tapes)
    tapes.close()
    out(f"the chain was closed; the tape that it stood in is {state_of(tape)}")

    with TemporaryDirectory() as directory:
        log = SqliteLog(Path(directory, "today.journal"))
        today = Market(ACME, BOLT)
        traded = sum(1 for _ in random_day(today, orders=100))
        turn = today.take_turn()
        assert turn is not None
        log.append(turn)
        volume = traded_volume(chain(read_tape(SAMPLE), read_journal(log.turns())), ACME)
        log.close()
        out(f"the sample and {traded} trades of a journal: {volume} traded in ACME")

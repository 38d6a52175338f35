"""Runs a case and holds every effect against what the case expects.

In: a case. Out: a verdict: passed, failed or skipped, with everything that a reader needs to see why. A
case ends at its first step that differs: what follows rests on it.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from exchange.conformance import cases, sums
from exchange.conformance.stage import BookLines, Money, OrderLine, Outcome, Stage
from exchange.conformance.support import REASONS, why_not
from protocol.errors import InvariantViolated


class Ending(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Difference(NamedTuple):
    """One thing that is not as expected."""

    part: str  # result, detail, trades, orders, book, market, balances or fees
    text: str


class Played(NamedTuple):
    """One step, and what came of it."""

    number: int  # from 1
    step: cases.Step
    outcome: Outcome
    differences: list[Difference]


class Ended(NamedTuple):
    """How everything stood in the end, held against ``final``."""

    orders: dict[str, OrderLine]
    book: BookLines
    money: Money
    differences: list[Difference]


class Verdict(NamedTuple):
    """What became of a case. ``reason`` is empty if it passed."""

    case: cases.Case
    ending: Ending
    reason: str = ""
    played: tuple[Played, ...] = ()
    final: Ended | None = None
    sum: sums.Sum | None = None


def run(case: cases.Case) -> Verdict:
    """The verdict on a case. Raises nothing for what the engine does wrong: that is a failure."""
    if isinstance(case.content, cases.Unreadable):
        return Verdict(case, Ending.FAILED, case.content.fault)
    if isinstance(case.content, cases.Other):
        return _run_sum(case, case.content)
    reason = why_not(case)
    if reason is not None:
        return Verdict(case, Ending.SKIPPED, reason)
    played: list[Played] = []
    place = "instrument"
    try:
        stage = Stage(case.content)
        if stage.refusal is not None:
            return Verdict(case, Ending.SKIPPED, f"no venue lists such an instrument: {stage.refusal}")
        for number, step in enumerate(case.content.steps, 1):
            place = f"step {number}, {words(step)}"
            outcome = stage.play(step)
            played.append(Played(number, step, outcome, list(_of_step(step, outcome))))
            if played[-1].differences:
                return Verdict(case, Ending.FAILED, _reason(place, played[-1].differences), tuple(played))
        final = case.content.final
        if final is None:
            return Verdict(case, Ending.PASSED, "", tuple(played))
        orders, book, money = stage.orders(), stage.book(), stage.money()
        differences = [
            *_of_orders(final.orders or {}, orders),
            *_of_book(final.book, book),
            *_of_money(final, money),
        ]
        ended = Ended(orders, book, money, differences)
    except InvariantViolated as error:
        cause = f" ({error.__cause__!r})" if error.__cause__ is not None else ""
        return Verdict(case, Ending.FAILED, f"{place}: {error}{cause}", tuple(played))
    if differences:
        return Verdict(case, Ending.FAILED, _reason("final", differences), tuple(played), ended)
    return Verdict(case, Ending.PASSED, "", tuple(played), ended)


def _run_sum(case: cases.Case, content: cases.Other) -> Verdict:
    done = sums.do(content)
    if isinstance(done, str):
        return Verdict(case, Ending.SKIPPED, done)
    if done.expected != done.came:
        text = f"{done.question}: expected {done.expected}, came {done.came}"
        return Verdict(case, Ending.FAILED, text, sum=done)
    return Verdict(case, Ending.PASSED, sum=done)


def words(step: cases.Step) -> str:
    """The step in one line, as it was written: ``new a: side=buy qty=5 price=100``."""
    given = {
        name: getattr(step, name)
        for name in (*type(step).model_fields, *step.unknown)
        if name in step.model_fields_set and name not in {"op", "note", "expect"}
    }
    name = given.pop("id", None)
    fields = " ".join(f"{field}={value}" for field, value in given.items())
    return " ".join(filter(None, (step.op, name and f"{name}:", fields)))


def tells(step: cases.Step) -> bool:
    """Whether the detail of the step is a result. Elsewhere it is a word for readers, and everybody has his own."""
    return isinstance(step, cases.MassCancel | cases.Expire | cases.Indicative | cases.Uncross)


# -- what differs ----------------------------------------------------------------------------------


def _of_step(step: cases.Step, outcome: Outcome) -> Iterator[Difference]:
    expect = step.expect
    if expect.result is not None and expect.result != outcome.result:
        came = f"{outcome.result} ({outcome.detail})" if outcome.result == "rejected" else outcome.result
        yield Difference("result", f"expected {expect.result}, came {came}")
    if tells(step) and expect.detail is not None and str(expect.detail) != outcome.detail:
        yield Difference("detail", f"expected {expect.detail}, came {outcome.detail}")
    reason = REASONS.get(str(expect.detail))
    if reason is not None and outcome.result == "rejected" and reason is not outcome.reason:
        yield Difference("detail", f"expected {expect.detail} ({reason}), came {outcome.reason}")
    if expect.trades is not None and [tuple(row) for row in expect.trades] != outcome.trades:
        yield Difference("trades", f"expected {_rows(expect.trades)}, came {_rows(outcome.trades)}")
    if expect.orders is not None:
        yield from _of_orders(expect.orders, outcome.orders)
        for name, line in outcome.changed.items():
            if name not in expect.orders:
                yield Difference("orders", f"{name} is not listed and has changed: {_line(line)}")
    yield from _of_book(expect.book, outcome.book)
    yield from _of_money(expect, outcome.money)


def _of_orders(
    expected: Mapping[str, cases.OrderLine], came: Mapping[str, OrderLine]
) -> Iterator[Difference]:
    for name, line in expected.items():
        wanted = plain_order(line)
        if came.get(name) != wanted:
            stands = _line(came[name]) if name in came else "no such order"
            yield Difference("orders", f"{name}: expected {_line(wanted)}, came {stands}")


def _of_book(expected: cases.BookLines | None, came: BookLines) -> Iterator[Difference]:
    if expected is None:
        return
    wanted = plain_book(expected)
    for side in ("bids", "asks"):
        if getattr(wanted, side) != getattr(came, side):
            text = f"{side}: expected {_rows(getattr(wanted, side))}, came {_rows(getattr(came, side))}"
            yield Difference("book", text)
    if wanted.market != came.market:
        yield Difference("market", f"expected {_market(wanted)}, came {_market(came)}")


def _of_money(expected: cases.Expect | cases.End, came: Money) -> Iterator[Difference]:
    """Balances that are listed; who has never had an asset has 0 of it."""
    for owner, assets in (expected.balances or {}).items():
        for asset, free in assets.items():
            found = came.balances.get(owner, {}).get(asset, 0)
            if found != free:
                yield Difference("balances", f"{owner} {asset}: expected {free}, came {found}")
    if expected.fees is not None and expected.fees != came.fees:
        yield Difference("fees", f"expected {expected.fees}, came {came.fees}")


def plain_order(line: cases.OrderLine) -> OrderLine:
    """What a case expects of an order, in the form in which it comes."""
    return OrderLine(line.state, line.filled, line.open)


def plain_book(book: cases.BookLines) -> BookLines:
    """What a case expects of a book, in the form in which it comes."""
    market = {side: quantity for side, quantity in sorted((book.market or {}).items()) if quantity}
    return BookLines(list(book.bids), list(book.asks), market)


def _reason(place: str, differences: Iterable[Difference]) -> str:
    return f"{place}: " + "; ".join(f"{one.part}: {one.text}" for one in differences)


def _line(line: OrderLine) -> str:
    return f"{line.state}, filled {line.filled}, open {line.open}"


def _rows(rows: Iterable[tuple[Any, ...]]) -> str:
    return "[" + ", ".join(" ".join(map(str, row)) for row in rows) + "]"


def _market(book: BookLines) -> str:
    return ", ".join(f"{side} {quantity}" for side, quantity in book.market.items()) or "none"

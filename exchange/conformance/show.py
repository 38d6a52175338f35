"""Tables for people: a case step by step, expected and come out side by side.

In: verdicts. Out: tables and lines on a ``rich`` console. Nothing is judged here.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from exchange.conformance import cases
from exchange.conformance.check import Difference, Ending, Verdict, plain_book, plain_order, tells, words
from exchange.conformance.stage import BookLines, Money, OrderLine

STYLES: Final = {Ending.PASSED: "green", Ending.FAILED: "bold red", Ending.SKIPPED: "yellow"}
NOT_GIVEN: Final = "not compared"


def show_line(console: Console, verdict: Verdict, name: str) -> None:
    """One line: what became of the case, and why."""
    line = Text.assemble((verdict.ending.value, STYLES[verdict.ending]), f" {name}")
    if verdict.reason:
        line.append(f": {verdict.reason}")
    console.print(line, soft_wrap=True)


def show_case(console: Console, verdict: Verdict) -> None:
    """Every step that was played, up to the one that differs; then the end."""
    content = verdict.case.content
    console.print(Text(f"case {content.id}, {verdict.case.place}", style="bold"), soft_wrap=True)
    if isinstance(content, cases.Situation):
        _show_head(console, content)
    for played in verdict.played:
        step, outcome = played.step, played.outcome
        console.print()
        console.print(Text(f"step {played.number}: {words(step)}", style="bold"), soft_wrap=True)
        if step.note:
            console.print(Text(step.note, style="italic"))
        expect = step.expect
        expected_orders = _expected_orders(expect.orders)
        table = _table(played.differences)
        rejected = outcome.result == "rejected"
        why = f"\n{outcome.detail}" if rejected else ""
        table.row("result", _text(expect.result), Text(f"{outcome.result}{why}"))
        if tells(step) and not rejected:
            table.row("detail", _text(expect.detail), _text(outcome.detail, "none"))
        table.row("trades", _trades(expect.trades), _trades(outcome.trades))
        listed = {name: outcome.orders[name] for name in expected_orders or {} if name in outcome.orders}
        table.row("orders", _orders(expected_orders), _orders({**listed, **outcome.changed}))
        table.row("book", _book(expect.book), _book(outcome.book))
        _money_rows(table, content, expect, outcome.money)
        console.print(table.table)
    if verdict.final is not None and isinstance(content, cases.Situation) and content.final is not None:
        console.print()
        console.print(Text("in the end", style="bold"))
        table = _table(verdict.final.differences)
        table.row("orders", _orders(_expected_orders(content.final.orders)), _orders(verdict.final.orders))
        table.row("book", _book(content.final.book), _book(verdict.final.book))
        _money_rows(table, content, content.final, verdict.final.money)
        console.print(table.table)
    if verdict.sum is not None:
        done = verdict.sum
        differs = [] if done.expected == done.came else [Difference("result", "")]
        console.print(Text(done.question))
        table = _table(differs)
        table.row("result", Text(", ".join(map(str, done.expected))), Text(", ".join(map(str, done.came))))
        console.print(table.table)
    console.print()
    show_line(console, verdict, content.id)


def _show_head(console: Console, case: cases.Situation) -> None:
    if case.title:
        console.print(Text(case.title, style="italic"))
    symbol = case.symbol.model_dump() if case.symbol is not None else {}
    given = {**case.instrument.model_dump(exclude_unset=True), **case.policy, **symbol}
    if given:
        console.print(Text(", ".join(f"{name} {value}" for name, value in given.items())))


class _Comparison:
    """A table of two columns that marks the rows that differ."""

    def __init__(self, differing: Iterable[Difference]) -> None:
        # Resting market orders are drawn as part of the book.
        self._differing = {"book" if one.part == "market" else one.part for one in differing}
        self.table = Table(show_lines=True)
        self.table.add_column("")
        self.table.add_column("expected")
        self.table.add_column("came out")

    def row(self, part: str, expected: RenderableType, came: RenderableType) -> None:
        differs = part in self._differing
        name = Text(f"{part} !" if differs else part)
        self.table.add_row(name, expected, came, style=STYLES[Ending.FAILED] if differs else None)


def _money_rows(table: _Comparison, case: object, expected: cases.Expect | cases.End, came: Money) -> None:
    if isinstance(case, cases.Situation) and case.symbol is not None:
        table.row("balances", _balances(expected.balances), _balances(came.balances))
        table.row("fees", _text(expected.fees), _text(came.fees))


def _balances(balances: Mapping[str, Mapping[str, int]] | None) -> RenderableType:
    """What is free, one line for each owner and asset."""
    if balances is None:
        return _text(None)
    lines = [
        Text(f"{owner}: {free} {asset}")
        for owner, assets in sorted(balances.items())
        for asset, free in sorted(assets.items())
    ]
    return Group(*lines) if lines else _text(None, "none")


def _table(differences: Iterable[Difference]) -> _Comparison:
    return _Comparison(differences)


def _text(value: object, absent: str = NOT_GIVEN) -> Text:
    return Text(absent, style="dim") if value is None else Text(str(value))


def _trades(rows: Iterable[tuple[str, str, int, int]] | None) -> RenderableType:
    if rows is None:
        return _text(None)
    lines = [Text(f"{one} with {other}: {quantity} at {price}") for one, other, price, quantity in rows]
    return Group(*lines) if lines else _text(None, "none")


def _expected_orders(lines: Mapping[str, cases.OrderLine] | None) -> dict[str, OrderLine] | None:
    return None if lines is None else {name: plain_order(line) for name, line in lines.items()}


def _orders(lines: Mapping[str, OrderLine] | None) -> RenderableType:
    if lines is None:
        return _text(None)
    if not lines:
        return _text(None, "none changed")
    shown = [
        f"{name}: {one.state}, filled {one.filled}, open {one.open}" for name, one in sorted(lines.items())
    ]
    return Group(*map(Text, shown))


def _book(book: cases.BookLines | BookLines | None) -> RenderableType:
    """``bid | price | ask``, best prices in the middle: quantity, and the number of orders in brackets."""
    if book is None:
        return _text(None)
    lines = plain_book(book) if isinstance(book, cases.BookLines) else book
    if not (lines.bids or lines.asks or lines.market):
        return _text(None, "empty")
    grid = Table(box=None, padding=(0, 1), pad_edge=False)
    for heading in ("bid", "price", "ask"):
        grid.add_column(heading, justify="right" if heading != "ask" else "left", no_wrap=True)
    if lines.market:
        grid.add_row(str(lines.market.get("buy", "")), "market", str(lines.market.get("sell", "")))
    bids = {price: f"{quantity} ({orders})" for price, quantity, orders in lines.bids}
    asks = {price: f"{quantity} ({orders})" for price, quantity, orders in lines.asks}
    for price in sorted({*bids, *asks}, reverse=True):
        grid.add_row(bids.get(price, ""), str(price), asks.get(price, ""))
    return grid

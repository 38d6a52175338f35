"""The board: what a market in motion looks like in a terminal.

In: a ``Scene``: books, tape, counts. Out: something ``rich`` can draw, or one plain line. Pure: the
same scene gives the same picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from protocol.market import TradePrint
from protocol.messages import InstrumentInfo
from protocol.vocabulary import Side
from traders.book_view import Depth

# Three books side by side over tape and profit: what fits a terminal of 80 columns and 24 lines.
SHOWN_LEVELS: Final = 4
SHOWN_PRINTS: Final = 6
SHOWN_TRADERS: Final = 6


_PRINT_STYLES: Final = {Side.BUY: "green", Side.SELL: "red", None: "yellow"}
"""By the side that arrived; in an auction nobody did."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One trader's line."""

    account: str
    fills: int
    profit: int


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything the board shows."""

    elapsed_s: float
    instruments: Sequence[InstrumentInfo]
    books: Sequence[Depth]
    prints: Sequence[TradePrint]
    standings: Sequence[Standing]
    trading: int
    orders: int
    trades: int
    orders_per_s: float
    trades_per_s: float

    def decimals(self, symbol: str) -> int:
        """Of the instrument's price, for display."""
        return next((one.price_decimals for one in self.instruments if one.symbol == symbol), 0)


def price_text(price: int, decimals: int) -> str:
    """An integer price for people: 10025 with 2 decimals reads 100.25."""
    if decimals <= 0:
        return f"{price:,}"
    sign = "-" if price < 0 else ""
    whole, part = divmod(abs(price), 10**decimals)
    return f"{sign}{whole:,}.{part:0{decimals}d}"


def plain_line(scene: Scene) -> str:
    """The scene in one line, for logs and pipes."""
    quotes = "  ".join(_quote(book, scene.decimals(book.symbol)) for book in scene.books)
    return (
        f"{scene.elapsed_s:6.1f} s  {scene.trading} traders  {scene.orders:,} orders ({scene.orders_per_s:,.0f}/s)  "
        f"{scene.trades:,} trades ({scene.trades_per_s:,.0f}/s)  {quotes}"
    ).rstrip()


def draw(scene: Scene) -> RenderableType:
    """The scene as a board."""
    head = Text.assemble(
        (f" {scene.trading} traders ", "bold reverse"),
        f"  {scene.orders:,} orders ({scene.orders_per_s:,.0f}/s)",
        f"   {scene.trades:,} trades ({scene.trades_per_s:,.0f}/s)",
        f"   {scene.elapsed_s:.0f} s",
        ("   Ctrl-C ends it", "dim"),
    )
    books = [_book(book, scene.decimals(book.symbol)) for book in scene.books]
    return Group(
        head, Columns(books, padding=(0, 1)), Columns([_tape(scene), _standings(scene)], padding=(0, 1))
    )


def _quote(book: Depth, decimals: int) -> str:
    bid = "-" if book.best_bid is None else price_text(book.best_bid, decimals)
    ask = "-" if book.best_ask is None else price_text(book.best_ask, decimals)
    return f"{book.symbol} {bid}/{ask}"


def _book(book: Depth, decimals: int) -> Panel:
    table = Table(box=None, padding=0, show_edge=False, show_header=False)
    table.add_column("bid", justify="right", style="green", min_width=5)
    table.add_column("price", justify="right", min_width=9)
    table.add_column("ask", justify="right", style="red", min_width=6)
    # Always as many rows as fit, so that the board does not jump while a book is thin.
    asks = list(book.asks[:SHOWN_LEVELS])
    for _ in range(SHOWN_LEVELS - len(asks)):
        table.add_row("", "", "")
    for price, quantity in reversed(asks):
        table.add_row("", price_text(price, decimals), f"{quantity:,}")
    table.add_row("", "", "")
    for price, quantity in book.bids[:SHOWN_LEVELS]:
        table.add_row(f"{quantity:,}", price_text(price, decimals), "")
    for _ in range(SHOWN_LEVELS - len(book.bids)):
        table.add_row("", "", "")
    return Panel(table, title=f"[bold]{book.symbol}", border_style="dim")


def _tape(scene: Scene) -> Panel:
    table = Table(box=None, padding=(0, 1), show_edge=False, show_header=False)
    table.add_column("symbol", min_width=6)
    table.add_column("price", justify="right", min_width=9)
    table.add_column("quantity", justify="right")
    prints = list(scene.prints)[-SHOWN_PRINTS:]
    for trade in reversed(prints):
        style = _PRINT_STYLES[trade.aggressor]
        price = Text(price_text(trade.price, scene.decimals(trade.symbol)), style)
        table.add_row(trade.symbol, price, f"{trade.quantity:,}")
    for _ in range(SHOWN_PRINTS - len(prints)):
        table.add_row("", "", "")
    return Panel(table, title="[bold]tape", border_style="dim")


def _standings(scene: Scene) -> Panel:
    table = Table(box=None, padding=(0, 1), show_edge=False, show_header=False)
    table.add_column("trader", min_width=12)
    table.add_column("fills", justify="right")
    table.add_column("profit", justify="right", min_width=10)
    best = sorted(scene.standings, key=lambda one: (-one.profit, one.account))
    shown = best if len(best) <= SHOWN_TRADERS else best[: SHOWN_TRADERS // 2] + best[-SHOWN_TRADERS // 2 :]
    for one in shown:
        style = "green" if one.profit > 0 else "red" if one.profit < 0 else "dim"
        # Money of several instruments is added up as it is: price units times quantity.
        table.add_row(one.account, f"{one.fills:,} fills", Text(f"{one.profit:+,}", style))
    return Panel(table, title="[bold]profit, best and worst", border_style="dim")

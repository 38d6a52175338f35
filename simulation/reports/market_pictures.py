"""Pictures of a market: price and volume, spread and depth, the profile of its book, profits of its traders.

In: a run that was kept. Out: figures; ``None`` where there is nothing to show. Long series are drawn by at most so many
points as a screen has columns; of what falls together the extremes are kept where they matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from simulation.reports.kept import Columns, Kept
from simulation.reports.style import BLUE, FAINT, GRID, INK, RED, SERIES, draw, label_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_POINTS: Final = 900
_BARS: Final = 80
_LINES: Final = len(SERIES)
"""Groups that are told apart by colour; those that follow share one."""
_NOTHING: Final = float("nan")
"""Is not drawn."""


def price_and_volume(kept: Kept, symbol: str) -> Figure | None:
    """Best prices, trades at their prices, and below the volume."""
    books, trades, unit = kept.books[symbol], kept.trades[symbol], kept.unit(symbol)
    rows = list(zip(books["at_ns"], books["bid"], books["ask"], strict=True))
    if not trades["price"] and not any(_quoted(bid, ask) for _, bid, ask in rows):
        return None

    def paint(figure: Figure, axes: list[Axes]) -> None:
        top, bottom = axes
        parts = _parts(rows)
        times = [_seconds(kept, part[-1][0]) for part in parts]
        quoted = [[(bid / unit, ask / unit) for _, bid, ask in part if _quoted(bid, ask)] for part in parts]
        lows = [min([bid for bid, _ in part], default=_NOTHING) for part in quoted]
        highs = [max([ask for _, ask in part], default=_NOTHING) for part in quoted]
        mids = [sum(part[-1]) / 2 if part else _NOTHING for part in quoted]
        top.fill_between(times, lows, highs, color=BLUE, alpha=0.22, linewidth=0)
        top.plot(times, mids, color=BLUE)
        few = ceil(len(trades["price"]) / 2_000)
        if trades["price"]:
            dots = list(zip(trades["at_ns"], trades["price"], strict=True))[:: max(few, 1)]
            top.plot(
                [_seconds(kept, at) for at, _ in dots],
                [price / unit for _, price in dots],
                linestyle="none",
                marker="o",
                markersize=1.6,
                markeredgewidth=0,
                color=INK,
                alpha=0.55,
            )
        top.set_title("Price: mid, best bid to best ask (shade), trades (dots)")
        edges, volumes = _volumes(kept, trades)
        bottom.bar(edges, volumes, width=kept.length_s / _BARS * 0.86, align="edge", color=FAINT, linewidth=0)
        bottom.yaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")
        bottom.set_title(f"Volume, every {_span(kept.length_s / _BARS)}")
        _clock(kept, axes)

    return draw(2, 3.9, paint, sharex=True, height_ratios=[3, 1])


def spread_and_depth(kept: Kept, symbol: str) -> Figure | None:
    """Best ask less best bid; below what the best ten levels of both sides show."""
    books, unit = kept.books[symbol], kept.unit(symbol)
    rows = list(
        zip(
            books["at_ns"], books["bid"], books["ask"], books["bid_depth"], books["ask_depth"], strict=True
        )
    )  # fmt: skip
    if not any(_quoted(bid, ask) for _, bid, ask, _, _ in rows):
        return None

    def paint(figure: Figure, axes: list[Axes]) -> None:
        top, bottom = axes
        parts = _parts(rows)
        times = [_seconds(kept, part[-1][0]) for part in parts]
        spreads = [
            _mean([(ask - bid) / unit for _, bid, ask, _, _ in part if _quoted(bid, ask)]) for part in parts
        ]
        top.plot(times, spreads, color=INK, linewidth=1.0)
        mean = _mean([one for one in spreads if one == one])
        top.axhline(mean, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)))
        top.set_ylim(bottom=0)
        label_lines(top, [(f"mean {mean:.3g}", mean, FAINT)])
        top.set_title("Spread: best ask less best bid")
        bids = [_mean([row[3] for row in part]) for part in parts]
        asks = [_mean([row[4] for row in part]) for part in parts]
        bottom.fill_between(times, 0, bids, color=BLUE, alpha=0.75, linewidth=0)
        bottom.fill_between(times, 0, [-one for one in asks], color=RED, alpha=0.75, linewidth=0)
        bottom.axhline(0, color=FAINT, linewidth=0.7)
        label_lines(bottom, [("bids", max(bids) / 2, BLUE), ("asks", -max(asks) / 2, RED)])
        bottom.yaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}")
        bottom.set_title("Depth: quantity of the best ten levels of either side")
        _clock(kept, axes)

    return draw(2, 3.6, paint, sharex=True)


def depth_profile(kept: Kept, symbol: str) -> Figure | None:
    """The average book: quantity by distance from the best price of its side."""
    columns = kept.profile[symbol]
    if not columns["ticks"]:
        return None
    quantities = columns["quantity"]
    total, reach, gone = sum(quantities), 0, 0.0
    while gone < total * 0.95:
        gone += quantities[reach]
        reach += 1
    width = max(ceil(reach / 60), 1)

    def paint(figure: Figure, axes: list[Axes]) -> None:
        (one,) = axes
        firsts = range(0, reach, width)
        heights = [_mean(quantities[first : first + width]) for first in firsts]
        peak = max(range(len(heights)), key=heights.__getitem__)
        one.bar(
            list(firsts),
            heights,
            width=width * 0.86,
            align="edge",
            linewidth=0,
            color=[BLUE if place == peak else FAINT for place in range(len(heights))],
        )
        one.annotate(
            f"peak {heights[peak]:,.3g}",
            (firsts[peak] + width / 2 * (peak > 0), heights[peak]),
            xytext=(0, 3),
            textcoords="offset points",
            ha="left" if peak == 0 else "center",
            color=BLUE,
            fontweight="bold",
        )
        one.margins(y=0.14)
        one.set_xlim(left=-width * 0.2)
        one.set_xlabel("ticks from the best price of the side")
        one.set_title("Average book: quantity at a tick")

    return draw(1, 2.3, paint)


def pnl_by_group(kept: Kept) -> Figure | None:
    """Profit of a trader of each group, over time, at the prices of the moment."""
    columns = kept.pnl_by_group
    if not columns["pnl"] or not any(columns["pnl"]):
        return None

    def paint(figure: Figure, axes: list[Axes]) -> None:
        (one,) = axes
        ends: list[tuple[str, float, str]] = []
        for place, group in enumerate(kept.groups):
            rows = [
                (_seconds(kept, at), pnl / traders)
                for at, name, traders, pnl in zip(*(columns[name] for name in columns), strict=True)
                if name == group
            ]
            if not rows:
                continue
            colour = SERIES[place] if place < _LINES else FAINT
            one.plot([at for at, _ in rows], [pnl for _, pnl in rows], color=colour)
            ends.append((group, rows[-1][1], colour))
        one.axhline(0, color=FAINT, linewidth=0.7)
        one.yaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")
        label_lines(one, ends)
        one.set_title("Profit of a trader, mean of each group, smallest units")
        _clock(kept, axes)

    return draw(1, 3.0, paint)


# -- what they share -----------------------------------------------------------------------------------
def _parts(rows: Sequence[Any]) -> list[Sequence[Any]]:
    """At most as many parts as points are drawn, in order."""
    size = max(ceil(len(rows) / _POINTS), 1)
    return [rows[first : first + size] for first in range(0, len(rows), size)]


def _quoted(bid: int | None, ask: int | None) -> bool:
    """Whether there is a spread: before an auction prices may cross."""
    return bid is not None and ask is not None and bid < ask


def _volumes(kept: Kept, trades: Columns) -> tuple[list[float], list[int]]:
    volumes = [0] * _BARS
    for at, quantity in zip(trades["at_ns"], trades["quantity"], strict=True):
        place = int(_seconds(kept, at) / kept.length_s * _BARS)
        volumes[min(place, _BARS - 1)] += quantity
    return [kept.length_s * place / _BARS for place in range(_BARS)], volumes


def _seconds(kept: Kept, at_ns: int) -> float:
    return (at_ns - kept.start_ns) / 1e9


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else _NOTHING


def _span(seconds: float) -> str:
    if seconds >= 90:
        return f"{seconds / 60:.3g} minutes"
    return f"{seconds:.3g} s"


def _clock(kept: Kept, axes: list[Axes]) -> None:
    """Times of day below the last axes."""
    last = axes[-1]
    length = kept.length_s
    step = next((one for one in _STEPS if length / one <= 9), _STEPS[-1])
    first = -(-(kept.start_ns // 1_000_000_000) // step) * step - kept.start_ns // 1_000_000_000
    places = [first + step * number for number in range(int((length - first) // step) + 1)]
    shape = "%H:%M" if step >= 60 else "%H:%M:%S"
    last.set_xlim(0, length)
    last.set_xticks(
        places,
        [datetime.fromtimestamp(kept.start_ns / 1e9 + place, UTC).strftime(shape) for place in places],
    )
    for one in axes:
        one.grid(axis="x", visible=False)
        one.tick_params(axis="x", color=GRID)


_STEPS: Final = (1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 43_200, 86_400)

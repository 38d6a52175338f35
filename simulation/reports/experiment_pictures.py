"""Pictures of an experiment with induced values: whether its prices go to the equilibrium, and what is gained.

In: a run that was kept. Out: figures; ``None`` without periods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from simulation.reports.kept import Kept
from simulation.reports.style import BLUE, FAINT, INK, RED, SERIES, draw, label_lines

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DOTS: Final = 4_000


def convergence(kept: Kept) -> Figure | None:
    """Every trade in its period, the mean price of each period, and the equilibrium."""
    periods = kept.periods
    if not periods["period"]:
        return None
    symbol = kept.symbols[0]
    experiment = kept.about["scenario"]["experiment"]
    symbol = experiment.get("symbol") or symbol
    unit, trades = kept.unit(symbol), kept.trades[symbol]
    numbers, starts = periods["period"], periods["started_ns"]
    length = (kept.about["end_ns"] - kept.start_ns) / len(numbers)

    def paint(figure: Figure, axes: list[Axes]) -> None:
        (one,) = axes
        few = max(len(trades["price"]) // _DOTS, 1)
        dots = list(zip(trades["at_ns"], trades["price"], strict=True))[::few]
        one.plot(
            [(at - starts[0]) / length + 0.5 for at, _ in dots],
            [price / unit for _, price in dots],
            linestyle="none",
            marker="o",
            markersize=2.2,
            markeredgewidth=0,
            color=FAINT,
            alpha=0.6,
        )
        lows = [price / unit for price in periods["equilibrium_low"]]
        highs = [price / unit for price in periods["equilibrium_high"]]
        edges = [number - 0.5 for number in numbers] + [numbers[-1] + 0.5]
        one.stairs(
            [(low + high) / 2 for low, high in zip(lows, highs, strict=True)], edges, color=RED, baseline=None
        )
        one.fill_between(
            edges, [*lows, lows[-1]], [*highs, highs[-1]], step="post", color=RED, alpha=0.18, linewidth=0
        )
        means = [
            (number, price / unit)
            for number, price in zip(numbers, periods["mean_price"], strict=True)
            if price is not None
        ]
        ends = [("equilibrium", (lows[-1] + highs[-1]) / 2, RED)]
        if means:
            small = len(means) <= 60
            one.plot(
                [number for number, _ in means],
                [price for _, price in means],
                color=BLUE,
                marker="o" if small else None,
                markersize=4,
            )
            ends.append(("mean of a period", means[-1][1], BLUE))
        one.set_xlim(edges[0], edges[-1])
        label_lines(one, ends)
        one.set_xlabel("period")
        one.set_title("Prices and the equilibrium of supply and demand")

    return draw(1, 3.2, paint)


def efficiency(kept: Kept) -> Figure | None:
    """Allocative efficiency of each period; below how far prices were from the equilibrium."""
    periods = kept.periods
    if not periods["period"]:
        return None
    numbers = periods["period"]

    def paint(figure: Figure, axes: list[Axes]) -> None:
        top, bottom = axes
        values = periods["efficiency"]
        mean = sum(values) / len(values)
        small = len(numbers) <= 60
        top.plot(numbers, values, color=INK, marker="o" if small else None, markersize=4, linewidth=1.0)
        top.axhline(mean, color=BLUE, linewidth=1.0, linestyle=(0, (4, 3)))
        top.set_ylim(top=max(*values, 100) + 1)
        label_lines(top, [(f"mean {mean:.1f} %", mean, BLUE)])
        top.set_title("Allocative efficiency, percent of all that could be gained")
        found = [
            (number, value)
            for number, value in zip(numbers, periods["alpha"], strict=True)
            if value is not None
        ]
        if found:
            bottom.plot(
                [number for number, _ in found],
                [value for _, value in found],
                color=INK,
                marker="o" if small else None,
                markersize=4,
                linewidth=1.0,
            )
            middle = sum(value for _, value in found) / len(found)
            bottom.axhline(middle, color=BLUE, linewidth=1.0, linestyle=(0, (4, 3)))
            label_lines(bottom, [(f"mean {middle:.1f} %", middle, BLUE)])
        bottom.set_ylim(bottom=0)
        bottom.set_xlim(numbers[0] - 0.5, numbers[-1] + 0.5)
        bottom.set_title("Smith's alpha: distance of prices from the equilibrium, percent")
        bottom.set_xlabel("period")

    return draw(2, 3.8, paint, sharex=True)


def gains(kept: Kept) -> Figure | None:
    """What a trader of each group gained in a period, over its limits."""
    columns = kept.gains
    if not columns["surplus"]:
        return None
    by_group: dict[str, list[int]] = {}
    for group, surplus in zip(columns["group"], columns["surplus"], strict=True):
        by_group.setdefault(group, []).append(surplus)
    means = [(group, sum(found) / len(found)) for group, found in by_group.items()]

    def paint(figure: Figure, axes: list[Axes]) -> None:
        (one,) = axes
        names = [name for name, _ in means][::-1]
        values = [value for _, value in means][::-1]
        colours = [SERIES[place % len(SERIES)] for place in range(len(means))][::-1]
        one.barh(names, values, color=colours, height=0.62, linewidth=0)
        for place, value in enumerate(values):
            one.annotate(
                f"{value:,.1f}", (value, place), xytext=(4 if value >= 0 else -4, 0), textcoords="offset points",
                va="center", ha="left" if value >= 0 else "right", color=INK,
            )  # fmt: skip
        one.grid(axis="y", visible=False)
        one.margins(x=0.1)
        one.axvline(0, color=FAINT, linewidth=0.7)
        one.set_title("Gained by a trader in a period, over its limits, price units")

    return draw(1, 0.9 + 0.34 * len(means), paint)

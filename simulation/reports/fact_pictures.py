"""Pictures of the stylised facts of one instrument: what remembers, and how fat the tails are.

In: facts that were measured. Out: a figure of four.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulation.reports.style import BLUE, FAINT, RED, draw
from simulation.stylised_facts import SCALES_S, Facts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def fact_pictures(facts: Facts) -> Figure:
    """Kurtosis by time scale, memory of absolute returns and of signs by lag, with the bands."""

    def paint(figure: Figure, axes: list[Axes]) -> None:
        kurtosis, absolute, signs = axes
        places = list(range(len(SCALES_S)))
        kurtosis.bar(places, facts.kurtosis, width=0.62, color=BLUE, linewidth=0)
        kurtosis.set_xticks(places, [f"{scale} s" for scale in SCALES_S])
        kurtosis.axhline(0, color=FAINT, linewidth=0.7)
        for place, value in zip(places, facts.kurtosis, strict=True):
            kurtosis.annotate(
                f"{value:.1f}", (place, value), xytext=(0, 3 if value >= 0 else -10), textcoords="offset points",
                ha="center", color=BLUE,
            )  # fmt: skip
        kurtosis.margins(y=0.16)
        kurtosis.set_title("Excess kurtosis of returns")
        _lags(absolute, facts.absolute, facts.absolute_band)
        absolute.set_title("Memory of absolute returns, 10 s")
        _lags(signs, facts.signs, facts.signs_band)
        signs.set_title("Memory of order signs")

    return draw(1, 2.5, paint, ncols=3)


def _lags(axes: Axes, values: Sequence[float], band: float) -> None:
    lags = list(range(1, len(values) + 1))
    axes.axhspan(-band, band, color=FAINT, alpha=0.18, linewidth=0)
    axes.axhline(0, color=FAINT, linewidth=0.7)
    colours = [BLUE if value > 0 else RED for value in values]
    axes.bar(lags, values, width=0.62, color=colours, linewidth=0)
    axes.set_xticks(lags[::3])
    axes.set_xlabel("lag; shade: 95 % band of no memory")
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, -1.5 * band), max(high, 1.5 * band))

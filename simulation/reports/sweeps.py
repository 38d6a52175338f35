"""A page about a sweep: a picture for each figure, means with their intervals.

In: the points of a sweep. Out: ``sweep.html`` and a PNG for each picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from simulation.inference import Interval, number
from simulation.outcome import FIGURES
from simulation.reports.markup import document, table
from simulation.reports.style import BLUE, INK, as_svg, draw, write_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class Point(Protocol):
    """One set of values."""

    @property
    def values(self) -> tuple[str, ...]:
        """As they were typed."""


def write_sweep(
    out: Path,
    scenario: str,
    keys: Sequence[str],
    points: Sequence[Point],
    found: Mapping[str, Sequence[Interval]],
) -> list[Path]:
    """Write the page and its pictures into ``out``; the files that were written.

    Raises:
        ConfigError: matplotlib is not installed.
        OSError: a file can't be written.
    """
    labels = [", ".join(point.values) for point in points]
    title = Path(scenario).stem
    page = out / "sweep.html"
    written, body = [page], [f"<header><h1>{escape(title)}: {escape(', '.join(keys))}</h1></header>"]
    for name, intervals in found.items():
        figure = sweep_picture(name, keys, labels, intervals)
        written.append(out / f"sweep-{name}.png")
        write_png(figure, written[-1])
        body.append(f"<section><h2>{escape(name)}</h2><figure>{as_svg(figure, f'sweep-{name}')}</figure>")
        rows = [
            (*point.values, number(one.mean), f"{number(one.low)} to {number(one.high)}", one.count)
            for point, one in zip(points, intervals, strict=True)
        ]
        headers = (*keys, "mean", f"{100 * intervals[0].level:g} % interval", "seeds")
        body.append(table(headers, rows, numbers=("mean", "seeds")) + "</section>")
    page.write_text(document(f"Sweep of {title}", "\n".join(body)), encoding="utf-8")
    return written


def sweep_picture(
    name: str, keys: Sequence[str], labels: Sequence[str], intervals: Sequence[Interval]
) -> Figure:
    """Means by value, with their intervals; on a scale where all values are numbers of one key."""
    places = _places(labels) if len(keys) == 1 else None

    def paint(figure: Figure, axes: list[Axes]) -> None:
        (one,) = axes
        at = places or [float(place) for place in range(len(labels))]
        means = [interval.mean for interval in intervals]
        down = [0.0 if interval.low == -inf else interval.mean - interval.low for interval in intervals]
        up = [0.0 if interval.high == inf else interval.high - interval.mean for interval in intervals]
        one.errorbar(
            at, means, yerr=[down, up], color=BLUE, marker="o", markersize=5, capsize=3, elinewidth=1.2,
            linestyle="-" if places else "none",
        )  # fmt: skip
        if places is None:
            one.set_xticks(at, list(labels))
        for place, mean in zip(at, means, strict=True):
            one.annotate(number(mean), (place, mean), xytext=(6, 6), textcoords="offset points", color=INK)
        one.margins(x=0.08, y=0.18)
        one.set_xlabel(", ".join(keys))
        figure_name, dot, group = name.partition(".")
        meaning = f"mean of a trader of {group}" if dot else FIGURES.get(figure_name, "")
        one.set_title(f"{name}: {meaning}, mean and {100 * intervals[0].level:g} % interval")

    return draw(1, 2.8, paint)


def _places(labels: Sequence[str]) -> list[float] | None:
    try:
        return [float(label) for label in labels]
    except ValueError:
        return None

"""How pictures look: one palette, for light and dark, and the ways from a figure to SVG and PNG.

In: figures drawn with the colours below. Out: SVG whose colours are those of the page it stands in, whatever the reader's
screen is set to; PNG on white. Equal figures give equal files, byte for byte. Needs matplotlib (the extra ``report``).
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from protocol.errors import ConfigError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PAPER: Final = "#ffffff"
INK: Final = "#1c2430"
FAINT: Final = "#6b7686"
GRID: Final = "#e3e7ed"
BLUE: Final = "#2563a8"
RED: Final = "#c2413b"
SERIES: Final = (BLUE, "#c8741a", "#2c8a7a", "#8b5fb5", RED, "#8a8419", "#c25b8f", "#4f6b8f")
"""For lines side by side: told apart by readers who do not see all colours, and by their lightness on paper."""

_DARK: Final = {
    PAPER: "#14181f",
    INK: "#e4e8ee",
    FAINT: "#97a2b2",
    GRID: "#2b323d",
    BLUE: "#6fa8e6",
    "#c8741a": "#eba658",
    "#2c8a7a": "#5fc2b0",
    "#8b5fb5": "#bb98e0",
    RED: "#ee8680",
    "#8a8419": "#c9c15a",
    "#c25b8f": "#ea95bf",
    "#4f6b8f": "#9db6d6",
}
"""Every colour, on a dark screen."""

WIDTH: Final = 9.2
"""Of all pictures, inches at 72 points."""

_RC: Final[Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "svg.fonttype": "none",
    "axes.edgecolor": FAINT,
    "axes.linewidth": 0.7,
    "axes.labelcolor": FAINT,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.formatter.useoffset": False,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
    "lines.linewidth": 1.4,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "legend.frameon": False,
    "path.simplify_threshold": 0.3,
}


def draw(rows: int, height: float, paint: Callable[[Figure, list[Axes]], None], **options: Any) -> Figure:
    """A figure of so many rows of axes, ``height`` inches high; ``options`` as of ``Figure.subplots``.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigError("report", "needs matplotlib: pip install 'tontine[report]'") from error
    with mpl.rc_context(_RC):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = figure.subplots(rows, squeeze=False, **options)
        paint(figure, [one for row in axes for one in row])
        return figure


def as_svg(figure: Figure, name: str) -> str:
    """To stand in a page: colours are the page's, ids begin with ``name``."""
    import matplotlib as mpl

    text = io.StringIO()
    with mpl.rc_context({**_RC, "svg.hashsalt": name}):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r"(url\(#|href=\"#)", rf"\1{name}-", svg)
    svg = re.sub(r'<svg ([^>]*?)width="[^"]*"', r"<svg \1", svg, count=1)
    svg = re.sub(r'<svg ([^>]*?)height="[^"]*"', r"<svg \1", svg, count=1)
    svg = svg.replace("'DejaVu Sans', sans-serif", "var(--font)").replace("'DejaVu Sans'", "var(--font)")
    for place, colour in enumerate(_DARK):
        svg = re.sub(colour, f"var(--c{place})", svg, flags=re.IGNORECASE)
    return svg


def write_png(figure: Figure, path: Path) -> None:
    """On white, twice as fine as a screen of old."""
    import matplotlib as mpl

    with mpl.rc_context(_RC):
        figure.savefig(path, format="png", dpi=160, facecolor=PAPER, metadata={"Software": None})


def css_colours() -> tuple[str, str]:
    """Declarations of all colours, on light and on dark."""
    light = "".join(f"--c{place}:{colour};" for place, colour in enumerate(_DARK))
    dark = "".join(f"--c{place}:{colour};" for place, colour in enumerate(_DARK.values()))
    return light, dark


def css_name(colour: str) -> str:
    """A colour of the palette, as CSS of the page says it."""
    return f"var(--c{list(_DARK).index(colour)})"


def label_lines(axes: Axes, labels: Sequence[tuple[str, float, str]]) -> None:
    """Write names at the right end of lines, ``(name, height of the end, colour)``, so that none covers another."""
    if not labels:
        return
    low, high = axes.get_ylim()
    gap = (high - low) * 0.075 * (3.2 / (axes.get_figure(root=True) or _no_figure()).get_figheight())
    places: list[float] = []
    for _, height, _ in ordered(labels):
        height = min(max(height, low), high)
        places.append(max(height, places[-1] + gap) if places else height)
    ceiling = high
    for number in reversed(
        range(len(places))
    ):  # what stands above the top moves down, and pushes as little as it must
        places[number] = min(places[number], ceiling)
        ceiling = places[number] - gap
    for (name, _, colour), place in zip(ordered(labels), places, strict=True):
        axes.annotate(
            name,
            (1.0, place),
            xycoords=("axes fraction", "data"),
            xytext=(5, 0),
            textcoords="offset points",
            color=colour,
            va="center",
            annotation_clip=False,
            fontweight="bold",
        )


def ordered(labels: Sequence[tuple[str, float, str]]) -> list[tuple[str, float, str]]:
    """From the lowest up."""
    return sorted(labels, key=lambda one: one[1])


def _no_figure() -> Any:
    raise ValueError("these axes are in no figure")

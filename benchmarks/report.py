"""What a benchmark found, for people and for programs.

In: figures. Out: a table, or one JSON line each with the same keys every time. A target holds for
the ratio if there is a floor to compare with, and for the value itself if there is none.
"""

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

SEED: Final = 1
"""Of all order flow that is made for a benchmark."""

SAMPLES: Final = 5
"""Odd, so that the median is a figure that was measured."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How carefully to measure."""

    samples: int = SAMPLES
    seed: int = SEED
    seconds: float = 20.0
    """How long something is watched that has to last."""
    quick: bool = False
    """A short look, where a whole one takes minutes."""


@dataclass(frozen=True, slots=True)
class Result:
    """One figure: the median of ``samples`` runs."""

    benchmark: str
    case: str
    value: float
    unit: str
    floor: float | None = None
    """The same figure of the least that could do the job, measured in the same run."""
    target: float | None = None
    at_most: bool = False
    """The target is a ceiling."""
    samples: int = 1
    note: str = ""
    """How it came about, where that matters; for people."""

    @property
    def ratio(self) -> float | None:
        """Of the value to the floor."""
        return self.value / self.floor if self.floor else None

    @property
    def met(self) -> bool | None:
        """Whether the target was reached, if there is one."""
        if self.target is None:
            return None
        figure = self.value if self.ratio is None else self.ratio
        return figure <= self.target if self.at_most else figure >= self.target


def cpu_model() -> str:
    """The processor's name, as far as the system tells."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def as_json(result: Result) -> str:
    """One line, without the newline; ``null`` where a benchmark has no such figure."""
    return json.dumps(
        {
            "benchmark": result.benchmark,
            "case": result.case,
            "value": _rounded(result.value),
            "unit": result.unit,
            "floor": _rounded(result.floor),
            "ratio": _rounded(result.ratio),
            "target": result.target,
            "met": result.met,
            "python": platform.python_version(),
            "cpu": cpu_model(),
            "samples": result.samples,
        }
    )


def show(console: Console, results: Sequence[Result]) -> None:
    """A table with one row a figure, and below it the notes."""
    table = Table()
    for heading in ("benchmark", "case", "value", "unit", "floor", "ratio", "target", "met", "samples"):
        is_text = heading in ("benchmark", "case", "unit", "met")
        table.add_column(heading, justify="left" if is_text else "right", no_wrap=heading != "case")
    for result in results:
        table.add_row(
            result.benchmark,
            result.case,
            _figure(result.value),
            result.unit,
            _figure(result.floor),
            _figure(result.ratio),
            _target(result),
            {None: "", True: "yes", False: "NO"}[result.met],
            str(result.samples),
        )
    console.print(table)
    for note in dict.fromkeys(result.note for result in results if result.note):
        console.print(f"- {note}", highlight=False, markup=False, soft_wrap=True)


def _target(result: Result) -> str:
    if result.target is None:
        return ""
    return f"{'<=' if result.at_most else '>='} {_figure(result.target)}"


def _figure(number: float | None) -> str:
    if number is None:
        return ""
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def _rounded(number: float | None) -> float | None:
    return None if number is None else float(f"{number:.4g}") if abs(number) < 1000 else round(number)

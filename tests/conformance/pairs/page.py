"""The table of docs/reference/runtimes.md, made from a run of this suite.

    python -m tests.conformance.pairs --update docs/reference/runtimes.md

In: what passed, on which runtimes. Out: the page, with the table between its marks made anew. A cell says yes only if a scenario
showed it and none failed; no, with the reason that ``features`` declares for it.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

import pytest

from tests.conformance.pairs.features import FEATURES, RUNTIMES, Feature, Side

HERE: Final = Path(__file__).parent
PAGE: Final = HERE.parents[2] / "docs" / "reference" / "runtimes.md"

SIDES: Final[tuple[Side, Side]] = ("venue", "trader")

_TABLE: Final = re.compile(r"(?<=<!-- features -->\n).*?(?=<!-- end -->)", re.DOTALL)


class Place(NamedTuple):
    """One cell of the table."""

    feature: str
    side: Side
    runtime: str


def places_of(
    features: Iterable[str], venue_runtime: str | None = None, trader_runtime: str | None = None
) -> set[Place]:
    """What a scenario shows. A runtime that is left out: all that are said to have it."""
    chosen = {"venue": venue_runtime, "trader": trader_runtime}
    return {
        Place(name, side, runtime)
        for name in features
        for side in SIDES
        for runtime in RUNTIMES
        if FEATURES[name].has(side, runtime) is True and chosen[side] in (None, runtime)
    }


def updated(page: str, shown: set[Place]) -> str:
    """The page with the table as a run showed it.

    Raises:
        ValueError: the page has no place for it.
    """
    page, count = _TABLE.subn(lambda _: _table(shown), page)
    if count != 1:
        raise ValueError("a page has the marks for the table once")
    return page


def _table(shown: set[Place]) -> str:
    head = ["feature", *(f"{runtime} {side}" for side in SIDES for runtime in RUNTIMES)]
    rows = [head, ["---"] * len(head)]
    rows += [
        [one.name, *(_cell(one, side, runtime, shown) for side in SIDES for runtime in RUNTIMES)]
        for one in FEATURES.values()
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cell(feature: Feature, side: Side, runtime: str, shown: set[Place]) -> str:
    match feature.has(side, runtime):
        case None:
            return ""
        case True:
            return "yes" if Place(feature.name, side, runtime) in shown else "**not shown**"
        case reason:
            return f"no: {reason}"


def declared() -> set[Place]:
    """What a run shows in which everything passes."""
    return places_of(FEATURES)


_NO_PARAMS: Final = SimpleNamespace(params={})


class Watch:
    """A plugin of pytest: notes what was shown."""

    def __init__(self) -> None:
        self.shown: set[Place] = set()
        self.not_shown: set[Place] = set()
        """By a scenario that failed or was skipped."""
        self._places: dict[str, set[Place]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            names = [mark.args[0] for mark in item.iter_markers("feature")]
            params: Mapping[str, Any] = getattr(item, "callspec", _NO_PARAMS).params
            venue, trader = params.get("pair", (None, None))
            self._places[item.nodeid] = places_of(
                names, params.get("venue_runtime", venue), params.get("trader_runtime", trader)
            )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.outcome != "passed":
            self.not_shown |= self._places[report.nodeid]
        elif report.when == "call":
            self.shown |= self._places[report.nodeid]


def run() -> tuple[int, set[Place]]:
    """Run the suite; pytest's exit code, and what was shown by scenarios none of which failed."""
    watch = Watch()
    without_page = f"--ignore={HERE / 'test_page.py'}"  # that is about what is made here
    code = pytest.main([str(HERE), without_page, "-q", "-p", "no:cacheprovider"], plugins=[watch])
    return int(code), watch.shown - watch.not_shown

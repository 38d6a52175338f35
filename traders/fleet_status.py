"""How a fleet stands, for people: a table on a terminal, a line where there is none.

In: results by group, now and a moment ago. Out: something ``rich`` can draw, or one plain line. Pure: the same numbers give
the same picture.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from rich.table import Table

from traders.roster import GroupResult

RATE_WINDOW_S: Final = 3.0
"""Rates are means over this time: long enough to read, short enough to see a change."""

HEADINGS: Final = (
    "traders",
    "connected",
    "orders",
    "orders/s",
    "fills",
    "refused",
    "reconnects",
    "faults",
    "profit",
)


class Status:
    """Follows a fleet. ``now_s``: monotonic seconds, handed in with each call."""

    def __init__(self, started_s: float) -> None:
        self._started_s = started_s
        self._past: deque[tuple[float, dict[str, int]]] = deque()
        self._results: Sequence[GroupResult] = ()
        self._now_s = started_s

    def note(self, results: Sequence[GroupResult], now_s: float) -> None:
        """How things stand now."""
        self._results, self._now_s = results, now_s
        self._past.append((now_s, {one.name: one.orders for one in results}))
        while len(self._past) > 2 and now_s - self._past[1][0] >= RATE_WINDOW_S:
            self._past.popleft()

    def table(self) -> Table:
        """A row for each group."""
        table = Table(title=f"{self._now_s - self._started_s:.0f} s, Ctrl-C ends it", title_justify="left")
        for heading in HEADINGS:
            table.add_column(heading, justify="left" if heading == "traders" else "right")
        for one in self._results:
            table.add_row(
                one.name,
                f"{one.connected:,} of {one.traders:,}",
                f"{one.orders:,}",
                f"{self._rate(one.name):,.0f}",
                f"{one.fills:,}",
                f"{one.refused:,}",
                f"{one.reconnects:,}",
                f"{one.faults:,}",
                f"{one.profit:+,}",
            )
        return table

    def line(self) -> str:
        """All of them in one line, for logs and pipes."""
        results = self._results
        text = (
            f"{self._now_s - self._started_s:6.1f} s  {sum(one.connected for one in results):,} of "
            f"{sum(one.traders for one in results):,} connected  {sum(one.orders for one in results):,} orders "
            f"({sum(self._rate(one.name) for one in results):,.0f}/s)  {sum(one.fills for one in results):,} fills  "
            f"{sum(one.refused for one in results):,} refused"
        )
        for number, word in (
            (sum(one.reconnects for one in results), "reconnects"),
            (sum(one.faults for one in results), "faults"),
        ):
            text += f"  {number:,} {word}" if number else ""
        return text

    def _rate(self, name: str) -> float:
        if len(self._past) < 2:
            return 0.0
        (then_s, then), (now_s, now) = self._past[0], self._past[-1]
        return (now.get(name, 0) - then.get(name, 0)) / max(now_s - then_s, 1e-9)

"""The schedule of a run as a picture: who ran, why it parked, what woke it.

In: what a scheduler tells its observers, as it happens; ``Recorder`` watches the kernel as well as the scheduler of step 14.
Out: a timeline for the terminal, or the same as SVG. One column is one turn: a task runs from where it was woken to where it
parks. What takes long and what is short look the same; the clock stands above.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final, Protocol
from xml.sax.saxutils import escape

from protocol.clock import Clock


class Watched(Protocol):
    """A task, of any scheduler."""

    @property
    def id(self) -> int: ...

    @property
    def name(self) -> str: ...


class Watcher(Protocol):
    """As ``Observer``, of any scheduler."""

    def created(self, task: Watched, by: Watched | None) -> None: ...

    def resumed(self, task: Watched) -> None: ...

    def parked(self, task: Watched, request: object) -> None: ...

    def woken(self, task: Watched, by: Watched | None) -> None: ...

    def ended(self, task: Watched) -> None: ...


@dataclass(slots=True)
class Turn:
    """Once from where a task was woken to where it parks."""

    task: int
    at_s: float
    """Since its recorder was made."""
    woken_by: str
    waker: int | None
    """The turn in which it was woken or created; ``None``: it was none of the tasks."""
    ready_since: int
    """The number of the turn after which it stood in the ready queue."""
    parked_for: str | None = None
    """``None``: it ended."""
    is_after_itself: bool = False
    """Nobody had to wake it: it had asked for something that takes no time."""
    is_ready_again: bool = False
    """It got its answer at once, and waited for its next turn only."""


@dataclass(slots=True)
class _Waiting:
    """Why a task is ready."""

    by: str
    waker: int | None
    since: int


@dataclass
class Recorder:
    """An observer that remembers. Numbers of turns begin at 0."""

    clock: Clock
    names: dict[int, str] = field(default_factory=dict)
    """Of all tasks, in the order in which they came."""
    turns: list[Turn] = field(default_factory=list)
    born: dict[int, int] = field(default_factory=dict)
    """The turn in which a task was created; -1: before the first."""
    died: dict[int, int] = field(default_factory=dict)
    """The turn at whose end a task had ended."""
    _ready: dict[int, _Waiting] = field(default_factory=dict)
    _requests: dict[int, object] = field(default_factory=dict)
    _last: dict[int, int] = field(default_factory=dict)
    """The last turn of each task."""

    def __post_init__(self) -> None:
        self._began_s = self.clock.monotonic_s()

    def created(self, task: Watched, by: Watched | None) -> None:
        self.names[task.id] = task.name
        self.born[task.id] = len(self.turns) - 1
        self._ready[task.id] = self._why("born of " if by else "the program", by)

    def resumed(self, task: Watched) -> None:
        why = self._ready.pop(task.id, None)
        if after_itself := why is None:
            self.turns[self._last[task.id]].is_ready_again = True
            why = _Waiting("an answer", None, self._last[task.id])
        self._last[task.id] = len(self.turns)
        self.turns.append(
            Turn(
                task.id,
                self.clock.monotonic_s() - self._began_s,
                why.by,
                why.waker,
                why.since,
                is_after_itself=after_itself,
            )
        )

    def parked(self, task: Watched, request: object) -> None:
        self.turns[-1].parked_for = str(request)
        self._requests[task.id] = request

    def woken(self, task: Watched, by: Watched | None) -> None:
        outside = _what_comes(self._requests.get(task.id))
        self._ready[task.id] = self._why("" if by else outside, by)

    def ended(self, task: Watched) -> None:
        self.died[task.id] = len(self.turns) - 1

    def _why(self, text: str, by: Watched | None) -> _Waiting:
        now = len(self.turns) - 1
        return _Waiting(text if by is None else f"{text}{by.id} {by.name}", None if by is None else now, now)


def _what_comes(request: object) -> str:
    """What wakes a task when no other task does."""
    if hasattr(request, "seconds"):
        return "the clock"
    return "its file" if hasattr(request, "file") else "from outside"


# -- what stands where -----------------------------------------------------------------------------
RUNS: Final = "█"
ENDS: Final = "▙"
READY: Final = "░"
PARKED: Final = "─"
AWAY: Final = " "


def states(recorder: Recorder, task: int) -> str:
    """One character for each turn of the run: what the task did then."""
    never = len(recorder.turns)
    since, coming = [never] * never, never
    for number in range(never - 1, -1, -1):  # since when it is ready for its next turn, seen from each turn
        since[number] = coming
        if recorder.turns[number].task == task:
            coming = recorder.turns[number].ready_since
    line, state = [], READY if recorder.born[task] < 0 else AWAY
    for number, turn in enumerate(recorder.turns):
        if turn.task == task:
            state = READY if turn.is_ready_again else PARKED
            line.append(ENDS if turn.parked_for is None else RUNS)
        else:
            if state == PARKED and number > since[number]:
                state = READY
            line.append(state)
        if recorder.born[task] == number:
            state = READY
        if recorder.died.get(task, number + 1) <= number:
            state = AWAY
    return "".join(line)


def timeline(recorder: Recorder, width: int = 96) -> Iterator[str]:
    """The schedule, for a terminal: a row for each task, in blocks of at most ``width`` columns; then the turns in words."""
    yield f"{RUNS} runs  {ENDS} runs to its end  {READY} ready, waits for its turn  {PARKED} parked"
    labels = {task: f"{task:>3} {name}" for task, name in recorder.names.items()}
    left = max((len(label) for label in labels.values()), default=0) + 2
    rows = {task: states(recorder, task) for task in recorder.names}
    most = max((width - left) // 3, 1)
    for begin in range(0, len(recorder.turns), most):
        yield ""
        yield " " * left + "".join(f"{number + 1:<3}" for number in _block(recorder, begin, most))
        for task, row in rows.items():
            cells = row[begin : begin + most]
            if cells.strip():
                # A task that runs takes two places of three; lines go on over the gap.
                yield labels[task].ljust(left) + "".join(_wide(cell) for cell in cells).rstrip()
    yield ""
    who = max((len(label) for label in labels.values()), default=0)
    woken = max([len(turn.woken_by) for turn in recorder.turns] + [8])
    yield f"turn  at s    {'who':{who}}  {'woken by':{woken}}  ran until it asked for"
    for number, turn in enumerate(recorder.turns, 1):
        asked = "nothing: it ended" if turn.parked_for is None else turn.parked_for
        yield f"{number:>4}  {turn.at_s:<6.3f}  {labels[turn.task]:{who}}  {turn.woken_by:{woken}}  {asked}"


def _block(recorder: Recorder, begin: int, most: int) -> range:
    return range(begin, min(begin + most, len(recorder.turns)))


def _wide(cell: str) -> str:
    if cell in (PARKED, READY):
        return cell * 3
    return cell * 2 + " " if cell == RUNS else cell.ljust(3)


# -- the same as a picture -------------------------------------------------------------------------
COLUMN: Final = 52
ROW: Final = 58
LEFT: Final = 92
TOP: Final = 52
BLOCK: Final = 18
LETTER: Final = 5.6
"""How wide a letter of the small text is, about."""

_STYLE: Final = """
text { font: 11px sans-serif; fill: #24292f }
.small { font-size: 10px; fill: #57606a }
.name { font-size: 13px; font-weight: bold }
.run { fill: #1f6feb }
.end { fill: #8250df }
.ready { fill: #bf8700; opacity: .35 }
.parked { stroke: #8c959f; stroke-width: 1.5; stroke-dasharray: 4 3 }
.wake { stroke: #cf222e; stroke-width: 1.2; fill: none; marker-end: url(#tip) }
.grid { stroke: #eaeef2 }
"""


_TIP: Final = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0L8 4L0 8z" fill="#cf222e"/></marker></defs>'
)


def svg_of(recorder: Recorder) -> str:
    """The schedule as a picture; the same for the same run."""
    rows = {task: TOP + ROW * place for place, task in enumerate(recorder.names)}
    turns = recorder.turns
    width, height = LEFT + COLUMN * len(turns) + 20, TOP + ROW * len(rows) + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        "<title>The schedule: who ran, why it parked, what woke it</title>",
        f"<style>{_STYLE}</style>",
        _TIP,
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        '<text class="small" x="8" y="18">turn</text><text class="small" x="8" y="34">seconds</text>',
    ]
    last_s: float | None = None
    for number, turn in enumerate(turns):
        x = LEFT + COLUMN * number
        parts.append(f'<line class="grid" x1="{x}" y1="{TOP - 10}" x2="{x}" y2="{height - 34}"/>')
        parts.append(f'<text class="small" x="{x + 3}" y="18">{number + 1}</text>')
        if turn.at_s != last_s:
            parts.append(f'<text class="small" x="{x + 3}" y="34">{turn.at_s:g}</text>')
            last_s = turn.at_s
    for task, y in rows.items():
        parts.append(f'<text class="name" x="8" y="{y + 14}">{task} {escape(recorder.names[task])}</text>')
        parts.extend(_row(recorder, task, y))
    woken: Counter[int | None] = Counter()
    for number, turn in enumerate(turns):
        parts.extend(_arrow(recorder, number, rows, woken[turn.waker]))
        woken[turn.waker] += 1
    parts.append(_legend(height - 12))
    return "\n".join([*parts, "</svg>", ""])


def _row(recorder: Recorder, task: int, y: int) -> Iterator[str]:
    cells = states(recorder, task)
    for number, cell in enumerate(cells):
        x = LEFT + COLUMN * number
        if cell in (RUNS, ENDS):
            turn = recorder.turns[number]
            kind = "run" if cell == RUNS else "end"
            told = f"turn {number + 1}: {turn.woken_by} woke it; " + (
                f"it asked for {turn.parked_for}" if turn.parked_for else "it ended"
            )
            yield (
                f'<rect class="{kind}" x="{x + 2}" y="{y}" width="{COLUMN - 6}" height="{BLOCK}" rx="3">'
                f"<title>{escape(told)}</title></rect>"
            )
            if turn.parked_for:
                yield _why(turn.parked_for, x, y, cells[number + 1 :])
    for cell, begin, length in _runs(cells):
        left, right = LEFT + COLUMN * begin - 4, LEFT + COLUMN * (begin + length) + 2
        if cell == READY:
            yield f'<rect class="ready" x="{left}" y="{y + 5}" width="{right - left}" height="{BLOCK - 10}"/>'
        elif cell == PARKED:
            middle = y + BLOCK // 2
            yield f'<line class="parked" x1="{left}" y1="{middle}" x2="{right}" y2="{middle}"/>'


def _runs(cells: str) -> Iterator[tuple[str, int, int]]:
    """What stands how often in a row, and from where on."""
    begin = 0
    for cell, group in groupby(cells):
        length = len(list(group))
        yield cell, begin, length
        begin += length


def _why(text: str, x: int, y: int, following: str) -> str:
    """Below the block, as long as the task does not run again."""
    free = len(following) - len(following.lstrip(PARKED + READY)) + 1
    most = int((free * COLUMN) / LETTER)
    short = text if len(text) <= most else text[: max(most - 1, 1)] + "…"
    return f'<text class="small" x="{x + 2}" y="{y + BLOCK + 12}">{escape(short)}</text>'


def _arrow(recorder: Recorder, number: int, rows: dict[int, int], nth: int) -> Iterator[str]:
    """What woke the task that runs in a turn: from above, or from the block of another task; beside the ``nth`` before it."""
    turn = recorder.turns[number]
    y = rows[turn.task]
    if turn.waker is not None:
        x = LEFT + COLUMN * (turn.waker + 1) - 8 - 7 * nth
        above = rows[recorder.turns[turn.waker].task]
        begin, end = (above + BLOCK, y) if above < y else (above, y + BLOCK)
        yield f'<path class="wake" d="M{x} {begin}L{x} {end}"/>'
    elif not turn.is_after_itself and turn.ready_since >= 0:
        x = LEFT + COLUMN * (turn.ready_since + 1) - 2
        yield f'<path class="wake" d="M{x} {y - 16}L{x} {y + 4}"/>'
        yield f'<text class="small" x="{x + 4}" y="{y - 7}">{escape(turn.woken_by)}</text>'


def _legend(y: int) -> str:
    return (
        f'<g class="legend"><rect class="run" x="8" y="{y - 10}" width="24" height="10" rx="2"/><text x="38" y="{y}">runs</text>'
        f'<rect class="end" x="80" y="{y - 10}" width="24" height="10" rx="2"/><text x="110" y="{y}">runs to its end</text>'
        f'<rect class="ready" x="206" y="{y - 9}" width="24" height="8"/><text x="236" y="{y}">ready, waits for its turn</text>'
        f'<line class="parked" x1="378" y1="{y - 5}" x2="402" y2="{y - 5}"/><text x="408" y="{y}">parked, for what stands below</text>'
        f'<path class="wake" d="M580 {y - 5}L604 {y - 5}"/><text x="610" y="{y}">wakes</text></g>'
    )

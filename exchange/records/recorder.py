"""Writes the history while the venue runs, beside it.

In: turns that are in the journal, as references. Out: rows in the history file, a quarter of a second later.

What it costs the venue. The loop does nothing at all for it: the thread that writes the journal hands over the turns it
has written. Nothing is read from the journal, where trades stand without their times, and nothing is replayed:
commands and events are in memory as they are. A thread of its own looks at each command that had more than
one event, makes rows, and lets SQLite take them apart in statements during which Python's lock is free
(``exchange.records.schema``). It gives the lock up by itself every ``_SLICE`` commands, so the loop never waits
for a whole batch. A process of its own would have to match all orders once more.

Its queue is bounded (``MOST_WAITING`` commands) and never makes anybody wait: when it is full the oldest turns are
dropped, and what is missing then is caught up from the journal by another process (``tontine history catch-up``). The
same happens after the disk was full. A history that can't be written stops nothing; the log says so.

The history never has what the journal does not: a turn is handed over when it is written there. What dies with
the process is in the journal, and the next start fills it in (``History.follow``).
"""

import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from exchange.engine.sequencer import Turn
from exchange.records.chronicle import Chronicle
from exchange.records.rebuild import write
from exchange.records.store import Overtaken, Store
from protocol.errors import HistoryError, SequenceGap
from protocol.vocabulary import Sequence

log = structlog.get_logger()

MOST_WAITING: Final = 100_000
"""Commands that may wait, with their events about 60 MB."""

_GATHERED: Final = 4_096
"""So many commands are written without waiting for more."""

_AT_ONCE: Final = 16_384
"""So many are written together if they are there: every statement costs a wait for Python's lock."""

_GATHER_S: Final = 0.25
"""How long a turn waits for others to be written with."""

_SLICE: Final = 512
"""Commands that are looked at in one go: half a millisecond if each of them traded."""

_RETRY_S: Final = 5.0
"""How long to leave the file alone after it could not be written."""

_PATIENCE_S: Final = 5.0
"""How long a process that catches up is given to end when it is told to."""

CatchUp = Callable[[Path], "subprocess.Popen[bytes]"]


def start_catching_up(journal: Path) -> "subprocess.Popen[bytes]":
    """Start ``tontine history catch-up`` in a process of its own."""
    root = Path(__file__).parents[2]
    path = os.pathsep.join((str(root), *filter(None, (os.environ.get("PYTHONPATH"),))))
    return subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-m", "exchange", "history", "catch-up", str(journal.absolute())],
        env=os.environ | {"PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the venue, which ends it
    )


class Recorder:
    """A thread that writes turns to a history."""

    def __init__(
        self,
        store: Store,
        chronicle: Chronicle,
        journal: Path,
        *,
        most_waiting: int = MOST_WAITING,
        catch_up: CatchUp = start_catching_up,
    ) -> None:
        """``store`` and ``chronicle`` belong to the thread until ``stop`` has returned."""
        self.dropped = 0
        """Turns that were dropped because too many waited."""
        self.caught_up = 0
        """How often what was missing was taken from the journal."""
        self.failures = 0
        """How often the file could not be written."""
        self._store = store
        self._chronicle = chronicle
        self._journal = journal
        self._most_waiting = most_waiting
        self._catch_up = catch_up
        self._turns: deque[Turn] = deque()
        self._waiting = 0
        self._written: Sequence = chronicle.place.seq
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Commands that wait to be written."""
        return self._waiting

    @property
    def written(self) -> Sequence:
        """The last command that is in the file."""
        return self._written

    def hand_over(self, turn: Turn) -> None:
        """Take a turn that is in the journal. Never waits; for one thread only, in the order of the journal."""
        with self._changed:
            self._turns.append(turn)
            self._waiting += len(turn.commands)
            while self._waiting > self._most_waiting and len(self._turns) > 1:
                self._waiting -= len(self._turns.popleft().commands)
                self.dropped += 1
            if len(self._turns) == 1 or self._waiting >= _GATHERED:
                self._changed.notify_all()  # a thread that is woken for every turn is in everybody's way

    def wait_for(self, seq: Sequence, timeout_s: float) -> bool:
        """Wait until command ``seq`` is in the file; whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: self._written >= seq, timeout_s)

    def stop(self) -> None:
        """Write what waits, and end the thread. What can't be written now is left to the next start."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join()

    # -- the thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._turns or self._stopping.is_set())
                if not self._turns:
                    return
                self._changed.wait_for(
                    lambda: self._waiting >= _GATHERED or self._stopping.is_set(), _GATHER_S
                )
                turns = self._take()
            try:
                self._write(turns)
            except SequenceGap as gap:
                if self._stopping.is_set():
                    return
                self._fill(gap.received - 1)
            except Overtaken:
                self._remember()
            except HistoryError as error:
                self._failed(error)
            if self._stopping.is_set() and self._chronicle.place.seq < turns[-1].commands[-1].seq:
                return

    def _take(self) -> list[Turn]:
        """Turns to write together; they stay in the queue until they are written."""
        taken: list[Turn] = []
        count = 0
        for turn in self._turns:
            taken.append(turn)
            count += len(turn.commands)
            if count >= _AT_ONCE:
                break
        return taken

    def _write(self, turns: list[Turn]) -> None:
        chronicle, looked_at = self._chronicle, 0
        for turn in turns:
            chronicle.take(turn.first_seq, turn.commands, turn.events)
            looked_at += len(turn.commands)
            if looked_at >= _SLICE:
                looked_at = 0
                time.sleep(0)  # whoever waits for Python's lock, the loop above all, has it now
        write(self._store, chronicle)
        self._release(chronicle.place.seq)

    def _release(self, seq: Sequence) -> None:
        with self._changed:
            while self._turns and self._turns[0].commands[-1].seq <= seq:
                self._waiting -= len(self._turns.popleft().commands)
            self._written = seq
            self._changed.notify_all()

    def _fill(self, up_to: Sequence) -> None:
        """Commands up to there were dropped: another process takes them from the journal."""
        log.warning("history_behind", written=self._written, missing=up_to - self._written)
        process = self._catch_up(self._journal)
        with process:
            while process.poll() is None:
                if self._stopping.wait(0.1):
                    process.terminate()
                    try:
                        process.wait(_PATIENCE_S)
                    except subprocess.TimeoutExpired:
                        process.kill()
                    break
            said = process.stderr.read() if process.stderr is not None else b""
        if process.returncode:
            self._failed(HistoryError(str(self._store.path), said.decode(errors="replace").strip()[-500:]))
            return
        self.caught_up += 1
        self._remember()
        log.info("history_caught_up", written=self._written)

    def _remember(self) -> None:
        """Go on from what is in the file."""
        try:
            self._chronicle = Chronicle(self._store.memory())
        except HistoryError as error:
            self._failed(error)
            return
        self._release(self._chronicle.place.seq)

    def _failed(self, error: HistoryError) -> None:
        """Nothing of the batch is in the file. The turns still wait, or are dropped and caught up later."""
        self.failures += 1
        if not self._stopping.is_set():
            log.error("history_not_written", error=str(error), retry_s=_RETRY_S)
            self._stopping.wait(_RETRY_S)
        try:
            self._chronicle = Chronicle(self._store.memory())
        except HistoryError:
            log.exception("history_not_read")

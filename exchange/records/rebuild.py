"""The history out of the journal: from nothing, or from where it ends.

In: a journal, of a venue that runs or not. Out: the history file as it would have been written live, row by row.
Commands are replayed from the last snapshot that is old enough; private messages are not made.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from exchange.engine import snapshot
from exchange.engine.engine import Engine
from exchange.engine.sequencer import Sequencer
from exchange.journal.sqlite import SqliteLog
from exchange.records.chronicle import Chronicle, Place
from exchange.records.store import Overtaken, Store
from protocol.clock import ManualClock
from protocol.errors import HistoryError, JournalError
from protocol.vocabulary import Sequence

BATCH: Final = 20_000
"""Commands that are written to the history together."""

_READ: Final = 50_000
"""Commands that are read from the journal in one go: while somebody reads, its write-ahead log only grows."""

_CLOSE_BEHIND: Final = 10_000
"""Who is this near to the end of a journal that is being written has caught up: less than a second of replaying."""

_ATTEMPTS: Final = 20

Progress = Callable[[Sequence], None]


def beside(journal: Path) -> Path:
    """Where the history of a journal is."""
    return journal.with_name(f"{journal.name}.history")


def catch_up(journal: Path, store: Store, progress: Progress | None = None) -> Place:
    """Bring a history to the end of its journal; returns how far it got. A venue may be writing the journal,
    and this journal's history as well: then they take turns.

    Raises:
        JournalError: the journal can't be read.
        HistoryError: the history can't be written.
    """
    for _ in range(_ATTEMPTS):
        try:
            return _catch_up(journal, store, progress)
        except Overtaken:
            continue  # somebody else does the same, and got further
    raise HistoryError(str(store.path), f"another process writes it all the time, {_ATTEMPTS} times over")


def _catch_up(journal: Path, store: Store, progress: Progress | None) -> Place:
    chronicle = Chronicle(store.memory())
    sequencer = _sequencer_at(journal, chronicle.place.seq)
    while True:
        taken = 0
        with _reading(journal) as log:
            for turn in log.turns(after=sequencer.last_seq):
                events = sequencer.replay(turn.commands)
                chronicle.take(turn.first_seq, turn.commands, events)
                taken += len(turn.commands)
                if chronicle.waiting >= BATCH:
                    write(store, chronicle)
                if taken >= _READ:
                    break
        write(store, chronicle)
        if progress is not None:
            progress(chronicle.place.seq)
        if taken < _CLOSE_BEHIND:
            return chronicle.place


def write(store: Store, chronicle: Chronicle) -> None:
    """Write what a chronicle has taken, if anything.

    Raises:
        HistoryError: as ``Store.write``.
    """
    if chronicle.waiting:
        for symbol, bars in store.write(chronicle.batch()).items():
            chronicle.correct(symbol, bars)


def rebuild(journal: Path, into: Path | None = None, progress: Progress | None = None) -> tuple[Path, Place]:
    """Make the history of a journal from nothing, and put it in its place when it is whole.

    ``into``: a file of your own; without it the history beside the journal is replaced, which takes that no venue
    runs. Returns the file and how far it goes.

    Raises:
        JournalError: the journal can't be read, or a venue is writing it.
        HistoryError: the file can't be written, or ``into`` exists.
    """
    if not journal.is_file():
        raise JournalError(str(journal), "no such file")
    target = beside(journal) if into is None else into
    if into is not None and into.exists():
        raise HistoryError(str(into), "this file exists; a history is never written over another file")
    made = target.with_name(f"{target.name}.rebuilt")
    with _alone(journal) if into is None else _anyway():
        _remove(made)
        try:
            with Store(made) as store:
                place = catch_up(journal, store, progress)
                # One file again: what is beside it does not follow when it is renamed.
                store.connection.execute("pragma journal_mode = delete")
            _remove(target)
            made.replace(target)
        except OSError as error:
            raise HistoryError(str(target), error.strerror or str(error)) from error
        finally:
            _remove(made)
    return target, place


def is_of(journal: SqliteLog, place: Place) -> bool:
    """Whether a history that got to this place follows from this journal, as far as it goes.

    Every command has the nanosecond at which it was taken: another journal has another one there, or none.
    """
    if not place.seq:
        return True
    command = journal.command(place.seq)
    return command is not None and command.at_ns == place.at_ns


def set_aside(path: Path) -> Path:
    """Give a history that is none of this journal's another name; which.

    Raises:
        HistoryError: it can't be renamed.
    """
    number = 1
    while (other := path.with_name(f"{path.name}.{number}")).exists():
        number += 1
    try:
        for suffix in ("-wal", "-shm", ""):
            here = path.with_name(path.name + suffix)
            if here.exists():
                here.rename(other.with_name(other.name + suffix))
    except OSError as error:
        raise HistoryError(str(path), error.strerror or str(error)) from error
    return other


def _sequencer_at(journal: Path, seq: Sequence) -> Sequencer:
    """A market as it stood at command ``seq`` or before."""
    # Replaying needs no clock: every command carries its time.
    now_ns = ManualClock().now_ns
    with _reading(journal) as log:
        image = log.latest_snapshot(up_to=seq)
    if image is None:
        return Sequencer(Engine(), now_ns)
    sequencer = Sequencer(snapshot.restore(image.engine), now_ns)
    sequencer.resume(image.seq, image.at_ns)
    return sequencer


@contextmanager
def _reading(journal: Path) -> Iterator[SqliteLog]:
    log = SqliteLog(journal, read_only=True)
    try:
        yield log
    finally:
        log.close()


@contextmanager
def _alone(journal: Path) -> Iterator[None]:
    """No venue writes the journal, and none begins to."""
    log = SqliteLog(journal)
    try:
        yield
    finally:
        log.close()


@contextmanager
def _anyway() -> Iterator[None]:
    yield


def _remove(path: Path) -> None:
    for suffix in ("-wal", "-shm", ""):
        path.with_name(path.name + suffix).unlink(missing_ok=True)

"""The journal in one SQLite file.

In: turns. Out: a row for each, with the commands as JSON lines, so that ``sqlite3 FILE "select
commands from turns"`` shows what was asked of the venue. One row a turn and not one a command:
the cost of a row is paid once for all commands of a turn. Beside them the pages of private messages
(``select lines from private where account = 'anna'``), in the transaction of the turn they go with.

``sync``: ``full`` survives the loss of power (the write-ahead log is flushed at every commit);
``normal`` survives the death of the process, and after a loss of power may miss the last turns;
``off`` leaves flushing to the operating system.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from exchange.choices import Sync
from exchange.engine.commands import Command
from exchange.engine.sequencer import Turn
from exchange.history import Page
from exchange.journal.archive import SqliteArchive
from exchange.journal.log import StoredTurn, VenueImage, events_digest
from protocol.errors import JournalError
from protocol.vocabulary import Sequence

_FORMAT: Final = "3"
"""Version of the file and of the commands in it, as the schema below writes it. A file of another version
is refused: read with other rules, its commands could mean something else."""

_SCHEMA: Final = """
create table meta (key text primary key, value text not null) without rowid;
create table turns (
    first_seq integer primary key,
    count integer not null,
    commands blob not null,
    events_digest text not null
);
create table snapshots (seq integer primary key, state_hash text not null, image blob not null);
create table private (
    account text not null,
    first_seq integer not null,
    count integer not null,
    lines blob not null
);
create unique index private_places on private (account, first_seq, count);
insert into meta values ('format', '3');
"""

_MODE: Final = 0o600
"""Of a new journal."""

_WAL_PAGES: Final = 4000
"""Pages after which the write-ahead log is folded into the file: 16 MB, so that the pause is rare."""

_KEPT_SNAPSHOTS: Final = 3


class SqliteLog:
    """A ``CommandLog``. Opening makes the file if there is none."""

    def __init__(self, path: Path, sync: Sync = Sync.FULL, *, read_only: bool = False) -> None:
        """Raises:
        JournalError: not a journal, of another format, or another venue writes it.
        """
        self._path = path
        self._lock: int | None = None
        self._beside: list[sqlite3.Connection] = []  # read while this one writes
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(Command)
        try:
            if read_only:
                self._connection = _read_only(path)
                # One transaction for all that is read: of a venue that runs, all of it as of one moment.
                self._connection.execute("begin")
            else:
                self._lock = self._take_lock()
                # Balances and hashes of secrets are in it: nobody else's business. SQLite's other files follow suit.
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, _MODE))
                self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
                self._connection.execute("pragma journal_mode = wal")
                self._connection.execute(f"pragma synchronous = {sync}")
                self._connection.execute(f"pragma wal_autocheckpoint = {_WAL_PAGES}")
            self._check_format(create=not read_only)
        except (sqlite3.Error, OSError) as error:
            self._release_lock()
            raise JournalError(str(path), str(error)) from error
        except JournalError:
            self.close()
            raise

    def append(self, turn: Turn, pages: Iterable[Page] = ()) -> int:
        commands = self._encoder.encode_lines(turn.commands)
        row = (turn.first_seq, len(turn.commands), commands, events_digest(turn.events))
        return len(commands) + self._write("insert into turns values (?, ?, ?, ?)", row, pages)

    def _write(self, statement: str, row: tuple[object, ...], pages: Iterable[Page]) -> int:
        """A row and pages in one transaction; how many bytes the messages of the pages are."""
        pages = list(pages)
        stored = [(page.account, page.first_seq, len(page.entries), page.lines()) for page in pages]
        try:
            self._connection.execute("begin immediate")
            self._connection.execute(statement, row)
            self._connection.executemany("insert into private values (?, ?, ?, ?)", stored)
            self._connection.execute("commit")
        except sqlite3.Error as error:
            raise JournalError(str(self._path), str(error)) from error
        for page in pages:
            page.written = True
        return sum(len(lines) for *_, lines in stored)

    def turns(self, after: Sequence = 0) -> Iterator[StoredTurn]:
        expected = after + 1
        # A snapshot is taken between turns, so ``after`` never cuts one in two.
        query = "select first_seq, count, commands, events_digest from turns where first_seq > ? order by first_seq"
        try:
            for first_seq, count, blob, stored_digest in self._connection.execute(query, (after,)):
                if first_seq != expected:
                    raise JournalError(str(self._path), f"commands {expected} to {first_seq - 1} are missing")
                commands = self._decoder.decode_lines(blob)
                if len(commands) != count:
                    raise JournalError(
                        str(self._path), f"turn {first_seq} holds {len(commands)} of {count} commands"
                    )
                expected += count
                yield StoredTurn(first_seq, commands, stored_digest)
        except (sqlite3.Error, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise JournalError(str(self._path), f"after command {expected - 1}: {error}") from error

    def command(self, seq: Sequence) -> Command | None:
        """The command of that number; ``None`` if the journal does not have it.

        Raises:
            JournalError: it can't be read.
        """
        query = "select first_seq, commands from turns where first_seq <= ? order by first_seq desc limit 1"
        try:
            row = self._connection.execute(query, (seq,)).fetchone()
            commands = [] if row is None else self._decoder.decode_lines(row[1])
        except (sqlite3.Error, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise JournalError(str(self._path), f"command {seq}: {error}") from error
        return next((command for command in commands if command.seq == seq), None)

    def save_snapshot(self, image: VenueImage, pages: Iterable[Page] = ()) -> None:
        row = (image.seq, image.state_hash(), self._encoder.encode(image))
        self._write("insert or replace into snapshots values (?, ?, ?)", row, pages)
        try:
            self._connection.execute(
                "delete from snapshots where seq not in (select seq from snapshots order by seq desc limit ?)",
                (_KEPT_SNAPSHOTS,),
            )
        except sqlite3.Error as error:
            raise JournalError(str(self._path), str(error)) from error

    def snapshots(self) -> Iterator[tuple[VenueImage, str]]:
        yield from self._read_snapshots("select state_hash, image from snapshots order by seq")

    def latest_snapshot(self, up_to: Sequence | None = None) -> VenueImage | None:
        where = "" if up_to is None else f"where seq <= {up_to:d} "
        for image, state_hash in self._read_snapshots(
            f"select state_hash, image from snapshots {where}order by seq desc limit 1"  # noqa: S608  # a number
        ):
            if image.state_hash() != state_hash:
                raise JournalError(str(self._path), f"the snapshot after command {image.seq} is damaged")
            return image
        return None

    def _read_snapshots(self, query: str) -> Iterator[tuple[VenueImage, str]]:
        try:
            for state_hash, blob in self._connection.execute(query):
                yield msgspec.json.decode(blob, type=VenueImage), state_hash
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise JournalError(str(self._path), f"a snapshot can't be read: {error}") from error

    def archive(self) -> SqliteArchive:
        """A log that only reads shares its view of the file; beside one that writes there is another connection.

        Raises:
            JournalError: the file can't be opened.
        """
        if self._lock is None:
            return SqliteArchive(self._path, self._connection)
        try:
            connection = _read_only(self._path)
        except sqlite3.Error as error:
            raise JournalError(str(self._path), str(error)) from error
        self._beside.append(connection)
        return SqliteArchive(self._path, connection)

    def damage(self) -> str | None:
        """What SQLite's own check of the file finds, or ``None``."""
        try:
            found = [row[0] for row in self._connection.execute("pragma integrity_check(1)")]
        except sqlite3.Error as error:
            return str(error)
        return None if found == ["ok"] else "; ".join(found)

    def close(self) -> None:
        # Before the writer: the last connection that closes tidies up, and only the writer can.
        for connection in self._beside:
            with suppress(sqlite3.Error):
                connection.close()
        with suppress(sqlite3.Error, AttributeError):
            self._connection.close()
        self._release_lock()

    def _check_format(self, *, create: bool) -> None:
        tables = {
            row[0] for row in self._connection.execute("select name from sqlite_master where type = 'table'")
        }
        if not tables and create:
            self._connection.executescript(f"begin; {_SCHEMA} commit;")
            return
        if not {"meta", "turns", "snapshots"} <= tables:
            raise JournalError(str(self._path), "this file is no journal of a venue")
        row = self._connection.execute("select value from meta where key = 'format'").fetchone()
        if row is None or row[0] != _FORMAT:
            found = "none" if row is None else row[0]
            raise JournalError(
                str(self._path),
                f"journal format {found}, this program reads format {_FORMAT}: move the file away to begin with "
                "an empty venue, or go on with the version that wrote it",
            )

    def _take_lock(self) -> int:
        # A lock file of our own: locking the database file itself would undo SQLite's locks on it.
        lock = os.open(f"{self._path}.lock", os.O_CREAT | os.O_RDWR, _MODE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise JournalError(str(self._path), "another venue is writing this journal") from None
        return lock

    def _release_lock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)

"""Reads private messages out of the journal's file, beside the thread that writes it.

In: an account and the number of a message. Out: the page it is on. Given a connection of its own it reads
what is committed while the next turn is being written: SQLite's write-ahead log lets it.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from exchange.history import StoredPage
from protocol.errors import JournalError
from protocol.vocabulary import AccountId, Sequence

_FIND: Final = (
    "select first_seq, count, lines from private where account = ? and first_seq <= ? "
    "order by first_seq desc limit 1"
)

# The index has all three columns: no page of messages is touched.
_LAST: Final = "select account, max(first_seq + count - 1) from private group by account"


_PLACES: Final = "select account, first_seq, count from private order by account, first_seq"


class SqliteArchive:
    """An ``Archive`` in the file of a ``SqliteLog``, which closes the connection."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection

    def last_seqs(self) -> dict[AccountId, Sequence]:
        try:
            return dict(self._connection.execute(_LAST))
        except sqlite3.Error as error:
            raise JournalError(str(self._path), str(error)) from error

    def find(self, account: AccountId, seq: Sequence) -> StoredPage | None:
        try:
            row = self._connection.execute(_FIND, (account, seq)).fetchone()
        except sqlite3.Error as error:
            raise JournalError(str(self._path), str(error)) from error
        if row is None or seq >= row[0] + row[1]:
            return None
        return StoredPage(*row)

    def places(self) -> Iterator[tuple[AccountId, Sequence, int]]:
        """Account, first number and count of every page, by account and number."""
        try:
            yield from self._connection.execute(_PLACES)
        except sqlite3.Error as error:
            raise JournalError(str(self._path), str(error)) from error

"""The history of a venue that runs: opened beside its journal, brought to its end, then written live.

In: the journal, while the venue is brought back out of it. Out: a history that goes exactly as far as the journal, a
``Recorder`` that goes on from there, and what market data begins with after a restart.
"""

from collections.abc import Callable
from pathlib import Path

import structlog

from exchange.engine.engine import Events
from exchange.engine.sequencer import Turn
from exchange.journal.log import StoredTurn
from exchange.journal.sqlite import SqliteLog
from exchange.market_data.hub import MarketData
from exchange.market_data.tally import KEPT_BARS
from exchange.records import rebuild
from exchange.records.chronicle import Chronicle, Memory
from exchange.records.reader import HistoryReader
from exchange.records.recorder import Recorder
from exchange.records.store import Store
from protocol.errors import HistoryError
from protocol.vocabulary import Interval, Sequence

log = structlog.get_logger()


class History:
    """One for a venue with a journal."""

    def __init__(self, journal: Path, log_of_commands: SqliteLog) -> None:
        """Open the history, or begin one. What can't be read, or is another journal's, gets another name.

        Raises:
            HistoryError: the file can't be made.
            JournalError: the journal can't be read.
        """
        self.path = rebuild.beside(journal)
        self._journal = journal
        self._store, memory = self._open(log_of_commands)
        self._chronicle = Chronicle(memory)
        self._recorder: Recorder | None = None
        self.reader = HistoryReader(self.path)

    def _open(self, log_of_commands: SqliteLog) -> tuple[Store, Memory]:
        store = None
        if self.path.exists():
            try:
                store = Store(self.path)
                memory = store.memory()
                text = "it does not belong to this journal"
            except HistoryError as error:
                text = error.text
            else:
                if rebuild.is_of(log_of_commands, memory.place):
                    return store, memory
            if store is not None:
                store.close()
            other = rebuild.set_aside(self.path)
            log.warning("history_set_aside", text=text, file=str(other))
        store = Store(self.path)
        return store, store.memory()

    @property
    def recorder(self) -> Recorder | None:
        """Writes it; ``None`` before ``begin``."""
        return self._recorder

    # -- the start -----------------------------------------------------------------------------------

    def follow(self, turn: StoredTurn, events: list[Events]) -> None:
        """A turn of the journal is replayed: what of it is missing here is filled in.

        Raises:
            HistoryError: it can't be written.
        """
        chronicle = self._chronicle
        if turn.first_seq > chronicle.place.seq + 1:
            return  # the replay began later than the history ends: ``complete`` sees to it
        chronicle.take(turn.first_seq, turn.commands, events)
        if chronicle.waiting >= rebuild.BATCH:
            rebuild.write(self._store, chronicle)

    def complete(self, last_seq: Sequence) -> None:
        """The journal is replayed, up to this command; so far the history goes now.

        Raises:
            JournalError: the journal can't be read.
            HistoryError: the history can't be written.
        """
        rebuild.write(self._store, self._chronicle)
        missing = last_seq - self._chronicle.place.seq
        if missing:
            log.info("history_catching_up", missing=missing)
            rebuild.catch_up(self._journal, self._store)
            self._chronicle = Chronicle(self._store.memory())

    def seed(self, market_data: MarketData) -> None:
        """Tell market data what was before this start: the trades of this day, the last candles.

        Raises:
            HistoryError: the history can't be read.
        """
        for symbol in self.reader.symbols():
            bars = {
                interval: self.reader.candles(symbol, interval, limit=KEPT_BARS)[::-1]
                for interval in Interval
            }
            if bars[Interval.DAY]:
                market_data.seed(symbol, self.reader.day_so_far(symbol), bars)

    def begin(self) -> Callable[[Turn], None]:
        """Start writing. Returns what is to be handed each turn that is written to the journal."""
        self._recorder = Recorder(self._store, self._chronicle, self._journal)
        return self._recorder.hand_over

    def close(self) -> None:
        """Write what waits, and close the file. Closing it again does nothing."""
        if self._recorder is not None:
            self._recorder.stop()
        self.reader.close()
        self._store.close()

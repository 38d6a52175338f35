"""Builds a venue from its configuration, whatever is to run it, and puts its papers in order at the end.

In: a checked configuration, a clock, a way to have something called on the thread of the venue. Out: a venue as its journal
and its file say, ready to be given requests; at the end a snapshot. Opens files and threads, but no sockets: those are of
whoever runs it, ``exchange.server`` on asyncio.
"""

import gc
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import structlog

from exchange import tls
from exchange.access import VENUE_NAME, Access, VerifierThread
from exchange.applying import changes, contradictions
from exchange.config import ListenerConfig, VenueConfig
from exchange.engine.commands import Administer
from exchange.engine.events import RequestRejected
from exchange.hashing import HashingThread
from exchange.journal.group_commit import GroupCommit
from exchange.journal.recovery import State, recover, start_from
from exchange.journal.sqlite import SqliteLog
from exchange.logs import log_outcome
from exchange.peers import Touched
from exchange.records.history import History
from exchange.reread import Gateway, Reread, access_bounds
from exchange.schedule import Schedule
from exchange.venue import Venue
from exchange.venue_file import one_of
from protocol.clock import Clock
from protocol.errors import ConfigError

log = structlog.get_logger()

_REPLAYED_FOR_SNAPSHOT: Final = 100_000
"""A start that replayed more commands than this leaves a snapshot, so that the next one is quick."""

Post = Callable[[Callable[[], None]], object]
"""Has something called on the thread of the venue."""


class Address(NamedTuple):
    """Where a venue listens."""

    host: str
    port: int


@dataclass
class Assembly:
    """A venue and what belongs to it."""

    config: VenueConfig
    clock: Clock
    venue: Venue
    schedule: Schedule
    access: Access
    context: ssl.SSLContext | None
    """TLS of the TCP gateway, if it has any."""
    http_context: ssl.SSLContext | None
    history: History | None
    commits: GroupCommit | None
    """Writes the journal, if there is one."""
    _post: Post = field(repr=False)
    _state: State = field(repr=False)
    _journal: SqliteLog | None = field(repr=False)

    def reread(self, read_again: Callable[[], VenueConfig], gateway: Gateway) -> Reread:
        """Brings the venue up to its file when it is called."""
        return Reread(
            self.config, read_again, self.venue, self.schedule, gateway, self.access, self.context, self.http_context
        )  # fmt: skip

    @contextmanager
    def hashing(self, attempt: Callable[[Callable[[], None]], None]) -> Iterator[None]:
        """Secrets of new accounts are hashed in a thread of their own. ``attempt``: as of ``HashingThread``."""
        thread = HashingThread(self._post, attempt)
        self.venue.desk.hash_later = thread.hash_later
        try:
            yield
        finally:
            thread.stop()

    def stop_writing(self) -> None:
        """Write what was handed in, and end the threads that write."""
        if self.commits is not None:
            self.commits.stop()
        if self.history is not None:
            self.history.close()  # before the snapshot: from one that is later than the history nothing can be filled in

    def conclude(self, failure: Exception | None) -> None:
        """Leave a snapshot.

        Raises:
            VenueError: ``failure``, if the venue came to its end by that; then there is none.
        """
        if failure is not None:
            log.critical("failed", error=str(failure), exc_info=failure)
            raise failure
        if self._journal is not None:
            self._state.save(self._journal)


@contextmanager
def assembled(
    config: VenueConfig, clock: Clock, post: Post, *, log_commands: bool = False
) -> Iterator[Assembly]:
    """A venue for the time of the block, its files closed at the end. Who runs it calls ``stop_writing`` and ``conclude``.

    Raises:
        ConfigError: the configuration contradicts the journal, or a certificate can't be read.
        JournalError: the journal can't be opened or read.
    """
    context = tls.server_context(config.tcp)
    http_context = None if config.http is None else tls.server_context(config.http, "http")
    touched: Touched = []
    verifier = VerifierThread(post)
    journal = _open_journal(config.journal.path, config)
    history = None
    try:
        history = _open_history(journal, config)
        state = _bring_back(journal, history, clock, touched)
        access = Access(open=config.open, verifier=verifier, clock=clock, bounds=access_bounds(config.tcp))
        observe = log_outcome if log_commands else None
        venue = Venue(config.name, state.sequencer, state.reports, touched, access, observe)
        if history is not None:
            history.seed(venue.market_data)
        schedule = Schedule(venue, config)
        last_at_ns = state.sequencer.last_at_ns
        venue.cancel_lost()
        _apply(config, venue)
        schedule.start(clock.now_ns(), last_at_ns)
        venue.desk.on_listed = schedule.take_up
        commits = None
        if journal is not None:
            commits = GroupCommit(journal, post, None if history is None else history.begin())
        yield Assembly(
            config, clock, venue, schedule, access, context, http_context, history, commits, post, state, journal
        )  # fmt: skip
    finally:
        verifier.stop()
        if history is not None:
            history.close()
        if journal is not None:
            journal.close()
    log.info("closed", last_seq=state.sequencer.last_seq)


def log_listening(config: VenueConfig, address: Address) -> None:
    """Connections are accepted there from now on."""
    if config.open:
        log.warning("open_venue", text="whoever can run a program on this machine may trade under any name")
    else:
        warn_without_tls(config.tcp, "tcp")
    path = config.journal.path
    log.info(
        "listening",
        host=address.host,
        port=address.port,
        venue=config.name,
        journal=str(path) if path else None,
        tls=config.tcp.certificate is not None,
    )


def warn_without_tls(settings: ListenerConfig, section: str) -> None:
    """If others than this machine's programs can be heard."""
    if settings.certificate is None and not settings.is_loopback:
        text = f"secrets cross the network in the clear: give {section} a certificate and a key"
        log.warning("no_tls", text=text)


def calm_garbage_collector() -> None:
    """For a process that is a venue's own."""
    # Orders, commands and messages are not tracked by the collector, and what is tracked lives as
    # long as the venue. Looking through it after every 700 allocations is a pause for nothing.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _open_journal(path: Path | None, config: VenueConfig) -> SqliteLog | None:
    return None if path is None else SqliteLog(path, config.journal.sync)


def _open_history(journal: SqliteLog | None, config: VenueConfig) -> History | None:
    path = config.journal.path
    return History(path, journal) if path and journal is not None and config.journal.history else None


def _bring_back(journal: SqliteLog | None, history: History | None, clock: Clock, touched: Touched) -> State:
    if journal is None:
        return start_from(None, clock.now_ns, touched)
    started = time.perf_counter()
    snapshot = journal.latest_snapshot()
    state = recover(journal, clock.now_ns, touched, None if history is None else history.follow)
    last_seq = state.sequencer.last_seq
    replayed = last_seq - (snapshot.seq if snapshot else 0)
    log.info(
        "recovered", last_seq=last_seq, replayed=replayed, seconds=round(time.perf_counter() - started, 3)
    )
    if history is not None:
        history.complete(last_seq)
    if replayed > _REPLAYED_FOR_SNAPSHOT:
        state.save(journal)
    return state


def _apply(config: VenueConfig, venue: Venue) -> None:
    """Make the venue as its file says. One that comes out of a journal was so before, as a rule.

    Raises:
        ConfigError: the file contradicts the journal.
    """
    engine, is_new = venue.engine, not venue.sequencer.last_seq
    faults = contradictions(config, engine)
    for change in [] if faults else changes(config, engine):
        # What a file says of a new venue is how it began; later it is something that was done to it.
        command = (
            change.command
            if is_new
            else Administer(VENUE_NAME, "venue file read at the start", change.command)
        )
        first = venue.act(command)[0]
        if isinstance(first, RequestRejected):
            faults.append(ConfigError(change.key, first.text))
        elif not is_new:
            log.info("setting_changed", key=change.key, text=change.text)
    if faults:
        raise one_of(faults)

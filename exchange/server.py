"""The composition root: builds a venue from its configuration, runs it, and takes it down in order.

In: a checked configuration, a clock. Out: a running venue until it is told to stop or its journal
fails. The only place that opens files and sockets and reads signals.
"""

import asyncio
import gc
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from exchange.config import VenueConfig
from exchange.instrument_config import InstrumentConfig
from exchange.engine.commands import AddInstrument
from exchange.gateways.tcp import Limits, TcpGateway
from exchange.journal.group_commit import GroupCommit
from exchange.journal.recovery import State, recover, start_from
from exchange.journal.sqlite import SqliteLog
from exchange.logs import log_outcome
from exchange.peers import Touched
from exchange.schedule import Schedule
from exchange.turns import Turns
from exchange.venue import Venue
from protocol.clock import Clock, SystemClock
from protocol.errors import ConfigError, VenueError
from protocol.vocabulary import AccountId

log = structlog.get_logger()

_REPLAYED_FOR_SNAPSHOT = 100_000
"""A start that replayed more commands than this leaves a snapshot, so that the next one is quick."""

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Address(NamedTuple):
    host: str
    port: int


async def serve(
    config: VenueConfig,
    *,
    clock: Clock | None = None,
    log_commands: bool = False,
    ready: Callable[[Address], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Run a venue until SIGINT, SIGTERM or ``stop``.

    ``ready`` is called with the address once connections are accepted.

    Raises:
        ConfigError: the configuration contradicts the journal, or the address is taken.
        JournalError: the journal can't be opened, read, or (while running) written.
        InvariantViolated: the engine broke; the journal ends before the command that broke it.
    """
    clock = clock or SystemClock()
    stop = stop or asyncio.Event()
    touched: Touched = []
    journal = _open_journal(config.journal.path, config)
    try:
        state = _bring_back(journal, clock, touched)
        venue = Venue(
            config.name,
            state.sequencer,
            state.reports,
            touched,
            observe=log_outcome if log_commands else None,
            operators=[AccountId(name) for name in config.operators],
        )
        schedule = Schedule(venue, config)
        last_at_ns = state.sequencer.last_at_ns
        _list_instruments(venue, config.instruments)
        schedule.start(clock.now_ns(), last_at_ns)
        await _run(config, venue, schedule, journal, clock, ready, stop)
        if journal is not None:
            journal.save_snapshot(state.image())
    finally:
        if journal is not None:
            journal.close()
    log.info("closed", last_seq=state.sequencer.last_seq)


async def _run(
    config: VenueConfig,
    venue: Venue,
    schedule: Schedule,
    journal: SqliteLog | None,
    clock: Clock,
    ready: Callable[[Address], None] | None,
    stop: asyncio.Event,
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_log_unexpected)
    commits = None if journal is None else GroupCommit(journal, loop)
    turns = Turns(venue, commits, loop)
    tcp = config.tcp
    limits = Limits(
        tcp.max_line_bytes,
        tcp.max_in_flight,
        tcp.max_outgoing_bytes,
        tcp.login_timeout_s,
        tcp.max_connections,
    )
    gateway = TcpGateway(venue, turns, limits, clock)
    for signal_number in _STOP_SIGNALS:
        loop.add_signal_handler(signal_number, stop.set)
    try:
        async with asyncio.TaskGroup() as tasks:
            turns.schedule()
            try:
                address = Address(*await gateway.listen(tcp.host, tcp.port))
            except OSError as error:
                raise ConfigError(f"tcp {tcp.host}:{tcp.port}", error.strerror or str(error)) from error
            background = [
                tasks.create_task(gateway.keep_time()),
                tasks.create_task(schedule.keep(turns, clock)),
            ]
            _calm_garbage_collector()
            journal_name = str(config.journal.path) if config.journal.path else None
            log.info(
                "listening", host=address.host, port=address.port, venue=venue.name, journal=journal_name
            )
            if ready is not None:
                ready(address)
            await _stopped_or_failed(stop, turns)
            if turns.failed.done():
                gateway.abort()
            else:
                log.info("stopping")
                await gateway.shut_down()
                await turns.settled()
            for task in background:
                task.cancel()
    except* VenueError as group:
        # One of ours is the reason; a group of one would only hide it from whoever reads the message.
        raise group.exceptions[0] from None
    finally:
        for signal_number in _STOP_SIGNALS:
            loop.remove_signal_handler(signal_number)
        if commits is not None:
            commits.stop()
    if turns.failed.done():
        log.critical("failed", error=str(turns.failed.exception()), exc_info=turns.failed.exception())
        turns.failed.result()


async def _stopped_or_failed(stop: asyncio.Event, turns: Turns) -> None:
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((stopping, turns.failed), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()


def _log_unexpected(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A fault of ours in a callback: its connection is cut, the venue goes on."""
    log.error("unexpected", text=context.get("message"), exc_info=context.get("exception"))


def _open_journal(path: Path | None, config: VenueConfig) -> SqliteLog | None:
    return None if path is None else SqliteLog(path, config.journal.sync)


def _bring_back(journal: SqliteLog | None, clock: Clock, touched: Touched) -> State:
    if journal is None:
        return start_from(None, clock.now_ns, touched)
    started = time.perf_counter()
    snapshot = journal.latest_snapshot()
    state = recover(journal, clock.now_ns, touched)
    last_seq = state.sequencer.last_seq
    replayed = last_seq - (snapshot.seq if snapshot else 0)
    log.info(
        "recovered", last_seq=last_seq, replayed=replayed, seconds=round(time.perf_counter() - started, 3)
    )
    if replayed > _REPLAYED_FOR_SNAPSHOT:
        journal.save_snapshot(state.image())
    return state


def _list_instruments(venue: Venue, instruments: list[InstrumentConfig]) -> None:
    for instrument in instruments:
        command = instrument.command()
        book = venue.engine.books.get(command.symbol)
        if book is None:
            venue.act(command)
            continue
        for name in AddInstrument.__struct_fields__:
            before, now = getattr(book.instrument, name), getattr(command, name)
            if name not in ("seq", "at_ns") and before != now:
                raise ConfigError(
                    f"instruments.{command.symbol}.{name}",
                    f"{now} in the file, {before} in the journal: an instrument does not change while it is listed",
                )


def _calm_garbage_collector() -> None:
    # Orders, commands and messages are not tracked by the collector, and what is tracked lives as
    # long as the venue. Looking through it after every 700 allocations is a pause for nothing.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


class _UntilEof(asyncio.Protocol):
    """Reads what nobody means to write, to learn when the other end is gone."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop.set()


async def _serve_until_eof(config: VenueConfig, *, log_commands: bool) -> None:
    stop = asyncio.Event()
    # Reading needs no thread and no polling: a process that dies, however it dies, closes its pipes.
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: _UntilEof(stop), sys.stdin)
    try:
        await serve(config, log_commands=log_commands, stop=stop)
    finally:
        transport.close()


def run(
    config: VenueConfig, *, log_commands: bool = False, uvloop: bool = False, until_eof: bool = False
) -> None:
    """Run a venue in this process until it is told to stop; with ``until_eof`` also when standard
    input, a pipe, ends.

    Raises:
        VenueError: as ``serve``; also if uvloop is wanted and not installed.
    """
    serving = _serve_until_eof if until_eof else serve
    if not uvloop:
        asyncio.run(serving(config, log_commands=log_commands))
        return
    try:
        import uvloop as fast_loop
    except ImportError as error:
        raise VenueError("uvloop is not installed: pip install 'tontine[speed]'") from error
    fast_loop.run(serving(config, log_commands=log_commands))

"""The composition root: builds a venue from its configuration, runs it, and takes it down in order.

In: a checked configuration, a clock. Out: a running venue until it is told to stop or its journal
fails. The only place that opens files and sockets and reads signals: SIGINT and SIGTERM stop the venue,
SIGHUP has it read its file again.
"""

import asyncio
import gc
import signal
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog

from exchange import tls
from exchange.access import VENUE_NAME, Access, VerifierThread
from exchange.applying import changes, contradictions
from exchange.config import ListenerConfig, VenueConfig
from exchange.engine.commands import Administer
from exchange.engine.events import RequestRejected
from exchange.gateways.tcp import TcpGateway
from exchange.hashing import HashingThread
from exchange.journal.group_commit import GroupCommit
from exchange.journal.recovery import State, recover, start_from
from exchange.journal.sqlite import SqliteLog
from exchange.logs import log_outcome
from exchange.market_data.generators import Generators
from exchange.peers import Touched
from exchange.records.history import History
from exchange.reread import Reread, access_bounds, gateway_limits
from exchange.schedule import Schedule
from exchange.turns import Turns
from exchange.venue import Venue
from exchange.venue_file import one_of
from protocol.clock import Clock, SystemClock
from protocol.errors import ConfigError, VenueError, only_cause

if TYPE_CHECKING:
    from exchange.gateways.http.app import HttpGateway

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
    read_again: Callable[[], VenueConfig] | None = None,
    log_commands: bool = False,
    ready: Callable[[Address, Generators], None] | None = None,
    stop: asyncio.Event | None = None,
    guest: bool = False,
) -> None:
    """Run a venue until SIGINT, SIGTERM or ``stop``.

    ``read_again``: reads the venue file for SIGHUP, which stops a venue that has none. ``ready`` is called
    with the address and the public streams once connections are accepted. ``guest``: the process is somebody else's (``exchange.in_process``),
    so its signals, and what its event loop does with faults, are left alone.

    Raises:
        ConfigError: the configuration contradicts the journal, or the address is taken.
        JournalError: the journal can't be opened, read, or (while running) written.
        InvariantViolated: the engine broke; the journal ends before the command that broke it.
    """
    clock = clock or SystemClock()
    stop = stop or asyncio.Event()
    context = tls.server_context(config.tcp)
    http_context = None if config.http is None else tls.server_context(config.http, "http")
    touched: Touched = []
    loop = asyncio.get_running_loop()
    verifier = VerifierThread(loop.call_soon_threadsafe)
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
            commits = GroupCommit(journal, loop, None if history is None else history.begin())
        turns = Turns(venue, commits, loop)
        gateway = TcpGateway(venue, turns, gateway_limits(config.tcp), clock)
        feeds = Generators(venue.market_data, turns.committed)
        http = _http_gateway(config, gateway, clock, access, history)
        reread = None
        if read_again is not None:
            reread = Reread(config, read_again, venue, schedule, gateway, access, context, http_context)
        try:
            signals = nullcontext() if guest else _own_process(loop, turns, reread, stop)
            with _hashing(venue, turns, loop), signals:
                await _run(
                    config, gateway, feeds, http, schedule, clock, (context, http_context), ready, stop
                )
        finally:
            if commits is not None:
                commits.stop()
            if history is not None:
                history.close()  # before the snapshot: from one that is later than the history nothing can be filled in
        if turns.failed.done():
            log.critical("failed", error=str(turns.failed.exception()), exc_info=turns.failed.exception())
            turns.failed.result()
        if journal is not None:
            state.save(journal)
    finally:
        verifier.stop()
        if history is not None:
            history.close()
        if journal is not None:
            journal.close()
    log.info("closed", last_seq=state.sequencer.last_seq)


async def _run(
    config: VenueConfig,
    gateway: TcpGateway,
    feeds: Generators,
    http: "HttpGateway | None",
    schedule: Schedule,
    clock: Clock,
    contexts: tuple[ssl.SSLContext | None, ssl.SSLContext | None],
    ready: Callable[[Address, Generators], None] | None,
    stop: asyncio.Event,
) -> None:
    """Listen and serve until ``stop``, or until the journal or the engine fails."""
    turns, tcp = gateway.turns, config.tcp
    try:
        async with asyncio.TaskGroup() as tasks:
            turns.schedule()
            try:
                address = Address(*await gateway.listen(tcp.host, tcp.port, contexts[0]))
            except OSError as error:
                raise ConfigError(f"tcp {tcp.host}:{tcp.port}", error.strerror or str(error)) from error
            if http is not None and config.http is not None:
                try:
                    await _listen_http(http, config.http, contexts[1])
                except ConfigError:
                    gateway.abort()
                    raise
            background = [
                tasks.create_task(gateway.keep_time()),
                tasks.create_task(schedule.keep(turns, clock)),
            ]
            _log_listening(config, address)
            if ready is not None:
                ready(address, feeds)
            await _stopped_or_failed(stop, turns)
            feeds.close()  # who reads them would keep their gateways open
            if turns.failed.done():
                gateway.abort()
                if http is not None:
                    await http.abort()
            else:
                log.info("stopping")
                if http is not None:
                    await http.shut_down()
                await gateway.shut_down()
                await turns.settled()
            for task in background:
                task.cancel()
    except BaseExceptionGroup as group:
        cause = only_cause(group, VenueError)
        if cause is None:
            raise
        raise cause from None


def _http_gateway(
    config: VenueConfig, sessions: TcpGateway, clock: Clock, access: Access, history: History | None
) -> "HttpGateway | None":
    """The HTTP gateway, if there is to be one. aiohttp takes a third of a second to load: not for nothing."""
    if config.http is None:
        return None
    from exchange.gateways.http.app import HttpGateway

    past = None if history is None else history.reader
    recorder = None if history is None else history.recorder
    return HttpGateway(sessions, config.http, clock, access, past, recorder)


async def _listen_http(
    gateway: "HttpGateway", settings: ListenerConfig, context: ssl.SSLContext | None
) -> None:
    """Accept HTTP connections.

    Raises:
        ConfigError: the address is taken.
    """
    try:
        host, port = await gateway.listen(context)
    except OSError as error:
        raise ConfigError(f"http {settings.host}:{settings.port}", error.strerror or str(error)) from error
    if settings.certificate is None and not settings.is_loopback:
        log.warning(
            "no_tls", text="secrets cross the network in the clear: give http a certificate and a key"
        )
    log.info("listening_http", host=host, port=port, tls=settings.certificate is not None)


def _log_listening(config: VenueConfig, address: Address) -> None:
    if config.open:
        log.warning("open_venue", text="whoever can run a program on this machine may trade under any name")
    elif config.tcp.certificate is None and not config.tcp.is_loopback:
        log.warning("no_tls", text="secrets cross the network in the clear: give tcp a certificate and a key")
    path = config.journal.path
    log.info(
        "listening",
        host=address.host,
        port=address.port,
        venue=config.name,
        journal=str(path) if path else None,
        tls=config.tcp.certificate is not None,
    )


@contextmanager
def _own_process(
    loop: asyncio.AbstractEventLoop, turns: Turns, reread: Reread | None, stop: asyncio.Event
) -> Iterator[None]:
    """SIGINT and SIGTERM stop the venue; SIGHUP reads its file again, and stops a venue that has none. Faults in
    callbacks are logged, and the garbage collector lets go of what lives as long as the process.
    """
    loop.set_exception_handler(_log_unexpected)
    _calm_garbage_collector()
    for signal_number in _STOP_SIGNALS:
        loop.add_signal_handler(signal_number, stop.set)
    if reread is None:
        loop.add_signal_handler(signal.SIGHUP, stop.set)
    else:
        loop.add_signal_handler(signal.SIGHUP, turns.attempt, reread)
    try:
        yield
    finally:
        for signal_number in (*_STOP_SIGNALS, signal.SIGHUP):
            loop.remove_signal_handler(signal_number)


@contextmanager
def _hashing(venue: Venue, turns: Turns, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Secrets of new accounts are hashed in a thread of their own."""
    thread = HashingThread(loop.call_soon_threadsafe, turns)
    venue.desk.hash_later = thread.hash_later
    try:
        yield
    finally:
        thread.stop()


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


async def _serve_until_eof(
    config: VenueConfig, *, read_again: Callable[[], VenueConfig] | None, log_commands: bool
) -> None:
    stop = asyncio.Event()
    # Reading needs no thread and no polling: a process that dies, however it dies, closes its pipes.
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: _UntilEof(stop), sys.stdin)
    try:
        await serve(config, read_again=read_again, log_commands=log_commands, stop=stop)
    finally:
        transport.close()


def run(
    config: VenueConfig,
    *,
    read_again: Callable[[], VenueConfig] | None = None,
    log_commands: bool = False,
    uvloop: bool = False,
    until_eof: bool = False,
) -> None:
    """Run a venue in this process until it is told to stop, as ``serve``; with ``until_eof`` also when
    standard input, a pipe, ends.

    Raises:
        VenueError: as ``serve``; also if uvloop is wanted and not installed.
    """
    serving = _serve_until_eof if until_eof else serve
    if not uvloop:
        asyncio.run(serving(config, read_again=read_again, log_commands=log_commands))
        return
    try:
        import uvloop as fast_loop
    except ImportError as error:
        raise VenueError("uvloop is not installed: pip install 'tontine[speed]'") from error
    fast_loop.run(serving(config, read_again=read_again, log_commands=log_commands))

"""The composition root on asyncio: builds a venue from its configuration, runs it, and takes it down in order.

In: a checked configuration, a clock. Out: a running venue until it is told to stop or its journal
fails. What has nothing to do with asyncio is built in ``exchange.assembly``; here sockets are opened and signals
read: SIGINT and SIGTERM stop the venue, SIGHUP has it read its file again.
"""

import asyncio
import signal
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from exchange.assembly import (
    Address,
    Assembly,
    assembled,
    calm_garbage_collector,
    log_listening,
    warn_without_tls,
)
from exchange.clockwork import keep
from exchange.config import ListenerConfig, VenueConfig
from exchange.gateways.tcp import TcpGateway
from exchange.market_data.generators import Generators
from exchange.reread import Reread, gateway_limits
from exchange.turns import Turns
from protocol.clock import Clock, SystemClock
from protocol.errors import ConfigError, VenueError, only_cause

if TYPE_CHECKING:
    from exchange.gateways.http.app import HttpGateway

log = structlog.get_logger()

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


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
    loop = asyncio.get_running_loop()
    with assembled(config, clock, loop.call_soon_threadsafe, log_commands=log_commands) as house:
        turns = Turns(house.venue, house.commits, loop)
        gateway = TcpGateway(house.venue, turns, gateway_limits(config.tcp), clock)
        feeds = Generators(house.venue.market_data, turns.committed)
        http = _http_gateway(house, gateway)
        reread = None if read_again is None else house.reread(read_again, gateway)
        try:
            signals = nullcontext() if guest else _own_process(loop, turns, reread, stop)
            with house.hashing(turns.attempt), signals:
                await _run(house, gateway, feeds, http, ready, stop)
        finally:
            house.stop_writing()
        house.conclude(turns.failure)


async def _run(
    house: Assembly,
    gateway: TcpGateway,
    feeds: Generators,
    http: "HttpGateway | None",
    ready: Callable[[Address, Generators], None] | None,
    stop: asyncio.Event,
) -> None:
    """Listen and serve until ``stop``, or until the journal or the engine fails."""
    turns = gateway.turns
    try:
        async with asyncio.TaskGroup() as tasks:
            turns.schedule()
            address = await _listen(house, gateway, http)
            background = [
                tasks.create_task(gateway.keep_time()),
                tasks.create_task(keep(house.schedule, turns, house.clock)),
            ]
            log_listening(house.config, address)
            if ready is not None:
                ready(address, feeds)
            await _stopped_or_failed(stop, turns)
            feeds.close()  # who reads them would keep their gateways open
            await _close(gateway, http)
            for task in background:
                task.cancel()
    except BaseExceptionGroup as group:
        cause = only_cause(group, VenueError)
        if cause is None:
            raise
        raise cause from None


async def _listen(house: Assembly, gateway: TcpGateway, http: "HttpGateway | None") -> Address:
    """Accept connections; where.

    Raises:
        ConfigError: an address is taken.
    """
    tcp = house.config.tcp
    try:
        address = Address(*await gateway.listen(tcp.host, tcp.port, house.context))
    except OSError as error:
        raise ConfigError(f"tcp {tcp.host}:{tcp.port}", error.strerror or str(error)) from error
    if http is not None and house.config.http is not None:
        try:
            await _listen_http(http, house.config.http, house.http_context)
        except ConfigError:
            gateway.abort()
            raise
    return address


async def _close(gateway: TcpGateway, http: "HttpGateway | None") -> None:
    """Log everybody out, and journal what they did last; or hang up, if that is not possible any more."""
    if gateway.turns.failed.done():
        gateway.abort()
        if http is not None:
            await http.abort()
    else:
        log.info("stopping")
        if http is not None:
            await http.shut_down()
        await gateway.shut_down()
        await gateway.turns.settled()


def _http_gateway(house: Assembly, sessions: TcpGateway) -> "HttpGateway | None":
    """The HTTP gateway, if there is to be one. aiohttp takes a third of a second to load: not for nothing."""
    if house.config.http is None:
        return None
    from exchange.gateways.http.app import HttpGateway

    past = None if house.history is None else house.history.reader
    recorder = None if house.history is None else house.history.recorder
    return HttpGateway(sessions, house.config.http, house.clock, house.access, past, recorder)


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
    warn_without_tls(settings, "http")
    log.info("listening_http", host=host, port=port, tls=settings.certificate is not None)


@contextmanager
def _own_process(
    loop: asyncio.AbstractEventLoop, turns: Turns, reread: Reread | None, stop: asyncio.Event
) -> Iterator[None]:
    """SIGINT and SIGTERM stop the venue; SIGHUP reads its file again, and stops a venue that has none. Faults in
    callbacks are logged, and the garbage collector lets go of what lives as long as the process.
    """
    loop.set_exception_handler(_log_unexpected)
    calm_garbage_collector()
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


async def _stopped_or_failed(stop: asyncio.Event, turns: Turns) -> None:
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((stopping, turns.failed), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()


def _log_unexpected(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A fault of ours in a callback: its connection is cut, the venue goes on."""
    log.error("unexpected", text=context.get("message"), exc_info=context.get("exception"))


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
    monitor: Path | None = None,
    uvloop: bool = False,
    until_eof: bool = False,
) -> None:
    """Run a venue in this process until it is told to stop, as ``serve``; with ``until_eof`` also when
    standard input, a pipe, ends.

    Raises:
        VenueError: as ``serve``; also if uvloop is wanted and not installed, or a monitor, which looks into the other runtime.
    """
    if monitor is not None:
        raise ConfigError("--monitor", "it looks into the kernel of the legacy runtime: add --runtime legacy")
    serving = _serve_until_eof if until_eof else serve
    if not uvloop:
        asyncio.run(serving(config, read_again=read_again, log_commands=log_commands))
        return
    try:
        import uvloop as fast_loop
    except ImportError as error:
        raise VenueError("uvloop is not installed: pip install 'tontine[speed]'") from error
    fast_loop.run(serving(config, read_again=read_again, log_commands=log_commands))

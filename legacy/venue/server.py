"""The composition root on the kernel: builds a venue from its configuration, runs it, and takes it down in order.

In: a checked configuration, a clock. Out: a running venue until it is told to stop or its journal fails. What is not about
waiting is built in ``exchange.assembly``, as for asyncio. TCP only: HTTP and WebSockets are served by aiohttp, which is asyncio.
"""

import os
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final

import structlog

from exchange.assembly import Address, Assembly, assembled, calm_garbage_collector, log_listening
from exchange.config import VenueConfig
from exchange.reread import Reread, gateway_limits
from exchange.schedule import Schedule
from legacy.kernel import Kernel
from legacy.monitor import monitor_at, open_at
from legacy.task import Task
from legacy.traps import Flow, current_kernel, flow, readable, spawn, timeout
from legacy.venue.gateway import Gateway
from legacy.venue.turns import Turns
from legacy.waiting import Event
from protocol.clock import Clock, SystemClock
from protocol.errors import ConfigError

log = structlog.get_logger()

_STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@flow
def serve(
    config: VenueConfig,
    *,
    clock: Clock | None = None,
    read_again: Callable[[], VenueConfig] | None = None,
    log_commands: bool = False,
    ready: Callable[[Address], None] | None = None,
    stop: Event | None = None,
    guest: bool = False,
) -> Generator[Any, Any, None]:
    """Run a venue until SIGINT, SIGTERM or ``stop``. Arguments and errors are those of ``exchange.server.serve``."""
    if config.http is not None:
        raise ConfigError(
            "http",
            "the legacy runtime has TCP only, for aiohttp is asyncio: leave out [http] and --http-port",
        )
    kernel = yield from current_kernel()
    clock = clock or SystemClock()
    stop = stop or Event("an order to stop")
    with assembled(config, clock, kernel.post, log_commands=log_commands) as house:
        turns = Turns(house.venue, house.commits, kernel, stop.set)
        gateway = Gateway(house.venue, turns, gateway_limits(config.tcp), clock, kernel)
        reread = None if read_again is None else house.reread(read_again, gateway)
        try:
            signals = nullcontext() if guest else _own_process(kernel, turns, reread, stop)
            with house.hashing(turns.attempt), signals:
                yield from _run(house, gateway, ready, stop)
        finally:
            house.stop_writing()
        house.conclude(turns.failure)


@flow
def _run(
    house: Assembly, gateway: Gateway, ready: Callable[[Address], None] | None, stop: Event
) -> Generator[Any, Any, None]:
    """Listen and serve until ``stop``, which is set as well when the journal or the engine fails."""
    turns, tcp = gateway.turns, house.config.tcp
    background: list[Task[None]] = []
    try:
        turns.schedule()
        for name, work in (
            ("turns", turns.keep_ending()),
            ("time-outs", gateway.keep_time()),
            ("schedule", _keep(house.schedule, turns, house.clock)),
        ):
            background.append((yield from spawn(_watched(work, turns), name=name)))
        try:
            address = Address(*gateway.listen(tcp.host, tcp.port, house.context))
        except OSError as error:
            raise ConfigError(f"tcp {tcp.host}:{tcp.port}", error.strerror or str(error)) from error
        log_listening(house.config, address)
        if ready is not None:
            ready(address)
        yield from stop.wait()
        if turns.failure is not None:
            yield from gateway.abort()
        else:
            log.info("stopping")
            yield from gateway.shut_down()
            yield from turns.settled()
    finally:
        gateway.cut()  # there are some if this task was cancelled
        for task in background:
            task.cancel()


@flow
def _watched(work: Generator[Any, Any, None], turns: Turns) -> Generator[Any, Any, None]:
    """A venue does not go on without one of those who keep it."""
    try:
        yield from work
    except Exception as error:  # noqa: BLE001  # told at the end
        turns.fail(error)


@flow
def _keep(schedule: Schedule, turns: Turns, clock: Clock) -> Generator[Any, Any, None]:
    """Act whenever something is due, for ever."""
    sooner = Event("something to be done sooner")
    schedule.on_sooner = sooner.set
    while True:
        if schedule.act(clock.now_ns()):
            turns.schedule()
        try:
            yield from timeout(schedule.wait_s(clock.now_ns()), sooner.wait())
        except TimeoutError:
            continue
        sooner.clear()


@contextmanager
def _own_process(kernel: Kernel, turns: Turns, reread: Reread | None, stop: Event) -> Iterator[None]:
    """SIGINT and SIGTERM stop the venue; SIGHUP reads its file again, and stops a venue that has none. The garbage
    collector lets go of what lives as long as the process.
    """
    calm_garbage_collector()

    def act_on(number: int, act: Callable[[], None]) -> Any:
        # A signal handler runs between two instructions of whatever is at work: all it may do is to post.
        return signal.signal(number, lambda *_: kernel.post(act))

    before = {number: act_on(number, stop.set) for number in _STOP_SIGNALS}
    before[signal.SIGHUP] = act_on(
        signal.SIGHUP, stop.set if reread is None else lambda: turns.attempt(reread)
    )
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@flow
def _serve_until_eof(
    config: VenueConfig, *, read_again: Callable[[], VenueConfig] | None, log_commands: bool
) -> Generator[Any, Any, None]:
    stop = Event("an order to stop, or the end of the input")
    yield from spawn(_read_to_the_end(sys.stdin.fileno(), stop), name="input")
    yield from serve(config, read_again=read_again, log_commands=log_commands, stop=stop)


@flow
def _read_to_the_end(pipe: int, stop: Event) -> Generator[Any, Any, None]:
    """Read what nobody means to write, to learn when the other end is gone: a process that dies closes its pipes."""
    while True:
        yield from readable(pipe)
        if not os.read(pipe, 4096):
            break
    stop.set()


def run(
    config: VenueConfig,
    *,
    read_again: Callable[[], VenueConfig] | None = None,
    log_commands: bool = False,
    monitor: Path | None = None,
    uvloop: bool = False,
    until_eof: bool = False,
) -> None:
    """Run a venue in this process, as ``exchange.server.run`` does on asyncio. ``monitor``: a local socket at which it can be
    asked what its tasks do (``legacy.monitor``).

    Raises:
        VenueError: as there; also if uvloop is wanted, which is an event loop of asyncio.
    """
    if uvloop:
        raise ConfigError("--uvloop", "uvloop is an event loop of asyncio; the legacy runtime has its own")
    serving = _serve_until_eof if until_eof else serve
    venue = serving(config, read_again=read_again, log_commands=log_commands)
    Kernel(crashed=_log_unexpected).run(venue if monitor is None else _monitored(venue, monitor))


@flow
def _monitored(venue: Flow[None], path: Path) -> Generator[Any, Any, None]:
    """Look into the kernel while the venue runs."""
    try:
        listener = open_at(path, (yield from current_kernel()))
    except OSError as error:
        raise ConfigError(f"--monitor {path}", error.strerror or str(error)) from error
    yield from spawn(monitor_at(listener, path), name="monitor")
    yield from venue


def _log_unexpected(task: Task[Any], error: BaseException) -> None:
    """A fault of ours in a task: its connection is cut, the venue goes on."""
    log.error("unexpected", text=f"task {task.id} {task.name}", exc_info=error)

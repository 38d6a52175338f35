"""An asyncio event loop that lives in the time of a simulation.

In: what is asked of any event loop. Out: callbacks, in an event of the kernel each time that something becomes due: all
that are ready, first come first served, until none is. Nothing waits: a sleep of an hour is an event an hour later.
Timers are kept in whole nanoseconds, and fire at the first one that is not before the time that was asked for. What
reaches out of the simulation, threads and sockets, is refused: nothing about it could be repeated.
"""

import asyncio
import gc
import inspect
import sys
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any, Final, Protocol, TypeVarTuple
from weakref import ref

from protocol.vocabulary import Nanoseconds
from simulation.bots.refusing import ONLY_THE_VENUE, NotInVirtualTime, Refusing
from simulation.kernel import Kernel

_Ts = TypeVarTuple("_Ts")

_SECOND_NS: Final = 1_000_000_000

MOST_AT_ONCE: Final = 200_000
"""Callbacks in one instant, after which time would never go on: an hour's worth of orders takes fewer."""

_FEW: Final = 100
"""Timers among which those that were cancelled do no harm; as in asyncio."""

LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104  # a name, nothing is opened
"""Names of the machine itself."""


class TimeStandsStill(RuntimeError):
    """A program never waits, so that its instant never ends."""

    def __init__(self, callbacks: int) -> None:
        super().__init__(f"it did not let time pass: {callbacks} callbacks in the same instant")


class Network(Protocol):
    """Where connections lead to."""

    def dial(
        self, loop: "VirtualLoop", make: Callable[[], asyncio.BaseProtocol], host: str, port: int
    ) -> "asyncio.Future[tuple[asyncio.Transport, asyncio.BaseProtocol]]":
        """Open a connection.

        Raises:
            OSError: nobody listens there.
        """
        ...


class Surroundings(Protocol):
    """What a program finds around it while it runs."""

    def enter(self) -> None: ...

    def leave(self) -> None: ...


def whole_ns(seconds: float) -> Nanoseconds:
    """The first whole nanosecond that is not before so many seconds, as ``loop.time`` tells seconds."""
    ns = round(seconds * _SECOND_NS)
    return ns if ns / _SECOND_NS >= seconds else ns + 1


class _Collecting:
    """Whether the garbage collector is at work."""

    now = False


def _note_collector(phase: str, info: dict[str, int]) -> None:
    _Collecting.now = phase == "start"


class _Task(asyncio.Task[Any]):
    """Its place in sets (``asyncio.wait``, ``TaskGroup``, ``all_tasks``) follows from when it was made, not from where
    in memory it lies.
    """

    _place: int

    def __hash__(self) -> int:
        try:
            return self._place
        except AttributeError:
            loop = self.get_loop()
            assert isinstance(loop, VirtualLoop)
            self._place = next(loop.places)
            return self._place


class VirtualLoop(Refusing, asyncio.BaseEventLoop):
    """One program's event loop, or the venue's."""

    def __init__(
        self, kernel: Kernel, network: Network | None = None, surroundings: Surroundings | None = None
    ) -> None:
        self.kernel: Final = kernel
        self.places: Final = count()
        """Numbers for tasks, in the order in which they are made."""
        self.on_flood: Callable[[TimeStandsStill], None] | None = None
        """Told when time stands still; without it that is raised out of the kernel."""
        self.on_exit: Callable[[SystemExit], None] | None = None
        """Told when a callback wants the program to end."""
        self.waits_for: Callable[[VirtualLoop, asyncio.Future[Any] | None], None] | None = None
        """Lets virtual time pass until a future is done (``None``: until ``stop``), for code that is no coroutine."""
        self.on_stop: Callable[[], object] | None = None
        """Told that the program has called ``stop``."""
        self.signals: dict[int, Callable[[], object]] = {}
        """What the program does about signals, by number."""
        super().__init__()
        self._network = network
        self._surroundings = surroundings
        self._soon: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[Nanoseconds, int, asyncio.TimerHandle]] = []
        self._canceled_timers = 0
        self._timer_numbers = count()
        self._wakes_ns: Nanoseconds | None = None
        """When the kernel has been asked to look after the timers."""
        self._is_due = False  # the kernel has been asked to run what is ready
        self._in_turn = False
        self._instant_ns: Nanoseconds = -1
        self._at_once = 0  # callbacks in this instant
        self._generators: dict[int, ref[Any]] = {}
        self._generator_numbers = count()
        self._task_names = count(1)
        if _note_collector not in gc.callbacks:
            gc.callbacks.append(_note_collector)

    # -- time --------------------------------------------------------------------------------------
    def time(self) -> float:
        """Virtual seconds since the start of the simulation."""
        return self.kernel.monotonic_s()

    def call_soon(
        self, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.Handle:
        self._live()
        handle = asyncio.Handle(callback, args, self, context)
        self._soon.append(handle)
        if not self._is_due and not self._in_turn:
            self._is_due = True
            self.kernel.at(self.kernel.time_ns, self._take_turn)
        return handle

    # Nobody but this thread runs: a finalizer of the garbage collector, perhaps.
    call_soon_threadsafe = call_soon

    def call_later(
        self, delay: float, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        when_ns = self.kernel.time_ns + max(whole_ns(delay), 0)
        return self._call_at_ns(when_ns, self.time() + delay, callback, args, context)

    def call_at(
        self, when: float, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        when_ns = self.kernel.start_ns + whole_ns(when)
        return self._call_at_ns(when_ns, when, callback, args, context)

    def _call_at_ns(
        self,
        when_ns: Nanoseconds,
        when: float,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        context: Context | None,
    ) -> asyncio.TimerHandle:
        self._live()
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        timer._scheduled = True  # type: ignore[attr-defined]  # as BaseEventLoop does: counts when it is cancelled
        heappush(self._timers, (when_ns, next(self._timer_numbers), timer))
        self._see_to_timers()
        return timer

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        if handle._scheduled:  # type: ignore[attr-defined]
            self._canceled_timers += 1
            if self._canceled_timers > _FEW and self._canceled_timers * 2 > len(self._timers):
                self._timers = [timer for timer in self._timers if not timer[2].cancelled()]
                heapify(self._timers)
                self._canceled_timers = 0

    def _see_to_timers(self) -> None:
        """Have the kernel wake us for the first of them. Once is enough: timers that are cancelled cost nothing."""
        timers = self._timers
        while timers and timers[0][2].cancelled():
            heappop(timers)
            self._canceled_timers -= 1
        if timers and (self._wakes_ns is None or timers[0][0] < self._wakes_ns):
            self._wakes_ns = timers[0][0]
            self.kernel.at(self._wakes_ns, self._wake, self._wakes_ns)

    def _wake(self, due_ns: Nanoseconds) -> None:
        if self._wakes_ns != due_ns or self.is_closed():
            return
        self._wakes_ns = None
        timers, now_ns = self._timers, self.kernel.time_ns
        while timers and timers[0][0] <= now_ns:
            timer = heappop(timers)[2]
            if timer.cancelled():
                self._canceled_timers -= 1
            else:
                timer._scheduled = False  # type: ignore[attr-defined]
                self._soon.append(timer)
        if self._soon:
            self._take_turn()
        if not self.is_closed():
            self._see_to_timers()

    # -- turns -------------------------------------------------------------------------------------
    def run_now(self, callback: Callable[[*_Ts], object], *args: *_Ts) -> None:
        """Call it in a turn of this loop, at once; a loop that is closed calls nothing."""
        if self.is_closed():
            return
        self._soon.append(asyncio.Handle(callback, args, self, None))
        if not self._in_turn:
            self._take_turn()

    def _take_turn(self, _: None = None) -> None:
        """Run everything that is ready, and what that makes ready."""
        self._is_due = False
        ready = self._soon
        if not ready or self._in_turn:
            return
        if self._instant_ns != self.kernel.time_ns:
            self._instant_ns, self._at_once = self.kernel.time_ns, 0
        outer, surroundings = events._get_running_loop(), self._surroundings
        hooks = sys.get_asyncgen_hooks()
        self._in_turn = True
        if surroundings is not None:
            surroundings.enter()
        events._set_running_loop(self)
        sys.set_asyncgen_hooks(self._asyncgen_firstiter_hook, self._asyncgen_finalizer_hook)
        try:
            while ready:
                handle = ready.popleft()
                if not handle.cancelled():
                    handle._run()
                    self._at_once += 1
                    if self._at_once > MOST_AT_ONCE:
                        raise TimeStandsStill(self._at_once)
        except TimeStandsStill as flood:
            ready.clear()
            if self.on_flood is None:
                raise
            self.on_flood(flood)
        except SystemExit as exit_:
            if self.on_exit is None:
                raise
            self.on_exit(exit_)
        finally:
            sys.set_asyncgen_hooks(*hooks)
            events._set_running_loop(outer)
            if surroundings is not None:
                surroundings.leave()
            self._in_turn = False
            if ready and not self.is_closed():
                self._is_due = True
                self.kernel.at(self.kernel.time_ns, self._take_turn)

    def run_forever(self) -> None:
        self._wait(None)

    def run_until_complete(self, future: Any) -> Any:
        """For programs that start their loop themselves, in a place of their own that can wait."""
        self._live()
        if self.waits_for is None:
            if inspect.iscoroutine(future):
                future.close()
            raise NotInVirtualTime("a loop that blocks", "this one is run by the simulation")
        is_ours = not asyncio.isfuture(future)
        done = asyncio.ensure_future(future, loop=self)
        if is_ours:
            done._log_destroy_pending = False  # as in BaseEventLoop
        self._wait(done)
        return done.result()

    def _wait(self, future: "asyncio.Future[Any] | None") -> None:
        if events._get_running_loop() is not None:
            raise RuntimeError("Cannot run the event loop while another loop is running")
        if self.waits_for is None:
            raise NotInVirtualTime("a loop that blocks", "this one is run by the simulation")
        self.waits_for(self, future)

    def stop(self) -> None:
        if self.on_stop is not None:
            self.on_stop()

    def close(self) -> None:
        self._soon.clear()
        self._timers.clear()
        super().close()

    def __del__(self) -> None:
        """One that was left open has nothing that would have to be closed."""

    def _live(self) -> None:
        if self.is_closed():
            raise RuntimeError("Event loop is closed")

    # -- tasks and generators ----------------------------------------------------------------------
    def create_task(
        self,
        coro: Coroutine[Any, Any, Any] | Any,
        *,
        name: object = None,
        context: Context | None = None,
        **more: Any,
    ) -> asyncio.Task[Any]:
        self._live()
        if self.get_task_factory() is not None:
            return super().create_task(coro, name=name, context=context, **more)
        number = next(self._task_names)
        return _Task(
            coro, loop=self, name=f"Task-{number}" if name is None else str(name), context=context, **more
        )

    def _asyncgen_firstiter_hook(self, generator: Any) -> None:
        number = next(self._generator_numbers)
        self._generators[number] = ref(generator, lambda _: self._generators.pop(number, None))

    def _asyncgen_finalizer_hook(self, generator: Any) -> None:
        # One in a cycle of references is found some day; when, depends on the process. It is left as it is.
        if not _Collecting.now and not self.is_closed():
            self.call_soon(self.create_task, generator.aclose())

    async def shutdown_asyncgens(self) -> None:
        """Close those that nobody has closed, in the order in which they began."""
        alive = [generator for found in list(self._generators.values()) if (generator := found()) is not None]
        results = await asyncio.gather(*(generator.aclose() for generator in alive), return_exceptions=True)
        for generator, result in zip(alive, results, strict=True):
            if isinstance(result, Exception):
                message = (
                    f"an error occurred during closing of asynchronous generator {generator.__qualname__}"
                )
                self.call_exception_handler({"message": message, "exception": result, "asyncgen": generator})

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  # asyncio's
        """There is none."""

    # -- connections -------------------------------------------------------------------------------
    async def create_connection(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: str | None = None,
        port: int | None = None,
        *,
        sock: Any = None,
        **_: Any,
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        """Connect to the venue of the scenario. TLS is taken as given: bytes travel within the process.

        Raises:
            OSError: nobody listens at that address.
        """
        if sock is not None or self._network is None or host is None or port is None:
            raise NotInVirtualTime("a socket of one's own", ONLY_THE_VENUE)
        return await self._network.dial(self, protocol_factory, host, int(port))

    async def getaddrinfo(  # type: ignore[override]
        self, host: str | None, port: int | None, **_: Any
    ) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        """Names lead nowhere but to the venue: an address is its name."""
        return [(2, 1, 6, "", (host or "127.0.0.1", port or 0))]

    def add_signal_handler(self, sig: int, callback: Callable[[*_Ts], object], *args: *_Ts) -> None:
        """Called at the end of the run for SIGINT, as when somebody stops the program."""
        self.signals[int(sig)] = lambda: self.call_soon(callback, *args)

    def remove_signal_handler(self, sig: int) -> bool:
        return self.signals.pop(int(sig), None) is not None

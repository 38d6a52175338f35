"""One program that trades over TCP, in virtual time.

In: its specification; when to start, and when to come to an end. Out: what it printed, how it ended. It is run as it
stands: a script as ``python FILE.py ARGS`` would, a function as ``asyncio.run(function(*ARGS))``; with arguments, event
loop, clocks and chance of the simulation. A program that fails, never waits, or does not end when it is told to is cut
off and named; its connections are closed, and the venue does about its orders what it does for everybody.
"""

import asyncio
import inspect
import signal
import sys
import traceback
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Any, Final

from protocol.errors import ConfigError
from protocol.vocabulary import AccountId, Nanoseconds
from simulation.bots.floor import Line
from simulation.bots.loop import TimeStandsStill, VirtualLoop
from simulation.bots.script import Script, Stuck
from simulation.bots.world import Echo, Output, Surroundings, World
from simulation.containment import Hangs
from simulation.kernel import Kernel
from traders.bots import BotSpec

_INTERRUPTED: Final = (asyncio.CancelledError, KeyboardInterrupt)


_ATTEMPTS: Final = 100
"""How often a coroutine may wait again while it is closed."""


class DidNotEnd(RuntimeError):
    """A program went on after it was interrupted."""

    def __init__(self) -> None:
        super().__init__("it did not end when it was interrupted, as by Ctrl-C")


class BotState(StrEnum):
    """Where a program is in its life."""

    WAITING = "waiting"
    RUNNING = "running"
    ENDED = "ended"
    FAILED = "failed"


class Bot:
    """One program."""

    def __init__(
        self,
        spec: BotSpec,
        world: World,
        kernel: Kernel,
        line: Line,
        on_fault: Callable[["Bot", BaseException], None],
        echo: Echo | None,
    ) -> None:
        self.account = spec.account
        self.name = spec.name
        self.state = BotState.WAITING
        self.output = Output(echo)
        self.started_ns: Nanoseconds | None = None
        self.ended_ns: Nanoseconds | None = None
        self._spec = spec
        self._kernel = kernel
        self._line = line
        self._on_fault = on_fault
        argv = [spec.group.file, *(str(one) for one in spec.args)]
        self.surroundings = Surroundings(world, argv, Random(f"{spec.seed}/chance"), self.output)
        self._script = Script(self._program, self.surroundings, spec.account)
        self._loops: list[VirtualLoop] = []
        self._awaited: asyncio.Future[Any] | None = None
        self._exit: SystemExit | None = None  # what a task wants it to end with
        self._interrupted = False

    @property
    def connections(self) -> int:
        """How many it has asked for."""
        return self._line.dialled

    @property
    def accounts(self) -> list[AccountId]:
        """Those it has logged in to, which programs may have names of their own for; before that the one it was given."""
        return self._line.accounts or [self.account]

    def start(self, _: None = None) -> None:
        """Let it begin."""
        if self.state is BotState.WAITING:
            self.state, self.started_ns = BotState.RUNNING, self._kernel.time_ns
            self._go_on()

    def interrupt(self) -> None:
        """Stop it as Ctrl-C does: its own handler is called, or its main task cancelled; clean-up has its time."""
        if self.state is BotState.WAITING:
            self.state = BotState.ENDED
        if self.state is not BotState.RUNNING:
            return
        self._interrupted = True
        for loop in self._loops:
            handler = loop.signals.get(signal.SIGINT)
            if handler is not None:
                handler()
                return
        if self._awaited is not None and not self._awaited.done():
            self._awaited.get_loop().call_soon(self._awaited.cancel)

    def cut_off(self) -> None:
        """If it still runs it does so no more."""
        if self.state is BotState.RUNNING:
            self._fail(DidNotEnd())

    # -- its loop ----------------------------------------------------------------------------------
    def new_loop(self) -> VirtualLoop:
        """What ``asyncio.new_event_loop`` gives it."""
        loop = VirtualLoop(self._kernel, self._line, self.surroundings)
        loop.waits_for = self._wait_for
        loop.on_flood = self._note_flood
        loop.on_exit = self._note_exit
        loop.set_exception_handler(self._tell)
        self._loops.append(loop)
        return loop

    def _wait_for(self, loop: VirtualLoop, future: "asyncio.Future[Any] | None") -> None:
        """In its thread: wait while virtual time goes on."""
        stopped = loop.create_future() if future is None else future
        loop.on_stop = None if future is not None else lambda: _done(stopped)
        self._awaited = stopped
        stopped.add_done_callback(self._go_on_soon)
        while not stopped.done() and self._exit is None:
            self._script.wait()
        self._awaited = None
        if self._exit is not None:
            end, self._exit = self._exit, None
            raise end
        if self._interrupted and stopped.cancelled():
            raise KeyboardInterrupt

    def _go_on_soon(self, _: object = None) -> None:
        self._kernel.at(self._kernel.time_ns, self._go_on)

    def _go_on(self, _: None = None) -> None:
        """It has the turn until it waits or ends."""
        if self.state is not BotState.RUNNING:
            return
        script = self._script
        script.resume()
        if script.is_stuck:
            self._fail(Stuck(script.longest_s))
        elif script.has_ended:
            self._end(script.outcome)

    def _note_flood(self, flood: TimeStandsStill) -> None:
        self._kernel.at(self._kernel.time_ns, self._fail, flood)

    def _note_exit(self, end: SystemExit) -> None:
        """A task called ``sys.exit``: asyncio lets that through ``asyncio.run``, and so ends the program."""
        self._exit = end
        self._go_on_soon()

    def _tell(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What asyncio would log."""
        error = context.get("exception")
        self.output.write(f"{context['message']}\n")
        if error is not None:
            self.output.write("".join(traceback.format_exception(error)))
        if isinstance(error, Hangs):
            self._kernel.at(self._kernel.time_ns, self._fail, error)

    # -- its end -----------------------------------------------------------------------------------
    def _end(self, outcome: BaseException | None) -> None:
        if isinstance(outcome, SystemExit):
            outcome = None if outcome.code in (None, 0) else RuntimeError(f"exit code {outcome.code}")
        elif self._interrupted and isinstance(outcome, _INTERRUPTED):
            outcome = None
        if outcome is None:
            self.state = BotState.ENDED
            self._clear_up()
        else:
            self.output.write("".join(traceback.format_exception(outcome)))
            self._fail(outcome)

    def _fail(self, error: BaseException) -> None:
        if self.state is BotState.RUNNING:
            self.state = BotState.FAILED
            self._clear_up()
            self._on_fault(self, error)

    def _clear_up(self) -> None:
        """As the operating system does when a process is gone."""
        self.ended_ns = self._kernel.time_ns
        self._line.cut()
        if not self._script.has_ended:
            for loop in self._loops:
                loop.waits_for = None
                self._drop_tasks(loop)
            self._script.abandon()
        for loop in self._loops:
            if not loop.is_closed():
                loop.close()

    def _drop_tasks(self, loop: VirtualLoop) -> None:
        """Nothing they still wait for will come; what they do about that is heard by nobody."""
        self.surroundings.enter()
        try:
            for task in asyncio.all_tasks(loop) if not loop.is_closed() else ():
                task._log_destroy_pending = False  # type: ignore[attr-defined]  # it is meant to be
                for _ in range(_ATTEMPTS):
                    try:
                        task.get_coro().close()
                    except RuntimeError:
                        continue  # it waits for something else now
                    except BaseException:  # noqa: BLE001, S110  # as it was going to be forgotten
                        pass
                    break
        finally:
            self.surroundings.leave()

    # -- what it is --------------------------------------------------------------------------------
    def _program(self) -> None:
        """In its thread: the program from start to end."""
        group, path = self._spec.group, Path(self._spec.group.file)
        asyncio.set_event_loop(
            asyncio.new_event_loop()
        )  # for those who ask for the current one before they run any
        sys.path.insert(0, str(path.resolve().parent))
        try:
            code = compile(path.read_bytes(), str(path), "exec")
            module = self.surroundings.main
            module.__dict__.update(__file__=str(path), __builtins__=__builtins__)
            if group.function is None:
                exec(code, module.__dict__)  # noqa: S102  # it is what a script is
                return
            # Not as a script: what stands under ``if __name__ == "__main__"`` is not meant.
            module.__dict__["__name__"] = path.stem
            exec(code, module.__dict__)  # noqa: S102  # as an import
            result = module.__dict__[group.function](*self._spec.args)
            if inspect.iscoroutine(result):
                asyncio.run(result)
        finally:
            sys.path.remove(str(path.resolve().parent))
            asyncio.set_event_loop(None)


def _done(future: "asyncio.Future[Any]") -> None:
    if not future.done():
        future.set_result(None)


def check_program(spec: BotSpec, place: str) -> None:
    """Whether there is such a program, before anything is run.

    Raises:
        ConfigError: there is no such file, it is no Python, or has no such function.
    """
    path, function = Path(spec.group.file), spec.group.function
    where = f"{place}: bots.program"
    try:
        names = compile(path.read_bytes(), str(path), "exec").co_names
    except OSError as error:
        raise ConfigError(where, f"{path}: {error.strerror or error}") from error
    except (SyntaxError, ValueError) as error:
        raise ConfigError(where, f"{path} is no Python: {error}") from error
    if function is not None and function not in names:
        raise ConfigError(where, f"{path} has no {function}")

"""Tasks, and requests to the scheduler: a task asks by ``yield``, and the scheduler answers.

The flow: a maker who offers something each second, a taker who buys now and then, and somebody who starts both, waits for
what the taker has spent, and stops the maker.

So far a generator yielded to let the others go on. Now what it yields is a request, and ``send`` brings the answer:
``spent = yield WaitTask(taker)``. A task is the record of a generator that runs: its number, its state, what it waits
for, who waits for it. Nothing else crosses the border between a task and its scheduler; so whoever wants to know what a
thousand tasks are about prints their records (``ps``), and whoever wants to see them work looks on (``--trace``).

Results and errors are kept apart: ``WaitTask`` is answered with what the other one returned, or raises what it raised.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from inspect import getgeneratorstate
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

from legacy.steps.market import Market, Member
from legacy.steps.registry import Out
from legacy.steps.tape import units
from legacy.trace import Recorder, Watcher, svg_of, timeline
from protocol.clock import Clock, ManualClock
from protocol.messages import MassCancel, TradeReport

TITLE = "Tasks and system calls"
MISSING = "A task that waits for a socket makes all the others wait: the scheduler knows the clock and nothing else."

Target: TypeAlias = Generator[Any, Any, Any]


# -- what a task may ask for -----------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class GetTid:
    """Which task am I? Answer: its number."""

    def __str__(self) -> str:
        return "its id"


@dataclass(frozen=True, slots=True)
class NewTask:
    """Run something as a task of its own. Answer: its number."""

    target: Target
    name: str

    def __str__(self) -> str:
        return f"new {self.name}"


@dataclass(frozen=True, slots=True)
class KillTask:
    """Close a task, wherever it stands. Answer: whether it was still there."""

    tid: int

    def __str__(self) -> str:
        return f"kill {self.tid}"


@dataclass(frozen=True, slots=True)
class WaitTask:
    """Wait for the end of a task. Answer: what it returned; raises what it raised."""

    tid: int

    def __str__(self) -> str:
        return f"the end of {self.tid}"


@dataclass(frozen=True, slots=True)
class Sleep:
    """Go on in so many seconds. No answer."""

    seconds: float

    def __str__(self) -> str:
        return f"{self.seconds:g} s"


# -- the scheduler ---------------------------------------------------------------------------------
class Killed(Exception):
    """Raised in whoever waits for a task that was killed."""


class Task:
    """The record of a generator that runs."""

    def __init__(self, tid: int, name: str, target: Target) -> None:
        self.id = tid
        self.name = name
        self.target = target
        self.state = "ready"
        self.waits_for: object = None
        self.answer: object = None
        self.thrown: Exception | None = None
        self.result: object = None
        self.error: Exception | None = None
        self.waiting: list[Task] = []
        """Who waits for its end."""


class Scheduler:
    """Runs tasks in turn, and answers what they ask for."""

    def __init__(self, clock: Clock, idle: Callable[[float], None], watchers: Iterable[Watcher] = ()) -> None:
        """``idle`` lets so many seconds pass, when all tasks sleep: ``time.sleep``, or a clock that is moved by hand."""
        self.clock = clock
        self.tasks: dict[int, Task] = {}
        self.ready: deque[Task] = deque()
        self.sleeping: list[tuple[float, int, Task]] = []
        self._idle = idle
        self._watchers = tuple(watchers)
        self.started = 0
        """So many tasks; numbers them."""
        self.ended: dict[int, Task] = {}
        """Those whose end nobody has waited for yet: what they returned or raised is not lost."""
        self._running: Task | None = None
        self.handlers: dict[type, Callable[[Task, Any], None]] = {
            GetTid: lambda task, request: self.answer(task, task.id),
            NewTask: lambda task, request: self.answer(task, self.new(request.target, request.name).id),
            KillTask: self._kill,
            WaitTask: self._wait_task,
            Sleep: self._sleep,
        }

    def run(self, target: Target, name: str = "main") -> Any:
        """Run a task to its end, and with it all that it starts; what it returned. Then everything else is closed."""
        main = self.new(target, name)
        try:
            while main.state != "ended":
                self._wake_sleepers()
                if self.ready:
                    self._step(self.ready.popleft())
                else:
                    self._rest()
        finally:
            for task in list(self.tasks.values()):
                self._close(task)
            self.tasks.clear()
        if main.error is not None:
            raise main.error
        return main.result

    def new(self, target: Target, name: str) -> Task:
        """A task for it; it runs after everybody who is ready."""
        self.started += 1
        task = Task(self.started, name, target)
        self.tasks[task.id] = task
        self.ready.append(task)
        self._tell("created", task, self._running)
        return task

    def answer(self, task: Task, value: object = None, thrown: Exception | None = None) -> None:
        """Give a task what it asked for, or raise that in it; it goes on after everybody who is ready."""
        task.answer, task.thrown = value, thrown
        task.state, task.waits_for = "ready", None
        self.ready.append(task)
        if task is not self._running:
            self._tell("woken", task, self._running)

    def _step(self, task: Task) -> None:
        self._running, task.state = task, "running"
        self._tell("resumed", task)
        try:
            request = self._advance(task)
        except StopIteration as stop:
            self._end(task, stop.value, None)
        except Exception as error:  # noqa: BLE001  # whatever it is, the other tasks go on
            self._end(task, None, error)
        else:
            task.state, task.waits_for = "waits", request
            handler = self.handlers.get(type(request))
            if handler is None:
                self.answer(task, thrown=TypeError(f"{request!r} is no request"))
            else:
                handler(task, request)
            self._tell("parked", task, request)
        self._running = None

    def _advance(self, task: Task) -> object:
        """Run it up to its next ``yield``; what it asks for there."""
        answer, thrown, task.answer, task.thrown = task.answer, task.thrown, None, None
        return task.target.send(answer) if thrown is None else task.target.throw(thrown)

    def _end(self, task: Task, result: object, error: Exception | None) -> None:
        task.state, task.result, task.error = "ended", result, error
        del self.tasks[task.id]
        self._tell("ended", task)
        if not task.waiting:
            self.ended[task.id] = task
        for other in task.waiting:
            if other.state == "waits":  # and was not killed meanwhile
                self.answer(other, result, error)

    def _tell(self, event: str, *facts: object) -> None:
        for watcher in self._watchers:
            getattr(watcher, event)(*facts)

    def _close(self, task: Task) -> None:
        task.target.close()

    def _kill(self, task: Task, request: KillTask) -> None:
        other = self.tasks.get(request.tid)
        if other is not None and other is not task:
            self._close(other)
            if other in self.ready:
                self.ready.remove(other)
            self._end(other, None, Killed(f"task {other.id} {other.name}"))
        self.answer(task, other is not None)

    def _wait_task(self, task: Task, request: WaitTask) -> None:
        if (ended := self.ended.pop(request.tid, None)) is not None:
            self.answer(task, ended.result, ended.error)
        elif (other := self.tasks.get(request.tid)) is not None and other is not task:
            other.waiting.append(task)
        else:
            self.answer(task, thrown=ValueError(f"task {request.tid} can't be waited for"))

    def _sleep(self, task: Task, request: Sleep) -> None:
        if request.seconds > 0:
            heappush(self.sleeping, (self.clock.monotonic_s() + request.seconds, task.id, task))
        else:
            self.answer(task)

    def _wake_sleepers(self) -> None:
        while self.sleeping and self.sleeping[0][0] <= self.clock.monotonic_s():
            task = heappop(self.sleeping)[2]
            if task.state == "waits":  # and was not killed
                self.answer(task)

    def _rest(self) -> None:
        if not self.sleeping:
            raise RuntimeError("every task waits for another one")
        self._idle(max(self.sleeping[0][0] - self.clock.monotonic_s(), 0))


def ps(scheduler: Scheduler) -> list[str]:
    """The task table."""
    lines = [f"{'id':>3}  {'name':8}{'state':9}{'generator':15}waits for"]
    for task in scheduler.tasks.values():
        waits_for = "" if task.waits_for is None else str(task.waits_for)
        generator = getgeneratorstate(task.target)
        lines.append(f"{task.id:>3}  {task.name:8}{task.state:9}{generator:15}{waits_for}".rstrip())
    return lines


# -- the flow --------------------------------------------------------------------------------------
def maker(member: Member) -> Target:
    """Offers one more each second, a cent dearer; takes everything back when it is killed."""
    try:
        for number in count(1):
            member.sell(f"m{number}", 1, at=10_000 + number)
            yield Sleep(1)
    finally:
        member.send(MassCancel())


def taker(member: Member) -> Target:
    """Buys the cheapest, three times; returns what that cost."""
    spent = 0
    for number in range(3):
        yield Sleep(1.5)
        member.buy(f"t{number}", 1, at=10_100)
        spent += sum(report.price for report in member.mail if isinstance(report, TradeReport))
    return spent


def trading(market: Market, look: Callable[[], None], out: Out) -> Target:
    """Starts both, looks at the task table, waits for the one and stops the other."""
    tid = yield GetTid()
    making = yield NewTask(maker(market.member("maker")), "maker")
    taking = yield NewTask(taker(market.member("taker")), "taker")
    out(f"I am task {tid}, and started {making} and {taking}")
    yield Sleep(1)
    look()
    spent = yield WaitTask(taking)
    out(f"the taker has spent {units(spent)}")
    yield KillTask(making)
    out("the maker is killed")


def run(out: Out, watchers: Iterable[Watcher] = (), clock: ManualClock | None = None) -> None:
    """Four and a half seconds, which pass at once."""
    clock = clock or ManualClock()
    scheduler = Scheduler(clock, lambda seconds: clock.advance(seconds=seconds), watchers)

    def look() -> None:
        for line in ps(scheduler):
            out(line)

    scheduler.run(trading(Market(), look, out))
    out(f"the clock was moved on by {clock.monotonic_s():g} s, and {len(scheduler.tasks)} tasks are left")


def main(out: Out) -> None:
    """The flow, and the task table in the middle of it."""
    run(out)


def trace(out: Out, svg: Path | None) -> None:
    """The schedule of the same run."""
    clock = ManualClock()
    recorder = Recorder(clock)
    run(lambda line: None, [recorder], clock)
    for line in timeline(recorder):
        out(line)
    if svg is not None:
        svg.write_text(svg_of(recorder), encoding="utf-8")

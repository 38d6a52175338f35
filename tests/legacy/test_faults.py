"""What the kernel refuses, and what it survives: bad requests, failing hooks, interrupts, ends that nobody wants to come."""

import os
import selectors
import signal
import socket
import tempfile
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from legacy.errors import (
    BadDescriptor,
    ChildCancelled,
    Deadlocked,
    DescriptorBusy,
    JoinsItself,
    KernelError,
    NotATrap,
    TaskCancelled,
    TaskClosed,
)
from legacy.kernel import Kernel
from legacy.task import Task, TaskState
from legacy.traps import (
    Join,
    cancel,
    current_kernel,
    current_task,
    join,
    pause,
    readable,
    sleep,
    spawn,
    timeout,
    trap,
    writable,
)
from legacy.waiting import Event, Future, Queue
from tests.support.kernels import Crashes, InOrder, MovesTime, kernel_of


@pytest.fixture(autouse=True)
def control_c() -> Iterator[None]:
    """As in a terminal: a program that a script starts in the background ignores it, and so would the tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


Flow = Generator[Any, Any, Any]


# -- requests that can't be met --------------------------------------------------------------------
class Unspeakable:
    """Its name can't be said."""

    def __repr__(self) -> str:
        raise ValueError("no name")


@pytest.mark.parametrize("yielded", [None, 5, "sleep", ValueError("an object"), [1, 2], Task])
def test_what_is_no_trap_is_refused_where_it_was_yielded(yielded: object) -> None:
    def main() -> Flow:
        with pytest.raises(NotATrap, match="yield from"):
            yield yielded
        return "alive"

    assert kernel_of().run(main()) == "alive"


def test_not_even_something_that_can_not_be_shown_stops_the_kernel() -> None:
    def main() -> Flow:
        with pytest.raises(ValueError, match="no name"):
            yield Unspeakable()
        with pytest.raises(AttributeError):
            yield from join(5)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            yield from timeout("soon", pause())  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="nan"):
            yield from timeout(float("nan"), pause())
        with pytest.raises(AttributeError):
            yield from readable("a name")  # type: ignore[arg-type]
        return "alive"

    assert kernel_of().run(main()) == "alive"


def test_a_coroutine_that_awaits_something_of_asyncio_is_told_so() -> None:
    class Foreign:
        def __await__(self) -> Flow:
            yield "a future of somebody else's"

    async def main() -> str:
        with pytest.raises(NotATrap, match="somebody else"):
            await Foreign()
        return "alive"

    assert kernel_of().run(main()) == "alive"


def test_nobody_joins_himself() -> None:
    def main() -> Flow:
        me = yield from current_task()
        with pytest.raises(JoinsItself, match="main"):
            yield from join(me)
        return "alive"

    assert kernel_of().run(main()) == "alive"


def test_a_child_that_joins_its_parent_ends_with_it() -> None:
    def child(parent: Task[Any]) -> Flow:
        yield from join(parent)

    def parent() -> Flow:
        yield from spawn(child((yield from current_task())))
        yield from pause()

    def main() -> Flow:
        yield from join((yield from spawn(parent())))
        return "alive"

    assert kernel_of().run(main()) == "alive"


def test_tasks_that_join_each_other_are_told() -> None:
    tasks: list[Task[Any]] = []

    def one() -> Flow:
        yield from pause()
        yield from join(tasks[1])

    def other() -> Flow:
        yield from join(tasks[0])

    def main() -> Flow:
        tasks.append((yield from spawn(one(), name="one")))
        tasks.append((yield from spawn(other(), name="other")))
        yield from join(tasks[0])

    with pytest.raises(Deadlocked, match="2 one waits for the end of 3 other"):
        kernel_of().run(main())


@pytest.mark.parametrize("state", ["closed", "a task runs it already"])
def test_a_target_runs_once(state: str) -> None:
    def work() -> Flow:
        yield from sleep(1)

    def main() -> Flow:
        target = work()
        if state == "closed":
            target.close()
        else:
            yield from spawn(target)
        with pytest.raises(TaskClosed, match=state):
            yield from spawn(target)
        with pytest.raises(TaskClosed, match="a task runs it already"):
            yield from spawn(me)
        return "alive"

    me = main()
    assert kernel_of().run(me) == "alive"


def test_a_task_that_has_ended_is_not_resumed() -> None:
    def main() -> Flow:
        kernel = yield from current_kernel()
        task = yield from spawn(pause())
        yield from join(task)
        with pytest.raises(TaskClosed, match="ended"):
            kernel.wake(task)
        with pytest.raises(TaskClosed, match="ended"):
            kernel.throw(task, ValueError())
        assert not kernel.cancel(task)
        return task.outcome()

    assert kernel_of().run(main()) is None


def test_tasks_of_another_kernel_are_left_alone() -> None:
    other = kernel_of()
    foreign = other.spawn(pause())

    def main() -> Flow:
        with pytest.raises(KernelError, match="another kernel"):
            yield from join(foreign)
        with pytest.raises(KernelError, match="another kernel"):
            yield from cancel(foreign)

    kernel_of().run(main())
    assert foreign.state is TaskState.READY
    other.run(pause())


def test_a_kernel_runs_once_and_spawns_nothing_after_its_end() -> None:
    kernel = kernel_of()
    kernel.run(pause())

    with pytest.raises(KernelError, match="once"):
        kernel.run(pause())
    with pytest.raises(KernelError, match="ended"):
        kernel.spawn(pause())
    kernel.post(lambda: pytest.fail("nobody is there to call it"))


def test_what_can_not_be_run_leaves_the_kernel_as_it_was() -> None:
    kernel = kernel_of()

    with pytest.raises(TypeError, match="not called"):
        kernel.run(pause)  # type: ignore[arg-type]

    assert kernel.run(pause()) is None


# -- files -----------------------------------------------------------------------------------------
def test_a_closed_file_is_refused() -> None:
    ours, theirs = socket.socketpair()
    ours.close()
    theirs.close()
    with tempfile.TemporaryFile() as file:
        pass

    def main() -> Flow:
        number = os.open(os.devnull, os.O_RDONLY)
        os.close(number)
        for closed in (ours, number, file, -1):
            for wait in (readable, writable):
                with pytest.raises(BadDescriptor, match="is closed"):
                    yield from wait(closed)
        return "alive"

    assert Kernel().run(main()) == "alive"


def test_a_selector_that_looks_at_closed_files_and_fails_stops_nobody() -> None:
    def main() -> Flow:
        ours.close()
        with pytest.raises(BadDescriptor, match="was closed"):
            yield from readable(number)
        return "alive"

    ours, theirs = socket.socketpair()
    number = ours.fileno()
    with theirs:
        assert kernel_of().run(main()) == "alive"


def test_a_file_on_a_disk_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"here")

    def main() -> Flow:
        with path.open("rb") as file, pytest.raises(BadDescriptor, match="disk"):
            yield from readable(file)
        return "alive"

    assert Kernel().run(main()) == "alive"


def test_two_tasks_do_not_read_the_same() -> None:
    ours, theirs = socket.socketpair()

    def main() -> Flow:
        yield from spawn(readable(ours))
        yield from pause()
        with pytest.raises(DescriptorBusy, match="to read"):
            yield from readable(ours)
        yield from writable(ours)  # that is another thing
        return "alive"

    with ours, theirs:
        assert kernel_of().run(main()) == "alive"


def test_who_waits_for_a_file_that_is_closed_learns_of_it() -> None:
    ours, theirs = socket.socketpair()
    crashes = Crashes()

    def main() -> Flow:
        kernel = yield from current_kernel()
        yield from spawn(readable(ours), name="reader")
        yield from pause()
        kernel.release(ours)
        kernel.release(ours)
        ours.close()
        yield from pause()
        return "alive"

    with theirs:
        assert kernel_of(crashes).run(main()) == "alive"
    assert [type(error) for _, error in crashes.seen] == [BadDescriptor]


@pytest.mark.parametrize("selector", [selectors.DefaultSelector, selectors.SelectSelector])
def test_a_number_that_is_another_file_by_now_is_told_from_the_first(
    selector: type[selectors.BaseSelector],
) -> None:
    crashes = Crashes()
    first, second = socket.socketpair(), socket.socketpair()

    def main() -> Flow:
        yield from spawn(readable(first[0]), name="stale")
        yield from pause()
        number = first[0].fileno()
        first[0].close()  # nobody told the kernel
        os.dup2(second[0].fileno(), number)
        with socket.socket(fileno=number) as again:
            second[1].send(b"hello")
            yield from readable(again)
            return again.recv(10)

    kernel = Kernel(selector=selector(), crashed=crashes)
    with first[0], first[1], second[0], second[1]:
        assert kernel.run(main()) == b"hello"
    assert crashes.texts()[0].startswith("stale: file")
    assert "another file" in crashes.texts()[0]


def test_a_bare_number_that_was_closed_and_used_again_is_looked_for_anew() -> None:
    def main() -> Flow:
        reader, writer = os.pipe()
        os.write(writer, b"1")
        yield from readable(reader)
        for end in (reader, writer):
            os.close(end)
        again, writer = os.pipe()
        assert again == reader
        yield from spawn(writes(writer))
        yield from timeout(5, readable(again))
        assert os.read(again, 10) == b"2"
        for end in (again, writer):
            os.close(end)
        return "alive"

    def writes(writer: int) -> Flow:
        yield from pause()
        os.write(writer, b"2")

    assert Kernel().run(main()) == "alive"


def test_a_file_that_nobody_reads_does_not_keep_the_kernel_busy() -> None:
    ours, theirs = socket.socketpair()
    looks = 0

    class Counts(selectors.DefaultSelector):
        def select(self, timeout: float | None = None) -> Any:
            nonlocal looks
            looks += 1
            return super().select(timeout)

    def main() -> Flow:
        theirs.send(b"something")
        yield from readable(ours)  # and does not read it
        yield from sleep(0.05)

    with ours, theirs:
        Kernel(selector=Counts()).run(main())
    assert looks < 10


# -- hooks that fail -------------------------------------------------------------------------------
class Fails(InOrder):
    """An observer with a mistake in it."""

    def parked(self, task: Task[Any], request: Any) -> None:
        raise ZeroDivisionError("looked at nothing")


def test_an_observer_that_fails_is_taken_off_and_the_others_go_on_looking() -> None:
    crashes, fails, looks = Crashes(), Fails(), InOrder()

    def main() -> Flow:
        for _ in range(3):
            yield from pause()
        return "alive"

    assert kernel_of(crashes, fails, looks).run(main()) == "alive"

    assert (fails.turns, looks.turns) == (1, 4)
    assert [error.__cause__.__class__ for _, error in crashes.seen] == [ZeroDivisionError]


def test_a_crash_hook_that_fails_stops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def hook(task: Task[Any], error: BaseException) -> None:
        raise ZeroDivisionError("the hook")

    def fails() -> Flow:
        yield from pause()
        raise ValueError("the task")

    def main() -> Flow:
        yield from spawn(fails())
        yield from sleep(1)
        return "alive"

    assert kernel_of(hook).run(main()) == "alive"

    printed = capsys.readouterr().err
    assert "the task" in printed
    assert "the hook" in printed


def test_what_is_posted_may_fail() -> None:
    crashes = Crashes()

    def main() -> Flow:
        kernel = yield from current_kernel()
        kernel.post(lambda: 1 // 0)  # type: ignore[arg-type]
        kernel.post(lambda: int("no number"))  # type: ignore[arg-type]
        yield from sleep(1)
        return "alive"

    assert kernel_of(crashes).run(main()) == "alive"
    assert [type(error) for _, error in crashes.seen] == [ZeroDivisionError, ValueError]


def test_who_posts_again_and_again_does_not_hold_up_the_tasks() -> None:
    kernel = kernel_of()

    def again() -> None:
        kernel.post(again)

    def main() -> Flow:
        kernel.post(again)
        for _ in range(100):
            yield from pause()
        return "alive"

    assert kernel.run(main()) == "alive"


# -- interrupts ------------------------------------------------------------------------------------
def cleans(seen: list[str], name: str) -> Flow:
    try:
        yield from sleep(100)
    finally:
        yield from sleep(1)
        seen.append(name)


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("where", ["main", "child", "posted", "observer", "selector"])
def test_an_interrupt_anywhere_lets_everybody_clean_up(where: str, interrupt: type[BaseException]) -> None:
    seen: list[str] = []
    crashes = Crashes()
    armed = False

    class Looks(InOrder):
        def resumed(self, task: Task[Any]) -> None:
            nonlocal armed
            if armed and where == "observer":
                armed = False
                raise interrupt

    class Selects(MovesTime):
        def select(self, timeout: float | None = None) -> list[Any]:
            nonlocal armed
            if armed and where == "selector":
                armed = False
                raise interrupt
            return super().select(timeout)

    def child() -> Flow:
        yield from pause()
        raise interrupt

    def raises() -> None:
        raise interrupt

    def main() -> Flow:
        nonlocal armed
        yield from spawn(cleans(seen, "a child"))
        yield from spawn(cleans(seen, "a detached one"), detached=True)
        try:
            yield from pause()
            armed = True
            if where == "main":
                raise interrupt
            if where == "child":
                yield from spawn(child())
            if where == "posted":
                (yield from current_kernel()).post(raises)
            while True:
                yield from sleep(50)
        finally:
            yield from sleep(1)
            seen.append("main")

    plain = kernel_of()
    kernel = Kernel(
        clock=plain.clock,
        selector=Selects(plain.clock),  # type: ignore[arg-type]
        observers=[Looks()],
        crashed=crashes,
    )
    with pytest.raises(interrupt):
        kernel.run(main())

    assert sorted(seen) == ["a child", "a detached one", "main"]
    assert not kernel.tasks
    assert crashes.seen == []
    plain.run(pause())


@pytest.mark.parametrize("moment", ["at work", "asleep"])
def test_control_c_stops_the_kernel_between_two_steps(moment: str) -> None:
    seen: list[str] = []

    def interrupts() -> Flow:
        yield from pause()
        signal.raise_signal(signal.SIGINT)
        seen.append("after the signal")
        if moment == "at work":
            while True:
                yield from pause()
        yield from sleep(100)

    def main() -> Flow:
        yield from spawn(cleans(seen, "child"))
        yield from interrupts()

    with pytest.raises(KeyboardInterrupt):
        kernel_of().run(main())

    assert seen == ["after the signal", "child"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_control_c_twice_stops_a_task_that_never_waits() -> None:
    seen: list[str] = []

    def main() -> Flow:
        try:
            yield from pause()
            signal.raise_signal(signal.SIGINT)
            seen.append("goes on")
            signal.raise_signal(signal.SIGINT)
            seen.append("never")
        finally:
            seen.append("clean")

    with pytest.raises(KeyboardInterrupt):
        kernel_of().run(main())

    assert seen == ["goes on", "clean"]


def test_a_program_with_a_handler_of_its_own_keeps_it() -> None:
    heard: list[int] = []

    def handler(number: int, frame: object) -> None:
        heard.append(number)

    def main() -> Flow:
        yield from pause()
        signal.raise_signal(signal.SIGINT)
        return "alive"

    before = signal.signal(signal.SIGINT, handler)
    try:
        assert kernel_of().run(main()) == "alive"
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]


def test_a_second_interrupt_closes_everything_at_once() -> None:
    seen: list[str] = []

    def main() -> Flow:
        try:
            yield from pause()
            raise KeyboardInterrupt
        finally:
            try:
                yield from sleep(1)
            finally:
                seen.append("closed")

    def impatient() -> Flow:
        try:
            yield from sleep(100)
        finally:
            raise KeyboardInterrupt

    def start() -> Flow:
        yield from spawn(impatient())
        yield from main()

    kernel = kernel_of()
    with pytest.raises(KeyboardInterrupt):
        kernel.run(start())

    assert seen == ["closed"]
    assert not kernel.tasks


# -- the end ---------------------------------------------------------------------------------------
def test_the_end_disturbs_nobody_who_cleans_up_already() -> None:
    seen: list[str] = []

    def parent() -> Flow:
        yield from spawn(cleans(seen, "child"))
        yield from cleans(seen, "parent")

    def main() -> Flow:
        yield from spawn(parent(), detached=True)
        yield from pause()

    kernel_of().run(main())

    assert seen == ["child", "parent"]


def test_generators_that_yield_while_they_are_closed_are_closed_all_the_same() -> None:
    seen: list[str] = []
    crashes = Crashes()

    def slow() -> Flow:
        try:
            try:
                yield from sleep(100)
            finally:
                yield from sleep(100)
                seen.append("never")
        finally:
            try:
                yield from sleep(100)
            finally:
                seen.append("the last line")

    def main() -> Flow:
        yield from spawn(slow(), name="slow")
        yield from pause()

    kernel = kernel_of(crashes, patience_s=10)
    kernel.run(main())

    assert seen == ["the last line"]
    assert not kernel.tasks
    assert [name for name, _ in crashes.seen] == ["slow"]
    assert "did not end within 10 s" in str(crashes.seen[0][1])


def test_a_coroutine_that_was_never_run_is_closed_without_a_warning() -> None:
    async def work() -> None:
        await pause()

    def main() -> Flow:
        task = yield from spawn(work())
        assert (yield from cancel(task))
        me = yield from current_task()
        me.cancel()
        yield from spawn(work())

    with pytest.raises(TaskCancelled):
        kernel_of().run(main())


def test_a_time_limit_for_a_coroutine_that_does_not_begin_closes_it() -> None:
    async def work() -> None:
        await pause()

    def main() -> Flow:
        me = yield from current_task()
        me.cancel()
        yield from timeout(1, work())

    with pytest.raises(TaskCancelled):
        kernel_of().run(main())


def test_closing_a_task_may_wake_others_that_are_closed_as_well() -> None:
    queue = Queue[str](1)

    def getter() -> Flow:
        while True:
            with suppress(TaskCancelled):  # he never learns
                yield from queue.get()

    def putter() -> Flow:
        try:
            while True:
                with suppress(TaskCancelled):
                    yield from sleep(1)
        finally:
            queue.offer("good-bye")

    def main() -> Flow:
        yield from spawn(getter())
        yield from spawn(putter())
        yield from pause()

    crashes = Crashes()
    kernel = kernel_of(crashes)
    kernel.run(main())

    assert not kernel.tasks
    assert len(crashes.seen) == 2
    queue.offer("after the end")  # nobody stands in line any more


def test_a_long_line_of_families_ends() -> None:
    depth = 3_000

    def generation(number: int) -> Flow:
        if number:
            yield from spawn(generation(number - 1))
        yield from sleep(1)

    def main() -> Flow:
        first = yield from spawn(generation(depth))
        yield from join(first)
        return "ended"

    kernel = kernel_of()
    assert kernel.run(main()) == "ended"


def test_the_main_task_may_end_at_any_step_of_a_round() -> None:
    for steps in range(40):

        def main(steps: int = steps) -> Flow:
            for _ in range(steps):
                yield from pause()
            return steps

        kernel = kernel_of()
        assert kernel.run(main()) == steps
        assert kernel.clock.monotonic_s() == 0


# -- cancelling ------------------------------------------------------------------------------------
def test_a_cancellation_is_not_lost_behind_a_time_limit_that_comes_at_the_same_moment() -> None:
    event = Event()

    def worker() -> Flow:
        with pytest.raises(TaskCancelled) as cancelled:
            yield from timeout(1, works())
        assert cancelled.value.reason is None
        raise cancelled.value

    def works() -> Flow:
        yield from event.wait()
        yield from sleep(100)

    def main() -> Flow:
        task = yield from spawn(worker())
        yield from sleep(0.5)
        kernel = yield from current_kernel()
        event.set()
        clock: Any = kernel.clock
        clock.advance(seconds=5)
        kernel.timers.go_off()  # the alarm rings for a task that is ready
        yield from cancel(task)
        with pytest.raises(ChildCancelled):
            yield from timeout(50, join(task))

    kernel_of().run(main())


def test_the_outer_of_two_time_limits_that_pass_together_counts() -> None:
    event = Event()
    seen: list[str] = []

    def inner() -> Flow:
        yield from event.wait()
        yield from sleep(100)

    def worker() -> Flow:
        try:
            yield from timeout(2, outer())
        except TimeoutError as error:
            seen.append(str(error))

    def outer() -> Flow:
        try:
            yield from timeout(1, inner())
        except TimeoutError:
            seen.append("the inner one")
            yield from sleep(100)

    def main() -> Flow:
        yield from spawn(worker())
        yield from pause()
        kernel = yield from current_kernel()
        clock: Any = kernel.clock
        clock.advance(seconds=5)
        event.set()
        kernel.timers.go_off()  # both, for a task that is ready
        yield from sleep(10)

    kernel_of().run(main())

    assert seen == ["not within 2 s"]


@pytest.mark.parametrize("who", ["somebody", "an outer limit"])
def test_a_time_limit_that_passes_while_a_task_cleans_up_hides_no_cancellation(who: str) -> None:
    seen: list[str] = []

    def works() -> Flow:
        try:
            yield from sleep(100)
        finally:
            yield from sleep(100)

    def worker() -> Flow:
        try:
            yield from timeout(2, works())
        except TimeoutError:
            seen.append("the inner limit")
        yield from sleep(100)
        seen.append("never")

    def main() -> Flow:
        if who == "somebody":
            task = yield from spawn(worker())
            yield from sleep(1)
            yield from cancel(task)
            with pytest.raises(ChildCancelled):
                yield from join(task)
        else:
            with pytest.raises(TimeoutError, match="not within 1 s"):
                yield from timeout(1, worker())
        return (yield from current_kernel()).clock.monotonic_s()

    assert kernel_of().run(main()) == 2
    assert seen == []


def test_who_has_survived_a_cancellation_has_time_limits_as_before() -> None:
    def worker() -> Flow:
        with suppress(TaskCancelled):
            yield from sleep(100)
        with pytest.raises(TimeoutError):
            yield from timeout(1, sleep(100))
        return "alive"

    def main() -> Flow:
        task = yield from spawn(worker())
        yield from pause()
        yield from cancel(task)
        return (yield from join(task))

    assert kernel_of().run(main()) == "alive"


def test_many_alarms_that_go_off_together_may_cancel_one_another() -> None:
    ended: list[int] = []
    tasks: list[Task[Any]] = []

    def sleeper(number: int) -> Flow:
        try:
            yield from sleep(10 if number % 2 else 1)
            for other in tasks[number + 1 :: 2]:
                other.cancel()
        finally:
            ended.append(number)

    def main() -> Flow:
        for number in range(50):
            tasks.append((yield from spawn(sleeper(number))))
        yield from sleep(20)
        kernel = yield from current_kernel()
        assert kernel.timers._cancelled <= 1
        assert len(kernel.timers._heap) <= 1

    kernel_of().run(main())

    assert sorted(ended) == list(range(50))


def test_a_result_reaches_many_who_join_and_an_error_too() -> None:
    def fails() -> Flow:
        yield from sleep(1)
        raise ValueError("once")

    def joiner(task: Task[Any], seen: list[str]) -> Flow:
        try:
            yield from join(task)
        except ValueError as error:
            seen.append(str(error))

    def main() -> Flow:
        seen: list[str] = []
        task = yield from spawn(fails())
        for _ in range(3):
            yield from spawn(joiner(task, seen))
        yield from sleep(2)
        with pytest.raises(ValueError, match="once"):
            yield from trap(Join(task))
        return seen

    crashes = Crashes()
    assert kernel_of(crashes).run(main()) == ["once"] * 3
    assert crashes.seen == []


def test_who_waits_for_ever_is_told_who_waits_for_what() -> None:
    def main() -> Flow:
        yield from spawn(Future[int]("the answer").wait(), name="asker")
        yield from Event("a miracle").wait()

    with pytest.raises(Deadlocked, match=r"1 main waits for a miracle; 2 asker waits for the answer"):
        kernel_of().run(main())


def test_times_beyond_all_bounds_are_times_like_others() -> None:
    def main() -> Flow:
        task = yield from spawn(sleep(float("inf")))
        yield from timeout(1e18, pause())
        yield from sleep(-5)
        yield from sleep(200_000)
        return task.wish()

    assert kernel_of().run(main()) == "inf s"

"""Looking into a kernel that runs: who may, what is seen, and that whoever looks disturbs nobody."""

import socket
import stat
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from legacy.kernel import Kernel
from legacy.monitor import LONGEST_QUESTION, MOST_ROWS, ask, monitor, ps, run, where
from legacy.threads import in_thread
from legacy.traps import cancel, current_kernel, current_task, flow, join, pause, readable, sleep, spawn
from legacy.waiting import Event
from tests.support.kernels import Crashes, kernel_of

Flow = Generator[Any, Any, Any]


@flow
def inner(event: Event) -> Flow:
    yield from event.wait()


async def outer(event: Event) -> None:
    await inner(event)


def watched(path: Path, *questions: str) -> Flow:
    """Answers, from a monitor at ``path``, asked by a thread."""
    watching = yield from spawn(monitor(path), name="monitor", detached=True)
    yield from spawn(outer(Event("the bell")), name="waiter")
    yield from pause()
    answers = []
    with ThreadPoolExecutor(1) as pool:
        for question in questions:
            answers.append((yield from in_thread(pool, ask, path, question)))
    yield from cancel(watching)
    return answers


# -- what is shown ---------------------------------------------------------------------------------
def test_ps_shows_every_task_and_what_it_waits_for(tmp_path: Path) -> None:
    (answer,) = Kernel().run(watched(tmp_path / "m", "ps"))

    rows = [line.split(maxsplit=4) for line in answer.splitlines()]
    assert rows[0] == ["id", "parent", "state", "generator", "name                             waits for"]
    assert [row[:3] for row in rows[1:]] == [
        ["1", "parked", "suspended"],
        ["2", "parked", "suspended"],
        ["3", "1", "parked"],
        ["4", "2", "running"],
    ]
    assert answer.splitlines()[1].endswith("a thread to do ask")
    assert "something to read in file" in answer.splitlines()[2]
    assert answer.splitlines()[3].endswith("the bell")


def test_where_shows_the_stack_through_yield_from_and_await(tmp_path: Path) -> None:
    (answer,) = Kernel().run(watched(tmp_path / "m", "where 3"))

    lines = answer.splitlines()
    assert lines[0] == "task 3 waiter, parked, waits for the bell"
    assert [line.split(",")[0].strip() for line in lines[1::2]] == ["outer", "inner", "Event.wait", "trap"]
    assert [line.strip() for line in lines[2:5:2]] == ["await inner(event)", "yield from event.wait()"]
    assert lines[-1].strip() == "return (yield request)"


def test_every_way_to_wait_has_its_words() -> None:
    ours, theirs = socket.socketpair()

    def main() -> Flow:
        kernel = yield from current_kernel()
        me = yield from current_task()
        yield from spawn(sleep(1.5))
        yield from spawn(readable(ours))
        yield from spawn(join(me))
        yield from spawn(pause())
        yield from pause()
        return list(ps(kernel)), list(where(me))

    with ours, theirs:
        lines, stack = kernel_of().run(main())

    ends = ("running  main", "1.5 s", f"file {ours.fileno()}", "the end of 1 main", "its turn")
    assert len(lines) == 6
    assert stack[0] == "task 1 main, running"
    assert lines[1].split() == ["1", "running", "running", "main"]
    assert lines[2].endswith(ends[1])
    assert "something to read in file" in lines[3]
    assert lines[4].endswith(ends[3])
    assert lines[5].endswith(ends[4])


def test_a_task_that_waits_for_its_children_says_so() -> None:
    def child() -> Flow:
        try:
            yield from sleep(100)
        finally:
            yield from sleep(1)

    def parent() -> Flow:
        yield from spawn(child())
        yield from pause()

    def main() -> Flow:
        yield from spawn(parent(), name="parent")
        yield from sleep(0.5)
        return list(ps((yield from current_kernel())))

    lines = kernel_of().run(main())

    assert lines[2].split() == ["2", "1", "ending", "closed", "parent", "its", "children"]


def test_a_crowd_is_not_shown_to_its_end() -> None:
    def main() -> Flow:
        for _ in range(MOST_ROWS + 10):
            yield from spawn(sleep(1))
        return list(ps((yield from current_kernel())))

    lines = kernel_of().run(main())

    assert len(lines) == MOST_ROWS + 2
    assert lines[-1] == "... and 11 more"


# -- who asks --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "question", ["", "help", "where", "where x", "where -1", "ps 3", "\udcff", "where ²"]
)
def test_other_questions_are_answered_with_what_may_be_asked(tmp_path: Path, question: str) -> None:
    (answer,) = Kernel().run(
        watched(tmp_path / "m", question.encode(errors="surrogateescape").decode("latin-1"))
    )

    assert answer.startswith("what is ")
    assert answer.count("\n") == 1


def test_a_task_that_there_is_not_is_told(tmp_path: Path) -> None:
    (answer,) = Kernel().run(watched(tmp_path / "m", "where 99"))

    assert answer == "there is no task 99\n"


def test_only_its_owner_may_open_the_socket_and_it_goes_with_the_monitor(tmp_path: Path) -> None:
    path = tmp_path / "m"

    def main() -> Flow:
        yield from spawn(monitor(path))
        yield from pause()
        return stat.S_IMODE(path.stat().st_mode)

    assert Kernel().run(main()) == 0o600
    assert not path.exists()


def test_the_socket_of_a_program_that_was_killed_is_in_nobodys_way(tmp_path: Path) -> None:
    path = tmp_path / "m"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))

    answers = Kernel().run(watched(path, "where 99"))

    assert answers == ["there is no task 99\n"]


def test_a_monitor_that_answers_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "m"

    def main() -> Flow:
        yield from spawn(monitor(path), name="first")
        second = yield from spawn(monitor(path), name="second")
        with pytest.raises(OSError, match="in use"):
            yield from join(second)
        assert path.exists()

    Kernel(crashed=Crashes()).run(main())


def test_visitors_who_say_nothing_too_much_or_go_are_nobodys_problem(tmp_path: Path) -> None:
    path = tmp_path / "m"
    crashes = Crashes()

    def main() -> Flow:
        watching = yield from spawn(monitor(path))
        yield from pause()
        silent = socket.socket(socket.AF_UNIX)
        silent.connect(str(path))
        talks = socket.socket(socket.AF_UNIX)
        talks.connect(str(path))
        talks.sendall(b"x" * (LONGEST_QUESTION + 100))
        gone = socket.socket(socket.AF_UNIX)
        gone.connect(str(path))
        gone.sendall(b"ps\n")
        gone.close()
        yield from readable(talks)
        answer = talks.recv(1_000)
        kernel = yield from current_kernel()
        while len(kernel.tasks) > 3:  # all but this one, the monitor, and who says nothing
            yield from pause()
        yield from cancel(watching)
        silent.close()
        talks.close()
        return answer

    answer = Kernel(crashed=crashes).run(main())

    assert answer.startswith(b"what is 'xxx")
    assert crashes.seen == []


# -- the command -----------------------------------------------------------------------------------
def test_the_command_asks_and_prints(tmp_path: Path) -> None:
    path = tmp_path / "m"

    def main() -> Flow:
        yield from spawn(monitor(path), name="monitor")
        yield from pause()
        with ThreadPoolExecutor(1) as pool:
            return (yield from in_thread(pool, command))

    def command() -> str:
        done = subprocess.run(
            [sys.executable, "-m", "legacy.monitor", str(path), "where", "2"],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    printed = Kernel().run(main())

    assert printed.startswith("task 2 monitor, parked, waits for something to read")


def test_the_command_says_when_nobody_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run([str(tmp_path / "nobody"), "ps"])

    assert status == 1
    assert "No such file" in capsys.readouterr().err

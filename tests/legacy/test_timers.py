"""Alarms: in order, once, and none that nobody needs any more."""

from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legacy.task import Task
from legacy.timers import Alarm, Timers
from legacy.traps import current_kernel, pause, timeout
from protocol.clock import ManualClock
from tests.support.kernels import kernel_of

Flow = Generator[Any, Any, Any]


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 40))))
def test_alarms_go_off_in_order_and_cancelled_ones_do_not(wishes: list[tuple[int, bool, int]]) -> None:
    """Some are cancelled before, some by one that goes off."""
    clock = ManualClock()
    timers = Timers(clock)
    task: Task[Any] = Task(1, "task", pause(), kernel_of())
    alarms: list[Alarm] = []
    rang: list[int] = []
    gone: set[int] = set()

    def rings(task: Task[Any], alarm: Alarm) -> None:
        number = alarms.index(alarm)
        rang.append(number)
        victim = wishes[number][2]
        if victim < len(alarms) and victim not in rang:
            alarms[victim].cancel()
            gone.add(victim)

    for seconds, _, _ in wishes:
        alarms.append(timers.set(seconds, rings, task))
    for number, (_, is_cancelled, _) in enumerate(wishes):
        if is_cancelled:
            alarms[number].cancel()
            alarms[number].cancel()
            gone.add(number)
    for _ in range(7):
        timers.wait_s()
        timers.go_off()
        clock.advance(seconds=1)

    assert rang == sorted(rang, key=lambda number: (wishes[number][0], number))
    assert sorted([*rang, *gone]) == list(range(len(wishes)))
    assert timers.wait_s() is None
    assert timers._cancelled == 0


def test_alarms_that_nobody_needs_any_more_do_not_pile_up() -> None:
    def main() -> Flow:
        kernel = yield from current_kernel()
        most = 0
        for _ in range(5_000):
            yield from timeout(1_000, pause())
            most = max(most, len(kernel.timers._heap))
        return most

    assert kernel_of().run(main()) <= 2


def test_what_is_no_number_is_refused() -> None:
    timers = Timers(ManualClock())
    task: Task[Any] = Task(1, "task", pause(), kernel_of())

    with pytest.raises(ValueError, match="nan"):
        timers.set(float("nan"), lambda task, alarm: None, task)

"""Tasks ask, the scheduler answers: with values, with exceptions, in order."""

from typing import Any

import pytest

from legacy.steps.market import Market
from legacy.steps.step_14 import (
    GetTid,
    Killed,
    KillTask,
    NewTask,
    Scheduler,
    Sleep,
    Target,
    WaitTask,
    main,
    maker,
    ps,
    taker,
)
from protocol.clock import ManualClock
from tests.support.kernels import InOrder


def scheduler_of(*watchers: Any) -> Scheduler:
    clock = ManualClock()
    return Scheduler(clock, lambda seconds: clock.advance(seconds=seconds), watchers)


def returns(value: object, after: float = 1) -> Target:
    yield Sleep(after)
    return value


def raises(error: Exception) -> Target:
    yield Sleep(1)
    raise error


def test_a_task_asks_who_it_is_and_what_it_started() -> None:
    def asks() -> Target:
        me = yield GetTid()
        other = yield NewTask(returns(5), "other")
        return me, other, (yield WaitTask(other))

    assert scheduler_of().run(asks()) == (1, 2, 5)


def test_what_a_task_returned_is_kept_for_who_asks_late_and_given_once() -> None:
    def asks() -> Target:
        early = yield NewTask(returns("result", 0), "early")
        yield Sleep(5)
        result = yield WaitTask(early)
        with pytest.raises(ValueError, match="can't be waited for"):
            yield WaitTask(early)
        return result

    assert scheduler_of().run(asks()) == "result"


def test_an_exception_may_be_a_result_and_an_error_is_raised_in_who_waits() -> None:
    def asks() -> Target:
        fine = yield NewTask(returns(ValueError("fine")), "fine")
        broken = yield NewTask(raises(ValueError("broken")), "broken")
        result = yield WaitTask(fine)
        with pytest.raises(ValueError, match="broken"):
            yield WaitTask(broken)
        return str(result)

    assert scheduler_of().run(asks()) == "fine"


def test_a_task_that_fails_stops_nobody_else() -> None:
    scheduler = scheduler_of()

    def asks() -> Target:
        yield NewTask(raises(ValueError("alone")), "alone")
        yield Sleep(5)
        return "alive"

    assert scheduler.run(asks()) == "alive"
    assert [str(task.error) for task in scheduler.ended.values() if task.error] == ["alone"]


def test_what_is_no_request_is_refused_and_nobody_waits_for_himself() -> None:
    def asks() -> Target:
        with pytest.raises(TypeError, match="'sleep' is no request"):
            yield "sleep"
        with pytest.raises(ValueError, match="can't be waited for"):
            yield WaitTask((yield GetTid()))
        return "alive"

    assert scheduler_of().run(asks()) == "alive"


def test_a_killed_task_cleans_up_and_who_waits_for_it_learns_of_it() -> None:
    seen: list[str] = []

    def works() -> Target:
        try:
            yield Sleep(100)
        finally:
            seen.append("clean")

    def waits(tid: int) -> Target:
        with pytest.raises(Killed, match="2 works"):
            yield WaitTask(tid)
        seen.append("told")

    def asks() -> Target:
        tid = yield NewTask(works(), "works")
        yield NewTask(waits(tid), "waits")
        yield Sleep(1)
        first = yield KillTask(tid)
        second = yield KillTask(tid)
        yield Sleep(1)
        return first, second

    assert scheduler_of().run(asks()) == (True, False)
    assert seen == ["clean", "told"]


@pytest.mark.parametrize("when", ["ready", "asleep"])
def test_whoever_is_killed_does_not_run_again(when: str) -> None:
    seen: list[str] = []

    def works() -> Target:
        yield Sleep(0 if when == "ready" else 1)
        seen.append("never")

    def asks() -> Target:
        tid = yield NewTask(works(), "works")  # which has had its first turn when this is answered
        yield KillTask(tid)
        yield Sleep(5)

    scheduler_of().run(asks())

    assert seen == []


def test_tasks_run_first_in_first_out() -> None:
    looks = InOrder()
    order: list[str] = []

    def works(name: str) -> Target:
        for number in range(3):
            order.append(f"{name}{number}")
            yield Sleep(0)

    def asks() -> Target:
        tids = []
        for name in "ab":
            tids.append((yield NewTask(works(name), name)))
        for tid in tids:
            yield WaitTask(tid)

    scheduler_of().run(asks())

    assert order == ["a0", "a1", "b0", "a2", "b1", "b2"]  # b is started a turn later
    assert looks.wrong == []


def test_at_the_end_of_the_first_task_everything_is_closed() -> None:
    seen: list[str] = []

    def works() -> Target:
        try:
            yield Sleep(100)
        finally:
            seen.append("closed")

    def asks() -> Target:
        yield NewTask(works(), "works")
        yield Sleep(1)

    scheduler = scheduler_of()
    scheduler.run(asks())

    assert seen == ["closed"]
    assert scheduler.tasks == {}


def test_tasks_that_wait_for_each_other_are_noticed() -> None:
    def waits(tid: int) -> Target:
        yield WaitTask(tid)

    def asks() -> Target:
        me = yield GetTid()
        yield WaitTask((yield NewTask(waits(me), "waits")))

    with pytest.raises(RuntimeError, match="every task waits"):
        scheduler_of().run(asks())


def test_ps_shows_state_and_generator_of_each_task() -> None:
    scheduler = scheduler_of()

    def asks() -> Target:
        yield NewTask(returns(1), "sleeps")
        yield Sleep(0)
        yield NewTask(returns(1), "new")
        return ps(scheduler)

    assert [line.split() for line in scheduler.run(asks())][1:] == [
        ["1", "main", "running", "GEN_RUNNING"],
        ["2", "sleeps", "waits", "GEN_SUSPENDED", "1", "s"],
        ["3", "new", "waits", "GEN_SUSPENDED", "1", "s"],
    ]


def test_maker_and_taker_trade_and_a_killed_maker_takes_his_offers_back() -> None:
    market = Market()
    making, watching = market.member("maker"), market.member("taker")
    offers = maker(making)
    next(offers)
    buying = taker(watching)
    next(buying)

    buying.send(None)
    next(offers)
    offers.close()

    making.read()
    watching.buy("late", 1, at=10_100)
    assert not making.read()  # nothing is offered any more


def test_the_flow_tells_its_story() -> None:
    lines: list[str] = []

    main(lines.append)

    assert lines[0] == "I am task 1, and started 2 and 3"
    assert [line.split()[1] for line in lines[2:5]] == ["main", "maker", "taker"]
    assert lines[-1] == "the clock was moved on by 4.5 s, and 0 tasks are left"

"""Sub-routines that wait: by a stack in the task, and by ``yield from``; whatever the way, they do the same."""

from collections.abc import Callable, Generator
from typing import Any

import pytest

from legacy.steps.step_14 import KillTask, NewTask, Sleep, Target
from legacy.steps.step_15 import Scheduler
from legacy.steps.step_16 import Trampoline, ask, links_of, main

Call = Callable[..., Generator[Any, Any, Any]]


class ByStack:
    """Flows that yield what they call."""

    scheduler = Trampoline

    @staticmethod
    def adds(first: int, second: int) -> Target:
        yield Sleep(0)
        return first + second

    @staticmethod
    def fails(text: str) -> Target:
        yield Sleep(0)
        raise ValueError(text)

    @classmethod
    def calls(cls) -> Target:
        total = yield cls.adds(1, 2)
        total = yield cls.adds(total, 3)
        with pytest.raises(ValueError, match="inside"):
            yield cls.fails("inside")
        return total

    @classmethod
    def passes_on(cls) -> Target:
        yield cls.fails("through two")

    @classmethod
    def deep(cls, levels: int) -> Target:
        if not levels:
            yield Sleep(0)
            return 0
        return 1 + (yield cls.deep(levels - 1))

    @classmethod
    def cleans(cls, levels: int, seen: list[int]) -> Target:
        try:
            if levels:
                yield cls.cleans(levels - 1, seen)
            else:
                yield Sleep(100)
        finally:
            seen.append(levels)


class ByYieldFrom:
    """The same flows with ``yield from``."""

    scheduler = Scheduler

    @staticmethod
    def adds(first: int, second: int) -> Target:
        yield from ask(Sleep(0))
        return first + second

    @staticmethod
    def fails(text: str) -> Target:
        yield from ask(Sleep(0))
        raise ValueError(text)

    @classmethod
    def calls(cls) -> Target:
        total = yield from cls.adds(1, 2)
        total = yield from cls.adds(total, 3)
        with pytest.raises(ValueError, match="inside"):
            yield from cls.fails("inside")
        return total

    @classmethod
    def passes_on(cls) -> Target:
        yield from cls.fails("through two")

    @classmethod
    def deep(cls, levels: int) -> Target:
        if not levels:
            yield from ask(Sleep(0))
            return 0
        return 1 + (yield from cls.deep(levels - 1))

    @classmethod
    def cleans(cls, levels: int, seen: list[int]) -> Target:
        try:
            if levels:
                yield from cls.cleans(levels - 1, seen)
            else:
                yield from ask(Sleep(100))
        finally:
            seen.append(levels)


WAYS = [ByStack, ByYieldFrom]


@pytest.mark.parametrize("way", WAYS)
def test_a_sub_routine_waits_and_returns_or_raises(way: type[ByStack] | type[ByYieldFrom]) -> None:
    assert way.scheduler().run(way.calls()) == 6


@pytest.mark.parametrize("way", WAYS)
def test_what_nobody_catches_goes_through_all_who_called(way: type[ByStack] | type[ByYieldFrom]) -> None:
    with pytest.raises(ValueError, match="through two"):
        way.scheduler().run(way.passes_on())


@pytest.mark.parametrize("way", WAYS)
def test_calls_go_as_deep_as_they_like(way: type[ByStack] | type[ByYieldFrom]) -> None:
    assert way.scheduler().run(way.deep(200)) == 200


def test_a_stack_by_hand_goes_deeper_than_that_of_the_interpreter() -> None:
    assert Trampoline().run(ByStack.deep(5_000)) == 5_000
    with pytest.raises(RecursionError):
        Scheduler().run(ByYieldFrom.deep(5_000))


@pytest.mark.parametrize("way", WAYS)
def test_whoever_is_killed_is_closed_from_the_inside_out(way: type[ByStack] | type[ByYieldFrom]) -> None:
    seen: list[int] = []

    def kills() -> Target:
        tid = yield NewTask(way.cleans(3, seen), "cleans")
        yield Sleep(0)
        yield KillTask(tid)

    way.scheduler().run(kills())

    assert seen == [0, 1, 2, 3]


def test_the_interpreter_keeps_the_stack() -> None:
    flow = ByYieldFrom.cleans(2, [])
    next(flow)

    assert [generator.__name__ for generator in links_of(flow)] == ["cleans", "cleans", "cleans", "ask"]
    flow.close()


def test_both_ways_tell_the_same_story() -> None:
    lines: list[str] = []

    main(lines.append)

    half = lines.index("")
    assert lines[2:half] == lines[half + 3 :]
    assert lines[1].startswith("on the stack: trading_by_stack -> trade_by_stack -> hear_by_stack")
    assert lines[half + 2].startswith("on the stack: trading -> trade -> hear -> ask")

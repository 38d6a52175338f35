"""The order of things in virtual time."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from simulation.kernel import Kernel

NEAR = st.integers(0, 5)
FAR = st.integers(0, 5) | st.integers(0, 300_000_000) | st.sampled_from([2**27 - 1, 2**27, 2**27 + 1, 2**40])
"""Within one slot of the kernel, over its edge, and far beyond."""
LATER = st.integers(2**28, 2**28 + 5)
"""Of one slot that is not under way: many, so that they are sorted, or few."""
WAITS = st.lists(NEAR, max_size=6) | st.lists(FAR, max_size=6)


@given(st.lists(NEAR, max_size=40) | st.lists(FAR, max_size=40) | st.lists(LATER, max_size=40))
def test_things_are_done_by_time_and_those_of_one_time_as_they_were_asked_for(times: list[int]) -> None:
    kernel, done = Kernel(), list[tuple[int, int]]()

    for number, at_ns in enumerate(times):
        kernel.at(at_ns, lambda number: done.append((kernel.time_ns, number)), number)
    kernel.run()

    assert done == sorted((at_ns, number) for number, at_ns in enumerate(times))
    assert kernel.handled == len(times)


@given(st.dictionaries(st.integers(0, 30), WAITS, max_size=12), WAITS)
def test_what_is_asked_for_while_things_are_done_comes_in_the_same_order(
    asks: dict[int, list[int]], first: list[int]
) -> None:
    """Against a list that is searched for the smallest (time, order asked) each time."""
    kernel = Kernel(100)
    numbers, done = [0], list[tuple[int, int]]()

    def ask(at: Callable[[int, Any], None], waits: list[int], now_ns: int) -> None:
        for wait in waits:
            numbers[0] += 1
            at(now_ns + wait, numbers[0])

    def act(number: int) -> None:
        done.append((kernel.time_ns, number))
        ask(lambda at_ns, number: kernel.at(at_ns, act, number), asks.pop(number, []), kernel.time_ns)

    expected, waiting, left = list[tuple[int, int]](), list[tuple[int, int]](), dict(asks)
    ask(lambda at_ns, number: waiting.append((at_ns, number)), first, 100)
    while waiting:
        due = min(waiting)
        waiting.remove(due)
        expected.append(due)
        ask(lambda at_ns, number: waiting.append((at_ns, number)), left.pop(due[1], []), due[0])
    numbers[0] = 0

    ask(lambda at_ns, number: kernel.at(at_ns, act, number), first, 100)
    kernel.run()

    assert done == expected


def test_a_run_up_to_a_time_does_what_is_due_then_and_ends_at_that_time() -> None:
    kernel, done = Kernel(), list[int]()
    for at_ns in (5, 10, 11):
        kernel.at(at_ns, done.append, at_ns)

    kernel.run(10)

    assert (done, kernel.time_ns, kernel.next_ns) == ([5, 10], 10, 11)
    kernel.run()
    assert (done, kernel.time_ns, kernel.next_ns) == ([5, 10, 11], 11, None)


def test_a_time_that_is_past_means_now_behind_what_waits_for_now() -> None:
    kernel, done = Kernel(50), list[str]()
    kernel.at(50, done.append, "asked first")
    kernel.at(0, done.append, "long ago")

    kernel.run(50)

    assert (done, kernel.time_ns) == (["asked first", "long ago"], 50)


@given(st.lists(FAR, min_size=1, max_size=20), st.lists(FAR, max_size=6))
def test_it_makes_no_difference_where_a_run_pauses(times: list[int], pauses: list[int]) -> None:
    kernel, done = Kernel(), list[tuple[int, int]]()
    for number, at_ns in enumerate(times):
        kernel.at(at_ns, lambda number: done.append((kernel.time_ns, number)), number)

    for pause_ns in sorted(pauses):
        kernel.run(pause_ns)
        due = [at_ns for at_ns in times if at_ns > pause_ns]
        assert kernel.next_ns == min(due, default=None)
        assert kernel.time_ns == pause_ns
        times.append(pause_ns + 3)
        kernel.at(pause_ns + 3, lambda number: done.append((kernel.time_ns, number)), len(times) - 1)
    kernel.run()

    assert [number for _, number in done] == [
        number for _, number in sorted((at_ns, number) for number, at_ns in enumerate(times))
    ]


def test_it_stops_after_the_event_under_way_and_can_go_on() -> None:
    kernel, done = Kernel(), list[int]()
    kernel.at(1, lambda _: kernel.stop())
    kernel.at(1, done.append, 1)

    kernel.run(100)

    assert (done, kernel.time_ns) == ([], 1)
    kernel.run(100)
    assert (done, kernel.time_ns) == ([1], 100)


def test_it_is_a_clock_of_the_event_under_way() -> None:
    kernel, seen = Kernel(1_000_000_000), list[tuple[int, float]]()
    kernel.after(500_000_000, lambda _: seen.append((kernel.now_ns(), kernel.monotonic_s())))

    kernel.run()

    assert seen == [(1_500_000_000, 0.5)]

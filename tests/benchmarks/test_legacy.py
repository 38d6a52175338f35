"""The benchmark of the legacy runtime runs, in a size that proves nothing about speed."""

from benchmarks import legacy
from benchmarks.load import Shape
from benchmarks.report import Plan, Result

PLAN = Plan(samples=1)


def shape_of(results: list[Result]) -> list[tuple[str, str, bool, float | None]]:
    """Case, unit, whether there is a floor, target."""
    assert all(result.value > 0 and result.samples == 1 for result in results)
    return [(result.case, result.unit, result.floor is not None, result.target) for result in results]


def test_switches() -> None:
    results = list(legacy.switches(PLAN, count=200))

    assert shape_of(results) == [
        ("switches between two tasks", "per second", True, 1.0),
        ("things through a queue of one", "per second", True, None),
    ]


def test_sleepers() -> None:
    results = list(legacy.sleepers(PLAN, count=4_000))

    assert shape_of(results) == [
        ("a sleeping task, of 4,000", "bytes", False, 1_500),
        ("the same beside asyncio's, of 4,000", "bytes", True, None),
        ("start and end of each of 4,000, beside each of 1,000", "us", True, 1.5),
        ("start and end of each of 4,000, beside asyncio's", "us", True, None),
    ]


def test_on_the_wire() -> None:
    results = [
        *legacy.on_the_wire(PLAN, Shape(2, 4, 100)),
        *legacy.alone(PLAN, Shape(1, 1, 50)),
    ]

    assert shape_of(results) == [
        ("2x4 journal off", "requests/s", True, 0.6),
        ("2x4 journal off, server's CPU", "us/request", True, None),
        ("1x1 median round trip", "us", True, None),
    ]


def test_the_generator_needs_the_same_memory_for_a_longer_tape_and_the_list_does_not() -> None:
    results = list(legacy.tape_reader((100, 1_000, 10_000)))

    assert [(result.case, result.unit, result.target) for result in results] == [
        *((f"tape of {size} trades, generator, peak", "kB", None) for size in ("100", "1,000")),
        ("tape of 10,000 trades, generator, peak", "kB", 1.1),
        *((f"tape of {size} trades, list, peak", "kB", None) for size in ("100", "1,000")),
        ("tape of 10,000 trades, list, peak", "kB", 50.0),
    ]
    assert results[2].met
    assert results[5].met

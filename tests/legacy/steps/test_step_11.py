"""What a coroutine returns."""

import inspect
from itertools import pairwise

import pytest

from legacy.steps.market import Market, Member
from legacy.steps.step_11 import Filled, fill_collector, result_of


def members() -> tuple[Member, Member]:
    market = Market()
    return market.member("anna"), market.member("ben")


def test_the_value_travels_in_the_stop_iteration_of_the_last_send() -> None:
    anna, ben = members()
    ben.sell("b1", 4, at=10_000)
    ben.sell("b2", 6, at=10_005)
    anna.buy("a1", 10, at=10_005)
    collector = fill_collector()
    *reports, last = anna.reports()

    for report in reports:
        collector.send(report)
    with pytest.raises(StopIteration) as end:
        collector.send(last)

    assert end.value.value == Filled(10, 4 * 10_000 + 6 * 10_005)
    assert inspect.getgeneratorstate(collector) == inspect.GEN_CLOSED


def test_it_is_had_once_and_then_never_again() -> None:
    anna, ben = members()
    ben.sell("b1", 1, at=10_000)
    anna.buy("a1", 1, at=10_000)
    collector, reports = fill_collector(), anna.reports()
    assert result_of(collector, reports) == Filled(1, 10_000)

    with pytest.raises(StopIteration) as end:
        collector.send(reports[0])

    assert end.value.value is None


def test_an_order_is_collected_over_any_number_of_pieces() -> None:
    anna, ben = members()
    collector = fill_collector()
    anna.buy("a1", 5, at=10_000)
    assert result_of(collector, anna.reports()) is None
    for number in range(4):
        ben.sell(f"b{number}", 1, at=10_000)
        assert result_of(collector, anna.reports()) is None

    ben.sell("b5", 1, at=10_000)

    assert result_of(collector, anna.reports()) == Filled(5, 50_000)


@pytest.mark.parametrize("traded", [0, 2])
def test_a_canceled_order_returns_what_it_got_so_far(traded: int) -> None:
    anna, ben = members()
    anna.buy("a1", 5, at=10_000)
    if traded:
        ben.sell("b1", traded, at=10_000)
    anna.cancel("a1")

    filled = result_of(fill_collector(), anna.reports())

    assert filled == Filled(traded, traded * 10_000)


def test_refusals() -> None:
    anna, _ = members()
    anna.buy("a1", 0, at=10_000)
    anna.buy("a2", 1, at=10_000)
    anna.cancel("a3")
    refused, accepted, refused_cancel = anna.reports()

    assert result_of(fill_collector(), [refused]) == Filled(0, 0)
    assert result_of(fill_collector(), [accepted, refused_cancel]) is None


def test_the_average_is_rounded_down_and_of_nothing_there_is_none() -> None:
    averages = [Filled(volume, volume * 10_000 + 1).average_price for volume in (1, 2, 3)]

    assert averages == [10_001, 10_000, 10_000]
    assert all(left is not None and right is not None and left >= right for left, right in pairwise(averages))
    assert Filled(0, 0).average_price is None


def test_a_for_loop_throws_the_value_away() -> None:
    collector = fill_collector()

    collector.close()

    assert list(collector) == []

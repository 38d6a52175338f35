"""Bars: what traded in an interval, from trades or from shorter bars."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.market_data.bars import BarSeries, Fill, GrowingBar, bars_of, rolled_up
from protocol.market import Bar
from protocol.vocabulary import Interval

SECOND = 1_000_000_000
NOON = 1_767_268_800 * SECOND


def fills_at(*moments: tuple[int, int, int]) -> list[Fill]:
    """``(seconds after noon, price, quantity)`` each; trades are numbered from 1."""
    return [
        (trade_id, NOON + seconds * SECOND, price, quantity)
        for trade_id, (seconds, price, quantity) in enumerate(moments, 1)
    ]


@st.composite
def days(draw: st.DrawFn) -> list[Fill]:
    """Trades of a few days, with gaps of all lengths."""
    gaps = st.sampled_from((0, 1, SECOND - 1, SECOND, 59 * SECOND, 3_600 * SECOND, 50_000 * SECOND))
    steps = draw(st.lists(st.tuples(gaps, st.integers(1, 30), st.integers(1, 9)), min_size=1, max_size=60))
    at_ns = NOON + draw(st.integers(0, 86_400 * SECOND))
    fills: list[Fill] = []
    for trade_id, (gap, price, quantity) in enumerate(steps, 1):
        at_ns += gap
        fills.append((trade_id, at_ns, price, quantity))
    return fills


def naive_bars(fills: Sequence[Fill], interval: Interval) -> list[Bar]:
    """Every interval looked at by itself."""
    bars = []
    for start in sorted({fill[1] // interval.ns * interval.ns for fill in fills}):
        inside = [fill for fill in fills if start <= fill[1] < start + interval.ns]
        prices = [price for _, _, price, _ in inside]
        bars.append(
            Bar(
                start,
                prices[0],
                max(prices),
                min(prices),
                prices[-1],
                sum(quantity for *_, quantity in inside),
                sum(price * quantity for _, _, price, quantity in inside),
                len(inside),
            )
        )
    return bars


def test_a_bar_tells_first_highest_lowest_and_last_price_and_the_sums() -> None:
    fills = fills_at((0, 100, 3), (1, 104, 1), (58, 97, 2), (59, 99, 4))

    bars = list(bars_of(fills, Interval.MINUTE))

    assert bars == [Bar(NOON, 100, 104, 97, 99, 10, 100 * 3 + 104 + 97 * 2 + 99 * 4, 4)]


def test_an_interval_without_a_trade_has_no_bar() -> None:
    fills = fills_at((59, 100, 1), (60, 101, 1), (180, 102, 1))

    bars = list(bars_of(fills, Interval.MINUTE))

    assert [bar.start_ns - NOON for bar in bars] == [0, 60 * SECOND, 180 * SECOND]


def test_without_a_trade_there_is_no_bar() -> None:
    assert list(bars_of([], Interval.DAY)) == []
    assert list(rolled_up([], Interval.DAY)) == []


def test_every_interval_is_a_multiple_of_the_one_before() -> None:
    lengths = [interval.ns for interval in Interval]

    assert all(longer % shorter == 0 for shorter, longer in itertools.pairwise(lengths))


@given(fills=days())
def test_bars_are_what_each_interval_alone_says(fills: list[Fill]) -> None:
    for interval in Interval:
        assert list(bars_of(fills, interval)) == naive_bars(fills, interval)


@given(fills=days(), data=st.data())
def test_bars_out_of_shorter_bars_are_those_out_of_trades(fills: list[Fill], data: st.DataObject) -> None:
    shorter, longer = sorted(
        data.draw(st.lists(st.sampled_from(list(Interval)), min_size=2, max_size=2)), key=lambda one: one.ns
    )

    assert list(rolled_up(bars_of(fills, shorter), longer)) == naive_bars(fills, longer)


@given(fills=days())
def test_a_series_that_grows_in_both_ways_is_the_same(fills: list[Fill]) -> None:
    for interval in Interval:
        by_trade, by_bar, seconds = BarSeries(interval), BarSeries(interval), BarSeries(Interval.SECOND)

        for trade_id, at_ns, price, quantity in fills:
            by_trade.add(trade_id, at_ns, price, quantity)
            seconds.add(trade_id, at_ns, price, quantity)
        for bar in seconds.bars:
            by_bar.append(bar)

        assert by_trade.snapshot() == by_bar.snapshot() == naive_bars(fills, interval)
        assert [bar.first_trade for bar in by_trade.bars] == [bar.first_trade for bar in by_bar.bars]


@given(fills=days(), data=st.data())
def test_a_trade_finds_its_bar(fills: list[Fill], data: st.DataObject) -> None:
    trade_id, at_ns, _, _ = data.draw(st.sampled_from(fills))
    for interval in Interval:
        series = BarSeries(interval)
        for fill in fills:
            series.add(*fill)

        found = series.of_trade(trade_id)

        assert found is not None
        assert found.start_ns == at_ns // interval.ns * interval.ns


@given(fills=days(), data=st.data())
def test_a_bar_counted_again_without_a_trade_is_that_of_the_others(
    fills: list[Fill], data: st.DataObject
) -> None:
    undone = data.draw(st.sampled_from(fills))
    series = BarSeries(Interval.DAY)
    for fill in fills:
        series.add(*fill)
    bar = series.of_trade(undone[0])
    assert bar is not None
    others = [
        fill for fill in fills if bar.start_ns <= fill[1] < bar.start_ns + Interval.DAY.ns and fill != undone
    ]

    bar.forget(undone[2], undone[3])

    naive = naive_bars(others, Interval.DAY)
    assert (bar.volume, bar.turnover, bar.trades) == (
        (naive[0].volume, naive[0].turnover, naive[0].trades) if naive else (0, 0, 0)
    )
    if naive:
        bar.count_again(others)
        assert bar.bar() == naive[0]


def test_only_the_last_bars_are_kept() -> None:
    series = BarSeries(Interval.MINUTE, keep=2)

    for fill in fills_at((0, 100, 1), (60, 101, 1), (120, 102, 1)):
        series.add(*fill)

    assert [bar.open for bar in series.snapshot()] == [101, 102]
    assert series.of_trade(1) is None


@pytest.mark.parametrize("interval", Interval)
def test_a_bar_of_the_past_has_no_trade_that_could_be_undone(interval: Interval) -> None:
    series = BarSeries(interval)
    series.bars.append(GrowingBar.grown(Bar(0, 1, 1, 1, 1, 1, 1, 1)))

    assert series.of_trade(1) is None

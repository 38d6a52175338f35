"""Bars and the day's sums of one instrument: trades in, busts out again."""

from random import Random
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.market_data.bars import Fill
from exchange.market_data.tally import KEPT_BARS, KEPT_TRADES, WAITING, Tally
from protocol.market import Bar
from protocol.vocabulary import Interval

SECOND = 1_000_000_000
NOON = 1_767_268_800 * SECOND


class Naive(NamedTuple):
    """All trades that count, and the first one of the trading day."""

    fills: list[Fill]
    day: list[Fill]

    def bars(self, interval: Interval) -> list[Bar]:
        by_start: dict[int, list[Fill]] = {}
        for fill in self.fills:
            by_start.setdefault(fill[1] // interval.ns * interval.ns, []).append(fill)
        return [summed(start, fills) for start, fills in by_start.items()][-KEPT_BARS:]


def summed(start: int, fills: list[Fill]) -> Bar:
    prices = [price for _, _, price, _ in fills]
    return Bar(
        start,
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
        sum(quantity for *_, quantity in fills),
        sum(price * quantity for _, _, price, quantity in fills),
        len(fills),
    )


def day_of(tally: Tally) -> Bar | None:
    return None if tally.day is None else tally.day.bar()


def test_nothing_traded_is_no_bar_and_no_day() -> None:
    tally = Tally()

    assert tally.day is None
    assert all(tally.bars(interval).snapshot() == [] for interval in Interval)


STEPS = st.one_of(
    st.tuples(
        st.just("trade"),
        st.sampled_from((0, 1, SECOND, 7 * SECOND, 61 * SECOND, 4_000 * SECOND)),
        st.integers(90, 110),
        st.integers(1, 9),
    ),
    st.tuples(st.just("bust"), st.integers(0, 80)),
    st.tuples(st.just("end_day")),
    st.tuples(st.just("look")),
)


@given(steps=st.lists(STEPS, max_size=80))
def test_what_is_kept_is_what_the_trades_that_count_say(steps: list[tuple[object, ...]]) -> None:
    tally, naive, at_ns, trade_id = Tally(), Naive([], []), NOON, 0

    for step in steps:
        match step:
            case ("trade", int(gap), int(price), int(quantity)):
                at_ns += gap
                trade_id += 2  # others are of other instruments
                tally.trade(trade_id, at_ns, price, quantity)
                naive.fills.append((trade_id, at_ns, price, quantity))
                naive.day.append((trade_id, at_ns, price, quantity))
            case ("bust", int(which)) if naive.fills:
                fill = naive.fills[which % len(naive.fills)]
                tally.bust(fill[0], fill[2], fill[3])
                naive.fills.remove(fill)
                if fill in naive.day:
                    naive.day.remove(fill)
            case ("end_day",):
                tally.end_day()
                naive.day.clear()
            case ("look",):
                assert_equal(tally, naive)

    assert_equal(tally, naive)


def assert_equal(tally: Tally, naive: Naive) -> None:
    for interval in Interval:
        assert tally.bars(interval).snapshot() == naive.bars(interval)
    day = day_of(tally)
    if day is None:
        assert naive.day == []
    else:
        assert day == summed(day.start_ns, naive.day)


def test_the_bar_that_changed_last_is_the_one_to_be_told() -> None:
    tally = Tally()
    tally.trade(1, NOON, 100, 5)
    tally.trade(2, NOON + 60 * SECOND, 101, 5)

    later = tally.touched(Interval.MINUTE)
    tally.bust(1, 100, 5)
    gone = tally.touched(Interval.MINUTE)
    corrected = tally.touched(Interval.HOUR)

    assert later is not None
    assert later.open == 101
    assert gone is not None
    assert (gone.start_ns, gone.trades) == (NOON, 0)
    assert corrected is not None
    assert corrected.bar() == Bar(NOON, 101, 101, 101, 101, 5, 505, 1)


def long_day() -> tuple[Tally, list[Fill]]:
    """More trades than are kept, all in one UTC day."""
    rng = Random(7)
    fills = [
        (number, NOON + number * SECOND, rng.randint(90, 110), rng.randint(1, 9))
        for number in range(1, KEPT_TRADES + 2_031)
    ]
    fills[0] = (1, NOON + SECOND, 500, 1)
    tally = Tally()
    for fill in fills:
        tally.trade(*fill)
    return tally, fills


def test_of_an_early_trade_the_sums_are_corrected_and_the_extremes_stay() -> None:
    tally, fills = long_day()
    before = summed(NOON, fills)

    tally.bust(1, 500, 1)

    day = day_of(tally)
    assert day is not None
    assert (day.volume, day.turnover, day.trades) == (
        before.volume - 1,
        before.turnover - 500,
        before.trades - 1,
    )
    assert (day.open, day.high, day.low, day.close) == (500, 500, before.low, before.close)


def test_of_a_late_trade_in_a_long_day_the_last_price_is_corrected_too() -> None:
    tally, fills = long_day()

    tally.bust(fills[-1][0], fills[-1][2], fills[-1][3])

    day = day_of(tally)
    assert day is not None
    assert day.close == fills[-2][2]
    assert day.volume == sum(quantity for *_, quantity in fills[:-1])
    minutes = tally.bars(Interval.MINUTE).snapshot()
    start = fills[-1][1] // Interval.MINUTE.ns * Interval.MINUTE.ns
    assert minutes[-1] == summed(start, [fill for fill in fills[:-1] if fill[1] >= start])


def test_a_trade_older_than_all_bars_that_are_kept_changes_none_of_them() -> None:
    tally, fills = long_day()
    before = tally.bars(Interval.SECOND).snapshot()

    tally.bust(fills[0][0], fills[0][2], fills[0][3])

    assert len(before) == KEPT_BARS
    assert tally.bars(Interval.SECOND).snapshot() == before
    assert tally.touched(Interval.SECOND) is None


def test_what_waits_is_added_up_before_it_grows_without_bound() -> None:
    tally = Tally()

    for number in range(3 * WAITING):
        tally.trade(number + 1, NOON, 100, 1)

    assert tally.day is not None
    assert tally.day.trades == 3 * WAITING


@settings(max_examples=30)
@given(cut=st.integers(0, 40), data=st.data())
def test_a_tally_that_is_seeded_goes_on_as_if_it_had_seen_everything(cut: int, data: st.DataObject) -> None:
    fills = [
        (number + 1, NOON + number * 7 * SECOND, 90 + number * 7 % 11, 1 + number % 3) for number in range(40)
    ]
    whole, seeded = Tally(), Tally()
    past = Naive(fills[:cut], fills[:cut])
    seeded.seed(past.day, {interval: past.bars(interval) for interval in Interval})
    for fill in fills:
        whole.trade(*fill)
        if fill[0] > cut:
            seeded.trade(*fill)
    undone = data.draw(st.sampled_from(fills))
    for tally in (whole, seeded):
        tally.bust(undone[0], undone[2], undone[3])

    for interval in Interval:
        assert seeded.bars(interval).snapshot() == whole.bars(interval).snapshot()
    assert seeded.day is not None
    assert whole.day is not None
    assert seeded.day.bar() == whole.day.bar()


def test_of_a_bar_that_began_on_an_earlier_trading_day_the_extremes_stay() -> None:
    tally = Tally()
    midnight = NOON - Interval.DAY.ns // 2
    day = Bar(midnight, 100, 120, 80, 110, 32, 3_220, 5)
    tally.seed([(7, NOON, 110, 1), (8, NOON, 110, 1)], {Interval.DAY: [day]})
    tally.trade(9, NOON + SECOND, 130, 1)

    for trade_id, price in ((9, 130), (7, 110), (3, 120)):
        tally.bust(trade_id, price, 1)

    assert tally.bars(Interval.DAY).snapshot() == [Bar(midnight, 100, 130, 80, 110, 31, 3_110, 4)]
    assert day_of(tally) == Bar(0, 110, 110, 110, 110, 1, 110, 1)

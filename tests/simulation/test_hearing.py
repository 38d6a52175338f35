"""All public channels reach a trader as they do over a wire, only later."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest

from protocol.market import (
    AuctionResult,
    Candle,
    DayStatistics,
    Indication,
    PhaseStatus,
    TradePrint,
)
from protocol.vocabulary import Phase
from simulation.feeds import Feed
from simulation.run import Run
from tests.simulation.test_agent import ACME, ran, scenario
from tests.support.noting import Notes
from traders.book_view import Depth
from traders.market.orders import OrderBook
from traders.scenario import scenario_of
from traders.strategies.intents import CancelOrder, Intent, ReplaceOrder

MS = 1_000_000


def trades(notes: Notes) -> list[Callable[[], Iterable[Intent]]]:
    """Every kind of change of a book, and trades."""
    return [
        lambda: [notes.sell(ACME, 5, at=100), notes.sell(ACME, 5, at=101), notes.buy(ACME, 4, at=98)],
        lambda: [notes.buy(ACME, 7, at=101)],
        lambda: [ReplaceOrder(3, None, 97)],
        lambda: [CancelOrder(3)],
    ]


def test_a_book_by_price_and_one_by_order_show_the_same() -> None:
    _, [notes] = ran(scenario(), trades)

    by_order, by_price = notes.of(OrderBook), notes.of(Depth)
    shown = [[(level.price, level.quantity) for level in book.asks] for book in by_order]
    assert shown[1:4] == [[(100, 5)], [(100, 5), (101, 5)], [(100, 5), (101, 5)]]
    assert by_order[-1].asks[0].orders == ((3, 3),)
    assert by_price[-1].asks == ((101, 3),)
    assert by_order[-1].bids == by_price[-1].bids == ()


def test_candles_and_statistics_add_up_to_the_trades() -> None:
    _, [notes] = ran(scenario(), trades)

    printed = notes.of(TradePrint)
    assert [(one.price, one.quantity) for one in printed] == [(100, 5), (101, 2)]
    bar, day = notes.of(Candle)[-1].bar, notes.of(DayStatistics)[-1]
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.trades) == (100, 101, 100, 101, 7, 2)
    assert (day.volume, day.trades) == (7, 2)


def test_an_auction_is_heard_of_from_the_first_order_to_its_result() -> None:
    venue = {
        "instruments": [{"symbol": "ACME"}],
        "schedule": [
            {"at": "09:30:00", "phase": "opening_auction"},
            {"at": "09:30:03", "phase": "continuous"},
        ],
    }

    def crosses(notes: Notes) -> list[Callable[[], Iterable[Intent]]]:
        return [lambda: [notes.buy(ACME, 5, at=101)], lambda: [notes.sell(ACME, 3, at=99)]]

    _, [notes] = ran(scenario(venue=venue), crosses)

    assert [status.phase for status in notes.of(PhaseStatus)] == [Phase.OPENING_AUCTION, Phase.CONTINUOUS]
    assert notes.of(Indication)[-1].volume == 3
    [result] = notes.of(AuctionResult)
    assert result.volume == 3
    late = [at_ns for at_ns, event in notes.heard if isinstance(event, AuctionResult)]
    assert late == [notes.heard[0][0] + 3_000 * MS + 10 * MS]


def test_whoever_hears_a_channel_is_first_told_how_things_stand() -> None:
    _, [notes] = ran(scenario(length_s=0.5))

    first = [type(event) for event in notes.told[1:]]
    assert first[:2] == [Depth, Depth]  # best prices, and three levels
    assert {OrderBook, DayStatistics, PhaseStatus} <= set(first)


@pytest.mark.parametrize("ns", [0, 5 * MS])
def test_traders_with_equal_links_hear_the_same_at_the_same_time(ns: int) -> None:
    jitter = {"model": "uniform", "low_ns": ns, "high_ns": ns + 1}

    _, [alone, twin, other] = ran(
        scenario({}, {}, {"latency": jitter}, latency={"model": "fixed", "ns": ns}), trades
    )

    def public(notes: Notes) -> list[Any]:
        return [one for one in notes.heard if isinstance(one[1], Depth | TradePrint | OrderBook | Candle)]

    assert len(public(alone)) > 10
    assert public(alone) == public(twin)
    assert [event for _, event in public(other)] == [event for _, event in public(twin)]


def test_events_of_an_audience_are_counted_one_by_one() -> None:
    counts = []
    for traders in (1, 2, 3):
        run, _ = ran(scenario({}, *[{}] * (traders - 1)), trades)
        counts.append(run.kernel.handled)

    assert counts[2] - counts[1] == counts[1] - counts[0] > 20


class BookAtTheTime:
    """Notes how the book stands whenever the feed says something."""

    def __init__(self, run: Run) -> None:
        self.wrong: list[Any] = []
        self.told = 0
        self._feed: Feed = run.market.feeds[ACME]
        for most in (1, 3, 10, None):
            self._feed.on_depth.setdefault(most, []).append(partial(self._compare, most))
        self._feed.tells_best = True
        self._feed.on_best.append(partial(self._compare, 1))

    def _compare(self, most: int | None, depth: Any) -> None:
        self.told += 1
        for side, levels in ((self._feed.book.bids, depth.bids), (self._feed.book.asks, depth.asks)):
            shown = [(level.price, level.displayed) for level in side.best_first() if level.displayed]
            if list(levels) != shown[:most]:
                self.wrong.append((depth, most))


@pytest.mark.parametrize("seed", range(3))
def test_feeds_equal_the_book_at_every_change(seed: int) -> None:
    chosen = scenario_of(
        {
            "venue": {"instruments": [{"symbol": "ACME"}]},
            "length_s": 120.0,
            "traders": [
                {"strategy": "noise", "count": 20, "interval_s": 0.5},
                {"strategy": "market_maker", "interval_s": 0.5},
                {"strategy": "iceberg_slicer", "parameters": {"side": "buy", "quantity_lots": 300}},
            ],
        },
        "place",
    )
    run = Run(chosen, place="place", seed=seed)
    book = BookAtTheTime(run)

    run.run()

    assert run.faults == []
    assert book.told > 1_000
    assert book.wrong == []

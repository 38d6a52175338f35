"""Streams whose every message says all: the last one counts, however many are missing before it."""

from protocol.market import (
    AuctionExtended,
    AuctionResult,
    BestPrices,
    DayStatistics,
    Indication,
    PhaseStatus,
)
from protocol.vocabulary import Phase, Side
from tests.traders.reports import ACME, NOW
from traders.book_view import Depth
from traders.market.complete import AuctionView, BestView, StatisticsView, StatusView

CALL = Indication(ACME, 12, 10, -35, 10_020)


def test_the_best_prices_are_a_book_of_one_level() -> None:
    view = BestView(ACME)
    assert (view.seq, view.view()) == (None, Depth(ACME, 0, (), ()))

    view.apply(BestPrices(ACME, 3, (99, 5), (101, 7)))
    view.apply(BestPrices(ACME, 9, None, (101, 7)))

    assert (view.seq, view.view()) == (9, Depth(ACME, 9, (), ((101, 7),)))
    assert view.view().best(Side.BUY) is None


def test_the_last_statistics_count() -> None:
    view = StatisticsView(ACME)
    assert (view.seq, view.view()) == (None, DayStatistics(ACME, 0, 0, 0, 0))

    view.apply(DayStatistics(ACME, 5, 9, 900, 2, 100, 100, 100, 100, 100))

    assert (view.seq, view.view().last) == (5, 100)


def test_a_change_of_phase_is_news_and_to_a_late_reader_how_it_stands() -> None:
    view = StatusView()
    assert view.standing() == ()
    change = PhaseStatus(ACME, 4, Phase.CLOSING_AUCTION, Phase.CONTINUOUS, NOW)

    assert view.apply(change) == (change,)

    assert view.standing() == (PhaseStatus(ACME, 4, Phase.CLOSING_AUCTION),)


def test_an_indication_stands_until_the_auction_is_held() -> None:
    view = AuctionView()
    extended = AuctionExtended(ACME, 13, NOW, 10_755)
    result = AuctionResult(ACME, 14, NOW, 10, -35, 10_020)

    assert (view.apply(CALL), view.standing()) == ((CALL,), (CALL,))
    assert (view.apply(extended), view.standing()) == ((extended,), (CALL,))
    assert (view.apply(result), view.standing()) == ((result,), ())

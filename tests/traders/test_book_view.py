"""The subscriber's copy of the book, by price level."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import ChecksumMismatch, SequenceGap
from protocol.market import DepthDelta
from protocol.vocabulary import Side
from tests.support.book_talk import BookTalk, snapshot_of
from tests.traders.reports import ACME
from traders.book_view import BookView, Depth

Levels = list[tuple[int, int]]


def talk_and_view(bids: Levels, asks: Levels, seq: int = 1) -> tuple[BookTalk, BookView]:
    """A venue's book, and the copy of a subscriber who has its snapshot."""
    talk, view = BookTalk(seq, bids, asks), BookView(ACME)
    view.apply(talk.snapshot())
    return talk, view


def view_of(bids: Levels, asks: Levels) -> BookView:
    return talk_and_view(bids, asks)[1]


def test_a_snapshot_is_the_whole_book_best_first() -> None:
    view = view_of([(99, 5), (98, 2)], [(101, 1), (103, 7)])

    depth = view.view()

    assert depth == Depth(ACME, 1, ((99, 5), (98, 2)), ((101, 1), (103, 7)))
    assert (depth.best_bid, depth.best_ask, depth.mid, depth.spread) == (99, 101, 100, 2)
    assert (view.best_bid, view.best_ask, view.mid, view.spread) == (99, 101, 100, 2)
    assert (depth.levels(Side.BUY), depth.levels(Side.SELL)) == (depth.bids, depth.asks)
    assert (depth.levels(Side.BUY, 1), view.levels(Side.SELL, 1)) == (((99, 5),), ((101, 1),))


def test_a_delta_adds_changes_and_removes_price_levels() -> None:
    talk, view = talk_and_view([(99, 5), (98, 2)], [(101, 1)])

    view.apply(talk.delta([(99, 0), (97, 4), (98, 3)], [(100, 6)]))

    assert view.view() == Depth(ACME, 2, ((98, 3), (97, 4)), ((100, 6), (101, 1)))


def test_removing_a_level_that_is_not_there_changes_nothing() -> None:
    talk, view = talk_and_view([(99, 5)], [])

    view.apply(DepthDelta(ACME, 2, talk.checksum, [(98, 0)], [(101, 0)]))

    assert view.view() == Depth(ACME, 2, ((99, 5),), ())


def test_a_view_shows_at_most_the_levels_asked_for() -> None:
    view = view_of([(99, 5), (98, 2), (97, 1)], [(101, 1), (103, 7), (104, 1)])

    assert view.view(2) == Depth(ACME, 1, ((99, 5), (98, 2)), ((101, 1), (103, 7)))
    assert view.view(9) == view.view()
    assert view.view(0) == Depth(ACME, 1, (), ())


def test_an_empty_side_has_no_best_price_and_no_mid() -> None:
    view = view_of([(99, 5)], [])

    for book in (view, view.view()):
        assert (book.best_ask, book.mid, book.spread, book.microprice) == (None, None, None, None)
        assert (book.best(Side.BUY), book.best(Side.SELL)) == ((99, 5), None)
        assert not book.is_crossed


def test_a_book_in_a_call_may_be_crossed_and_is_shown_as_it_is() -> None:
    view = view_of([(103, 5), (98, 2)], [(97, 1), (103, 7)])

    depth = view.view()

    assert (depth.best_bid, depth.best_ask, depth.spread, depth.mid) == (103, 97, -6, 100)
    assert depth.is_crossed
    assert not view_of([(99, 5)], [(100, 1)]).is_crossed


def test_the_mid_is_rounded_down() -> None:
    assert view_of([(99, 1)], [(102, 1)]).view().mid == 100


def test_the_microprice_leans_to_the_side_where_less_waits() -> None:
    view = view_of([(99, 30), (98, 1)], [(103, 10)])

    assert view.microprice == view.view().microprice == 102.0
    assert view_of([(99, 10)], [(103, 10)]).microprice == 101.0


def test_the_imbalance_compares_quantities_over_as_many_levels_as_asked_for() -> None:
    view = view_of([(99, 30), (98, 10)], [(103, 10), (104, 50)])

    for book in (view, view.view()):
        assert (book.imbalance(), book.imbalance(2), book.imbalance(9)) == (0.5, -0.2, -0.2)
    assert view_of([(99, 3)], []).imbalance() == 1.0
    assert view_of([], [(99, 3)]).imbalance() == -1.0
    assert view_of([], []).imbalance() is None


def test_ratios_of_quantities_beyond_every_float_are_right() -> None:
    view = view_of([(10**15, 3 * 10**400)], [(10**15 + 4, 10**400)])

    assert view.imbalance() == 0.5
    assert view.microprice == 10**15 + 3


@pytest.mark.parametrize("received", [1, 3, 9])
def test_a_delta_that_does_not_follow_raises_and_empties_the_view(received: int) -> None:
    talk, view = talk_and_view([(99, 5)], [(101, 1)])
    talk.seq = received - 1

    with pytest.raises(SequenceGap) as caught:
        view.apply(talk.delta([(98, 1)]))

    assert (caught.value.expected, caught.value.received) == (2, received)
    assert view.seq is None
    assert view.view().bids == ()


def test_a_delta_before_any_snapshot_raises() -> None:
    with pytest.raises(SequenceGap):
        BookView(ACME).apply(BookTalk().delta([(98, 1)]))


def test_after_a_gap_only_a_snapshot_helps() -> None:
    _, view = talk_and_view([(99, 5)], [])
    later = BookTalk(2, [(99, 5)])
    for _ in range(2):
        with pytest.raises(SequenceGap):
            view.apply(later.delta([(99, 6)]))

    talk = BookTalk(9, [(95, 1)])
    view.apply(talk.snapshot())
    view.apply(talk.delta([(94, 2)]))

    assert view.view() == Depth(ACME, 10, ((95, 1), (94, 2)), ())


def test_a_snapshot_in_the_middle_replaces_everything() -> None:
    view = view_of([(99, 5)], [(101, 1)])

    view.apply(snapshot_of(20, [(90, 1)]))

    assert view.view() == Depth(ACME, 20, ((90, 1),), ())


@pytest.mark.parametrize("talk", [BookTalk(1, [(99, 5)]), BookTalk(1, [(99, 4)], [(101, 1)])])
def test_a_copy_that_went_wrong_is_found_by_its_checksum(talk: BookTalk) -> None:
    view = view_of([(99, 5)], [(101, 1)])
    message = talk.delta([(98, 1)])

    with pytest.raises(ChecksumMismatch) as caught:
        view.apply(message)

    right = BookTalk(2, [(99, 5), (98, 1)], [(101, 1)]).checksum
    assert (caught.value.seq, caught.value.expected, caught.value.received) == (2, message.checksum, right)
    assert "depth of ACME: checksum at number 2 should be" in str(caught.value)
    assert (view.seq, view.best_bid) == (None, None)


def test_a_wrong_snapshot_is_found_by_its_checksum() -> None:
    view = view_of([(99, 5)], [])
    wrong = snapshot_of(3, [(98, 5)])

    with pytest.raises(ChecksumMismatch):
        view.apply(type(wrong)(ACME, 3, wrong.checksum + 1, wrong.bids, wrong.asks))

    assert view.seq is None


levels = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 3)), max_size=20)


@given(st.lists(st.tuples(levels, levels), max_size=12))
def test_any_run_of_deltas_gives_the_book_a_dictionary_would(deltas: list[tuple[Levels, Levels]]) -> None:
    talk, view = talk_and_view([], [], seq=0)

    for bids, asks in deltas:
        view.apply(talk.delta(dict(bids).items(), dict(asks).items()))

    assert view.view() == Depth(ACME, len(deltas), tuple(talk.bids), tuple(talk.asks))

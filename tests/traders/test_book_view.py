"""The subscriber's copy of the book."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import SequenceGap
from protocol.market import DepthDelta, DepthSnapshot
from protocol.vocabulary import Side
from tests.traders.reports import ACME
from traders.book_view import BookView, Depth


def view_of(bids: list[tuple[int, int]], asks: list[tuple[int, int]], seq: int = 1) -> BookView:
    view = BookView(ACME)
    view.apply(DepthSnapshot(ACME, seq, 0, bids, asks))
    return view


def test_a_snapshot_is_the_whole_book_best_first() -> None:
    view = view_of([(99, 5), (98, 2)], [(101, 1), (103, 7)])

    depth = view.view()

    assert depth == Depth(ACME, 1, ((99, 5), (98, 2)), ((101, 1), (103, 7)))
    assert (depth.best_bid, depth.best_ask, depth.mid, depth.spread) == (99, 101, 100, 2)
    assert (view.best_bid, view.best_ask, view.mid) == (99, 101, 100)
    assert (depth.levels(Side.BUY), depth.levels(Side.SELL)) == (depth.bids, depth.asks)


def test_a_delta_adds_changes_and_removes_price_levels() -> None:
    view = view_of([(99, 5), (98, 2)], [(101, 1)])

    view.apply(DepthDelta(ACME, 2, 0, [(99, 0), (97, 4), (98, 3)], [(100, 6)]))

    assert view.view() == Depth(ACME, 2, ((98, 3), (97, 4)), ((100, 6), (101, 1)))


def test_removing_a_level_that_is_not_there_changes_nothing() -> None:
    view = view_of([(99, 5)], [])

    view.apply(DepthDelta(ACME, 2, 0, [(98, 0)], [(101, 0)]))

    assert view.view() == Depth(ACME, 2, ((99, 5),), ())


def test_a_view_shows_at_most_the_levels_asked_for() -> None:
    view = view_of([(99, 5), (98, 2), (97, 1)], [(101, 1), (103, 7), (104, 1)])

    assert view.view(2) == Depth(ACME, 1, ((99, 5), (98, 2)), ((101, 1), (103, 7)))
    assert view.view(0) == Depth(ACME, 1, (), ())


def test_an_empty_side_has_no_best_price_and_no_mid() -> None:
    view = view_of([(99, 5)], [])

    depth = view.view()

    assert (depth.best_ask, depth.mid, depth.spread, view.best_ask, view.mid) == (
        None,
        None,
        None,
        None,
        None,
    )


def test_a_book_in_a_call_may_be_crossed_and_is_shown_as_it_is() -> None:
    view = view_of([(103, 5), (98, 2)], [(97, 1), (103, 7)])

    depth = view.view()

    assert (depth.best_bid, depth.best_ask, depth.spread, depth.mid) == (103, 97, -6, 100)
    assert depth.is_crossed
    assert not view_of([(99, 5)], [(100, 1)]).view().is_crossed


def test_the_mid_is_rounded_down() -> None:
    assert view_of([(99, 1)], [(102, 1)]).view().mid == 100


@pytest.mark.parametrize("received", [1, 3, 9])
def test_a_delta_that_does_not_follow_raises_and_empties_the_view(received: int) -> None:
    view = view_of([(99, 5)], [(101, 1)])

    with pytest.raises(SequenceGap) as caught:
        view.apply(DepthDelta(ACME, received, 0, [(98, 1)]))

    assert (caught.value.expected, caught.value.received) == (2, received)
    assert view.seq is None
    assert view.view().bids == ()


def test_a_delta_before_any_snapshot_raises() -> None:
    with pytest.raises(SequenceGap):
        BookView(ACME).apply(DepthDelta(ACME, 1, 0, [(98, 1)]))


def test_after_a_gap_only_a_snapshot_helps() -> None:
    view = view_of([(99, 5)], [])
    with pytest.raises(SequenceGap):
        view.apply(DepthDelta(ACME, 3, 0, []))
    with pytest.raises(SequenceGap):
        view.apply(DepthDelta(ACME, 4, 0, []))

    view.apply(DepthSnapshot(ACME, 9, 0, [(95, 1)], []))
    view.apply(DepthDelta(ACME, 10, 0, [(94, 2)]))

    assert view.view() == Depth(ACME, 10, ((95, 1), (94, 2)), ())


def test_a_snapshot_in_the_middle_replaces_everything() -> None:
    view = view_of([(99, 5)], [(101, 1)])

    view.apply(DepthSnapshot(ACME, 20, 0, [(90, 1)], []))

    assert view.view() == Depth(ACME, 20, ((90, 1),), ())


levels = st.lists(st.tuples(st.integers(1, 12), st.integers(0, 3)), max_size=6)


@given(st.lists(st.tuples(levels, levels), max_size=12))
def test_any_run_of_deltas_gives_the_book_a_dictionary_would(
    deltas: list[tuple[list[tuple[int, int]], ...]],
) -> None:
    view = view_of([], [], seq=0)
    naive: tuple[dict[int, int], dict[int, int]] = ({}, {})

    for seq, delta in enumerate(deltas, 1):
        for side, changes in zip(naive, delta, strict=True):
            side.update(changes)
        view.apply(DepthDelta(ACME, seq, 0, delta[0], delta[1]))

    bids, asks = ({price: quantity for price, quantity in side.items() if quantity} for side in naive)
    assert view.view().bids == tuple(sorted(bids.items(), reverse=True))
    assert view.view().asks == tuple(sorted(asks.items()))

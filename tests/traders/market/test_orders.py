"""The subscriber's copy of the book, order by order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import ImpossibleChange, SequenceGap
from protocol.market import (
    OrderAdded,
    OrderChange,
    OrderDeleted,
    OrderExecuted,
    OrderReduced,
    OrdersDelta,
    OrdersSnapshot,
)
from protocol.vocabulary import Side
from tests.traders.reports import ACME
from traders.market.orders import OrderBook, OrderLevel, OrdersView, Place


def view_of(bids: list[tuple[int, int, int]], asks: list[tuple[int, int, int]]) -> OrdersView:
    view = OrdersView(ACME)
    view.apply(OrdersSnapshot(ACME, 1, bids, asks))
    return view


def example() -> OrdersView:
    """Three bids at 99, one at 98; one offer at 101."""
    return view_of([(1, 99, 10), (4, 99, 20), (2, 99, 5), (3, 98, 7)], [(5, 101, 8)])


def change(view: OrdersView, *changes: OrderChange) -> None:
    assert view.seq is not None
    view.apply(OrdersDelta(ACME, view.seq + 1, list(changes)))


def bids(view: OrdersView) -> list[tuple[int, tuple[tuple[int, int], ...]]]:
    return [(level.price, level.orders) for level in view.view().bids]


def test_a_snapshot_is_every_order_in_its_queue() -> None:
    view = example()

    assert view.view() == OrderBook(
        ACME,
        1,
        (OrderLevel(99, 35, ((1, 10), (4, 20), (2, 5))), OrderLevel(98, 7, ((3, 7),))),
        (OrderLevel(101, 8, ((5, 8),)),),
    )
    assert view.view(1).bids == view.view().bids[:1]
    assert (len(view), 4 in view, 6 in view) == (5, True, False)


def test_both_kinds_of_views_tell_prices_and_ratios() -> None:
    view = example()

    for book in (view, view.view()):
        assert (book.best_bid, book.best_ask, book.mid, book.spread) == (99, 101, 100, 2)
        assert (book.best(Side.BUY), book.best(Side.SELL)) == ((99, 35), (101, 8))
        assert book.levels(Side.BUY) == ((99, 35), (98, 7))
        assert book.levels(Side.BUY, 1) == ((99, 35),)
        assert book.imbalance(2) == (42 - 8) / 50
        assert book.microprice == (99 * 8 + 101 * 35) / 43


def test_the_place_of_an_order_says_what_is_ahead_of_it() -> None:
    view = example()

    for book in (view, view.view()):
        assert book.place(2) == Place(2, Side.BUY, 99, 5, 2, 30)
        assert book.place(1) == Place(1, Side.BUY, 99, 10, 0, 0)
        assert book.place(5) == Place(5, Side.SELL, 101, 8, 0, 0)
        assert book.place(6) is None


def test_an_order_moves_up_as_those_ahead_of_it_trade_shrink_and_leave() -> None:
    view = example()
    places = [view.place(2)]

    for one in (OrderExecuted(1, 4, 900), OrderReduced(4, 15), OrderExecuted(1, 6, 901), OrderDeleted(4)):
        change(view, one)
        places.append(view.place(2))

    assert [(place.position, place.ahead) for place in places if place] == [
        (2, 30), (2, 26), (2, 11), (1, 5), (0, 0),
    ]  # fmt: skip


def test_who_comes_stands_behind_all_others_and_makes_a_level_if_there_is_none() -> None:
    view = example()

    change(view, OrderAdded(6, Side.BUY, 98, 1), OrderAdded(7, Side.BUY, 100, 2))

    assert bids(view) == [
        (100, ((7, 2),)), (99, ((1, 10), (4, 20), (2, 5))), (98, ((3, 7), (6, 1))),
    ]  # fmt: skip


def test_a_level_goes_with_its_last_order() -> None:
    view = example()

    change(view, OrderExecuted(5, 8, 900), OrderDeleted(3))

    assert bids(view) == [(99, ((1, 10), (4, 20), (2, 5)))]
    assert view.view().asks == ()
    assert view.place(5) is None


def test_a_peak_that_is_exhausted_comes_again_behind_the_others() -> None:
    view = example()

    change(view, OrderExecuted(1, 10, 900), OrderAdded(1, Side.BUY, 99, 10))

    assert bids(view)[0] == (99, ((4, 20), (2, 5), (1, 10)))
    assert view.place(1) == Place(1, Side.BUY, 99, 10, 2, 25)


def test_a_view_does_not_change_after_it_was_made() -> None:
    view = example()
    before = view.view()

    change(view, OrderDeleted(1), OrderDeleted(3))

    assert before == example().view()
    assert view.view().asks[0] is before.asks[0], "what did not change is shared"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (OrderAdded(1, Side.SELL, 105, 1), "adds order 1, which is there"),
        (OrderAdded(9, Side.SELL, 105, 0), "adds order 9 with 0"),
        (OrderDeleted(9), "changes order 9, which is not there"),
        (OrderExecuted(9, 1, 900), "changes order 9, which is not there"),
        (OrderReduced(1, 11), "takes 1 too much of order 1"),
        (OrderExecuted(1, 12, 900), "takes 2 too much of order 1"),
        (OrderReduced(1, -1), "takes -1 of order 1"),
    ],
)
def test_a_change_that_can_not_be_raises_and_empties_the_view(wrong: OrderChange, why: str) -> None:
    view = example()

    with pytest.raises(ImpossibleChange, match=f"orders of ACME: number 2 {why}"):
        change(view, OrderDeleted(3), wrong)

    assert (view.seq, len(view), view.view().bids) == (None, 0, ())


def test_a_snapshot_with_an_order_twice_raises() -> None:
    with pytest.raises(ImpossibleChange):
        view_of([(1, 99, 10)], [(1, 101, 10)])


@pytest.mark.parametrize("seq", [1, 3])
def test_a_delta_that_does_not_follow_raises_and_a_snapshot_helps(seq: int) -> None:
    view = example()

    with pytest.raises(SequenceGap, match=f"orders of ACME: expected number 2, received {seq}"):
        view.apply(OrdersDelta(ACME, seq, []))
    with pytest.raises(SequenceGap):
        view.apply(OrdersDelta(ACME, 4, []))
    view.apply(OrdersSnapshot(ACME, 9, [(8, 90, 1)], []))

    assert bids(view) == [(90, ((8, 1),))]


def test_nothing_comes_before_the_snapshot() -> None:
    with pytest.raises(SequenceGap):
        OrdersView(ACME).apply(OrdersDelta(ACME, 1, []))


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers(95, 104), st.integers(1, 5))))
def test_any_flow_gives_the_queues_that_lists_would(flow: list[tuple[int, bool, int, int]]) -> None:
    view = view_of([], [])
    naive: list[tuple[int, Side, int, int]] = []  # as they came

    for number, is_buy, price, quantity in flow:
        found = next((one for one in naive if one[0] == number), None)
        if found is None:
            side = Side.BUY if is_buy else Side.SELL
            naive.append((number, side, price, quantity))
            change(view, OrderAdded(number, side, price, quantity))
        elif found[3] <= quantity:
            naive.remove(found)
            change(view, OrderExecuted(number, found[3], 900) if is_buy else OrderDeleted(number))
        else:
            naive[naive.index(found)] = (*found[:3], found[3] - quantity)
            change(view, OrderExecuted(number, quantity, 900) if is_buy else OrderReduced(number, quantity))

    for side in Side:
        prices = sorted({one[2] for one in naive if one[1] is side}, reverse=side is Side.BUY)
        queues = [
            (price, tuple([(n, q) for n, where, at, q in naive if (where, at) == (side, price)]))
            for price in prices
        ]
        assert [(level.price, level.orders) for level in view.view().queues(side)] == queues
        assert list(view.levels(side)) == [(price, sum([q for _, q in queue])) for price, queue in queues]
    for number, *_ in naive:
        assert view.place(number) == view.view().place(number)

"""Orders that trade whole or not at all: rule 51."""

import pytest

from exchange.engine.events import Trade
from protocol.vocabulary import Allocation, OrderType, Phase, Price, Quantity, SelfTrade, Side, TimeInForce
from tests.support.books import (
    MAKER,
    TAKER,
    Market,
    asks,
    bids,
    book_of,
    buy,
    cancel,
    enter,
    in_phase,
    instrument,
    last_price,
    phase,
    picture,
    replace,
    told,
    trades,
)


def resting(*orders: tuple[str, Quantity, Price, bool], side: Side = Side.SELL) -> Market:
    """Orders of one side, oldest first: name, quantity, price, whether all or none."""
    book = book_of()
    for name, quantity, price, whole in orders:
        book.submit(enter(side, quantity, price, name=name, owner=MAKER, all_or_none=whole))
    return book


# -- at rest ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("side", Side)
def test_aggressor_that_is_too_small_skips_it_and_rests_across_from_it(side: Side) -> None:
    """Rules 5 and 51: the one case in which the book looks crossed."""
    book = resting(("whole", 10, 100, True), side=side.opposite)

    events = book.submit(enter(side, 9, 100))

    assert told(events) == ["new accepted"]
    assert (bids(book), asks(book)) == (
        ([(100, 9)], [(100, 10)]) if side is Side.BUY else ([(100, 10)], [(100, 9)])
    )


@pytest.mark.parametrize(("quantity", "rests"), [(10, 0), (12, 2)])
def test_aggressor_that_is_large_enough_takes_it_whole(quantity: Quantity, rests: Quantity) -> None:
    """Rule 51."""
    book = resting(("whole", 10, 100, True))

    events = book.submit(buy(quantity, at=100))

    assert told(events) == ["new accepted", "new with whole: 10 at 100"]
    assert picture(book) == ([("bid", 100, "new", rests)] if rests else [])


def test_orders_behind_one_that_is_skipped_trade() -> None:
    """Rules 2 and 51: skipping is not stopping, at its price and beyond."""
    book = resting(("whole", 10, 100, True), ("b", 5, 100, False), ("c", 3, 101, False))

    events = book.submit(buy(9, at=101))

    assert trades(events) == [("b", 100, 5), ("c", 101, 3)]
    assert picture(book) == [("bid", 101, "new", 1), ("ask", 100, "whole", 10)]


def test_what_an_aggressor_has_left_when_it_comes_there_decides() -> None:
    """Rule 51: 12 were enough for it, the 7 left after the older order are not."""
    book = resting(("a", 5, 100, False), ("whole", 10, 100, True), ("b", 9, 100, False))

    events = book.submit(buy(12, at=100))

    assert trades(events) == [("a", 100, 5), ("b", 100, 7)]


def test_own_order_that_is_skipped_is_not_reached() -> None:
    """Rules 31 and 51: self-trade prevention has nothing to prevent."""
    book = resting(("whole", 10, 100, True))

    events = book.submit(buy(9, at=100, owner=MAKER, self_trade=SelfTrade.CANCEL_BOTH))

    assert told(events) == ["new accepted"]


# -- looked at again -------------------------------------------------------------------------------
@pytest.mark.parametrize("side", Side)
def test_it_is_looked_at_again_whenever_opposite_interest_rests(side: Side) -> None:
    """Rules 1 and 51: then it is the aggressor, and trades at the prices of those that rest."""
    worse = 99 if side is Side.SELL else 101
    book = resting(("whole", 10, worse, True), side=side)
    book.submit(enter(side.opposite, 6, 100, name="one"))

    events = book.submit(enter(side.opposite, 6, worse, name="two"))

    assert told(events) == ["two accepted", "whole with one: 6 at 100", f"whole with two: 4 at {worse}"]
    assert [event.aggressor for event in events if isinstance(event, Trade)] == [side, side]
    assert [(name, quantity) for _, _, name, quantity in picture(book)] == [("two", 2)]


def test_one_lot_short_it_waits_on() -> None:
    """Rule 51."""
    book = resting(("whole", 10, 100, True))
    book.submit(buy(5, at=100, name="one"))

    short = book.submit(buy(4, at=100, name="two"))
    enough = book.submit(buy(1, at=100, name="three"))

    assert told(short) == ["two accepted"]
    assert told(enough) == [
        "three accepted",
        "whole with one: 5 at 100",
        "whole with two: 4 at 100",
        "whole with three: 1 at 100",
    ]


def test_several_are_looked_at_in_their_priority() -> None:
    """Rules 2 and 51: the better price takes what both wait for."""
    book = resting(("far", 9, 101, True), ("near", 9, 100, True))
    book.submit(buy(5, at=101, name="one"))

    events = book.submit(buy(5, at=101, name="two"))

    assert told(events) == ["two accepted", "near with one: 5 at 101", "near with two: 4 at 101"]
    assert picture(book) == [("bid", 101, "two", 1), ("ask", 101, "far", 9)]


def test_order_that_moves_there_is_new_interest_too() -> None:
    """Rules 11 and 51: a replace rests anew."""
    book = resting(("whole", 10, 100, True))
    book.submit(buy(6, at=100, name="one"))
    book.submit(buy(4, at=90, name="two"))

    events = book.submit(replace("two", price=100, owner=TAKER))

    assert told(events) == [
        "two replaced: 4 at 100, goes to the back",
        "whole with one: 6 at 100",
        "whole with two: 4 at 100",
    ]


def test_order_that_an_activated_stop_leaves_is_new_interest_too() -> None:
    """Rules 28 and 51."""
    book = resting(("whole", 10, 100, True))
    book.submit(buy(6, at=100, name="one"))
    book.submit(buy(4, at=100, name="s", order_type=OrderType.STOP_LIMIT, stop_price=50))

    events = book.submit(last_price(50))

    assert told(events)[1:] == ["s triggered at 50", "whole with one: 6 at 100", "whole with s: 4 at 100"]


def test_interest_that_is_gone_counts_no_more() -> None:
    """Rule 51."""
    book = resting(("whole", 10, 100, True))
    book.submit(buy(6, at=100, name="one"))
    book.submit(cancel("one", TAKER))

    events = book.submit(buy(4, at=100, name="two"))

    assert told(events) == ["two accepted"]


# -- as an aggressor -------------------------------------------------------------------------------
@pytest.mark.parametrize(("quantity", "fills"), [(8, True), (9, True), (10, False)])
def test_it_trades_only_if_it_can_be_filled_whole(quantity: Quantity, fills: bool) -> None:
    """Rule 51: an exact fit fills, one lot short it rests with nothing executed."""
    book = resting(("a", 4, 100, False), ("b", 5, 101, False))

    events = book.submit(buy(quantity, at=101, all_or_none=True))

    assert trades(events) == ([("a", 100, 4), ("b", 101, quantity - 4)] if fills else [])
    assert bids(book) == ([] if fills else [(101, quantity)])


@pytest.mark.parametrize(
    ("time_in_force", "reason"),
    [(TimeInForce.IOC, "immediate_or_cancel"), (TimeInForce.FOK, "fill_or_kill")],
)
def test_it_is_canceled_if_it_must_not_rest(time_in_force: TimeInForce, reason: str) -> None:
    """Rules 13, 14 and 51."""
    book = resting(("a", 9, 100, False))

    events = book.submit(buy(10, at=100, all_or_none=True, time_in_force=time_in_force))

    assert told(events) == ["new accepted", f"new canceled 10: {reason}"]
    assert asks(book) == [(100, 9)]


def test_market_order_that_can_not_be_whole_ends_without_liquidity() -> None:
    """Rules 18 and 51."""
    book = resting(("a", 9, 100, False))

    events = book.submit(buy(10, all_or_none=True))

    assert told(events) == ["new accepted", "new canceled 10: no_liquidity"]


def test_two_of_them_meet_only_if_they_are_equal() -> None:
    """Rule 51: each must be whole."""
    book = resting(("whole", 10, 100, True))

    smaller = book.submit(buy(9, at=100, name="1", all_or_none=True))
    larger = book.submit(buy(11, at=100, name="2", all_or_none=True))
    equal = book.submit(buy(10, at=100, name="3", all_or_none=True))

    assert told(smaller) + told(larger) == ["1 accepted", "2 accepted"]
    assert told(equal) == ["3 accepted", "3 with whole: 10 at 100"]


# -- giving way ------------------------------------------------------------------------------------
@pytest.mark.parametrize("side", Side)
def test_ordinary_orders_give_way_so_far_that_one_behind_them_can_be_whole(side: Side) -> None:
    """Rule 51, its example: 200 and 400 there, and nothing at the next level."""
    next_level = 101 if side is Side.BUY else 99
    book = resting(
        ("plain", 400, 100, False),
        ("whole", 400, 100, True),
        ("next", 400, next_level, False),
        side=side.opposite,
    )

    events = book.submit(enter(side, 600, next_level, all_or_none=True))

    assert trades(events) == [("plain", 100, 200), ("whole", 100, 400)]
    assert sorted((name, quantity) for _, _, name, quantity in picture(book)) == [
        ("next", 400),
        ("plain", 200),
    ]


def test_nobody_gives_way_to_an_ordinary_aggressor() -> None:
    """Rule 51, its example with an ordinary order: it takes what it meets."""
    book = resting(("plain", 400, 100, False), ("whole", 400, 100, True), ("next", 400, 101, False))

    events = book.submit(buy(600, at=101))

    assert trades(events) == [("plain", 100, 400), ("next", 101, 200)]


def test_fill_or_kill_is_given_way_as_well() -> None:
    """Rules 14 and 51: it is whole or nothing too."""
    book = resting(("plain", 400, 100, False), ("whole", 400, 100, True))

    events = book.submit(buy(600, at=100, time_in_force=TimeInForce.FOK))

    assert trades(events) == [("plain", 100, 200), ("whole", 100, 400)]


@pytest.mark.parametrize(
    ("orders", "wanted", "met"),
    [
        # Nobody needs to give way.
        ([("a", 4, 100, False), ("w", 4, 100, True)], 4, [("a", 100, 4)]),
        ([("a", 4, 100, False), ("w", 4, 100, True)], 8, [("a", 100, 4), ("w", 100, 4)]),
        ([("w", 4, 100, True), ("a", 4, 100, False)], 6, [("w", 100, 4), ("a", 100, 2)]),
        # The last one gives way to the first.
        ([("a", 4, 100, False), ("b", 4, 100, False), ("w", 6, 101, True)], 9, [("a", 100, 3), ("w", 101, 6)]),
        # The second does not fit beside the first, a little of the third does.
        ([("v", 5, 100, True), ("w", 4, 100, True), ("a", 2, 100, False)], 6, [("v", 100, 5), ("a", 100, 1)]),
        # Too large for what is wanted: as if it were not there.
        ([("w", 9, 100, True), ("a", 4, 100, False)], 4, [("a", 100, 4)]),
        ([("w", 9, 100, True), ("a", 4, 100, False)], 5, []),
        # Together enough, but not in any way that is exact.
        ([("v", 5, 100, True), ("w", 5, 100, True)], 8, []),
    ],
)  # fmt: skip
def test_whole_order_is_made_up_of_what_fits(
    orders: list[tuple[str, Quantity, Price, bool]], wanted: Quantity, met: list[tuple[str, Price, Quantity]]
) -> None:
    """Rule 51: in priority order, earlier ordinary orders giving way where they must."""
    book = resting(*orders)
    before = picture(book)

    events = book.submit(buy(wanted, at=101, all_or_none=True))

    assert trades(events) == met
    if not met:
        assert picture(book) == [("bid", 101, "new", wanted), *before]


# -- elsewhere -------------------------------------------------------------------------------------
def test_it_takes_no_part_in_an_auction_and_is_there_when_trading_goes_on() -> None:
    """Rules 37 and 51."""
    book = resting(("whole", 5, 100, True))
    book.submit(phase(Phase.INTRADAY_AUCTION))
    book.submit(buy(5, at=100, name="b"))

    events = book.submit(phase(Phase.CONTINUOUS))

    assert told(events) == [
        "auction without a price",
        "intraday_auction to continuous",
        "whole with b: 5 at 100",
    ]


def test_it_is_not_taken_in_a_call_nor_where_shares_are_divided() -> None:
    """Rules 34 and 39: such an order has no place there."""
    call = in_phase(Phase.CLOSING_AUCTION).submit(buy(5, at=100, all_or_none=True))
    shares = book_of("", instrument(allocation=Allocation.PRO_RATA)).submit(buy(5, at=100, all_or_none=True))

    assert told(call) == ["new refused: wrong_phase"]
    assert told(shares) == ["new refused: conflicting_fields"]


@pytest.mark.parametrize(
    ("quantity", "met", "rests"),
    [(9, [("a", 100, 4), ("b", 101, 5)], []), (10, [], [("bid", 101, "whole", 10)])],
)
def test_replace_that_crosses_trades_whole_or_rests_there(
    quantity: Quantity, met: list[tuple[str, Price, Quantity]], rests: list[tuple[str, Price, str, Quantity]]
) -> None:
    """Rules 11, 12 and 51: it is never killed, so nothing is refused."""
    book = resting(("a", 4, 100, False), ("b", 5, 101, False))
    book.submit(buy(3, at=90, name="whole", all_or_none=True))

    events = book.submit(replace("whole", price=101, quantity=quantity, owner=TAKER))

    assert trades(events) == met
    assert [order for order in picture(book) if order[2] == "whole"] == rests


@pytest.mark.parametrize("mode", [SelfTrade.CANCEL_AGGRESSOR, SelfTrade.CANCEL_BOTH, SelfTrade.DECREMENT])
def test_nobody_gives_way_behind_an_own_order_that_would_stop_the_aggressor(mode: SelfTrade) -> None:
    """Rules 14, 31, 51: nothing behind it counts, and nothing happens."""
    book = resting(("plain", 4, 100, False), ("whole", 4, 100, True))
    book.submit(enter(Side.SELL, 1, 99, name="own"))

    events = book.submit(buy(6, at=100, all_or_none=True, self_trade=mode))

    assert told(events) == ["new accepted"]


def test_nobody_gives_way_beyond_the_corridor() -> None:
    """Rules 38 and 51: what would be outside can not make anything whole."""
    book = book_of("| 100 | 4 a", instrument(dynamic_corridor=5))
    book.submit(enter(Side.SELL, 4, 106, name="whole", owner=MAKER, all_or_none=True))
    book.submit(last_price(100))

    events = book.submit(buy(6, at=106, all_or_none=True))

    assert told(events) == ["new accepted"]


def test_market_orders_that_rest_help_to_make_it_whole() -> None:
    """Rules 51 and 52: they come first, and give way first."""
    book = book_of("", instrument(market_remainder_rests=True))
    book.submit(enter(Side.SELL, 4, name="m", owner=MAKER))
    book.submit(enter(Side.SELL, 4, 100, name="whole", owner=MAKER, all_or_none=True))

    events = book.submit(buy(6, at=100, all_or_none=True))

    assert trades(events) == [("m", 100, 2), ("whole", 100, 4)]


def test_fill_or_kill_finds_nothing_beyond_its_limit() -> None:
    """Rules 14 and 51."""
    book = resting(("whole", 4, 100, True))

    events = book.submit(buy(4, at=99, time_in_force=TimeInForce.FOK))

    assert told(events) == ["new accepted", "new canceled 4: fill_or_kill"]

"""Corners where one rule meets another, and each has its say.

Most of these were once wrong in this engine: the model of the rules that the properties run found them.
"""

from typing import Any

import pytest

from exchange.engine.commands import EndDay, EnterOrder, ReplaceOrder
from exchange.engine.events import OrderReplaced
from protocol.vocabulary import Allocation, OrderType, Phase, PostOnly, SelfTrade, Side, TimeInForce
from tests.support.books import (
    MAKER,
    TAKER,
    asks,
    bids,
    book_of,
    buy,
    call_of,
    cancel,
    enter,
    in_phase,
    instrument,
    last_price,
    phase,
    picture,
    reduce,
    replace,
    sell,
    stop,
    told,
    trades,
    waiting,
)

RESTS = instrument(market_remainder_rests=True)
AT_THE_CLOSE = TimeInForce.AT_THE_CLOSE
CANCEL_MAKER = SelfTrade.CANCEL_MAKER


# -- protection ------------------------------------------------------------------------------------
@pytest.mark.parametrize(("side", "price"), [(Side.BUY, 100), (Side.SELL, 105)])
def test_protection_price_off_the_tick_is_rounded_to_the_passive_side(side: Side, price: int) -> None:
    """Rules 8 and 17: the rest of a protected market order needs a price that is one."""
    book = book_of("", instrument(market_remainder_rests=True, tick_table=[(100, 5)]))
    best = 98 if side is Side.BUY else 105
    book.submit(enter(side.opposite, 1, best, owner=MAKER, name="a"))

    events = book.submit(enter(side, 5, protection=4))

    assert told(events) == ["new accepted", f"new with a: 1 at {best}", f"new rests 4 at {price}"]


def test_protected_order_passes_over_a_resting_market_order_beyond_its_protection() -> None:
    """Rules 17 and 52: it never trades beyond its points, with whomever."""
    book = book_of("", instrument(market_remainder_rests=True, market_at_aggressor_limit=True))
    book.submit(buy(5, name="m", owner=MAKER))
    book.submit(buy(4, at=114, name="x", owner=MAKER))
    book.submit(last_price(107))

    events = book.submit(sell(8, protection=3))

    assert trades(events) == [("x", 114, 4)]


# -- stops -----------------------------------------------------------------------------------------
def test_stop_that_a_replace_sets_off_is_an_ordinary_order_from_then_on() -> None:
    """Rules 27 and 30: it rests, is met and canceled like any other."""
    book = book_of()
    book.submit(last_price(101))
    book.submit(stop(Side.BUY, 105, 6, limit=101))

    set_off = book.submit(replace("s", price=102, stop_price=101, owner=TAKER))
    met = book.submit(sell(1, at=102, name="a"))
    canceled = book.submit(cancel("s", TAKER))

    assert told(set_off) == ["s replaced: 6 at 102, goes to the back", "s triggered at 101"]
    assert told(met) == ["a accepted", "a with s: 1 at 102"]
    assert told(canceled) == ["s canceled 5: requested"]
    assert (picture(book), waiting(book)) == ([], [])


def test_trailing_stop_entered_in_a_call_measures_from_the_last_price() -> None:
    """Rules 29 and 34: only going off has to wait."""
    book = book_of()
    book.submit(last_price(100))
    book.submit(phase(Phase.INTRADAY_AUCTION))

    book.submit(enter(Side.BUY, 5, name="t", order_type=OrderType.STOP, trail=3))

    assert waiting(book) == [("t", 103, 5)]


def test_stop_limit_that_rests_is_held_against_the_band_when_it_moves() -> None:
    """Rules 12 and 40: it is a limit order by then."""
    book = book_of("", instrument(band=9))
    book.submit(last_price(95))
    book.submit(stop(Side.SELL, 95, 10, limit=101))

    events = book.submit(replace("s", price=3, owner=TAKER))

    assert told(events) == ["s refused: outside_band"]
    assert asks(book) == [(101, 10)]


# -- the close -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "command",
    [
        sell(5, at=90, name="c", post_only=True, time_in_force=AT_THE_CLOSE),
        enter(Side.BUY, 5, name="c", order_type=OrderType.MARKET_TO_LIMIT, time_in_force=AT_THE_CLOSE),
    ],
)
def test_order_for_the_close_is_not_asked_what_it_would_do_now(command: EnterOrder) -> None:
    """Rules 16, 19, 21: it meets nobody while it waits."""
    book = book_of("5 x | 95 |")

    events = book.submit(command)

    assert told(events) == ["c accepted"]


def test_reduced_order_for_the_close_rested_nowhere() -> None:
    """Rule 16: the answer names no price where it was, as for a stop."""
    book = book_of()
    book.submit(buy(15, at=101, name="c", time_in_force=AT_THE_CLOSE))

    (event,) = book.submit(reduce("c", 5, TAKER))

    assert isinstance(event, OrderReplaced)
    assert (event.old_price, event.price, event.leaves) == (None, 101, 10)


def test_orders_for_the_close_end_with_the_day_in_the_order_of_their_ids() -> None:
    """Rules 15 and 16: their places are for the auction."""
    book = book_of()
    for name in ("c1", "c2"):
        book.submit(buy(5, at=100, name=name, time_in_force=AT_THE_CLOSE))
    book.submit(replace("c1", price=94, owner=TAKER))

    events = book.submit(EndDay())

    assert told(events)[:2] == ["c1 canceled 5: day_ended", "c2 canceled 5: day_ended"]


# -- all or none -----------------------------------------------------------------------------------
def test_own_order_dies_in_its_turn_when_an_order_that_rests_becomes_the_aggressor() -> None:
    """Rules 31 and 51: reached after the better price."""
    book = book_of("", instrument(self_trade=CANCEL_MAKER))
    book.submit(buy(9, at=99, name="whole", owner="ben", all_or_none=True))
    book.submit(sell(2, at=98, name="own", owner="ben", all_or_none=True))
    book.submit(sell(8, at=96, name="a"))

    events = book.submit(sell(8, at=98, name="b", hidden=True))

    assert told(events) == [
        "b accepted",
        "whole with a: 8 at 96",
        "own canceled 2: self_trade",
        "whole with b: 1 at 98",
    ]


def test_own_order_that_is_walked_past_on_the_way_to_a_whole_fill_dies() -> None:
    """Rules 31 and 51."""
    book = book_of()
    book.submit(buy(10, at=101, name="a", owner=MAKER))
    book.submit(buy(6, at=101, name="own", owner=TAKER))
    book.submit(buy(5, at=100, name="whole", owner=MAKER, all_or_none=True))

    events = book.submit(sell(15, at=100, owner=TAKER, all_or_none=True, self_trade=CANCEL_MAKER))

    assert told(events) == [
        "new accepted",
        "new with a: 10 at 101",
        "own canceled 6: self_trade",
        "new with whole: 5 at 100",
    ]


def test_market_order_that_must_be_whole_looks_again_too() -> None:
    """Rules 51 and 52: it has no limit, so everything that rests is new interest."""
    book = book_of("| 100 | 3 a", RESTS)
    book.submit(buy(8, name="whole", all_or_none=True))

    events = book.submit(sell(5, at=110, name="b", owner=MAKER))

    assert told(events) == ["b accepted", "whole with a: 3 at 100", "whole with b: 5 at 110"]


def test_order_that_shrinks_until_it_fits_is_filled() -> None:
    """Rules 10 and 51: the interest was there before."""
    book = book_of()
    book.submit(sell(10, at=100, name="whole", owner=MAKER, all_or_none=True))
    book.submit(buy(9, at=100, name="b"))

    events = book.submit(reduce("whole", 1))

    assert told(events) == ["whole replaced: 9 at 100, keeps its place", "whole with b: 9 at 100"]


def test_order_beyond_the_limit_does_not_change_how_those_within_it_are_taken() -> None:
    """Rules 14, 24, 51: peaks in turn, for there is nobody to give way to."""
    book = book_of()
    book.submit(buy(50, at=90, name="ice", owner=MAKER, display=10))
    book.submit(buy(5, at=90, name="x", owner=MAKER))
    book.submit(buy(100, at=85, name="whole", owner=MAKER, all_or_none=True))

    events = book.submit(sell(30, at=90, time_in_force=TimeInForce.FOK))

    assert trades(events) == [("ice", 90, 10), ("x", 90, 5), ("ice", 90, 10), ("ice", 90, 5)]


def test_order_that_is_skipped_outside_the_corridor_is_skipped_all_the_same() -> None:
    """Rules 38 and 51: a trade that does not happen leaves no corridor."""
    book = book_of("", instrument(dynamic_corridor=6))
    book.submit(last_price(104))
    book.submit(buy(5, at=112, name="whole", owner=MAKER, all_or_none=True))
    book.submit(buy(9, at=104, name="x", owner=MAKER))

    events = book.submit(sell(2, at=93, all_or_none=True))

    assert told(events) == ["new accepted", "new with x: 2 at 104"]


@pytest.mark.parametrize("terms", [{"stop_price": 96, "order_type": OrderType.STOP}, {}])
def test_order_that_must_be_whole_is_not_taken_in_a_call_whatever_its_type(
    terms: dict[str, Any],
) -> None:
    """Rules 34 and 51."""
    book = in_phase(Phase.OPENING_AUCTION)

    events = book.submit(enter(Side.BUY, 9, all_or_none=True, **terms))

    assert told(events) == ["new refused: wrong_phase"]


# -- pegs ------------------------------------------------------------------------------------------
def test_peg_does_not_follow_an_order_that_was_passed_over() -> None:
    """Rules 5, 51, 53: it would lock the ordinary order across."""
    book = book_of("5 x | 90 |")
    book.submit(buy(50, at=95, name="whole", owner=MAKER, all_or_none=True))
    book.submit(sell(5, at=95, name="a", owner=MAKER))

    events = book.submit(enter(Side.BUY, 5, name="p", order_type=OrderType.PEG))

    assert told(events) == ["p accepted", "p rests 5 at 90"]


def test_peg_without_any_terms_can_be_given_a_cap() -> None:
    """Rule 53."""
    book = book_of("5 x | 100 |")
    book.submit(enter(Side.BUY, 5, name="p", order_type=OrderType.PEG))

    events = book.submit(replace("p", price=97, owner=TAKER))

    assert told(events) == ["p replaced: 5 at 97, goes to the back"]


def test_peg_that_refills_follows_behind_those_it_stands_behind() -> None:
    """Rules 23 and 53."""
    book = book_of("1 y | 99 |\n1 x | 100 |")
    book.submit(enter(Side.BUY, 5, name="ice", order_type=OrderType.PEG, display=2))
    book.submit(enter(Side.BUY, 6, name="p", order_type=OrderType.PEG))

    events = book.submit(sell(3, at=100))

    assert told(events)[3:] == ["p moves from 100 to 99", "ice moves from 100 to 99"]


@pytest.mark.parametrize(
    "command", [replace("p", price=100, owner=TAKER), replace("p", quantity=8, owner=TAKER)]
)
def test_peg_that_comes_to_rest_anew_is_new_interest(command: ReplaceOrder) -> None:
    """Rules 51 and 53."""
    cap = 105 if command.quantity is None else 100
    book = book_of("| 100 | 3 a")
    book.submit(buy(8 if cap == 105 else 11, at=100, name="whole", owner=MAKER, all_or_none=True))
    book.submit(enter(Side.SELL, 5, name="p", order_type=OrderType.PEG, cap=cap))

    events = book.submit(command)

    assert told(events)[1:] == ["whole with a: 3 at 100", f"whole with p: {5 if cap == 105 else 8} at 100"]


# -- money -----------------------------------------------------------------------------------------
def test_seller_of_an_amount_does_not_trade_through_what_still_stands() -> None:
    """Rules 2 and 20: 450 of 850 are brought in at 45; another lot there would be too much."""
    book = book_of("50 x | 45 |\n20 y | 40 |", instrument(lot=10))

    events = book.submit(enter(Side.SELL, 0, order_type=OrderType.MARKET_BY_AMOUNT, amount=850))

    assert trades(events) == [("x", 45, 10)]


# -- post-only and bands ---------------------------------------------------------------------------
def test_order_that_would_be_priced_out_of_the_band_is_refused() -> None:
    """Rules 21 and 40: entered at that price it would be refused too."""
    book = book_of("| 90 | 2 a", instrument(band=5, post_only=PostOnly.REPRICE))
    book.submit(last_price(100))

    events = book.submit(buy(2, at=96, post_only=True))

    assert told(events) == ["new refused: outside_band"]


# -- shares ----------------------------------------------------------------------------------------
def test_hidden_order_does_not_keep_others_from_the_top() -> None:
    """Rules 26 and 39: what counts is the best price that is shown."""
    book = book_of("", instrument(allocation=Allocation.PRO_RATA))
    book.submit(buy(10, at=101, name="hidden", owner=MAKER, hidden=True))
    book.submit(buy(10, at=101, name="top", owner=MAKER))
    book.submit(buy(90, at=101, name="a", owner=MAKER))

    events = book.submit(sell(10, at=101))

    assert trades(events) == [("top", 101, 10)]


# -- auctions --------------------------------------------------------------------------------------
def test_reference_price_off_the_tick_decides_between_prices_and_is_none() -> None:
    """Rules 8 and 35: nearest to 103 is 105."""
    book = call_of("5 b | 105 |\n | 100 | 5 s", instrument(tick=5))

    events = book.submit(phase(Phase.CONTINUOUS, reference_price=103))

    assert told(events)[:2] == ["b buys from s: 5 at 105", "auction: 5 at 105, surplus 0"]


@pytest.mark.parametrize(("reference", "held"), [(110, True), (114, True), (115, False)])
def test_static_corridor_is_measured_from_the_reference_price_of_the_auction(
    reference: int, held: bool
) -> None:
    """Rules 35 and 38: the one that the command names, if it does."""
    book = call_of("5 b | 109 | 5 s", instrument(static_corridor=5, reference_price=100))

    events = book.submit(phase(Phase.CONTINUOUS, reference_price=reference))

    expected = "b buys from s: 5 at 109" if held else "opening_auction goes on: the price would be 109"
    assert told(events)[0] == expected


def test_market_to_limit_order_left_without_a_price_may_not_grow_where_it_could_not_be_entered() -> None:
    """Rules 12 and 19: the original stays untouched."""
    book = call_of()
    book.submit(enter(Side.BUY, 5, name="m", order_type=OrderType.MARKET_TO_LIMIT))
    book.submit(phase(Phase.CONTINUOUS))

    events = book.submit(replace("m", quantity=6, owner=TAKER))

    assert told(events) == ["m refused: no_opposite_side"]
    assert bids(book) == []
    assert told(book.submit(cancel("m", TAKER))) == ["m canceled 5: requested"]


@pytest.mark.parametrize("terms", [{"minimum_quantity": 4}, {"all_or_none": True}])
def test_what_no_call_takes_can_not_wait_for_one(terms: dict[str, Any]) -> None:
    """Rules 16, 33, 34, 51: an auction would give it less than its minimum, or never anything."""
    book = book_of("| 100 | 2 a")

    events = book.submit(buy(5, at=100, time_in_force=AT_THE_CLOSE, **terms))

    assert told(events) == ["new refused: conflicting_fields"]


# -- prices that are none --------------------------------------------------------------------------
def test_trailing_stop_has_no_stop_price_while_that_would_be_none() -> None:
    """Rules 8 and 29: it gets one when the price has moved away."""
    book = book_of()
    book.submit(last_price(3))

    book.submit(enter(Side.SELL, 5, name="t", order_type=OrderType.STOP, trail=5))
    before = waiting(book)
    book.submit(last_price(7))

    assert before == [("t", None, 5)]
    assert waiting(book) == [("t", 2, 5)]


def test_order_for_the_close_is_held_against_the_band_when_it_moves() -> None:
    """Rules 12, 16 and 40: as when it was entered."""
    book = book_of("", instrument(band=9))
    book.submit(last_price(93))
    book.submit(buy(2, at=90, name="c", time_in_force=AT_THE_CLOSE))

    events = book.submit(replace("c", price=103, owner=TAKER))

    assert told(events) == ["c refused: outside_band"]

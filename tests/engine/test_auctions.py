"""Call auctions: rules 34 and 37, and with them 16 and 19."""

import pytest

from exchange.engine.events import AuctionHeld, AuctionTrade, PhaseChanged
from protocol.vocabulary import (
    ClientOrderId,
    OrderType,
    Phase,
    SelfTrade,
    Side,
    TimeInForce,
)
from tests.support.books import (
    ACME,
    MAKER,
    TAKER,
    Market,
    asks,
    at_any_price,
    bids,
    book_of,
    buy,
    call_of,
    cancel,
    enter,
    instrument,
    phase,
    picture,
    replace,
    sell,
    stop,
    told,
    waiting,
)

CONTINUOUS, OPENING, CLOSING = Phase.CONTINUOUS, Phase.OPENING_AUCTION, Phase.CLOSING_AUCTION
CALLS = [phase for phase in Phase if phase not in (CONTINUOUS, Phase.HALT, Phase.CLOSED)]
AT_THE_OPEN, AT_THE_CLOSE = TimeInForce.AT_THE_OPEN, TimeInForce.AT_THE_CLOSE

CROSSED = """
    bid        | price | ask
    20 a       |   103 |
    30 b, 30 c |   101 | 75 s
"""


def auction_of(book: Market, to: Phase = CONTINUOUS) -> list[str]:
    """What the end of the call tells, without the change of phase."""
    return told(book.submit(phase(to)))[:-1]


# -- the call --------------------------------------------------------------------------------------
@pytest.mark.parametrize("now", CALLS)
def test_orders_collect_in_a_call_and_the_book_may_cross(now: Phase) -> None:
    """Rule 34: nothing trades."""
    book = call_of(CROSSED, now=now)

    events = book.submit(sell(5, at=1)) + book.submit(buy(5, name="m"))

    assert told(events) == ["new accepted", "m accepted", "m rests 5 at any price"]
    assert (bids(book), asks(book)) == ([(103, 20), (101, 60)], [(1, 5), (101, 75)])
    assert at_any_price(book, Side.BUY) == [("m", 5)]


def test_orders_change_and_leave_in_a_call_without_trading() -> None:
    """Rules 10 and 34: places are kept and lost as ever."""
    book = call_of(CROSSED)

    events = (
        *book.submit(replace("b", quantity=10)),
        *book.submit(replace("c", price=200)),
        *book.submit(cancel("a")),
    )

    assert told(events) == [
        "b replaced: 10 at 101, keeps its place",
        "c replaced: 30 at 200, goes to the back",
        "a canceled 20: requested",
    ]
    assert auction_of(book)[:2] == ["c buys from s: 30 at 101", "b buys from s: 10 at 101"]


# -- who gets what ---------------------------------------------------------------------------------
def test_market_orders_then_better_limits_then_time_at_the_price() -> None:
    """Rule 37: one price for all; the last one gets what is left."""
    book = call_of(CROSSED)
    book.submit(buy(10, name="m", owner=MAKER))

    events = book.submit(phase(CONTINUOUS))

    assert told(events) == [
        "m buys from s: 10 at 101",
        "a buys from s: 20 at 101",
        "b buys from s: 30 at 101",
        "c buys from s: 15 at 101",
        "auction: 75 at 101, surplus 15",
        "opening_auction to continuous",
    ]
    assert picture(book) == [("bid", 101, "c", 15)]


def test_both_sides_are_gone_through_in_their_order() -> None:
    """Rule 37: the first buyer meets the first seller."""
    book = call_of("""
        bid  | price | ask
        10 a |   103 | 15 t
        20 b |   103 |
             |   102 | 15 s
    """)

    assert auction_of(book) == [
        "a buys from s: 10 at 103",
        "b buys from s: 5 at 103",
        "b buys from t: 15 at 103",
        "auction: 30 at 103, surplus 0",
    ]


def test_trade_of_an_auction_tells_both_sides_and_charges_both_as_makers() -> None:
    """Rules 37 and 43: nobody took; field by field."""
    book = call_of("", instrument(maker_fee_ppm=-10_000, taker_fee_ppm=500_000))
    book.submit(buy(5, at=101, name="b", owner=MAKER))
    book.submit(sell(7, at=100, name="s", owner=TAKER))

    events = book.submit(phase(CONTINUOUS, reference_price=100))

    maker, taker = book.order("b").account, book.order("s", TAKER).account
    assert events == (
        AuctionTrade(
            trade_id=1, symbol=ACME, price=100, quantity=5, buyer=maker, buyer_client_order_id=ClientOrderId("b"),
            buyer_order_id=3, buyer_cumulative=5, buyer_leaves=0, buyer_fee=-5, seller=taker,
            seller_client_order_id=ClientOrderId("s"), seller_order_id=4, seller_cumulative=5, seller_leaves=2,
            seller_fee=-5,
        ),
        AuctionHeld(ACME, 100, 5, -2),
        PhaseChanged(ACME, CONTINUOUS, OPENING),
    )  # fmt: skip
    assert (book.position(MAKER), book.position(TAKER)) == (5, -5)


def test_displayed_come_before_hidden_at_the_price_and_icebergs_with_all_they_have() -> None:
    """Rules 2, 25, 37: the auction knows no peaks."""
    book = call_of("50 b | 100 |")
    book.submit(sell(20, at=100, name="hidden", hidden=True))
    book.submit(sell(25, at=100, name="ice", display=5))
    book.submit(sell(20, at=100, name="s"))

    sentences = auction_of(book)

    assert sentences == [
        "b buys from ice: 25 at 100",
        "b buys from s: 20 at 100",
        "b buys from hidden: 5 at 100",
        "auction: 50 at 100, surplus -15",
    ]
    assert picture(book) == [("ask", 100, "hidden", 15)]


def test_iceberg_that_an_auction_left_shows_a_peak() -> None:
    """Rules 23 and 37."""
    book = call_of("12 b | 100 |")
    book.submit(sell(40, at=100, name="ice", display=5))

    auction_of(book)

    assert asks(book)[0][0] == 100
    assert 0 < asks(book)[0][1] <= 5
    assert picture(book) == [("ask", 100, "ice", 28)]


@pytest.mark.parametrize("mode", SelfTrade)
def test_auction_asks_nobody_whose_order_it_is(mode: SelfTrade) -> None:
    """Rules 31 and 37: there is no aggressor, so nothing is prevented."""
    book = call_of("", instrument(self_trade=mode))
    book.submit(buy(5, at=100, name="b", self_trade=mode))
    book.submit(sell(5, at=100, name="s", self_trade=mode))

    assert auction_of(book) == ["b buys from s: 5 at 100", "auction: 5 at 100, surplus 0"]


def test_auction_price_becomes_the_last_price_and_triggers_stops_after_the_phase_has_changed() -> None:
    """Rules 4, 27, 28: stops come when trading goes on."""
    book = call_of("5 b | 105 | 5 s\n | 110 | 5 t")
    book.submit(stop(Side.BUY, 105, 3))

    events = book.submit(phase(CONTINUOUS))

    assert told(events) == [
        "b buys from s: 5 at 105",
        "auction: 5 at 105, surplus 0",
        "opening_auction to continuous",
        "s triggered at 105",
        "s with t: 3 at 110",
    ]


def test_book_that_does_not_cross_opens_as_it_stands() -> None:
    """Rule 36: no auction trade."""
    table = "| 101 | 5 a\n5 b | 100 |"
    book = call_of(table)

    assert auction_of(book) == ["auction without a price"]
    assert (bids(book), asks(book)) == ([(100, 5)], [(101, 5)])
    assert book.engine.books[ACME].last_price is None


def test_market_orders_that_are_left_stay_before_all_limits() -> None:
    """Rules 18, 37, 52: the auction was at every price for them, and there was no more."""
    book = call_of(" | 100 | 5 s")
    book.submit(buy(8, name="m"))

    sentences = auction_of(book)

    assert sentences == ["m buys from s: 5 at 100", "auction: 5 at 100, surplus 3"]
    assert at_any_price(book, Side.BUY) == [("m", 3)]


def test_rest_of_a_market_to_limit_order_becomes_a_limit_at_the_price_and_keeps_its_time() -> None:
    """Rule 19: it stands before those who came later, behind those who came earlier."""
    book = call_of(" | 100 | 5 s")
    book.submit(buy(2, at=100, name="before", owner=MAKER))
    book.submit(enter(Side.BUY, 8, name="m", order_type=OrderType.MARKET_TO_LIMIT))
    book.submit(buy(2, at=100, name="after", owner=MAKER))

    sentences = auction_of(book)

    assert sentences == ["m buys from s: 5 at 100", "auction: 5 at 100, surplus 7", "m rests 3 at 100"]
    assert picture(book) == [("bid", 100, "before", 2), ("bid", 100, "m", 3), ("bid", 100, "after", 2)]


def test_market_to_limit_order_stays_a_market_order_while_there_is_no_price() -> None:
    """Rules 19 and 36: nothing crossed, so there is nothing to become."""
    book = call_of()
    book.submit(enter(Side.BUY, 8, name="m", order_type=OrderType.MARKET_TO_LIMIT))

    sentences = auction_of(book)

    assert sentences == ["auction without a price"]
    assert at_any_price(book, Side.BUY) == [("m", 8)]


# -- orders for one auction only -------------------------------------------------------------------
def test_order_for_the_open_takes_part_in_that_auction_and_is_canceled_after_it() -> None:
    """Rule 16."""
    book = call_of("5 b | 100 |")
    book.submit(sell(8, at=100, name="open", time_in_force=AT_THE_OPEN))
    book.submit(sell(1, at=200, name="far", time_in_force=AT_THE_OPEN))

    events = book.submit(phase(CONTINUOUS))

    assert told(events) == [
        "b buys from open: 5 at 100",
        "auction: 5 at 100, surplus -3",
        "open canceled 3: auction_over",
        "far canceled 1: auction_over",
        "opening_auction to continuous",
    ]
    assert picture(book) == []


def test_order_for_the_close_waits_unseen_until_its_call_and_is_canceled_after_the_auction() -> None:
    """Rule 16: of those that wait, who came first enters first."""
    book = book_of("5 x | 100 |")
    book.submit(sell(3, at=100, name="c1", time_in_force=AT_THE_CLOSE))
    book.submit(sell(3, at=100, name="c2", time_in_force=AT_THE_CLOSE))
    waited = (waiting(book), asks(book))

    called = book.submit(phase(CLOSING))
    in_call = picture(book)
    closed = book.submit(phase(Phase.CLOSED))

    assert waited == ([("c1", None, 3), ("c2", None, 3)], [])
    assert told(called) == ["continuous to closing_auction"]
    assert in_call == [("bid", 100, "x", 5), ("ask", 100, "c1", 3), ("ask", 100, "c2", 3)]
    assert told(closed) == [
        "x buys from c1: 3 at 100",
        "x buys from c2: 2 at 100",
        "auction: 5 at 100, surplus -1",
        "c2 canceled 1: auction_over",
        "closing_auction to closed",
    ]


def test_market_order_for_the_close_is_a_market_order_then() -> None:
    """Rules 16 and 37: no liquidity is asked for before."""
    book = book_of("| 100 | 5 s")

    entered = book.submit(buy(3, name="c", time_in_force=AT_THE_CLOSE))
    called = book.submit(phase(CLOSING))
    closed = auction_of(book, Phase.CLOSED)

    assert told(entered) == ["c accepted"]
    assert told(called) == ["continuous to closing_auction", "c rests 3 at any price"]
    assert closed == ["c buys from s: 3 at 100", "auction: 3 at 100, surplus -2"]


def test_order_for_the_close_takes_no_part_in_other_auctions() -> None:
    """Rule 16."""
    book = call_of("5 b | 100 |", now=Phase.INTRADAY_AUCTION)
    book.submit(sell(5, at=100, name="close", time_in_force=AT_THE_CLOSE))

    assert auction_of(book) == ["auction without a price"]
    assert waiting(book) == [("close", None, 5)]


def test_order_for_the_close_can_be_changed_and_canceled_while_it_waits() -> None:
    """Rule 16: nothing trades; growing it goes behind the others."""
    book = book_of("5 x | 100 |")
    for name in ("c1", "c2"):
        book.submit(sell(3, at=100, name=name, owner=MAKER, time_in_force=AT_THE_CLOSE))

    grown = book.submit(replace("c1", quantity=4))
    order = waiting(book)
    canceled = book.submit(cancel("c2"))

    assert told(grown) == ["c1 replaced: 4 at 100, goes to the back"]
    assert order == [("c2", None, 3), ("c1", None, 4)]
    assert told(canceled) == ["c2 canceled 3: requested"]

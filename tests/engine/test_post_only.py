"""Orders that only make: rules 21 and 22."""

import pytest

from exchange.engine.commands import EnterOrder, Terms
from protocol.vocabulary import OrderState, PostOnly, Price, SelfTrade, Side, TimeInForce
from tests.support.books import (
    MAKER,
    TAKER,
    book_of,
    buy,
    enter,
    instrument,
    picture,
    picture_of,
    replace,
    sell,
    told,
)

SPREAD = """
    bid | price | ask
        |   103 | 5 b
        |   102 | 5 a
    3 x |    99 |
"""


@pytest.mark.parametrize("command", [buy(1, at=103, post_only=True), sell(1, at=98, post_only=True)])
def test_post_only_order_that_crosses_is_refused_and_nothing_else_happens(command: EnterOrder) -> None:
    """Rule 21."""
    book = book_of(SPREAD)

    events = book.submit(command)

    assert told(events) == ["new refused: post_only_would_trade"]
    assert picture(book) == picture_of(SPREAD)


@pytest.mark.parametrize("command", [buy(1, at=102, post_only=True), sell(1, at=99, post_only=True)])
def test_locking_price_counts_as_crossing(command: EnterOrder) -> None:
    """Rule 22."""
    book = book_of(SPREAD)

    events = book.submit(command)

    assert told(events) == ["new refused: post_only_would_trade"]


def test_own_orders_count_too() -> None:
    """Rule 21."""
    book = book_of(SPREAD)

    events = book.submit(buy(1, at=102, post_only=True, owner=MAKER))

    assert told(events) == ["new refused: post_only_would_trade"]


def test_post_only_order_inside_the_spread_rests() -> None:
    """Rule 21."""
    book = book_of(SPREAD)

    events = book.submit(buy(1, at=101, post_only=True, time_in_force=TimeInForce.DAY))

    assert told(events) == ["new accepted"]
    assert ("bid", 101, "new", 1) in picture(book)


def test_post_only_order_is_met_by_others_as_any_maker() -> None:
    """Rule 21 concerns what it does, not what is done to it."""
    book = book_of(SPREAD)
    book.submit(buy(1, at=101, name="p", post_only=True))

    events = book.submit(sell(2, at=101))

    assert told(events) == ["new accepted", "new with p: 1 at 101"]


def test_id_of_a_refused_post_only_order_stays_free() -> None:
    """Rule 21: nothing happened."""
    book = book_of(SPREAD)
    book.submit(buy(1, at=102, post_only=True))

    events = book.submit(buy(1, at=101, post_only=True))

    assert told(events) == ["new accepted"]


@pytest.mark.parametrize("mode", [SelfTrade.CANCEL_MAKER, SelfTrade.CANCEL_BOTH, SelfTrade.DECREMENT])
def test_no_own_order_is_canceled_for_an_order_that_is_refused(mode: SelfTrade) -> None:
    """Rules 21 and 31: nothing else happens, in particular no self-trade cancel."""
    book = book_of(SPREAD)

    events = book.submit(buy(1, at=102, post_only=True, owner=MAKER, self_trade=mode))

    assert told(events) == ["new refused: post_only_would_trade"]
    assert picture(book) == picture_of(SPREAD)


def test_order_that_nobody_sees_would_be_traded_with_too() -> None:
    """Rules 21 and 26: any resting order."""
    book = book_of(SPREAD)
    book.submit(sell(1, at=100, name="hidden", hidden=True))

    events = book.submit(buy(1, at=100, post_only=True))

    assert told(events) == ["new refused: post_only_would_trade"]


def test_order_that_would_be_passed_over_does_not_count() -> None:
    """Rules 21 and 51: an all-or-none order larger than this one would not trade with it."""
    book = book_of()
    book.submit(sell(10, at=100, name="whole", all_or_none=True))

    events = book.submit(buy(9, at=100, post_only=True))

    assert told(events) == ["new accepted"]


# -- the settings ----------------------------------------------------------------------------------
def test_post_only_order_that_would_trade_may_be_canceled_instead() -> None:
    """Rule 21, the setting cancel: it was accepted, so its id is used up."""
    book = book_of(SPREAD, instrument(post_only=PostOnly.CANCEL))

    events = book.submit(buy(4, at=102, post_only=True))

    assert told(events) == ["new accepted", "new canceled 4: post_only"]
    assert picture(book) == picture_of(SPREAD)
    assert book.order("new", TAKER).state is OrderState.CANCELED


@pytest.mark.parametrize(
    ("side", "price", "rests"),
    [
        (Side.BUY, 102, 101),
        (Side.BUY, 103, 101),
        (Side.BUY, 500, 101),
        (Side.SELL, 99, 100),
        (Side.SELL, 98, 100),
        (Side.SELL, 1, 100),
    ],
)
def test_post_only_order_that_would_trade_may_be_priced_one_tick_passive(
    side: Side, price: Price, rests: Price
) -> None:
    """Rules 21 and 22, the setting reprice: one tick behind the best opposite price, wherever it was meant."""
    book = book_of(SPREAD, instrument(post_only=PostOnly.REPRICE))

    events = book.submit(enter(side, 4, price, post_only=True))

    assert told(events) == ["new accepted", f"new rests 4 at {rests}"]
    assert [order for order in picture(book) if order[2] == "new"] == [
        ("bid" if side is Side.BUY else "ask", rests, "new", 4)
    ]


@pytest.mark.parametrize("mode", PostOnly)
def test_order_that_would_not_trade_rests_where_it_was_meant_in_every_mode(mode: PostOnly) -> None:
    """Rule 21."""
    book = book_of(SPREAD, instrument(post_only=mode))

    events = book.submit(buy(4, at=100, post_only=True))

    assert told(events) == ["new accepted"]
    assert ("bid", 100, "new", 4) in picture(book)


@pytest.mark.parametrize(
    ("mode", "answer"),
    [
        (PostOnly.REJECT, ["new refused: post_only_would_trade"]),
        (PostOnly.CANCEL, ["new accepted", "new canceled 4: post_only"]),
        (PostOnly.REPRICE, ["new accepted", "new rests 4 at 101"]),
    ],
)
@pytest.mark.parametrize("of_instrument", PostOnly)
def test_mode_of_the_order_counts_before_that_of_the_instrument(
    mode: PostOnly, answer: list[str], of_instrument: PostOnly
) -> None:
    """Rule 21: settings of the instrument or of the order."""
    book = book_of(SPREAD, instrument(post_only=of_instrument))
    command = buy(4, at=102, post_only=True)
    command.terms = Terms(post_only=mode)

    events = book.submit(command)

    assert told(events) == answer


@pytest.mark.parametrize(("side", "table"), [(Side.BUY, "| 1 | 5 a"), (Side.SELL, "5 x | 110 |")])
def test_post_only_order_is_refused_where_one_tick_passive_is_no_price(side: Side, table: str) -> None:
    """Rules 8 and 21."""
    book = book_of(table, instrument(post_only=PostOnly.REPRICE, maximum_price=110))

    events = book.submit(enter(side, 4, 1 if side is Side.BUY else 110, post_only=True))

    assert told(events) == ["new refused: post_only_would_trade"]


@pytest.mark.parametrize(
    ("side", "best", "rests"),
    [(Side.BUY, 105, 100), (Side.BUY, 100, 99), (Side.SELL, 100, 105), (Side.SELL, 99, 100)],
)
def test_passive_tick_is_that_of_the_prices_on_that_side(side: Side, best: Price, rests: Price) -> None:
    """Rules 8 and 21: ticks are 1 below 100 and 5 from there."""
    book = book_of("", instrument(post_only=PostOnly.REPRICE, tick_table=[(100, 5)]))
    book.submit(enter(side.opposite, 1, best, name="a", owner=MAKER))

    events = book.submit(enter(side, 4, best, post_only=True))

    assert told(events) == ["new accepted", f"new rests 4 at {rests}"]


@pytest.mark.parametrize("mode", [PostOnly.REJECT, PostOnly.CANCEL])
def test_replace_that_would_trade_is_refused_and_never_kills_the_order(mode: PostOnly) -> None:
    """Rules 12 and 21: the original stays untouched."""
    book = book_of(SPREAD, instrument(post_only=mode))
    book.submit(buy(4, at=98, name="p", post_only=True))
    before = picture(book)

    events = book.submit(replace("p", price=102, owner=TAKER))

    assert told(events) == ["p refused: post_only_would_trade"]
    assert picture(book) == before


def test_replace_that_would_trade_is_priced_passive_where_entries_are() -> None:
    """Rules 12 and 21: the answer tells the price it got."""
    book = book_of(SPREAD, instrument(post_only=PostOnly.REPRICE))
    book.submit(buy(4, at=98, name="p", post_only=True))

    events = book.submit(replace("p", price=103, owner=TAKER))

    assert told(events) == ["p replaced: 4 at 101, goes to the back"]
    assert ("bid", 101, "p", 4) in picture(book)


@pytest.mark.parametrize("mode", PostOnly)
def test_replace_that_would_not_trade_moves_in_every_mode(mode: PostOnly) -> None:
    """Rules 10 and 21."""
    book = book_of(SPREAD, instrument(post_only=mode))
    book.submit(buy(4, at=98, name="p", post_only=True))

    events = book.submit(replace("p", price=101, owner=TAKER))

    assert told(events) == ["p replaced: 4 at 101, goes to the back"]

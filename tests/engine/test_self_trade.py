"""Self-trade prevention: rules 31 and 32."""

from typing import Any

import pytest

from exchange.engine.commands import AddInstrument
from exchange.engine.events import OrderCanceled, SelfTradePrevented, Trade
from protocol.vocabulary import (
    CancelReason,
    ClientOrderId,
    OrderState,
    OrderType,
    Price,
    Quantity,
    SelfTrade,
    Side,
    TimeInForce,
)
from tests.support.books import (
    ACME,
    MAKER,
    Market,
    asks,
    book_of,
    buy,
    enter,
    instrument,
    last_price,
    picture,
    sell,
    told,
    trades,
)

US = "us"
"""The account with orders on both sides."""
FOK, IOC = TimeInForce.FOK, TimeInForce.IOC
CANCEL_MAKER, CANCEL_AGGRESSOR = SelfTrade.CANCEL_MAKER, SelfTrade.CANCEL_AGGRESSOR
CANCEL_BOTH, DECREMENT = SelfTrade.CANCEL_BOTH, SelfTrade.DECREMENT


def queue(
    *makers: tuple[str, str, Quantity], side: Side = Side.SELL, listed: AddInstrument | None = None
) -> Market:
    """Orders at 100, oldest first: name, owner, quantity."""
    book = book_of("", listed)
    for name, owner, quantity in makers:
        book.submit(enter(side, quantity, 100, name=name, owner=owner))
    return book


# -- the modes -------------------------------------------------------------------------------------
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(
    ("mode", "sentences", "left"),
    [
        (
            SelfTrade.NONE,
            ["t with a: 3 at 100", "t with own: 4 at 100", "t with b: 3 at 100"],
            [("b", 7)],
        ),
        (
            CANCEL_MAKER,
            ["t with a: 3 at 100", "own canceled 4: self_trade", "t with b: 7 at 100"],
            [("b", 3)],
        ),
        (
            CANCEL_AGGRESSOR,
            ["t with a: 3 at 100", "t canceled 7: self_trade"],
            [("own", 4), ("b", 10)],
        ),
        (
            CANCEL_BOTH,
            ["t with a: 3 at 100", "own canceled 4: self_trade", "t canceled 7: self_trade"],
            [("b", 10)],
        ),
        (
            DECREMENT,
            [
                "t with a: 3 at 100",
                "own canceled 4: self_trade",
                "t shrinks by 4, 3 left",
                "t with b: 3 at 100",
            ],
            [("b", 7)],
        ),
    ],
)
def test_aggressor_that_reaches_an_own_order_does_as_its_mode_says(
    mode: SelfTrade, sentences: list[str], left: list[tuple[str, Quantity]], side: Side
) -> None:
    """Rule 31: fills so far are kept; the rest of a canceled aggressor never rests."""
    book = queue(("a", MAKER, 3), ("own", US, 4), ("b", MAKER, 10), side=side.opposite)

    events = book.submit(enter(side, 10, 100, name="t", owner=US, self_trade=mode))

    assert told(events) == ["t accepted", *sentences]
    assert [(name, quantity) for _, _, name, quantity in picture(book)] == left


@pytest.mark.parametrize("mode", SelfTrade)
def test_own_order_that_is_not_reached_stays(mode: SelfTrade) -> None:
    """Rule 31: it dies when reached, an exact fill before it does not reach it."""
    book = queue(("a", MAKER, 3), ("own", US, 4))

    events = book.submit(buy(3, at=100, name="t", owner=US, self_trade=mode))

    assert told(events) == ["t accepted", "t with a: 3 at 100"]
    assert picture(book) == [("ask", 100, "own", 4)]


@pytest.mark.parametrize("mode", SelfTrade)
def test_own_order_beyond_the_limit_is_not_reached(mode: SelfTrade) -> None:
    """Rule 31."""
    book = queue(("own", US, 4))

    events = book.submit(buy(3, at=99, name="t", owner=US, self_trade=mode))

    assert told(events) == ["t accepted"]
    assert picture(book) == [("bid", 99, "t", 3), ("ask", 100, "own", 4)]


@pytest.mark.parametrize(
    ("own", "sentences", "left"),
    [
        (4, ["own canceled 4: self_trade", "t shrinks by 4, 6 left"], [("bid", 100, "t", 6)]),
        (10, ["own canceled 10: self_trade", "t canceled 10: self_trade"], []),
        (11, ["own shrinks by 10, 1 left", "t canceled 10: self_trade"], [("ask", 100, "own", 1)]),
    ],
)
def test_decrement_takes_the_smaller_off_both(
    own: Quantity, sentences: list[str], left: list[tuple[str, Price, str, Quantity]]
) -> None:
    """Rule 31: the one at zero dies, an open aggressor goes on."""
    book = queue(("own", US, own))

    events = book.submit(buy(10, at=100, name="t", owner=US, self_trade=DECREMENT))

    assert told(events) == ["t accepted", *sentences]
    assert picture(book) == left


def test_prevented_quantity_is_reported_with_its_own_reason() -> None:
    """Rule 32: field by field."""
    book = queue(("own", US, 11))
    book.submit(sell(5, at=100, name="a"))

    events = book.submit(buy(10, at=100, name="t", owner=US, self_trade=DECREMENT))

    account = book.order("own", US).account
    assert events[1:] == (
        SelfTradePrevented(account, ClientOrderId("own"), 2, ACME, Side.SELL, 100, quantity=10, cumulative=0, leaves=1),
        OrderCanceled(
            account, ClientOrderId("t"), 4, ACME, Side.BUY, None, quantity=10, cumulative=0,
            reason=CancelReason.SELF_TRADE,
        ),
    )  # fmt: skip


@pytest.mark.parametrize("mode", [CANCEL_MAKER, CANCEL_AGGRESSOR, CANCEL_BOTH, DECREMENT])
def test_prevented_quantity_prints_no_trade_and_costs_no_fee(mode: SelfTrade) -> None:
    """Rule 32: no trade id is used up, no position and no last price move."""
    listed = instrument(maker_fee_ppm=100_000, taker_fee_ppm=100_000)
    book = queue(("own", US, 4), listed=listed)

    events = book.submit(buy(4, at=100, name="t", owner=US, self_trade=mode, time_in_force=IOC))

    assert not any(isinstance(event, Trade) for event in events)
    assert (book.position(US), book.engine.last_trade_id, book.engine.books[ACME].last_price) == (0, 0, None)


# -- whose order is an own order, and whose mode counts -------------------------------------------
@pytest.mark.parametrize(
    ("maker", "maker_group", "taker", "taker_group", "own"),
    [
        (US, None, US, None, True),
        (US, None, "other", None, False),
        (US, "firm", "other", "firm", True),
        (US, "firm", "other", "else", False),
        (US, "firm", "other", None, False),
        (US, None, "other", "firm", False),
        (US, "firm", US, "else", True),
        (US, "", "other", "", False),
    ],
)
def test_scope_is_the_account_or_a_group_of_accounts(
    maker: str, maker_group: str | None, taker: str, taker_group: str | None, own: bool
) -> None:
    """Rule 31: an empty name is no group."""
    book = book_of()
    book.submit(sell(5, at=100, name="m", owner=maker, self_trade_group=maker_group))

    events = book.submit(
        buy(5, at=100, name="t", owner=taker, self_trade=CANCEL_MAKER, self_trade_group=taker_group)
    )

    assert told(events) == ["t accepted", "m canceled 5: self_trade" if own else "t with m: 5 at 100"]


def test_mode_of_the_aggressor_decides_and_not_that_of_the_maker() -> None:
    """Rule 31."""
    book = book_of()
    book.submit(sell(5, at=100, name="m", owner=US, self_trade=CANCEL_MAKER))

    events = book.submit(buy(5, at=100, name="t", owner=US, self_trade=CANCEL_AGGRESSOR))

    assert told(events) == ["t accepted", "t canceled 5: self_trade"]


def test_instrument_says_what_an_order_does_not() -> None:
    """Rule 31: its mode is the default, and an order may ask for none."""
    listed = instrument(self_trade=CANCEL_MAKER)

    silent = queue(("own", US, 5), listed=listed).submit(buy(5, at=100, owner=US, time_in_force=IOC))
    asked = queue(("own", US, 5), listed=listed).submit(buy(5, at=100, owner=US, self_trade=SelfTrade.NONE))

    assert told(silent) == [
        "new accepted",
        "own canceled 5: self_trade",
        "new canceled 5: immediate_or_cancel",
    ]
    assert told(asked) == ["new accepted", "new with own: 5 at 100"]


# -- every kind of order reaches and is reached ----------------------------------------------------
def test_market_order_that_meets_only_own_orders_ends_without_liquidity() -> None:
    """Rules 18 and 31."""
    book = queue(("own", US, 4))

    events = book.submit(buy(10, name="t", owner=US, self_trade=CANCEL_MAKER))

    assert told(events) == ["t accepted", "own canceled 4: self_trade", "t canceled 10: no_liquidity"]


def test_iceberg_shrinks_by_all_that_is_open_and_not_by_its_peak_alone() -> None:
    """Rules 23 and 31."""
    book = book_of()
    book.submit(sell(100, at=100, name="ice", owner=US, display=10))

    events = book.submit(buy(30, at=100, name="t", owner=US, self_trade=DECREMENT))

    assert told(events) == ["t accepted", "ice shrinks by 30, 70 left", "t canceled 30: self_trade"]
    assert (picture(book), asks(book)) == ([("ask", 100, "ice", 70)], [(100, 10)])


@pytest.mark.parametrize("terms", [{"hidden": True}, {"display": 1}])
def test_unseen_quantity_is_an_own_order_as_any_other(terms: dict[str, Any]) -> None:
    """Rule 31."""
    book = book_of("| 100 | 2 a")
    book.submit(sell(5, at=100, name="own", owner=US, **terms))

    events = book.submit(buy(4, at=100, name="t", owner=US, self_trade=CANCEL_MAKER))

    assert told(events) == ["t accepted", "t with a: 2 at 100", "own canceled 5: self_trade"]
    assert picture(book) == [("bid", 100, "t", 2)]


def test_triggered_stop_prevents_as_it_was_told_at_entry() -> None:
    """Rules 27 and 31."""
    book = queue(("own", US, 4), ("b", MAKER, 4))
    book.submit(
        enter(
            Side.BUY, 4, name="s", owner=US, order_type=OrderType.STOP, stop_price=90, self_trade=CANCEL_MAKER
        )
    )

    events = book.submit(last_price(90))

    assert told(events)[1:] == ["s triggered at 90", "own canceled 4: self_trade", "s with b: 4 at 100"]


# -- how it ends ----------------------------------------------------------------------------------
def test_order_that_prevention_shrank_is_done_when_the_rest_of_it_has_traded() -> None:
    """Rule 32: executed plus prevented is the total, and that is filled."""
    book = queue(("own", US, 10))
    book.submit(buy(4, at=100, name="t", owner=US, self_trade=DECREMENT))

    book.submit(buy(6, at=100, name="b"))

    order = book.order("own", US)
    assert (order.state, order.cumulative, order.leaves) == (OrderState.FILLED, 6, 0)


def test_aggressor_that_only_prevention_used_up_is_canceled() -> None:
    """Rules 31, 32: it has executed nothing."""
    book = queue(("own", US, 10))

    book.submit(buy(4, at=100, name="t", owner=US, self_trade=DECREMENT))

    assert (book.order("t", US).state, book.order("own", US).state) == (OrderState.CANCELED, OrderState.LIVE)


def test_own_orders_do_not_keep_a_sweep_from_the_next_level() -> None:
    """Rule 31: the walk goes on at worse prices."""
    book = queue(("own", US, 4))
    book.submit(sell(4, at=101, name="b", owner=MAKER))

    events = book.submit(buy(6, at=101, name="t", owner=US, self_trade=CANCEL_MAKER))

    assert trades(events) == [("b", 101, 4)]
    assert picture(book) == [("bid", 101, "t", 2)]


def test_hidden_order_shrinks_and_stays_hidden() -> None:
    """Rules 26 and 31."""
    book = book_of()
    book.submit(sell(10, at=100, name="own", owner=US, hidden=True))

    events = book.submit(buy(4, at=100, name="t", owner=US, self_trade=DECREMENT))

    assert told(events) == ["t accepted", "own shrinks by 4, 6 left", "t canceled 4: self_trade"]
    assert (picture(book), asks(book)) == ([("ask", 100, "own", 6)], [])

"""What a trade moves, and that nothing is lost on the way (rules 41 and 43)."""

import pytest

from exchange.engine.engine import Engine
from protocol.vocabulary import Side
from tests.support.accounts import margined, spot
from tests.support.books import MAKER, TAKER, Market, buy, cancel, instrument, reduce, replace, sell, told


def market(**settings: object) -> Market:
    """A spot market in which the maker has 100 BTC and the taker 10,000 USD."""
    found = Market(spot(instrument(), **settings))
    found.fund(MAKER, BTC=100)
    found.fund(TAKER, USD=10_000)
    return found


def test_trade_moves_base_one_way_and_quote_the_other() -> None:
    """Rule 43."""
    book = market()
    book.submit(sell(5, at=100, name="a", owner=MAKER))

    events = book.submit(buy(5, at=100))

    assert told(events) == ["new accepted", "new with a: 5 at 100"]
    assert (book.money(MAKER, "BTC"), book.money(MAKER)) == ((95, 0), (500, 0))
    assert (book.money(TAKER, "BTC"), book.money(TAKER)) == ((5, 0), (9_500, 0))


def test_scales_turn_quantities_and_prices_into_smallest_units() -> None:
    """Rule 43: 2 at 100 are 20 of the base and 600 of the quote asset."""
    book = market(base_scale=10, quote_scale=3)
    book.submit(sell(2, at=100, name="a", owner=MAKER))

    book.submit(buy(2, at=100))

    assert (book.money(MAKER, "BTC"), book.money(MAKER)) == ((80, 0), (600, 0))
    assert (book.money(TAKER, "BTC"), book.money(TAKER)) == ((20, 0), (9_400, 0))


def test_better_price_gives_money_back_at_once() -> None:
    """Rule 41: held for 110, bought for 100; what rests stays held."""
    book = market()
    book.submit(sell(3, at=100, name="a", owner=MAKER))

    book.submit(buy(5, at=110))

    assert book.money(TAKER) == (10_000 - 3 * 100 - 2 * 110, 2 * 110)


def test_partial_fill_of_a_maker_leaves_the_rest_held() -> None:
    """Rule 41."""
    book = market()
    book.submit(buy(5, at=100, name="b"))

    book.submit(sell(2, at=90, owner=MAKER))

    assert book.money(TAKER) == (9_500, 300)
    assert book.money(MAKER, "BTC") == (98, 0)
    assert book.money(MAKER) == (200, 0)


def test_trade_with_oneself_moves_nothing_but_fees() -> None:
    """Rule 43."""
    book = market(quote_scale=2, maker_fee_per_unit=1, taker_fee_per_unit=2)
    book.fund("both", USD=1_000, BTC=10)
    book.submit(sell(4, at=100, name="a", owner="both"))

    book.submit(buy(4, at=100, owner="both"))

    assert (book.money("both"), book.money("both", "BTC")) == ((1_000 - 12, 0), (10, 0))
    assert book.fees() == 12


@pytest.mark.parametrize(
    ("last", "free", "held"),
    [
        (cancel("b", TAKER), 10_000, 0),
        (reduce("b", 2, TAKER), 9_700, 300),
        (reduce("b", 5, TAKER), 10_000, 0),
        (replace("b", quantity=3, owner=TAKER), 9_700, 300),
        (replace("b", quantity=0, owner=TAKER), 10_000, 0),
        (replace("b", price=90, owner=TAKER), 9_550, 450),
        (replace("b", price=120, quantity=10, owner=TAKER), 8_800, 1_200),
    ],
)
def test_what_is_open_no_more_is_held_no_more(last: object, free: int, held: int) -> None:
    """Rule 41: a bid of 5 at 100 holds 500."""
    book = market()
    book.submit(buy(5, at=100, name="b"))

    book.submit(last)  # type: ignore[arg-type]

    assert book.money(TAKER) == (free, held)


def test_who_has_nothing_trades_nothing() -> None:
    """Rule 41: an account made by its first order has no money."""
    book = Market(spot(instrument()))

    refused = book.submit(buy(1, at=1)) + book.submit(sell(1, at=1, name="s"))

    assert told(refused) == ["new refused: insufficient_funds", "s refused: insufficient_funds"]
    assert book.money(TAKER) == (0, 0)


def test_instruments_of_all_kinds_stand_beside_each_other() -> None:
    """Rule 43: one purse for each asset, whatever uses it."""
    book = Market(spot(instrument("SPOT")), margined(instrument("FUT"), 10), instrument("TOY"))
    book.fund(TAKER, USD=1_000)

    book.submit(buy(5, at=100, name="s", symbol="SPOT"))
    book.submit(buy(5, at=100, name="f", symbol="FUT"))
    book.submit(buy(5, at=100, name="t", symbol="TOY"))

    assert book.money(TAKER) == (450, 550)


def test_venue_without_settlement_keeps_no_books() -> None:
    """Rule 43: nothing to conserve, nothing to pay for."""
    engine = Engine()
    engine.apply(instrument())

    engine.apply(buy(5, at=100))

    assert engine.clearing.balances(TAKER) == []
    assert engine.clearing.check() == []
    assert [order.leaves for order in engine.open_orders(TAKER)] == [5]


def test_order_that_came_before_the_first_money_is_held_for_afterwards() -> None:
    """Rule 41: an instrument that settles is listed while orders of others rest."""
    book = Market(instrument("TOY"))
    book.submit(buy(5, at=100, name="early", symbol="TOY"))
    book.submit(spot(instrument("SPOT")))
    book.fund(MAKER, BTC=10)

    book.submit(sell(4, at=100, name="s", symbol="SPOT", owner=MAKER))

    assert book.money(MAKER, "BTC") == (6, 4)
    assert [order.side for order in book.engine.open_orders(TAKER)] == [Side.BUY]
    assert book.holding(TAKER, "TOY").open_buys == 5

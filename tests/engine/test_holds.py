"""What an order holds while it is open: exactly enough passes, one unit short fails (rules 30 and 41)."""

import pytest

from exchange.engine.commands import AddInstrument, EnterOrder
from protocol.vocabulary import OrderType, Phase, Side, TimeInForce
from tests.support.accounts import margined, spot
from tests.support.books import (
    MAKER,
    TAKER,
    Market,
    buy,
    enter,
    instrument,
    last_price,
    phase,
    replace,
    sell,
    stop,
    told,
)

# The taker's fee of 2 a unit is higher than the maker's: orders hold for it.
SPOT = spot(
    instrument(maximum_price=400), quote_scale=2, base_scale=10, maker_fee_per_unit=1, taker_fee_per_unit=2
)
RESTS = spot(instrument(maximum_price=400, market_remainder_rests=True))
MARGIN = margined(instrument(), 7)

NEEDS: dict[str, tuple[AddInstrument, EnterOrder, str, int]] = {
    "limit buy": (SPOT, buy(5, at=100), "USD", 5 * (200 + 2)),
    "limit buy that ends at once": (SPOT, buy(5, at=100, time_in_force=TimeInForce.IOC), "USD", 5 * (200 + 2)),
    "fill or kill": (SPOT, buy(5, at=100, time_in_force=TimeInForce.FOK), "USD", 5 * (200 + 2)),
    "buy with a reserve": (SPOT, buy(5, at=90, reserve_price=100), "USD", 5 * (200 + 2)),
    "iceberg, with all it hides": (SPOT, buy(5, at=100, display=1), "USD", 5 * (200 + 2)),
    "hidden buy": (SPOT, buy(5, at=100, hidden=True), "USD", 5 * (200 + 2)),
    "limit sell": (SPOT, sell(5, at=100), "BTC", 50),
    "sell that ends at once": (SPOT, sell(5, at=100, time_in_force=TimeInForce.IOC), "BTC", 50),
    "market sell": (SPOT, sell(5), "BTC", 50),
    "stop-limit buy": (SPOT, stop(Side.BUY, 110, 5, limit=120, name="new"), "USD", 5 * (240 + 2)),
    "stop buy, for any price": (SPOT, stop(Side.BUY, 110, 5, name="new"), "USD", 5 * (800 + 2)),
    "stop sell": (SPOT, stop(Side.SELL, 90, 5, name="new"), "BTC", 50),
    "money limit": (SPOT, enter(Side.BUY, 5, order_type=OrderType.MONEY_LIMIT, amount=490, time_in_force=TimeInForce.FOK), "USD", 980 + 10),
    "market buy that may rest": (RESTS, buy(5), "USD", 5 * 400),
    "margined buy": (MARGIN, buy(5, at=100), "USD", 35),
    "margined sell": (MARGIN, sell(5, at=100), "USD", 35),
}  # fmt: skip
"""Instrument, order, asset and what of it the order must have free."""


@pytest.mark.parametrize("name", NEEDS)
def test_exactly_enough_passes_and_one_unit_short_fails(name: str) -> None:
    """Rule 41."""
    listed, order, asset, needed = NEEDS[name]
    rich, poor = Market(listed), Market(listed)
    rich.fund(TAKER, **{asset: needed})
    poor.fund(TAKER, **{asset: needed - 1})

    passed, failed = rich.submit(order), poor.submit(order)

    assert told(passed)[0] == "new accepted"
    assert told(failed) == ["new refused: insufficient_funds"]
    assert poor.money(TAKER, asset) == (needed - 1, 0)


def test_market_buy_pays_for_what_it_trades_now() -> None:
    """Rules 17 and 41: 3 at 100 and 2 at 101; nobody offers the other 5."""
    for usd, expected in ((502, "new with a: 3 at 100"), (501, None)):
        book = Market(spot(instrument()))
        book.fund(MAKER, BTC=10)
        book.fund(TAKER, USD=usd)
        book.submit(sell(3, at=100, name="a", owner=MAKER))
        book.submit(sell(2, at=101, name="b", owner=MAKER))

        events = told(book.submit(buy(10)))

        if expected is None:
            assert events == ["new refused: insufficient_funds"]
        else:
            assert events[1] == expected
            assert book.money(TAKER) == (0, 0)


def test_protected_market_buy_pays_for_no_more_than_its_protection() -> None:
    """Rules 17 and 41."""
    book = Market(spot(instrument()))
    book.fund(MAKER, BTC=10)
    book.fund(TAKER, USD=300)
    book.submit(sell(3, at=100, name="a", owner=MAKER))
    book.submit(sell(2, at=150, name="b", owner=MAKER))

    events = book.submit(buy(5, protection=10))

    assert told(events) == ["new accepted", "new with a: 3 at 100", "new canceled 2: market_remainder"]


def test_market_by_amount_needs_the_amount_and_the_fee() -> None:
    """Rules 20 and 41."""
    for usd, expected in ((606, "new with a: 3 at 100"), (605, None)):
        book = Market(spot(instrument(), quote_scale=2, taker_fee_per_unit=2))
        book.fund(MAKER, BTC=10)
        book.fund(TAKER, USD=usd)
        book.submit(sell(10, at=100, name="a", owner=MAKER))

        events = told(book.submit(enter(Side.BUY, 0, order_type=OrderType.MARKET_BY_AMOUNT, amount=300)))

        assert events[1:2] == ([expected] if expected else [])
        assert events[0] == ("new accepted" if expected else "new refused: insufficient_funds")


def test_triggered_stop_pays_what_it_trades_and_the_rest_comes_back() -> None:
    """Rule 30: it held for the highest price there is."""
    book = Market(SPOT)
    book.fund(MAKER, BTC=100)
    book.fund(TAKER, USD=5_000)
    book.submit(sell(3, at=110, name="a", owner=MAKER))
    book.submit(stop(Side.BUY, 110, 5))
    held = book.money(TAKER)

    book.submit(last_price(110))

    assert held == (5_000 - 4_010, 4_010)
    assert book.money(TAKER) == (5_000 - 3 * (220 + 2), 0)


# -- reserve prices --------------------------------------------------------------------------------
def test_buy_moves_below_its_reserve_without_holding_more() -> None:
    """Rule 41."""
    book = Market(SPOT)
    book.fund(TAKER, USD=1_010)
    book.submit(buy(5, at=90, name="b", reserve_price=100))

    moved = book.submit(replace("b", price=100, owner=TAKER))
    beyond = book.submit(replace("b", price=101, owner=TAKER))

    assert told(moved) == ["b replaced: 5 at 100, goes to the back"]
    assert told(beyond) == ["b refused: over_reserve"]
    assert book.money(TAKER) == (0, 1_010)


def test_reserve_below_the_limit_is_refused() -> None:
    """Rule 41."""
    book = Market(SPOT)
    book.fund(TAKER, USD=10_000)

    assert told(book.submit(buy(5, at=101, reserve_price=100))) == ["new refused: over_reserve"]


# -- replaces --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("usd", "expected"),
    [(600, "b replaced: 6 at 100, goes to the back"), (599, "b refused: insufficient_funds")],
)
def test_replace_needs_what_the_new_order_holds_more(usd: int, expected: str) -> None:
    """Rules 12 and 41: refused, it stands as it stood."""
    book = Market(spot(instrument()))
    book.fund(TAKER, USD=usd)
    book.submit(buy(5, at=100, name="b"))

    events = book.submit(replace("b", quantity=6, owner=TAKER))

    assert told(events) == [expected]
    assert book.money(TAKER) == ((0, 600) if usd == 600 else (99, 500))


def test_who_owes_may_still_shrink_and_cancel() -> None:
    """Rule 41: what needs nothing passes."""
    book = Market(margined(instrument(), 10))
    book.fund(TAKER, USD=100)
    book.fund(MAKER, USD=1_000)
    book.submit(sell(5, at=100, name="a", owner=MAKER))
    book.submit(buy(5, at=100, name="t"))
    book.submit(buy(5, at=50, name="rest"))
    book.submit(sell(1, at=60, name="low", owner=MAKER))
    book.submit(sell(1, at=50, name="loss", owner=MAKER))

    shrunk = book.submit(replace("rest", quantity=3, owner=TAKER))

    assert told(shrunk)[0].startswith("rest replaced: 2 at 50")


# -- auctions --------------------------------------------------------------------------------------
def test_auction_gives_back_what_its_price_saves() -> None:
    """Rules 37 and 41: held for 120, bought at 100."""
    book = Market(spot(instrument(reference_price=100)))
    book.fund(MAKER, BTC=10)
    book.fund(TAKER, USD=600)
    book.submit(phase(Phase.OPENING_AUCTION))
    book.submit(buy(5, at=120, name="b"))
    book.submit(sell(5, at=100, name="s", owner=MAKER))

    book.submit(phase(Phase.CONTINUOUS))

    assert book.money(TAKER) == (100, 0)
    assert book.money(MAKER) == (500, 0)

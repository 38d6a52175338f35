"""Fees: cut off toward zero, paid to the venue, given back by rebates, and nothing lost (rule 43)."""

import pytest

from protocol.vocabulary import Phase
from tests.support.accounts import fees, margined, spot
from tests.support.books import ACME, MAKER, TAKER, Market, buy, instrument, phase, sell, told


def traded(quantity: int, price: int, **settings: object) -> Market:
    """A spot market in which the maker has sold so much to the taker."""
    book = Market(spot(instrument(), **settings))
    book.fund(MAKER, BTC=1_000, USD=1_000)
    book.fund(TAKER, USD=1_000_000)
    book.submit(sell(quantity, at=price, name="a", owner=MAKER))
    book.submit(buy(quantity, at=price))
    return book


@pytest.mark.parametrize(
    ("settings", "maker", "taker"),
    [
        ({"maker_fee_ppm": 250, "taker_fee_ppm": 250}, 2, 2),  # 2.4975
        ({"maker_fee_ppm": -250, "taker_fee_ppm": 250}, -2, 2),  # toward zero on both sides of it
        ({"maker_fee_ppm": -150, "taker_fee_ppm": 250}, -1, 2),
        ({"quote_scale": 100, "maker_fee_ppm": 250, "taker_fee_ppm": 250}, 249, 249),
        ({"quote_scale": 10, "maker_fee_per_unit": 7, "taker_fee_per_unit": 10}, 63, 90),
        ({"quote_scale": 10, "maker_fee_per_unit": -3, "taker_fee_per_unit": 5}, -27, 45),
        ({"quote_scale": 10, "taker_fee_ppm": 250, "taker_fee_per_unit": 1}, 0, 24 + 9),
    ],
)
def test_fee_is_a_share_of_the_money_and_so_much_a_unit(
    settings: dict[str, int], maker: int, taker: int
) -> None:
    """Rule 43: of 9 at 1110."""
    book = traded(9, 1_110, **settings)

    money = 9 * 1_110 * settings.get("quote_scale", 1)
    assert book.money(MAKER) == (1_000 + money - maker, 0)
    assert book.money(TAKER) == (1_000_000 - money - taker, 0)
    assert book.fees() == maker + taker
    assert (book.holding(MAKER).fees, book.holding(TAKER).fees) == (maker, taker)


def test_rebate_may_be_more_than_the_fee() -> None:
    """Rule 43: then the venue pays, and the sum is still the same."""
    book = traded(9, 1_000, maker_fee_ppm=-3_000, taker_fee_ppm=1_000)

    assert book.fees() == -27 + 9
    assert sum(book.money(name)[0] for name in (MAKER, TAKER)) + book.fees() == 1_001_000


def test_each_trade_is_cut_off_by_itself() -> None:
    """Rule 43: three times 0.999 is nothing, thrice."""
    book = Market(spot(instrument(taker_fee_ppm=999)))
    book.fund(MAKER, BTC=10)
    book.fund(TAKER, USD=10_000)
    for name in "abc":
        book.submit(sell(1, at=1_000, name=name, owner=MAKER))

    events = book.submit(buy(3, at=1_000))

    assert len(told(events)) == 4
    assert book.fees() == 0
    assert book.money(TAKER) == (7_000, 0)


def test_in_an_auction_both_sides_pay_as_makers() -> None:
    """Rules 37 and 43."""
    book = Market(
        spot(instrument(reference_price=100), quote_scale=10, maker_fee_per_unit=2, taker_fee_per_unit=5)
    )
    book.fund(MAKER, BTC=10)
    book.fund(TAKER, USD=10_000)
    book.submit(phase(Phase.OPENING_AUCTION))
    book.submit(buy(5, at=100, name="b"))
    book.submit(sell(5, at=100, name="s", owner=MAKER))

    book.submit(phase(Phase.CONTINUOUS))

    assert book.fees() == 20
    assert book.money(TAKER) == (10_000 - 5_000 - 10, 0)


def test_fees_change_from_now_on_for_orders_that_rest_too() -> None:
    """Rule 43: and what they hold follows."""
    book = Market(spot(instrument(), quote_scale=10, taker_fee_per_unit=5))
    book.fund(MAKER, BTC=10)
    book.fund(TAKER, USD=10_000)
    book.submit(buy(5, at=100, name="b"))
    before = book.money(TAKER)

    changed = book.submit(fees(ACME, 0, 0, maker=2, taker=3))
    book.submit(sell(1, at=100, owner=MAKER))

    assert told(changed) == ["fees of ACME"]
    assert before == (10_000 - 5_025, 5_025)
    assert book.money(TAKER) == (10_000 - 1_002 - 4 * 1_003, 4 * 1_003)
    assert book.fees() == 2 + 3


def test_fees_of_an_unknown_instrument_are_refused() -> None:
    """Rule 8."""
    assert told(Market(instrument()).submit(fees("NONE", 1, 1))) == ["it refused: unknown_symbol"]


def test_fees_of_margined_positions_are_paid_in_the_quote_asset() -> None:
    """Rule 43."""
    book = Market(margined(instrument(), 10, quote_scale=10, maker_fee_per_unit=-1, taker_fee_per_unit=4))
    for owner in (MAKER, TAKER):
        book.fund(owner, USD=1_000)
    book.submit(sell(5, at=100, name="a", owner=MAKER))

    book.submit(buy(5, at=100))

    assert book.money(MAKER) == (1_000 + 5 - 50, 50)
    assert book.money(TAKER) == (1_000 - 20 - 50, 50)
    assert book.fees() == 15


def test_without_settlement_fees_are_told_and_not_taken() -> None:
    """Rule 43."""
    book = Market(instrument("TOY", taker_fee_ppm=10_000), spot(instrument("SPOT")))
    book.fund(TAKER, USD=100)
    book.submit(sell(5, at=100, name="a", owner=MAKER, symbol="TOY"))

    book.submit(buy(5, at=100, symbol="TOY"))

    assert book.holding(TAKER, "TOY").fees == 5
    assert (book.money(TAKER), book.fees()) == ((100, 0), 0)

"""Margined instruments: a margin for the worst position there may be, profit and loss in money (rules 41, 42)."""

import pytest

from tests.support.accounts import margined
from tests.support.books import MAKER, TAKER, Market, buy, cancel, instrument, last_price, replace, sell, told


def market(usd: int = 1_000, margin: int = 10, **settings: object) -> Market:
    """The taker has so much; others have plenty, and rest 50 on each side of 100."""
    book = Market(margined(instrument(), margin, **settings))
    book.fund(TAKER, USD=usd)
    book.fund(MAKER, USD=1_000_000)
    book.submit(sell(50, at=100, name="ask", owner=MAKER))
    book.submit(buy(50, at=99, name="bid", owner=MAKER))
    return book


@pytest.mark.parametrize(
    ("orders", "held"),
    [
        ([buy(5, at=90)], 50),
        ([buy(5, at=90), sell(5, at=110, name="s")], 50),  # one of the two sides, whichever is worse
        ([buy(5, at=90), sell(8, at=110, name="s")], 80),
        ([buy(5)], 50),
        ([buy(5), sell(5, at=110, name="s")], 50),  # what closes holds nothing more
        ([buy(5), sell(15, at=110, name="s")], 100),
        ([buy(5), buy(2, at=90, name="b")], 70),
        ([buy(5), sell(5, name="s")], 0),
        ([buy(5, at=90), cancel("new", TAKER)], 0),
        ([buy(5, at=90), replace("new", quantity=3, owner=TAKER)], 30),
    ],
)
def test_margin_is_held_for_the_worst_position(orders: list[object], held: int) -> None:
    """Rules 41 and 42: 10 for each unit."""
    book = market()

    for order in orders:
        book.submit(order)  # type: ignore[arg-type]

    assert book.money(TAKER)[1] == held


@pytest.mark.parametrize(
    ("quantity", "expected"), [(10, "new accepted"), (11, "new refused: insufficient_funds")]
)
def test_margin_must_be_free(quantity: int, expected: str) -> None:
    """Rule 41: exact equality passes."""
    book = market(usd=100)

    assert told(book.submit(sell(quantity, at=110))) == [expected]


def test_who_has_nothing_free_may_still_close() -> None:
    """Rule 42: an order that only reduces passes."""
    book = market(usd=100)
    book.submit(buy(10))

    closing = book.submit(sell(10, at=99, name="close"))

    assert told(closing) == ["close accepted", "close with bid: 10 at 99"]
    assert book.money(TAKER) == (90, 0)


def test_profit_is_paid_when_it_is_realised() -> None:
    """Rule 43: bought at 100, sold at 99; each unit counts twice."""
    book = market(quote_scale=2)
    book.submit(buy(10))
    while_open = book.money(TAKER)

    book.submit(sell(4, name="s"))

    assert while_open == (900, 100)
    assert book.money(TAKER) == (1_000 - 8 - 60, 60)
    assert book.money(MAKER) == (1_000_000 + 8 - 460, 460)


def test_losses_that_are_not_realised_yet_leave_less_to_trade_with() -> None:
    """Rule 41: gains do not leave more."""
    book = market(usd=200)
    book.submit(buy(10))
    book.submit(last_price(95))

    refused = book.submit(buy(6, at=90, name="large"))
    taken = book.submit(buy(5, at=90, name="small"))
    book.submit(last_price(120))
    after_gains = book.submit(buy(6, at=90, name="more"))

    assert told(refused) == ["large refused: insufficient_funds"]
    assert told(taken) == ["small accepted"]
    assert told(after_gains) == ["more refused: insufficient_funds"]


def test_loss_may_be_more_than_there_is() -> None:
    """Rule 43: then the account owes, and the sum is still the same."""
    book = market(usd=100)
    book.submit(buy(10))
    book.submit(cancel("bid"))
    book.submit(buy(10, at=50, name="low", owner=MAKER))

    book.submit(sell(10, name="s"))

    assert book.money(TAKER) == (-400, 0)

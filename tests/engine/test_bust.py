"""A trade is undone: positions, money and fees go back, the orders stay executed (rule 43)."""

import pytest

from exchange.engine.commands import Command
from exchange.engine.events import Trade, TradeBusted
from tests.support.accounts import bust, by_desk, margined, spot
from tests.support.books import ACME, MAKER, TAKER, Market, buy, instrument, last_price, sell, told


def spot_trade(**settings: object) -> tuple[Market, Trade]:
    """The maker has sold the taker 5 at 100."""
    terms = {"quote_scale": 10, "maker_fee_per_unit": -1, "taker_fee_per_unit": 3, **settings}
    book = Market(spot(instrument(), **terms))
    book.fund(MAKER, BTC=10)
    book.fund(TAKER, USD=10_000)
    book.submit(sell(5, at=100, name="a", owner=MAKER))
    _, trade = book.submit(buy(5, at=100))
    assert isinstance(trade, Trade)
    return book, trade


def test_bust_gives_back_what_the_trade_moved() -> None:
    """Rule 43: fees and rebates included."""
    book, trade = spot_trade()

    events = book.submit(bust(trade))

    assert events == (TradeBusted(trade.trade_id, ACME, 100, 5, TAKER, 15, MAKER, -5),)
    assert (book.money(TAKER), book.money(TAKER, "BTC")) == ((10_000, 0), (0, 0))
    assert (book.money(MAKER), book.money(MAKER, "BTC")) == ((0, 0), (10, 0))
    assert book.fees() == 0
    assert (book.holding(TAKER).quantity, book.holding(MAKER).quantity) == (0, 0)
    assert (book.holding(TAKER).fees, book.holding(MAKER).fees) == (0, 0)


def test_orders_stay_executed_and_the_last_price_stands() -> None:
    """Rule 43: the market has moved on."""
    book, trade = spot_trade()

    book.submit(bust(trade))

    assert (book.order("a").cumulative, book.order("a").leaves) == (5, 0)
    assert book.engine.books[ACME].last_price == 100


def test_trade_is_busted_once() -> None:
    """Rule 44 for trades: whoever orders it twice gets it once."""
    book, trade = spot_trade()
    book.submit(bust(trade))

    events = book.submit(bust(trade))

    assert told(events) == ["it refused: already_busted"]
    assert book.money(TAKER) == (10_000, 0)


@pytest.mark.parametrize(
    "differently",
    [{"trade_id": 0}, {"trade_id": 2}, {"symbol": "NONE"}, {"buyer": "nobody"}, {"seller": "nobody"}],
)
def test_trade_that_there_was_not_is_refused(differently: dict[str, object]) -> None:
    """Rule 43: nothing has moved."""
    book, trade = spot_trade()

    events = book.submit(bust(trade, **differently))

    assert told(events) == ["it refused: unknown_trade"]
    assert book.money(TAKER) == (10_000 - 5_015, 0)


def test_account_that_spent_what_it_got_owes_it() -> None:
    """Rule 43: below zero is better than money that nobody has."""
    book, trade = spot_trade()
    book.submit(buy(5, at=80, name="bid", owner=TAKER))
    book.submit(sell(5, at=80, name="s", owner=MAKER))
    book.fund("third", USD=10_000)
    book.submit(buy(10, at=70, name="low", owner="third"))
    book.submit(sell(10, at=70, name="all", owner=TAKER))

    book.submit(bust(trade))

    assert book.money(TAKER, "BTC") == (-5, 0)
    assert book.money(MAKER, "BTC") == (5, 0)


def test_bust_of_a_margined_trade_closes_the_position_at_its_price() -> None:
    """Rule 43: what it would have brought since is not paid."""
    book = Market(margined(instrument(), 10))
    for owner in (MAKER, TAKER):
        book.fund(owner, USD=1_000)
    book.submit(sell(5, at=100, name="a", owner=MAKER))
    _, trade = book.submit(buy(5, at=100))
    assert isinstance(trade, Trade)
    book.submit(last_price(120))

    book.submit(bust(trade))

    assert (book.money(TAKER), book.money(MAKER)) == ((1_000, 0), (1_000, 0))
    assert book.holding(TAKER).unrealised == 0


def test_bust_by_an_operator_is_audited() -> None:
    """The desk says who and why."""
    book, trade = spot_trade()

    events = book.submit(by_desk(bust(trade), "fat finger"))

    assert told(events) == ["trade 1 busted: 5 at 100", "desk did bust_trade: fat finger"]


def test_bust_without_settlement_moves_positions_only() -> None:
    """Rule 43."""
    book = Market(instrument(taker_fee_ppm=10_000))
    book.submit(sell(5, at=100, name="a", owner=MAKER))
    _, trade = book.submit(buy(5, at=100))
    assert isinstance(trade, Trade)

    book.submit(bust(trade))

    assert (book.position(MAKER), book.position(TAKER)) == (0, 0)


@pytest.mark.parametrize("command", [buy(97, at=10, name="n"), sell(10, at=110, name="n", owner=MAKER)])
def test_both_sides_trade_on_afterwards(command: Command) -> None:
    """Rule 41: with what they have again."""
    book, trade = spot_trade()
    book.submit(bust(trade))

    assert told(book.submit(command)) == ["n accepted"]

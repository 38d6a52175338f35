"""Which price an auction finds: rules 35 and 36."""

from typing import NamedTuple

import pytest

from exchange.engine.auction import indicative
from exchange.engine.events import AuctionTrade
from protocol.vocabulary import Phase, Price, Quantity
from tests.support.books import (
    ACME,
    MAKER,
    Market,
    buy,
    call_of,
    cancel,
    instrument,
    last_price,
    phase,
    sell,
    told,
)


class Situation(NamedTuple):
    """Limits as a table, market orders beside it, the reference price, and price, volume, surplus."""

    table: str
    reference: Price | None
    expected: tuple[Price | None, Quantity, Quantity]
    market: tuple[Quantity, Quantity] = (0, 0)


ONE_BUY_ONE_SELL = """
    100 b |   105 |
          |   100 | 100 a
"""
TOO_MUCH_BOUGHT = """
    150 b |   103 |
          |   100 | 100 a
"""
TOO_MUCH_SOLD = """
    100 b |   103 |
          |   100 | 150 a
"""
BOTH_WAYS = """
          |   103 | 50 d
    100 b |   103 |
    50 c  |   100 | 100 a
"""
APART = """
          |   101 | 10 a
    10 b  |    99 |
"""

SITUATIONS: dict[str, Situation] = {
    # -- greatest volume first
    "greatest volume": Situation("100 b | 102 |\n100 c | 101 | 100 a\n | 100 | 100 d", None, (101, 200, 0)),
    "greatest volume beats a smaller surplus": Situation(
        "100 b | 103 |\n50 c | 101 | 150 a\n | 100 | 100 d", None, (101, 150, -100)
    ),
    # -- then the smallest surplus
    "smallest surplus": Situation("100 b | 103 |\n50 c | 101 |\n | 100 | 100 a", None, (103, 100, 0)),
    "smallest surplus, at the reference": Situation(
        "100 b | 103 |\n50 c | 101 |\n | 100 | 100 a", 102, (102, 100, 0)
    ),
    # -- then pressure from one side
    "surplus to buy only: highest": Situation(TOO_MUCH_BOUGHT, None, (103, 100, 50)),
    "surplus to buy only, whatever the reference": Situation(TOO_MUCH_BOUGHT, 100, (103, 100, 50)),
    "surplus to sell only: lowest": Situation(TOO_MUCH_SOLD, None, (100, 100, -50)),
    "surplus to sell only, whatever the reference": Situation(TOO_MUCH_SOLD, 103, (100, 100, -50)),
    # -- else the reference price
    "balanced, reference between": Situation(ONE_BUY_ONE_SELL, 103, (103, 100, 0)),
    "balanced, reference on a limit": Situation(ONE_BUY_ONE_SELL, 105, (105, 100, 0)),
    "balanced, reference above": Situation(ONE_BUY_ONE_SELL, 110, (105, 100, 0)),
    "balanced, reference below": Situation(ONE_BUY_ONE_SELL, 90, (100, 100, 0)),
    "balanced, no reference: lowest": Situation(ONE_BUY_ONE_SELL, None, (100, 100, 0)),
    "surplus both ways, reference above": Situation(BOTH_WAYS, 110, (103, 100, -50)),
    "surplus both ways, reference below": Situation(BOTH_WAYS, 99, (100, 100, 50)),
    "surplus both ways, no reference: lowest": Situation(BOTH_WAYS, None, (100, 100, 50)),
    "surplus both ways, none at the reference": Situation(BOTH_WAYS, 101, (101, 100, 0)),
    # -- market orders
    "market orders are demand at every price": Situation(" | 100 | 100 a", None, (100, 50, -50), (50, 0)),
    "market orders are supply at every price": Situation("100 b | 100 |", None, (100, 50, 50), (0, 50)),
    "more market orders than limits": Situation(
        " | 100 | 30 a\n | 102 | 30 d", None, (102, 60, 40), (100, 0)
    ),
    "market orders only: the reference": Situation("", 77, (77, 30, -20), (30, 50)),
    "market orders only, no reference": Situation("", None, (None, 0, 0), (30, 50)),
    "market orders between limits that do not cross": Situation(APART, 100, (100, 30, 0), (30, 30)),
    "market orders beside limits, no reference": Situation(APART, None, (99, 30, 10), (30, 30)),
    # -- nothing
    "not crossed": Situation(APART, 100, (None, 0, 0)),
    "one lot is a cross": Situation("1 b | 100 | 1 a", 500, (100, 1, 0)),
    "only buyers": Situation("10 b | 100 |", 100, (None, 0, 0), (10, 0)),
    "only sellers": Situation(" | 100 | 10 a", 100, (None, 0, 0), (0, 10)),
    "nobody": Situation("", 100, (None, 0, 0)),
}


def market_of(situation: Situation) -> Market:
    book = call_of(situation.table, instrument(reference_price=situation.reference))
    for make, quantity, name in zip((buy, sell), situation.market, ("bought", "sold"), strict=True):
        if quantity:
            book.submit(make(quantity, name=name, owner=MAKER))
    return book


@pytest.mark.parametrize("name", SITUATIONS)
def test_auction_is_held_at_the_price_that_the_rule_names(name: str) -> None:
    """Rules 35 and 36: the trades, and what is published, are of one price."""
    situation = SITUATIONS[name]
    book = market_of(situation)
    price, volume, surplus = situation.expected

    published = indicative(book.engine.books[ACME])
    events = book.submit(phase(Phase.CONTINUOUS))

    sentence = (
        "auction without a price" if price is None else f"auction: {volume} at {price}, surplus {surplus}"
    )
    assert (published.price, published.volume, published.surplus) == situation.expected
    assert [told_of for told_of in told(events) if told_of.startswith("auction")] == [sentence]
    met = [event for event in events if isinstance(event, AuctionTrade)]
    assert {trade.price for trade in met} == ({price} if price else set())
    assert sum(trade.quantity for trade in met) == volume


def test_reference_price_of_the_command_counts_before_the_last_one() -> None:
    """Rule 35: whoever holds the auction may name it."""
    book = call_of(ONE_BUY_ONE_SELL, instrument(reference_price=101))
    book.submit(last_price(102))

    without = indicative(book.engine.books[ACME])
    events = book.submit(phase(Phase.CONTINUOUS, reference_price=104))

    assert without.price == 102
    assert told(events)[1] == "auction: 100 at 104, surplus 0"


def test_icebergs_and_hidden_orders_count_with_all_they_have() -> None:
    """Rules 25 and 35."""
    book = call_of("60 b | 100 |")
    book.submit(sell(40, at=100, name="ice", display=1))
    book.submit(sell(20, at=100, name="hidden", hidden=True))

    found = indicative(book.engine.books[ACME])

    assert (found.price, found.volume, found.surplus) == (100, 60, 0)


def test_indicative_price_follows_every_order() -> None:
    """Rule 34: it is that of the book as it stands, and looking changes nothing."""
    book = call_of()
    engine_book = book.engine.books[ACME]
    seen = [indicative(engine_book)]

    for command in (
        buy(10, at=105, name="b"),
        sell(4, at=100, name="a"),
        sell(10, at=103, name="c"),
        cancel("a", "taker"),
    ):
        book.submit(command)
        seen.append(indicative(engine_book))

    assert [tuple(one) for one in seen] == [
        (None, 0, 0),
        (None, 0, 0),
        (105, 4, 6),
        (103, 10, -4),
        (103, 10, 0),
    ]

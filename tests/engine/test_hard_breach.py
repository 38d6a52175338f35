"""A limit that is hard: whoever goes beyond it is canceled and disabled, in the same group (rules 4, 41)."""

from exchange.engine.commands import EndDay
from protocol.vocabulary import Limit
from tests.support.accounts import block, limits, margined
from tests.support.books import MAKER, TAKER, Market, buy, cancel, instrument, last_price, replace, sell, told


def market(**bounds: object) -> Market:
    book = Market(margined(instrument(), 1))
    for owner in (MAKER, TAKER):
        book.fund(owner, USD=10_000)
    book.submit(limits(TAKER, **bounds))
    return book


def test_hard_breach_cancels_everything_and_disables_the_account() -> None:
    """Rules 4 and 41: refusal, block and cancels are one group."""
    book = market(order_quantity=5, hard=(Limit.ORDER_QUANTITY,))
    book.submit(buy(5, at=90, name="a"))
    book.submit(sell(5, at=110, name="b"))

    events = book.submit(buy(6, at=91))

    assert told(events) == [
        "new refused: order_quantity_limit",
        "taker blocked: hard_breach",
        "a canceled 5: account_disabled",
        "b canceled 5: account_disabled",
    ]
    assert book.block(TAKER) == "hard_breach"
    assert book.money(TAKER) == (10_000, 0)


def test_soft_limit_beside_a_hard_one_disables_nobody() -> None:
    """Rule 41."""
    book = market(order_quantity=5, collar=3, hard=(Limit.COLLAR,))

    events = book.submit(buy(6, at=91))

    assert told(events) == ["new refused: order_quantity_limit"]
    assert book.block(TAKER) is None


def test_replace_breaks_a_hard_limit_too() -> None:
    """Rules 12 and 41."""
    book = market(order_quantity=5, hard=(Limit.ORDER_QUANTITY,))
    book.submit(buy(5, at=90, name="a"))

    events = book.submit(replace("a", quantity=6, owner=TAKER))

    assert told(events) == [
        "a refused: order_quantity_limit",
        "taker blocked: hard_breach",
        "a canceled 5: account_disabled",
    ]


def test_loss_that_a_trade_brings_disables_at_once() -> None:
    """Rule 41: the group of the trade ends with it. Bought at 100, marked at 94."""
    book = market(daily_loss=59, hard=(Limit.DAILY_LOSS,))
    book.submit(sell(10, at=100, name="m", owner=MAKER))
    book.submit(buy(10, at=100, name="t"))
    book.submit(buy(1, at=50, name="rest"))
    book.submit(buy(5, at=94, name="bid", owner=MAKER))

    events = book.submit(sell(1, at=94, name="s"))

    assert told(events) == [
        "s accepted",
        "s with bid: 1 at 94",
        "taker blocked: hard_breach",
        "rest canceled 1: account_disabled",
    ]


def test_disabled_account_may_cancel_and_nothing_else() -> None:
    """Rule 41: an operator lifts it."""
    book = market(order_quantity=5, hard=(Limit.ORDER_QUANTITY,))
    book.submit(buy(6, at=91))

    refused = book.submit(buy(1, at=91, name="small"))
    unknown = book.submit(cancel("small", TAKER))
    book.submit(block(TAKER, on=False))
    taken = book.submit(buy(1, at=91, name="later"))

    assert told(refused) == ["small refused: account_disabled"]
    assert told(unknown) == ["small refused: unknown_order"]
    assert told(taken) == ["later accepted"]


def test_others_are_left_alone() -> None:
    """Rule 41: whoever stays within the limit trades on."""
    book = market(order_quantity=5, hard=(Limit.ORDER_QUANTITY,))
    book.submit(sell(9, at=110, name="m", owner=MAKER))

    book.submit(buy(6, at=91))

    assert book.block(MAKER) is None
    assert book.holding(MAKER).open_sells == 9


def test_day_forgets_the_losses_of_the_day_before() -> None:
    """Rule 41: counted since the day began."""
    book = market(daily_loss=10)
    book.submit(sell(10, at=100, name="m", owner=MAKER))
    book.submit(buy(10, at=100, name="t"))
    book.submit(last_price(90))
    refused = book.submit(buy(1, at=80, name="a"))

    book.submit(EndDay())
    taken = book.submit(buy(1, at=80, name="b"))
    book.submit(last_price(88))
    lost_again = book.submit(buy(1, at=80, name="c"))

    assert told(refused) == ["a refused: daily_loss_limit"]
    assert told(taken) == ["b accepted"]
    assert told(lost_again) == ["c refused: daily_loss_limit"]

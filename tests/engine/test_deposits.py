"""Payments in and out: carried out once, never more than is free (rule 44)."""

import pytest

from exchange.engine.commands import Command
from exchange.engine.events import BalanceAdjusted
from protocol.vocabulary import TransactionId
from tests.support.accounts import USD, account, deposit, margined, spot
from tests.support.books import MAKER, TAKER, Market, buy, instrument, last_price, sell, told


def market() -> Market:
    book = Market(spot(instrument()))
    book.submit(account(TAKER))
    return book


def test_deposit_is_free_at_once() -> None:
    """Rule 44."""
    book = market()

    events = book.submit(deposit(TAKER, 500, transaction_id="t1"))

    assert events == (BalanceAdjusted(TAKER, USD, 500, TransactionId("t1"), 500, repeated=False),)
    assert book.money(TAKER) == (500, 0)


def test_transaction_is_carried_out_once_and_a_repeat_says_so() -> None:
    """Rule 44: also when the balance has moved on."""
    book = market()
    book.submit(deposit(TAKER, 500, transaction_id="t1"))
    book.submit(deposit(TAKER, 70, transaction_id="t2"))

    events = book.submit(deposit(TAKER, 500, transaction_id="t1"))

    assert events == (BalanceAdjusted(TAKER, USD, 500, TransactionId("t1"), 570, repeated=True),)
    assert book.money(TAKER) == (570, 0)


@pytest.mark.parametrize(
    "again",
    [
        deposit(TAKER, 501, transaction_id="t1"),
        deposit(TAKER, -500, transaction_id="t1"),
        deposit(TAKER, 500, "BTC", transaction_id="t1"),
    ],
)
def test_transaction_id_that_meant_something_else_is_refused(again: Command) -> None:
    """Rule 44."""
    book = market()
    book.submit(deposit(TAKER, 500, transaction_id="t1"))

    events = book.submit(again)

    assert told(events) == ["it refused: transaction_conflict"]
    assert book.money(TAKER) == (500, 0)


def test_transaction_ids_belong_to_their_account() -> None:
    """Rule 44: two accounts may have an opening balance each."""
    book = market()
    book.submit(account(MAKER))
    book.submit(deposit(TAKER, 500, transaction_id="opening"))

    events = book.submit(deposit(MAKER, 300, transaction_id="opening"))

    assert told(events) == ["maker +300 USD, 300 free"]


@pytest.mark.parametrize(
    ("amount", "expected", "left"),
    [(-200, "taker -200 USD, 0 free", 0), (-201, "it refused: insufficient_funds", 200)],
)
def test_what_is_held_can_not_be_withdrawn(amount: int, expected: str, left: int) -> None:
    """Rules 41 and 44: 300 of 500 are held."""
    book = market()
    book.submit(deposit(TAKER, 500))
    book.submit(buy(3, at=100))

    events = book.submit(deposit(TAKER, amount))

    assert told(events) == [expected]
    assert book.money(TAKER) == (left, 300)


def test_refused_withdrawal_does_not_use_its_id_up() -> None:
    """Rule 44."""
    book = market()
    refused = book.submit(deposit(TAKER, -5, transaction_id="out"))
    book.submit(deposit(TAKER, 5))

    again = book.submit(deposit(TAKER, -5, transaction_id="out"))

    assert told(refused) == ["it refused: insufficient_funds"]
    assert told(again) == ["taker -5 USD, 0 free"]


def test_losses_that_are_not_realised_yet_can_not_be_withdrawn() -> None:
    """Rules 41 and 44."""
    book = Market(margined(instrument(), 10))
    book.fund(MAKER, USD=1_000)
    book.fund(TAKER, USD=200)
    book.submit(sell(10, at=100, name="a", owner=MAKER))
    book.submit(buy(10, at=100))
    book.submit(last_price(95))

    refused = book.submit(deposit(TAKER, -51))
    paid = book.submit(deposit(TAKER, -50))

    assert told(refused) == ["it refused: insufficient_funds"]
    assert told(paid) == ["taker -50 USD, 50 free"]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (deposit(TAKER, 5, "EUR"), "unknown_asset"),
        (deposit("nobody", 5), "unknown_account"),
        (deposit(TAKER, 0), "invalid_request"),
    ],
)
def test_payment_that_means_nothing_is_refused(command: Command, reason: str) -> None:
    """Rule 44."""
    assert told(market().submit(command)) == [f"it refused: {reason}"]

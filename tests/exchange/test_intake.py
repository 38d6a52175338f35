"""Requests become commands: every field arrives, and a plain order brings no terms along."""

from typing import Any

import pytest

from exchange.engine.commands import EnterOrder, Terms
from exchange.intake import order_entry
from protocol import messages
from protocol.messages import NewOrder, OrderTerms
from protocol.vocabulary import (
    AccountId,
    ClientOrderId,
    OrderType,
    PostOnly,
    SelfTrade,
    Side,
    Symbol,
    TimeInForce,
)

ANNA = AccountId("anna")
PLAIN: dict[str, Any] = {
    "client_order_id": ClientOrderId("a1"),
    "symbol": Symbol("ACME"),
    "side": Side.SELL,
    "quantity": 7,
    "price": 100,
    "order_type": OrderType.STOP_LIMIT,
    "time_in_force": TimeInForce.DAY,
}
SPECIAL: dict[str, Any] = {
    "stop_price": 95,
    "trail": 5,
    "display": 2,
    "hidden": True,
    "minimum_quantity": 3,
    "all_or_none": True,
    "protection": 0,
    "cap": 90,
    "amount": 700,
    "expires_at_ns": 1,
    "self_trade": SelfTrade.DECREMENT,
    "self_trade_group": "desk",
    "reserve_price": 110,
}


def command_of(**fields: Any) -> EnterOrder:
    command = order_entry(lambda deadline_ns: None)[NewOrder](ANNA, NewOrder(**(PLAIN | fields)))
    assert isinstance(command, EnterOrder)
    return command


@pytest.mark.parametrize("post_only", [False, True])
def test_a_plain_order_has_no_terms(post_only: bool) -> None:
    command = command_of(post_only=post_only)

    assert command.terms is None
    assert command.post_only is post_only
    assert {name: getattr(command, name) for name in PLAIN} == PLAIN


def test_every_special_field_of_the_message_is_one_of_the_terms_which_quotes_have_one_more_of() -> None:
    assert {*SPECIAL, "post_only", "quote_set"} == set(Terms.__struct_fields__)
    assert set(SPECIAL) == set(OrderTerms.__struct_fields__)


@pytest.mark.parametrize("name", SPECIAL)
def test_every_special_field_arrives_and_no_other(name: str) -> None:
    command = command_of(**{name: SPECIAL[name]})

    assert command.terms == Terms(**{name: SPECIAL[name]})
    assert command.post_only is False


@pytest.mark.parametrize("mode", PostOnly)
def test_a_word_for_post_only_makes_the_order_post_only_in_that_way(mode: PostOnly) -> None:
    command = command_of(post_only=mode)

    assert (command.post_only, command.terms) == (True, Terms(post_only=mode))


def test_the_deadline_of_an_order_is_announced() -> None:
    announced: list[int] = []

    order_entry(announced.append)[NewOrder](ANNA, NewOrder(**PLAIN, expires_at_ns=17))

    assert announced == [17]


def test_changes_arrive_with_every_field() -> None:
    entry = order_entry(lambda deadline_ns: None)
    name = ClientOrderId("a1")

    replace = entry[messages.Replace](ANNA, messages.Replace(name, 1, 2, 3))
    cancel = entry[messages.MassCancel](ANNA, messages.MassCancel(Symbol("ACME"), Side.BUY, 4, 5))

    assert [getattr(replace, field) for field in ("quantity", "price", "stop_price")] == [1, 2, 3]
    assert [getattr(cancel, field) for field in ("symbol", "side", "lowest", "highest")] == [
        "ACME", Side.BUY, 4, 5,
    ]  # fmt: skip

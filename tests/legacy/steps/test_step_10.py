"""Callbacks turned into send: the coroutine and the class do the same."""

import inspect
from collections.abc import Callable
from random import Random

import pytest

from legacy.steps.market import Market, Member
from legacy.steps.step_10 import CallbackClient, DipBuyerOfCallbacks, SendTo, dip_buyer
from protocol.fields import Message

Seen = list[str | None]


def as_coroutine(member: Member) -> SendTo:
    return SendTo(dip_buyer(member, quantity=5, below=9_990, profit=20))


def as_class(member: Member) -> DipBuyerOfCallbacks:
    return DipBuyerOfCallbacks(member, quantity=5, below=9_990, profit=20)


@pytest.mark.parametrize("make", [as_coroutine, as_class])
def test_it_waits_for_a_dip_buys_waits_for_its_profit_and_sells(
    make: Callable[[Member], SendTo | DipBuyerOfCallbacks],
) -> None:
    market = Market()
    anna, ben, cora = market.member("anna"), market.member("ben"), market.member("cora")
    client, trader = CallbackClient(anna), make(anna)
    states: Seen = []

    for name, enter, quantity, price in (
        ("s1", ben.sell, 3, 9_995),
        ("s2", ben.sell, 3, 9_985),
        ("s3", ben.sell, 2, 9_990),
        ("c1", cora.buy, 3, 9_995),
        ("s4", ben.sell, 1, 10_010),
        ("c2", cora.buy, 1, 10_010),
        ("c3", cora.buy, 2, 10_010),
        ("c4", cora.buy, 3, 10_010),
    ):
        enter(name, quantity, at=price)
        client.deliver(trader)
        states.append(trader.state)

    assert states == ["watching", "buying", "holding", "holding", "holding", "selling", "selling", None]


@pytest.mark.parametrize("seed", range(5))
def test_coroutine_and_class_are_told_the_same_and_do_the_same(seed: int) -> None:
    assert run(as_coroutine, seed) == run(as_class, seed)


def run(make: Callable[[Member], SendTo | DipBuyerOfCallbacks], seed: int) -> tuple[Seen, list[Message]]:
    """The states of a trader among random orders, and all that the crowd was told of it."""
    market, rng = Market(), Random(seed)
    anna, crowd = market.member("anna"), market.member("crowd")
    client, trader = CallbackClient(anna), make(anna)
    states: Seen = []
    for number in range(60):
        enter = rng.choice((crowd.buy, crowd.sell))
        enter(f"o{number}", rng.randint(1, 6), at=10_000 + rng.randint(-20, 20))
        client.deliver(trader)
        states.append(trader.state)
    return states[1:], crowd.read()  # before the first event the one is new and the other watching


def test_every_kind_of_call_ends_up_in_one_send() -> None:
    market = Market()
    anna, ben = market.member("anna"), market.member("ben")
    kinds: list[str] = []

    class Notes:
        """Callbacks that write down which."""

        def on_depth(self, depth: object) -> None:
            kinds.append("depth")

        def on_trade(self, trade: object) -> None:
            kinds.append("trade")

        def on_report(self, report: object) -> None:
            kinds.append("report")

    client = CallbackClient(anna)
    anna.buy("a1", 1, at=10_000)
    ben.sell("b1", 1, at=10_000)
    client.deliver(Notes())

    assert kinds == ["depth", "report", "depth", "report", "trade", "depth"]


def test_a_trader_whose_entry_is_refused_gives_up() -> None:
    market = Market()
    anna, ben = market.member("anna"), market.member("ben")
    target = dip_buyer(anna, quantity=0, below=9_990, profit=20)
    nothing_to_buy = dip_buyer(anna, quantity=200_000, below=9_990, profit=20)
    client, trader = CallbackClient(anna), SendTo(nothing_to_buy)

    ben.sell("b1", 1, at=9_980)
    client.deliver(trader)

    assert trader.state is None
    assert inspect.getgeneratorstate(nothing_to_buy) == inspect.GEN_CLOSED
    assert inspect.getgeneratorstate(target) == inspect.GEN_SUSPENDED


def test_events_after_its_end_do_no_harm() -> None:
    market = Market()
    anna, ben = market.member("anna"), market.member("ben")
    target = dip_buyer(anna, quantity=5, below=9_990, profit=20)
    client, trader = CallbackClient(anna), SendTo(target)
    client.deliver(trader)
    target.close()

    ben.sell("b1", 1, at=10_000)
    client.deliver(trader)

    assert trader.state is None

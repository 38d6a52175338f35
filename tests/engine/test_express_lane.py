"""What the express lane grants, and what takes it back; what it holds, charges and gives back (rules 41 to 43).

Beside them stand lanes that are broken on purpose: each is caught by the situation of its name, or by a random day.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from exchange.engine.commands import BustTrade, Command, EndDay
from exchange.engine.express import Express
from tests.support.accounts import block, limits, spot
from tests.support.books import (
    ACME,
    MAKER,
    TAKER,
    Market,
    buy,
    cancel,
    instrument,
    last_price,
    replace,
    sell,
    told,
)
from tests.support.lane_mutants import LANE_MUTANTS
from tests.support.lanes import many_days

SPOT = spot(instrument(maker_fee_ppm=-10_000, taker_fee_ppm=20_000))
ONE = [buy(1, at=90, name=name) for name in "abcdefghijkl"]
"""Small buys, one after the other."""
BOUGHT: list[Command] = [sell(10, at=100, name="m", owner=MAKER), buy(10, at=100, name="t")]

SITUATIONS: dict[str, tuple[list[Command], list[str]]] = {
    "grants run out": (
        [limits(TAKER, open_orders=3), last_price(100), *ONE[:4]],
        ["d refused: open_orders_limit"],
    ),
    "small orders are no large ones": (
        [limits(TAKER, order_quantity=5), last_price(100), ONE[0], ONE[1], buy(6, at=90, name="x")],
        ["x refused: order_quantity_limit"],
    ),
    "cheap orders are no dear ones": (
        [limits(TAKER, order_notional=500), last_price(100), ONE[0], ONE[1], buy(1, at=501, name="x")],
        ["x refused: order_notional_limit"],
    ),
    "losses end a grant": (
        [limits(TAKER, daily_loss=50), *BOUGHT, ONE[0], ONE[1], last_price(94), ONE[2]],
        ["t with m: 10 at 100", "last price 94", "c refused: daily_loss_limit"],
    ),
    "a day ends a grant": (
        [limits(TAKER, daily_loss=50), *BOUGHT, last_price(110), ONE[0], ONE[1], EndDay(), last_price(104), ONE[2]],
        ["t with m: 10 at 100", "last price 110", "day ended, 0 canceled", "last price 104", "c refused: daily_loss_limit"],
    ),
    "a bust ends a grant": (
        [
            limits(TAKER, position=10),
            sell(6, at=100, name="m", owner=MAKER), buy(6, at=100, name="t"),
            buy(4, at=100, name="n", owner=MAKER), sell(4, at=100, name="u"),
            ONE[0], BustTrade(2, ACME, 100, 4, MAKER, -4, TAKER, 8), *ONE[1:5],
        ],
        ["t with m: 6 at 100", "u with n: 4 at 100", "trade 2 busted: 4 at 100", "e refused: position_limit"],
    ),
    "a replace ends a grant": (
        [limits(TAKER, open_quantity=10), last_price(100), *ONE[:2], replace("b", owner=TAKER, quantity=7), *ONE[2:5]],
        ["b replaced: 7 at 90, goes to the back", "e refused: open_quantity_limit"],
    ),
    "an order that is looked at ends a grant": (
        [limits(TAKER, open_quantity=10), last_price(100), *ONE[:2], buy(6, at=90, name="x", quote_set="s"), *ONE[2:5]],
        ["e refused: open_quantity_limit"],
    ),
    "other limits end a grant": (
        [limits(TAKER, open_orders=9), last_price(100), *ONE[:2], limits(TAKER, open_orders=3), *ONE[2:4]],
        ["limits of taker in everything", "d refused: open_orders_limit"],
    ),
    "a block ends a grant": (
        [limits(TAKER, open_orders=9), last_price(100), *ONE[:2], block(TAKER), ONE[2]],
        [
            "taker blocked: operator", "a canceled 1: account_disabled", "b canceled 1: account_disabled",
            "c refused: account_disabled",
        ],
    ),
}  # fmt: skip
"""What is told of limits, but for the first sentence of limits and acceptances."""

SHOWN_BY: dict[str, str] = {
    "grant for ever": "grants run out",
    "grant one too many": "grants run out",
    "orders too large": "small orders are no large ones",
    "orders too dear": "cheap orders are no dear ones",
    "losses not watched": "losses end a grant",
    "grant kept overnight": "a day ends a grant",
    "grant kept by busts": "a bust ends a grant",
    "grant kept by replaces": "a replace ends a grant",
    "grant kept by entries": "an order that is looked at ends a grant",
}
"""Mutant -> situation."""

IN_RANDOM_DAYS = sorted(LANE_MUTANTS.keys() - SHOWN_BY.keys())


def told_in(situation: str) -> tuple[list[str], list[str]]:
    """What the engine tells, and what it should."""
    commands, sentences = SITUATIONS[situation]
    market = funded()
    events = [event for command in commands for event in market.submit(copied(command))]
    found = [one for event in events for one in told((event,)) if not one.endswith(" accepted")]
    assert market.engine.clearing.check() == []
    return [one for one in found if one != "last price 100"][1:], sentences


def copied(command: Command) -> Command:
    """A command is stamped once; every market gets its own."""
    return type(command)(**{name: getattr(command, name) for name in command.__struct_fields__})


def funded() -> Market:
    market = Market(SPOT)
    for owner in (MAKER, TAKER):
        market.fund(owner, USD=100_000, BTC=1_000)
        market.submit(buy(1, at=1, name="first", owner=owner))  # the first order is always looked at
        market.submit(cancel("first", owner))
    return market


@contextmanager
def broken(name: str) -> Iterator[None]:
    mutant = LANE_MUTANTS[name]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mutant.owner, mutant.attribute, mutant.broken())
        yield


@pytest.mark.parametrize("situation", SITUATIONS)
def test_lane_keeps_to_limits(situation: str) -> None:
    found, expected = told_in(situation)

    assert found == expected


@pytest.mark.parametrize(("mutant", "situation"), SHOWN_BY.items())
def test_broken_grant_is_caught(mutant: str, situation: str) -> None:
    with broken(mutant):
        found, expected = told_in(situation)

    assert found != expected


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutant", IN_RANDOM_DAYS)
def test_broken_lane_is_caught_by_random_days(mutant: str) -> None:
    with broken(mutant), pytest.raises((AssertionError, KeyError)):
        many_days(20)


def test_plain_orders_of_the_lane_have_no_record_and_hold_all_the_same() -> None:
    market = funded()

    market.submit(buy(3, at=90, name="a"))

    assert not market.engine.clearing.books.holds
    assert market.money(TAKER) == (100_000 - 270 - 5, 275)


def test_trades_of_the_lane_pay_fees_and_rebates() -> None:
    market = funded()
    market.submit(sell(5, at=100, name="m", owner=MAKER))

    market.submit(buy(8, at=110, name="t"))

    assert market.money(MAKER) == (100_500 + 5, 0)
    assert market.money(TAKER) == (100_000 - 500 - 10 - 336, 336)
    assert market.fees() == 5


def test_replaced_order_of_the_lane_holds_for_its_new_price() -> None:
    market = funded()
    market.submit(last_price(100))
    market.submit(buy(8, at=90, name="a"))

    market.submit(replace("a", owner=TAKER, price=80))

    assert market.money(TAKER) == (100_000 - 640 - 12, 652)
    assert not market.engine.clearing.books.holds


def test_lane_is_what_a_venue_with_books_runs_on() -> None:
    """A test of the lane that does not meet it shows nothing."""
    market = funded()

    handlers = market.engine.handlers.values()

    assert sum(isinstance(getattr(handler, "__self__", None), Express) for handler in handlers) == 3

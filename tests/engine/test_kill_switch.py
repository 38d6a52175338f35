"""The kill switch: everything goes, nothing comes, until it is lifted (rule 45)."""

import pytest

from exchange.engine.commands import Command, MassCancel
from protocol.vocabulary import OrderType, Phase, Side, TimeInForce
from tests.support.accounts import block, kill_switch, spot
from tests.support.books import (
    ACME,
    MAKER,
    TAKER,
    Market,
    buy,
    cancel,
    enter,
    instrument,
    mass_cancel,
    phase,
    reduce,
    replace,
    sell,
    stop,
    told,
)


def market() -> Market:
    """The taker has orders of all kinds in two instruments; the maker has one that nobody touches."""
    book = Market(spot(instrument()), instrument("TOY"))
    book.fund(MAKER, USD=10_000, BTC=100)
    book.fund(TAKER, USD=10_000_000, BTC=100)
    book.submit(buy(5, at=90, name="m", owner=MAKER))
    book.submit(buy(5, at=90, name="bid"))
    book.submit(sell(5, at=110, name="ask", display=1))
    book.submit(stop(Side.BUY, 120, 5, name="stop"))
    book.submit(buy(5, at=90, name="toy", symbol="TOY"))
    book.submit(buy(5, at=95, name="close", symbol="TOY", time_in_force=TimeInForce.AT_THE_CLOSE))
    return book


def test_kill_switch_cancels_everything_oldest_first() -> None:
    """Rule 45: stops and orders for the close included, in every instrument."""
    book = market()

    events = book.submit(kill_switch(TAKER))

    assert told(events) == [
        *(f"{name} canceled 5: kill_switch" for name in ("bid", "ask", "stop", "toy", "close")),
        "kill switch of taker on",
    ]
    assert book.money(TAKER) == (10_000_000, 0)
    assert book.holding(MAKER).open_buys == 5


@pytest.mark.parametrize(
    "command", [buy(1, at=50), sell(1, at=500), enter(Side.BUY, 1), buy(1, at=50, symbol="TOY")]
)
def test_what_follows_is_refused_until_it_is_lifted(command: Command) -> None:
    """Rule 45."""
    book = market()
    book.submit(kill_switch(TAKER))

    refused = book.submit(command)
    lifted = book.submit(kill_switch(TAKER, on=False))
    taken = book.submit(buy(1, at=50, name="later"))

    assert told(refused) == ["new refused: kill_switch"]
    assert told(lifted) == ["kill switch of taker off"]
    assert told(taken) == ["later accepted"]


def test_pulling_it_twice_is_no_fault() -> None:
    """Rule 45: whoever is in a hurry pulls it again."""
    book = market()
    book.submit(kill_switch(TAKER))

    assert told(book.submit(kill_switch(TAKER))) == ["kill switch of taker on"]
    assert told(book.submit(kill_switch(TAKER, on=False))) == ["kill switch of taker off"]
    assert told(book.submit(kill_switch(TAKER, on=False))) == ["kill switch of taker off"]


def test_who_is_disabled_by_an_operator_does_not_lift_that() -> None:
    """Rule 45: only an operator does."""
    book = market()
    book.submit(block(TAKER))

    refused = book.submit(kill_switch(TAKER, on=False))

    assert told(refused) == ["it refused: account_disabled"]
    assert book.block(TAKER) == "operator"


def test_others_trade_on() -> None:
    """Rule 45."""
    book = market()
    book.submit(kill_switch(TAKER))

    assert told(book.submit(sell(5, at=90, name="s", owner=MAKER, symbol="TOY"))) == ["s accepted"]


def test_pegs_that_followed_the_canceled_go_on_or_go() -> None:
    """Rules 45 and 53: a peg of somebody else loses what it followed."""
    book = Market(instrument())
    book.fund(TAKER)
    book.submit(buy(5, at=90, name="bid"))
    book.submit(enter(Side.BUY, 2, name="peg", owner=MAKER, order_type=OrderType.PEG))

    events = book.submit(kill_switch(TAKER))

    assert told(events) == [
        "bid canceled 5: kill_switch",
        "peg canceled 2: nothing_to_peg_to",
        "kill switch of taker on",
    ]


# -- mass cancels ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("command", "names"),
    [
        (mass_cancel(TAKER), ["bid", "ask", "stop", "toy", "close"]),
        (mass_cancel(TAKER, "TOY"), ["toy", "close"]),
        (mass_cancel(TAKER, ACME, Side.BUY), ["bid", "stop"]),
        (mass_cancel(TAKER, ACME, lowest=91), ["ask"]),
        (mass_cancel(None, ACME, Side.BUY), ["m", "bid", "stop"]),
    ],
)
def test_mass_cancel_gives_back_what_was_held(command: MassCancel, names: list[str]) -> None:
    """Rules 41 and 45: by account, instrument, side or price, oldest first."""
    book = market()

    events = book.submit(command)

    assert told(events)[:-1] == [f"{name} canceled 5: mass_cancel" for name in names]
    held = {"bid": 450, "stop": 5_000_000}
    assert book.money(TAKER)[1] == sum(held[name] for name in held if name not in names)


@pytest.mark.parametrize(
    "command", [cancel("bid", TAKER), reduce("bid", 1, TAKER), replace("bid", price=91, owner=TAKER)]
)
def test_after_the_switch_there_is_nothing_to_change(command: Command) -> None:
    """Rules 7 and 45."""
    book = market()
    book.submit(kill_switch(TAKER))

    [sentence] = told(book.submit(command))

    assert sentence in ("bid refused: unknown_order", "bid refused: kill_switch")


def test_halt_keeps_nobody_from_pulling_the_switch() -> None:
    """Rules 34 and 45."""
    book = market()
    book.submit(phase(Phase.HALT))

    assert len(book.submit(kill_switch(TAKER))) == 6

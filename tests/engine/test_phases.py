"""The phases of the day: what each of them admits (rules 16 and 34), and how one leads to another."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from exchange.engine.commands import Command, EndDay, EnterOrder
from exchange.engine.events import AuctionExtended, PhaseChanged
from exchange.engine.phases import RULES, Rules
from protocol.vocabulary import OrderType, Phase, Side, Symbol, TimeInForce
from tests.support.books import (
    ACME,
    TAKER,
    Market,
    asks,
    bids,
    buy,
    call_of,
    cancel,
    enter,
    expire,
    in_phase,
    instrument,
    last_price,
    phase,
    picture,
    reduce,
    replace,
    sell,
    stop,
    told,
    waiting,
)

PRE, OPENING, CONTINUOUS = Phase.PRE_OPEN, Phase.OPENING_AUCTION, Phase.CONTINUOUS
INTRADAY, VOLATILITY, CLOSING = Phase.INTRADAY_AUCTION, Phase.VOLATILITY_AUCTION, Phase.CLOSING_AUCTION
HALT, CLOSED = Phase.HALT, Phase.CLOSED

CALLS = frozenset({PRE, OPENING, INTRADAY, VOLATILITY, CLOSING})
TRADING = CALLS | {CONTINUOUS}

TABLE = "| 101 | 5 a\n5 x | 100 |"

ADMITTED: dict[str, tuple[EnterOrder, frozenset[Phase]]] = {
    "limit": (buy(1, at=99), TRADING),
    "day": (buy(1, at=99, time_in_force=TimeInForce.DAY), TRADING),
    "good till a moment": (buy(1, at=99, time_in_force=TimeInForce.GTD, expires_at_ns=9), TRADING),
    "immediate": (buy(1, at=99, time_in_force=TimeInForce.IOC), frozenset({CONTINUOUS})),
    "immediate market": (buy(1, time_in_force=TimeInForce.IOC), frozenset({CONTINUOUS})),
    "fill or kill": (buy(1, at=99, time_in_force=TimeInForce.FOK), frozenset({CONTINUOUS})),
    "post-only": (buy(1, at=99, post_only=True), TRADING),
    "iceberg": (buy(9, at=99, display=1), TRADING),
    "hidden": (buy(9, at=99, hidden=True), TRADING),
    "market": (buy(1), TRADING),
    "market to limit": (enter(Side.BUY, 1, order_type=OrderType.MARKET_TO_LIMIT), TRADING),
    "by amount": (
        enter(Side.BUY, 0, order_type=OrderType.MARKET_BY_AMOUNT, amount=200), frozenset({CONTINUOUS}),
    ),
    "for money": (
        enter(
            Side.BUY, 1, order_type=OrderType.MONEY_LIMIT, time_in_force=TimeInForce.FOK, amount=200
        ),
        frozenset({CONTINUOUS}),
    ),
    "stop": (stop(Side.BUY, 120, name="new"), TRADING),
    "stop limit": (stop(Side.BUY, 120, limit=120, name="new"), TRADING),
    "trailing stop": (enter(Side.BUY, 1, order_type=OrderType.STOP, trail=5), TRADING),
    "peg": (enter(Side.BUY, 1, order_type=OrderType.PEG), frozenset({CONTINUOUS})),
    "minimum quantity": (buy(5, at=101, minimum_quantity=1), frozenset({CONTINUOUS})),
    "all or none": (buy(5, at=101, all_or_none=True), frozenset({CONTINUOUS})),
    "at the open": (buy(1, at=99, time_in_force=TimeInForce.AT_THE_OPEN), frozenset({PRE, OPENING})),
    "at the close": (buy(1, at=99, time_in_force=TimeInForce.AT_THE_CLOSE), TRADING),
}  # fmt: skip
"""An order of each kind, and the phases that take it."""


@pytest.mark.parametrize("now", Phase)
@pytest.mark.parametrize("kind", ADMITTED)
def test_phase_takes_the_orders_that_have_a_place_in_it(kind: str, now: Phase) -> None:
    """Rules 16 and 34; a refusal names the phase."""
    command, phases = ADMITTED[kind]
    book = in_phase(now, TABLE)

    events = book.submit(command)

    if now in phases:
        assert told(events)[0] == "new accepted"
    else:
        assert told(events) == ["new refused: wrong_phase"]
        assert f"{now}" in getattr(events[0], "text", "")
        assert picture(book) == [("bid", 100, "x", 5), ("ask", 101, "a", 5)]


@pytest.mark.parametrize("now", Phase)
def test_every_phase_that_collects_trades_nothing_and_only_one_trades(now: Phase) -> None:
    """Rule 34."""
    book = in_phase(now, TABLE)

    events = book.submit(buy(5, at=101))

    if now is CONTINUOUS:
        assert told(events) == ["new accepted", "new with a: 5 at 101"]
    else:
        assert told(events) == ["new accepted" if now in CALLS else "new refused: wrong_phase"]
    assert RULES[now] == Rules(collects=now in CALLS, matches=now is CONTINUOUS)


class Change(NamedTuple):
    """A change of an order that rests, and what it tells while trading goes on and while it doesn't."""

    command: Callable[[], Command]
    sentence: str
    always: bool = True


CHANGES = {
    "cancel": Change(lambda: cancel("x"), "x canceled 5: requested"),
    "reduce": Change(lambda: reduce("x", 2), "x replaced: 3 at 100, keeps its place"),
    "shrink": Change(lambda: replace("x", quantity=2), "x replaced: 2 at 100, keeps its place", always=False),
    "move": Change(lambda: replace("x", price=90), "x replaced: 5 at 90, goes to the back", always=False),
    "end of day": Change(EndDay, "day ended, 0 canceled"),
    "expiry": Change(lambda: expire(10), "0 expired"),
}


@pytest.mark.parametrize("now", Phase)
@pytest.mark.parametrize("name", CHANGES)
def test_orders_can_leave_in_every_phase_and_change_where_orders_are_taken(name: str, now: Phase) -> None:
    """Rules 12 and 34: a halt holds nobody in."""
    change = CHANGES[name]
    book = in_phase(now, TABLE)

    events = book.submit(change.command())

    allowed = change.always or now not in (HALT, CLOSED)
    assert told(events) == [change.sentence if allowed else "x refused: wrong_phase"]


# -- from one to the next --------------------------------------------------------------------------
@pytest.mark.parametrize("previous", Phase)
@pytest.mark.parametrize("now", Phase)
def test_auction_is_held_before_trading_and_at_the_end_of_a_call_for_the_close(
    previous: Phase, now: Phase
) -> None:
    """Rule 34: any phase may follow any other."""
    book = in_phase(previous, TABLE)

    events = book.submit(phase(now))

    held = previous is not now and (now is CONTINUOUS or (now is CLOSED and previous in CALLS))
    assert told(events) == [*(["auction without a price"] if held else []), f"{previous} to {now}"]
    assert book.engine.books[ACME].phase is now


def test_call_that_becomes_another_call_keeps_its_orders_and_holds_no_auction() -> None:
    """Rule 34: also over a halt, until trading starts."""
    book = call_of("5 b | 100 | 5 s", now=PRE)

    sentences = [told(book.submit(phase(to))) for to in (OPENING, HALT, CONTINUOUS)]

    assert sentences == [
        ["pre_open to opening_auction"],
        ["opening_auction to halt"],
        ["b buys from s: 5 at 100", "auction: 5 at 100, surplus 0", "halt to continuous"],
    ]


def test_halt_keeps_the_book_as_it_was() -> None:
    """Rule 34."""
    book = in_phase(HALT, TABLE)

    assert (bids(book), asks(book)) == ([(100, 5)], [(101, 5)])
    assert told(book.submit(phase(CONTINUOUS)))[-1] == "halt to continuous"
    assert (bids(book), asks(book)) == ([(100, 5)], [(101, 5)])


@pytest.mark.parametrize("now", [phase for phase in Phase if phase is not CONTINUOUS])
def test_stops_are_triggered_by_nothing_until_trading_goes_on(now: Phase) -> None:
    """Rules 27 and 34."""
    book = in_phase(CONTINUOUS, "| 110 | 5 a")
    book.submit(stop(Side.BUY, 105, 5))
    book.submit(phase(now))

    set_ = book.submit(last_price(106))
    waits = waiting(book)
    opened = book.submit(phase(CONTINUOUS))

    assert told(set_) == ["last price 106"]
    assert waits == [("s", 105, 5)]
    assert told(opened)[-2:] == ["s triggered at 105", "s with a: 5 at 110"]


def test_stop_that_is_through_when_it_is_entered_in_a_call_waits_for_the_end_of_it() -> None:
    """Rules 27 and 34."""
    book = in_phase(CONTINUOUS, "| 110 | 5 a")
    book.submit(last_price(106))
    book.submit(phase(INTRADAY))

    entered = book.submit(stop(Side.BUY, 105, 5))
    opened = book.submit(phase(CONTINUOUS))

    assert told(entered) == ["s accepted"]
    assert told(opened)[-2:] == ["s triggered at 105", "s with a: 5 at 110"]


# -- who asks, and what is refused -----------------------------------------------------------------
def test_auction_goes_on_until_it_is_forced() -> None:
    """Rule 38: whoever asks, the schedule or an operator."""
    book = call_of("5 b | 106 | 5 s", instrument(static_corridor=5, reference_price=100))

    extended = book.submit(phase(CONTINUOUS))
    forced = book.submit(phase(CONTINUOUS, forced=True))

    assert extended == (AuctionExtended(ACME, OPENING, 106),)
    assert forced[-1] == PhaseChanged(ACME, CONTINUOUS, OPENING)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (phase(HALT, symbol="NONE"), "unknown_symbol"),
        (last_price(5, symbol="NONE"), "unknown_symbol"),
        (phase(CONTINUOUS, reference_price=0), "price_not_positive"),
        (phase(CONTINUOUS, reference_price=10**7), "above_maximum_price"),
        (last_price(0), "price_not_positive"),
        (last_price(10**7), "above_maximum_price"),
    ],
)
def test_what_the_venue_can_not_ask_for_is_refused(command: Command, reason: str) -> None:
    """Rule 8: and nothing has changed."""
    book = in_phase(OPENING, TABLE)

    events = book.submit(command)

    assert told(events) == [f"it refused: {reason}"]
    assert book.engine.books[ACME].phase is OPENING


def test_phases_are_those_of_one_instrument() -> None:
    """Rule 34: the others go on."""
    market = Market(instrument("ONE"), instrument("TWO"))
    market.submit(phase(HALT, symbol="ONE"))

    refused = market.submit(buy(1, at=10, symbol="ONE"))
    taken = market.submit(sell(1, at=10, symbol="TWO", owner=TAKER))

    assert told(refused) == ["new refused: wrong_phase"]
    assert told(taken) == ["new accepted"]
    assert [market.engine.books[Symbol(name)].phase for name in ("ONE", "TWO")] == [HALT, CONTINUOUS]

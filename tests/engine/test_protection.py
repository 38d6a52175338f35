"""Market-maker protection: quotes that trade too often in too short a time are pulled (rules 4 and 45)."""

import pytest

from exchange.engine.commands import Command, EnterOrder
from exchange.engine.engine import Engine
from exchange.engine.events import Event
from protocol.vocabulary import OrderType, Side
from tests.support.accounts import protection
from tests.support.books import MAKER, TAKER, buy, enter, instrument, replace, sell, told


class Clocked:
    """An engine whose commands say when they came."""

    def __init__(self) -> None:
        self.engine = Engine()
        self._number = 0
        self.submit(instrument())

    def submit(self, command: Command, at_ns: int = 0) -> tuple[Event, ...]:
        self._number += 1
        command.seq, command.at_ns = self._number, at_ns
        return self.engine.apply(command)


def quoting(fills: int = 2, window_ns: int = 100) -> Clocked:
    """The maker quotes 10 at 99 and at 101 as set ``s``, 10 at 98 as set ``other``, and 10 at 102 as no set."""
    book = Clocked()
    book.submit(protection(MAKER, "s", fills, window_ns))
    for order in (
        buy(10, at=99, name="bid", owner=MAKER, quote_set="s"),
        sell(10, at=101, name="ask", owner=MAKER, quote_set="s"),
        buy(10, at=98, name="o", owner=MAKER, quote_set="other"),
        sell(10, at=102, name="plain", owner=MAKER),
    ):
        book.submit(order)
    return book


def hit(name: str, side: Side = Side.BUY, quantity: int = 1) -> EnterOrder:
    return enter(side, quantity, name=name)


PULLED = [
    "bid canceled {bid}: quotes_pulled",
    "ask canceled {ask}: quotes_pulled",
    "quotes s of maker pulled: 2 canceled",
]


def pulled(bid: int, ask: int) -> list[str]:
    return [sentence.format(bid=bid, ask=ask) for sentence in PULLED]


def test_set_is_pulled_by_the_trade_that_is_one_too_many() -> None:
    """Rule 4: in the group of that trade; other sets and plain orders stay."""
    book = quoting()
    book.submit(hit("1"), 10)

    events = book.submit(hit("2", Side.SELL), 109)

    assert told(events) == ["2 accepted", "2 with bid: 1 at 99", *pulled(9, 9)]
    assert [order.client_order_id for order in book.engine.open_orders(MAKER)] == ["o", "plain"]


def test_trades_that_are_a_window_apart_do_not_add_up() -> None:
    """The window is half open: at its end a trade counts no more."""
    book = quoting()
    book.submit(hit("1"), 10)

    events = book.submit(hit("2"), 110)

    assert told(events) == ["2 accepted", "2 with ask: 1 at 101"]


def test_window_slides() -> None:
    """Any so many trades within so long a time."""
    book = quoting(fills=3)
    book.submit(hit("1"), 0)
    book.submit(hit("2"), 90)

    third = book.submit(hit("3"), 110)
    fourth = book.submit(hit("4"), 180)

    assert len(told(third)) == 2
    assert told(fourth)[2:] == pulled(10, 6)


def test_sweep_that_trades_with_both_quotes_counts_each_trade() -> None:
    """What trades in one command has traded already: nothing is undone."""
    book = quoting(fills=1)
    book.submit(sell(10, at=100, name="best", owner=MAKER, quote_set="s"))

    events = book.submit(hit("1", quantity=15))

    assert told(events)[1:3] == ["1 with best: 10 at 100", "1 with ask: 5 at 101"]
    assert told(events)[3:] == pulled(10, 5)


def test_quote_that_trades_as_it_comes_counts_too() -> None:
    """Whoever was first."""
    book = quoting(fills=1)
    book.submit(buy(1, at=100, name="there"))

    events = book.submit(sell(2, at=100, name="new", owner=MAKER, quote_set="s"))

    assert told(events)[:2] == ["new accepted", "new with there: 1 at 100"]
    assert "new canceled 1: quotes_pulled" in told(events)


def test_pulled_set_takes_no_quotes_until_it_is_protected_again() -> None:
    """Rule 45: its owner has to look first."""
    book = quoting(fills=1)
    book.submit(hit("1"))

    refused = book.submit(buy(1, at=90, name="q", owner=MAKER, quote_set="s"))
    others = book.submit(buy(1, at=90, name="p", owner=MAKER))
    book.submit(protection(MAKER, "s", 1, 100))
    taken = book.submit(buy(1, at=90, name="r", owner=MAKER, quote_set="s"))

    assert told(refused) == ["q refused: quotes_pulled"]
    assert told(others) == ["p accepted"]
    assert told(taken) == ["r accepted"]


def test_set_counts_from_nothing_when_it_is_protected_again() -> None:
    """The trades of before are over."""
    book = quoting(fills=2)
    book.submit(hit("1"), 10)
    book.submit(protection(MAKER, "s", 2, 100), 11)

    assert len(told(book.submit(hit("2"), 12))) == 2


@pytest.mark.parametrize("quote_set", ["other", "unheard-of"])
def test_set_without_protection_trades_on(quote_set: str) -> None:
    """Nobody asked for it."""
    book = quoting(fills=0)
    book.submit(sell(5, at=100, name="n", owner=MAKER, quote_set=quote_set))

    events = [event for number in range(5) for event in book.submit(hit(f"{number}"))]

    assert len(events) == 10


def test_replaced_quote_stays_in_its_set() -> None:
    """Rule 10: a quote is moved far more often than it is entered."""
    book = quoting(fills=1)
    book.submit(replace("ask", price=100, owner=MAKER))

    events = book.submit(hit("1"))

    assert told(events)[2:] == pulled(10, 9)


def test_pegs_of_others_that_lose_what_they_followed_are_not_counted() -> None:
    """Rule 53."""
    book = Clocked()
    book.submit(protection(MAKER, "s", 1, 100))
    book.submit(buy(10, at=99, name="bid", owner=MAKER, quote_set="s"))
    book.submit(enter(Side.BUY, 3, name="peg", owner=TAKER, order_type=OrderType.PEG))

    events = book.submit(hit("1", Side.SELL))

    assert told(events) == [
        "1 accepted",
        "1 with bid: 1 at 99",
        "bid canceled 9: quotes_pulled",
        "peg canceled 3: nothing_to_peg_to",
        "quotes s of maker pulled: 1 canceled",
    ]

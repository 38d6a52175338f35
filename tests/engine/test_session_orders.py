"""Cancel on disconnect: a session that asked for it takes its orders with it (rules 46 and 49)."""

import msgspec

from exchange.engine.commands import EndDay, EnterOrder
from protocol.vocabulary import Side
from tests.support.accounts import cancel_session, kill_switch, spot
from tests.support.books import MAKER, TAKER, Market, buy, cancel, instrument, replace, sell, stop, told


def of_session(command: EnterOrder, session: int) -> EnterOrder:
    return msgspec.structs.replace(command, session=session)


def market() -> Market:
    """Orders a and s of session 1, b of session 2, and p of none."""
    book = Market(spot(instrument()))
    book.fund(MAKER, BTC=100)
    book.fund(TAKER, USD=10_000_000)
    book.submit(of_session(buy(2, at=90, name="a"), 1))
    book.submit(of_session(buy(3, at=91, name="b"), 2))
    book.submit(of_session(stop(Side.BUY, 120, 4, name="s"), 1))
    book.submit(buy(5, at=92, name="p"))
    return book


def test_session_takes_its_own_orders_with_it() -> None:
    """Rule 49: oldest first; those of other sessions and of none stay."""
    book = market()

    events = book.submit(cancel_session(TAKER, 1))

    assert told(events) == [
        "a canceled 2: disconnected",
        "s canceled 4: disconnected",
        "session 1 of taker over: 2 canceled",
    ]
    assert [order.client_order_id for order in book.engine.open_orders(TAKER)] == ["b", "p"]
    assert book.money(TAKER)[1] == 3 * 91 + 5 * 92


def test_session_with_nothing_open_says_so() -> None:
    """Rule 49."""
    assert told(market().submit(cancel_session(TAKER, 7))) == ["session 7 of taker over: 0 canceled"]


def test_order_that_was_changed_is_still_the_sessions() -> None:
    """Rule 49: whoever changes it, from whichever session."""
    book = market()
    book.submit(replace("a", price=95, owner=TAKER))

    assert told(book.submit(cancel_session(TAKER, 1)))[0] == "a canceled 2: disconnected"


def test_order_that_is_done_is_not_canceled_again() -> None:
    """Rule 49: one was canceled, one filled in part."""
    book = market()
    book.submit(cancel("s", TAKER))
    book.submit(sell(9, at=90, owner=MAKER))

    events = book.submit(cancel_session(TAKER, 1))

    assert told(events) == ["a canceled 1: disconnected", "session 1 of taker over: 1 canceled"]


def test_sessions_of_other_accounts_have_other_numbers() -> None:
    """Rule 7: a session can end nobody else's orders."""
    book = market()

    events = book.submit(cancel_session(MAKER, 1))

    assert told(events) == ["session 1 of maker over: 0 canceled"]
    assert len(book.engine.open_orders(TAKER)) == 4


def test_name_that_is_used_again_belongs_to_its_new_session() -> None:
    """Rules 6 and 49: on the next day a name is free; the old session still ends."""
    book = Market(instrument())
    book.submit(of_session(buy(1, at=90, name="a"), 1))
    book.submit(cancel("a", TAKER))
    book.submit(EndDay())
    book.submit(of_session(buy(2, at=90, name="a"), 2))

    old = book.submit(cancel_session(TAKER, 1))
    new = book.submit(cancel_session(TAKER, 2))

    assert told(old) == ["session 1 of taker over: 0 canceled"]
    assert told(new) == ["a canceled 2: disconnected", "session 2 of taker over: 1 canceled"]


def test_sessions_with_orders_are_known_after_a_restart() -> None:
    """Rule 49: their sockets are gone, so somebody has to end them."""
    book = market()

    assert book.engine.open_sessions() == [(TAKER, 1), (TAKER, 2)]

    book.submit(cancel_session(TAKER, 1))
    book.submit(kill_switch(TAKER))

    assert book.engine.open_sessions() == []


def test_id_seen_before_is_not_executed_twice() -> None:
    """Rule 46: whatever session it comes from; the answer says what became of it."""
    book = market()

    [again] = book.submit(of_session(buy(2, at=90, name="a"), 3))

    assert told((again,)) == ["a refused: duplicate_client_order_id"]
    assert "order" in again.text  # type: ignore[union-attr]
    assert len(book.engine.open_orders(TAKER)) == 4

"""The dead-man switch: everything an account has goes at its deadline, unless it asks for more time (rule 45)."""

from tests.support.accounts import dead_man, spot
from tests.support.books import MAKER, TAKER, Market, buy, expire, instrument, sell, told


def market() -> Market:
    book = Market(spot(instrument()))
    book.fund(MAKER, BTC=10)
    book.fund(TAKER, USD=1_000)
    book.submit(buy(2, at=90, name="a"))
    book.submit(buy(3, at=91, name="b"))
    book.submit(sell(5, at=110, name="m", owner=MAKER))
    return book


def test_switch_that_is_not_renewed_cancels_everything_at_its_deadline() -> None:
    """Rule 45: the moment itself is late; who is not dead keeps what he has."""
    book = market()
    armed = book.submit(dead_man(TAKER, 1_000))

    early = book.submit(expire(999))
    fired = book.submit(expire(1_000))

    assert told(armed) == ["dead man of taker armed for 1000"]
    assert told(early) == ["0 expired"]
    assert told(fired) == [
        "0 expired",
        "a canceled 2: dead_man",
        "b canceled 3: dead_man",
        "dead man of taker fired: 2 canceled",
    ]
    assert book.money(TAKER) == (1_000, 0)
    assert book.holding(MAKER).open_sells == 5


def test_renewed_switch_waits_for_the_new_deadline() -> None:
    """Rule 45."""
    book = market()
    book.submit(dead_man(TAKER, 1_000))
    book.submit(dead_man(TAKER, 2_000))

    late = book.submit(expire(1_999))
    fired = book.submit(expire(2_000))

    assert told(late) == ["0 expired"]
    assert told(fired)[-1] == "dead man of taker fired: 2 canceled"


def test_switch_may_be_brought_forward() -> None:
    """Rule 45: the last word counts, not the longest."""
    book = market()
    book.submit(dead_man(TAKER, 2_000))
    book.submit(dead_man(TAKER, 1_000))

    assert told(book.submit(expire(1_000)))[-1] == "dead man of taker fired: 2 canceled"
    assert told(book.submit(expire(2_000))) == ["0 expired"]


def test_disarmed_switch_does_not_fire() -> None:
    """Rule 45."""
    book = market()
    book.submit(dead_man(TAKER, 1_000))
    disarmed = book.submit(dead_man(TAKER, None))

    assert told(disarmed) == ["dead man of taker disarmed"]
    assert told(book.submit(expire(5_000))) == ["0 expired"]


def test_switch_fires_once_and_the_account_trades_on() -> None:
    """Rule 45: it does not block."""
    book = market()
    book.submit(dead_man(TAKER, 1_000))
    book.submit(expire(1_000))

    taken = book.submit(buy(1, at=90, name="later"))

    assert told(taken) == ["later accepted"]
    assert told(book.submit(expire(1_001))) == ["0 expired"]
    assert book.engine.accounts.by_name[TAKER].dead_man_ns is None


def test_next_deadline_is_known_to_who_keeps_the_clock() -> None:
    """Rule 15: of orders and of accounts, whichever is earlier."""
    book = market()

    book.submit(dead_man(TAKER, 2_000))
    book.submit(dead_man(MAKER, 1_000))

    assert book.engine.next_deadline_ns() == 1_000


def test_switches_that_are_due_together_fire_by_their_deadlines() -> None:
    """Rule 50: in an order that everybody can know."""
    book = market()
    book.submit(dead_man(TAKER, 1_000))
    book.submit(dead_man(MAKER, 900))

    assert told(book.submit(expire(1_000))) == [
        "0 expired",
        "m canceled 5: dead_man",
        "dead man of maker fired: 1 canceled",
        "a canceled 2: dead_man",
        "b canceled 3: dead_man",
        "dead man of taker fired: 2 canceled",
    ]

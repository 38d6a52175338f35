"""What self-trade prevention means for replace and for fill or kill: rules 9, 12 and 14."""

import pytest

from protocol.vocabulary import (
    Quantity,
    RejectReason,
    SelfTrade,
    TimeInForce,
)
from tests.support.books import (
    MAKER,
    Market,
    book_of,
    buy,
    picture,
    reduce,
    replace,
    sell,
    told,
)

US = "us"
"""The account with orders on both sides."""
CANCEL_MAKER, CANCEL_AGGRESSOR = SelfTrade.CANCEL_MAKER, SelfTrade.CANCEL_AGGRESSOR
CANCEL_BOTH, DECREMENT = SelfTrade.CANCEL_BOTH, SelfTrade.DECREMENT


def queue(*makers: tuple[str, str, Quantity]) -> Market:
    """Asks at 100, oldest first: name, owner, quantity."""
    book = book_of()
    for name, owner, quantity in makers:
        book.submit(sell(quantity, at=100, name=name, owner=owner))
    return book


# -- replace: rules 9, 10, 12 ----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("total", "sentence"),
    [
        (12, "own replaced: 8 at 100, goes to the back"),
        (10, "own replaced: 6 at 100, keeps its place"),
        (8, "own replaced: 4 at 100, keeps its place"),
        (5, "own replaced: 1 at 100, keeps its place"),
        (4, "own canceled 6: replaced_below_executed"),
        (3, "own canceled 6: replaced_below_executed"),
    ],
)
def test_prevented_quantity_counts_as_executed_for_a_replace(total: Quantity, sentence: str) -> None:
    """Rule 9: 1 of 10 executed and 3 prevented."""
    book = queue(("own", US, 10))
    book.submit(buy(1, at=100, name="1"))
    book.submit(buy(3, at=100, name="2", owner=US, self_trade=DECREMENT))

    events = book.submit(replace("own", quantity=total, owner=US))

    assert told(events) == [sentence]


def test_reduce_counts_from_what_prevention_left_open() -> None:
    """Rule 9."""
    book = queue(("own", US, 10))
    book.submit(buy(3, at=100, owner=US, self_trade=DECREMENT))

    events = book.submit(reduce("own", 5, US))

    assert told(events) == ["own replaced: 2 at 100, keeps its place"]
    assert book.order("own", US).quantity == 5


@pytest.mark.parametrize("mode", [CANCEL_AGGRESSOR, CANCEL_BOTH])
def test_replace_that_would_reach_an_own_order_is_refused(mode: SelfTrade) -> None:
    """Rule 12: before it is filled; then the original stays untouched."""
    book = queue(("a", MAKER, 3), ("own", US, 4))
    book.submit(buy(5, at=90, name="t", owner=US, self_trade=mode))
    before = picture(book)

    events = book.submit(replace("t", price=100, owner=US))

    assert told(events) == [f"t refused: {RejectReason.SELF_TRADE}"]
    assert picture(book) == before


@pytest.mark.parametrize("mode", [CANCEL_AGGRESSOR, CANCEL_BOTH])
def test_replace_that_is_filled_before_it_reaches_an_own_order_trades(mode: SelfTrade) -> None:
    """Rule 12."""
    book = queue(("a", MAKER, 5), ("own", US, 4))
    book.submit(buy(5, at=90, name="t", owner=US, self_trade=mode))

    events = book.submit(replace("t", price=100, owner=US))

    assert told(events) == ["t replaced: 5 at 100, goes to the back", "t with a: 5 at 100"]
    assert picture(book) == [("ask", 100, "own", 4)]


@pytest.mark.parametrize(
    ("mode", "sentences"),
    [
        (SelfTrade.NONE, ["t with own: 4 at 100", "t with b: 1 at 100"]),
        (CANCEL_MAKER, ["own canceled 4: self_trade", "t with b: 5 at 100"]),
        (DECREMENT, ["own canceled 4: self_trade", "t shrinks by 4, 1 left", "t with b: 1 at 100"]),
    ],
)
def test_replace_goes_on_under_the_other_modes(mode: SelfTrade, sentences: list[str]) -> None:
    """Rules 11, 12, 31."""
    book = queue(("own", US, 4), ("b", MAKER, 9))
    book.submit(buy(5, at=90, name="t", owner=US, self_trade=mode))

    events = book.submit(replace("t", price=100, owner=US))

    assert told(events) == ["t replaced: 5 at 100, goes to the back", *sentences]


# -- fill or kill: rule 14 -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("mode", "quantity", "sentences"),
    [
        (SelfTrade.NONE, 17, ["t with a: 3 at 100", "t with own: 4 at 100", "t with b: 10 at 100"]),
        (CANCEL_MAKER, 13, ["t with a: 3 at 100", "own canceled 4: self_trade", "t with b: 10 at 100"]),
        (CANCEL_MAKER, 14, ["t canceled 14: fill_or_kill"]),
        (CANCEL_AGGRESSOR, 3, ["t with a: 3 at 100"]),
        (CANCEL_AGGRESSOR, 4, ["t canceled 4: fill_or_kill"]),
        (CANCEL_BOTH, 3, ["t with a: 3 at 100"]),
        (CANCEL_BOTH, 4, ["t canceled 4: fill_or_kill"]),
        (DECREMENT, 3, ["t with a: 3 at 100"]),
        (DECREMENT, 4, ["t canceled 4: fill_or_kill"]),
    ],
)
def test_fill_or_kill_does_not_count_own_orders(
    mode: SelfTrade, quantity: Quantity, sentences: list[str]
) -> None:
    """Rule 14: short, it is killed without any effect, no self-trade cancel either; an exact fit fills."""
    book = queue(("a", MAKER, 3), ("own", US, 4), ("b", MAKER, 10))
    before = picture(book)

    events = book.submit(
        buy(quantity, at=100, name="t", owner=US, time_in_force=TimeInForce.FOK, self_trade=mode)
    )

    assert told(events) == ["t accepted", *sentences]
    if "fill_or_kill" in sentences[-1]:
        assert picture(book) == before

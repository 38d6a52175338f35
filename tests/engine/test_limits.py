"""Limits: at the bound passes, one beyond fails, each with its own code, whatever scope set it (rules 41, 42)."""

from typing import Any

import pytest

from exchange.engine.commands import Command
from protocol.vocabulary import Limit, OrderType, Side, TimeInForce
from tests.support.accounts import limits, margined, spot
from tests.support.books import (
    ACME,
    MAKER,
    TAKER,
    Market,
    buy,
    cancel,
    enter,
    instrument,
    last_price,
    mass_cancel,
    reduce,
    replace,
    sell,
    told,
)

SCOPES: dict[str, tuple[str | None, str | None]] = {
    "account and instrument": (TAKER, ACME),
    "account": (TAKER, None),
    "instrument": (None, ACME),
    "everybody": (None, None),
}

LOSS: list[Command] = [
    sell(10, at=100, name="m", owner=MAKER),
    buy(10, at=100, name="t"),
]

SITUATIONS: dict[Limit, tuple[int, list[Command], Command, Command]] = {
    Limit.ORDER_QUANTITY: (5, [], buy(5, at=100), buy(6, at=100)),
    Limit.ORDER_NOTIONAL: (500, [], buy(5, at=100), buy(1, at=501)),
    Limit.OPEN_ORDERS: (2, [buy(1, at=90, name="a")], buy(1, at=91), buy(1, at=92)),
    Limit.OPEN_QUANTITY: (8, [buy(3, at=90, name="a")], sell(5, at=110), sell(6, at=110)),
    Limit.POSITION: (8, [buy(3, at=90, name="a")], buy(5, at=91), buy(6, at=91)),
    Limit.COLLAR: (10, [last_price(100)], buy(1, at=90), buy(1, at=89)),
    Limit.DAILY_LOSS: (50, LOSS, buy(1, at=90), buy(1, at=90)),
    Limit.MESSAGE_RATE: (3, [buy(1, at=90, name="a"), cancel("a", TAKER)], buy(1, at=90), buy(1, at=90)),
}
"""Bound, what came before, an order exactly at the bound and one beyond it."""

BEFORE: dict[Limit, tuple[list[Command], list[Command]]] = {
    Limit.OPEN_ORDERS: ([], [buy(1, at=90, name="b")]),
    Limit.DAILY_LOSS: ([last_price(95)], [last_price(94)]),
    Limit.MESSAGE_RATE: ([], [mass_cancel(TAKER)]),
}
"""What happens before each of the two where the order is not what goes beyond."""

TABLE = [
    (limit, scope)
    for limit in Limit
    for scope in SCOPES
    if not (limit is Limit.MESSAGE_RATE and "instrument" in scope)
]


def limited(limit: Limit, scope: str, before: list[Command]) -> Market:
    bound, earlier, _, _ = SITUATIONS[limit]
    book = Market(instrument())
    for owner in (MAKER, TAKER):
        book.fund(owner)
    whose, where = SCOPES[scope]
    assert len(book.submit(limits(whose, where, **{limit: bound}))) == 1
    for command in (*earlier, *before):
        assert "refused" not in told(book.submit(command))[0]
    return book


@pytest.mark.parametrize(("limit", "scope"), TABLE)
def test_exactly_at_the_bound_passes(limit: Limit, scope: str) -> None:
    """Rules 41 and 42."""
    book = limited(limit, scope, BEFORE.get(limit, ([], []))[0])

    assert told(book.submit(SITUATIONS[limit][2]))[0] == "new accepted"


@pytest.mark.parametrize(("limit", "scope"), TABLE)
def test_one_beyond_the_bound_is_refused_with_its_code(limit: Limit, scope: str) -> None:
    """Rules 41 and 42: and nothing has changed."""
    book = limited(limit, scope, BEFORE.get(limit, ([], []))[1])
    before = book.holding(TAKER)

    assert told(book.submit(SITUATIONS[limit][3])) == [f"new refused: {limit}_limit"]
    assert book.holding(TAKER) == before


@pytest.mark.parametrize("limit", Limit)
def test_limit_of_somebody_else_binds_nobody(limit: Limit) -> None:
    """Rule 41."""
    bound, earlier, _, beyond = SITUATIONS[limit]
    book = Market(instrument())
    for owner in (MAKER, TAKER, "third"):
        book.fund(owner)
    book.submit(limits("third", **{limit: bound}))
    for command in (*earlier, *BEFORE.get(limit, ([], []))[1]):
        book.submit(command)

    assert told(book.submit(beyond))[0] == "new accepted"


# -- scopes ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        ([(None, None, 1)], 1),
        ([(None, None, 1), (None, ACME, 2)], 2),
        ([(None, None, 1), (None, ACME, 2), (TAKER, None, 3)], 3),
        ([(TAKER, ACME, 4), (None, None, 1), (None, ACME, 2), (TAKER, None, 3)], 4),
        ([(TAKER, ACME, 1), (None, None, 9), (TAKER, None, 9)], 1),
    ],
)
def test_narrowest_scope_decides(scopes: list[tuple[Any, Any, int]], allowed: int) -> None:
    """Rule 41: account and instrument, account, instrument, everybody."""
    book = Market(instrument())
    book.fund(TAKER)

    for whose, where, bound in scopes:
        book.submit(limits(whose, where, order_quantity=bound))

    assert told(book.submit(buy(allowed, at=100, name="at"))) == ["at accepted"]
    assert told(book.submit(buy(allowed + 1, at=100, name="over"))) == ["over refused: order_quantity_limit"]


def test_scope_that_bounds_another_thing_leaves_this_one_to_the_next() -> None:
    """Rule 41: field by field."""
    book = Market(instrument())
    book.fund(TAKER)
    book.submit(limits(None, None, order_quantity=5))

    book.submit(limits(TAKER, ACME, collar=3))

    assert told(book.submit(buy(6, at=100))) == ["new refused: order_quantity_limit"]


def test_limits_that_are_set_again_replace_what_was_there() -> None:
    """Rule 41."""
    book = Market(instrument())
    book.fund(TAKER)
    book.submit(limits(TAKER, order_quantity=5))

    book.submit(limits(TAKER, collar=5))

    assert told(book.submit(buy(6, at=100))) == ["new accepted"]


def test_open_orders_are_counted_in_all_instruments_unless_the_scope_names_one() -> None:
    """Rule 41."""
    book = Market(instrument("ONE"), instrument("TWO"))
    book.fund(TAKER)
    book.submit(limits(TAKER, open_orders=2))
    book.submit(limits(TAKER, "ONE", open_orders=1))
    book.submit(buy(1, at=10, name="a", symbol="ONE"))

    second_there = book.submit(buy(1, at=10, name="b", symbol="ONE"))
    elsewhere = book.submit(buy(1, at=10, name="c", symbol="TWO"))
    third = book.submit(buy(1, at=10, name="d", symbol="TWO"))

    assert told(second_there) == ["b refused: open_orders_limit"]
    assert told(elsewhere) == ["c accepted"]
    assert told(third) == ["d refused: open_orders_limit"]


def test_losses_add_up_over_instruments_unless_the_scope_names_one() -> None:
    """Rule 41."""
    book = Market(margined(instrument("ONE"), 1), margined(instrument("TWO"), 1))
    for owner in (MAKER, TAKER):
        book.fund(owner, USD=10_000)
    for symbol in ("ONE", "TWO"):
        book.submit(sell(10, at=100, name=f"m{symbol}", owner=MAKER, symbol=symbol))
        book.submit(buy(10, at=100, name=f"t{symbol}", symbol=symbol))
        book.submit(last_price(96, symbol))
    book.submit(limits(TAKER, daily_loss=79))

    both = book.submit(buy(1, at=90, name="a", symbol="ONE"))
    book.submit(limits(TAKER, daily_loss=80))
    at_bound = book.submit(buy(1, at=90, name="b", symbol="ONE"))

    assert told(both) == ["a refused: daily_loss_limit"]
    assert told(at_bound) == ["b accepted"]


# -- positions (rule 42) ---------------------------------------------------------------------------
def position_of(quantity: int, limit: int) -> Market:
    """The taker holds so much, and may hold so much."""
    book = Market(instrument())
    for owner in (MAKER, TAKER):
        book.fund(owner)
    mine, others = (buy, sell) if quantity > 0 else (sell, buy)
    book.submit(others(abs(quantity), at=100, name="m", owner=MAKER))
    book.submit(mine(abs(quantity), at=100, name="t"))
    book.submit(limits(TAKER, position=limit))
    return book


@pytest.mark.parametrize(
    ("position", "limit", "order", "passes"),
    [
        (8, 10, buy(2, at=90), True),
        (8, 10, buy(3, at=90), False),
        (8, 10, sell(18, at=110), True),
        (8, 10, sell(19, at=110), False),
        (-8, 10, sell(2, at=110), True),
        (-8, 10, sell(3, at=110), False),
        (-8, 10, buy(18, at=90), True),
        (20, 10, sell(5, at=110), True),  # beyond already, and it only reduces
        (20, 10, sell(30, at=110), True),
        (20, 10, sell(31, at=110), False),
        (20, 10, buy(1, at=90), False),
        (-20, 10, buy(5, at=90), True),
        (5, 0, sell(5, at=110), True),
        (5, 0, sell(6, at=110), False),
    ],
)
def test_position_limit_counts_the_worst_case(
    position: int, limit: int, order: Command, passes: bool
) -> None:
    """Rule 42."""
    book = position_of(position, limit)

    assert told(book.submit(order)) == ["new accepted" if passes else "new refused: position_limit"]


def test_open_orders_of_the_same_side_count_toward_the_position() -> None:
    """Rule 42: those of the other side do not make room."""
    book = position_of(8, 10)
    book.submit(sell(10, at=110, name="s"))
    book.submit(buy(2, at=90, name="b"))

    assert told(book.submit(buy(1, at=91))) == ["new refused: position_limit"]


def test_market_by_amount_is_held_to_the_position_it_may_bring() -> None:
    """Rules 20 and 42."""
    book = position_of(-6, 10)
    book.submit(buy(20, at=100, name="bid", owner=MAKER))

    over = book.submit(enter(Side.SELL, 0, order_type=OrderType.MARKET_BY_AMOUNT, amount=500))
    at_bound = book.submit(enter(Side.SELL, 0, name="n", order_type=OrderType.MARKET_BY_AMOUNT, amount=499))

    assert told(over) == ["new refused: position_limit"]
    assert told(at_bound)[:2] == ["n accepted", "n with bid: 4 at 100"]


# -- replaces and cancels --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("bounds", "change", "expected"),
    [
        ({"order_quantity": 6}, replace("a", quantity=7, owner=TAKER), "order_quantity"),
        ({"order_notional": 500}, replace("a", price=101, owner=TAKER), "order_notional"),
        ({"open_quantity": 8}, replace("a", quantity=6, owner=TAKER), "open_quantity"),
        ({"position": 5}, replace("a", quantity=6, owner=TAKER), "position"),
        ({"collar": 5}, replace("a", price=94, owner=TAKER), "collar"),
        ({"open_orders": 2}, replace("a", price=99, owner=TAKER), None),
        ({"open_quantity": 1}, replace("a", price=99, owner=TAKER), None),  # it makes nothing worse
        ({"position": 1}, replace("a", price=99, owner=TAKER), None),
    ],
)
def test_replace_is_held_to_the_limits(bounds: dict[str, int], change: Command, expected: str | None) -> None:
    """Rules 12 and 41: refused, it stands as it stood. It rests 5 at 100, and 3 on the other side."""
    book = Market(instrument())
    book.fund(TAKER)
    book.submit(last_price(100))
    book.submit(buy(5, at=100, name="a"))
    book.submit(sell(3, at=110, name="s"))
    book.submit(limits(TAKER, **bounds))

    events = told(book.submit(change))

    if expected is None:
        assert events == ["a replaced: 5 at 99, goes to the back"]
    else:
        assert events == [f"a refused: {expected}_limit"]
        assert book.holding(TAKER).open_buys == 5


@pytest.mark.parametrize("command", [cancel("a", TAKER), reduce("a", 1, TAKER), mass_cancel(TAKER)])
def test_what_makes_nothing_worse_is_counted_and_let_through(command: Command) -> None:
    """Rule 41: no message rate keeps an order in the book."""
    book = Market(instrument())
    book.fund(TAKER)
    book.submit(buy(5, at=100, name="a"))
    book.submit(limits(TAKER, message_rate=0))

    events = book.submit(command)

    assert "refused" not in told(events)[0]


def test_orders_that_end_at_once_are_none_that_is_open() -> None:
    """Rules 13 and 41."""
    book = Market(instrument())
    book.fund(TAKER)
    book.submit(limits(TAKER, open_orders=0))

    events = book.submit(buy(1, at=100, time_in_force=TimeInForce.IOC))

    assert told(events) == ["new accepted", "new canceled 1: immediate_or_cancel"]


# -- what can't be set -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (limits("nobody", order_quantity=1), "unknown_account"),
        (limits(None, "NONE", order_quantity=1), "unknown_symbol"),
        (limits(None, ACME, message_rate=1), "conflicting_fields"),
        (limits(order_quantity=1, hard=(Limit.COLLAR,)), "conflicting_fields"),
        (limits(order_quantity=-1), "invalid_request"),
    ],
)
def test_limits_that_mean_nothing_are_refused(command: Command, reason: str) -> None:
    """Rule 41."""
    assert told(Market(spot(instrument())).submit(command)) == [f"it refused: {reason}"]

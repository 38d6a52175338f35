"""Fields that contradict each other or say nothing: refused before matching, with both names (rule 8)."""

from typing import Any

import pytest

from exchange.engine.commands import AddInstrument, EnterOrder, Terms
from exchange.engine.events import RequestRejected
from protocol.vocabulary import (
    Allocation,
    OrderType,
    PostOnly,
    Price,
    Quantity,
    RejectReason,
    Request,
    Side,
    TimeInForce,
)
from tests.support.books import MAKER, Market, book_of, buy, enter, instrument, picture, picture_of, told

STEPS = instrument(tick=5, lot=10, maximum_price=1_000)
TABLE = "| 500 | 100 a\n100 x | 100 |"

GTD, IOC, FOK = TimeInForce.GTD, TimeInForce.IOC, TimeInForce.FOK
AT_THE_OPEN, AT_THE_CLOSE = TimeInForce.AT_THE_OPEN, TimeInForce.AT_THE_CLOSE
LIMIT, MARKET, TO_LIMIT = OrderType.LIMIT, OrderType.MARKET, OrderType.MARKET_TO_LIMIT
BY_AMOUNT, MONEY_LIMIT = OrderType.MARKET_BY_AMOUNT, OrderType.MONEY_LIMIT
STOP, STOP_LIMIT, PEG = OrderType.STOP, OrderType.STOP_LIMIT, OrderType.PEG

CONFLICT = RejectReason.CONFLICTING_FIELDS

SIMPLEST: dict[OrderType, dict[str, Any]] = {
    LIMIT: {"at": 200},
    MARKET: {},
    TO_LIMIT: {},
    BY_AMOUNT: {"amount": 50_000},
    MONEY_LIMIT: {"amount": 50_000, "time_in_force": FOK},
    STOP: {"stop_price": 900},
    STOP_LIMIT: {"at": 900, "stop_price": 900},
    PEG: {},
}
"""What each type needs and no more."""

FIELDS: dict[str, tuple[Any, frozenset[OrderType]]] = {
    "stop_price": (900, frozenset({STOP, STOP_LIMIT})),
    "trail": (10, frozenset({STOP, STOP_LIMIT})),
    "display": (10, frozenset({LIMIT, STOP_LIMIT, PEG})),
    "hidden": (True, frozenset({LIMIT, STOP_LIMIT, PEG})),
    "minimum_quantity": (10, frozenset({LIMIT, MARKET, TO_LIMIT})),
    "all_or_none": (True, frozenset({LIMIT, MARKET, STOP, STOP_LIMIT})),
    "protection": (10, frozenset({MARKET, STOP})),
    "cap": (200, frozenset({PEG})),
    "amount": (50_000, frozenset({BY_AMOUNT, MONEY_LIMIT})),
}
"""A value of each field of the terms, and the types that it goes with."""


def order(order_type: OrderType, quantity: Quantity | None = None, **more: Any) -> EnterOrder:
    """The simplest order of a type, and what is added to it."""
    if quantity is None:
        quantity = 0 if order_type is BY_AMOUNT else 100
    return enter(Side.BUY, quantity, order_type=order_type, **(SIMPLEST[order_type] | more))


def market() -> Market:
    return book_of(TABLE, STEPS)


def refused(command: EnterOrder, reason: RejectReason, *words: str, listed: AddInstrument = STEPS) -> None:
    """Hold the answer to a command: its code, and the names that stand in its sentence."""
    book = book_of(TABLE, listed)

    events = book.submit(command)

    assert told(events) == [f"new refused: {reason}"]
    assert isinstance(events[0], RequestRejected)
    assert events[0].request is Request.NEW
    assert [word for word in words if word not in events[0].text] == []
    assert picture(book) == picture_of(TABLE)


# -- what goes ------------------------------------------------------------------------------------
@pytest.mark.parametrize("order_type", OrderType)
def test_simplest_order_of_each_type_is_taken(order_type: OrderType) -> None:
    """Rule 8 refuses nothing here, so what follows is refused for what is added."""
    events = market().submit(order(order_type))

    assert told(events)[0] == "new accepted"


@pytest.mark.parametrize(
    ("field", "order_type"), [(field, one) for field, (_, types) in FIELDS.items() for one in sorted(types)]
)
def test_field_is_taken_with_the_types_that_it_goes_with(field: str, order_type: OrderType) -> None:
    """Rule 8, the other way round."""
    events = market().submit(order(order_type, **{field: FIELDS[field][0]}))

    assert told(events)[0] == "new accepted"


# -- what does not go together ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("field", "order_type"),
    [(field, one) for field, (_, types) in FIELDS.items() for one in OrderType if one not in types],
)
def test_field_that_does_not_go_with_the_type_is_refused_by_both_names(
    field: str, order_type: OrderType
) -> None:
    """Rule 8."""
    refused(order(order_type, **{field: FIELDS[field][0]}), CONFLICT, field, f"order_type {order_type}")


@pytest.mark.parametrize(
    ("command", "one", "other"),
    [
        (order(LIMIT, display=10, hidden=True), "display", "hidden"),
        (order(LIMIT, display=10, all_or_none=True), "display", "all_or_none"),
        (order(LIMIT, hidden=True, all_or_none=True), "hidden", "all_or_none"),
        (order(LIMIT, minimum_quantity=10, all_or_none=True), "minimum_quantity", "all_or_none"),
        (order(LIMIT, post_only=True, minimum_quantity=10), "post_only", "minimum_quantity"),
        (order(LIMIT, post_only=True, all_or_none=True), "post_only", "all_or_none"),
        (order(LIMIT, minimum_quantity=110), "minimum_quantity 110", "quantity 100"),
        (order(LIMIT, 10_010, display=10), "display 10", "quantity 10010"),
        (order(BY_AMOUNT, 10), "quantity 10", "order_type market_by_amount"),
    ],
)
def test_fields_that_do_not_go_with_each_other_are_refused_by_both_names(
    command: EnterOrder, one: str, other: str
) -> None:
    """Rule 8."""
    refused(command, CONFLICT, one, other)


@pytest.mark.parametrize("order_type", [one for one in OrderType if one is not LIMIT])
def test_post_only_goes_with_limits_alone(order_type: OrderType) -> None:
    """Rules 8 and 21."""
    refused(order(order_type, post_only=True), CONFLICT, "post_only", f"order_type {order_type}")


@pytest.mark.parametrize("time_in_force", [IOC, FOK])
@pytest.mark.parametrize(
    ("field", "command"),
    [
        ("post_only", {"post_only": True}),
        ("display", {"display": 10}),
        ("hidden", {"hidden": True}),
    ],
)
def test_what_means_something_only_at_rest_does_not_go_with_orders_that_never_rest(
    field: str, command: dict[str, Any], time_in_force: TimeInForce
) -> None:
    """Rules 8, 13 and 14."""
    refused(
        order(LIMIT, time_in_force=time_in_force, **command),
        CONFLICT,
        field,
        f"time_in_force {time_in_force}",
    )


@pytest.mark.parametrize(
    ("order_type", "time_in_force"),
    [
        *((MONEY_LIMIT, one) for one in TimeInForce if one not in (FOK, GTD)),
        *((BY_AMOUNT, one) for one in (FOK, AT_THE_OPEN, AT_THE_CLOSE)),
        *((one, two) for one in (STOP, STOP_LIMIT, PEG) for two in (AT_THE_OPEN, AT_THE_CLOSE)),
        *((PEG, one) for one in (IOC, FOK)),
    ],
)
def test_time_in_force_that_does_not_go_with_the_type_is_refused_by_both_names(
    order_type: OrderType, time_in_force: TimeInForce
) -> None:
    """Rule 8."""
    refused(
        order(order_type, time_in_force=time_in_force),
        CONFLICT,
        f"order_type {order_type}",
        f"time_in_force {time_in_force}",
    )


@pytest.mark.parametrize("time_in_force", [one for one in TimeInForce if one is not GTD])
def test_deadline_goes_with_good_till_date_alone(time_in_force: TimeInForce) -> None:
    """Rules 8 and 15."""
    command = order(LIMIT, time_in_force=time_in_force, expires_at_ns=10**18)

    refused(command, CONFLICT, "expires_at_ns", f"time_in_force {time_in_force}")


@pytest.mark.parametrize("mode", PostOnly)
def test_mode_of_post_only_goes_with_post_only_orders_alone(mode: PostOnly) -> None:
    """Rules 8 and 21."""
    command = order(LIMIT)
    command.terms = Terms(post_only=mode)

    refused(command, CONFLICT, f"post_only {mode}", "not post-only")


def test_all_or_none_does_not_go_with_shares() -> None:
    """Rules 8, 39 and 51: a share of it would be a part of it."""
    shares = instrument(allocation=Allocation.PRO_RATA)

    refused(order(LIMIT, all_or_none=True), CONFLICT, "all_or_none", "allocation", listed=shares)


# -- what is missing, and what says nothing --------------------------------------------------------
@pytest.mark.parametrize(
    ("command", "reason", "words"),
    [
        (order(LIMIT, at=None), RejectReason.PRICE_MISSING, ["limit", "price"]),
        (order(STOP_LIMIT, at=None), RejectReason.PRICE_MISSING, ["stop_limit", "price"]),
        (order(STOP, stop_price=None), RejectReason.FIELD_MISSING, ["stop", "stop_price", "trail"]),
        (
            order(STOP_LIMIT, stop_price=None),
            RejectReason.FIELD_MISSING,
            ["stop_limit", "stop_price", "trail"],
        ),
        (order(BY_AMOUNT, amount=None), RejectReason.FIELD_MISSING, ["market_by_amount", "amount"]),
        (order(MONEY_LIMIT, amount=None), RejectReason.FIELD_MISSING, ["money_limit", "amount"]),
        (order(LIMIT, time_in_force=GTD), RejectReason.FIELD_MISSING, ["gtd", "expires_at_ns"]),
    ],
)
def test_field_that_the_order_can_not_do_without_is_named(
    command: EnterOrder, reason: RejectReason, words: list[str]
) -> None:
    """Rule 8."""
    refused(command, reason, *words)


@pytest.mark.parametrize("order_type", [MARKET, TO_LIMIT, BY_AMOUNT, MONEY_LIMIT, STOP, PEG])
def test_price_of_a_type_that_has_none_is_refused(order_type: OrderType) -> None:
    """Rule 8."""
    refused(order(order_type, at=200), RejectReason.PRICE_UNEXPECTED, str(order_type), "price")


@pytest.mark.parametrize(
    ("field", "order_type", "least"),
    [
        ("stop_price", STOP, 1),
        ("trail", STOP, 1),
        ("cap", PEG, 1),
        ("amount", BY_AMOUNT, 1),
        ("protection", MARKET, 0),
    ],
)
@pytest.mark.parametrize("below", [1, 10])
def test_price_that_is_none_is_refused_by_its_name(
    field: str, order_type: OrderType, least: Price, below: Price
) -> None:
    """Rule 8."""
    refused(order(order_type, **{field: least - below}), RejectReason.PRICE_NOT_POSITIVE, field)


@pytest.mark.parametrize(
    ("field", "order_type"), [("stop_price", STOP), ("trail", STOP), ("cap", PEG), ("protection", MARKET)]
)
def test_price_or_distance_off_the_tick_is_refused_by_its_name(field: str, order_type: OrderType) -> None:
    """Rule 8."""
    refused(order(order_type, **{field: 203}), RejectReason.OFF_TICK, field, "203", "5")


@pytest.mark.parametrize(
    ("field", "order_type", "value"),
    [
        ("stop_price", STOP, 1_005),
        ("cap", PEG, 1_005),
        ("trail", STOP, 10**10),
        ("protection", MARKET, 10**10),
    ],
)
def test_price_or_distance_beyond_all_prices_is_refused_by_its_name(
    field: str, order_type: OrderType, value: Price
) -> None:
    """Rule 8."""
    refused(order(order_type, **{field: value}), RejectReason.ABOVE_MAXIMUM_PRICE, field, str(value))


@pytest.mark.parametrize("field", ["display", "minimum_quantity"])
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (0, RejectReason.QUANTITY_NOT_POSITIVE),
        (-10, RejectReason.QUANTITY_NOT_POSITIVE),
        (15, RejectReason.OFF_LOT),
    ],
)
def test_part_of_the_quantity_that_is_none_is_refused_by_its_name(
    field: str, value: Quantity, reason: RejectReason
) -> None:
    """Rule 8."""
    refused(order(LIMIT, **{field: value}), reason, field, str(value))


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (order(LIMIT, 10_000, display=10), "display"),
        (order(LIMIT, minimum_quantity=100), "minimum_quantity"),
        (order(MARKET, protection=0), "protection"),
        (order(STOP, stop_price=1_000), "stop_price"),
        (order(PEG, cap=5), "cap"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_value_on_the_very_limit_is_taken(command: EnterOrder, words: str) -> None:
    """Rule 8: limits are inclusive."""
    events = market().submit(command)

    assert told(events)[0] == "new accepted", words


def test_refused_order_uses_up_nothing() -> None:
    """Rules 6 and 8: its id is free, and nobody's order has moved."""
    book = market()
    book.submit(order(LIMIT, display=10, hidden=True))

    events = book.submit(buy(100, at=200, owner=MAKER, name="new")) + book.submit(order(LIMIT))

    assert told(events) == ["new accepted", "new accepted"]

"""The tables of the pages about orders and auctions say what the engine takes and refuses."""

import re
from enum import Enum
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from exchange.engine.commands import ChangePhase, Command, EnterOrder, SetLastPrice, Terms
from exchange.engine.engine import Engine
from exchange.engine.events import AuctionTrade, Event, RequestRejected, StopTriggered, Trade
from exchange.engine.sequencer import Sequencer
from exchange.instrument_config import InstrumentConfig
from protocol.messages import OrderTerms
from protocol.vocabulary import (
    ClientOrderId,
    OrderState,
    OrderType,
    Phase,
    RejectReason,
    SelfTrade,
    Side,
    TimeInForce,
)
from tests.support.book_tables import ACME, OTHERS, YOU
from tests.support.books import cancel, reduce, replace

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
ORDER_TYPES = (REFERENCE / "order-types.md").read_text(encoding="utf-8")
AUCTIONS = (REFERENCE / "auctions.md").read_text(encoding="utf-8")

LEAST: dict[OrderType, dict[str, Any]] = {
    OrderType.LIMIT: {"quantity": 5, "price": 100},
    OrderType.MARKET: {"quantity": 5},
    OrderType.MARKET_TO_LIMIT: {"quantity": 5},
    OrderType.MARKET_BY_AMOUNT: {"amount": 5000},
    OrderType.MONEY_LIMIT: {"quantity": 5, "amount": 5000, "time_in_force": TimeInForce.FOK},
    OrderType.STOP: {"quantity": 5, "stop_price": 120, "trail": 5},
    OrderType.STOP_LIMIT: {"quantity": 5, "price": 125, "stop_price": 120, "trail": 5},
    OrderType.PEG: {"quantity": 5},
}
"""An order of each type that is taken; a stop needs one of two fields and has both."""

VALUES: dict[str, Any] = {
    "quantity": 5,
    "price": 100,
    "amount": 5000,
    "stop_price": 120,
    "trail": 5,
    "protection": 5,
    "cap": 105,
    "display": 1,
    "hidden": True,
    "minimum_quantity": 1,
    "all_or_none": True,
    "post_only": True,
    "self_trade": SelfTrade.DECREMENT,
    "self_trade_group": "desk",
    "reserve_price": 150,
}
NOT_TAKEN = {
    RejectReason.CONFLICTING_FIELDS,
    RejectReason.PRICE_UNEXPECTED,
    RejectReason.PRICE_MISSING,
    RejectReason.FIELD_MISSING,
    RejectReason.QUANTITY_NOT_POSITIVE,
}
"""What is said about an order whose fields are not those of its type."""


class Floor:
    """A market with 10 on either side, 99 and 101, and 100 as the last price."""

    def __init__(self, phase: Phase = Phase.CONTINUOUS) -> None:
        self.engine = Engine()
        self._sequencer = Sequencer(self.engine, lambda: 0)
        self._names = count(1)
        self.submit(InstrumentConfig(symbol=ACME).command())
        for side, price in ((Side.BUY, 99), (Side.SELL, 101)):
            self.submit(
                EnterOrder(OTHERS, ClientOrderId(f"other_{side}"), ACME, side, OrderType.LIMIT, TimeInForce.GTC,
                           10, price)
            )  # fmt: skip
        self.submit(SetLastPrice(ACME, 100))
        self.submit(ChangePhase(ACME, phase))

    def submit(self, command: Command) -> tuple[Event, ...]:
        return self._sequencer.submit(command)

    def enter(self, order_type: OrderType, **fields: Any) -> tuple[Event, ...]:
        terms = {
            name: fields[name] for name in Terms.__struct_fields__ if name in fields and name != "post_only"
        }
        return self.submit(
            EnterOrder(
                YOU, ClientOrderId(f"you_{next(self._names)}"), ACME, Side.BUY, order_type,
                fields.get("time_in_force", TimeInForce.GTC), fields.get("quantity", 0), fields.get("price"),
                fields.get("post_only", False), Terms(**terms) if terms else None,
            )
        )  # fmt: skip

    def takes(self, order_type: OrderType, **fields: Any) -> bool:
        """Whether the order is taken; a refusal for another reason is a fault of the test."""
        first = self.enter(order_type, **fields)[0]
        if isinstance(first, RequestRejected):
            assert first.reason in NOT_TAKEN | {RejectReason.WRONG_PHASE}, first
            return False
        return True


def table(page: str, name: str) -> list[list[str]]:
    """Cells of a table, back ticks taken off, its head first; ``<!-- table: name -->`` stands above it."""
    found = re.search(rf"<!-- table: {name} -->\n\n((?:\|.*\n)+)", page)
    assert found, name
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in found[1].splitlines()]
    return [[cell.strip("| ") for cell in row] for at, row in enumerate(rows) if at != 1]


def bare(word: str) -> str:
    assert re.fullmatch(r"`\w+`", word), word
    return word.strip("`")


# -- fields ----------------------------------------------------------------------------------------
def test_the_table_of_fields_is_what_the_engine_takes() -> None:
    head, *rows = table(ORDER_TYPES, "fields")
    types = [OrderType(word) for word in head[1:]]

    said = {(bare(row[0]), type_): cell for row in rows for type_, cell in zip(types, row[1:], strict=True)}

    assert set(types) == set(OrderType)
    assert {field for field, _ in said} == {
        *OrderTerms.__struct_fields__,
        "quantity",
        "price",
        "post_only",
    } - {"expires_at_ns"}
    assert said == {(field, type_): _taken(type_, field) for field, type_ in said}


def _taken(order_type: OrderType, field: str) -> str:
    least = LEAST[order_type]
    without = {name: value for name, value in least.items() if name != field}
    if not Floor().takes(order_type, **least | {field: VALUES[field]}):
        return "-"
    return "may" if Floor().takes(order_type, **without) else "must"


def test_the_table_of_times_in_force_is_what_the_engine_takes() -> None:
    head, *rows = table(ORDER_TYPES, "times in force")
    types = [OrderType(word) for word in head[1:]]

    said = {
        (TimeInForce(bare(row[0])), type_): cell
        for row in rows
        for type_, cell in zip(types, row[1:], strict=True)
    }

    taken = {(one, type_): _works(type_, one) for one in TimeInForce for type_ in OrderType}
    only = {
        type_ for type_ in OrderType if sum(taken[time_in_force, type_] for time_in_force in TimeInForce) == 1
    }
    assert said == {
        (time_in_force, type_): ("must" if type_ in only else "may") if taken[time_in_force, type_] else "-"
        for time_in_force, type_ in taken
    }


def _works(order_type: OrderType, time_in_force: TimeInForce) -> bool:
    opening = time_in_force is TimeInForce.AT_THE_OPEN
    deadline = {"expires_at_ns": 1} if time_in_force is TimeInForce.GTD else {}
    floor = Floor(Phase.PRE_OPEN if opening else Phase.CONTINUOUS)
    return floor.takes(order_type, **LEAST[order_type] | deadline | {"time_in_force": time_in_force})


def test_the_table_of_exclusions_is_what_the_engine_refuses() -> None:
    said = {
        (bare(field), bare(other))
        for field, others in table(ORDER_TYPES, "exclusions")[1:]
        for other in others.split(", ")
    }

    fields = ("display", "hidden", "minimum_quantity", "all_or_none", "post_only")
    with_value = {name: {name: VALUES[name]} for name in fields}
    at_once = {str(word): {"time_in_force": word} for word in (TimeInForce.IOC, TimeInForce.FOK)}
    assert said == {
        (field, other)
        for field in fields
        for other, more in (with_value | at_once).items()
        if not Floor().takes(OrderType.LIMIT, **LEAST[OrderType.LIMIT] | with_value[field] | more)
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"minimum_quantity": 6},
        {"display": 1, "quantity": 1001},
        {"expires_at_ns": 1, "time_in_force": TimeInForce.DAY},
        {"time_in_force": TimeInForce.GTD},
    ],
)
def test_more_that_does_not_go_together(fields: dict[str, Any]) -> None:
    assert not Floor().takes(OrderType.LIMIT, **LEAST[OrderType.LIMIT] | fields)


def test_reasons_of_the_page_are_words_of_the_protocol() -> None:
    found = re.search(r"\| reason \| why \|\n((?:\|.*\n)+)", ORDER_TYPES)
    assert found
    said = [word for line in found[1].splitlines()[1:] for word in re.findall(r"`(\w+)`", line.split("|")[1])]

    assert [word for word in said if word not in set(RejectReason)] == []
    assert len(said) > 10


# -- settings --------------------------------------------------------------------------------------
def test_the_table_of_settings_is_that_of_the_venue_file() -> None:
    said = {
        bare(name): row for names, *row in table(ORDER_TYPES, "settings")[1:] for name in names.split(", ")
    }

    assert set(said) <= set(InstrumentConfig.model_fields)
    for name, (values, _, _) in said.items():
        field = InstrumentConfig.model_fields[name]
        words = re.findall(r"`(\w+)`", values)
        if words:
            assert isinstance(field.default, Enum)
            assert words[0] == field.default
            assert set(words) == {str(one) for one in type(field.default)}
        else:
            assert values.startswith("none" if field.default is None else str(field.default))


def test_every_setting_that_changes_an_order_is_on_the_page() -> None:
    elsewhere = {"symbol", "price_decimals", "limits"}
    elsewhere |= {"maker_fee_ppm", "taker_fee_ppm", "maker_fee_per_unit", "taker_fee_per_unit"}
    elsewhere |= {"settlement", "base", "quote", "base_scale", "quote_scale", "margin"}

    missing = [name for name in InstrumentConfig.model_fields if f"`{name}`" not in ORDER_TYPES]

    assert set(missing) == elsewhere


# -- phases ----------------------------------------------------------------------------------------
def test_the_table_of_phases_is_what_the_engine_does() -> None:
    head, *rows = table(AUCTIONS, "phases")

    said = {Phase(bare(row[0])): row[1:] for row in rows}

    assert head[1:] == [
        "limit, market", "ioc, fok", "special", "stop", "at_the_open", "at_the_close", "replace",
        "cancel, reduce", "orders trade",
    ]  # fmt: skip
    assert said == {phase: _does(phase) for phase in Phase}


def _does(phase: Phase) -> list[str]:
    limit, market = LEAST[OrderType.LIMIT], LEAST[OrderType.MARKET]
    at_once = [limit | {"time_in_force": word} for word in (TimeInForce.IOC, TimeInForce.FOK)]
    special = [
        (OrderType.PEG, LEAST[OrderType.PEG]),
        (OrderType.MARKET_BY_AMOUNT, LEAST[OrderType.MARKET_BY_AMOUNT]),
        (OrderType.MONEY_LIMIT, LEAST[OrderType.MONEY_LIMIT]),
        (OrderType.LIMIT, limit | {"minimum_quantity": 1}),
        (OrderType.LIMIT, limit | {"all_or_none": True}),
    ]
    return [
        _all_alike(phase, (OrderType.LIMIT, limit), (OrderType.MARKET, market)),
        _all_alike(phase, *((OrderType.LIMIT, one) for one in at_once)),
        _all_alike(phase, *special),
        _stop(phase),
        _all_alike(phase, (OrderType.LIMIT, limit | {"time_in_force": TimeInForce.AT_THE_OPEN})),
        _for_the_close(phase),
        _changes(phase, replace("other_buy", quantity=9, owner=OTHERS)),
        _changes(
            phase, reduce("other_buy", 1, owner=OTHERS), cancel("other_buy", owner=OTHERS)
        ),
        _crosses(phase),
    ]  # fmt: skip


def _all_alike(phase: Phase, *orders: tuple[OrderType, dict[str, Any]]) -> str:
    (taken,) = {Floor(phase).takes(order_type, **fields) for order_type, fields in orders}
    return "yes" if taken else "no"


def _stop(phase: Phase) -> str:
    """A stop whose price is there already."""
    events = Floor(phase).enter(OrderType.STOP, quantity=1, stop_price=100)
    if isinstance(events[0], RequestRejected):
        return "no"
    return "yes" if any(isinstance(event, StopTriggered) for event in events) else "waits"


def _for_the_close(phase: Phase) -> str:
    floor = Floor(phase)
    fields = LEAST[OrderType.LIMIT] | {"time_in_force": TimeInForce.AT_THE_CLOSE}
    if not floor.takes(OrderType.LIMIT, **fields):
        return "no"
    (order,) = floor.engine.open_orders(YOU)
    return "waits" if order.state is OrderState.PENDING else "yes"


def _changes(phase: Phase, *commands: Command) -> str:
    floor = Floor(phase)
    (refused,) = {isinstance(floor.submit(command)[0], RequestRejected) for command in commands}
    return "no" if refused else "yes"


def _crosses(phase: Phase) -> str:
    events = Floor(phase).enter(OrderType.LIMIT, quantity=1, price=101)
    return "yes" if any(isinstance(event, Trade | AuctionTrade) for event in events) else "no"

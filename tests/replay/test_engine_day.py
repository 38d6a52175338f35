"""A day of order flow through the engine alone: every hit and every published book, to the share.

The recorded day lies beside the project, not in it; the generated day of the same shape always runs.
"""

from collections.abc import Iterable
from typing import NamedTuple

import pytest

from exchange.engine.commands import CancelOrder, Command, EnterOrder, ReduceOrder
from exchange.engine.events import Trade
from protocol.messages import Cancel, NewOrder, Reduce
from protocol.vocabulary import AccountId, ClientOrderId, Price, Quantity, Side, Symbol
from tests.support.books import Market, instrument, told
from tests.support.days import ABSENT, RECORDED
from traders.order_flow import (
    ENTERING,
    PUBLISHED_LEVELS,
    FlowLine,
    FlowRequest,
    generated_day,
    read_flow,
    request_of,
)

GOOG = Symbol("GOOG")
NASDAQ = AccountId("nasdaq")


class Outcome(NamedTuple):
    """What was compared, and found equal."""

    commands: int
    hits: int
    books: int


def command_of(request: FlowRequest) -> Command:
    """What the venue makes of a request."""
    match request:
        case NewOrder(client_order_id, symbol, side, quantity, price):
            return EnterOrder(
                NASDAQ, client_order_id, symbol, side, request.order_type, request.time_in_force, quantity, price
            )  # fmt: skip
        case Cancel(client_order_id):
            return CancelOrder(NASDAQ, client_order_id)
        case Reduce(client_order_id, by):
            return ReduceOrder(NASDAQ, client_order_id, by)


def play(day: Iterable[FlowLine], *, tick: Price) -> Outcome:
    """Run the day; every line must have the effect it names, and no other."""
    market = Market(instrument(GOOG, tick=tick, maximum_price=10**9))
    commands = hits = books = 0
    # A made order may name again what died: the file's ids count for a life, the venue's for a day.
    names: dict[object, ClientOrderId] = {}
    for line in day:
        if line.book is not None:
            books += 1
            depths = [market.engine.books[GOOG].depth(side) for side in (Side.BUY, Side.SELL)]
            shown = [depth[:PUBLISHED_LEVELS] for depth in depths]
            assert shown == [list(levels) for levels in line.book], f"row {line.row}"
        if not line.is_command:
            continue
        commands += 1
        if line.op in ENTERING or line.op == "take":
            name = ClientOrderId(f"{line.op}{commands}")
            names[line.id] = name
        else:
            name = names[line.id]
        events = market.submit(command_of(request_of(line, GOOG, name)))
        if line.op == "take":
            met = [hit(event) for event in events if isinstance(event, Trade)]
            expected = [(names[maker], quantity) for maker, quantity in line.hits or ()]
            assert met == expected, f"row {line.row}"
            hits += 1
            assert len(events) == 1 + len(met), "it fills to the last share"
        else:
            assert len(events) == 1, f"row {line.row}: {told(events)}"
            assert "refused" not in told(events)[0], f"row {line.row}: {told(events)}"
    return Outcome(commands, hits, books)


def hit(trade: Trade) -> tuple[ClientOrderId, Quantity]:
    """A trade as the file tells it; the price is the maker's own by rule 1."""
    return trade.maker_client_order_id, trade.quantity


@pytest.mark.parametrize("seed", [1, 20120621])
def test_generated_day_runs_as_its_naive_book_says(seed: int) -> None:
    outcome = play(generated_day(seed, 20_000), tick=100)

    assert outcome.commands > 19_000
    assert outcome.hits > 1_000
    assert outcome.books == 2_000


@pytest.mark.slow
@pytest.mark.skipif(not RECORDED.exists(), reason=ABSENT)
def test_recorded_day_meets_every_hit_and_every_book() -> None:
    outcome = play(read_flow(RECORDED), tick=50)

    assert outcome == Outcome(commands=234_143, hits=6_256, books=14_428)

"""The judge of the ordeal finds what must never be: each test changes one thing of a story without a fault."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec
import pytest

from tests.torture.founding import Member
from tests.torture.judge import Judge, as_kept, of_journal
from tests.torture.looking_back import Look
from tests.torture.standing import Json
from tests.torture.trader import Trader
from tests.torture.wishes import Asked

_DEPOSITS: Final = {"USD": 10_000, "EUR": 5_000}


@dataclass
class Story:
    """What one account was told, and what the venue says of it in the end."""

    trader: Trader
    stream: list[Json]
    state: Json
    open_orders: list[Json]

    def look(self) -> Look:
        lines = [msgspec.json.encode(message) for message in self.stream]
        balances = self.state["balances"]
        positions = [
            {"symbol": held["symbol"], "quantity": held["quantity"]} for held in self.state["holdings"]
        ]
        welcome = {"open_orders": self.open_orders, "positions": positions, "balances": balances}
        return Look(lines, welcome, self.state)


def told(seq: int, kind: str, **fields: object) -> Json:
    return {"type": kind, "seq": seq, "at_ns": seq, **fields}


def story(name: str, side: str, fee: int) -> Story:
    """Two deposits; one order for 3 of EURO at 1000, of which 2 traded."""
    member = Member(name, "secret", "takes_along", _DEPOSITS)
    trader = Trader(member, "seed", lambda: None)
    order = {"client_order_id": "o1", "order_id": 1, "symbol": "EURO", "side": side}
    trade = {"trade_id": 1, "price": 1000, "quantity": 2, "liquidity": "maker", "fee": fee}
    stream = [
        told(1, "balance_adjusted", asset="USD", amount=10_000, transaction_id="t", free=10_000),
        told(2, "balance_adjusted", asset="EUR", amount=5_000, transaction_id="u", free=5_000),
        told(3, "accepted", **order, quantity=3, price=1000),
        told(4, "trade_report", **order, **trade, cumulative=2, leaves=1),
        told(5, "canceled", **order, quantity=1, cumulative=2, reason="disconnected"),
    ]
    bought = 2 if side == "buy" else -2
    state = {
        "type": "account_state",
        "balances": [
            {"asset": "EUR", "free": 5_000 + bought * 1000},
            {"asset": "USD", "free": 10_000 - bought * 1000 - fee - 7, "held": 7},
        ],
        "holdings": [{"symbol": "EURO", "quantity": bought, "cost": bought * 1000, "fees": fee}],
    }
    trader.asked = [Asked(("new", "o1"), b"", 1)]
    trader.received = [msgspec.json.encode(message) for message in stream]
    trader.connections = 2
    trader.taken_along = 1
    return Story(trader, stream, state, [])


def judged(anna: Story, ben: Story) -> set[str]:
    """The checks that found something."""
    judge = Judge()
    for one in (anna, ben):
        judge.hear(one.trader, one.look())
    return {finding.name for finding in judge.findings(2) if not finding.met}


def test_a_story_without_a_fault_has_none() -> None:
    assert judged(story("anna", "buy", -1), story("ben", "sell", 2)) == set()


def _lose_the_end(anna: Story) -> None:
    anna.trader.asked.append(Asked(("cancel", "o1"), b"", 1))
    anna.trader.received.append(
        msgspec.json.encode(
            told(6, "rejected", client_order_id="o1", request="cancel", reason="unknown_order")
        )
    )


def _lose_the_answer(anna: Story) -> None:
    anna.trader.asked.append(Asked(("cancel", "o9"), b"", 1))


def _change_what_was_said(anna: Story) -> None:
    anna.stream[2]["at_ns"] = 77


def _leave_a_gap(anna: Story) -> None:
    anna.stream[4]["seq"] = 6
    anna.trader.received[4] = msgspec.json.encode(anna.stream[4])


def _accept_again(anna: Story) -> None:
    anna.trader.asked[0].attempts = 2
    anna.stream.append(anna.stream[2] | {"seq": 6})
    anna.stream.append(anna.stream[4] | {"seq": 7, "quantity": 3, "cumulative": 0})


def _cancel_again(anna: Story) -> None:
    anna.trader.asked.append(Asked(("cancel", "o9"), b"", 2))
    refused = {"client_order_id": "o9", "request": "cancel", "reason": "unknown_order", "text": ""}
    anna.stream += [told(6, "rejected", **refused), told(7, "rejected", **refused)]


def _tell_another_price(anna: Story) -> None:
    anna.stream[3]["price"] = 1001
    anna.trader.received[3] = msgspec.json.encode(anna.stream[3])
    anna.state["balances"][1]["free"] -= 2
    anna.state["holdings"][0]["cost"] += 2


def _lose_money(anna: Story) -> None:
    anna.state["balances"][1]["held"] = 6


def _leave_an_order(anna: Story) -> None:
    anna.open_orders = [{"client_order_id": "o1", "leaves": 1, "cumulative": 2}]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (_lose_the_end, {"received", "acknowledged", "answered"}),
        (_lose_the_answer, {"answered"}),
        (_change_what_was_said, {"received"}),
        (_leave_a_gap, {"streams"}),
        (_accept_again, {"once"}),
        (_cancel_again, {"once"}),
        (_tell_another_price, {"trades", "money"}),
        (_lose_money, {"money"}),
        (_leave_an_order, {"money", "sessions"}),
    ],
)
def test_each_fault_is_found_by_the_checks_that_look_for_it(
    change: Callable[[Story], None], found: set[str]
) -> None:
    anna = story("anna", "buy", -1)

    change(anna)

    assert judged(anna, story("ben", "sell", 2)) == found


def test_who_sent_a_refused_request_is_told_its_line_too() -> None:
    assert as_kept(b'{"type":"rejected","seq":1,"text":"no","line":12}') == (
        b'{"type":"rejected","seq":1,"text":"no"}'
    )


def test_a_journal_that_verify_says_nothing_good_of_is_a_fault() -> None:
    good = "│ commands │ 8 in 1 turns │\n│ ledger │ conserved after every command │\n"

    assert of_journal(good + "│ verdict │ same events, same state │\n").met
    assert not of_journal(good + "│ verdict │ FAILED: another state │\n").met

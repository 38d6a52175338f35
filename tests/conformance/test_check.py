"""Verdicts: whatever is not as expected fails, whatever is not known is skipped."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from exchange.conformance.cases import Case, Other, Situation, read
from exchange.conformance.check import Ending, Verdict, run

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

GOOD: dict[str, Any] = {
    "id": "good",
    "instrument": {"tick": 1, "lot": 1},
    "policy": {"market_residual": "rest"},
    "steps": [
        {
            "op": "new", "id": "a", "owner": "A", "side": "sell", "qty": 10, "price": 100,
            "expect": {
                "result": "accepted", "trades": [], "orders": {"a": {"state": "live", "filled": 0, "open": 10}},
                "book": {"bids": [], "asks": [[100, 10, 1]]},
            },
        },
        {
            "op": "new", "id": "b", "owner": "B", "side": "buy", "qty": 4, "price": 101,
            "expect": {
                "result": "accepted", "trades": [["a", "b", 100, 4]],
                "orders": {
                    "a": {"state": "live", "filled": 4, "open": 6},
                    "b": {"state": "filled", "filled": 4, "open": 0},
                },
                "book": {"bids": [], "asks": [[100, 6, 1]]},
            },
        },
        {
            "op": "new", "id": "m", "owner": "C", "side": "buy", "type": "market", "qty": 8,
            "expect": {
                "result": "accepted", "trades": [["a", "m", 100, 6]],
                "orders": {
                    "a": {"state": "filled", "filled": 10, "open": 0},
                    "m": {"state": "live", "filled": 6, "open": 2},
                },
                "book": {"bids": [], "asks": [], "market": {"buy": 2}},
            },
        },
        {
            "op": "mass_cancel", "owner": "C",
            "expect": {
                "result": "accepted", "detail": "1", "trades": [],
                "orders": {"m": {"state": "canceled", "filled": 6, "open": 0}},
                "book": {"bids": [], "asks": []},
            },
        },
    ],
    "final": {
        "book": {"bids": [], "asks": []},
        "orders": {
            "a": {"state": "filled", "filled": 10, "open": 0},
            "m": {"state": "canceled", "filled": 6, "open": 0},
        },
    },
}  # fmt: skip


def verdict_on(raw: dict[str, Any]) -> Verdict:
    content = (Other if raw.get("kind", "accounts") != "accounts" else Situation).model_validate(raw)
    return run(Case("cases.jsonl:1", content))


def changed(path: str, value: object, case: dict[str, Any] = GOOD) -> dict[str, Any]:
    """The good case with another value at ``path``; ``None``: with nothing there."""
    raw = copy.deepcopy(case)
    *parents, last = [int(part) if part.isdecimal() else part for part in path.split("/")]
    place: Any = raw
    for part in parents:
        place = place[part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return raw


@pytest.mark.parametrize("case", read([HERE / "sample.jsonl"]), ids=lambda case: case.id)
def test_the_sample_holds(case: Case) -> None:
    verdict = run(case)

    assert (verdict.ending, verdict.reason) == (Ending.PASSED, "")


@pytest.mark.parametrize(
    "case", read([ROOT / "examples" / "market-situations.jsonl"]), ids=lambda case: case.id
)
def test_the_situations_that_users_start_from_hold(case: Case) -> None:
    verdict = run(case)

    assert (verdict.ending, verdict.reason) == (Ending.PASSED, "")


def test_a_case_that_expects_what_happens_passes() -> None:
    verdict = verdict_on(GOOD)

    assert (verdict.ending, verdict.reason) == (Ending.PASSED, "")
    assert len(verdict.played) == 4


@pytest.mark.parametrize(
    ("path", "value", "step", "part"),
    [
        ("steps/0/expect/result", "rejected", 1, "result"),
        ("steps/1/expect/result", "canceled", 2, "result"),
        ("steps/1/expect/trades", [], 2, "trades"),
        ("steps/1/expect/trades/0/3", 5, 2, "trades"),
        ("steps/1/expect/trades/0/0", "b", 2, "trades"),
        ("steps/1/expect/orders/a/state", "filled", 2, "orders"),
        ("steps/1/expect/orders/a/filled", 5, 2, "orders"),
        ("steps/1/expect/orders/b/open", 1, 2, "orders"),
        ("steps/1/expect/orders/a", None, 2, "orders"),
        ("steps/1/expect/orders/x", {"state": "live", "filled": 0, "open": 1}, 2, "orders"),
        ("steps/1/expect/book/asks/0/1", 7, 2, "book"),
        ("steps/1/expect/book/asks/0/2", 2, 2, "book"),
        ("steps/1/expect/book/bids", [[99, 1, 1]], 2, "book"),
        ("steps/2/expect/book/market", None, 3, "market"),
        ("steps/2/expect/book/market/buy", 3, 3, "market"),
        ("steps/2/expect/book/market/sell", 3, 3, "market"),
        ("steps/3/expect/detail", "2", 4, "detail"),
    ],
)
def test_whatever_differs_fails_at_its_step(path: str, value: object, step: int, part: str) -> None:
    verdict = verdict_on(changed(path, value))

    assert verdict.ending is Ending.FAILED
    assert len(verdict.played) == step
    assert [one.part for one in verdict.played[-1].differences] == [part]
    assert verdict.reason.startswith(f"step {step}, ")


@pytest.mark.parametrize(
    ("path", "value", "part"),
    [
        ("final/book/bids", [[99, 1, 1]], "book"),
        ("final/orders/m/filled", 5, "orders"),
        ("final/orders/x", {"state": "live", "filled": 0, "open": 1}, "orders"),
    ],
)
def test_whatever_differs_in_the_end_fails(path: str, value: object, part: str) -> None:
    verdict = verdict_on(changed(path, value))

    assert verdict.ending is Ending.FAILED
    assert len(verdict.played) == 4
    assert verdict.final is not None
    assert [one.part for one in verdict.final.differences] == [part]
    assert verdict.reason.startswith("final: ")


def test_what_is_left_out_is_not_compared() -> None:
    raw = changed("steps/1/expect", {"result": "accepted"})

    assert verdict_on(raw).ending is Ending.PASSED


def test_a_market_side_of_nothing_is_no_market_side() -> None:
    raw = changed("steps/0/expect/book/market", {"buy": 0})

    assert verdict_on(raw).ending is Ending.PASSED


def test_the_detail_of_a_refusal_is_a_word_for_readers() -> None:
    raw = changed("steps/0/expect/detail", "whatever")

    assert verdict_on(raw).ending is Ending.PASSED


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("colour", "red", "field 'colour'"),
        ("instrument/phase", "x", "field 'phase'"),
        ("instrument/band", [90, 110], "band [90, 110]"),
        ("instrument/tick", 0, "no venue lists such an instrument"),
        ("rules", ["limit", "quantum"], "rule 'quantum'"),
        ("policy/mood", "good", "policy 'mood'"),
        ("policy/stp", "cancel_all", "policy 'stp' has no choice 'cancel_all'"),
        ("policy/stp_fok", "include_own", "policy 'stp_fok' has no choice 'include_own'"),
        ("steps/0/op", "wave", "op 'wave'"),
        ("steps/0/leverage", 5, "field 'leverage'"),
        ("steps/0/type", "pegged", "type 'pegged'"),
        ("steps/0/tif", "gfd", "tif 'gfd'"),
        ("steps/0/side", "bid", "side 'bid'"),
        ("steps/0/stp", "all", "stp 'all'"),
        ("steps/0/post_only", "maybe", "post_only 'maybe'"),
        ("steps/3/side", "bid", "side 'bid'"),
        ("steps/3", {"op": "uncross", "then": "party"}, "then 'party'"),
        ("steps/3", {"op": "deposit", "owner": "A", "ccy": "USD", "amount": 1}, "deposit of money"),
        ("steps/0/reserve", 5, "new of money needs a symbol"),
        ("steps/0/expect/balances", {}, "balances and fees need a symbol"),
        ("symbol", {"base": "BTC", "quote": "USD", "kind": "option"}, "symbol: field 'kind'"),
        ("steps/0/expect/result", "ok", "result 'ok'"),
        ("steps/0/expect/orders/a/state", "alive", "state 'alive'"),
        ("steps/0/expect/orders/a/fee", 0, "field 'fee'"),
        ("steps/0/expect/book/hidden", [], "field 'hidden'"),
        ("steps/0/expect/book/market", {"both": 1}, "market 'both'"),
        ("final/fees", 0, "final: balances and fees need a symbol"),
    ],
)
def test_what_is_not_known_is_skipped_with_the_reason(path: str, value: object, told: str) -> None:
    verdict = verdict_on(changed(path, value))

    assert verdict.ending is Ending.SKIPPED
    assert told in verdict.reason
    assert verdict.played == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "prorata", "resting": [10, 5, 20, 50, 75], "qty": 60, "top": 0, "alloc": [10, 3, 6, 16, 25]},
        {"kind": "prorata", "sizes": [10, 5, 20, 50, 75], "qty": 60, "top": True, "min_alloc": 1, "fifo_pct": 0,
         "expect": {"alloc": [10, 3, 6, 16, 25]}},
        {"kind": "prorata", "orders": [["a", 10], ["b", 30]], "qty": 4, "alloc": {"a": 1, "b": 3}},
        {"kind": "prorata", "queue": [{"id": "a", "qty": 10}, {"id": "b", "qty": 30}], "qty": 10, "top": "b",
         "alloc": [0, 10]},
        {"kind": "prorata", "cases": [{"resting": [1, 3], "qty": 4, "alloc": [1, 3]}]},
        {"kind": "fee", "cases": [[1_000_000, 10], [999, -25], [999, 0]], "expect": [1_000, -2, 0]},
        {"kind": "fee", "pairs": [[1_000_000, 10]], "expect": {"fees": [1_000]}},
        {"kind": "fee", "fees": [[1_000_000, 10, 1_000]], "steps": []},
        {"kind": "fee", "trades": [{"notional": 10_000, "bps": 0.5, "fee": 0}]},
    ],
)  # fmt: skip
def test_cases_that_are_one_sum_are_done(fields: dict[str, Any]) -> None:
    verdict = verdict_on({"id": "sum", **fields})

    assert (verdict.ending, verdict.reason) == (Ending.PASSED, "")


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "prorata", "resting": [10, 5], "qty": 6, "alloc": [3, 3]},
        {"kind": "fee", "cases": [[999, -25]], "expect": [-3]},
    ],
)
def test_a_sum_with_another_result_fails(fields: dict[str, Any]) -> None:
    verdict = verdict_on({"id": "sum", **fields})

    assert verdict.ending is Ending.FAILED
    assert f"expected {fields.get('alloc', fields.get('expect'))}" in verdict.reason


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"kind": "dividends"}, "kind 'dividends'"),
        ({"kind": "prorata", "qty": 6, "alloc": [3, 3]}, "resting: not there"),
        ({"kind": "prorata", "resting": [10], "sizes": [10], "qty": 6, "alloc": [6]}, "resting: there twice"),
        ({"kind": "prorata", "resting": [10], "qty": 6}, "alloc: not there"),
        ({"kind": "prorata", "resting": [10], "qty": 6, "alloc": [3, 3]}, "alloc: 2 of them for 1 orders"),
        ({"kind": "prorata", "resting": [10], "qty": 6, "alloc": {"a": 6}}, "alloc: names orders"),
        ({"kind": "prorata", "resting": [10], "qty": 6, "alloc": [6], "top": 5}, "top: 5 is none"),
        ({"kind": "prorata", "resting": [10], "qty": 6, "alloc": [6], "fifo_pct": 101}, "out of bounds"),
        ({"kind": "prorata", "resting": [1.5], "qty": 6, "alloc": [6]}, "size: 1.5 is no integer"),
        ({"kind": "prorata", "resting": [10], "qty": 6, "alloc": [6], "mood": 1}, "mood: no such field"),
        ({"kind": "fee"}, "no list"),
        ({"kind": "fee", "cases": [[999, 5]]}, "fees: no list"),
        ({"kind": "fee", "cases": [[999, 5]], "expect": [1, 2]}, "fees: 2 of them for 1"),
        ({"kind": "fee", "cases": [[999]], "expect": [1]}, "not [999]"),
        ({"kind": "fee", "cases": [[999, 0.001]], "expect": [0]}, "finer than a millionth"),
    ],
)
def test_a_sum_that_can_not_be_read_is_skipped(fields: dict[str, Any], told: str) -> None:
    verdict = verdict_on({"id": "sum", **fields})

    assert verdict.ending is Ending.SKIPPED
    assert told in verdict.reason


# -- accounts --------------------------------------------------------------------------------------
WITH_MONEY: dict[str, Any] = {
    "id": "money",
    "kind": "accounts",
    "symbol": {"base": "BTC", "quote": "USD", "bs": 10, "qs": 2, "maker": 1, "taker": 2},
    "steps": [
        {"op": "deposit", "owner": "A", "ccy": "USD", "amount": 1_010},
        {"op": "deposit", "owner": "B", "ccy": "BTC", "amount": 60},
        {"op": "deposit", "owner": "B", "ccy": "EUR", "amount": 7},
        {
            "op": "new", "id": "a", "owner": "A", "side": "buy", "qty": 5, "price": 90, "reserve": 100,
            "expect": {"result": "accepted", "balances": {"A": {"USD": 0}}, "fees": 0},
        },
        {"op": "replace", "id": "a", "price": 101, "expect": {"result": "rejected", "detail": "over_reserve"}},
        {
            "op": "new", "id": "b", "owner": "B", "side": "sell", "qty": 7, "price": 90,
            "expect": {"result": "rejected", "detail": "nsf"},
        },
        {
            "op": "new", "id": "b", "owner": "B", "side": "sell", "qty": 5, "price": 90, "reserve": 80,
            "expect": {
                "result": "accepted", "trades": [["a", "b", 90, 5]], "fees": 15,
                "balances": {"A": {"USD": 105, "BTC": 50}, "B": {"BTC": 10, "USD": 890, "EUR": 7}},
            },
        },
        {
            "op": "deposit", "owner": "B", "ccy": "BTC", "amount": -11,
            "expect": {"result": "rejected", "detail": "nsf", "balances": {"B": {"BTC": 10}}},
        },
        {"op": "deposit", "owner": "B", "ccy": "BTC", "amount": -10, "expect": {"balances": {"B": {"BTC": 0}}}},
    ],
    "final": {"balances": {"A": {"USD": 105}, "C": {"USD": 0}}, "fees": 15, "book": {"bids": [], "asks": []}},
}  # fmt: skip


def test_a_case_with_accounts_tells_balances_and_fees() -> None:
    """Rules 41 and 43."""
    verdict = verdict_on(WITH_MONEY)

    assert (verdict.ending, verdict.reason) == (Ending.PASSED, "")


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("steps/3/expect/balances/A/USD", 1, "balances: A USD: expected 1, came 0"),
        ("steps/3/expect/fees", 1, "fees: expected 1, came 0"),
        ("steps/4/expect/detail", "nsf", "detail: expected nsf (insufficient_funds), came over_reserve"),
        ("steps/5/expect/detail", "over_reserve", "came insufficient_funds"),
        ("steps/6/expect/balances/A/BTC", 0, "balances: A BTC: expected 0, came 50"),
        ("steps/6/expect/balances/C", {"BTC": 3}, "balances: C BTC: expected 3, came 0"),
        ("steps/7/expect/result", "accepted", "result: expected accepted, came rejected"),
        ("final/balances/A/USD", 104, "final: balances: A USD"),
        ("final/fees", 10, "final: fees: expected 10, came 15"),
    ],
)
def test_whatever_differs_of_money_fails(path: str, value: object, told: str) -> None:
    verdict = verdict_on(changed(path, value, WITH_MONEY))

    assert verdict.ending is Ending.FAILED
    assert told in verdict.reason


def test_an_order_for_money_holds_it_whatever_it_reserves() -> None:
    """Rules 41 and 54."""
    raw = changed("steps/3/type", "fok_budget", WITH_MONEY)
    raw["steps"][3] |= {"price": 500, "reserve": 500}

    same, other = verdict_on(raw), verdict_on({**raw, "steps": [{**raw["steps"][3], "reserve": 501}]})

    assert same.played[3].outcome.result == "canceled"
    assert other.ending is Ending.SKIPPED
    assert "reserve 501" in other.reason


def test_a_case_with_accounts_says_what_it_settles_in() -> None:
    with pytest.raises(ValidationError, match="needs a symbol"):
        verdict_on({name: value for name, value in WITH_MONEY.items() if name != "symbol"})


def test_an_id_belongs_to_whoever_entered_it_last_and_is_taken_while_it_lives() -> None:
    def new(owner: str, price: int, **expect: object) -> dict[str, object]:
        return {
            "op": "new",
            "id": "x",
            "owner": owner,
            "side": "buy",
            "qty": 5,
            "price": price,
            "expect": expect,
        }

    live = {"state": "live", "filled": 0, "open": 5}
    verdict = verdict_on(
        {
            "id": "ids",
            "steps": [
                new("A", 100, result="accepted", orders={"x": live}),
                new("B", 101, result="rejected", orders={}, book={"bids": [[100, 5, 1]]}),
                {"op": "cancel", "id": "x", "owner": "B", "expect": {"result": "rejected"}},
                {"op": "cancel", "id": "x", "expect": {"result": "accepted"}},
                new("B", 102, result="accepted", orders={"x": live}, book={"bids": [[102, 5, 1]]}),
                {"op": "cancel", "id": "x", "owner": "A", "expect": {"result": "rejected", "orders": {}}},
                {"op": "reduce_to", "id": "x", "to": 2, "expect": {"result": "accepted"}},
                {"op": "reduce_to", "id": "x", "to": 2, "expect": {"result": "rejected"}},
                {"op": "reduce_to", "id": "x", "to": -1, "expect": {"result": "rejected"}},
                {"op": "reduce_to", "id": "x", "to": 0, "expect": {"book": {}}},
                {"op": "reduce_to", "id": "x", "to": 0, "expect": {"result": "rejected"}},
                {"op": "cancel", "id": "y", "expect": {"result": "rejected"}},
            ],
        }
    )

    assert (verdict.ending, verdict.reason) == (Ending.PASSED, "")


def test_the_price_of_a_replaced_stop_is_the_price_it_waits_for() -> None:
    """Rule 30: a stop that waits can be replaced."""
    fields = {
        "id": "stop",
        "steps": [
            {"op": "set_last", "price": 100},
            {"op": "new", "id": "a", "owner": "A", "side": "sell", "qty": 5, "price": 110},
            {"op": "new", "id": "s", "owner": "S", "side": "buy", "type": "stop", "qty": 5, "stop": 107},
            {"op": "replace", "id": "s", "price": 104, "expect": {"result": "accepted", "trades": []}},
            {"op": "set_last", "price": 104, "expect": {"trades": [["a", "s", 110, 5]]}},
        ],
    }

    assert verdict_on(fields).ending is Ending.PASSED


def test_a_case_read_from_a_file_is_the_case_in_the_code(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps(GOOD))

    [case] = read([path])

    assert run(case).ending is Ending.PASSED

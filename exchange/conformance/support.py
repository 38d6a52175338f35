"""What of the case format this venue has, and what its words are here.

In: a case. Out: the venue's words for those of the case, or the reason why the case can't be run. A case
is run only if every field, op, type and value in it is known: what is not understood must not pass.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from exchange.conformance.cases import (
    OPS,
    Case,
    Deposit,
    End,
    Expect,
    MassCancel,
    New,
    Other,
    Part,
    Settlement,
    Situation,
    Step,
    Uncross,
)
from protocol.vocabulary import (
    Allocation,
    OrderState,
    OrderType,
    Phase,
    PostOnly,
    RejectReason,
    SelfTrade,
    Side,
    TimeInForce,
)

ORDER_TYPES: Final = {
    "limit": OrderType.LIMIT,
    "market": OrderType.MARKET,
    "stop": OrderType.STOP,
    "stop_limit": OrderType.STOP_LIMIT,
    "mtl": OrderType.MARKET_TO_LIMIT,
    "peg": OrderType.PEG,
    "fok_budget": OrderType.MONEY_LIMIT,
    "market_notional": OrderType.MARKET_BY_AMOUNT,
}

SELF_TRADE: Final = {
    "none": SelfTrade.NONE,
    "cancel_taker": SelfTrade.CANCEL_AGGRESSOR,
    "cancel_maker": SelfTrade.CANCEL_MAKER,
    "cancel_both": SelfTrade.CANCEL_BOTH,
    "decrement": SelfTrade.DECREMENT,
}

THEN: Final = {
    **{phase.value: phase for phase in Phase},
    "call": Phase.INTRADAY_AUCTION,
    "auction": Phase.INTRADAY_AUCTION,
}
"""What may follow an auction."""

POLICY: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "replace": {"keep_on_decrease": {}, "always_lose": {"replace_loses_priority": True}},
    "market_residual": {"cancel": {}, "rest": {"market_remainder_rests": True}},
    "post_only": {mode.value: {"post_only": mode} for mode in PostOnly},
    "stp": {word: {"self_trade": mode} for word, mode in SELF_TRADE.items()},
    "stp_fok": {"exclude_own": {}},
    "stp_replace": {"reject": {}},
    "iceberg": {"refill_back": {}, "refill_front": {"peak_refills_in_front": True}},
    "mkt_px": {"maker_best": {}, "taker": {"market_at_aggressor_limit": True}},
    "algo": {"fifo": {}, "prorata": {"allocation": Allocation.PRO_RATA}},
}
"""Policy -> choice -> settings of the instrument; nothing to set where the venue does no other."""

NUMBERS: Final = {"min_alloc": "minimum_allocation", "fifo_pct": "fifo_percent"}
"""Policies that are a number."""

REASONS: Final = {"nsf": RejectReason.INSUFFICIENT_FUNDS, "over_reserve": RejectReason.OVER_RESERVE}
"""Why a step is refused, in the words of cases with accounts."""

RESULTS: Final = frozenset({"accepted", "rejected", "canceled"})
STATES: Final = frozenset(state.value for state in OrderState)
SIDES: Final = frozenset(side.value for side in Side)

_MONEY: Final = frozenset({"fok_budget", "market_notional"})

# A rule names a feature that a case needs: an op, a type, a time in force, a field, or a policy.
_RULES: Final = (
    frozenset(OPS)
    | frozenset(ORDER_TYPES)
    | frozenset(TimeInForce)
    | frozenset(New.model_fields)
    | frozenset({"band", "last", "max_qty", "lot", "tick"})
    | frozenset(POLICY)
    | frozenset(f"policy:{name}={word}" for name, words in POLICY.items() for word in words)
    | frozenset(Settlement.model_fields)
    | frozenset({"iceberg", "prorata", "balances", "fees", "fee", "accounts"})
)


def why_not(case: Case) -> str | None:
    """Why the case can't be run here, or ``None``. Kinds that are sums are judged where the sums are done."""
    content = case.content
    return next(_obstacles(content), None) if isinstance(content, Situation) else None


def settings(policy: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the instrument for a policy that ``why_not`` has let pass."""
    chosen: dict[str, Any] = {}
    for name, value in policy.items():
        chosen |= {NUMBERS[name]: value} if name in NUMBERS else POLICY[name][value]
    return chosen


def _obstacles(case: Situation) -> Iterator[str]:
    yield from _unknown("the case", case)
    yield from _unknown("instrument", case.instrument)
    if not isinstance(case.instrument.band, int | None) or isinstance(case.instrument.band, bool):
        yield f"instrument: band {case.instrument.band!r} is no distance"
    if case.symbol is not None:
        yield from _unknown("symbol", case.symbol)
    yield from _policy(case.policy)
    for rule in case.rules:
        if rule not in _RULES and not _is_policy_number(rule):
            yield f"rule {rule!r} is not known"
    for number, step in enumerate(case.steps, 1):
        yield from _step(f"step {number}", step)
        if case.symbol is None:
            yield from _money(f"step {number}", step)
    if case.symbol is None and case.final is not None and tells_money(case.final):
        yield "final: balances and fees need a symbol"
    if case.final is not None:
        yield from _expected("final", case.final)


def _policy(policy: Mapping[str, Any]) -> Iterator[str]:
    for name, value in policy.items():
        if name in NUMBERS:
            if type(value) is not int:
                yield f"policy {name!r} has no choice {value!r}"
        elif name not in POLICY:
            yield f"policy {name!r} is not known"
        elif not isinstance(value, str) or value not in POLICY[name]:
            yield f"policy {name!r} has no choice {value!r}"


def _is_policy_number(rule: str) -> bool:
    name, _, value = rule.removeprefix("policy:").partition("=")
    return rule.startswith("policy:") and name in NUMBERS and value.isdecimal()


def _step(place: str, step: Step) -> Iterator[str]:
    if step.op not in OPS:
        yield f"{place}: op {step.op!r} is not known"
        return
    yield from _unknown(f"{place}, {step.op}", step)
    if isinstance(step, New):
        yield from _value(place, "side", step.side, SIDES)
        yield from _value(place, "type", step.type, frozenset(ORDER_TYPES))
        yield from _value(place, "tif", step.tif, frozenset(TimeInForce))
        yield from _value(place, "stp", step.stp, frozenset(SELF_TRADE))
        if isinstance(step.post_only, str):
            yield from _value(place, "post_only", step.post_only, frozenset(PostOnly))
        buys_for_money = step.type in _MONEY and step.side == Side.BUY
        if step.reserve is not None and buys_for_money and step.reserve != step.price:
            yield f"{place}: reserve {step.reserve} of an order for money {step.price} is not known"
    elif isinstance(step, MassCancel):
        yield from _value(place, "side", step.side, SIDES)
    elif isinstance(step, Uncross):
        yield from _value(place, "then", step.then, frozenset(THEN))
    yield from _value(f"{place}, expect", "result", step.expect.result, RESULTS)
    yield from _expected(f"{place}, expect", step.expect)


def _money(place: str, step: Step) -> Iterator[str]:
    """What means nothing where nobody has money."""
    if isinstance(step, Deposit) or (isinstance(step, New) and step.reserve is not None):
        yield f"{place}: {step.op} of money needs a symbol"
    if tells_money(step.expect):
        yield f"{place}, expect: balances and fees need a symbol"


def tells_money(part: Expect | End) -> bool:
    """Whether it says what somebody has."""
    return part.balances is not None or part.fees is not None


def _expected(place: str, part: Expect | End) -> Iterator[str]:
    yield from _unknown(place, part)
    for name, line in (part.orders or {}).items():
        yield from _unknown(f"{place}, order {name}", line)
        yield from _value(f"{place}, order {name}", "state", line.state, STATES)
    if part.book is not None:
        yield from _unknown(f"{place}, book", part.book)
        for side in part.book.market or {}:
            yield from _value(f"{place}, book", "market", side, SIDES)


def _unknown(place: str, part: Part) -> Iterator[str]:
    for name in part.unknown:
        yield f"{place}: field {name!r} is not known"


def _value(place: str, field: str, value: str | None, known: frozenset[str]) -> Iterator[str]:
    if value is not None and value not in known:
        yield f"{place}: {field} {value!r} is not known"


def why_not_kind(kind: Other) -> str | None:
    """Why a case of another kind can't be run, as far as its kind tells."""
    return None if kind.kind in {"prorata", "fee"} else f"kind {kind.kind!r} is not known"

"""Conformance cases that are one sum: a pro-rata allocation (rule 39), or fees (rule 43).

In: a case of such a kind. Out: what it expects and what the engine's own function gives; or the reason why
the case can't be read. Of these kinds only the main fields have fixed names, so what else they are called
is taken as it comes; what is still open after that is skipped, never guessed.
"""

from fractions import Fraction
from typing import Any, Final, NamedTuple

from exchange.conformance.cases import Other
from exchange.conformance.support import why_not_kind
from exchange.engine.matching import fee
from exchange.engine.prorata import allocate
from protocol.errors import ConfigError

PPM_PER_BASIS_POINT: Final = 100

_ABOUT: Final = frozenset({"id", "kind", "rules", "title", "instrument", "policy"})
_SIZES: Final = ("resting", "sizes", "orders", "queue", "book", "level")
_AMOUNTS: Final = ("qty", "quantity", "size", "open")
_FEES: Final = ("fees", "fee", "expected", "result", "results", "values")


class Sum(NamedTuple):
    """A sum done: both sides of it."""

    question: str
    expected: list[int]
    came: list[int]


def do(case: Other) -> Sum | str:
    """The sum, or why it can't be done."""
    reason = why_not_kind(case)
    if reason is not None:
        return reason
    # An empty field, as in ``"steps": []``, asks for nothing.
    extra = (case.model_extra or {}).items()
    fields = {name: value for name, value in extra if name not in _ABOUT and value not in ([], {})}
    try:
        return _prorata(fields) if case.kind == "prorata" else _fees(fields)
    except ConfigError as error:
        return f"kind {case.kind!r}: {error}"


# -- pro rata --------------------------------------------------------------------------------------


def _prorata(fields: dict[str, Any]) -> Sum:
    """One allocation, or a list of them under some name."""
    lists = [
        value for value in fields.values() if isinstance(value, list) and value and isinstance(value[0], dict)
    ]
    if not any(name in fields for name in _SIZES) and len(lists) == 1 == len(fields):
        sums = [_allocation(dict(one)) for one in lists[0] if isinstance(one, dict)]
    else:
        sums = [_allocation(dict(fields))]
    return Sum(
        "; ".join(one.question for one in sums),
        [share for one in sums for share in one.expected],
        [share for one in sums for share in one.came],
    )


def _allocation(fields: dict[str, Any]) -> Sum:
    names, sizes = _queue(_one_of(fields, _SIZES))
    quantity = _integer("qty", _one_of(fields, ("qty", "quantity")))
    top = _top(fields.pop("top", None), names, len(sizes))
    minimum = _integer("min_alloc", _or(fields.pop("min_alloc", None), 1))
    fifo_percent = _integer("fifo_pct", _or(fields.pop("fifo_pct", None), 0))
    lot = _integer("lot", _or(fields.pop("lot", None), 1))
    expect = fields.pop("expect", None)
    if isinstance(expect, dict):
        fields |= expect
    elif expect is not None:
        fields.setdefault("alloc", expect)
    wanted = _allocated(_one_of(fields, ("alloc",)), names)
    if fields:
        raise ConfigError(next(iter(fields)), "no such field is known")
    if len(wanted) != len(sizes):
        raise ConfigError("alloc", f"{len(wanted)} of them for {len(sizes)} orders")
    if minimum < 0 or lot < 1 or quantity < 0 or not 0 <= fifo_percent <= 100 or min(sizes, default=0) < 0:
        raise ConfigError("numbers", "one is out of bounds")
    came = allocate(sizes, quantity, top=top, minimum=max(minimum, 1), fifo_percent=fifo_percent, lot=lot)
    question = f"{quantity} for {sizes}, top {top}, minimum {minimum}, {fifo_percent} % first in first out"
    return Sum(question, wanted, list(came))


def _queue(value: object) -> tuple[list[str | None], list[int]]:
    """Names, where there are any, and sizes of ``[5, ...]``, ``[["a", 5], ...]`` or ``[{"qty": 5}, ...]``."""
    names: list[str | None] = []
    sizes: list[int] = []
    for item in value if isinstance(value, list) else [value]:
        name, size = None, item
        if isinstance(item, list) and len(item) == 2 and isinstance(item[0], str):
            name, size = item
        elif isinstance(item, dict):
            fields = dict(item)
            name, size = fields.pop("id", None), _one_of(fields, _AMOUNTS)
            if fields:
                raise ConfigError(next(iter(fields)), "no such field of an order is known")
        names.append(None if name is None else str(name))
        sizes.append(_integer("size", size))
    return names, sizes


def _allocated(value: object, names: list[str | None]) -> list[int]:
    if isinstance(value, dict):
        if set(value) - set(names):
            raise ConfigError("alloc", "names orders that are not there")
        return [_integer("alloc", value.get(name, 0)) for name in names]
    return _queue(value)[1]


def _top(value: object, names: list[str | None], count: int) -> int | None:
    """Place of the order that bettered the market; ``true``: the oldest did."""
    if value is None or value is False:
        return None
    if value is True and count:
        return 0
    if isinstance(value, int) and -1 <= value < count:
        return value if value >= 0 else None
    if isinstance(value, str) and names.count(value) == 1:
        return names.index(value)
    raise ConfigError("top", f"{value!r} is none of the orders")


# -- fees ------------------------------------------------------------------------------------------


def _fees(fields: dict[str, Any]) -> Sum:
    """Pairs with a list of fees beside them, or triples that end with the fee."""
    tables = {name: value for name, value in fields.items() if isinstance(value, list) and _is_table(value)}
    if len(tables) != 1:
        raise ConfigError("notional, bps", "no list of such pairs")
    [(name, table)] = tables.items()
    rest = {other: value for other, value in fields.items() if other != name}
    rows = [_row(row) for row in table]
    if all(len(row) == 3 for row in rows) and not rest:
        expected = [_integer("fee", row[2]) for row in rows]
    elif all(len(row) == 2 for row in rows) and len(rest) == 1:
        expected = _expected_fees(next(iter(rest.values())))
    else:
        raise ConfigError("fees", "no list of those that are expected")
    if len(expected) != len(rows):
        raise ConfigError("fees", f"{len(expected)} of them for {len(rows)} trades")
    came = [fee(_integer("notional", notional), _ppm(bps)) for notional, bps, *_ in rows]
    return Sum(", ".join(f"{notional} at {bps} bps" for notional, bps, *_ in rows), expected, came)


def _is_table(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(row, list | dict) for row in value)


def _row(row: object) -> list[Any]:
    if isinstance(row, list) and len(row) in {2, 3}:
        return row
    if isinstance(row, dict) and {"notional", "bps"} <= set(row) and len(row) <= 3:
        return [
            row["notional"],
            row["bps"],
            *(value for key, value in row.items() if key not in {"notional", "bps"}),
        ]
    raise ConfigError("notional, bps", f"not {row!r}")


def _expected_fees(value: object) -> list[int]:
    if isinstance(value, dict):
        value = _one_of(dict(value), _FEES)
    return [_integer("fee", one) for one in value] if isinstance(value, list) else [_integer("fee", value)]


def _ppm(bps: object) -> int:
    if isinstance(bps, bool) or not isinstance(bps, int | float):
        raise ConfigError("bps", f"{bps!r} is no number")
    ppm = Fraction(str(bps)) * PPM_PER_BASIS_POINT
    if ppm.denominator != 1:
        raise ConfigError("bps", f"{bps!r} is finer than a millionth")
    return int(ppm)


# -- reading ---------------------------------------------------------------------------------------


def _one_of(fields: dict[str, Any], names: tuple[str, ...]) -> object:
    """Take the one field that has one of these names."""
    found = [name for name in names if name in fields]
    if len(found) != 1:
        raise ConfigError(names[0], "there twice" if found else "not there")
    return fields.pop(found[0])


def _integer(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(name, f"{value!r} is no integer")
    return value


def _or(value: object, default: int) -> object:
    return default if value is None else value

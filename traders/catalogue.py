"""What strategies there are, as ``tontine strategies`` tells: what each does, after whom, what may be set.

In: the registry. Out: facts about every strategy, from its class and its docstrings: nothing is said twice. What others
read (``--json``, docs/reference/strategies.md) is made of the same facts.
"""

import inspect
import re
import sys
from collections.abc import Iterator
from datetime import datetime, time
from typing import Any, Final, get_args

import msgspec
from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from traders.strategies.base import Strategy
from traders.strategies.registry import BUILT_IN, installed, strategies

_NAME: Final = r"(?:[A-Z]\.[ -]?)+[A-Z][\w'-]+"
_CITATION: Final = re.compile(
    rf"{_NAME}(?:(?:, | and |, and ){_NAME})*,?(?: derive in)? (?:\(\"[^\"]+\"|\"[^\"]+\"|in (?=[A-Z]))[^\";]*?"
    r"\b(?:19|20)\d\d(?:, (?:[A-Z]?\d[\dA-Z-]*(?:, \d[\d-]*)?|chapter \d+))?"
)
"""Who, ``"what"``, where, when and on which pages, as module docstrings have it."""


class ParameterFacts(msgspec.Struct, frozen=True):
    """One key of ``parameters``."""

    name: str
    kind: str
    default: Any
    """``None`` where it may be left out; see ``required``."""
    required: bool
    bounds: str
    """``0 to 1``, ``above 0``; empty: none."""
    meaning: str
    """With its unit."""


class StrategyFacts(msgspec.Struct, frozen=True):
    """One strategy."""

    name: str
    does: str
    """In a line."""
    sources: tuple[str, ...]
    """The literature it goes back to, what it owes most first."""
    about: str
    """All that its module says of it."""
    brought_by: str
    """``tontine``, or who brings it."""
    hears: tuple[str, ...]
    """Public channels it wants."""
    sampled: bool
    observes: bool
    parameters: tuple[ParameterFacts, ...]


class BrokenPlugin(msgspec.Struct, frozen=True):
    """An entry point that does not give a strategy."""

    name: str
    where: str
    fault: str


class Catalogue(msgspec.Struct, frozen=True):
    """All there is."""

    strategies: tuple[StrategyFacts, ...]
    broken: tuple[BrokenPlugin, ...]


def catalogue() -> Catalogue:
    """Every strategy with a name, those that come with Tontine first and in the order of the registry."""
    known = strategies()
    order = {f"traders.strategies.{module}": place for place, module in enumerate(BUILT_IN)}
    names = sorted(known, key=lambda name: order.get(known[name].__module__, len(order)))
    broken = [BrokenPlugin(one.name, one.where, one.fault) for one in installed() if one.fault is not None]
    return Catalogue(tuple([facts(name, known[name]) for name in names]), tuple(broken))


def facts_of(name: str) -> StrategyFacts | None:
    """About one strategy, by name; ``None``: there is none."""
    strategy = strategies().get(name)
    return None if strategy is None else facts(name, strategy)


def facts(name: str, strategy: type[Strategy]) -> StrategyFacts:
    """About one strategy."""
    module = inspect.getdoc(sys.modules.get(strategy.__module__)) or ""
    brought_by = next((one.where for one in installed() if one.name == name), "")
    if not brought_by:
        own = strategy.__module__.startswith("traders.strategies.")
        brought_by = "tontine" if own else strategy.__module__.removeprefix("_strategy_") + ".py"
    return StrategyFacts(
        name=name,
        does=(inspect.getdoc(strategy) or module).partition("\n\n")[0].replace("\n", " "),
        sources=sources_of(module),
        about=module,
        brought_by=brought_by,
        hears=tuple(sorted(strategy.channels)),
        sampled=strategy.sampled,
        observes=strategy.observes,
        parameters=tuple(
            [field_facts(key, one) for key, one in strategy.parameters_type.model_fields.items()]
        ),
    )


def sources_of(text: str) -> tuple[str, ...]:
    """What a docstring cites, in its order."""
    return tuple(
        [
            " ".join(found[0].split()).replace(' ("', ', "')
            for found in _CITATION.finditer(" ".join(text.split()))
        ]
    )


def field_facts(name: str, field: FieldInfo) -> ParameterFacts:
    """About one key of a model that a person writes."""
    required = field.is_required()
    default = None if required or field.default is PydanticUndefined else field.default
    kind = _kind(field.annotation)
    return ParameterFacts(name, kind, default, required, _bounds(field, kind), field.description or "")


def _kind(annotation: Any) -> str:
    """In words of TOML."""
    text = annotation.__name__ if inspect.isclass(annotation) else str(annotation)
    inner = [one for one in (annotation, *_inner(annotation)) if inspect.isclass(one)]
    has_model = any(issubclass(one, BaseModel) for one in inner)
    if "tuple" in text:
        return "list of tables" if has_model else "list"
    if has_model or "Mapping" in text or "dict" in text:
        return "table"
    for kind, word in (
        (bool, "boolean"),
        (float, "number"),
        (int, "integer"),
        (datetime, "date and time"),
        (time, "time"),
    ):
        if kind in inner:
            return word
    return "text"


def _inner(annotation: Any) -> Iterator[Any]:
    """All that an annotation is made of."""
    for one in get_args(annotation):
        yield one
        yield from _inner(one)


def _bounds(field: FieldInfo, kind: str) -> str:
    if kind == "text" and "Literal" in str(field.annotation):
        return ", ".join(dict.fromkeys([one for one in _inner(field.annotation) if isinstance(one, str)]))
    low = high = ""
    for bound in field.metadata:
        if isinstance(bound, Ge):
            low = _number(bound.ge)
        elif isinstance(bound, Gt):
            low = _number(int(str(bound.gt)) + 1) if kind == "integer" else f"above {bound.gt}"
        elif isinstance(bound, Le):
            high = _number(bound.le)
        elif isinstance(bound, Lt):
            high = f"below {_number(bound.lt)}"
    if low and high:
        return f"{low} to {high}"
    return low if low.startswith("above") else f"from {low}" if low else f"up to {high}" if high else ""


def _number(value: Any) -> str:
    return f"{value:,.0f}" if isinstance(value, int | float) and value == int(value) else str(value)

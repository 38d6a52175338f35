"""Conformance cases as a person writes them: one JSON object a line.

In: files. Out: frozen cases, each with the place it stands at; or a ``ConfigError`` that names file and
line of what is no JSON object with an id. A case in which something is missing or has the wrong type is
``Unreadable``: nobody can say what was meant, so it fails, and the others run. What is merely unknown (a
field, an op, a value of a later version of the format) is kept, and it is for ``support`` to say that the
case can't be run.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, NoReturn

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from protocol.errors import ConfigError


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Name = Annotated[str, BeforeValidator(_as_text), Field(min_length=1)]
"""Names an order or an owner; a bare number will do."""

LevelRow = Annotated[tuple[int, int, int], Field(strict=False)]
"""Price, displayed quantity, number of displayed orders."""

TradeRow = Annotated[tuple[Name, Name, int, int], Field(strict=False)]
"""Maker, taker (in an auction buyer, seller), price, quantity."""


class Part(BaseModel):
    """Whatever a case is made of. Its numbers are integers; true and 1.0 are none."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    @property
    def unknown(self) -> list[str]:
        """Names of the fields that the format does not have."""
        return list(self.model_extra or ())


class OrderLine(Part):
    """How an order stands."""

    state: str
    filled: int
    open: int


class BookLines(Part):
    """What everybody can see of a book: levels best first, and resting market orders by side."""

    bids: list[LevelRow] = []
    asks: list[LevelRow] = []
    market: dict[str, int] | None = None


class Expect(Part):
    """What a step must have done. What is left out is not compared."""

    result: str | None = None
    detail: Any = None
    trades: list[TradeRow] | None = None
    orders: dict[str, OrderLine] | None = None
    book: BookLines | None = None
    balances: dict[str, dict[str, int]] | None = None
    """What is free, by owner and asset."""
    fees: int | None = None
    """What the venue has received in fees, less rebates."""


class End(Part):
    """How everything must stand in the end."""

    book: BookLines | None = None
    orders: dict[str, OrderLine] | None = None
    balances: dict[str, dict[str, int]] | None = None
    fees: int | None = None


class Step(Part):
    """One command. ``note`` is for readers."""

    op: str
    note: str | None = None
    expect: Expect = Expect()


class New(Step):
    id: Name
    owner: Name | None = None
    side: str
    type: str = "limit"
    tif: str = "gtc"
    qty: Annotated[int | None, Field(validate_default=True)] = None
    price: int | None = None
    stop: int | None = None
    trail: int | None = None
    display: int | None = None
    hidden: bool | None = None
    min_qty: int | None = None
    aon: bool | None = None
    post_only: bool | str | None = None  # a word of the policy of that name: for this order
    stp: str | None = None
    stp_group: Name | None = None
    expire: int | None = None
    protection: int | None = None
    cap: int | None = None
    reserve: int | None = None
    """The price that a buy holds funds for."""

    @field_validator("qty")
    @classmethod
    def _needed(cls, value: int | None, others: Any) -> int | None:
        if value is None and others.data.get("type") != "market_notional":
            raise ValueError("Field required")
        return value


class Cancel(Step):
    id: Name
    owner: Name | None = None


class Reduce(Step):
    id: Name
    by: int
    owner: Name | None = None


class ReduceTo(Step):
    id: Name
    to: int
    owner: Name | None = None


class Replace(Step):
    """``stop`` is the new stop price of a stop that waits."""

    id: Name
    price: int | None = None
    qty: int | None = None
    stop: int | None = None
    owner: Name | None = None


class MassCancel(Step):
    owner: Name | None = None
    side: str | None = None
    lo: int | None = None
    hi: int | None = None


class Expire(Step):
    now: int


class Deposit(Step):
    """Pay in; out, if the amount is negative."""

    owner: Name
    ccy: str
    amount: int


class SetLast(Step):
    price: int


class StartAuction(Step):
    pass


class Indicative(Step):
    ref: int | None = None


class Uncross(Step):
    ref: int | None = None
    then: str = "continuous"


class UnknownStep(Step):
    """An op that this version does not have."""


OPS: Final[dict[str, type[Step]]] = {
    "new": New,
    "cancel": Cancel,
    "reduce": Reduce,
    "reduce_to": ReduceTo,
    "replace": Replace,
    "mass_cancel": MassCancel,
    "expire": Expire,
    "deposit": Deposit,
    "set_last": SetLast,
    "start_auction": StartAuction,
    "indicative": Indicative,
    "uncross": Uncross,
}


def _op_of(raw: object) -> str:
    op = raw.get("op") if isinstance(raw, dict) else None
    return op if isinstance(op, str) and op in OPS else "unknown"


AnyStep = Annotated[
    Annotated[New, Tag("new")]
    | Annotated[Cancel, Tag("cancel")]
    | Annotated[Reduce, Tag("reduce")]
    | Annotated[ReduceTo, Tag("reduce_to")]
    | Annotated[Replace, Tag("replace")]
    | Annotated[MassCancel, Tag("mass_cancel")]
    | Annotated[Expire, Tag("expire")]
    | Annotated[Deposit, Tag("deposit")]
    | Annotated[SetLast, Tag("set_last")]
    | Annotated[StartAuction, Tag("start_auction")]
    | Annotated[Indicative, Tag("indicative")]
    | Annotated[Uncross, Tag("uncross")]
    | Annotated[UnknownStep, Tag("unknown")],
    Discriminator(_op_of),
]


class Instrument(Part):
    """What is traded. ``band`` is a distance from the last price, for limits and for market orders' trades."""

    tick: int = 1
    lot: int = 1
    min_qty: int | None = None
    max_qty: int | None = None
    band: Any = None
    price_scale: Any = None  # tells how to write prices; nothing is computed with it
    last: int | None = None


class Settlement(Part):
    """What the instrument of a case with accounts moves: the base asset against the quote asset."""

    base: str
    quote: str
    bs: Annotated[int, Field(gt=0)] = 1
    """Smallest units of the base asset in one unit of quantity."""
    qs: Annotated[int, Field(gt=0)] = 1
    """Smallest units of the quote asset in price times quantity."""
    maker: int = 0
    """Fee for one unit of quantity, in smallest units of the quote asset."""
    taker: int = 0


ACCOUNTS: Final = "accounts"


class Situation(Part):
    """A case of the usual kind, steps on one instrument; or of the kind with accounts, which tells balances too."""

    id: Name
    title: str | None = None
    kind: str | None = None
    rules: list[str] = []
    instrument: Instrument = Instrument()
    policy: dict[str, Any] = {}
    steps: Annotated[list[AnyStep], Field(min_length=1)]
    final: End | None = None
    symbol: Settlement | None = None

    @model_validator(mode="after")
    def _settles(self) -> "Situation":
        if self.kind == ACCOUNTS and self.symbol is None:
            raise ValueError("a case with accounts needs a symbol: what it settles in")
        return self

    @model_validator(mode="after")
    def _expects_something(self) -> "Situation":
        expected = [step.expect for step in self.steps] + ([self.final] if self.final is not None else [])
        if not any(part.model_fields_set for part in expected):
            raise ValueError("no step expects anything")
        return self


class Other(Part):
    """A case of another kind. Its fields are read by whoever can do the sum."""

    id: Name
    kind: str


class Unreadable(NamedTuple):
    """A case with something missing or ill-typed in it."""

    id: str
    fault: str  # names the field


class Case(NamedTuple):
    """One line of a file."""

    place: str  # "file:line"
    content: Situation | Other | Unreadable

    @property
    def id(self) -> str:
        return self.content.id


def read(paths: Iterable[Path]) -> list[Case]:
    """All cases of all files, in order. An id may appear twice: each case has its place.

    Raises:
        ConfigError: a file can't be read, has no cases, or has a line that is no JSON object with an id;
            nothing is returned then, so nothing is run.
    """
    return [case for path in paths for case in _read_file(path)]


def _read_file(path: Path) -> list[Case]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise ConfigError(str(path), error.strerror or str(error)) from error
    cases = [_parse(line, f"{path}:{number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not cases:
        raise ConfigError(str(path), "no cases in it")
    return cases


def _parse(line: bytes, place: str) -> Case:
    try:
        raw = json.loads(line.decode("utf-8"), object_pairs_hook=_once_each, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise ConfigError(place, f"not UTF-8: {error.reason}") from error
    except RecursionError as error:
        raise ConfigError(place, "not JSON that anybody can read: nested too deep") from error
    except ValueError as error:
        raise ConfigError(place, f"not JSON: {error}") from error
    try:
        if isinstance(raw, dict) and raw.get("kind") not in (None, ACCOUNTS):
            return Case(place, Other.model_validate(raw))
        return Case(place, Situation.model_validate(raw))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = _path_of(first["loc"])
        text = first["msg"].removeprefix("Value error, ")
        name = _as_text(raw.get("id")) if isinstance(raw, dict) else None
        if not isinstance(name, str) or not name:
            raise ConfigError(f"{place}: {field}" if field else place, text) from error
        return Case(place, Unreadable(name, f"{place}: {field}: {text}" if field else f"{place}: {text}"))


def _path_of(location: tuple[int | str, ...]) -> str:
    """``steps[2].price`` for where pydantic says a fault is; the tag of the step is not in the file."""
    if location[:1] == ("steps",) and len(location) > 2:
        location = location[:2] + location[3:]
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose field stands there twice means one of the two, and nobody knows which."""
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} stands twice in one object")
    return content


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")

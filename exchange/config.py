"""The venue file: what a person writes to say which venue to run.

In: a TOML file. Out: a frozen, checked ``VenueConfig``; or a ``ConfigError`` that names file, key
and reason. Read once, by the composition root. docs/reference/venue-file.md explains every key.
"""

import tomllib
from datetime import time
from pathlib import Path
from typing import Annotated

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from exchange.choices import IcebergRefill, MarketRemainder, ReplacePriority, RestingMarketPrice, Sync
from exchange.engine.commands import AddInstrument
from exchange.engine.listing import of_instrument
from protocol.errors import ConfigError
from protocol.framing import MAX_LINE_BYTES
from protocol.vocabulary import (
    MAX_PRICE,
    MAX_QUANTITY,
    Allocation,
    Phase,
    PostOnly,
    SelfTrade,
    Symbol,
)

Price = Annotated[int, Field(ge=1, le=MAX_PRICE)]
Distance = Annotated[int, Field(ge=0, le=MAX_PRICE)]
"""In price units, inclusive."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InstrumentConfig(_Section):
    """One instrument. Fees in parts per million of the notional; negative is a rebate."""

    symbol: Annotated[str, Field(pattern=r"^[A-Za-z0-9._/-]{1,16}$")]
    tick: Price = 1
    tick_table: list[tuple[Price, Price]] = []
    lot: Annotated[int, Field(ge=1, le=MAX_QUANTITY)] = 1
    minimum_quantity: Annotated[int, Field(ge=1, le=MAX_QUANTITY)] = 1
    maximum_quantity: Annotated[int, Field(ge=1, le=MAX_QUANTITY)] = 1_000_000
    maximum_price: Price = MAX_PRICE
    price_decimals: Annotated[int, Field(ge=0, le=9)] = 2
    maker_fee_ppm: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] = 0
    taker_fee_ppm: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] = 0
    market_remainder: MarketRemainder = MarketRemainder.CANCEL
    resting_market_price: RestingMarketPrice = RestingMarketPrice.BEST
    post_only: PostOnly = PostOnly.REJECT
    self_trade: SelfTrade = SelfTrade.NONE
    allocation: Allocation = Allocation.FIFO
    minimum_allocation: Annotated[int, Field(ge=1, le=MAX_QUANTITY)] = 1
    fifo_percent: Annotated[int, Field(ge=0, le=100)] = 0
    iceberg_refill: IcebergRefill = IcebergRefill.BACK
    replace_priority: ReplacePriority = ReplacePriority.KEEP_ON_DECREASE
    band: Distance | None = None
    execution_range: Distance | None = None
    static_corridor: Distance | None = None
    dynamic_corridor: Distance | None = None
    reference_price: Price | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "InstrumentConfig":
        refusal = of_instrument(self.command())
        if refusal is not None:
            raise ValueError(refusal[1])
        return self

    def command(self) -> AddInstrument:
        """The command that lists it."""
        return AddInstrument(
            symbol=Symbol(self.symbol),
            tick=self.tick,
            lot=self.lot,
            minimum_quantity=self.minimum_quantity,
            maximum_quantity=self.maximum_quantity,
            maximum_price=self.maximum_price,
            price_decimals=self.price_decimals,
            maker_fee_ppm=self.maker_fee_ppm,
            taker_fee_ppm=self.taker_fee_ppm,
            market_remainder_rests=self.market_remainder is MarketRemainder.REST,
            tick_table=self.tick_table,
            post_only=self.post_only,
            self_trade=self.self_trade,
            allocation=self.allocation,
            minimum_allocation=self.minimum_allocation,
            fifo_percent=self.fifo_percent,
            peak_refills_in_front=self.iceberg_refill is IcebergRefill.FRONT,
            replace_loses_priority=self.replace_priority is ReplacePriority.ALWAYS_LOSE,
            market_at_aggressor_limit=self.resting_market_price is RestingMarketPrice.AGGRESSOR,
            band=self.band,
            execution_range=self.execution_range,
            static_corridor=self.static_corridor,
            dynamic_corridor=self.dynamic_corridor,
            reference_price=self.reference_price,
        )


class TcpConfig(_Section):
    """The TCP gateway."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 7001
    max_line_bytes: Annotated[int, Field(ge=256, le=16 * 1024 * 1024)] = MAX_LINE_BYTES
    max_in_flight: Annotated[int, Field(ge=1, le=100_000)] = 1024
    max_outgoing_bytes: Annotated[int, Field(ge=64 * 1024)] = 1024 * 1024
    login_timeout_s: Annotated[float, Field(gt=0)] = 60.0
    max_connections: Annotated[int, Field(ge=1)] = 10_000


class JournalConfig(_Section):
    """Where commands are kept. No path: nowhere, and a restart starts empty."""

    path: Path | None = Path("venue.journal")
    sync: Sync = Sync.FULL


def _no_number(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError("a time of day, such as 08:00:00")  # noqa: TRY004  # pydantic wants a ValueError
    return value


TimeOfDay = Annotated[time, BeforeValidator(_no_number)]
"""UTC. A bare number would be taken for seconds since midnight."""


class ScheduledPhase(_Section):
    """Every day at this time (UTC) the instruments go to this phase."""

    at: TimeOfDay
    phase: Phase
    symbols: Annotated[list[str], Field(min_length=1)] | None = None
    """Left out: all instruments."""

    @field_validator("at")
    @classmethod
    def _in_utc(cls, at: time) -> time:
        if at.tzinfo is not None and at.utcoffset():
            raise ValueError("times of day are UTC")
        return at.replace(tzinfo=None)

    @field_validator("phase")
    @classmethod
    def _of_a_schedule(cls, phase: Phase) -> Phase:
        if phase is Phase.VOLATILITY_AUCTION:
            raise ValueError("a volatility auction is called by the market, not by the clock")
        return phase


class VenueConfig(_Section):
    """A whole venue."""

    name: Annotated[str, Field(min_length=1, max_length=64)] = "tontine"
    day_ends_utc: TimeOfDay | None = None
    """When DAY orders are canceled and client order ids are free again; never if left out."""
    operators: list[Annotated[str, Field(min_length=1, max_length=32)]] = []
    """Accounts that may change phases and set last prices. In an open venue a name is no proof."""
    volatility_auction_s: Annotated[int, Field(ge=1, le=86_400)] = 120
    auction_extension_s: Annotated[int, Field(ge=1, le=86_400)] = 120
    schedule: list[ScheduledPhase] = []
    tcp: TcpConfig = TcpConfig()
    journal: JournalConfig = JournalConfig()
    instruments: Annotated[list[InstrumentConfig], Field(min_length=1)] = [
        InstrumentConfig(symbol="ACME"),
        InstrumentConfig(symbol="BOLT"),
        InstrumentConfig(symbol="CORN"),
    ]

    @field_validator("instruments")
    @classmethod
    def _once_each(cls, instruments: list[InstrumentConfig]) -> list[InstrumentConfig]:
        symbols = [instrument.symbol for instrument in instruments]
        for symbol in symbols:
            if symbols.count(symbol) > 1:
                raise ValueError(f"{symbol} is listed twice")
        return instruments

    @model_validator(mode="after")
    def _schedule_is_possible(self) -> "VenueConfig":
        listed = [instrument.symbol for instrument in self.instruments]
        taken: dict[tuple[time, str], Phase] = {}
        for number, entry in enumerate(self.schedule):
            for symbol in entry.symbols or listed:
                if symbol not in listed:
                    raise ValueError(f"schedule.{number}.symbols: {symbol} is not listed under instruments")
                other = taken.setdefault((entry.at, symbol), entry.phase)
                if other is not entry.phase:
                    raise ValueError(
                        f"schedule.{number}: {symbol} can't be in {entry.phase} and in {other} at {entry.at}"
                    )
        return self


def read(path: Path) -> VenueConfig:
    """The venue file at ``path``.

    Raises:
        ConfigError: no such file, no TOML, or a key that is unknown, missing or out of bounds.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(str(path), error.strerror or str(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), f"not TOML: {error}") from error
    try:
        return VenueConfig.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{path}: {key}" if key else str(path), reason) from error

"""The venue file: what a person writes to say which venue to run.

In: a TOML file. Out: a frozen, checked ``VenueConfig``; or a ``ConfigError`` that names file, key
and reason. Read once, by the composition root.
"""

import tomllib
from datetime import time
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from exchange.choices import Sync
from exchange.engine.commands import AddInstrument
from exchange.engine.refusals import of_instrument
from protocol.errors import ConfigError
from protocol.framing import MAX_LINE_BYTES
from protocol.vocabulary import MAX_PRICE, MAX_QUANTITY, Symbol


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InstrumentConfig(_Section):
    """One instrument. Fees in parts per million of the notional; negative is a rebate."""

    symbol: Annotated[str, Field(pattern=r"^[A-Za-z0-9._/-]{1,16}$")]
    tick: Annotated[int, Field(ge=1, le=MAX_PRICE)] = 1
    lot: Annotated[int, Field(ge=1, le=MAX_QUANTITY)] = 1
    minimum_quantity: Annotated[int, Field(ge=1, le=MAX_QUANTITY)] = 1
    maximum_quantity: Annotated[int, Field(ge=1, le=MAX_QUANTITY)] = 1_000_000
    maximum_price: Annotated[int, Field(ge=1, le=MAX_PRICE)] = MAX_PRICE
    price_decimals: Annotated[int, Field(ge=0, le=9)] = 2
    maker_fee_ppm: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] = 0
    taker_fee_ppm: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] = 0
    market_remainder: Literal["cancel", "rest"] = "cancel"

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
            market_remainder_rests=self.market_remainder == "rest",
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


class VenueConfig(_Section):
    """A whole venue."""

    name: Annotated[str, Field(min_length=1, max_length=64)] = "tontine"
    day_ends_utc: time | None = None
    """When DAY orders are canceled and client order ids are free again; never if left out."""
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
        raise ConfigError(f"{path}: {key}" if key else str(path), first["msg"]) from error

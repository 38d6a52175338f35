"""The venue file as a whole: its sections, and what they have to agree on.

In: keys and values, as ``exchange.venue_file`` reads them. Out: a frozen, checked ``VenueConfig``.
docs/reference/venue-file.md explains every key.
"""

from collections.abc import Iterator
from datetime import time
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final

from argon2 import Type, extract_parameters
from argon2.exceptions import InvalidHashError
from pydantic import BeforeValidator, Field, field_validator, model_validator

from exchange.choices import Sync
from exchange.instrument_config import InstrumentConfig, LimitsConfig
from exchange.sections import AssetName, Count, Fault, Section, refuse
from protocol.framing import MAX_LINE_BYTES
from protocol.vocabulary import Phase, Role

_VENUE_ITSELF: Final = "*"
"""The name of the venue's own private stream; nobody's account."""

_SHORTEST_HASH: Final = 16
"""Bytes; ``tontine hash-secret`` makes 32."""

AccountName = Annotated[str, Field(min_length=1, max_length=32)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Bound = Annotated[int, Field(ge=1)]
Origin = Annotated[str, Field(pattern=r"^(\*|https?://[A-Za-z0-9.:\[\]-]+)$", max_length=256)]


class ListenerConfig(Section):
    """What every gateway is told: where it listens, and as whom."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)]
    certificate: Path | None = None
    """PEM; with it, and its key, connections are TLS."""
    key: Path | None = None

    @model_validator(mode="after")
    def _certificate_with_its_key(self) -> "ListenerConfig":
        if self.key is None and self.certificate is not None:
            refuse(self, [(("key",), "a certificate needs its key")])
        if self.certificate is None and self.key is not None:
            refuse(self, [(("certificate",), "a key needs its certificate")])
        return self

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on the same machine can connect."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


class TcpConfig(ListenerConfig):
    """The TCP gateway, and the bounds of its connections."""

    port: Annotated[int, Field(ge=0, le=65535)] = 7001
    max_line_bytes: Annotated[int, Field(ge=256, le=16 * 1024 * 1024)] = MAX_LINE_BYTES
    max_in_flight: Annotated[int, Field(ge=1, le=100_000)] = 1024
    max_outgoing_bytes: Annotated[int, Field(ge=256 * 1024)] = 1024 * 1024
    """Not less than a page of old messages behind a socket that is nearly full: who asks for them is no slow consumer."""
    login_timeout_s: Seconds = 60.0
    line_timeout_s: Seconds = 30.0
    """How long a line may take from its first byte to its last."""
    max_connections: Bound = 10_000
    max_connections_per_source: Bound = 10_000
    max_sessions_per_account: Bound = 64


class HttpConfig(ListenerConfig):
    """The HTTP gateway, and the bounds of its connections. Without this section there is none."""

    max_body_bytes: Annotated[int, Field(ge=256, le=16 * 1024 * 1024)] = 65_536
    public_market_data: bool = True
    """Whether market data may be read without a login."""
    allow_origins: list[Origin] = []
    """Web pages of which other sites may read answers; none, unless they are listed. "*": all."""
    max_requests_per_second: Bound = 1_000
    """Of one source."""
    request_timeout_s: Seconds = 30.0
    """How long a connection may take to its next request, to finish one it began, and to read an answer."""
    max_connections: Bound = 2_000
    max_connections_per_source: Bound = 2_000


class JournalConfig(Section):
    """Where commands are kept. No path: nowhere, and a restart starts empty."""

    path: Path | None = Path("venue.journal")
    sync: Sync = Sync.FULL
    history: bool = True
    """Whether trades, candles and positions at the end of each day are kept in a file beside it, to be asked for."""


def _no_number(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError("a time of day, such as 08:00:00")  # noqa: TRY004  # pydantic wants a ValueError
    return value


TimeOfDay = Annotated[time, BeforeValidator(_no_number)]
"""UTC. A bare number would be taken for seconds since midnight."""


class ScheduledPhase(Section):
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


class AccountConfig(Section):
    """An account: who may log in, as what, with how much to begin with."""

    name: AccountName
    role: Role = Role.TRADER
    secret_hash: Annotated[str, Field(max_length=256)] | None = None
    """Argon2id. Left out: no secret opens the account."""
    copies: list[AccountName] = []
    """Whom a drop copy may read; empty: everybody."""
    deposits: dict[AssetName, Annotated[Count, Field(ge=1)]] = {}
    """Paid in once, in smallest units of the asset."""
    limits: LimitsConfig | None = None
    """In all instruments; left out: as they are."""

    @field_validator("name")
    @classmethod
    def _of_somebody(cls, name: str) -> str:
        if name == _VENUE_ITSELF:
            raise ValueError(f"{_VENUE_ITSELF!r} is the venue itself")
        return name

    @field_validator("secret_hash")
    @classmethod
    def _of_argon2id(cls, secret_hash: str | None) -> str | None:
        try:
            if secret_hash is None:
                return None
            found = extract_parameters(secret_hash)
            # Part of a hash, as out of a careless copy, would let nobody in.
            if found.type is Type.ID and found.hash_len >= _SHORTEST_HASH:
                return secret_hash
        except InvalidHashError:
            pass
        raise ValueError("no argon2id hash; make one with: tontine hash-secret")

    @model_validator(mode="after")
    def _copies_of_a_drop_copy(self) -> "AccountConfig":
        if self.copies and self.role is not Role.DROP_COPY:
            refuse(self, [(("copies",), f"means something for the role {Role.DROP_COPY} only")])
        return self


class VenueConfig(Section):
    """A whole venue."""

    name: Annotated[str, Field(min_length=1, max_length=64)] = "tontine"
    open: bool = False
    """Any name may log in without a secret; on loopback only."""
    day_ends_utc: TimeOfDay | None = None
    """When DAY orders are canceled and client order ids are free again; never if left out."""
    volatility_auction_s: Annotated[int, Field(ge=1, le=86_400)] = 120
    auction_extension_s: Annotated[int, Field(ge=1, le=86_400)] = 120
    limits: LimitsConfig | None = None
    """Everybody's; left out: as they are."""
    accounts: list[AccountConfig] = []
    schedule: list[ScheduledPhase] = []
    tcp: TcpConfig = TcpConfig()
    http: HttpConfig | None = None
    """Left out: no HTTP."""
    journal: JournalConfig = JournalConfig()
    instruments: Annotated[list[InstrumentConfig], Field(min_length=1)] = [
        InstrumentConfig(symbol="ACME"),
        InstrumentConfig(symbol="BOLT"),
        InstrumentConfig(symbol="CORN"),
    ]

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "VenueConfig":
        refuse(
            self,
            [
                *self._faults_of_access(),
                *self._faults_of_names(),
                *self._faults_of_deposits(),
                *self._faults_of_schedule(),
            ],
        )
        return self

    def _faults_of_access(self) -> Iterator[Fault]:
        for section, listener in (("tcp", self.tcp), ("http", self.http)):
            if self.open and listener is not None and not listener.is_loopback:
                yield (
                    ("open",),
                    f"only on loopback, and {section}.host is {listener.host}: anybody could trade as anybody",
                )

    def _faults_of_names(self) -> Iterator[Fault]:
        for key, names in (
            ("instruments", [instrument.symbol for instrument in self.instruments]),
            ("accounts", [account.name for account in self.accounts]),
        ):
            for number, name in enumerate(names):
                if name in names[:number]:
                    yield (key, number), f"{name} is listed twice"

    def _faults_of_deposits(self) -> Iterator[Fault]:
        settled = {asset for instrument in self.instruments for asset in instrument.assets}
        for number, account in enumerate(self.accounts):
            for asset in account.deposits:
                if asset not in settled:
                    yield ("accounts", number, "deposits", asset), "no instrument settles in this asset"

    def _faults_of_schedule(self) -> Iterator[Fault]:
        listed = [instrument.symbol for instrument in self.instruments]
        taken: dict[tuple[time, str], Phase] = {}
        for number, entry in enumerate(self.schedule):
            for symbol in entry.symbols or listed:
                if symbol not in listed:
                    yield ("schedule", number, "symbols"), f"{symbol} is not listed under instruments"
                    continue
                other = taken.setdefault((entry.at, symbol), entry.phase)
                if other is not entry.phase:
                    yield (
                        ("schedule", number),
                        f"{symbol} can't be in {entry.phase} and in {other} at {entry.at}",
                    )

"""The scenario file: who trades, how many of them, how often, with which parameters, on which venue, for how long.

In: a TOML file written by a person. Out: a frozen ``Scenario``, checked to the last parameter of
the last strategy. A mistake is a ``ConfigError`` that names file, key and reason. The same file runs live
(``tontine fleet``) and in virtual time (``tontine simulate``); docs/reference/scenario-file.md explains every key.
The table ``venue`` says what a venue file says, and is checked by who builds a venue out of it.
"""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from protocol.errors import ConfigError
from protocol.vocabulary import AccountId, Symbol
from traders.bots import BotGroup, BotSpec, bot_specs
from traders.containment import Containment
from traders.experiment import Experiment
from traders.latency import Fixed, Latency
from traders.oracle_config import OracleConfig
from traders.recorded import Replay
from traders.strategies.base import Parameters, Strategy
from traders.strategies.registry import first_fault, load_file, parameters_of, strategy_named

MAX_ACCOUNT_LENGTH = 32
"""As in ``protocol.messages.Login``."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TraderGroup(_Model):
    """Traders of one kind."""

    strategy: str = Field(min_length=1, description="name of a strategy, or FILE.py:Class")
    name: str | None = Field(
        None, min_length=1, max_length=20, description="part of the accounts; left out: strategy"
    )
    account: str | None = Field(
        None,
        min_length=1,
        max_length=MAX_ACCOUNT_LENGTH,
        description="of a single trader: its account as it is",
    )
    count: int = Field(1, ge=1, le=100_000, description="how many of them")
    symbols: tuple[Symbol, ...] = Field(
        (), description="what they trade; left out: every instrument of the venue"
    )
    interval_s: float = Field(
        1.0, ge=0.001, le=3_600, description="seconds between the timers of each, on average"
    )
    arrivals: Literal["poisson", "regular"] = Field("poisson", description="how the timers are spread")
    parameters: Mapping[str, Any] = Field({}, description="of the strategy")
    role: Literal["buyers", "sellers"] | None = Field(
        None, description="whose units of the experiment they are handed; left out: nobody's"
    )
    site: str | None = Field(None, min_length=1, description="where they sit, for latency by pair of sites")
    latency: Latency | None = Field(
        None, description="between them and the venue, each way; left out: the scenario's"
    )
    computation: Latency = Field(
        Fixed(ns=0),
        description="what a decision takes: meanwhile they notice nothing, and nothing leaves them",
    )
    observation_noise: int = Field(
        0, ge=0, description="standard deviation of what they see of the oracle's value, price units"
    )
    deposits: Mapping[str, int] = Field({}, description="of each account, in smallest units, by asset")
    limits: Mapping[str, Any] | None = Field(None, description="of each account, as in a venue file")

    @model_validator(mode="after")
    def _one_account_one_trader(self) -> "TraderGroup":
        if self.account is not None and self.count != 1:
            raise ValueError("an account belongs to a single trader; leave it out or set count to 1")
        return self


class Scenario(_Model):
    """A whole fleet."""

    host: str = Field("127.0.0.1", min_length=1, description="where the venue listens")
    port: int = Field(7001, ge=1, le=65_535, description="its TCP port")
    seed: int = Field(1, ge=0, description="all chance comes from it")
    strategies: tuple[str, ...] = Field(
        (),
        description="files with strategies of your own, FILE.py: what is named in them can be used by its name",
    )
    traders: tuple[TraderGroup, ...] = Field(
        (), description="groups of traders; none only beside [[bots]] or a [replay]"
    )
    bots: tuple[BotGroup, ...] = Field((), description="programs that trade over TCP; in virtual time only")
    title: str = Field("", max_length=80, description="what it is, in a line")
    about: str = Field("", description="what it shows, in a paragraph")
    venue: Mapping[str, Any] = Field(
        {}, description="what it trades on, as a venue file says it: instruments, schedule, limits"
    )
    starts_at: datetime = Field(
        datetime(2026, 1, 5, 9, 30, tzinfo=UTC), description="virtual time at the start, with its zone"
    )
    length_s: float = Field(60.0, gt=0, le=40 * 86_400, description="virtual seconds until everybody stops")
    latency: Latency = Field(Fixed(ns=100_000), description="between traders and venue, each way")
    oracle: OracleConfig | None = Field(None, description="what the instruments are worth")
    experiment: Experiment | None = Field(None, description="supply and demand of induced values")
    replay: Replay | None = Field(None, description="a recorded day to trade against; in virtual time only")
    on_fault: Literal["stop_trader", "stop_run"] = Field(
        "stop_trader", description="what ends when a strategy raises, returns nonsense, floods or hangs"
    )
    containment: Containment = Field(
        Containment(), description="what one trader may do at most, in virtual time"
    )

    @field_validator("starts_at")
    @classmethod
    def _with_a_zone(cls, starts_at: datetime) -> datetime:
        if starts_at.tzinfo is None:
            raise ValueError("a time needs its zone: 2026-01-05T09:30:00Z")
        return starts_at.astimezone(UTC)

    @model_validator(mode="after")
    def _somebody_trades(self) -> "Scenario":
        if not self.traders and not self.bots and self.replay is None:
            raise ValueError("nobody trades: no [[traders]], no [[bots]], and no [replay]")
        return self

    @model_validator(mode="after")
    def _experiment_has_its_people(self) -> "Scenario":
        roles = {group.role for group in self.traders if group.role is not None}
        if self.experiment is None and roles:
            raise ValueError("a group has a role, and there is no [experiment]")
        if self.experiment is not None and len(roles) < 2:
            raise ValueError("an experiment needs groups with the role buyers and with the role sellers")
        return self


def group_name(group: TraderGroup) -> str:
    """What a group is called: its name, else its account, else its strategy."""
    return group.name or group.account or group.strategy.rpartition(":")[2]


class TraderSpec(NamedTuple):
    """One trader of a fleet, ready to be made."""

    account: AccountId
    group: TraderGroup
    strategy: type[Strategy]
    parameters: Parameters
    seed: str
    """For ``random.Random``: text is hashed the same in every process, so equal seeds give equal draws."""


def load_scenario(path: Path) -> Scenario:
    """Read and check a scenario file.

    Raises:
        ConfigError: it can't be read, is no TOML, or says something impossible.
    """
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(str(path), error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(path), f"not UTF-8: {error.reason}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(path), f"not TOML: {error}") from error
    return scenario_of(values, str(path))


def scenario_of(values: Mapping[str, Any], place: str) -> Scenario:
    """A scenario from a table of values; ``place`` names it in errors.

    Raises:
        ConfigError: it says something impossible.
    """
    try:
        scenario = Scenario.model_validate(values)
    except ValidationError as error:
        raise ConfigError(*first_fault(error, place)) from error
    for _ in bots_of(scenario, place=place):
        pass
    return scenario


def bots_of(scenario: Scenario, *, place: str, seed: int | None = None) -> list[BotSpec]:
    """Every program of the scenario, in the order of the file; ``seed`` overrides the scenario's.

    Raises:
        ConfigError: an account has two owners, or is too long; and as ``specs``.
    """
    return list(
        bot_specs(
            scenario.bots,
            host=scenario.host,
            port=scenario.port,
            seed=scenario.seed if seed is None else seed,
            place=place,
            taken=[spec.account for spec in specs(scenario, place=place)],
        )
    )


def specs(
    scenario: Scenario, *, place: str, prefix: str = "", seed: int | None = None
) -> Iterator[TraderSpec]:
    """Every trader of the scenario, in the order of the file.

    Accounts read ``prefix`` + name + number; numbers count on where two groups share a name.
    ``seed`` overrides the scenario's.

    Raises:
        ConfigError: a strategy, a parameter or the length of an account is wrong.
    """
    chosen = scenario.seed if seed is None else seed
    for index, filename in enumerate(scenario.strategies):
        load_file(filename, f"{place}: strategies[{index}]")
    numbers: dict[str, int] = {}
    for index, group in enumerate(scenario.traders):
        where = f"{place}: traders[{index}]"
        strategy = strategy_named(group.strategy, f"{where}.strategy")
        parameters = parameters_of(strategy, group.parameters, f"{where}.parameters")
        name = group_name(group)
        for _ in range(group.count):
            numbers[name] = numbers.get(name, 0) + 1
            account = prefix + (group.account or f"{name}-{numbers[name]}")
            if len(account) > MAX_ACCOUNT_LENGTH:
                raise ConfigError(
                    f"{where}.name",
                    f"{account!r} is longer than {MAX_ACCOUNT_LENGTH} characters: give a shorter one",
                )
            yield TraderSpec(
                AccountId(account), group, strategy, parameters, f"{chosen}/{name}-{numbers[name]}"
            )

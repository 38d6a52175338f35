"""Who is in a fleet, with which strategy, and what came of it, whatever runs them.

In: a scenario, where the venue listens, a seed; then how each of them fares. Out: strategies ready to trade, a result for
each group. What a trader draws depends on the seed and its own name only, not on who else takes part.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple

from protocol.clock import Clock
from protocol.errors import ConfigError, SessionBroken, VenueError
from protocol.messages import InstrumentInfo
from protocol.vocabulary import Symbol
from traders.access import OPEN, Access
from traders.pace import poisson, regular
from traders.scenario import Scenario, TraderSpec, group_name, specs
from traders.strategies.base import Strategy
from traders.strategies.desk import Desk

MAX_CONNECTING: Final = 200
"""Logins under way at a time; below the 1,024 connections that may wait at a venue's door. It takes some hundreds of them a
second; the more there are that wait, the less it matters how long either side is kept from its core."""


class Share(NamedTuple):
    """Which of the traders of a scenario: one process of several has those whose place, counted from 0, leaves
    ``number`` when divided by ``of``.
    """

    number: int = 0
    of: int = 1


ALL: Final = Share()


@dataclass(frozen=True, slots=True)
class GroupResult:
    """What the traders of one name did."""

    name: str
    traders: int
    broken: int
    """Whose session broke and did not come back, or who had nobody to run them any more."""
    orders: int
    refused: int
    fills: int
    profit: int
    connected: int = 0
    """Logged in at the moment."""
    reconnects: int = 0
    """Sessions that followed one that broke."""
    faults: int = 0
    """Traders that were stopped for what their strategy did."""

    def __add__(self, other: "GroupResult") -> "GroupResult":
        """Of both, under the name of the first."""
        return GroupResult(
            self.name,
            self.traders + other.traders,
            self.broken + other.broken,
            self.orders + other.orders,
            self.refused + other.refused,
            self.fills + other.fills,
            self.profit + other.profit,
            self.connected + other.connected,
            self.reconnects + other.reconnects,
            self.faults + other.faults,
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """A strategy that broke a promise."""

    group: str
    account: str
    error: str


class Report(NamedTuple):
    """Whom to tell how it goes, and how often."""

    tell: Callable[[list[GroupResult]], None]
    every_s: float


class Member:
    """One trader of a fleet, before, during and after its session."""

    def __init__(self, spec: TraderSpec, place_in_role: int = 0) -> None:
        """``place_in_role``: how many of the scenario with the same role stand before it."""
        self.spec = spec
        self.place_in_role = place_in_role
        self.desk: Desk | None = None
        """``None`` before the venue let it in."""
        self.failure: VenueError | None = None
        self.fault: Fault | None = None
        self.is_connected = False
        self.reconnects = 0

    @property
    def name(self) -> str:
        """Of its group."""
        return group_name(self.spec.group)

    @property
    def profit(self) -> int:
        """After fees, open positions at the last known price; 0 before login."""
        return self.desk.strategy.profit() if self.desk else 0

    @property
    def fills(self) -> int:
        """Trade reports: a trade inside the fleet counts for both sides."""
        return self.desk.strategy.portfolio.trades if self.desk else 0

    def waits_s(self) -> Iterator[float]:
        """Seconds between its timers."""
        spread = poisson if self.spec.group.arrivals == "poisson" else regular
        return spread(self.spec.group.interval_s, Random(f"{self.spec.seed}/timers"))


class Roster:
    """The traders of one scenario."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        clock: Clock,
        place: str,
        host: str | None = None,
        port: int | None = None,
        seed: int | None = None,
        prefix: str = "",
        access: Access = OPEN,
        share: Share = ALL,
    ) -> None:
        """What is given here overrides the scenario. ``place`` names the scenario in errors.

        ``access``: how each of them gets in. ``share``: which of them take part here.

        Raises:
            ConfigError: the scenario asks for something impossible.
        """
        self.host = host or scenario.host
        self.port = port or scenario.port
        self.seed = scenario.seed if seed is None else seed
        self.access = access
        self.clock = clock
        self.scenario = scenario
        self.traders = list(_members(scenario, place, prefix, self.seed, share))
        self._place = place

    def run_until_stopped(self, seconds: float | None, report: "Report | None" = None) -> None:
        """Trade for so long, or until SIGINT, SIGTERM or SIGHUP; returns when everybody is logged out.

        ``report``: who is told now and then how it goes.

        Raises:
            SessionBroken: the session of every single trader broke; the first reason is told.
            ConfigError: a trader wants an instrument the venue does not have.
        """
        raise NotImplementedError

    def results(self) -> list[GroupResult]:
        """By name of the group, in the order of the scenario."""
        groups: dict[str, list[Member]] = {}
        for trader in self.traders:
            groups.setdefault(trader.name, []).append(trader)
        return [_result(name, members) for name, members in groups.items()]

    @property
    def trading(self) -> int:
        """Traders that were let in and whose session has not broken."""
        return sum(trader.desk is not None and trader.failure is None for trader in self.traders)

    @property
    def first_failure(self) -> str | None:
        """Why the first of the sessions that broke for good did; ``None``: there is none."""
        return next((str(one.failure) for one in self.traders if one.failure is not None), None)

    @property
    def faults(self) -> list[Fault]:
        """Strategies that were stopped, in the order of the scenario."""
        return [trader.fault for trader in self.traders if trader.fault is not None]

    def strategy_of(self, trader: Member, known: Mapping[Symbol, InstrumentInfo]) -> Strategy:
        """What it trades by. ``known``: the instruments of the venue.

        Raises:
            ConfigError: it wants an instrument the venue does not have.
        """
        spec = trader.spec
        wanted = spec.group.symbols or tuple(known)
        for symbol in wanted:
            if symbol not in known:
                raise ConfigError(
                    f"{self._place}: symbols", f"the venue does not have {symbol}; it has {', '.join(known)}"
                )
        return spec.strategy([known[symbol] for symbol in wanted], spec.parameters, Random(spec.seed))

    def raise_if_all_broke(self) -> None:
        """Nothing, if there is one whose session did not break.

        Raises:
            SessionBroken: of all of them it did; the first reason is told.
        """
        failures = [trader.failure for trader in self.traders if trader.failure is not None]
        if failures and len(failures) == len(self.traders):
            raise SessionBroken(f"all {len(failures)} sessions ended: {failures[0]}") from failures[0]


def _result(name: str, traders: Iterable[Member]) -> GroupResult:
    members = list(traders)
    desks = [one.desk for one in members if one.desk is not None]
    return GroupResult(
        name,
        len(members),
        sum(one.failure is not None for one in members),
        sum(desk.orders_sent for desk in desks),
        sum(desk.orders_refused for desk in desks),
        sum(one.fills for one in members),
        sum(one.profit for one in members),
        sum(one.is_connected for one in members),
        sum(one.reconnects for one in members),
        sum(one.fault is not None for one in members),
    )


def _members(scenario: Scenario, place: str, prefix: str, seed: int, share: Share) -> Iterator[Member]:
    counted: dict[str | None, int] = {}
    for number, spec in enumerate(specs(scenario, place=place, prefix=prefix, seed=seed)):
        role = spec.group.role
        counted[role] = counted.get(role, 0) + 1
        if number % share.of == share.number:
            yield Member(spec, counted[role] - 1)

"""Who is in a fleet, with which strategy, and what came of it, whatever runs them.

In: a scenario, where the venue listens, a seed; then how each of them fares. Out: strategies ready to trade, a result for
each group. What a trader draws depends on the seed and its own name only, not on who else takes part.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from protocol.clock import Clock
from protocol.errors import ConfigError, SessionBroken, VenueError
from protocol.messages import InstrumentInfo
from protocol.vocabulary import Symbol
from traders.access import OPEN, Access
from traders.pace import poisson, regular
from traders.scenario import Scenario, TraderSpec, group_name, specs
from traders.strategies.base import Strategy
from traders.strategies.desk import Desk

MAX_CONNECTING: Final = 32
"""Logins under way at a time; well below the listen backlog of 100 that asyncio servers have."""


@dataclass(frozen=True, slots=True)
class GroupResult:
    """What the traders of one name did."""

    name: str
    traders: int
    broken: int
    orders: int
    refused: int
    fills: int
    profit: int


class Member:
    """One trader of a fleet, before, during and after its session."""

    def __init__(self, spec: TraderSpec) -> None:
        self.spec = spec
        self.desk: Desk | None = None
        """``None`` before the venue let it in."""
        self.failure: VenueError | None = None

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
    ) -> None:
        """What is given here overrides the scenario. ``place`` names the scenario in errors.

        ``access``: how each of them gets in.

        Raises:
            ConfigError: the scenario asks for something impossible.
        """
        self.host = host or scenario.host
        self.port = port or scenario.port
        self.seed = scenario.seed if seed is None else seed
        self.access = access
        self.clock = clock
        self.traders = [Member(spec) for spec in specs(scenario, place=place, prefix=prefix, seed=self.seed)]
        self._place = place

    def run_until_stopped(self, seconds: float | None) -> None:
        """Trade for so long, or until SIGINT, SIGTERM or SIGHUP; returns when everybody is logged out.

        Raises:
            SessionBroken: the session of every single trader broke; the first reason is told.
            ConfigError: a trader wants an instrument the venue does not have.
        """
        raise NotImplementedError

    def results(self) -> list[GroupResult]:
        """By name of the group, in the order of the scenario."""
        names = dict.fromkeys(trader.name for trader in self.traders)
        return [_result(name, [one for one in self.traders if one.name == name]) for name in names]

    @property
    def trading(self) -> int:
        """Traders that were let in and whose session has not broken."""
        return sum(trader.desk is not None and trader.failure is None for trader in self.traders)

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
        if len(failures) == len(self.traders):
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
    )

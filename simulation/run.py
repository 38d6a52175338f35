"""One scenario in virtual time, from its first event to its last.

In: a checked scenario, a seed. Out: a ``Run`` with its results and the hash of its event log. Equal scenario and seed
give equal runs, byte for byte, whatever the machine, the Python or the number of processes beside it.
"""

from collections.abc import Callable, Iterable
from importlib import import_module
from random import Random
from typing import Final, NamedTuple

from pydantic import ValidationError

from exchange.config import AccountConfig, VenueConfig
from exchange.engine.sequencer import Turn
from exchange.logs import quiet
from exchange.venue_file import config_error
from protocol.errors import ConfigError
from protocol.vocabulary import AccountId, Nanoseconds
from simulation.agent import Agent
from simulation.background import Background
from simulation.containment import FaultReport, Watch, kind_of
from simulation.feeds import Look
from simulation.hearing import Hearing, Observer
from simulation.kernel import Kernel
from simulation.latency import Draw, constant, draws
from simulation.log import EventLog
from simulation.market import Market
from simulation.periods import PeriodResult, Periods
from traders.bots import BotSpec
from traders.latency import Latency
from traders.oracle import Oracle
from traders.pace import poisson, regular
from traders.scenario import Scenario, TraderSpec, bots_of, group_name, specs
from traders.strategies.base import Strategy

_SECOND_NS: Final = 1_000_000_000
_GRACE_NS: Final = 60 * _SECOND_NS
"""How long last words may take to get to the venue."""


class Participant(NamedTuple):
    """Who takes part, and what he has done so far."""

    account: AccountId
    group: str
    what: str
    """The name of a strategy's class, or a program's file."""
    orders_sent: int
    orders_refused: int


class Run:
    """A scenario, ready to be run once."""

    def __init__(self, scenario: Scenario, *, place: str, seed: int | None = None) -> None:
        """``seed`` overrides the scenario's; ``place`` names it in errors.

        Raises:
            ConfigError: the scenario asks for something impossible.
        """
        self.scenario = scenario
        self.place = place
        self.seed = scenario.seed if seed is None else seed
        self.kernel = Kernel(round(scenario.starts_at.timestamp()) * _SECOND_NS)
        self.start_ns = self.kernel.time_ns
        self.faults: list[FaultReport] = []
        self.log = EventLog()
        self.oracle = None if scenario.oracle is None else Oracle(scenario.oracle, self.seed)
        chosen = list(specs(scenario, place=place, seed=self.seed))
        self.bot_specs = bots_of(scenario, place=place, seed=self.seed)
        experiment = scenario.experiment
        config = venue_config(scenario, [*chosen, *self.bot_specs], place)
        clears = experiment is not None and experiment.clear_after_trade
        with quiet():
            self.market = Market(config, self.kernel, clear_after_trade=clears)
        self.market.on_turn.append(self.log.add)
        self._hearing = Hearing(self.market)
        self._watch = Watch(scenario.containment.decision_s, self.market.decision)
        self._known = {one.symbol: one for one in self.market.instruments}
        self.agents = [self._agent(number, spec) for number, spec in enumerate(chosen)]
        self.background = None if scenario.replay is None else Background(scenario.replay, self.market, place)
        self.periods: Periods | None = None
        if experiment is not None:
            pairs = list(zip(self.agents, chosen, strict=True))
            self.periods = Periods(
                experiment,
                self.market,
                [agent for agent, spec in pairs if spec.group.role == "buyers"],
                [agent for agent, spec in pairs if spec.group.role == "sellers"],
            )
        length_ns = round(scenario.length_s * _SECOND_NS)
        self.end_ns = self.start_ns + (length_ns if self.periods is None else self.periods.length_ns)

    def start(self) -> None:
        """Everybody comes in."""
        with quiet(), self._watch.watching():
            self._start()

    def _start(self) -> None:
        if self.background is not None:
            self.background.start()
        for agent in self.agents:
            agent.start()
        self._hearing.open()
        if self.periods is not None:
            self.periods.begin()

    def advance(self, until_ns: Nanoseconds) -> None:
        """Run on to a time, for who shows progress on the way."""
        with quiet(), self._watch.watching():
            self.kernel.run(min(until_ns, self.end_ns))

    def finish(self) -> None:
        """Everybody stops, and what is under way arrives."""
        with quiet(), self._watch.watching():
            self._finish()

    def _finish(self) -> None:
        self.kernel.run(self.end_ns)
        if self.periods is not None:
            self.periods.end()
        if self.background is not None:
            self.background.stop()
        self._stop_everybody()
        self.kernel.run(self.end_ns + _GRACE_NS)
        self.market.take_turn()

    def _stop_everybody(self) -> None:
        """Last words."""
        for agent in self.agents:
            agent.stop()

    def run(self) -> "Run":
        """From start to end."""
        self.start()
        self.finish()
        return self

    @property
    def participants(self) -> list[Participant]:
        """Everybody, in the order of the file."""
        return [
            Participant(
                one.account, one.group, type(one.strategy).__name__, one.orders_sent, one.orders_refused
            )
            for one in self.agents
        ]

    @property
    def printed(self) -> dict[AccountId, list[str]]:
        """The last lines of what programs have printed."""
        return {}

    @property
    def period_results(self) -> list[PeriodResult]:
        """Of an experiment, oldest first."""
        return [] if self.periods is None else self.periods.results

    def on_turn(self, look: Callable[[Turn], None]) -> None:
        """Have somebody see all commands with their events, some at a time."""
        self.market.on_turn.append(look)

    # -- putting together ------------------------------------------------------------------------------
    def _agent(self, number: int, spec: TraderSpec) -> Agent:
        group, scenario = spec.group, self.scenario
        latency = group.latency or scenario.latency
        place = f"{self.place}: traders {group_name(group)}"
        wanted = group.symbols or tuple(self._known)
        for symbol in wanted:
            if symbol not in self._known:
                raise ConfigError(
                    f"{place}: symbols", f"the venue does not have {symbol}; it has {', '.join(self._known)}"
                )
        try:
            strategy = spec.strategy(
                [self._known[symbol] for symbol in wanted], spec.parameters, Random(spec.seed)
            )
        except Exception as error:  # whatever a person's class raises is the person's to read
            raise ConfigError(place, f"a trader can't be made: {type(error).__name__}: {error}") from error
        spread = poisson if group.arrivals == "poisson" else regular
        agent = Agent(
            spec.account,
            group_name(group),
            strategy,
            self.market,
            waits_s=spread(group.interval_s, Random(f"{spec.seed}/timers")),
            to_venue=self._way(latency, spec, "to venue"),
            from_venue=self._way(latency, spec, "from venue"),
            think=None
            if constant(group.computation) == 0
            else draws(group.computation, Random(f"{spec.seed}/computation"), group.site, to_venue=True),
            looks=[*self._hearing.looks(strategy), *self._observers(strategy, spec)],
            bounds=scenario.containment,
            on_fault=self._note_fault,
        )
        self._hearing.connect(agent)
        return agent

    def _way(self, latency: Latency, spec: TraderSpec, way: str) -> Draw | Nanoseconds:
        """What messages take that go one way."""
        site, to_venue = spec.group.site, way == "to venue"
        always_ns = constant(latency, site, to_venue=to_venue)
        if always_ns is not None:
            return always_ns
        return draws(latency, Random(f"{spec.seed}/{way}"), site, to_venue=to_venue)

    def _observers(self, strategy: Strategy, spec: TraderSpec) -> list[Look]:
        """What it sees of the oracle before its timer."""
        oracle = self.oracle
        if not strategy.observes or oracle is None:
            return []
        rng, noise = Random(f"{spec.seed}/observations"), spec.group.observation_noise
        return [
            Observer(oracle, symbol, noise, rng, self.kernel, self.start_ns)
            for symbol in strategy.symbols
            if symbol in oracle.symbols
        ]

    def _note_fault(self, agent: Agent, error: BaseException) -> None:
        text = f"{type(error).__name__}: {error}"
        report = FaultReport(self.kernel.time_ns, agent.group, agent.account, kind_of(error), text)
        self.faults.append(report)
        if self.scenario.on_fault == "stop_run":
            self.end_ns = self.kernel.time_ns
            self.kernel.stop()


def venue_config(scenario: Scenario, traders: Iterable[TraderSpec | BotSpec], place: str) -> VenueConfig:
    """The venue that a scenario asks for, with the accounts of its traders where they bring money or limits.

    Raises:
        ConfigError: its table ``venue`` is none.
    """
    try:
        accounts = [
            AccountConfig.model_validate(
                {"name": spec.account, "deposits": dict(spec.group.deposits), "limits": spec.group.limits}
            )
            for spec in traders
            if spec.group.deposits or spec.group.limits is not None
        ]
        values = {"open": True, "journal": {"path": None}, **scenario.venue}
        values["accounts"] = [*values.get("accounts", []), *accounts]
        return VenueConfig.model_validate(values)
    except ValidationError as error:
        raise config_error(f"{place}: venue.", error) from error


def run_of(scenario: Scenario, *, place: str, seed: int | None = None) -> Run:
    """A run that is made for what the scenario has in it: asyncio is loaded for bots only.

    Raises:
        ConfigError: it asks for something impossible.
    """
    if scenario.bots:
        hosted: Run = import_module("simulation.bots.host").BotRun(scenario, place=place, seed=seed)
        return hosted
    return Run(scenario, place=place, seed=seed)


def simulate(scenario: Scenario, *, place: str = "scenario", seed: int | None = None) -> Run:
    """Run a scenario from start to end.

    Raises:
        ConfigError: it asks for something impossible.
    """
    return run_of(scenario, place=place, seed=seed).run()

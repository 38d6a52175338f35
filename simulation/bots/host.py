"""A run with bots in it: programs written for asyncio and TCP, beside the agents of the scenario or alone.

In: a scenario that has programs (``[[bots]]``). Out: a ``Run`` like any other, its hash included. The programs are guests
of the same kernel: between their events the market goes on as fast as without them. Equal scenario, seed and programs
give equal runs.
"""

import asyncio
import random
import socket
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from exchange.engine.commands import EnterOrder
from exchange.engine.events import RequestRejected
from exchange.engine.sequencer import Turn
from protocol.vocabulary import AccountId
from simulation.bots.bot import Bot, check_program
from simulation.bots.floor import Floor, Line
from simulation.bots.loop import VirtualLoop
from simulation.bots.world import World
from simulation.containment import FaultReport, Watch, kind_of
from simulation.latency import Draw, draws
from simulation.run import Participant, Run
from traders.bots import BotSpec
from traders.scenario import Scenario

_PATIENCE_NS = 30_000_000_000
"""How long a program may take to end after it was interrupted: logging out takes five seconds at most."""

Told = Callable[[AccountId, str], object]
"""Told each line that a program prints, and whose it is."""


class BotRun(Run):
    """A scenario with programs, ready to be run once."""

    def __init__(
        self, scenario: Scenario, *, place: str, seed: int | None = None, echo: Told | None = None
    ) -> None:
        """As ``Run``; what the programs print is kept (``bots``), and told to ``echo``.

        Raises:
            ConfigError: the scenario asks for something impossible, or a program is none.
        """
        super().__init__(scenario, place=place, seed=seed)
        self._watch = Watch(
            scenario.containment.decision_s, self.market.decision, frozenset({asyncio.Handle._run.__code__})
        )
        self.world = World(self.kernel)
        self.world.refuse_sockets(socket.socket)
        for module in (asyncio, asyncio.events):
            self.world.put(module, "new_event_loop", self._new_loop)
        self.floor = Floor(self.market, scenario.host, scenario.port)
        self._echo = echo
        self.bots = [self._bot(number, spec) for number, spec in enumerate(self.bot_specs)]
        self._of_agents = {agent.account for agent in self.agents}
        self._sent: Counter[AccountId] = Counter()
        self._refused: Counter[AccountId] = Counter()
        self.market.on_turn.append(self._count)
        self._around = {bot.surroundings: bot for bot in self.bots}
        self._chance: tuple[Any, ...] | None = None

    def start(self) -> None:
        self.world.open()
        self._chance = random.getstate()
        random.seed(f"{self.seed}/bots")
        super().start()
        for bot, spec in zip(self.bots, self.bot_specs, strict=True):
            self.kernel.after(round(spec.group.starts_after_s * 1e9), bot.start)

    def advance(self, until_ns: int) -> None:
        super().advance(until_ns)
        self._raise_failure()

    def finish(self) -> None:
        try:
            super().finish()
            self._raise_failure()
        finally:
            self.floor.close()
            self.world.close()
            if self._chance is not None:
                random.setstate(self._chance)

    @property
    def participants(self) -> list[Participant]:
        """A program is there under each account that it logged in to."""
        return [
            *super().participants,
            *(
                Participant(account, bot.name, spec.group.file, self._sent[account], self._refused[account])
                for bot, spec in zip(self.bots, self.bot_specs, strict=True)
                for account in bot.accounts
            ),
        ]

    @property
    def printed(self) -> dict[AccountId, list[str]]:
        return {bot.account: bot.output.lines for bot in self.bots}

    def _count(self, turn: Turn) -> None:
        """Orders of programs."""
        for command, events in zip(turn.commands, turn.events, strict=True):
            if type(command) is EnterOrder and command.account not in self._of_agents:
                self._sent[command.account] += 1
                self._refused[command.account] += type(events[0]) is RequestRejected

    def _stop_everybody(self) -> None:
        super()._stop_everybody()
        for bot in self.bots:
            bot.interrupt()
        self.kernel.after(_PATIENCE_NS, self._cut_off)

    def _cut_off(self, _: None) -> None:
        for bot in self.bots:
            bot.cut_off()

    def _bot(self, number: int, spec: BotSpec) -> Bot:
        check_program(spec, self.place)
        group = spec.group
        latency = group.latency or self.scenario.latency
        to_venue, from_venue = (Random(f"{spec.seed}/{way}") for way in ("to venue", "from venue"))

        def ways(_: int) -> tuple[Draw, Draw]:
            return (
                draws(latency, to_venue, group.site, to_venue=True),
                draws(latency, from_venue, group.site, to_venue=False),
            )

        ways(0)  # whether the model has its site
        # A machine of its own: 10.0.0.1 is the first.
        source = ".".join(str(part) for part in (10, *(number + 1).to_bytes(3, "big")))
        echo = self._echo
        return Bot(
            spec,
            self.world,
            self.kernel,
            Line(self.floor, source, ways),
            self._note_bot,
            None if echo is None else lambda line: echo(spec.account, line),
        )

    def _new_loop(self) -> VirtualLoop:
        assert self.world.around is not None, "a program asks"
        return self._around[self.world.around].new_loop()

    def _note_bot(self, bot: Bot, error: BaseException) -> None:
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        text = f"{type(error).__name__}: {error}"
        self.faults.append(FaultReport(self.kernel.time_ns, bot.name, bot.account, kind_of(error), text))
        if self.scenario.on_fault == "stop_run":
            self.end_ns = self.kernel.time_ns
            self.kernel.stop()

    def _raise_failure(self) -> None:
        if self.floor.failure is not None:
            raise self.floor.failure

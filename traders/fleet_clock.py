"""What happens to a fleet by its clock: it begins when everybody is in, periods of an experiment follow one another, it ends.

In: a scenario, its traders at work. Out: units handed to each of them at the start of every period; the sums of what they
gained. A fleet that trades live has no hand on the venue: at the end of a period each trader cancels its own orders, and hears of
its new units when the venue has confirmed that; and where every trade is to void all orders, each cancels its own when
the trade is printed. In virtual time both are done by the venue, at once.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple, Protocol

from protocol.clock import Clock
from protocol.market import TradePrint
from protocol.vocabulary import Money, Nanoseconds, Side, Symbol
from traders.experiment import Experiment
from traders.roster import Member
from traders.scenario import Scenario
from traders.strategies.intents import Assigned

_SECOND_NS: Final = 1_000_000_000


class Assignee(Protocol):
    """Who can be handed units."""

    def assign(self, assigned: Assigned) -> None: ...

    def void(self, symbol: Symbol) -> None: ...


class PeriodSurplus(NamedTuple):
    """What a period was worth to the traders here."""

    number: int
    surplus: Money
    """Gained over the limits of what they traded, in price units."""


def length_s(scenario: Scenario) -> float | None:
    """How long a scenario says that it lasts; ``None``: until somebody stops it.

    An experiment lasts as long as its periods. Otherwise a file says so with ``length_s``; one that says what venue it
    is for, and no length, lasts as long as in virtual time.
    """
    experiment = scenario.experiment
    if experiment is not None:
        return experiment.periods * experiment.period_s
    if "length_s" in scenario.model_fields_set or scenario.venue:
        return scenario.length_s
    return None


class PeriodClock:
    """Hands out the units of one experiment."""

    def __init__(self, experiment: Experiment, clock: Clock) -> None:
        self.surpluses: list[PeriodSurplus] = []
        """Of the periods that are over, oldest first."""
        self._experiment = experiment
        self._clock = clock

    async def run(
        self, begun_ns: Nanoseconds, traders: Sequence[Member], working: Callable[[Member], Assignee | None]
    ) -> None:
        """All periods. ``working``: who runs a trader, if anybody does at that moment."""
        experiment = self._experiment
        period_ns = round(experiment.period_s * _SECOND_NS)
        taking_part = [trader for trader in traders if trader.spec.group.role is not None]
        for number in range(1, experiment.periods + 1):
            starts_ns = begun_ns + (number - 1) * period_ns
            await asyncio.sleep(max(starts_ns - self._clock.now_ns(), 0) / _SECOND_NS)
            self._add_up(number - 1, taking_part)
            for trader in taking_part:
                runner = working(trader)
                if runner is not None:
                    runner.assign(self._units(trader, number, starts_ns + period_ns))
        await asyncio.sleep(
            max(begun_ns + experiment.periods * period_ns - self._clock.now_ns(), 0) / _SECOND_NS
        )
        self._add_up(experiment.periods, taking_part)

    def symbol(self, known: Sequence[Symbol]) -> Symbol:
        """What is traded, on a venue that has these."""
        return self._experiment.symbol or known[0]

    def _units(self, trader: Member, number: int, ends_ns: Nanoseconds) -> Assigned:
        role: Literal["buyers", "sellers"] = "buyers" if trader.spec.group.role == "buyers" else "sellers"
        assert trader.desk is not None, "somebody runs it"
        return Assigned(
            self._clock.now_ns(),
            self.symbol(trader.desk.strategy.symbols),
            Side.BUY if role == "buyers" else Side.SELL,
            self._experiment.units(number, role, trader.place_in_role),
            number,
            ends_ns,
        )

    def _add_up(self, number: int, traders: Sequence[Member]) -> None:
        """The period is over, if there was one: what it was worth."""
        if number == 0:
            return
        assignments = [
            one for trader in traders if trader.desk for one in trader.desk.strategy.assignments.values()
        ]
        self.surpluses.append(
            PeriodSurplus(number, sum(one.surplus for one in assignments if one.period == number))
        )


def voiding(symbol: Symbol | None, working: Callable[[], Sequence[Assignee]]) -> Callable[[TradePrint], None]:
    """What to do at each trade where it voids all orders. ``symbol``: in this instrument, ``None``: in any."""

    def void(trade: TradePrint) -> None:
        if symbol is None or trade.symbol == symbol:
            for runner in working():
                runner.void(trade.symbol)

    return void

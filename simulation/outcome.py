"""How a run ended, in figures: small enough to be sent between processes and kept by the hundred.

In: a run that is over, with what was seen of it. Out: an ``Outcome``: the hash, groups of traders, faults, and figures by
name, which comparisons and sweeps go by.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import fsum, sqrt

from protocol.vocabulary import AccountId
from simulation.accounting import Accounting
from simulation.containment import FaultReport
from simulation.recorder import period_rows
from simulation.run import Run
from simulation.samples import Samples
from simulation.stylised_facts import Facts, facts_of, mid_prices, returns


@dataclass(frozen=True, slots=True)
class GroupOutcome:
    """Traders of one kind."""

    name: str
    strategy: str
    traders: int
    orders: int
    refused: int
    fills: int
    pnl_mean: float
    """Of a trader, at the last prices, after fees; smallest units of the quote asset."""
    pnl_sd: float
    """Between the traders of the group."""
    surplus_mean: float | None
    """Of a trader over all periods of an experiment; ``None`` without one, or without units."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run."""

    name: str
    seed: int
    digest: str
    commands: int
    log_events: int
    handled: int
    """Events of the kernel."""
    virtual_s: float
    took_s: float
    """By the clock on the wall."""
    cpu_s: float
    groups: tuple[GroupOutcome, ...]
    faults: tuple[FaultReport, ...]
    figures: dict[str, float]
    """By name; see ``FIGURES``. Those of groups are ``pnl.NAME``, ``surplus.NAME``, ``fills.NAME``: means of a trader."""
    facts: dict[str, Facts]
    """By instrument, of those that were long enough open."""
    printed: dict[AccountId, list[str]]
    """The last lines of what programs have printed."""


FIGURES = {
    "trades": "number of trades",
    "volume": "quantity traded",
    "spread": "mean spread, price units",
    "depth": "mean quantity of the best ten levels, both sides",
    "volatility": "standard deviation of returns over a minute, basis points",
    "surplus": "gained in all periods together, price units",
    "efficiency": "mean allocative efficiency of a period, percent",
    "alpha": "mean of Smith's alpha, percent",
    "pnl": "of a trader of a group: pnl.NAME",
    "fills": "of a trader of a group: fills.NAME",
    "replay": "what became of a recorded day: replay.entered, replay.from_strategies, ...",
}
"""What there is to be compared. Spread and the like are those of the first instrument."""


def outcome_of(
    run: Run, name: str, samples: Iterable[Samples], accounting: Accounting, *, took_s: float, cpu_s: float
) -> Outcome:
    """Sum up a run that is over."""
    samples = list(samples)
    groups = _groups(run, accounting)
    figures = _figures(run, samples[0])
    for group in groups:
        figures[f"pnl.{group.name}"] = group.pnl_mean
        figures[f"fills.{group.name}"] = group.fills / group.traders
        if group.surplus_mean is not None:
            figures[f"surplus.{group.name}"] = group.surplus_mean
    if run.background is not None:
        figures |= run.background.tally.figures()
    measured = [(one.symbol, facts_of(one)) for one in samples]
    return Outcome(
        name, run.seed, run.log.digest, run.log.commands, run.log.events, run.kernel.handled,
        (run.end_ns - run.start_ns) / 1e9, took_s, cpu_s, tuple(groups), tuple(run.faults), figures,
        {symbol: facts for symbol, facts in measured if facts is not None}, run.printed,
    )  # fmt: skip


def _groups(run: Run, accounting: Accounting) -> list[GroupOutcome]:
    profits = accounting.profits()
    fills: dict[AccountId, int] = {}
    for (account, _), one in accounting.holdings.items():
        fills[account] = fills.get(account, 0) + one.fills
    gains: dict[AccountId, int] = {}
    for result in run.period_results:
        for account, gain in result.gains:
            gains[account] = gains.get(account, 0) + gain
    found: list[GroupOutcome] = []
    participants = run.participants
    for name in dict.fromkeys(one.group for one in participants):
        agents = [one for one in participants if one.group == name]
        mean, deviation = mean_and_deviation([float(profits.get(agent.account, 0)) for agent in agents])
        with_units = [float(gains[agent.account]) for agent in agents if agent.account in gains]
        found.append(
            GroupOutcome(
                name,
                agents[0].what,
                len(agents),
                sum([agent.orders_sent for agent in agents]),
                sum([agent.orders_refused for agent in agents]),
                sum([fills.get(agent.account, 0) for agent in agents]),
                mean,
                deviation,
                fsum(with_units) / len(with_units) if with_units else None,
            )
        )
    return found


def _figures(run: Run, samples: Samples) -> dict[str, float]:
    trades = list(samples.trades)
    figures = {"trades": float(len(trades)), "volume": float(sum([trade.quantity for trade in trades]))}
    spreads = [
        float(one.ask - one.bid)
        for one in samples.books
        if one.mid is not None and one.bid is not None and one.ask is not None
    ]
    if spreads:
        figures["spread"] = fsum(spreads) / len(spreads)
        figures["depth"] = fsum([one.bid_depth + one.ask_depth for one in samples.books]) / len(samples)
    mids, _ = mid_prices(samples)
    minute = round(60e9 / samples.every_ns)
    changes = returns(mids, minute)
    if len(changes) > 1:
        figures["volatility"] = 10_000 * mean_and_deviation(changes)[1]
    periods = period_rows(run)
    if periods:
        figures["surplus"] = float(sum([row[5] for row in periods]))
        figures["efficiency"] = fsum([row[7] for row in periods]) / len(periods)
        alphas = [row[8] for row in periods if row[8] is not None]
        if alphas:
            figures["alpha"] = fsum(alphas) / len(alphas)
    return figures


def mean_and_deviation(values: list[float]) -> tuple[float, float]:
    """Mean and standard deviation of a sample; the deviation of less than two is 0."""
    count = len(values)
    if not count:
        return 0.0, 0.0
    mean = fsum(values) / count
    if count < 2:
        return mean, 0.0
    return mean, sqrt(fsum([(value - mean) * (value - mean) for value in values]) / (count - 1))

"""The scenarios that come along show what their names promise, in a shortened form on a fixed seed."""

import tomllib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from exchange.config import VenueConfig
from exchange.engine.events import AuctionTrade, Trade
from protocol.vocabulary import Side, Symbol
from simulation.ready import names, ready, scenario
from simulation.run import Run
from simulation.scenario_facts import facts_of, venue_file
from tests.support.typed import typed
from traders.scenario import scenario_of

SECOND = 1_000_000_000
Values = dict[str, Any]


class Watched:
    """A run with what happened in it: all trades, and the mids once a second."""

    def __init__(self, name: str, change: Callable[[Values], object] = lambda _: None) -> None:
        values = tomllib.loads(ready(name).read_text(encoding="utf-8"))
        change(values)
        self.run = Run(scenario_of(values, name), place=name)
        self.trades: list[tuple[float, Trade | AuctionTrade]] = []
        """By second of the run."""
        self.mids: list[dict[Symbol, float | None]] = []
        self.run.market.on_trade.append(self._traded)
        self.run.start()
        while self.run.kernel.time_ns < self.run.end_ns:
            self.run.advance(self.run.kernel.time_ns + SECOND)
            self.mids.append({symbol: self._mid(symbol) for symbol in self.run.market.feeds})
        self.run.finish()
        assert self.run.faults == []

    def _traded(self, at_ns: int, trade: Trade | AuctionTrade) -> None:
        self.trades.append(((at_ns - self.run.start_ns) / SECOND, trade))

    def _mid(self, symbol: Symbol) -> float | None:
        book = self.run.market.venue.engine.books[symbol]
        bids, asks = book.depth(Side.BUY), book.depth(Side.SELL)
        return (bids[0][0] + asks[0][0]) / 2 if bids and asks else None

    def profit(self, group: str) -> float:
        return sum(agent.strategy.profit() for agent in self.run.agents if agent.group == group)

    def prices(self, start_s: float, end_s: float) -> list[int]:
        return [trade.price for at_s, trade in self.trades if start_s <= at_s < end_s]

    def period_prices(self, first: int, last: int) -> list[int]:
        return [
            trade.price
            for period in self.run.period_results
            if first <= period.number <= last
            for trade in period.trades
        ]


def mean(values: list[int] | list[float]) -> float:
    return sum(values) / len(values)


def lasts(seconds: float) -> Callable[[Values], object]:
    return lambda values: values.update(length_s=seconds)


def test_there_are_at_least_ten_and_each_says_what_it_is() -> None:
    assert len(names()) >= 13
    for name in names():
        one = scenario(name)
        assert one.title, name
        assert len(one.about.split()) > 20, name
        assert facts_of(one).traders >= 8, name


def test_the_classroom_finds_the_price_where_supply_and_demand_cross() -> None:
    watched = Watched("classroom")

    late = watched.run.period_results[4:]
    # Five units are worth 250, 200, 150, 100 and 50 more than they cost; the sixth nothing.
    assert sum(period.surplus for period in late) >= 0.97 * 750 * len(late)
    assert abs(mean(watched.period_prices(5, 10)) - 200) < 10


def test_traders_without_intelligence_gain_almost_all_there_is_and_without_a_budget_much_less() -> None:
    constrained = Watched("gode_sunder")

    def unconstrained(values: Values) -> None:
        for group in values["traders"]:
            group["strategy"] = "ziu"

    without = Watched("gode_sunder", unconstrained)
    units = tomllib.loads(ready("gode_sunder").read_text())["experiment"]["schedules"][0]
    values = sorted([value for limits in units["demand"] for value in limits], reverse=True)
    costs = sorted([cost for limits in units["supply"] for cost in limits])
    most: int = sum(max(0, value - cost) for value, cost in zip(values, costs, strict=True))

    def efficiency(watched: Watched) -> float:
        return sum(period.surplus for period in watched.run.period_results) / (20 * most)

    assert efficiency(constrained) > 0.98
    assert efficiency(without) < 0.9


def test_learning_traders_find_the_price_and_find_it_again_when_it_has_moved() -> None:
    watched = Watched("zip_convergence")

    assert abs(mean(watched.period_prices(6, 10)) - 200) < 12
    assert abs(mean(watched.period_prices(16, 20)) - 275) < 15


@pytest.mark.slow
def test_the_crash_crashes_and_comes_back() -> None:
    watched = Watched("flash_crash", lasts(930))

    before = mean(watched.prices(240, 300))
    low_s, low = min(((at_s, trade.price) for at_s, trade in watched.trades), key=lambda pair: pair[1])
    after = mean(watched.prices(low_s + 170, low_s + 230))
    assert low < 0.97 * before
    assert low_s > 300
    assert after - low > 0.5 * (before - low)


def test_without_the_large_seller_nothing_crashes() -> None:
    watched = Watched("flash_crash", lambda values: (values.update(length_s=900), values["traders"].pop()))

    assert min(watched.prices(60, 900)) > 0.985 * mean(watched.prices(240, 300))


def test_both_makers_of_the_duel_earn_what_the_noise_pays() -> None:
    watched = Watched("market_maker_duel", lasts(900))

    makers = {"fixed": 0, "adaptive": 0}
    for _, trade in watched.trades:
        if isinstance(trade, Trade):
            for group in makers:
                makers[group] += trade.maker.startswith(group)
    assert min(makers.values()) > 50
    assert watched.profit("noise") < 0
    assert watched.profit("fixed") > 0
    assert watched.profit("adaptive") > 0


def test_the_call_opens_at_one_price_and_then_trading_is_continuous() -> None:
    watched = Watched("opening_auction", lasts(420))

    opening = [(at_s, trade) for at_s, trade in watched.trades if isinstance(trade, AuctionTrade)]
    assert watched.trades[: len(opening)] == opening
    assert {at_s for at_s, _ in opening} == {300}
    assert len({trade.price for _, trade in opening}) == 1
    assert len(opening) > 10
    assert 10_060 < opening[0][1].price < 10_160
    assert len(watched.trades) > len(opening) + 30


def test_a_thin_market_has_wide_spreads_and_empty_sides() -> None:
    watched = Watched("thin_market", lasts(3_600))

    empty = sum(mids[Symbol("BARN")] is None for mids in watched.mids)
    prices = watched.prices(0, 3_600)
    moves = [abs(later - earlier) for earlier, later in pairwise(prices)]
    assert empty > 0.02 * len(watched.mids)
    assert max(moves) > 80
    assert len(watched.trades) < 600


def test_the_faster_trader_wins_the_race() -> None:
    watched = Watched("latency_race", lasts(900))

    assert watched.profit("near") > 0
    assert watched.profit("far") < 0


def test_arbitrage_keeps_the_fund_and_its_basket_together() -> None:
    def gap(watched: Watched) -> float:
        gaps = []
        for mids in watched.mids:
            fund, iron, salt = (mids[Symbol(symbol)] for symbol in ("FUND", "IRON", "SALT"))
            if fund is not None and iron is not None and salt is not None:
                gaps.append(abs(fund - iron - salt))
        return mean(gaps)

    together = Watched("etf_arbitrage", lasts(900))
    apart = Watched("etf_arbitrage", lambda values: (values.update(length_s=900), values["traders"].pop()))

    assert gap(together) < 5
    assert gap(apart) > 3 * gap(together)
    assert together.profit("arbitrageur") > 0


def test_prices_follow_the_shock_down_and_half_of_it_up_again() -> None:
    watched = Watched("shock_and_recovery")

    before, low, after = (mean(watched.prices(start, start + 60)) for start in (540, 1_140, 1_740))
    assert 150 < before - low < 400
    assert 60 < after - low < 300


def test_the_spoofer_earns_what_those_lose_who_believe_the_book() -> None:
    spoofed = Watched("spoofing_study", lasts(600))
    honest = Watched("spoofing_study", lambda values: (values.update(length_s=600), values["traders"].pop()))

    def paid(side: Side) -> float:
        mine = [
            trade
            for _, trade in spoofed.trades
            if isinstance(trade, Trade)
            and "spoofer" in (trade.maker, trade.taker)
            and (trade.aggressor is side) == (trade.taker == "spoofer")
        ]
        return mean([trade.price for trade in mine])

    # It moves the price its way: down before it buys, up before it sells.
    assert paid(Side.BUY) < paid(Side.SELL)
    assert spoofed.profit("spoofer") > 0
    assert spoofed.profit("reader") < honest.profit("reader") - 1_000


def test_all_four_brokers_are_done_near_the_average_price() -> None:
    def short(values: Values) -> None:
        values["length_s"] = 700
        for group in values["traders"]:
            if group["strategy"] in ("twap", "vwap", "pov", "iceberg_slicer"):
                group["parameters"].update(quantity_lots=300, end_s=600)

    watched = Watched("execution_desk", short)

    window = [trade for at_s, trade in watched.trades if 120 <= at_s < 600]
    average = sum(t.price * t.quantity for t in window) / sum(t.quantity for t in window)
    for broker in ("twap", "vwap", "pov", "iceberg"):
        mine = [
            trade for trade in window if isinstance(trade, Trade) and broker in (trade.maker, trade.taker)
        ]
        done = sum(trade.quantity for trade in mine)
        assert 285 <= done <= 300, broker
        assert abs(sum(t.price * t.quantity for t in mine) / done - average) < 10, broker


@pytest.mark.parametrize("name", names())
def test_each_has_a_venue_file_that_a_venue_takes(name: str) -> None:
    one = scenario(name)

    config = VenueConfig.model_validate(tomllib.loads(venue_file(one, name)))

    assert [instrument.symbol for instrument in config.instruments] == [
        instrument["symbol"] for instrument in one.venue["instruments"]
    ]
    assert config.open
    assert config.tcp.port == one.port


def test_the_command_lists_shows_and_copies_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")

    _, table, _ = typed("scenarios")
    _, text, _ = typed("scenarios", "show", "flash_crash")
    copied, _, _ = typed("scenarios", "copy", "flash_crash", str(tmp_path / "mine.toml"))
    again, _, complaint = typed("scenarios", "copy", "flash_crash", str(tmp_path / "mine.toml"))
    lost, _, missing = typed("scenarios", "show", "nothing")

    assert [line.split()[0] for line in table.splitlines()[1:]] == list(names())
    assert text == ready("flash_crash").read_text()
    assert (copied, (tmp_path / "mine.toml").read_text()) == (0, text)
    assert (again, lost) == (2, 2)
    assert "a copy is never written over another file" in complaint
    assert "none is called 'nothing'; there are classroom, " in missing

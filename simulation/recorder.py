"""Keeps a run: orders, trades, books, profits and periods, as tables in a directory.

In: a run that has not begun, a directory. Out: the tables of ``simulation.tables`` and ``run.json``, which says what was run
and how it ended. Rows leave memory as they come; what stays are the live orders. The run is the same with it and without.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from exchange.engine.commands import EnterOrder
from exchange.engine.events import (
    AuctionTrade,
    OrderAccepted,
    OrderCanceled,
    OrderReplaced,
    RequestRejected,
    SelfTradePrevented,
    Trade,
    TradeBusted,
)
from exchange.engine.sequencer import Turn
from protocol.vocabulary import AccountId, Nanoseconds, OrderId, Side
from simulation.accounting import Accounting
from simulation.economics import alpha, equilibrium
from simulation.run import Run
from simulation.samples import Sampler, Samples
from simulation.tables import COLUMNS, Format, Row, TableWriter

_PROFITS: Final = 400
"""How often, in a run, the profits of the groups are taken."""

_FILLED, _QUANTITY, _PRICE = 10, 9, 8  # places in the row of an order, which is without its end until it ends


class Recorder:
    """Keeps one run. ``finish`` after the run, or nothing is whole."""

    def __init__(self, run: Run, directory: Path, form: Format, sampler: Sampler) -> None:
        """To be made before the run begins; ``directory`` exists.

        Raises:
            ConfigError: Parquet without pyarrow.
        """
        self._run = run
        self.groups: dict[AccountId, str] = {one.account: one.group for one in run.participants}
        self._sampler = sampler
        self._tables = {name: TableWriter(directory, name, form) for name in COLUMNS}
        self._orders = self._tables["orders"].add
        self._live: dict[OrderId, list[Any]] = {}
        self._takes: dict[type, Callable[[Nanoseconds, Any], None]] = {
            OrderAccepted: self._accepted,
            OrderCanceled: self._canceled,
            OrderReplaced: self._replaced,
            SelfTradePrevented: self._shrunk,
            Trade: self._traded,
            AuctionTrade: self._auctioned,
        }
        self.accounting = Accounting(run.market.venue.engine.books, self.groups)
        self._traders = Counter(self.groups.values())
        self._every_ns = max((run.end_ns - run.start_ns) // _PROFITS, 1_000_000)
        run.on_turn(self._turn)
        run.market.on_trade.append(self._book)
        run.kernel.at(run.start_ns, self._take_profits)

    def finish(self) -> None:
        """Write what is left, and close the files."""
        run = self._run
        run.market.take_turn()
        for live in self._live.values():
            self._orders((live[0], None, *live[1:], "open"))
        for samples in self._sampler.samples.values():
            self._add_samples(samples)
        self._add_profits()
        for row in period_rows(run):
            self._tables["periods"].add(row)
        for result in run.period_results:
            for account, gain in result.gains:
                self._tables["gains"].add((result.number, account, self.groups.get(account), gain))
        for table in self._tables.values():
            table.close()

    # -- orders ------------------------------------------------------------------------------------------
    def _turn(self, turn: Turn) -> None:
        takes, rejected = self._takes, RequestRejected
        for command, events in zip(turn.commands, turn.events, strict=True):
            at_ns = command.at_ns
            for event in events:
                take = takes.get(type(event))
                if take is not None:
                    take(at_ns, event)
                elif type(event) is rejected and type(command) is EnterOrder:
                    self._refused(command, event)

    def _accepted(self, at_ns: Nanoseconds, event: OrderAccepted) -> None:
        self._live[event.order_id] = [
            at_ns, event.order_id, event.account, self.groups.get(event.account), event.symbol, event.side.value,
            event.order_type.value, event.time_in_force.value, event.price, event.quantity, 0,
        ]  # fmt: skip

    def _refused(self, command: EnterOrder, event: RequestRejected) -> None:
        self._orders(
            (
                command.at_ns, command.at_ns, None, command.account, self.groups.get(command.account), command.symbol,
                command.side.value, command.order_type.value, command.time_in_force.value, command.price,
                command.quantity, 0, f"refused: {event.reason.value}",
            )
        )  # fmt: skip

    def _ended(self, at_ns: Nanoseconds, order_id: OrderId, outcome: str) -> None:
        row = self._live.pop(order_id, None)
        if row is not None:
            self._orders((row[0], at_ns, *row[1:], outcome))

    def _filled(self, at_ns: Nanoseconds, order_id: OrderId, cumulative: int, leaves: int) -> None:
        row = self._live.get(order_id)
        if row is None:
            return
        row[_FILLED] = cumulative
        if not leaves:
            self._ended(at_ns, order_id, "filled")

    def _traded(self, at_ns: Nanoseconds, event: Trade) -> None:
        self._filled(at_ns, event.maker_order_id, event.maker_cumulative, event.maker_leaves)
        self._filled(at_ns, event.taker_order_id, event.taker_cumulative, event.taker_leaves)
        buys = event.aggressor is Side.BUY
        maker, taker = (event.maker, event.maker_fee), (event.taker, event.taker_fee)
        buyer, seller = (taker, maker) if buys else (maker, taker)
        self._add_trade(at_ns, event, event.aggressor.value, buyer, seller, event.taker_order_id)

    def _auctioned(self, at_ns: Nanoseconds, event: AuctionTrade) -> None:
        self._filled(at_ns, event.buyer_order_id, event.buyer_cumulative, event.buyer_leaves)
        self._filled(at_ns, event.seller_order_id, event.seller_cumulative, event.seller_leaves)
        buyer, seller = (event.buyer, event.buyer_fee), (event.seller, event.seller_fee)
        self._add_trade(at_ns, event, None, buyer, seller, None)

    def _add_trade(
        self,
        at_ns: Nanoseconds,
        event: Trade | AuctionTrade,
        aggressor: str | None,
        buyer: tuple[AccountId, int],
        seller: tuple[AccountId, int],
        order_id: OrderId | None,
    ) -> None:
        groups = self.groups
        self._tables["trades"].add(
            (
                at_ns, event.trade_id, event.symbol, event.price, event.quantity, aggressor, buyer[0],
                groups.get(buyer[0]), buyer[1], seller[0], groups.get(seller[0]), seller[1], order_id,
            )
        )  # fmt: skip

    def _canceled(self, at_ns: Nanoseconds, event: OrderCanceled) -> None:
        row = self._live.get(event.order_id)
        if row is not None:
            row[_FILLED] = event.cumulative
        self._ended(at_ns, event.order_id, f"canceled: {event.reason.value}")

    def _replaced(self, at_ns: Nanoseconds, event: OrderReplaced) -> None:
        row = self._live.get(event.order_id)
        if row is not None:
            row[_QUANTITY] = event.quantity
            if event.price is not None:
                row[_PRICE] = event.price

    def _shrunk(self, at_ns: Nanoseconds, event: SelfTradePrevented) -> None:
        row = self._live.get(event.order_id)
        if row is not None:
            row[_QUANTITY] = event.cumulative + event.leaves

    # -- profits -----------------------------------------------------------------------------------------
    def _book(self, at_ns: Nanoseconds, trade: Trade | AuctionTrade | TradeBusted) -> None:
        self.accounting.take(trade)

    def _take_profits(self, _: None) -> None:
        kernel, profits = self._run.kernel, self.accounting.group_profits()
        for group, traders in self._traders.items():
            self._tables["pnl_by_group"].add((kernel.time_ns, group, traders, profits.get(group, 0)))
        if kernel.time_ns + self._every_ns <= self._run.end_ns:
            kernel.after(self._every_ns, self._take_profits)

    def _add_profits(self) -> None:
        accounting, add = self.accounting, self._tables["pnl"].add
        for account, group in self.groups.items():
            for symbol in self._run.market.feeds:
                one = accounting.holdings.get((account, symbol))
                if one is None:
                    continue
                add(
                    (
                        account, group, symbol, one.position, one.cash, one.fees, one.fills, one.bought, one.sold,
                        accounting.mark(symbol), accounting.profit(account, symbol),
                    )
                )  # fmt: skip

    # -- books -------------------------------------------------------------------------------------------
    def _add_samples(self, samples: Samples) -> None:
        add, symbol = self._tables["books"].add, samples.symbol
        for one in samples.books:
            add(
                (
                    one.at_ns, symbol, one.bid, one.bid_quantity, one.ask, one.ask_quantity, one.bid_depth,
                    one.ask_depth,
                )
            )  # fmt: skip
        last = max((place for place, quantity in enumerate(samples.profile) if quantity), default=-1)
        for ticks in range(last + 1):
            self._tables["profile"].add((symbol, ticks, samples.profile[ticks] / samples.profiles))


def period_rows(run: Run) -> list[Row]:
    """A row of the table ``periods`` for each period of an experiment."""
    experiment = run.scenario.experiment
    if experiment is None:
        return []
    roles = {"buyers": 0, "sellers": 0}
    for group in run.scenario.traders:
        if group.role is not None:
            roles[group.role] += group.count
    rows: list[Row] = []
    for result in run.period_results:
        demand = [experiment.units(result.number, "buyers", one) for one in range(roles["buyers"])]
        supply = [experiment.units(result.number, "sellers", one) for one in range(roles["sellers"])]
        at = equilibrium(demand, supply, run.place)
        prices = [trade.price for trade in result.trades for _ in range(trade.quantity)]
        rows.append(
            (
                result.number, result.started_ns, len(result.trades), len(prices),
                sum(prices) / len(prices) if prices else None, result.surplus, at.surplus,
                100 * result.surplus / at.surplus if at.surplus else 100.0, alpha(prices, at), at.lowest, at.highest,
                at.quantity,
            )
        )  # fmt: skip
    return rows

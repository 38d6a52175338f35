"""An iceberg: a large order of which only a peak is shown, and refilled when it has traded.

What is shown moves prices against who shows it; so most of it is hidden: H. Bessembinder, M. Panayides, K. Venkataraman,
"Hidden liquidity: An analysis of order exposure strategies in electronic stock markets", Journal of Financial Economics
94(3), 2009, 361-383; S. Frey, P. Sandas, "The Impact of Iceberg Orders in Limit Order Books", Quarterly Journal of
Finance 7(3), 2017, 1750007.

Either the venue keeps it: one order with ``display``, refilled by the venue at once, seen by others as a new order of the
peak's size; or the trader cuts it himself: each peak an order of its own, the next one when the last is filled, at the
best price of its side at that moment, which costs a way to the venue and leaves no large order that could be found out.

In: best prices, reports, its timer. Out: orders; see ``traders.strategies.execution``.
"""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from protocol.messages import PrivateMessage, TradeReport
from protocol.vocabulary import Nanoseconds, Price, Quantity, Side
from traders.strategies.base import Working
from traders.strategies.execution import Execution, ExecutionParameters
from traders.strategies.intents import Intent, ReplaceOrder
from traders.strategies.naming import named
from traders.strategies.placing import in_lots


class IcebergSlicerParameters(ExecutionParameters):
    """What a person may set. ``patience_s`` and ``slippage_ticks`` are not used: it never takes."""

    peak_lots: int = Field(50, gt=0, le=1_000_000, description="shown at once")
    keeper: Literal["venue", "trader"] = Field("venue", description="who refills the peak")
    follow: bool = Field(
        True, description="it moves with the best price of its side; false: it stays where it began"
    )
    requote_ticks: int = Field(1, gt=0, le=10_000, description="it moves when it is this far off")


@named("iceberg_slicer")
class IcebergSlicer(Execution):
    """Shows a peak."""

    parameters: IcebergSlicerParameters
    parameters_type = IcebergSlicerParameters

    def on_report(self, report: PrivateMessage, order: Working | None) -> Iterable[Intent]:
        super().on_report(report, order)
        if order is None or not order.is_done or not isinstance(report, TradeReport):
            return ()  # a refused or canceled one waits for the timer
        return self.on_timer(self.now_ns)

    def work(self, now_ns: Nanoseconds, elapsed_s: float) -> list[Intent]:
        price = self._near()
        if price is None:
            return []
        for order in self.orders.values():
            if order.pending or order.price is None:
                return []
            away = abs(order.price - price)
            if not self.parameters.follow or away < self.parameters.requote_ticks * self.instrument.tick:
                return []
            return [ReplaceOrder(order.tag, None, price)]
        return self._show(price)

    def due(self, elapsed_s: float) -> Quantity:
        return self.whole

    def _show(self, price: Price) -> list[Intent]:
        send = self.buy if self.parameters.side is Side.BUY else self.sell
        peak = self.parameters.peak_lots * self.instrument.lot
        if self.parameters.keeper == "trader":
            quantity = in_lots(self.instrument, min(peak, self.left))
            return [send(self.symbol, quantity, at=price)] if quantity else []
        quantity = in_lots(self.instrument, self.left)
        if not quantity:
            return []
        if quantity <= peak:
            return [send(self.symbol, quantity, at=price)]
        return [send(self.symbol, quantity, at=price, display=peak)]

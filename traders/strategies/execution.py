"""What all execution strategies share: so much of one side, between two times, never more.

In: best prices, own reports, a timer; from a subclass, how much should be done by now. Out: orders of one side. Promises:
what was executed and what is open never exceed what was asked for; nothing is sent before the start; from the end on, and
on stop, what is left is canceled. The limit price holds for every order.

An order waits at the best price of its side first, and after ``patience_s`` is canceled so that the next one takes what
is offered: the trade-off between the cost of crossing the spread and the risk of waiting, as in R. Almgren, N. Chriss,
"Optimal execution of portfolio transactions", Journal of Risk 3(2), 2001, 5-39.
"""

from collections.abc import Iterable, Sequence
from random import Random
from typing import ClassVar, Final

from pydantic import Field, model_validator

from protocol.messages import InstrumentInfo, PrivateMessage, TradeReport
from protocol.vocabulary import Channel, Nanoseconds, Price, Quantity, Side, TimeInForce
from traders.strategies.base import Parameters, Strategy, Working
from traders.strategies.intents import CancelOrder, Intent, Place, Tag
from traders.strategies.placing import best_prices, in_lots, on_tick

SECOND: Final = 1_000_000_000


class ExecutionParameters(Parameters):
    """What a person may set for any of them."""

    side: Side = Field(Side.BUY, description="buy or sell")
    quantity_lots: int = Field(1_000, gt=0, le=100_000_000, description="of the whole")
    start_s: float = Field(
        0.0, ge=0, le=1e6, description="when it begins, seconds after the session has opened"
    )
    end_s: float = Field(
        3_600.0, gt=0, le=1e6, description="when it gives up what is left, later than start_s"
    )
    limit_price: int | None = Field(
        None, gt=0, description="price units; it never pays more, or takes less; left out: any price"
    )
    patience_s: float = Field(
        10.0,
        ge=0,
        le=1e6,
        description="how long an order waits at the best price of its side, before the rest takes what is offered; 0: not at all",
    )
    slippage_ticks: int = Field(
        0, ge=0, le=10_000, description="how far beyond the best price it goes when it takes"
    )

    @model_validator(mode="after")
    def _ends_after_start(self) -> "ExecutionParameters":
        if self.end_s <= self.start_s:
            raise ValueError(f"end_s, {self.end_s}, is not after start_s, {self.start_s}")
        return self


class Execution(Strategy):
    """Base of strategies that work off one large order, in the first instrument they are given."""

    parameters: ExecutionParameters
    parameters_type: ClassVar[type[Parameters]] = ExecutionParameters
    channels: ClassVar[frozenset[Channel]] = frozenset((Channel.BBO,))
    depth_levels: ClassVar[int | None] = 1
    sampled: ClassVar[bool] = True

    def __init__(
        self, instruments: Sequence[InstrumentInfo], parameters: ExecutionParameters, rng: Random
    ) -> None:
        super().__init__(instruments, parameters, rng)
        self.symbol = self.symbols[0]
        self.instrument = self.instruments[self.symbol]
        self.whole: Quantity = parameters.quantity_lots * self.instrument.lot
        """Asked for."""
        self.done: Quantity = 0
        """Executed so far."""
        self._opened_ns: Nanoseconds = 0
        self._waits_since: dict[Tag, Nanoseconds] = {}
        self._late: Quantity = 0
        """Waited in vain, and takes what is offered next time."""

    # -- what a subclass says ----------------------------------------------------------------------
    def due(self, elapsed_s: float) -> Quantity:
        """How much of the whole should be done ``elapsed_s`` after the start; it may not fall."""
        raise NotImplementedError

    # -- hooks ---------------------------------------------------------------------------------------
    def on_start(self) -> Iterable[Intent]:
        self._opened_ns = self.now_ns
        return ()

    def on_report(self, report: PrivateMessage, order: Working | None) -> Iterable[Intent]:
        if order is None:
            return ()
        if isinstance(report, TradeReport):
            self.done += report.quantity
        if order.is_done:
            self.note_end(order)
        return ()

    def on_timer(self, now_ns: Nanoseconds) -> Iterable[Intent]:
        elapsed_s = (now_ns - self._opened_ns) / SECOND - self.parameters.start_s
        if elapsed_s < 0:
            return ()
        if elapsed_s >= self.parameters.end_s - self.parameters.start_s:
            return self.cancel_all()
        return self.work(now_ns, elapsed_s)

    def work(self, now_ns: Nanoseconds, elapsed_s: float) -> list[Intent]:
        """Between start and end: cancel what waited too long, send what is due."""
        patience_ns = self.parameters.patience_s * SECOND
        intents: list[Intent] = []
        for order in self.orders.values():
            if not order.pending and now_ns - self._waits_since.get(order.tag, now_ns) >= patience_ns:
                intents.append(CancelOrder(order.tag))
        intents.extend(self.send(min(self.due(elapsed_s), self.whole) - self.done - self.open, now_ns))
        return intents

    # -- words for subclasses ------------------------------------------------------------------------
    @property
    def open(self) -> Quantity:
        """Of all orders that may still trade."""
        return sum([order.leaves for order in self.orders.values()])

    @property
    def left(self) -> Quantity:
        """Neither executed nor open."""
        return self.whole - self.done - self.open

    def cancel_all(self) -> list[Intent]:
        """What is not being canceled yet."""
        return [CancelOrder(order.tag) for order in self.orders.values() if not order.pending]

    def note_end(self, order: Working) -> None:
        """An order of this strategy is done."""
        waited = self._waits_since.pop(order.tag, None) is not None
        if waited and order.rejection is None:
            self._late += order.quantity - order.cumulative

    def send(self, quantity: Quantity, now_ns: Nanoseconds) -> Sequence[Intent]:
        """Orders for ``quantity``, as far as it is left: what is late takes, the rest waits."""
        quantity = min(quantity, self.left)
        if quantity <= 0:
            return ()
        impatient = not self.parameters.patience_s
        taking = in_lots(self.instrument, quantity if impatient else min(quantity, self._late))
        price = self._facing() if taking else None
        intents: list[Intent] = []
        if price is not None:
            self._late = max(0, self._late - taking)
            intents.append(self._order(taking, price, TimeInForce.IOC))
        elif impatient:
            return ()
        waiting = in_lots(self.instrument, quantity - (taking if price is not None else 0))
        price = self._near() if waiting and not impatient else None
        if price is not None:
            place = self._order(waiting, price, TimeInForce.GTC)
            self._waits_since[place.tag] = now_ns
            intents.append(place)
        return intents

    def _order(self, quantity: Quantity, price: Price, time_in_force: TimeInForce) -> Place:
        send = self.buy if self.parameters.side is Side.BUY else self.sell
        return send(self.symbol, quantity, at=price, time_in_force=time_in_force)

    def _facing(self) -> Price | None:
        """Where to take; ``None`` where nobody offers at the limit price."""
        bid, ask = best_prices(self, self.symbol)
        buying, reach = (
            self.parameters.side is Side.BUY,
            self.parameters.slippage_ticks * self.instrument.tick,
        )
        facing = ask if buying else bid
        limit = self._limit()
        if facing is None or (limit is not None and (facing > limit if buying else facing < limit)):
            return None
        price = facing + reach if buying else max(facing - reach, self.instrument.tick)
        if limit is not None:
            price = min(price, limit) if buying else max(price, limit)
        return price

    def _near(self) -> Price | None:
        """Where to wait: at the best price of the side, else at the limit price, else next to the other side."""
        bid, ask = best_prices(self, self.symbol)
        buying, tick, limit = self.parameters.side is Side.BUY, self.instrument.tick, self._limit()
        own, facing = (bid, ask) if buying else (ask, bid)
        if own is None and facing is not None:
            own = facing - tick if buying else facing + tick
        if own is None:
            return limit
        if limit is not None:
            own = min(own, limit) if buying else max(own, limit)
        return max(own, tick)

    def _limit(self) -> Price | None:
        limit = self.parameters.limit_price
        return None if limit is None else on_tick(self.instrument, limit, self.parameters.side)

"""What a strategy is.

In: events, one at a time. Out: the intents it answers with. Promises: equal parameters, equal
random numbers and equal events give equal intents; a strategy reads no clock, awaits nothing and
sends nothing. Write one by overriding hooks::

    class Follower(Strategy):
        def on_trade(self, trade: TradePrint) -> Iterable[Intent]:
            yield self.buy(trade.symbol, 1, at=trade.price)

A hook may return a list, or be a generator.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from random import Random
from typing import Any, ClassVar, Final, Unpack

from mypy_extensions import mypyc_attr

from protocol.desk import TradeBusted
from protocol.errors import LocalProtocolError
from protocol.market import (
    AuctionExtended,
    AuctionMessage,
    AuctionResult,
    Candle,
    DayStatistics,
    Indication,
    PhaseStatus,
    PrintBusted,
    TradePrint,
)
from protocol.messages import (
    InstrumentInfo,
    PrivateMessage,
    Repriced,
    SelfTradePrevented,
    TradeReport,
    Triggered,
)
from protocol.vocabulary import (
    Channel,
    Interval,
    Money,
    Nanoseconds,
    OrderType,
    PostOnly,
    Price,
    Side,
    Symbol,
    TimeInForce,
)
from traders.book_view import Depth
from traders.entry import Terms, time_in_force_of, type_of
from traders.market.orders import OrderBook
from traders.order_view import DONE
from traders.portfolio import Portfolio
from traders.strategies.assignment import Assignment
from traders.strategies.intents import (
    Assigned,
    CancelAll,
    CancelOrder,
    Event,
    Flooded,
    Intent,
    Observed,
    Place,
    ReplaceOrder,
    Reported,
    Started,
    Stopping,
    Tag,
    TimerFired,
)
from traders.strategies.parameters import Parameters
from traders.strategies.requests import is_refused_order, is_sound, request_of
from traders.strategies.working import Working

# Members of an enum are looked up at every use; these are used at every event.
_BUY: Final = Side.BUY
_SELL: Final = Side.SELL
_GTC: Final = TimeInForce.GTC

__all__ = ("MOST_INTENTS", "Parameters", "Strategy", "Working", "is_refused_order", "request_of")

MOST_INTENTS: Final = 10_000
"""In answer to one event. A hook that answers with more was written by mistake."""

_UNASKED: Final = frozenset((TradeReport, Triggered, Repriced, SelfTradePrevented))
"""Reports that answer no request."""


@mypyc_attr(allow_interpreted_subclasses=True)
class Strategy:
    """Base of all strategies. The state it keeps for its hooks is read-only to them."""

    parameters_type: ClassVar[type[Parameters]] = Parameters
    """What ``parameters`` is; override both together."""
    channels: ClassVar[frozenset[Channel]] = frozenset((Channel.DEPTH, Channel.TRADES))
    """Public streams it wants; each one costs the venue a message an event and a trader. ``Channel.BBO`` in place of
    ``Channel.DEPTH`` is the cheaper one: books of one price level a side.
    """
    depth_levels: ClassVar[int | None] = 10
    """How many price levels a side it wants to see; ``None``: all. Up to 10, or 50, cost less."""
    candle_intervals: ClassVar[tuple[Interval, ...]] = ()
    """How long candles are to be, with ``Channel.CANDLES`` among the channels."""
    sampled: ClassVar[bool] = False
    """It looks at the market only when its timer fires: right before, it is told the newest state and the newest trade
    of each instrument, if there is a newer one; whatever happened in between is left out. Thousands of traders
    that act seldom cost the market data of those who act.
    """
    observes: ClassVar[bool] = False
    """Right before each timer it is told an observation of what each instrument is worth, where the scenario has an
    oracle (``Observed``).
    """

    def __init__(self, instruments: Sequence[InstrumentInfo], parameters: Parameters, rng: Random) -> None:
        """``instruments``: what to trade, at least one. ``rng``: the only source of chance."""
        self.instruments = {one.symbol: one for one in instruments}
        self.symbols = tuple(self.instruments)
        self.parameters = parameters
        self.rng = rng
        self.now_ns = 0
        """Time of the last event that carried one."""
        self.orders: dict[Tag, Working] = {}
        """Own orders that are not done, oldest first."""
        self.portfolio = Portfolio({one.symbol: one.quote_scale for one in instruments})
        """Own trades, and the position the account had before, valued at the first price seen."""
        self.books: dict[Symbol, Depth] = {}
        """The last depth seen."""
        self.marks: dict[Symbol, Price] = {}
        """The last trade price, before any trade the last mid: what a position is valued at."""
        self.observed: dict[Symbol, Price] = {}
        """The last observation of what an instrument is worth."""
        self.assignments: dict[Symbol, Assignment] = {}
        """Units to trade, in an experiment with induced values."""
        self.most_intents = MOST_INTENTS
        """In answer to one event; up to whoever runs the strategy."""
        self._carried: dict[Symbol, int] = {}
        self._traded: set[Symbol] = set()
        self._last_tag = 0

    # -- hooks -------------------------------------------------------------------------------------
    def on_start(self) -> Iterable[Intent]:
        """The session is open."""
        return ()

    def on_depth(self, depth: Depth) -> Iterable[Intent]:
        """A book changed; changes in between may have been left out."""
        return ()

    def on_orders(self, book: OrderBook) -> Iterable[Intent]:
        """A book changed, order by order; only with ``Channel.ORDERS`` among the channels."""
        return ()

    def on_trade(self, trade: TradePrint) -> Iterable[Intent]:
        """Somebody traded; the own trades are among them."""
        return ()

    def on_bust(self, bust: PrintBusted) -> Iterable[Intent]:
        """A trade that was told is undone; if it was an own one, a ``TradeBusted`` report says so, too."""
        return ()

    def on_candle(self, candle: Candle) -> Iterable[Intent]:
        """A candle began or changed, first those of the past; only with ``Channel.CANDLES`` among the channels."""
        return ()

    def on_statistics(self, day: DayStatistics) -> Iterable[Intent]:
        """The trading day so far; only with ``Channel.STATISTICS`` among the channels."""
        return ()

    def on_status(self, status: PhaseStatus) -> Iterable[Intent]:
        """A phase, now or changed; only with ``Channel.STATUS`` among the channels."""
        return ()

    def on_auction(self, auction: AuctionMessage) -> Iterable[Intent]:
        """What an auction would give, or gave; only with ``Channel.AUCTION`` among the channels."""
        return ()

    def on_report(self, report: PrivateMessage, order: Working | None) -> Iterable[Intent]:
        """The venue reported. ``order`` shows the report already; ``None``: not of this strategy."""
        return ()

    def on_timer(self, now_ns: Nanoseconds) -> Iterable[Intent]:
        """The interval has passed."""
        return ()

    def on_observed(self, observed: Observed) -> Iterable[Intent]:
        """What an instrument is worth, as far as can be seen; only with ``observes``."""
        return ()

    def on_assigned(self, assignment: Assignment) -> Iterable[Intent]:
        """Units to trade were handed out: a period of an experiment begins."""
        return ()

    def on_stop(self) -> Iterable[Intent]:
        """The session is about to end. By default: leave nothing in the book."""
        return (CancelAll(),) if self.orders else ()

    # -- words for hooks ---------------------------------------------------------------------------
    # ``Any`` beside a type: compiled code would refuse others right here, with an error that names neither order nor field.
    def buy(
        self,
        symbol: Symbol | Any,
        quantity: int | Any = 0,
        *,
        at: int | Any | None = None,
        time_in_force: TimeInForce | Any | None = None,
        post_only: bool | PostOnly | Any = False,
        order_type: OrderType | Any | None = None,
        **terms: Unpack[Terms],
    ) -> Place:
        """The intent to buy ``quantity`` at ``at`` price units or better; without ``at`` at market.

        Whatever else an order can ask for goes by the names of the protocol, as in ``Client.new``.
        """
        return self._place(_BUY, symbol, quantity, at, time_in_force, post_only, order_type, terms)

    def sell(
        self,
        symbol: Symbol | Any,
        quantity: int | Any = 0,
        *,
        at: int | Any | None = None,
        time_in_force: TimeInForce | Any | None = None,
        post_only: bool | PostOnly | Any = False,
        order_type: OrderType | Any | None = None,
        **terms: Unpack[Terms],
    ) -> Place:
        """The intent to sell; otherwise as ``buy``."""
        return self._place(_SELL, symbol, quantity, at, time_in_force, post_only, order_type, terms)

    def position(self, symbol: Symbol) -> int:
        """Bought less sold; negative when short."""
        return self.portfolio.position(symbol) + self._carried.get(symbol, 0)

    def profit(self) -> Money:
        """Gain since the start, after fees, open positions at the last known price."""
        return self.portfolio.profit(self.marks)

    # -- for whoever runs the strategy -------------------------------------------------------------
    def on_event(self, event: Event) -> Sequence[Intent]:
        """Take the next event, answer with intents in the order in which they are to be sent.

        An intent about an order that ended is left out.

        Raises:
            LocalProtocolError: an intent names a tag this strategy never placed, or places one twice; or there are more
                than ``most_intents`` (``Flooded``).
        """
        intents = _ANSWERS[type(event)](self, event)
        if type(intents) is tuple and not intents:
            return ()
        return tuple(self._to_be_sent(intents))

    def fire_timer(self, now_ns: Nanoseconds) -> Sequence[Intent]:
        """As ``on_event`` with a ``TimerFired``, without making one: a simulation has millions."""
        self.now_ns = now_ns
        return self._to_be_sent(self.on_timer(now_ns))

    def see_depth(self, depth: Depth) -> None:
        """As ``on_event`` with a ``Depth``, but for the hook: for a strategy that does not have it."""
        symbol = depth.symbol
        self.books[symbol] = depth
        if symbol not in self._traded:
            bids, asks = depth.bids, depth.asks  # as ``depth.mid``, written out
            if bids and asks:
                self._mark(symbol, (bids[0][0] + asks[0][0]) // 2)

    def _depth_seen(self, depth: Depth) -> Iterable[Intent]:
        self.see_depth(depth)
        return self.on_depth(depth)

    def _trade_seen(self, trade: TradePrint) -> Iterable[Intent]:
        self.now_ns = trade.at_ns
        self._traded.add(trade.symbol)
        self._mark(trade.symbol, trade.price)
        return self.on_trade(trade)

    def _timer_fired(self, event: TimerFired) -> Iterable[Intent]:
        self.now_ns = event.now_ns
        return self.on_timer(event.now_ns)

    def _observed(self, event: Observed) -> Iterable[Intent]:
        self.now_ns = event.now_ns
        self.observed[event.symbol] = event.value
        return self.on_observed(event)

    def _assigned(self, event: Assigned) -> Iterable[Intent]:
        self.now_ns = event.now_ns
        self.assignments[event.symbol] = assignment = Assignment(event)
        return self.on_assigned(assignment)

    def _started(self, event: Started) -> Iterable[Intent]:
        self.now_ns = event.now_ns
        self._carried = dict(event.positions)
        return self.on_start()

    def _reported(self, event: Reported) -> Iterable[Intent]:
        report, tag = event.report, event.tag
        self.now_ns = report.at_ns
        order = None if tag is None else self.orders.get(tag)
        if order is not None:
            if type(report) not in _UNASKED:
                order.pending = False
            order.apply(report)
            if order.phase in DONE:
                del self.orders[order.tag]
        # isinstance() of a Struct takes several times as long, and this is done for every report.
        if type(report) is TradeReport:
            symbol = report.symbol
            if symbol not in self.marks:
                self._mark(symbol, report.price)
            self.portfolio.apply(report)
            assignment = self.assignments.get(symbol)
            if assignment is not None and assignment.side is report.side:
                assignment.trade(report.price, report.quantity // self.instruments[symbol].lot)
        elif type(report) is TradeBusted:
            self.portfolio.bust(report)
        return self.on_report(report, order)

    def _mark(self, symbol: Symbol, price: Price) -> None:
        self.marks[symbol] = price
        if symbol in self._carried:
            self.portfolio.carry(symbol, self._carried.pop(symbol), price)

    def _place(
        self,
        side: Side,
        symbol: Any,
        quantity: Any,
        at: Any,
        time_in_force: Any,
        post_only: Any,
        order_type: Any,
        terms: Terms,
    ) -> Place:
        self._last_tag += 1
        if time_in_force is None and not terms and order_type is None:
            time_in_force = _GTC
        elif time_in_force is None:
            time_in_force = time_in_force_of(order_type or type_of(quantity, at, terms), terms)
        return Place(self._last_tag, symbol, side, quantity, at, time_in_force, post_only, order_type, terms)

    def _to_be_sent(self, intents: Iterable[Intent]) -> Sequence[Intent]:
        """What of it is to be sent. The rest of a hook that would go on for ever is not asked for."""
        if type(intents) is list or type(intents) is tuple:
            if not intents:
                return ()
        else:
            intents = list(islice(intents, self.most_intents + 1))
        if len(intents) > self.most_intents:
            raise Flooded(f"more than {self.most_intents} intents in answer to one event")
        if len(intents) == 1:
            return intents if self._noted(intents[0]) else ()
        return [intent for intent in intents if self._noted(intent)]

    def _noted(self, intent: Intent) -> bool:
        """Remember what is about to be sent; tell whether it can be."""
        if type(intent) is Place:
            tag, orders = intent.tag, self.orders
            if tag in orders or not 0 < tag <= self._last_tag:
                raise LocalProtocolError(f"tag {tag}: make orders with buy() and sell(), send each once")
            if not is_sound(intent):
                raise LocalProtocolError(f"no wire carries {intent!r}: numbers are integers, names are text")
            orders[tag] = Working(intent)
        elif type(intent) is ReplaceOrder or type(intent) is CancelOrder:
            order = self.orders.get(intent.tag)
            if order is None:
                if 0 < intent.tag <= self._last_tag:
                    return False
                raise LocalProtocolError(f"no order was placed with tag {intent.tag}")
            order.pending = True
        elif type(intent) is not CancelAll:
            raise LocalProtocolError(
                f"{intent!r} is no intent: hooks answer with what buy() and the like make"
            )
        return True


_ANSWERS: Final[dict[type, Callable[[Strategy, Any], Iterable[Intent]]]] = {
    Depth: Strategy._depth_seen,
    TradePrint: Strategy._trade_seen,
    Reported: Strategy._reported,
    TimerFired: Strategy._timer_fired,
    Observed: Strategy._observed,
    Assigned: Strategy._assigned,
    Started: Strategy._started,
    Stopping: lambda strategy, _: strategy.on_stop(),
    OrderBook: lambda strategy, book: strategy.on_orders(book),
    PrintBusted: lambda strategy, bust: strategy.on_bust(bust),
    PhaseStatus: lambda strategy, status: strategy.on_status(status),
    Candle: lambda strategy, candle: strategy.on_candle(candle),
    DayStatistics: lambda strategy, day: strategy.on_statistics(day),
    Indication: lambda strategy, auction: strategy.on_auction(auction),
    AuctionResult: lambda strategy, auction: strategy.on_auction(auction),
    AuctionExtended: lambda strategy, auction: strategy.on_auction(auction),
}
"""What becomes of each kind of event: a table, for a simulation looks here millions of times."""

"""One strategy in a session whose other side is a test: it says what the market does and how the venue answers.

Intents queue up until the test has the venue answer, as late as it likes; what is open then may be filled, in parts,
canceled or refused. Every order is checked as a venue would check it.
"""

from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from protocol.market import TradePrint
from protocol.messages import (
    Accepted,
    Canceled,
    InstrumentInfo,
    PrivateMessage,
    Rejected,
    Replaced,
    TradeReport,
)
from protocol.vocabulary import (
    CancelReason,
    ClientOrderId,
    Liquidity,
    RejectReason,
    Request,
    Side,
    Symbol,
    TimeInForce,
)
from traders.book_view import Depth
from traders.strategies.base import Strategy
from traders.strategies.intents import (
    CancelAll,
    CancelOrder,
    Event,
    Intent,
    Observed,
    Place,
    ReplaceOrder,
    Reported,
    Started,
    Stopping,
    TimerFired,
)
from traders.strategies.registry import parameters_of, strategies

ACME, BETA, FUND = Symbol("ACME"), Symbol("BETA"), Symbol("FUND")
SECOND = 1_000_000_000

Quote = tuple[int, int]


def instrument(symbol: Symbol = ACME, tick: int = 1, lot: int = 1) -> InstrumentInfo:
    return InstrumentInfo(symbol, tick, lot, lot, 1_000_000, 2)


class _Open:
    """An order as the venue has it."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.total = place.quantity
        self.price = place.price
        self.cumulative = 0

    @property
    def leaves(self) -> int:
        return self.total - self.cumulative


class Session:
    """Runs a strategy by name. ``answers``: the venue takes every order at once."""

    def __init__(
        self,
        name: str,
        parameters: Mapping[str, Any] | None = None,
        instruments: Iterable[InstrumentInfo] | None = None,
        *,
        seed: int = 1,
        answers: bool = True,
        start: bool = True,
    ) -> None:
        kind = strategies()[name]
        chosen = list(instruments) if instruments is not None else [instrument()]
        self.strategy: Strategy = kind(chosen, parameters_of(kind, parameters or {}, "test"), Random(seed))
        self.answers = answers
        self.now_ns = 1_700_000_000 * SECOND
        self.opened_ns = self.now_ns
        self.open: dict[int, _Open] = {}
        self.waiting: list[Intent] = []
        """Sent, and not answered."""
        self.bought = dict.fromkeys(self.strategy.symbols, 0)
        self.sold = dict.fromkeys(self.strategy.symbols, 0)
        self._seq = 0
        self.started = self.take(Started(self.now_ns)) if start else ()

    # -- what happens ------------------------------------------------------------------------------
    def take(self, event: Event) -> tuple[Intent, ...]:
        """Tell the strategy; answers with its intents."""
        intents = tuple(self.strategy.on_event(event))
        for intent in intents:
            self._check(intent)
            self.waiting.append(intent)
        if self.answers:
            self.answer_all()
        return intents

    def timer(self, after_s: float = 1.0) -> tuple[Intent, ...]:
        self.now_ns += round(after_s * SECOND)
        return self.take(TimerFired(self.now_ns))

    def book(
        self, bid: Quote | int | None, ask: Quote | int | None, symbol: Symbol = ACME
    ) -> tuple[Intent, ...]:
        """Best prices, with a quantity of 100 where none is given."""
        bids = () if bid is None else ((bid, 100) if isinstance(bid, int) else bid,)
        asks = () if ask is None else ((ask, 100) if isinstance(ask, int) else ask,)
        return self.depth(bids, asks, symbol)

    def depth(
        self, bids: tuple[Quote, ...], asks: tuple[Quote, ...], symbol: Symbol = ACME
    ) -> tuple[Intent, ...]:
        self._seq += 1
        return self.take(Depth(symbol, self._seq, bids, asks))

    def print(self, price: int, quantity: int = 10, symbol: Symbol = ACME) -> tuple[Intent, ...]:
        """Somebody trades."""
        self._seq += 1
        return self.take(TradePrint(symbol, self._seq, self._seq, self.now_ns, price, quantity, Side.BUY))

    def observe(self, value: int, symbol: Symbol = ACME) -> tuple[Intent, ...]:
        return self.take(Observed(self.now_ns, symbol, value))

    def stop(self) -> tuple[Intent, ...]:
        return self.take(Stopping())

    # -- the venue -----------------------------------------------------------------------------------
    def answer_all(self) -> None:
        while self.waiting:
            self.answer()

    def answer(self, filled: int = 0, *, refuse: bool = False) -> None:
        """Answer the oldest intent. Of an order to be filled at once or canceled, ``filled`` at most is."""
        if not self.waiting:
            return
        intent = self.waiting.pop(0)
        if isinstance(intent, CancelAll):
            for tag in list(self.open):
                self.void(tag)
        elif isinstance(intent, Place):
            if refuse:
                self._refuse(intent.tag, Request.NEW)
                return
            order = self.open[intent.tag] = _Open(intent)
            seq, name = self._next(), _name(intent.tag)
            self._report(
                intent.tag,
                Accepted(
                    seq, self.now_ns, name, intent.tag, intent.symbol, intent.side, order.total, order.price
                ),
            )
            if intent.time_in_force is TimeInForce.IOC:
                self.fill(intent.tag, filled)
                self.void(intent.tag)
        elif intent.tag not in self.open or refuse:
            self._refuse(intent.tag, Request.CANCEL if isinstance(intent, CancelOrder) else Request.REPLACE)
        elif isinstance(intent, CancelOrder):
            self.void(intent.tag)
        else:
            self._replace(intent)

    def fill(self, tag: int, quantity: int | None = None, price: int | None = None) -> tuple[Intent, ...]:
        """Trade ``quantity`` of an open order, all of it by default, at its price by default."""
        order = self.open.get(tag)
        if order is None:
            return ()
        quantity = order.leaves if quantity is None else min(quantity, order.leaves)
        if quantity <= 0:
            return ()
        order.cumulative += quantity
        side, symbol = order.place.side, order.place.symbol
        (self.bought if side is Side.BUY else self.sold)[symbol] += quantity
        if not order.leaves:
            del self.open[tag]
        paid = price if price is not None else order.price
        assert paid is not None
        return self._report(
            tag,
            TradeReport(
                self._next(), self.now_ns, _name(tag), tag, symbol, side, self._seq, paid, quantity,
                Liquidity.MAKER, 0, order.cumulative, order.leaves,
            ),
        )  # fmt: skip

    def void(self, tag: int) -> None:
        """The venue cancels what is left of an order."""
        order = self.open.pop(tag, None)
        if order is not None:
            self._report(
                tag,
                Canceled(
                    self._next(), self.now_ns, _name(tag), tag, order.place.symbol, order.total,
                    order.cumulative, CancelReason.REQUESTED,
                ),
            )  # fmt: skip

    def position(self, symbol: Symbol = ACME) -> int:
        return self.bought[symbol] - self.sold[symbol]

    def prices(self, side: Side, symbol: Symbol = ACME) -> list[int]:
        """Of the open orders of a side, best first."""
        prices = [
            order.price
            for order in self.open.values()
            if order.place.side is side and order.place.symbol == symbol and order.price is not None
        ]
        return sorted(prices, reverse=side is Side.BUY)

    def _replace(self, intent: ReplaceOrder) -> None:
        order = self.open[intent.tag]
        total = order.total if intent.quantity is None else intent.quantity
        if total <= order.cumulative:
            self.void(intent.tag)
            return
        order.total = total
        order.price = order.price if intent.price is None else intent.price
        assert order.price is not None
        self._report(
            intent.tag,
            Replaced(
                self._next(), self.now_ns, _name(intent.tag), intent.tag, order.place.symbol, total,
                order.cumulative, order.leaves, False, order.price,
            ),
        )  # fmt: skip

    def _refuse(self, tag: int, request: Request) -> None:
        reason = RejectReason.OFF_TICK if request is Request.NEW else RejectReason.UNKNOWN_ORDER
        self._report(tag, Rejected(self._next(), self.now_ns, request, reason, "no", _name(tag)))

    def _report(self, tag: int, report: PrivateMessage) -> tuple[Intent, ...]:
        # A report must not be answered before the rest of its own story is told.
        answers, self.answers = self.answers, False
        intents = self.take(Reported(tag, report))
        self.answers = answers
        return intents

    def _next(self) -> int:
        self._seq += 1
        return self._seq

    def _check(self, intent: Intent) -> None:
        """As the venue would."""
        if isinstance(intent, Place):
            info = self.strategy.instruments[intent.symbol]
            assert intent.quantity >= info.minimum_quantity
            assert intent.quantity <= info.maximum_quantity
            assert intent.quantity % info.lot == 0
            assert intent.price is not None
            assert intent.price > 0
            assert intent.price % info.tick == 0
        elif isinstance(intent, ReplaceOrder) and intent.price is not None:
            order = self.strategy.orders[intent.tag]
            assert intent.price > 0
            assert intent.price % self.strategy.instruments[order.symbol].tick == 0


def _name(tag: int) -> ClientOrderId:
    return ClientOrderId(str(tag))

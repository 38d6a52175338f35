"""One trader on the floor of a double auction: a test is the rest of the market."""

from collections.abc import Mapping
from random import Random
from typing import Any

from protocol.market import TradePrint
from protocol.messages import Accepted, Canceled, InstrumentInfo, Rejected, Replaced, TradeReport
from protocol.vocabulary import (
    CancelReason,
    ClientOrderId,
    Liquidity,
    OrderId,
    RejectReason,
    Request,
    Side,
    Symbol,
)
from traders.book_view import Depth
from traders.strategies.intents import (
    Assigned,
    CancelOrder,
    Event,
    Intent,
    Place,
    ReplaceOrder,
    Reported,
    TimerFired,
)
from traders.strategies.registry import parameters_of, strategies
from traders.strategies.shouting import Shouter

ACME = Symbol("ACME")
SECOND = 1_000_000_000
PLAIN = InstrumentInfo(ACME, 1, 1, 1, 1_000_000, 2)
SHOUTERS = ("zic", "ziu", "gvwy", "shaver", "sniper", "zip", "gd", "gdx", "aa", "przi")


def shouter(
    name: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    seed: int | str = 1,
    instrument: InstrumentInfo = PLAIN,
) -> Shouter:
    """A strategy of the double auction by name."""
    kind = strategies()[name]
    made = kind([instrument], parameters_of(kind, parameters or {}, "test"), Random(seed))
    assert isinstance(made, Shouter)
    return made


class Floor:
    """Tells one strategy what happens, and answers for the venue. ``answers``: at once; else a test does it."""

    def __init__(self, strategy: Shouter, *, answers: bool = True) -> None:
        self.strategy = strategy
        self.answers = answers
        self.now_ns = 0
        self.live: dict[int, Place] = {}
        """Orders the venue has, by tag, with the price that holds."""
        self.sent: list[Intent] = []
        self._seq = 0
        self._trade_id = 0

    # -- what happens ------------------------------------------------------------------------------
    def assign(self, side: Side, *limits: int, period: int = 1, length_s: int = 30) -> None:
        self._take(Assigned(self.now_ns, ACME, side, limits, period, self.now_ns + length_s * SECOND))

    def buyer(self, *limits: int) -> "Floor":
        self.assign(Side.BUY, *limits)
        return self

    def seller(self, *limits: int) -> "Floor":
        self.assign(Side.SELL, *limits)
        return self

    def timer(self, after_s: int = 1) -> int | None:
        """The timer fires. Answers with the price of the order that then is in the book."""
        self.now_ns += after_s * SECOND
        self._take(TimerFired(self.now_ns))
        return self.price

    def book(
        self, bid: tuple[int, int] | int | None = None, ask: tuple[int, int] | int | None = None
    ) -> None:
        """Best quotes, with a quantity of 1 where none is given."""
        self._seq += 1
        bids = () if bid is None else ((bid, 1) if isinstance(bid, int) else bid,)
        asks = () if ask is None else ((ask, 1) if isinstance(ask, int) else ask,)
        self._take(Depth(ACME, self._seq, bids, asks))

    def deal(self, price: int, aggressor: Side | None = Side.BUY) -> None:
        """Others trade."""
        self._trade_id += 1
        self._take(TradePrint(ACME, self._trade_id, self._trade_id, self.now_ns, price, 1, aggressor))

    def fill(self) -> None:
        """The own order is taken."""
        ((tag, order),) = self.live.items()
        assert order.price is not None
        del self.live[tag]
        self._seq += 1
        self._report(
            tag,
            TradeReport(
                self._seq, self.now_ns, _name(tag), _id(tag), ACME, order.side, 1, order.price, order.quantity,
                Liquidity.MAKER, 0, order.quantity, 0,
            ),
        )  # fmt: skip
        self.deal(order.price, order.side.opposite)

    @property
    def price(self) -> int | None:
        """Of the order in the book."""
        prices = [one.price for one in self.live.values()]
        assert len(prices) <= 1, "one order at most"
        return prices[0] if prices else None

    # -- the venue ---------------------------------------------------------------------------------
    def answer(self, intent: Intent) -> None:
        """What a venue says to an intent; it may have forgotten the order."""
        self._seq += 1
        match intent:
            case Place(tag, _, side, quantity, price):
                self.live[tag] = intent
                self._report(
                    tag, Accepted(self._seq, self.now_ns, _name(tag), _id(tag), ACME, side, quantity, price)
                )
            case ReplaceOrder(tag, _, _) if tag not in self.live:
                self._refuse(tag, Request.REPLACE)
            case ReplaceOrder(tag, None, int(price)):
                old = self.live[tag]
                self.live[tag] = Place(tag, ACME, old.side, old.quantity, price)
                self._report(
                    tag,
                    Replaced(
                        self._seq, self.now_ns, _name(tag), _id(tag), ACME, old.quantity, 0, old.quantity,
                        False, price,
                    ),
                )  # fmt: skip
            case CancelOrder(tag) if tag not in self.live:
                self._refuse(tag, Request.CANCEL)
            case CancelOrder(tag):
                self.void()
            case _:
                raise AssertionError(intent)

    def void(self) -> None:
        """The venue cancels the order that is in the book."""
        for tag, order in list(self.live.items()):
            del self.live[tag]
            self._seq += 1
            self._report(
                tag,
                Canceled(
                    self._seq,
                    self.now_ns,
                    _name(tag),
                    _id(tag),
                    ACME,
                    order.quantity,
                    0,
                    CancelReason.REQUESTED,
                ),
            )

    def _refuse(self, tag: int, request: Request) -> None:
        self._report(
            tag, Rejected(self._seq, self.now_ns, request, RejectReason.UNKNOWN_ORDER, "gone", _name(tag))
        )

    def _report(self, tag: int, report: Accepted | Replaced | Canceled | Rejected | TradeReport) -> None:
        self._take(Reported(tag, report))

    def _take(self, event: Event) -> None:
        for intent in self.strategy.on_event(event):
            self.sent.append(intent)
            if self.answers:
                self.answer(intent)


def _name(tag: int) -> ClientOrderId:
    return ClientOrderId(str(tag))


def _id(tag: int) -> OrderId:
    return tag

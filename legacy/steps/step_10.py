"""Callbacks turned into ``send``: a state machine that reads from top to bottom.

The flow: a client calls back, ``on_depth``, ``on_trade``, ``on_report``, as things happen. A trader wants to wait for a low
offer, buy, wait for a higher price, and sell.

With callbacks every event ends up in another function, and what the trader is about to do has to stand in an attribute that
each of them looks at (``DipBuyerOfCallbacks``). ``SendTo`` makes one ``send`` out of all of them; the trader is one
function that waits for whatever comes next, and its state is the line at which it stands (``dip_buyer``).
"""

from collections.abc import Generator
from typing import Any, Protocol, TypeAlias

from legacy.steps.market import ACME, Market, Member, OrderReport
from legacy.steps.registry import Out
from legacy.steps.step_06 import primed
from legacy.steps.tape import units
from protocol.market import DepthDelta, DepthSnapshot, TradePrint
from protocol.messages import Rejected, TradeReport
from protocol.vocabulary import Channel, Price
from traders.book_view import BookView, Depth

TITLE = "Event handling"
MISSING = (
    "The trader acts, and nobody learns what came of it: a coroutine is sent things, but what does it return?"
)

Event: TypeAlias = Depth | TradePrint | OrderReport


class Callbacks(Protocol):
    """What a client calls as things happen."""

    def on_depth(self, depth: Depth) -> None:
        """The book changed."""

    def on_trade(self, trade: TradePrint) -> None:
        """Somebody traded."""

    def on_report(self, report: OrderReport) -> None:
        """Something happened to an own order."""


class CallbackClient:
    """A client for callbacks: reads the mail of a member, and calls."""

    def __init__(self, member: Member) -> None:
        self._mail = member.mail
        self._book = BookView(ACME)
        member.watch(Channel.DEPTH)
        member.watch(Channel.TRADES)

    def deliver(self, to: Callbacks) -> None:
        """One call for each message, until there is no mail; also for what comes of the calls."""
        for message in self._mail:
            match message:
                case DepthSnapshot() | DepthDelta():
                    self._book.apply(message)
                    to.on_depth(self._book.view())
                case TradePrint():
                    to.on_trade(message)
                case _ if isinstance(message, OrderReport):
                    to.on_report(message)


class SendTo:
    """``Callbacks`` that send every event to a coroutine. ``state``: what that gave out last; ``None``: it has ended."""

    def __init__(self, target: Generator[str, Event, Any]) -> None:
        self._target = target
        self.state: str | None = "new"

    def _send(self, event: Event) -> None:
        if self.state is not None:
            try:
                self.state = self._target.send(event)
            except StopIteration:
                self.state = None

    def on_depth(self, depth: Depth) -> None:
        self._send(depth)

    def on_trade(self, trade: TradePrint) -> None:
        self._send(trade)

    def on_report(self, report: OrderReport) -> None:
        self._send(report)


def offers_below(event: Event, limit: Price) -> bool:
    """Whether the event is a book in which somebody sells below the limit."""
    return isinstance(event, Depth) and event.best_ask is not None and event.best_ask < limit


@primed
def dip_buyer(member: Member, quantity: int, below: Price, profit: Price) -> Generator[str, Event, None]:
    """Buys below a price, and sells when somebody has paid so much more."""
    event = yield "watching"
    while not offers_below(event, below):
        event = yield "watching"

    member.buy("entry", quantity, at=below)
    bought = paid = 0
    while bought < quantity:
        event = yield "buying"
        if isinstance(event, TradeReport):
            bought += event.quantity
            paid = event.price
        elif isinstance(event, Rejected):
            return

    while not (isinstance(event, TradePrint) and event.price >= paid + profit):
        event = yield "holding"

    member.sell("exit", quantity, at=paid + profit)
    while bought:
        event = yield "selling"
        if isinstance(event, TradeReport) and event.client_order_id == "exit":
            bought -= event.quantity


class DipBuyerOfCallbacks:
    """The same trader without a coroutine: every callback has to find out first what it is that is being waited for."""

    def __init__(self, member: Member, quantity: int, below: Price, profit: Price) -> None:
        self._member = member
        self._quantity = quantity
        self._below = below
        self._profit = profit
        self._bought = 0
        self._paid = 0
        self.state: str | None = "watching"

    def on_depth(self, depth: Depth) -> None:
        if self.state == "watching" and offers_below(depth, self._below):
            self.state = "buying"
            self._member.buy("entry", self._quantity, at=self._below)

    def on_trade(self, trade: TradePrint) -> None:
        if self.state == "holding" and trade.price >= self._paid + self._profit:
            self.state = "selling"
            self._member.sell("exit", self._quantity, at=self._paid + self._profit)

    def on_report(self, report: OrderReport) -> None:
        if isinstance(report, Rejected):
            self.state = None
        if not isinstance(report, TradeReport):
            return
        if self.state == "buying":
            self._bought += report.quantity
            self._paid = report.price
            if self._bought == self._quantity:
                self.state = "holding"
        elif self.state == "selling" and report.client_order_id == "exit":
            self._bought -= report.quantity
            if not self._bought:
                self.state = None


def main(out: Out) -> None:
    """One trader; the others move the market, and after each of their orders he says what he is waiting for."""
    market = Market()
    anna, ben, cora = market.member("anna"), market.member("ben"), market.member("cora")
    client = CallbackClient(anna)
    trader = SendTo(dip_buyer(anna, quantity=5, below=9_990, profit=20))

    for name, quantity, price in (
        ("ben", 10, 10_000),
        ("ben", 3, 9_985),
        ("ben", 2, 9_990),
        ("ben", 1, 10_010),
        ("cora", 4, 10_000),
        ("cora", 7, 10_010),
        ("cora", 5, 10_012),
    ):
        if name == "ben":
            ben.sell(f"{quantity} at {price}", quantity, at=price)
            out(f"ben offers {quantity:>2} at {units(price)}")
        else:
            cora.buy(f"{quantity} at {price}", quantity, at=price)
            out(f"cora bids {quantity:>2} at {units(price)}")
        client.deliver(trader)
        out(f"   anna is {trader.state or 'done'}")

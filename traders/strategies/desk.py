"""Between a strategy and a session: intents to requests, messages to events.

In: what happened, from whoever runs the strategy: asyncio, virtual time or a generator kernel.
Out: the requests to send, in order. Pure: ids and times are handed in, nothing is awaited.
"""

from collections.abc import Callable, Iterable

from protocol.fields import Message
from protocol.messages import Cancel, MassCancel, PrivateMessage, Replace, Welcome
from protocol.vocabulary import ClientOrderId, Nanoseconds
from traders.market.items import Seen
from traders.strategies.base import Strategy, is_refused_order, request_of
from traders.strategies.intents import (
    CancelAll,
    CancelOrder,
    Intent,
    Place,
    ReplaceOrder,
    Reported,
    Started,
    Stopping,
    Tag,
    TimerFired,
)


class Desk:
    """Runs one strategy on one account. ``next_id`` gives ids that were never used before."""

    def __init__(self, strategy: Strategy, next_id: Callable[[], ClientOrderId]) -> None:
        self.strategy = strategy
        self.orders_sent = 0
        self.orders_refused = 0
        self._next_id = next_id
        self._ids: dict[Tag, ClientOrderId] = {}
        self._tags: dict[ClientOrderId, Tag] = {}

    def start(self, welcome: Welcome, now_ns: Nanoseconds) -> list[Message]:
        """The session is open. Orders left from an earlier session are canceled first."""
        positions = tuple((one.symbol, one.quantity) for one in welcome.positions)
        leftovers: list[Message] = [MassCancel()] if welcome.open_orders else []
        return leftovers + self._requests(self.strategy.on_event(Started(now_ns, positions)))

    def stop(self) -> list[Message]:
        """The session is about to be logged out."""
        return self._requests(self.strategy.on_event(Stopping()))

    def timer(self, now_ns: Nanoseconds) -> list[Message]:
        """The interval has passed."""
        return self._requests(self.strategy.on_event(TimerFired(now_ns)))

    def take(self, item: Seen | PrivateMessage) -> list[Message]:
        """Something public changed or happened, or the venue reported."""
        if isinstance(item, Seen):
            return self._requests(self.strategy.on_event(item))
        return self._report(item)

    def _report(self, item: PrivateMessage) -> list[Message]:
        name: ClientOrderId | None = getattr(item, "client_order_id", None)
        tag = None if name is None else self._tags.get(name)
        if tag is not None and is_refused_order(item):
            self.orders_refused += 1
        intents = self.strategy.on_event(Reported(tag, item))
        # Only after the strategy saw it: the report that ends an order carries its tag too.
        if tag is not None and tag not in self.strategy.orders:
            del self._tags[self._ids.pop(tag)]
        return self._requests(intents)

    def _requests(self, intents: Iterable[Intent]) -> list[Message]:
        return [self._request(intent) for intent in intents]

    def _request(self, intent: Intent) -> Message:
        match intent:
            case Place():
                name = self._next_id()
                self._ids[intent.tag] = name
                self._tags[name] = intent.tag
                self.orders_sent += 1
                return request_of(intent, name)
            case CancelOrder():
                return Cancel(self._ids[intent.tag])
            case ReplaceOrder():
                return Replace(self._ids[intent.tag], intent.quantity, intent.price, intent.stop_price)
            case CancelAll():
                return MassCancel(intent.symbol)

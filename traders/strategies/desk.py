"""Between a strategy and a session: intents to requests, messages to events.

In: what happened, from whoever runs the strategy: asyncio, virtual time or a generator kernel.
Out: the requests to send, in order. Pure: ids and times are handed in, nothing is awaited.
"""

from collections.abc import Callable, Iterable

from protocol.fields import Message
from protocol.messages import (
    Accepted,
    Cancel,
    Canceled,
    MassCancel,
    PrivateMessage,
    Rejected,
    Replace,
    Welcome,
)
from protocol.vocabulary import CancelReason, ClientOrderId, Nanoseconds, RejectReason, Request, Sequence
from traders.market.items import Seen
from traders.strategies.base import Strategy, is_refused_order, request_of
from traders.strategies.intents import (
    CancelAll,
    CancelOrder,
    Event,
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
        self.orders_taken = 0
        """Accepted by the venue."""
        self.orders_lost = 0
        """Sent, and gone with the session before the venue took them."""
        self.last_seq: Sequence = 0
        """Of the last report that the strategy was told."""
        self._next_id = next_id
        self._ids: dict[Tag, ClientOrderId] = {}
        self._tags: dict[ClientOrderId, Tag] = {}
        self._in_doubt: list[
            tuple[Tag, ClientOrderId]
        ] = []  # of a session that broke, until all of it is told

    def start(self, welcome: Welcome, now_ns: Nanoseconds) -> list[Message]:
        """The session is open. Orders left from an earlier session are canceled first."""
        positions = tuple((one.symbol, one.quantity) for one in welcome.positions)
        leftovers: list[Message] = [MassCancel()] if welcome.open_orders else []
        return leftovers + self._requests(self.strategy.on_event(Started(now_ns, positions)))

    def go_on(
        self, welcome: Welcome, next_id: Callable[[], ClientOrderId], now_ns: Nanoseconds
    ) -> list[Message]:
        """Another session is open, after one that broke. What the strategy missed is told as reports, in front of all
        others, if the session was resumed; when they are told, or at once, ``settle``.
        """
        self._next_id = next_id
        self._in_doubt = list(self._ids.items())
        leftovers: list[Message] = [MassCancel()] if welcome.open_orders else []
        if welcome.last_seq is None:
            self.last_seq = welcome.seq
            return leftovers + self.settle(welcome, now_ns)
        return leftovers

    def settle(self, welcome: Welcome, now_ns: Nanoseconds) -> list[Message]:
        """Everything of the broken session is told: what is neither done nor open at the venue went with it.

        The strategy is told so by reports in the venue's words: an order that the venue never answered was refused,
        one that it has forgotten is canceled.
        """
        is_open = {one.client_order_id for one in welcome.open_orders}
        intents: list[Intent] = []
        in_doubt, self._in_doubt = self._in_doubt, []
        for tag, name in in_doubt:
            order = self.strategy.orders.get(tag)
            if order is None or name in is_open:
                continue
            self.orders_lost += 1
            report: PrivateMessage
            if order.order_id is None:
                report = Rejected(
                    welcome.seq,
                    now_ns,
                    Request.NEW,
                    RejectReason.INVALID_REQUEST,
                    "lost with the session",
                    name,
                )
            else:
                report = Canceled(
                    welcome.seq,
                    now_ns,
                    name,
                    order.order_id,
                    order.symbol,
                    order.leaves,
                    order.cumulative,
                    CancelReason.DISCONNECTED,
                )
            intents += self._told(tag, report)
        return self._requests(intents)

    def stop(self) -> list[Message]:
        """The session is about to be logged out."""
        return self._requests(self.strategy.on_event(Stopping()))

    def timer(self, now_ns: Nanoseconds) -> list[Message]:
        """The interval has passed."""
        return self._requests(self.strategy.on_event(TimerFired(now_ns)))

    def hear(self, event: Event) -> list[Message]:
        """Anything else: an observation, units to trade."""
        return self._requests(self.strategy.on_event(event))

    def take(self, item: Seen | PrivateMessage) -> list[Message]:
        """Something public changed or happened, or the venue reported."""
        if isinstance(item, Seen):
            return self._requests(self.strategy.on_event(item))
        return self._report(item)

    def _report(self, item: PrivateMessage) -> list[Message]:
        self.last_seq = item.seq
        name: ClientOrderId | None = getattr(item, "client_order_id", None)
        tag = None if name is None else self._tags.get(name)
        if tag is not None:
            if type(item) is Accepted:
                self.orders_taken += 1
            elif is_refused_order(item):
                self.orders_refused += 1
        return self._requests(self._told(tag, item))

    def _told(self, tag: Tag | None, report: PrivateMessage) -> Iterable[Intent]:
        intents = self.strategy.on_event(Reported(tag, report))
        # Only after the strategy saw it: the report that ends an order carries its tag too.
        if tag is not None and tag not in self.strategy.orders:
            del self._tags[self._ids.pop(tag)]
        return intents

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

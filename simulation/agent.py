"""One trader in virtual time: a strategy, its account, its two ways to and from the venue.

In: reports and public data as the venue publishes them, the ticks of its timer. Out: its commands, at the venue, as late
as its link and its own thinking make them. Promises: messages of one way arrive in the order in which they left, as on a
TCP connection; own reports come before the print of the same trade; what it does is done for its account only. A
strategy that breaks its promises is stopped and named, and does no harm to others.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from exchange.engine.commands import CancelOrder as CancelCommand
from exchange.engine.commands import Command, EnterOrder, MassCancel
from exchange.engine.commands import ReplaceOrder as ReplaceCommand
from exchange.report_messages import Builder
from protocol.messages import Rejected
from protocol.vocabulary import AccountId, ClientOrderId, Nanoseconds, OrderType, Request, Sequence
from simulation.kernel import Kernel
from simulation.latency import Draw
from simulation.market import Market
from traders.strategies.base import Strategy, request_of
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
    TimerFired,
)

_LIMIT: Final = OrderType.LIMIT
_MARKET: Final = OrderType.MARKET
_SECOND_NS: Final = 1_000_000_000

Look = Callable[[Nanoseconds], list[Event]]
"""What a strategy that samples is told right before its timer, at a time."""

Fault = Callable[["Agent", Exception], None]


class Agent:
    """Drives one strategy."""

    __slots__ = (
        "_arrived_ns", "_busy_until_ns", "_draw_in", "_draw_out", "_inbox", "_kernel", "_left_ns", "_look", "_market",
        "_on_fault", "_seq", "_think", "_waits_s", "account", "fault", "group", "orders_refused", "orders_sent",
        "running", "strategy",
    )  # fmt: skip

    def __init__(
        self,
        account: AccountId,
        group: str,
        strategy: Strategy,
        market: Market,
        *,
        waits_s: Iterator[float],
        to_venue: Draw,
        from_venue: Draw,
        think: Draw | None,
        look: Look | None,
        on_fault: Fault,
    ) -> None:
        """``think``: what a decision takes, ``None``: nothing. ``waits_s``: seconds between its timers."""
        self.account = account
        self.group = group
        self.strategy = strategy
        self.orders_sent = 0
        self.orders_refused = 0
        self.running = False
        self.fault: Exception | None = None
        """Why it was stopped, if it broke a promise."""
        self._market = market
        self._kernel: Kernel = market.kernel
        self._waits_s = waits_s
        self._draw_out = to_venue
        self._draw_in = from_venue
        self._think = think
        self._look = look
        self._on_fault = on_fault
        self._seq: Sequence = 0
        self._arrived_ns: Nanoseconds = 0  # when the last message gets to it
        self._left_ns: Nanoseconds = 0  # when its last command gets to the venue
        self._busy_until_ns: Nanoseconds = 0
        self._inbox: deque[Event] = deque()  # what came while it was thinking
        market.mailroom.mailboxes[account] = self._told

    # -- from the venue --------------------------------------------------------------------------------
    def _told(self, build: Builder, at_ns: Nanoseconds, event: Any) -> None:
        """The venue reports: it gets there later."""
        self._seq += 1
        kernel = self._kernel
        arrives_ns = kernel.time_ns + self._draw_in()
        if arrives_ns < self._arrived_ns:
            arrives_ns = self._arrived_ns
        self._arrived_ns = arrives_ns
        kernel.at(arrives_ns, self._report, (build, self._seq, at_ns, event))

    def _report(self, told: tuple[Builder, Sequence, Nanoseconds, Any]) -> None:
        build, seq, at_ns, event = told
        message: Any = build(seq, at_ns, event)
        name = getattr(message, "client_order_id", None)
        tag = None if name is None else int(name)
        if type(message) is Rejected and message.request is Request.NEW:
            self.orders_refused += 1
        self.hear(Reported(tag, message))

    def send_public(self, item: Event) -> None:
        """Something public is on its way."""
        kernel = self._kernel
        arrives_ns = kernel.time_ns + self._draw_in()
        if arrives_ns < self._arrived_ns:
            arrives_ns = self._arrived_ns
        self._arrived_ns = arrives_ns
        kernel.at(arrives_ns, self.hear, item)

    def hear(self, event: Event) -> None:
        """Something has got there."""
        if not self.running:
            return
        if self._think is not None and (self._inbox or self._busy_until_ns > self._kernel.time_ns):
            self._inbox.append(event)
            if len(self._inbox) == 1:
                self._kernel.at(self._busy_until_ns, self._go_on)
            return
        self._decide(event)

    def _go_on(self, _: None) -> None:
        """It has thought enough about what it heard before."""
        inbox = self._inbox
        while inbox and self._busy_until_ns <= self._kernel.time_ns:
            self._decide(inbox.popleft())
        if inbox:
            self._kernel.at(self._busy_until_ns, self._go_on)

    # -- by its own clock ------------------------------------------------------------------------------
    def start(self) -> None:
        """The session is open."""
        self.running = True
        self.hear(Started(self._kernel.time_ns))
        self._arm()

    def stop(self) -> None:
        """The session is about to end: its last words are still carried out."""
        if self.running:
            self._decide(Stopping())
            self.running = False

    def _arm(self) -> None:
        wait_s = next(self._waits_s, None)
        if wait_s is not None:
            self._kernel.at(self._kernel.time_ns + max(round(wait_s * _SECOND_NS), 1), self._tick)

    def _tick(self, _: None) -> None:
        if not self.running:
            return
        self._arm()
        now_ns = self._kernel.time_ns
        if self._look is not None:
            for event in self._look(now_ns - self._draw_in()):
                self.hear(event)
        self.hear(TimerFired(now_ns))

    # -- to the venue ----------------------------------------------------------------------------------
    def _decide(self, event: Event) -> None:
        thought_ns = 0
        if self._think is not None:
            thought_ns = self._think()
            self._busy_until_ns = self._kernel.time_ns + thought_ns
        try:
            intents = self.strategy.on_event(event)
            if intents:
                self._send(intents, thought_ns)
        except Exception as error:  # noqa: BLE001  # whatever a strategy raises is contained and told
            self._break(error)

    def _send(self, intents: Iterable[Intent], thought_ns: Nanoseconds) -> None:
        kernel, account, carry_out = self._kernel, self.account, self._market.carry_out
        arrives_ns = kernel.time_ns + thought_ns + self._draw_out()
        if arrives_ns < self._left_ns:
            arrives_ns = self._left_ns
        self._left_ns = arrives_ns
        for intent in intents:
            kernel.at(arrives_ns, carry_out, (account, self._command(intent)))

    def _command(self, intent: Intent) -> Command:
        account = self.account
        if isinstance(intent, Place):
            self.orders_sent += 1
            name = ClientOrderId(str(intent.tag))
            post_only = intent.post_only
            if intent.terms or not isinstance(post_only, bool):
                request = request_of(intent, name)
                return self._market.make[type(request)](account, request)
            order_type = intent.order_type or (_MARKET if intent.price is None else _LIMIT)
            return EnterOrder(
                account, name, intent.symbol, intent.side, order_type, intent.time_in_force, intent.quantity,
                intent.price, post_only,
            )  # fmt: skip
        if isinstance(intent, CancelOrder):
            return CancelCommand(account, ClientOrderId(str(intent.tag)))
        if isinstance(intent, ReplaceOrder):
            name = ClientOrderId(str(intent.tag))
            return ReplaceCommand(account, name, intent.quantity, intent.price, intent.stop_price)
        assert isinstance(intent, CancelAll)
        return MassCancel(account, intent.symbol, None)

    def _break(self, error: Exception) -> None:
        """It broke a promise: it trades no more, and leaves nothing in the book."""
        self.running = False
        self.fault = error
        self._kernel.at(
            self._kernel.time_ns + self._draw_out(), self._market.carry_out, (self.account, MassCancel(self.account, None, None))
        )  # fmt: skip
        self._on_fault(self, error)

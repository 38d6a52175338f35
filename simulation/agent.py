"""One trader in virtual time: a strategy, its account, its two ways to and from the venue.

In: reports and public data as the venue publishes them, the ticks of its timer. Out: its commands, at the venue, as late
as its link and its own thinking make them. Promises: messages of one way arrive in the order in which they left, as on a
TCP connection; own reports come before the print of the same trade; what it does is done for its account only. A
strategy that breaks its promises is stopped and named, and does no harm to others.

What a way without latency carries is there at once, before anything else that is due at that time; a strategy's commands
always wait for their turn in the kernel, so that nobody is asked while he is being asked.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from exchange.engine.commands import MassCancel
from exchange.report_messages import Builder
from protocol.messages import Rejected
from protocol.vocabulary import AccountId, Nanoseconds, Request
from protocol.vocabulary import Sequence as Number
from simulation.booking import book
from simulation.containment import FellBehind, Hangs
from simulation.feeds import Look
from simulation.kernel import Kernel, Occurrence
from simulation.latency import Always, Draw
from simulation.mailroom import Mailbox
from simulation.market import Arrival, Market
from simulation.wording import command_of
from traders.book_view import Depth
from traders.containment import Containment
from traders.strategies.base import Strategy
from traders.strategies.chance import nearest
from traders.strategies.intents import Event, Flooded, Intent, Place, Reported, Started, Stopping, TimerFired

_SECOND_NS: Final = 1_000_000_000

# Compiled code looks functions of Python's own up by name at every call; this is called at every tick.
_next: Final = next

Fault = Callable[["Agent", BaseException], None]


class _Tick(Occurrence):
    """A timer fires."""

    __slots__ = ("_agent",)

    def __init__(self, agent: "Agent") -> None:
        self._agent = agent

    def happen(self) -> None:
        self._agent.tick()


class _Report(Occurrence):
    """A report gets there."""

    __slots__ = ("_agent", "_build", "_event", "_reported_ns", "_seq")

    def __init__(
        self, agent: "Agent", build: Builder, seq: Number, reported_ns: Nanoseconds, event: Any
    ) -> None:
        self._agent = agent
        self._build = build
        self._seq = seq
        self._reported_ns = reported_ns
        self._event = event

    def happen(self) -> None:
        self._agent.take(self._build, self._seq, self._reported_ns, self._event)


class _Heard(Occurrence):
    """Something public gets there."""

    __slots__ = ("_agent", "_item")

    def __init__(self, agent: "Agent", item: Event) -> None:
        self._agent = agent
        self._item = item

    def happen(self) -> None:
        self._agent.hear(self._item)


class Agent(Mailbox):
    """Drives one strategy."""

    __slots__ = (
        "_arrived_ns",
        "_bounds",
        "_busy_until_ns",
        "_commands",
        "_draw_in",
        "_draw_out",
        "_fires",
        "_in_ns",
        "_inbox",
        "_kernel",
        "_left_ns",
        "_looks",
        "_market",
        "_most_commands",
        "_on_fault",
        "_out_ns",
        "_reads_reports",
        "_second_ends_ns",
        "_seen",
        "_sees_depth",
        "_seq",
        "_think",
        "_tick",
        "_waits_s",
        "account",
        "fault",
        "group",
        "orders_refused",
        "orders_sent",
        "running",
        "strategy",
    )  # fmt: skip

    def __init__(
        self,
        account: AccountId,
        group: str,
        strategy: Strategy,
        market: Market,
        *,
        waits_s: Iterator[float],
        to_venue: Draw | Nanoseconds,
        from_venue: Draw | Nanoseconds,
        think: Draw | None,
        looks: Iterable[Look],
        bounds: Containment,
        on_fault: Fault,
    ) -> None:
        """``think``: what a decision takes, ``None``: nothing. ``waits_s``: seconds between its timers. ``looks``: what
        it is told of right before each of them, if it is not what it saw before. A number instead of a draw: always so much.
        """
        self.account = account
        self.group = group
        self.strategy = strategy
        self.orders_sent = 0
        self.orders_refused = 0
        self.running = False
        self.fault: BaseException | None = None
        """Why it was stopped, if it broke a promise."""
        self._market = market
        self._kernel: Kernel = market.kernel
        self._waits_s = waits_s
        self._out_ns, self._draw_out = _way(to_venue)
        self._in_ns, self._draw_in = _way(from_venue)
        self._think = think
        self._looks = tuple(looks)
        self._seen: list[Event | None] = [None] * len(self._looks)
        self._bounds = bounds
        self._most_commands = bounds.commands_per_s
        strategy.most_intents = bounds.intents_per_event
        self._on_fault = on_fault
        self._seq: Number = 0
        self._arrived_ns: Nanoseconds = 0  # when the last message gets to it
        self._left_ns: Nanoseconds = 0  # when its last command gets to the venue
        self._busy_until_ns: Nanoseconds = 0
        self._inbox: deque[Event] = deque()  # what came while it was thinking
        self._second_ends_ns: Nanoseconds = 0
        self._commands = 0  # in that second
        # What a strategy does not hook into changes its state, and that is all: it need not be asked.
        # One that thinks takes its time about everything, and one that has its own ``on_event`` wants to see it.
        quick = think is None and _is_plain(strategy, "on_event")
        self._reads_reports = not (quick and _is_plain(strategy, "on_report"))
        self._sees_depth = quick and _is_plain(strategy, "on_depth")
        self._fires = quick
        market.mailroom.mailboxes[account] = self
        self._tick = _Tick(self)  # one for all: there is never more than one to come

    @property
    def in_ns(self) -> Nanoseconds | None:
        """What everything takes that the venue tells it; ``None``: now more, now less."""
        return self._in_ns

    # -- from the venue --------------------------------------------------------------------------------
    def put(self, build: Builder, at_ns: Nanoseconds, event: Any) -> None:
        """The venue reports: it gets there later."""
        self._seq = seq = self._seq + 1
        if self._in_ns == 0:
            self._kernel.handled += 1
            self.take(build, seq, at_ns, event)
        else:
            self._kernel.put(self._arrival_ns(), _Report(self, build, seq, at_ns, event))

    def _arrival_ns(self) -> Nanoseconds:
        """When what leaves the venue now gets here: not before what left it before."""
        wait_ns = self._in_ns
        if wait_ns is not None:
            return self._kernel.time_ns + wait_ns
        arrives_ns = self._kernel.time_ns + self._draw_in.ns()
        if arrives_ns < self._arrived_ns:
            return self._arrived_ns
        self._arrived_ns = arrives_ns
        return arrives_ns

    def take(self, build: Builder, seq: Number, at_ns: Nanoseconds, event: Any) -> None:
        """A report has got there."""
        if not self._reads_reports and self.running and book(self.strategy, build, at_ns, event):
            return
        message: Any = build(seq, at_ns, event)
        name = getattr(message, "client_order_id", None)
        tag = None if name is None else int(name)
        if type(message) is Rejected and message.request is Request.NEW:
            self.orders_refused += 1
        self.hear(Reported(tag, message))

    def send_public(self, item: Event) -> None:
        """Something public is on its way."""
        self._kernel.put(self._arrival_ns(), _Heard(self, item))

    def hear(self, event: Event) -> None:
        """Something has got there."""
        if not self.running:
            return
        if self._think is not None and (self._inbox or self._busy_until_ns > self._kernel.time_ns):
            self._wait(event)
        elif self._sees_depth and type(event) is Depth:
            self.strategy.see_depth(event)
        else:
            self._decide(event)

    def _wait(self, event: Event) -> None:
        """It is still thinking."""
        inbox = self._inbox
        inbox.append(event)
        if len(inbox) == 1:
            self._kernel.at(self._busy_until_ns, self._go_on)
        elif len(inbox) > self._bounds.inbox:
            self._break(FellBehind(f"more than {self._bounds.inbox} events wait while it thinks"))

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
        if self.running:
            wait_s = _next(self._waits_s, None)
            if wait_s is not None:
                self._kernel.put(self._kernel.time_ns + (nearest(wait_s * _SECOND_NS) or 1), self._tick)

    def stop(self) -> None:
        """The session is about to end: its last words are still carried out."""
        if self.running:
            self._inbox.clear()
            self._decide(Stopping())
            self.running = False

    def tick(self) -> None:
        """Its timer fires."""
        if not self.running:
            return
        kernel = self._kernel
        now_ns = kernel.time_ns
        wait_s = _next(self._waits_s, None)
        if wait_s is not None:
            kernel.put(now_ns + (nearest(wait_s * _SECOND_NS) or 1), self._tick)
        if self._looks:
            self._look_around(now_ns)
        if self._think is not None:
            self.hear(TimerFired(now_ns))
            return
        if self.fault is not None:  # of what it saw
            return
        # As ``_decide``, written out: most decisions are made here.
        market = self._market
        market.decisions += 1
        market.deciding = True
        try:
            strategy = self.strategy
            intents = strategy.fire_timer(now_ns) if self._fires else strategy.on_event(TimerFired(now_ns))
            if intents:
                self._send(intents, 0)
        except (Exception, SystemExit, Hangs) as error:  # noqa: BLE001  # whatever a strategy raises is contained and told
            self._break(error)
        finally:
            market.deciding = False

    def _look_around(self, now_ns: Nanoseconds) -> None:
        """It sees what it would have been told by now."""
        wait_ns = self._in_ns
        at_ns = now_ns - (self._draw_in.ns() if wait_ns is None else wait_ns)
        seen = self._seen
        number = -1  # counted by hand: compiled, a day takes longer with ``enumerate``
        for look in self._looks:
            number += 1
            item = look.at(at_ns)
            if item is not None and item is not seen[number]:
                seen[number] = item
                self._kernel.handled += 1
                self.hear(item)

    # -- to the venue ----------------------------------------------------------------------------------
    def _decide(self, event: Event) -> None:
        thought_ns = 0
        if self._think is not None:
            thought_ns = self._think.ns()
            self._busy_until_ns = self._kernel.time_ns + thought_ns
        market = self._market
        market.decisions += 1
        market.deciding = True
        try:
            intents = self.strategy.on_event(event)
            if intents:
                self._send(intents, thought_ns)
        except (Exception, SystemExit, Hangs) as error:  # noqa: BLE001  # whatever a strategy raises is contained and told
            self._break(error)
        finally:
            market.deciding = False

    def _send(self, intents: Sequence[Intent], thought_ns: Nanoseconds) -> None:
        kernel, market, strategy, account = self._kernel, self._market, self.strategy, self.account
        now_ns = kernel.time_ns
        if now_ns >= self._second_ends_ns:
            self._second_ends_ns = now_ns + _SECOND_NS
            self._commands = 0
        self._commands += len(intents)
        if self._commands > self._most_commands:
            raise Flooded(f"more than {self._bounds.commands_per_s} commands in a second")
        wait_ns = self._out_ns
        arrives_ns = now_ns + thought_ns + (self._draw_out.ns() if wait_ns is None else wait_ns)
        if arrives_ns < self._left_ns:
            arrives_ns = self._left_ns
        self._left_ns = arrives_ns
        make = market.make
        for intent in intents:
            if type(intent) is Place:
                self.orders_sent += 1
            kernel.put(arrives_ns, Arrival(market, command_of(strategy, account, intent, make)))

    def _break(self, error: BaseException) -> None:
        """It broke a promise: it trades no more, and leaves nothing in the book, once what it sent before is there."""
        self.running = False
        self.fault = error
        self._inbox.clear()
        wait_ns = self._out_ns
        leaves_ns = self._kernel.time_ns + (self._draw_out.ns() if wait_ns is None else wait_ns)
        self._kernel.put(
            max(leaves_ns, self._left_ns), Arrival(self._market, MassCancel(self.account, None, None))
        )
        self._on_fault(self, error)


def _way(wait: Draw | Nanoseconds) -> tuple[Nanoseconds | None, Draw]:
    """What it always takes, if it always takes as long; and what tells how long it takes."""
    return (wait, Always(wait)) if isinstance(wait, int) else (None, wait)


def _is_plain(strategy: Strategy, hook: str) -> bool:
    """Whether it left a method as it came, in its class and in itself."""
    left = getattr(type(strategy), hook) is getattr(Strategy, hook)
    return left and hook not in getattr(strategy, "__dict__", ())

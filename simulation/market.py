"""A venue in virtual time: engine, ledger, risk, phases and schedule of the real one, without sockets and journal.

In: the configuration of a venue, a kernel; then commands of accounts. Out: reports in the agents' mailboxes, public
data in the feeds, and every turn's commands and events for whoever keeps or hashes them. What a command does, here and
on a venue that is served, is done by the same objects: ``exchange.venue``, ``exchange.schedule``, ``exchange.engine``.
"""

from collections.abc import Callable
from typing import Any, Final

from exchange.access import Access
from exchange.applying import changes, contradictions
from exchange.config import VenueConfig
from exchange.engine.commands import Command, MassCancel
from exchange.engine.engine import Engine, Events
from exchange.engine.events import (
    AuctionTrade,
    OrderAccepted,
    OrderCanceled,
    OrderReplaced,
    RequestRejected,
    Trade,
)
from exchange.engine.sequencer import Sequencer, Turn
from exchange.intake import order_entry
from exchange.peers import Touched
from exchange.schedule import Schedule
from exchange.standing import instrument_info
from exchange.venue import Venue
from exchange.venue_file import one_of
from protocol.errors import ConfigError
from protocol.messages import InstrumentInfo
from protocol.vocabulary import AccountId, ClientOrderId, Nanoseconds, Symbol
from simulation.feeds import Feed
from simulation.kernel import Kernel, Occurrence
from simulation.mailroom import Mailroom

_OF_ONE_ORDER: Final = frozenset((OrderAccepted, OrderReplaced, OrderCanceled))
"""Events that have a symbol: nearly all that come alone."""

_TURN: Final = 1_024
"""Commands between two looks of those who keep the log."""


class Arrival(Occurrence):
    """A command of an account gets to the venue."""

    __slots__ = ("_command", "_market")

    def __init__(self, market: "Market", command: Command) -> None:
        self._market = market
        self._command = command

    def happen(self) -> None:
        self._market.carry_out(self._command)


class Market:
    """One venue, run by a kernel."""

    def __init__(self, config: VenueConfig, kernel: Kernel, *, clear_after_trade: bool = False) -> None:
        """``clear_after_trade``: every trade voids all open orders.

        Raises:
            ConfigError: the configuration asks for what the engine refuses.
        """
        self.config = config
        self.kernel = kernel
        self.on_turn: list[Callable[[Turn], None]] = []
        """Who is shown all commands and their events, some at a time, in order."""
        self.on_trade: list[Callable[[Nanoseconds, Trade | AuctionTrade], None]] = []
        """Who is told of every trade as it happens."""
        self.decisions = 0
        """How often a strategy was asked so far."""
        self.deciding = False
        """Whether one is being asked right now."""
        self.keeps_tape = False
        """Whether trades are kept while nobody reads market data, for sessions that come later."""
        self.touched: Touched = []
        """Sessions that have something to be sent."""
        self.sequencer = Sequencer(Engine(), kernel.now_ns)
        self.mailroom = Mailroom(self.touched)
        self.venue = Venue(config.name, self.sequencer, self.mailroom, self.touched, Access(open=True))
        self._market_data = self.venue.market_data
        self._accounts = self.venue.engine.accounts.by_name
        self._clears = clear_after_trade
        self._clearing = False
        self._taken = 0
        self._schedule = Schedule(self.venue, config)
        self._due_ns: Nanoseconds | None = None
        self.make = order_entry(self._note_deadline)
        """By type of a request: what makes the command out of it."""
        self._found()
        self.feeds: dict[Symbol, Feed] = {
            symbol: Feed(book) for symbol, book in self.venue.engine.books.items()
        }
        self.mailroom.public = self._publish
        self.mailroom.forget = self._forget
        self._schedule.start(kernel.time_ns, 0)
        self._schedule.on_sooner = self._keep_schedule
        self.venue.on_deadline = self._note_deadline
        self._keep_schedule()

    @property
    def instruments(self) -> list[InstrumentInfo]:
        """As a welcome tells them."""
        return [instrument_info(book) for book in self.venue.engine.books.values()]

    def carry_out(self, command: Command) -> None:
        """A command of an account has arrived."""
        events = self.sequencer.submit(command)
        self.mailroom.deliver(command.at_ns, events)
        market_data = self._market_data
        if market_data.active:
            market_data.publish(command.at_ns, events)
            market_data.flush()  # every command is a turn
        elif self.keeps_tape and len(events) > 1:
            market_data.note(command.at_ns, events)
        if self.sequencer.last_seq - self._taken >= _TURN:
            self.take_turn()

    def decision(self) -> int:
        """The number of the decision under way; 0: nobody is being asked."""
        return self.decisions if self.deciding else 0

    def act(self, command: Command) -> Events:
        """A command of the venue itself."""
        events = self.venue.act(command)
        self.venue.market_data.flush()
        return events

    def take_turn(self) -> None:
        """Show what happened since the last time to those who keep it."""
        turn = self.sequencer.take_turn()
        self._taken = self.sequencer.last_seq
        if turn is not None:
            for look in self.on_turn:
                look(turn)

    def cancel_all(self) -> None:
        """Void every open order of everybody."""
        if any(side.keys for book in self.venue.engine.books.values() for side in book.sides):
            self.act(MassCancel(None, None, None))

    # -- what follows from a command -------------------------------------------------------------------
    def _publish(self, at_ns: Nanoseconds, events: Events) -> None:
        """Public data, after the private reports."""
        feeds = self.feeds
        event: Any
        traded = False
        if len(events) == 1:
            first: Any = events[0]
            kind = type(first)
            symbol = first.symbol if kind in _OF_ONE_ORDER else getattr(first, "symbol", None)
            if symbol is not None and kind is not RequestRejected:
                feed = feeds[symbol]
                if feed.tells_best or feed.on_depth:
                    feed.changed(at_ns)
            return
        symbols: dict[Symbol, None] = {}
        for event in events:
            symbol = getattr(event, "symbol", None)
            if symbol is None:
                continue
            symbols[symbol] = None
            if type(event) is Trade or type(event) is AuctionTrade:
                traded = True
                feeds[symbol].traded(at_ns, event)
                for tell in self.on_trade:
                    tell(at_ns, event)
        for symbol in symbols:
            feeds[symbol].changed(at_ns)
        if traded and self._clears and not self._clearing:
            self._clearing = True
            self.cancel_all()
            self._clearing = False

    def _forget(self, account: AccountId, name: ClientOrderId) -> None:
        """An order of an agent is done."""
        orders = self._accounts[account].orders
        # One that was replaced while it traded may go on under its name.
        if name in orders and not orders[name].leaves:
            del orders[name]

    def _note_deadline(self, deadline_ns: Nanoseconds) -> None:
        """An order or a dead-man switch has one; it may still be on its way to the engine, so that the schedule knows
        nothing of it.
        """
        self.kernel.at(deadline_ns, self._act_on_schedule, deadline_ns)

    # -- what the venue does by the clock ----------------------------------------------------------------
    def _keep_schedule(self) -> None:
        """See to it that the kernel wakes the venue when something is due."""
        next_ns = self._schedule.next_ns()
        self._schedule.wait_s(self.kernel.time_ns)
        if next_ns is not None and (self._due_ns is None or next_ns < self._due_ns):
            self._due_ns = next_ns
            self.kernel.at(next_ns, self._act_on_schedule, next_ns)

    def _act_on_schedule(self, due_ns: Nanoseconds) -> None:
        if self._due_ns == due_ns:
            self._due_ns = None
        self._schedule.act(self.kernel.time_ns)
        self.venue.market_data.flush()
        self._keep_schedule()

    def _found(self) -> None:
        """Make the venue as its configuration says.

        Raises:
            ConfigError: the engine refuses something of it.
        """
        engine = self.venue.engine
        faults = contradictions(self.config, engine)
        for change in [] if faults else changes(self.config, engine):
            first = self.venue.act(change.command)[0]
            if isinstance(first, RequestRejected):
                faults.append(ConfigError(change.key, first.text))
        if faults:
            raise one_of(faults)

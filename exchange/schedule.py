"""What the venue does by the clock: phases of the day, ends of auctions, expiry, the end of the day.

In: the times of the venue file, events about phases, deadlines of orders and of dead-man switches, the
time. Out: commands, through the same door as everybody's. Knows what is due and when the next thing will be; whoever runs
the venue has one task that waits for it.

Nothing is remembered that the journal does not bring back. On a start the phase that the plan says
holds now is taken up, with two exceptions while no planned time has passed since the last command:
a halt stays, for only an operator could have called it, and a volatility auction goes on, with its
full time before it.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Final, NamedTuple

import structlog

from exchange.config import ScheduledPhase, VenueConfig
from exchange.engine.commands import ChangePhase, EndDay, ExpireOrders
from exchange.engine.events import AuctionExtended
from exchange.reports import PhaseEvent
from exchange.venue import Venue
from protocol.vocabulary import Nanoseconds, Phase, Symbol

log = structlog.get_logger()

LONGEST_WAIT_S: Final = 30.0
"""The machine's clock may be set while the venue waits; after this it looks again."""

_SECOND_NS: Final = 1_000_000_000
_KEPT_ON_START: Final = frozenset((Phase.HALT, Phase.VOLATILITY_AUCTION))


class _Change(NamedTuple):
    """A phase that is due at a time."""

    at_ns: Nanoseconds
    phase: Phase
    forced: bool = False


class Plan:
    """The times of day of one venue."""

    def __init__(self, schedule: Iterable[ScheduledPhase], day_ends: time | None) -> None:
        self._schedule = sorted(schedule, key=lambda entry: entry.at)
        self._day_ends = day_ends

    def last_phase(self, symbol: Symbol, now_ns: Nanoseconds) -> _Change | None:
        """The phase that holds at ``now_ns``, and since when; ``None`` for who is in no schedule."""
        entries = self._of(symbol)
        if not entries:
            return None
        # The last one that has begun; early in the day that is yesterday's last.
        last = max(entries, key=lambda entry: _last(entry.at, now_ns))
        return _Change(_last(last.at, now_ns), last.phase)

    def last_day_end(self, now_ns: Nanoseconds) -> Nanoseconds | None:
        """When the trading day before this one ended; ``None`` if days never end."""
        return None if self._day_ends is None else _last(self._day_ends, now_ns)

    def next_ns(self, after_ns: Nanoseconds) -> Nanoseconds | None:
        """The next time of day at which anything is planned."""
        times = [entry.at for entry in self._schedule]
        if self._day_ends is not None:
            times.append(self._day_ends)
        return min((_next(at, after_ns) for at in times), default=None)

    def _of(self, symbol: Symbol) -> list[ScheduledPhase]:
        return [entry for entry in self._schedule if entry.symbols is None or symbol in entry.symbols]


class Schedule:
    """Carries out what is due. One for a venue; it listens to the venue from the moment it is made."""

    def __init__(self, venue: Venue, config: VenueConfig) -> None:
        self._venue = venue
        self._plan = Plan(config.schedule, config.day_ends_utc)
        self._volatility_auction_ns = config.volatility_auction_s * _SECOND_NS
        self._extension_ns = config.auction_extension_s * _SECOND_NS
        self._done_ns: Nanoseconds = 0  # what was planned until then is done
        self._auctions: dict[Symbol, _Change] = {}  # calls that end by themselves, and how
        self._wanted: dict[Symbol, Phase] = {}  # where the change under way leads
        self._waits_until_ns: Nanoseconds | None = None
        self.on_sooner: Callable[[], None] | None = None
        """Called when something is to be done sooner than ``wait_s`` said."""
        venue.reports.on_phase = self._on_phase
        venue.on_deadline = self._on_deadline

    def start(self, now_ns: Nanoseconds, last_at_ns: Nanoseconds) -> None:
        """Catch up with what was planned while the venue was down.

        ``last_at_ns``: the time of its last command, 0 for a new one, which has missed nothing.
        """
        self._done_ns = last_at_ns
        self._expire(now_ns)
        books = self._venue.engine.books
        self._catch_up(
            now_ns,
            [
                (symbol, change)
                for symbol, change in self._held(now_ns)
                if change.at_ns > last_at_ns or books[symbol].phase not in _KEPT_ON_START
            ],
        )
        for symbol, book in books.items():
            if book.phase is Phase.VOLATILITY_AUCTION and symbol not in self._auctions:
                self._end_later(symbol, now_ns + self._volatility_auction_ns, Phase.CONTINUOUS)

    def replan(self, config: VenueConfig, now_ns: Nanoseconds) -> None:
        """Go by another plan from now on. What it has for earlier today is past: phases stay until its next time."""
        self.act(now_ns)
        self._plan = Plan(config.schedule, config.day_ends_utc)
        self._volatility_auction_ns = config.volatility_auction_s * _SECOND_NS
        self._extension_ns = config.auction_extension_s * _SECOND_NS
        self._done_ns = max(self._done_ns, now_ns)
        self._do_sooner()

    def take_up(self, symbol: Symbol) -> None:
        """An instrument was listed while the venue runs: it goes to the phase that the plan says holds."""
        planned = self._plan.last_phase(symbol, self._venue.sequencer.last_at_ns)
        if planned is not None and self._venue.engine.books[symbol].phase is not planned.phase:
            self._change(symbol, planned.phase)

    def act(self, now_ns: Nanoseconds) -> bool:
        """Carry out everything that is due; whether there was anything."""
        before = self._venue.sequencer.last_seq
        self._expire(now_ns)
        due = [(symbol, change) for symbol, change in self._auctions.items() if change.at_ns <= now_ns]
        for symbol, change in sorted(due, key=lambda one: (one[1].at_ns, one[0])):
            self._change(symbol, change.phase, forced=change.forced)
        planned_ns = self._plan.next_ns(self._done_ns)
        if planned_ns is not None and planned_ns <= now_ns:
            self._catch_up(
                now_ns,
                [(symbol, change) for symbol, change in self._held(now_ns) if change.at_ns > self._done_ns],
            )
        return self._venue.sequencer.last_seq != before

    def next_ns(self) -> Nanoseconds | None:
        """When ``act`` is to be called next; ``None``: nothing is planned."""
        times = [change.at_ns for change in self._auctions.values()]
        times += [
            at_ns
            for at_ns in (self._venue.engine.next_deadline_ns(), self._plan.next_ns(self._done_ns))
            if at_ns is not None
        ]
        return min(times, default=None)

    def wait_s(self, now_ns: Nanoseconds) -> float:
        """For how long there is nothing to do from now on, in seconds, or until ``on_sooner`` is called."""
        self._waits_until_ns = self.next_ns()
        if self._waits_until_ns is None:
            return LONGEST_WAIT_S
        return min(LONGEST_WAIT_S, max(self._waits_until_ns - now_ns, 0) / _SECOND_NS)

    # -- what is due ---------------------------------------------------------------------------

    def _held(self, now_ns: Nanoseconds) -> list[tuple[Symbol, _Change]]:
        """The planned phase of every instrument that has one."""
        held = ((symbol, self._plan.last_phase(symbol, now_ns)) for symbol in self._venue.engine.books)
        return [(symbol, change) for symbol, change in held if change is not None]

    def _catch_up(self, now_ns: Nanoseconds, changes: list[tuple[Symbol, _Change]]) -> None:
        """Changes of phase, and the end of the day between them where its time is; phases before a day's end
        at the same time, so that the closing auction has its orders.
        """
        day_end_ns = self._plan.last_day_end(now_ns)
        if day_end_ns is not None and not 0 < self._done_ns < day_end_ns:
            day_end_ns = None
        for symbol, change in sorted(changes, key=lambda one: one[1].at_ns):
            if day_end_ns is not None and change.at_ns > day_end_ns:
                self._end_day()
                day_end_ns = None
            if self._venue.engine.books[symbol].phase is not change.phase:
                self._change(symbol, change.phase)
        if day_end_ns is not None:
            self._end_day()
        self._done_ns = max(self._done_ns, now_ns)

    def _expire(self, now_ns: Nanoseconds) -> None:
        deadline_ns = self._venue.engine.next_deadline_ns()
        if deadline_ns is not None and deadline_ns <= now_ns:
            self._venue.act(ExpireOrders(now_ns))

    def _end_day(self) -> None:
        events = self._venue.act(EndDay())
        log.info("day_ended", events=len(events))

    def _change(self, symbol: Symbol, phase: Phase, *, forced: bool = False) -> None:
        self._auctions.pop(symbol, None)
        self._wanted[symbol] = phase
        self._venue.act(ChangePhase(symbol, phase, forced=forced))
        del self._wanted[symbol]

    # -- what happens --------------------------------------------------------------------------

    def _on_phase(self, event: PhaseEvent) -> None:
        """An auction that the market called, or that went on too far from the reference price, needs an end."""
        symbol, now_ns = event.symbol, self._venue.sequencer.last_at_ns
        if isinstance(event, AuctionExtended):
            phase = self._wanted.get(symbol) or _after(event.phase)
            self._end_later(symbol, now_ns + self._extension_ns, phase, forced=True)
            log.info("auction_extended", symbol=symbol, phase=event.phase, price=event.price)
            return
        log.info("phase_changed", symbol=symbol, phase=event.phase, previous=event.previous)
        if event.phase is not event.previous:
            self._auctions.pop(symbol, None)
            if event.phase is Phase.VOLATILITY_AUCTION:
                self._end_later(symbol, now_ns + self._volatility_auction_ns, Phase.CONTINUOUS)

    def _end_later(self, symbol: Symbol, at_ns: Nanoseconds, phase: Phase, *, forced: bool = False) -> None:
        self._auctions[symbol] = _Change(at_ns, phase, forced)
        self._on_deadline(at_ns)

    def _on_deadline(self, at_ns: Nanoseconds) -> None:
        if self._waits_until_ns is None or at_ns < self._waits_until_ns:
            self._do_sooner()

    def _do_sooner(self) -> None:
        if self.on_sooner is not None:
            self.on_sooner()


def _after(call: Phase) -> Phase:
    """Where a call leads if nobody says otherwise."""
    return Phase.CLOSED if call is Phase.CLOSING_AUCTION else Phase.CONTINUOUS


def _last(at: time, now_ns: Nanoseconds) -> Nanoseconds:
    """The last moment until ``now_ns``, included, at which it was that time of day."""
    now = datetime.fromtimestamp(now_ns // _SECOND_NS, UTC)
    moment = datetime.combine(now.date(), at, UTC)
    moment_ns = _ns(moment)
    return moment_ns if moment_ns <= now_ns else _ns(moment - timedelta(days=1))


def _next(at: time, after_ns: Nanoseconds) -> Nanoseconds:
    """The first moment after ``after_ns`` at which it is that time of day."""
    return _last(at, after_ns) + 24 * 3600 * _SECOND_NS


def _ns(moment: datetime) -> Nanoseconds:
    passed = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (passed.days * 86_400 + passed.seconds) * _SECOND_NS + passed.microseconds * 1_000

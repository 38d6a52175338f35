"""What the venue does by the clock. The clock stands where a test puts it; nothing waits."""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from typing import Any

import pytest

from exchange.access import Access
from exchange.config import ScheduledPhase, VenueConfig
from exchange.engine.commands import ArmDeadMan, ChangePhase, EnterOrder, Terms
from exchange.engine.events import (
    AuctionExtended,
    AuctionHeld,
    AuctionTrade,
    DayEnded,
    DeadManFired,
    Event,
    OrderCanceled,
    OrdersExpired,
    PhaseChanged,
)
from exchange.journal.log import VenueImage
from exchange.journal.recovery import State, start_from
from exchange.peers import Touched
from exchange.schedule import Plan, Schedule
from exchange.venue import Venue
from protocol.clock import ManualClock
from protocol.vocabulary import (
    AccountId,
    CancelReason,
    ClientOrderId,
    OrderType,
    Phase,
    Side,
    Symbol,
    TimeInForce,
)
from tests.support.wire_requests import ACME, listing

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
BOLT = Symbol("BOLT")

OPEN_AT_NINE = (
    ScheduledPhase(at=time(8), phase=Phase.PRE_OPEN),
    ScheduledPhase(at=time(9), phase=Phase.CONTINUOUS),
    ScheduledPhase(at=time(17), phase=Phase.CLOSING_AUCTION),
    ScheduledPhase(at=time(17, 5), phase=Phase.CLOSED),
)


def at_ns(clock: str, day: int = 0) -> int:
    hours, minutes, *seconds = map(int, clock.split(":"))
    return (
        int(MONDAY.timestamp()) + day * 86_400 + hours * 3_600 + minutes * 60 + sum(seconds)
    ) * 1_000_000_000


class Market:
    """A venue with a schedule, started at a time of day, without tasks and sockets."""

    def __init__(self, clock: str, image: VenueImage | None = None, day: int = 0, **settings: Any) -> None:
        listed = settings.pop("listed", {})
        self.config = VenueConfig(**({"schedule": OPEN_AT_NINE} | settings))
        self.clock = ManualClock(at_ns(clock, day))
        touched: Touched = []
        self.state: State = start_from(image, self.clock.now_ns, touched)
        self.venue = Venue("test", self.state.sequencer, self.state.reports, touched, Access(open=True))
        self.schedule = Schedule(self.venue, self.config)
        last_at_ns = self.state.sequencer.last_at_ns
        if image is None:
            self.venue.act(listing(**listed))
            self.venue.act(listing(symbol=BOLT))
            self.events()
        self.schedule.start(self.clock.now_ns(), last_at_ns)

    def at(self, clock: str, day: int = 0) -> list[Event]:
        """Let it be this time of day, and carry out what is due by then, each thing in its time."""
        until_ns = at_ns(clock, day)
        while (due_ns := self.schedule.next_ns()) is not None and due_ns <= until_ns:
            self.clock.advance(ns=max(0, due_ns - self.clock.now_ns()))
            assert self.schedule.act(self.clock.now_ns()) or self.schedule.next_ns() != due_ns
        self.clock.advance(ns=until_ns - self.clock.now_ns())
        return self.events()

    def events(self) -> list[Event]:
        """What happened since the last call."""
        turn = self.venue.take_turn()
        return [event for events in turn.events for event in events] if turn else []

    def restarted(self, clock: str, day: int = 0, **settings: Any) -> "Market":
        """The same venue after it was down until then."""
        return Market(clock, self.state.image(), day, **settings)

    def phase(self, symbol: Symbol = ACME) -> Phase:
        return self.venue.engine.books[symbol].phase

    def enter(self, name: str, side: Side, price: int | None, quantity: int = 10, **fields: Any) -> None:
        order_type = OrderType.MARKET if price is None else OrderType.LIMIT
        time_in_force = fields.pop("time_in_force", TimeInForce.GTC)
        terms = Terms(**fields) if fields else None
        if terms is not None and terms.expires_at_ns is not None:
            assert self.venue.on_deadline is not None
            self.venue.on_deadline(terms.expires_at_ns)
        self.venue.act(
            EnterOrder(
                AccountId("anna"), ClientOrderId(name), ACME, side, order_type, time_in_force, quantity, price,
                terms=terms,
            )
        )  # fmt: skip


def phases(events: list[Event], symbol: Symbol = ACME) -> Iterator[Phase]:
    return (event.phase for event in events if isinstance(event, PhaseChanged) and event.symbol == symbol)


@pytest.mark.parametrize(
    ("clock", "phase"),
    [
        ("07:59:59", Phase.CLOSED),  # since yesterday
        ("08:00:00", Phase.PRE_OPEN),
        ("08:59:59", Phase.PRE_OPEN),
        ("09:00:00", Phase.CONTINUOUS),
        ("17:04:59", Phase.CLOSING_AUCTION),
        ("23:00:00", Phase.CLOSED),
    ],
)
def test_a_venue_starts_in_the_phase_that_the_schedule_says_holds(clock: str, phase: Phase) -> None:
    market = Market(clock)

    assert market.phase() is phase


def test_a_day_goes_through_its_phases_and_holds_its_auctions_on_the_way() -> None:
    market = Market("07:00:00")
    market.at("08:00:00")
    market.enter("b", Side.BUY, 102)
    market.enter("s", Side.SELL, 98)

    morning = market.at("09:00:00")
    evening = market.at("07:00:00", day=1)

    assert [event.price for event in morning if isinstance(event, AuctionTrade)] == [98]
    assert list(phases(morning)) == [Phase.CONTINUOUS]
    assert list(phases(evening)) == [Phase.CLOSING_AUCTION, Phase.CLOSED]
    assert [event.price for event in evening if isinstance(event, AuctionHeld) and event.symbol == ACME] == [
        None
    ]


def test_only_the_instruments_that_are_named_are_moved() -> None:
    schedule = (ScheduledPhase(at=time(12), phase=Phase.HALT, symbols=["ACME"]),)

    market = Market("11:00:00", schedule=schedule)
    before = market.phase()
    market.at("12:00:00")

    # Yesterday's noon is over, too.
    assert (before, market.phase(), market.phase(BOLT)) == (Phase.HALT, Phase.HALT, Phase.CONTINUOUS)


def test_without_a_schedule_nothing_is_moved_and_nothing_is_waited_for() -> None:
    market = Market("11:00:00", schedule=())

    assert market.phase() is Phase.CONTINUOUS
    assert market.schedule.next_ns() is None


# -- auctions that the market calls ----------------------------------------------------------------
def volatile(market: Market) -> None:
    """A trade at 100, then one that would be at 120."""
    market.enter("s1", Side.SELL, 100)
    market.enter("b1", Side.BUY, 100)
    market.enter("s2", Side.SELL, 120)
    market.enter("b2", Side.BUY, 120)
    assert market.phase() is Phase.VOLATILITY_AUCTION


CORRIDOR = {"dynamic_corridor": 10}


def test_a_volatility_auction_ends_after_its_time() -> None:
    market = Market("10:00:00", listed=CORRIDOR, volatility_auction_s=90)
    volatile(market)
    market.events()

    before = market.at("10:01:29")
    after = market.at("10:01:30")

    assert before == []
    assert [event.price for event in after if isinstance(event, AuctionTrade)] == [120]
    assert list(phases(after)) == [Phase.CONTINUOUS]


def test_a_volatility_auction_that_the_day_overtakes_has_no_end_of_its_own() -> None:
    market = Market("16:59:00", listed=CORRIDOR)
    volatile(market)
    market.events()

    events = market.at("17:04:00")

    assert list(phases(events)) == [Phase.CLOSING_AUCTION]


def test_a_volatility_auction_gets_its_full_time_again_after_a_restart() -> None:
    market = Market("10:00:00", listed=CORRIDOR)
    volatile(market)

    market = market.restarted("10:01:59")

    assert list(phases(market.at("10:03:58"))) == []
    assert list(phases(market.at("10:03:59"))) == [Phase.CONTINUOUS]


def far_from_the_reference(market: Market) -> None:
    """An auction that would be at 120."""
    market.enter("b", Side.BUY, 120)
    market.enter("s", Side.SELL, 120)


STATIC = {"static_corridor": 5, "reference_price": 100}


def test_an_auction_outside_the_static_corridor_is_extended_once_and_then_held() -> None:
    market = Market("08:30:00", listed=STATIC, auction_extension_s=60)
    far_from_the_reference(market)
    market.events()

    at_nine = market.at("09:00:00")
    in_between = market.at("09:00:59")
    at_last = market.at("09:01:00")

    assert [event.price for event in at_nine if isinstance(event, AuctionExtended)] == [120]
    assert in_between == []
    assert [event.price for event in at_last if isinstance(event, AuctionTrade)] == [120]
    assert list(phases(at_last)) == [Phase.CONTINUOUS]


def test_an_extended_closing_auction_leads_to_the_close() -> None:
    market = Market("17:01:00", listed=STATIC)
    far_from_the_reference(market)

    market.at("17:05:00")
    extended = market.phase()
    market.at("17:07:00")

    assert (extended, market.phase()) == (Phase.CLOSING_AUCTION, Phase.CLOSED)


def test_an_auction_that_an_operator_could_not_hold_is_held_in_the_end() -> None:
    market = Market("10:00:00", listed=STATIC)
    market.venue.act(ChangePhase(ACME, Phase.INTRADAY_AUCTION))
    far_from_the_reference(market)
    market.venue.act(ChangePhase(ACME, Phase.CONTINUOUS))
    extended = market.phase()

    market.at("10:02:00")

    assert (extended, market.phase()) == (Phase.INTRADAY_AUCTION, Phase.CONTINUOUS)


# -- operators -------------------------------------------------------------------------------------
def test_a_phase_that_an_operator_chose_lasts_until_the_next_one_of_the_schedule() -> None:
    market = Market("10:00:00")
    market.venue.act(ChangePhase(ACME, Phase.HALT))
    market.events()

    assert market.at("16:59:59") == []
    assert list(phases(market.at("17:00:00"))) == [Phase.CLOSING_AUCTION]


def test_a_halt_outlives_a_restart_until_the_next_phase_of_the_schedule() -> None:
    market = Market("10:00:00")
    market.venue.act(ChangePhase(ACME, Phase.HALT))

    soon = market.restarted("10:30:00")
    late = market.restarted("10:00:00", day=1)

    assert (soon.phase(), late.phase()) == (Phase.HALT, Phase.CONTINUOUS)


# -- expiry and the end of the day -----------------------------------------------------------------
def test_an_order_goes_at_its_deadline_and_not_before() -> None:
    market = Market("10:00:00")
    deadline_ns = at_ns("10:20:00")
    market.enter("b", Side.BUY, 90, time_in_force=TimeInForce.GTD, expires_at_ns=deadline_ns)
    market.events()

    assert market.schedule.next_ns() == deadline_ns
    assert market.at("10:19:59") == []
    canceled, expired = market.at("10:20:00")
    assert isinstance(canceled, OrderCanceled)
    assert canceled.reason is CancelReason.EXPIRED
    assert expired == OrdersExpired(1)


def test_an_order_that_expired_while_the_venue_was_down_takes_part_in_nothing() -> None:
    market = Market("08:30:00")
    market.enter("b", Side.BUY, 100, time_in_force=TimeInForce.GTD, expires_at_ns=at_ns("08:40:00"))
    market.enter("s", Side.SELL, 100)

    market = market.restarted("09:30:00")
    events = market.events()

    assert [type(event) for event in events[:2]] == [OrderCanceled, OrdersExpired]
    assert not [event for event in events if isinstance(event, AuctionTrade)]
    assert market.phase() is Phase.CONTINUOUS


def test_a_closing_auction_is_held_before_the_day_ends_at_the_same_time() -> None:
    market = Market("17:01:00", day_ends_utc=time(17, 5))
    market.enter("b", Side.BUY, 100, time_in_force=TimeInForce.DAY)
    market.enter("s", Side.SELL, 100, time_in_force=TimeInForce.DAY)
    market.events()

    events = market.at("17:05:00")

    assert [type(event) for event in events if isinstance(event, AuctionTrade | DayEnded)] == [
        AuctionTrade,
        DayEnded,
    ]


def test_a_missed_end_of_the_day_comes_before_the_phases_of_the_next() -> None:
    market = Market("17:01:00", day_ends_utc=time(17, 30))
    market.enter("b", Side.BUY, 100, time_in_force=TimeInForce.DAY)
    market.enter("s", Side.SELL, 100, time_in_force=TimeInForce.DAY)

    evening = market.restarted("17:10:00", day_ends_utc=time(17, 30))
    next_day = market.restarted("10:00:00", day=1, day_ends_utc=time(17, 30))

    assert [type(event) for event in evening.events() if isinstance(event, AuctionTrade | DayEnded)] == [
        AuctionTrade
    ]
    assert [type(event) for event in next_day.events() if isinstance(event, AuctionTrade | DayEnded)] == [
        DayEnded
    ]


def test_a_day_ends_once() -> None:
    market = Market("16:00:00", day_ends_utc=time(20))

    events = market.at("19:00:00", day=2)

    assert sum(isinstance(event, DayEnded) for event in events) == 2


def test_a_new_venue_has_missed_nothing() -> None:
    market = Market("10:00:00", day_ends_utc=time(9))

    assert not [event for event in market.events() if isinstance(event, DayEnded)]


# -- the plan --------------------------------------------------------------------------------------
def test_the_next_time_is_always_ahead() -> None:
    plan = Plan(OPEN_AT_NINE, time(20))

    assert plan.next_ns(at_ns("08:00:00")) == at_ns("09:00:00")
    assert plan.next_ns(at_ns("17:05:00")) == at_ns("20:00:00")
    assert plan.next_ns(at_ns("20:00:00")) == at_ns("08:00:00", day=1)


# -- dead men ----------------------------------------------------------------------------------------
def test_a_dead_man_switch_fires_at_its_deadline_and_not_before() -> None:
    market = Market("10:00:00")
    deadline_ns = at_ns("10:20:00")
    market.enter("b", Side.BUY, 90)
    market.venue.act(ArmDeadMan(AccountId("anna"), deadline_ns))
    market.events()

    assert market.schedule.next_ns() == deadline_ns
    assert market.at("10:19:59") == []
    canceled, fired = (event for event in market.at("10:20:00") if not isinstance(event, OrdersExpired))
    assert isinstance(canceled, OrderCanceled)
    assert canceled.reason is CancelReason.DEAD_MAN
    assert fired == DeadManFired(AccountId("anna"), 1)


def test_a_dead_man_whose_time_came_while_the_venue_was_down_fires_when_it_starts() -> None:
    market = Market("10:00:00")
    market.enter("b", Side.BUY, 90)
    market.venue.act(ArmDeadMan(AccountId("anna"), at_ns("10:20:00")))

    restarted = market.restarted("10:30:00")

    assert restarted.venue.engine.open_orders(AccountId("anna")) == []


# -- another plan while the venue runs ---------------------------------------------------------------
def replanned(market: Market, **settings: Any) -> None:
    market.schedule.replan(VenueConfig(**settings), market.clock.now_ns())


def test_another_plan_holds_from_its_next_time_on() -> None:
    market = Market("10:00:00")

    replanned(
        market,
        schedule=(
            ScheduledPhase(at=time(9, 30), phase=Phase.HALT),
            ScheduledPhase(at=time(12), phase=Phase.INTRADAY_AUCTION),
        ),
    )
    noon = market.at("12:00:00")
    evening = market.at("17:30:00")

    assert list(phases(noon)) == [Phase.INTRADAY_AUCTION]
    assert list(phases(evening)) == []


def test_what_is_due_by_the_old_plan_is_done_before_the_new_one_holds() -> None:
    market = Market("16:59:00")
    market.clock.advance(seconds=120)

    replanned(market, schedule=())

    assert list(phases(market.events())) == [Phase.CLOSING_AUCTION]
    assert market.schedule.next_ns() is None


def test_a_new_end_of_the_day_that_is_past_today_comes_tomorrow() -> None:
    market = Market("10:00:00", schedule=())

    replanned(market, day_ends_utc=time(9))
    today = market.at("23:00:00")
    tomorrow = market.at("09:00:00", day=1)

    assert today == []
    assert tomorrow == [DayEnded(0)]


def test_volatility_auctions_last_as_long_as_the_new_plan_says() -> None:
    market = Market("10:00:00", listed={"dynamic_corridor": 5, "reference_price": 100})
    replanned(market, schedule=OPEN_AT_NINE, volatility_auction_s=7)
    market.enter("s", Side.SELL, 120)

    market.enter("b", Side.BUY, 120)

    assert market.phase() is Phase.VOLATILITY_AUCTION
    assert market.schedule.next_ns() == at_ns("10:00:07")


@pytest.mark.parametrize(("clock", "phase"), [("10:00:00", Phase.CONTINUOUS), ("18:00:00", Phase.CLOSED)])
def test_an_instrument_that_is_listed_while_the_venue_runs_goes_where_the_plan_says(
    clock: str, phase: Phase
) -> None:
    market = Market(clock)
    corn = Symbol("CORN")
    market.venue.act(listing(symbol=corn))

    market.schedule.take_up(corn)

    assert market.phase(corn) is phase

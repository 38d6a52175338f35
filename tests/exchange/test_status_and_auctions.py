"""The streams of phases and auctions, and what operators may ask for."""

import pytest

from exchange.engine.commands import ChangePhase as ByTheClock
from exchange.venue import Venue
from protocol.checksum import checksum
from protocol.desk import AdminDone, ChangePhase, SetLastPrice
from protocol.fields import Message
from protocol.market import AuctionExtended, AuctionResult, DepthDelta, Indication, PhaseStatus, TradePrint
from protocol.messages import (
    Accepted,
    Cancel,
    Error,
    NewOrder,
    Rejected,
    Subscribe,
    Subscribed,
    TradeReport,
    Triggered,
)
from protocol.vocabulary import (
    Channel,
    ClientOrderId,
    ErrorCode,
    Liquidity,
    OrderType,
    Phase,
    RejectReason,
    Request,
    Side,
    Symbol,
)
from tests.support.in_memory import OPERATORS, Trader, end_turn, open_venue, order
from tests.support.wire_requests import ACME

STATUS = Subscribe(Channel.STATUS, ACME)
AUCTION = Subscribe(Channel.AUCTION, ACME)
WHY = "a test"


def to(venue: Venue, phase: Phase) -> None:
    """As the schedule does."""
    venue.act(ByTheClock(ACME, phase))


def in_call(**settings: object) -> Venue:
    venue = open_venue(**settings)
    to(venue, Phase.PRE_OPEN)
    return venue


def test_a_subscriber_is_told_the_phase_now_and_then_every_change() -> None:
    venue = open_venue()
    watcher = Trader(venue, "watcher")

    told = watcher.ask(STATUS)
    to(venue, Phase.HALT)
    to(venue, Phase.HALT)
    to(venue, Phase.CONTINUOUS)

    assert told == [Subscribed(Channel.STATUS, ACME), PhaseStatus(ACME, 0, Phase.CONTINUOUS)]
    assert watcher.read() == [
        PhaseStatus(ACME, 1, Phase.HALT, Phase.CONTINUOUS, 0),
        PhaseStatus(ACME, 2, Phase.CONTINUOUS, Phase.HALT, 0),
    ]


def test_the_welcome_tells_phase_and_rules() -> None:
    venue = in_call(tick_table=[(100, 5)], band=20)

    welcome = Trader(venue, "late").welcome

    (listed,) = welcome.instruments  # type: ignore[attr-defined]
    assert (listed.phase, listed.tick_table, listed.band) == (Phase.PRE_OPEN, [(100, 5)], 20)


def test_while_a_call_lasts_its_indication_is_told_whenever_it_changed() -> None:
    venue = in_call()
    trader, watcher = Trader(venue, "trader"), Trader(venue, "watcher")
    told = [watcher.ask(AUCTION)[1:]]

    for request in (
        order("b", Side.BUY, 10, 102),
        order("s", Side.SELL, 4, 98),
        order("far", Side.SELL, 4, 150),  # changes nothing
        NewOrder(ClientOrderId("m"), ACME, Side.SELL, 8, order_type=OrderType.MARKET),
        Cancel(ClientOrderId("m")),
    ):
        trader.send(request)
        told.append(watcher.read())

    assert told == [
        [Indication(ACME, 1, 0, 0)],
        [],
        [Indication(ACME, 2, 4, 6, 102)],
        [],
        [Indication(ACME, 3, 10, -2, 98)],
        [Indication(ACME, 4, 4, 6, 102)],
    ]


def test_orders_of_one_turn_are_indicated_once() -> None:
    venue = in_call()
    trader, watcher = Trader(venue, "trader"), Trader(venue, "watcher")
    watcher.ask(AUCTION)

    trader.send(*(order(f"b{n}", Side.BUY, 1, 100) for n in range(50)), order("s", Side.SELL, 20, 100))

    assert watcher.read() == [Indication(ACME, 2, 20, 30, 100)]


def test_a_held_auction_is_told_with_its_result_its_prints_and_its_levels() -> None:
    venue = in_call()
    trader, watcher = Trader(venue, "trader"), Trader(venue, "watcher")
    trader.send(order("b", Side.BUY, 10, 102), order("s", Side.SELL, 4, 98))
    for channel in (Channel.TRADES, Channel.AUCTION, Channel.STATUS, Channel.DEPTH):
        watcher.ask(Subscribe(channel, ACME))

    to(venue, Phase.CONTINUOUS)

    assert watcher.read() == [
        TradePrint(ACME, 1, 1, 0, 102, 4),
        AuctionResult(ACME, 2, 0, 4, 6, 102),
        PhaseStatus(ACME, 1, Phase.CONTINUOUS, Phase.PRE_OPEN, 0),
        DepthDelta(ACME, 1, checksum([(102, 6)], []), [(102, 6)], [(98, 0)]),
    ]


def test_both_sides_of_an_auction_trade_are_told_the_buyer_first() -> None:
    venue = in_call(maker_fee_ppm=10_000, taker_fee_ppm=90_000)
    trader = Trader(venue, "trader")
    trader.ask(order("s", Side.SELL, 4, 98), order("b", Side.BUY, 10, 102))

    to(venue, Phase.CONTINUOUS)

    reports = [message for message in trader.read() if isinstance(message, TradeReport)]
    assert [(one.client_order_id, one.side, one.price, one.leaves) for one in reports] == [
        ("b", Side.BUY, 102, 6),
        ("s", Side.SELL, 102, 0),
    ]
    assert {(one.liquidity, one.fee) for one in reports} == {(Liquidity.AUCTION, 4)}  # both pay as makers


def test_the_book_may_be_crossed_while_a_call_lasts_and_depth_shows_it() -> None:
    venue = in_call()
    trader, watcher = Trader(venue, "trader"), Trader(venue, "watcher")
    watcher.ask(Subscribe(Channel.DEPTH, ACME))

    trader.send(order("b", Side.BUY, 10, 102), order("s", Side.SELL, 4, 98))

    assert watcher.read() == [
        DepthDelta(ACME, 1, checksum([(102, 10)], []), [(102, 10)]),
        DepthDelta(ACME, 2, checksum([(102, 10)], [(98, 4)]), [], [(98, 4)]),
    ]


def test_an_auction_outside_the_corridor_is_told_as_extended() -> None:
    venue = in_call(static_corridor=5, reference_price=100)
    trader, watcher = Trader(venue, "trader"), Trader(venue, "watcher")
    trader.send(order("b", Side.BUY, 1, 120), order("s", Side.SELL, 1, 120))
    watcher.ask(AUCTION)

    to(venue, Phase.CONTINUOUS)
    late = Trader(venue, "late").ask(AUCTION)

    assert watcher.read() == [AuctionExtended(ACME, 2, 0, 120)]
    assert late[1:] == [Indication(ACME, 2, 1, 0, 120)]  # what follows is number three


def test_a_slow_reader_is_shown_how_things_stand_when_it_reads_again() -> None:
    venue = open_venue()
    trader, watcher = Trader(venue, "trader"), Trader(venue, "watcher")
    watcher.ask(STATUS, AUCTION)
    venue.market_data.passes_by(watcher.peer)

    to(venue, Phase.PRE_OPEN)
    trader.send(order("b", Side.BUY, 1, 100))
    end_turn(venue)
    trader.send(order("s", Side.SELL, 1, 100))
    passed_by = watcher.read()
    watcher.peer.slow = False
    venue.market_data.catch_up(watcher.peer)

    assert passed_by == []
    assert watcher.read() == [Indication(ACME, 2, 1, 0, 100), PhaseStatus(ACME, 1, Phase.PRE_OPEN)]


def test_outside_of_a_call_there_is_nothing_to_indicate() -> None:
    venue = open_venue()
    trader, watcher = Trader(venue, "trader"), Trader(venue, "watcher")

    told = watcher.ask(AUCTION)
    trader.send(order("b", Side.BUY, 1, 100), order("s", Side.SELL, 1, 100))

    assert told + watcher.read() == [Subscribed(Channel.AUCTION, ACME)]


# -- operators -------------------------------------------------------------------------------------
def test_an_operator_is_told_that_its_request_is_done_and_nobody_else_is() -> None:
    venue = open_venue()
    operator, trader = Trader(venue, OPERATORS[0]), Trader(venue, "anna")

    told = operator.ask(ChangePhase(ACME, Phase.HALT, WHY), SetLastPrice(ACME, 105, WHY))

    assert told == [
        AdminDone(1, 0, "change_phase", symbol=ACME, text="to halt", line=2),
        AdminDone(2, 0, "set_last_price", symbol=ACME, text="to 105", line=3),
    ]
    assert trader.read() == []


def test_an_operator_is_told_that_the_auction_goes_on_or_can_force_it() -> None:
    venue = in_call(static_corridor=5, reference_price=100)
    operator = Trader(venue, OPERATORS[0])
    Trader(venue, "anna").ask(order("b", Side.BUY, 1, 120), order("s", Side.SELL, 1, 120))

    extended = operator.ask(ChangePhase(ACME, Phase.CONTINUOUS, WHY))
    forced = operator.ask(ChangePhase(ACME, Phase.CONTINUOUS, WHY, forced=True))

    text = "not continuous: the auction would be at 120, so the call goes on"
    assert extended == [AdminDone(1, 0, "change_phase", symbol=ACME, text=text, line=2)]
    assert forced == [AdminDone(2, 0, "change_phase", symbol=ACME, text="to continuous", line=3)]


def test_the_last_price_an_operator_sets_triggers_stops() -> None:
    venue = open_venue()
    operator, trader = Trader(venue, OPERATORS[0]), Trader(venue, "anna")
    trader.ask(
        NewOrder(ClientOrderId("s"), ACME, Side.SELL, 5, order_type=OrderType.STOP, stop_price=100),
    )

    operator.ask(SetLastPrice(ACME, 99, WHY))

    assert isinstance(trader.read()[0], Triggered)


@pytest.mark.parametrize("request_", [ChangePhase(ACME, Phase.HALT, WHY), SetLastPrice(ACME, 1, WHY)])
def test_who_is_no_operator_is_told_so_and_nothing_happens(request_: Message) -> None:
    venue = open_venue()
    anna = Trader(venue, "anna")
    before = venue.sequencer.last_seq

    (told,) = anna.ask(request_)

    assert isinstance(told, Error)
    assert (told.code, told.line) == (ErrorCode.NOT_AN_OPERATOR, 2)
    assert venue.sequencer.last_seq == before


@pytest.mark.parametrize("unknown", ["NOPE", ""])
def test_an_operator_who_errs_is_rejected_like_anybody(unknown: str) -> None:
    venue = open_venue()
    operator = Trader(venue, OPERATORS[0])

    (told,) = operator.ask(
        ChangePhase(Symbol(unknown), Phase.HALT, WHY) if unknown else SetLastPrice(ACME, 0, WHY)
    )

    assert isinstance(told, Rejected)
    assert (told.request, told.seq, told.line) == (Request.ADMIN, 1, 2)
    assert told.reason in (RejectReason.UNKNOWN_SYMBOL, RejectReason.PRICE_NOT_POSITIVE)


def test_what_is_entered_is_accepted_with_every_field() -> None:
    venue = open_venue()
    trader = Trader(venue, "anna")
    entered = NewOrder(
        ClientOrderId("x"), ACME, Side.BUY, 10, 90, post_only=True, display=2, self_trade_group="desk"
    )

    (told,) = trader.ask(entered)

    assert isinstance(told, Accepted)
    assert {name: getattr(told, name) for name in NewOrder.__struct_fields__} == {
        name: getattr(entered, name) for name in NewOrder.__struct_fields__
    }

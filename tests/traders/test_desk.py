"""Intents to requests, reports to events; no socket, no loop."""

from collections.abc import Iterable
from itertools import count
from random import Random

from protocol.desk import AdminDone
from protocol.market import AuctionMessage, AuctionResult, Indication, PhaseStatus, TradePrint
from protocol.messages import (
    Cancel,
    MassCancel,
    MassCanceled,
    NewOrder,
    OpenOrder,
    PositionInfo,
    PrivateMessage,
    Replace,
    Welcome,
)
from protocol.vocabulary import AccountId, ClientOrderId, OrderType, Phase, Side, TimeInForce
from tests.support.scripted_venue import ACME as INFO
from tests.traders.reports import ACME, NOW, accepted, canceled, prevented, printed, rejected, traded
from traders.strategies.base import Parameters, Strategy, Working
from traders.strategies.desk import Desk
from traders.strategies.intents import CancelAll, CancelOrder, Intent, ReplaceOrder


class Scripted(Strategy):
    """Answers the next event with what the test put into ``wishes``, and remembers its reports."""

    def __init__(self) -> None:
        super().__init__([INFO], Parameters(), Random(1))
        self.wishes: list[Intent] = []
        self.seen: list[tuple[PrivateMessage, int | None]] = []

    def on_trade(self, trade: TradePrint) -> Iterable[Intent]:
        wishes, self.wishes = self.wishes, []
        return wishes

    def on_report(self, report: PrivateMessage, order: Working | None) -> Iterable[Intent]:
        self.seen.append((report, order.tag if order else None))
        return ()


def desk_of(strategy: Strategy) -> Desk:
    numbers = count(1)
    return Desk(strategy, lambda: ClientOrderId(f"id{next(numbers)}"))


def welcome(
    *, positions: list[PositionInfo] | None = None, open_orders: list[OpenOrder] | None = None
) -> Welcome:
    return Welcome(AccountId("alice"), "venue", 1, 0, 0, [INFO], positions or [], open_orders or [])


def test_intents_become_requests_with_the_ids_of_the_session() -> None:
    strategy = Scripted()
    desk = desk_of(strategy)
    strategy.wishes = [
        strategy.buy(ACME, 5, at=10_000, post_only=True),
        strategy.sell(ACME, 6, time_in_force=TimeInForce.IOC),
    ]
    placed = desk.take(printed())
    strategy.wishes = [ReplaceOrder(1, 7, 9_990), CancelOrder(2), CancelAll(ACME)]
    changed = desk.take(printed())

    assert placed == [
        NewOrder(ClientOrderId("id1"), ACME, Side.BUY, 5, 10_000, post_only=True),
        NewOrder(
            ClientOrderId("id2"),
            ACME,
            Side.SELL,
            6,
            None,
            OrderType.MARKET,
            TimeInForce.IOC,
        ),
    ]
    assert changed == [
        Replace(ClientOrderId("id1"), 7, 9_990),
        Cancel(ClientOrderId("id2")),
        MassCancel(ACME),
    ]
    assert desk.orders_sent == 2


def test_reports_reach_the_strategy_with_the_tag_of_their_order() -> None:
    strategy = Scripted()
    desk = desk_of(strategy)
    strategy.wishes = [strategy.buy(ACME, 100, at=10_000), strategy.buy(ACME, 1, at=1)]
    desk.take(printed())
    reports: list[PrivateMessage] = [
        accepted("id1"),
        accepted("someone-else"),
        traded("id1"),
        rejected("id2"),
        MassCanceled(5, NOW, 0),
        accepted("id1"),
    ]

    for report in reports:
        desk.take(report)

    assert strategy.seen == list(zip(reports, [1, None, 1, 2, None, None], strict=True))
    assert desk.orders_refused == 1


def test_orders_left_from_an_earlier_session_are_canceled_first() -> None:
    left = OpenOrder(ClientOrderId("old"), 1, ACME, Side.BUY, 1, 0, 1, TimeInForce.GTC, 1)

    assert desk_of(Scripted()).start(welcome(), NOW) == []
    assert desk_of(Scripted()).start(welcome(open_orders=[left]), NOW) == [MassCancel()]


def test_positions_held_before_are_known_from_the_start() -> None:
    strategy = Scripted()

    desk_of(strategy).start(welcome(positions=[PositionInfo(ACME, -3)]), NOW)

    assert strategy.position(ACME) == -3


def test_a_strategy_can_ask_for_whatever_an_order_can_be() -> None:
    strategy = Scripted()
    desk = desk_of(strategy)
    strategy.wishes = [
        strategy.sell(ACME, 5, stop_price=9_900, trail=50),
        strategy.buy(ACME, 50, at=10_000, display=5, expires_at_ns=NOW),
        ReplaceOrder(1, stop_price=9_950),
    ]

    requests = desk.take(printed())

    assert requests == [
        NewOrder(
            ClientOrderId("id1"), ACME, Side.SELL, 5, order_type=OrderType.STOP, stop_price=9_900, trail=50
        ),
        NewOrder(
            ClientOrderId("id2"), ACME, Side.BUY, 50, 10_000, time_in_force=TimeInForce.GTD, display=5,
            expires_at_ns=NOW,
        ),
        Replace(ClientOrderId("id1"), stop_price=9_950),
    ]  # fmt: skip


class Watchful(Scripted):
    """Notes phases and auctions."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[object] = []

    def on_status(self, status: PhaseStatus) -> Iterable[Intent]:
        self.noted.append(status)
        return ()

    def on_auction(self, auction: AuctionMessage) -> Iterable[Intent]:
        self.noted.append(auction)
        return ()


def test_phases_and_auctions_reach_a_strategy_that_asks_for_them() -> None:
    strategy = Watchful()
    desk = desk_of(strategy)
    told: list[PhaseStatus | AuctionMessage] = [
        PhaseStatus(ACME, 0, Phase.PRE_OPEN),
        Indication(ACME, 1, 5, 0, 100),
        AuctionResult(ACME, 2, NOW, 5, 0),
    ]

    for one in told:
        assert desk.take(one) == []

    assert strategy.noted == told


def test_reports_that_answer_nothing_leave_a_request_unanswered() -> None:
    strategy = Scripted()
    desk = desk_of(strategy)
    strategy.wishes = [strategy.buy(ACME, 5, at=10_000)]
    desk.take(printed())
    desk.take(accepted("id1", quantity=5))
    strategy.wishes = [CancelOrder(1)]
    desk.take(printed())

    desk.take(prevented("id1", 2, quantity=1, leaves=4))
    desk.take(AdminDone(3, NOW, "change_phase", symbol=ACME))
    waiting = strategy.orders[1].pending
    desk.take(canceled("id1", 4, quantity=4))

    assert waiting
    assert strategy.orders == {}


def test_stopping_cancels_what_is_open() -> None:
    strategy = Scripted()
    desk = desk_of(strategy)
    assert desk.stop() == []

    strategy.wishes = [strategy.buy(ACME, 5, at=10_000)]
    desk.take(printed())

    assert desk.stop() == [MassCancel()]


def test_a_timer_is_an_event_like_others() -> None:
    strategy = Scripted()

    assert desk_of(strategy).timer(77) == []
    assert strategy.now_ns == 77

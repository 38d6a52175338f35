"""Private messages: whom an event concerns, what it is told, and how that stands on the wire."""

from random import Random
from typing import Any, Final, get_args

import msgspec
import pytest

from exchange.engine import events as happened
from exchange.engine.commands import ExpireOrders
from exchange.engine.engine import Events
from exchange.engine.events import Administered, Event, PhaseChanged, RequestRejected, Trade
from exchange.history import NOTHING_WRITTEN, History
from exchange.peers import Peer
from exchange.report_messages import TOLD, VENUE
from exchange.reports import Reports
from protocol import desk
from protocol.codec import encode
from protocol.desk import AdminDone, AuditEntry, Notice
from protocol.fields import Message
from protocol.messages import Accepted, NewOrder, Rejected
from protocol.session import ServerSession
from protocol.vocabulary import (
    AccountId,
    Asset,
    Block,
    CancelReason,
    ClientOrderId,
    OrderType,
    Phase,
    QuoteSet,
    RejectReason,
    Request,
    Role,
    Side,
    TimeInForce,
    TransactionId,
)
from tests.support.in_memory import OPERATORS, Trader, open_venue, who_may
from tests.support.wire_requests import ACME, SETTINGS, random_request

ANNA, BEN, OLGA = AccountId("anna"), AccountId("ben"), AccountId("olga")
ORDER: Final = (ANNA, ClientOrderId("a"), 7, ACME, Side.BUY)
USD, DEPOSIT, SET = Asset("USD"), TransactionId("t1"), QuoteSet("wide")

TRADED = Trade(
    1, ACME, 100, 5, Side.SELL, ANNA, ClientOrderId("a"), 7, 5, 0, -1, BEN, ClientOrderId("b"), 8, 5, 2, 3,
)  # fmt: skip
AUCTIONED = happened.AuctionTrade(
    2, ACME, 100, 5, ANNA, ClientOrderId("a"), 7, 5, 0, 0, BEN, ClientOrderId("b"), 8, 5, 2, 0,
)  # fmt: skip
BUSTED = happened.TradeBusted(1, ACME, 100, 5, ANNA, -1, BEN, 3)
HALTED = PhaseChanged(ACME, Phase.HALT, Phase.CONTINUOUS)
ADMINISTERED = Administered(OLGA, "news", "change_phase", None, ACME, "to halt")

EVENTS: Final[tuple[Any, ...]] = (
    happened.InstrumentAdded(ACME),
    happened.DayEnded(3),
    happened.OrderAccepted(*ORDER, OrderType.LIMIT, TimeInForce.GTC, 5, 100, False, None),
    RequestRejected(ANNA, ClientOrderId("a"), Request.NEW, RejectReason.OFF_TICK, "no"),
    RequestRejected(None, None, Request.ADMIN, RejectReason.OFF_TICK, "no"),
    TRADED,
    AUCTIONED,
    happened.SelfTradePrevented(*ORDER, 100, 1, 0, 4),
    happened.StopTriggered(*ORDER, 100),
    happened.OrderRested(*ORDER, 100, 5),
    happened.OrderRepriced(*ORDER, 100, 101, 5),
    happened.OrderCanceled(*ORDER, 100, 5, 0, CancelReason.REQUESTED),
    happened.OrderReplaced(*ORDER, 100, 101, 5, 0, 5, False),
    happened.OrdersMassCanceled(ANNA, 3),
    happened.OrdersMassCanceled(None, 3),
    happened.OrdersExpired(2),
    happened.LastPriceSet(ACME, 100),
    happened.AuctionHeld(ACME, 100, 5, 0),
    happened.AuctionExtended(ACME, Phase.CLOSING_AUCTION, 120),
    HALTED,
    happened.KillSwitchSet(ANNA, True),
    happened.AccountBlocked(ANNA, Block.HARD_BREACH, "beyond daily_loss"),
    happened.AccountBlocked(ANNA, Block.OPERATOR, "news"),
    happened.AccountUnblocked(ANNA),
    happened.DeadManArmed(ANNA, 1_000),
    happened.DeadManFired(ANNA, 3),
    happened.SessionCanceled(ANNA, 4, 2),
    happened.ProtectionSet(ANNA, SET, 5, 1_000),
    happened.QuotesPulled(ANNA, SET, 4),
    happened.AccountSet(ANNA, Role.TRADER),
    happened.BalanceAdjusted(ANNA, USD, 50, DEPOSIT, 150, False),
    happened.BalanceAdjusted(ANNA, USD, 50, DEPOSIT, 150, True),
    happened.LimitsSet(ANNA, None),
    happened.FeesSet(ACME),
    BUSTED,
    happened.NoticeSent("lunch"),
    ADMINISTERED,
)
"""One of each kind at least."""


def listened(*accounts: AccountId) -> tuple[Reports, dict[AccountId, Peer]]:
    """Private streams with a reader on each of these."""
    reports = Reports([])
    peers = {account: Peer(ServerSession()) for account in accounts}
    for account, peer in peers.items():
        reports.stream(account).readers.append(peer)
    return reports, peers


def told(*events: Event) -> dict[AccountId, list[Message]]:
    """What the events of one command at time 9 tell to whom, if everybody listens."""
    reports, peers = listened(ANNA, BEN, OLGA, VENUE)
    reports.deliver(9, events)
    return {
        account: [message for message in peer.outbox if isinstance(message, Message)]
        for account, peer in peers.items()
        if peer.outbox
    }


def lines_of(reports: Reports) -> dict[AccountId, bytes]:
    """All streams, out of the history."""
    return {
        account: reports.history.read(stream, 1)[0]
        for account, stream in sorted(reports.streams.items())
        if stream.last_seq
    }


def test_every_kind_of_event_has_its_place_in_the_table() -> None:
    assert set(TOLD) == set(get_args(Event)) == {type(event) for event in EVENTS}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("end", [(), (ADMINISTERED,)], ids=["alone", "administered"])
def test_live_unheard_and_replayed_an_event_tells_the_same_to_the_same(event: Event, end: Events) -> None:
    group = (event, *end)
    heard, peers = listened(ANNA, BEN, OLGA, VENUE)
    unheard, replayed = Reports([]), Reports([], History(NOTHING_WRITTEN))

    heard.deliver(9, group)
    unheard.deliver(9, group)
    replayed.replay([(9, group)])

    lines = {account: peer.session.data_to_send() for account, peer in sorted(peers.items()) if peer.outbox}
    assert lines_of(heard) == lines_of(unheard) == lines_of(replayed) == lines
    assert heard.history.tape.last_seq == replayed.history.tape.last_seq


def test_what_accounts_are_told_of_the_desk() -> None:
    money = happened.BalanceAdjusted(ANNA, USD, -50, DEPOSIT, 150, False)
    assert told(money)[ANNA] == [desk.BalanceAdjusted(1, 9, USD, -50, DEPOSIT, 150)]
    assert told(happened.KillSwitchSet(ANNA, True)) == {ANNA: [desk.KillSwitchSet(1, 9, True)]}
    assert told(happened.DeadManArmed(ANNA, None)) == {ANNA: [desk.DeadManArmed(1, 9)]}
    assert told(happened.ProtectionSet(ANNA, SET, 5, 1_000)) == {
        ANNA: [desk.ProtectionSet(1, 9, SET, 5, 1_000)]
    }
    assert told(happened.QuotesPulled(ANNA, SET, 4)) == {ANNA: [desk.QuotesPulled(1, 9, SET, 4)]}
    assert told(happened.AccountUnblocked(ANNA))[ANNA] == [desk.AccountUnblocked(1, 9)]
    assert told(BUSTED)[ANNA] == [desk.TradeBusted(1, 9, 1, ACME, Side.BUY, 100, 5, -1)]
    assert told(BUSTED)[BEN] == [desk.TradeBusted(1, 9, 1, ACME, Side.SELL, 100, 5, 3)]


def test_a_repeated_deposit_tells_nobody_but_who_ordered_it() -> None:
    repeated = happened.BalanceAdjusted(ANNA, USD, 50, DEPOSIT, 150, True)
    done = Administered(OLGA, "rent", "adjust_balance", ANNA, None, "carried out before")

    assert set(told(repeated, done)) == {OLGA, VENUE}
    assert told(repeated) == {}


def test_an_operators_command_has_one_entry_in_the_audit_whatever_it_did() -> None:
    audit = told(HALTED, BUSTED, happened.NoticeSent("x"), happened.InstrumentAdded(ACME), ADMINISTERED)[
        VENUE
    ]

    assert audit == [AuditEntry(1, 9, "change_phase", OLGA, "news", None, ACME, "to halt")]


def test_what_nobody_ordered_stands_in_the_audit_too() -> None:
    breach = happened.AccountBlocked(ANNA, Block.HARD_BREACH, "beyond daily_loss")

    assert told(HALTED)[VENUE] == [
        AuditEntry(1, 9, "change_phase", symbol=ACME, text="from continuous to halt")
    ]
    assert told(happened.DayEnded(3))[VENUE] == [AuditEntry(1, 9, "end_day", text="3 orders canceled")]
    assert told(breach)[VENUE] == [AuditEntry(1, 9, "hard_breach", account=ANNA, text="beyond daily_loss")]
    assert told(happened.DeadManFired(ANNA, 3))[VENUE] == [
        AuditEntry(1, 9, "dead_man_fired", account=ANNA, text="3 orders canceled")
    ]


def test_a_hard_breach_stands_in_the_audit_even_if_an_operator_brought_it_about() -> None:
    breach = happened.AccountBlocked(ANNA, Block.HARD_BREACH, "beyond daily_loss")

    audit = told(breach, ADMINISTERED)[VENUE]

    assert [entry.action for entry in audit if isinstance(entry, AuditEntry)] == [
        "hard_breach",
        "change_phase",
    ]


@pytest.mark.parametrize(
    ("event", "account", "kind"),
    [
        (RequestRejected(ANNA, None, Request.NEW, RejectReason.OFF_TICK, "no"), ANNA, Rejected),
        (ADMINISTERED, OLGA, AdminDone),
    ],
    ids=["rejected", "admin_done"],
)
def test_the_line_of_a_request_is_named_to_the_session_that_sent_it_and_nowhere_else(
    event: Event, account: AccountId, kind: type[Rejected | AdminDone]
) -> None:
    reports, peers = listened(account)
    sender = Peer(ServerSession())
    reports.stream(account).readers.append(sender)

    reports.deliver(9, (event,), sender, 12)

    (to_sender,), (to_other,) = sender.outbox, peers[account].outbox
    assert isinstance(to_sender, kind)
    assert isinstance(to_other, kind)
    assert (to_sender.seq, to_sender.line, to_other.seq, to_other.line) == (1, 12, 1, None)
    assert lines_of(reports)[account] == encode(to_other)


def test_a_notice_goes_to_whoever_knows_everybody() -> None:
    reports, _ = listened()
    heard: list[Notice] = []
    reports.on_notice = heard.append

    reports.deliver(9, (happened.NoticeSent("lunch"), ADMINISTERED))

    assert heard == [Notice(9, "lunch")]


def test_a_trade_can_be_found_by_its_number_and_either_side() -> None:
    reports, _ = listened()
    reports.deliver(9, (TRADED,))
    reports.deliver(10, (AUCTIONED,))

    assert reports.find_trade(1, ANNA) == reports.find_trade(1, BEN) == TRADED
    assert reports.find_trade(2, BEN) == AUCTIONED
    assert reports.find_trade(1, OLGA) is None
    assert reports.find_trade(3, ANNA) is None
    assert reports.find_trade(0, ANNA) is None


@pytest.mark.parametrize(
    ("time_in_force", "post_only"),
    [(TimeInForce.GTC, False), (TimeInForce.DAY, False), (TimeInForce.GTC, True)],
)
def test_a_plain_order_is_accepted_with_the_line_that_any_order_is_accepted_with(
    time_in_force: TimeInForce, post_only: bool
) -> None:
    trader = Trader(open_venue(), "anna")
    trader.send(
        NewOrder(ClientOrderId("a"), ACME, Side.BUY, 5, 90, time_in_force=time_in_force, post_only=post_only)
    )

    (answer,) = trader.peer.outbox

    assert isinstance(answer, Message)
    decoded = msgspec.json.decode(encode(answer), type=Accepted)
    assert decoded == Accepted(
        1, 0, ClientOrderId("a"), decoded.order_id, ACME, Side.BUY, 5, 90, time_in_force=time_in_force,
        post_only=post_only,
    )  # fmt: skip
    assert encode(answer) == encode(decoded)


def test_what_stands_at_its_default_makes_no_line_longer() -> None:
    trader = Trader(open_venue(), "anna")
    trader.send(NewOrder(ClientOrderId("a"), ACME, Side.BUY, 5, 90, display=2))

    (answer,) = trader.peer.outbox

    assert isinstance(answer, Message)
    assert set(msgspec.json.decode(encode(answer))) == {
        "type", "seq", "at_ns", "client_order_id", "order_id", "symbol", "side", "quantity", "price", "display",
    }  # fmt: skip


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_replayed_day_tells_every_account_what_it_was_told(settings: dict[str, object]) -> None:
    for seed in range(10):
        rng = Random(seed)
        venue = open_venue(**settings)
        traders = [Trader(venue, f"trader{number}") for number in range(4)]
        operator = Trader(venue, OPERATORS[0])
        for number in range(400):
            request = random_request(rng, number)
            who_may(request, rng, traders, operator).send(request)
        venue.act(ExpireOrders(1_000))
        venue.end_day()
        turn = venue.take_turn()
        assert turn is not None
        replayed = Reports([], History(NOTHING_WRITTEN))

        replayed.replay(zip((command.at_ns for command in turn.commands), turn.events, strict=True))

        for account, stream in venue.reports.streams.items():
            assert whole(replayed, account) == whole(venue.reports, account)
            assert stream.last_seq == len(whole(replayed, account))
        assert replayed.history.tape.tail == venue.reports.history.tape.tail
        assert [trade.trade_id for trade in replayed.history.tape.tail] == list(
            range(1, venue.engine.last_trade_id + 1)
        )


def whole(reports: Reports, account: AccountId) -> list[Message]:
    return list(reports.page(account, 1, 1_000_000))

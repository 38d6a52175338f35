"""What accounts ask about themselves, without sockets: standing, switches, protection, mass quotes."""

import pytest

from exchange.engine.commands import AdjustBalance, ExpireOrders, SetAccount
from exchange.peers import Peer
from exchange.venue import Venue
from protocol import desk
from protocol.codec import encode
from protocol.desk import (
    AccountState,
    DeadManArmed,
    DeadManFired,
    KillSwitchSet,
    MassQuoted,
    ProtectionSet,
    Quote,
    QuotesPulled,
)
from protocol.messages import (
    Accepted,
    Canceled,
    Error,
    Login,
    MassCancel,
    MassCanceled,
    Rejected,
    Replaced,
    TradeReport,
)
from protocol.session import ServerSession
from protocol.vocabulary import (
    AccountId,
    Asset,
    Block,
    CancelReason,
    ErrorCode,
    QuoteSet,
    RejectReason,
    Request,
    Role,
    Settlement,
    Side,
    Symbol,
    TransactionId,
)
from tests.support.in_memory import Trader, open_venue, order
from tests.support.wire_requests import ACME

ANNA, BEN = AccountId("anna"), AccountId("ben")
USD, BTC = Asset("USD"), Asset("BTC")
MAIN = QuoteSet("main")


@pytest.fixture
def venue() -> Venue:
    return open_venue()


@pytest.fixture
def anna(venue: Venue) -> Trader:
    return Trader(venue, ANNA)


@pytest.fixture
def ben(venue: Venue) -> Trader:
    return Trader(venue, BEN)


def quote(bid: int | None, bid_quantity: int, ask: int | None, ask_quantity: int) -> desk.MassQuote:
    return desk.MassQuote(MAIN, [Quote(ACME, bid, bid_quantity, ask, ask_quantity)])


# -- how an account stands ---------------------------------------------------------------------------
def test_an_account_that_did_nothing_yet_has_nothing(anna: Trader) -> None:
    assert anna.ask(desk.AccountStatus()) == [AccountState(ANNA, Role.TRADER)]


def test_an_account_is_told_what_it_has_and_what_of_it_is_held() -> None:
    venue = open_venue(settlement=Settlement.SPOT, base=BTC, quote=USD, maker_fee_ppm=0, taker_fee_ppm=0)
    for name in (ANNA, BEN):
        venue.act(SetAccount(name, Role.TRADER))
        for asset in (USD, BTC):
            venue.act(AdjustBalance(name, asset, 1_000, TransactionId(asset)))
    anna, ben = Trader(venue, ANNA), Trader(venue, BEN)
    anna.ask(order("a1", Side.BUY, 5, 100))
    ben.ask(order("b1", Side.SELL, 2, 100))
    anna.read()

    (state,) = anna.ask(desk.AccountStatus())

    assert isinstance(state, AccountState)
    assert state.balances == [desk.Balance(BTC, 1_002), desk.Balance(USD, 500, 300)]
    (held,) = state.holdings
    assert (held.symbol, held.quantity, held.cost, held.average_price) == (ACME, 2, 200, 100)
    assert (held.open_orders, held.open_buys, held.open_sells) == (1, 3, 0)


def test_a_viewer_may_look_and_nothing_else(venue: Venue) -> None:
    venue.act(SetAccount(ANNA, Role.VIEWER))
    vera = Trader(venue, ANNA)

    (state,) = vera.ask(desk.AccountStatus())
    refused = vera.ask(desk.KillSwitch(), desk.DeadMan(5), desk.SetProtection(MAIN, 1), quote(99, 1, None, 0))

    assert isinstance(state, AccountState)
    assert state.role is Role.VIEWER
    assert [answer.code for answer in refused if isinstance(answer, Error)] == [ErrorCode.NOT_ALLOWED] * 4


# -- switches ----------------------------------------------------------------------------------------
def test_the_kill_switch_takes_everything_and_lets_nothing_in_until_it_is_lifted(
    venue: Venue, anna: Trader
) -> None:
    anna.ask(order("a1", Side.BUY, 5, 100))

    pulled = anna.ask(desk.KillSwitch())
    (refused,) = anna.ask(order("a2", Side.BUY, 5, 100))
    (state,) = anna.ask(desk.AccountStatus())
    lifted = anna.ask(desk.KillSwitch(on=False), order("a3", Side.BUY, 5, 100))

    assert [type(answer) for answer in pulled] == [Canceled, KillSwitchSet]
    assert isinstance(refused, Rejected)
    assert refused.reason is RejectReason.KILL_SWITCH
    assert isinstance(state, AccountState)
    assert state.blocked is Block.KILL_SWITCH
    assert [type(answer) for answer in lifted] == [KillSwitchSet, Accepted]


def test_a_dead_man_switch_is_armed_from_now_on_and_wakes_the_clock(venue: Venue, anna: Trader) -> None:
    announced: list[int] = []
    venue.on_deadline = announced.append

    (armed,) = anna.ask(desk.DeadMan(1_500))
    (state,) = anna.ask(desk.AccountStatus())

    assert isinstance(armed, DeadManArmed)
    assert isinstance(state, AccountState)
    deadline_ns = venue.now_ns() + 1_500_000_000
    assert announced == [armed.deadline_ns] == [state.dead_man_ns] == [deadline_ns]
    assert venue.engine.next_deadline_ns() == deadline_ns


def test_a_dead_man_switch_that_is_not_renewed_takes_everything(venue: Venue, anna: Trader) -> None:
    anna.ask(order("a1", Side.BUY, 5, 100), desk.DeadMan(1_500))

    venue.act(ExpireOrders(venue.now_ns() + 1_500_000_000))

    canceled, fired = anna.read()
    assert isinstance(canceled, Canceled)
    assert canceled.reason is CancelReason.DEAD_MAN
    assert isinstance(fired, DeadManFired)


def test_a_dead_man_switch_of_no_time_is_disarmed(venue: Venue, anna: Trader) -> None:
    anna.ask(desk.DeadMan(1_500))

    (answer,) = anna.ask(desk.DeadMan(0))

    assert isinstance(answer, DeadManArmed)
    assert answer.deadline_ns is None
    assert venue.engine.next_deadline_ns() is None


# -- quotes ------------------------------------------------------------------------------------------
def test_quotes_are_answered_after_what_became_of_them(anna: Trader) -> None:
    entered = anna.ask(quote(99, 10, 101, 10))
    moved = anna.ask(quote(99, 10, 102, 10))
    gone = anna.ask(quote(None, 0, None, 0))

    assert [type(answer) for answer in entered] == [Accepted, Accepted, MassQuoted]
    assert [type(answer) for answer in moved] == [Replaced, MassQuoted]
    assert [type(answer) for answer in gone] == [Canceled, Canceled, MassQuoted]
    assert entered[-1] == moved[-1] == gone[-1] == MassQuoted(MAIN, 2, 0)


def test_a_quote_that_is_refused_is_counted_and_the_others_stand(venue: Venue, anna: Trader) -> None:
    answers = anna.ask(desk.MassQuote(MAIN, [Quote(Symbol("NOPE"), 99, 1), Quote(ACME, 99, 10, 10_001, 10)]))

    assert [type(answer) for answer in answers] == [Rejected, Accepted, Rejected, MassQuoted]
    assert answers[-1] == MassQuoted(MAIN, 1, 2)
    assert [one.price for one in venue.engine.open_orders(ANNA)] == [99]


def test_a_quote_may_trade_when_it_comes(anna: Trader, ben: Trader) -> None:
    ben.ask(order("b1", Side.SELL, 4, 99))

    answers = anna.ask(quote(99, 10, 101, 10))

    assert [type(answer) for answer in answers] == [Accepted, TradeReport, Accepted, MassQuoted]


def test_protection_pulls_the_quotes_and_lets_no_new_ones_in_until_it_is_set_again(
    venue: Venue, anna: Trader, ben: Trader
) -> None:
    (protected,) = anna.ask(desk.SetProtection(MAIN, fills=1, within_ms=100))
    anna.ask(quote(99, 10, 101, 10))

    ben.ask(order("b1", Side.SELL, 4, 99))
    pulled = anna.read()
    refused = anna.ask(quote(99, 10, 101, 10))
    taken = anna.ask(desk.SetProtection(MAIN, fills=1), quote(99, 10, 101, 10))

    assert isinstance(protected, ProtectionSet)
    assert (protected.fills, protected.within_ns) == (1, 100_000_000)
    assert [type(message) for message in pulled] == [TradeReport, Canceled, Canceled, QuotesPulled]
    assert [one.reason for one in refused if isinstance(one, Rejected)] == [RejectReason.QUOTES_PULLED] * 2
    assert taken[-1] == MassQuoted(MAIN, 2, 0)


def test_an_account_protects_so_many_sets_and_no_more(venue: Venue, anna: Trader) -> None:
    for number in range(1_000):
        anna.send(desk.SetProtection(QuoteSet(f"set {number}"), 1))
    anna.read()

    (answer,) = anna.ask(desk.SetProtection(MAIN, fills=1))

    assert isinstance(answer, Rejected)
    assert (answer.request, answer.reason) == (Request.PROTECTION, RejectReason.INVALID_REQUEST)


def test_quotes_go_with_the_session_that_wanted_it(venue: Venue) -> None:
    peer = Peer(ServerSession())
    login = Login(ANNA, cancel_on_disconnect=True)
    venue.handle(peer, peer.session.receive_data(encode(login) + encode(quote(99, 10, 101, 10))))
    standing = len(venue.engine.open_orders(ANNA))

    venue.leave(peer)

    assert (standing, venue.engine.open_orders(ANNA)) == (2, [])


def test_a_mass_cancel_takes_quotes_like_any_order(anna: Trader) -> None:
    anna.ask(quote(99, 10, 101, 10))

    answers = anna.ask(MassCancel())

    assert [type(answer) for answer in answers] == [Canceled, Canceled, MassCanceled]

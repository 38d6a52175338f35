"""The operator's desk without sockets: every request, what it does, and what it is answered."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from exchange.access import hash_secret
from exchange.desk import MAX_HASHING
from exchange.engine.commands import Limits
from exchange.venue import Venue
from protocol import desk
from protocol.desk import AccountBlocked, AdminDone, AuditEntry, LimitValues, Notice, TradeBusted
from protocol.fields import Message
from protocol.messages import Canceled, Copy, Error, LoggedOut, Rejected, TradeReport
from protocol.vocabulary import (
    AccountId,
    Asset,
    ClientOrderId,
    ErrorCode,
    Limit,
    Phase,
    RejectReason,
    Request,
    Role,
    Settlement,
    Side,
    Symbol,
    TransactionId,
)
from tests.support.in_memory import OPERATORS, Trader, open_venue, order
from tests.support.wire_requests import ACME

ANNA, BEN, NOBODY = AccountId("anna"), AccountId("ben"), AccountId("nobody")
OLGA = OPERATORS[0]
USD, BTC = Asset("USD"), Asset("BTC")
WHY = "because"

FOUNDED = 1 + len(OPERATORS)
"""Entries of the audit that a venue of these tests begins with: its instrument, its operators."""


@pytest.fixture
def venue() -> Venue:
    """ACME is BTC for USD."""
    return open_venue(settlement=Settlement.SPOT, base=BTC, quote=USD, taker_fee_ppm=0, maker_fee_ppm=0)


@pytest.fixture
def olga(venue: Venue) -> Trader:
    return Trader(venue, OLGA)


def traders(venue: Venue, olga: Trader) -> tuple[Trader, Trader]:
    """Anna and ben, with 1,000 of either asset."""
    for name in (ANNA, BEN):
        olga.ask(desk.CreateAccount(name, WHY))
        for asset in (USD, BTC):
            olga.ask(desk.AdjustBalance(name, asset, 1_000, TransactionId(f"first {asset}"), WHY))
    return Trader(venue, ANNA), Trader(venue, BEN)


def done(answers: list[Message]) -> AdminDone:
    """The one ``admin_done`` among them."""
    (found,) = (answer for answer in answers if isinstance(answer, AdminDone))
    return found


def refusal(answers: list[Message]) -> RejectReason | ErrorCode:
    """Why the request was refused, by the one answer there is."""
    (answer,) = answers
    if isinstance(answer, Error):
        return answer.code
    assert isinstance(answer, Rejected)
    assert answer.request is Request.ADMIN
    return answer.reason


# -- what there is ---------------------------------------------------------------------------------
def test_sessions_are_listed_oldest_first(venue: Venue, olga: Trader) -> None:
    Trader(venue, ANNA)
    Trader(venue, ANNA)

    (answer,) = olga.ask(desk.ListSessions())

    assert isinstance(answer, desk.Sessions)
    assert [(one.session, one.account, one.role) for one in answer.sessions] == [
        (1, OLGA, Role.OPERATOR),
        (2, ANNA, Role.TRADER),
        (3, ANNA, Role.TRADER),
    ]


def test_accounts_are_listed_by_name_with_what_they_have(venue: Venue, olga: Trader) -> None:
    traders(venue, olga)

    (answer,) = olga.ask(desk.ListAccounts())

    assert isinstance(answer, desk.Accounts)
    assert [one.account for one in answer.accounts] == sorted([ANNA, BEN, *OPERATORS])
    anna = answer.accounts[0]
    assert anna.balances == [desk.Balance(BTC, 1_000), desk.Balance(USD, 1_000)]


def test_the_audit_says_what_was_done_by_whom_and_why(venue: Venue, olga: Trader) -> None:
    olga.ask(desk.CreateAccount(ANNA, "she asked for it"), desk.DisableAccount(ANNA, "she went away"))

    (answer,) = olga.ask(desk.Audit(from_seq=FOUNDED + 1))

    assert isinstance(answer, desk.AuditPage)
    assert [(entry.action, entry.by, entry.why, entry.account) for entry in answer.entries] == [
        ("create_account", OLGA, "she asked for it", ANNA),
        ("disable_account", OLGA, "she went away", ANNA),
    ]
    assert [entry.seq for entry in answer.entries] == [FOUNDED + 1, FOUNDED + 2]
    assert answer.last_seq == FOUNDED + 2


def test_the_audit_is_read_a_page_at_a_time(venue: Venue, olga: Trader) -> None:
    olga.ask(*(desk.Broadcast(f"news {number}", WHY) for number in range(5)))

    (answer,) = olga.ask(desk.Audit(from_seq=FOUNDED + 2, limit=2))

    assert isinstance(answer, desk.AuditPage)
    assert [entry.text for entry in answer.entries] == ["news 1", "news 2"]
    assert answer.last_seq == FOUNDED + 5


def test_a_refused_request_is_no_deed_and_stands_in_no_audit(olga: Trader) -> None:
    olga.ask(desk.EnableAccount(NOBODY, WHY))

    (answer,) = olga.ask(desk.Audit(from_seq=FOUNDED + 1))

    assert answer == desk.AuditPage([], FOUNDED)


# -- accounts --------------------------------------------------------------------------------------
def test_an_account_is_opened_with_a_hash_of_its_secret_and_never_with_the_secret(
    venue: Venue, olga: Trader
) -> None:
    answers = olga.ask(desk.CreateAccount(ANNA, WHY, secret="open sesame", role=Role.VIEWER))

    account = venue.engine.accounts.by_name[ANNA]
    assert (done(answers).action, done(answers).line) == ("create_account", 2)
    assert account.role is Role.VIEWER
    assert account.secret_hash is not None
    assert account.secret_hash.startswith("$argon2id$")
    turn = venue.take_turn()
    assert turn is not None
    assert b"sesame" not in msgspec.json.encode([turn.commands, [list(events) for events in turn.events]])


def test_the_answer_to_a_new_account_comes_when_its_secret_is_hashed_and_the_venue_goes_on(
    venue: Venue, olga: Trader
) -> None:
    hashing: list[tuple[str, Callable[[str], None]]] = []
    venue.desk.hash_later = lambda secret, then: hashing.append((secret, then))

    meanwhile = olga.ask(desk.CreateAccount(ANNA, WHY, secret="open sesame"), desk.Broadcast("hello", WHY))
    ((secret, then),) = hashing
    then(hash_secret(secret))

    assert done(meanwhile).action == "broadcast"
    later = done(olga.read())
    assert (later.action, later.account, later.line) == ("create_account", ANNA, 2)


def test_when_too_many_secrets_wait_for_their_hash_the_venue_waits_too(venue: Venue, olga: Trader) -> None:
    venue.desk.hash_later = lambda secret, then: None  # never done
    for number in range(MAX_HASHING):
        olga.send(desk.CreateAccount(AccountId(f"waits {number}"), WHY, secret="x"))
    waiting = olga.read()

    answers = olga.ask(desk.CreateAccount(ANNA, WHY, secret="x"))

    assert waiting == []
    assert done(answers).account == ANNA


def test_a_new_account_whose_operator_is_gone_is_opened_all_the_same(venue: Venue, olga: Trader) -> None:
    hashing: list[Callable[[str], None]] = []
    venue.desk.hash_later = lambda secret, then: hashing.append(then)
    olga.ask(desk.CreateAccount(ANNA, WHY, secret="open sesame"))
    venue.leave(olga.peer)

    hashing[0](hash_secret("open sesame"))

    assert ANNA in venue.engine.accounts.by_name


def test_an_account_is_opened_once(venue: Venue, olga: Trader) -> None:
    olga.ask(desk.CreateAccount(ANNA, WHY, role=Role.VIEWER))

    answers = olga.ask(desk.CreateAccount(ANNA, WHY))

    assert refusal(answers) is RejectReason.DUPLICATE_ACCOUNT
    assert venue.engine.accounts.by_name[ANNA].role is Role.VIEWER


def test_the_venue_itself_is_no_account(olga: Trader) -> None:
    answers = olga.ask(desk.CreateAccount(AccountId("*"), WHY, secret="x"))

    assert refusal(answers) is ErrorCode.INVALID_MESSAGE


def test_a_disabled_account_loses_its_orders_and_then_its_sessions(venue: Venue, olga: Trader) -> None:
    anna, _ = traders(venue, olga)
    anna.ask(order("a1", Side.BUY, 5, 100))

    answers = olga.ask(desk.DisableAccount(ANNA, "a complaint"))

    assert done(answers).account == ANNA
    told = anna.read()
    assert [type(message) for message in told] == [AccountBlocked, Canceled, Error]
    assert isinstance(told[-1], Error)
    assert told[-1].code is ErrorCode.ACCOUNT_DISABLED
    assert anna.peer.closing
    assert venue.engine.open_orders(ANNA) == []


def test_an_account_that_is_enabled_again_may_trade(venue: Venue, olga: Trader) -> None:
    traders(venue, olga)
    olga.ask(desk.DisableAccount(ANNA, WHY))

    olga.ask(desk.EnableAccount(ANNA, WHY))

    anna = Trader(venue, ANNA)
    anna.ask(order("a1", Side.BUY, 5, 100))
    assert len(venue.engine.open_orders(ANNA)) == 1


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (desk.DisableAccount(NOBODY, WHY), RejectReason.UNKNOWN_ACCOUNT),
        (desk.EnableAccount(NOBODY, WHY), RejectReason.UNKNOWN_ACCOUNT),
        (desk.AdjustBalance(NOBODY, USD, 1, TransactionId("t"), WHY), RejectReason.UNKNOWN_ACCOUNT),
        (desk.AdjustBalance(OLGA, Asset("EUR"), 1, TransactionId("t"), WHY), RejectReason.UNKNOWN_ASSET),
        (desk.AdjustBalance(OLGA, USD, -1, TransactionId("t"), WHY), RejectReason.INSUFFICIENT_FUNDS),
        (desk.SetLimits(LimitValues(), WHY, account=NOBODY), RejectReason.UNKNOWN_ACCOUNT),
        (desk.SetLimits(LimitValues(), WHY, symbol=Symbol("NOPE")), RejectReason.UNKNOWN_SYMBOL),
        (desk.SetFees(Symbol("NOPE"), 1, 1, WHY), RejectReason.UNKNOWN_SYMBOL),
        (desk.ChangePhase(Symbol("NOPE"), Phase.HALT, WHY), RejectReason.UNKNOWN_SYMBOL),
        (desk.SetLastPrice(Symbol("NOPE"), 5, WHY), RejectReason.UNKNOWN_SYMBOL),
        (desk.CancelFor(NOBODY, WHY), RejectReason.UNKNOWN_ACCOUNT),
        (desk.CancelFor(NOBODY, WHY, ClientOrderId("x")), RejectReason.UNKNOWN_ACCOUNT),
        (desk.CancelFor(OLGA, WHY, ClientOrderId("x")), RejectReason.UNKNOWN_ORDER),
        (desk.BustTrade(1, OLGA, WHY), ErrorCode.UNKNOWN_TRADE),
    ],
    ids=lambda case: type(case).__name__ if isinstance(case, Message) else str(case),
)
def test_what_is_not_there_gets_a_code_that_says_so(
    olga: Trader, request_: Message, reason: RejectReason | ErrorCode
) -> None:
    assert refusal(olga.ask(request_)) is reason


# -- money, limits, fees ---------------------------------------------------------------------------
def test_a_deposit_is_carried_out_once_however_often_it_is_sent(venue: Venue, olga: Trader) -> None:
    deposit = desk.AdjustBalance(OLGA, USD, 500, TransactionId("t1"), WHY)

    first, again = done(olga.ask(deposit)), done(olga.ask(deposit))

    assert "carried out before" in again.text
    assert "carried out before" not in first.text
    assert venue.engine.clearing.balances(OLGA) == [(USD, 500, 0)]


def test_the_name_of_a_transaction_stands_for_one_amount(olga: Trader) -> None:
    olga.ask(desk.AdjustBalance(OLGA, USD, 500, TransactionId("t1"), WHY))

    answers = olga.ask(desk.AdjustBalance(OLGA, USD, 501, TransactionId("t1"), WHY))

    assert refusal(answers) is RejectReason.TRANSACTION_CONFLICT


def test_every_limit_reaches_its_scope(venue: Venue, olga: Trader) -> None:
    values: dict[str, Any] = {limit.value: number for number, limit in enumerate(Limit, 10)}
    del values["message_rate"]

    olga.ask(desk.SetLimits(LimitValues(**values, hard=[Limit.POSITION]), WHY, account=OLGA, symbol=ACME))

    limits = venue.engine.clearing.scopes.by_scope[OLGA, ACME]
    assert limits == Limits(**values, hard=(Limit.POSITION,))


def test_a_limit_holds_from_the_next_order_on(venue: Venue, olga: Trader) -> None:
    anna, _ = traders(venue, olga)

    olga.ask(desk.SetLimits(LimitValues(order_quantity=3), WHY, account=ANNA))
    (answer,) = anna.ask(order("a1", Side.BUY, 4, 100))

    assert isinstance(answer, Rejected)
    assert answer.reason is RejectReason.ORDER_QUANTITY_LIMIT


def test_new_fees_hold_from_the_next_trade_on(venue: Venue, olga: Trader) -> None:
    anna, ben = traders(venue, olga)
    anna.ask(order("a1", Side.SELL, 2, 100))

    olga.ask(desk.SetFees(ACME, 0, 10_000, WHY))
    answers = ben.ask(order("b1", Side.BUY, 2, 100))

    assert [answer.fee for answer in answers if isinstance(answer, TradeReport)] == [2]


# -- the market ------------------------------------------------------------------------------------
def test_an_instrument_is_halted_and_goes_on(venue: Venue, olga: Trader) -> None:
    anna, _ = traders(venue, olga)

    olga.ask(desk.ChangePhase(ACME, Phase.HALT, WHY))
    (halted,) = anna.ask(order("a1", Side.BUY, 1, 100))
    olga.ask(desk.ChangePhase(ACME, Phase.CONTINUOUS, WHY))
    anna.ask(order("a2", Side.BUY, 1, 100))

    assert isinstance(halted, Rejected)
    assert halted.reason is RejectReason.WRONG_PHASE
    assert [one.client_order_id for one in venue.engine.open_orders(ANNA)] == ["a2"]


def test_the_last_price_is_set(venue: Venue, olga: Trader) -> None:
    olga.ask(desk.SetLastPrice(ACME, 123, WHY))

    assert venue.engine.books[ACME].last_price == 123


@pytest.mark.parametrize(("name", "left"), [(ClientOrderId("a1"), ["a2"]), (None, [])])
def test_an_operator_cancels_one_order_or_all_of_somebody(
    venue: Venue, olga: Trader, name: ClientOrderId | None, left: list[str]
) -> None:
    anna, ben = traders(venue, olga)
    anna.ask(order("a1", Side.BUY, 1, 100), order("a2", Side.BUY, 1, 99))
    ben.ask(order("b1", Side.BUY, 1, 98))

    answers = olga.ask(desk.CancelFor(ANNA, WHY, name))

    assert done(answers).account == ANNA
    assert [one.client_order_id for one in venue.engine.open_orders(ANNA)] == left
    assert len(venue.engine.open_orders(BEN)) == 1
    assert Canceled in map(type, anna.read())


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("finder", [ANNA, BEN])
def test_a_busted_trade_goes_back_whole_whoever_it_was_found_by(
    venue: Venue, olga: Trader, side: Side, finder: AccountId
) -> None:
    anna, ben = traders(venue, olga)
    olga.ask(desk.SetFees(ACME, 0, 10_000, WHY))
    before = [venue.engine.clearing.balances(name) for name in (ANNA, BEN)]
    anna.ask(order("a1", side, 4, 100))
    ben.ask(order("b1", side.opposite, 4, 100))
    anna.read()

    answers = olga.ask(desk.BustTrade(1, finder, "a mistake"))

    assert "trade 1" in done(answers).text
    assert [venue.engine.clearing.balances(name) for name in (ANNA, BEN)] == before
    for trader, own in ((anna, side), (ben, side.opposite)):
        (told,) = trader.read()
        assert isinstance(told, TradeBusted)
        assert (told.trade_id, told.side) == (1, own)


def test_a_trade_of_an_auction_can_be_busted_too(venue: Venue, olga: Trader) -> None:
    anna, ben = traders(venue, olga)
    olga.ask(desk.ChangePhase(ACME, Phase.OPENING_AUCTION, WHY))
    anna.ask(order("a1", Side.BUY, 4, 100))
    ben.ask(order("b1", Side.SELL, 4, 100))
    olga.ask(desk.ChangePhase(ACME, Phase.CONTINUOUS, WHY))

    olga.ask(desk.BustTrade(1, ANNA, WHY))

    assert venue.engine.clearing.balances(ANNA) == [(BTC, 1_000, 0), (USD, 1_000, 0)]


def test_a_trade_is_found_by_its_own_sides_only(venue: Venue, olga: Trader) -> None:
    anna, ben = traders(venue, olga)
    anna.ask(order("a1", Side.BUY, 4, 100))
    ben.ask(order("b1", Side.SELL, 4, 100))

    assert refusal(olga.ask(desk.BustTrade(1, OLGA, WHY))) is ErrorCode.UNKNOWN_TRADE


def test_a_trade_is_busted_once(venue: Venue, olga: Trader) -> None:
    anna, ben = traders(venue, olga)
    anna.ask(order("a1", Side.BUY, 4, 100))
    ben.ask(order("b1", Side.SELL, 4, 100))
    olga.ask(desk.BustTrade(1, ANNA, WHY))

    assert refusal(olga.ask(desk.BustTrade(1, ANNA, WHY))) is RejectReason.ALREADY_BUSTED


def test_everybody_hears_a_broadcast(venue: Venue, olga: Trader) -> None:
    anna, ben = traders(venue, olga)

    answers = olga.ask(desk.Broadcast("we close early", WHY))

    assert done(answers).action == "broadcast"
    for heard in (answers, anna.read(), ben.read()):
        assert [one.text for one in heard if isinstance(one, Notice)] == ["we close early"]


# -- new instruments -------------------------------------------------------------------------------
def adding(instrument: object) -> desk.AddInstrument:
    return desk.AddInstrument(msgspec.Raw(json.dumps(instrument).encode()), WHY)


def test_an_instrument_is_listed_with_the_keys_of_the_venue_file(venue: Venue, olga: Trader) -> None:
    listed: list[Symbol] = []
    venue.desk.on_listed = listed.append

    answers = olga.ask(
        adding(
            {
                "symbol": "NEW", "tick": 5, "market_remainder": "rest", "settlement": "margin", "quote": "EUR",
                "margin": 7, "limits": {"open_orders": 2},
            }
        )
    )  # fmt: skip

    new = Symbol("NEW")
    instrument = venue.engine.books[new].instrument
    assert [answer.action for answer in answers if isinstance(answer, AdminDone)] == [
        "add_instrument",
        "set_limits",
    ]
    assert (instrument.tick, instrument.market_remainder_rests, instrument.margin) == (5, True, 7)
    assert venue.engine.clearing.scopes.by_scope[None, new] == Limits(open_orders=2)
    assert listed == [new]


@pytest.mark.parametrize(
    ("instrument", "text"),
    [
        ({"symbol": "NEW", "tikc": 5}, "instrument.tikc: unknown key"),
        ({"symbol": "NEW", "tick": 0}, "instrument.tick: Input should be greater than or equal to 1"),
        ({"tick": 5}, "instrument.symbol: Field required"),
        ({"symbol": "NEW", "limits": {"message_rate": 5}}, "instrument.limits.message_rate: unknown key"),
        (["NEW"], "instrument: Input should be an object"),
    ],
)
def test_an_instrument_that_is_none_is_told_with_key_and_reason(
    venue: Venue, olga: Trader, instrument: object, text: str
) -> None:
    (answer,) = olga.ask(adding(instrument))

    assert isinstance(answer, Error)
    assert (answer.code, answer.text, answer.line) == (ErrorCode.INVALID_MESSAGE, text, 2)
    assert list(venue.engine.books) == [ACME]


@pytest.mark.parametrize(
    ("instrument", "reason"),
    [
        ({"symbol": "ACME"}, RejectReason.DUPLICATE_INSTRUMENT),
        ({"symbol": "NEW", "settlement": "spot"}, RejectReason.INVALID_INSTRUMENT),
        ({"symbol": "NEW", "minimum_quantity": 9, "maximum_quantity": 5}, RejectReason.INVALID_INSTRUMENT),
    ],
)
def test_an_instrument_that_can_not_be_listed_is_rejected(
    olga: Trader, instrument: object, reason: RejectReason
) -> None:
    assert refusal(olga.ask(adding(instrument))) is reason


# -- who may, and who learns of it -----------------------------------------------------------------
def test_a_trader_runs_nothing(venue: Venue) -> None:
    anna = Trader(venue, ANNA)

    assert refusal(anna.ask(desk.ListAccounts())) is ErrorCode.NOT_AN_OPERATOR
    assert refusal(anna.ask(desk.EnableAccount(ANNA, WHY))) is ErrorCode.NOT_AN_OPERATOR


def test_an_operator_who_disables_himself_gets_his_answer_first(venue: Venue, olga: Trader) -> None:
    answers = olga.ask(desk.DisableAccount(OLGA, "good night"), desk.ListSessions())

    assert [type(answer) for answer in answers] == [AccountBlocked, AdminDone, Error]
    assert not any(isinstance(answer, (desk.Sessions, LoggedOut, Copy, AuditEntry)) for answer in answers)

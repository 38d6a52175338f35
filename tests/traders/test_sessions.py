"""What a login may ask for, what an account may ask about itself, and orders that were entered before."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from protocol.desk import (
    AccountState,
    AccountStatus,
    AdminDone,
    Balance,
    DeadMan,
    DeadManArmed,
    KillSwitch,
    KillSwitchSet,
    MassQuote,
    MassQuoted,
    Notice,
    ProtectionSet,
    Quote,
    SetProtection,
)
from protocol.errors import LocalProtocolError, RemoteProtocolError, SessionBroken, SessionBusy
from protocol.fields import Message
from protocol.market import PrintBusted
from protocol.messages import (
    Copy,
    Error,
    Login,
    MassCancel,
    MassCanceled,
    NewOrder,
    OrderStateReport,
    OrderStatus,
    PrivateMessage,
)
from protocol.vocabulary import (
    AccountId,
    Asset,
    Channel,
    ClientOrderId,
    ErrorCode,
    OrderState,
    OrderType,
    QuoteSet,
    RejectReason,
    Request,
    Role,
    Side,
    Symbol,
)
from tests.support.scripted_venue import Peer, ScriptedVenue, scripted_venue
from tests.traders.reports import ACME, NOW, accepted, canceled, printed, rejected, traded
from traders.client import Client
from traders.order_view import OrderPhase

SECRET = "correct horse battery staple"


@pytest.fixture
async def venue() -> AsyncIterator[ScriptedVenue]:
    async with scripted_venue() as running:
        yield running


@pytest.fixture
async def pair(venue: ScriptedVenue) -> AsyncIterator[tuple[Client, Peer]]:
    async with Client.connect(venue.host, venue.port, account="alice", id_prefix="a") as client:
        yield client, await venue.peer()


def state_of(name: str, state: OrderState, *, cumulative: int = 0, **changed: Any) -> OrderStateReport:
    """What became of an order to buy 100 at 10000."""
    fields: dict[str, Any] = {
        "client_order_id": ClientOrderId(name),
        "order_id": 7,
        "symbol": ACME,
        "side": Side.BUY,
        "state": state,
        "quantity": 100,
        "cumulative": cumulative,
        "leaves": 0 if state in (OrderState.FILLED, OrderState.CANCELED) else 100 - cumulative,
        "price": 10_000,
    }
    return OrderStateReport(**(fields | changed))


def duplicate(name: str, seq: int, *, line: int | None) -> PrivateMessage:
    return rejected(name, seq, reason=RejectReason.DUPLICATE_CLIENT_ORDER_ID, line=line)


# -- logging in ------------------------------------------------------------------------------------
async def test_a_login_says_all_that_was_asked_for(venue: ScriptedVenue) -> None:
    venue.seq = 41
    async with Client.connect(
        venue.host,
        venue.port,
        account="alice",
        secret=SECRET,
        role=Role.DROP_COPY,
        heartbeat_s=0,
        cancel_on_disconnect=True,
        copy_from={AccountId("bob"): 7},
    ):
        peer = await venue.peer()

    assert peer.login == Login(
        account=AccountId("alice"),
        secret=SECRET,
        role=Role.DROP_COPY,
        cancel_on_disconnect=True,
        copy_from=[(AccountId("bob"), 7)],
    )


async def test_a_client_shows_its_secret_to_nobody(venue: ScriptedVenue) -> None:
    async with Client.connect(venue.host, venue.port, account="alice", secret=SECRET) as client:
        peer = await venue.peer()
        active = repr(client)

    shown = [active, repr(client), repr(peer.login), str(client.end)]
    assert [text for text in shown if SECRET in text] == []
    assert active == "<Client alice at scripted, active>"
    assert repr(client) == "<Client alice at scripted, ended: goodbye>"


async def test_a_refused_login_tells_the_code(venue: ScriptedVenue) -> None:
    venue.answers_logins = False

    async def refuse() -> None:
        peer = await venue.peer()
        peer.say(Error(ErrorCode.LOGIN_FAILED, "no"))
        peer.hang_up_after_writing()

    async with asyncio.TaskGroup() as group:
        group.create_task(refuse())
        with pytest.raises(SessionBroken, match="login_failed") as caught:
            async with Client.connect(venue.host, venue.port, account="alice", secret=SECRET):
                pass

    assert caught.value.code is ErrorCode.LOGIN_FAILED
    assert SECRET not in str(caught.value)


# -- questions about the account -------------------------------------------------------------------
STATE = AccountState(AccountId("alice"), Role.TRADER, [Balance(Asset("USD"), 5)])
ARMED = DeadManArmed(1, NOW, NOW + 5)
SWITCHED = KillSwitchSet(1, NOW, True)
PROTECTED = ProtectionSet(1, NOW, QuoteSet("front"), 5, 500_000_000)
QUOTED = MassQuoted(QuoteSet("front"), 2, 0)
QUOTE = Quote(Symbol("ACME"), 99, 10, 101, 10)
REFUSED = rejected(None, 1, request=Request.KILL_SWITCH, reason=RejectReason.ACCOUNT_DISABLED, line=2)


@pytest.mark.parametrize(
    ("call", "arguments", "request_", "answer"),
    [
        ("account", (), AccountStatus(), STATE),
        ("kill_switch", (), KillSwitch(True), SWITCHED),
        ("kill_switch", (False,), KillSwitch(False), REFUSED),
        ("dead_man", (2.5,), DeadMan(2_500), ARMED),
        ("dead_man", (0,), DeadMan(0), DeadManArmed(1, NOW)),
        ("protect", ("front", 5, 0.5), SetProtection(QuoteSet("front"), 5, 500), PROTECTED),
        ("quote", ("front", [QUOTE]), MassQuote(QuoteSet("front"), [QUOTE]), QUOTED),
    ],
)
async def test_an_account_asks_and_is_answered(
    pair: tuple[Client, Peer], call: str, arguments: tuple[object, ...], request_: Message, answer: Message
) -> None:
    client, peer = pair

    asking = asyncio.create_task(getattr(client, call)(*arguments))
    heard = await peer.hear(type(request_))
    peer.say(answer)

    assert heard == request_
    assert await asking == answer


async def test_a_role_that_may_not_ask_hears_so(pair: tuple[Client, Peer]) -> None:
    client, peer = pair

    asking = asyncio.create_task(client.kill_switch())
    await peer.hear(KillSwitch)
    peer.say(Error(ErrorCode.NOT_ALLOWED, "a viewer only looks", 2))

    with pytest.raises(RemoteProtocolError) as caught:
        await asking
    assert caught.value.code is ErrorCode.NOT_ALLOWED


async def test_a_quote_that_is_refused_is_not_taken_for_the_answer(pair: tuple[Client, Peer]) -> None:
    client, peer = pair
    refused = rejected("front.ACME.b.1", 1, line=2)

    asking = asyncio.create_task(client.quote("front", [QUOTE]))
    await peer.hear(MassQuote)
    peer.say(refused, MassQuoted(QuoteSet("front"), 1, 1))

    assert await asking == MassQuoted(QuoteSet("front"), 1, 1)


async def test_what_another_session_of_the_account_is_answered_answers_nobody_here(
    pair: tuple[Client, Peer],
) -> None:
    client, peer = pair
    theirs = rejected("a1", 1, reason=RejectReason.OFF_TICK)

    buying = asyncio.create_task(client.buy("ACME", 100, at=10_000))
    await peer.hear(NewOrder)
    peer.say(theirs, AdminDone(2, NOW, "change_phase"), accepted("a1", 3))
    order = await buying

    assert order.is_live
    assert order.rejection is None


# -- what is told to everybody, or about everybody -------------------------------------------------
async def test_a_notice_reaches_who_listens(pair: tuple[Client, Peer]) -> None:
    client, peer = pair
    notice = Notice(NOW, "we close early")

    async with aclosing(client.notices()) as notices:
        hearing = asyncio.ensure_future(anext(notices))
        await asyncio.sleep(0)  # the reader is there
        peer.say(notice)

        assert await hearing == notice


async def test_who_listens_for_notices_after_the_end_finds_the_end(venue: ScriptedVenue) -> None:
    async with Client.connect(venue.host, venue.port, account="alice") as client:
        await venue.peer()

    async with aclosing(client.notices()) as notices:
        assert [notice async for notice in notices] == []


async def test_copies_are_kept_from_the_login_on_and_counted_by_account(venue: ScriptedVenue) -> None:
    bob, carl = AccountId("bob"), AccountId("carl")
    copies = [Copy(bob, accepted("b", 7)), Copy(carl, accepted("c", 3)), Copy(bob, canceled("b", 8))]

    async with Client.connect(
        venue.host, venue.port, account="clearing", role=Role.DROP_COPY, copy_from={bob: 7}
    ) as client:
        peer = await venue.peer()
        peer.say(*copies)
        async with aclosing(client.copies()) as stream:
            read = [await anext(stream) for _ in range(3)]
    assert read == [(copy.account, copy.report) for copy in copies]
    assert client.copy_from == {bob: 9, carl: 4}


async def test_a_second_reader_of_the_copies_is_refused(venue: ScriptedVenue) -> None:
    async with (
        Client.connect(venue.host, venue.port, account="clearing", role=Role.DROP_COPY) as client,
        aclosing(client.copies()) as one,
        aclosing(client.copies()) as two,
    ):
        peer = await venue.peer()
        first = asyncio.ensure_future(anext(one))
        await asyncio.sleep(0)  # it waits

        with pytest.raises(SessionBusy):
            await anext(two)

        peer.say(Copy(AccountId("bob"), accepted("b", 1)))
        assert await first == (AccountId("bob"), accepted("b", 1))


async def test_a_trader_has_no_copies_to_read(pair: tuple[Client, Peer]) -> None:
    client, _ = pair

    with pytest.raises(LocalProtocolError, match="the role trader gets no copies"):
        await anext(client.copies())


async def test_the_tape_tells_of_busts_and_trades_are_only_trades(pair: tuple[Client, Peer]) -> None:
    client, peer = pair
    bust = PrintBusted(ACME, 2, 1, NOW)

    async with aclosing(client.tape("ACME")) as tape, aclosing(client.trades("ACME")) as trades:
        first, only = asyncio.ensure_future(anext(tape)), asyncio.ensure_future(anext(trades))
        await peer.hear_subscription(Channel.TRADES)
        peer.say(printed(trade_id=1), bust, printed(trade_id=3))

        assert [await first, await anext(tape), await anext(tape)] == [
            printed(trade_id=1),
            bust,
            printed(trade_id=3),
        ]
        assert [await only, await anext(trades)] == [printed(trade_id=1), printed(trade_id=3)]


# -- resuming --------------------------------------------------------------------------------------
async def test_what_is_sent_again_is_read_though_it_came_before_the_reader(venue: ScriptedVenue) -> None:
    venue.seq = 12
    missed = [accepted("x", 10), traded("x", 11), canceled("y", 12)]

    async with Client.connect(venue.host, venue.port, account="alice", resume_from=10) as client:
        peer = await venue.peer()
        peer.say(*missed)
        asking = asyncio.create_task(client.account())
        await peer.hear(AccountStatus)
        peer.say(STATE)
        await asking  # all of it has arrived by now
        async with aclosing(client.reports()) as reports:
            read = [await anext(reports) for _ in range(2)]

        assert read == missed[:2]
        assert client.resume_from == 12, "the third was not handed out"


async def test_without_a_reader_all_that_came_counts_as_seen(pair: tuple[Client, Peer]) -> None:
    client, peer = pair
    before = client.resume_from

    peer.say(accepted("x", 1), traded("x", 2), STATE)
    asking = asyncio.create_task(client.account())
    await peer.hear(AccountStatus)
    peer.say(STATE)
    await asking

    assert (before, client.resume_from) == (1, 3)


async def test_what_is_sent_again_and_has_no_reader_yet_is_not_seen(venue: ScriptedVenue) -> None:
    venue.seq = 2
    async with Client.connect(venue.host, venue.port, account="alice", resume_from=2) as client:
        peer = await venue.peer()
        asking = asyncio.create_task(client.account())
        await peer.hear(AccountStatus)
        peer.say(accepted("x", 2), traded("x", 3), STATE)
        await asking

        assert client.resume_from == 2


async def test_what_is_sent_again_answers_nothing_that_is_asked_now(venue: ScriptedVenue) -> None:
    venue.seq = 2
    async with Client.connect(venue.host, venue.port, account="alice", resume_from=1) as client:
        peer = await venue.peer()
        canceling = asyncio.create_task(client.mass_cancel())
        await peer.hear(MassCancel)
        peer.say(MassCanceled(1, NOW, 5), MassCanceled(2, NOW, 6), MassCanceled(3, NOW, 0))

        assert await canceling == MassCanceled(3, NOW, 0)


async def test_answers_without_a_line_count_in_a_session_that_is_resumed(venue: ScriptedVenue) -> None:
    venue.seq = 1
    async with Client.connect(
        venue.host, venue.port, account="alice", resume_from=1, id_prefix="a"
    ) as client:
        peer = await venue.peer()
        buying = asyncio.create_task(client.buy("ACME", 100, at=10_001))
        await peer.hear(NewOrder)
        peer.say(traded("x", 1), rejected("a1", 2))
        order = await buying

        assert order.rejection == rejected("a1", 2)


# -- an order that was entered before (rule 46) ----------------------------------------------------
@pytest.mark.parametrize("overtaken", [False, True], ids=["in order", "the state first"])
@pytest.mark.parametrize(
    ("state", "cumulative", "phase"),
    [
        (OrderState.LIVE, 40, OrderPhase.LIVE),
        (OrderState.FILLED, 100, OrderPhase.FILLED),
        (OrderState.CANCELED, 10, OrderPhase.CANCELED),
    ],
)
async def test_an_order_sent_twice_is_the_first_one(
    pair: tuple[Client, Peer], state: OrderState, cumulative: int, phase: OrderPhase, overtaken: bool
) -> None:
    client, peer = pair
    answers = [duplicate("mine", 1, line=2), state_of("mine", state, cumulative=cumulative)]

    buying = asyncio.create_task(client.buy("ACME", 100, at=10_000, client_order_id="mine"))
    await peer.hear(NewOrder)
    peer.say(*(reversed(answers) if overtaken else answers))
    order = await buying

    assert (order.phase, order.cumulative, order.rejection) == (phase, cumulative, None)
    assert (order.resumed, order.order_id, order.average_price) == (True, 7, None)


async def test_an_order_taken_up_again_goes_on(pair: tuple[Client, Peer]) -> None:
    client, peer = pair
    buying = asyncio.create_task(client.buy("ACME", 100, at=10_000, client_order_id="mine"))
    await peer.hear(NewOrder)
    peer.say(duplicate("mine", 1, line=2), state_of("mine", OrderState.LIVE, cumulative=40))
    order = await buying

    peer.say(traded("mine", 2, price=9_999, quantity=60, cumulative=100))

    assert [report async for report in order] == [traded("mine", 2, price=9_999, quantity=60, cumulative=100)]
    assert (order.phase, order.average_price) == (OrderPhase.FILLED, 9_999)


async def test_what_happened_to_the_first_one_meanwhile_is_not_taken_for_an_answer(
    pair: tuple[Client, Peer],
) -> None:
    client, peer = pair

    buying = asyncio.create_task(client.buy("ACME", 100, at=10_000, client_order_id="mine"))
    await peer.hear(NewOrder)
    peer.say(
        traded("mine", 1, quantity=30, cumulative=30, leaves=70),
        duplicate("mine", 2, line=2),
        state_of("mine", OrderState.LIVE, cumulative=30),
    )
    order = await buying

    assert (order.phase, order.cumulative, order.leaves) == (OrderPhase.LIVE, 30, 70)


@pytest.mark.parametrize(
    "changed", [{"symbol": Symbol("BOLT")}, {"side": Side.SELL}, {"order_type": OrderType.PEG}]
)
async def test_another_order_of_the_same_name_leaves_it_refused(
    pair: tuple[Client, Peer], changed: dict[str, Any]
) -> None:
    client, peer = pair
    refusal = duplicate("mine", 1, line=2)

    buying = asyncio.create_task(client.buy("ACME", 100, at=10_000, client_order_id="mine"))
    await peer.hear(NewOrder)
    peer.say(refusal, state_of("mine", OrderState.LIVE, **changed))
    order = await buying

    assert (order.phase, order.rejection, order.resumed) == (OrderPhase.REJECTED, refusal, False)


async def test_the_state_of_an_order_is_no_answer_to_another_one(pair: tuple[Client, Peer]) -> None:
    client, peer = pair

    buying = asyncio.create_task(client.buy("ACME", 100, at=10_000, client_order_id="mine"))
    asking = asyncio.create_task(client.order_status("other"))
    await peer.hear(NewOrder)
    await peer.hear(OrderStatus)
    peer.say(accepted("mine", 1), state_of("other", OrderState.FILLED, cumulative=100))

    assert (await buying).is_live
    assert (await asking).state is OrderState.FILLED

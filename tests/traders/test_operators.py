"""The operator's desk, request by request, against a real venue."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest

from protocol.desk import AdminDone, BalanceAdjusted, LimitValues, TradeBusted
from protocol.errors import RemoteProtocolError, SessionBroken
from protocol.market import PrintBusted, TradePrint
from protocol.messages import Canceled, PrivateMessage, Rejected, TradeReport
from protocol.vocabulary import AccountId, Asset, Block, CancelReason, ErrorCode, Phase, RejectReason, Role
from tests.support.venue import running_venue
from traders.client import Client
from traders.operators import Operator
from traders.venue_process import Address

FILE = """
[[instruments]]
symbol = "ACME"
settlement = "spot"
base = "ACME"
quote = "USD"

[[accounts]]
name = "olga"
role = "operator"

[[accounts]]
name = "anna"
deposits = { USD = 1000000 }

[[accounts]]
name = "ben"
deposits = { ACME = 1000 }
"""
WHY = "a test"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[Address]:
    path = tmp_path / "venue.toml"
    path.write_text(FILE)
    with running_venue(tmp_path, str(path)) as process:
        yield Address(process.host, process.port)


@pytest.fixture
async def olga(address: Address) -> AsyncIterator[Operator]:
    async with Operator.connect(*address, account="olga") as operator:
        yield operator


@pytest.fixture
async def anna(address: Address) -> AsyncIterator[Client]:
    async with Client.connect(*address, account="anna") as client:
        yield client


@pytest.fixture
async def ben(address: Address) -> AsyncIterator[Client]:
    async with Client.connect(*address, account="ben") as client:
        yield client


async def begun(reports: AsyncGenerator[PrivateMessage, None]) -> "asyncio.Future[PrivateMessage]":
    """The first report to come; from now on all are kept for the reader."""
    first = asyncio.ensure_future(anext(reports))
    await asyncio.sleep(0)
    return first


async def test_who_is_connected_and_who_has_what(olga: Operator, anna: Client) -> None:
    await anna.buy("ACME", 10, at=100)

    sessions = (await olga.sessions()).sessions
    accounts = {one.account: one for one in (await olga.accounts()).accounts}

    assert [(one.account, one.role) for one in sessions] == [("olga", Role.OPERATOR), ("anna", Role.TRADER)]
    balances = {one.asset: (one.free, one.held) for one in accounts[AccountId("anna")].balances}
    assert balances[Asset("USD")] == (999_000, 1_000)
    assert accounts[AccountId("olga")].role is Role.OPERATOR


async def test_money_comes_and_goes_once_for_each_transaction(olga: Operator, anna: Client) -> None:
    async with aclosing(anna.reports()) as reports:
        first = await begun(reports)
        answers = [
            await olga.adjust_balance("anna", "USD", 500, transaction_id="t1", why=WHY),
            await olga.adjust_balance("anna", "USD", 500, transaction_id="t1", why=WHY),
            await olga.adjust_balance("anna", "USD", -700, transaction_id="t2", why=WHY),
            await olga.adjust_balance("anna", "USD", 900, transaction_id="t1", why=WHY),
            await olga.adjust_balance("anna", "USD", -2_000_000, transaction_id="t3", why=WHY),
            await olga.adjust_balance("anna", "EUR", 1, transaction_id="t4", why=WHY),
        ]
        state = await anna.account()
        told = [await first, await anext(reports)]

    refused = [answer.reason for answer in answers if isinstance(answer, Rejected)]
    assert [type(answer) for answer in answers[:3]] == [AdminDone] * 3
    assert refused == [
        RejectReason.TRANSACTION_CONFLICT,
        RejectReason.INSUFFICIENT_FUNDS,
        RejectReason.UNKNOWN_ASSET,
    ]
    assert [(one.amount, one.free) for one in told if isinstance(one, BalanceAdjusted)] == [
        (500, 1_000_500),
        (-700, 999_800),
    ]
    assert {one.asset: one.free for one in state.balances if one.free} == {"USD": 999_800}


async def test_an_account_is_created_disabled_and_enabled(address: Address, olga: Operator) -> None:
    created = await olga.create_account("carl", why=WHY, role=Role.TRADER)
    again = await olga.create_account("carl", why=WHY)
    async with AsyncExitStack() as stack:
        carl = await stack.enter_async_context(Client.connect(*address, account="carl"))
        disabled = await olga.disable_account("carl", why=WHY)
        with pytest.raises(SessionBroken) as thrown_out:
            await stack.aclose()
    with pytest.raises(SessionBroken) as kept_out:
        await stack.enter_async_context(Client.connect(*address, account="carl"))
    enabled = await olga.enable_account("carl", why=WHY)
    async with Client.connect(*address, account="carl") as back:
        state = await back.account()

    assert isinstance(created, AdminDone)
    assert isinstance(again, Rejected)
    assert again.reason is RejectReason.DUPLICATE_ACCOUNT
    assert isinstance(disabled, AdminDone)
    assert isinstance(enabled, AdminDone)
    assert not carl.is_active
    assert thrown_out.value.code is kept_out.value.code is ErrorCode.ACCOUNT_DISABLED
    assert state.blocked is None


async def test_limits_bind_from_then_on(olga: Operator, anna: Client) -> None:
    done = await olga.set_limits(LimitValues(order_quantity=5), why=WHY, account="anna", symbol="ACME")
    over = await anna.buy("ACME", 6, at=100)
    just = await anna.buy("ACME", 5, at=100)

    assert isinstance(done, AdminDone)
    assert over.rejection is not None
    assert over.rejection.reason is RejectReason.ORDER_QUANTITY_LIMIT
    assert just.is_live


async def test_fees_are_taken_from_then_on(olga: Operator, anna: Client, ben: Client) -> None:
    done = await olga.set_fees("ACME", maker_ppm=-10_000, taker_ppm=20_000, why=WHY)
    await anna.buy("ACME", 10, at=100)
    order = await ben.sell("ACME", 10, at=100)
    *_, trade = [report async for report in order if isinstance(report, TradeReport)]

    assert isinstance(done, AdminDone)
    assert trade.fee == 20


async def test_orders_of_others_are_canceled_one_or_all(olga: Operator, anna: Client) -> None:
    orders = [await anna.buy("ACME", 1, at=price) for price in (90, 91, 92)]

    one = await olga.cancel("anna", why=WHY, client_order_id=orders[0].client_order_id)
    rest = await olga.cancel("anna", why=WHY)
    reports = [[report async for report in order][-1] for order in orders]

    assert isinstance(one, AdminDone)
    assert isinstance(rest, AdminDone)
    assert [type(report) for report in reports] == [Canceled] * 3
    assert isinstance(reports[0], Canceled)
    assert reports[0].reason is CancelReason.OPERATOR


async def test_a_trade_is_busted_once_and_everybody_hears_of_it(
    olga: Operator, anna: Client, ben: Client
) -> None:
    async with aclosing(anna.reports()) as reports:
        first = await begun(reports)
        bought = await anna.buy("ACME", 10, at=100)
        await ben.sell("ACME", 10, at=100)
        *_, trade = [report async for report in bought if isinstance(report, TradeReport)]

        done = await olga.bust_trade(trade.trade_id, "anna", why=WHY)
        again = await olga.bust_trade(trade.trade_id, "ben", why=WHY)
        with pytest.raises(RemoteProtocolError) as unknown:
            await olga.bust_trade(999, "anna", why=WHY)
        told = [await first, await anext(reports), await anext(reports)]
        state = await anna.account()

    assert isinstance(done, AdminDone)
    assert isinstance(again, Rejected)
    assert again.reason is RejectReason.ALREADY_BUSTED
    assert unknown.value.code is ErrorCode.UNKNOWN_TRADE
    assert isinstance(told[-1], TradeBusted)
    assert told[-1].trade_id == trade.trade_id
    assert {one.asset: one.free for one in state.balances if one.free} == {"USD": 1_000_000}
    assert [one.quantity for one in state.holdings] == [0]


async def test_the_tape_says_what_was_busted(olga: Operator, anna: Client, ben: Client) -> None:
    async with aclosing(anna.tape("ACME")) as tape, aclosing(anna.depth("ACME", levels=1)) as depths:
        first = asyncio.ensure_future(anext(tape))
        await anext(depths)
        await anna.buy("ACME", 10, at=100)
        await ben.sell("ACME", 10, at=100)
        print_ = await first
        await olga.bust_trade(print_.trade_id, "anna", why=WHY)
        bust = await anext(tape)

    assert isinstance(print_, TradePrint)
    assert isinstance(bust, PrintBusted)
    assert (bust.trade_id, bust.seq) == (print_.trade_id, print_.seq + 1)


async def test_an_instrument_is_listed_while_the_venue_runs(
    address: Address, olga: Operator, anna: Client
) -> None:
    done = await olga.add_instrument({"symbol": "DUNE", "tick": 5, "lot": 10}, why=WHY)
    again = await olga.add_instrument({"symbol": "DUNE"}, why=WHY)
    with pytest.raises(RemoteProtocolError, match="tick") as wrong:
        await olga.add_instrument({"symbol": "EGON", "tick": 0}, why=WHY)
    order = await anna.buy("DUNE", 10, at=100)
    async with Client.connect(*address, account="ben") as ben:
        listed = ben.instruments

    assert isinstance(done, AdminDone)
    assert isinstance(again, Rejected)
    assert again.reason is RejectReason.DUPLICATE_INSTRUMENT
    assert wrong.value.code is ErrorCode.INVALID_MESSAGE
    assert order.is_live
    assert sorted(listed) == ["ACME", "DUNE"]


async def test_everybody_hears_a_notice(olga: Operator, anna: Client) -> None:
    async with aclosing(anna.notices()) as notices:
        hearing = asyncio.ensure_future(anext(notices))
        await asyncio.sleep(0)  # the reader is there
        done = await olga.broadcast("we close early", why=WHY)
        notice = await hearing

    assert isinstance(done, AdminDone)
    assert notice.text == "we close early"


async def test_everything_that_was_done_stands_in_the_audit(olga: Operator, anna: Client) -> None:
    await olga.change_phase("ACME", Phase.HALT, why="news pending")
    refused = await anna.buy("ACME", 1, at=100)
    await olga.change_phase("ACME", Phase.CONTINUOUS, why="news is out")
    await olga.set_last_price("ACME", 100, why="as at home")
    await anna.kill_switch()

    entries = [entry for entry in await olga.whole_audit() if entry.by == "olga"]
    page = await olga.audit(from_seq=entries[1].seq, limit=1)

    assert refused.rejection is not None
    assert refused.rejection.reason is RejectReason.WRONG_PHASE
    assert [(entry.action, entry.symbol, entry.why) for entry in entries] == [
        ("change_phase", "ACME", "news pending"),
        ("change_phase", "ACME", "news is out"),
        ("set_last_price", "ACME", "as at home"),
    ]
    assert [entry.why for entry in page.entries] == ["news is out"]
    assert page.last_seq >= entries[-1].seq
    assert (await anna.account()).blocked is Block.KILL_SWITCH


async def test_who_is_no_operator_hears_so_at_every_desk(anna: Client) -> None:
    operator = Operator(anna)

    for asking in (operator.sessions, operator.accounts, operator.audit):
        with pytest.raises(RemoteProtocolError) as caught:
            await asking()
        assert caught.value.code is ErrorCode.NOT_AN_OPERATOR

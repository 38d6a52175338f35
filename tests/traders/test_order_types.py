"""Stops, icebergs, money, phases and auctions from the trader's side, against the real venue."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from protocol.desk import AdminDone
from protocol.errors import RemoteProtocolError
from protocol.market import AuctionMessage, AuctionResult, Indication, PhaseStatus
from protocol.messages import Canceled, MassCanceled, Rejected, Replaced, TradeReport
from protocol.vocabulary import (
    CancelReason,
    ClientOrderId,
    ErrorCode,
    Liquidity,
    OrderState,
    OrderType,
    Phase,
    PostOnly,
    SelfTrade,
    Side,
    TimeInForce,
)
from tests.support.venue import running_venue
from tests.traders.reports import ACME
from traders.client import Client
from traders.entry import Terms, new_order
from traders.operators import Operator
from traders.portfolio import Portfolio
from traders.venue_process import Address

FILE = """
[[accounts]]
name = "olga"
role = "operator"

[[instruments]]
symbol = "ACME"
maker_fee_ppm = 10000
taker_fee_ppm = 20000
"""


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Address]:
    path = tmp_path / "venue.toml"
    path.write_text(FILE)
    with running_venue(tmp_path, str(path)) as process:
        yield Address(process.host, process.port)


@pytest.fixture
async def olga(venue: Address) -> AsyncIterator[Operator]:
    async with Operator.connect(*venue, account="olga") as operator:
        yield operator


@pytest.fixture
async def dora(venue: Address) -> AsyncIterator[Client]:
    async with Client.connect(*venue, account="dora") as client:
        yield client


@pytest.fixture
async def anna(venue: Address) -> AsyncIterator[Client]:
    async with Client.connect(*venue, account="anna") as client:
        yield client


# -- orders as they are worded ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("quantity", "at", "terms", "order_type", "time_in_force"),
    [
        (5, 10, {}, OrderType.LIMIT, TimeInForce.GTC),
        (5, None, {}, OrderType.MARKET, TimeInForce.GTC),
        (5, None, {"stop_price": 9}, OrderType.STOP, TimeInForce.GTC),
        (5, 10, {"trail": 2}, OrderType.STOP_LIMIT, TimeInForce.GTC),
        (0, None, {"amount": 90}, OrderType.MARKET_BY_AMOUNT, TimeInForce.GTC),
        (5, None, {"amount": 90}, OrderType.MONEY_LIMIT, TimeInForce.FOK),
        (5, 10, {"expires_at_ns": 7}, OrderType.LIMIT, TimeInForce.GTD),
    ],
)
def test_type_and_time_in_force_follow_from_what_is_given(
    quantity: int, at: int | None, terms: Terms, order_type: OrderType, time_in_force: TimeInForce
) -> None:
    request = new_order(ClientOrderId("a"), ACME, Side.BUY, quantity, at, None, None, False, terms)

    assert (request.order_type, request.time_in_force) == (order_type, time_in_force)
    assert {name: getattr(request, name) for name in terms} == terms


def test_what_is_given_is_not_second_guessed() -> None:
    request = new_order(
        ClientOrderId("a"),
        ACME,
        Side.SELL,
        5,
        None,
        OrderType.PEG,
        TimeInForce.DAY,
        PostOnly.CANCEL,
        {"cap": 3},
    )

    assert (request.order_type, request.time_in_force, request.cap) == (OrderType.PEG, TimeInForce.DAY, 3)
    assert request.post_only is PostOnly.CANCEL


# -- orders ----------------------------------------------------------------------------------------
async def test_a_stop_waits_moves_triggers_and_trades(anna: Client, dora: Client, olga: Operator) -> None:
    await dora.buy("ACME", 10, at=95)
    stop = await anna.sell("ACME", 10, stop_price=90)
    waiting = (stop.is_pending, stop.is_live, stop.stop_price)
    status = await anna.order_status(stop.client_order_id)

    moved = await stop.replace(stop_price=92)
    done = await olga.set_last_price("ACME", 91, why="a test")
    kinds = [type(report).__name__ async for report in stop]

    assert waiting == (True, False, 90)
    assert (status.state, status.stop_price, status.order_type) == (OrderState.PENDING, 90, OrderType.STOP)
    assert isinstance(moved, Replaced)
    assert moved.stop_price == 92
    assert isinstance(done, AdminDone)
    assert kinds == ["Accepted", "Replaced", "Triggered", "TradeReport"]
    assert stop.average_price == 95


async def test_a_market_order_by_amount_tells_when_it_is_done(anna: Client, dora: Client) -> None:
    for price in (100, 101, 110):
        await dora.sell("ACME", 10, at=price)

    order = await anna.buy("ACME", amount=1_700)
    reports = [report async for report in order]

    # 10 for 1,000 and 6 for 606; the rest does not pay for another.
    assert [(one.quantity, one.price) for one in reports if isinstance(one, TradeReport)] == [
        (10, 100),
        (6, 101),
    ]
    assert (order.is_done, order.quantity, order.cumulative, order.turnover) == (True, 16, 16, 1_606)


async def test_a_peg_follows_and_an_own_order_is_not_traded_with(anna: Client) -> None:
    await anna.buy("ACME", 5, at=90)
    peg = await anna.new(Side.BUY, "ACME", 10, order_type=OrderType.PEG, cap=93)
    first = peg.price

    better = await anna.buy("ACME", 5, at=92)
    followed = peg.price
    crossing = await anna.sell("ACME", 8, at=92, self_trade=SelfTrade.DECREMENT)

    assert (first, followed) == (90, 92)
    assert [type(report).__name__ async for report in better] == ["Accepted", "Canceled"]
    assert (crossing.prevented, crossing.is_done, peg.prevented, peg.leaves) == (5, True, 3, 7)


async def test_a_mass_cancel_can_be_bounded_by_price(anna: Client) -> None:
    orders = [await anna.buy("ACME", 1, at=price) for price in (80, 85, 90)]

    done = await anna.mass_cancel(lowest=81, highest=89)

    assert isinstance(done, MassCanceled)
    assert done.count == 1
    assert [order.is_live for order in orders] == [True, False, True]


async def test_an_order_that_would_have_to_trade_is_canceled_where_it_says_so(
    anna: Client, dora: Client
) -> None:
    await dora.sell("ACME", 5, at=100)

    refused = await anna.buy("ACME", 5, at=100, post_only=True)
    canceled = await anna.buy("ACME", 5, at=100, post_only=PostOnly.CANCEL)
    moved = await anna.buy("ACME", 5, at=100, post_only=PostOnly.REPRICE)

    assert refused.rejection is not None
    reports = [report async for report in canceled]
    assert isinstance(reports[-1], Canceled)
    assert reports[-1].reason is CancelReason.POST_ONLY
    assert (moved.is_live, moved.price) == (True, 99)


# -- phases and auctions ---------------------------------------------------------------------------
async def test_a_call_is_watched_from_its_beginning_to_its_result(anna: Client, olga: Operator) -> None:
    async with (
        aclosing(anna.status("ACME")) as phases,
        aclosing(anna.auctions("ACME")) as auctions,
        aclosing(anna.depth("ACME")) as depths,
        aclosing(anna.trades("ACME")) as prints,
    ):
        reading: asyncio.Future[AuctionMessage] = asyncio.ensure_future(anext(auctions))
        printed = asyncio.ensure_future(anext(prints))
        before = await anext(phases)
        await anext(depths)
        await olga.change_phase("ACME", Phase.INTRADAY_AUCTION, why="a test")
        changed = await anext(phases)
        bid = await anna.buy("ACME", 10, at=102)
        ask = await anna.sell("ACME", 4, at=98)
        depth = await anext(depths)
        while not depth.asks:
            depth = await anext(depths)
        indication = await reading
        while isinstance(indication, Indication) and not indication.volume:
            indication = await anext(auctions)

        await olga.change_phase("ACME", Phase.CONTINUOUS, why="a test")
        result = await anext(auctions)
        print_ = await printed

    assert isinstance(before, PhaseStatus)
    assert (before.phase, before.previous) == (Phase.CONTINUOUS, None)
    assert (changed.phase, changed.previous) == (Phase.INTRADAY_AUCTION, Phase.CONTINUOUS)
    assert (depth.is_crossed, depth.spread, depth.mid) == (True, -4, 100)
    assert isinstance(indication, Indication)
    assert (indication.price, indication.volume, indication.surplus) == (102, 4, 6)
    assert isinstance(result, AuctionResult)
    assert (result.price, result.volume) == (102, 4)
    assert (print_.price, print_.quantity, print_.aggressor) == (102, 4, None)
    assert (bid.leaves, ask.is_done) == (6, True)


async def test_fills_of_an_auction_count_with_their_fees(anna: Client, dora: Client, olga: Operator) -> None:
    portfolio = Portfolio()
    await olga.change_phase("ACME", Phase.PRE_OPEN, why="a test")
    await anna.buy("ACME", 10, at=100)
    async with aclosing(anna.reports()) as reports:
        reading = asyncio.ensure_future(anext(reports))
        await asyncio.sleep(0)  # the reader is there
        await dora.sell("ACME", 10, at=100)
        await olga.change_phase("ACME", Phase.CONTINUOUS, why="a test")
        report = await reading

    assert isinstance(report, TradeReport)
    portfolio.apply(report)
    assert report.liquidity is Liquidity.AUCTION
    assert (portfolio.position(ACME), portfolio.fees, portfolio.trades) == (10, 10, 1)


async def test_a_late_reader_is_shown_the_phase_and_the_indication(anna: Client, olga: Operator) -> None:
    await olga.change_phase("ACME", Phase.CLOSING_AUCTION, why="a test")
    async with aclosing(anna.status("ACME")) as early, aclosing(anna.auctions("ACME")) as early_auctions:
        await anext(early)
        await anext(early_auctions)

        async with aclosing(anna.status("ACME")) as late, aclosing(anna.auctions("ACME")) as late_auctions:
            shown: tuple[Any, Any] = (await anext(late), await anext(late_auctions))

    assert shown[0] == PhaseStatus(ACME, 0, Phase.CLOSING_AUCTION)
    assert (shown[1].price, shown[1].volume) == (None, 0)


async def test_who_is_no_operator_hears_so(anna: Client) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        await Operator(anna).change_phase("ACME", Phase.HALT, why="a test")

    assert caught.value.code is ErrorCode.NOT_AN_OPERATOR


async def test_an_operator_who_asks_for_the_impossible_is_rejected(olga: Operator) -> None:
    answers = (
        await olga.set_last_price("ACME", 0, why="a test"),
        await olga.change_phase("NOPE", Phase.HALT, why="a test"),
    )

    assert all(isinstance(answer, Rejected) for answer in answers)

"""Every public stream of an instrument, whatever venue and traders run on."""

import pytest

from protocol.desk import Broadcast, BustTrade, ChangePhase
from protocol.market import AuctionResult, Bar, Indication, PrintBusted, TradePrint
from protocol.messages import TradeReport
from protocol.vocabulary import AccountId, Interval, Phase, Request, Symbol
from tests.conformance.pairs.blocking import Order, Trader, until
from tests.conformance.pairs.pairing import Pair


def trade(pair: Pair, quantity: int = 40) -> tuple[Trader, Order]:
    """Somebody bids 100 at 10,000, somebody sells; the bidder, and his order."""
    alice, bob = pair.trader("alice"), pair.trader("bob")
    resting = alice.buy(pair.symbol, 100, at=10_000)
    bob.sell(pair.symbol, quantity)
    return alice, resting


@pytest.mark.feature("stream: best bid and offer")
def test_the_best_prices_are_followed(pair: Pair) -> None:
    stream = pair.trader("watcher").read("bbo", pair.symbol)
    before = stream.next()

    trade(pair)

    assert (before.bids, before.asks) == ((), ())
    assert until(stream, ((10_000, 60),), lambda best: best.bids).asks == ()


@pytest.mark.feature("stream: depth, whole or of some levels")
@pytest.mark.parametrize("levels", [None, 2])
def test_the_book_is_followed_by_price_level(pair: Pair, levels: int | None) -> None:
    watcher = pair.trader("watcher")
    stream = watcher.read("depth", pair.symbol, levels=levels)
    stream.next()

    alice, _ = trade(pair)
    for price in (9_990, 9_980, 9_970):
        alice.buy(pair.symbol, 1, at=price)
    alice.sell(pair.symbol, 7, at=10_010)

    all_bids = ((10_000, 60), (9_990, 1), (9_980, 1), (9_970, 1))
    assert until(stream, ((10_010, 7),), lambda depth: depth.asks).bids == all_bids[:levels]
    assert watcher.client.recoveries == 0


@pytest.mark.feature("stream: orders")
def test_the_book_is_followed_order_by_order(pair: Pair) -> None:
    stream = pair.trader("watcher").read("orders", pair.symbol)
    stream.next()

    alice, order = trade(pair)
    alice.buy(pair.symbol, 5, at=10_000)

    book = until(stream, 2, lambda book: sum(len(level.orders) for level in book.bids))
    place = book.place(order.view.order_id)
    assert (place.quantity, place.position, place.ahead) == (60, 0, 0)


@pytest.mark.feature("stream: trades, and those undone")
def test_the_tape_tells_of_trades_and_of_those_undone(pair: Pair) -> None:
    tape = pair.trader("watcher").read("tape", pair.symbol)
    trades = pair.trader("other").read("trades", pair.symbol)

    _, order = trade(pair)
    order.next_report()
    report = order.next_report()
    assert isinstance(report, TradeReport)
    boss = pair.trader("boss")
    boss.do("ask", Request.ADMIN, BustTrade(report.trade_id, AccountId(pair.name("alice")), "a slip"))

    done, undone = tape.next(), tape.next()
    assert isinstance(done, TradePrint)
    assert (done.price, done.quantity, done.trade_id) == (10_000, 40, report.trade_id)
    assert isinstance(undone, PrintBusted)
    assert undone.trade_id == done.trade_id
    assert trades.next() == done


@pytest.mark.feature("stream: candles")
def test_candles_grow_with_trades(pair: Pair) -> None:
    stream = pair.trader("watcher").read("candles", pair.symbol, Interval.DAY)

    trade(pair, 40)

    bar = until(stream, 1, lambda bar: bar.trades)
    assert isinstance(bar, Bar)
    assert (bar.open, bar.close, bar.volume) == (10_000, 10_000, 40)


@pytest.mark.feature("stream: statistics of the day")
def test_the_statistics_of_the_day_grow_with_trades(pair: Pair) -> None:
    stream = pair.trader("watcher").read("statistics", pair.symbol)
    before = stream.next()

    trade(pair)

    day = until(stream, 1, lambda day: day.trades)
    assert before.trades == 0
    assert (day.volume, day.last, day.vwap) == (40, 10_000, 10_000)


def change_phase(pair: Pair, phase: Phase) -> None:
    pair.trader("boss").do("ask", Request.ADMIN, ChangePhase(Symbol(pair.symbol), phase, "a test"))


@pytest.mark.feature("stream: status")
def test_phases_are_told(pair: Pair) -> None:
    stream = pair.trader("watcher").read("status", pair.symbol)
    before = stream.next()

    change_phase(pair, Phase.HALT)

    halted = stream.next()
    assert before.phase is Phase.CONTINUOUS
    assert (halted.phase, halted.previous) == (Phase.HALT, Phase.CONTINUOUS)


@pytest.mark.feature("stream: auctions")
def test_an_auction_is_told_while_it_forms_and_when_it_is_held(pair: Pair) -> None:
    stream = pair.trader("watcher").read("auctions", pair.symbol)
    alice, bob = pair.trader("alice"), pair.trader("bob")

    change_phase(pair, Phase.OPENING_AUCTION)
    alice.buy(pair.symbol, 10, at=105)
    bob.sell(pair.symbol, 4, at=95)
    forming = until(stream, 4, lambda auction: auction.volume)
    change_phase(pair, Phase.CONTINUOUS)

    result = until(stream, AuctionResult, type)
    assert isinstance(forming, Indication)
    assert (result.volume, result.surplus, result.price) == (4, 6, forming.price)


@pytest.mark.feature("operators' requests, auctions")
def test_an_operator_asks_and_is_answered_and_a_trader_may_not(pair: Pair) -> None:
    trader, boss = pair.trader("alice"), pair.trader("boss")
    request = ChangePhase(Symbol(pair.symbol), Phase.HALT, "a test")

    done = boss.do("ask", Request.ADMIN, request)
    refused = trader.error("ask", Request.ADMIN, request)
    halted = trader.buy(pair.symbol, 1, at=1)

    assert type(done).__name__ == "AdminDone"
    assert refused.code == "not_an_operator"
    assert halted.view.rejection.reason == "wrong_phase"


@pytest.mark.feature("drop copies and notices")
def test_copies_of_what_others_are_told_and_notices_to_everybody(pair: Pair) -> None:
    clerk = pair.trader("clerk")
    copies = clerk.read("copies")
    alice, boss = pair.trader("alice"), pair.trader("boss")
    notices = alice.read("notices")

    order = alice.buy(pair.symbol, 5, at=99)
    boss.do("ask", Request.ADMIN, Broadcast("we close early", "a test"))

    report = order.next_report()
    assert until(copies, (pair.name("alice"), report)) is not None
    assert notices.next().text == "we close early"

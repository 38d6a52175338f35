"""Answers out of a history are what plain sums over all trades give, newest first, however they are asked for."""

from itertools import pairwise
from pathlib import Path

import pytest

from exchange.engine.events import AuctionTrade, Trade
from exchange.market_data.bars import bars_of
from exchange.records.chronicle import Chronicle
from exchange.records.reader import HistoryReader
from exchange.records.rebuild import write
from exchange.records.store import Store
from protocol.errors import HistoryError
from protocol.vocabulary import Interval, Liquidity, Side
from tests.support.recorded import ACCOUNTS, GOLD, RecordedMarket
from tests.support.wire_requests import ACME


class Told:
    """A market, its history, and all its trades as they happened."""

    def __init__(self, directory: Path) -> None:
        self.market = RecordedMarket(directory, seed=3)
        self.market.trade(2_000)
        path = directory / "history"
        with Store(path) as store:
            chronicle = Chronicle(store.memory())
            for turn in self.market.turns:
                chronicle.take(turn.first_seq, turn.commands, turn.events)
            write(store, chronicle)
            busted = {
                row[0] for row in store.connection.execute("select trade_id from trades where busted_at_ns")
            }
        self.reader = HistoryReader(path)
        self.trades = [
            (command.at_ns, event)
            for turn in self.market.turns
            for command, events in zip(turn.commands, turn.events, strict=True)
            for event in events
            if isinstance(event, Trade | AuctionTrade) and event.trade_id not in busted
        ]
        assert len(self.trades) > 300
        assert any(isinstance(event, AuctionTrade) for _, event in self.trades)
        assert busted


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return Told(tmp_path_factory.mktemp("told"))


def test_trades_are_listed_newest_first_and_go_on_where_a_page_ended(told: Told) -> None:
    expected = [
        (one.trade_id, at_ns, one.price, one.quantity, one.aggressor if isinstance(one, Trade) else None)
        for at_ns, one in told.trades
        if one.symbol == ACME
    ][::-1]

    found = told.reader.trades(ACME, limit=50)
    while len(page := told.reader.trades(ACME, before=found[-1].trade_id, limit=50)):
        found += page

    assert [(t.trade_id, t.at_ns, t.price, t.quantity, t.aggressor) for t in found] == expected
    assert told.reader.trades(ACME, limit=7, skip=5) == found[5:12]
    assert told.reader.trades(ACME, after=found[9].trade_id, limit=100) == found[:9]
    assert told.reader.trades(ACME, limit=0) == []


def test_candles_of_a_span(told: Told) -> None:
    fills = [
        (one.trade_id, at_ns, one.price, one.quantity) for at_ns, one in told.trades if one.symbol == GOLD
    ]
    expected = list(bars_of(fills, Interval.MINUTE))[::-1]

    assert told.reader.candles(GOLD, Interval.MINUTE, limit=10_000) == expected
    inner = told.reader.candles(
        GOLD, Interval.MINUTE, before_ns=expected[2].start_ns, from_ns=expected[8].start_ns, limit=100
    )
    assert inner == expected[3:9]
    assert told.reader.candles(GOLD, Interval.MINUTE, limit=3, skip=1) == expected[1:4]


def test_fills_of_an_account_are_both_sides_of_its_trades(told: Told) -> None:
    account = ACCOUNTS[0]
    expected = []
    for at_ns, one in reversed(told.trades):
        if isinstance(one, AuctionTrade):
            sides = {Side.BUY: (one.buyer, one.buyer_fee), Side.SELL: (one.seller, one.seller_fee)}
            roles = dict.fromkeys(Side, Liquidity.AUCTION)
        else:
            sides = {
                one.aggressor: (one.taker, one.taker_fee),
                one.aggressor.opposite: (one.maker, one.maker_fee),
            }
            roles = {one.aggressor: Liquidity.TAKER, one.aggressor.opposite: Liquidity.MAKER}
        for side in Side:
            if sides[side][0] == account:
                expected.append((one.trade_id, at_ns, one.symbol, side, sides[side][1], roles[side]))

    found = told.reader.fills(account, limit=10_000)

    assert [(f.trade_id, f.at_ns, f.symbol, f.side, f.fee, f.liquidity) for f in found] == expected
    assert any(first.trade_id == second.trade_id for first, second in pairwise(found)), "trades with itself"
    of_gold = [fill for fill in found if fill.symbol == GOLD]
    assert told.reader.fills(account, GOLD, limit=10_000) == of_gold
    ids = list(dict.fromkeys(fill.trade_id for fill in found))
    assert told.reader.fills(account, before=ids[3], limit=4, skip=2) == [
        f for f in found if f.trade_id in ids[6:10]
    ]


def test_positions_by_day_account_and_date(told: Told) -> None:
    everything = told.reader.positions(limit=10_000)
    assert {position.at_ns for position in everything} <= {at_ns for at_ns, _ in told.market.days}

    of_anna = told.reader.positions(ACCOUNTS[0], limit=10_000)
    assert of_anna == [position for position in everything if position.account == ACCOUNTS[0]]
    date = everything[0].date
    on_date = told.reader.positions(date=date, limit=10_000)
    assert on_date == [position for position in everything if position.date == date]
    earlier = told.reader.positions(before_day=3, limit=10_000)
    assert {position.day for position in earlier} == {1, 2}


def test_the_day_so_far_is_what_traded_since_the_last_end_of_a_day(told: Told) -> None:
    last_end = told.market.days[-1][0]
    expected = [one.trade_id for at_ns, one in told.trades if at_ns > last_end and one.symbol == ACME]

    assert [one.trade_id for one in told.reader.day_so_far(ACME)] == expected


def test_an_unknown_instrument_or_account_has_nothing(told: Told) -> None:
    assert told.reader.trades("NONE", limit=9) == []  # type: ignore[arg-type]
    assert told.reader.fills("nobody", limit=9) == []  # type: ignore[arg-type]


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="no such"):
        HistoryReader(tmp_path / "no such").symbols()

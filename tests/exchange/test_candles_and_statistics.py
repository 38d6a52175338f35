"""Candles and the day's statistics, told as trades happen, are undone, and days end."""

from exchange.access import Access
from exchange.engine.commands import Administer, BustTrade, Command, EndDay
from exchange.journal.recovery import start_from
from exchange.market_data.keys import StreamKey, stream_key
from exchange.peers import Touched
from exchange.venue import Venue
from protocol.market import Bar, Candle, CandlesSnapshot, DayStatistics, Indication, PublicMessage, TradePrint
from protocol.vocabulary import AccountId, Channel, Interval, Phase, Side, TradeId
from tests.support.books import ACME, buy, instrument, last_price, phase, sell

SECOND = 1_000_000_000
NOON = 1_767_268_800 * SECOND

MINUTES = stream_key(Channel.CANDLES, ACME, interval=Interval.MINUTE)
STATISTICS = stream_key(Channel.STATISTICS, ACME)


class Market:
    """A venue whose clock is set by hand, and everything that its streams say."""

    def __init__(self, *read: StreamKey) -> None:
        self.now_ns = NOON
        touched: Touched = []
        state = start_from(None, lambda: self.now_ns, touched)
        self.venue = Venue("test", state.sequencer, state.reports, touched, Access(open=True))
        self.venue.act(instrument())
        self.said: list[PublicMessage] = []
        self._number = 0
        for key in read:
            self.listen(key)

    def listen(self, key: StreamKey) -> None:
        self.venue.market_data.listen(key, self.said.append)

    def act(self, command: Command) -> list[PublicMessage]:
        """What a command makes the streams say."""
        self.said.clear()
        self.venue.act(command)
        return list(self.said)

    def trade(self, price: int, quantity: int, *, after_s: int = 0) -> list[PublicMessage]:
        self.now_ns += after_s * SECOND
        self._number += 1
        self.act(sell(quantity, at=price, name=f"s{self._number}"))
        return self.act(buy(quantity, at=price, name=f"b{self._number}"))

    def bust(self, trade_id: int, price: int, quantity: int) -> list[PublicMessage]:
        taker = AccountId("taker")
        bust = BustTrade(TradeId(trade_id), ACME, price, quantity, taker, 0, taker, 0)
        return self.act(Administer(AccountId("olga"), "a mistake", bust))


def test_without_a_trade_there_is_no_candle_and_an_empty_day() -> None:
    market = Market(MINUTES, STATISTICS)

    assert market.said == [
        CandlesSnapshot(ACME, 0, Interval.MINUTE, []),
        DayStatistics(ACME, 0, 0, 0, 0),
    ]


def test_a_candle_grows_until_a_trade_begins_the_next_one() -> None:
    market = Market(MINUTES)

    said = [market.trade(100, 2), market.trade(103, 1, after_s=59), market.trade(99, 4, after_s=180)]

    start, later = NOON, NOON + 180 * SECOND
    assert said == [
        [Candle(ACME, 1, Interval.MINUTE, Bar(start, 100, 100, 100, 100, 2, 200, 1))],
        [Candle(ACME, 2, Interval.MINUTE, Bar(start, 100, 103, 100, 103, 3, 303, 2))],
        [Candle(ACME, 3, Interval.MINUTE, Bar(later, 99, 99, 99, 99, 4, 396, 1))],
    ]


def test_a_command_that_trades_often_makes_one_candle_and_one_message() -> None:
    market = Market(MINUTES, STATISTICS)
    market.act(sell(1, at=100, name="s1"))
    market.act(sell(1, at=102, name="s2"))

    said = market.act(buy(2, at=102, name="b"))

    assert said == [
        Candle(ACME, 1, Interval.MINUTE, Bar(NOON, 100, 102, 100, 102, 2, 202, 2)),
        DayStatistics(ACME, 1, 2, 202, 2, 100, 102, 100, 102, 101),
    ]


def test_what_traded_before_anybody_read_is_in_the_first_message() -> None:
    market = Market()
    market.trade(100, 1)
    market.trade(101, 2)

    market.listen(MINUTES)
    market.listen(STATISTICS)

    assert market.said[-2:] == [
        CandlesSnapshot(ACME, 0, Interval.MINUTE, [Bar(NOON, 100, 101, 100, 101, 3, 302, 2)]),
        DayStatistics(ACME, 0, 3, 302, 2, 100, 101, 100, 101, 100),
    ]


def test_orders_that_do_not_trade_say_nothing() -> None:
    market = Market(MINUTES, STATISTICS)

    assert market.act(sell(1, at=100)) == []


def test_the_average_price_is_rounded_down() -> None:
    market = Market(STATISTICS)
    market.trade(100, 2)

    (said,) = market.trade(101, 1)

    assert isinstance(said, DayStatistics)
    assert (said.turnover, said.volume, said.vwap) == (301, 3, 100)


def test_the_end_of_a_day_begins_the_statistics_anew_and_leaves_candles() -> None:
    market = Market(MINUTES, STATISTICS)
    market.trade(100, 2)

    said = market.act(EndDay())
    again = market.act(EndDay())

    assert said == [DayStatistics(ACME, 2, 0, 0, 0)]
    assert again == []
    assert market.trade(101, 1) == [
        Candle(ACME, 2, Interval.MINUTE, Bar(NOON, 100, 101, 100, 101, 3, 301, 2)),
        DayStatistics(ACME, 3, 1, 101, 1, 101, 101, 101, 101, 101),
    ]


def test_a_busted_trade_is_taken_out_of_its_candle_and_of_the_day() -> None:
    market = Market(MINUTES, STATISTICS)
    market.trade(100, 2)
    market.trade(107, 1)
    market.trade(101, 1, after_s=60)

    said = market.bust(2, 107, 1)

    assert said == [
        Candle(ACME, 4, Interval.MINUTE, Bar(NOON, 100, 100, 100, 100, 2, 200, 1)),
        DayStatistics(ACME, 4, 3, 301, 2, 100, 101, 100, 101, 100),
    ]


def test_a_candle_whose_only_trade_is_busted_is_gone() -> None:
    market = Market(MINUTES)
    market.trade(100, 2)

    (said,) = market.bust(1, 100, 2)
    market.listen(MINUTES)

    assert isinstance(said, Candle)
    assert (said.bar.start_ns, said.bar.trades, said.bar.volume) == (NOON, 0, 0)
    assert market.said[-1] == CandlesSnapshot(ACME, 2, Interval.MINUTE, [])


def test_a_busted_trade_of_yesterday_changes_candles_only() -> None:
    market = Market(MINUTES, STATISTICS)
    market.trade(100, 2)
    market.trade(101, 2)
    market.act(EndDay())

    said = market.bust(1, 100, 2)

    assert said == [Candle(ACME, 3, Interval.MINUTE, Bar(NOON, 101, 101, 101, 101, 2, 202, 1))]


def test_after_a_restart_day_and_candles_go_on() -> None:
    market = Market()
    prints = [
        TradePrint(ACME, 0, TradeId(number), NOON, price, 1, Side.BUY)
        for number, price in enumerate((100, 104, 102), 1)
    ]
    bars = {
        Interval.MINUTE: [
            Bar(NOON - 60 * SECOND, 90, 90, 90, 90, 7, 630, 2),
            Bar(NOON, 100, 104, 100, 102, 3, 306, 3),
        ]
    }

    market.venue.market_data.seed(ACME, prints, bars)
    market.listen(MINUTES)
    market.listen(STATISTICS)

    assert market.said == [
        CandlesSnapshot(ACME, 0, Interval.MINUTE, bars[Interval.MINUTE]),
        DayStatistics(ACME, 0, 3, 306, 3, 100, 104, 100, 102, 102),
    ]


def test_an_indication_follows_a_last_price_that_is_set() -> None:
    """Rule 35: of equal candidates the one nearest the last price; whoever reads must see it move."""
    market = Market(stream_key(Channel.AUCTION, ACME))
    market.act(phase(Phase.OPENING_AUCTION))
    market.act(buy(1, at=110, name="b"))
    market.act(sell(1, at=90, name="s"))
    market.venue.market_data.flush()

    told = []
    for price in (95, 105):
        market.act(last_price(price))
        market.venue.market_data.flush()
        told += [message.price for message in market.said if isinstance(message, Indication)]

    assert told == [95, 105]

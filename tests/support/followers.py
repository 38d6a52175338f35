"""A subscriber to everything, at the other end of a venue in memory, and what it ought to know.

In: the messages of one connection, all of them or not. Out: what the client's own views make of each stream, and
beside it what the venue's book and its trades say, added up the simple way.
"""

from collections.abc import Callable
from random import Random
from typing import Any, Final

from exchange.market_data.displayed import DisplayedOrders
from exchange.market_data.keys import StreamKey as VenuesKey
from exchange.venue import Venue
from protocol.errors import VenueError
from protocol.fields import Message
from protocol.market import AuctionExtended, Bar, DayStatistics, Indication, PrintBusted, TradePrint
from protocol.messages import Error, Subscribed
from protocol.vocabulary import Channel, Interval, Side
from tests.support.in_memory import Trader
from tests.support.wire_requests import ACME
from traders.market.items import Heard
from traders.market.keys import CHANNELS, StreamKey, route_of
from traders.market.readers import StateView
from traders.market.subscriptions import MarketData

MINUTE: Final = Interval.MINUTE
KEPT: Final = 100

KEYS: Final = (
    StreamKey(Channel.BBO, ACME),
    StreamKey(Channel.DEPTH, ACME),
    StreamKey(Channel.DEPTH, ACME, 10),
    StreamKey(Channel.DEPTH, ACME, 50),
    StreamKey(Channel.ORDERS, ACME),
    StreamKey(Channel.TRADES, ACME),
    StreamKey(Channel.CANDLES, ACME, None, MINUTE),
    StreamKey(Channel.STATISTICS, ACME),
    StreamKey(Channel.STATUS, ACME),
    StreamKey(Channel.AUCTION, ACME),
)
"""One stream of every kind, depth in all its sizes."""


class Truth:
    """How things stand at a venue, read off its book, and off its prints as it tells them in its own process."""

    def __init__(self, venue: Venue) -> None:
        self.prints: list[TradePrint] = []
        self._venue = venue
        self._busted: set[int] = set()
        self._day_began = 0
        venue.market_data.listen(VenuesKey(Channel.TRADES, ACME), self._hear)

    def _hear(self, message: Any) -> None:
        if isinstance(message, TradePrint):
            self.prints.append(message)
        elif isinstance(message, PrintBusted):
            self._busted.add(message.trade_id)

    def end_day(self) -> None:
        """What trades from now on is another day's."""
        self._day_began = len(self.prints)

    def standing(self, begin: int = 0) -> list[TradePrint]:
        """Trades that were not undone."""
        return [one for one in self.prints[begin:] if one.trade_id not in self._busted]

    def seq(self, key: StreamKey) -> int | None:
        """Number of the last message of a stream; ``None``: there was none."""
        message: Any = self._venue.market_data.snapshot(VenuesKey(*key))
        return None if message is None else message.seq

    def of(self, key: StreamKey) -> object:
        """What a subscriber who missed nothing knows; of a stream that has a number."""
        match key.channel:
            case Channel.BBO:
                return self._depth(1)
            case Channel.DEPTH:
                return self._depth(key.levels)
            case Channel.ORDERS:
                displayed = DisplayedOrders(self._book)
                return displayed.orders(Side.BUY), displayed.orders(Side.SELL)
            case Channel.TRADES:
                return self.standing()[-KEPT:]
            case Channel.CANDLES:
                return self._bars()[-KEPT:]
            case Channel.STATISTICS:
                return _day(self.standing(self._day_began))
            case Channel.STATUS:
                return self._book.phase
            case Channel.AUCTION:
                indication = self._venue.market_data.snapshot(VenuesKey(*key))
                assert isinstance(indication, Indication)
                return indication.price, indication.volume, indication.surplus

    @property
    def _book(self) -> Any:
        return self._venue.engine.books[ACME]

    def _depth(self, levels: int | None) -> object:
        sides = [[level for level in self._book.depth(side) if level[1]] for side in Side]
        return tuple(sorted(sides[0], reverse=True)[:levels]), tuple(sorted(sides[1])[:levels])

    def _bars(self) -> list[Bar]:
        by_start: dict[int, list[TradePrint]] = {}
        for one in self.standing():
            by_start.setdefault(one.at_ns - one.at_ns % MINUTE.ns, []).append(one)
        return [_bar(start, trades) for start, trades in sorted(by_start.items())]


def _bar(start: int, trades: list[TradePrint]) -> Bar:
    prices = [one.price for one in trades]
    return Bar(
        start,
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
        sum(one.quantity for one in trades),
        sum(one.price * one.quantity for one in trades),
        len(trades),
    )


def _day(trades: list[TradePrint]) -> tuple[object, ...]:
    if not trades:
        return 0, 0, 0, None, None, None, None, None
    bar = _bar(0, trades)
    vwap = bar.turnover // bar.volume
    return bar.volume, bar.turnover, bar.trades, bar.open, bar.high, bar.low, bar.close, vwap


class _Reader:
    """What one stream came to, through the words that every reader is told."""

    def __init__(self) -> None:
        self.view: StateView | None = None
        self.heard_all: list[Heard] = []
        self.error: VenueError | None = None

    def changed(self, key: StreamKey, view: StateView) -> None:
        self.view = view

    def lost(self, key: StreamKey) -> None:
        self.view = None

    def heard(self, key: StreamKey, message: Heard) -> None:
        self.heard_all.append(message)

    def end(self, error: VenueError) -> None:
        self.error = error


class Follower:
    """One connection that subscribes to everything. ``loses`` decides of each public message whether it is lost, once
    the first snapshots have come.
    """

    is_active = True

    def __init__(self, venue: Venue, name: str, loses: Callable[[], bool]) -> None:
        self.trader = Trader(venue, name)
        self.market = MarketData(self)
        self.behind: set[StreamKey] = set()
        """Streams of which the last message was lost: nobody can know yet."""
        self.ended: list[VenueError] = []
        self._unsent: list[Message] = []
        self._lines = 1
        self._readers: dict[StreamKey, _Reader] = {}
        self._shuffled = list(KEYS)
        Random(name).shuffle(self._shuffled)
        for key in self._shuffled:
            self._join(key)
        self._loses: Callable[[], bool] = lambda: False
        self.read()
        self._loses = loses

    def send(self, message: Message) -> int:
        """For the subscriptions: a request on its way, and its line."""
        self._unsent.append(message)
        self._lines += 1
        return self._lines

    def read(self) -> None:
        """Take all there is, and go on until nothing is asked for any more."""
        while True:
            for message in self.trader.read():
                self._take(message)
            for key, reader in list(self._readers.items()):
                if reader.error is not None:
                    self.ended.append(reader.error)
                    self._join(key)
            if not self._unsent:
                return
            unsent, self._unsent = self._unsent, []
            self.trader.send(*unsent)

    def leave(self) -> None:
        """Hang up."""
        self.trader.venue.leave(self.trader.peer)

    @property
    def is_slow(self) -> bool:
        return self.trader.peer.slow

    def stop_reading(self) -> None:
        """The venue's socket is full: market data passes by."""
        self.trader.venue.market_data.passes_by(self.trader.peer)

    def go_on(self) -> None:
        """It takes more again."""
        self.trader.peer.slow = False
        self.trader.venue.market_data.catch_up(self.trader.peer)

    def prints(self) -> list[TradePrint]:
        """All trades that were heard."""
        heard = self._readers[StreamKey(Channel.TRADES, ACME)].heard_all
        return [one for one in heard if isinstance(one, TradePrint)]

    def seq(self, key: StreamKey) -> int | None:
        """Number of the last message that was applied; ``None``: none, or the stream is being recovered."""
        seq: int | None = self._view(key).seq
        return seq

    def of(self, key: StreamKey) -> object:
        """What is known, in the form of ``Truth.of``."""
        view, heard = self._view(key), self._readers[key].heard_all
        match key.channel:
            case Channel.BBO | Channel.DEPTH:
                depth = view.view()
                return depth.bids, depth.asks
            case Channel.ORDERS:
                book = view.view()
                return tuple(
                    [
                        [(number, level.price, quantity) for level in book.queues(side) for number, quantity in level.orders]
                        for side in Side
                    ]
                )  # fmt: skip
            case Channel.TRADES:
                return list(view.trades)
            case Channel.CANDLES:
                bars = {one.bar.start_ns: one.bar for one in heard}  # type: ignore[union-attr]  # candles only
                kept = [bars[start] for start in sorted(bars) if bars[start].trades][-KEPT:]
                assert kept == list(view.bars), "what a reader heard adds up to what the view keeps"
                return kept
            case Channel.STATISTICS:
                day: DayStatistics = view.view()
                return (
                    day.volume, day.turnover, day.trades, day.open, day.high, day.low, day.last, day.vwap,
                )  # fmt: skip
            case Channel.STATUS:
                return heard[-1].phase  # type: ignore[union-attr]  # phases only
            case Channel.AUCTION:
                # An extension has a number of its own, and leaves the indication as it was.
                last = next(one for one in reversed(heard) if isinstance(one, Indication))
                return last.price, last.volume, last.surplus

    def _view(self, key: StreamKey) -> Any:
        return self.market._streams[key].view

    def _join(self, key: StreamKey) -> None:
        self._readers[key] = reader = _Reader()
        self.market.join(key, reader)

    def _take(self, message: Message) -> None:
        assert not isinstance(message, Error), message
        if isinstance(message, Subscribed):
            self.market.subscribed(message)
        elif type(message) in CHANNELS:
            key = StreamKey(*route_of(message))
            if self._loses():
                self.behind.add(key)
            else:
                if not isinstance(
                    message, AuctionExtended
                ):  # which is no indication, and does not say that one was lost
                    self.behind.discard(key)
                self.market.take(message)

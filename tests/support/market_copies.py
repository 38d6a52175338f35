"""What a reader can know of an instrument, rebuilt from messages alone; and what is true, counted naively.

In: messages of one public stream, or the events of commands and the book they left. Out: copies and truths to
compare. Shares no code with the venue's streams nor with the clients' views.
"""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from exchange.engine.auction import indicative
from exchange.engine.book import Book
from exchange.engine.events import (
    AuctionExtended,
    AuctionHeld,
    AuctionTrade,
    DayEnded,
    Event,
    Trade,
    TradeBusted,
)
from exchange.engine.phases import is_call
from exchange.market_data.keys import StreamKey, stream_key
from protocol import market
from protocol.market import (
    AuctionResult,
    Bar,
    BestPrices,
    Candle,
    CandlesSnapshot,
    DayStatistics,
    DepthDelta,
    DepthSnapshot,
    Indication,
    OrderAdded,
    OrderDeleted,
    OrderExecuted,
    OrderReduced,
    OrdersDelta,
    OrdersSnapshot,
    PhaseStatus,
    PrintBusted,
    TradePrint,
    TradesSnapshot,
)
from protocol.vocabulary import Channel, Interval, Phase, Side, Symbol

Levels = list[tuple[int, int]]
Orders = list[tuple[int, int, int]]


MOST: Final = 100
"""Trades or candles in a snapshot."""


def keys_of(symbol: Symbol) -> list[StreamKey]:
    """Every stream that an instrument has."""
    keys = [
        stream_key(channel, symbol) for channel in Channel if channel not in (Channel.CANDLES, Channel.DEPTH)
    ]
    keys += [stream_key(Channel.DEPTH, symbol, levels) for levels in (None, 10, 50)]
    return keys + [stream_key(Channel.CANDLES, symbol, interval=interval) for interval in Interval]


# -- what is true ----------------------------------------------------------------------------------
class Fill(NamedTuple):
    trade_id: int
    at_ns: int
    price: int
    quantity: int
    aggressor: Side | None


class Truth:
    """One instrument: its book as it is, and everything that traded."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.symbol = book.instrument.symbol
        self.fills: list[Fill] = []  # those that count
        self.today: list[Fill] = []
        self.prints = 0  # and undone ones
        self.busts = 0
        self.said: list[tuple[str, int | None]] = []  # by auctions: held or extended, and where
        self._candles: dict[Interval, dict[int, Bar]] | None = None

    def read(self, at_ns: int, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, DayEnded):
                self.today.clear()
            elif getattr(event, "symbol", None) == self.symbol:
                self._read(at_ns, event)

    def _read(self, at_ns: int, event: Event) -> None:
        match event:
            case Trade() | AuctionTrade():
                aggressor = event.aggressor if isinstance(event, Trade) else None
                fill = Fill(event.trade_id, at_ns, event.price, event.quantity, aggressor)
                self.fills.append(fill)
                self.today.append(fill)
                self.prints += 1
                self._candles = None
            case TradeBusted():
                self.fills = [fill for fill in self.fills if fill.trade_id != event.trade_id]
                self.today = [fill for fill in self.today if fill.trade_id != event.trade_id]
                self.prints += 1
                self.busts += 1
                self._candles = None
            case AuctionHeld():
                self.said.append(("held", event.price))
            case AuctionExtended():
                self.said.append(("extended", event.price))
            case _:
                pass

    def orders(self, side: Side) -> Orders:
        """Rule 26: number, price, and what is seen, in the order in which they trade; nothing of hidden orders."""
        found: Orders = []
        for level in self.book.side(side).best_first():
            for order in level.orders:
                if order.leaves:
                    display = order.terms.display
                    peak = order.leaves if display is None or order.special is None else order.special.shown
                    found.append((order.order_id, level.price, min(peak, order.leaves)))
        return found

    def depth(self, side: Side, levels: int | None = None) -> Levels:
        """Best price first; added up from the orders."""
        summed: dict[int, int] = {}
        for _, price, quantity in self.orders(side):
            summed[price] = summed.get(price, 0) + quantity
        return sorted(summed.items(), reverse=side is Side.BUY)[:levels]

    def candles(self, interval: Interval) -> dict[int, Bar]:
        if self._candles is None:
            self._candles = {}
        if interval not in self._candles:
            inside: dict[int, list[Fill]] = {}
            for fill in self.fills:
                inside.setdefault(fill.at_ns - fill.at_ns % interval.ns, []).append(fill)
            self._candles[interval] = {start: _bar(start, fills) for start, fills in inside.items()}
        return self._candles[interval]


def _bar(start: int, fills: list[Fill]) -> Bar:
    prices = [fill.price for fill in fills]
    return Bar(
        start,
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
        sum(fill.quantity for fill in fills),
        sum(fill.price * fill.quantity for fill in fills),
        len(fills),
    )


# -- what a reader knows -----------------------------------------------------------------------------
class Copy(ABC):
    """One stream, as whoever reads it can keep it."""

    def __init__(self, key: StreamKey) -> None:
        self.key = key
        self.seq: int | None = None
        self.messages = 0

    def read(self, message: Any) -> None:
        """The next message of the stream; numbers are held to what the protocol promises."""
        assert message.symbol == self.key.symbol
        self.messages += 1
        if self.begins(message):
            assert self.seq is None or message.seq >= self.seq
        else:
            assert self.seq is not None, "a change before how things stand"
            assert message.seq == self.seq + 1, "a gap"
        self.seq = message.seq
        self.take(message)

    def begins(self, message: Any) -> bool:
        """Whether a message may follow any other: it says how things stand."""
        return isinstance(
            message,
            DepthSnapshot | OrdersSnapshot | TradesSnapshot | CandlesSnapshot | BestPrices | DayStatistics,
        )

    def passed_by(self) -> None:  # noqa: B027  # only one of them minds
        """Something may have been left out before the next message."""

    @abstractmethod
    def take(self, message: Any) -> None:
        """Bring the copy up to date."""

    @abstractmethod
    def compare(self, truth: Truth) -> None:
        """The copy must be what is true."""


class BestCopy(Copy):
    def take(self, message: BestPrices) -> None:
        self.best = (message.bid, message.ask)

    def compare(self, truth: Truth) -> None:
        expected = [next(iter(truth.depth(side)), None) for side in Side]
        assert list(self.best) == expected


class DepthCopy(Copy):
    def take(self, message: DepthSnapshot | DepthDelta) -> None:
        assert message.levels == self.key.levels
        if isinstance(message, DepthSnapshot):
            self.bids, self.asks = dict(message.bids), dict(message.asks)
        else:
            assert message.bids or message.asks
            for side, changes in ((self.bids, message.bids), (self.asks, message.asks)):
                for price, quantity in changes:
                    assert side.get(price, 0) != quantity, "a change that changes nothing"
                    side[price] = quantity
                    if not quantity:
                        del side[price]
        assert message.checksum == self.checksum()

    def best(self) -> tuple[Levels, Levels]:
        return sorted(self.bids.items(), reverse=True), sorted(self.asks.items())

    def checksum(self) -> int:
        bids, asks = self.best()
        texts = [",".join(f"{price}:{quantity}" for price, quantity in side[:10]) for side in (bids, asks)]
        return zlib.crc32("|".join(texts).encode())

    def compare(self, truth: Truth) -> None:
        levels = self.key.levels
        assert self.best() == (truth.depth(Side.BUY, levels), truth.depth(Side.SELL, levels))


class OrdersCopy(Copy):
    """A list a side, in the order in which they trade."""

    def take(self, message: OrdersSnapshot | OrdersDelta) -> None:
        if isinstance(message, OrdersSnapshot):
            self.sides = {Side.BUY: list(message.bids), Side.SELL: list(message.asks)}
            return
        assert message.changes
        for change in message.changes:
            self._change(change)

    def _change(self, change: Any) -> None:
        if isinstance(change, OrderAdded):
            assert all(order[0] != change.number for side in self.sides.values() for order in side)
            assert change.quantity > 0
            side = self.sides[change.side]
            side.append((change.number, change.price, change.quantity))
            side.sort(key=lambda order: -order[1] if change.side is Side.BUY else order[1])  # keeps equals
            return
        ((side, at, order),) = (
            (side, at, order)
            for side in self.sides.values()
            for at, order in enumerate(side)
            if order[0] == change.number
        )
        if isinstance(change, OrderDeleted):
            del side[at]
            return
        assert isinstance(change, OrderExecuted | OrderReduced)
        left = order[2] - change.quantity
        assert change.quantity > 0
        assert left >= 0 if isinstance(change, OrderExecuted) else left > 0
        if left:
            side[at] = (order[0], order[1], left)
        else:
            del side[at]

    def compare(self, truth: Truth) -> None:
        for side in Side:
            assert self.sides[side] == truth.orders(side)


class TradesCopy(Copy):
    """The prints that count, as far back as is known."""

    def take(self, message: TradesSnapshot | TradePrint | PrintBusted) -> None:
        match message:
            case TradesSnapshot():
                assert len(message.trades) <= MOST
                assert [one.seq for one in message.trades] == sorted({one.seq for one in message.trades})
                assert not message.trades or message.trades[-1].seq <= message.seq
                self.prints = [_fill(one) for one in message.trades]
                self.began_with = len(message.trades)
            case TradePrint():
                self.prints.append(_fill(message))
            case PrintBusted():
                self.prints = [fill for fill in self.prints if fill.trade_id != message.trade_id]

    def compare(self, truth: Truth) -> None:
        assert self.seq == truth.prints
        assert self.prints == truth.fills[len(truth.fills) - len(self.prints) :]
        assert len(self.prints) + truth.busts >= min(MOST, len(truth.fills))


def _fill(message: TradePrint) -> Fill:
    return Fill(message.trade_id, message.at_ns, message.price, message.quantity, message.aggressor)


class CandlesCopy(Copy):
    def take(self, message: CandlesSnapshot | Candle) -> None:
        assert message.interval is self.key.interval
        if isinstance(message, CandlesSnapshot):
            assert len(message.candles) <= MOST
            assert all(bar.trades for bar in message.candles)
            self.bars = {bar.start_ns: bar for bar in message.candles}
            assert list(self.bars) == sorted(self.bars)
        elif message.bar.trades:
            self.bars[message.bar.start_ns] = message.bar
        else:
            del self.bars[message.bar.start_ns]

    def compare(self, truth: Truth) -> None:
        assert self.key.interval is not None
        true = truth.candles(self.key.interval)
        # Of those kept, some may have gone since: they make no room for older ones.
        last = sorted(true)[-MOST + truth.busts :]
        assert [self.bars.get(start) for start in last] == [true[start] for start in last]
        assert [start for start in self.bars if last and start > last[0] and start not in true] == []


class StatisticsCopy(Copy):
    def take(self, message: DayStatistics) -> None:
        self.now = message

    def compare(self, truth: Truth) -> None:
        now, fills = self.now, truth.today
        volume = sum(fill.quantity for fill in fills)
        turnover = sum(fill.price * fill.quantity for fill in fills)
        assert (now.volume, now.turnover, now.trades) == (volume, turnover, len(fills))
        prices = [fill.price for fill in fills]
        expected = (
            (prices[0], max(prices), min(prices), prices[-1], turnover // volume) if prices else (None,) * 5
        )
        assert (now.open, now.high, now.low, now.last, now.vwap) == expected


class StatusCopy(Copy):
    phase: Phase

    def begins(self, message: PhaseStatus) -> bool:
        return message.previous is None

    def take(self, message: PhaseStatus) -> None:
        if message.previous is not None:
            assert message.previous is self.phase
            assert message.at_ns is not None
        self.phase = message.phase

    def compare(self, truth: Truth) -> None:
        assert self.phase is truth.book.phase


class AuctionCopy(Copy):
    """As of the end of a turn. What was said before the subscription is not known, nor what was left out."""

    def __init__(self, key: StreamKey) -> None:
        super().__init__(key)
        self.indication: Indication | None = None
        self.said: list[tuple[str, int | None]] = []
        self.may_jump = False

    def begins(self, message: Any) -> bool:
        return self.seq is None or self.may_jump

    def passed_by(self) -> None:
        self.may_jump = True
        self.said.clear()

    def take(self, message: Any) -> None:
        self.may_jump = False
        match message:
            case Indication():
                self.indication = message
            case AuctionResult():
                self.said.append(("held", message.price))
            case market.AuctionExtended():
                self.said.append(("extended", message.price))

    def compare(self, truth: Truth) -> None:
        assert self.said == truth.said[len(truth.said) - len(self.said) :]
        if is_call(truth.book.phase):
            price, volume, surplus = indicative(truth.book)
            assert self.indication is not None
            told = self.indication
            assert (told.price, told.volume, told.surplus) == (price, volume, surplus)


_COPIES: Final[dict[Channel, type[Copy]]] = {
    Channel.BBO: BestCopy,
    Channel.DEPTH: DepthCopy,
    Channel.ORDERS: OrdersCopy,
    Channel.TRADES: TradesCopy,
    Channel.CANDLES: CandlesCopy,
    Channel.STATISTICS: StatisticsCopy,
    Channel.STATUS: StatusCopy,
    Channel.AUCTION: AuctionCopy,
}


def copy_of(key: StreamKey) -> Copy:
    """An empty copy of a stream."""
    return _COPIES[key.channel](key)

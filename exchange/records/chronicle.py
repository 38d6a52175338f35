"""Commands and their events to rows of the history.

In: turns in the order of the journal, each command with its events. Out: a ``Batch``: trades, the candles they
changed, what accounts have now, ends of days with everybody's positions, trades undone. No file, no thread, no
clock: equal turns give equal batches, and how turns are divided into batches makes no difference in the end.

What it remembers between batches is what the store remembers, too: the candle of each instrument and interval that
may still grow, and what each account has in each instrument it ever traded.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from exchange.engine.commands import AddInstrument, Administer, CancelOrder, Command, EnterOrder, ReplaceOrder
from exchange.engine.engine import Events
from exchange.engine.events import AuctionTrade, DayEnded, InstrumentAdded, LastPriceSet, Trade, TradeBusted
from exchange.market_data.bars import BarSeries, GrowingBar
from exchange.records.standing import Stake
from protocol.errors import SequenceGap
from protocol.market import Bar
from protocol.vocabulary import (
    AccountId,
    Interval,
    Nanoseconds,
    Price,
    Side,
    Symbol,
    TradeId,
)
from protocol.vocabulary import Sequence as Seq

_BUY: Final = Side.BUY
_SECOND_NS: Final = Interval.SECOND.ns
_INTERVALS: Final = tuple(Interval)

_PLAIN: Final = frozenset((EnterOrder, CancelOrder, ReplaceOrder))
"""Commands that mean something to the history only if they have more than one event."""

SECOND: Final = 1_000_000_000

Row = tuple[Any, ...]
"""Values in the order of the columns of a table."""


class Instrument(msgspec.Struct):
    """What has to be known of an instrument to read its numbers."""

    symbol: Symbol
    price_decimals: int
    quote_scale: int = 1
    base: str | None = None
    quote: str | None = None
    mark: Price | None = None
    """What positions are valued at: the last price, before there is one the reference price."""


class Place(msgspec.Struct, frozen=True):
    """How far the history got: the last command that is in it, and when that was; 0 before the first."""

    seq: Seq = 0
    at_ns: Nanoseconds = 0


class Batch(msgspec.Struct):
    """Rows to be written in one transaction, which takes the history from ``begin`` to ``end``."""

    begin: Place
    end: Place
    trades: list[Row] = []
    bars: dict[tuple[Symbol, Interval, Nanoseconds], GrowingBar] = {}
    stakes: dict[tuple[AccountId, Symbol], Stake] = {}
    instruments: dict[Symbol, Instrument] = {}
    days: list[Row] = []
    positions: list[Row] = []
    busts: list[tuple[TradeId, Nanoseconds]] = []
    """Which trades were undone, and when."""


class Memory(msgspec.Struct):
    """All that goes on from one batch to the next."""

    place: Place = Place()
    last_trade_id: TradeId = 0
    days: int = 0
    """How many trading days have ended."""
    instruments: dict[Symbol, Instrument] = {}
    stakes: dict[tuple[AccountId, Symbol], Stake] = {}
    bars: dict[tuple[Symbol, Interval], GrowingBar] = {}
    """The last bar of each."""


class Chronicle:
    """Takes turns; hands out batches."""

    def __init__(self, memory: Memory) -> None:
        self.place = memory.place
        """The last command that was taken."""
        self.waiting = 0
        """Commands taken since the last batch."""
        self._begin = memory.place
        self._last_trade_id = memory.last_trade_id
        self._days = memory.days
        self._instruments = memory.instruments
        self._stakes = memory.stakes
        self._series: dict[Symbol, list[BarSeries]] = {}
        for (symbol, interval), bar in memory.bars.items():
            self._of(symbol)[_INTERVALS.index(interval)].bars.append(bar)
        self._seconds: dict[Symbol, list[GrowingBar]] = {}
        """What traded since the last batch, second by second."""
        self._fresh()

    def _fresh(self) -> None:
        self._trades: list[Row] = []
        self._dirty_stakes: dict[tuple[AccountId, Symbol], Stake] = {}
        self._dirty_instruments: dict[Symbol, Instrument] = {}
        self._day_rows: list[Row] = []
        self._position_rows: list[Row] = []
        self._busts: list[tuple[TradeId, Nanoseconds]] = []
        self._seconds.clear()
        self.waiting = 0

    # -- turns in ------------------------------------------------------------------------------------

    def take(self, first_seq: Seq, commands: Sequence[Command], events: Sequence[Events]) -> None:
        """A turn; what of it was taken before is passed over.

        Raises:
            SequenceGap: commands before this turn are missing.
        """
        expected = self.place.seq + 1
        if first_seq > expected:
            raise SequenceGap("the history", expected, first_seq)
        known = expected - first_seq
        if known >= len(commands):
            return
        if known:
            commands, events = commands[known:], events[known:]
        for command, group in zip(commands, events, strict=True):
            if len(group) > 1 or type(command) not in _PLAIN:
                self._look_at(command, group)
        last = commands[-1]
        self.place = Place(last.seq, last.at_ns)
        self.waiting += len(commands)

    def _look_at(self, command: Any, group: Events) -> None:
        at_ns, seq = command.at_ns, command.seq
        event: Any
        for event in group:
            kind = type(event)
            if kind is Trade:
                if event.aggressor is _BUY:
                    self._trade(
                        seq, at_ns, event,
                        event.taker, event.taker_client_order_id, event.taker_order_id, event.taker_fee,
                        event.maker, event.maker_client_order_id, event.maker_order_id, event.maker_fee,
                        event.aggressor,
                    )  # fmt: skip
                else:
                    self._trade(
                        seq, at_ns, event,
                        event.maker, event.maker_client_order_id, event.maker_order_id, event.maker_fee,
                        event.taker, event.taker_client_order_id, event.taker_order_id, event.taker_fee,
                        event.aggressor,
                    )  # fmt: skip
            elif kind is AuctionTrade:
                self._trade(
                    seq, at_ns, event,
                    event.buyer, event.buyer_client_order_id, event.buyer_order_id, event.buyer_fee,
                    event.seller, event.seller_client_order_id, event.seller_order_id, event.seller_fee,
                    None,
                )  # fmt: skip
            elif kind is LastPriceSet:
                self._mark(event.symbol, event.price)
            elif kind is TradeBusted:
                self._bust(at_ns, event)
            elif kind is DayEnded:
                self._end_day(seq, at_ns)
            elif kind is InstrumentAdded:
                self._list(command)

    def _trade(
        self, seq: Seq, at_ns: Nanoseconds, event: Any,
        buyer: AccountId, buyer_client_order_id: str, buyer_order_id: int, buyer_fee: int,
        seller: AccountId, seller_client_order_id: str, seller_order_id: int, seller_fee: int,
        aggressor: Side | None,
    ) -> None:  # fmt: skip
        trade_id, symbol, price, quantity = event.trade_id, event.symbol, event.price, event.quantity
        self._last_trade_id = trade_id
        self._trades.append((
            trade_id, seq, symbol, at_ns, price, quantity, aggressor,
            buyer, buyer_client_order_id, buyer_order_id, storable(buyer_fee),
            seller, seller_client_order_id, seller_order_id, storable(seller_fee),
        ))  # fmt: skip
        start = at_ns - at_ns % _SECOND_NS
        seconds = self._seconds.get(symbol)
        if seconds is None:
            self._seconds[symbol] = [GrowingBar.of(start, trade_id, price, quantity)]
        elif seconds[-1].start_ns == start:
            seconds[-1].add(price, quantity)
        else:
            seconds.append(GrowingBar.of(start, trade_id, price, quantity))
        scale = self._mark(symbol, price).quote_scale
        if (
            aggressor is _BUY
        ):  # the maker's side first, as the ledger does: of a trade with oneself it matters
            self._stake(seller, symbol).take(-quantity, price, scale, seller_fee)
            self._stake(buyer, symbol).take(quantity, price, scale, buyer_fee)
        else:
            self._stake(buyer, symbol).take(quantity, price, scale, buyer_fee)
            self._stake(seller, symbol).take(-quantity, price, scale, seller_fee)

    def _mark(self, symbol: Symbol, price: Price) -> Instrument:
        instrument = self._instruments[symbol]
        if instrument.mark != price:
            instrument.mark = price
            self._dirty_instruments[symbol] = instrument
        return instrument

    def _stake(self, account: AccountId, symbol: Symbol) -> Stake:
        key = (account, symbol)
        stake = self._stakes.get(key)
        if stake is None:
            self._stakes[key] = stake = Stake()
        stake.day = self._days + 1
        self._dirty_stakes[key] = stake
        return stake

    def _bust(self, at_ns: Nanoseconds, event: TradeBusted) -> None:
        """Both get back what they had; the candles are made again when the trades are in."""
        symbol, price = event.symbol, event.price
        scale = self._instruments[symbol].quote_scale
        self._stake(event.buyer, symbol).take(-event.quantity, price, scale, -event.buyer_fee)
        self._stake(event.seller, symbol).take(event.quantity, price, scale, -event.seller_fee)
        self._busts.append((event.trade_id, at_ns))

    def _end_day(self, seq: Seq, at_ns: Nanoseconds) -> None:
        self._days = day = self._days + 1
        date = datetime.fromtimestamp(at_ns // SECOND, UTC).date().isoformat()
        self._day_rows.append((day, date, at_ns, seq, self._last_trade_id))
        for (account, symbol), stake in sorted(self._stakes.items()):
            if not stake.quantity and stake.day < day:
                continue  # as on the day before
            instrument = self._instruments[symbol]
            scale, mark = instrument.quote_scale, instrument.mark
            self._position_rows.append((
                day, account, symbol, stake.quantity, stake.average_price(scale), mark, storable(stake.cost),
                storable(stake.realised), storable(stake.unrealised(mark, scale)), storable(stake.fees),
            ))  # fmt: skip

    def _list(self, command: Command) -> None:
        listed = command.command if isinstance(command, Administer) else command
        assert isinstance(listed, AddInstrument)
        instrument = Instrument(
            listed.symbol,
            listed.price_decimals,
            listed.quote_scale,
            listed.base,
            listed.quote,
            listed.reference_price,
        )
        self._instruments[listed.symbol] = self._dirty_instruments[listed.symbol] = instrument

    # -- batches out ---------------------------------------------------------------------------------

    def batch(self) -> Batch:
        """What the turns since the last batch come to."""
        bars: dict[tuple[Symbol, Interval, Nanoseconds], GrowingBar] = {}
        for symbol, seconds in self._seconds.items():
            for series in self._of(symbol):
                for second in seconds:
                    bar = series.append(second)
                    bars[symbol, series.interval, bar.start_ns] = bar
        batch = Batch(
            self._begin, self.place, self._trades, bars, self._dirty_stakes, self._dirty_instruments,
            self._day_rows, self._position_rows, self._busts,
        )  # fmt: skip
        self._begin = self.place
        self._fresh()
        return batch

    def correct(self, symbol: Symbol, last_bars: Iterable[tuple[Interval, Bar | None]]) -> None:
        """A trade of the instrument was undone: these are the last bars of its intervals now."""
        series = self._of(symbol)
        for interval, bar in last_bars:
            bars = series[_INTERVALS.index(interval)].bars
            bars.clear()
            if bar is not None:
                bars.append(GrowingBar.grown(bar))

    def _of(self, symbol: Symbol) -> list[BarSeries]:
        series = self._series.get(symbol)
        if series is None:
            self._series[symbol] = series = [BarSeries(interval, keep=1) for interval in _INTERVALS]
        return series


_LARGEST: Final = 2**63 - 1


def storable(number: int) -> int | str:
    """As SQLite can keep it: numbers beyond 64 bits, which money may reach, as text."""
    return number if -_LARGEST <= number <= _LARGEST else str(number)

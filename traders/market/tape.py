"""Views of what happened rather than what is: tape and candles.

In: the messages of a stream, in the order of the wire. Out: what is new, each time once, and the last ones kept. After a
gap the snapshot is compared with what was there before it, so nothing comes twice. No clock, no I/O.
"""

from collections import deque
from collections.abc import Sequence as Row
from operator import attrgetter
from typing import Final

from msgspec.structs import replace

from protocol.errors import SequenceGap
from protocol.market import Bar, Candle, CandlesSnapshot, PrintBusted, TradePrint, TradesSnapshot
from protocol.vocabulary import Interval, Nanoseconds, Sequence, Symbol

KEPT: Final = 100
"""Prints and candles a view keeps: as many as a snapshot has."""


class TapeView:
    """Follows the tape of one instrument."""

    def __init__(self, symbol: Symbol) -> None:
        self.symbol = symbol
        self.stream = f"trades of {symbol}"
        self.seq: Sequence | None = None
        """Place of the last print; ``None`` before the first snapshot and after a gap."""
        self._told: Sequence | None = None  # the last place that was given out, gaps or not
        self._trades: deque[TradePrint] = deque(maxlen=KEPT)

    @property
    def trades(self) -> tuple[TradePrint, ...]:
        """The last ones, oldest first, at most ``KEPT``, without those undone."""
        return tuple(self._trades)

    @property
    def last(self) -> TradePrint | None:
        """The last trade that was not undone."""
        return self._trades[-1] if self._trades else None

    def apply(self, message: TradesSnapshot | TradePrint | PrintBusted) -> Row[TradePrint | PrintBusted]:
        """Take the next message of the stream; what happened since the one before.

        The trades of the first snapshot were before the beginning: they are kept, but are no news. Later ones are
        there because the venue left prints out: those among them that were not told before are news. That a print was
        undone meanwhile only shows in ``trades``.

        Raises:
            SequenceGap: a print does not follow the one before, or comes before any snapshot. Until a snapshot comes
                the view keeps what it has.
        """
        if isinstance(message, TradesSnapshot):
            told = message.seq if self._told is None else self._told
            self._trades = deque(message.trades, KEPT)
            self.seq = self._told = message.seq
            return [one for one in message.trades if one.seq > told]
        expected = 0 if self.seq is None else self.seq + 1
        if self.seq is None or message.seq != expected:
            self.seq = None
            raise SequenceGap(self.stream, expected, message.seq)
        self.seq = self._told = message.seq
        if isinstance(message, TradePrint):
            self._trades.append(message)
        else:
            kept = [one for one in self._trades if one.trade_id != message.trade_id]
            self._trades = deque(kept, KEPT)
        return (message,)

    def standing(self) -> Row[TradePrint | PrintBusted]:
        """What a reader is shown who comes later: nothing, the tape is read from now on."""
        return ()


class CandlesView:
    """Follows the candles of one instrument and length."""

    def __init__(self, symbol: Symbol, interval: Interval) -> None:
        self.symbol = symbol
        self.interval = interval
        self.stream = f"candles {interval} of {symbol}"
        self.seq: Sequence | None = None
        """Number of the last snapshot or candle; ``None`` before the first snapshot and after a gap."""
        self._bars: dict[Nanoseconds, Bar] = {}

    @property
    def bars(self) -> tuple[Bar, ...]:
        """The last ones, oldest first, at most ``KEPT``; the last may still change."""
        return tuple([self._bars[start] for start in sorted(self._bars)])

    def apply(self, message: CandlesSnapshot | Candle) -> Row[Candle]:
        """Take the next message of the stream; the candles that are new or have changed, oldest first. One whose
        trades were all undone comes with 0 ``trades``, and is kept no more.

        Raises:
            SequenceGap: a candle does not follow the one before, or comes before any snapshot. Until a snapshot comes
                the view keeps what it has.
        """
        if isinstance(message, CandlesSnapshot):
            bars = {bar.start_ns: bar for bar in message.candles}
            begin = message.candles[0].start_ns if len(bars) == KEPT else 0
            gone = [bar for start, bar in self._bars.items() if start >= begin and start not in bars]
            news = [bar for start, bar in bars.items() if self._bars.get(start) != bar]
            news += [replace(bar, volume=0, turnover=0, trades=0) for bar in gone]
            news.sort(key=attrgetter("start_ns"))
            self._bars = bars
        else:
            expected = 0 if self.seq is None else self.seq + 1
            if self.seq is None or message.seq != expected:
                self.seq = None
                raise SequenceGap(self.stream, expected, message.seq)
            news = [message.bar]
            if message.bar.trades:
                self._bars[message.bar.start_ns] = message.bar
            else:
                self._bars.pop(message.bar.start_ns, None)
            if len(self._bars) > KEPT:
                del self._bars[min(self._bars)]
        self.seq = message.seq
        return self._candles(news)

    def standing(self) -> Row[Candle]:
        """What a reader is shown who comes later: all that are kept."""
        return self._candles(self.bars)

    def _candles(self, bars: Row[Bar]) -> Row[Candle]:
        return [Candle(self.symbol, self.seq or 0, self.interval, bar) for bar in bars]

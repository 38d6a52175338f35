"""What a session can be read for, on the generator kernel.

In: the messages of one connection, as ``traders.dealings`` sorts them. Out: a ``Reading`` for each stream, and the ``inbox`` that
is all of them at once. Names, policies and errors are those of ``traders.streams`` and ``traders.market.generators``:
a ``Reading`` is what an asynchronous generator is there.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from legacy.trader.feeds import (
    AuctionReader,
    CandleReader,
    MarketInbox,
    NewsReader,
    Queue,
    Reading,
    StateReader,
)
from protocol.desk import Notice
from protocol.market import AuctionMessage, Bar, DayStatistics, PhaseStatus, PrintBusted, TradePrint
from protocol.messages import PrivateMessage
from protocol.vocabulary import AccountId, Channel, Interval, Symbol
from traders.arrivals import MAX_UNREAD, Arrivals
from traders.book_view import Depth
from traders.market.keys import StreamKey, candles_key, depth_key
from traders.market.orders import OrderBook

T = TypeVar("T")


class Streams(Arrivals):
    """The streams of a session; a ``Client`` is this and the requests."""

    def _queue(self, name: str, limit: int) -> Queue[Any]:
        return Queue(name, limit)

    # -- market data -------------------------------------------------------------------------------
    def bbo(self, symbol: str) -> Reading[Depth]:
        """The best bid and offer of ``symbol``: now, then whenever one changed, as a book of one level a side."""
        key = StreamKey(Channel.BBO, Symbol(symbol))
        return self._stream(key, lambda: StateReader[Depth](str(key), lambda view: view.view()))

    def depth(self, symbol: str, *, levels: int | None = None) -> Reading[Depth]:
        """The book of ``symbol`` by price level: now, then whenever it changed, at most ``levels`` a side.

        Raises:
            LocalProtocolError: ``levels`` is below one.
        """
        key = depth_key(symbol, levels)
        return self._stream(key, lambda: StateReader[Depth](str(key), lambda view: view.view(levels)))

    def orders(self, symbol: str) -> Reading[OrderBook]:
        """The book of ``symbol`` order by order: now, then whenever it changed."""
        key = StreamKey(Channel.ORDERS, Symbol(symbol))
        return self._stream(key, lambda: StateReader[OrderBook](str(key), lambda view: view.view()))

    def trades(self, symbol: str) -> Reading[TradePrint]:
        """Every trade in ``symbol`` from now on. That one was busted later, only ``tape`` tells."""
        key = StreamKey(Channel.TRADES, Symbol(symbol))
        return self._stream(
            key,
            lambda: NewsReader(str(key), MAX_UNREAD),
            lambda one: one if isinstance(one, TradePrint) else None,
        )

    def tape(self, symbol: str) -> Reading[TradePrint | PrintBusted]:
        """Every trade in ``symbol`` from now on, and which of them were undone; each once."""
        key = StreamKey(Channel.TRADES, Symbol(symbol))
        return self._stream(key, lambda: NewsReader(str(key), MAX_UNREAD))

    def candles(self, symbol: str, interval: str) -> Reading[Bar]:
        """Candles of ``symbol``, ``interval`` long: first the last ones, then each whenever it changed.

        Raises:
            LocalProtocolError: there are no candles of that length.
        """
        key = candles_key(symbol, interval)
        return self._stream(key, lambda: CandleReader(str(key), MAX_UNREAD))

    def statistics(self, symbol: str) -> Reading[DayStatistics]:
        """The trading day of ``symbol`` so far: now, then whenever something traded."""
        key = StreamKey(Channel.STATISTICS, Symbol(symbol))
        return self._stream(key, lambda: StateReader(str(key), lambda view: view.view()))

    def status(self, symbol: str) -> Reading[PhaseStatus]:
        """The phase of ``symbol``: now (without ``previous``), then every change."""
        key = StreamKey(Channel.STATUS, Symbol(symbol))
        return self._stream(key, lambda: NewsReader(str(key), MAX_UNREAD))

    def auctions(self, symbol: str) -> Reading[AuctionMessage]:
        """The auctions of ``symbol``: while a call lasts what it would give, then its result."""
        key = StreamKey(Channel.AUCTION, Symbol(symbol))
        return self._stream(key, lambda: AuctionReader(str(key), MAX_UNREAD))

    # -- private ------------------------------------------------------------------------------------
    def reports(self) -> Reading[PrivateMessage]:
        """The private stream of the account from now on, or from ``resume_from``: every report of every order.

        One reader at a time.
        """
        return Reading(self._report_feed, self._report_read)

    def copies(self) -> Reading[tuple[AccountId, PrivateMessage]]:
        """Drop copies, from the login on: whose, and the message as they got it; ``*`` is the venue itself."""
        return Reading(self._copy_feed, self._copy_read)

    def notices(self) -> Reading[Notice]:
        """What operators tell everybody, from now on."""
        return Reading(self._notice_feed, _as_it_is)

    # -- all at once -------------------------------------------------------------------------------
    @contextmanager
    def inbox(
        self,
        symbols: Iterable[str],
        *,
        channels: Collection[Channel] = (Channel.DEPTH, Channel.TRADES),
        levels: int | None = None,
        intervals: Collection[Interval] = (),
    ) -> Iterator[MarketInbox[PrivateMessage | str]]:
        """All streams in one, in the order of arrival, for one reader: what a strategy needs.

        It is read with ``yield from inbox.next()`` inside the block, and its owner may ``put`` words of its own among
        the items.

        Raises:
            SessionBusy: the private stream has a reader.
            LocalProtocolError: ``levels`` is below one; candles are wanted, and no ``intervals`` are named.
        """
        inbox: MarketInbox[PrivateMessage | str] = MarketInbox("the inbox", MAX_UNREAD, levels)
        with self._filling(inbox, symbols, channels, levels, intervals):
            yield inbox

    # -- inside ------------------------------------------------------------------------------------
    def _stream(
        self, key: StreamKey, reader: Callable[[], Any], shown: "Callable[[Any], T | None] | None" = None
    ) -> "Reading[T]":
        return Reading(lambda: self._reading((key,), reader()), shown or _as_it_is)


def _as_it_is(item: Any) -> Any:
    return item

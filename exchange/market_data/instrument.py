"""All public streams of one instrument.

In: its book, and events that concern it. Out: streams, made when somebody first asks for one; which of them are
read, and what these want to hear of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from exchange.engine.book import Book
from exchange.engine.events import AuctionTrade, Trade, TradeBusted
from exchange.market_data.best import BestTen
from exchange.market_data.keys import StreamKey, place_of
from exchange.market_data.kinds import KEEPERS, KINDS
from exchange.market_data.stream import Change, Keeper, Stream, print_of
from protocol.market import Bar, TradePrint
from protocol.vocabulary import Interval, Nanoseconds, Sequence

KeeperT = TypeVar("KeeperT", bound=Keeper)


class Instrument:
    """The streams of one instrument, and what its trades add up to."""

    def __init__(self, book: Book, late: dict[Stream, None]) -> None:
        """``late``: where streams put themselves that want to ``flush`` at the end of the turn."""
        self.book = book
        self.symbol = book.instrument.symbol
        self.late = late
        self.tape_seq: Sequence = 0
        """Prints so far, and undone ones; as of what keepers have been told."""
        self._keepers: dict[type[Keeper], Keeper] = {kind: kind(self) for kind in KEEPERS}
        self._streams: dict[StreamKey, Stream] = {}
        self._best_ten = BestTen(book)
        # Those that are read, and what for.
        self.telling: dict[type, tuple[Stream, ...]] = {}
        self.settling: tuple[Stream, ...] = ()
        self.made_of_trades = False
        self.is_read = False

    def keeper(self, kind: type[KeeperT]) -> KeeperT:
        """The instrument's keeper of that kind."""
        found = self._keepers[kind]
        assert isinstance(found, kind)
        return found

    def stream(self, key: StreamKey) -> Stream:
        """The stream of that name, made on first sight."""
        stream = self._streams.get(key)
        if stream is None:
            self._streams[key] = stream = KINDS[key.channel](key, self)
        return stream

    def streams(self) -> Iterable[Stream]:
        """All that anybody ever asked for."""
        return self._streams.values()

    def sort_out(self) -> None:
        """Look again which streams are read."""
        read = [self._streams[key] for key in sorted(self._streams, key=place_of)]
        read = [stream for stream in read if stream.readers]
        self.is_read = bool(read)
        told = frozenset[type]().union(*(stream.tells for stream in read))
        self.telling = {kind: tuple(stream for stream in read if kind in stream.tells) for kind in told}
        self.settling = tuple(stream for stream in read if stream.settles)
        self.made_of_trades = any(stream.made_of_trades for stream in read)

    def checksum(self, change: Change) -> int:
        """The checksum of the book after a change.

        A depth stream that is read asks after each change that it publishes, so none is overlooked.
        """
        if change.checksum is None:
            change.checksum = self._best_ten.checksum_after(change)
        return change.checksum

    def look_again(self) -> None:
        """Nobody has asked for checksums for a while, so changes may have been overlooked."""
        self._best_ten.forget()

    # -- what keepers are told -----------------------------------------------------------------

    def printed(self, at_ns: Nanoseconds, trade: Trade | AuctionTrade) -> None:
        self.tape_seq += 1
        print_ = print_of(self.tape_seq, at_ns, trade)
        for keeper in self._keepers.values():
            keeper.printed(print_)

    def busted(self, at_ns: Nanoseconds, busted: TradeBusted) -> None:
        self.tape_seq += 1
        for keeper in self._keepers.values():
            keeper.busted(at_ns, busted)

    def day_ended(self, at_ns: Nanoseconds) -> None:
        for keeper in self._keepers.values():
            keeper.day_ended(at_ns)

    def seed(self, trades: Iterable[TradePrint], bars: Mapping[Interval, list[Bar]]) -> None:
        """What was before this start of the venue; ``seq`` of the trades is made here."""
        numbered: list[TradePrint] = []
        for one in trades:
            self.tape_seq += 1
            numbered.append(
                TradePrint(
                    self.symbol,
                    self.tape_seq,
                    one.trade_id,
                    one.at_ns,
                    one.price,
                    one.quantity,
                    one.aggressor,
                )
            )
        for keeper in self._keepers.values():
            keeper.seed(numbered, bars)

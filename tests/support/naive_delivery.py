"""Market data delivered the naive way: every message into the outbox of every peer that reads it, when it is made.

In: what a hub is asked. Out: the same streams, without audiences. What the hub's own delivery is compared with.
"""

from typing import cast

import msgspec

from exchange.market_data.audience import Audience
from exchange.market_data.hub import MarketData
from exchange.market_data.keys import StreamKey, place_of
from exchange.market_data.stream import Stream
from exchange.peers import Output, Peer, Touched
from exchange.venue import Venue


class _Reader:
    """One subscription; stands where a stream has its audiences."""

    def __init__(self, peer: Peer, touched: Touched) -> None:
        self.peer = peer
        self.is_new = peer.slow  # it has not been told yet how things stand
        self.missed_some = False
        self._touched = touched

    def tell(self, line: msgspec.Raw) -> None:
        if self.peer.slow:
            self.missed_some = True
        else:
            self.put(line)

    def put(self, line: object) -> None:
        self.peer.outbox.append(line)  # type: ignore[arg-type]
        if not self.peer.touched:
            self.peer.touched = True
            self._touched.append(self.peer)


class NaiveMarketData(MarketData):
    """Nothing is shared, nothing is put off."""

    def __init__(self, venue: Venue, touched: Touched) -> None:
        super().__init__(venue.engine.books.get, touched)
        self._of: dict[Peer, dict[StreamKey, tuple[_Reader, Stream]]] = {}
        self._list = touched

    def subscribe(self, peer: Peer, key: StreamKey) -> None:
        stream = self._begin(key)
        reader = _Reader(peer, self._list)
        peer.subscriptions[key] = stream
        self._of.setdefault(peer, {})[key] = (reader, stream)
        if not peer.slow:
            state = stream.state()
            if state is not None:
                reader.put(state)
        stream.audiences[cast(Audience, reader)] = None

    def unsubscribe(self, peer: Peer, key: StreamKey) -> None:
        reader, stream = self._of[peer].pop(key)
        del peer.subscriptions[key]
        del stream.audiences[cast(Audience, reader)]
        self._end(stream)

    def unsubscribe_all(self, peer: Peer) -> None:
        for key in list(peer.subscriptions):
            self.unsubscribe(peer, key)

    def passes_by(self, peer: Peer) -> None:
        peer.slow = True

    def catch_up(self, peer: Peer) -> None:
        if peer.slow:
            return
        self._digest()
        read = self._of.get(peer, {})
        for key in sorted(read, key=place_of):
            reader, stream = read[key]
            state = stream.state() if reader.is_new else stream.missed() if reader.missed_some else None
            reader.is_new = reader.missed_some = False
            if state is not None:
                reader.put(state)

    def end_turn(self) -> list[Output]:
        return []

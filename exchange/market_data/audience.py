"""Who reads the same streams is told with the same bytes.

In: peers and the streams that each of them reads; encoded messages. Out: once a turn, one piece of bytes for
each peer that got nothing else. docs/design/fan-out.md says why.

The order on every connection is that of the events (rule 47): a peer that is sent anything of its own in a
turn *steps out* for the rest of it. What the audience has been told so far goes in front of that, what it is told
later goes into the peer's own outbox, message by message. At the end of the turn it is a member like all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from exchange.peers import Framing, Output, Peer, Touched
from protocol.codec import encode_all
from protocol.websocket import text_frames

if TYPE_CHECKING:
    from exchange.market_data.keys import StreamKey
    from exchange.market_data.stream import Stream

MOST_SHARED: Final = 256
"""A peer with more streams than that is an audience of its own: to look for others with the same would cost more with
every stream that it adds, and hardly ever pay."""


class Audience:
    """Peers that read the same streams, in the same framing."""

    __slots__ = ("_busy", "apart", "framing", "is_busy", "keys", "lines", "members", "streams")

    def __init__(
        self, streams: dict[StreamKey, Stream], framing: Framing, busy: list[Audience], *, shared: bool
    ) -> None:
        """``busy``: where to stand during a turn in which anything happens to it."""
        self.streams = dict(streams)
        self.keys = frozenset(streams) if shared else None
        """What others who sit here read; ``None`` for an audience of one that nobody else can join."""
        self.framing = framing
        self.members: dict[Peer, None] = {}
        self.apart: dict[Peer, None] = {}  # members that stepped out of this turn
        self.lines: list[msgspec.Raw] = []  # of this turn
        self.is_busy = False
        self._busy = busy
        for stream in streams.values():
            stream.audiences[self] = None

    def tell(self, line: msgspec.Raw) -> None:
        """The next message of a stream that all of them read."""
        self.lines.append(line)
        for peer in self.apart:
            peer.outbox.append(line)
        if not self.is_busy:
            self._become_busy()

    def step_out(self, peer: Peer) -> None:
        """A member has just been touched for the first time in this turn."""
        if self.lines:
            # Whatever the outbox holds already came after these.
            peer.outbox[:0] = self.lines
        self.apart[peer] = None
        if not self.is_busy:
            self._become_busy()

    def admit(self, peer: Peer) -> None:
        """Take in a peer that was touched in this turn; what was told so far is not for it."""
        peer.audience = self
        self.members[peer] = self.apart[peer] = None
        if not self.is_busy:
            self._become_busy()

    @property
    def is_heard(self) -> bool:
        """Whether it was told something that is for others than those who stepped out."""
        return bool(self.lines) and len(self.members) > len(self.apart)

    def end_turn(self) -> list[Output]:
        """The bytes of the turn for all who have not stepped out; afterwards nobody has."""
        output: list[Output] = []
        if self.is_heard:
            data = encode_all(self.lines)
            if self.framing is Framing.FRAMES:
                data = text_frames(data)
            apart = self.apart
            output = [Output(peer, data, False, True) for peer in self.members if peer not in apart]
        self.lines.clear()
        self.apart.clear()
        self.is_busy = False
        return output

    def _become_busy(self) -> None:
        self.is_busy = True
        self._busy.append(self)


class Audiences:
    """All of them. A peer that reads nothing, or too slowly, sits in none."""

    def __init__(self, touched: Touched, most_shared: int = MOST_SHARED) -> None:
        """``most_shared``: streams that an audience for several peers may read."""
        self._touched = touched
        self._most_shared = most_shared
        self._shared: dict[tuple[frozenset[StreamKey], Framing], Audience] = {}
        self._busy: list[Audience] = []  # to whom anything happened in this turn

    def seat(self, peer: Peer) -> None:
        """A peer sits nowhere, and shall be told what is published from now on in the streams it has subscribed to."""
        self._touch(peer)
        if peer.subscriptions:
            self._audience_for(peer).admit(peer)

    def unseat(self, peer: Peer) -> None:
        """Tell the peer nothing more, but what was published before now."""
        if peer.audience is not None:
            if peer.audience.lines:
                self._touch(peer)
            self._stand_up(peer, peer.audience)

    def forget(self, peer: Peer) -> None:
        """The peer's connection is gone: nothing of this turn is for it either."""
        if peer.audience is not None:
            self._stand_up(peer, peer.audience)

    def add(self, peer: Peer, stream: Stream) -> None:
        """A peer that sits somewhere, or had subscribed to nothing, has subscribed to one stream more."""
        audience = peer.audience
        if audience is not None and audience.keys is None:
            self._touch(peer)
            audience.streams[stream.key] = stream
            stream.audiences[audience] = None
        else:
            self.unseat(peer)
            self.seat(peer)

    def remove(self, peer: Peer, stream: Stream) -> None:
        """A peer that sits somewhere has unsubscribed from a stream."""
        audience = peer.audience
        if (
            audience is not None
            and audience.keys is None
            and len(peer.subscriptions) > self._most_shared // 2
        ):
            self._touch(peer)
            del audience.streams[stream.key], stream.audiences[audience]
        else:
            self.unseat(peer)
            self.seat(peer)

    @property
    def has_news(self) -> bool:
        """Whether ``end_turn`` has something to do."""
        return bool(self._busy)

    @property
    def is_heard(self) -> bool:
        """Whether there is something for others than those who have been touched."""
        return any(audience.is_heard for audience in self._busy)

    def end_turn(self) -> list[Output]:
        """What everybody is to be sent who was sent nothing of his own in this turn."""
        output: list[Output] = []
        for audience in self._busy:
            output += audience.end_turn()
        self._busy.clear()
        return output

    def _touch(self, peer: Peer) -> None:
        if not peer.touched:
            peer.touch(self._touched)

    def _audience_for(self, peer: Peer) -> Audience:
        streams, framing = peer.subscriptions, peer.framing
        if len(streams) > self._most_shared:
            return Audience(streams, framing, self._busy, shared=False)
        found = self._shared.get((frozenset(streams), framing))
        if found is None:
            found = Audience(streams, framing, self._busy, shared=True)
            assert found.keys is not None
            self._shared[found.keys, framing] = found
        return found

    def _stand_up(self, peer: Peer, audience: Audience) -> None:
        peer.audience = None
        del audience.members[peer]
        audience.apart.pop(peer, None)
        if not audience.members:
            for stream in audience.streams.values():
                del stream.audiences[audience]
            if audience.keys is not None:
                del self._shared[audience.keys, audience.framing]

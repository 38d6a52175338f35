"""The private streams as those see them who listen: live, again from any number, as copies.

In: who wants to follow which streams, and from where. Out: old messages in its outbox, a page whenever it
can take more (``refill``), until it has caught up and is told live what ``exchange.reports`` tells.
Until then nothing live of those streams gets into its outbox: all of it is in the history anyway. So
there is no gap, nothing comes twice, and its memory is bounded.
"""

from collections.abc import Iterable
from typing import Final, cast

import msgspec

from exchange.backlog import Place
from exchange.engine.events import AuctionTrade, Trade
from exchange.history import History, PrivateStream, Reader
from exchange.peers import Peer, Touched
from protocol.codec import preencode
from protocol.errors import ResumeRefused
from protocol.fields import Message
from protocol.messages import Copy, PrivateMessage
from protocol.vocabulary import AccountId, ErrorCode, Sequence, TradeId

_REFILL_BYTES: Final = 64 * 1024
"""What a connection that catches up is given at once: as much as asyncio buffers before it calls it slow."""

_decode_private: Final = msgspec.json.Decoder(PrivateMessage).decode_lines
_decode_trade: Final = msgspec.json.Decoder(Trade | AuctionTrade).decode


class _Copier:
    """Stands among the readers of a stream and is its own outbox: makes the copies for all who want them."""

    touched = True  # nobody has to empty it

    def __init__(self, stream: PrivateStream, touched: Touched) -> None:
        self._stream = stream
        self._touched = touched

    @property
    def outbox(self) -> "_Copier":
        return self

    def append(self, message: Message, /) -> None:
        """Copy a message of the stream: encoded once, however many read it."""
        copy = preencode(Copy(self._stream.account, cast("PrivateMessage", message)))
        for peer in self._stream.copies:
            peer.outbox.append(copy)
            if not peer.touched:
                peer.touch(self._touched)


class Streams:
    """All private streams, and who follows them."""

    def __init__(self, touched: Touched, history: History) -> None:
        self.history = history
        self.streams = history.streams
        self._touched = touched
        self._copied: dict[Peer, list[AccountId] | None] = {}  # whose streams each drop copy gets
        self._copied_all: list[Peer] = []  # who gets everybody's, also of accounts to come
        self.streams.opened = self._opened

    def stream(self, account: AccountId) -> PrivateStream:
        """The account's stream, made on first sight."""
        return self.streams[account]

    # -- who listens ---------------------------------------------------------------------------

    def join(self, peer: Peer, account: AccountId, resume_from: Sequence | None = None) -> Sequence:
        """Let the peer follow the account's stream: from message ``resume_from`` on, or what is new.

        Returns the number before the first message it will be sent. After its welcome call ``refill`` if it
        has a backlog now.

        Raises:
            ResumeRefused: the stream has not got there yet, or that message is not kept any more.
        """
        stream = self.streams[account]
        if resume_from is None or resume_from == stream.last_seq + 1:
            stream.readers.append(peer)
            return stream.last_seq
        self.history.check_place(stream, resume_from)
        self._begin_backlog(peer, [Place(stream, resume_from, copied=False)])
        return resume_from - 1

    def copy(
        self,
        peer: Peer,
        accounts: list[AccountId] | None,
        copy_from: Iterable[tuple[AccountId, Sequence]] = (),
    ) -> None:
        """Let the peer have copies of these accounts' streams; ``None``: of everybody's and the venue's own.

        ``copy_from``: first message not seen, by account; of the others it gets what is new. As with
        ``join``, call ``refill`` after the welcome.

        Raises:
            ResumeRefused: as ``join``; also for an account that is not among ``accounts``.
        """
        if accounts is None:
            streams = dict(self.streams)
        else:
            streams = {account: self.streams[account] for account in accounts}
        places: list[Place] = []
        for account, seq in sorted(dict(copy_from).items()):
            stream = streams.get(account)
            if stream is None and accounts is not None:
                raise ResumeRefused(ErrorCode.UNKNOWN_ACCOUNT, f"{account!r} is none of those you may copy")
            if stream is None:
                stream = PrivateStream(account)  # nobody's yet: a name in a login makes no account
            self.history.check_place(stream, seq)
            if seq <= stream.last_seq:
                places.append(Place(stream, seq, copied=True))
        self._copied[peer] = accounts
        if accounts is None:
            self._copied_all.append(peer)
        behind = {place.stream.account for place in places}
        for account, stream in streams.items():
            if account not in behind:
                self._copy_from_now_on(stream, peer)
        if places:
            self._begin_backlog(peer, places)

    def leave(self, peer: Peer) -> None:
        """The peer is gone, or wants nothing more."""
        peer.backlog = None
        account = peer.account
        if account is not None and account in self.streams:
            readers = self.streams[account].readers
            if peer in readers:
                readers.remove(peer)
        if peer in self._copied:
            accounts = self._copied.pop(peer)
            if accounts is None:
                self._copied_all.remove(peer)
            for account in list(self.streams) if accounts is None else accounts:
                stream = self.streams[account]
                if peer in stream.copies:
                    stream.copies.remove(peer)
                    if not stream.copies:
                        stream.readers = [one for one in stream.readers if not isinstance(one, _Copier)]

    # -- what was ------------------------------------------------------------------------------

    def refill(self, peer: Peer) -> None:
        """Put the next piece of the peer's backlog into its outbox; when all of it is there, it is live.

        For whoever writes to the peer: call it whenever its transport can take more, as long as
        ``peer.backlog`` is not ``None``. A peer whose backlog is not kept any more is told so and is to be
        hung up on.
        """
        room = _REFILL_BYTES
        backlog = peer.backlog
        while backlog:
            place = backlog[0]
            stream = place.stream
            if place.next_seq > stream.last_seq:
                del backlog[0]
                if place.copied:
                    self._copy_from_now_on(stream, peer)
                else:
                    stream.readers.append(peer)
                continue
            if room <= 0:
                break
            try:
                lines, count = self.history.read(stream, place.next_seq)
            except ResumeRefused as refused:
                self._give_up(peer, refused)
                return
            place.next_seq += count
            if place.copied:
                lines = _as_copies(stream.account, lines)
            room -= len(lines)
            # The outbox writes the last line's end itself.
            peer.outbox.append(msgspec.Raw(lines[:-1]))
        if not backlog:
            peer.backlog = None
            peer.slow = False
        if not peer.touched:
            self._touch(peer)

    def page(self, account: AccountId, from_seq: Sequence, limit: int) -> list[PrivateMessage]:
        """At most ``limit`` messages of the account's stream from number ``from_seq`` on; oldest first.

        Raises:
            ResumeRefused: those messages are not kept any more.
        """
        if account not in self.streams:
            return []
        stream = self.streams[account]
        found: list[PrivateMessage] = []
        while len(found) < limit and from_seq + len(found) <= stream.last_seq:
            lines, _ = self.history.read(stream, from_seq + len(found))
            found += _decode_private(lines)
        return found[:limit]

    def find_trade(self, trade_id: TradeId, account: AccountId) -> Trade | AuctionTrade | None:
        """A trade that the account was a side of; ``None`` if there is none, or it is not kept any more."""
        if not 0 < trade_id <= self.history.tape.last_seq:
            return None
        try:
            lines, _ = self.history.read(self.history.tape, trade_id)
        except ResumeRefused:
            return None
        trade: Trade | AuctionTrade = _decode_trade(lines.partition(b"\n")[0])
        sides = (trade.maker, trade.taker) if isinstance(trade, Trade) else (trade.buyer, trade.seller)
        return trade if account in sides else None

    def _opened(self, stream: PrivateStream) -> None:
        for peer in self._copied_all:
            self._copy_from_now_on(stream, peer)

    def _copy_from_now_on(self, stream: PrivateStream, peer: Peer) -> None:
        if not stream.copies:
            stream.readers.append(_Copier(stream, self._touched))
        stream.copies.append(peer)

    def _begin_backlog(self, peer: Peer, places: list[Place]) -> None:
        peer.backlog = places
        # Market data would overtake the private messages it follows from (rule 47): it passes the peer by.
        peer.slow = True

    def _give_up(self, peer: Peer, refused: ResumeRefused) -> None:
        peer.backlog = None
        peer.session.end_with(refused.code, refused.text)
        peer.closing = True
        if not peer.touched:
            self._touch(peer)

    def _touch(self, reader: Reader) -> None:
        cast("Peer", reader).touch(self._touched)  # a copier counts as touched for ever


def _as_copies(account: AccountId, lines: bytes) -> bytes:
    """Each line as the ``copy`` that it was live, byte by byte."""
    before = b'{"type":"copy","account":' + msgspec.json.encode(account) + b',"report":'
    return before + lines[:-1].replace(b"\n", b"}\n" + before) + b"}\n"

"""Audiences change who does the work, and nothing else: every connection gets what the naive delivery would send.

Whatever happens, in whatever order, within a turn and across turns: the bytes of every peer are those of a venue that
puts each message into each reader's outbox when it is made.
"""

from random import Random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.access import Access
from exchange.engine.commands import SetAccount
from exchange.journal.recovery import start_from
from exchange.market_data.audience import MOST_SHARED, Audiences
from exchange.market_data.keys import StreamKey
from exchange.peers import Framing, Touched
from exchange.venue import Venue
from protocol.clock import ManualClock
from protocol.codec import encode
from protocol.desk import ChangePhase
from protocol.fields import Message
from protocol.messages import Login, Logout, MassCancel, NewOrder, OrderStatus, Subscribe, Unsubscribe
from protocol.vocabulary import (
    AccountId,
    Channel,
    ClientOrderId,
    Interval,
    Phase,
    Role,
    Side,
    Symbol,
    TimeInForce,
)
from tests.support.in_memory import OPERATORS, MemoryPeer
from tests.support.naive_delivery import NaiveMarketData
from tests.support.wire_requests import ACME, listing

ZINC: Final = Symbol("ZINC")
KEYS: Final = [
    key
    for symbol in (ACME, ZINC)
    for key in (
        *(StreamKey(channel, symbol) for channel in Channel if channel is not Channel.CANDLES),
        StreamKey(Channel.DEPTH, symbol, 10),
        StreamKey(Channel.CANDLES, symbol, interval=Interval.SECOND),
    )
]
FAVOURITES: Final = KEYS[:4]
"""So that several peers read the same."""

ACCOUNTS: Final = (AccountId("anna"), AccountId("ben"), OPERATORS[0])
WATCHER: Final = AccountId("watcher")


class Twin:
    """One venue with its peers."""

    def __init__(self, *, naive: bool, most_shared: int = MOST_SHARED) -> None:
        touched: Touched = []
        state = start_from(None, ManualClock().now_ns, touched)
        self.venue = Venue("test", state.sequencer, state.reports, touched, Access(open=True))
        self.naive = naive
        if naive:
            self.venue.market_data = NaiveMarketData(self.venue, touched)
        else:
            self.venue.market_data.audiences = Audiences(touched, most_shared)
        self.venue.act(listing())
        self.venue.act(listing(symbol=ZINC))
        self.venue.act(SetAccount(OPERATORS[0], Role.OPERATOR))
        self.peers: list[MemoryPeer] = []
        self.hung_up: set[MemoryPeer] = set()
        self.sent: list[list[bytes]] = []
        """What left for each peer, turn by turn."""

    def connect(self, account: AccountId, framing: Framing, resume_from: int | None) -> None:
        peer = MemoryPeer(Framing.LINES if self.naive else framing)
        self.peers.append(peer)
        self.sent.append([])
        self.send(len(self.peers) - 1, Login(account, resume_from=resume_from))

    def send(self, number: int, *messages: Message) -> None:
        peer = self.peers[number]
        if peer not in self.hung_up and not peer.closing:
            lines = b"".join(map(encode, messages))
            self.venue.handle(peer, peer.session.receive_data(lines))

    def slow_down(self, number: int) -> None:
        self.venue.market_data.passes_by(self.peers[number])

    def resume(self, number: int) -> None:
        """As a connection does whose socket takes more."""
        peer = self.peers[number]
        if peer.backlog is not None:
            self.venue.reports.refill(peer)
        else:
            peer.slow = False
        self.venue.market_data.catch_up(peer)

    def cut(self, number: int) -> None:
        """The connection is lost."""
        self.hung_up.add(self.peers[number])
        self.venue.leave(self.peers[number])

    def end_turn(self) -> None:
        before = {peer: len(pieces) for peer, pieces in zip(self.peers, self.sent, strict=True)}
        for peer, data, last, _ in self.venue.take_output():
            assert isinstance(peer, MemoryPeer)
            pieces = self.sent[self.peers.index(peer)]
            if peer not in self.hung_up:
                pieces.append(data)
                assert len(pieces) == before[peer] + 1, "one write a turn"
                if last:
                    self.cut(self.peers.index(peer))
        assert not self.venue.has_output or self.venue.sequencer.has_turn
        self.venue.take_turn()

    def received(self, number: int) -> bytes:
        """All bytes of a peer, as lines."""
        data = b"".join(self.sent[number])
        return data if self.peers[number].framing is Framing.LINES else _lines_of(data)


def _lines_of(frames: bytes) -> bytes:
    """RFC 6455, 5.2, for unmasked text frames in one piece."""
    lines, at = b"", 0
    while at < len(frames):
        assert frames[at] == 0x81
        length, at = frames[at + 1], at + 2
        if length >= 126:
            size = 2 if length == 126 else 8
            length, at = int.from_bytes(frames[at : at + size]), at + size
        lines, at = lines + frames[at : at + length] + b"\n", at + length
    return lines


def act(twin: Twin, what: int, chance: int) -> None:
    """One thing happens at a venue; the same thing at its twin."""
    rng = Random(chance)
    number = rng.randrange(len(twin.peers))
    match what:
        case 0:
            twin.end_turn()
        case 1 | 2 | 3:
            side, price = rng.choice(list(Side)), 100 + rng.randrange(-3, 4)
            name = ClientOrderId(f"o{chance}")
            quantity = rng.randrange(1, 20)
            new = NewOrder(
                name, rng.choice((ACME, ACME, ZINC)), side, quantity, price,
                time_in_force=TimeInForce.GTC, display=rng.choice((None, None, max(1, quantity // 3))),
            )  # fmt: skip
            twin.send(number, new)
        case 4:
            twin.send(number, Subscribe(*rng.choice(KEYS)))
        case 5:
            twin.send(number, *(Subscribe(*key) for key in FAVOURITES))
        case 6:
            twin.send(number, Unsubscribe(*rng.choice((*KEYS, *FAVOURITES * 4))))
        case 7:
            twin.slow_down(number)
        case 8:
            twin.resume(number)
        case 9:
            match rng.randrange(7):
                case 0:
                    twin.connect(rng.choice(ACCOUNTS), rng.choice(list(Framing)), rng.choice((None, None, 1)))
                case 1:
                    twin.cut(number)
                case 2:
                    twin.send(number, Logout())
                case 3:
                    twin.send(number, ChangePhase(ACME, rng.choice(list(Phase)), "a test", forced=True))
                case 4:
                    twin.send(number, MassCancel())
                case 5:
                    twin.venue.end_day()
                case _:
                    twin.send(number, OrderStatus(ClientOrderId("nothing")))


ACTS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2**16)), max_size=120)


@pytest.mark.parametrize("most_shared", [MOST_SHARED, 3, 0])
@given(ACTS)
@settings(max_examples=60, deadline=None)
def test_every_connection_gets_the_bytes_that_it_would_get_if_nothing_were_shared(
    most_shared: int, acts: list[tuple[int, int]]
) -> None:
    """Rule 47; and nothing is lost, doubled or moved by whoever comes, goes, falls behind or is told something else."""
    twins = Twin(naive=False, most_shared=most_shared), Twin(naive=True)
    for twin in twins:
        for account in (*ACCOUNTS, WATCHER):
            for framing in (*Framing, Framing.LINES):
                twin.connect(account, framing, None)
        twin.end_turn()

    for what, chance in acts:
        for twin in twins:
            act(twin, what, chance)

    for twin in twins:
        twin.end_turn()
    real, naive = twins
    for number in range(len(real.peers)):
        assert real.received(number) == naive.received(number)
    assert real.venue.market_data.subscribers() == naive.venue.market_data.subscribers()
    for twin in twins:
        for number in range(len(twin.peers)):
            twin.cut(number)
    hub = real.venue.market_data
    assert not hub.active
    assert not any(stream.audiences for one in hub.instruments() for stream in one.streams())

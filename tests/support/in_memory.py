"""A venue without sockets and journal, and traders joined to it by memory.

In: messages of traders. Out: what each of them is sent, message by message.
"""

from collections.abc import Sequence
from random import Random
from typing import Final

from exchange.access import Access
from exchange.engine.commands import SetAccount
from exchange.journal.recovery import start_from
from exchange.peers import Framing, Peer, Touched
from exchange.venue import Venue
from protocol.clock import ManualClock
from protocol.desk import AdminRequest
from protocol.fields import Message
from protocol.messages import NewOrder
from protocol.session import ClientSession, ServerSession
from protocol.vocabulary import AccountId, ClientOrderId, Role, Side, TimeInForce
from protocol.websocket import text_frames
from tests.support.wire_requests import ACME, listing

OPERATORS: Final = (AccountId("olga"),)


class FramedSession(ServerSession):
    """Takes lines, as others do, and answers in frames."""

    def data_to_send(self) -> bytes:
        return text_frames(super().data_to_send())


class MemoryPeer(Peer):
    """A peer whose bytes end here."""

    __slots__ = ("received",)

    def __init__(self, framing: Framing = Framing.LINES) -> None:
        session = ServerSession() if framing is Framing.LINES else FramedSession()
        super().__init__(session, framing=framing)
        self.received = bytearray()

    def take(self) -> bytes:
        """Everything since the last time."""
        data = bytes(self.received)
        self.received.clear()
        return data


def end_turn(venue: Venue) -> None:
    """Hand everybody what the turn made for him."""
    for output in venue.take_output():
        if isinstance(output.peer, MemoryPeer):
            output.peer.received += output.data


class Trader:
    """A peer and the client session at its other end."""

    def __init__(self, venue: Venue, account: str) -> None:
        self.venue = venue
        self.client = ClientSession()
        self.peer = MemoryPeer()
        self.client.log_in(AccountId(account))
        self.flush()
        self.welcome = self.read()[0]

    def flush(self) -> None:
        self.venue.handle(self.peer, self.peer.session.receive_data(self.client.data_to_send()))

    def send(self, *messages: Message) -> None:
        for message in messages:
            self.client.send(message)
        self.flush()

    def read(self) -> list[Message]:
        """Everything since the last time, as of the end of a turn."""
        end_turn(self.venue)
        return self.client.receive_data(self.peer.take())

    def ask(self, *messages: Message) -> list[Message]:
        """Send, and read the answers."""
        self.send(*messages)
        return self.read()


def who_may(request: Message, rng: Random, traders: Sequence[Trader], operator: Trader) -> Trader:
    """Who sends a random request: a trader, or the operator if traders may not."""
    return operator if isinstance(request, AdminRequest) else rng.choice(traders)


def open_venue(**settings: object) -> Venue:
    """A venue with one instrument, ``ACME``, plain but for ``settings``."""
    touched: Touched = []
    state = start_from(None, ManualClock().now_ns, touched)
    venue = Venue("test", state.sequencer, state.reports, touched, Access(open=True))
    venue.act(listing(**settings))
    for name in OPERATORS:
        venue.act(SetAccount(name, Role.OPERATOR))
    return venue


def order(name: str, side: Side, quantity: int, price: int, tif: TimeInForce = TimeInForce.GTC) -> NewOrder:
    return NewOrder(ClientOrderId(name), ACME, side, quantity, price, time_in_force=tif)

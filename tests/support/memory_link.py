"""Two sessions joined by memory: what stands in for the network.

In: messages put into either end. Out: what arrives at the other. Bytes move only when the test says
so, and optionally one by one.
"""

from protocol.fields import Message
from protocol.messages import Login, Logout, Welcome
from protocol.session import ClientSession, ServerSession
from protocol.vocabulary import AccountId, Sequence
from tests.support.feeding import Taken, plain

ANNA = AccountId("anna")


def welcome(seq: Sequence = 0, *, account: AccountId = ANNA, heartbeat_s: int = 0) -> Welcome:
    """The shortest welcome."""
    return Welcome(
        account=account,
        venue="test",
        version=1,
        seq=seq,
        heartbeat_s=heartbeat_s,
        instruments=[],
        positions=[],
        open_orders=[],
    )


class MemoryLink:
    """A trader's end, a venue's end, and the two cables between them."""

    def __init__(self, *, byte_by_byte: bool = False) -> None:
        self.trader = ClientSession()
        self.venue = ServerSession()
        self._byte_by_byte = byte_by_byte

    def to_venue(self) -> list[Taken]:
        """Move all bytes of the trader; what the venue takes."""
        return [
            plain(inbound)
            for chunk in self._chunks(self.trader.data_to_send())
            for inbound in self.venue.receive_data(chunk)
        ]

    def to_trader(self) -> list[Message]:
        """Move all bytes of the venue; what the trader takes."""
        return [
            message
            for chunk in self._chunks(self.venue.data_to_send())
            for message in self.trader.receive_data(chunk)
        ]

    def log_in(self, *, seq: Sequence = 0, heartbeat_s: int = 0) -> None:
        """Login and welcome."""
        self.trader.log_in(ANNA, heartbeat_s=heartbeat_s)
        assert self.to_venue() == [(1, Login(account=ANNA, heartbeat_s=heartbeat_s))]
        self.venue.welcome(welcome(seq, heartbeat_s=heartbeat_s))
        assert self.to_trader() == [welcome(seq, heartbeat_s=heartbeat_s)]

    def log_out(self) -> None:
        """Logout and the venue's last word."""
        self.trader.log_out()
        taken = self.to_venue()
        assert [message for _, message in taken] == [Logout()]
        self.venue.log_out("goodbye")
        self.to_trader()

    def _chunks(self, data: bytes) -> list[bytes]:
        return [data[at : at + 1] for at in range(len(data))] if self._byte_by_byte else [data]

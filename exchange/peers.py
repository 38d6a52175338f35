"""Who is connected, as the venue sees it: an outbox and a few flags. No sockets.

In: messages from reports and market data. Out: the list of peers that have something to send, which
the venue empties once a turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from protocol.fields import Message
from protocol.session import ServerSession
from protocol.vocabulary import AccountId, Channel, Symbol

if TYPE_CHECKING:
    Outbox = list[Message | msgspec.Raw]


class Peer:
    """One connection. Gateways make it, and read the flags to know what to do after a turn."""

    __slots__ = ("behind", "closing", "outbox", "session", "slow", "subscriptions", "touched")

    def __init__(self, session: ServerSession) -> None:
        self.session = session
        self.outbox: Outbox = session.outbox
        self.touched = False  # stands in this turn's list already
        self.closing = False  # hang up once the outbox is written
        self.slow = False  # its socket takes no more: market data passes it by
        self.behind: set[tuple[Channel, Symbol]] = set()  # streams that passed it by
        self.subscriptions: set[tuple[Channel, Symbol]] = set()

    @property
    def account(self) -> AccountId | None:
        return self.session.account


Touched = list[Peer]
"""Peers with something in their outbox, in the order in which they were first touched this turn."""

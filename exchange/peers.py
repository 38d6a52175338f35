"""Who is connected, as the venue sees it: an outbox, what its session may do, and a few flags. No sockets.

In: messages from reports and market data. Out: the list of peers that have something to send, which
the venue empties once a turn, and what each of them is to be sent then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from exchange.engine.commands import Command
from protocol.fields import Message
from protocol.session import Inbound, ServerSession
from protocol.vocabulary import AccountId, Role, Sequence, SessionId

if TYPE_CHECKING:
    from exchange.access import Refusal
    from exchange.backlog import Backlog
    from exchange.market_data.audience import Audience
    from exchange.market_data.keys import StreamKey
    from exchange.market_data.stream import Stream

    Outbox = list[Message | msgspec.Raw]

OrderEntry = Mapping[type, Callable[[AccountId, Any], Command]]
"""Requests that become a command as they stand, and how."""

NO_ENTRY: Final[OrderEntry] = {}


class Framing(Enum):
    """How messages are told apart on a connection."""

    LINES = "lines"  # each ends with a newline
    FRAMES = "frames"  # each is a WebSocket text frame


class Peer:
    """One connection. Gateways make it, and read the flags to know what to do after a turn."""

    __slots__ = (
        "audience", "backlog", "cancel_on_disconnect", "closing", "entry", "faults", "framing", "missed", "on_login",
        "outbox", "role", "session", "session_id", "slow", "source", "subscriptions", "touched",
    )  # fmt: skip

    def __init__(self, session: ServerSession, source: str = "", framing: Framing = Framing.LINES) -> None:
        self.session = session
        self.source = source  # where it comes from, as far as that is one place: see ``exchange.throttle``
        self.framing = framing  # of what it is sent; never changes
        self.outbox: Outbox = session.outbox
        self.touched = False  # stands in this turn's list already
        self.closing = False  # hang up once the outbox is written
        self.faults = 0  # lines of it that could not be taken
        self.slow = False  # its socket takes no more: market data passes it by
        # What follows is kept by ``exchange.market_data``.
        self.subscriptions: dict[StreamKey, Stream] = {}
        self.audience: Audience | None = None  # with whom it is told what it has subscribed to
        self.missed: dict[
            StreamKey, Sequence
        ] = {}  # where it was in each stream when that passed it by; -1: nowhere
        # Private messages it asked for again and has not been given yet (``Reports.refill``).
        self.backlog: Backlog | None = None
        # What follows is set by the login.
        self.session_id: SessionId = 0
        self.role = Role.VIEWER
        self.cancel_on_disconnect = False  # takes with it what it entered
        self.entry = NO_ENTRY
        self.on_login: Callable[[list[Inbound], Refusal | None], None] | None = None
        """Called when the login is decided, now or later, with what has waited for that and is to be handled
        next; for gateways, which have bounds to keep. Otherwise the venue handles it at once.
        """

    @property
    def account(self) -> AccountId | None:
        return self.session.account

    def touch(self, touched: Touched) -> None:
        """Enter it into this turn's list, where it does not stand yet: it is sent something of its own.

        Market data that others are told the same of stands in front of what was put into the outbox before this.
        """
        self.touched = True
        touched.append(self)
        if self.audience is not None:
            self.audience.step_out(self)


Touched = list[Peer]
"""Peers with something in their outbox, in the order in which they were first touched this turn."""


class Output(NamedTuple):
    """What a peer is to be sent once the turn's commands are safe."""

    peer: Peer
    data: bytes
    last: bool
    """Hang up after it. As of this turn: a peer that closes now may have older output on its way."""
    shared: bool = False
    """Public lines that others are told as well, and nothing else."""

"""Who is connected, as the venue sees it: an outbox, what its session may do, and a few flags. No sockets.

In: messages from reports and market data. Out: the list of peers that have something to send, which
the venue empties once a turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from exchange.engine.commands import Command
from protocol.fields import Message
from protocol.session import Inbound, ServerSession
from protocol.vocabulary import AccountId, Channel, Role, SessionId, Symbol

if TYPE_CHECKING:
    from exchange.access import Refusal
    from exchange.backlog import Backlog

    Outbox = list[Message | msgspec.Raw]

OrderEntry = Mapping[type, Callable[[AccountId, Any], Command]]
"""Requests that become a command as they stand, and how."""

NO_ENTRY: Final[OrderEntry] = {}


class Peer:
    """One connection. Gateways make it, and read the flags to know what to do after a turn."""

    __slots__ = (
        "backlog", "behind", "cancel_on_disconnect", "closing", "entry", "faults", "on_login", "outbox", "role", "session",
        "session_id", "slow", "source", "subscriptions", "touched",
    )  # fmt: skip

    def __init__(self, session: ServerSession, source: str = "") -> None:
        self.session = session
        self.source = source  # where it comes from, as far as that is one place: see ``exchange.throttle``
        self.outbox: Outbox = session.outbox
        self.touched = False  # stands in this turn's list already
        self.closing = False  # hang up once the outbox is written
        self.faults = 0  # lines of it that could not be taken
        self.slow = False  # its socket takes no more: market data passes it by
        self.behind: set[tuple[Channel, Symbol]] = set()  # streams that passed it by
        self.subscriptions: set[tuple[Channel, Symbol]] = set()
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


Touched = list[Peer]
"""Peers with something in their outbox, in the order in which they were first touched this turn."""

"""The life of either end of a session, as one table.

In: a state and what happens. Out: the state after it. docs/reference/protocol.md draws the table.
"""

from enum import StrEnum
from typing import Final

from protocol.errors import LocalProtocolError


class SessionState(StrEnum):
    OPEN = "open"  # connected, not logged in
    LOGGING_IN = "logging in"  # login sent, or being decided; the welcome is awaited
    ACTIVE = "active"
    LOGGING_OUT = "logging out"  # client only: logout sent, the venue's last word awaited
    CLOSED = "closed"


class SessionEvent(StrEnum):
    LOGIN = "login"
    WELCOME = "welcome"
    LOGOUT = "logout"
    LOGGED_OUT = "logged_out"
    BREAK = "break"  # fatal fault, or the connection is gone


TRANSITIONS: Final[dict[tuple[SessionState, SessionEvent], SessionState]] = {
    (SessionState.OPEN, SessionEvent.LOGIN): SessionState.LOGGING_IN,
    (SessionState.OPEN, SessionEvent.LOGGED_OUT): SessionState.CLOSED,
    (SessionState.OPEN, SessionEvent.BREAK): SessionState.CLOSED,
    (SessionState.LOGGING_IN, SessionEvent.WELCOME): SessionState.ACTIVE,
    (SessionState.LOGGING_IN, SessionEvent.LOGGED_OUT): SessionState.CLOSED,
    (SessionState.LOGGING_IN, SessionEvent.BREAK): SessionState.CLOSED,
    (SessionState.ACTIVE, SessionEvent.LOGOUT): SessionState.LOGGING_OUT,
    # The venue ends the session by itself when it shuts down.
    (SessionState.ACTIVE, SessionEvent.LOGGED_OUT): SessionState.CLOSED,
    (SessionState.ACTIVE, SessionEvent.BREAK): SessionState.CLOSED,
    (SessionState.LOGGING_OUT, SessionEvent.LOGGED_OUT): SessionState.CLOSED,
    (SessionState.LOGGING_OUT, SessionEvent.BREAK): SessionState.CLOSED,
    # A connection may break after its session has ended.
    (SessionState.CLOSED, SessionEvent.BREAK): SessionState.CLOSED,
}


def next_state(state: SessionState, event: SessionEvent) -> SessionState:
    """The state after ``event``.

    Raises:
        LocalProtocolError: the table has no such pair.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise LocalProtocolError(f"{event} is not possible while {state}") from None

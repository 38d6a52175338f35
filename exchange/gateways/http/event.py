"""A message of a public stream as a server-sent event.

In: a message. Out: its bytes: ``event`` is the type of the message, ``data`` the message as on every gateway, ``id`` its
``seq`` and, behind a dash, the run of the venue that counted it: numbers of streams begin anew with each.
"""

from typing import NamedTuple

import msgspec

from protocol.market import PublicMessage


class Event(NamedTuple):
    """A message, and what it is on the wire."""

    message: PublicMessage
    data: bytes


def event_of(message: PublicMessage, run: str) -> Event:
    """``run`` names the run of the venue."""
    kind = str(message.__struct_config__.tag)
    data = msgspec.json.encode(message)
    return Event(
        message, b"id: %d-%s\nevent: %s\ndata: %s\n\n" % (message.seq, run.encode(), kind.encode(), data)
    )

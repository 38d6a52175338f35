"""One more look at an account when all is over: its whole private stream, and how it stands.

In: where the venue is, an account. Out: the lines of its stream asked for from number 1, the welcome
that came before them and the ``account_state`` after.
"""

import asyncio
from typing import Final, NamedTuple

import msgspec

from tests.torture.founding import Member
from tests.torture.mortal import VenueFailed, patience
from tests.torture.standing import Json

_LIMIT: Final = 4 * 1024 * 1024


class Look(NamedTuple):
    """What the venue says about an account."""

    lines: list[bytes]
    """As received, without their ends."""
    welcome: Json
    state: Json


async def look_back(port: int, member: Member) -> Look:
    """Log in as a viewer, read everything, ask, and hang up.

    Raises:
        VenueFailed: it lets nobody in, or stays silent.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=_LIMIT)
    try:
        async with patience(f"what is told of {member.name}"):
            login = {
                "type": "login",
                "account": member.name,
                "secret": member.secret,
                "role": "viewer",
                "resume_from": 1,
            }
            writer.write(msgspec.json.encode(login) + b"\n")
            welcome: Json = msgspec.json.decode(await reader.readline())
            if welcome["type"] != "welcome":
                raise VenueFailed(f"{member.name} was to look back: {welcome}")
            lines = [(await reader.readline()).rstrip(b"\n") for _ in range(welcome["last_seq"])]
            writer.write(b'{"type":"account_status"}\n')
            state: Json = msgspec.json.decode(await reader.readline())
            return Look(lines, welcome, state)
    finally:
        writer.close()
        await writer.wait_closed()

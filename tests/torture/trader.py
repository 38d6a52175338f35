"""A client that loses its connection all the time and keeps everything it was ever told.

In: where the venue is, an account, a seed. Out: every private message it received, as bytes, over all its
connections, numbered from 1 without a gap or it says so; every request it sent, each answered in the
end. Speaks bytes: it shares no code with the venue or its clients.

After a break it comes back with ``resume_from``. An order that was not answered is sent again at once, in
the same write as the login, or when all that was missed has been read. Other requests have no name by
which the venue could know them again, so they wait until what was missed has been read: what it does not
answer was not carried out.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Final

import msgspec

from tests.torture.founding import Member
from tests.torture.standing import Json, Standing
from tests.torture.wishes import Asked, Key, Wishes, answered, disarm

_CHUNK: Final = 256 * 1024
_NO_LINGER: Final = struct.pack("ii", 1, 0)
"""Closing the socket resets the connection, and what was not read is lost."""


class Distrust(Exception):
    """The venue did what it must never do: this trader gives up, and the run has failed."""

    def __init__(self, check: str, text: str) -> None:
        """``check``: which of the checks it fails."""
        super().__init__(check, text)
        self.check = check
        self.text = text


STREAM: Final = "stream"
ANSWERS: Final = "answers"
SESSIONS: Final = "sessions"


@dataclass(slots=True)
class _Connection:
    """From connecting to the break."""

    writer: asyncio.StreamWriter
    tail: bytes = b""
    """The beginning of a line whose end has not come."""
    welcome: Json | None = None
    is_caught_up: bool = False
    """All that was missed has been read, and requests may be sent."""
    hasty: set[Key] = field(default_factory=set)
    """Orders sent again with the login that are not answered yet."""
    repeated: str = ""
    """An order that was refused because its name is known: what became of it comes next."""
    is_over: bool = False
    """The venue has answered the logout."""


class Trader:
    """One account with one connection at a time."""

    def __init__(self, member: Member, seed: str, heard: Callable[[], None]) -> None:
        """``heard`` is called whenever something came."""
        self.member = member
        self.standing = Standing()
        self.received: list[bytes] = []
        """The private messages, without the ends of their lines; number n is at n - 1."""
        self.asked: list[Asked] = []
        self.connections = 0
        self.resets = 0
        self.cut_lines = 0
        self.resumes = 0
        """Connections that something was sent again to."""
        self.resumed = 0
        """Messages that were sent again."""
        self.repeated = 0
        """Orders that the venue said to have seen before, and what became of them."""
        self.taken_along = 0
        """Orders that had gone with their session, found on resume."""
        self.sent_again = 0
        self.distrust: Distrust | None = None
        """Why it gave up."""
        self._rng = Random(seed)
        self._wishes = Wishes(self._rng, member.habit)
        self._depth = self._rng.randint(1, 5)
        self._heard = heard
        self._unanswered: dict[Key, Asked] = {}
        self._ending = False
        self._is_disarmed = False
        self._connection: _Connection | None = None

    @property
    def answers(self) -> int:
        """Requests that were answered."""
        return len(self.asked) - len(self._unanswered)

    @property
    def waits_for(self) -> str:
        """The requests that were not, for people."""
        return f"{self.member.name} waits for {sorted(self._unanswered)}" if self._unanswered else ""

    async def trade(self, venue_up: asyncio.Event, port: Callable[[], int]) -> None:
        """Trade until ``finish``, all is answered and the venue has said goodbye."""
        try:
            while not await self._connect(venue_up, port):
                pass
        except Distrust as distrust:
            self.distrust = distrust
            self._heard()

    @property
    def _takes_along(self) -> bool:
        return self.member.habit == "takes_along"

    def finish(self) -> None:
        """Ask for nothing new; when all is answered, log out."""
        self._ending = True
        self._go_on()

    def cut(self, *, in_a_line: bool) -> None:
        """Reset the connection, if there is one; if wanted after half of a request is written."""
        connection = self._connection
        if connection is None or connection.writer.transport.is_closing():
            return
        self.resets += 1
        writer = connection.writer
        if in_a_line and connection.is_caught_up:
            self.cut_lines += 1
            line = self._line_of(self._wish())
            writer.write(line[: self._rng.randrange(1, len(line) - 1)])
        # What is left to be written goes with it, as where a cable is pulled.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        writer.transport.abort()

    # -- one connection ------------------------------------------------------------------------

    async def _connect(self, venue_up: asyncio.Event, port: Callable[[], int]) -> bool:
        """Trade over one connection until it breaks; whether the session came to its end in order."""
        await venue_up.wait()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port())
        except OSError:
            return False  # killed since
        self._connection = connection = _Connection(writer)
        try:
            self._log_in(connection)
            while chunk := await reader.read(_CHUNK):
                self._take(connection, chunk)
                self._heard()
                await writer.drain()
        except OSError:
            pass
        finally:
            self._connection = None
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        return connection.is_over

    def _log_in(self, connection: _Connection) -> None:
        self.connections += 1
        login = {
            "type": "login",
            "account": self.member.name,
            "secret": self.member.secret,
            "resume_from": len(self.received) + 1,
            "cancel_on_disconnect": self._takes_along,
        }
        lines = [msgspec.json.encode(login) + b"\n"]
        # Who takes orders along is patient: then nothing may be open when the next session begins.
        if not self._takes_along and self._rng.random() < 0.5:
            for key, asked in self._unanswered.items():
                if asked.may_be_repeated:
                    connection.hasty.add(key)
                    lines.append(self._line_of(asked))
        connection.writer.write(b"".join(lines))

    def _take(self, connection: _Connection, chunk: bytes) -> None:
        *lines, connection.tail = (connection.tail + chunk).split(b"\n")
        for line in lines:
            message: Json = msgspec.json.decode(line)
            if connection.repeated:
                self._learn_what_became(connection, message)
            elif "seq" in message and message["type"] != "welcome":
                self._take_private(connection, line, message)
            else:
                self._take_other(connection, message)
        self._go_on()

    def _take_other(self, connection: _Connection, message: Json) -> None:
        match message["type"]:
            case "welcome":
                self._welcomed(connection, message)
            case "logged_out":
                connection.is_over = self._ending  # else it is the venue that stops
            case "error" if message["code"] in ("login_throttled", "shutting_down"):
                pass  # it hangs up
            case _:
                raise Distrust(STREAM, f"it was told {message}")

    def _welcomed(self, connection: _Connection, welcome: Json) -> None:
        connection.welcome = welcome
        if welcome["seq"] != len(self.received):
            text = f"resumed from {len(self.received) + 1}, the welcome says {welcome['seq']}"
            raise Distrust(STREAM, text)
        missed = welcome["last_seq"] - len(self.received)
        self.resumes += missed > 0
        self.resumed += missed
        if self._takes_along and welcome["open_orders"]:
            raise Distrust(SESSIONS, f"its lost session has left {welcome['open_orders']}")
        if not missed:
            self._caught_up(connection, welcome)

    def _take_private(self, connection: _Connection, line: bytes, message: Json) -> None:
        seq, welcome = message["seq"], connection.welcome
        if welcome is None or seq != len(self.received) + 1:
            raise Distrust(STREAM, f"message {seq} came after {len(self.received)}")
        self.received.append(line)
        self.standing.take(message)
        key = answered(message)
        if key is not None:
            self._unanswered.pop(key, None)
        if seq > welcome["last_seq"]:
            if key is not None:
                connection.hasty.discard(key)
            if message.get("reason") == "duplicate_client_order_id":
                connection.repeated = message["client_order_id"]
        else:
            self.taken_along += message.get("reason") == "disconnected"
            if seq == welcome["last_seq"]:
                self._caught_up(connection, welcome)

    def _learn_what_became(self, connection: _Connection, state: Json) -> None:
        """An order sent twice: the venue says at once what became of it the first time."""
        name, connection.repeated = connection.repeated, ""
        order = self.standing.orders.get(name)
        told = (state["type"], state.get("client_order_id"), state.get("cumulative"), state.get("leaves"))
        if order is None or told != ("order_state", name, order.cumulative, order.leaves):
            raise Distrust(ANSWERS, f"{name} was sent again, known is {order}, told was {state}")
        self.repeated += 1

    def _caught_up(self, connection: _Connection, welcome: Json) -> None:
        """All that was missed has been read: things must stand as the welcome says."""
        difference = self.standing.differs_from_welcome(welcome)
        if difference:
            raise Distrust(STREAM, f"as of message {len(self.received)}: {difference}")
        connection.is_caught_up = True
        waiting = [asked for key, asked in self._unanswered.items() if key not in connection.hasty]
        connection.writer.write(b"".join(map(self._line_of, waiting)))

    # -- requests ------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Ask for more, if answers have come."""
        connection = self._connection
        if connection is None or connection.writer.transport.is_closing():
            return
        # Until its hasty orders are answered the venue may not read on; what has no name must not wait there.
        if not connection.is_caught_up or connection.hasty:
            return
        if self._ending:
            self._end(connection)
            return
        lines = []
        while len(self._unanswered) < self._depth:
            lines.append(self._line_of(self._wish()))
        connection.writer.write(b"".join(lines))

    def _end(self, connection: _Connection) -> None:
        if self._unanswered:
            return
        if self.member.habit == "dead_man" and not self._is_disarmed:
            self._is_disarmed = True
            connection.writer.write(self._line_of(self._ask(disarm())))
            return
        connection.writer.write(b'{"type":"logout"}\n')
        connection.is_caught_up = False  # it asks for nothing more

    def _wish(self) -> Asked:
        return self._ask(self._wishes.next(self.standing, self._unanswered))

    def _ask(self, asked: Asked) -> Asked:
        self.asked.append(asked)
        self._unanswered[asked.key] = asked
        return asked

    def _line_of(self, asked: Asked) -> bytes:
        """What to write, for the first time or again."""
        self.sent_again += asked.attempts > 0
        asked.attempts += 1
        return asked.line

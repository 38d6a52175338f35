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
        self._writer: asyncio.StreamWriter | None = None

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
            while not await self._connection(venue_up, port):
                pass
        except Distrust as distrust:
            self.distrust = distrust
            self._heard()

    def finish(self) -> None:
        """Ask for nothing new; when all is answered, log out."""
        self._ending = True
        self._go_on()

    def cut(self, *, in_a_line: bool) -> None:
        """Reset the connection, if there is one; if wanted after half of a request is written."""
        writer = self._writer
        if writer is None or writer.transport.is_closing():
            return
        self.resets += 1
        if in_a_line and self._is_caught_up:
            self.cut_lines += 1
            asked = self._ask(self._wishes.next(self.standing, self._unanswered))
            asked.attempts += 1
            writer.write(asked.line[: self._rng.randrange(1, len(asked.line) - 1)])
        # What is left to be written goes with it, as where a cable is pulled.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        writer.transport.abort()

    # -- one connection ------------------------------------------------------------------------

    async def _connection(self, venue_up: asyncio.Event, port: Callable[[], int]) -> bool:
        """From connecting to the end of it; whether that was the end of the session in order."""
        await venue_up.wait()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port())
        except OSError:
            return False  # killed since
        self._writer = writer
        self._welcome: Json | None = None
        self._is_caught_up = False
        self._goodbye = False
        self._state_of = ""
        self._tail = b""
        self._hasty: set[Key] = set()
        try:
            self._log_in(writer)
            while True:
                chunk = await reader.read(_CHUNK)
                if not chunk:
                    return self._goodbye
                self._take(chunk)
                self._heard()
                await writer.drain()
        except OSError:
            return self._goodbye
        finally:
            self._writer = None
            self._is_caught_up = False
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def _log_in(self, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        takes_along = self.member.habit == "takes_along"
        login = {
            "type": "login",
            "account": self.member.name,
            "secret": self.member.secret,
            "resume_from": len(self.received) + 1,
            "cancel_on_disconnect": takes_along,
        }
        lines = [msgspec.json.encode(login) + b"\n"]
        # Who takes orders along is patient: then nothing may be open when the next session begins.
        if not takes_along and self._rng.random() < 0.5:
            for key, asked in self._unanswered.items():
                if asked.may_be_repeated:
                    self._hasty.add(key)
                    lines.append(self._again(asked))
        writer.write(b"".join(lines))

    def _again(self, asked: Asked) -> bytes:
        self.sent_again += asked.attempts > 0
        asked.attempts += 1
        return asked.line

    def _take(self, chunk: bytes) -> None:
        *lines, self._tail = (self._tail + chunk).split(b"\n")
        for line in lines:
            message: Json = msgspec.json.decode(line)
            if self._state_of:
                self._learn_what_became(message)
            elif "seq" in message and message["type"] != "welcome":
                self._take_private(line, message)
            else:
                self._take_other(message)
        self._go_on()

    def _take_other(self, message: Json) -> None:
        match message["type"]:
            case "welcome":
                self._welcomed(message)
            case "logged_out":
                self._goodbye = self._ending  # else it is the venue that stops
            case "error" if message["code"] in ("login_throttled", "shutting_down"):
                pass  # it hangs up
            case _:
                raise Distrust(STREAM, f"it was told {message}")

    def _welcomed(self, welcome: Json) -> None:
        self._welcome = welcome
        if welcome["seq"] != len(self.received):
            text = f"resumed from {len(self.received) + 1}, the welcome says {welcome['seq']}"
            raise Distrust(STREAM, text)
        missed = welcome["last_seq"] - len(self.received)
        self.resumes += missed > 0
        self.resumed += missed
        if self.member.habit == "takes_along" and welcome["open_orders"]:
            raise Distrust(SESSIONS, f"its lost session has left {welcome['open_orders']}")
        self._look_around()

    def _take_private(self, line: bytes, message: Json) -> None:
        seq = message["seq"]
        if seq != len(self.received) + 1:
            raise Distrust(STREAM, f"message {seq} came after {len(self.received)}")
        assert self._welcome is not None, "the private stream began before the welcome"
        self.received.append(line)
        self.standing.take(message)
        missed = seq <= self._welcome["last_seq"]
        key = answered(message)
        if key is not None:
            self._unanswered.pop(key, None)
            if not missed:
                self._hasty.discard(key)
                if message.get("reason") == "duplicate_client_order_id":
                    self._state_of = message["client_order_id"]
        if missed:
            self.taken_along += message.get("reason") == "disconnected"
            self._look_around()

    def _learn_what_became(self, state: Json) -> None:
        """An order sent twice: the venue says at once what became of it the first time."""
        order = self.standing.orders.get(self._state_of)
        told = (state["type"], state.get("client_order_id"), state.get("cumulative"), state.get("leaves"))
        if order is None or told != ("order_state", self._state_of, order.cumulative, order.leaves):
            text = f"{self._state_of} was sent again, known is {order}, told was {state}"
            raise Distrust(ANSWERS, text)
        self.repeated += 1
        self._state_of = ""

    def _look_around(self) -> None:
        """If all that was missed has been read, things must stand as the welcome says."""
        assert self._welcome is not None
        assert self._writer is not None
        if len(self.received) != self._welcome["last_seq"]:
            return
        difference = self.standing.differs_from_welcome(self._welcome)
        if difference:
            raise Distrust(STREAM, f"as of message {len(self.received)}: {difference}")
        self._is_caught_up = True
        waiting = [asked for key, asked in self._unanswered.items() if key not in self._hasty]
        self._writer.write(b"".join(map(self._again, waiting)))

    def _go_on(self) -> None:
        """Ask for more, if answers have come."""
        writer = self._writer
        # Until its hasty orders are answered the venue may not read on; what has no name must not wait there.
        if writer is None or not self._is_caught_up or self._hasty or writer.transport.is_closing():
            return
        if self._ending:
            self._end(writer)
            return
        lines = []
        while len(self._unanswered) < self._depth:
            lines.append(self._again(self._ask(self._wishes.next(self.standing, self._unanswered))))
        writer.write(b"".join(lines))

    def _end(self, writer: asyncio.StreamWriter) -> None:
        if self._unanswered:
            return
        if self.member.habit == "dead_man" and not self._is_disarmed:
            self._is_disarmed = True
            writer.write(self._again(self._ask(disarm())))
            return
        writer.write(b'{"type":"logout"}\n')
        self._is_caught_up = False  # it asks for nothing more

    def _ask(self, asked: Asked) -> Asked:
        self.asked.append(asked)
        self._unanswered[asked.key] = asked
        return asked

"""A venue on the generator kernel that says exactly what a test tells it to: the twin of ``tests.support.scripted_venue``.

In: a test's messages. Out: what the client sent, message by message. It is the venue's own ``ServerSession`` with nothing
behind it: logins and logouts are answered, everything else is the test's part. Clock and sockets are handed to the test:
``on_kernel`` runs it in a time that passes only when nothing else happens.
"""

import selectors
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from legacy.errors import BadDescriptor
from legacy.kernel import Kernel
from legacy.streams import Listener, Stream, listen
from legacy.traps import flow, spawn
from legacy.waiting import Queue
from protocol.clock import ManualClock
from protocol.errors import RemoteProtocolError
from protocol.fields import Message
from protocol.messages import (
    PROTOCOL_VERSION,
    InstrumentInfo,
    Login,
    Logout,
    Subscribe,
    Subscribed,
    Welcome,
)
from protocol.session import Inbound, ServerSession
from protocol.vocabulary import AccountId, Channel, Interval, Role, Symbol

ACME = InstrumentInfo(Symbol("ACME"), 1, 1, 1, 1_000_000, 2)

Flow = Generator[Any, Any, Any]

MessageT = TypeVar("MessageT", bound=Message)


class Peer:
    """The venue's end of one connection."""

    def __init__(self, venue: "KernelVenue", stream: Stream) -> None:
        self.session = ServerSession()
        self.heard: Queue[Message | None] = Queue(10_000, "a word of the client")
        self.reads: list[bytes] = []
        self.stream = stream
        self.login = Login(AccountId("nobody yet"))
        self._venue = venue

    def read(self) -> Flow:
        """A task of its own."""
        try:
            while data := (yield from self.stream.read()):
                self.reads.append(data)
                self._take(self.session.receive_data(data))
        except (BadDescriptor, ConnectionResetError):
            pass
        finally:
            self.heard.offer(None)
            self.stream.close()

    def say(self, *messages: Message) -> None:
        """Send messages, in one piece."""
        self.session.outbox.extend(messages)
        self.say_bytes(self.session.data_to_send())

    def say_bytes(self, data: bytes) -> None:
        """Send what no venue would."""
        assert self.stream.write_some(data) == len(data)

    def hang_up(self) -> None:
        """Close, once everything said was sent."""
        self.stream.close()

    @flow
    def hear(self, kind: type[MessageT]) -> Generator[Any, Any, MessageT]:
        """The next message, which has to be of this kind."""
        message = yield from self.heard.get()
        assert isinstance(message, kind), f"expected {kind.__name__}, heard {message!r}"
        return message

    @flow
    def hear_subscription(
        self, channel: Channel, *begin: Message, levels: int | None = None, interval: Interval | None = None
    ) -> Generator[Any, Any, None]:
        """The next message subscribes to ACME; answer it with ``begin``."""
        message = yield from self.hear(Subscribe)
        assert message == Subscribe(channel, ACME.symbol, levels, interval)
        self.say(Subscribed(channel, ACME.symbol, levels, interval), *begin)

    def _take(self, inbound: list[Inbound]) -> None:
        for line, message in inbound:
            assert not isinstance(message, RemoteProtocolError), f"nonsense in line {line}: {message}"
            self.heard.offer(message)
            if isinstance(message, Login):
                self.login = message
            if isinstance(message, Login) and self._venue.answers_logins:
                waiting = self.session.welcome(self._venue.welcome_for(message))
                self.say()
                self._take(waiting)
            elif isinstance(message, Logout) and self._venue.answers_logouts:
                self.session.log_out("goodbye")
                self.say()
                self.stream.end_output()


class KernelVenue:
    """Waits for clients on a free port."""

    def __init__(self, listener: Listener) -> None:
        self.host, self.port = listener.address
        self.answers_logins = True
        self.answers_logouts = True
        self.seq = 0
        self._listener = listener

    def welcome_for(self, login: Login) -> Welcome:
        return Welcome(
            account=login.account,
            venue="scripted",
            version=PROTOCOL_VERSION,
            seq=login.resume_from - 1 if login.resume_from is not None else self.seq,
            heartbeat_s=login.heartbeat_s,
            instruments=[ACME],
            positions=[],
            open_orders=[],
            last_seq=None if login.resume_from is None else self.seq,
            role=login.role or Role.TRADER,
        )

    @flow
    def peer(self) -> Generator[Any, Any, Peer]:
        """The next client that connects, its login heard already."""
        peer = Peer(self, (yield from self._listener.accept()))
        yield from spawn(peer.read(), name="the venue's end", detached=True)
        yield from peer.hear(Login)
        return peer

    def serve(self) -> Flow:
        """A task that lets in everybody, and says nothing more."""
        while True:
            peer = Peer(self, (yield from self._listener.accept()))
            yield from spawn(peer.read(), name="the venue's end", detached=True)


class MovesTime(selectors.SelectSelector):
    """Instead of waiting it moves the clock."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[Any]:
        found = super().select(0)
        if not found and timeout:
            self._clock.advance(seconds=timeout)
        return found if found or timeout is not None else super().select(None)


def on_kernel(test: Callable[[KernelVenue], Flow]) -> None:
    """Run a test with a venue; nothing crashes beside it, no task is left."""
    clock = ManualClock()
    crashes: list[BaseException] = []
    kernel = Kernel(clock=clock, selector=MovesTime(clock), crashed=lambda task, error: crashes.append(error))

    def main() -> Flow:
        listener = yield from listen("127.0.0.1", 0)
        try:
            yield from test(KernelVenue(listener))
        finally:
            listener.close()

    kernel.run(main())

    assert crashes == []
    assert not kernel.tasks

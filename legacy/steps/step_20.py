"""The asynchronous iterator: ``async for`` over an object whose ``__anext__`` may wait.

The flow: a book as a stream. A trader asks the venue for the depth of an instrument, is told how it stands and then what
changes, and wants to write ``async for book in DepthStream(line, ACME)``.

It is the iterator protocol of step 1 with an ``await`` in it: ``__aiter__`` gives the iterator, ``__anext__`` is a coroutine for
the next value, ``StopAsyncIteration`` is the end. As in step 1 the object has to remember between two calls how far it is:
whether it has subscribed, what it knows of the book, whether it is over. ``Line`` is the same idea for a block: ``async with``
awaits ``__aenter__`` and ``__aexit__``. The venue is the real one, in this process; so is the protocol.
"""

import asyncio
from collections import deque
from typing import Final, Self

from legacy.steps.registry import Out
from legacy.steps.step_19 import market
from legacy.steps.tape import units
from protocol.errors import RemoteProtocolError, SessionBroken
from protocol.fields import Message
from protocol.market import DepthDelta, DepthSnapshot
from protocol.messages import Error, Subscribe, Unsubscribe, Unsubscribed, Welcome
from protocol.session import ClientSession
from protocol.session_life import SessionState
from protocol.vocabulary import AccountId, Channel, Symbol
from traders.book_view import BookView, Depth
from traders.client import Client

TITLE = "Asynchronous iterator"
MISSING = "Thirty lines for a loop with a yield in it: what the stream knows stands in attributes once more, and each call has to find out how far it is."

ACME: Final = Symbol("ACME")


# -- a session -------------------------------------------------------------------------------------
class Line:
    """A session with a venue: ``async with Line(*address, "anna") as line``. For one reader."""

    def __init__(self, host: str, port: int, account: str) -> None:
        self._address = host, port
        self._account = AccountId(account)
        self._session = ClientSession()
        self._messages: deque[Message] = deque()

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(*self._address)
        self._session.log_in(self._account)
        self._write()
        first = await self.next()
        if not isinstance(first, Welcome):
            self._writer.close()
            raise SessionBroken(f"refused: {first}")
        return self

    async def __aexit__(self, *error: object) -> None:
        if self.is_active:
            self._session.log_out()
            self._write()
            while await self.next() is not None:
                pass
        self._writer.close()
        await self._writer.wait_closed()

    @property
    def is_active(self) -> bool:
        """Whether it takes requests."""
        return self._session.state is SessionState.ACTIVE

    def send(self, message: Message) -> None:
        """Ask for something."""
        self._session.send(message)
        self._write()

    async def next(self) -> Message | None:
        """The next message; ``None``: the session has ended in order.

        Raises:
            SessionBroken: it has ended in another way.
        """
        while not self._messages:
            data = await self._reader.read(65_536)
            if not data:
                self._session.end_of_data()
                return None
            self._messages += self._session.receive_data(data)
        return self._messages.popleft()

    async def leave(self, stream: Unsubscribe) -> None:
        """Receive it no more; what is still on its way is thrown away. After the end of the session: nothing."""
        if self.is_active:
            self.send(stream)
            while not isinstance(await self.next(), Unsubscribed | Error | None):
                pass

    def _write(self) -> None:
        self._writer.write(self._session.data_to_send())


# -- the stream ------------------------------------------------------------------------------------
class DepthStream:
    """The book of an instrument: now, then after each change. Has to be closed by whoever leaves it early."""

    def __init__(self, line: Line, symbol: Symbol) -> None:
        self._line = line
        self._symbol = symbol
        self._view = BookView(symbol)
        self._is_subscribed = False
        self._is_over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Depth:
        if not self._is_subscribed and not self._is_over:
            self._is_subscribed = True
            self._line.send(Subscribe(Channel.DEPTH, self._symbol))
        while not self._is_over:
            message = await self._line.next()
            match message:
                case DepthSnapshot() | DepthDelta():
                    self._view.apply(message)
                    return self._view.view()
                case Error(line=int(number)):
                    self._is_over = True
                    raise RemoteProtocolError(message.code, message.text, number)
                case None:
                    self._is_over = True
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Leave the stream. Twice is once."""
        was_over, self._is_over = self._is_over, True
        if self._is_subscribed and not was_over:
            await self._line.leave(Unsubscribe(Channel.DEPTH, self._symbol))


def line_of(book: Depth) -> str:
    """The best of both sides, as people read it."""
    bid, ask = (
        f"{level[1]} at {units(level[0])}" if level else "nobody"
        for level in (next(iter(book.bids), None), next(iter(book.asks), None))
    )
    return f"change {book.seq}: bid {bid}, ask {ask}"


async def watch(out: Out) -> None:
    """Somebody trades, and a stream tells it. Each state is read before the next order goes in."""
    async with (
        market() as venue,
        Client.connect(*venue.address, account="ben") as ben,
        Line(*venue.address, "anna") as line,
    ):
        orders = iter(
            (
                lambda: ben.sell("ACME", 5, at=10_010),
                lambda: ben.buy("ACME", 3, at=10_000),
                lambda: ben.buy("ACME", 2, at=10_005),
            )
        )
        stream = DepthStream(line, ACME)
        async for book in stream:
            out(line_of(book))
            order = next(orders, None)
            if order is None:
                break
            await order()
        await stream.aclose()
        out("the stream is closed, the session goes on")


def main(out: Out) -> None:
    """Run it under asyncio."""
    asyncio.run(watch(out))

"""Step 15 with ``async``: the selector is asyncio's, and so are listening, accepting, reading and writing: streams."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from legacy.steps.market import Market, Member, Request
from legacy.steps.registry import Out
from legacy.steps.step_15 import Incoming, order, show
from protocol.codec import encode
from protocol.fields import Message
from protocol.messages import Login
from protocol.vocabulary import AccountId, Side


class Exchange:
    """A market behind a port. Each client has a task, which asyncio starts."""

    def __init__(self) -> None:
        self._market = Market()
        self._members: dict[asyncio.StreamWriter, Member] = {}

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What one client sends, to its end: lines of the protocol."""
        incoming = Incoming()
        try:
            while data := await reader.read(65_536):
                for message in incoming.requests(data):
                    if isinstance(message, Login):
                        self._members[writer] = self._market.member(message.account)
                    elif isinstance(message, Request) and writer in self._members:
                        self._members[writer].send(message)
                for other, member in list(self._members.items()):
                    other.write(b"".join(map(encode, member.mail)))
                    with suppress(OSError):  # the other one is gone, and his task knows
                        await other.drain()
        except OSError:
            pass  # this one is gone
        finally:
            self._members.pop(writer, None)
            writer.close()


class Trader:
    """A client. Connecting, sending and hearing are methods that wait; none of them needs a task."""

    def __init__(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._name = name
        self._reader = reader
        self._writer = writer
        self._incoming = Incoming()

    async def tell(self, *requests: Message) -> None:
        """Sends; waits while there is no room."""
        self._writer.write(b"".join(map(encode, requests)))
        await self._writer.drain()

    async def hear(self, number: int, out: Out) -> None:
        """Waits for so many messages, and shows them."""
        messages: list[object] = []
        while len(messages) < number:
            messages += self._incoming.reports(await self._reader.read(65_536))
        show(out, self._name, messages)

    def close(self) -> None:
        self._writer.close()


async def trading(address: tuple[str, int], out: Out) -> None:
    """Sell, buy, hear of the trade."""
    ann = Trader("ann", *await asyncio.open_connection(*address))
    ben = Trader("ben", *await asyncio.open_connection(*address))

    await ann.tell(Login(AccountId("ann")), order("a1", Side.SELL, 5, 10_000))
    await ann.hear(1, out)
    await ben.tell(Login(AccountId("ben")), order("b1", Side.BUY, 3, 10_050))
    await ben.hear(2, out)
    await ann.hear(1, out)

    ann.close()
    ben.close()


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[str, int]]:
    """An exchange at a free port of this machine, until all clients have gone.

    The group owns their tasks: those that ``start_server`` makes by itself belong to nobody.
    """
    exchange = Exchange()
    async with asyncio.TaskGroup() as clients:
        server = await asyncio.start_server(
            lambda reader, writer: clients.create_task(exchange.attend(reader, writer)), "127.0.0.1", 0
        )
        async with server:
            yield server.sockets[0].getsockname()


async def main(out: Out) -> None:
    """The exchange and both traders in one thread, over real sockets."""
    async with serving() as address:
        await trading(address, out)

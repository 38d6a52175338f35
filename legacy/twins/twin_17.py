"""Step 17 with ``async``: ``asyncio.Future``, and ``await`` parks whoever comes too early.

The client of the product keeps its answers just so, ``traders/requests.py``.
"""

import asyncio
import socket
from typing import cast

from legacy.steps.registry import Out
from legacy.steps.step_15 import Incoming, order
from legacy.steps.step_17 import said
from legacy.twins.twin_15 import serving
from protocol.codec import encode
from protocol.messages import Accepted, Login, NewOrder, Rejected
from protocol.vocabulary import AccountId, ClientOrderId, Side


class Client:
    """One connection for many tasks."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._answers: dict[ClientOrderId, asyncio.Future[Accepted | Rejected]] = {}
        self._is_over = False

    async def enter(self, new: NewOrder) -> Accepted | Rejected:
        """Send an order, and return what the exchange says to it.

        Raises:
            ConnectionError: it will never say anything.
        """
        if self._is_over:
            raise ConnectionError("the exchange has hung up")
        answer: asyncio.Future[Accepted | Rejected] = asyncio.get_running_loop().create_future()
        self._answers[new.client_order_id] = answer
        self._writer.write(encode(new))
        return await answer

    async def read(self) -> None:
        """The reader, a task: to the end of the connection, however it ends."""
        incoming = Incoming()
        try:
            while data := await self._reader.read(65_536):
                for message in incoming.reports(data):
                    if isinstance(message, Accepted | Rejected):
                        self._answers.pop(cast("ClientOrderId", message.client_order_id)).set_result(message)
        except OSError:
            pass  # cut: an end as well
        finally:
            self._is_over = True
            for answer in self._answers.values():
                if not answer.done():  # or given up
                    answer.set_exception(ConnectionError("the exchange has hung up"))


async def strategy(client: Client, orders: list[NewOrder], out: Out) -> None:
    """One order after the other, each when the one before has been answered."""
    for new in orders:
        try:
            report = await client.enter(new)
        except ConnectionError as error:
            out(f"{new.client_order_id}: {error}")
            return
        out(f"{new.client_order_id}: {said(report)}")


async def main(out: Out) -> None:
    """Two strategies on one connection; then a third, whose exchange falls silent while it waits."""
    async with serving() as address:
        reader, writer = await asyncio.open_connection(*address)
        client = Client(reader, writer)
        reading = asyncio.create_task(client.read())
        writer.write(encode(Login(AccountId("ann"))))

        await asyncio.gather(
            strategy(client, [order("s1", Side.SELL, 5, 10_000), order("s2", Side.SELL, 5, 10_010)], out),
            strategy(client, [order("b1", Side.BUY, 200_000, 10_005), order("b2", Side.BUY, 3, 9_990)], out),
        )

        late = asyncio.create_task(strategy(client, [order("x1", Side.BUY, 1, 9_000)], out))
        writer.get_extra_info("socket").shutdown(socket.SHUT_RD)  # as if the line were cut
        await late
        await reading
        writer.close()

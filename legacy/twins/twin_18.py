"""Step 18 with ``async``: ``asyncio.run`` is the kernel, ``asyncio.timeout`` its ``timeout``, a ``TaskGroup`` owns children.

asyncio leaves more to whoever writes: a task that no group owns goes on when its parent has ended, and is only held weakly.
"""

import asyncio
from contextlib import suppress
from typing import Any, cast

from legacy.steps.registry import Out
from legacy.steps.step_15 import Incoming, order
from legacy.twins.twin_15 import Exchange
from protocol.codec import encode
from protocol.messages import Accepted, Cancel, Canceled, Login, NewOrder, TradeReport
from protocol.vocabulary import AccountId, ClientOrderId, Side


async def serve(listening: asyncio.Future[tuple[str, int]]) -> None:
    """A child for each client. Cancelled, it takes all of them with it."""
    exchange = Exchange()
    async with asyncio.TaskGroup() as clients:
        server = await asyncio.start_server(
            lambda reader, writer: clients.create_task(exchange.attend(reader, writer)), "127.0.0.1", 0
        )
        try:
            listening.set_result(server.sockets[0].getsockname())
            await asyncio.Event().wait()  # for ever, until it is cancelled
        finally:
            server.close()  # and not ``wait_closed``: that waits for clients, whom the group cancels after this


class Client:
    """As in step 17, with futures for the trades as well."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._expected: dict[tuple[type, ClientOrderId], asyncio.Future[Any]] = {}

    def expect(self, kind: type, name: ClientOrderId) -> asyncio.Future[Any]:
        """The first message of this kind about an order."""
        key = kind, name
        if key not in self._expected:
            self._expected[key] = asyncio.get_running_loop().create_future()
        return self._expected[key]

    async def read(self) -> None:
        """The reader, a child of whoever trades."""
        incoming = Incoming()
        while data := await self._reader.read(65_536):
            for message in incoming.reports(data):
                future = self.expect(type(message), cast("Any", message).client_order_id)
                if not future.done():
                    future.set_result(message)


async def trader(address: tuple[str, int], name: str, new: NewOrder, patience_s: float) -> str:
    """Enters one order; cancels it if nobody trades with it in time. Returns what came of it."""
    reader, writer = await asyncio.open_connection(*address)
    client = Client(reader)
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(client.read())
        writer.write(encode(Login(AccountId(name))) + encode(new))
        await client.expect(Accepted, new.client_order_id)
        try:
            async with asyncio.timeout(patience_s):
                trade = await client.expect(TradeReport, new.client_order_id)
                result = f"{name}: {trade.side.value}s {trade.quantity} at {trade.price}"
        except TimeoutError:
            writer.write(encode(Cancel(client_order_id=new.client_order_id)))
            await client.expect(Canceled, new.client_order_id)
            result = f"{name}: not within {patience_s:g} s: canceled"
        reading.cancel()  # a group waits for its tasks, and does not cancel them unless something fails
        writer.close()
    return result


async def main(out: Out) -> None:
    """Ann sells, ben is too cheap, cid trades with ann, dan is still there when the exchange closes."""
    listening: asyncio.Future[tuple[str, int]] = asyncio.get_running_loop().create_future()
    exchange = asyncio.create_task(serve(listening))
    address = await listening

    ann = asyncio.create_task(trader(address, "ann", order("a1", Side.SELL, 3, 10_000), 60))
    out(await trader(address, "ben", order("b1", Side.BUY, 3, 9_000), 0.05))
    out(await trader(address, "cid", order("c1", Side.BUY, 3, 10_000), 60))
    out(await ann)

    reader, writer = await asyncio.open_connection(*address)
    writer.write(encode(Login(AccountId("dan"))) + encode(order("d1", Side.BUY, 1, 9_000)))
    await reader.read(65_536)
    exchange.cancel()
    with suppress(asyncio.CancelledError):
        await exchange
    out(f"dan reads {await reader.read(65_536)!r}")
    writer.close()

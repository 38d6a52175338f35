"""Watch one instrument until a number of trades was seen: ``python examples/watch_market.py HOST PORT ACME 10``.

Two streams, two tasks, one connection. ``client.depth``, ``orders``, ``candles``, ``statistics``, ``status`` and
``auctions`` are read in the same way.
"""

import asyncio
import sys
from contextlib import aclosing

from traders.client import Client


async def watch_best(client: Client, symbol: str) -> None:
    async with aclosing(client.bbo(symbol)) as books:
        async for book in books:
            print(f"{symbol} bid {book.best_bid} ask {book.best_ask}", flush=True)


async def watch_tape(client: Client, symbol: str, count: int) -> None:
    async with aclosing(client.trades(symbol)) as trades:
        async for trade in trades:
            print(f"{symbol} traded {trade.quantity} at {trade.price}", flush=True)
            count -= 1
            if count == 0:
                return


async def main(host: str, port: int, symbol: str, count: int) -> None:
    async with Client.connect(host, port, account="watch-market") as client, asyncio.TaskGroup() as group:
        best = group.create_task(watch_best(client, symbol))
        await watch_tape(client, symbol, count)
        best.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))

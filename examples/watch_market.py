"""Watch one instrument until a number of trades was seen: ``python examples/watch_market.py HOST PORT ACME 10``.

Two streams, two tasks, one connection.
"""

import asyncio
import sys
from contextlib import aclosing

from traders.client import Client


async def watch_book(client: Client, symbol: str) -> None:
    async with aclosing(client.depth(symbol, levels=1)) as depths:
        async for depth in depths:
            print(f"{symbol} bid {depth.best_bid} ask {depth.best_ask}")


async def watch_tape(client: Client, symbol: str, count: int) -> None:
    async with aclosing(client.trades(symbol)) as trades:
        async for trade in trades:
            print(f"{symbol} traded {trade.quantity} at {trade.price}")
            count -= 1
            if count == 0:
                return


async def main(host: str, port: int, symbol: str, count: int) -> None:
    async with Client.connect(host, port, account="watch-market") as client, asyncio.TaskGroup() as group:
        book = group.create_task(watch_book(client, symbol))
        await watch_tape(client, symbol, count)
        book.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))

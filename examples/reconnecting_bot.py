"""A bot that outlives its connection and its venue: ``python examples/reconnecting_bot.py HOST PORT``.

It sees every report once, enters its order once however often it has to try, and ends when the order is done.
"""

import asyncio
import os
import sys
from contextlib import aclosing
from random import Random

from protocol.errors import SessionBroken
from traders.client import Client
from traders.reconnect import sessions

ACCOUNT = "phoenix"
ORDER = "phoenix-1"  # chosen before the first try, and the same in every later one


async def trade(client: Client) -> None:
    async with aclosing(client.reports()) as reports:
        order = await client.buy("ACME", 10, at=9_000, client_order_id=ORDER)
        print(f"the order is {order.phase}{', as it was before' if order.resumed else ''}", flush=True)
        async for report in reports:
            print(f"{report.seq} {type(report).__name__}", flush=True)
            if order.is_done:
                return


async def main(host: str, port: int) -> None:
    clients = sessions(
        host,
        port,
        account=ACCOUNT,
        secret=os.environ.get("TONTINE_SECRET"),
        resume_from=1,
        rng=Random(),
    )
    async with aclosing(clients):
        async for client in clients:
            try:
                await trade(client)
            except SessionBroken as broken:
                print(f"broken: {broken.text}", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))

"""Enter an order, change it, take it back: ``python examples/first_order.py HOST PORT``."""

import asyncio
import sys

from traders.client import Client


async def main(host: str, port: int) -> None:
    async with Client.connect(host, port, account="first-order") as client:
        order = await client.buy("ACME", 100, at=9_000)
        if order.rejection is not None:
            print("refused:", order.rejection.text)
            return
        await order.replace(quantity=80, at=9_010)
        await order.cancel()
        async for report in order:
            print(type(report).__name__)
    print("done:", order.phase)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))

"""Print candles as they form: ``python examples/candles.py HOST PORT ACME 10 [INTERVAL]``.

The interval is ``1m`` unless you say another, such as ``1s`` or ``1h``. First come those of the past, then the one that
forms, again and again, until so many lines were printed.
"""

import asyncio
import sys
from contextlib import aclosing
from datetime import UTC, datetime

from traders.client import Client


async def main(host: str, port: int, symbol: str, count: int, interval: str = "1m") -> None:
    async with (
        Client.connect(host, port, account="candles") as client,
        aclosing(client.candles(symbol, interval)) as candles,
    ):
        print("watching", flush=True)
        async for bar in candles:
            start = datetime.fromtimestamp(bar.start_ns // 1_000_000_000, UTC)
            print(
                f"{start:%H:%M:%S} open {bar.open} high {bar.high} low {bar.low} close {bar.close}, "
                f"{bar.volume} in {bar.trades} trades",
                flush=True,
            )
            count -= 1
            if count == 0:
                return


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), *sys.argv[5:]))

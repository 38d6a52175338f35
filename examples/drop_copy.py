"""Watch what others do: ``python examples/drop_copy.py HOST PORT ACCOUNT COUNT``.

The account needs the role ``drop_copy``; where it goes on after a break is in ``client.copy_from``.
"""

import asyncio
import os
import sys
from contextlib import aclosing

from protocol.messages import TradeReport
from protocol.vocabulary import Role
from traders.client import Client


async def main(host: str, port: int, account: str, count: int) -> None:
    secret = os.environ.get("TONTINE_SECRET")
    async with (
        Client.connect(host, port, account=account, secret=secret, role=Role.DROP_COPY) as client,
        aclosing(client.copies()) as copies,
    ):
        print("watching", flush=True)
        async for whose, report in copies:
            if isinstance(report, TradeReport):
                print(f"{whose} {report.side} {report.quantity} {report.symbol} at {report.price}")
                count -= 1
                if count == 0:
                    return


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))

"""Quote both sides, protected: ``python examples/quoting.py HOST PORT``.

One message puts both quotes where they are to be. After two trades within a second the venue pulls them,
before anybody can run over the rest; if this program stops, the dead-man switch does.
"""

import asyncio
import os
import sys
from contextlib import aclosing

from protocol.desk import Quote, QuotesPulled
from protocol.messages import TradeReport
from protocol.vocabulary import Symbol
from traders.client import Client

ACME = Symbol("ACME")


async def main(host: str, port: int) -> None:
    secret = os.environ.get("TONTINE_SECRET")
    async with Client.connect(
        host, port, account="quoter", secret=secret, cancel_on_disconnect=True
    ) as client:
        await client.dead_man(30)
        await client.protect("front", fills=2, within_s=1)
        await client.quote("front", [Quote(ACME, bid=9_990, bid_quantity=10, ask=10_010, ask_quantity=10)])
        answer = await client.quote(
            "front", [Quote(ACME, bid=9_995, bid_quantity=10, ask=10_005, ask_quantity=10)]
        )
        print(type(answer).__name__, flush=True)
        async with aclosing(client.reports()) as reports:
            async for report in reports:
                match report:
                    case TradeReport():
                        print(f"{report.side} {report.quantity} at {report.price}")
                    case QuotesPulled():
                        print(f"pulled, {report.count} canceled")
                        return


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))

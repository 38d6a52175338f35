"""Rebuild a book order by order: ``python examples/order_book.py HOST PORT ACME 10``.

Enters a bid of its own and shows, as the book changes, where it stands in its queue. It ends when the bid is filled, or
after so many changes. A lost message would be noticed, and the book asked for again; ``recoveries`` counts that.
"""

import asyncio
import sys
from contextlib import aclosing

from traders.client import Client


async def main(host: str, port: int, symbol: str, count: int) -> None:
    async with Client.connect(host, port, account="order-book") as client:
        order = await client.buy(symbol, 10, at=100)
        async with aclosing(client.orders(symbol)) as books:
            async for book in books:
                place = book.place(order.order_id or 0)
                if place is None:
                    print(f"number {book.seq}: ours is gone")
                    break
                imbalance, microprice = book.imbalance(5), book.microprice
                print(
                    f"number {book.seq}: bid {book.best_bid} ask {book.best_ask}, "
                    f"imbalance {'-' if imbalance is None else f'{imbalance:+.2f}'}, "
                    f"microprice {'-' if microprice is None else f'{microprice:.2f}'}; "
                    f"ours: {place.position} orders ahead, {place.ahead} to trade first",
                    flush=True,
                )
                count -= 1
                if count == 0:
                    break
        print(f"recovered {client.recoveries} times")
        await client.mass_cancel(symbol=symbol)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))

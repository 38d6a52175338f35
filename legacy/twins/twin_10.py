"""Step 10 with ``async``: callbacks put into a queue, and the trader awaits what comes out of it."""

import asyncio

from legacy.steps.market import Market, Member, OrderReport
from legacy.steps.registry import Out
from legacy.steps.step_10 import CallbackClient, Event, offers_below
from legacy.steps.tape import units
from protocol.market import TradePrint
from protocol.messages import Rejected, TradeReport
from protocol.vocabulary import Price
from traders.book_view import Depth


class PutInto:
    """``Callbacks`` that put every event into a queue."""

    def __init__(self, events: asyncio.Queue[Event]) -> None:
        self._events = events

    def on_depth(self, depth: Depth) -> None:
        self._events.put_nowait(depth)

    def on_trade(self, trade: TradePrint) -> None:
        self._events.put_nowait(trade)

    def on_report(self, report: OrderReport) -> None:
        self._events.put_nowait(report)


async def dip_buyer(
    events: asyncio.Queue[Event], member: Member, quantity: int, below: Price, profit: Price
) -> None:
    """Buys below a price, and sells when somebody has paid so much more."""
    event = await events.get()
    while not offers_below(event, below):
        event = await events.get()

    member.buy("entry", quantity, at=below)
    bought = paid = 0
    while bought < quantity:
        event = await events.get()
        if isinstance(event, TradeReport):
            bought += event.quantity
            paid = event.price
        elif isinstance(event, Rejected):
            return

    while not (isinstance(event, TradePrint) and event.price >= paid + profit):
        event = await events.get()

    member.sell("exit", quantity, at=paid + profit)
    while bought:
        event = await events.get()
        if isinstance(event, TradeReport) and event.client_order_id == "exit":
            bought -= event.quantity


async def main(out: Out) -> None:
    """As in the step, but what the trader is waiting for only he knows."""
    market = Market()
    anna, ben, cora = market.member("anna"), market.member("ben"), market.member("cora")
    client = CallbackClient(anna)
    events = asyncio.Queue[Event]()
    trader = asyncio.create_task(dip_buyer(events, anna, quantity=5, below=9_990, profit=20))

    for quantity, price in ((10, 10_000), (3, 9_985), (2, 9_990), (1, 10_010)):
        ben.sell(f"{quantity} at {price}", quantity, at=price)
        out(f"ben offers {quantity:>2} at {units(price)}")
        await told(client, events)
    for quantity, price in ((4, 10_000), (7, 10_010), (5, 10_012)):
        cora.buy(f"{quantity} at {price}", quantity, at=price)
        out(f"cora bids {quantity:>2} at {units(price)}")
        await told(client, events)
    await trader
    out("   anna is done")


async def told(client: CallbackClient, events: asyncio.Queue[Event]) -> None:
    """Let the client call, and the trader act, until nothing comes of it any more."""
    for _ in range(10):
        client.deliver(PutInto(events))
        await asyncio.sleep(0)

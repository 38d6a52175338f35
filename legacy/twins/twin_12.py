"""Step 12 with ``async``: ``await`` is ``yield from`` for coroutines.

Streams have no such thing: an asynchronous generator passes on the values of another one with a loop.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable

from legacy.steps.market import ACME, Market, Member, OrderReport
from legacy.steps.registry import Out
from legacy.steps.step_11 import Filled
from legacy.steps.step_12 import STOP, TARGET, Outcome
from legacy.steps.tape import units
from protocol.market import TradePrint
from protocol.messages import Canceled, NewOrder, Reduce, Rejected, TradeReport
from protocol.vocabulary import ClientOrderId, OrderType, Price, Quantity, Side


async def chain(*tapes: AsyncIterable[TradePrint]) -> AsyncIterator[TradePrint]:
    """All trades of the first tape, then those of the next."""
    for tape in tapes:
        async for trade in tape:  # there is no "yield from" here
            yield trade


class Session:
    """A member, and the reports that he waits for."""

    def __init__(self, member: Member) -> None:
        self.send = member.send
        self.reports = asyncio.Queue[OrderReport]()
        self._member = member

    def take_mail(self) -> None:
        """What a client's reading task would do."""
        for report in self._member.reports():
            self.reports.put_nowait(report)


async def enter(session: Session, quantity: Quantity, price: Price) -> Filled:
    """Buys; returns when all of it is bought, or the order was refused or canceled."""
    volume = turnover = 0
    session.send(NewOrder(ClientOrderId("entry"), ACME, Side.BUY, quantity, price))
    while volume < quantity:
        report = await session.reports.get()
        if isinstance(report, Canceled | Rejected):
            break
        if isinstance(report, TradeReport):
            volume += report.quantity
            turnover += report.price * report.quantity
    return Filled(volume, turnover)


async def leave(session: Session, quantity: Quantity) -> Filled:
    """Waits until one of the two ways out has sold everything. What one of them sells, the other is reduced by."""
    left, turnover = quantity, 0
    while left:
        report = await session.reports.get()
        if isinstance(report, TradeReport):
            left -= report.quantity
            turnover += report.price * report.quantity
            other = STOP if report.client_order_id == TARGET else TARGET
            session.send(Reduce(other, report.quantity))
    return Filled(quantity, turnover)


async def bracket(session: Session, quantity: Quantity, price: Price, target: Price, stop: Price) -> Outcome:
    """Buys at ``price``, and sells at ``target`` or, if the market falls, at ``stop``."""
    bought = await enter(session, quantity, price)
    if not bought.volume:
        return Outcome("not entered", 0)
    session.send(NewOrder(TARGET, ACME, Side.SELL, quantity, target))
    session.send(NewOrder(STOP, ACME, Side.SELL, quantity, order_type=OrderType.STOP, stop_price=stop))
    sold = await leave(session, bought.volume)
    return Outcome("sold", sold.turnover - bought.turnover)


async def main(out: Out) -> None:
    """The bracket of the step, and the same market."""
    market = Market()
    anna, ben, cora = market.member("anna"), market.member("ben"), market.member("cora")
    session = Session(anna)
    trader = asyncio.create_task(bracket(session, 5, price=10_000, target=10_020, stop=9_980))
    acts: tuple[Callable[[], None], ...] = (
        lambda: ben.sell("b1", 5, at=10_000),
        lambda: cora.buy("c1", 3, at=10_020),
        lambda: cora.buy("c2", 1, at=9_980),
        lambda: cora.buy("c3", 9, at=9_975),
        lambda: ben.sell("b2", 1, at=9_980),
    )
    for act in acts:
        await asyncio.sleep(0)
        act()
        for _ in range(3):
            session.take_mail()
            await asyncio.sleep(0)
    outcome = await trader
    out(f"anna: {outcome.how}, profit {units(outcome.profit)}")

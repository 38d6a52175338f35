"""``await``: a generator made awaitable, a coroutine driven by ``send``, and a bridge between the two worlds.

The flow: anna waits for a low offer and buys, ben offers lower and lower. She is a flow with ``yield from``, he is an ``async
def``, and they trade twice: on the kernel of steps 14 to 18, and under asyncio.

``await`` is ``yield from`` with a check: what stands behind it has to say that it can be awaited. ``types.coroutine`` says so
of a generator function. What ``async def`` makes has ``send``, ``throw`` and ``close``, and returns through ``StopIteration``: whoever
drives generators drives it. So the bracket order of step 12 can be an ``async def`` over the same parts, and its driver is the one of
step 12 (what is to happen when it gives up is left out); and our kernel runs ``async def`` as it is.

Under asyncio nobody would answer our traps: its tasks yield futures of its own, and that is all an event loop knows about them.
``under_asyncio`` stands between: it drives a flow, answers what it yields, and waits in its place. Errors and cancellation
cross it both ways.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, cast

import structlog

from exchange.assembly import Address
from exchange.config import JournalConfig, TcpConfig, VenueConfig
from exchange.in_process import InProcess, running
from legacy.bridge import under_asyncio
from legacy.errors import TaskCancelled
from legacy.kernel import Kernel
from legacy.steps import step_12
from legacy.steps.market import Market
from legacy.steps.registry import Out
from legacy.steps.step_12 import Outcome
from legacy.steps.tape import units
from legacy.trader.client import Client, connect
from legacy.traps import flow, join, spawn
from legacy.venue.server import serve
from legacy.waiting import Event, Future
from protocol.messages import TradeReport
from protocol.vocabulary import Price, Quantity

TITLE = "types.coroutine and await"
MISSING = "Whoever reads a stream asks for each item, looks whether it is the last one, and closes the stream himself: there is no loop over what is still to come."


# -- a generator awaited, a coroutine driven -------------------------------------------------------
# ``flow`` is ``types.coroutine``, in words that type checkers understand. The functions are marked, and are what they were.
enter, protect, leave = flow(step_12.enter), flow(step_12.protect), flow(step_12.leave)


async def bracket(quantity: Quantity, price: Price, target: Price, stop: Price) -> Outcome:
    """The bracket order of step 12: ``await`` for ``yield from``, and the parts are the same."""
    bought = await enter(quantity, price)
    if not bought.volume:
        return Outcome("not entered", 0)
    report = await protect(bought.volume, target, stop)
    sold = await leave(bought.volume, report)
    return Outcome("sold", sold.turnover - bought.turnover)


def trade_a_bracket(out: Out) -> Outcome:
    """Has the driver of step 12 run it, which begins with ``next``: what ``__await__`` gives takes that as well."""
    market = Market()
    anna, ben, cora = market.member("anna"), market.member("ben"), market.member("cora")
    script = iter((lambda: ben.sell("b1", 5, at=10_000), lambda: cora.buy("c1", 5, at=10_020)))
    driven = cast("step_12.Flow[Outcome]", bracket(5, 10_000, 10_020, 9_980).__await__())

    def others() -> None:
        next(script)()

    return step_12.trade(driven, anna, others, lambda report: out(f"   {type(report).__name__}"))


# -- a flow and a coroutine that trade with each other ----------------------------------------------
@flow
def buy_below(address: Address, limit: Price, out: Out) -> Generator[Any, Any, Price]:
    """Waits until somebody sells below the limit, and buys; what it cost. A flow: ``yield from``."""
    try:
        anna = yield from connect(*address, account="anna")
        return (yield from anna.during(_buy_below(anna, limit)))
    except TaskCancelled as cancelled:
        out(f"anna waits no longer: {cancelled}")
        raise


def _buy_below(anna: Client, limit: Price) -> Generator[Any, Any, Price]:
    with anna.depth("ACME") as depths:
        book = yield from depths.next()
        while book is not None and (book.best_ask is None or book.best_ask >= limit):
            book = yield from depths.next()
    order = yield from anna.buy("ACME", 1, at=limit)
    while not isinstance(report := (yield from order.next_report()), TradeReport):
        pass
    return report.price


async def sell_lower(address: Address, prices: list[Price], out: Out) -> Price:
    """Offers at one price after the other, and waits at the last one; what it brought. A coroutine: ``await``."""
    async with await connect(*address, account="ben") as ben:
        order = await ben.sell("ACME", 1, at=prices[0])
        out(f"ben offers at {units(prices[0])}")
        for price in prices[1:]:
            await order.replace(at=price)
            out(f"ben offers at {units(price)}")
        async for report in order:
            if isinstance(report, TradeReport):
                return report.price
    raise AssertionError("an order is told about until it is done")


PRICES: Final = [10_010, 10_000, 9_990]
LIMIT: Final = 9_995


# -- on the kernel ---------------------------------------------------------------------------------
async def on_the_kernel(out: Out) -> tuple[Price, Price]:
    """Everything on one kernel, the venue as well; what was paid and what was received."""
    listening: Future[Address] = Future("the venue to listen")
    stop = Event("the end of trading")
    venue = await spawn(serve(CONFIG, ready=listening.set_result, stop=stop, guest=True))
    address = await listening.wait()

    anna = await spawn(buy_below(address, LIMIT, out))
    ben = await spawn(sell_lower(address, PRICES, out))
    paid, received = await join(anna), await join(ben)
    stop.set()
    await join(venue)
    return paid, received


# -- under asyncio ---------------------------------------------------------------------------------
async def with_asyncio(out: Out) -> tuple[Price, Price]:
    """The same two at a venue that runs under asyncio, each in a task of asyncio."""
    async with market() as venue:
        async with asyncio.TaskGroup() as group:
            anna = group.create_task(under_asyncio(buy_below(venue.address, LIMIT, out)))
            ben = group.create_task(under_asyncio(sell_lower(venue.address, PRICES, out)))
        try:
            async with asyncio.timeout(0.05):
                await under_asyncio(buy_below(venue.address, 1, out))
        except TimeoutError:
            out("nobody sells so low")
        return anna.result(), ben.result()


# -- the market ------------------------------------------------------------------------------------
CONFIG: Final = VenueConfig(open=True, tcp=TcpConfig(port=0), journal=JournalConfig(path=None))
"""Any free port, nothing on disk, everybody may trade."""


@asynccontextmanager
async def market() -> AsyncIterator[InProcess]:
    """A venue under asyncio, in this process, for the time of the block."""
    with without_log():
        async with running(CONFIG) as venue:
            yield venue


@contextmanager
def without_log() -> Iterator[None]:
    """What a venue has to say is nothing to these steps."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def main(out: Out) -> None:
    """A bracket order; then the two traders on the kernel; then under asyncio."""
    out("an async def, driven by send:")
    outcome = trade_a_bracket(out)
    out(f"   {outcome.how}, profit {units(outcome.profit)}")

    out("on the kernel:")
    with without_log():
        paid, received = Kernel().run(on_the_kernel(out))
    out(f"anna paid {units(paid)}, ben got {units(received)}")

    out("under asyncio:")
    paid, received = asyncio.run(with_asyncio(out))
    out(f"anna paid {units(paid)}, ben got {units(received)}")

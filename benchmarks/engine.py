"""Commands a second through the engine, every event built.

In: how carefully to measure. Out: one figure for the flow of a day, the cases that break books (a
long queue eaten, many prices, a best price that goes and comes across a gap), and one for each kind
of command by itself.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks import flow, special_orders
from benchmarks.bare_book import BareBook
from benchmarks.flow import SYMBOL, instrument
from benchmarks.report import Plan, Result
from benchmarks.timing import median_rate, seconds_to_apply
from exchange.engine.commands import CancelOrder, Command, EnterOrder, ReduceOrder, ReplaceOrder
from protocol.vocabulary import AccountId, ClientOrderId, OrderType, Price, Side, TimeInForce

_FLOW_TARGET: Final = 600_000
_STRESS_TARGET: Final = 300_000

_OWNER: Final = AccountId("owner")
_TAKER: Final = AccountId("taker")
_PRICE: Final = 10_000
_FAR: Final = 900_000

Work = tuple[Sequence[Command], Sequence[Command]]
"""What builds the book, and what is measured on it."""


def measure(
    plan: Plan, *, length: int = 20_000, queue: int = 50_000, prices: int = 19_000, rounds: int = 10_000
) -> Iterator[Result]:
    """All cases; the figures that have a target first."""
    made = flow.stationary(length, seed=plan.seed)
    yield from _flow(plan, made.warm_up, made.commands)
    for case, work in (
        (f"a level of {queue:,} orders eaten", _long_queue(queue)),
        (f"{prices:,} distinct prices", _many_prices(prices, plan.seed)),
        ("the best emptied over a gap", _gap(rounds)),
    ):
        yield _result(plan, case, work, _STRESS_TARGET)
    for case, work in _kinds(rounds):
        yield _result(plan, f"only: {case}", work)
    for case, sleeper in special_orders.sleepers():
        yield _result(plan, f"realistic flow, {case}", ([*made.warm_up, *sleeper], made.commands))
    for special in special_orders.cases(rounds):
        yield _result(plan, f"only: {special.name}", special.work(), orders=special.orders)


def _flow(plan: Plan, warm_up: Sequence[Command], commands: Sequence[Command]) -> Iterator[Result]:
    """In turns with a bare book: how fast the machine is swings by half, the two swing together."""
    times_s: list[float] = []
    bare_s: list[float] = []
    for _ in range(plan.samples):
        times_s.append(seconds_to_apply(commands, warm_up))
        bare_s.append(seconds_to_apply(commands, warm_up, BareBook().handlers))
    for case, measured_s, target in (
        ("realistic flow", times_s, _FLOW_TARGET),
        ("the same on a bare book, no events", bare_s, None),
    ):
        rate = median_rate(len(commands), measured_s)
        yield Result("engine", case, rate, "commands/s", target=target, samples=plan.samples)


def _result(
    plan: Plan, case: str, work: Work, target: int | None = None, *, orders: int | None = None
) -> Result:
    """``orders``: what to count instead of commands, where one command acts on many."""
    warm_up, commands = work
    times_s = [seconds_to_apply(commands, warm_up) for _ in range(plan.samples)]
    rate = median_rate(orders or len(commands), times_s)
    unit = "orders/s" if orders else "commands/s"
    return Result("engine", case, rate, unit, target=target, samples=plan.samples)


# -- what breaks books -----------------------------------------------------------------------------
def _long_queue(orders: int) -> Work:
    """Orders at one price, taken one by one: what was eaten must not be walked over again."""
    queue = [_rests(number, _PRICE) for number in range(orders)]
    return _numbered(queue, [_takes(number, _PRICE) for number in range(orders)])


def _many_prices(prices: int, seed: int) -> Work:
    """An order at each of many prices, entered in any order, canceled in another."""
    rng = random.Random(seed)
    half = prices // 2
    orders = [
        _rests(number, 1 + number, Side.BUY if number < half else Side.SELL) for number in range(prices)
    ]
    cancels = [CancelOrder(_OWNER, order.client_order_id) for order in orders]
    rng.shuffle(orders)
    rng.shuffle(cancels)
    return _numbered([], [*orders, *cancels])


def _gap(rounds: int) -> Work:
    """The best price goes and comes, and the next one is far away: empty ticks must not be walked."""
    commands: list[Command] = []
    for number in range(rounds):
        commands += [_rests(number, _PRICE), _takes(number, _PRICE)]
    return _numbered([_rests(rounds, _FAR)], commands)


# -- one kind of command at a time -----------------------------------------------------------------
def _kinds(rounds: int) -> Iterator[tuple[str, Work]]:
    resting = [_rests(number, _PRICE + number % 50) for number in range(rounds)]
    names = [order.client_order_id for order in resting]
    numbers = range(rounds)
    yield "limit, rests", _numbered([], resting)
    yield "limit, trades with one", _numbered(resting, [_takes(number, _FAR) for number in numbers])
    yield "market, trades with one", _numbered(resting, [_takes(number, None) for number in numbers])
    for time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
        takers = [_takes(number, _FAR, time_in_force) for number in numbers]
        yield f"{time_in_force}, trades with one", _numbered(resting, takers)
        takers = [_takes(number, _PRICE - 1, time_in_force) for number in numbers]
        yield f"{time_in_force}, meets none", _numbered(resting, takers)
    yield "post-only, rests", _numbered([], [_rests(number, _PRICE, post_only=True) for number in numbers])
    yield "cancel", _numbered(resting, [CancelOrder(_OWNER, name) for name in names])
    yield "replace, new price", _numbered(resting, [ReplaceOrder(_OWNER, name, None, _FAR) for name in names])
    yield "replace, smaller", _numbered(resting, [ReplaceOrder(_OWNER, name, 50, None) for name in names])
    yield "reduce", _numbered(resting, [ReduceOrder(_OWNER, name, 50) for name in names])


def _rests(number: int, price: Price, side: Side = Side.SELL, *, post_only: bool = False) -> EnterOrder:
    name = ClientOrderId(f"r{number}")
    return EnterOrder(_OWNER, name, SYMBOL, side, OrderType.LIMIT, TimeInForce.GTC, 100, price, post_only)


def _takes(number: int, price: Price | None, time_in_force: TimeInForce = TimeInForce.GTC) -> EnterOrder:
    order_type = OrderType.MARKET if price is None else OrderType.LIMIT
    return EnterOrder(
        _TAKER, ClientOrderId(f"t{number}"), SYMBOL, Side.BUY, order_type, time_in_force, 100, price
    )


def _numbered(warm_up: Sequence[Command], commands: Sequence[Command]) -> Work:
    warm_up = [instrument(), *warm_up]
    for number, command in enumerate((*warm_up, *commands), 1):
        command.seq = number
    return warm_up, commands

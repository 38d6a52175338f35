"""Commands a second through the engine, every event built.

In: seeded flows. Out: one figure for the flow of a day, one for each kind of command, and the cases
that break books: a long queue eaten, many prices, a best price that goes and comes across a gap.
The floor of the mixed flow is a market that does nothing but look up the kind of each command and
build one event for it.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import Any, Final

from benchmarks.flow import SYMBOL, instrument, stationary
from benchmarks.report import Result, Target, result_of
from benchmarks.timing import rate_of, seconds_for, settle
from exchange.engine.commands import CancelOrder, Command, EnterOrder, ReduceOrder, ReplaceOrder
from exchange.engine.engine import Engine
from exchange.engine.events import OrderAccepted, OrderCanceled
from protocol.vocabulary import AccountId, CancelReason, ClientOrderId, OrderType, Side, TimeInForce

ABOUT: Final = "commands/s of the engine alone with all events; mixed flow: 50 % rest, 10 % trade, 35 % cancel, 5 % replace"

MIXED: Final = 20_000
SAMPLES: Final = 25
PLAIN: Final = 5_000
PLAIN_SAMPLES: Final = 7
QUEUE: Final = 50_000
PRICES: Final = 19_000
STRESS_SAMPLES: Final = 5

MIXED_TARGET: Final = Target(600_000)
STRESS_TARGET: Final = Target(300_000)

_OWNER: Final = AccountId("owner")
_OTHER: Final = AccountId("other")


def results(seed: int) -> Iterator[Result]:
    """All cases, one after the other."""
    yield _mixed(seed)
    yield from _plain()
    yield from _stress(seed)


def _mixed(seed: int) -> Result:
    flow = stationary(MIXED, seed=seed)
    rates, floors = [], []
    for _ in range(SAMPLES):
        rates.append(rate_of(flow.commands, flow.warm_up))
        floors.append(len(flow.commands) / seconds_for(_bare_events(), flow.commands))
    return result_of(
        "engine", f"mixed flow, {MIXED:,} commands", "commands/s", rates, floor=floors, target=MIXED_TARGET
    )


def _bare_events() -> Callable[[Command], object]:
    """One event a command, looked up by kind: what any engine of this shape has to pay."""

    def entered(command: EnterOrder) -> tuple[OrderAccepted]:
        return (
            OrderAccepted(
                command.account, command.client_order_id, command.seq, command.symbol, command.side,
                command.order_type, command.time_in_force, command.quantity, command.price, command.post_only,
            ),
        )  # fmt: skip

    def ended(command: CancelOrder) -> tuple[OrderCanceled]:
        return (
            OrderCanceled(
                command.account, command.client_order_id, command.seq, SYMBOL, Side.BUY, 1, 1, 0,
                CancelReason.REQUESTED,
            ),
        )  # fmt: skip

    handlers: dict[type, Callable[[Any], object]] = {
        EnterOrder: entered,
        CancelOrder: ended,
        ReplaceOrder: ended,
    }

    def apply(command: Command) -> object:
        return handlers[type(command)](command)

    return apply


# -- one kind of command at a time -----------------------------------------------------------------
def _plain() -> Iterator[Result]:
    resting = [_enter(number, Side.SELL, 10_000 + number % 50) for number in range(PLAIN)]
    names = [ClientOrderId(f"o{number}") for number in range(PLAIN)]
    cases: list[tuple[str, Sequence[Command], Sequence[Command]]] = [
        ("limit, rests", [], resting),
        ("limit, trades with one", resting, _takers(Side.BUY, 11_000)),
        ("market, trades with one", resting, _takers(Side.BUY, None)),
        ("immediate or cancel, meets none", resting, _takers(Side.BUY, 9_000, TimeInForce.IOC)),
        ("fill or kill, trades with one", resting, _takers(Side.BUY, 11_000, TimeInForce.FOK)),
        (
            "post only, rests",
            [],
            [_enter(number, Side.SELL, 10_000, post_only=True) for number in range(PLAIN)],
        ),
        ("cancel", resting, [CancelOrder(_OWNER, name) for name in names]),
        ("replace, new price", resting, [ReplaceOrder(_OWNER, name, None, 10_060) for name in names]),
        ("replace, smaller", resting, [ReplaceOrder(_OWNER, name, 50, None) for name in names]),
        ("reduce", resting, [ReduceOrder(_OWNER, name, 50) for name in names]),
    ]
    for case, warm_up, commands in cases:
        numbered = _numbered([instrument(), *warm_up, *commands])
        split = 1 + len(warm_up)
        rates = [rate_of(numbered[split:], numbered[:split]) for _ in range(PLAIN_SAMPLES)]
        yield result_of("engine", case, "commands/s", rates)


def _enter(number: int, side: Side, price: int, *, post_only: bool = False) -> EnterOrder:
    name = ClientOrderId(f"o{number}")
    return EnterOrder(_OWNER, name, SYMBOL, side, OrderType.LIMIT, TimeInForce.GTC, 100, price, post_only)


def _takers(
    side: Side, price: int | None, time_in_force: TimeInForce = TimeInForce.GTC, count: int = PLAIN
) -> list[Command]:
    order_type = OrderType.MARKET if price is None else OrderType.LIMIT
    return [
        EnterOrder(_OTHER, ClientOrderId(f"t{number}"), SYMBOL, side, order_type, time_in_force, 100, price)
        for number in range(count)
    ]


def _numbered(commands: Sequence[Command]) -> Sequence[Command]:
    for number, command in enumerate(commands, 1):
        command.seq = number
    return commands


# -- what breaks books -----------------------------------------------------------------------------
def _stress(seed: int) -> Iterator[Result]:
    rng = random.Random(seed)
    cases = [
        (f"{QUEUE:,} orders at one price, taken one by one", *_long_queue()),
        (f"{PRICES:,} prices in random order, entered and canceled", *_many_prices(rng)),
        ("best price taken and set anew across a gap", *_gap()),
    ]
    for case, warm_up, commands in cases:
        rates = [rate_of(commands, warm_up) for _ in range(STRESS_SAMPLES)]
        yield result_of("engine", case, "commands/s", rates, target=STRESS_TARGET)
    yield _one_sweep()


def _long_queue() -> tuple[Sequence[Command], Sequence[Command]]:
    queue = [_enter(number, Side.SELL, 10_000) for number in range(QUEUE)]
    everything = _numbered([instrument(), *queue, *_takers(Side.BUY, 10_000, count=QUEUE)])
    return everything[: 1 + QUEUE], everything[1 + QUEUE :]


def _many_prices(rng: random.Random) -> tuple[Sequence[Command], Sequence[Command]]:
    half = PRICES // 2
    enters: list[Command] = [_enter(number, Side.BUY, 1 + number) for number in range(half)]
    enters += [_enter(half + number, Side.SELL, 1 + half + number) for number in range(half)]
    rng.shuffle(enters)
    cancels: list[Command] = [CancelOrder(_OWNER, ClientOrderId(f"o{number}")) for number in range(2 * half)]
    rng.shuffle(cancels)
    everything = _numbered([instrument(), *enters, *cancels])
    return everything[:1], everything[1:]


def _gap() -> tuple[Sequence[Command], Sequence[Command]]:
    commands: list[Command] = [instrument(), _enter(0, Side.SELL, 1_000_000)]
    for number, taker in enumerate(_takers(Side.BUY, 500_000, count=2 * PLAIN), 1):
        commands += [_enter(number, Side.SELL, 100), taker]
    return _numbered(commands[:2]), _numbered(commands)[2:]


def _one_sweep() -> Result:
    """One order that meets a whole long queue: trades, not commands, are counted."""
    rates = []
    queue, _ = _long_queue()
    sweep = EnterOrder(
        _OTHER, ClientOrderId("sweep"), SYMBOL, Side.BUY, OrderType.LIMIT, TimeInForce.GTC, 100 * QUEUE, 10_000,
        seq=len(queue) + 1,
    )  # fmt: skip
    for _ in range(STRESS_SAMPLES):
        engine = Engine()
        for command in queue:
            engine.apply(command)
        settle()
        started = perf_counter()
        events = engine.apply(sweep)
        rates.append((len(events) - 1) / (perf_counter() - started))
    return result_of(
        "engine", f"{QUEUE:,} orders at one price, one sweep", "trades/s", rates, target=STRESS_TARGET
    )

"""What each special order type costs: one kind of command at a time.

In: how many rounds. Out: named work, ``(what builds the book, what is measured)``, in which every measured
command does the thing it is named after: a peak refills, a stop triggers, a peg moves. Prices and
quantities are those of the plain cases beside, so the figures can be compared.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

from msgspec.structs import replace

from benchmarks.flow import SYMBOL, instrument
from exchange.engine.commands import (
    AddInstrument,
    ChangePhase,
    Command,
    EnterOrder,
    ExpireOrders,
    SetLastPrice,
    Terms,
)
from protocol.vocabulary import (
    AccountId,
    Allocation,
    ClientOrderId,
    OrderType,
    Phase,
    PostOnly,
    Price,
    Quantity,
    SelfTrade,
    Side,
    TimeInForce,
)

_OWNER: Final = AccountId("owner")
_TAKER: Final = AccountId("taker")
_PRICE: Final = 10_000
_FAR: Final = 900_000
_BUY: Final = Side.BUY
_SELL: Final = Side.SELL
_GTC: Final = TimeInForce.GTC


@dataclass
class Case:
    """One kind of order: the instrument, what rests before, what is measured."""

    name: str
    before: Iterable[Command]
    measured: Iterable[Command]
    settings: dict[str, Any] = field(default_factory=dict)
    orders: int | None = None
    """How many orders the measured commands act on, if that is not one each."""

    def work(self) -> tuple[Sequence[Command], Sequence[Command]]:
        """Numbered as the sequencer would."""
        listed: AddInstrument = replace(instrument(), **self.settings)
        before, measured = [listed, *self.before], list(self.measured)
        for number, command in enumerate((*before, *measured), 1):
            command.seq = number
        return before, measured


def order(
    name: str,
    side: Side,
    price: Price | None,
    quantity: Quantity = 100,
    *,
    order_type: OrderType = OrderType.LIMIT,
    time_in_force: TimeInForce = _GTC,
    post_only: bool = False,
    owner: AccountId = _OWNER,
    **terms: Any,
) -> EnterOrder:
    """An order; further fields are its terms."""
    return EnterOrder(
        owner, ClientOrderId(name), SYMBOL, side, order_type, time_in_force, quantity, price, post_only,
        Terms(**terms) if terms else None,
    )  # fmt: skip


def sleepers() -> Iterator[tuple[str, list[Command]]]:
    """What may rest or wait beside an ordinary flow, far from it, without being met."""
    names = count(1_000_000_000)  # numbers that no command of a flow has

    def one(side: Side, price: Price | None, **how: Any) -> list[Command]:
        command = order("sleeper", side, price, **how)
        command.seq = next(names)
        return [command]

    yield "a stop waits", one(_BUY, None, order_type=OrderType.STOP, stop_price=_FAR)
    yield "an iceberg rests", one(_BUY, 1, display=10)
    yield "a peg follows", one(_BUY, None, order_type=OrderType.PEG)
    yield "an all-or-none order rests", one(_BUY, 1, all_or_none=True)


def cases(rounds: int) -> Iterator[Case]:
    """All kinds; ``rounds`` measured commands each."""
    numbers = range(rounds)
    resting = [order(f"r{n}", _SELL, _PRICE + n % 50) for n in numbers]
    last = SetLastPrice(SYMBOL, _PRICE)

    def takers(price: Price | None = None, **how: Any) -> list[EnterOrder]:
        return [order(f"t{n}", _BUY, price, owner=_TAKER, **how) for n in numbers]

    market, stop = OrderType.MARKET, OrderType.STOP
    yield Case("iceberg, rests", [], [order(f"r{n}", _SELL, _PRICE, display=10) for n in numbers])
    yield Case(
        "iceberg, a peak is taken and refills",
        [order(f"r{n}", _SELL, _PRICE, 100_000, display=100) for n in range(1 + rounds // 900)],
        takers(_FAR),
    )
    yield Case(
        "hidden, trades with one", [order(f"r{n}", _SELL, _PRICE, hidden=True) for n in numbers], takers(_FAR)
    )
    yield Case("market with protection", resting, takers(order_type=market, protection=100))
    yield Case("market-to-limit", resting, takers(order_type=OrderType.MARKET_TO_LIMIT))
    by_amount = [
        order(f"t{n}", _BUY, None, 0, owner=_TAKER, order_type=OrderType.MARKET_BY_AMOUNT, amount=100 * _FAR)
        for n in numbers
    ]
    yield Case("market by amount", [order(f"r{n}", _SELL, _FAR) for n in numbers], by_amount)
    yield Case(
        "money-limited fill-or-kill",
        resting,
        takers(order_type=OrderType.MONEY_LIMIT, time_in_force=TimeInForce.FOK, amount=100 * _FAR),
    )
    yield Case(
        "stop, waits",
        [last],
        [order(f"s{n}", _BUY, None, order_type=stop, stop_price=_PRICE + 1 + n) for n in numbers],
    )
    stops = [order(f"s{n}", _BUY, None, order_type=stop, stop_price=_PRICE + 1 + n) for n in numbers]
    yield Case(
        "stop, triggers and trades",
        [last, *stops, *(order(f"r{n}", _SELL, _FAR - rounds + n) for n in numbers)],
        [SetLastPrice(SYMBOL, _PRICE + 1)],
        orders=rounds,
    )
    followed = 1 + rounds // 10
    yield Case(
        "trailing stop, follows the last price",
        [last, *(order(f"s{n}", _SELL, None, order_type=stop, trail=100 + n) for n in range(10))],
        [SetLastPrice(SYMBOL, _PRICE + 1 + n) for n in range(followed)],
        orders=10 * followed,
    )
    yield Case(
        "primary peg, follows the best",
        [order("best", _BUY, 1), order("peg", _BUY, None, order_type=OrderType.PEG)],
        [order(f"r{n}", _BUY, 2 + n) for n in numbers],
    )
    yield Case(
        "post-only, repriced",
        [order("ask", _SELL, _PRICE)],
        [order(f"p{n}", _BUY, _PRICE, post_only=True) for n in numbers],
        {"post_only": PostOnly.REPRICE},
    )
    yield Case("minimum quantity", resting, takers(_FAR, minimum_quantity=50))
    yield Case(
        "all-or-none, trades with one",
        [order(f"r{n}", _SELL, _PRICE, all_or_none=True) for n in numbers],
        takers(_FAR, all_or_none=True),
    )
    yield Case(
        "resting market order, trades",
        [last, *(order(f"r{n}", _SELL, None, order_type=market) for n in numbers)],
        takers(_PRICE),
        {"market_remainder_rests": True},
    )
    yield Case(
        "GTD, expires",
        [
            order(f"r{n}", _SELL, _PRICE, time_in_force=TimeInForce.GTD, expires_at_ns=1 + n % 100)
            for n in numbers
        ],
        [ExpireOrders(1 + n) for n in range(100)],
        orders=rounds,
    )
    for mode in (
        SelfTrade.CANCEL_MAKER,
        SelfTrade.CANCEL_AGGRESSOR,
        SelfTrade.CANCEL_BOTH,
        SelfTrade.DECREMENT,
    ):
        ladder = [order(f"r{n}", _SELL, _PRICE + n) for n in numbers]
        own = [
            order(f"t{n}", _BUY, _PRICE + n, time_in_force=TimeInForce.IOC, self_trade=mode) for n in numbers
        ]
        yield Case(f"self-trade prevention, {mode}", ladder, own)
    yield Case(
        "pro-rata, a level of 10 shared",
        [order(f"r{n}", _SELL, _PRICE + n // 10) for n in numbers],
        [order(f"t{n}", _BUY, _FAR, 1_000, owner=_TAKER) for n in range(rounds // 10)],
        {"allocation": Allocation.PRO_RATA},
    )
    yield Case(
        "limit in a band and a corridor, trades",
        [last, *resting],
        takers(_PRICE + 100),
        {"band": 1_000, "dynamic_corridor": 1_000},
    )
    call = ChangePhase(SYMBOL, Phase.OPENING_AUCTION)
    crossing = [order(f"r{n}", _BUY if n % 2 else _SELL, _PRICE - 25 + n % 50) for n in numbers]
    yield Case("limit in a call", [call], crossing)
    yield Case(
        "auction",
        [call, *crossing],
        [ChangePhase(SYMBOL, Phase.CONTINUOUS)],
        orders=rounds,
    )

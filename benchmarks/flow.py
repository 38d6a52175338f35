"""Order flow for the engine's benchmarks: seeded, stationary, made before the clock starts.

In: a seed and a length. Out: stamped commands. Half are orders that rest, a tenth are orders that
trade, 35 % are cancels of live orders, 5 % replaces of live orders; over time as many orders leave
the book as enter it. Nothing is refused.
"""

import random
from itertools import islice
from typing import Final, NamedTuple

from exchange.engine.commands import AddInstrument, CancelOrder, Command, EnterOrder, ReplaceOrder
from exchange.engine.engine import Engine
from exchange.engine.events import OrderAccepted, OrderCanceled, Trade
from protocol.vocabulary import AccountId, ClientOrderId, OrderType, Price, Side, Symbol, TimeInForce

SYMBOL: Final = Symbol("ACME")
ACCOUNTS: Final = 100
_ACCOUNTS: Final = tuple(AccountId(f"trader{number:03}") for number in range(ACCOUNTS))
RESTING: Final = 2_000
"""Orders in the book before the first measured command, and about as many after the last one."""

_MIDDLE: Final = 10_000
_DEPTH: Final = 50
"""Ticks from the best price within which passive orders are placed, nearer ones more often."""
_REACH: Final = 5
"""How far beyond the best price an aggressor's limit lies, in ticks."""

_QUANTITIES: Final = (100, 100, 100, 100, 100, 100, 100, 200, 300, 40)
"""Mostly round lots, as in stocks."""


class Flow(NamedTuple):
    """``warm_up`` builds the book; ``commands`` are what is measured."""

    warm_up: list[Command]
    commands: list[Command]


def instrument(symbol: Symbol = SYMBOL) -> AddInstrument:
    """Tick 1, lot 1, no fees."""
    return AddInstrument(
        symbol=symbol, tick=1, lot=1, minimum_quantity=1, maximum_quantity=1_000_000, maximum_price=1_000_000,
        price_decimals=2, maker_fee_ppm=0, taker_fee_ppm=0, market_remainder_rests=False,
    )  # fmt: skip


class _Live:
    """Orders a cancel may hit, in a list that gives any of them up in constant time."""

    def __init__(self, engine: Engine, rng: random.Random) -> None:
        self._names: list[tuple[AccountId, ClientOrderId]] = []
        self._engine = engine
        self._rng = rng

    def add(self, account: AccountId, name: ClientOrderId) -> None:
        self._names.append((account, name))

    def pick(self, *, take: bool) -> tuple[AccountId, ClientOrderId]:
        """Any order that is alive; with ``take`` it is not picked again."""
        names, accounts = self._names, self._engine.accounts.by_name
        while True:
            place = self._rng.randrange(len(names))
            account, name = names[place]
            dead = not accounts[account].orders[name].leaves
            if dead or take:
                names[place] = names[-1]
                names.pop()
            if not dead:
                return account, name


class _Maker:
    """Makes the flow by trading it once itself: only so are the live orders known."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.engine = Engine()
        self.live = _Live(self.engine, self.rng)
        self.made: list[Command] = []
        self.entered = 0
        self.resting = 0

    def take(self) -> list[Command]:
        made, self.made = self.made, []
        return made

    def apply(self, command: Command) -> None:
        command.seq = len(self.made) + 1
        self.made.append(command)
        for event in self.engine.apply(command):
            if type(event) is OrderAccepted:
                self.resting += event.time_in_force is TimeInForce.GTC
            elif type(event) is OrderCanceled:
                self.resting -= event.price is not None
            elif type(event) is Trade:
                self.resting -= not event.maker_leaves

    def enter(
        self, side: Side, price: Price, quantity: int, time_in_force: TimeInForce = TimeInForce.GTC
    ) -> None:
        self.entered += 1
        account = self.rng.choice(_ACCOUNTS)
        name = ClientOrderId(f"o{self.entered}")
        self.apply(EnterOrder(account, name, SYMBOL, side, OrderType.LIMIT, time_in_force, quantity, price))
        if time_in_force is TimeInForce.GTC:
            self.live.add(account, name)

    def best(self, side: Side) -> Price:
        found = self.engine.books[SYMBOL].side(side).best
        return found if found is not None else (_MIDDLE if side is Side.BUY else _MIDDLE + 1)

    def side(self) -> Side:
        return Side.BUY if self.rng.random() < 0.5 else Side.SELL

    def passive_price(self, side: Side) -> Price:
        # One tick inside the spread at best, so that the market moves and still never crosses.
        away = int(_DEPTH * self.rng.random() ** 2)
        if side is Side.BUY:
            return self.best(Side.SELL) - 1 - away
        return self.best(Side.BUY) + 1 + away

    def passive(self) -> None:
        side = self.side()
        self.enter(side, self.passive_price(side), self.rng.choice(_QUANTITIES))

    def aggressive(self) -> None:
        side = self.side()
        # Takers ask for what is shown: on the real day 84 % of them meet one order. 1.5 on average
        # make up for the passive orders that nobody cancels.
        makers = 1 if self.resting < RESTING else 2
        opposite = self.engine.books[SYMBOL].side(side.opposite)
        shown = islice((order.leaves for level in opposite.best_first() for order in level), makers)
        self.enter(side, self.best(side.opposite) + opposite.sign * -_REACH, sum(shown), TimeInForce.IOC)

    def cancel(self) -> None:
        self.apply(CancelOrder(*self.live.pick(take=True)))

    def replace(self) -> None:
        account, name = self.live.pick(take=False)
        order = self.engine.accounts.by_name[account].orders[name]
        if self.rng.random() < 0.5 and order.leaves > 1:
            self.apply(ReplaceOrder(account, name, order.quantity - 1, None))
        else:
            self.apply(ReplaceOrder(account, name, None, self.passive_price(order.side)))


def stationary(length: int, *, seed: int = 1) -> Flow:
    """``length`` commands of the mix above, on a book of ``RESTING`` orders."""
    maker = _Maker(seed)
    maker.apply(instrument())
    for _ in range(RESTING):
        maker.passive()
    kinds = [maker.passive, maker.aggressive, maker.cancel, maker.replace]
    chosen = maker.rng.choices(kinds, weights=(50, 10, 35, 5), k=length)
    for step in chosen:
        step()
    commands = maker.take()
    warm_up = 1 + RESTING
    return Flow(commands[:warm_up], commands[warm_up:])

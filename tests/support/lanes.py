"""Random days of spot instruments, through two engines at once, one of them with its express lane closed.

In: a seed. Out: an ``AssertionError`` at the first difference, or nothing. Limits are tight, so that what was granted
runs out all the time; and everything happens that takes a grant back.
"""

import random
from typing import Final

import msgspec

from exchange.engine import snapshot
from exchange.engine.commands import (
    AdjustBalance,
    BlockAccount,
    BustTrade,
    CancelOrder,
    CancelSession,
    ChangePhase,
    Command,
    EndDay,
    EnterOrder,
    Limits,
    MassCancel,
    ReduceOrder,
    ReplaceOrder,
    SetAccount,
    SetFees,
    SetKillSwitch,
    SetLastPrice,
    SetLimits,
    SetProtection,
    Terms,
)
from exchange.engine.engine import Engine
from exchange.engine.events import Event, Trade
from exchange.engine.order import Order
from protocol.vocabulary import (
    AccountId,
    Asset,
    ClientOrderId,
    Limit,
    OrderType,
    Phase,
    QuoteSet,
    Role,
    SelfTrade,
    Settlement,
    Side,
    TimeInForce,
    TransactionId,
)
from tests.support.books import instrument

ACCOUNTS: Final = tuple(AccountId(name) for name in ("anna", "ben", "cleo", "dan"))
USD: Final = Asset("USD")
FIRST: Final = instrument(
    "FIRST", maximum_price=400, maximum_quantity=60, maker_fee_ppm=-3_000, taker_fee_ppm=45_000,
    settlement=Settlement.SPOT, base=Asset("BTC"), quote=USD, base_scale=10, quote_scale=3,
    maker_fee_per_unit=1, taker_fee_per_unit=2,
)  # fmt: skip
SECOND: Final = instrument(
    "SECOND", tick=2, lot=2, minimum_quantity=2, maximum_price=400, maker_fee_ppm=20_000, taker_fee_ppm=-7_000,
    settlement=Settlement.SPOT, base=Asset("ETH"), quote=USD,
)  # fmt: skip
DAY: Final = 700
QUOTES: Final = QuoteSet("quotes")


class Wishes:
    """What comes next. Most of it is plain."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self._names: list[tuple[AccountId, ClientOrderId]] = []
        self.trades: list[Trade] = []
        self._live: list[Order] = []
        self._numbers = 0
        self._second = False
        self._tight = self._rng.random() < 0.7
        self._opening: list[Command] = [
            AdjustBalance(account, asset, amount, TransactionId("opening " + asset))
            for account in ACCOUNTS
            for asset, amount in ((USD, 20_000), (Asset("BTC"), 1_000), (Asset("ETH"), 100))
            if asset != "ETH"  # which nothing settles in, until the second instrument is listed
        ]
        self._opening += [SetAccount(account, Role.TRADER, new=True) for account in ACCOUNTS]
        self._opening += [
            SetLimits(None, None, self._limits(over_all=True)),
            msgspec.structs.replace(FIRST),
        ]

    def next(self, live: list[Order]) -> Command:
        """A command without number and time; ``live`` is what is open."""
        if self._opening:
            return self._opening.pop()
        self._live = live
        kind = self._rng.random()
        if kind < 0.62 or not self._names:
            return self._enter()
        if kind < 0.74:
            return CancelOrder(*self._name())
        if kind < 0.92:
            return self._change()
        return self._other()

    def _name(self) -> tuple[AccountId, ClientOrderId]:
        if self._live and self._rng.random() < 0.9:
            order = self._rng.choice(self._live)
            return order.account, order.client_order_id
        return self._rng.choice(self._names[-30:])

    def _price(self) -> int:
        odd = self._rng.random() < 0.03
        prices = [0, -2, 390, 402, 5] if odd else [*range(94, 107), 98, 98, 100, 100, 102, 102]
        return self._rng.choice(prices)

    def _enter(self) -> EnterOrder:
        rng = self._rng
        self._numbers += 1
        account, name = rng.choice(ACCOUNTS), ClientOrderId(f"o{self._numbers}")
        if self._names and rng.random() < 0.03:
            account, name = self._name()
        self._names.append((account, name))
        command = EnterOrder(
            account,
            name,
            rng.choice((FIRST.symbol, FIRST.symbol, SECOND.symbol)),
            rng.choice((Side.BUY, Side.SELL)),
            OrderType.LIMIT,
            rng.choice((*[TimeInForce.GTC] * 6, *[TimeInForce.IOC] * 2, TimeInForce.DAY, TimeInForce.FOK)),
            rng.choice((0, -2, 62, 3)) if rng.random() < 0.03 else rng.choice((2, 2, 2, 4, 4, 6, 8, 10)),
            self._price(),
            rng.random() < 0.1,
            session=rng.choice((0, 0, 0, 1)),
        )
        odd = rng.random()
        if odd < 0.02:
            command.order_type, command.price = OrderType.MARKET, None
        elif odd < 0.04:
            command.terms = rng.choice(
                (
                    Terms(display=2),
                    Terms(quote_set=QUOTES),
                    Terms(self_trade=SelfTrade.DECREMENT),
                    Terms(hidden=True),
                )
            )
        return command

    def _change(self) -> Command:
        rng, name = self._rng, self._name()
        if rng.random() < 0.2:
            return ReduceOrder(*name, rng.choice((1, 2, 4, 0)))
        quantity = rng.choice((None, None, None, 2, 2, 4, 10, 0))
        return ReplaceOrder(*name, quantity, rng.choice((None, self._price(), self._price())))

    def _other(self) -> Command:
        rng, account = self._rng, self._rng.choice(ACCOUNTS)
        kind = rng.random()
        if not self._second or kind < 0.02:
            self._second = True
            return msgspec.structs.replace(SECOND)
        if kind < 0.2:
            scope = rng.choice((None, account)), rng.choice((None, FIRST.symbol, FIRST.symbol))
            return SetLimits(*scope, self._limits(over_all=scope[1] is None))
        if kind < 0.4 and self.trades:
            trade = rng.choice(self.trades[-20:])
            buyer, seller, fees = trade.taker, trade.maker, (trade.taker_fee, trade.maker_fee)
            if trade.aggressor is Side.SELL:
                buyer, seller, fees = seller, buyer, fees[::-1]
            return BustTrade(
                trade.trade_id, trade.symbol, trade.price, trade.quantity, buyer, fees[0], seller, fees[1]
            )
        self._numbers += 1
        return rng.choice(
            (
                BlockAccount(account, rng.random() < 0.2),
                BlockAccount(account, False),
                SetKillSwitch(account, rng.random() < 0.3),
                SetFees(FIRST.symbol, rng.randint(-9_000, 30_000), rng.randint(9_000, 60_000), 1, 2),
                AdjustBalance(account, Asset("ETH"), 100, TransactionId(str(self._numbers))),
                AdjustBalance(account, rng.choice((USD, Asset("BTC"))), rng.choice((900, -500)), TransactionId(str(self._numbers))),
                EndDay(),
                MassCancel(account, None, None),
                CancelSession(account, 1),
                SetProtection(account, QUOTES, rng.choice((0, 1, 2)), 10**9),
                SetLastPrice(FIRST.symbol, rng.choice((98, 100, 102))),
                ChangePhase(FIRST.symbol, rng.choice((Phase.CONTINUOUS, Phase.CONTINUOUS, Phase.OPENING_AUCTION)), forced=True),
                ChangePhase(FIRST.symbol, Phase.CONTINUOUS, forced=True),
            )
        )  # fmt: skip

    def _limits(self, *, over_all: bool) -> Limits:
        rng = self._rng
        bounds = {
            Limit.ORDER_QUANTITY: rng.randint(4, 20),
            Limit.ORDER_NOTIONAL: rng.randint(500, 9_000),
            Limit.OPEN_ORDERS: rng.randint(1, 8),
            Limit.OPEN_QUANTITY: rng.randint(8, 80),
            Limit.POSITION: rng.randint(4, 60),
            Limit.COLLAR: rng.randint(1, 8),
            Limit.DAILY_LOSS: rng.randint(0, 900),
            Limit.MESSAGE_RATE: rng.randint(1, 9),
        }
        if not over_all:
            del bounds[Limit.MESSAGE_RATE]
        chosen = {limit: value for limit, value in bounds.items() if rng.random() < 0.3}
        if not self._tight:
            chosen = {limit: 50 * value for limit, value in chosen.items()}
        return Limits(**chosen, hard=tuple(limit for limit in chosen if rng.random() < 0.05))


class Lanes:
    """The same commands to both."""

    def __init__(self, seed: int) -> None:
        self.open, self.closed = (Engine(ids_unique_per_day=seed % 2 == 0) for _ in range(2))
        self.wishes = Wishes(seed)
        self._rng = random.Random(seed)
        self._at_ns = 0

    def day(self, commands: int) -> None:
        for number in range(1, commands + 1):
            command = self.wishes.next(self.open.live_orders())
            # Mostly some ten requests a second, now and then none for a while.
            self._at_ns += self._rng.choice((10_000_000, 30_000_000, 30_000_000, 900_000_000))
            self._submit(command, number)
            self._compare()
            if number % 8 == 0:
                images = [msgspec.json.encode(snapshot.take(engine)) for engine in (self.open, self.closed)]
                assert images[0] == images[1]

    def _submit(self, command: Command, number: int) -> None:
        told = []
        for engine in (self.open, self.closed):
            one = msgspec.structs.replace(command)
            one.seq, one.at_ns = number, self._at_ns
            told.append(engine.apply(one))
        close_lane(self.closed)
        assert told[0] == told[1], command
        self._note(told[0])

    def _note(self, events: tuple[Event, ...]) -> None:
        self.wishes.trades += [event for event in events if isinstance(event, Trade)]

    def _compare(self) -> None:
        one, other = self.open, self.closed
        for name in ACCOUNTS:
            assert one.clearing.balances(name) == other.clearing.balances(name)
            assert one.clearing.holdings(name) == other.clearing.holdings(name)
        assert one.clearing.check() == other.clearing.check() == []


def close_lane(engine: Engine) -> None:
    """From now on, if there is any clearing by now, it goes its own way with everything."""
    clearing = engine.clearing
    if clearing.active:
        engine.handlers |= {
            EnterOrder: clearing.enter,
            CancelOrder: clearing.cancel,
            ReplaceOrder: clearing.replace,
        }


def many_days(days: int) -> None:
    """One seed after the other."""
    for seed in range(days):
        Lanes(seed).day(DAY)

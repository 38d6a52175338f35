"""Random days: instruments of every kind, and commands that make their orders meet.

In: a seed, and the naive market as it stands (changes aim at its live orders). Out: one command after the
other; most are sensible, some are not. Equal seeds and markets give equal commands.
"""

import random
from typing import Final

from exchange.engine.commands import (
    AddInstrument,
    CancelOrder,
    ChangePhase,
    Command,
    EndDay,
    EnterOrder,
    ExpireOrders,
    MassCancel,
    ReduceOrder,
    ReplaceOrder,
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
    SelfTrade,
    Side,
    Symbol,
    TimeInForce,
)
from tests.support.books import instrument
from tests.support.naive_book import NaiveMarket, NaiveOrder
from tests.support.naive_state import CALLS

ACCOUNTS: Final = tuple(map(AccountId, ("ann", "ben", "cleo", "dora")))
GROUPS: Final = (None, None, None, "desk", "fund")

MIDDLE: Final = 100
"""Where prices begin, and where they are led back to."""
CROWD: Final = 24
"""So many live orders are enough: beyond it, cancels become frequent, which keeps the naive market fast."""


def _listed(symbol: str, **settings: object) -> AddInstrument:
    listed = instrument(symbol, maximum_price=400, maker_fee_ppm=-3_000, taker_fee_ppm=45_000)
    for name, value in settings.items():
        setattr(listed, name, value)
    return listed


PROFILES: Final = {
    "plain": _listed("PLAIN"),
    "steps": _listed(
        "STEPS", tick=5, lot=10, minimum_quantity=20, maximum_quantity=500, market_remainder_rests=True,
    ),
    "everything": _listed(
        "EVERY", market_remainder_rests=True, tick_table=[(102, 2)], self_trade=SelfTrade.DECREMENT,
        post_only=PostOnly.REPRICE, band=7, static_corridor=3, dynamic_corridor=6, reference_price=100,
    ),
    "range": _listed(
        "RANGE", market_remainder_rests=True, self_trade=SelfTrade.CANCEL_MAKER, post_only=PostOnly.CANCEL,
        band=6, execution_range=3, reference_price=101,
    ),
    "rests": _listed("RESTS", market_remainder_rests=True, self_trade=SelfTrade.CANCEL_AGGRESSOR),
    "shares": _listed("SHARES", allocation=Allocation.PRO_RATA, minimum_allocation=2, fifo_percent=20),
    "lots": _listed(
        "LOTS", allocation=Allocation.PRO_RATA, lot=5, minimum_quantity=5, minimum_allocation=10,
        self_trade=SelfTrade.CANCEL_BOTH, market_remainder_rests=True, dynamic_corridor=8,
    ),
    "back": _listed("BACK", replace_loses_priority=True, self_trade=SelfTrade.CANCEL_BOTH),
    "front": _listed("FRONT", peak_refills_in_front=True, static_corridor=8, reference_price=100),
    "limit": _listed("LIMIT", market_remainder_rests=True, market_at_aggressor_limit=True),
}  # fmt: skip
"""One instrument for each choice a rule leaves, by name."""

SECOND: Final = _listed("SECOND", market_remainder_rests=True)
"""Traded beside it now and then: what concerns one instrument must leave the other alone."""

TYPES: Final = {
    OrderType.LIMIT: 50,
    OrderType.MARKET: 12,
    OrderType.MARKET_TO_LIMIT: 5,
    OrderType.MARKET_BY_AMOUNT: 5,
    OrderType.MONEY_LIMIT: 4,
    OrderType.STOP: 8,
    OrderType.STOP_LIMIT: 8,
    OrderType.PEG: 8,
}

NO_PEAK: Final = {"protection", "stop_price", "trail", "expires_at_ns"}
"""Terms that an all-or-none may have."""

NEXT_PHASE: Final = (*[Phase.CONTINUOUS] * 6, *Phase)


class Wishes:
    """Random commands for one instrument, and a few for a second one."""

    def __init__(self, seed: int, naive: NaiveMarket, profile: str, *, plain: bool = False) -> None:
        """``plain``: only limit and market orders, in continuous trading, on a wider range of prices."""
        self._rng = random.Random(seed)
        self._naive = naive
        self._listed = PROFILES[profile]
        self._plain = plain
        self._spread = (1.0, 2.0, 4.0)[seed % 3] * (3 if plain else 1)
        self._crowd = CROWD * (4 if plain else 1)
        self._entered = 0
        self._now = 0

    def next(self, now: int) -> Command:
        """The command that will be number ``now``."""
        self._now = now
        rng, kind = self._rng, self._rng.random()
        crowded = len(self._naive.orders) > self._crowd
        phase = self._naive.phase[self._listed.symbol]
        if phase != "continuous" and rng.random() < (0.1 if phase in CALLS else 0.3):
            return self._change_phase(rng.choice(NEXT_PHASE))
        if kind < (0.25 if crowded else 0.75):
            return self._enter()
        if kind < 0.95:
            return self._change()
        return self._seldom(crowded=crowded)

    def _seldom(self, *, crowded: bool) -> Command:
        rng, kind = self._rng, self._rng.random()
        if kind < (0.5 if crowded else 0.1):
            return self._mass_cancel()
        if kind < 0.55:
            return ExpireOrders(self._now + rng.choice((-50, 0, 0, 30)))
        if kind < 0.58:
            return EndDay()
        if kind < 0.68 and not self._plain:
            return SetLastPrice(self._symbol(), self._price(self._listed))
        if self._plain:
            return EndDay()
        return self._change_phase(rng.choice(NEXT_PHASE))

    def _mass_cancel(self) -> MassCancel:
        rng = self._rng
        account = rng.choice((None, *ACCOUNTS))
        symbol = rng.choice((None, self._listed.symbol, self._symbol()))
        bounds = rng.choice((None, None, MIDDLE)), rng.choice((None, None, MIDDLE + 2))
        return MassCancel(account, symbol, rng.choice((None, *Side)), *bounds)

    def _change_phase(self, phase: Phase) -> ChangePhase:
        rng = self._rng
        reference = self._price(self._listed) if rng.random() < 0.2 else None
        return ChangePhase(self._symbol(), phase, reference, rng.random() < 0.4)

    # -- changes -------------------------------------------------------------------------------
    def _change(self) -> Command:
        """Cancel, replace or reduce: mostly a live order, sometimes a dead, foreign or unknown one."""
        rng, kind = self._rng, self._rng.random()
        account, name = rng.choice(ACCOUNTS), self._old_name()
        order: NaiveOrder | None = None
        if self._naive.orders and rng.random() < 0.95:
            order = rng.choice(self._naive.orders)
            account, name = AccountId(order.account), ClientOrderId(order.name)
        if kind < 0.4:
            return CancelOrder(account, name)
        if kind < 0.5:
            return ReduceOrder(account, name, rng.choice((0, -1, 1, 2, 3, 5, 10, 10, 20, 100)))
        listed = PROFILES.get(order.symbol.lower(), self._listed) if order else self._listed
        stops = order is not None and order.place == "waiting"
        priced = rng.random() < (0.5 if order is None or order.price is not None else 0.05)
        stop_price = self._price(listed) if rng.random() < (0.5 if stops else 0.02) else None
        if rng.random() < (0.4 if priced or stop_price is not None else 0.98):
            return ReplaceOrder(
                account, name, self._quantity(listed), self._price(listed) if priced else None, stop_price
            )
        return ReplaceOrder(account, name, None, self._price(listed) if priced else None, stop_price)

    def _old_name(self) -> ClientOrderId:
        return ClientOrderId(f"o{self._rng.randint(max(0, self._entered - 50), self._entered)}")

    def _new_name(self) -> ClientOrderId:
        if self._rng.random() < 0.02:
            return self._old_name()
        self._entered += 1
        return ClientOrderId(f"o{self._entered}")

    # -- entry ---------------------------------------------------------------------------------
    def _enter(self) -> EnterOrder:
        rng = self._rng
        symbol = self._symbol()
        listed = SECOND if symbol == SECOND.symbol else self._listed
        kinds = (OrderType.LIMIT,) * 6 + (OrderType.MARKET,) if self._plain else tuple(TYPES)
        kind = rng.choice(kinds) if self._plain else rng.choices(kinds, tuple(TYPES.values()))[0]
        side = rng.choice((Side.BUY, Side.SELL))
        odd = rng.random() < 0.02
        in_force = self._time_in_force(kind)
        away = self._spread / 2 if rng.random() < 0.6 else 0  # most orders want to rest
        priced = (kind in (OrderType.LIMIT, OrderType.STOP_LIMIT)) != (odd and rng.random() < 0.3)
        return EnterOrder(
            rng.choice(ACCOUNTS), self._new_name(), symbol, side, kind, in_force,
            0 if kind is OrderType.MARKET_BY_AMOUNT and not odd else self._quantity(listed),
            self._price(listed, -away if side is Side.BUY else away) if priced else None,
            kind is OrderType.LIMIT and rng.random() < 0.1,
            self._terms(listed, kind, side, in_force, odd=odd),
        )  # fmt: skip

    def _time_in_force(self, kind: OrderType) -> TimeInForce:
        rng = self._rng
        if kind is OrderType.MONEY_LIMIT and rng.random() < 0.97:
            return TimeInForce.FOK
        weights = (60, 15, 10, 8, 7, 0, 0) if self._plain else (60, 12, 10, 6, 6, 3, 3)
        return rng.choices(tuple(TimeInForce), weights)[0]

    def _terms(
        self, listed: AddInstrument, kind: OrderType, side: Side, in_force: TimeInForce, *, odd: bool
    ) -> Terms | None:
        """What goes with the type, and now and then what does not."""
        rng = self._rng
        asked: dict[str, object] = {}

        def may(chance: float, name: str, value: object, *kinds: OrderType) -> None:
            if (kind in kinds or (odd and rng.random() < 0.1)) and rng.random() < chance:
                asked[name] = value

        if in_force is TimeInForce.GTD or (odd and rng.random() < 0.1):
            asked["expires_at_ns"] = self._now + (rng.randint(1, 60) if not odd else rng.randint(-1, 2))
        if self._plain:
            may(0.6, "protection", listed.tick * rng.randint(0, 4) + odd, OrderType.MARKET)
            return Terms(**asked) if asked else None  # type: ignore[arg-type]
        limits, peaks = OrderType.LIMIT, (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.PEG)
        stops = (OrderType.STOP, OrderType.STOP_LIMIT)
        money = (OrderType.MARKET_BY_AMOUNT, OrderType.MONEY_LIMIT)
        trails = rng.random() < 0.4
        may(0.4 if trails else 1.0, "stop_price", self._price(listed), *stops)
        may(0.95 if trails else 0.0, "trail", listed.tick * rng.randint(1, 4) - odd, *stops)
        may(0.98, "amount", self._amount(listed) if not odd else rng.randint(-1, 10), *money)
        may(0.4, "protection", listed.tick * rng.randint(0, 3) + odd, OrderType.MARKET, OrderType.STOP)
        may(0.4, "cap", self._price(listed), OrderType.PEG)
        if in_force not in (TimeInForce.IOC, TimeInForce.FOK) or odd:
            may(0.2, "display", listed.lot * rng.randint(1, 4) - odd, *peaks)
        if ("display" not in asked and in_force not in (TimeInForce.IOC, TimeInForce.FOK)) or odd:
            may(0.12, "hidden", True, *peaks)
        if not asked or odd:
            may(0.15, "minimum_quantity", listed.lot * rng.randint(1, 4), limits, OrderType.MARKET)
        if (asked.keys() <= NO_PEAK and listed.allocation == "fifo") or odd:
            may(0.2, "all_or_none", True, limits, OrderType.MARKET, *stops)
        if rng.random() < 0.15:
            asked["self_trade"] = rng.choice(tuple(SelfTrade))
        if rng.random() < 0.15:
            asked["self_trade_group"] = rng.choice(GROUPS)
        if odd and rng.random() < 0.2:
            asked["post_only"] = rng.choice(tuple(PostOnly))
        return Terms(**asked) if asked else None  # type: ignore[arg-type]

    def _symbol(self) -> Symbol:
        kind = self._rng.random()
        if kind < 0.002:
            return Symbol("NONE")
        return SECOND.symbol if kind > 0.97 else self._listed.symbol

    def _amount(self, listed: AddInstrument) -> int:
        return self._quantity(listed) * (MIDDLE + self._rng.randint(-6, 6)) * (1 if listed.tick == 1 else 4)

    def _price(self, listed: AddInstrument, away: float = 0) -> int:
        rng = self._rng
        if rng.random() < 0.01:
            return rng.choice((0, -5, 3, 103, listed.maximum_price + listed.tick, 10**12))
        last = self._naive.last_price.get(listed.symbol, MIDDLE)
        middle = (
            min(max(last, MIDDLE - 4 * listed.tick), MIDDLE + 4 * listed.tick) // listed.tick * listed.tick
        )
        price = middle + listed.tick * round(rng.gauss(away, self._spread))
        return price // 2 * 2 if listed.tick_table and rng.random() < 0.9 and price >= MIDDLE else price

    def _quantity(self, listed: AddInstrument) -> int:
        rng = self._rng
        if rng.random() < 0.01:
            return rng.choice((0, -7, 1, listed.maximum_quantity + listed.lot, 35))
        least = -(-listed.minimum_quantity // listed.lot)
        lots: list[int] = [*range(least, least + 10), least + 5]
        return listed.lot * rng.choice(lots)

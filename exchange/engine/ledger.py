"""Money: who has how much of what, what of it is held, and what positions cost (rules 41, 43, 44).

In: deposits, holds and trades, one at a time. Out: balances, average prices, profit and loss. Integers only;
every unit that leaves one place arrives at another, which ``clearing.check`` proves. Knows orders only as the
``Hold`` of each; decides nothing.

Double entry: what accounts pay in fees the house receives; what margined positions realise the house pays.
So for every asset the purses of all accounts and of the house sum up to what was paid in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from exchange.engine.commands import AddInstrument
from protocol.vocabulary import Asset, Money, Price, Quantity, QuoteSet, Settlement

if TYPE_CHECKING:
    from exchange.engine.accounts import Account
    from exchange.engine.book import Book
    from exchange.engine.risk import Bounds

PPM: Final = 1_000_000

NOTHING: Final = -1
"""Fewer requests than there ever were: nothing is allowed until somebody looks closely."""

_NO_ASSET: Final = Asset("")


class Purse:
    """What one account has of one asset, and what of it is free.

    ``free`` is below zero only where losses or an operator took it there. Holding and releasing, which is what happens
    most, change one number.
    """

    __slots__ = ("free", "total")

    def __init__(self) -> None:
        self.free: Money = 0
        self.total: Money = 0

    @property
    def held(self) -> Money:
        return self.total - self.free

    def add(self, amount: Money) -> None:
        """Receive, or pay if it is negative."""
        self.free += amount
        self.total += amount


class Stake:
    """One account in one instrument: its position, what it cost, and what is open.

    ``cost`` is what the open position cost, of a short one negative; all money is in smallest units of the quote
    asset, or price units times quantity where nothing is settled.
    """

    __slots__ = (
        "account", "allowed", "asset", "base", "base_scale", "book", "bounds", "buys_from", "cost", "day_start", "dearest",
        "fee_ppm", "fee_unit", "fees", "least", "margin", "margin_held", "most", "open_buys", "open_orders",
        "open_sells", "quantity", "quote", "quote_scale", "realised", "sells_from", "version",
    )  # fmt: skip

    def __init__(self, account: Account, book: Book, base: Purse | None, quote: Purse | None) -> None:
        self.account = account
        self.book = book
        self.base = base
        self.quote = quote
        self.asset = book.instrument.quote or _NO_ASSET
        """What it is quoted in."""
        # Only spot instruments have a base; elsewhere an order by itself holds nothing.
        self.buys_from = quote if base is not None else None
        self.sells_from = base
        self.quantity: int = 0
        self.cost: Money = 0
        self.realised: Money = 0
        self.fees: Money = 0
        self.day_start: Money = 0
        """Realised and unrealised profit when the day began."""
        self.open_orders = 0
        self.open_buys: Quantity = 0
        self.open_sells: Quantity = 0
        self.margin_held: Money = 0
        self.bounds: Bounds | None = None
        """All limits that hold here, as of ``version`` of the scopes; kept by ``risk``."""
        self.version = -1
        # What the limits allow for certain (``Bounds.grant``), for whoever need not ask them each time.
        self.allowed = NOTHING
        """So many requests of its second the account may make until somebody looks closely."""
        self.most: Quantity = 0
        """The quantity of each."""
        self.dearest: Price = 0
        """An order of so much at most costs what it may."""
        self.least: Money = 0
        """Realised and unrealised profit may not be below it; counted as ``day_start`` is."""
        self.use_terms()

    def use_terms(self) -> None:
        """Go by the instrument's scales, fees and margin as they are now; they are looked up with every order."""
        instrument = self.instrument
        self.base_scale, self.quote_scale = instrument.base_scale, instrument.quote_scale
        self.fee_ppm = max(instrument.maker_fee_ppm, instrument.taker_fee_ppm, 0)
        self.fee_unit = max(instrument.maker_fee_per_unit, instrument.taker_fee_per_unit, 0)
        self.margin = instrument.margin if instrument.settlement is Settlement.MARGIN else 0

    @property
    def instrument(self) -> AddInstrument:
        return self.book.instrument

    @property
    def mark(self) -> Price | None:
        """The price at which the position is valued: the last one, else the reference price."""
        last = self.book.last_price
        return last if last is not None else self.book.reference_price

    def take(self, quantity: int, price: Price) -> Money:
        """Add what was bought, negative what was sold; returns the profit that this realises.

        The part of the cost that leaves with a closed part is truncated toward zero; the rest of the unit
        stays with what is open, so that nothing is lost.
        """
        had, unit = self.quantity, price * self.quote_scale
        if had == 0 or (had > 0) is (quantity > 0):
            self.quantity = had + quantity
            self.cost += quantity * unit
            return 0
        closing = min(abs(quantity), abs(had))
        sign = 1 if had > 0 else -1
        # Cost has the sign of the position.
        part = sign * (abs(self.cost) * closing // abs(had))
        profit = sign * closing * unit - part
        self.realised += profit
        self.quantity = had + quantity
        opened = self.quantity if closing < abs(quantity) else 0
        self.cost = opened * unit if opened else self.cost - part
        return profit

    @property
    def unrealised(self) -> Money:
        """Profit of what is open at the mark; 0 where there is none."""
        mark = self.mark
        if mark is None or not self.quantity:
            return 0
        return self.quantity * mark * self.quote_scale - self.cost

    @property
    def profit_today(self) -> Money:
        """Realised and unrealised since the day began, before fees."""
        # As ``unrealised``, written out: a limit of losses asks with every order.
        last = self.book.last_price
        if self.quantity and last is not None:
            open_profit = self.quantity * last * self.quote_scale - self.cost
            return self.realised + open_profit - self.day_start
        return self.realised + self.unrealised - self.day_start

    @property
    def average_price(self) -> Price | None:
        """Cost by quantity in price units, rounded toward zero; ``None`` when flat."""
        if not self.quantity:
            return None
        return abs(self.cost) // (abs(self.quantity) * self.quote_scale)

    def secure(self) -> None:
        """Hold the margin that position and open orders need now: for the worst case of both sides (rule 42)."""
        quote = self.quote
        if quote is None or not self.margin:
            return
        most, least = self.quantity + self.open_buys, self.quantity - self.open_sells
        worst = max(-least, most)
        more = worst * self.margin - self.margin_held
        if more:
            self.margin_held += more
            quote.free -= more


class Hold(msgspec.Struct, weakref=False, gc=False):
    """What one open order holds. ``amount`` is of the quote asset for a buy, of the base asset for a sale.

    A Struct for what an ``Order`` is one for: there are many. Nothing points back at it.
    """

    stake: Stake
    is_buy: bool
    price: Price
    """What a buy holds for each unit: its reserve, its limit, or the highest price there is."""
    purse: Purse | None
    """What it holds in; ``None``: nothing, because none is settled, a margin is held, or it is fleeting."""
    leaves: Quantity = 0
    amount: Money = 0
    fleeting: bool = False
    """The order ends with the command that entered it, and pays out of what is free."""
    fixed: bool = False
    """Whether the price stays as it is when the order moves."""
    quote_set: QuoteSet | None = None

    def resize(self, leaves: Quantity) -> None:
        """Hold for so much open quantity from now on; what is not needed is free again."""
        if self.fleeting:
            return
        stake, change = self.stake, leaves - self.leaves
        self.leaves = leaves
        if self.is_buy:
            stake.open_buys += change
        else:
            stake.open_sells += change
        purse = self.purse
        if purse is not None:
            # A trade, mostly of all that is open.
            amount = needed(stake, self.is_buy, leaves, self.price) if leaves else 0
            purse.free += self.amount - amount
            self.amount = amount
        elif stake.margin:
            stake.secure()


def needed(stake: Stake, is_buy: bool, quantity: Quantity, price: Price) -> Money:
    """What so much open quantity of a spot instrument holds (rule 41)."""
    if not is_buy:
        return quantity * stake.base_scale
    notional = quantity * price * stake.quote_scale
    return notional + notional * stake.fee_ppm // PPM + quantity * stake.fee_unit


def cost_of(instrument: AddInstrument, quantity: Quantity, notional: Money) -> Money:
    """A sum of the quote asset with its fee, the higher one of maker and taker: what a buy must have (rule 41)."""
    rate = max(instrument.maker_fee_ppm, instrument.taker_fee_ppm, 0)
    unit = max(instrument.maker_fee_per_unit, instrument.taker_fee_per_unit, 0)
    return notional + notional * rate // PPM + quantity * unit


class House:
    """What belongs to no account: fees received, and what margined positions have realised."""

    __slots__ = ("clearing", "fees")

    def __init__(self) -> None:
        self.fees: dict[Asset, Money] = {}
        self.clearing: dict[Asset, Money] = {}

    def charge(self, asset: Asset, fee: Money) -> None:
        """Receive a fee; pay a rebate if it is negative."""
        self.fees[asset] = self.fees.get(asset, 0) + fee

    def pay(self, asset: Asset, profit: Money) -> None:
        """Pay a realised profit; receive a loss."""
        self.clearing[asset] = self.clearing.get(asset, 0) - profit

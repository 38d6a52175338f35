"""Money: who has how much of what, what of it is held, and what positions cost (rules 41, 43, 44).

In: deposits, holds and trades, one at a time. Out: balances, average prices, profit and loss. Integers only;
every unit that leaves one place arrives at another, which ``clearing.check`` proves. Knows orders only as the
``Hold`` of each; decides nothing.

Double entry: what accounts pay in fees the house receives; what margined positions realise the house pays.
So for every asset the purses of all accounts and of the house sum up to what was paid in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exchange.engine.commands import AddInstrument
from protocol.vocabulary import Asset, Money, Price, Quantity, QuoteSet, Settlement, Side

if TYPE_CHECKING:
    from exchange.engine.accounts import Account

PPM: Final = 1_000_000

_BUY: Final = Side.BUY


class Purse:
    """What one account has of one asset. ``free`` is below zero only where losses or an operator took it there."""

    __slots__ = ("free", "held")

    def __init__(self, free: Money = 0, held: Money = 0) -> None:
        self.free = free
        self.held = held


class Stake:
    """One account in one instrument: its position, what it cost, and what is open.

    ``cost`` is what the open position cost, of a short one negative; all money is in smallest units of the quote
    asset, or price units times quantity where nothing is settled.
    """

    __slots__ = (
        "account", "base", "base_scale", "cost", "day_start", "fee_ppm", "fee_unit", "fees", "instrument",
        "margin", "margin_held", "open_buys", "open_orders", "open_sells", "quantity", "quote", "quote_scale",
        "realised",
    )  # fmt: skip

    def __init__(
        self, account: Account, instrument: AddInstrument, base: Purse | None, quote: Purse | None
    ) -> None:
        self.account = account
        self.use(instrument)
        self.base = base
        self.quote = quote
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

    def use(self, instrument: AddInstrument) -> None:
        """Go by these scales, fees and margin from now on; they are looked up with every order."""
        self.instrument = instrument
        self.base_scale, self.quote_scale = instrument.base_scale, instrument.quote_scale
        self.fee_ppm = max(instrument.maker_fee_ppm, instrument.taker_fee_ppm, 0)
        self.fee_unit = max(instrument.maker_fee_per_unit, instrument.taker_fee_per_unit, 0)
        self.margin = instrument.margin if instrument.settlement is Settlement.MARGIN else 0

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

    def unrealised(self, mark: Price | None) -> Money:
        """Profit of what is open at the price ``mark``; 0 where there is no price."""
        if mark is None or not self.quantity:
            return 0
        return self.quantity * mark * self.quote_scale - self.cost

    @property
    def average_price(self) -> Price | None:
        """Cost by quantity in price units, rounded toward zero; ``None`` when flat."""
        if not self.quantity:
            return None
        return abs(self.cost) // (abs(self.quantity) * self.quote_scale)

    def required_margin(self, buys: Quantity, sells: Quantity) -> Money:
        """What the position holds in the worst case, with so much open on either side (rule 42)."""
        return self.margin * max(abs(self.quantity + buys), abs(self.quantity - sells))

    def secure(self) -> None:
        """Hold the margin that position and open orders need now."""
        if self.quote is None or not self.margin:
            return
        more = self.required_margin(self.open_buys, self.open_sells) - self.margin_held
        self.margin_held += more
        self.quote.free -= more
        self.quote.held += more


class Hold:
    """What one open order holds. ``amount`` is of the quote asset for a buy, of the base asset for a sale.

    ``fleeting``: the order ends with the command that entered it, and pays out of what is free.
    """

    __slots__ = ("amount", "fixed", "fleeting", "is_buy", "leaves", "price", "purse", "quote_set", "stake")

    def __init__(
        self,
        stake: Stake,
        side: Side,
        price: Price,
        *,
        fleeting: bool = False,
        fixed: bool = False,
        quote_set: QuoteSet | None = None,
    ) -> None:
        self.stake = stake
        self.is_buy = side is _BUY
        self.price = price
        """What a buy holds for each unit: its reserve, its limit, or the highest price there is."""
        self.fixed = fixed
        """Whether that stays as it is when the order moves."""
        self.leaves: Quantity = 0
        self.amount: Money = 0
        self.fleeting = fleeting
        self.quote_set = quote_set
        # Only spot instruments have a base: elsewhere an order by itself holds nothing.
        self.purse = None if stake.base is None or fleeting else stake.quote if self.is_buy else stake.base

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
            amount = self.needed(leaves)
            more = amount - self.amount
            self.amount = amount
            purse.free -= more
            purse.held += more

    def needed(self, leaves: Quantity) -> Money:
        """What so much open quantity holds."""
        stake = self.stake
        if not self.is_buy:
            return leaves * stake.base_scale
        notional = leaves * self.price * stake.quote_scale
        if stake.fee_ppm:
            return notional + notional * stake.fee_ppm // PPM + leaves * stake.fee_unit
        return notional + leaves * stake.fee_unit


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

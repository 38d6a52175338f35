"""Limits: what an account may not go beyond, and whether a request would (rules 41, 42).

In: limits by scope; a request and the account's stake in the instrument. Out: ``None``, or which limit it would
break with a sentence. Changes nothing but the count of requests. Funds are looked at elsewhere, afterwards.

The narrowest scope that bounds a thing decides: account and instrument, account, instrument, everybody. Open
orders, daily loss and the message rate are counted over all instruments where the scope names none.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from exchange.engine import bands
from exchange.engine.accounts import Account
from exchange.engine.commands import Limits
from exchange.engine.ledger import NOTHING, Stake
from protocol.vocabulary import (
    AccountId,
    Limit,
    Money,
    Nanoseconds,
    Price,
    Quantity,
    RejectReason,
    Symbol,
)

SECOND_NS: Final = 1_000_000_000

REASONS: Final = {
    Limit.ORDER_QUANTITY: RejectReason.ORDER_QUANTITY_LIMIT,
    Limit.ORDER_NOTIONAL: RejectReason.ORDER_NOTIONAL_LIMIT,
    Limit.OPEN_ORDERS: RejectReason.OPEN_ORDERS_LIMIT,
    Limit.OPEN_QUANTITY: RejectReason.OPEN_QUANTITY_LIMIT,
    Limit.POSITION: RejectReason.POSITION_LIMIT,
    Limit.COLLAR: RejectReason.COLLAR_LIMIT,
    Limit.DAILY_LOSS: RejectReason.DAILY_LOSS_LIMIT,
    Limit.MESSAGE_RATE: RejectReason.MESSAGE_RATE_LIMIT,
}

UNBOUNDED: Final = 2**200
"""Above everything that can be counted: one comparison fewer than asking whether there is a bound."""

_ORDERS: Final = 256
"""So many orders a grant should be good for; a venue with less room than that looks closely more often."""

_OF_EACH: Final = (
    Limit.ORDER_QUANTITY, Limit.ORDER_NOTIONAL, Limit.OPEN_QUANTITY, Limit.POSITION, Limit.COLLAR,
)  # fmt: skip
"""Looked at in each instrument by itself, whatever scope they come from."""

_OF_SCOPE: Final = (Limit.OPEN_ORDERS, Limit.DAILY_LOSS)
"""Counted in the instrument that the scope names, or over all."""

_OVER_ALL: Final = {
    Limit.OPEN_ORDERS: "all_orders",
    Limit.DAILY_LOSS: "all_losses",
    Limit.MESSAGE_RATE: "message_rate",
}
"""The bounds of what is counted over all instruments."""


class Breach(NamedTuple):
    """A limit that a request would break."""

    limit: Limit
    text: str
    hard: bool


class Request(NamedTuple):
    """What an entry or a replace asks for, as far as limits go."""

    is_buy: bool
    quantity: Quantity
    """Total of the order; 0 for an order by amount."""
    more: Quantity
    """How much more would be open than is now."""
    price: Price | None
    """Limit, if it names one."""
    notional: Money
    rests: bool
    """Whether it is an order more that may stay open."""


class Bounds:
    """The limits that hold for one account in one instrument, out of all scopes."""

    __slots__ = (
        "all_losses", "all_orders", "collar", "daily_loss", "fewest_losses", "hard", "message_rate", "open_orders", "open_quantity",
        "order_notional", "order_quantity", "position",
    )  # fmt: skip

    def __init__(self) -> None:
        self.order_quantity: Quantity = UNBOUNDED
        self.order_notional: Money = UNBOUNDED
        self.open_quantity: Quantity = UNBOUNDED
        self.position: Quantity = UNBOUNDED
        self.collar: Price = UNBOUNDED
        self.open_orders = UNBOUNDED
        self.daily_loss: Money = UNBOUNDED
        self.all_orders = UNBOUNDED
        self.all_losses: Money = UNBOUNDED
        self.fewest_losses: Money = UNBOUNDED
        """The narrower one of both bounds of losses: what counts where there is one instrument only."""
        self.message_rate = UNBOUNDED
        self.hard: set[str] = set()

    def passes(self, stake: Stake, is_buy: bool, quantity: Quantity, price: Price) -> bool:
        """Whether a limit order that may rest is well within everything; if not, ``breach`` looks closer."""
        account = stake.account
        if (
            account.requests > self.message_rate
            or stake.open_orders >= self.open_orders
            or quantity > self.order_quantity
            or quantity * price * stake.quote_scale > self.order_notional
            or stake.open_buys + stake.open_sells + quantity > self.open_quantity
        ):
            return False
        if is_buy:
            if stake.quantity + stake.open_buys + quantity > self.position:
                return False
        elif stake.open_sells + quantity - stake.quantity > self.position:
            return False
        collar = self.collar
        if collar is not UNBOUNDED:
            book = stake.book
            centre = book.last_price if book.last_price is not None else bands.middle(book)
            if centre is not None and not -collar <= price - centre <= collar:
                return False
        if len(account.stakes) == 1:
            if stake.open_orders >= self.all_orders:
                return False
            if self.fewest_losses is UNBOUNDED:
                return True
            # As ``Stake.profit_today``, written out.
            last = stake.book.last_price
            if stake.quantity and last is not None:
                open_profit = stake.quantity * last * stake.quote_scale - stake.cost
                return stake.day_start - stake.realised - open_profit <= self.fewest_losses
            return -stake.profit_today <= self.fewest_losses
        if self.all_orders is not UNBOUNDED and orders_over_all(account) >= self.all_orders:
            return False
        if self.daily_loss is not UNBOUNDED and -stake.profit_today > self.daily_loss:
            return False
        return self.all_losses is UNBOUNDED or loss_over_all(stake) <= self.all_losses

    def grant(self, stake: Stake, quantity: Quantity, price: Price) -> None:
        """Note what may be done from here without asking ``passes``, which the order in hand has passed.

        Only ever too little. An account opens no more orders than it makes requests, and no more quantity than
        that many of the largest order; cancels give nothing back, and trades make the worst case of no side worse.
        Whatever else could make things worse takes the grant back: other limits, another second, day or instrument
        of the account; a bust, and whatever is entered or replaced without going by the grant.
        """
        account = stake.account
        many = len(account.stakes) > 1
        orders = self.open_orders - stake.open_orders
        if self.all_orders is not UNBOUNDED:
            orders = min(orders, self.all_orders - orders_over_all(account))
        room = min(
            self.open_quantity - stake.open_buys - stake.open_sells,
            self.position - stake.quantity - stake.open_buys,
            self.position + stake.quantity - stake.open_sells,
        )
        # However much room there is, not all of it is for a single order; but the one in hand fits.
        most = min(self.order_quantity, stake.book.maximum_quantity, max(quantity, room // _ORDERS))
        stake.dearest = UNBOUNDED
        if self.order_notional is not UNBOUNDED:
            # Any quantity up to one and any price up to the other: both have some way to go.
            most = min(most, max(quantity, self.order_notional // (2 * price * stake.quote_scale)))
            stake.dearest = self.order_notional // (most * stake.quote_scale)
        stake.most = most
        stake.allowed = min(self.message_rate, account.requests - 1 + min(orders, room // most))
        if not many:
            stake.least = stake.day_start - self.fewest_losses
        elif self.all_losses is UNBOUNDED:
            stake.least = stake.day_start - self.daily_loss
        else:
            stake.least = UNBOUNDED  # other instruments count: always ask

    def breach(self, stake: Stake, asked: Request) -> Breach | None:
        """Which limit the request would break first, if any."""
        account, symbol = stake.account, stake.book.symbol
        if account.requests > self.message_rate:
            text = f"{account.requests} requests this second; {self.message_rate} are allowed"
            return self._breach(Limit.MESSAGE_RATE, "message_rate", text)
        if asked.rests and orders_over_all(account) >= self.all_orders:
            text = f"{orders_over_all(account)} orders are open; {self.all_orders} are allowed"
            return self._breach(Limit.OPEN_ORDERS, "all_orders", text)
        if asked.quantity > self.order_quantity:
            text = f"quantity {asked.quantity} is above the limit of {self.order_quantity}"
            return self._breach(Limit.ORDER_QUANTITY, "order_quantity", text)
        if asked.notional > self.order_notional:
            text = f"notional {asked.notional} is above the limit of {self.order_notional}"
            return self._breach(Limit.ORDER_NOTIONAL, "order_notional", text)
        if self.collar is not UNBOUNDED and asked.price is not None:
            span = bands.around(bands.middle(stake.book), self.collar)
            if span is not None and asked.price not in span:
                text = f"price {asked.price} is outside of {span.lowest} to {span.highest}"
                return self._breach(Limit.COLLAR, "collar", text)
        if asked.rests and stake.open_orders >= self.open_orders:
            text = f"{stake.open_orders} orders are open in {symbol}; {self.open_orders} are allowed"
            return self._breach(Limit.OPEN_ORDERS, "open_orders", text)
        return self._breach_by_more(stake, asked)

    def _breach_by_more(self, stake: Stake, asked: Request) -> Breach | None:
        """What concerns requests only that open more than is open now."""
        if asked.more <= 0:
            return None
        would_be = stake.open_buys + stake.open_sells + asked.more
        if would_be > self.open_quantity:
            text = f"quantity {would_be} would be open; {self.open_quantity} are allowed"
            return self._breach(Limit.OPEN_QUANTITY, "open_quantity", text)
        # Only the side that it makes worse: an order that merely reduces passes whatever the position is.
        if asked.is_buy:
            worst = stake.quantity + stake.open_buys + asked.more
        else:
            worst = stake.open_sells + asked.more - stake.quantity
        if worst > self.position:
            signed = worst if asked.is_buy else -worst
            text = f"the position could become {signed}; {self.position} is allowed"
            return self._breach(Limit.POSITION, "position", text)
        return None if worst <= 0 else self.lost_too_much(stake)

    def lost_too_much(self, stake: Stake) -> Breach | None:
        """Whether more was lost today than may be, in the instrument or in all with its quote asset."""
        if self.daily_loss is not UNBOUNDED and -stake.profit_today > self.daily_loss:
            text = f"{-stake.profit_today} lost today in {stake.book.symbol}; {self.daily_loss} is allowed"
            return self._breach(Limit.DAILY_LOSS, "daily_loss", text)
        if self.all_losses is not UNBOUNDED:
            loss = loss_over_all(stake)
            if loss > self.all_losses:
                text = f"{loss} lost today; {self.all_losses} is allowed"
                return self._breach(Limit.DAILY_LOSS, "all_losses", text)
        return None

    def _breach(self, limit: Limit, bound: str, text: str) -> Breach:
        return Breach(limit, text, bound in self.hard)


class Scopes:
    """All limits that were set, and the bounds that follow from them."""

    def __init__(self) -> None:
        self.by_scope: dict[tuple[AccountId | None, Symbol | None], Limits] = {}
        self.version = 0
        """Changes with every change of the limits."""
        self.any_hard_loss = False
        """Whether profits need looking at after trades."""

    def set(self, account: AccountId | None, symbol: Symbol | None, limits: Limits) -> None:
        """Replace what a scope bounds."""
        if limits == Limits():
            self.by_scope.pop((account, symbol), None)
        else:
            self.by_scope[account, symbol] = limits
        self.version += 1
        self.any_hard_loss = any(Limit.DAILY_LOSS in limits.hard for limits in self.by_scope.values())

    def bounds(self, stake: Stake) -> Bounds | None:
        """What bounds the account in the instrument; ``None``: nothing does."""
        if stake.version != self.version:
            stake.version, stake.allowed = self.version, NOTHING
            stake.bounds = self._resolve(stake.account.name, stake.book.symbol)
        return stake.bounds

    def _resolve(self, account: AccountId, symbol: Symbol) -> Bounds | None:
        bounds = Bounds()
        for limit in _OF_EACH:
            scopes = ((account, symbol), (account, None), (None, symbol), (None, None))
            self._bound(bounds, limit, limit.value, scopes)
        for limit in _OF_SCOPE:
            self._bound(bounds, limit, limit.value, ((account, symbol), (None, symbol)))
        for limit, name in _OVER_ALL.items():
            self._bound(bounds, limit, name, ((account, None), (None, None)))
        bounds.fewest_losses = min(bounds.all_losses, bounds.daily_loss)
        names = (name for name in Bounds.__slots__ if name != "hard")
        return bounds if any(getattr(bounds, name) is not UNBOUNDED for name in names) else None

    def _bound(
        self,
        bounds: Bounds,
        limit: Limit,
        name: str,
        scopes: tuple[tuple[AccountId | None, Symbol | None], ...],
    ) -> None:
        for scope in scopes:
            of_scope = self.by_scope.get(scope)
            value = None if of_scope is None else getattr(of_scope, limit.value)
            if of_scope is not None and value is not None:
                setattr(bounds, name, value)
                if limit in of_scope.hard:
                    bounds.hard.add(name)
                return


def orders_over_all(account: Account) -> int:
    """How many orders the account has open."""
    count = 0
    for stake in account.stakes.values():
        count += stake.open_orders
    return count


def loss_over_all(stake: Stake) -> Money:
    """What the account lost today in all instruments with the same quote asset; a profit is negative."""
    stakes = stake.account.stakes
    if len(stakes) == 1:
        return -stake.profit_today
    return -sum(one.profit_today for one in stakes.values() if one.asset == stake.asset)


def count_request(account: Account, at_ns: Nanoseconds) -> None:
    """Count a request in its second of the venue's clock."""
    if at_ns >= account.second_ends_ns:
        next_second(account, at_ns)
    account.requests += 1


def next_second(account: Account, at_ns: Nanoseconds) -> None:
    """Count from zero: another second has begun."""
    account.second_ends_ns, account.requests = (at_ns // SECOND_NS + 1) * SECOND_NS, 0
    for stake in account.stakes.values():
        stake.allowed = NOTHING  # it counts on the requests of its second

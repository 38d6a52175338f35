"""Limits: what an account may not go beyond, and whether a request would (rules 41, 42).

In: a request, the account's stake in the instrument, the book. Out: ``None``, or which limit it breaks with a
sentence. Changes nothing but the count of requests. Funds are looked at elsewhere, after the limits.

The narrowest scope that bounds a thing decides: account and instrument, account, instrument, everybody. Open
orders, daily loss and the message rate are counted over all instruments where the scope names none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from exchange.engine import bands
from exchange.engine.accounts import Account
from exchange.engine.commands import Limits
from exchange.engine.ledger import Stake
from protocol.vocabulary import (
    AccountId,
    Limit,
    Money,
    Nanoseconds,
    Price,
    Quantity,
    RejectReason,
    Side,
    Symbol,
)

if TYPE_CHECKING:
    from exchange.engine.book import Book

_BUY: Final = Side.BUY
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

IN_EACH: Final = (
    Limit.ORDER_QUANTITY, Limit.ORDER_NOTIONAL, Limit.OPEN_QUANTITY, Limit.POSITION, Limit.COLLAR,
)  # fmt: skip
"""Looked at in each instrument by itself, whatever scope they come from."""

OVER_ALL: Final = (Limit.OPEN_ORDERS, Limit.DAILY_LOSS, Limit.MESSAGE_RATE)
"""Counted over all instruments, unless the scope names one; the message rate always."""


class Breach(NamedTuple):
    """A limit that a request would break."""

    limit: Limit
    text: str
    hard: bool


class Bounds:
    """The limits that hold for one account, in one instrument or over all, out of all scopes."""

    __slots__ = (
        "collar", "daily_loss", "hard", "message_rate", "open_orders", "open_quantity", "order_notional",
        "order_quantity", "position",
    )  # fmt: skip

    def __init__(self) -> None:
        self.order_quantity: Quantity | None = None
        self.order_notional: Money | None = None
        self.open_orders: int | None = None
        self.open_quantity: Quantity | None = None
        self.position: Quantity | None = None
        self.collar: Price | None = None
        self.daily_loss: Money | None = None
        self.message_rate: int | None = None
        self.hard: set[Limit] = set()

    def breach(self, limit: Limit, text: str) -> Breach:
        """A breach of one of these."""
        return Breach(limit, text, limit in self.hard)


class Scopes:
    """All limits that were set, and the bounds that follow from them for each stake."""

    def __init__(self) -> None:
        self.by_scope: dict[tuple[AccountId | None, Symbol | None], Limits] = {}
        self.any_hard_loss = False
        """Whether profits need looking at after trades."""
        self._of_account: dict[AccountId, Bounds | None] = {}
        self._of_stake: dict[tuple[AccountId, Symbol], Bounds | None] = {}

    def set(self, account: AccountId | None, symbol: Symbol | None, limits: Limits) -> None:
        """Replace what a scope bounds."""
        if limits == Limits():
            self.by_scope.pop((account, symbol), None)
        else:
            self.by_scope[account, symbol] = limits
        self._of_account.clear()
        self._of_stake.clear()
        self.any_hard_loss = any(Limit.DAILY_LOSS in limits.hard for limits in self.by_scope.values())

    def over_all(self, account: AccountId) -> Bounds | None:
        """What bounds the account as a whole; ``None``: nothing."""
        try:
            return self._of_account[account]
        except KeyError:
            bounds = self._resolve(OVER_ALL, ((account, None), (None, None)))
            self._of_account[account] = bounds
            return bounds

    def in_instrument(self, account: AccountId, symbol: Symbol) -> Bounds | None:
        """What bounds the account in one instrument; ``None``: nothing."""
        try:
            return self._of_stake[account, symbol]
        except KeyError:
            everywhere = self._resolve(
                IN_EACH, ((account, symbol), (account, None), (None, symbol), (None, None))
            )
            here = self._resolve(OVER_ALL[:2], ((account, symbol), (None, symbol)), everywhere)
            self._of_stake[account, symbol] = here
            return here

    def _resolve(
        self,
        limits: tuple[Limit, ...],
        scopes: tuple[tuple[AccountId | None, Symbol | None], ...],
        into: Bounds | None = None,
    ) -> Bounds | None:
        for limit in limits:
            for scope in scopes:
                of_scope = self.by_scope.get(scope)
                value = None if of_scope is None else getattr(of_scope, limit.value)
                if of_scope is not None and value is not None:
                    into = into or Bounds()
                    setattr(into, limit.value, value)
                    if limit in of_scope.hard:
                        into.hard.add(limit)
                    break
        return into


def count_request(account: Account, at_ns: Nanoseconds) -> None:
    """Count a request in its second of the venue's clock."""
    second = at_ns // SECOND_NS
    if account.second != second:
        account.second, account.requests = second, 0
    account.requests += 1


def over_all(bounds: Bounds, account: Account, rests: bool) -> Breach | None:
    """Why the account as a whole may not do this, or ``None``; profits aside.

    ``rests``: it would be an order more that may stay open.
    """
    if bounds.message_rate is not None and account.requests > bounds.message_rate:
        text = f"{account.requests} requests this second; {bounds.message_rate} are allowed"
        return bounds.breach(Limit.MESSAGE_RATE, text)
    if bounds.open_orders is not None and rests and account.open_orders >= bounds.open_orders:
        text = f"{account.open_orders} orders are open; {bounds.open_orders} are allowed"
        return bounds.breach(Limit.OPEN_ORDERS, text)
    return None


def of_order(
    bounds: Bounds, book: Book, quantity: Quantity, price: Price | None, notional: Money
) -> Breach | None:
    """Why such an order may not be in this instrument, whatever else is open; or ``None``.

    ``quantity`` is the total, 0 of an order by amount; ``price`` its limit if it has one.
    """
    if bounds.order_quantity is not None and quantity > bounds.order_quantity:
        text = f"quantity {quantity} is above the limit of {bounds.order_quantity}"
        return bounds.breach(Limit.ORDER_QUANTITY, text)
    if bounds.order_notional is not None and notional > bounds.order_notional:
        text = f"notional {notional} is above the limit of {bounds.order_notional}"
        return bounds.breach(Limit.ORDER_NOTIONAL, text)
    if bounds.collar is not None and price is not None:
        span = bands.around(bands.middle(book), bounds.collar)
        if span is not None and not span.lowest <= price <= span.highest:
            text = f"price {price} is outside of {span.lowest} to {span.highest}"
            return bounds.breach(Limit.COLLAR, text)
    return None


def of_open(bounds: Bounds, stake: Stake, is_buy: bool, more: Quantity, rests: bool) -> Breach | None:
    """Why so much more may not be open on one side of the instrument, or ``None``."""
    if bounds.open_orders is not None and rests and stake.open_orders >= bounds.open_orders:
        symbol = stake.instrument.symbol
        text = f"{stake.open_orders} orders are open in {symbol}; {bounds.open_orders} are allowed"
        return bounds.breach(Limit.OPEN_ORDERS, text)
    if more <= 0:
        return None
    if bounds.open_quantity is not None:
        would_be = stake.open_buys + stake.open_sells + more
        if would_be > bounds.open_quantity:
            text = f"quantity {would_be} would be open; {bounds.open_quantity} are allowed"
            return bounds.breach(Limit.OPEN_QUANTITY, text)
    if bounds.position is not None:
        # Only the side that it makes worse: an order that merely reduces passes whatever the position is.
        if is_buy:
            worst = stake.quantity + stake.open_buys + more
        else:
            worst = stake.open_sells + more - stake.quantity
        if worst > bounds.position:
            text = f"the position could become {worst if is_buy else -worst}; {bounds.position} is allowed"
            return bounds.breach(Limit.POSITION, text)
    return None


def reduces(stake: Stake, is_buy: bool, more: Quantity) -> bool:
    """Whether all that would be open on that side could only bring the position nearer to zero."""
    if is_buy:
        return stake.quantity + stake.open_buys + more <= 0
    return stake.quantity - stake.open_sells - more >= 0

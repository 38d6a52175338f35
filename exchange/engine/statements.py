"""What an account has, for whoever asks: balances, and what it holds in each instrument.

In: an account. Out: values, in a fixed order. Reads only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from exchange.engine.accounts import Account
from protocol.vocabulary import Asset, Money, Price, Quantity, Side, Symbol

_BUY: Final = Side.BUY


class Holding(NamedTuple):
    """What an account has in an instrument; money in smallest units of the quote asset."""

    symbol: Symbol
    quantity: int
    cost: Money
    average_price: Price | None
    realised: Money
    unrealised: Money
    fees: Money
    open_orders: int
    open_buys: Quantity
    open_sells: Quantity


def balances(account: Account | None) -> list[tuple[Asset, Money, Money]]:
    """``(asset, free, held)``, by asset."""
    if account is None:
        return []
    return [(asset, purse.free, purse.held) for asset, purse in sorted(account.purses.items())]


def holdings(account: Account | None, symbols: Iterable[Symbol]) -> list[Holding]:
    """What the account has or had, or has open, in these instruments."""
    if account is None:
        return []
    known = {symbol for symbol, quantity in account.positions.items() if quantity}
    known |= {order.symbol for order in account.orders.values() if order.leaves} | account.stakes.keys()
    return [holding(account, symbol) for symbol in symbols if symbol in known]


def holding(account: Account | None, symbol: Symbol) -> Holding:
    """What the account has in one instrument. Where no books are kept only its quantities are known."""
    stake = account.stakes.get(symbol) if account is not None else None
    if stake is None:
        return _unkept(account, symbol)
    return Holding(
        symbol, stake.quantity, stake.cost, stake.average_price, stake.realised, stake.unrealised, stake.fees,
        stake.open_orders, stake.open_buys, stake.open_sells,
    )  # fmt: skip


def _unkept(account: Account | None, symbol: Symbol) -> Holding:
    """What is known where no books are kept."""
    if account is None:
        return Holding(symbol, 0, 0, None, 0, 0, 0, 0, 0, 0)
    live = [order for order in account.orders.values() if order.leaves and order.symbol == symbol]
    buys = sum(order.leaves for order in live if order.side is _BUY)
    sells = sum(order.leaves for order in live) - buys
    return Holding(symbol, account.positions.get(symbol, 0), 0, None, 0, 0, 0, len(live), buys, sells)

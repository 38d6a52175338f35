"""Proof that the books are right: money is conserved, and every hold is what its order must hold.

In: the books, the market. Out: what does not add up, as sentences. Looks at everything anew, as slowly as
that takes; changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from exchange.engine import holds
from exchange.engine.ledger import Stake, cost_of
from protocol.vocabulary import AccountId, Asset, Money, Settlement, Side, Symbol

if TYPE_CHECKING:
    from exchange.engine.bookkeeping import Bookkeeper
    from exchange.engine.execution import Market


def faults(books: Bookkeeper, market: Market) -> Iterator[str]:
    """Everything that does not add up."""
    yield from _faults_of_orders(books, market)
    yield from _faults_of_positions(market)
    yield from _faults_of_money(books, market)


def _faults_of_orders(books: Bookkeeper, market: Market) -> Iterator[str]:
    """Holds, open quantities and margins, reckoned from the live orders."""
    held: dict[tuple[AccountId, Asset], Money] = defaultdict(int)
    opened: dict[tuple[AccountId, Symbol], list[int]] = defaultdict(lambda: [0, 0, 0])
    live = {order.order_id: order for book in market.books.values() for order in book.orders()}
    if not books.holds.keys() <= live.keys():
        yield f"holds of {sorted(books.holds.keys() - live.keys())}: the order is not live"
    for order_id in sorted(live.keys() - books.holds.keys()):
        order = live[order_id]
        spot = market.books[order.symbol].instrument.settlement is Settlement.SPOT
        if not spot or not holds.is_plain(order):
            yield f"order {order_id} has no hold, and is not plain"
    for order in live.values():
        instrument = market.books[order.symbol].instrument
        counts = opened[order.account, order.symbol]
        counts[0] += 1
        counts[1 if order.side is Side.BUY else 2] += order.leaves
        if instrument.settlement is not Settlement.SPOT:
            continue
        assert instrument.base is not None
        assert instrument.quote is not None
        if order.side is Side.BUY:
            price = holds.price_of_order(instrument, order)
            notional = order.leaves * price * instrument.quote_scale
            held[order.account, instrument.quote] += cost_of(instrument, order.leaves, notional)
        else:
            held[order.account, instrument.base] += order.leaves * instrument.base_scale
    for account in market.accounts.by_name.values():
        for symbol, stake in account.stakes.items():
            counts = opened[account.name, symbol]
            if [stake.open_orders, stake.open_buys, stake.open_sells] != counts:
                yield f"{account.name} in {symbol}: open orders, buys and sells are {counts}"
            margin = _margin(stake)
            if margin != stake.margin_held:
                yield f"{account.name} in {symbol}: margin {stake.margin_held} held, {margin} needed"
            if margin and stake.instrument.quote is not None:
                held[account.name, stake.instrument.quote] += margin
        for asset, purse in account.purses.items():
            if purse.held != held[account.name, asset]:
                yield f"{account.name}: {purse.held} {asset} held, {held[account.name, asset]} needed"


def _margin(stake: Stake) -> Money:
    if stake.instrument.settlement is not Settlement.MARGIN:
        return 0
    worst = max(abs(stake.quantity + stake.open_buys), abs(stake.quantity - stake.open_sells))
    return stake.instrument.margin * worst


def _faults_of_positions(market: Market) -> Iterator[str]:
    """For every buyer there was a seller."""
    sums: dict[Symbol, int] = defaultdict(int)
    for account in market.accounts.by_name.values():
        for symbol, quantity in account.positions.items():
            sums[symbol] += quantity
            stake = account.stakes.get(symbol)
            if stake is None or stake.quantity != quantity:
                yield f"{account.name} in {symbol}: position {quantity} is not that of the books"
    for symbol, total in sums.items():
        if total:
            yield f"{symbol}: positions of all accounts sum up to {total}"


def _faults_of_money(books: Bookkeeper, market: Market) -> Iterator[str]:
    """What was paid in is there (rule 43)."""
    there: dict[Asset, Money] = defaultdict(int)
    cost: dict[Asset, Money] = defaultdict(int)
    for account in market.accounts.by_name.values():
        for asset, purse in account.purses.items():
            there[asset] += purse.total
        for stake in account.stakes.values():
            if stake.instrument.settlement is Settlement.MARGIN and stake.instrument.quote is not None:
                cost[stake.instrument.quote] += stake.cost
    for of_house in (books.house.fees, books.house.clearing):
        for asset, money in of_house.items():
            there[asset] += money
    for asset in there.keys() | books.paid_in.keys():
        if there[asset] != books.paid_in.get(asset, 0):
            yield f"{asset}: {books.paid_in.get(asset, 0)} paid in, {there[asset]} there"
    for asset in cost.keys() | books.house.clearing.keys():
        # What was realised so far was paid by those who hold the positions now: it is in what they cost.
        if books.house.clearing.get(asset, 0) + cost[asset]:
            yield f"{asset}: the house paid {-books.house.clearing.get(asset, 0)}, open positions cost {cost[asset]}"

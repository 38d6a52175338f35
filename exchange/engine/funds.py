"""Whether an account can pay for what it asks (rule 41).

In: a request, what it would hold, what the account has. Out: ``None``, or a refusal that names needed and free.
Changes nothing. Exact equality passes, one unit short fails.
"""

from __future__ import annotations

from typing import Final

from exchange.engine import holds
from exchange.engine.accounts import Account
from exchange.engine.bookkeeping import Bookkeeper
from exchange.engine.commands import EnterOrder, ReplaceOrder
from exchange.engine.execution import Market
from exchange.engine.ledger import Hold, Stake
from exchange.engine.order import Order
from exchange.engine.refusals import Refusal
from protocol.vocabulary import Asset, Money, Quantity, RejectReason, Settlement

_NONE: Final = Settlement.NONE
_MARGIN: Final = Settlement.MARGIN


class Funds:
    """Asks the books."""

    def __init__(self, market: Market, books: Bookkeeper) -> None:
        self._market = market
        self._books = books

    def of_entry(self, command: EnterOrder, account: Account, stake: Stake, hold: Hold) -> Refusal | None:
        """Why the account can't pay for an order, or ``None``."""
        purse = hold.purse
        if purse is not None:
            needed = hold.needed(command.quantity)
        elif stake.instrument.settlement is _NONE:
            return None
        elif stake.instrument.settlement is _MARGIN:
            return self._of_margin(account, stake, command.quantity if hold.is_buy else -command.quantity)
        else:
            needed = holds.needed_now(self._market.books[command.symbol], command)
            purse = stake.quote if hold.is_buy else stake.base
            assert purse is not None
        return None if needed <= purse.free else _too_little(_asset(hold), needed, purse.free)

    def of_replace(
        self, command: ReplaceOrder, account: Account, order: Order, hold: Hold, leaves: Quantity
    ) -> Refusal | None:
        """Why it can't pay for what a replaced order would hold more, or ``None``."""
        stake, purse = hold.stake, hold.purse
        if stake.instrument.settlement is _MARGIN:
            more = max(0, leaves - order.leaves)
            return self._of_margin(account, stake, more if hold.is_buy else -more)
        if purse is None:
            return None
        price = hold.price
        if command.price is not None and order.terms.reserve_price is None:
            hold.price = command.price  # only to ask what it would need
        needed = hold.needed(leaves) - hold.amount
        hold.price = price
        return None if needed <= max(0, purse.free) else _too_little(_asset(hold), needed, purse.free)

    def _of_margin(self, account: Account, stake: Stake, more: Quantity) -> Refusal | None:
        """The same where a margin is held. Losses that are not realised yet count, gains do not.

        ``more``: how much more would be open to buy, negative to sell. What merely reduces passes (rule 42).
        """
        assert stake.quote is not None
        buys, sells = stake.open_buys + max(0, more), stake.open_sells + max(0, -more)
        needed = stake.required_margin(buys, sells) - stake.margin_held
        if needed <= 0:
            return None
        available = stake.quote.free + min(0, self._books.unrealised_margin(account, stake.quote))
        return None if needed <= available else _too_little(stake.instrument.quote, needed, available)


def _asset(hold: Hold) -> Asset | None:
    return hold.stake.instrument.quote if hold.is_buy else hold.stake.instrument.base


def _too_little(asset: Asset | None, needed: Money, free: Money) -> Refusal:
    return RejectReason.INSUFFICIENT_FUNDS, f"{needed} {asset} needed, {free} free"

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
from exchange.engine.ledger import Hold, Stake, needed
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
            need = needed(stake, hold.is_buy, command.quantity, hold.price)
        elif stake.instrument.settlement is _NONE:
            return None
        elif stake.instrument.settlement is _MARGIN:
            return self.of_margin(stake, hold.is_buy, command.quantity)
        else:
            need = holds.needed_now(self._market.books[command.symbol], command)
            purse = stake.quote if hold.is_buy else stake.base
            assert purse is not None
        return None if need <= max(0, purse.free) else _too_little(_asset(hold), need, purse.free)

    def of_replace(
        self, command: ReplaceOrder, account: Account, order: Order, hold: Hold, leaves: Quantity
    ) -> Refusal | None:
        """Why it can't pay for what a replaced order would hold more, or ``None``."""
        stake, purse = hold.stake, hold.purse
        if stake.instrument.settlement is _MARGIN:
            return self.of_margin(stake, hold.is_buy, max(0, leaves - order.leaves))
        if purse is None:
            return None
        moves = command.price is not None and order.terms.reserve_price is None
        price = command.price if moves and command.price is not None else hold.price
        more = needed(stake, hold.is_buy, leaves, price) - hold.amount
        return None if more <= max(0, purse.free) else _too_little(_asset(hold), more, purse.free)

    def of_margin(self, stake: Stake, is_buy: bool, more: Quantity) -> Refusal | None:
        """Why the account can't secure so much more open quantity, or ``None``.

        Losses that are not realised yet count, gains do not. What merely reduces passes (rule 42).
        """
        if is_buy:
            worst = abs(stake.quantity + stake.open_buys + more)
        else:
            worst = abs(stake.quantity - stake.open_sells - more)
        need = worst * stake.margin - stake.margin_held
        if need <= 0:
            return None
        assert stake.quote is not None
        available = stake.quote.free + min(0, self._books.unrealised_margin(stake.account, stake.quote))
        return None if need <= available else _too_little(stake.instrument.quote, need, available)


def _asset(hold: Hold) -> Asset | None:
    return hold.stake.instrument.quote if hold.is_buy else hold.stake.instrument.base


def _too_little(asset: Asset | None, need: Money, free: Money) -> Refusal:
    return RejectReason.INSUFFICIENT_FUNDS, f"{need} {asset} needed, {free} free"

"""Express lanes that are broken on purpose, each in one place: grants that go too far, money that stays where it was.

In: nothing. Out: mutants by name, made as those of ``mutants``.
"""

from collections.abc import Callable
from typing import Any, Final

from exchange.engine import express
from exchange.engine.accounts import Account
from exchange.engine.bookkeeping import Bookkeeper
from exchange.engine.clearing import Clearing
from exchange.engine.events import OrderCanceled, OrderReplaced, TradeBusted
from exchange.engine.express import Express
from exchange.engine.ledger import Stake
from exchange.engine.payment import Payment
from exchange.engine.risk import UNBOUNDED, Bounds
from protocol.vocabulary import Price, Quantity
from tests.support.mutant import Mutant

Grant = Callable[[Bounds, Stake, Quantity, Price], None]
Method = Callable[..., Any]


# -- what is granted -------------------------------------------------------------------------------
def _grant(**changed: Callable[[int], int]) -> Callable[[Grant], Grant]:
    def make(grant: Grant) -> Grant:
        def broken(self: Bounds, stake: Stake, quantity: Quantity, price: Price) -> None:
            grant(self, stake, quantity, price)
            for name, change in changed.items():
                setattr(stake, name, change(getattr(stake, name)))

        return broken

    return make


def _allowed(account: Account) -> dict[Stake, int]:
    return {stake: stake.allowed for stake in account.stakes.values()}


def _restore(allowed: dict[Stake, int]) -> None:
    for stake, requests in allowed.items():
        stake.allowed = requests


def _keep_in_next_second(next_second: Method) -> Method:
    def broken(account: Account, at_ns: int) -> None:
        allowed = _allowed(account)
        next_second(account, at_ns)
        _restore(allowed)

    return broken


def _keep_with(method: Method) -> Method:
    """For methods that have the account as their second argument."""

    def broken(self: Clearing, command: Any, account: Account, *more: Any) -> Any:
        allowed = _allowed(account)
        events = method(self, command, account, *more)
        _restore(allowed)
        return events

    return broken


def _keep_at_bust(busted: Method) -> Method:
    def broken(self: Bookkeeper, event: TradeBusted) -> None:
        both = [_allowed(self._accounts[name]) for name in (event.buyer, event.seller)]
        busted(self, event)
        for allowed in both:
            _restore(allowed)

    return broken


def _keep_overnight(day_ended: Method) -> Method:
    def broken(self: Bookkeeper, event: Any) -> None:
        everybody = [_allowed(account) for account in self._accounts.values()]
        day_ended(self, event)
        for allowed in everybody:
            _restore(allowed)

    return broken


# -- money -----------------------------------------------------------------------------------------
def _hold_for_canceled(cancel: Method) -> Method:
    def broken(self: Express, command: Any) -> Any:
        events = cancel(self, command)
        if type(events[0]) is OrderCanceled:
            stake = self._accounts[command.account].stakes[events[0].symbol]
            if stake.quote is not None:
                stake.quote.free -= 1
        return events

    return broken


def _hold_for_old_price(replace: Method) -> Method:
    def broken(self: Express, command: Any) -> Any:
        account = self._accounts[command.account]
        free = {purse: purse.free for purse in account.purses.values()}
        events = replace(self, command)
        if type(events[0]) is OrderReplaced and len(events) == 1:
            for purse, amount in free.items():
                purse.free = amount
        return events

    return broken


def _charge_nothing(pay: Method) -> Method:
    def broken(self: Payment, stake: Stake, is_buy: bool, trades: Any, at_ns: int) -> None:
        pay(self, stake, is_buy, trades, at_ns)
        assert stake.quote is not None
        fees = sum(trade.taker_fee for trade in trades)
        stake.quote.add(fees)

    return broken


def _keep_the_books_open(pay: Method) -> Method:
    def broken(self: Payment, stake: Stake, is_buy: bool, trades: Any, at_ns: int) -> None:
        pay(self, stake, is_buy, trades, at_ns)
        if not trades[0].maker_leaves:
            self._accounts[trades[0].maker].stakes[trades[0].symbol].open_orders += 1

    return broken


def _note_nobody(_: Method) -> Method:
    return lambda self, stake, trades, seen: None


LANE_MUTANTS: Final[dict[str, Mutant]] = {
    "grant for ever": Mutant("what was granted is not used up", Bounds, "grant", _grant(allowed=lambda _: UNBOUNDED)),
    "grant one too many": Mutant("one order more than is certain", Bounds, "grant", _grant(allowed=lambda allowed: allowed + 1)),
    "orders too large": Mutant("a granted order may be of any quantity", Bounds, "grant", _grant(most=lambda _: UNBOUNDED)),
    "orders too dear": Mutant("a granted order may cost what it likes", Bounds, "grant", _grant(dearest=lambda _: UNBOUNDED)),
    "losses not watched": Mutant("a grant outlives any loss", Bounds, "grant", _grant(least=lambda _: -UNBOUNDED)),
    "grant of an old second": Mutant("another second leaves the grant", express, "next_second", _keep_in_next_second),
    "grant kept by entries": Mutant("careful orders take nothing from the grant", Clearing, "enter_counted", _keep_with),
    "grant kept by replaces": Mutant("careful replaces take nothing from the grant", Clearing, "replace_counted", _keep_with),
    "grant kept by busts": Mutant("a bust leaves the grant", Bookkeeper, "_busted", _keep_at_bust),
    "grant kept overnight": Mutant("the next day has the grant of this one", Bookkeeper, "_day_ended", _keep_overnight),
    "hold of the canceled": Mutant("a canceled order still holds something", Express, "cancel", _hold_for_canceled),
    "hold of the old price": Mutant("a replaced order holds what it held", Express, "replace", _hold_for_old_price),
    "taker's fee forgotten": Mutant("who takes in the lane pays no fee", Payment, "pay", _charge_nothing),
    "filled orders stay open": Mutant("a filled maker is still counted", Payment, "pay", _keep_the_books_open),
    "hard losses unnoticed": Mutant("nobody looks at losses after trades of the lane", Payment, "_note", _note_nobody),
}  # fmt: skip

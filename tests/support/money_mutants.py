"""Ledgers and risk checks that are broken on purpose, each in one place (rules 41 to 45).

In: nothing. Out: mutants by name, made as those of ``mutants``.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from exchange.engine.administration import Administration
from exchange.engine.bookkeeping import Bookkeeper, purse_of
from exchange.engine.commands import AdjustBalance
from exchange.engine.events import TradeBusted
from exchange.engine.ledger import Hold, House, Stake
from exchange.engine.protection import Protection
from exchange.engine.removals import Deadlines
from exchange.engine.risk import Bounds
from protocol.vocabulary import Asset, Money, Nanoseconds, Quantity
from tests.support.mutant import Mutant

Adjust = Callable[[Administration, AdjustBalance], Any]


# -- holds -----------------------------------------------------------------------------------------
def _keep_the_hold(resize: Callable[[Hold, Quantity], None]) -> Callable[[Hold, Quantity], None]:
    def broken(self: Hold, leaves: Quantity) -> None:
        purse, amount = self.purse, self.amount
        resize(self, leaves)
        if purse is not None and self.amount < amount:
            purse.free -= amount - self.amount
            self.amount = amount

    return broken


def _keep_the_improvement(settle: Callable[..., None]) -> Callable[..., None]:
    def broken(
        self: Bookkeeper, hold: Hold, stake: Stake, base: Any, price: int, quantity: int, *more: Any
    ) -> None:
        settle(self, hold, stake, base, price, quantity, *more)
        if hold.is_buy and stake.quote is not None:
            kept = (hold.price - price) * quantity * stake.quote_scale
            stake.quote.free -= kept

    return broken


def _secure_one_side(_: Callable[[Stake], None]) -> Callable[[Stake], None]:
    def broken(self: Stake) -> None:
        if self.quote is not None and self.margin:
            more = max(0, self.quantity + self.open_buys) * self.margin - self.margin_held
            self.margin_held += more
            self.quote.free -= more

    return broken


# -- payments --------------------------------------------------------------------------------------
def _pay_out_what_is_held(adjust: Adjust) -> Adjust:
    def broken(self: Administration, command: AdjustBalance) -> Any:
        account = self._accounts.by_name.get(command.account)
        if account is None or command.amount > 0:
            return adjust(self, command)
        purse = purse_of(account, command.asset)
        held = purse.held
        purse.free += held
        events = adjust(self, command)
        purse.free -= held
        return events

    return broken


def _forget_transactions(adjust: Adjust) -> Adjust:
    def broken(self: Administration, command: AdjustBalance) -> Any:
        account = self._accounts.by_name.get(command.account)
        if account is not None:
            account.transactions.clear()
        return adjust(self, command)

    return broken


def _give_no_rebate(charge: Callable[[House, Asset, Money], None]) -> Callable[[House, Asset, Money], None]:
    return lambda self, asset, fee: charge(self, asset, max(fee, 0))


def _keep_the_fees(
    bust: Callable[[Bookkeeper, TradeBusted], None],
) -> Callable[[Bookkeeper, TradeBusted], None]:
    return lambda self, event: bust(self, msgspec.structs.replace(event, buyer_fee=0, seller_fee=0))


# -- limits ----------------------------------------------------------------------------------------
def _forget_open_orders(breach: Callable[..., Any]) -> Callable[..., Any]:
    def broken(self: Bounds, stake: Stake, asked: Any) -> Any:
        buys, sells = stake.open_buys, stake.open_sells
        stake.open_buys = stake.open_sells = 0
        found = breach(self, stake, asked)
        stake.open_buys, stake.open_sells = buys, sells
        return found

    return broken


def _mark_nothing(_: object) -> property:
    return property(lambda self: self.realised - self.day_start)


# -- switches --------------------------------------------------------------------------------------
def _count_one_less(
    traded: Callable[[Protection, Nanoseconds], bool],
) -> Callable[[Protection, Nanoseconds], bool]:
    def broken(self: Protection, at_ns: Nanoseconds) -> bool:
        self.fills += 1
        pulls = traded(self, at_ns)
        self.fills -= 1
        return pulls

    return broken


def _fire_late(fired: Callable[[Deadlines, Nanoseconds], Any]) -> Callable[[Deadlines, Nanoseconds], Any]:
    return lambda self, now_ns: fired(self, now_ns - 1)


MONEY_MUTANTS: Final[dict[str, Mutant]] = {
    "hold kept": Mutant("a reduced order still holds for its old quantity", Hold, "resize", _keep_the_hold),
    "improvement kept": Mutant("what a better price saves stays held", Bookkeeper, "_settle", _keep_the_improvement),
    "margin of one side": Mutant("open sales need no margin", Stake, "secure", _secure_one_side),
    "held money paid out": Mutant("a withdrawal takes what is held", Administration, "_adjust_balance", _pay_out_what_is_held),
    "double deposit": Mutant("a transaction is carried out each time it is sent", Administration, "_adjust_balance", _forget_transactions),
    "rebate from nowhere": Mutant("rebates do not come out of the fees", House, "charge", _give_no_rebate),
    "fees kept": Mutant("a bust gives the fees back to nobody", Bookkeeper, "_busted", _keep_the_fees),
    "open orders forgotten": Mutant("the worst position leaves open orders out", Bounds, "_breach_by_more", _forget_open_orders),
    "paper losses ignored": Mutant("a daily loss is what was realised", Stake, "profit_today", _mark_nothing),
    "protection one late": Mutant("a quote set trades once more than it may", Protection, "traded", _count_one_less),
    "dead man a moment late": Mutant("the switch fires after its deadline", Deadlines, "fired", _fire_late),
}  # fmt: skip

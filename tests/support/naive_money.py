"""Random days on which everybody has money, limits and switches, and now and then too little of it.

In: a seed, and the naive venue as it stands. Out: one command after the other: those of ``naive_wishes`` for
three instruments that settle each in its own way, and between them what operators, accounts about themselves
and the venue itself ask for. Equal seeds and venues give equal commands.
"""

from typing import Final

import msgspec

from exchange.engine.commands import (
    AddInstrument,
    AdjustBalance,
    AdminCommand,
    Administer,
    ArmDeadMan,
    BlockAccount,
    Broadcast,
    BustTrade,
    CancelSession,
    Command,
    EnterOrder,
    Limits,
    MassCancel,
    PullOrder,
    SetAccount,
    SetFees,
    SetKillSwitch,
    SetLimits,
    SetProtection,
    Terms,
)
from protocol.vocabulary import (
    AccountId,
    Allocation,
    Asset,
    ClientOrderId,
    Limit,
    OrderType,
    PostOnly,
    QuoteSet,
    Role,
    SelfTrade,
    Settlement,
    Side,
    Symbol,
    TransactionId,
)
from tests.support.books import instrument
from tests.support.naive_venue import NaiveVenue
from tests.support.naive_wishes import ACCOUNTS, CROWD, Wishes

BTC, USD = Asset("BTC"), Asset("USD")
STEP_NS: Final = 100_000_000
"""Ten commands a second."""

MONEY: Final = (
    instrument(
        "SPOT", maximum_price=400, maker_fee_ppm=-3_000, taker_fee_ppm=45_000, settlement=Settlement.SPOT,
        base=BTC, quote=USD, base_scale=10, quote_scale=3, maker_fee_per_unit=1, taker_fee_per_unit=2,
    ),
    instrument(
        "MARGIN", maximum_price=400, maker_fee_ppm=20_000, taker_fee_ppm=-7_000, settlement=Settlement.MARGIN,
        quote=USD, margin=50, quote_scale=2, market_remainder_rests=True,
    ),
    instrument("NONE", maximum_price=400, taker_fee_ppm=45_000),
)  # fmt: skip
"""One instrument for each way to settle."""

_OTHERWISE: Final[tuple[dict[str, object], ...]] = (
    {"market_remainder_rests": True, "self_trade": SelfTrade.DECREMENT, "dynamic_corridor": 8},
    {"post_only": PostOnly.REPRICE, "allocation": Allocation.PRO_RATA, "self_trade": SelfTrade.CANCEL_MAKER},
    {"market_remainder_rests": True, "replace_loses_priority": True},
)
MORE_MONEY: Final = tuple(
    msgspec.structs.replace(listed, **settings) for listed, settings in zip(MONEY, _OTHERWISE, strict=True)
)
"""The same where orders shrink, rest, move and share otherwise."""

LISTINGS: Final = (MONEY, MORE_MONEY)

QUOTE_SETS: Final = (QuoteSet("one"), QuoteSet("two"))
NOBODY: Final = AccountId("nobody")


class MoneyWishes(Wishes):
    """Random commands of traders, operators and the venue."""

    def __init__(self, seed: int, naive: NaiveVenue) -> None:
        super().__init__(seed, naive, "plain")
        self._all = tuple(naive.listed.values())
        self._venue = naive
        self._crowd = CROWD
        self._paid = 0
        self._opening: list[Command] = [
            AdjustBalance(account, asset, amount, TransactionId("opening " + asset))
            for account in ACCOUNTS
            for asset, amount in ((USD, 20_000), (BTC, 300))
        ]
        self._opening += [SetAccount(account, Role.TRADER, new=True) for account in ACCOUNTS]

    def next(self, now: int) -> Command:
        """The command of this moment, in nanoseconds."""
        self._now = now
        if self._opening:
            return self._opening.pop()
        self._listed: AddInstrument = self._rng.choice(self._all)
        if self._rng.random() < 0.8:
            return super().next(now)
        if self._rng.random() < 0.5:
            return self._own()
        command = self._admin()
        if self._rng.random() < 0.5:
            return command
        return Administer(AccountId("desk"), self._rng.choice(("", "because")), command)

    def _symbol(self) -> Symbol:
        return self._listed.symbol if self._rng.random() > 0.002 else Symbol("UNLISTED")

    def _enter(self) -> EnterOrder:
        rng, command = self._rng, super()._enter()
        command.session = rng.choice((0, 0, 1, 2))
        asked: dict[str, object] = {}
        if rng.random() < 0.3:
            asked["quote_set"] = rng.choice(QUOTE_SETS)
        spot_buy = command.symbol == "SPOT" and command.side is Side.BUY
        if spot_buy and command.order_type is OrderType.LIMIT and command.price and rng.random() < 0.3:
            asked["reserve_price"] = max(1, command.price + rng.randint(-1, 5))
        if asked:
            command.terms = msgspec.structs.replace(command.terms or Terms(), **asked)
        return command

    def _own(self) -> Command:
        """What an account does about itself, or a session that ends."""
        rng = self._rng
        account = rng.choice(ACCOUNTS)
        kind = rng.random()
        if kind < 0.2:
            return SetKillSwitch(account, rng.random() < 0.3)
        if kind < 0.5:
            return ArmDeadMan(account, rng.choice((None, self._now + rng.randint(0, 20) * STEP_NS)))
        if kind < 0.7:
            return CancelSession(account, rng.choice((1, 2, 3)))
        window_ns = rng.choice((1, STEP_NS, 10 * STEP_NS, 100 * STEP_NS))
        return SetProtection(account, rng.choice(QUOTE_SETS), rng.choice((0, 1, 2, 3)), window_ns)

    def _admin(self) -> AdminCommand:
        rng = self._rng
        account = rng.choice((*ACCOUNTS, *ACCOUNTS, NOBODY))
        kind = rng.random()
        if kind < 0.25:
            return self._payment(account)
        if kind < 0.45:
            return SetLimits(rng.choice((None, account)), rng.choice((None, self._symbol())), self._limits())
        if kind < 0.7:
            return BlockAccount(account, rng.random() < 0.1)
        if kind < 0.78:
            return SetFees(self._symbol(), rng.randint(-20_000, 60_000), rng.randint(-20_000, 60_000), 1, -1)
        if kind < 0.85:
            orders = self._naive.orders
            order = rng.choice(orders) if orders else None
            name = ClientOrderId(order.name) if order else self._old_name()
            return PullOrder(AccountId(order.account) if order else account, name)
        if kind < 0.95 and self._venue.ledger.fills:
            return self._bust()
        if kind < 0.97:
            return SetAccount(account, rng.choice(tuple(Role)), new=rng.random() < 0.3)
        if kind < 0.98:
            return MassCancel(None, None, None)
        return Broadcast("it is late")

    def _payment(self, account: AccountId) -> AdjustBalance:
        rng = self._rng
        asset = rng.choice((USD, USD, BTC, BTC, Asset("EUR") if rng.random() < 0.1 else USD))
        free = self._venue.ledger.free(account, asset)
        amount = rng.choice((-free, -free - 1, 500, 5_000, -free // 2, 300))
        if rng.random() < 0.1 and self._paid:
            return AdjustBalance(account, asset, amount, TransactionId(str(rng.randint(1, self._paid))))
        if rng.random() < 0.1 and self._venue.ledger.payments:
            again = rng.choice(self._venue.ledger.payments)
            return AdjustBalance(
                AccountId(again.account),
                Asset(again.asset),
                again.amount,
                TransactionId(again.transaction_id),
            )
        self._paid += 1
        return AdjustBalance(account, asset, amount, TransactionId(str(self._paid)))

    def _limits(self) -> Limits:
        rng = self._rng
        bounds = {
            Limit.ORDER_QUANTITY: rng.randint(6, 12),
            Limit.ORDER_NOTIONAL: rng.randint(500, 3_500),
            Limit.OPEN_ORDERS: rng.randint(1, 8),
            Limit.OPEN_QUANTITY: rng.randint(5, 60),
            Limit.POSITION: rng.randint(0, 40),
            Limit.COLLAR: rng.randint(0, 6),
            Limit.DAILY_LOSS: rng.randint(0, 2_000),
            Limit.MESSAGE_RATE: rng.randint(0, 5),
        }
        chosen = {limit: value for limit, value in bounds.items() if rng.random() < 0.2}
        odd = rng.random() < 0.1
        hard = tuple(limit for limit in Limit if (odd or limit in chosen) and rng.random() < 0.3)
        return Limits(**chosen, hard=hard)

    def _bust(self) -> BustTrade:
        fill = self._rng.choice(self._venue.ledger.fills)
        if self._rng.random() < 0.1:
            fill = fill._replace(trade_id=self._rng.choice((0, self._venue.trades + 1)))
        return BustTrade(
            fill.trade_id, Symbol(fill.symbol), fill.price, fill.quantity, AccountId(fill.buyer),
            fill.buyer_fee, AccountId(fill.seller), fill.seller_fee,
        )  # fmt: skip

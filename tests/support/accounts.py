"""Commands about accounts and money as words, and sentences for what came of them; the rest is in ``books``.

In: names and numbers. Out: commands of the venue, of its operators and of accounts about themselves;
short, complete descriptions of their events.
"""

from __future__ import annotations

from typing import Any, Final

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
    Limits,
    PullOrder,
    SetAccount,
    SetFees,
    SetKillSwitch,
    SetLimits,
    SetProtection,
)
from exchange.engine.events import (
    AccountBlocked,
    AccountSet,
    AccountUnblocked,
    Administered,
    BalanceAdjusted,
    DeadManArmed,
    DeadManFired,
    Event,
    FeesSet,
    KillSwitchSet,
    LimitsSet,
    NoticeSent,
    ProtectionSet,
    QuotesPulled,
    SessionCanceled,
    Trade,
    TradeBusted,
)
from protocol.vocabulary import (
    AccountId,
    Asset,
    ClientOrderId,
    Money,
    Nanoseconds,
    QuoteSet,
    Role,
    SessionId,
    Settlement,
    Symbol,
    TransactionId,
)

OPERATOR: Final = AccountId("desk")
BTC: Final = Asset("BTC")
USD: Final = Asset("USD")


# -- instruments -----------------------------------------------------------------------------------
def spot(listed: AddInstrument, **settings: Any) -> AddInstrument:
    """The instrument settled in BTC against USD, one smallest unit for one, but for what the test says."""
    terms = {"settlement": Settlement.SPOT, "base": BTC, "quote": USD, **settings}
    return msgspec.structs.replace(listed, **terms)


def margined(listed: AddInstrument, margin: Money, **settings: Any) -> AddInstrument:
    """The instrument settled in USD, with so much margin for a unit of quantity."""
    terms = {"settlement": Settlement.MARGIN, "quote": USD, "margin": margin, **settings}
    return msgspec.structs.replace(listed, **terms)


# -- commands --------------------------------------------------------------------------------------
def deposit(
    owner: str, amount: Money, asset: str = USD, *, transaction_id: str | None = None
) -> AdjustBalance:
    """Pay in, or out if negative; every amount has a transaction id of its own unless one is given."""
    name = transaction_id or f"{owner} {amount} {asset}"
    return AdjustBalance(AccountId(owner), Asset(asset), amount, TransactionId(name))


def limits(owner: str | None = None, symbol: str | None = None, /, **bounds: Any) -> SetLimits:
    """``bounds`` are fields of ``Limits``."""
    return SetLimits(
        None if owner is None else AccountId(owner),
        None if symbol is None else Symbol(symbol),
        Limits(**bounds),
    )


def fees(symbol: str, maker_ppm: int, taker_ppm: int, maker: Money = 0, taker: Money = 0) -> SetFees:
    return SetFees(Symbol(symbol), maker_ppm, taker_ppm, maker, taker)


def kill_switch(owner: str, *, on: bool = True) -> SetKillSwitch:
    return SetKillSwitch(AccountId(owner), on)


def dead_man(owner: str, deadline_ns: Nanoseconds | None) -> ArmDeadMan:
    return ArmDeadMan(AccountId(owner), deadline_ns)


def cancel_session(owner: str, session: SessionId) -> CancelSession:
    return CancelSession(AccountId(owner), session)


def protection(owner: str, quote_set: str, fills: int, window_ns: Nanoseconds) -> SetProtection:
    return SetProtection(AccountId(owner), QuoteSet(quote_set), fills, window_ns)


def block(owner: str, *, on: bool = True) -> BlockAccount:
    return BlockAccount(AccountId(owner), on)


def account(owner: str, role: Role = Role.TRADER, *, new: bool = False, **settings: Any) -> SetAccount:
    return SetAccount(AccountId(owner), role, new=new, **settings)


def pull(owner: str, name: str) -> PullOrder:
    return PullOrder(AccountId(owner), ClientOrderId(name))


def bust(trade: Trade, **differently: Any) -> BustTrade:
    """Everything as the trade was, but for what the test says."""
    buys = trade.aggressor == "buy"
    taker, maker = (trade.taker, trade.taker_fee), (trade.maker, trade.maker_fee)
    (buyer, buyer_fee), (seller, seller_fee) = (taker, maker) if buys else (maker, taker)
    command = BustTrade(
        trade.trade_id, trade.symbol, trade.price, trade.quantity, buyer, buyer_fee, seller, seller_fee
    )
    return msgspec.structs.replace(command, **differently)


def broadcast(text: str) -> Broadcast:
    return Broadcast(text)


def by_desk(command: AdminCommand, why: str = "because") -> Administer:
    """What an operator orders."""
    return Administer(OPERATOR, why, command)


# -- events ----------------------------------------------------------------------------------------
def sentence_of_account(event: Event) -> str:
    """What happened to an account or to money."""
    match event:
        case KillSwitchSet():
            return f"kill switch of {event.account} {'on' if event.on else 'off'}"
        case AccountBlocked():
            return f"{event.account} blocked: {event.block}"
        case AccountUnblocked():
            return f"{event.account} unblocked"
        case DeadManArmed() if event.deadline_ns is None:
            return f"dead man of {event.account} disarmed"
        case DeadManArmed():
            return f"dead man of {event.account} armed for {event.deadline_ns}"
        case DeadManFired():
            return f"dead man of {event.account} fired: {event.canceled} canceled"
        case SessionCanceled():
            return f"session {event.session} of {event.account} over: {event.canceled} canceled"
        case ProtectionSet():
            bounds = f"{event.fills} fills in {event.window_ns}"
            return f"quotes {event.quote_set} of {event.account} protected: {bounds}"
        case QuotesPulled():
            return f"quotes {event.quote_set} of {event.account} pulled: {event.canceled} canceled"
        case AccountSet():
            return f"{event.account} is a {event.role}"
        case BalanceAdjusted():
            again = ", as before" if event.repeated else ""
            return f"{event.account} {event.amount:+} {event.asset}, {event.free} free{again}"
        case LimitsSet():
            return f"limits of {event.account or 'everybody'} in {event.symbol or 'everything'}"
        case FeesSet():
            return f"fees of {event.symbol}"
        case TradeBusted():
            return f"trade {event.trade_id} busted: {event.quantity} at {event.price}"
        case NoticeSent():
            return f"notice: {event.text}"
        case Administered():
            return f"{event.by} did {event.action}: {event.why}"
        case _:
            raise AssertionError(f"no sentence for {event!r}")

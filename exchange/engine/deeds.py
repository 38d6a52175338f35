"""What an operator's command did, in words and numbers: for the answer and for the audit.

In: the command and its events. Out: a sentence without names that stand beside it already.
"""

from __future__ import annotations

from collections.abc import Iterable

from exchange.engine.commands import (
    AddInstrument,
    AdjustBalance,
    AdminCommand,
    BlockAccount,
    Broadcast,
    BustTrade,
    ChangePhase,
    MassCancel,
    PullOrder,
    SetAccount,
    SetFees,
    SetLastPrice,
    SetLimits,
)
from exchange.engine.events import AuctionExtended, BalanceAdjusted, Event
from exchange.engine.removals import count_canceled
from protocol.vocabulary import CancelReason, Limit


def action(command: AdminCommand) -> str:
    """What the desk calls it: the type of the request that leads to it."""
    match command:
        case SetAccount(new=True):
            return "create_account"
        case BlockAccount(on=on):
            return "disable_account" if on else "enable_account"
        case PullOrder():
            return "cancel_for"
        case _:
            return str(type(command).__struct_config__.tag)


def summary(command: AdminCommand, events: Iterable[Event]) -> str:
    """One line about what was done."""
    match command:
        case AdjustBalance():
            return _adjustment(command, events)
        case SetAccount():
            return f"role {command.role}, {'a' if command.secret_hash else 'no'} secret"
        case BlockAccount():
            if not command.on:
                return "enabled"
            return f"disabled, {count_canceled(events, CancelReason.ACCOUNT_DISABLED)} orders canceled"
        case MassCancel():
            return f"{count_canceled(events, CancelReason.MASS_CANCEL)} orders canceled"
        case SetLimits():
            return _limits(command)
        case SetFees():
            return (
                f"maker {command.maker_fee_ppm} ppm and {command.maker_fee_per_unit} a unit, "
                f"taker {command.taker_fee_ppm} ppm and {command.taker_fee_per_unit} a unit"
            )
        case ChangePhase():
            for event in events:
                if isinstance(event, AuctionExtended):
                    return f"not {command.phase}: the auction would be at {event.price}, so the call goes on"
            return f"to {command.phase}"
        case SetLastPrice():
            return f"to {command.price}"
        case PullOrder():
            if command.client_order_id is None:
                return f"{count_canceled(events, CancelReason.OPERATOR)} orders canceled"
            return f"order {command.client_order_id!r} canceled"
        case BustTrade():
            return (
                f"trade {command.trade_id}, {command.quantity} at {command.price} between {command.buyer} and "
                f"{command.seller}, undone"
            )
        case Broadcast():
            return command.text
        case AddInstrument():
            return f"tick {command.tick}, lot {command.lot}, settlement {command.settlement}"


def _adjustment(command: AdjustBalance, events: Iterable[Event]) -> str:
    for event in events:
        if isinstance(event, BalanceAdjusted):
            what = f"{command.amount:+d} {command.asset}, transaction {command.transaction_id!r}"
            return f"{what}: carried out before" if event.repeated else f"{what}: {event.free} free"
    return ""


def _limits(command: SetLimits) -> str:
    limits = command.limits
    parts = [
        f"{limit} {value}{' (hard)' if limit in limits.hard else ''}"
        for limit in Limit
        if (value := getattr(limits, limit.value)) is not None
    ]
    return ", ".join(parts) or "none"

"""What operators ask for, as commands.

In: a request of the operator's desk. Out: the command that goes into the envelope ``Administer``. Nothing is
checked here: what makes no sense gets the engine's answer, which is part of the record.
"""

from collections.abc import Callable
from typing import Any, Final

from exchange.engine.commands import (
    AdjustBalance,
    AdminCommand,
    BlockAccount,
    Broadcast,
    BustTrade,
    ChangePhase,
    Limits,
    PullOrder,
    SetAccount,
    SetFees,
    SetLastPrice,
    SetLimits,
)
from exchange.engine.events import AuctionTrade, Trade
from protocol import desk
from protocol.vocabulary import Side


def _set_limits(asked: desk.SetLimits) -> SetLimits:
    values = asked.limits
    limits = Limits(
        order_quantity=values.order_quantity,
        order_notional=values.order_notional,
        open_orders=values.open_orders,
        open_quantity=values.open_quantity,
        position=values.position,
        collar=values.collar,
        daily_loss=values.daily_loss,
        message_rate=values.message_rate,
        hard=tuple(sorted(set(values.hard))),
    )
    return SetLimits(asked.account, asked.symbol, limits)


def _set_fees(asked: desk.SetFees) -> SetFees:
    return SetFees(
        asked.symbol,
        asked.maker_fee_ppm,
        asked.taker_fee_ppm,
        asked.maker_fee_per_unit,
        asked.taker_fee_per_unit,
    )


COMMANDS: Final[dict[type, Callable[[Any], AdminCommand]]] = {
    desk.DisableAccount: lambda asked: BlockAccount(asked.account, on=True),
    desk.EnableAccount: lambda asked: BlockAccount(asked.account, on=False),
    desk.AdjustBalance: lambda asked: AdjustBalance(
        asked.account, asked.asset, asked.amount, asked.transaction_id
    ),
    desk.SetLimits: _set_limits,
    desk.SetFees: _set_fees,
    desk.ChangePhase: lambda asked: ChangePhase(
        asked.symbol, asked.phase, asked.reference_price, asked.forced
    ),
    desk.SetLastPrice: lambda asked: SetLastPrice(asked.symbol, asked.price),
    desk.CancelFor: lambda asked: PullOrder(asked.account, asked.client_order_id),
    desk.Broadcast: lambda asked: Broadcast(asked.text),
}
"""Requests that are commands as they stand."""


def set_account(asked: desk.CreateAccount, secret_hash: str | None) -> SetAccount:
    """The command that opens an account, and no other than a new one."""
    return SetAccount(asked.account, asked.role, secret_hash, list(asked.copies), new=True)


def bust_trade(trade: Trade | AuctionTrade) -> BustTrade:
    """The command that undoes a trade."""
    if isinstance(trade, AuctionTrade):
        bought, sold = (trade.buyer, trade.buyer_fee), (trade.seller, trade.seller_fee)
    elif trade.aggressor is Side.BUY:
        bought, sold = (trade.taker, trade.taker_fee), (trade.maker, trade.maker_fee)
    else:
        bought, sold = (trade.maker, trade.maker_fee), (trade.taker, trade.taker_fee)
    return BustTrade(trade.trade_id, trade.symbol, trade.price, trade.quantity, *bought, *sold)

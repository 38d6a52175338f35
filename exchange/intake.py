"""Orders as they stand on the wire to commands.

In: an account and a message of it. Out: the unstamped command. Nothing is checked here: what makes
no sense gets the engine's answer, which is part of the record. What is no order goes to ``desk``.
"""

from collections.abc import Callable
from typing import Any, Final

from exchange.engine.commands import (
    CancelOrder,
    Command,
    EnterOrder,
    MassCancel,
    ReduceOrder,
    ReplaceOrder,
    Terms,
)
from protocol import messages
from protocol.messages import NewOrder
from protocol.vocabulary import AccountId, Nanoseconds

Make = Callable[[AccountId, Any], Command]
"""Makes the command out of a request."""


def order_entry(on_deadline: Callable[[Nanoseconds], None]) -> dict[type, Make]:
    """Requests that any account may make, and how they become commands.

    ``on_deadline`` is called with the deadline of every order that has one.
    """

    def enter(account: AccountId, new: NewOrder) -> EnterOrder:
        post_only = new.post_only
        if (
            new.stop_price is None
            and new.trail is None
            and new.display is None
            and new.hidden is False
            and new.minimum_quantity is None
            and new.all_or_none is False
            and new.protection is None
            and new.cap is None
            and new.amount is None
            and new.expires_at_ns is None
            and new.self_trade is None
            and new.self_trade_group is None
            and new.reserve_price is None
            and (post_only is False or post_only is True)
        ):  # as most orders are
            return EnterOrder(
                account, new.client_order_id, new.symbol, new.side, new.order_type, new.time_in_force,
                new.quantity, new.price, post_only,
            )  # fmt: skip
        if new.expires_at_ns is not None:
            on_deadline(new.expires_at_ns)
        return EnterOrder(
            account, new.client_order_id, new.symbol, new.side, new.order_type, new.time_in_force,
            new.quantity, new.price, post_only is not False, terms_of(new),
        )  # fmt: skip

    return {NewOrder: enter, **_OTHERS}


def terms_of(new: NewOrder) -> Terms:
    """What an order asks for beyond the plain fields."""
    return Terms(
        stop_price=new.stop_price,
        trail=new.trail,
        display=new.display,
        hidden=new.hidden,
        minimum_quantity=new.minimum_quantity,
        all_or_none=new.all_or_none,
        protection=new.protection,
        cap=new.cap,
        amount=new.amount,
        expires_at_ns=new.expires_at_ns,
        post_only=None if isinstance(new.post_only, bool) else new.post_only,
        self_trade=new.self_trade,
        self_trade_group=new.self_trade_group,
        reserve_price=new.reserve_price,
    )


_OTHERS: Final[dict[type, Make]] = {
    messages.Cancel: lambda account, cancel: CancelOrder(account, cancel.client_order_id),
    messages.Replace: lambda account, replace: ReplaceOrder(
        account, replace.client_order_id, replace.quantity, replace.price, replace.stop_price
    ),
    messages.Reduce: lambda account, reduce: ReduceOrder(account, reduce.client_order_id, reduce.by),
    messages.MassCancel: lambda account, cancel: MassCancel(
        account, cancel.symbol, cancel.side, cancel.lowest, cancel.highest
    ),
}

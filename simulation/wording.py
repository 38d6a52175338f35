"""Intents to commands, without the wire between them.

In: an account, its strategy's orders, an intent. Out: the command that the venue would have made of the request. What no
wire would have carried is refused here, as nonsense: the engine is written for messages that were read already.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from exchange.engine.commands import CancelOrder as CancelCommand
from exchange.engine.commands import Command, EnterOrder, MassCancel
from exchange.engine.commands import ReplaceOrder as ReplaceCommand
from exchange.intake import Make
from protocol.errors import LocalProtocolError
from protocol.messages import NewOrder
from protocol.vocabulary import MAX_WIRE_INTEGER, AccountId, OrderType, Side, TimeInForce
from traders.strategies.base import Strategy, request_of
from traders.strategies.intents import CancelAll, CancelOrder, Place, ReplaceOrder

_LIMIT, _MARKET = OrderType.LIMIT, OrderType.MARKET
_FEW: Final = frozenset((_LIMIT, _MARKET, None))

MakeAny = Mapping[type, Make]
"""What makes a command of each kind of request."""


# An intent is not typed: compiled code would look at its fields before they are looked at here.
def command_of(strategy: Strategy, account: AccountId, intent: Any, make: MakeAny) -> Command:
    """The command of an intent, which the strategy has noted already.

    Raises:
        LocalProtocolError: no wire would have carried it, or it is no intent.
    """
    kind = type(intent)
    if kind is Place:
        return _place(strategy, account, intent, make)
    if kind is ReplaceOrder:
        return _replace(strategy, account, intent)
    if kind is CancelOrder:
        return CancelCommand(account, strategy.orders[intent.tag].client_order_id)
    if kind is CancelAll:
        return _cancel_all(account, intent)
    raise LocalProtocolError(f"{intent!r} is no intent")


def _place(strategy: Strategy, account: AccountId, intent: Any, make: MakeAny) -> Command:
    price, quantity, order_type = intent.price, intent.quantity, intent.order_type
    symbol: Any = intent.symbol
    name = strategy.orders[intent.tag].client_order_id
    if intent.terms or type(intent.post_only) is not bool or order_type not in _FEW:
        request = _as_read(request_of(intent, name))
        return make[NewOrder](account, request)
    if (
        type(quantity) is not int
        or not -MAX_WIRE_INTEGER <= quantity <= MAX_WIRE_INTEGER
        or (price is not None and not _is_number(price))
        or type(intent.side) is not Side
        or type(intent.time_in_force) is not TimeInForce
        or not _is_text(symbol)
    ):
        raise _nonsense(intent)
    if order_type is None:
        order_type = _MARKET if price is None else _LIMIT
    return EnterOrder(
        account, name, symbol, intent.side, order_type, intent.time_in_force, quantity, price,
        intent.post_only,
    )  # fmt: skip


def _replace(strategy: Strategy, account: AccountId, intent: Any) -> Command:
    quantity, price, stop_price = intent.quantity, intent.price, intent.stop_price
    if (
        (quantity is not None and not _is_number(quantity))
        or (
            price is not None
            and (type(price) is not int or not -MAX_WIRE_INTEGER <= price <= MAX_WIRE_INTEGER)
        )
        or (stop_price is not None and not _is_number(stop_price))
    ):
        raise _nonsense(intent)
    return ReplaceCommand(account, strategy.orders[intent.tag].client_order_id, quantity, price, stop_price)


def _cancel_all(account: AccountId, intent: Any) -> Command:
    symbol: Any = intent.symbol
    if symbol is not None and not _is_text(symbol):
        raise _nonsense(intent)
    return MassCancel(account, symbol, None)


def _is_text(value: object) -> bool:
    return type(value) is str


def _is_number(value: object) -> bool:
    return type(value) is int and -MAX_WIRE_INTEGER <= value <= MAX_WIRE_INTEGER


def _as_read(request: NewOrder) -> NewOrder:
    """Written and read: the sure way to find out whether it can be, for the few orders that are special."""
    try:
        return msgspec.json.decode(msgspec.json.encode(request), type=NewOrder)
    except (msgspec.MsgspecError, TypeError, OverflowError) as error:
        raise LocalProtocolError(f"no wire carries {request!r}: {error}") from error


def _nonsense(intent: object) -> LocalProtocolError:
    return LocalProtocolError(f"no wire carries {intent!r}: numbers are integers, below 2**53")

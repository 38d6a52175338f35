"""What the sessions of each role may be, and what they may ask for.

In: the role of an account and the role a login asks for; a request. Out: the role of the session, or that
there is none; whether the request is allowed.
"""

from typing import Final, get_args

from protocol import desk, messages
from protocol.fields import Message
from protocol.vocabulary import ErrorCode, Role

ADMIN_REQUESTS: Final = frozenset[type](get_args(desk.AdminRequest))
ACCOUNT_REQUESTS: Final = frozenset[type](get_args(desk.AccountRequest))
ORDER_ENTRY: Final = frozenset[type](
    (messages.NewOrder, messages.Cancel, messages.Replace, messages.Reduce, messages.MassCancel)
)
_PUBLIC: Final = frozenset[type]((messages.Subscribe, messages.Unsubscribe))
_TRADING: Final = ORDER_ENTRY | ACCOUNT_REQUESTS | _PUBLIC | {messages.OrderStatus}

MAY_ASK: Final[dict[Role, frozenset[type]]] = {
    Role.TRADER: _TRADING,
    Role.VIEWER: _PUBLIC | {messages.OrderStatus, desk.AccountStatus},
    Role.OPERATOR: _PUBLIC | ADMIN_REQUESTS | {messages.OrderStatus, desk.AccountStatus},
    Role.DROP_COPY: _PUBLIC,
}
"""What does not stand here is refused; the words of the session itself (heartbeat, logout) need no permission."""

ENTERS_ORDERS: Final = frozenset(role for role, requests in MAY_ASK.items() if requests >= ORDER_ENTRY)


def session_role(own: Role, asked: Role | None) -> Role | None:
    """What a session of an account is, ``own`` being the account's role; ``None``: it may not be that.

    Everybody may do less than he may do: look on, or read copies of what he may see anyway.
    """
    if asked is None or asked is own or asked in (Role.VIEWER, Role.DROP_COPY):
        return asked or own
    return None


def refusal_of(role: Role, request: Message) -> tuple[ErrorCode, str] | None:
    """Code and the rest of a sentence about the account, if a session of this role may not ask for it."""
    return refusal_of_kind(role, type(request))


def refusal_of_kind(role: Role, kind: type[Message]) -> tuple[ErrorCode, str] | None:
    """As ``refusal_of``, for all requests of one kind."""
    if kind in MAY_ASK[role]:
        return None
    if kind in ADMIN_REQUESTS:
        return ErrorCode.NOT_AN_OPERATOR, f"is logged in as a {role}, which does not run the venue"
    return ErrorCode.NOT_ALLOWED, f"is logged in as a {role}, which may not ask for that"

"""Requests that somebody waits for, and the venue's answers to them.

In: requests as they are sent, messages as they arrive. Out: futures with the answer, of whatever runs the client. The venue
answers requests of one kind about one order in the order in which they were sent, so each kind of
answer has a queue. What carries the number of a line (``Error``, ``Rejected``, ``AdminDone``) answers that
line and no other: an account may have several sessions, and each hears the answers to all of them.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from protocol.desk import (
    Accounts,
    AccountState,
    AdminDone,
    AuditPage,
    DeadManArmed,
    KillSwitchSet,
    MassQuoted,
    ProtectionSet,
    Sessions,
)
from protocol.errors import RemoteProtocolError, VenueError
from protocol.fields import Message
from protocol.messages import Accepted, Canceled, Error, MassCanceled, OrderStateReport, Rejected, Replaced
from protocol.vocabulary import CancelReason, ClientOrderId, Request

STATUS: Final = "order_status"
ACCOUNT: Final = "account_status"
SESSIONS: Final = "list_sessions"
ACCOUNTS: Final = "list_accounts"
AUDIT: Final = "audit"
"""Questions: kinds that are never rejected and have no ``Request``."""

Key = tuple[Request | str, ClientOrderId | None]


class Answer(Protocol):
    """A future, as asyncio's is: somebody waits for it, or has given up."""

    def done(self) -> bool:
        """Whether it has a result or an error, or nobody waits any more."""
        ...

    def set_result(self, result: Message, /) -> None: ...

    def set_exception(self, exception: BaseException, /) -> None: ...

    def exception(self) -> BaseException | None:
        """What it was given, which counts as seen."""
        ...


AnswerT = TypeVar("AnswerT", bound=Answer)

_CANCELED_AS: Final = {
    CancelReason.REQUESTED: Request.CANCEL,
    CancelReason.REPLACED_BELOW_EXECUTED: Request.REPLACE,
    CancelReason.REDUCED_TO_NOTHING: Request.REDUCE,
}
"""Which request a cancel with this reason answers; other cancels answer none."""

_ANSWERED_BY: Final[dict[type[Message], Request | str]] = {
    MassCanceled: Request.MASS_CANCEL,
    MassQuoted: Request.MASS_QUOTE,
    ProtectionSet: Request.PROTECTION,
    KillSwitchSet: Request.KILL_SWITCH,
    DeadManArmed: Request.DEAD_MAN,
    AccountState: ACCOUNT,
    Sessions: SESSIONS,
    Accounts: ACCOUNTS,
    AuditPage: AUDIT,
}
"""Answers that name no order and no line: the oldest request of the kind is meant."""


class Requests(Generic[AnswerT]):
    """The unanswered requests of a session. ``future`` makes one that has no result yet.

    ``resumed``: the session is sent private messages again. What it asks meanwhile is answered in its
    turn, out of the venue's records, which do not know of lines: an answer without one counts then.
    """

    def __init__(self, future: Callable[[], AnswerT], *, resumed: bool = False) -> None:
        self._future = future
        self._resumed = resumed
        self._asked: dict[Key, deque[tuple[int, AnswerT]]] = {}

    def ask(self, kind: Request | str, client_order_id: ClientOrderId | None, line: int) -> AnswerT:
        """The future answer to the request that was sent as ``line``."""
        answer = self._future()
        self._asked.setdefault((kind, client_order_id), deque()).append((line, answer))
        return answer

    def answered(self, message: Message) -> bool:
        """Give ``message`` to who waits for it, if anybody does."""
        if not self._asked:
            return False
        match message:
            case Accepted():
                return self._resolve((Request.NEW, message.client_order_id), message)
            case Rejected():
                return self._resolve_line(_refused(message), message.line, message)
            case Canceled() if message.reason in _CANCELED_AS:
                return self._resolve((_CANCELED_AS[message.reason], message.client_order_id), message)
            case Replaced():
                return self._resolve(self._changed(message.client_order_id), message)
            case AdminDone():
                return self._resolve_line((Request.ADMIN, None), message.line, message)
            case OrderStateReport():
                return self._resolve((STATUS, message.client_order_id), message)
            case Error(line=int() as line):
                return self._refuse(line, RemoteProtocolError(message.code, message.text, line))
            case _:
                kind = _ANSWERED_BY.get(type(message))
                return kind is not None and self._resolve((kind, None), message)

    def settle(self, client_order_id: ClientOrderId, message: Message) -> None:
        """The entry of this order is answered, by what became of an earlier order of its name."""
        self._resolve((Request.NEW, client_order_id), message)

    def end(self, error: VenueError) -> None:
        """No answers will come any more."""
        for queue in self._asked.values():
            for _, answer in queue:
                _fail(answer, error)
        self._asked.clear()

    def _changed(self, client_order_id: ClientOrderId) -> Key:
        # Both requests are answered by ``replaced``: the one sent first is answered first.
        replace, reduce = (Request.REPLACE, client_order_id), (Request.REDUCE, client_order_id)
        if replace in self._asked and reduce in self._asked:
            return min(replace, reduce, key=lambda key: self._asked[key][0][0])
        return replace if replace in self._asked else reduce

    def _resolve(self, key: Key, message: Message) -> bool:
        queue = self._asked.get(key)
        if queue is None:
            return False
        _give(self._taken(key, queue[0]), message)
        return True

    def _resolve_line(self, key: Key, line: int | None, message: Message) -> bool:
        if line is None:
            return self._resumed and self._resolve(key, message)
        for asked in self._asked.get(key, ()):
            if asked[0] == line:
                _give(self._taken(key, asked), message)
                return True
        return False

    def _refuse(self, line: int, error: RemoteProtocolError) -> bool:
        for key, queue in self._asked.items():
            for asked in queue:
                if asked[0] == line:
                    _fail(self._taken(key, asked), error)
                    return True
        return False

    def _taken(self, key: Key, asked: tuple[int, AnswerT]) -> AnswerT:
        queue = self._asked[key]
        queue.remove(asked)
        if not queue:
            del self._asked[key]
        return asked[1]


def _refused(rejection: Rejected) -> Key:
    name = None if rejection.request is Request.ADMIN else rejection.client_order_id
    return rejection.request, name


def _give(answer: Answer, message: Message) -> None:
    if not answer.done():
        answer.set_result(message)


def _fail(answer: Answer, error: VenueError) -> None:
    if not answer.done():
        answer.set_exception(type(error)(*error.args))
        # Who gave up waiting does not have to hear of it.
        answer.exception()

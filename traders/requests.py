"""Requests that somebody waits for, and the venue's answers to them.

In: requests as they are sent, messages as they arrive. Out: futures with the answer. The venue
answers requests of one kind about one order in the order in which they were sent, so each kind of
answer has a queue; a refusal of the line itself (``Error``) is matched by the number of the line.
"""

import asyncio
from collections import deque
from typing import Final

from protocol.desk import AdminDone
from protocol.errors import RemoteProtocolError, VenueError
from protocol.fields import Message
from protocol.messages import Accepted, Canceled, Error, MassCanceled, OrderStateReport, Rejected, Replaced
from protocol.vocabulary import CancelReason, ClientOrderId, Request

STATUS: Final = "order_status"
"""The kind of an ``order_status`` request, which is never rejected and has no ``Request``."""

Key = tuple[Request | str, ClientOrderId | None]
Answer = asyncio.Future[Message]

_CANCELED_AS: Final = {
    CancelReason.REQUESTED: Request.CANCEL,
    CancelReason.REPLACED_BELOW_EXECUTED: Request.REPLACE,
    CancelReason.REDUCED_TO_NOTHING: Request.REDUCE,
}
"""Which request a cancel with this reason answers; other cancels answer none."""


class Requests:
    """The unanswered requests of a session."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._asked: dict[Key, deque[tuple[int, Answer]]] = {}

    def ask(self, kind: Request | str, client_order_id: ClientOrderId | None, line: int) -> Answer:
        """The future answer to the request that was sent as ``line``."""
        answer: Answer = self._loop.create_future()
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
                return self._resolve((message.request, message.client_order_id), message)
            case Canceled() if message.reason in _CANCELED_AS:
                return self._resolve((_CANCELED_AS[message.reason], message.client_order_id), message)
            case Replaced():
                return self._resolve(self._changed(message.client_order_id), message)
            case MassCanceled():
                return self._resolve((Request.MASS_CANCEL, None), message)
            case AdminDone():
                return self._resolve((Request.ADMIN, None), message)
            case OrderStateReport():
                return self._resolve((STATUS, message.client_order_id), message)
            case Error(line=int() as line):
                return self._refuse(line, RemoteProtocolError(message.code, message.text, line))
            case _:
                return False

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
        _, answer = queue.popleft()
        if not queue:
            del self._asked[key]
        if not answer.done():
            answer.set_result(message)
        return True

    def _refuse(self, line: int, error: RemoteProtocolError) -> bool:
        for key, queue in self._asked.items():
            for asked in queue:
                if asked[0] == line:
                    queue.remove(asked)
                    if not queue:
                        del self._asked[key]
                    _fail(asked[1], error)
                    return True
        return False


def _fail(answer: Answer, error: VenueError) -> None:
    if not answer.done():
        answer.set_exception(type(error)(*error.args))
        # Who gave up waiting does not have to hear of it.
        answer.exception()

"""Sessions that follow one another, on the generator kernel: for programs that are to go on when a connection breaks.

    result = yield from keep_trading("127.0.0.1", 7001, trade, account="alice", rng=Random())

In: what ``connect`` takes, and what to do with a client. Out: what that returns, from the first session that does not break. Promises
are those of ``traders.reconnect``. There the program is handed one client after the other by an asynchronous generator; here it
is called with them, for the one ``yield`` of a generator of the kernel belongs to its traps.
"""

from collections.abc import Awaitable, Callable, Generator
from random import Random
from typing import Any, TypeVar

from legacy.trader.client import Client, connect
from legacy.traps import Flow, flow, sleep
from protocol.errors import SessionClosed, SlowConsumer, VenueError
from protocol.vocabulary import AccountId, Role, Sequence
from traders.access import Tls
from traders.backoff import USUAL, Backoff, may_try_again
from traders.link import DEFAULT_HEARTBEAT_S

T = TypeVar("T")


@flow
def keep_trading(
    host: str,
    port: int,
    body: Callable[[Client], Generator[Any, Any, T] | Awaitable[T]],
    *,
    account: str,
    rng: Random,
    secret: str | None = None,
    role: Role | None = None,
    tls: Tls = None,
    heartbeat_s: int = DEFAULT_HEARTBEAT_S,
    resume_from: Sequence | None = None,
    cancel_on_disconnect: bool = False,
    copy_from: dict[AccountId, Sequence] | None = None,
    backoff: Backoff = USUAL,
    wait: Callable[[float], Flow[object]] = sleep,
) -> Generator[Any, Any, T]:
    """What ``body`` returns in the first session that lasts until it does; the client is logged out then.

    When a session breaks, ``body`` is called again with the client of the next one, which resumes the private stream, and
    drop copies, where the reader of the last one stopped; so it is when its reader fell behind.

    ``resume_from``, ``copy_from``: of the first session. ``wait``: waits so many seconds.

    Raises:
        SessionBroken: the venue hung up for good: ``code`` is one of ``backoff.FINAL``.
        RemoteProtocolError: the venue speaks another protocol.
        ConfigError: the certificates to trust can't be read.
        whatever else ``body`` raises in a session that has not broken.
    """
    tries = 0
    while True:
        client: Client | None = None
        try:
            client = yield from connect(
                host,
                port,
                account=account,
                secret=secret,
                role=role,
                tls=tls,
                heartbeat_s=heartbeat_s,
                resume_from=resume_from,
                cancel_on_disconnect=cancel_on_disconnect,
                copy_from=copy_from,
            )
            tries = 0
            return (yield from client.during(body(client)))
        except SlowConsumer:
            if client is None or not client.fell_behind:
                raise
        except VenueError as error:
            end = error if client is None else client.end
            if end is None or isinstance(end, SessionClosed) or not may_try_again(end):
                raise
        if client is not None:
            # One or the other: the venue refuses a word that means nothing to the role.
            if client.welcome.role is Role.DROP_COPY:
                copy_from = {**(copy_from or {}), **client.copy_from}
            else:
                resume_from = client.resume_from
        tries += 1
        yield from wait(backoff.wait_s(tries, rng))

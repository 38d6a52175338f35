"""Sessions that follow one another: for programs that are to go on when a connection or the venue breaks.

    async with aclosing(sessions("127.0.0.1", 7001, account="alice", rng=Random())) as clients:
        async for client in clients:
            try:
                async for report in client.reports():
                    ...
            except SessionBroken:
                continue

In: what ``Client.connect`` takes. Out: a fresh ``Client`` after each break. Promises: each session resumes
the private stream, and drop copies, where the reader of the last one stopped; between two tries it waits, longer
each time, by chance that is handed in, so that a thousand bots do not come back at the same moment.

Entering orders again is safe under the same ``client_order_id``: the venue carries it out once, and answers the
second time with what became of the first (rule 46), so ``client.new`` returns an ``Order`` either way. Choose
the id before the first try, and keep it until there is an answer.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from random import Random

from protocol.errors import RemoteProtocolError, SequenceGap, SessionBroken
from protocol.vocabulary import AccountId, Role, Sequence
from traders.access import Tls
from traders.backoff import USUAL, Backoff, may_try_again
from traders.client import Client
from traders.link import DEFAULT_HEARTBEAT_S

Sleep = Callable[[float], Awaitable[object]]


async def sessions(
    host: str,
    port: int,
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
    sleep: Sleep = asyncio.sleep,
) -> AsyncGenerator[Client, None]:
    """A client after the other, for as long as sessions break; read it under ``contextlib.aclosing``.

    Ends when a session did not break: when the body of the loop was left with the session still active, which
    is then logged out, or when the venue logged it out in order. What breaks a session is raised in the body,
    by whatever it was waiting for; catch ``SessionBroken`` there and ``continue``. A reader that was too slow
    (``SlowConsumer``) can go on in the next session in the same way.

    ``resume_from``, ``copy_from``: of the first session; afterwards they follow from what was read.
    ``sleep``: waits so many seconds.

    Raises:
        SessionBroken: the venue hung up for good: ``code`` is one of ``backoff.FINAL``.
        RemoteProtocolError: the venue speaks another protocol.
        ConfigError: the certificates to trust can't be read.
    """
    tries = 0
    while True:
        try:
            async with Client.connect(
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
            ) as client:
                tries = 0
                yield client
                # One or the other: the venue refuses a word that means nothing to the role.
                if client.welcome.role is Role.DROP_COPY:
                    copy_from = {**(copy_from or {}), **client.copy_from}
                else:
                    resume_from = client.resume_from
                if client.fell_behind:
                    raise SessionBroken("its reader fell behind")
        except (SessionBroken, RemoteProtocolError, SequenceGap) as end:
            if not may_try_again(end):
                raise
        else:
            return
        tries += 1
        await sleep(backoff.wait_s(tries, rng))

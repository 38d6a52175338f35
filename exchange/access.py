"""Who may come in: accounts and their secrets.

In: a login, where it comes from, the hash its account has. Out, now or later: that it may come in, or a
refusal. A hash takes tens of milliseconds to check and is meant to: it is done in a thread of its own, one
login at a time, and what waits for that is bounded. An account that does not exist costs the same time and
gets the same answer as a wrong secret, so nobody learns which accounts there are.
"""

import os
import secrets
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple, Protocol

import structlog
from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from exchange.metrics import Metric, Metrics
from exchange.throttle import Throttle
from protocol.clock import Clock
from protocol.vocabulary import AccountId, ErrorCode

log = structlog.get_logger()

VENUE_NAME: Final = AccountId("*")
"""The name of the venue's own stream; nobody's account."""

_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)
"""The second choice of OWASP's password storage cheat sheet: 19 MiB, two passes, one lane."""


def hash_secret(secret: str) -> str:
    """What to keep instead of the secret: argon2id with a salt of its own."""
    return _HASHER.hash(secret)


class Refusal(NamedTuple):
    """Why somebody is not let in."""

    code: ErrorCode
    text: str


Decided = Callable[[Refusal | None], None]
"""Learns what became of a login; ``None``: it may come in."""


class Verifier(Protocol):
    """Checks secrets elsewhere."""

    def verify(self, secret_hash: str, secret: str, done: Callable[[bool], None]) -> None:
        """Call ``done`` later, on the thread of the caller, with whether they belong together."""
        ...


class VerifierThread:
    """One thread that checks secrets, of the lowest importance: who is logged in goes first."""

    def __init__(self, post: Callable[[Callable[[], None]], object]) -> None:
        """``post`` has something called on the event loop: ``loop.call_soon_threadsafe``."""
        self._post = post
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="secrets", initializer=_step_back)
        self._stopped = False

    def verify(self, secret_hash: str, secret: str, done: Callable[[bool], None]) -> None:
        if not self._stopped:
            self._pool.submit(self._run, secret_hash, secret, done)

    def stop(self) -> None:
        """Wait for the check that is under way, and end the thread. Nobody learns of anything after that."""
        self._stopped = True
        self._pool.shutdown(cancel_futures=True)

    def _run(self, secret_hash: str, secret: str, done: Callable[[bool], None]) -> None:
        right = _belong_together(secret_hash, secret)
        self._post(lambda: done(right))


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much waits, and how much an account may have."""

    max_waiting: int = 256
    """Logins that wait for their check: some ten seconds of work."""
    max_waiting_per_source: int = 128
    """So that one source alone can't keep the others out."""
    max_sessions_per_account: int = 64


class _Waiting(NamedTuple):
    """A login that is to be checked."""

    source: str
    account: AccountId
    secret_hash: str | None
    secret: str
    decided: Decided

    def __repr__(self) -> str:
        return f"_Waiting(source={self.source!r}, account={self.account!r})"  # never the secret


class Access:
    """The door of one venue. An ``open`` one lets in any name, without a secret."""

    def __init__(
        self,
        *,
        open: bool = False,  # noqa: A002  # the word of the venue file
        verifier: Verifier | None = None,
        clock: Clock | None = None,
        bounds: Bounds | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        """A door that is not open needs a ``verifier`` and a ``clock``.

        Raises:
            ValueError: it has none.
        """
        self.open = open
        self.bounds = bounds or Bounds()
        self.metrics = metrics or Metrics()
        self.throttle = Throttle()
        self._waiting: deque[_Waiting] = deque()
        self._from: Counter[str] = Counter()  # how many wait, by source
        self._checking = False
        if open:
            return
        if verifier is None or clock is None:
            raise ValueError("a venue that asks for secrets needs somebody to check them, and a clock")
        self._verifier = verifier
        self._now_s = clock.monotonic_s
        # Of a secret that nobody knows: what there is no account for is checked against this.
        self._nobodys_hash = hash_secret(secrets.token_urlsafe())

    @property
    def waiting(self) -> int:
        """How many logins wait for their check, or are being checked."""
        return len(self._waiting) + self._checking

    def ask(
        self, source: str, account: AccountId, secret_hash: str | None, secret: str | None, decided: Decided
    ) -> None:
        """May this login come in? ``decided`` is called once, now or later.

        ``secret_hash``: of the account; ``None`` if it has none or there is no such account. Refused with
        ``login_failed`` or ``login_throttled``.
        """
        if account == VENUE_NAME:
            self.metrics.add(Metric.LOGINS_FAILED)
            decided(Refusal(ErrorCode.LOGIN_FAILED, f"{VENUE_NAME!r} is the venue itself"))
        elif self.open:
            decided(None)
        elif self._is_throttled(source, decided):
            pass
        elif (
            len(self._waiting) >= self.bounds.max_waiting
            or self._from[source] >= self.bounds.max_waiting_per_source
        ):
            self.metrics.add(Metric.LOGINS_THROTTLED)
            decided(Refusal(ErrorCode.LOGIN_THROTTLED, "too many logins at once: try again in some seconds"))
        else:
            self._waiting.append(_Waiting(source, account, secret_hash, secret or "", decided))
            self._from[source] += 1
            self._check_next()

    def _check_next(self) -> None:
        while self._waiting and not self._checking:
            login = self._waiting.popleft()
            self._from[login.source] -= 1
            if not self._from[login.source]:
                del self._from[login.source]
            # Others from there may have failed while it waited: then it is not worth the work.
            if not self._is_throttled(login.source, login.decided):
                self._checking = True
                secret_hash = login.secret_hash or self._nobodys_hash
                self._verifier.verify(secret_hash, login.secret, partial(self._checked, login))

    def _checked(self, login: _Waiting, right: bool) -> None:
        self._checking = False
        if right and login.secret_hash is not None:
            self.throttle.succeeded(login.source, login.account)
            login.decided(None)
        else:
            self.throttle.failed(login.source, login.account, self._now_s())
            self.metrics.add(Metric.LOGINS_FAILED)
            login.decided(Refusal(ErrorCode.LOGIN_FAILED, "account and secret do not belong together"))
        self._check_next()

    def _is_throttled(self, source: str, decided: Decided) -> bool:
        wait_s = self.throttle.wait_s(source, self._now_s())
        if not wait_s:
            return False
        self.metrics.add(Metric.LOGINS_THROTTLED)
        text = f"too many logins from {source} failed: try again in {wait_s:.0f} s"
        decided(Refusal(ErrorCode.LOGIN_THROTTLED, text))
        return True


def _belong_together(secret_hash: str, secret: str) -> bool:
    try:
        return _HASHER.verify(secret_hash, secret)
    except VerifyMismatchError:
        return False
    except (InvalidHashError, VerificationError) as error:
        # The operator's fault, not the trader's: nobody can log in there until it is mended.
        log.error("secret_hash_unusable", reason=type(error).__name__)  # noqa: TRY400  # says all there is
        return False


def _step_back() -> None:
    """Let every other thread of the machine go first. Elsewhere than on Linux threads have no niceness."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)

"""Secrets to hashes, away from the thread of the venue: a hash takes tens of milliseconds, and is meant to.

In: a secret of a new account, and what to do with its hash. Out: that is done, on that thread, one after the
other in the order in which they were asked for.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from exchange.access import hash_secret


class HashingThread:
    """One thread that hashes. ``desk.MAX_HASHING`` is the bound of what waits for it."""

    def __init__(
        self, post: Callable[[Callable[[], None]], object], attempt: Callable[[Callable[[], None]], None]
    ) -> None:
        """``post`` has something called on the thread of the venue; ``attempt`` does it there: ``Turns.attempt``."""
        self._post = post
        self._attempt = attempt
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="hashing")
        self._stopped = False

    def hash_later(self, secret: str, then: Callable[[str], None]) -> None:
        """As ``desk.HashLater``."""
        self._pool.submit(self._run, secret, then)

    def stop(self) -> None:
        """Wait for the hash that is under way; what it was for is not done any more."""
        self._stopped = True
        self._pool.shutdown(cancel_futures=True)

    def _run(self, secret: str, then: Callable[[str], None]) -> None:
        secret_hash = hash_secret(secret)
        self._post(lambda: self._done(secret_hash, then))

    def _done(self, secret_hash: str, then: Callable[[str], None]) -> None:
        if not self._stopped:
            self._attempt(lambda: then(secret_hash))

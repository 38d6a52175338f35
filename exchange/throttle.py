"""Slows down who guesses: after a few failed logins a source has to wait, longer each time.

In: where a login comes from, for which account, how it went, the time. Out: whether that source is to be
heard now. What is known of sources is bounded; the one heard of longest ago is forgotten first.

A login that succeeds takes back the failures of its own account, not those of others: an attacker with an
account of his own could wipe his slate with it.
"""

import ipaddress
from collections import OrderedDict
from typing import Final

from protocol.vocabulary import AccountId

FREE_FAILURES: Final = 3
"""People mistype; the fourth failure begins to cost."""

FIRST_DELAY_S: Final = 1.0
LONGEST_DELAY_S: Final = 300.0
MAX_SOURCES: Final = 10_000

_FORGOTTEN_AFTER_S: Final = 3600.0
"""A source that has not failed for so long starts anew."""

_MAX_NAMES: Final = 100
"""Accounts whose failures are kept apart for a source; those of more are never taken back."""


class _Slate:
    """The failures of one source."""

    __slots__ = ("failures", "last_s", "others")

    def __init__(self) -> None:
        self.failures: dict[AccountId, int] = {}
        self.others = 0
        self.last_s = 0.0

    @property
    def until_s(self) -> float:
        """When it is heard again."""
        beyond = sum(self.failures.values()) + self.others - FREE_FAILURES
        if beyond <= 0:
            return self.last_s
        # Far beyond the cap the power would only become a very long number.
        return self.last_s + min(FIRST_DELAY_S * 2.0 ** min(beyond - 1, 30), LONGEST_DELAY_S)


class Throttle:
    """The slates of all sources. Times are monotonic seconds."""

    def __init__(self, max_sources: int = MAX_SOURCES) -> None:
        self._max_sources = max_sources
        self._slates: OrderedDict[str, _Slate] = OrderedDict()  # the one that failed last is last

    def wait_s(self, source: str, now_s: float) -> float:
        """For how long the source is not to be heard; 0: now."""
        slate = self._slates.get(source)
        return 0.0 if slate is None else max(slate.until_s - now_s, 0.0)

    def failed(self, source: str, account: AccountId, now_s: float) -> None:
        """A login from there failed."""
        slate = self._slates.pop(source, None)
        if slate is None or now_s - slate.last_s > _FORGOTTEN_AFTER_S:
            slate = _Slate()
        self._slates[source] = slate
        if account in slate.failures or len(slate.failures) < _MAX_NAMES:
            slate.failures[account] = slate.failures.get(account, 0) + 1
        else:
            slate.others += 1
        slate.last_s = now_s
        if len(self._slates) > self._max_sources:
            self._slates.popitem(last=False)

    def succeeded(self, source: str, account: AccountId) -> None:
        """A login from there was right."""
        slate = self._slates.get(source)
        if slate is not None and slate.failures.pop(account, 0) and not slate.failures and not slate.others:
            del self._slates[source]

    def __len__(self) -> int:
        return len(self._slates)


def source_of(host: str) -> str:
    """What counts as one source: an IPv4 address, or the /64 network of an IPv6 one, which one customer has
    to himself.
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address, 64), strict=False))

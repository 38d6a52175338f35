"""Names for orders that no other session of the account has used.

In: the welcome, our end's TCP port. Out: client order ids. Deterministic but for the port: nothing is
drawn, no clock is read.
"""

from protocol.messages import Welcome
from protocol.vocabulary import ClientOrderId


class OrderIds:
    """Ids with one first part, counted from 1."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._count = 0

    def next_id(self) -> ClientOrderId:
        """An id not given before."""
        self._count += 1
        return ClientOrderId(f"{self._prefix}{self._count:x}")


def unique_prefix(welcome: Welcome, local_port: int) -> str:
    """First part of client order ids that no other session of this account has used.

    The number of the account's last private message grows with every order the venue takes, and
    the venue keeps it over restarts: two sessions with the same number can only be open at the
    same time, or one after the other with nothing taken in between. In both cases the venue still
    holds, or has just held, the older connection, so TCP gave ours another port.
    """
    return f"{welcome.seq:x}-{local_port:x}-"

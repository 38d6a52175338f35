"""How many connections one process can hold.

In: how many it is to hold. Out: the limit of open files, raised as far as needed; or an error that says what to do.
"""

import resource
from typing import Final

from protocol.errors import ConfigError

SPARE: Final = 64
"""Files a process has open beside its connections: standard streams, the event loop, what Python loads."""


def allow_connections(wanted: int) -> None:
    """Raise the soft limit of open files where ``wanted`` connections need it.

    Raises:
        ConfigError: the hard limit is below that; it says how many there can be.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + SPARE
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        most = max(hard - SPARE, 0)
        raise ConfigError(
            "fleet",
            f"{wanted:,} traders need a connection each, and this process may open {hard:,} files: "
            f"{most:,} traders at most; spread them with --processes {-(-wanted // max(most, 1))}, or raise `ulimit -n`",
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))

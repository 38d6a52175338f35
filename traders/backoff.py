"""After a session broke: whether to try again, and how long to wait before.

In: how it ended, how often it was tried. Out: yes or no, seconds. Chance is handed in, so that a thousand bots do not come
back at the same moment.
"""

from dataclasses import dataclass
from random import Random
from typing import Final

from protocol.errors import RemoteProtocolError, SequenceGap, SessionBroken, VenueError
from protocol.vocabulary import ErrorCode

FINAL: Final = frozenset(
    (
        ErrorCode.LOGIN_FAILED,
        ErrorCode.ACCOUNT_DISABLED,
        ErrorCode.NOT_ALLOWED,
        ErrorCode.UNKNOWN_ACCOUNT,
        ErrorCode.RESUME_FROM_THE_FUTURE,
        ErrorCode.RESUME_UNAVAILABLE,
    )
)
"""Why a venue hangs up where trying again would not help."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before the next try: something between nothing and a bound that doubles each time.

    "Full jitter", as Amazon's builders' library calls it: of all ways to spread a crowd it makes the
    fewest calls in all.
    """

    first_s: float = 0.25
    longest_s: float = 30.0

    def wait_s(self, tries: int, rng: Random) -> float:
        """Seconds to wait after so many tries in a row, at least one, that failed."""
        # 2**64 quarters of a second are beyond any bound, and a float holds them.
        return rng.uniform(0.0, min(self.longest_s, self.first_s * 2.0 ** min(tries - 1, 64)))


USUAL: Final = Backoff()
"""From a quarter of a second to half a minute."""


def may_try_again(end: VenueError) -> bool:
    """Whether the next session may fare better than the one that ended like this."""
    match end:
        case SessionBroken(code=code):
            return code not in FINAL
        case RemoteProtocolError(code=code):
            # The last line of a venue that was killed.
            return code is ErrorCode.LINE_CUT_SHORT
        case SequenceGap():
            # What was lost on the way is sent again.
            return True
        case _:
            return False

"""What each runtime can do, and why it can't do the rest: the one place in which that is declared.

In: nothing. Out: features by name, in the order of the page. Every scenario of this suite is marked with the feature that it
shows and runs on every pair of which both sides have it; so a declaration that is wrong fails.
docs/reference/runtimes.md is made of these and of what the run said.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final, Literal

Side = Literal["venue", "trader"]
Cell = Literal[True] | str
"""``True``: it has it; a text: why not."""

ASYNCIO: Final = "asyncio"
LEGACY: Final = "legacy"
RUNTIMES: Final = (ASYNCIO, LEGACY)

_HTTP: Final = "served by aiohttp, which is asyncio: refused at the start"
_FLEET: Final = "one process; a broken session is counted; experiments and oracles are refused at the start"
_ADMIN: Final = "not needed: it asks once and ends"


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that a venue, a trader or both have a part in."""

    name: str
    venue: dict[str, Cell] | None = None
    """By runtime; ``None``: venues have no part in it."""
    trader: dict[str, Cell] | None = None

    def has(self, side: Side, runtime: str) -> Cell | None:
        """``None``: that side has no part in it."""
        cells = self.venue if side == "venue" else self.trader
        return None if cells is None else cells[runtime]

    def runtimes(self, side: Side) -> list[str]:
        """Those that have it; all, if that side has no part in it."""
        return [runtime for runtime in RUNTIMES if self.has(side, runtime) in (True, None)]

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Venue and trader that can show it together."""
        return product(self.runtimes("venue"), self.runtimes("trader"))


def _both() -> dict[str, Cell]:
    return {ASYNCIO: True, LEGACY: True}


def _not_legacy(why: str) -> dict[str, Cell]:
    return {ASYNCIO: True, LEGACY: why}


FEATURES: Final = {
    feature.name: feature
    for feature in (
        # -- sessions
        Feature("login with account and secret, roles", _both(), _both()),
        Feature("refused logins say why; whoever guesses is throttled", _both(), _both()),
        Feature("TLS", _both(), _both()),
        Feature("heartbeats", _both(), _both()),
        Feature("resume from any private message", _both(), _both()),
        Feature("sessions that follow one another when lines break", None, _both()),
        Feature("cancel on disconnect", _both(), _both()),
        Feature("orderly shutdown", _both(), _both()),
        # -- trading
        Feature("orders: enter, replace, reduce, cancel, mass cancel, status", _both(), _both()),
        Feature("order types and times in force", _both(), _both()),
        Feature("refusals are answers", _both(), _both()),
        Feature("account, kill switch, dead man's switch, quotes, protection", _both(), _both()),
        Feature("drop copies and notices", _both(), _both()),
        Feature("operators' requests, auctions", _both(), _both()),
        # -- market data
        Feature("stream: best bid and offer", _both(), _both()),
        Feature("stream: depth, whole or of some levels", _both(), _both()),
        Feature("stream: orders", _both(), _both()),
        Feature("stream: trades, and those undone", _both(), _both()),
        Feature("stream: candles", _both(), _both()),
        Feature("stream: statistics of the day", _both(), _both()),
        Feature("stream: status", _both(), _both()),
        Feature("stream: auctions", _both(), _both()),
        Feature("a book with a gap recovers", None, _both()),
        # -- bad lines, bad input
        Feature("slow readers: public streams conflate", _both(), _both()),
        Feature("slow readers: hung up on for private messages", _both(), _both()),
        Feature("malformed lines are answered, others notice nothing", _both(), None),
        Feature("a venue that talks nonsense is left", None, _both()),
        # -- keeping
        Feature("journal: goes on after `kill -9`, also under the other runtime", _both(), None),
        Feature("reads its file again at SIGHUP", _both(), None),
        Feature("history of trades, candles and positions is kept", _both(), None),
        Feature("scheduled phases, deadlines of orders", _both(), None),
        # -- around it
        Feature("fleets of strategies from a scenario file", None, _both()),
        Feature(
            "fleets: several processes, sessions that come back, one feed for samplers, experiments, oracles",
            None,
            _not_legacy(_FLEET),
        ),
        Feature("operators' commands: `tontine admin`", None, _not_legacy(_ADMIN)),
        Feature("HTTP, WebSocket, server-sent events", _not_legacy(_HTTP), None),
        Feature("metrics for Prometheus, health checks", _not_legacy(_HTTP), None),
        Feature("uvloop", _not_legacy("a loop for asyncio; the kernel is its own"), None),
    )
}
"""By name."""

"""Bounds of a connection, the same for whatever reads and writes it.

In: nothing. Out: numbers, and why they are what they are. ``exchange.gateways.connection`` keeps to them on asyncio.
"""

from dataclasses import dataclass
from typing import Final

from exchange.metrics import Metric
from protocol.vocabulary import ErrorCode

CHUNK: Final = 256 * 1024
"""What is read from a socket at once, as in asyncio. One buffer serves all connections: a chunk is
dealt with before the next is read. ``asyncio.Protocol`` makes a new buffer of this size for
every chunk, which took five times as long as reading it."""

HIGH_WATER: Final = 64 * 1024
"""Unsent bytes from which on market data passes a connection by: asyncio's own default."""

LAST_WORD_S: Final = 5.0
"""How long a connection that is to be closed may take to read what it was sent before."""

EFFORT: Final = 32
"""Requests other than orders that are answered at once: some are ten times as dear as an order."""

REST_S: Final = 0.005
"""What a faulty line costs its sender: nobody who means well sends two hundred of them a second."""

COUNTED: Final = {
    ErrorCode.HEARTBEAT_MISSED: Metric.HEARTBEATS_MISSED,
    ErrorCode.LINE_TIMEOUT: Metric.LINE_TIMEOUTS,
    ErrorCode.LOGIN_TIMEOUT: Metric.LOGIN_TIMEOUTS,
}
"""Why the venue hangs up, and what counts it."""

TICK_S: Final = 1.0
"""How often heartbeats and time-outs are looked at."""

SLICES: Final = 20
"""In so many parts: to look at thousands of connections at once is a pause that others notice."""

TIMED: Final = 50
"""Chunks of requests that are timed in each slice of a tick: a thousand a second."""

PATIENCE_S: Final = 2.0
"""How long clients may take to read their last bytes when the venue closes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one connection, and of how many there may be."""

    max_line_bytes: int
    max_in_flight: int
    max_outgoing_bytes: int
    login_timeout_s: float
    max_connections: int
    max_connections_per_source: int
    line_timeout_s: float

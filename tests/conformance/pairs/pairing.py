"""One pair of runtimes: a venue that is running, a runtime for traders, and names of one's own.

In: which runtimes. Out: traders who are logged in until the test ends, lines that it can make bad.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from protocol.messages import NewOrder
from protocol.vocabulary import ClientOrderId, Side, Symbol
from tests.conformance.pairs.asyncio_thread import AsyncioRuntime
from tests.conformance.pairs.blocking import Runtime, Trader
from tests.conformance.pairs.features import ASYNCIO, LEGACY
from tests.conformance.pairs.kernel_thread import LegacyRuntime
from tests.support.relay import Relay, relay
from tests.support.venue import VenueProcess

SYMBOLS = tuple(f"P{number:03}" for number in range(200))
OUTGOING_BYTES = 262_144
"""Not much: slow readers are soon noticed."""

Serve = Callable[[str], VenueProcess]
"""The venue of a runtime."""


def runtime_option(runtime: str) -> list[str]:
    return ["--runtime", runtime]


def open_file(directory: Path, *, top: str = "", tcp: str = "") -> Path:
    """A venue of which all are members; ``top``, ``tcp``: further lines there."""
    lines = ['name = "pairs"', top, "[tcp]", f"max_outgoing_bytes = {OUTGOING_BYTES}", tcp]
    for name, role in (("boss", "operator"), ("watch", "viewer"), ("clerk", "drop_copy")):
        lines += ["[[accounts]]", f'name = "{name}"', f'role = "{role}"']
    for symbol in SYMBOLS:
        lines += ["[[instruments]]", f'symbol = "{symbol}"']
    path = directory / "venue.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


_KINDS: Final[dict[str, Callable[[], Runtime]]] = {ASYNCIO: AsyncioRuntime, LEGACY: LegacyRuntime}


class Runtimes:
    """What traders run on, each in its thread, from when it is first asked for."""

    def __init__(self) -> None:
        self._running: dict[str, Runtime] = {}

    def __getitem__(self, name: str) -> Runtime:
        if name not in self._running:
            self._running[name] = _KINDS[name]()
        return self._running[name]

    def close(self) -> None:
        """End them."""
        for runtime in self._running.values():
            runtime.close()


@dataclass
class Pair:
    """A venue and a runtime of traders, and names that nobody else uses there."""

    venue_runtime: str
    trader_runtime: str
    traders: Runtime
    serve: Serve
    stack: ExitStack
    number: int

    @property
    def venue(self) -> VenueProcess:
        return self.serve(self.venue_runtime)

    @property
    def symbol(self) -> str:
        """An instrument of one's own."""
        return SYMBOLS[self.number % len(SYMBOLS)]

    def name(self, name: str) -> str:
        """An account of one's own."""
        return f"{name}{self.number}"

    def trader(self, name: str, *, to: "Relay | VenueProcess | None" = None, **words: object) -> Trader:
        """Somebody who is logged in until the end of the test."""
        place = to or self.venue
        account = name if name in ("boss", "watch", "clerk") else self.name(name)
        return self.connect(place, account=account, **words)

    def connect(self, place: "Relay | VenueProcess", **words: object) -> Trader:
        """As ``trader``, under that very name."""
        return self.stack.enter_context(self.traders.connect(place.host, place.port, **words))

    def relay(self, *, to: VenueProcess | None = None, source: str | None = None) -> Relay:
        """A line to the venue that a test can make bad."""
        venue = to or self.venue
        return self.stack.enter_context(relay(venue.host, venue.port, source=source))

    def new(self, trader: Trader, side: Side, quantity: int, price: int) -> NewOrder:
        """An order for ``Trader.submit``."""
        return NewOrder(ClientOrderId(trader.client.next_id()), Symbol(self.symbol), side, quantity, price)

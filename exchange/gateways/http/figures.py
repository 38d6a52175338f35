"""All figures of a venue as Prometheus wants them.

In: the venue and what serves it, read when somebody asks. Out: families of metrics, one at a time, so that whoever
writes them out can let the market go on between two of them. Names follow Prometheus' conventions: ``tontine_``
before, base units and ``_total`` behind. Nothing is read that takes longer than a look: no orders are walked
through, and connections are counted beforehand (``survey``), some hundreds at a time.
"""

import asyncio
import platform
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import InfoMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from exchange import timings
from exchange.metrics import DESCRIPTIONS
from exchange.records.recorder import Recorder
from exchange.timings import Timing
from exchange.turns import Turns
from exchange.venue import Venue
from protocol.messages import PROTOCOL_VERSION
from protocol.vocabulary import Channel, Phase, Role

_FIRST_BUCKET: Final = 10
_LAST_BUCKET: Final = 34
"""Of a histogram: from 1 microsecond to 17 seconds, each twice the one before."""

_LIMITS: Final = tuple((bucket, repr(2**bucket / 1e9)) for bucket in range(_FIRST_BUCKET, _LAST_BUCKET + 1))

_AT_ONCE: Final = 250
"""Connections that are looked at before the market goes on."""

_MOST_LEVELS: Final = 2_000
"""Of a book whose orders are counted: each level is a look, a third of a microsecond."""


@dataclass(slots=True)
class Survey:
    """What was found in the connections."""

    by_gateway: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    unsent: int = 0
    most_unsent: int = 0
    slow: int = 0


async def survey(turns: Turns) -> Survey:
    """Look at all connections, and let the market go on in between."""
    found = Survey()
    connections = turns.connections()
    for start in range(0, len(connections), _AT_ONCE):
        for connection in connections[start : start + _AT_ONCE]:
            unsent = connection.unsent_bytes
            found.by_gateway[connection.via] += 1
            found.waiting += connection.waiting
            found.unsent += unsent
            found.slow += unsent > 0
            if unsent > found.most_unsent:
                found.most_unsent = unsent
        await asyncio.sleep(0)
    return found


class Figures(Collector):
    """The families, in the order in which they are shown."""

    def __init__(
        self, venue: Venue, turns: Turns, found: Survey, recorder: Recorder | None, version: str
    ) -> None:
        self._venue = venue
        self._turns = turns
        self._found = found
        self._recorder = recorder
        self._version = version

    def collect(self) -> Iterator[Family]:
        """Each family is read at the moment it is asked for."""
        yield self._build()
        yield from self._commands()
        yield from self._counts()
        yield self._stages()
        yield from self._journal()
        yield from self._history()
        yield from self._queues()
        yield from self._market_data()
        yield from self._market()

    def _build(self) -> Family:
        return InfoMetricFamily(
            "tontine_build",
            "What is running.",
            {
                "version": self._version,
                "protocol": str(PROTOCOL_VERSION),
                "python": platform.python_version(),
                "loop": type(asyncio.get_running_loop()).__module__.partition(".")[0],
            },
        )

    def _commands(self) -> Iterator[Family]:
        metrics = self._venue.metrics
        refused: Counter[type] = Counter()
        reasons: Counter[str] = Counter()
        for (kind, reason), number in metrics.refusals.items():
            refused[kind] += number
            reasons[reason] += number
        commands = CounterMetricFamily(
            "tontine_commands", "Commands carried out, by what they are and how they ended.",
            labels=("kind", "outcome"),
        )  # fmt: skip
        for kind, number in list(metrics.commands.items()):
            name = str(kind.__struct_config__.tag)
            # A turn is counted when it ends, a refusal at once.
            commands.add_metric((name, "accepted"), max(number - refused[kind], 0))
            commands.add_metric((name, "refused"), refused[kind])
        yield commands
        yield _counter("tontine_refusals", "Commands that the market refused, by reason.", "reason", reasons)

    def _counts(self) -> Iterator[Family]:
        metrics = self._venue.metrics
        for metric, text in DESCRIPTIONS.items():
            yield CounterMetricFamily(f"tontine_{metric}", text, value=metrics[metric])

    def _stages(self) -> Family:
        family = HistogramMetricFamily(
            "tontine_stage_duration_seconds",
            "How long a chunk of requests or a turn takes: " + "; ".join(
                f"{stage}: {text}" for stage, text in timings.DESCRIPTIONS.items()
            ),
            labels=("stage",),
        )  # fmt: skip
        for stage, timing in self._venue.metrics.timings.stages.items():
            family.add_metric((stage,), *_histogram(timing))
        return family

    def _journal(self) -> Iterator[Family]:
        yield _gauge("tontine_sequence_number", "Of the last command.", self._venue.sequencer.last_seq)
        commits = self._turns.commits
        if commits is None:
            return
        writing = HistogramMetricFamily(
            "tontine_journal_write_duration_seconds", "How long the journal's thread writes a turn."
        )
        writing.add_metric((), *_histogram(commits.writing))
        yield writing
        yield CounterMetricFamily(
            "tontine_journal_written_bytes",
            "Commands and private messages that were journalled.",
            value=commits.written_bytes,
        )
        yield _gauge(
            "tontine_journal_commit_age_seconds",
            "For how long the commit has been under way that is; 0: none is.",
            self._turns.committing_for_ns / 1e9,
        )

    def _history(self) -> Iterator[Family]:
        recorder = self._recorder
        if recorder is None:
            return
        yield _gauge(
            "tontine_history_lag_commands",
            "Commands that are carried out and not in the history yet.",
            max(self._venue.sequencer.last_seq - recorder.written, 0),
        )
        for name, text, value in (
            (
                "dropped_turns",
                "Turns that were left to be read from the journal: too many waited.",
                recorder.dropped,
            ),
            ("catch_ups", "How often that was done.", recorder.caught_up),
            ("failures", "How often the file of the history could not be written.", recorder.failures),
        ):
            yield CounterMetricFamily(f"tontine_history_{name}", text, value=value)

    def _queues(self) -> Iterator[Family]:
        found = self._found
        yield _gauges("tontine_open_connections", "Connections, by gateway.", "gateway", found.by_gateway)
        roles = Counter({role.value: 0 for role in Role})
        roles.update(peer.role.value for peer in self._venue.sessions())
        yield _gauges("tontine_sessions", "Sessions that are logged in, by role.", "role", roles)
        yield _gauge(
            "tontine_logins_waiting", "Logins that wait for their check.", self._venue.access.waiting
        )
        yield _gauge(
            "tontine_lines_waiting", "Lines that were read and wait for those before them.", found.waiting
        )
        yield _gauge("tontine_outgoing_bytes", "What sockets have not taken yet.", found.unsent)
        yield _gauge(
            "tontine_outgoing_max_bytes", "The most that one connection has not taken yet.", found.most_unsent
        )
        yield _gauge(
            "tontine_slow_connections",
            "Connections that have something their socket has not taken.",
            found.slow,
        )

    def _market_data(self) -> Iterator[Family]:
        market_data = self._venue.market_data
        readers = Counter({channel.value: 0 for channel in Channel})
        for channel, number in market_data.subscribers().items():
            readers[channel.value] = number
        yield _gauges("tontine_subscriptions", "Streams that are read, by channel.", "channel", readers)
        yield CounterMetricFamily(
            "tontine_market_data_messages",
            "Public messages made, each for all of its readers.",
            value=market_data.published,
        )
        yield CounterMetricFamily(
            "tontine_market_data_conflations",
            "How often a reader was passed by because it reads too slowly; it is given the state later.",
            value=market_data.conflations,
        )

    def _market(self) -> Iterator[Family]:
        engine = self._venue.engine
        yield _gauge("tontine_accounts", "Accounts that are known.", len(engine.accounts.by_name))
        phases = Counter({phase.value: 0 for phase in Phase})
        phases.update(book.phase.value for book in engine.books.values())
        yield _gauges("tontine_instruments", "Instruments, by phase.", "phase", phases)
        levels = GaugeMetricFamily("tontine_price_levels", "Prices at which orders rest.", labels=("symbol",))
        orders = GaugeMetricFamily(
            "tontine_open_orders",
            f"Orders that rest or wait; not of books with more than {_MOST_LEVELS} price levels.",
            labels=("symbol",),
        )
        for symbol, book in engine.books.items():
            number = len(book.bids.levels) + len(book.asks.levels)
            levels.add_metric((symbol,), number)
            if number <= _MOST_LEVELS:
                resting = book.bids.count() + book.asks.count()
                orders.add_metric((symbol,), resting + book.stops.count + len(book.for_the_close.orders))
        yield levels
        yield orders


def _histogram(timing: Timing) -> tuple[list[tuple[str, float]], float]:
    """Buckets, each with all that is below it, and the sum in seconds."""
    counts = list(timing.counts)
    buckets: list[tuple[str, float]] = []
    below = sum(counts[:_FIRST_BUCKET])
    for bucket, limit in _LIMITS:
        below += counts[bucket]
        buckets.append((limit, below))
    buckets.append(("+Inf", sum(counts)))
    return buckets, timing.total_ns / 1e9


def _gauge(name: str, text: str, value: float) -> Family:
    return GaugeMetricFamily(name, text, value=value)


def _gauges(name: str, text: str, label: str, values: Counter[str]) -> Family:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for word, value in values.items():
        family.add_metric((word,), value)
    return family


def _counter(name: str, text: str, label: str, values: Counter[str]) -> Family:
    family = CounterMetricFamily(name, text, labels=(label,))
    for word, value in values.items():
        family.add_metric((word,), value)
    return family

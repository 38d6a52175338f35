"""Public streams for a crowd: how fast it is told, what that costs those who trade, who falls behind.

In: how carefully to measure. Out: figures with their targets. A floor that writes the same lines to as many readers
(``benchmarks.floor --fan-out``) runs in turns with the venue. Real sockets throughout: venue and floor on one core, the crowd and
who trades on the other one (``benchmarks.crowd``), which only counts.
"""

import http.client
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from statistics import median
from typing import Final

from benchmarks import crowd, pace, trips
from benchmarks.crowd import Crowd, Told
from benchmarks.load import Shape
from benchmarks.pace import Lag
from benchmarks.report import Plan, Result
from benchmarks.servers import Server, disk_directory, floor, need_linux, pinning, venue
from benchmarks.trips import Trips
from protocol.vocabulary import Channel

_READERS: Final = 1_000
_BATCHES: Final = {Channel.TRADES: (1, 16, 64), Channel.DEPTH: (16,)}
"""Trades that one turn makes."""
_TURNS: Final = 40

_FAN_OUT_TARGET: Final = 0.4
_GROWTH_TARGET: Final = 2.0
_PACE: Final = 2_000
_GROWN_MB_TARGET: Final = 8.0
_STALLED: Final = 50
_STALLED_MB_TARGET: Final = 2.0
_UNDISTURBED_TARGET: Final = 0.9
_HEALTHY: Final = 200
_MORE_SAMPLES: Final = 3
"""Single runs differ by a tenth on a machine that others use, too: as much as the target allows."""

_SHAPE: Final = Shape(10, 16, 6_000)
_CALM: Final = 2_000
"""Requests a second that leave the venue time."""

_NOTE: Final = "feed: venue and floor on one core, crowd and traders on the other"
_MEGABYTE: Final = 1024 * 1024


def measure(plan: Plan) -> Iterator[Result]:
    """Everything."""
    need_linux()
    crowd.allow_descriptors(5 * _READERS)
    for channel, batches in _BATCHES.items():
        yield from fan_out(plan, channel, batches)
    yield from round_trips(plan)
    yield from stalled(plan)
    yield from web_sockets(plan)


def fan_out(
    plan: Plan, channel: Channel, batches: Sequence[int], *, readers: int = _READERS
) -> Iterator[Result]:
    """Lines a second to a crowd, beside bare writes of the same lines, with as many of them a turn."""
    with ExitStack() as stack:
        directory = stack.enter_context(disk_directory())
        measured = stack.enter_context(venue(directory, "--open", "--journal", "off"))
        bare = [stack.enter_context(floor(directory, "--fan-out")) for _ in batches]
        people = stack.enter_context(crowd.crowd())
        people.call(crowd.join, measured, readers, channel)
        for size, one in zip(batches, bare, strict=True):
            people.call(crowd.join_floor, one, readers, people.call(crowd.sample, measured, size))
            runs: dict[Server, list[Told]] = {one: [], measured: []}
            for _ in range(plan.samples):
                runs[one].append(people.call(crowd.tell, one, size, _TURNS, True))
                runs[measured].append(people.call(crowd.tell, measured, size, _TURNS))
            yield from _told(plan, f"{channel} to {readers:,}, {size} a turn", runs[measured], runs[one])


def _told(plan: Plan, case: str, runs: Sequence[Told], bare: Sequence[Told]) -> Iterator[Result]:
    shares = [f"{median(run.cpu_s / run.seconds for run in of_one):.0%}" for of_one in (bare, runs)]
    note = f"{case}: {pinning()}; of their core the floor used {shares[0]}, the venue {shares[1]}"
    rate, least = (median(run.messages / run.seconds for run in of_one) for of_one in (runs, bare))
    yield Result("feed", case, rate, "lines/s", least, _FAN_OUT_TARGET, False, plan.samples, note)
    cost, least = (median(run.cpu_s / run.messages * 1e6 for run in of_one) for of_one in (runs, bare))
    yield Result("feed", f"{case}, server's CPU", cost, "us/line", least, None, True, plan.samples)


def round_trips(
    plan: Plan, *, readers: int = _READERS, shape: Shape = _SHAPE, calm: int = _CALM
) -> Iterator[Result]:
    """How long answers take while a crowd reads the depth of what is traded, beside a venue without a crowd."""
    with ExitStack() as stack:
        directory = stack.enter_context(disk_directory())
        people = stack.enter_context(crowd.crowd())
        crowded, quiet = (
            stack.enter_context(venue(directory, "--open", "--journal", "off")) for _ in range(2)
        )
        for server, number in ((crowded, readers), (quiet, 0)):
            people.call(crowd.join, server, number, Channel.DEPTH)
            people.call(trips.open_desk, server, shape, 2 * plan.samples, plan.seed)
        for nth, (rate, target) in enumerate(((None, _GROWTH_TARGET), (float(calm), None))):
            runs: dict[Server, list[Trips]] = {quiet: [], crowded: []}
            for sample in range(plan.samples):
                for server, of_one in runs.items():
                    of_one.append(people.call(trips.trade, server, nth * plan.samples + sample, rate))
            how = f"{shape.connections}x{shape.window}" + (f" at {calm:,} requests/s" if rate else "")
            case = f"{how}, depth to {readers:,}"
            yield from _trips(plan, case, runs[crowded], runs[quiet], target)


def _trips(
    plan: Plan, case: str, runs: Sequence[Trips], quiet: Sequence[Trips], target: float | None
) -> Iterator[Result]:
    def of(of_one: Sequence[Trips], percentile: str) -> float:
        return median(run.p99_s if percentile == "99 %" else run.median_s for run in of_one) * 1e6

    told = median(run.told / run.seconds for run in runs)
    note = f"{case}: beside the same without readers; meanwhile the readers got {told:,.0f} messages/s in all"
    for text, goal in (("99 %", target), ("median", None)):
        yield Result(
            "feed", f"{case}, round trip {text}", of(runs, text), "us", of(quiet, text), goal, True,
            plan.samples, note,
        )  # fmt: skip
    rates = [median(run.requests / run.seconds for run in of_one) for of_one in (runs, quiet)]
    yield Result("feed", case, rates[0], "requests/s", rates[1], None, False, plan.samples)


def stalled(
    plan: Plan, *, readers: int = _HEALTHY, number: int = _STALLED, batch: int = 16
) -> Iterator[Result]:
    """What readers that do not read cost the others, and the memory of the venue."""
    channel, turns, samples = Channel.TRADES, 4 * _TURNS, _MORE_SAMPLES * plan.samples
    alone: list[Told] = []
    beside: list[Told] = []
    grown: list[float] = []
    with disk_directory() as directory, crowd.crowd() as people, venue(
        directory, "--open", "--journal", "off"
    ) as server:  # fmt: skip
        people.call(crowd.join, server, readers, channel)
        people.call(crowd.tell, server, batch, turns)
        for _ in range(samples):
            alone.append(people.call(crowd.tell, server, batch, turns))
            orders = _fill(people, server, batch)
            before = server.resident_bytes()
            people.call(crowd.stall, server, number, channel)
            _fill(people, server, batch)
            # The orders themselves are remembered until the day ends.
            grown.append((server.resident_bytes() - before - orders) / number / _MEGABYTE)
            beside.append(people.call(crowd.tell, server, batch, turns))
            people.call(crowd.stalled_are_gone, server)
    rate, without = (median(run.messages / run.seconds for run in of_one) for of_one in (beside, alone))
    case = f"{channel} to {readers:,} beside {number} that do not read"
    yield Result("feed", case, rate, "lines/s", without, _UNDISTURBED_TARGET, False, samples, _NOTE)
    cost, without = (median(run.cpu_s / run.messages * 1e6 for run in of_one) for of_one in (beside, alone))
    yield Result("feed", f"{case}, server's CPU", cost, "us/line", without, None, True, samples)
    yield Result(
        "feed", f"memory of one of {number} that do not read", median(grown), "MB",
        target=_STALLED_MB_TARGET, at_most=True, samples=samples,
    )  # fmt: skip


def _fill(people: Crowd, server: Server, batch: int) -> int:
    """Tell everybody so much that who does not read stands still; how much the server has grown by then, in bytes."""
    before = server.resident_bytes()
    lines = 6_000  # 700 kB: what the kernels of both ends keep, and the venue's 64 KiB
    people.call(crowd.tell, server, batch * 4, max(lines // (batch * 4), 1))
    return server.resident_bytes() - before


def web_sockets(plan: Plan, *, readers: int = _READERS, updates: int = _PACE) -> Iterator[Result]:
    """A crowd of WebSockets that reads a busy instrument for a while."""
    seconds = plan.seconds
    with disk_directory() as directory, crowd.crowd() as people:
        options = (
            "--open",
            "--journal",
            str(directory / "feed.journal"),
            "--sync",
            "off",
            "--http-port",
            "0",
        )
        with venue(directory, *options) as server:
            people.call(crowd.join, server, readers, Channel.DEPTH, True)
            lag: Lag = people.call(pace.keep_pace, server, updates, seconds)
            conflated = _figure(server, "tontine_market_data_conflations_total")
    case = f"depth to {readers:,} WebSockets, {updates:,} updates/s for {seconds:.0f} s"
    rate = lag.sent / lag.seconds
    share = lag.delivered / (lag.sent * readers)
    note = (
        f"{case}: {pinning()}; {share:.1%} of all updates came one by one, the rest in snapshots; at the end the last reader "
        f"was {lag.behind_at_the_end:,} updates behind; the venue used {lag.cpu_s / lag.seconds:.0%} of its core"
    )
    yield Result("feed", case, rate, "updates/s", updates, 0.95, False, 1, note)
    yield Result("feed", f"{case}, messages delivered", lag.delivered / lag.seconds, "messages/s")
    yield Result(
        "feed", f"{case}, readers without the last one", lag.never_got, "readers", target=0, at_most=True
    )
    yield Result("feed", f"{case}, readers shown how things stand instead", conflated, "times")
    for text, value in (("median", lag.median_s), ("99 %", lag.p99_s), ("worst", lag.worst_s)):
        yield Result("feed", f"{case}, from order to reader, {text}", value * 1e3, "ms")
    settled = lag.resident[len(lag.resident) // 3 :]
    yield Result(
        "feed", f"{case}, memory grown in the last two thirds", (settled[-1] - settled[0]) / _MEGABYTE, "MB",
        target=_GROWN_MB_TARGET, at_most=True,
    )  # fmt: skip


def _figure(server: Server, name: str) -> float:
    """What the venue itself counts."""
    connection = http.client.HTTPConnection(server.host, server.http_port, timeout=crowd.PATIENCE_S)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    finally:
        connection.close()
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(f"{name} "))

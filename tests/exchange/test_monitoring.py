"""Who watches the venue sees what happens in it, and does not disturb it."""

import asyncio
import json
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from aiohttp import web
from websockets.sync.client import connect

from exchange.access import Access
from exchange.engine.commands import AddInstrument
from exchange.gateways.http.answers import Refused
from exchange.gateways.http.figures import survey
from exchange.gateways.http.monitoring import Monitoring
from exchange.journal.group_commit import GroupCommit
from exchange.journal.recovery import start_from
from exchange.metrics import DESCRIPTIONS
from exchange.peers import Peer, Touched
from exchange.timings import Stage, Timing
from exchange.turns import Turns
from exchange.venue import Venue
from protocol.clock import ManualClock
from protocol.session import ServerSession
from protocol.vocabulary import Symbol
from tests.support.figures import Figures, get, scrape
from tests.support.venue import VenueProcess, new, running_venue


# -- the figures -----------------------------------------------------------------------------------
def test_figures_are_those_of_the_traffic(tmp_path: Path) -> None:
    with (
        running_venue(tmp_path, "--http-port", "0") as venue,
        venue.login("anna") as anna,
        venue.login("vera", role="viewer") as vera,
    ):
        vera.send({"type": "subscribe", "channel": "depth", "symbol": "ACME"})
        vera.receive_until("depth_snapshot")
        vera.send({"type": "subscribe", "channel": "trades", "symbol": "ACME"})
        vera.receive_until("trades_snapshot")
        before = scrape(venue)
        anna.send(
            new("a", "buy", 5, 99), new("b", "buy", 7, 98), new("a", "buy", 5, 99), new("c", "sell", 5, 99),
            {"type": "cancel", "client_order_id": "b"},
            {"type": "cancel", "client_order_id": "never"},
        )  # fmt: skip
        anna.receive_until("canceled")
        anna.receive_until("rejected")
        anna.send_bytes(b"no json\n")
        anna.receive_until("error")
        vera.receive_until("trade")
        vera.receive_until("depth_delta")
        after = scrape(venue)

    def grown(name: str, **labels: str) -> float:
        return after(name, **labels) - before(name, **labels)

    assert grown("tontine_commands_total", kind="enter", outcome="accepted") == 3
    assert grown("tontine_commands_total", kind="enter", outcome="refused") == 1
    assert grown("tontine_commands_total", kind="cancel", outcome="accepted") == 1
    assert grown("tontine_commands_total", kind="cancel", outcome="refused") == 1
    assert grown("tontine_refusals_total", reason="duplicate_client_order_id") == 1
    assert grown("tontine_refusals_total", reason="unknown_order") == 1
    assert grown("tontine_sequence_number") == 6
    assert grown("tontine_requests_rejected_total") == 2
    assert grown("tontine_lines_invalid_total") == 1
    assert grown("tontine_journal_written_bytes_total") > 6 * 20
    assert grown("tontine_journal_write_duration_seconds_count") >= 1
    assert grown("tontine_market_data_messages_total") >= 2
    for stage in Stage:
        assert grown("tontine_stage_duration_seconds_count", stage=stage) >= 1, stage
        assert grown("tontine_stage_duration_seconds_sum", stage=stage) > 0, stage
    assert after("tontine_open_connections", gateway="tcp") == 2
    assert after("tontine_open_connections", gateway="http") == 1
    assert after("tontine_sessions", role="trader") == after("tontine_sessions", role="viewer") == 1
    assert after("tontine_subscriptions", channel="depth") == 1
    assert after("tontine_subscriptions", channel="trades") == 1
    assert after("tontine_instruments", phase="continuous") == 3
    assert after("tontine_open_orders", symbol="ACME") == 0
    assert after("tontine_accounts") == 1
    assert 0 <= after("tontine_history_lag_commands") <= after("tontine_sequence_number")
    assert after("tontine_history_failures_total") == 0
    assert after("process_resident_memory_bytes") > 1e7
    assert 'protocol="' in after.text


def test_orders_that_rest_are_counted_and_every_bound_has_its_figure(tmp_path: Path) -> None:
    with running_venue(tmp_path, "--http-port", "0", journal=False) as venue, venue.login("anna") as anna:
        anna.send(new("a", "buy", 5, 99), new("b", "buy", 7, 98), new("c", "buy", 7, 98))
        for _ in range(3):
            anna.receive_until("accepted")
        found = scrape(venue)

    assert found("tontine_open_orders", symbol="ACME") == 3
    assert found("tontine_price_levels", symbol="ACME") == 2
    assert {f"tontine_{metric}_total" for metric in DESCRIPTIONS} <= found.names
    assert not any(name.startswith("tontine_journal") for name in found.names)


def test_connections_are_counted_by_the_gateway_they_came_through(tmp_path: Path) -> None:
    with running_venue(tmp_path, "--http-port", "0", journal=False) as venue, venue.login("anna"):
        address = venue.logged("listening_http")
        with connect(f"ws://{address['host']}:{address['port']}/ws") as socket:
            socket.send('{"type":"login","account":"ben"}')
            socket.recv()
            found = scrape(venue)

    of = {name: found("tontine_open_connections", gateway=name) for name in ("tcp", "websocket", "http")}
    assert of == {"tcp": 1, "websocket": 1, "http": 1}  # the last one is who asked
    assert found("tontine_sessions", role="trader") == 2


def test_prometheus_finds_nothing_wrong_with_the_figures(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: apt install prometheus")
    with running_venue(tmp_path, "--http-port", "0") as venue, venue.login("anna") as anna:
        anna.ask(new("a", "buy", 5, 99))
        status, content_type, text = get(venue, "/metrics")

    checked = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )

    assert (status, content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_scrapes_while_orders_come_are_whole_and_lose_nothing(tmp_path: Path) -> None:
    orders = 0
    scraped: list[Figures] = []
    over = threading.Event()

    def watch(venue: VenueProcess) -> None:
        while not over.is_set():
            scraped.append(scrape(venue))

    with running_venue(tmp_path, "--http-port", "0", journal=False) as venue, venue.login("anna") as anna:
        watcher = threading.Thread(target=watch, args=(venue,))
        watcher.start()
        try:
            while orders < 4_000 or len(scraped) < 3:  # a quick venue is done before it was looked at thrice
                anna.send(*(new(f"o{number}", "buy", 1, 99) for number in range(orders, orders + 100)))
                orders += 100
                for _ in range(100):
                    anna.receive_until("accepted")
        finally:
            over.set()
            watcher.join()
        last = scrape(venue)

    entered = [one("tontine_commands_total", kind="enter", outcome="accepted") for one in scraped]
    assert len(scraped) > 2
    assert entered == sorted(entered)
    assert all(one.names >= scraped[0].names for one in scraped)
    assert last("tontine_commands_total", kind="enter", outcome="accepted") == orders
    assert last("tontine_open_orders", symbol="ACME") == orders


# -- ready or not ----------------------------------------------------------------------------------
def test_a_venue_that_listens_is_alive_and_ready(tmp_path: Path) -> None:
    with running_venue(tmp_path, "--http-port", "0") as venue:
        answers = [get(venue, path) for path in ("/health", "/ready")]

    assert [(status, json.loads(body)) for status, _, body in answers] == [
        (200, {"status": "ok"}),
        (200, {"status": "ready"}),
    ]


class StuckLog:
    """A journal whose disk does not answer until it is told to."""

    def __init__(self) -> None:
        self.gate = threading.Event()

    def append(self, turn: object, pages: object = ()) -> int:
        self.gate.wait()
        return 0


class Watched:
    """A venue with a journal that can get stuck, and those who ask whether it is ready."""

    def __init__(self) -> None:
        touched: Touched = []
        state = start_from(None, ManualClock().now_ns, touched)
        self.venue = Venue("test", state.sequencer, state.reports, touched, Access(open=True))
        self.log = StuckLog()
        loop = asyncio.get_running_loop()
        self.commits = GroupCommit(self.log, loop.call_soon_threadsafe)  # type: ignore[arg-type]  # nothing else of it is asked for
        self.turns = Turns(self.venue, self.commits, loop)
        self.closing = asyncio.Event()
        self.monitoring = Monitoring(self.venue, self.turns, self.closing, lambda: 0, patience_s=0.0)

    async def answer(self) -> int:
        request = web.Request.__new__(web.Request)  # not looked at
        try:
            return (await self.monitoring.ready(request)).status
        except Refused as refused:
            return refused.status


async def test_a_venue_whose_journal_is_stuck_is_not_ready_until_it_answers() -> None:
    watched = Watched()
    before = await watched.answer()

    watched.venue.act(AddInstrument(Symbol("ACME"), 1, 1, 1, 1000, 1000, 2, 0, 0, False))
    watched.turns.schedule()
    for _ in range(3):
        await asyncio.sleep(0)
    stuck = await watched.answer()
    watched.log.gate.set()
    await watched.turns.settled()
    after = await watched.answer()

    assert (before, stuck, after) == (200, 503, 200)
    watched.commits.stop()


async def test_a_venue_that_shuts_down_or_failed_is_not_ready() -> None:
    closing, failed = Watched(), Watched()

    closing.closing.set()
    failed.turns.fail(RuntimeError("broken"))

    assert [await closing.answer(), await failed.answer()] == [503, 503]
    assert isinstance(failed.turns.failed.exception(), RuntimeError)
    for one in (closing, failed):
        one.commits.stop()


# -- what it costs ---------------------------------------------------------------------------------
class Idle:
    """A connection that has a little to send."""

    via = "tcp"
    waiting = 2
    unsent_bytes = 3

    def send(self, data: bytes, *, last: bool) -> None: ...

    def tell(self, data: bytes) -> None: ...


async def test_many_connections_are_looked_at_in_parts_and_the_market_goes_on_in_between() -> None:
    watched = Watched()
    for _ in range(2_000):
        watched.turns.join(Peer(ServerSession()), Idle())
    passes = 0
    over = False

    def go_on() -> None:
        nonlocal passes
        passes += 1
        if not over:
            asyncio.get_running_loop().call_soon(go_on)

    go_on()
    found = await survey(watched.turns)
    over = True

    assert (found.by_gateway, found.waiting, found.unsent) == ({"tcp": 2_000}, 4_000, 6_000)
    assert (found.most_unsent, found.slow) == (3, 2_000)
    assert passes >= 8
    watched.commits.stop()


async def test_no_more_chunks_are_timed_than_were_asked_for() -> None:
    turns = Watched().turns
    turns.time_some_more(2)

    turns.handled(1, 1)
    turns.handled(1, 1)

    assert turns.chunks_to_time == 0
    assert turns.commits is not None
    turns.commits.stop()


def test_a_duration_is_in_the_first_bucket_that_is_longer() -> None:
    timing = Timing()

    for duration_ns in (0, 1, 1023, 1024, 2047):
        timing.note(duration_ns)

    assert {bucket: count for bucket, count in enumerate(timing.counts) if count} == {
        0: 1,
        1: 1,
        10: 1,
        11: 2,
    }
    assert timing.total_ns == 0 + 1 + 1023 + 1024 + 2047

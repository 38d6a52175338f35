"""Server-sent events: streams as on TCP, with numbers to come back with, and never at the cost of the market."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import pairwise
from pathlib import Path

import pytest

from protocol.checksum import checksum
from tests.support.over_http import EventStream, http_address, open_http_venue, over_http
from tests.support.venue import VenueProcess, new


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    with open_http_venue(tmp_path_factory.mktemp("venue"), journal=False) as process:
        yield process


def follow(venue: VenueProcess, path: str, **headers: str) -> EventStream:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return EventStream(http_address(venue), path, headers=sent)


def trade(venue: VenueProcess, symbol: str, count: int, prefix: str) -> None:
    """So many trades, one after the other."""
    with venue.login("maker") as maker, venue.login("taker") as taker:
        maker.ask(new(f"{prefix}m", "buy", count, 100) | {"symbol": symbol})
        for number in range(count):
            taker.send(new(f"{prefix}{number}", "sell", 1, 100) | {"symbol": symbol})
            taker.receive_until("trade_report")


def test_the_tape_begins_with_the_last_trades_and_goes_on_in_order(venue: VenueProcess) -> None:
    trade(venue, "ACME", 2, "first")

    with follow(venue, "instruments/ACME/tape") as stream:
        head, first = stream.head(), stream.next()
        trade(venue, "ACME", 3, "then")
        following = [stream.next() for _ in range(3)]

    assert head.startswith("HTTP/1.1 200 OK")
    assert "Content-Type: text/event-stream" in head
    assert (first.kind, len(first.data["trades"])) == ("trades_snapshot", 2)
    assert [event.kind for event in following] == ["trade"] * 3
    numbers = [event.data["seq"] for event in following]
    assert numbers == [first.data["seq"] + step for step in (1, 2, 3)]
    assert [event.id.partition("-")[0] for event in following] == [str(number) for number in numbers]


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("channel=bbo", "bbo"),
        ("channel=depth", "depth_snapshot"),
        ("channel=depth&levels=50", "depth_snapshot"),
        ("channel=orders", "orders_snapshot"),
        ("channel=trades", "trades_snapshot"),
        ("channel=candles&interval=1m", "candles_snapshot"),
        ("channel=statistics", "statistics"),
        ("channel=status", "status"),
    ],
)
def test_every_channel_can_be_followed(venue: VenueProcess, query: str, kind: str) -> None:
    with follow(venue, f"stream?{query}&symbol=ACME") as stream:
        assert stream.next().kind == kind


def test_depth_over_events_is_proved_by_its_checksums(venue: VenueProcess) -> None:
    with follow(venue, "stream?channel=depth&symbol=CORN") as stream, venue.login("anna") as anna:
        first = stream.next()
        anna.send(*(new(f"d{n}", "buy", n, 90 + n) | {"symbol": "CORN"} for n in range(1, 6)))
        bids = dict(map(tuple, first.data["bids"]))
        for _ in range(5):
            delta = stream.next()
            bids |= dict(map(tuple, delta.data["bids"]))
            assert delta.data["checksum"] == checksum(sorted(bids.items(), reverse=True), [])

    assert bids == {90 + n: n for n in range(1, 6)}


@pytest.mark.parametrize(
    ("query", "status", "where"),
    [
        ("channel=depth&symbol=NONE", 404, "query.symbol"),
        ("channel=depth", 422, "query.symbol"),
        ("channel=news&symbol=ACME", 422, "query.channel"),
        ("channel=depth&levels=11&symbol=ACME", 422, "query.levels"),
        ("channel=bbo&levels=10&symbol=ACME", 422, "query.levels"),
        ("channel=candles&symbol=ACME", 422, "query.interval"),
        ("channel=bbo&interval=1m&symbol=ACME", 422, "query.interval"),
    ],
)
def test_a_stream_that_is_not_offered_is_refused(
    venue: VenueProcess, query: str, status: int, where: str
) -> None:
    with over_http(venue) as client:
        answer = client.get(f"stream?{query}")

    assert (answer.status, answer.json["where"]) == (status, where)


# -- coming back -----------------------------------------------------------------------------------
def test_who_comes_back_gets_the_trades_he_has_not_seen(venue: VenueProcess) -> None:
    trade(venue, "BOLT", 3, "back")
    with follow(venue, "instruments/BOLT/tape") as stream:
        seen = stream.next()
    trade(venue, "BOLT", 2, "more")

    with follow(venue, "instruments/BOLT/tape", Last_Event_ID=seen.id) as stream:
        missed = [stream.next(), stream.next()]

    assert [event.kind for event in missed] == ["trade", "trade"]
    assert [event.data["seq"] for event in missed] == [seen.data["seq"] + 1, seen.data["seq"] + 2]


@pytest.mark.parametrize("last", ["", "1", "1-0", "x-y", "9" * 400, "99999999-{run}", "-5-{run}"])
def test_who_comes_back_with_anything_else_gets_the_whole_snapshot(venue: VenueProcess, last: str) -> None:
    with follow(venue, "instruments/ACME/tape") as stream:
        run = stream.next().id.partition("-")[2]

    with follow(venue, "instruments/ACME/tape", Last_Event_ID=last.replace("{run}", run)) as stream:
        assert stream.next().kind == "trades_snapshot"


def test_more_trades_than_the_snapshot_has_come_as_a_snapshot(venue: VenueProcess) -> None:
    with follow(venue, "instruments/CORN/tape") as stream:
        seen = stream.next()
    trade(venue, "CORN", 101, "many")

    with follow(venue, "instruments/CORN/tape", Last_Event_ID=seen.id) as stream:
        first = stream.next()

    assert (first.kind, len(first.data["trades"])) == ("trades_snapshot", 100)


# -- the end ---------------------------------------------------------------------------------------
def test_streams_end_when_the_venue_does(tmp_path_factory: pytest.TempPathFactory) -> None:
    with open_http_venue(tmp_path_factory.mktemp("venue"), journal=False) as venue:
        streams = [follow(venue, "stream?channel=bbo&symbol=ACME") for _ in range(5)]
        for stream in streams:
            assert stream.next().kind == "bbo"

        code = venue.stop()

        for stream in streams:
            with stream, pytest.raises(EOFError):
                stream.next()
    assert code == 0
    assert [entry for entry in venue.log if entry["level"] in ("error", "critical")] == []


# -- slow readers ----------------------------------------------------------------------------------
FLOOD = 8_000
"""Changes of the book; some 1.5 MB of events, where a kernel keeps half a megabyte."""

MOST_ROUNDS = 20


def impatient(directory: Path, patience_s: int) -> AbstractContextManager[VenueProcess]:
    """A venue that cuts off after so many seconds who does not read."""
    file = directory / "venue.toml"
    file.write_text(f'[http]\nport = 0\nrequest_timeout_s = {patience_s}\n[[instruments]]\nsymbol = "ACME"\n')
    return open_http_venue(directory, str(file), journal=False)


def flood(venue: VenueProcess, account: str = "flood") -> int:
    """Change the book so often; the number of the last change in the depth stream, which somebody reads."""
    with venue.login(account) as session:
        for start in range(0, FLOOD, 200):
            session.send(*(new(f"f{n}", "buy", 1, 1_000_000 + n) for n in range(start, start + 200)))
            for _ in range(200):
                session.receive()
        with over_http(venue) as client:
            return int(client.get("instruments/ACME/depth").json["seq"])


def cut_off(venue: VenueProcess) -> int:
    """How many were."""
    with over_http(venue) as client:
        figures = client.get("/metrics").body.decode()
    (count,) = re.findall(r"^tontine_slow_consumers_total (\d+)", figures, re.MULTILINE)
    return int(count)


def test_a_slow_reader_is_passed_by_and_shown_how_things_stand(tmp_path: Path) -> None:
    path = "stream?channel=depth&symbol=ACME"
    with (
        impatient(tmp_path, patience_s=60) as venue,
        EventStream(http_address(venue), path, receive_buffer=4096) as slow,
    ):
        seen = [slow.next()]
        last = flood(venue)
        while seen[-1].data["seq"] < last:
            seen.append(slow.next())

    snapshots = [event for event in seen if event.kind == "depth_snapshot"]
    assert len(snapshots) >= 2
    assert len(seen) < FLOOD
    for before, after in pairwise(seen):
        assert after.kind == "depth_snapshot" or after.data["seq"] == before.data["seq"] + 1


def test_who_reads_nothing_is_cut_off(tmp_path: Path) -> None:
    path = "stream?channel=depth&symbol=ACME"
    with impatient(tmp_path, patience_s=1) as venue:
        with EventStream(http_address(venue), path, receive_buffer=4096) as stream:
            stream.head()
            # What the kernels keep for it has to be full first. It learns of its end when it reads: so it is not asked.
            rounds = 0
            while cut_off(venue) == 0 and rounds < MOST_ROUNDS:
                flood(venue, f"flood{rounds}")
                rounds += 1

        assert cut_off(venue) == 1

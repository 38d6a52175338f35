"""Clients that mean no good: each attack has its bound, its code and its count, and honest sessions do not feel it.

The attackers run in processes of their own. An honest session asks and waits for each answer, alone and
beside them; the 99th percentiles of several rounds are compared by their medians, as any one round may fall
on a moment in which the machine does something else. For the same reason a comparison that fails is made
again, while the attack goes on: what an attack does to others it does all the time.
"""

import statistics
import time
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest

from tests.support.attackers import ATTACKS, under_attack
from tests.support.guarded import guarded_venue, let_in, login
from tests.support.venue import RawClient, new

TCP = "max_sessions_per_account = 5\nline_timeout_s = 2\nmax_connections_per_source = 1000\nmax_outgoing_bytes = 262144"

ROUNDS = 3
ROUND_S = 0.4
TRIES = 5


RESOLUTION_S = 0.001
"""A quiet 99th percentile below this counts as this: the attackers share the machine, and to have a core taken
away for a moment is nothing that the venue could do anything about."""


class Marks(NamedTuple):
    """What an attack leaves behind."""

    codes: set[str]
    """What the attackers are told, all of it."""
    counted: set[str]
    """What the venue counts."""
    at_most: Mapping[str, int] = MappingProxyType({})
    """Bounds of counts."""


MARKS = {
    # Twenty sources, each with its free failures and what the delays let through in twenty seconds.
    "login_flood": Marks(
        {"login_failed", "login_throttled"}, {"logins_failed", "logins_throttled"}, {"logins_failed": 20 * 9}
    ),
    "guessed_secrets": Marks(
        {"login_failed", "login_throttled"}, {"logins_failed", "logins_throttled"}, {"logins_failed": 9}
    ),
    "replayed_logins": Marks(
        {"welcome", "already_logged_in", "too_many_sessions"},
        {"logins_refused", "lines_invalid"},
        {"logins": 5 + 2},
    ),
    "resume_from_the_future": Marks({"resume_from_the_future"}, {"logins_refused"}, {"logins": 2}),
    "ids_of_others": Marks({"welcome", "unknown_order"}, {"requests_rejected"}),
    "operator_commands": Marks({"welcome", "not_an_operator"}, {"role_refusals"}),
    "oversized": Marks({"line_too_long"}, {"lines_too_long"}, {"logins": 2}),
    "nested": Marks({"welcome", "not_json"}, {"lines_invalid"}),
    "nonsense": Marks({"invalid_message"}, {"lines_invalid"}, {"logins": 2}),
    "slow_readers": Marks({"welcome", "account_state", "slow_consumer"}, {"slow_consumers"}),
    "slow_writers": Marks({"line_timeout"}, {"line_timeouts"}, {"logins": 2}),
    "idle_connections": Marks(set(), {"connections"}, {"connections": 5_000 + 2}),
    "connections_of_one_source": Marks(
        {"too_many_connections"}, {"connections_refused"}, {"connections": 1_000 + 2}
    ),
    "connect_and_drop": Marks(set(), {"connections"}, {"logins": 2}),
}


def test_every_attack_has_its_marks() -> None:
    assert set(MARKS) == set(ATTACKS)


def p99_s(client: RawClient, names: Iterator[int]) -> float:
    """Of the time from a request to its answer, over a round of them."""
    times: list[float] = []
    until = time.perf_counter() + ROUND_S
    while time.perf_counter() < until:
        started = time.perf_counter()
        client.ask(new(f"h{next(names)}", "sell", 1, 9))
        between = time.perf_counter()
        client.ask({"type": "mass_cancel", "side": "sell"})
        times += [between - started, time.perf_counter() - between]
        client.receive()
    return sorted(times)[len(times) * 99 // 100]


def median_p99_s(client: RawClient, names: Iterator[int], wanted_s: float = 0.0) -> float:
    """Over some rounds; over others if it is more than ``wanted_s``, and the least of these medians."""
    least = float("inf")
    for _ in range(TRIES if wanted_s else 1):
        least = min(least, statistics.median(p99_s(client, names) for _ in range(ROUNDS)))
        if least <= wanted_s:
            break
    return least


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_bounded_answered_and_counted_and_honest_sessions_do_not_feel_it(
    tmp_path: Path, name: str
) -> None:
    marks, names = MARKS[name], count()
    with guarded_venue(tmp_path, tcp=TCP, real_hashes=True) as venue:
        with let_in(venue, "watch") as watcher, let_in(venue, "carol") as honest:
            honest.ask(new("honest", "buy", 1, 1))
            bound_s = 3 * max(median_p99_s(honest, names), RESOLUTION_S)
            with under_attack(name, venue.host, venue.port, marks.codes) as attack:
                attacked_s = median_p99_s(honest, names, bound_s)
                codes = attack.end()
            order = honest.ask({"type": "order_status", "client_order_id": "honest"})
            assert watcher.is_silent()
        assert venue.stop() == 0
        counts = venue.logged("counted")

    assert order["state"] == "live"
    assert set(codes) == marks.codes
    assert {metric for metric in marks.counted if counts[metric]} == marks.counted
    assert {metric for metric, most in marks.at_most.items() if counts[metric] > most} == set()
    assert attacked_s <= bound_s


# -- bounds that only time shows ---------------------------------------------------------------------
def test_who_connects_and_says_nothing_is_told_why_it_is_cut_off(tmp_path: Path) -> None:
    with guarded_venue(tmp_path, tcp="login_timeout_s = 1") as venue:
        idle = [venue.connect() for _ in range(100)]

        last_words = [client.receive_rest() for client in idle]

        assert [[word["code"] for word in words] for words in last_words] == [["login_timeout"]] * 100
        for client in idle:
            client.close()
        venue.stop()
        assert venue.logged("counted")["login_timeouts"] == 100


def test_a_session_that_has_not_answered_for_three_intervals_is_cut_off(tmp_path: Path) -> None:
    with guarded_venue(tmp_path) as venue, let_in(venue, "alice", heartbeat_s=1) as silent:
        words = silent.receive_until("error")

        assert words[-1]["code"] == "heartbeat_missed"
        assert {word["type"] for word in words[:-1]} == {"heartbeat"}
        venue.stop()
        assert venue.logged("counted")["heartbeats_missed"] == 1


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="Linux says there which timers a socket has")
def test_the_kernel_asks_after_peers_that_say_nothing(tmp_path: Path) -> None:
    with guarded_venue(tmp_path) as venue, let_in(venue, "alice") as client:
        local, remote = venue.port, client.socket.getsockname()[1]

        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]

    ends = {(int(row[1][-4:], 16), int(row[2][-4:], 16)): row[5] for row in rows}
    kind, _, ticks = ends[local, remote].partition(":")
    assert kind == "02"  # the keepalive timer; 00 would be none
    assert int(ticks, 16) <= 30 * 100  # hundredths of a second


def test_who_is_one_connection_too_many_is_told_so_and_makes_room_by_leaving(tmp_path: Path) -> None:
    with guarded_venue(tmp_path, tcp="max_connections_per_source = 2") as venue:
        first, second = let_in(venue, "alice"), venue.connect()
        with venue.connect() as third:
            refused = third.receive_rest()
        with venue.connect(source="127.0.0.9") as elsewhere:
            assert elsewhere.ask(login("bob"))["type"] == "welcome"

        assert [word["code"] for word in refused] == ["too_many_connections"]
        assert "127.0.0.1" in refused[0]["text"]
        venue.logged("disconnected")  # that was bob; it is alice who makes room
        beforehand = len(venue.log)
        first.close()
        second.close()
        venue.logged("disconnected", after=beforehand)
        let_in(venue, "alice").close()
        venue.stop()
        assert venue.logged("counted")["connections_refused"] == 1


def test_a_source_that_is_slowed_down_stays_so_over_ever_new_connections(tmp_path: Path) -> None:
    with guarded_venue(tmp_path) as venue:
        codes = []
        for _ in range(10):
            with venue.connect() as client:
                codes.append(client.ask({"type": "login", "account": "bob", "secret": "guess"})["code"])

        assert codes == ["login_failed"] * 4 + ["login_throttled"] * 6

"""Hostile HTTP: each attack has its bound and its code, and whoever trades over TCP does not feel it.

Measured as in ``tests.exchange.test_hostile_clients``.
"""

from itertools import count
from pathlib import Path

import pytest

from tests.exchange.test_hostile_clients import RESOLUTION_S, median_p99_s
from tests.support.attackers import under_attack
from tests.support.guarded import guarded_venue, let_in
from tests.support.http_attackers import ATTACKS
from tests.support.over_http import http_address
from tests.support.venue import new

HTTP = "request_timeout_s = 2\nmax_requests_per_second = 100"

CODES = {
    "http_big_bodies": {"line_too_long"},
    "http_deep_bodies": {"not_json", "too_many_requests"},
    "http_slow_bodies": {"line_timeout"},
    "http_slow_heads": set[str](),
    "http_floods": {"not_found", "too_many_requests"},
    "http_streams": {"streams"},
}
"""What the attackers are told, all of it."""


def test_every_attack_has_its_codes() -> None:
    assert set(CODES) == set(ATTACKS)


@pytest.mark.slow
@pytest.mark.alone
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_over_http_is_bounded_and_answered_and_who_trades_over_tcp_does_not_feel_it(
    tmp_path: Path, name: str
) -> None:
    names = count()
    with guarded_venue(tmp_path, http=HTTP, real_hashes=True) as venue:
        with let_in(venue, "watch") as watcher, let_in(venue, "carol") as honest:
            honest.ask(new("honest", "buy", 1, 1))
            bound_s = 3 * max(median_p99_s(honest, names), RESOLUTION_S)
            with under_attack(
                name, *http_address(venue), CODES[name], module="tests.support.http_attackers"
            ) as attack:
                attacked_s = median_p99_s(honest, names, bound_s)
                codes = attack.end()
            order = honest.ask({"type": "order_status", "client_order_id": "honest"})
            assert watcher.is_silent()
        assert venue.stop() == 0

    assert order["state"] == "live"
    assert set(codes) - {"too_many_requests"} == CODES[name] - {"too_many_requests"}
    assert [entry for entry in venue.log if entry["level"] in ("error", "critical")] == []
    assert attacked_s <= bound_s

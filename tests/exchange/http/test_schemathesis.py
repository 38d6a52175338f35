"""The description against the venue: requests made from ``/openapi.json``, sensible and not, and every answer held to it.

Every check but one: that wrong secrets are refused with 401 or 403. After some of them it is 429, as a source that
guesses is slowed down; ``test_every_route_that_needs_a_login_refuses_who_has_none`` stands in for it.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.gateways.http.models import Needs
from exchange.gateways.http.routes import ROUTES, Route
from tests.support.guarded import SECRETS, guarded_venue
from tests.support.over_http import http_address, over_http
from tests.support.venue import VenueProcess

EXAMPLES = 5
"""Of each operation, on top of some fifty that cover the bounds of its parameters."""

CONFIG = """\
max-stream-events = 1

# An order may be sensible and the market refuse it all the same.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "404", "409", "422"]
"""


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    http = "max_requests_per_second = 1000000"
    with guarded_venue(tmp_path_factory.mktemp("venue"), http=http) as process:
        yield process


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_requests_made_from_the_description_are_answered_as_it_says(
    venue: VenueProcess, tmp_path: Path
) -> None:
    (tmp_path / "checks.toml").write_text(CONFIG)
    host, port = http_address(venue)

    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", "checks.toml"),
            *("run", f"http://{host}:{port}/openapi.json"),
            *("--checks", "all", "--exclude-checks", "ignored_auth"),
            *("--auth", f"alice:{SECRETS['alice']}"),
            *("--max-examples", str(EXAMPLES), "--seed", "1", "--request-timeout", "10"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert f"{len(ROUTES)} selected" in done.stdout
    assert [entry for entry in venue.log if entry["level"] in ("error", "critical")] == []


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.needs is Needs.LOGIN], ids=lambda route: route.name
)
def test_every_route_that_needs_a_login_refuses_who_has_none(venue: VenueProcess, route: Route) -> None:
    path = route.path.format(client_order_id="x")

    with over_http(venue) as nobody:
        answer = nobody.ask(route.method, path)
    with over_http(venue, "alice", "wrong") as guesser:
        guessed = guesser.ask(route.method, path)

    assert (answer.status, answer.code) == (401, "not_logged_in")
    assert (guessed.status, guessed.code) in {(401, "login_failed"), (429, "login_throttled")}

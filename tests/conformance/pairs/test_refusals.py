"""What a runtime has not is refused at the start, with a reason: nothing is left out in silence."""

import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.conformance.pairs.features import FEATURES, LEGACY, Cell, Feature
from tests.conformance.pairs.pairing import runtime_option
from tests.support.venue import running_venue

HTTP = "HTTP, WebSocket, server-sent events"
METRICS = "metrics for Prometheus, health checks"


def test_what_is_missing_has_a_reason() -> None:
    cells = [cell for one in FEATURES.values() for cell in _cells(one)]

    assert [cell for cell in cells if cell is not True and len(cell) < 20] == []


def _cells(feature: Feature) -> list[Cell]:
    cells = [*(feature.venue or {}).values(), *(feature.trader or {}).values()]
    assert cells, feature
    return cells


def options_for(name: str) -> list[str]:
    """How a venue is asked for a feature."""
    match name:
        case "uvloop":
            return ["--uvloop"]
        case _:
            return ["--http-port", "0"]


@pytest.mark.parametrize(
    "name", [one.name for one in FEATURES.values() if one.venue and one.venue[LEGACY] is not True]
)
def test_a_legacy_venue_that_is_asked_for_it_does_not_start(name: str) -> None:
    command = [sys.executable, "-m", "exchange", "serve", *options_for(name), "--open"]
    command += ["--port", "0", "--journal", "off", *runtime_option(LEGACY)]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "legacy" in done.stderr


@pytest.mark.feature(HTTP)
@pytest.mark.feature(METRICS)
def test_a_venue_with_http_tells_how_it_stands(venue_runtime: str, tmp_path: Path) -> None:
    with running_venue(tmp_path, "--http-port", "0", *runtime_option(venue_runtime), journal=False) as venue:
        port = venue.logged("listening_http")["port"]
        answers = [
            urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}").read().decode()
            for path in ("api/v1/instruments", "metrics", "ready")
        ]

    assert "ACME" in answers[0]
    assert "tontine_" in answers[1]
    assert answers[2]


@pytest.mark.feature("uvloop")
def test_a_venue_runs_on_uvloop(venue_runtime: str, tmp_path: Path) -> None:
    pytest.importorskip("uvloop")
    options = ("--uvloop", *runtime_option(venue_runtime))
    with running_venue(tmp_path, *options, journal=False) as venue, venue.login("alice") as client:
        assert client.welcome["account"] == "alice"

"""The scenarios that come along run live, too: a venue made of the file of each, and its fleet over TCP."""

import re
from pathlib import Path

import pytest

from simulation.ready import names, scenario
from simulation.scenario_facts import venue_file
from tests.support.typed import typed
from tests.support.venue import running_venue


@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_each_runs_live_and_everybody_connects(name: str, tmp_path: Path) -> None:
    one = scenario(name).model_copy(update={"port": 0})
    path = tmp_path / "venue.toml"
    path.write_text(venue_file(one, name), encoding="utf-8")

    with running_venue(tmp_path, str(path), journal=False, open_venue=False) as venue:
        ran = typed("fleet", name, "--connect", f"127.0.0.1:{venue.port}", "--seconds", "1")

    assert ran.returncode == 0, ran.stderr
    assert re.search(r"\d", ran.stdout), ran.stdout
    assert "Traceback" not in ran.stderr

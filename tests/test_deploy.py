"""What deploy/ shows of a venue is there to be shown."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.figures import scrape
from tests.support.venue import new, running_venue

DEPLOY = Path(__file__).parents[1] / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboards" / "tontine.json").read_text(encoding="utf-8"))
NAME = re.compile(r"\b(?:tontine|process|python)_[a-z_0-9]+\b")
COLUMNS = 24


def panels() -> Iterator[dict[str, Any]]:
    """All that draw something."""
    yield from (panel for panel in DASHBOARD["panels"] if panel["type"] != "row")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of all figures of a venue with a journal."""
    directory = tmp_path_factory.mktemp("venue")
    with running_venue(directory, "--http-port", "0") as venue, venue.login("anna") as anna:
        anna.ask(new("a", "buy", 5, 99))
        anna.ask(new("a", "buy", 5, 99))
        return scrape(venue).names


def test_every_panel_draws_figures_that_there_are(known: set[str]) -> None:
    for panel in panels():
        for target in panel["targets"]:
            named = set(NAME.findall(target["expr"]))
            assert named or target["expr"].startswith("sum(up"), panel["title"]
            assert named <= known, panel["title"]


def test_every_alert_looks_at_figures_that_there_are(known: set[str]) -> None:
    named = set(NAME.findall((DEPLOY / "alerts.yml").read_text(encoding="utf-8")))

    assert len(named) > 5
    assert named <= known


def test_no_figure_of_the_venue_is_left_out_of_the_dashboard(known: set[str]) -> None:
    drawn = set(NAME.findall(json.dumps(DASHBOARD)))

    own = {name for name in known if name.startswith("tontine_")}
    assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in own} <= {
        re.sub(r"_(bucket|count|sum)$", "", name) for name in drawn
    }


def test_panels_are_whole_and_do_not_lie_on_each_other() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert 0 <= place["x"] < place["x"] + place["w"] <= COLUMNS, panel["title"]
        for cell in (
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ):
            assert taken.setdefault(cell, panel["title"]) == panel["title"]
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    for panel in panels():
        assert panel["type"] in ("stat", "timeseries")
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${source}"}
        references = [target["refId"] for target in panel["targets"]]
        assert references
        assert len(set(references)) == len(references)


def test_what_is_mounted_exists_and_the_port_is_the_venues() -> None:
    composed = (DEPLOY.parent / "docker-compose.yml").read_text(encoding="utf-8")

    mounted = re.findall(r"- \./(deploy/[\w./-]+):", composed)
    port = re.search(r"--http-port=(\d+)", composed)

    assert len(mounted) == 4
    assert all((DEPLOY.parent / path).exists() for path in mounted)
    assert port is not None
    assert f"127.0.0.1:{port[1]}" in (DEPLOY / "prometheus.yml").read_text(encoding="utf-8")


def test_prometheus_takes_its_configuration_and_every_query_of_the_dashboard(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed: apt install prometheus")
    queries = [target["expr"] for panel in panels() for target in panel["targets"]]
    rules = {
        "groups": [
            {
                "name": "dashboard",
                "rules": [
                    {
                        "record": f"panel_{number}",
                        "expr": query.replace("$__rate_interval", "1m").replace("$venue", ".*"),
                    }
                    for number, query in enumerate(queries)
                ],
            }
        ]
    }
    (tmp_path / "queries.yml").write_text(json.dumps(rules), encoding="utf-8")

    checks = [
        subprocess.run([promtool, "check", *what], capture_output=True, text=True, check=False)
        for what in (
            ("config", str(DEPLOY / "prometheus.yml")),
            ("rules", "--lint=none", str(tmp_path / "queries.yml")),
        )
    ]

    assert [(done.returncode, done.stderr) for done in checks] == [(0, ""), (0, "")]

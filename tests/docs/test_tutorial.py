"""The tutorial about strategies: every command prints what the page says, and the scenario runs live."""

from pathlib import Path

import pytest

from tests.support import tutorial
from tests.support.typed import typed
from tests.support.venue import running_venue

PAGE = tutorial.PAGE.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_command_prints_what_the_page_says(tmp_path: Path) -> None:
    anew = tutorial.typed_in(PAGE, tmp_path)

    assert tutorial.timeless(anew) == tutorial.timeless(PAGE), "python -m tests.support.tutorial --update"


def test_the_strategy_of_the_page_trades_live_as_its_scenario_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in tutorial.files(PAGE).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    status, venue_file, _ = typed("scenarios", "venue", "duel.toml")
    (tmp_path / "venue.toml").write_text(venue_file.replace("port = 7001", "port = 0"), encoding="utf-8")

    with running_venue(tmp_path, str(tmp_path / "venue.toml"), journal=False, open_venue=False) as venue:
        ran = typed("fleet", "duel.toml", "--connect", f"127.0.0.1:{venue.port}", "--seconds", "4")

    assert status == 0
    assert ran.returncode == 0, ran.stderr
    assert "conceder" in ran.stdout

"""Fleets as commands against a real venue: several processes, signals, lines of status."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.venue import PATIENCE_S, VenueProcess, running_venue

SCENARIO = """
seed = 1

[[traders]]
strategy = "market_maker"
count = 2
symbols = ["ACME"]
parameters = { reference = 10000 }

[[traders]]
strategy = "zero_intelligence"
name = "crowd"
count = 28
symbols = ["ACME"]
interval_s = 0.1
parameters = { range_ticks = 5, reference = 10000 }
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "fleet.toml"
    path.write_text(SCENARIO)
    return path


@contextmanager
def command(venue: VenueProcess, file: Path, *options: str) -> Iterator["subprocess.Popen[str]"]:
    words = [sys.executable, "-m", "traders", "fleet", str(file), "--connect", f"{venue.host}:{venue.port}"]
    process = subprocess.Popen(
        [*words, *options],
        env=os.environ | {"COLUMNS": "160", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def lines_until(process: "subprocess.Popen[str]", pattern: str) -> str:
    """The first line of output that this is found in."""
    assert process.stdout is not None
    for line in process.stdout:
        if re.search(pattern, line):
            return line
    raise AssertionError(f"no line with {pattern}")


def rest(process: "subprocess.Popen[str]") -> tuple[str, str]:
    out, err = process.communicate(timeout=PATIENCE_S)
    return out, err


def numbers(out: str, group: str) -> list[int]:
    """A row of the summary: traders, broken, orders, refused, fills, profit."""
    row = next(line for line in out.splitlines() if line.startswith(f"│ {group}"))
    return [int(cell.replace(",", "").strip()) for cell in row.strip("│").split("│")[1:]]


def nothing_is_left(venue: VenueProcess) -> bool:
    with venue.login("watch") as watch:
        watch.send({"type": "subscribe", "channel": "bbo", "symbol": "ACME"})
        prices = watch.receive_until("bbo")[-1]
    return prices.get("bid") is None and prices.get("ask") is None


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("processes", [1, 3])
def test_a_signal_stops_all_in_order(tmp_path: Path, file: Path, processes: int, how: signal.Signals) -> None:
    with running_venue(tmp_path) as venue:
        with command(venue, file, "--processes", str(processes), "--status", "0.2") as fleet:
            lines_until(fleet, r" 30 of 30 connected  [1-9].* [1-9]\d* fills")
            fleet.send_signal(how)
            out, err = rest(fleet)

        assert (fleet.returncode, err) == (0, "")
        assert numbers(out, "crowd")[:2] == [28, 0]
        assert numbers(out, "crowd")[2] > 0
        assert numbers(out, "market_maker")[:2] == [2, 0]
        assert nothing_is_left(venue)


def test_a_process_that_dies_is_named_and_the_others_go_on(tmp_path: Path, file: Path) -> None:
    with (
        running_venue(tmp_path) as venue,
        command(venue, file, "--processes", "3", "--status", "0.2") as fleet,
    ):
        lines_until(fleet, " 30 of 30 connected ")
        children = subprocess.run(
            ["pgrep", "-P", str(fleet.pid)], capture_output=True, text=True, check=True
        ).stdout.split()
        os.kill(int(children[1]), signal.SIGKILL)
        lines_until(fleet, " 20 of 30 connected ")
        fleet.send_signal(signal.SIGINT)
        out, err = rest(fleet)

        assert (fleet.returncode, err) == (0, "")
        assert numbers(out, "crowd")[1] + numbers(out, "market_maker")[1] == 10
        assert re.search(
            r"process \d of 3 \(pid \d+\) was ended by signal 9: its 10 traders are gone", out
        ), out
        assert nothing_is_left(venue)


def test_processes_end_with_their_supervisor(tmp_path: Path, file: Path) -> None:
    with running_venue(tmp_path) as venue:
        with command(venue, file, "--processes", "2", "--status", "0.2") as fleet:
            lines_until(fleet, " 30 of 30 connected ")
            fleet.kill()
            # Whoever holds the other end of this pipe is gone only when all of them are.
            rest(fleet)

        assert nothing_is_left(venue)


def test_draws_do_not_depend_on_the_number_of_processes(tmp_path: Path, file: Path) -> None:
    first: list[list[tuple[object, ...]]] = []
    for processes in ("1", "4"):
        place = tmp_path / processes
        place.mkdir()
        with running_venue(place) as venue:
            with command(venue, file, "--processes", processes, "--status", "0.2") as fleet:
                lines_until(fleet, r" 30 of 30 connected  ([5-9]\d\d|\d,\d{3}) orders")
                fleet.send_signal(signal.SIGINT)
                rest(fleet)
            first.append([entered(venue, f"crowd-{number}") for number in (1, 14, 28)])

    assert first[0] == first[1]


def entered(venue: VenueProcess, account: str) -> tuple[object, ...]:
    """The first order of an account, as the venue took it."""
    with venue.login(account, resume_from=1) as client:
        report = client.receive_until("accepted")[-1]
    return report["side"], report["quantity"], report["price"]


def test_a_venue_that_is_not_there_is_one_line_for_all_processes(file: Path, tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue:
        venue.stop()
        with command(venue, file, "--processes", "2") as fleet:
            _, err = rest(fleet)

    assert fleet.returncode == 1
    assert err.count("\n") == 1
    assert "all 30 sessions ended" in err
    assert "nobody answers" in err


def test_more_traders_than_a_process_may_open_files_is_said_clearly(file: Path, tmp_path: Path) -> None:
    file.write_text('[[traders]]\nstrategy = "noise"\ncount = 500\n')
    with running_venue(tmp_path) as venue:
        script = (
            "import resource, sys, tontine; resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200));"
            f"sys.exit(tontine.run(['fleet', {str(file)!r}, '--connect', '{venue.host}:{venue.port}']))"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert (
        "this process may open 200 files: 136 traders at most; spread them with --processes 4" in done.stderr
    )


def test_the_venue_of_a_scenario_is_served_with_its_accounts(tmp_path: Path) -> None:
    scenario = tmp_path / "rich.toml"
    scenario.write_text(
        '[venue]\nname = "bourse"\n[[venue.instruments]]\nsymbol = "GOLD"\nsettlement = "spot"\nbase = "XAU"\nquote = "EUR"\n'
        '[[traders]]\nstrategy = "noise"\ncount = 2\ndeposits = { EUR = 5000 }\n'
    )
    with (
        running_venue(tmp_path, "--scenario", str(scenario), journal=False) as venue,
        venue.login("noise-2") as client,
    ):
        welcome = client.welcome

    assert welcome["venue"] == "bourse"
    assert [one["symbol"] for one in welcome["instruments"]] == ["GOLD"]
    assert welcome["balances"][0]["asset"] == "EUR"


HANGS = """
from traders.strategies.base import Strategy


class Hangs(Strategy):
    def on_timer(self, now_ns):
        while True:
            try:
                pass
            except Exception:
                pass
"""


def test_a_strategy_that_thinks_for_ever_is_stopped_and_the_others_go_on(tmp_path: Path, file: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text(HANGS)
    file.write_text(
        f'{SCENARIO}\n[[traders]]\nstrategy = "{own}:Hangs"\nname = "sleeper"\ninterval_s = 0.5\n'
    )
    with running_venue(tmp_path) as venue, command(venue, file, "--status", "0.2") as fleet:
        lines_until(fleet, "  1 faults")
        fleet.send_signal(signal.SIGINT)
        out, err = rest(fleet)

    assert (fleet.returncode, err) == (0, "")
    assert numbers(out, "crowd")[:2] == [28, 0]
    assert re.search(r"stopped: sleeper, sleeper-1: Hangs: no answer within 2 s \(.*own\.py, line", out), out

"""Fleets of strategies: one scenario file, both runtimes, on the venues of both."""

import subprocess
import sys
from pathlib import Path

import pytest

import tontine
from tests.conformance.pairs.pairing import Pair, runtime_option

SCENARIO = """
seed = 1

[[traders]]
strategy = "market_maker"
count = 2
symbols = ["{symbol}"]

[[traders]]
strategy = "zero_intelligence"
count = 8
symbols = ["{symbol}"]
interval_s = 0.05
parameters = {{ range_ticks = 5 }}
"""


@pytest.mark.feature("fleets of strategies from a scenario file")
def test_a_fleet_trades_and_leaves_nothing_behind(pair: Pair, tmp_path: Path) -> None:
    scenario = tmp_path / "fleet.toml"
    scenario.write_text(SCENARIO.format(symbol=pair.symbol))
    watcher = pair.trader("watcher")
    statistics = watcher.read("statistics", pair.symbol)
    command = [sys.executable, "-m", "tontine", "fleet", str(scenario)]
    command += ["--connect", f"{pair.venue.host}:{pair.venue.port}", "--prefix", pair.name("f")]
    command += ["--seconds", "0.7", *runtime_option(pair.trader_runtime)]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "10 traders" in done.stdout
    while (day := statistics.next()).trades == 0:
        pass
    assert day.volume > 0
    depth = watcher.read("depth", pair.symbol).next()
    assert (depth.bids, depth.asks) == ((), ())


EXPERIMENT = """
seed = 1

[oracle]
instruments.{symbol} = {{ mean = 100 }}

[experiment]
symbol = "{symbol}"
periods = 2
period_s = 0.7
schedules = [{{ demand = [[120]], supply = [[80]] }}]

[[traders]]
strategy = "zip"
name = "buyer"
role = "buyers"
symbols = ["{symbol}"]
interval_s = 0.05
parameters = {{ maximum_price = 200 }}

[[traders]]
strategy = "zip"
name = "seller"
role = "sellers"
symbols = ["{symbol}"]
interval_s = 0.05
parameters = {{ maximum_price = 200 }}

[[traders]]
strategy = "value"
symbols = ["{symbol}"]
interval_s = 0.1
"""


@pytest.mark.feature(
    "fleets: several processes, sessions that come back, one feed for samplers, experiments, oracles"
)
def test_an_experiment_is_run_by_several_processes(pair: Pair, tmp_path: Path) -> None:
    scenario = tmp_path / "experiment.toml"
    scenario.write_text(EXPERIMENT.format(symbol=pair.symbol))
    command = [sys.executable, "-m", "tontine", "fleet", str(scenario), "--processes", "2"]
    command += ["--connect", f"{pair.venue.host}:{pair.venue.port}", "--prefix", pair.name("e")]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "3 traders in 2 processes" in done.stdout
    depth = pair.trader("watcher").read("depth", pair.symbol).next()
    assert (depth.bids, depth.asks) == ((), ())


@pytest.mark.feature("operators' commands: `tontine admin`")
def test_an_operator_sees_who_is_connected(pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    pair.trader("alice")
    place = ["--host", pair.venue.host, "--port", str(pair.venue.port), "--account", "boss"]

    status = tontine.run(["admin", "sessions", *place])

    assert status == 0
    assert pair.name("alice") in capsys.readouterr().out

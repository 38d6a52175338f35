"""A run in a program of one's own says nothing, and leaves logging as it was."""

import pytest
import structlog

from exchange.logs import quiet
from simulation.ready import ready
from simulation.run import Run
from traders.scenario import load_scenario


def test_a_run_prints_nothing_and_leaves_logging_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    scenario = load_scenario(ready("opening_auction")).model_copy(update={"length_s": 400.0})
    before = structlog.get_config()

    Run(scenario, place="opening_auction").run()

    assert capfd.readouterr() == ("", "")
    assert structlog.get_config() == before


def test_errors_are_told_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet():
        structlog.get_logger().info("opened")
        structlog.get_logger().error("broke", what="the engine")

    told = capfd.readouterr()
    assert told.out == ""
    assert "broke" in told.err
    assert "opened" not in told.err

"""A short ordeal; ``make torture`` runs it in full."""

import tempfile
from pathlib import Path

import pytest

from tests.torture.ordeal import Ordeal, Plan


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_nothing_is_lost_or_doubled_when_a_venue_is_killed_and_its_lines_are_cut() -> None:
    plan = Plan(seed=20, events=10, most_answers=400)

    # On a disk: the directory that pytest gives may be memory.
    with tempfile.TemporaryDirectory(prefix="tontine-torture-", dir="/var/tmp") as directory:
        report = await Ordeal(plan, Path(directory), print).run()

    assert [(str(finding), finding.faults) for finding in report.findings if not finding.met] == []

"""A short ordeal; ``make torture`` runs it in full."""

import pytest

from benchmarks.servers import disk_directory
from tests.torture.ordeal import Ordeal, Plan


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_nothing_is_lost_or_doubled_when_a_venue_is_killed_and_its_lines_are_cut() -> None:
    plan = Plan(seed=20, events=10, most_answers=400)

    with disk_directory() as directory:
        report = await Ordeal(plan, directory, print).run()

    assert [(str(finding), finding.faults) for finding in report.findings if not finding.met] == []

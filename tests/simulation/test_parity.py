"""One scenario live over TCP and in virtual time: the same market, by a test that tells others apart."""

from pathlib import Path
from random import Random

import pytest

from simulation.experiments.parity import compare, crowd, latency_like, live, simulated

CERTAIN = 0.001
"""A test that runs daily may fail by chance once in three years."""


@pytest.mark.alone  # the live half is a market in real time: where the machine stalls, it is another market
@pytest.mark.timeout(180)
def test_the_same_scenario_live_and_simulated_is_the_same_market(tmp_path: Path) -> None:
    run = live(crowd(), 1, tmp_path, 16.0)
    latency = latency_like([*run.to_venue_ns, *run.from_venue_ns])

    same = compare([run.looks], [simulated(crowd(latency=latency), seed) for seed in (101, 102)], Random(1))
    fewer = compare(
        [run.looks], [simulated(crowd(latency=latency, count=25), seed) for seed in (101, 102)], Random(1)
    )

    assert min(run.to_venue_ns) > 0
    assert min(run.from_venue_ns) > 0
    assert same.sizes[0] >= 40
    assert min(same.p_values) >= CERTAIN, same
    assert min(fewer.p_values) < CERTAIN, fewer


def test_a_latency_is_made_that_looks_like_what_was_measured() -> None:
    rng = Random(1)
    measured = [100_000 + round(rng.lognormvariate(0, 0.7) * 400_000) for _ in range(2_000)]

    made = latency_like(measured)

    assert made["floor_ns"] == pytest.approx(180_000, abs=60_000)
    assert made["floor_ns"] + made["median_ns"] == pytest.approx(500_000, rel=0.1)
    assert made["sigma"] == pytest.approx(0.7, abs=0.25)


def test_what_is_looked_at_repeats_under_a_seed() -> None:
    assert simulated({**crowd(count=10), "length_s": 8.0}, 7) == simulated(
        {**crowd(count=10), "length_s": 8.0}, 7
    )

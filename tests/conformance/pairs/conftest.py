"""Venues and traders of both runtimes, and the pairs that a scenario runs on.

In: the mark ``feature`` of a scenario. Out: it runs once for every pair of runtimes that has it. Venues are processes, one
of a runtime for all scenarios that leave it alive; everybody has instruments and accounts of his own.
"""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.conformance.pairs.features import FEATURES
from tests.conformance.pairs.pairing import Pair, Runtimes, Serve, open_file, runtime_option
from tests.support.guarded import guarded_venue
from tests.support.venue import VenueProcess, running_venue


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    mark = metafunc.definition.get_closest_marker("feature")
    if mark is None:
        return
    feature = FEATURES[mark.args[0]]
    if "pair" in metafunc.fixturenames:
        pairs = list(feature.pairs())
        ids = [f"{venue}_venue-{trader}_trader" for venue, trader in pairs]
        metafunc.parametrize("pair", pairs, ids=ids, indirect=True)
    elif "venue_runtime" in metafunc.fixturenames:
        metafunc.parametrize("venue_runtime", feature.runtimes("venue"), ids=lambda name: f"{name}_venue")
    elif "trader_runtime" in metafunc.fixturenames:
        metafunc.parametrize("trader_runtime", feature.runtimes("trader"), ids=lambda name: f"{name}_trader")


@pytest.fixture(scope="session")
def open_venues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Without secrets, with many instruments."""
    with ExitStack() as stack:
        running: dict[str, VenueProcess] = {}

        def serve(runtime: str) -> VenueProcess:
            if runtime not in running:
                directory = tmp_path_factory.mktemp(runtime)
                file = str(open_file(directory))
                running[runtime] = stack.enter_context(
                    running_venue(directory, file, "--sync", "off", *runtime_option(runtime))
                )
            return running[runtime]

        yield serve
        for venue in running.values():
            assert venue.stop() == 0


@pytest.fixture(scope="session")
def guarded_venues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """With secrets."""
    with ExitStack() as stack:
        running: dict[str, VenueProcess] = {}

        def serve(runtime: str) -> VenueProcess:
            if runtime not in running:
                directory = tmp_path_factory.mktemp(f"guarded-{runtime}")
                running[runtime] = stack.enter_context(guarded_venue(directory, *runtime_option(runtime)))
            return running[runtime]

        yield serve
        for venue in running.values():
            assert venue.stop() == 0


@pytest.fixture(scope="session")
def runtimes() -> Iterator[Runtimes]:
    running = Runtimes()
    yield running
    running.close()


_numbers = itertools.count()


@pytest.fixture
def pair(request: pytest.FixtureRequest, open_venues: Serve, runtimes: Runtimes) -> Iterator[Pair]:
    venue, trader = request.param
    with ExitStack() as stack:
        yield Pair(venue, trader, runtimes[trader], open_venues, stack, next(_numbers))

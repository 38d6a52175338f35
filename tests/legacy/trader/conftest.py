"""A real venue in a process of its own for all of these tests; each trades in an instrument of its own."""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from legacy.kernel import Kernel
from tests.support.venue import VenueProcess, running_venue

SYMBOLS = ("ALIKE", "BOOK", "CROWD", "KILL", "LIFE", "MANY", "MASS", "NEWS", "NONE", "SLOW", "TAPE", "ACME")

Run = Callable[[Generator[Any, Any, Any]], Any]


@pytest.fixture(scope="session")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    directory: Path = tmp_path_factory.mktemp("venue")
    file = directory / "venue.toml"
    file.write_text("".join(f'[[instruments]]\nsymbol = "{symbol}"\n' for symbol in SYMBOLS))
    with running_venue(directory, str(file)) as process:
        yield process


@pytest.fixture
def run() -> Run:
    """Runs a flow to its end; nothing may crash beside it, and no task may be left."""

    def run(main: Generator[Any, Any, Any]) -> Any:
        crashes: list[BaseException] = []
        kernel = Kernel(crashed=lambda task, error: crashes.append(error))
        result = kernel.run(main)
        assert crashes == []
        assert not kernel.tasks
        return result

    return run

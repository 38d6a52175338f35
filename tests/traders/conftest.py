"""A real venue for a test, in a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.founded import Founded, found
from tests.support.venue import running_venue
from traders.venue_process import Address


@pytest.fixture
def venue_address(tmp_path: Path) -> Iterator[Address]:
    """The default venue, and GOOG as a recorded day needs it."""
    path = tmp_path / "venue.toml"
    path.write_text(
        '[[instruments]]\nsymbol = "ACME"\ntaker_fee_ppm = 300\nmaker_fee_ppm = -100\n'
        '[[instruments]]\nsymbol = "GOOG"\ntick = 50\nprice_decimals = 4\n'
    )
    with running_venue(tmp_path, str(path)) as venue:
        yield Address(venue.host, venue.port)


@pytest.fixture
def founded(tmp_path: Path) -> Founded:
    """The file of a venue that asks for secrets, over TLS: anna and ben trade, olga runs it, vera looks on."""
    return found(tmp_path)

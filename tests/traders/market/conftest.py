"""A client and the venue that a test speaks for."""

from collections.abc import AsyncIterator

import pytest

from tests.support.scripted_venue import Peer, scripted_venue
from traders.client import Client


@pytest.fixture
async def pair() -> AsyncIterator[tuple[Client, Peer]]:
    """A logged-in client and its peer."""
    async with (
        scripted_venue() as venue,
        Client.connect(venue.host, venue.port, account="alice", id_prefix="a") as client,
    ):
        yield client, await venue.peer()

"""The client on the generator kernel over TLS: as trusting as under asyncio."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from legacy.trader.client import Client, connect, session
from protocol.errors import ConfigError, SessionBroken
from protocol.vocabulary import ErrorCode
from tests.legacy.trader.conftest import Run
from tests.support.founded import found
from tests.support.venue import VenueProcess, running_venue

Flow = Generator[Any, Any, Any]


def test_over_tls_a_trader_trades_with_a_venue_it_trusts_and_no_other(tmp_path: Path, run: Run) -> None:
    founded = found(tmp_path)

    def trade(client: Client) -> Flow:
        order = yield from client.buy("ACME", 1, at=10)
        with client.depth("ACME") as depths:
            depth = yield from depths.next()
        yield from order.cancel()
        return depth

    with running_venue(tmp_path, str(founded.file), open_venue=False) as venue:
        words = {"account": "anna", "secret": founded.secrets["anna"], "tls": founded.certificate}
        depth = run(session("localhost", venue.port, trade, **words))
        with pytest.raises(SessionBroken, match="is not trusted"):
            run(session("localhost", venue.port, trade, **words | {"tls": True}))
        with pytest.raises(SessionBroken) as refused:
            run(session("localhost", venue.port, trade, **words | {"secret": "wrong"}))

    assert depth.bids == ((10, 1),)
    assert refused.value.code is ErrorCode.LOGIN_FAILED


def test_tls_with_a_venue_that_has_none_is_one_clear_error(venue: VenueProcess, run: Run) -> None:
    with pytest.raises(SessionBroken, match=f"no TLS with {venue.host}:{venue.port}"):
        run(connect(venue.host, venue.port, account="alice", tls=True))


def test_certificates_that_can_not_be_read_are_told(tmp_path: Path, run: Run) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        run(connect("127.0.0.1", 1, account="alice", tls=tmp_path / "nothing"))

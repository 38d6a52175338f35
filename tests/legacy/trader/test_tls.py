"""The client on the generator kernel over TLS: as trusting as under asyncio."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from exchange.self_signed import make_self_signed
from legacy.trader.client import Client, connect, session
from protocol.errors import ConfigError, SessionBroken
from protocol.vocabulary import ErrorCode
from tests.legacy.trader.conftest import Run
from tests.support.venue import VenueProcess, running_venue

Flow = Generator[Any, Any, Any]


def test_over_tls_a_trader_trades_with_a_venue_it_trusts_and_no_other(tmp_path: Path, run: Run) -> None:
    certificate, key, file = tmp_path / "venue.crt", tmp_path / "venue.key", tmp_path / "venue.toml"
    make_self_signed(certificate, key)
    file.write_text(
        f'[tcp]\ncertificate = "{certificate}"\nkey = "{key}"\n[[instruments]]\nsymbol = "ACME"\n'
    )

    def trade(client: Client) -> Flow:
        order = yield from client.buy("ACME", 1, at=10)
        with client.depth("ACME") as depths:
            depth = yield from depths.next()
        yield from order.cancel()
        return depth

    with running_venue(tmp_path, str(file), journal=False) as venue:
        depth = run(session("localhost", venue.port, trade, account="anna", tls=certificate))
        with pytest.raises(SessionBroken, match="is not trusted"):
            run(session("localhost", venue.port, trade, account="anna", tls=True))
        with pytest.raises(SessionBroken) as refused:
            run(session("localhost", venue.port, trade, account="anna", tls=certificate, resume_from=1_000))

    assert depth.bids == ((10, 1),)
    assert refused.value.code is ErrorCode.RESUME_FROM_THE_FUTURE


def test_tls_with_a_venue_that_has_none_is_one_clear_error(venue: VenueProcess, run: Run) -> None:
    with pytest.raises(SessionBroken, match=f"no TLS with {venue.host}:{venue.port}"):
        run(connect(venue.host, venue.port, account="alice", tls=True))


def test_certificates_that_can_not_be_read_are_told(tmp_path: Path, run: Run) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        run(connect("127.0.0.1", 1, account="alice", tls=tmp_path / "nothing"))

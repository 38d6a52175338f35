"""Who is let in, and what those are told who are not, whatever venue and traders run on."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from exchange.self_signed import make_self_signed
from protocol.errors import SessionBroken
from protocol.vocabulary import ErrorCode, Role
from tests.conformance.pairs.features import FEATURES
from tests.conformance.pairs.pairing import SYMBOLS, Pair, Runtimes, Serve, open_file, runtime_option
from tests.support.guarded import SECRETS
from tests.support.relay import Relay, relay
from tests.support.venue import VenueProcess, running_venue


def refused(pair: Pair, place: "Relay | VenueProcess", **words: Any) -> SessionBroken:
    with pytest.raises(SessionBroken) as refusal:
        pair.connect(place, **words)
    return refusal.value


@pytest.mark.feature("login with account and secret, roles")
def test_account_and_secret_open_a_session(pair: Pair, guarded_venues: Serve) -> None:
    venue = guarded_venues(pair.venue_runtime)

    trader = pair.connect(venue, account="alice", secret=SECRETS["alice"])
    viewer = pair.connect(venue, account="bob", secret=SECRETS["bob"], role=Role.VIEWER)

    assert (trader.client.welcome.account, trader.client.welcome.role) == ("alice", Role.TRADER)
    assert list(trader.client.instruments) == ["ACME"]
    assert trader.buy("ACME", 1, at=1).cancel().cumulative == 0
    assert viewer.error("buy", "ACME", 1, at=1).code is ErrorCode.NOT_ALLOWED
    assert viewer.read("bbo", "ACME").next().symbol == "ACME"


@pytest.mark.feature("refused logins say why; whoever guesses is throttled")
def test_who_guesses_is_told_no_more_than_that_it_was_wrong_and_then_to_wait(
    pair: Pair, guarded_venues: Serve
) -> None:
    venue = guarded_venues(pair.venue_runtime)
    # From an address of their own: others shall not have to wait.
    elsewhere = pair.relay(to=venue, source=f"127.0.1.{pair.number % 250 + 1}")

    wrong = [refused(pair, elsewhere, account="alice", secret="guess") for _ in range(3)]
    unknown = refused(pair, elsewhere, account="nobody", secret="guess")
    late = refused(pair, elsewhere, account="alice", secret=SECRETS["alice"])

    assert {error.code for error in (*wrong, unknown)} == {ErrorCode.LOGIN_FAILED}
    assert str(unknown) == str(wrong[0])
    assert late.code is ErrorCode.LOGIN_THROTTLED
    assert pair.connect(venue, account="alice", secret=SECRETS["alice"]).client.is_active


@pytest.mark.feature("refused logins say why; whoever guesses is throttled")
def test_where_nobody_listens_nobody_answers(pair: Pair) -> None:
    closed = pair.relay()
    closed.close()

    assert "nobody answers" in str(refused(pair, closed, account="alice"))


Certified = Callable[[str], tuple[VenueProcess, Path]]
"""The venue of a runtime, and the certificate to trust."""


@pytest.fixture(scope="module")
def tls_venues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Certified]:
    with ExitStack() as stack:
        running: dict[str, tuple[VenueProcess, Path]] = {}

        def serve(runtime: str) -> tuple[VenueProcess, Path]:
            if runtime not in running:
                directory = tmp_path_factory.mktemp(f"tls-{runtime}")
                certificate, key = directory / "venue.crt", directory / "venue.key"
                make_self_signed(certificate, key)
                file = open_file(directory, tcp=f'certificate = "{certificate}"\nkey = "{key}"')
                options = (str(file), *runtime_option(runtime))
                running[runtime] = (stack.enter_context(running_venue(directory, *options)), certificate)
            return running[runtime]

        yield serve


@pytest.mark.feature("TLS")
def test_a_session_is_encrypted_and_the_venue_proves_who_it_is(pair: Pair, tls_venues: Certified) -> None:
    venue, certificate = tls_venues(pair.venue_runtime)

    trader = pair.connect(venue, account="alice", tls=certificate)
    order = trader.buy(SYMBOLS[0], 1, at=1)

    assert order.view.is_live
    assert "certificate" in str(refused(pair, venue, account="alice", tls=True))
    assert isinstance(refused(pair, venue, account="alice"), SessionBroken)


@pytest.mark.feature("heartbeats")
def test_sessions_that_have_nothing_to_say_stay(open_venues: Serve, runtimes: Runtimes) -> None:
    """All pairs at once, for it takes seconds."""
    with ExitStack() as stack:
        lines = []
        for venue_runtime, trader_runtime in FEATURES["heartbeats"].pairs():
            venue = open_venues(venue_runtime)
            line = stack.enter_context(relay(venue.host, venue.port))
            trader = runtimes[trader_runtime].connect(line.host, line.port, account="calm", heartbeat_s=1)
            stack.enter_context(trader)
            lines.append(line)

        beats = [(line.heard_from_venue(BEAT), line.heard_from_trader(BEAT)) for line in lines]

        assert beats == [(BEAT, BEAT)] * len(lines)


BEAT = b'{"type":"heartbeat"}\n'

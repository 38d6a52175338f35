"""Secrets that nobody sees, and certificates that are trusted or not."""

import ssl
from pathlib import Path

import pytest

from protocol.errors import ConfigError, SessionBroken
from protocol.vocabulary import ErrorCode, Role
from tests.support.founded import Founded
from tests.support.venue import running_venue
from traders.access import Access, context_of, secret_in
from traders.client import Client

SECRET = "correct horse battery staple"


def test_an_access_shows_everything_but_its_secret() -> None:
    access = Access(SECRET, Role.VIEWER, True)

    assert repr(access) == "Access(role=<Role.VIEWER: 'viewer'>, tls=True)"
    assert SECRET not in f"{access}"


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_secret_is_the_only_line_of_its_file(tmp_path: Path, ending: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(f"{SECRET}{ending}".encode())

    assert secret_in(file) == SECRET


@pytest.mark.parametrize("content", [b"", b"\n", b"one\ntwo\n", b"\xff\n"])
def test_what_is_no_secret_is_said_with_the_name_of_the_file(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        secret_in(file)

    assert caught.value.place == str(file)
    assert "two" not in str(caught.value), "the file may be the wrong one, and still a secret"


def test_a_secret_that_is_not_there_is_said_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no-such: No such file or directory"):
        secret_in(tmp_path / "no-such")


def test_no_tls_is_no_context() -> None:
    given = ssl.create_default_context()

    assert (context_of(None), context_of(False), context_of(given)) == (None, None, given)


def test_tls_checks_certificates_and_names() -> None:
    context = context_of(True)

    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_file_without_certificates_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")

    with pytest.raises(ConfigError, match=r"ca\.pem: it holds no certificate"):
        context_of(file)
    with pytest.raises(ConfigError, match="no-such: No such file"):
        context_of(tmp_path / "no-such")


# -- against venues --------------------------------------------------------------------------------
async def test_whoever_trusts_the_certificate_gets_in_with_the_secret(
    tmp_path: Path, founded: Founded
) -> None:
    secrets = founded.secrets
    with running_venue(tmp_path, str(founded.file), open_venue=False) as venue:
        async with Client.connect(
            venue.host, venue.port, account="anna", secret=secrets["anna"], tls=founded.certificate
        ) as client:
            state = await client.account()

        with pytest.raises(SessionBroken, match="not trusted"):
            async with Client.connect(
                venue.host, venue.port, account="anna", secret=secrets["anna"], tls=True
            ):
                pass
        with pytest.raises(SessionBroken) as wrong:
            async with Client.connect(
                venue.host, venue.port, account="anna", secret=SECRET, tls=founded.certificate
            ):
                pass
        with pytest.raises(SessionBroken, match=r"hung up|closed|lost"):
            async with Client.connect(venue.host, venue.port, account="anna", secret=secrets["anna"]):
                pass
        venue.stop()

    assert state.account == "anna"
    assert wrong.value.code is ErrorCode.LOGIN_FAILED
    assert [line for line in venue.log if secrets["anna"] in str(line) or SECRET in str(line)] == []


async def test_tls_with_a_venue_that_has_none_is_one_clear_error(tmp_path: Path) -> None:
    with (
        running_venue(tmp_path) as venue,
        pytest.raises(SessionBroken, match=rf"no TLS with 127\.0\.0\.1:{venue.port}"),
    ):
        async with Client.connect(venue.host, venue.port, account="alice", tls=True):
            pass

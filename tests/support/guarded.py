"""A venue that asks for secrets: its file, and what its people log in with.

In: a directory. Out: a venue file, or such a venue running; logins by name.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher, Type

from exchange.access import hash_secret
from tests.support.venue import Json, RawClient, VenueProcess, running_venue

SECRETS = {
    "alice": "alice-7f3a-secret",
    "bob": "bob-91cc-secret",
    "carol": "carol-3d3d-secret",
    "watch": "watch-55d0-secret",
    "boss": "boss-c0de-secret",
    "clerk": "clerk-e1a5-secret",
    "auditor": "auditor-2b2b-secret",
}
"""Traders alice, bob and carol; watch looks on, boss runs the venue, clerk gets copies of alice, auditor of everybody."""

_ROLES = {"watch": "viewer", "boss": "operator", "clerk": "drop_copy", "auditor": "drop_copy"}


_QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, type=Type.ID)
"""Secrets are checked by a thread that everybody else goes before. Beside other tests a real check waits for seconds."""


@cache
def _hash(name: str, real: bool) -> str:
    return hash_secret(SECRETS[name]) if real else _QUICK.hash(SECRETS[name])


def venue_file(directory: Path, tcp: str = "", http: str | None = None, *, real_hashes: bool = False) -> Path:
    """Everybody of ``SECRETS``, one instrument; ``tcp``, ``http``: further lines of the sections of that name.

    ``real_hashes``: as dear to check as ``tontine hash-secret`` makes them, for tests in which that matters.
    """
    lines = ['name = "guarded"', "[tcp]", tcp]
    if http is not None:
        lines += ["[http]", "port = 0", http]
    lines += ["[[instruments]]", 'symbol = "ACME"']
    for name in SECRETS:
        lines += ["[[accounts]]", f'name = "{name}"', f'role = "{_ROLES.get(name, "trader")}"']
        lines += [f'secret_hash = "{_hash(name, real_hashes)}"']
        if name == "clerk":
            lines += ['copies = ["alice"]']
    path = directory / "venue.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@contextmanager
def guarded_venue(
    directory: Path,
    *arguments: str,
    tcp: str = "",
    http: str | None = None,
    real_hashes: bool = False,
) -> Iterator[VenueProcess]:
    """That venue, with a journal that is not synced; with ``http`` it serves that, too."""
    file = str(venue_file(directory, tcp, http, real_hashes=real_hashes))
    with running_venue(directory, file, "--sync", "off", *arguments, open_venue=False) as venue:
        yield venue


def login(name: str, **fields: object) -> Json:
    """The line with which somebody comes in."""
    return {"type": "login", "account": name, "secret": SECRETS[name]} | fields


def let_in(venue: VenueProcess, name: str, **fields: object) -> RawClient:
    """A connection that has its welcome, kept in ``welcome``."""
    client = venue.connect()
    client.welcome = client.ask(login(name, **fields))
    assert client.welcome["type"] == "welcome", client.welcome
    return client

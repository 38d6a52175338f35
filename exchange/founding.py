"""A first venue file: what ``tontine init`` writes.

In: where to, and a few choices. Out: a venue file that works as it is, with comments that say what to change;
and, once, the secrets of its accounts. The file holds their hashes only.
"""

import json
import os
import secrets
from pathlib import Path
from typing import Final, NamedTuple

from exchange.access import hash_secret
from exchange.self_signed import make_self_signed
from protocol.errors import VenueError
from protocol.vocabulary import AccountId, Role

_ACCOUNTS: Final = (
    ("anna", Role.TRADER),
    ("ben", Role.TRADER),
    ("olga", Role.OPERATOR),
    ("vera", Role.VIEWER),
)

_ABOUT_ROLES: Final = {
    Role.TRADER: "enters orders",
    Role.OPERATOR: "runs the venue: tontine admin",
    Role.VIEWER: "reads, and asks for nothing that changes anything",
}

_HEAD: Final = """\
# A venue. Start it with: tontine serve {file}
# See what it would run:  tontine check {file}
# docs/reference/venue-file.md explains every key. Most of what is here can be changed while the venue
# runs: edit, check, then send the process a SIGHUP.

name = "my venue"
{access}
# When DAY orders are canceled and client order ids are free again, in UTC. Left out: never.
day_ends_utc = 21:00:00

[tcp]
host = "127.0.0.1"           # {host_comment}
port = 7001
{tls}login_timeout_s = 60
line_timeout_s = 30          # for a line that was begun
max_connections = 10000
max_connections_per_source = 1000

# Orders and market data for curl and browsers: http://127.0.0.1:7080/docs. Left out: none of it.
[http]
port = 7080
{http_tls}public_market_data = true    # market data without a login

[journal]
path = {journal}
sync = "full"                # full: survives loss of power; normal: death of the process; off

# Bounds for everybody; an account or an instrument may have its own. Beyond one that is "hard" the account
# loses its open orders and is disabled.
[limits]
open_orders = 1000
message_rate = 5000          # requests a second
# daily_loss = 10_000_000
# hard = ["daily_loss"]
"""

_INSTRUMENTS: Final = """
# -- what is traded: money and quantities are integers ---------------------------------------------------
[[instruments]]
symbol = "ACME"
price_decimals = 2           # for display: 10025 reads 100.25
settlement = "spot"          # ACME against USD, at once
base = "ACME"
quote = "USD"                # counted in cents, as prices are
maker_fee_ppm = -50          # parts per million of the notional; negative is a rebate
taker_fee_ppm = 150
reference_price = 10000      # until there is a last price
limits = { order_quantity = 10000 }

[[instruments]]
symbol = "BOLT"
tick = 5                     # prices are multiples of it
settlement = "margin"        # profit and loss in USD; positions are secured by a margin
quote = "USD"
margin = 1000                # held for each unit, in cents
taker_fee_per_unit = 2
self_trade = "cancel_maker"  # what happens where an account would trade with itself
dynamic_corridor = 500       # a trade further from the last price calls a volatility auction
reference_price = 5000

# -- who may log in ------------------------------------------------------------------------------------
"""

_ACCOUNT: Final = """\
[[accounts]]
name = "{name}"
role = "{role}"{about}
{secret}{deposits}
"""

_DEPOSITS: Final = """\
deposits = { USD = 10_000_000, ACME = 1_000 }  # paid in once
"""

_SCHEDULE: Final = """\
# -- the trading day, in UTC; without it instruments trade all the time ----------------------------------
# [[schedule]]
# at = 08:50:00
# phase = "opening_auction"
#
# [[schedule]]
# at = 09:00:00
# phase = "continuous"
#
# [[schedule]]
# at = 17:30:00
# phase = "closed"
"""


class Secret(NamedTuple):
    """What an account logs in with. Shown once, kept nowhere."""

    account: AccountId
    role: Role
    secret: str

    def __repr__(self) -> str:
        return f"Secret(account={self.account!r})"


def found(file: Path, *, tls: bool = False, open_venue: bool = False, force: bool = False) -> list[Secret]:
    """Write a venue file, with ``tls`` also a certificate and its key beside it; only the owner may read them.

    Returns the secrets of its accounts; of an open venue there are none.

    Raises:
        VenueError: a file is there already and ``force`` is not set, or ``openssl`` is missing.
        OSError: a file can't be written.
    """
    certificate, key = file.with_suffix(".crt"), file.with_suffix(".key")
    for path in (file, certificate, key) if tls else (file,):
        if path.exists() and not force:
            raise VenueError(f"{path} is there already; --force overwrites it")
    if tls:
        make_self_signed(certificate, key)
    given = [
        Secret(AccountId(name), role, "" if open_venue else secrets.token_urlsafe())
        for name, role in _ACCOUNTS
    ]
    _write_private(file, _text(file, given, (certificate, key) if tls else None, open_venue=open_venue))
    return [] if open_venue else given


def _text(file: Path, given: list[Secret], tls: tuple[Path, Path] | None, *, open_venue: bool) -> str:
    access = ""
    host_comment = "0.0.0.0 to be reached from other machines; then with TLS"
    if open_venue:
        host_comment = "an open venue listens on loopback only"
        access = "\n# Anybody on this machine may log in under any name, without a secret.\nopen = true\n"
    tls_keys = "# certificate and key, PEM files, make connections TLS\n"
    if tls is not None:
        tls_keys = f"certificate = {_quoted(tls[0])}  # self-signed: give it to your traders\nkey = {_quoted(tls[1])}\n"
    http_tls = "# certificate and key, as above\n"
    if tls is not None:
        http_tls = f"certificate = {_quoted(tls[0])}\nkey = {_quoted(tls[1])}\n"
    head = _HEAD.format(
        http_tls=http_tls,
        file=file,
        access=access,
        host_comment=host_comment,
        tls=tls_keys,
        journal=_quoted(file.with_suffix(".journal")),
    )
    return head + _INSTRUMENTS + "\n".join(map(_account, given)) + "\n" + _SCHEDULE


def _account(given: Secret) -> str:
    return _ACCOUNT.format(
        name=given.account,
        role=given.role,
        about=" " * (17 - len(given.role)) + f"# {_ABOUT_ROLES[given.role]}",
        secret=f'secret_hash = "{hash_secret(given.secret)}"\n' if given.secret else "",
        deposits=_DEPOSITS if given.role is Role.TRADER else "",
    ).rstrip("\n") + "\n"  # fmt: skip


def _quoted(path: Path) -> str:
    """As TOML has it, whose strings take what JSON's do."""
    return json.dumps(str(path), ensure_ascii=False)


def _write_private(file: Path, text: str) -> None:
    """All of it or nothing, for nobody else to read from the first moment on."""
    beside = file.with_name(f".{file.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    beside.replace(file)

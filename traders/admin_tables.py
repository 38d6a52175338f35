"""What ``tontine admin`` shows: who is connected, who has what, who did what.

In: answers of the operator's desk. Out: tables on standard output; plain text where it is no terminal.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.table import Table

from protocol.desk import Accounts, AccountState, AuditEntry, Sessions

_NANOSECONDS: Final = 1_000_000_000


def show_sessions(found: Sessions) -> None:
    """Sessions, oldest first."""
    rows = [
        (
            str(one.session),
            one.account,
            one.role,
            one.source,
            "cancel" if one.cancel_on_disconnect else "",
        )
        for one in found.sessions
    ]
    _show(("session", "account", "role", "from", "on disconnect"), rows, numbers=("session",))


def show_accounts(found: Accounts) -> None:
    """Accounts by name. Amounts are in smallest units."""
    rows = [
        (one.account, one.role, one.blocked or "", _balances(one), _holdings(one)) for one in found.accounts
    ]
    _show(("account", "role", "blocked", "balances", "positions"), rows)


def show_audit(entries: Iterable[AuditEntry]) -> None:
    """What was done, oldest first; times are UTC."""
    rows = [(str(one.seq), _time(one.at_ns), one.by or "the venue", _deed(one)) for one in entries]
    _show(("entry", "when (UTC)", "by", "what, how and why"), rows, numbers=("entry",))


def _deed(entry: AuditEntry) -> str:
    what = " ".join(part for part in (entry.action, entry.account, entry.symbol) if part)
    how = f"{what}: {entry.text}" if entry.text else what
    return f"{how}\nwhy: {entry.why}" if entry.why else how


def _balances(account: AccountState) -> str:
    return "\n".join(
        f"{one.asset} {one.free:,}" + (f" and {one.held:,} held" if one.held else "")
        for one in account.balances
    )


def _holdings(account: AccountState) -> str:
    return "\n".join(f"{one.symbol} {one.quantity:,}" for one in account.holdings)


def _time(at_ns: int) -> str:
    return f"{datetime.fromtimestamp(at_ns // _NANOSECONDS, UTC):%Y-%m-%d %H:%M:%S}"


def _show(headings: Iterable[str], rows: Iterable[tuple[str, ...]], numbers: Iterable[str] = ()) -> None:
    # Cells hold what other people wrote: never markup.
    table = Table()
    for heading in headings:
        table.add_column(
            heading,
            justify="right" if heading in numbers else "left",
            no_wrap=heading.startswith("when"),
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(_plain(cell) for cell in row))
    Console(markup=False, highlight=False, emoji=False).print(table)


def _plain(text: str) -> str:
    """The text without what a terminal would obey."""
    return "".join(char if char.isprintable() or char == "\n" else "�" for char in text)

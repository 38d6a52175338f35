"""What a venue file would run, as tables for a terminal: what ``tontine check`` shows.

In: a checked configuration. Out: lines. Hashes of secrets are not among them.
"""

from collections.abc import Iterator

from rich.table import Table

from exchange.config import AccountConfig, VenueConfig
from exchange.instrument_config import InstrumentConfig, InstrumentLimits
from protocol.vocabulary import Limit, Settlement


def tables(config: VenueConfig) -> Iterator[Table]:
    """Venue, instruments, accounts, schedule; what there is none of is left out."""
    venue = _table("", "", title=config.name, show_header=False)
    for name, value in _about(config):
        venue.add_row(name, value)
    yield venue

    instruments = _table("instrument", "tick", "lot", "settlement", "maker fee", "taker fee", "limits")
    for one in config.instruments:
        instruments.add_row(
            one.symbol,
            str(one.tick),
            str(one.lot),
            _settlement(one),
            _fee(one.maker_fee_ppm, one.maker_fee_per_unit),
            _fee(one.taker_fee_ppm, one.taker_fee_per_unit),
            _limits(one.limits),
        )
    yield instruments

    if config.accounts:
        accounts = _table("account", "role", "login", "paid in", "limits")
        for account in config.accounts:
            accounts.add_row(
                account.name,
                account.role,
                _login(account, open_venue=config.open),
                ", ".join(f"{amount} {asset}" for asset, amount in account.deposits.items()),
                _limits(account.limits),
            )
        yield accounts

    if config.schedule:
        schedule = _table("at (UTC)", "phase", "instruments")
        for entry in sorted(config.schedule, key=lambda entry: entry.at):
            schedule.add_row(str(entry.at), entry.phase, ", ".join(entry.symbols or ["all"]))
        yield schedule


def _table(*headers: str, title: str | None = None, show_header: bool = True) -> Table:
    table = Table(title=title, title_justify="left", show_header=show_header)
    for header in headers:
        # On a narrow terminal words are cut in two, but nothing is left out.
        table.add_column(header, overflow="fold")
    return table


def _about(config: VenueConfig) -> Iterator[tuple[str, str]]:
    tcp = config.tcp
    yield "listens on", f"{tcp.host} port {tcp.port}{', TLS' if tcp.certificate else ', no TLS'}"
    http = config.http
    if http is None:
        yield "serves HTTP on", "no port: there is no section http"
    else:
        data = "market data for everybody" if http.public_market_data else "with a login only"
        tls = ", TLS" if http.certificate else ", no TLS"
        yield "serves HTTP on", f"{http.host} port {http.port}{tls}; {data}"
    yield (
        "lets in",
        "anybody under any name: the venue is open" if config.open else "accounts with their secret",
    )
    path = config.journal.path
    yield "journal", f"{path}, sync {config.journal.sync}" if path else "none: a restart starts empty"
    yield "day ends", f"{config.day_ends_utc} UTC" if config.day_ends_utc else "never"
    yield "limits", _limits(config.limits) or "none"


def _settlement(instrument: InstrumentConfig) -> str:
    match instrument.settlement:
        case Settlement.SPOT:
            return f"{instrument.base} for {instrument.quote}"
        case Settlement.MARGIN:
            return f"{instrument.quote}, margin {instrument.margin}"
        case Settlement.NONE:
            return "none"


def _fee(ppm: int, per_unit: int) -> str:
    parts = [f"{ppm} ppm"] if ppm else []
    if per_unit:
        parts.append(f"{per_unit} a unit")
    return ", ".join(parts) or "0"


def _limits(limits: InstrumentLimits | None) -> str:
    if limits is None:
        return ""
    values = {limit: getattr(limits.limits(), limit.value) for limit in Limit}
    return ", ".join(
        f"{limit} {value}{' (hard)' if limit in limits.hard else ''}"
        for limit, value in values.items()
        if value is not None
    )


def _login(account: AccountConfig, *, open_venue: bool) -> str:
    if open_venue:
        return "open"
    return "secret" if account.secret_hash else "nobody: it has no secret_hash"

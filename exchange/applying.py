"""The venue file against the venue as it stands: what has to be done so that the venue is as the file says.

In: a checked configuration, the engine. Out: commands for what differs, and what differs and can't be
changed. Nothing is done here, and nothing is done twice: against a venue that is as the file says there is
nothing to do.

What the file says holds, whoever said otherwise meanwhile. What it does not mention stays as it is:
accounts, instruments and limits may as well have been made at the operator's desk.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from exchange.config import AccountConfig, VenueConfig
from exchange.engine.accounts import Account
from exchange.engine.commands import AddInstrument, AdjustBalance, AdminCommand, Limits, SetAccount, SetLimits
from exchange.engine.engine import Engine
from exchange.instrument_config import FEES, InstrumentConfig
from protocol.errors import ConfigError
from protocol.vocabulary import AccountId, Asset, Symbol, TransactionId

_CALLED: Final = {
    "market_remainder_rests": "market_remainder",
    "peak_refills_in_front": "iceberg_refill",
    "replace_loses_priority": "replace_priority",
    "market_at_aggressor_limit": "resting_market_price",
}
"""Fields of a command whose keys in the file have other names."""

_FIXED: Final = tuple(
    name for name in AddInstrument.__struct_fields__ if name not in ("symbol", "seq", "at_ns", *FEES)
)
"""What does not change about an instrument while it is listed."""


class Change(NamedTuple):
    """Something to do, and the key of the file that asks for it."""

    key: str
    text: str
    command: AdminCommand


def changes(config: VenueConfig, engine: Engine) -> list[Change]:
    """What makes the venue as the file says, to be carried out in this order."""
    return [
        *_of_instruments(config, engine),
        *_of_accounts(config, engine),
        *_of_fees(config, engine),
        *_of_limits(config, engine),
    ]


def contradictions(config: VenueConfig, engine: Engine) -> list[ConfigError]:
    """What the file says otherwise than the venue, and no command can change."""
    return [*_fixed_instruments(config, engine), *_fixed_deposits(config, engine)]


def transaction_of(asset: str) -> TransactionId:
    """Names the opening deposit of an asset: carried out once, however often the file is read (rule 44)."""
    return TransactionId(f"opening:{asset}")


# -- to be done ----------------------------------------------------------------------------------------
def _of_instruments(config: VenueConfig, engine: Engine) -> Iterator[Change]:
    for instrument in config.instruments:
        if instrument.symbol not in engine.books:
            yield Change(f"instruments.{instrument.symbol}", "listed", instrument.command())


def _of_accounts(config: VenueConfig, engine: Engine) -> Iterator[Change]:
    for wanted in config.accounts:
        name = AccountId(wanted.name)
        account = engine.accounts.by_name.get(name)
        key = f"accounts.{name}"
        text = _difference(wanted, account)
        if text:
            copies = [AccountId(copied) for copied in wanted.copies]
            yield Change(key, text, SetAccount(name, wanted.role, wanted.secret_hash, copies))
        for asset, amount in wanted.deposits.items():
            transaction = transaction_of(asset)
            if account is None or transaction not in account.transactions:
                command = AdjustBalance(name, Asset(asset), amount, transaction)
                yield Change(f"{key}.deposits.{asset}", f"{amount} paid in", command)


def _difference(wanted: AccountConfig, account: Account | None) -> str:
    """What changes about an account, in words; empty: nothing. Secrets are not told, nor their hashes."""
    if account is None:
        return f"opened, role {wanted.role}"
    parts = []
    if account.role is not wanted.role:
        parts.append(f"role {wanted.role} instead of {account.role}")
    if account.secret_hash != wanted.secret_hash:
        parts.append("another secret" if wanted.secret_hash else "no secret any more")
    if account.copies != wanted.copies:
        parts.append(f"copies of {', '.join(wanted.copies) or 'everybody'}")
    return ", ".join(parts)


def _of_fees(config: VenueConfig, engine: Engine) -> Iterator[Change]:
    for wanted in config.instruments:
        book = engine.books.get(Symbol(wanted.symbol))
        if book is None:
            continue
        different = [name for name in FEES if getattr(book.instrument, name) != getattr(wanted, name)]
        if different:
            text = ", ".join(
                f"{name} {getattr(wanted, name)} instead of {getattr(book.instrument, name)}"
                for name in different
            )
            yield Change(f"instruments.{wanted.symbol}", text, wanted.fees())


def _of_limits(config: VenueConfig, engine: Engine) -> Iterator[Change]:
    scopes: list[tuple[str, AccountId | None, Symbol | None, Limits]] = []
    if config.limits is not None:
        scopes.append(("limits", None, None, config.limits.limits()))
    for instrument in config.instruments:
        if instrument.limits is not None:
            key = f"instruments.{instrument.symbol}.limits"
            scopes.append((key, None, Symbol(instrument.symbol), instrument.limits.limits()))
    for account in config.accounts:
        if account.limits is not None:
            key = f"accounts.{account.name}.limits"
            scopes.append((key, AccountId(account.name), None, account.limits.limits()))
    for key, name, symbol, limits in scopes:
        if engine.clearing.scopes.by_scope.get((name, symbol), Limits()) != limits:
            yield Change(key, "set", SetLimits(name, symbol, limits))


# -- not to be had -------------------------------------------------------------------------------------
def _fixed_instruments(config: VenueConfig, engine: Engine) -> Iterator[ConfigError]:
    for wanted in config.instruments:
        book = engine.books.get(Symbol(wanted.symbol))
        if book is None:
            continue
        yield from _fixed_terms(wanted, book.instrument)


def _fixed_terms(wanted: InstrumentConfig, listed: AddInstrument) -> Iterator[ConfigError]:
    command = wanted.command()
    for name in _FIXED:
        before, now = getattr(listed, name), getattr(command, name)
        if before != now:
            yield ConfigError(
                f"instruments.{wanted.symbol}.{_CALLED.get(name, name)}",
                f"{now} in the file, {before} in the journal: an instrument does not change while it is listed",
            )


def _fixed_deposits(config: VenueConfig, engine: Engine) -> Iterator[ConfigError]:
    for wanted in config.accounts:
        account = engine.accounts.by_name.get(AccountId(wanted.name))
        if account is None:
            continue
        for asset, amount in wanted.deposits.items():
            done = account.transactions.get(transaction_of(asset))
            if done is not None and done[1] != amount:
                yield ConfigError(
                    f"accounts.{wanted.name}.deposits.{asset}",
                    f"{amount} in the file, {done[1]} in the journal: a deposit is paid in once",
                )

"""``tontine admin``: the operator's desk from a terminal.

In: what an operator types. Out: tables, or what came of a request; what the venue refuses is one line on standard
error and exit code 1. Whatever changes something needs ``--why``, which is journalled with who asked.
"""

import secrets
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from protocol.vocabulary import Limit, Phase, Role
from traders.options import with_operator

if TYPE_CHECKING:
    from traders.operators import Done, Operator

app = typer.Typer(
    no_args_is_help=True, help="Run a venue that is running: who may do what, and what is traded."
)

Why = Annotated[str, typer.Option(help="Why, in a sentence; kept with who asked, and shown by `audit`.")]
Name = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account.")]
Symbol = Annotated[str, typer.Argument(metavar="SYMBOL", help="The instrument.")]
Symbols = Annotated[list[str], typer.Argument(metavar="SYMBOL...", help="The instruments.")]
Asset = Annotated[str, typer.Argument(metavar="ASSET", help="Of what, as in USD.")]
Amount = Annotated[int, typer.Argument(min=1, help="How much, in the asset's smallest units.")]
Transaction = Annotated[
    str | None,
    typer.Option(help="Your name for it: the same one is carried out once. Left out: made up, and shown."),
]
Bound = Annotated[int | None, typer.Option(min=0)]

SECRET_BYTES: Final = 32
TRANSACTION_BYTES: Final = 12

Command = Callable[..., Coroutine[Any, Any, None]]


def _command(function: Command) -> Command:
    """Make it a command of ``tontine admin``, with the options of the connection."""
    app.command(function.__name__.strip("_").replace("_", "-"))(with_operator(function))
    return function


# -- questions -------------------------------------------------------------------------------------
@_command
async def sessions(operator: "Operator") -> None:
    """Who is connected.

    Example: tontine admin sessions --account olga --secret-file olga.secret
    """
    from traders.admin_tables import show_sessions

    show_sessions(await operator.sessions())


@_command
async def accounts(operator: "Operator") -> None:
    """All accounts: role, what blocks them, balances, positions.

    Example: tontine admin accounts --account olga --secret-file olga.secret
    """
    from traders.admin_tables import show_accounts

    show_accounts(await operator.accounts())


@_command
async def audit(
    operator: "Operator",
    first: Annotated[int, typer.Option("--from", min=1, help="Number of the first entry.")] = 1,
) -> None:
    """What was done to the venue, by whom and why.

    Example: tontine admin audit --account olga --secret-file olga.secret
    """
    from traders.admin_tables import show_audit

    show_audit(await operator.whole_audit(first))


# -- accounts --------------------------------------------------------------------------------------
@_command
async def create_account(
    operator: "Operator",
    name: Name,
    *,
    role: Annotated[Role, typer.Option(help="What its sessions may do.")] = Role.TRADER,
    copies: Annotated[
        list[str] | None, typer.Option(help="Whom a drop copy may read; left out: everybody.")
    ] = None,
    generate: Annotated[
        bool, typer.Option("--generate", help="Make up a secret and show it, this once.")
    ] = False,
    why: Why,
) -> None:
    """Open an account. Its secret is asked for, read from standard input, or made up.

    Example: tontine admin create-account carl --generate --why "opened by mail" --account olga
    """
    secret = secrets.token_urlsafe(SECRET_BYTES) if generate else _secret_typed()
    _show(await operator.create_account(name, why=why, secret=secret, role=role, copies=copies or ()))
    if generate:
        typer.echo(f"secret of {name}, shown this once: {secret}")


@_command
async def disable(operator: "Operator", name: Name, *, why: Why) -> None:
    """Cancel what an account has, end its sessions, let it in no more.

    Example: tontine admin disable carl --why "lost his secret" --account olga
    """
    _show(await operator.disable_account(name, why=why))


@_command
async def enable(operator: "Operator", name: Name, *, why: Why) -> None:
    """Undo `disable`, the breach of a hard limit, or a kill switch.

    Example: tontine admin enable carl --why "has a new one" --account olga
    """
    _show(await operator.enable_account(name, why=why))


@_command
async def deposit(
    operator: "Operator",
    name: Name,
    asset: Asset,
    amount: Amount,
    *,
    transaction_id: Transaction = None,
    why: Why,
) -> None:
    """Pay in.

    Example: tontine admin deposit carl USD 1000000 --why "wire of 1 January" --account olga
    """
    await _adjust(operator, name, asset, amount, transaction_id, why)


@_command
async def withdraw(
    operator: "Operator",
    name: Name,
    asset: Asset,
    amount: Amount,
    *,
    transaction_id: Transaction = None,
    why: Why,
) -> None:
    """Pay out what is free.

    Example: tontine admin withdraw carl USD 500 --why "asked by mail" --account olga
    """
    await _adjust(operator, name, asset, -amount, transaction_id, why)


@_command
async def set_limits(
    operator: "Operator",
    *,
    whose: Annotated[str | None, typer.Option("--for", help="Whose; left out: everybody's.")] = None,
    symbol: Annotated[str | None, typer.Option(help="In which instrument; left out: in each.")] = None,
    order_quantity: Bound = None,
    order_notional: Bound = None,
    open_orders: Bound = None,
    open_quantity: Bound = None,
    position: Bound = None,
    collar: Bound = None,
    daily_loss: Bound = None,
    message_rate: Bound = None,
    hard: Annotated[
        list[Limit] | None, typer.Option(help="Going beyond this one disables the account.")
    ] = None,
    why: Why,
) -> None:
    """Replace all limits of a scope: those left out are lifted.

    Example: tontine admin set-limits --for carl --symbol ACME --position 500 --why "agreed" --account olga
    """
    from protocol.desk import LimitValues

    limits = LimitValues(
        order_quantity=order_quantity,
        order_notional=order_notional,
        open_orders=open_orders,
        open_quantity=open_quantity,
        position=position,
        collar=collar,
        daily_loss=daily_loss,
        message_rate=message_rate,
        hard=hard or [],
    )
    _show(await operator.set_limits(limits, why=why, account=whose, symbol=symbol))


@_command
async def cancel(
    operator: "Operator",
    name: Name,
    *,
    order: Annotated[str | None, typer.Option(help="Its client order id; left out: everything.")] = None,
    why: Why,
) -> None:
    """Cancel an order of somebody, or all of them.

    Example: tontine admin cancel carl --order c-17 --why "asked by telephone" --account olga
    """
    _show(await operator.cancel(name, why=why, client_order_id=order))


# -- the market ------------------------------------------------------------------------------------
@_command
async def set_fees(
    operator: "Operator",
    symbol: Symbol,
    *,
    maker_ppm: Annotated[int, typer.Option(help="Of the resting side; negative: a rebate.")],
    taker_ppm: Annotated[int, typer.Option(help="Of the arriving side.")],
    maker_per_unit: Annotated[int, typer.Option(help="Per unit of quantity, on top.")] = 0,
    taker_per_unit: Annotated[int, typer.Option(help="Per unit of quantity, on top.")] = 0,
    why: Why,
) -> None:
    """What trades of an instrument cost from now on, in parts per million.

    Example: tontine admin set-fees ACME --maker-ppm -50 --taker-ppm 150 --why "January" --account olga
    """
    answer = await operator.set_fees(
        symbol,
        maker_ppm=maker_ppm,
        taker_ppm=taker_ppm,
        why=why,
        maker_per_unit=maker_per_unit,
        taker_per_unit=taker_per_unit,
    )
    _show(answer)


@_command
async def halt(operator: "Operator", symbols: Symbols, *, why: Why) -> None:
    """Take nothing but cancels.

    Example: tontine admin halt ACME --why "news pending" --account olga
    """
    for symbol in symbols:
        _show(await operator.change_phase(symbol, Phase.HALT, why=why))


@_command
async def resume(operator: "Operator", symbols: Symbols, *, why: Why) -> None:
    """Trade on, continuously.

    Example: tontine admin resume ACME --why "news is out" --account olga
    """
    for symbol in symbols:
        _show(await operator.change_phase(symbol, Phase.CONTINUOUS, why=why))


@_command
async def phase(
    operator: "Operator",
    symbol: Symbol,
    to: Annotated[Phase, typer.Argument(metavar="PHASE", help="Where to.")],
    *,
    reference_price: Annotated[int | None, typer.Option(min=1, help="For the auction.")] = None,
    forced: Annotated[
        bool, typer.Option("--forced", help="Hold the auction even outside the static corridor.")
    ] = False,
    why: Why,
) -> None:
    """Move an instrument to a phase; leaving a call holds its auction.

    Example: tontine admin phase ACME closing_auction --why "early close" --account olga
    """
    answer = await operator.change_phase(symbol, to, why=why, reference_price=reference_price, forced=forced)
    _show(answer)


@_command
async def last_price(
    operator: "Operator",
    symbol: Symbol,
    price: Annotated[int, typer.Argument(min=1, help="In price units.")],
    *,
    why: Why,
) -> None:
    """Set the last price, as a trade would.

    Example: tontine admin last-price ACME 10025 --why "close of the home market" --account olga
    """
    _show(await operator.set_last_price(symbol, price, why=why))


@_command
async def bust(
    operator: "Operator",
    trade: Annotated[int, typer.Argument(metavar="TRADE", min=1, help="Its trade id.")],
    name: Annotated[str, typer.Argument(metavar="ACCOUNT", help="One of its two sides.")],
    *,
    why: Why,
) -> None:
    """Undo what a trade moved.

    Example: tontine admin bust 305 carl --why "clearly erroneous" --account olga
    """
    _show(await operator.bust_trade(trade, name, why=why))


@_command
async def add_instrument(
    operator: "Operator",
    file: Annotated[Path, typer.Argument(help="TOML: one [[instruments]] table, or its keys alone.")],
    *,
    why: Why,
) -> None:
    """List an instrument while the venue runs.

    Example: tontine admin add-instrument dune.toml --why "listed today" --account olga
    """
    _show(await operator.add_instrument(_instrument_in(file), why=why))


@_command
async def broadcast(
    operator: "Operator",
    text: Annotated[str, typer.Argument(help="What.")],
    *,
    why: Why,
) -> None:
    """Tell everybody who is connected something.

    Example: tontine admin broadcast "We close at 15:00 today." --why "early close" --account olga
    """
    _show(await operator.broadcast(text, why=why))


# -- inside ----------------------------------------------------------------------------------------
async def _adjust(
    operator: "Operator", name: str, asset: str, amount: int, transaction_id: str | None, why: str
) -> None:
    chosen = transaction_id or secrets.token_urlsafe(TRANSACTION_BYTES)
    if transaction_id is None:
        # Before it is sent: whoever gets no answer can ask again under the same name.
        typer.echo(f"transaction {chosen}")
    _show(await operator.adjust_balance(name, asset, amount, transaction_id=chosen, why=why))


def _show(answer: "Done") -> None:
    """Say what came of it.

    Raises:
        VenueError: it was refused.
    """
    from protocol.errors import VenueError
    from protocol.messages import Rejected

    if isinstance(answer, Rejected):
        raise VenueError(f"refused: {answer.text} ({answer.reason})")
    words = (answer.action, answer.account, answer.symbol, answer.text)
    typer.echo(" ".join(("done:", *(word for word in words if word))))


def _secret_typed() -> str:
    from protocol.errors import ConfigError

    if sys.stdin.isatty():
        secret = str(typer.prompt("Secret", hide_input=True, confirmation_prompt=True, err=True))
    else:
        secret = sys.stdin.readline().removesuffix("\n")
    if not secret:
        raise ConfigError("secret", "there is none on standard input; or add --generate")
    return secret


def _instrument_in(file: Path) -> dict[str, Any]:
    import tomllib

    from protocol.errors import ConfigError

    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(str(file), error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(file), f"not UTF-8: {error.reason}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(file), f"not TOML: {error}") from error
    match found:
        case {"instruments": [dict() as table], **rest} if not rest:
            return table
        case {"instruments": _}:
            raise ConfigError(str(file), "one [[instruments]] table and nothing else")
    return found

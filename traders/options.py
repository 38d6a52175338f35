"""Options that several commands share: where the venue listens, and how one gets in.

In: a command's function with a parameter that no person could type, an ``Access`` or an ``Operator``. Out: the
same with the options that it is made from in its place. Secrets come from a file or from the environment, never
from the command line, where every other user of the machine could read them.
"""

import importlib
import inspect
import os
from collections.abc import Callable, Coroutine
from enum import StrEnum
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from protocol.errors import ConfigError
from protocol.vocabulary import Role

if TYPE_CHECKING:
    from traders.access import Access, Tls
    from traders.roster import Roster


class Runtime(StrEnum):
    """What runs many sessions in one process."""

    ASYNCIO = "asyncio"
    LEGACY = "legacy"


FLEETS: Final = {Runtime.ASYNCIO: "traders.fleet", Runtime.LEGACY: "legacy.fleet"}
"""Modules with a ``Fleet``. Names, for traders do not know ``legacy``, which is built out of them."""

_READY: Final = "simulation.ready"
"""Module that knows the scenarios that come along; a name, for traders know no simulation."""

SECRET_VARIABLE: Final = "TONTINE_SECRET"  # noqa: S105 - where it is, not what it is

SecretFile = Annotated[
    Path | None,
    typer.Option(
        help=f"File with the account's secret on its only line; left out: ${SECRET_VARIABLE}, if set."
    ),
]
UseTls = Annotated[bool, typer.Option("--tls", help="TLS, trusting the certificates this machine trusts.")]
Ca = Annotated[Path | None, typer.Option(metavar="FILE", help="TLS, trusting the certificates in this file.")]
OnRuntime = Annotated[
    Runtime, typer.Option("--runtime", help="What runs them; legacy: generators alone, without asyncio.")
]
AsRole = Annotated[Role | None, typer.Option(help="Log in with this role instead of the account's own.")]
Host = Annotated[str, typer.Option(help="Where the venue listens.")]
Port = Annotated[int, typer.Option(min=1, max=65_535, help="Its TCP port.")]
Account = Annotated[str, typer.Option(help="The operator's account.")]


def parse_address(text: str) -> tuple[str, int]:
    """``HOST:PORT``, ``:PORT`` or ``HOST`` as its two parts.

    Raises:
        ConfigError: the port is no number from 1 to 65,535.
    """
    host, colon, port = text.rpartition(":")
    if not colon:
        return text, 7001
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65_535:
        raise ConfigError("--connect", f"{text!r} is not HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


def fleet_of(runtime: Runtime, *, processes: int = 1, reconnect: bool = True) -> "Callable[..., Roster]":
    """What makes a fleet on it, in so many processes.

    Raises:
        ConfigError: the runtime has it not.
    """
    if runtime is Runtime.LEGACY:
        if processes > 1:
            raise ConfigError("--processes", "the legacy runtime runs a fleet in one process")
        legacy: Callable[..., Roster] = importlib.import_module(FLEETS[runtime]).Fleet
        return legacy
    if processes > 1:
        crew: Callable[..., Roster] = importlib.import_module("traders.crew").Crew
        return partial(crew, processes=processes, reconnect=reconnect)
    fleet: Callable[..., Roster] = importlib.import_module(FLEETS[runtime]).Fleet
    return partial(fleet, reconnect=reconnect)


def scenario_file(name_or_file: str) -> Path:
    """The file of a scenario: one of the person's own, or one that comes along.

    Raises:
        ConfigError: it is neither.
    """
    found: Path = importlib.import_module(_READY).found(name_or_file)
    return found


def with_access(command: Callable[..., None]) -> Callable[..., None]:
    """The command with ``--secret-file``, ``--tls``, ``--ca`` and ``--role`` in place of ``access``."""

    def access(
        secret_file: SecretFile = None, tls: UseTls = False, ca: Ca = None, role: AsRole = None
    ) -> "Access":
        return _access(secret_file, role, _tls(tls, ca))

    return _composed(command, "access", access, command)


def with_operator(command: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """The command, run by asyncio, with all that it takes to log in in place of ``operator``."""

    def connection(
        *,
        host: Host = "127.0.0.1",
        port: Port = 7001,
        account: Account,
        secret_file: SecretFile = None,
        tls: UseTls = False,
        ca: Ca = None,
    ) -> dict[str, Any]:
        access = _access(secret_file, None, _tls(tls, ca))
        return {"host": host, "port": port, "account": account, "secret": access.secret, "tls": access.tls}

    def run(*, operator: dict[str, Any], **own: Any) -> None:
        import asyncio

        from traders.operators import Operator

        async def act() -> None:
            async with Operator.connect(**operator) as connected:
                await command(operator=connected, **own)

        asyncio.run(act())

    return _composed(command, "operator", connection, run)


def _composed(
    command: Callable[..., object], place: str, make: Callable[..., Any], run: Callable[..., None]
) -> Callable[..., None]:
    """``run`` with the options of ``make``, and under the name, help and options of ``command``."""
    added = inspect.signature(make).parameters
    own = [one for name, one in inspect.signature(command).parameters.items() if name != place]
    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*own, *added.values())]

    @wraps(command)
    def composed(**given: Any) -> None:
        given[place] = make(**{name: given.pop(name) for name in added})
        run(**given)

    composed.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # typer reads it
    composed.__annotations__ = {one.name: one.annotation for one in parameters}
    return composed


def _access(secret_file: Path | None, role: Role | None, tls: "Tls") -> "Access":
    from traders.access import Access, secret_in

    secret = os.environ.get(SECRET_VARIABLE) if secret_file is None else secret_in(secret_file)
    return Access(secret or None, role, tls)


def _tls(wanted: bool, ca: Path | None) -> "Tls":
    return wanted if ca is None else ca

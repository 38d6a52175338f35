"""Reading the venue file: TOML in, a checked configuration or every fault out.

In: the path of a TOML file. Out: a ``VenueConfig``; or one ``ConfigError`` with a line for each fault that
names file, key and reason. What keys say against each other is looked at when each is right by itself.
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from exchange.config import HttpConfig, JournalConfig, TcpConfig, VenueConfig
from protocol.errors import ConfigError


def read(path: Path) -> VenueConfig:
    """The venue file at ``path``.

    Raises:
        ConfigError: no such file, no TOML, or keys that are unknown, missing or out of bounds: all of them.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(str(path), error.strerror or str(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), f"not TOML: {error}") from error
    try:
        return VenueConfig.model_validate(content)
    except ValidationError as error:
        raise config_error(f"{path}: ", error) from error


def changed(
    config: VenueConfig,
    *,
    tcp: dict[str, Any],
    journal: dict[str, Any],
    http: dict[str, Any] | None = None,
    **keys: Any,
) -> VenueConfig:
    """The configuration with some keys from the command line instead of the file's.

    Raises:
        ConfigError: they do not go together with the rest.
    """
    try:
        sections: dict[str, Any] = {
            "tcp": TcpConfig.model_validate({**dict(config.tcp), **tcp}),
            "journal": JournalConfig.model_validate({**dict(config.journal), **journal}),
        }
        if http:
            sections["http"] = HttpConfig.model_validate({**dict(config.http or ()), **http})
        return VenueConfig.model_validate({**dict(config), **sections, **keys})
    except ValidationError as error:
        raise config_error("command line: ", error) from error


def config_error(before: str, error: ValidationError) -> ConfigError:
    """All that pydantic found, as one error."""
    return one_of(
        [
            ConfigError(f"{before}{key}" if key else before.removesuffix(": "), reason)
            for key, reason in faults(error)
        ]
    )


def one_of(errors: list[ConfigError]) -> ConfigError:
    """One error that carries them all; there is at least one."""
    first, *more = errors
    return ConfigError(first.place, first.text, more)


def faults(error: ValidationError) -> Iterable[tuple[str, str]]:
    """Key, a path like ``accounts.2.role``, and reason of each fault."""
    for fault in error.errors(include_input=False, include_url=False):
        reason = "unknown key" if fault["type"] == "extra_forbidden" else fault["msg"]
        yield ".".join(str(part) for part in fault["loc"]), reason.removeprefix("Value error, ")

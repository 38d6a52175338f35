"""How a session gets in beside the name of its account: secret, role, and who may listen on the way.

In: what a caller or a person gave. Out: an ``Access``, which shows its secret to nobody, and the TLS context
it stands for.
"""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypedDict

from protocol.errors import ConfigError
from protocol.vocabulary import Role

Tls = ssl.SSLContext | Path | str | bool | None
"""``True``: TLS, with the certificates that this machine trusts; a path: with those in that file; a context:
as it says; ``None`` or ``False``: no TLS."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a login needs besides the account; the default gets into an open venue."""

    secret: str | None = field(default=None, repr=False)
    role: Role | None = None
    """``None``: what the account may do."""
    tls: Tls = None

    def words(self) -> "Words":
        """The same as arguments of ``Client.connect``."""
        return {"secret": self.secret, "role": self.role, "tls": self.tls}


OPEN: Final = Access()
"""Gets into an open venue."""


class Words(TypedDict):
    """Arguments of ``Client.connect``."""

    secret: str | None
    role: Role | None
    tls: Tls


def context_of(tls: Tls) -> ssl.SSLContext | None:
    """The context of a connection, ``None`` for one without TLS.

    Raises:
        ConfigError: the file of certificates can't be read or holds none.
    """
    if tls is None or tls is False:
        return None
    if isinstance(tls, ssl.SSLContext):
        return tls
    if tls is True:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cafile=tls)
    except ssl.SSLError as error:
        raise ConfigError(str(tls), "it holds no certificate in PEM form") from error
    except OSError as error:
        raise ConfigError(str(tls), error.strerror or str(error)) from error


def secret_in(file: Path) -> str:
    """The secret in a file: its only line, without the line's end.

    Raises:
        ConfigError: it can't be read, is empty, or has more than one line.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError(str(file), error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise ConfigError(str(file), f"not UTF-8: {error.reason}") from error
    if len(lines) != 1 or not lines[0]:
        raise ConfigError(str(file), "a secret is one line and not empty")
    return lines[0]

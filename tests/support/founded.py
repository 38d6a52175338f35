"""A venue file as ``tontine init --tls`` writes it, and what is shown at that.

In: a directory. Out: the file, the secrets by account, and the certificate for those who log in.
"""

import re
from pathlib import Path
from typing import NamedTuple

from tests.support.typed import typed


def free_http_port(file: Path) -> None:
    """Serve HTTP on any free port: several tests may run such a file at once."""
    file.write_text(file.read_text().replace("port = 7080", "port = 0"))


class Founded(NamedTuple):
    """What ``tontine init --tls`` leaves."""

    file: Path
    secrets: dict[str, str]
    certificate: Path

    def secret_file(self, account: str) -> Path:
        """The account's secret in a file of its own."""
        path = self.file.with_name(f"{account}.secret")
        path.write_text(f"{self.secrets[account]}\n")
        return path


def found(directory: Path) -> Founded:
    """Run it."""
    file = directory / "venue.toml"
    done = typed("init", str(file), "--tls")
    assert done.returncode == 0, done.stderr
    free_http_port(file)
    secrets = dict(re.findall(r"^  (\w+) +\w+ +(\S+)$", done.stdout, re.MULTILINE))
    return Founded(file, secrets, directory / "venue.crt")

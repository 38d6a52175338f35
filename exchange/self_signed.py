"""A certificate for a first try: it vouches for nothing but itself, and is good on this machine only.

In: where to. Out: two PEM files, made by the ``openssl`` command.
"""

import shutil
import subprocess
from pathlib import Path

from protocol.errors import VenueError

_VALID_DAYS = 365


def make_self_signed(certificate: Path, key: Path) -> None:
    """Write a certificate for this machine's own names, and its key; nobody else may read either.

    Raises:
        VenueError: there is no ``openssl`` command, or it failed.
    """
    openssl = shutil.which("openssl")
    if openssl is None:
        raise VenueError(
            "the openssl command is not installed: install it, or leave --tls out and put the paths of "
            "a certificate and its key into the venue file (tcp.certificate, tcp.key)"
        )
    command = [
        openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-days", str(_VALID_DAYS), "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1",
        "-keyout", str(key), "-out", str(certificate),
    ]  # fmt: skip
    # Files that are there keep their mode when openssl writes into them.
    for path in (certificate, key):
        path.unlink(missing_ok=True)
    done = subprocess.run(command, capture_output=True, text=True, check=False, umask=0o077)  # noqa: S603  # no shell, no input
    if done.returncode:
        raise VenueError(f"openssl failed: {' '.join(done.stderr.split())[-300:]}")

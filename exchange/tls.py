"""TLS of the gateway, from ordinary certificate files.

In: paths of a certificate and its key. Out: a context that the gateway gives to every connection; loading
files into it again serves the new certificate to all connections after that. And, for a first try, a
certificate that vouches for nothing but itself, made by the ``openssl`` command.
"""

import shutil
import ssl
import subprocess
from pathlib import Path

from exchange.config import TcpConfig
from protocol.errors import ConfigError, VenueError

_VALID_DAYS = 365


def server_context(tcp: TcpConfig) -> ssl.SSLContext | None:
    """TLS 1.2 or later; ``None`` for a gateway without a certificate.

    Raises:
        ConfigError: the files can't be read, or do not belong together.
    """
    if tcp.certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    load(context, tcp)
    return context


def load(context: ssl.SSLContext, tcp: TcpConfig) -> None:
    """Serve this certificate from now on.

    Raises:
        ConfigError: as ``server_context``; the context serves the one before.
    """
    assert tcp.certificate is not None
    for key, path in (("tcp.certificate", tcp.certificate), ("tcp.key", tcp.key)):
        try:
            # OpenSSL's own complaint about a missing file does not say which one.
            if path is not None:
                path.read_bytes()
        except OSError as error:
            raise ConfigError(f"{key}: {path}", error.strerror or str(error)) from error
    try:
        context.load_cert_chain(tcp.certificate, tcp.key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or str(error)
        text = f"no certificate with its key ({reason.lower().replace('_', ' ')})"
        raise ConfigError(f"tcp.certificate: {tcp.certificate}", text) from error


def _no_password() -> str:
    """A venue that starts by itself has nobody to ask; without this OpenSSL would, at the terminal."""
    raise ValueError("the key is encrypted")


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
    done = subprocess.run(command, capture_output=True, text=True, check=False, umask=0o077)  # noqa: S603  # no shell, no input
    if done.returncode:
        raise VenueError(f"openssl failed: {' '.join(done.stderr.split())[-300:]}")

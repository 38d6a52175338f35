"""TLS of the gateways, from ordinary certificate files.

In: paths of a certificate and its key. Out: a context that the gateway gives to every connection; loading
files into it again serves the new certificate to all connections after that.
"""

import ssl

from exchange.config import ListenerConfig
from protocol.errors import ConfigError


def server_context(listener: ListenerConfig, section: str = "tcp") -> ssl.SSLContext | None:
    """TLS 1.2 or later; ``None`` for a gateway without a certificate. ``section``: where the venue file has it.

    Raises:
        ConfigError: the files can't be read, or do not belong together.
    """
    if listener.certificate is None:
        return None
    context = _empty()
    load(context, listener, section)
    return context


def load(context: ssl.SSLContext, listener: ListenerConfig, section: str = "tcp") -> None:
    """Serve this certificate from now on.

    Raises:
        ConfigError: as ``server_context``; the context serves the one before.
    """
    assert listener.certificate is not None
    content(listener, section)  # OpenSSL's own complaint about a missing file does not say which one
    try:
        # A certificate without its key would stay in the context: a new one bears the risk.
        for target in (_empty(), context):
            target.load_cert_chain(listener.certificate, listener.key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or str(error)
        text = f"no certificate with its key ({reason.lower().replace('_', ' ')})"
        raise ConfigError(f"{section}.certificate: {listener.certificate}", text) from error


def content(listener: ListenerConfig, section: str = "tcp") -> bytes:
    """What stands in the files, to see whether they changed; empty without any.

    Raises:
        ConfigError: one of them can't be read.
    """
    found = b""
    for key, path in (("certificate", listener.certificate), ("key", listener.key)):
        try:
            found += b"" if path is None else path.read_bytes()
        except OSError as error:
            raise ConfigError(f"{section}.{key}: {path}", error.strerror or str(error)) from error
    return found


def _empty() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _no_password() -> str:
    """A venue that starts by itself has nobody to ask; without this OpenSSL would, at the terminal."""
    raise ValueError("the key is encrypted")

"""What commands share: addresses and signals.

In: what a person typed, what the operating system says. Out: values, and an event to wait for.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from protocol.errors import ConfigError


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


@contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """An event that SIGINT, SIGTERM and SIGHUP set while the block lasts."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in signals:
            loop.remove_signal_handler(number)

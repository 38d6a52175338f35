"""What names a public stream.

In: a request for one. Out: its key, or what is wrong with the request. Pure.
"""

from typing import Final, NamedTuple

from protocol.errors import VenueError
from protocol.messages import Subscribe, Subscribed, Unsubscribe, Unsubscribed
from protocol.vocabulary import DEPTH_LEVELS, Channel, ErrorCode, Interval, Symbol


class NoSuchStream(VenueError):
    """There is no such stream. ``field`` names what is wrong with the request, ``text`` says it all in a sentence,
    ``code`` is what to answer with.
    """

    def __init__(self, code: ErrorCode, field: str, text: str) -> None:
        super().__init__(code, field, text)
        self.code = code
        self.field = field
        self.text = text

    def __str__(self) -> str:
        return self.text


class StreamKey(NamedTuple):
    """The name of a stream: on a connection there is at most one of each."""

    channel: Channel
    symbol: Symbol
    levels: int | None = None
    """Of depth: price levels a side; ``None`` is the whole book."""
    interval: Interval | None = None
    """Of candles, and there always."""

    def __str__(self) -> str:
        detail = self.interval or self.levels
        return (
            f"{self.channel} of {self.symbol}"
            if detail is None
            else f"{self.channel} {detail} of {self.symbol}"
        )

    def subscribed(self) -> Subscribed:
        """What begins the stream."""
        return Subscribed(self.channel, self.symbol, self.levels, self.interval)

    def unsubscribed(self) -> Unsubscribed:
        """What ends it."""
        return Unsubscribed(self.channel, self.symbol, self.levels, self.interval)


_INTERVALS: Final = ", ".join(Interval)
_LEVELS: Final = " or ".join(map(str, DEPTH_LEVELS))


def stream_key(
    channel: Channel, symbol: Symbol, levels: int | None = None, interval: Interval | None = None
) -> StreamKey:
    """The key of what somebody wants to read. Whether there is such an instrument the hub knows.

    Raises:
        NoSuchStream: ``levels`` or ``interval`` are not offered, do not belong to the channel, or are missing.
    """
    if levels is not None:
        if channel is not Channel.DEPTH:
            raise _nonsense("levels", f"{channel} has no levels, only depth has")
        if levels not in DEPTH_LEVELS:
            raise _nonsense("levels", f"{levels} levels are not offered: {_LEVELS}, or leave it out for all")
    if channel is Channel.CANDLES:
        if interval is None:
            raise _nonsense("interval", f"candles need one of {_INTERVALS}")
    elif interval is not None:
        raise _nonsense("interval", f"{channel} has no interval, only candles have")
    return StreamKey(channel, symbol, levels, interval)


def key_of(asked: Subscribe | Unsubscribe) -> StreamKey:
    """The key of the stream that a message names.

    Raises:
        NoSuchStream: as ``stream_key``.
    """
    return stream_key(asked.channel, asked.symbol, asked.levels, asked.interval)


def place_of(key: StreamKey) -> tuple[str, Symbol, int, int]:
    """To sort keys by."""
    return key.channel, key.symbol, key.levels or 0, key.interval.ns if key.interval else 0


def _nonsense(field: str, text: str) -> NoSuchStream:
    return NoSuchStream(ErrorCode.INVALID_SUBSCRIPTION, field, f"{field}: {text}")

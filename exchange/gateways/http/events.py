"""Public streams over HTTP: server-sent events.

In: which stream. Out: an event for each of its messages: ``event`` is the type of the message, ``data`` the message as
on every gateway, ``id`` its ``seq`` and, behind a dash, the run of the venue that counted it. Silence is broken by a
comment every ``HEARTBEAT_S``. A reader who is slow is passed by: then comes a fresh snapshot, as everywhere; one who
reads nothing at all for ``request_timeout_s`` is cut off.

Who comes back with ``Last-Event-ID`` gets of a tape or of candles only what he has not seen, as far as the snapshot
goes back. Every other channel begins with its snapshot, which is all there is to know.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import Final

import msgspec
from aiohttp import hdrs, web

from exchange.gateways.http.answers import Refused
from exchange.gateways.http.connection import HttpConnection
from exchange.gateways.http.services import Call
from exchange.market_data.keys import NoSuchStream, StreamKey, stream_key
from exchange.metrics import Metric
from protocol.market import CandlesSnapshot, PublicMessage, TradesSnapshot
from protocol.vocabulary import Channel

HEARTBEAT_S: Final = 15.0
_LONGEST_NUMBER: Final = 16
_HEARTBEAT: Final = b": heartbeat\n\n"

_HEADERS: Final = {
    hdrs.CONTENT_TYPE: "text/event-stream",
    hdrs.CACHE_CONTROL: "no-store",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}


async def tape(call: Call) -> web.StreamResponse:
    """The trades of the instrument in the path."""
    return await _follow(call, StreamKey(Channel.TRADES, call.book().instrument.symbol))


async def stream(call: Call) -> web.StreamResponse:
    """Any public stream."""
    query = call.query
    symbol = call.book(query.symbol, "query.symbol").instrument.symbol
    try:
        key = stream_key(query.channel, symbol, query.levels, query.interval)
    except NoSuchStream as error:
        raise Refused(error.code, error.text, f"query.{error.field}") from None
    return await _follow(call, key)


async def _follow(call: Call, key: StreamKey) -> web.StreamResponse:
    response = web.StreamResponse(headers=_HEADERS)
    await response.prepare(call.request)
    if call.request.method == hdrs.METH_HEAD:
        return response
    run = _run(call)
    seen = _seen(call.request.headers.get("Last-Event-ID"), run)
    with suppress(ConnectionError):
        async with aclosing(call.venue.feeds.read(key)) as messages:
            async for message in with_pauses(messages, call.services.closing):
                if message is None:
                    written = await _write(call, response, _HEARTBEAT)
                else:
                    parts = _unseen(message, seen)
                    seen = None
                    # What it tells of may be on its way to the journal still.
                    await call.services.turns.committed()
                    written = await _write(call, response, b"".join(_event(part, run) for part in parts))
                if not written:
                    break
    return response


async def with_pauses(
    messages: AsyncGenerator[PublicMessage], closing: asyncio.Event, pause_s: float = HEARTBEAT_S
) -> AsyncIterator[PublicMessage | None]:
    """The same, and ``None`` whenever there was none for ``pause_s``; ends when the venue closes."""
    end = asyncio.ensure_future(closing.wait())
    following = asyncio.ensure_future(anext(messages, None))
    try:
        while True:
            done, _ = await asyncio.wait(
                {following, end}, timeout=pause_s, return_when=asyncio.FIRST_COMPLETED
            )
            if end in done:
                return
            if following not in done:
                yield None
                continue
            message = following.result()
            if message is None:
                return
            following = asyncio.ensure_future(anext(messages, None))
            yield message
    finally:
        for task in (end, following):
            task.cancel()
        await asyncio.gather(end, following, return_exceptions=True)


async def _write(call: Call, response: web.StreamResponse, data: bytes) -> bool:
    """Whether it could be written; waits while the reader has much unread."""
    try:
        async with asyncio.timeout(call.services.settings.request_timeout_s):
            await response.write(data)
    except TimeoutError:
        call.venue.metrics.add(Metric.SLOW_CONSUMERS)
        connection = call.request.protocol
        assert isinstance(connection, HttpConnection)
        connection.abort()
        return False
    return True


def _event(message: PublicMessage, run: str) -> bytes:
    kind = str(message.__struct_config__.tag)
    data = msgspec.json.encode(message)
    return b"id: %d-%s\nevent: %s\ndata: %s\n\n" % (message.seq, run.encode(), kind.encode(), data)


# -- coming back -------------------------------------------------------------------------------------
def _run(call: Call) -> str:
    """Names this run of the venue: numbers of public streams begin anew with each."""
    return f"{call.services.started_ns:x}"


def _seen(last_event_id: str | None, run: str) -> int | None:
    """The number of the last message that was seen, if this run of the venue sent it."""
    number, _, of_run = (last_event_id or "").partition("-")
    if of_run != run or not number.isdecimal() or len(number) > _LONGEST_NUMBER:
        return None
    return int(number)


def _unseen(first: PublicMessage, seen: int | None) -> list[PublicMessage]:
    """What to send of the message that a stream begins with to somebody who has seen it up to ``seen``."""
    if seen is None:
        return [first]
    if isinstance(first, TradesSnapshot):
        missed = [trade for trade in first.trades if trade.seq > seen]
        # Numbers without a gap: what is missing between was undone, and is told by a snapshot only.
        is_whole = seen <= first.seq and len(missed) == first.seq - seen
        return [*missed] if is_whole else [first]
    if isinstance(first, CandlesSnapshot) and seen == first.seq:
        return []
    return [first]

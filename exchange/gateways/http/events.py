"""Public streams over HTTP: server-sent events.

In: which stream. Out: an event for each of its messages (``exchange.gateways.http.event``). Silence is broken by a
comment every ``HEARTBEAT_S``. A reader who is slow is passed by: then comes a fresh snapshot, as everywhere; one who
reads nothing at all for ``request_timeout_s`` is cut off.

Who comes back with ``Last-Event-ID`` gets of a tape or of candles only what he has not seen, as far as the snapshot
goes back. Every other channel begins with its snapshot, which is all there is to know.
"""

import asyncio
from contextlib import aclosing
from typing import Final

from aiohttp import hdrs, web

from exchange.gateways.http.connection import HttpConnection
from exchange.gateways.http.event import event_of
from exchange.gateways.http.market import asked_for
from exchange.gateways.http.services import Call
from exchange.market_data.keys import StreamKey
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
    return await _follow(call, asked_for(query.channel, symbol, query.levels, query.interval))


async def _follow(call: Call, key: StreamKey) -> web.StreamResponse:
    response = web.StreamResponse(headers=_HEADERS)
    await response.prepare(call.request)
    if call.request.method == hdrs.METH_HEAD:
        return response
    services = call.services
    seen = _seen(call.request.headers.get("Last-Event-ID"), services.run)
    begins = True
    async with aclosing(services.events.read(key, HEARTBEAT_S)) as pieces:
        async for piece in pieces:
            events = piece
            if begins and piece:
                begins = False
                events = [event_of(part, services.run) for part in _unseen(piece[0].message, seen)] + piece[
                    1:
                ]
            try:
                if not await _write(call, response, b"".join(event.data for event in events) or _HEARTBEAT):
                    break
            except ConnectionError:
                break  # the reader is gone
    return response


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


# -- coming back -------------------------------------------------------------------------------------
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

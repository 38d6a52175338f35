"""Market data over HTTP: how things stand, and what traded.

In: calls about instruments. Out: the messages with which the public streams begin, as they stand now, and lists of
trades and candles. Reads only.
"""

from typing import Final, cast

from aiohttp import web

from exchange.gateways.http import models
from exchange.gateways.http.answers import Refused, answer
from exchange.gateways.http.pages import link_to_next, page_of
from exchange.gateways.http.past import Past
from exchange.gateways.http.services import Call
from exchange.market_data.keys import NoSuchStream, StreamKey, stream_key
from exchange.standing import instrument_info
from protocol.market import Bar, CandlesSnapshot, PublicMessage, TradePrint, TradesSnapshot
from protocol.vocabulary import Channel, Interval, Symbol

FEW: Final = 50
"""With fewer trades or candles than half of what it keeps memory has all since the venue started, and there is no gap to
what was before.
"""


async def instruments(call: Call) -> web.Response:
    books = call.venue.engine.books.values()
    return answer(models.Instruments([instrument_info(book) for book in books]))


async def instrument(call: Call) -> web.Response:
    return answer(instrument_info(call.book()))


async def depth(call: Call) -> web.Response:
    symbol = call.book().instrument.symbol
    return answer(_now(call, asked_for(Channel.DEPTH, symbol, call.query.levels)))


async def bbo(call: Call) -> web.Response:
    return _stands(call, Channel.BBO)


async def orders(call: Call) -> web.Response:
    return _stands(call, Channel.ORDERS)


async def statistics(call: Call) -> web.Response:
    return _stands(call, Channel.STATISTICS)


async def status(call: Call) -> web.Response:
    return _stands(call, Channel.STATUS)


async def auction(call: Call) -> web.Response:
    said = _now(call, StreamKey(Channel.AUCTION, call.book().instrument.symbol))
    return answer(models.Auction(said))  # type: ignore[arg-type]  # that channel has nothing else


async def trades(call: Call) -> web.Response:
    symbol, query = call.book().instrument.symbol, call.query
    tape = cast("TradesSnapshot", _now(call, StreamKey(Channel.TRADES, symbol)))

    oldest = tape.trades[0].trade_id if len(tape.trades) > FEW else None

    def joins(past: Past) -> bool:
        if oldest is None:
            return True
        return [one.trade_id for one in past.trades(symbol, before=oldest + 1, limit=1)] == [oldest]

    async def older(before: int | None, limit: int, skip: int) -> list[TradePrint]:
        return await call.services.archives.read(
            lambda past: past.trades(symbol, before=before, limit=limit, skip=skip), joins, call.last_seq
        )

    found = await page_of(tape.trades[::-1], lambda trade: trade.trade_id, query, older)
    return answer(models.Trades(found.items), headers=link_to_next(call.request.path, query, found))


async def candles(call: Call) -> web.Response:
    symbol, query = call.book().instrument.symbol, call.query
    interval = query.interval
    key = StreamKey(Channel.CANDLES, symbol, None, interval)
    newest = cast("CandlesSnapshot", _now(call, key)).candles[::-1]

    oldest = newest[-1].start_ns if len(newest) > FEW else None

    def joins(past: Past) -> bool:
        if oldest is None:
            return True
        found = past.candles(symbol, interval, before_ns=oldest + 1, limit=1)
        return [one.start_ns for one in found] == [oldest]

    async def older(before: int | None, limit: int, skip: int) -> list[Bar]:
        return await call.services.archives.read(
            lambda past: past.candles(symbol, interval, before_ns=before, limit=limit, skip=skip),
            joins,
            call.last_seq,
        )

    found = await page_of(newest, lambda bar: bar.start_ns, query, older)
    content = models.Candles(symbol, interval, found.items)
    return answer(content, headers=link_to_next(call.request.path, query, found))


def asked_for(
    channel: Channel, symbol: Symbol, levels: int | None = None, interval: Interval | None = None
) -> StreamKey:
    """The stream that a query names.

    Raises:
        Refused: there is no such one, with the code that subscribing to it gets.
    """
    try:
        return stream_key(channel, symbol, levels, interval)
    except NoSuchStream as error:
        raise Refused(error.code, error.text, f"query.{error.field}") from None


def _stands(call: Call, channel: Channel) -> web.Response:
    """How the stream of the instrument in the path would begin."""
    return answer(_now(call, StreamKey(channel, call.book().instrument.symbol)))


def _now(call: Call, key: StreamKey) -> PublicMessage | None:
    return call.venue.market_data.snapshot(key)

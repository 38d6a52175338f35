"""Accounts and orders over HTTP.

In: calls of somebody who is logged in. Out: how the account stands; and for orders and changes of orders what they
caused: the messages of the account's private stream, when they are in the journal and not before. A refused order has
the same code as on every other gateway, and is part of that stream as well.
"""

from http import HTTPStatus
from typing import Final

from aiohttp import web

from exchange.engine.commands import Command
from exchange.engine.engine import Events
from exchange.engine.events import RequestRejected
from exchange.gateways.http import models
from exchange.gateways.http.answers import Refused, answer
from exchange.gateways.http.pages import link_to_next, page_of
from exchange.gateways.http.past import Fill, Past
from exchange.gateways.http.services import Call
from exchange.intake import order_entry
from exchange.metrics import Metric
from exchange.standing import account_state, open_order, order_state
from protocol import messages
from protocol.desk import TradeBusted
from protocol.fields import Message
from protocol.messages import TradeReport
from protocol.vocabulary import ClientOrderId, ErrorCode, Nanoseconds, RejectReason, TradeId

_STATUS: Final = {
    RejectReason.DUPLICATE_CLIENT_ORDER_ID: HTTPStatus.CONFLICT,
    RejectReason.UNKNOWN_ORDER: HTTPStatus.NOT_FOUND,
    RejectReason.MESSAGE_RATE_LIMIT: HTTPStatus.TOO_MANY_REQUESTS,
}
"""Of refusals that HTTP has a word for; all others are 422."""

_IN_MEMORY: Final = 4_096
"""So many of an account's newest private messages are looked through for fills."""


# -- reading ---------------------------------------------------------------------------------------
async def account(call: Call) -> web.Response:
    return answer(account_state(call.venue.engine, call.account))


async def open_orders(call: Call) -> web.Response:
    query = call.query
    newest = [
        order
        for order in reversed(call.venue.engine.open_orders(call.account))
        if query.symbol is None or order.symbol == query.symbol
    ]
    found = await page_of(newest, lambda order: order.order_id, query)
    content = models.Orders([open_order(order) for order in found.items])
    return answer(content, headers=link_to_next(call.request.path, query, found))


async def order(call: Call) -> web.Response:
    name = _client_order_id(call)
    known = call.venue.engine.accounts.by_name.get(call.account)
    found = None if known is None else known.orders.get(name)
    if found is None:
        raise Refused(ErrorCode.UNKNOWN_ORDER, f"no order {name[:64]!r}", "path.client_order_id")
    return answer(order_state(found))


async def fills(call: Call) -> web.Response:
    query, who = call.query, call.account

    newest, has_all = _newest_fills(call)

    def joins(past: Past) -> bool:
        if has_all or not newest:
            return has_all
        oldest = newest[-1].trade_id
        return any(
            one.trade_id == oldest for one in past.fills(who, query.symbol, before=oldest + 1, limit=1)
        )

    async def older(before: int | None, limit: int, skip: int) -> list[Fill]:
        return await call.services.archives.read(
            lambda past: past.fills(who, query.symbol, before=before, limit=limit, skip=skip),
            joins,
            call.last_seq,
        )

    found = await page_of(newest, lambda fill: fill.trade_id, query, older)
    return answer(models.Fills(found.items), headers=link_to_next(call.request.path, query, found))


def _newest_fills(call: Call) -> tuple[list[Fill], bool]:
    """Those in memory, newest first; and whether there never were others."""
    stream = call.venue.reports.streams.get(call.account)
    if stream is None:
        return [], True
    entries = stream.tail[-_IN_MEMORY:]
    undone: set[TradeId] = set()
    found: list[Fill] = []
    for place, entry in enumerate(reversed(entries)):
        message = entry[0](stream.last_seq - place, entry[1], entry[2]) if type(entry) is tuple else entry
        if isinstance(message, TradeBusted):
            undone.add(message.trade_id)
        elif isinstance(message, TradeReport) and message.trade_id not in undone:
            found.append(_fill(message))
    wanted = call.query.symbol
    fills = [fill for fill in found if wanted is None or fill.symbol == wanted]
    return fills, len(entries) == stream.last_seq


def _fill(report: TradeReport) -> Fill:
    return Fill(
        trade_id=report.trade_id,
        at_ns=report.at_ns,
        symbol=report.symbol,
        side=report.side,
        price=report.price,
        quantity=report.quantity,
        liquidity=report.liquidity,
        fee=report.fee,
        order_id=report.order_id,
        client_order_id=report.client_order_id,
    )


# -- orders ----------------------------------------------------------------------------------------
async def enter(call: Call) -> web.Response:
    assert call.body is not None
    asked = messages.NewOrder(**dict(call.body))
    return await _carried_out(call, asked, HTTPStatus.CREATED)


async def replace(call: Call) -> web.Response:
    assert call.body is not None
    return await _carried_out(call, messages.Replace(_client_order_id(call), **dict(call.body)))


async def cancel(call: Call) -> web.Response:
    return await _carried_out(call, messages.Cancel(_client_order_id(call)))


async def mass_cancel(call: Call) -> web.Response:
    return await _carried_out(call, messages.MassCancel(**dict(call.query)))


def _client_order_id(call: Call) -> ClientOrderId:
    return ClientOrderId(call.request.match_info["client_order_id"])


class _Listener:
    """Stands among the readers of the account's stream while a command is carried out."""

    touched = True  # nobody has to empty it

    def __init__(self) -> None:
        self.outbox: list[Message] = []


async def _carried_out(call: Call, asked: Message, done: HTTPStatus = HTTPStatus.OK) -> web.Response:
    """Have it carried out; the answer, once it is in the journal.

    Raises:
        Refused: by the market, or the venue can do nothing any more.
    """
    venue, who = call.venue, call.account
    listener = _Listener()
    happened: list[Events] = []

    def act() -> None:
        readers = venue.reports.stream(who).readers
        readers.append(listener)
        try:
            happened.append(venue.carry_out(who, _command(call, asked)))
        finally:
            readers.remove(listener)

    call.services.turns.attempt(act)
    if not happened:
        raise Refused(ErrorCode.SHUTTING_DOWN, "the venue takes nothing more")
    await call.services.turns.committed()
    first = happened[0][0]
    if isinstance(first, RequestRejected):
        raise _refused(call, first, listener.outbox)
    return answer(models.OrderReports(listener.outbox), done)  # type: ignore[arg-type]  # of its private stream


def _command(call: Call, asked: Message) -> Command:
    def on_deadline(at_ns: Nanoseconds) -> None:
        if call.venue.on_deadline is not None:
            call.venue.on_deadline(at_ns)

    return order_entry(on_deadline)[type(asked)](call.account, asked)


def _refused(call: Call, refused: RequestRejected, reports: list[Message]) -> Refused:
    venue, reason = call.venue, refused.reason
    venue.metrics.add(Metric.REQUESTS_REJECTED)
    more: dict[str, object] = {"reports": reports}
    if reason is RejectReason.DUPLICATE_CLIENT_ORDER_ID and refused.client_order_id is not None:
        venue.metrics.add(Metric.DUPLICATE_ORDERS)
        more["first"] = order_state(
            venue.engine.accounts.by_name[call.account].orders[refused.client_order_id]
        )
    headers = {"Retry-After": "1"} if reason is RejectReason.MESSAGE_RATE_LIMIT else {}
    return Refused(reason, refused.text, status=_STATUS.get(reason), headers=headers, more=more)

"""The table of routes: what there is at which path, who may ask, with what, and what comes back.

In: nothing. Out: ``ROUTES``. The application serves them, the description of the API and the reference page are made
from them.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import msgspec
from aiohttp import web
from pydantic import BaseModel

from exchange.gateways.http import events, market, models, trading
from exchange.gateways.http.answers import STATUS_OF
from exchange.gateways.http.models import Needs, Query
from exchange.gateways.http.services import Call
from protocol import messages
from protocol.desk import AccountState, AccountStatus
from protocol.fields import Message
from protocol.market import BestPrices, DayStatistics, DepthSnapshot, OrdersSnapshot, PhaseStatus
from protocol.messages import InstrumentInfo, OrderStateReport
from protocol.vocabulary import ErrorCode

Handler = Callable[[Call], Awaitable[web.StreamResponse]]

API: Final = "/api/v1"
_ONE: Final = f"{API}/instruments/{{symbol}}"
_ORDER: Final = f"{API}/orders/{{client_order_id}}"


@dataclass(frozen=True, slots=True)
class Route:
    """One method at one path."""

    method: str
    path: str
    handler: Handler
    summary: str
    answer: type[msgspec.Struct] | None
    """``None``: a stream of server-sent events."""
    needs: Needs = Needs.MARKET_DATA
    query: type[Query] = Query
    body: type[BaseModel] | None = None
    asks: type[Message] | None = None
    """The request of the protocol that it stands for; its role rules hold."""
    status: HTTPStatus = HTTPStatus.OK
    failures: tuple[ErrorCode, ...] = ()
    """Beyond those that every route has."""

    @property
    def name(self) -> str:
        """Of the operation; unique."""
        return (
            f"{self.handler.__name__}_{self.method.lower()}"
            if self.method == "PUT"
            else self.handler.__name__
        )

    def all_failures(self) -> list[ErrorCode]:
        """Every code with which it may be answered, but those of the market."""
        codes = [ErrorCode.INVALID_MESSAGE, ErrorCode.TOO_MANY_REQUESTS, ErrorCode.NOT_ALLOWED]
        if self.needs is not Needs.NOTHING:
            codes += [
                ErrorCode.NOT_LOGGED_IN,
                ErrorCode.LOGIN_FAILED,
                ErrorCode.LOGIN_THROTTLED,
                ErrorCode.ACCOUNT_DISABLED,
                ErrorCode.INTERNAL_ERROR,
                ErrorCode.SHUTTING_DOWN,
            ]
        if "{symbol}" in self.path:
            codes.append(ErrorCode.UNKNOWN_SYMBOL)
        if issubclass(self.query, models.Listed):
            codes.append(ErrorCode.RESUME_UNAVAILABLE)
        if self.body is not None:
            codes += [
                ErrorCode.NOT_JSON,
                ErrorCode.LINE_TIMEOUT,
                ErrorCode.LINE_TOO_LONG,
                ErrorCode.UNSUPPORTED_MEDIA_TYPE,
            ]
        return sorted({*codes, *self.failures}, key=lambda code: (STATUS_OF[code], code))


def _get(path: str, handler: Handler, summary: str, answer: Any, **more: Any) -> Route:
    return Route("GET", path, handler, summary, answer, **more)


def _own(
    method: str, path: str, handler: Handler, asks: type[Message], summary: str, answer: Any, **more: Any
) -> Route:
    return Route(method, path, handler, summary, answer, needs=Needs.LOGIN, asks=asks, **more)


ROUTES: Final[tuple[Route, ...]] = (
    _get(
        f"{API}/instruments",
        market.instruments,
        "What can be traded, and by which rules.",
        models.Instruments,
    ),
    _get(_ONE, market.instrument, "One instrument.", InstrumentInfo),
    _get(f"{_ONE}/bbo", market.bbo, "The best bid and offer.", BestPrices),
    _get(f"{_ONE}/depth", market.depth, "The book by price level.", DepthSnapshot, query=models.DepthQuery),
    _get(f"{_ONE}/orders", market.orders, "The displayed orders of the book.", OrdersSnapshot),
    _get(
        f"{_ONE}/trades", market.trades, "The last trades, newest first.", models.Trades, query=models.Listed
    ),
    _get(
        f"{_ONE}/candles",
        market.candles,
        "What traded in each interval, newest first.",
        models.Candles,
        query=models.CandlesQuery,
    ),
    _get(f"{_ONE}/statistics", market.statistics, "The trading day so far.", DayStatistics),
    _get(f"{_ONE}/status", market.status, "The phase it is in.", PhaseStatus),
    _get(f"{_ONE}/auction", market.auction, "What its auction would give, or gave.", models.Auction),
    _get(f"{_ONE}/tape", events.tape, "Every trade as it happens: server-sent events.", None),
    _get(
        f"{API}/stream",
        events.stream,
        "Any public stream: server-sent events.",
        None,
        query=models.StreamQuery,
        failures=(ErrorCode.UNKNOWN_SYMBOL, ErrorCode.INVALID_SUBSCRIPTION),
    ),
    _own(
        "GET",
        f"{API}/account",
        trading.account,
        AccountStatus,
        "Balances, positions, whether blocked.",
        AccountState,
    ),
    _own(
        "GET",
        f"{API}/fills",
        trading.fills,
        AccountStatus,
        "Your trades, newest first.",
        models.Fills,
        query=models.OwnQuery,
    ),
    _own(
        "GET",
        f"{API}/orders",
        trading.open_orders,
        messages.OrderStatus,
        "Your open orders, newest first.",
        models.Orders,
        query=models.OwnQuery,
    ),
    _own(
        "GET",
        _ORDER,
        trading.order,
        messages.OrderStatus,
        "What became of an order.",
        OrderStateReport,
        failures=(ErrorCode.UNKNOWN_ORDER,),
    ),
    _own(
        "POST",
        f"{API}/orders",
        trading.enter,
        messages.NewOrder,
        "Enter an order.",
        models.OrderReports,
        body=models.NewOrderBody,
        status=HTTPStatus.CREATED,
    ),
    _own(
        "PATCH",
        _ORDER,
        trading.replace,
        messages.Replace,
        "Change price, stop price, quantity.",
        models.OrderReports,
        body=models.ReplaceBody,
    ),
    _own(
        "PUT",
        _ORDER,
        trading.replace,
        messages.Replace,
        "The same as `PATCH`.",
        models.OrderReports,
        body=models.ReplaceBody,
    ),
    _own("DELETE", _ORDER, trading.cancel, messages.Cancel, "Cancel an order.", models.OrderReports),
    _own(
        "DELETE",
        f"{API}/orders",
        trading.mass_cancel,
        messages.MassCancel,
        "Cancel all your orders, or some of them.",
        models.OrderReports,
        query=models.MassCancelQuery,
    ),
)

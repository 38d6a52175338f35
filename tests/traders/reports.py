"""Short ways to say what a venue reports, for tests."""

from protocol.messages import Accepted, Canceled, Rejected, Replaced, TradePrint, TradeReport
from protocol.vocabulary import (
    CancelReason,
    ClientOrderId,
    Liquidity,
    RejectReason,
    Request,
    Side,
    Symbol,
)

ACME = Symbol("ACME")
NOW = 1_000_000_000


def accepted(
    name: str, seq: int = 1, *, side: Side = Side.BUY, quantity: int = 100, price: int | None = 10_000
) -> Accepted:
    at = None if price is None else price
    return Accepted(seq, NOW, ClientOrderId(name), 1, ACME, side, quantity, at)


def rejected(
    name: str | None,
    seq: int = 1,
    *,
    request: Request = Request.NEW,
    reason: RejectReason = RejectReason.OFF_TICK,
) -> Rejected:
    named = None if name is None else ClientOrderId(name)
    return Rejected(seq, NOW, request, reason, "it was refused", named)


def canceled(
    name: str,
    seq: int,
    *,
    quantity: int = 100,
    cumulative: int = 0,
    reason: CancelReason = CancelReason.REQUESTED,
) -> Canceled:
    return Canceled(
        seq,
        NOW,
        ClientOrderId(name),
        1,
        ACME,
        quantity,
        cumulative,
        reason,
    )


def replaced(name: str, seq: int, *, quantity: int, price: int, cumulative: int = 0) -> Replaced:
    return Replaced(
        seq,
        NOW,
        ClientOrderId(name),
        1,
        ACME,
        quantity,
        cumulative,
        quantity - cumulative,
        False,
        price,
    )


def traded(
    name: str,
    seq: int = 1,
    *,
    side: Side = Side.BUY,
    price: int = 10_000,
    quantity: int = 100,
    cumulative: int | None = None,
    leaves: int = 0,
    fee: int = 0,
    liquidity: Liquidity = Liquidity.TAKER,
    symbol: Symbol = ACME,
) -> TradeReport:
    return TradeReport(
        seq,
        NOW,
        ClientOrderId(name),
        1,
        symbol,
        side,
        1,
        price,
        quantity,
        liquidity,
        fee,
        quantity if cumulative is None else cumulative,
        leaves,
    )


def printed(price: int = 10_000, quantity: int = 100, trade_id: int = 1) -> TradePrint:
    return TradePrint(ACME, trade_id, trade_id, NOW, price, quantity, Side.BUY)

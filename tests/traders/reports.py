"""Short ways to say what a venue reports, for tests."""

from protocol.market import TradePrint
from protocol.messages import (
    Accepted,
    Canceled,
    Rejected,
    Replaced,
    Repriced,
    SelfTradePrevented,
    TradeReport,
    Triggered,
)
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
    line: int | None = None,
) -> Rejected:
    named = None if name is None else ClientOrderId(name)
    return Rejected(seq, NOW, request, reason, "it was refused", named, line)


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


def triggered(name: str, seq: int, *, stop_price: int = 10_050) -> Triggered:
    return Triggered(seq, NOW, ClientOrderId(name), 1, ACME, stop_price)


def repriced(name: str, seq: int, *, price: int, leaves: int = 100) -> Repriced:
    return Repriced(seq, NOW, ClientOrderId(name), 1, ACME, price, leaves)


def prevented(name: str, seq: int, *, quantity: int, leaves: int) -> SelfTradePrevented:
    return SelfTradePrevented(seq, NOW, ClientOrderId(name), 1, ACME, quantity, 0, leaves)


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


def printed(
    price: int = 10_000, quantity: int = 100, trade_id: int = 1, *, seq: int | None = None
) -> TradePrint:
    """``seq``: by default the number of the trade."""
    return TradePrint(ACME, trade_id if seq is None else seq, trade_id, NOW, price, quantity, Side.BUY)

"""Examples of market data, for the reference page; part of ``samples``.

In: nothing. Out: ``MARKET_EXAMPLES``.
"""

from typing import Final

from protocol.checksum import checksum
from protocol.fields import Message
from protocol.market import (
    AuctionExtended,
    AuctionResult,
    Bar,
    BestPrices,
    Candle,
    CandlesSnapshot,
    DayStatistics,
    DepthDelta,
    DepthSnapshot,
    Indication,
    OrderAdded,
    OrderDeleted,
    OrderExecuted,
    OrderReduced,
    OrdersDelta,
    OrdersSnapshot,
    PhaseStatus,
    PrintBusted,
    TradePrint,
    TradesSnapshot,
)
from protocol.vocabulary import Interval, Phase, Side, Symbol

_ACME = Symbol("ACME")
_NOON = 1_767_268_800_000_000_000
_BIDS: Final = [(10_025, 40), (10_010, 12)]
_ASKS: Final = [(10_040, 20), (10_050, 100)]
_BAR: Final = Bar(_NOON, 10_030, 10_030, 10_030, 10_030, 5, 50_150, 1)

MARKET_EXAMPLES: Final[tuple[Message, ...]] = (
    BestPrices(symbol=_ACME, seq=311, bid=(10_025, 40), ask=(10_040, 20)),
    BestPrices(symbol=_ACME, seq=312, bid=(10_025, 25)),
    DepthSnapshot(
        symbol=_ACME,
        seq=1_200,
        checksum=checksum(_BIDS, _ASKS),
        bids=_BIDS,
        asks=_ASKS,
    ),
    DepthDelta(
        symbol=_ACME,
        seq=1_201,
        checksum=checksum([(10_025, 25), *_BIDS[1:]], _ASKS[1:]),
        bids=[(10_025, 25)],
        asks=[(10_040, 0)],
    ),
    OrdersSnapshot(
        symbol=_ACME,
        seq=1_660,
        bids=[(901, 10_025, 15), (911, 10_025, 25), (880, 10_010, 12)],
        asks=[(905, 10_040, 20), (879, 10_050, 100)],
    ),
    OrdersDelta(
        symbol=_ACME,
        seq=1_661,
        changes=[OrderExecuted(number=901, quantity=15, trade_id=305)],
    ),
    OrdersDelta(
        symbol=_ACME,
        seq=1_662,
        changes=[OrderDeleted(number=905), OrderAdded(number=905, side=Side.SELL, price=10_045, quantity=20)],
    ),
    OrdersDelta(symbol=_ACME, seq=1_663, changes=[OrderReduced(number=911, quantity=5)]),
    TradesSnapshot(
        symbol=_ACME,
        seq=76,
        trades=[
            TradePrint(
                symbol=_ACME, seq=76, trade_id=304, at_ns=_NOON, price=10_030, quantity=5, aggressor=Side.BUY
            )
        ],
    ),
    TradePrint(
        symbol=_ACME, seq=77, trade_id=305, at_ns=_NOON, price=10_025, quantity=15, aggressor=Side.SELL
    ),
    TradePrint(symbol=_ACME, seq=78, trade_id=306, at_ns=_NOON, price=10_020, quantity=10),
    PrintBusted(symbol=_ACME, seq=79, trade_id=305, at_ns=_NOON),
    CandlesSnapshot(symbol=_ACME, seq=76, interval=Interval.MINUTE, candles=[_BAR]),
    Candle(
        symbol=_ACME,
        seq=77,
        interval=Interval.MINUTE,
        bar=Bar(_NOON, 10_030, 10_030, 10_025, 10_025, 20, 200_525, 2),
    ),
    DayStatistics(
        symbol=_ACME,
        seq=77,
        volume=20,
        turnover=200_525,
        trades=2,
        open=10_030,
        high=10_030,
        low=10_025,
        last=10_025,
        vwap=10_026,
    ),
    PhaseStatus(symbol=_ACME, seq=3, phase=Phase.CONTINUOUS),
    PhaseStatus(symbol=_ACME, seq=4, phase=Phase.CLOSING_AUCTION, previous=Phase.CONTINUOUS, at_ns=_NOON),
    Indication(symbol=_ACME, seq=12, volume=0, surplus=0),
    Indication(symbol=_ACME, seq=13, volume=10, surplus=-35, price=10_020),
    AuctionResult(symbol=_ACME, seq=14, at_ns=_NOON, volume=10, surplus=-35, price=10_020),
    AuctionExtended(symbol=_ACME, seq=29, at_ns=_NOON, price=10_755),
)

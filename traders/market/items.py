"""What readers of public streams get, whatever runs them.

In: nothing. Out: unions of types.
"""

from protocol.market import AuctionMessage, Candle, DayStatistics, PhaseStatus, PrintBusted, TradePrint
from traders.book_view import Depth
from traders.market.orders import OrderBook

State = Depth | OrderBook | DayStatistics
"""How things stand: the newest counts, all before it may be forgotten."""

Heard = TradePrint | PrintBusted | Candle | PhaseStatus | AuctionMessage
"""What happened, passed on as it comes."""

Seen = State | Heard
"""Anything public."""

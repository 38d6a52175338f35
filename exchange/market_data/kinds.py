"""The kinds of streams there are, and of keepers. The one place where a new one is entered.

In: nothing. Out: the two tables.
"""

from collections.abc import Mapping
from typing import Final

from exchange.market_data.auctions import AuctionStream
from exchange.market_data.bbo import BestPricesStream
from exchange.market_data.candles import CandleStream, Sums
from exchange.market_data.day_statistics import StatisticsStream
from exchange.market_data.depth import DepthStream
from exchange.market_data.orders import OrdersStream
from exchange.market_data.status import StatusStream
from exchange.market_data.stream import Keeper, Stream
from exchange.market_data.tape import Tail, Tape
from protocol.vocabulary import Channel

KINDS: Final[Mapping[Channel, type[Stream]]] = {
    Channel.BBO: BestPricesStream,
    Channel.DEPTH: DepthStream,
    Channel.ORDERS: OrdersStream,
    Channel.TRADES: Tape,
    Channel.CANDLES: CandleStream,
    Channel.STATISTICS: StatisticsStream,
    Channel.STATUS: StatusStream,
    Channel.AUCTION: AuctionStream,
}
"""What a stream of each channel is made by."""

KEEPERS: Final[tuple[type[Keeper], ...]] = (Tail, Sums)
"""Every instrument has one of each."""

"""What goes into a strategy and what comes out of it.

Events are what a trader can see; intents are what it wants. Both are frozen values, so that the
same strategy runs over a socket, in virtual time and on any scheduler, and a test compares lists.
"""

from dataclasses import dataclass

import msgspec

from protocol.errors import LocalProtocolError
from protocol.messages import PrivateMessage
from protocol.vocabulary import (
    Nanoseconds,
    OrderType,
    PostOnly,
    Price,
    Quantity,
    Side,
    Symbol,
    TimeInForce,
)
from traders.entry import Terms
from traders.market.items import Seen

Tag = int
"""Names an order inside its strategy; whoever runs the strategy maps it to a ``client_order_id``."""


# -- events ----------------------------------------------------------------------------------------
# The frequent ones are structs, as the intents: a frozen dataclass takes six times as long to make.
@dataclass(frozen=True, slots=True)
class Started:
    """The session is open. ``positions``: what the account held before, by symbol."""

    now_ns: Nanoseconds
    positions: tuple[tuple[Symbol, int], ...] = ()


class TimerFired(msgspec.Struct, frozen=True, gc=False):
    """The strategy's interval has passed."""

    now_ns: Nanoseconds


class Reported(msgspec.Struct, frozen=True, gc=False):
    """The venue reported something; ``tag`` is ``None`` if it is about no order of this strategy."""

    tag: Tag | None
    report: PrivateMessage


class Observed(msgspec.Struct, frozen=True, gc=False):
    """What an instrument is worth by its fundamentals, as far as this trader can see: the truth and some noise."""

    now_ns: Nanoseconds
    symbol: Symbol
    value: Price


@dataclass(frozen=True, slots=True)
class Assigned:
    """Units to trade in an experiment with induced values; what was left of earlier ones lapses.

    ``limits``: of each unit, in the order in which they are to be traded, what it is worth to a buyer or costs
    a seller, in price units. A trade beyond the limit of its unit loses the difference.
    """

    now_ns: Nanoseconds
    symbol: Symbol
    side: Side
    limits: tuple[Price, ...]
    period: int
    """Of the experiment, from 1."""
    ends_ns: Nanoseconds
    """When the period ends, and with it the units that were not traded."""


@dataclass(frozen=True, slots=True)
class Stopping:
    """The last event: the session is about to be logged out."""


Event = Started | Seen | Reported | TimerFired | Observed | Assigned | Stopping


# -- intents ---------------------------------------------------------------------------------------
class Place(msgspec.Struct, frozen=True, gc=False):
    """Enter an order; made by ``Strategy.buy`` and ``Strategy.sell``. Without a type, it follows from the rest:
    no ``price`` makes a market order, a stop price among the terms a stop.
    """

    tag: Tag
    symbol: Symbol
    side: Side
    quantity: Quantity
    price: Price | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool | PostOnly = False
    order_type: OrderType | None = None
    terms: Terms = {}


class CancelOrder(msgspec.Struct, frozen=True, gc=False):
    """Take an order of this strategy out of the book."""

    tag: Tag


class ReplaceOrder(msgspec.Struct, frozen=True, gc=False):
    """Change the total quantity (executed part included), the price, the stop price, or several of them."""

    tag: Tag
    quantity: Quantity | None = None
    price: Price | None = None
    stop_price: Price | None = None


class CancelAll(msgspec.Struct, frozen=True, gc=False):
    """Cancel all orders of the account, or those of one instrument."""

    symbol: Symbol | None = None


Intent = Place | CancelOrder | ReplaceOrder | CancelAll


class Flooded(LocalProtocolError):
    """A strategy wants more than a market can take from one trader."""

"""A book as a table, orders as words, events as sentences.

In: a table with one row a price, best prices in the middle:

    bid      | price | ask
             |   102 | 5 c
             |   101 | 4 a, 2 b
    3 x      |   100 |

Out: a market of one instrument with exactly these orders in it, older ones first in a row; makers of
commands; and short, complete descriptions of what came out, to be compared whole.
"""

from __future__ import annotations

from functools import partial
from typing import Any, TypeAlias

from exchange.engine.book_side import BookSide
from exchange.engine.commands import (
    AddInstrument,
    CancelOrder,
    ChangePhase,
    Command,
    EnterOrder,
    ExpireOrders,
    MassCancel,
    ReduceOrder,
    ReplaceOrder,
    SetLastPrice,
    Terms,
)
from exchange.engine.engine import Engine
from exchange.engine.events import (
    AuctionExtended,
    AuctionHeld,
    AuctionTrade,
    DayEnded,
    Event,
    InstrumentAdded,
    LastPriceSet,
    OrderAccepted,
    OrderCanceled,
    OrderReplaced,
    OrderRepriced,
    OrderRested,
    OrdersExpired,
    OrdersMassCanceled,
    PhaseChanged,
    RequestRejected,
    SelfTradePrevented,
    StopTriggered,
    Trade,
)
from exchange.engine.order import Order
from exchange.engine.sequencer import Sequencer
from exchange.engine.statements import Holding
from protocol.vocabulary import (
    AccountId,
    Asset,
    ClientOrderId,
    OrderType,
    Phase,
    Price,
    Quantity,
    Side,
    Symbol,
    TimeInForce,
)
from tests.support.accounts import account, deposit, sentence_of_account

ACME = Symbol("ACME")
MAKER = AccountId("maker")
"""Owns the orders of a table."""
TAKER = AccountId("taker")
"""Owns what a test sends, unless it says otherwise."""

Resting: TypeAlias = tuple[str, Price, str, Quantity]
"""Side, price, name and open quantity of one order."""


def instrument(
    symbol: str = ACME,
    *,
    tick: Price = 1,
    lot: Quantity = 1,
    minimum_quantity: Quantity = 1,
    maximum_quantity: Quantity = 1_000_000,
    maximum_price: Price = 1_000_000,
    maker_fee_ppm: int = 0,
    taker_fee_ppm: int = 0,
    market_remainder_rests: bool = False,
    **settings: Any,
) -> AddInstrument:
    """An instrument that allows everything, but for what the test says; ``settings`` are further fields."""
    return AddInstrument(
        Symbol(symbol), tick, lot, minimum_quantity, maximum_quantity, maximum_price, 2, maker_fee_ppm,
        taker_fee_ppm, market_remainder_rests, **settings,
    )  # fmt: skip


class Market:
    """An engine behind a sequencer whose clock stands still."""

    def __init__(self, *listed: AddInstrument, ids_unique_per_day: bool = True) -> None:
        self.engine = Engine(ids_unique_per_day=ids_unique_per_day)
        self._sequencer = Sequencer(self.engine, lambda: 0)
        for command in listed:
            assert told(self.submit(command)) == [f"{command.symbol} listed"]

    def submit(self, command: Command) -> tuple[Event, ...]:
        return self._sequencer.submit(command)

    def fund(self, owner: str, **amounts: int) -> None:
        """Open an account and pay in: ``fund("ann", USD=1_000, BTC=5)``."""
        assert told(self.submit(account(owner))) == [f"{owner} is a trader"]
        for asset, amount in amounts.items():
            paid = self.submit(deposit(owner, amount, asset))
            assert told(paid) == [f"{owner} {amount:+} {asset}, {amount} free"]

    def money(self, owner: str, asset: str = "USD") -> tuple[int, int]:
        """What of an asset is free and what is held. The books must be right whenever somebody looks."""
        assert self.engine.clearing.check() == []
        rows = {name: (free, held) for name, free, held in self.engine.clearing.balances(AccountId(owner))}
        return rows.get(Asset(asset), (0, 0))

    def fees(self, asset: str = "USD") -> int:
        """What the venue has received of an asset, less what it has given back."""
        return self.engine.clearing.books.house.fees.get(Asset(asset), 0)

    def holding(self, owner: str, symbol: str = ACME) -> Holding:
        return self.engine.clearing.holding(AccountId(owner), Symbol(symbol))

    def block(self, owner: str) -> str | None:
        return self.engine.accounts.by_name[AccountId(owner)].blocked

    def side(self, side: Side, symbol: str = ACME) -> BookSide:
        return self.engine.books[Symbol(symbol)].side(side)

    def order(self, name: str, owner: str = MAKER) -> Order:
        return self.engine.accounts.by_name[AccountId(owner)].orders[ClientOrderId(name)]

    def position(self, owner: str, symbol: str = ACME) -> int:
        return self.engine.accounts.by_name[AccountId(owner)].positions.get(Symbol(symbol), 0)


def book_of(
    table: str = "", listed: AddInstrument | None = None, *, ids_unique_per_day: bool = True
) -> Market:
    """A market whose book is what the table shows."""
    market = Market(listed or instrument(), ids_unique_per_day=ids_unique_per_day)
    for side, price, name, quantity in picture_of(table):
        make = buy if side == "bid" else sell
        events = market.submit(make(quantity, at=price, name=name, owner=MAKER))
        assert told(events) == [f"{name} accepted"], "the table is crossed, or an order isn't valid"
    return market


def in_phase(now: Phase, table: str = "", listed: AddInstrument | None = None) -> Market:
    """A market that has come into this phase; what the table shows was entered before."""
    market = book_of(table, listed)
    if now is not Phase.CONTINUOUS:
        assert told(market.submit(phase(now))) == [f"continuous to {now}"]
    return market


def call_of(
    table: str = "", listed: AddInstrument | None = None, *, now: Phase = Phase.OPENING_AUCTION
) -> Market:
    """A call in which what the table shows has collected; it may cross."""
    market = in_phase(now, "", listed)
    for side, price, name, quantity in picture_of(table):
        make = buy if side == "bid" else sell
        assert told(market.submit(make(quantity, at=price, name=name, owner=MAKER))) == [f"{name} accepted"]
    return market


def picture_of(table: str) -> list[Resting]:
    """The orders of a table: bids, then asks, each from the lowest price on, oldest first."""
    found: list[Resting] = []
    for line in table.strip().splitlines():
        bids, price, asks = (cell.strip() for cell in line.split("|"))
        if price == "price":
            continue
        for side, cell in (("bid", bids), ("ask", asks)):
            for words in filter(None, cell.split(",")):
                quantity, name = words.split()
                found.append((side, int(price), name, int(quantity)))
    return sorted(found, key=lambda order: (order[0] == "ask", order[1]))


def picture(market: Market, symbol: str = ACME) -> list[Resting]:
    """The orders in the book, in the order of ``picture_of``; quantities of levels are checked beside."""
    found: list[Resting] = []
    for word, side in (("bid", Side.BUY), ("ask", Side.SELL)):
        for level in market.side(side, symbol).price_ascending():
            orders = [(word, level.price, order.client_order_id, order.leaves) for order in level]
            assert level.quantity == sum(quantity for _, _, _, quantity in orders)
            found += orders
    return found


def bids(market: Market, symbol: str = ACME) -> list[tuple[Price, Quantity]]:
    """Price and quantity of the bid levels, best first."""
    return market.engine.books[Symbol(symbol)].depth(Side.BUY)


def asks(market: Market, symbol: str = ACME) -> list[tuple[Price, Quantity]]:
    """Price and quantity of the ask levels, best first."""
    return market.engine.books[Symbol(symbol)].depth(Side.SELL)


def at_any_price(market: Market, side: Side, symbol: str = ACME) -> list[tuple[str, Quantity]]:
    """Name and open quantity of the market orders that rest on a side, in the order of their turn."""
    return [(order.client_order_id, order.leaves) for order in market.side(side, symbol).market]


def waiting(market: Market, symbol: str = ACME) -> list[tuple[str, Price | None, Quantity]]:
    """Name, stop price and open quantity of the stops, oldest first; then of the orders for the close."""
    book = market.engine.books[Symbol(symbol)]
    return [
        (order.client_order_id, order.special.stop_price if order.special else None, order.leaves)
        for order in (*book.stops.orders(), *book.for_the_close)
    ]


# -- commands --------------------------------------------------------------------------------------
def enter(
    side: Side,
    quantity: Quantity,
    at: Price | None = None,
    *,
    name: str = "new",
    owner: str = TAKER,
    symbol: str = ACME,
    order_type: OrderType | None = None,
    time_in_force: TimeInForce = TimeInForce.GTC,
    post_only: bool = False,
    **terms: Any,
) -> EnterOrder:
    """An order; without a price and a type a market order. ``terms`` are fields of ``Terms``."""
    if order_type is None:
        order_type = OrderType.MARKET if at is None else OrderType.LIMIT
    return EnterOrder(
        AccountId(owner), ClientOrderId(name), Symbol(symbol), side, order_type, time_in_force, quantity, at,
        post_only, Terms(**terms) if terms else None,
    )  # fmt: skip


buy = partial(enter, Side.BUY)
sell = partial(enter, Side.SELL)


def stop(
    side: Side,
    at: Price,
    quantity: Quantity = 1,
    *,
    name: str = "s",
    limit: Price | None = None,
    **terms: Any,
) -> EnterOrder:
    """A stop of the taker's; with a limit a stop-limit."""
    order_type = OrderType.STOP if limit is None else OrderType.STOP_LIMIT
    return enter(side, quantity, limit, name=name, order_type=order_type, stop_price=at, **terms)


def cancel(name: str, owner: str = MAKER) -> CancelOrder:
    return CancelOrder(AccountId(owner), ClientOrderId(name))


def replace(
    name: str,
    *,
    quantity: Quantity | None = None,
    price: Price | None = None,
    stop_price: Price | None = None,
    owner: str = MAKER,
) -> ReplaceOrder:
    return ReplaceOrder(AccountId(owner), ClientOrderId(name), quantity, price, stop_price)


def reduce(name: str, by: Quantity, owner: str = MAKER) -> ReduceOrder:
    return ReduceOrder(AccountId(owner), ClientOrderId(name), by)


def mass_cancel(
    owner: str | None = MAKER,
    symbol: str | None = None,
    side: Side | None = None,
    *,
    lowest: Price | None = None,
    highest: Price | None = None,
) -> MassCancel:
    """Without an owner: what the venue sends."""
    account = None if owner is None else AccountId(owner)
    return MassCancel(account, None if symbol is None else Symbol(symbol), side, lowest, highest)


def expire(now_ns: int) -> ExpireOrders:
    return ExpireOrders(now_ns)


def phase(
    to: Phase, *, reference_price: Price | None = None, forced: bool = False, symbol: str = ACME
) -> ChangePhase:
    """What the schedule sends."""
    return ChangePhase(Symbol(symbol), to, reference_price, forced)


def last_price(price: Price, symbol: str = ACME) -> SetLastPrice:
    return SetLastPrice(Symbol(symbol), price)


# -- events ----------------------------------------------------------------------------------------
def trades(events: tuple[Event, ...]) -> list[tuple[str, Price, Quantity]]:
    """Name of the maker, price and quantity of each continuous trade."""
    return [
        (event.maker_client_order_id, event.price, event.quantity)
        for event in events
        if isinstance(event, Trade)
    ]


def told(events: tuple[Event, ...]) -> list[str]:
    """One sentence for each event, none left out."""
    return [_sentence(event) for event in events]


def _sentence(event: Event) -> str:
    match event:
        case OrderAccepted():
            return f"{event.client_order_id} accepted"
        case Trade():
            pair = f"{event.taker_client_order_id} with {event.maker_client_order_id}"
            return f"{pair}: {event.quantity} at {event.price}"
        case AuctionTrade():
            pair = f"{event.buyer_client_order_id} buys from {event.seller_client_order_id}"
            return f"{pair}: {event.quantity} at {event.price}"
        case SelfTradePrevented():
            return f"{event.client_order_id} shrinks by {event.quantity}, {event.leaves} left"
        case StopTriggered():
            return f"{event.client_order_id} triggered at {event.stop_price}"
        case OrderRested() if event.price is None:
            return f"{event.client_order_id} rests {event.leaves} at any price"
        case OrderRested():
            return f"{event.client_order_id} rests {event.leaves} at {event.price}"
        case OrderRepriced():
            return f"{event.client_order_id} moves from {event.old_price} to {event.price}"
        case OrderCanceled():
            return f"{event.client_order_id} canceled {event.quantity}: {event.reason}"
        case OrderReplaced():
            place = "keeps its place" if event.kept_priority else "goes to the back"
            return f"{event.client_order_id} replaced: {event.leaves} at {event.price}, {place}"
        case RequestRejected():
            return f"{event.client_order_id or 'it'} refused: {event.reason}"
        case OrdersMassCanceled():
            return f"{event.count} canceled for {event.account or 'the venue'}"
        case OrdersExpired():
            return f"{event.count} expired"
        case LastPriceSet():
            return f"last price {event.price}"
        case AuctionHeld() if event.price is None:
            return "auction without a price"
        case AuctionHeld():
            return f"auction: {event.volume} at {event.price}, surplus {event.surplus}"
        case AuctionExtended():
            return f"{event.phase} goes on: the price would be {event.price}"
        case PhaseChanged():
            return f"{event.previous} to {event.phase}"
        case InstrumentAdded():
            return f"{event.symbol} listed"
        case DayEnded():
            return f"day ended, {event.canceled} canceled"
        case _:
            return sentence_of_account(event)

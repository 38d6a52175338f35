"""Bookkeeping: what events do to money, holds and positions.

In: the events of commands, in order. Out: purses, stakes and holds brought up to date; which quote sets traded
too often, and who traded at all where losses are limited. Decides nothing and refuses nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from exchange.engine import holds
from exchange.engine.accounts import Account
from exchange.engine.book import Book
from exchange.engine.events import (
    AuctionTrade,
    DayEnded,
    Event,
    OrderCanceled,
    OrderReplaced,
    OrderRested,
    SelfTradePrevented,
    Trade,
    TradeBusted,
)
from exchange.engine.execution import Market
from exchange.engine.ledger import Hold, House, Purse, Stake
from exchange.engine.order import Order
from exchange.engine.risk import Scopes
from protocol.vocabulary import (
    AccountId,
    Asset,
    Money,
    Nanoseconds,
    OrderId,
    Price,
    Quantity,
    QuoteSet,
    Settlement,
    Side,
    Symbol,
    TradeId,
)

_BUY: Final = Side.BUY
_NONE: Final = Settlement.NONE
_SPOT: Final = Settlement.SPOT


class Holding(NamedTuple):
    """What an account has in an instrument; money in smallest units of the quote asset."""

    symbol: Symbol
    quantity: int
    cost: Money
    average_price: Price | None
    realised: Money
    unrealised: Money
    fees: Money
    open_orders: int
    open_buys: Quantity
    open_sells: Quantity


class Bookkeeper:
    """Keeps the books of all accounts and of the house."""

    def __init__(self, market: Market, scopes: Scopes) -> None:
        self.house = House()
        self.paid_in: dict[Asset, Money] = {}
        """Deposits less withdrawals of every asset that an instrument settles in."""
        self.busted: set[TradeId] = set()
        self.holds: dict[OrderId, Hold] = {}
        self.to_pull: list[tuple[Account, QuoteSet]] = []
        """Quote sets that traded too often, since somebody last looked."""
        self.traded: list[Stake] = []
        """Who traded since somebody last looked; only while a limit of daily losses is hard."""
        self._market = market
        self._accounts = market.accounts.by_name
        self._scopes = scopes
        self._at_ns: Nanoseconds = 0
        self._bookings: dict[type, Callable[[Any], None]] = {
            Trade: self._trade,
            AuctionTrade: self._auction_trade,
            TradeBusted: self._busted,
            OrderCanceled: self.canceled,
            OrderReplaced: self._replaced,
            OrderRested: self._rested,
            SelfTradePrevented: self._prevented,
            DayEnded: self._day_ended,
        }

    def book(self, events: tuple[Event, ...], at_ns: Nanoseconds) -> None:
        """Do to money what the events did to orders. An ``OrderAccepted`` is booked by who has its hold."""
        self._at_ns = at_ns
        bookings = self._bookings
        for event in events:
            booking = bookings.get(type(event))
            if booking is not None:
                booking(event)

    # -- the state ---------------------------------------------------------------------------------

    def stake(self, account: Account, book: Book) -> Stake:
        """What the account has in the instrument, made on first sight."""
        stake = account.stakes.get(book.symbol)
        if stake is None:
            instrument = book.instrument
            base = quote = None
            if instrument.settlement is _SPOT and instrument.base is not None:
                base = purse_of(account, instrument.base)
            if instrument.settlement is not _NONE and instrument.quote is not None:
                quote = purse_of(account, instrument.quote)
            account.stakes[book.symbol] = stake = Stake(account, instrument, base, quote)
        return stake

    def begin(self) -> None:
        """Keep the books of whatever is there already: positions, and open orders, which get their holds."""
        books = self._market.books
        for account in self._accounts.values():
            for symbol, quantity in account.positions.items():
                if not quantity or symbol in account.stakes:
                    continue
                stake = self.stake(account, books[symbol])
                # What it cost nobody has kept: profit counts from here.
                stake.quantity = quantity
                stake.cost = quantity * (mark_of(books[symbol]) or 0) * stake.instrument.quote_scale
        for book in books.values():
            for order in book.orders():
                self.adopt(book, order)

    def adopt(self, book: Book, order: Order) -> None:
        """Hold for an order that is open already."""
        stake = self.stake(self._accounts[order.account], book)
        hold = Hold(
            stake, order.side, holds.price_of_order(book.instrument, order),
            fixed=holds.is_fixed(order.order_type, order.terms), quote_set=order.terms.quote_set,
        )  # fmt: skip
        self.accept(order.order_id, hold, order.leaves)

    def accept(self, order_id: OrderId, hold: Hold, quantity: Quantity) -> None:
        """An order is in, with so much open."""
        self.holds[order_id] = hold
        if hold.fleeting:
            return
        stake = hold.stake
        stake.open_orders += 1
        stake.account.open_orders += 1
        # As in ``Hold.resize``, written out: every order comes here.
        hold.leaves = quantity
        if hold.is_buy:
            stake.open_buys += quantity
        else:
            stake.open_sells += quantity
        purse = hold.purse
        if purse is not None:
            hold.amount = amount = hold.needed(quantity)
            purse.free -= amount
            purse.held += amount
        elif stake.margin:
            stake.secure()

    def reckon_anew(self, book: Book) -> None:
        """The instrument's fees changed: what its open orders hold follows."""
        for account in self._accounts.values():
            stake = account.stakes.get(book.symbol)
            if stake is not None:
                stake.use(book.instrument)
        for order in book.orders():
            hold = self.holds[order.order_id]
            hold.resize(hold.leaves)

    def balances(self, name: AccountId) -> list[tuple[Asset, Money, Money]]:
        """``(asset, free, held)`` of the account, by asset."""
        account = self._accounts.get(name)
        if account is None:
            return []
        return [(asset, purse.free, purse.held) for asset, purse in sorted(account.purses.items())]

    def holdings(self, name: AccountId) -> list[Holding]:
        """What the account has or had in each instrument, in the order of listing."""
        account = self._accounts.get(name)
        if account is None:
            return []
        return [
            self.holding(name, symbol)
            for symbol in self._market.books
            if symbol in account.stakes or account.positions.get(symbol)
        ]

    def holding(self, name: AccountId, symbol: Symbol) -> Holding:
        """What the account has in one instrument. Where no books are kept only its quantity is known."""
        account = self._accounts.get(name)
        stake = account.stakes.get(symbol) if account is not None else None
        if stake is None:
            quantity = account.positions.get(symbol, 0) if account is not None else 0
            return Holding(symbol, quantity, 0, None, 0, 0, 0, 0, 0, 0)
        return Holding(
            symbol, stake.quantity, stake.cost, stake.average_price, stake.realised,
            stake.unrealised(mark_of(self._market.books[symbol])), stake.fees, stake.open_orders,
            stake.open_buys, stake.open_sells,
        )  # fmt: skip

    def profit_today(self, stake: Stake) -> Money:
        """Realised and unrealised since the day began, before fees."""
        mark = mark_of(self._market.books[stake.instrument.symbol])
        return stake.realised + stake.unrealised(mark) - stake.day_start

    def unrealised_margin(self, account: Account, purse: Purse) -> Money:
        """Profit of all open margined positions that are paid out of a purse."""
        return sum(
            stake.unrealised(mark_of(self._market.books[symbol]))
            for symbol, stake in account.stakes.items()
            if stake.quote is purse and stake.base is None and stake.quantity
        )

    # -- events ------------------------------------------------------------------------------------

    def _trade(self, event: Trade) -> None:
        maker, taker = self.holds[event.maker_order_id], self.holds[event.taker_order_id]
        if event.aggressor is _BUY:
            self._exchange(
                event.price, event.quantity, taker.stake, event.taker_fee, maker.stake, event.maker_fee
            )
        else:
            self._exchange(
                event.price, event.quantity, maker.stake, event.maker_fee, taker.stake, event.taker_fee
            )
        self._executed(event.maker_order_id, maker, event.maker_leaves)
        self._executed(event.taker_order_id, taker, event.taker_leaves)

    def _auction_trade(self, event: AuctionTrade) -> None:
        buyer, seller = self.holds[event.buyer_order_id], self.holds[event.seller_order_id]
        self._exchange(
            event.price, event.quantity, buyer.stake, event.buyer_fee, seller.stake, event.seller_fee
        )
        self._executed(event.buyer_order_id, buyer, event.buyer_leaves)
        self._executed(event.seller_order_id, seller, event.seller_leaves)

    def _busted(self, event: TradeBusted) -> None:
        """The seller buys back what it sold, at the same price, and both get their fees back."""
        book = self._market.books[event.symbol]
        buyer = self.stake(self._accounts[event.buyer], book)
        seller = self.stake(self._accounts[event.seller], book)
        self._exchange(event.price, event.quantity, seller, -event.seller_fee, buyer, -event.buyer_fee)
        for stake in (buyer, seller):
            if stake.margin:
                stake.secure()
            if self._scopes.any_hard_loss:
                self.traded.append(stake)

    def _exchange(
        self,
        price: Price,
        quantity: Quantity,
        buyer: Stake,
        buyer_fee: Money,
        seller: Stake,
        seller_fee: Money,
    ) -> None:
        """Move what one trade moves. Holds are not touched: their owners shrink them next."""
        bought = buyer.take(quantity, price)
        sold = seller.take(-quantity, price)
        buyer.fees += buyer_fee
        seller.fees += seller_fee
        instrument = buyer.instrument
        pays, gets = buyer.quote, seller.quote
        if pays is None or gets is None or instrument.quote is None:
            return
        if instrument.settlement is _SPOT:
            assert buyer.base is not None
            assert seller.base is not None
            notional = quantity * price * instrument.quote_scale
            delivered = quantity * instrument.base_scale
            pays.free -= notional + buyer_fee
            gets.free += notional - seller_fee
            buyer.base.free += delivered
            seller.base.free -= delivered
        else:
            pays.free += bought - buyer_fee
            gets.free += sold - seller_fee
            if bought or sold:
                self.house.pay(instrument.quote, bought + sold)
        if buyer_fee or seller_fee:
            self.house.charge(instrument.quote, buyer_fee + seller_fee)

    def _executed(self, order_id: OrderId, hold: Hold, leaves: Quantity) -> None:
        """Shrink what an order holds after a trade of it, and look at what the trade may lead to."""
        stake = hold.stake
        hold.resize(leaves)
        if not leaves:
            del self.holds[order_id]
            if not hold.fleeting:
                stake.open_orders -= 1
                stake.account.open_orders -= 1
        if stake.margin:
            stake.secure()
        if self._scopes.any_hard_loss:
            self.traded.append(stake)
        if hold.quote_set is not None:
            account = stake.account
            protection = account.protections.get(hold.quote_set)
            if protection is not None and protection.traded(self._at_ns):
                self.to_pull.append((account, hold.quote_set))

    def canceled(self, event: OrderCanceled) -> None:
        """What the order held is free again."""
        hold = self.holds.pop(event.order_id)
        if hold.fleeting:
            return
        # As in ``Hold.resize``, written out: only trades are more frequent.
        stake = hold.stake
        stake.open_orders -= 1
        stake.account.open_orders -= 1
        if hold.is_buy:
            stake.open_buys -= hold.leaves
        else:
            stake.open_sells -= hold.leaves
        purse = hold.purse
        if purse is not None:
            amount = hold.amount
            purse.free += amount
            purse.held -= amount
        elif stake.margin:
            stake.secure()

    def _replaced(self, event: OrderReplaced) -> None:
        hold = self.holds[event.order_id]
        if not hold.fixed:
            if event.price is not None:
                hold.price = event.price
        else:
            order = self._accounts[event.account].orders[event.client_order_id]
            hold.price = holds.price_of_order(hold.stake.instrument, order)
        self._resize(hold, event.leaves)

    def _rested(self, event: OrderRested) -> None:
        """It rests where its entry did not say, and holds for that from now on."""
        hold = self.holds[event.order_id]
        if not hold.fixed:
            limit = event.price
            hold.price = limit if limit is not None else hold.stake.instrument.maximum_price
        self._resize(hold, event.leaves)

    def _prevented(self, event: SelfTradePrevented) -> None:
        self._resize(self.holds[event.order_id], event.leaves)

    def _resize(self, hold: Hold, leaves: Quantity) -> None:
        hold.resize(leaves)
        if hold.stake.margin:
            hold.stake.secure()

    def _day_ended(self, event: DayEnded) -> None:
        """Profits of the new day count from here."""
        for account in self._accounts.values():
            for stake in account.stakes.values():
                stake.day_start += self.profit_today(stake)


def purse_of(account: Account, asset: Asset) -> Purse:
    """What the account has of the asset, made on first sight."""
    purse = account.purses.get(asset)
    if purse is None:
        account.purses[asset] = purse = Purse()
    return purse


def mark_of(book: Book) -> Price | None:
    """The price at which open positions are valued: the last one, else the reference price."""
    return book.last_price if book.last_price is not None else book.reference_price

"""Bookkeeping: what events do to money, holds and positions.

In: the events of commands, in order. Out: purses, stakes and holds brought up to date; which quote sets traded
too often, and who traded at all where losses are limited. Decides nothing and refuses nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

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
from exchange.engine.ledger import NOTHING, Hold, House, Purse, Stake, needed
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


class Bookkeeper:
    """Keeps the books of all accounts and of the house."""

    def __init__(self, market: Market, scopes: Scopes) -> None:
        self.house = House()
        self.paid_in: dict[Asset, Money] = {}
        """Deposits less withdrawals of every asset that an instrument settles in."""
        self.busted: set[TradeId] = set()
        self.holds: dict[OrderId, Hold] = {}
        """What open orders hold; nothing of a plain one, where it follows from the order (``hold_of``)."""
        self.to_pull: list[tuple[Account, QuoteSet]] = []
        """Quote sets that traded too often, since somebody last looked."""
        self.traded: list[Stake] = []
        """Who traded since somebody last looked; only while a limit of daily losses is hard."""
        self._market = market
        self._accounts = market.accounts.by_name
        self._scopes = scopes
        self.at_ns: Nanoseconds = 0
        """When what is being booked happened."""
        self._bookings: dict[type, Callable[[Any], None]] = {
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
        self.at_ns = at_ns
        bookings = self._bookings
        for event in events:
            if type(event) is Trade:
                self._trade(event)
                continue
            booking = bookings.get(type(event))
            if booking is not None:
                booking(event)

    def book_at_once(
        self, order_id: OrderId, stake: Stake, is_buy: bool, events: tuple[Event, ...], at_ns: Nanoseconds
    ) -> bool:
        """Book an aggressor that was executed in full; ``False`` if it was not, and then nothing is done.

        As ``book`` would; but it never was open, so it needs no hold.
        """
        last = events[-1]
        if type(last) is not Trade or last.taker_leaves or last.taker_order_id != order_id:
            return False
        trades = cast("tuple[Trade, ...]", events[1:])
        if len(trades) > 1 and not all(
            type(event) is Trade and event.taker_order_id == order_id for event in trades
        ):
            return False
        self.at_ns = at_ns
        for trade in trades:
            self.fill_maker(trade)
            self._move(stake, trade.quantity if is_buy else -trade.quantity, trade.price, trade.taker_fee)
        if stake.margin:
            stake.secure()
        if self._scopes.any_hard_loss:
            self.traded.append(stake)
        return True

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
            for one in account.stakes.values():
                one.allowed = NOTHING  # what counts over all instruments counts otherwise now
            account.stakes[book.symbol] = stake = Stake(account, book, base, quote)
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
                stake.cost = quantity * (stake.mark or 0) * stake.quote_scale
        for book in books.values():
            for order in book.orders():
                self.adopt(book, order)

    def adopt(self, book: Book, order: Order) -> None:
        """Hold for an order that is open already."""
        stake, is_buy = self.stake(self._accounts[order.account], book), order.side is _BUY
        price = holds.price_of_order(book.instrument, order)
        hold = Hold(
            stake,
            is_buy,
            price,
            stake.buys_from if is_buy else stake.sells_from,
            fixed=holds.is_fixed(order.order_type, order.terms),
            quote_set=order.terms.quote_set,
        )
        self.accept(order.order_id, hold, order.leaves)
        if stake.base is not None and holds.is_plain(order):
            del self.holds[order.order_id]

    def hold_of(self, order: Order) -> Hold:
        """What an open order holds: as recorded, or as follows from a plain one."""
        hold = self.holds.get(order.order_id)
        if hold is None:
            hold = self._plain(order.account, order.symbol, order.side is _BUY, order.price, order.leaves)
        return hold

    def _plain(
        self, name: AccountId, symbol: Symbol, is_buy: bool, price: Price | None, leaves: Quantity
    ) -> Hold:
        """What a plain order holds with so much open."""
        stake = self._accounts[name].stakes[symbol]
        assert price is not None
        purse, amount = stake.buys_from if is_buy else stake.sells_from, needed(stake, is_buy, leaves, price)
        return Hold(stake, is_buy, price, purse, leaves, amount)

    def accept(self, order_id: OrderId, hold: Hold, quantity: Quantity) -> None:
        """An order is in, with so much open."""
        self.holds[order_id] = hold
        if hold.fleeting:
            return
        hold.stake.open_orders += 1
        hold.resize(quantity)

    def reckon_anew(self, book: Book) -> None:
        """The instrument's fees changed: what its open orders hold follows."""
        open_now = [self.hold_of(order) for order in book.orders()]  # before the terms change
        for account in self._accounts.values():
            stake = account.stakes.get(book.symbol)
            if stake is not None:
                stake.use_terms()
        for hold in open_now:
            hold.resize(hold.leaves)

    def unrealised_margin(self, account: Account, purse: Purse) -> Money:
        """Profit of all open margined positions that are paid out of a purse."""
        stakes = account.stakes.values()
        return sum(stake.unrealised for stake in stakes if stake.quote is purse and stake.base is None)

    # -- events ------------------------------------------------------------------------------------

    def _trade(self, event: Trade) -> None:
        self.fill_maker(event)
        taker = event.taker_order_id  # whoever arrives this way has a record
        self._fill(self.holds[taker], taker, event.price, event.quantity, event.taker_fee, event.taker_leaves)

    def fill_maker(self, event: Trade) -> None:
        """The resting side of a trade. A plain order rested at the price of the trade."""
        maker = event.maker_order_id
        hold = self.holds.get(maker)
        if hold is None:
            leaves = event.maker_leaves + event.quantity
            hold = self._plain(event.maker, event.symbol, event.aggressor is not _BUY, event.price, leaves)
        self._fill(hold, maker, event.price, event.quantity, event.maker_fee, event.maker_leaves)

    def _auction_trade(self, event: AuctionTrade) -> None:
        price, quantity, symbol = event.price, event.quantity, event.symbol
        for name, client_order_id, order_id, is_buy, fee, leaves in (
            (event.buyer, event.buyer_client_order_id, event.buyer_order_id, True, event.buyer_fee, event.buyer_leaves),
            (event.seller, event.seller_client_order_id, event.seller_order_id, False, event.seller_fee, event.seller_leaves),
        ):  # fmt: skip
            hold = self.holds.get(order_id)
            if hold is None:
                limit = self._accounts[name].orders[client_order_id].price
                hold = self._plain(name, symbol, is_buy, limit, leaves + quantity)
            self._fill(hold, order_id, price, quantity, fee, leaves)

    def _fill(
        self, hold: Hold, order_id: OrderId, price: Price, quantity: Quantity, fee: Money, leaves: Quantity
    ) -> None:
        """One side of a trade: what it moves, and what the order still holds."""
        stake, base = hold.stake, hold.stake.base
        if base is None or hold.fleeting:
            self._move(stake, quantity if hold.is_buy else -quantity, price, fee)
            hold.resize(leaves)
            stake.secure()  # its position changed; of a fleeting order nothing was resized
        else:
            self._settle(hold, stake, base, price, quantity, fee, leaves)
        if not leaves:
            self.holds.pop(order_id, None)
            if not hold.fleeting:
                stake.open_orders -= 1
        if self._scopes.any_hard_loss:
            self.traded.append(stake)
        if hold.quote_set is not None:
            self._count(stake.account, hold.quote_set)

    def _settle(
        self,
        hold: Hold,
        stake: Stake,
        base: Purse,
        price: Price,
        quantity: Quantity,
        fee: Money,
        leaves: Quantity,
    ) -> None:
        """As ``_move`` and ``Hold.resize`` in one, written out for the orders of spot instruments."""
        is_buy, quote = hold.is_buy, stake.quote
        assert quote is not None
        notional, delivered = quantity * price * stake.quote_scale, quantity * stake.base_scale
        had = stake.quantity
        if is_buy:
            if had >= 0:
                stake.quantity = had + quantity
                stake.cost += notional
            else:
                stake.take(quantity, price)
            held = needed(stake, True, leaves, hold.price) if leaves else 0
            quote.free += hold.amount - held - notional - fee
            quote.total -= notional + fee
            base.free += delivered
            base.total += delivered
            stake.open_buys -= quantity
        else:
            if had <= 0:
                stake.quantity = had - quantity
                stake.cost -= notional
            else:
                stake.take(-quantity, price)
            held = hold.amount - delivered
            base.total -= delivered
            quote.free += notional - fee
            quote.total += notional - fee
            stake.open_sells -= quantity
        if leaves:
            hold.leaves, hold.amount = leaves, held
        if fee:
            stake.fees += fee
            self.house.charge(stake.asset, fee)

    def _count(self, account: Account, quote_set: QuoteSet) -> None:
        """A quote traded."""
        protection = account.protections.get(quote_set)
        if protection is not None and protection.traded(self.at_ns):
            self.to_pull.append((account, quote_set))

    def _move(self, stake: Stake, quantity: int, price: Price, fee: Money) -> None:
        """Move money and position of one side; ``quantity`` is negative for what is sold.

        The other side of the trade moves the opposite, so that nothing is made or lost. Holds are not touched.
        """
        quote, base = stake.quote, stake.base
        profit = stake.take(quantity, price)
        if quote is None:
            stake.fees += fee
            return
        if base is not None:
            quote.add(-quantity * price * stake.quote_scale - fee)
            base.add(quantity * stake.base_scale)
        else:
            quote.add(profit - fee)
            if profit:
                self.house.pay(stake.asset, profit)
        if fee:
            stake.fees += fee
            self.house.charge(stake.asset, fee)

    def _busted(self, event: TradeBusted) -> None:
        """The seller buys back what it sold, at the same price, and both get their fees back."""
        book = self._market.books[event.symbol]
        for name, quantity, fee in (
            (event.buyer, -event.quantity, event.buyer_fee),
            (event.seller, event.quantity, event.seller_fee),
        ):
            stake = self.stake(self._accounts[name], book)
            stake.allowed = NOTHING
            self._move(stake, quantity, event.price, -fee)
            stake.secure()
            if self._scopes.any_hard_loss:
                self.traded.append(stake)

    def canceled(self, event: OrderCanceled) -> None:
        """What the order held is free again."""
        hold = self.holds.pop(event.order_id, None)
        if hold is None:
            hold = self._plain(event.account, event.symbol, event.side is _BUY, event.price, event.quantity)
        if hold.fleeting:
            return
        # As in ``Hold.resize``, written out: only trades are more frequent.
        stake = hold.stake
        stake.open_orders -= 1
        if hold.is_buy:
            stake.open_buys -= hold.leaves
        else:
            stake.open_sells -= hold.leaves
        purse = hold.purse
        if purse is not None:
            purse.free += hold.amount
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
        hold.resize(event.leaves)

    def _rested(self, event: OrderRested) -> None:
        """It rests where its entry did not say, and holds for that from now on."""
        hold = self.holds[event.order_id]
        if not hold.fixed:
            limit = event.price
            hold.price = limit if limit is not None else hold.stake.instrument.maximum_price
        hold.resize(event.leaves)

    def _prevented(self, event: SelfTradePrevented) -> None:
        hold = self.holds.get(event.order_id)
        if hold is None:
            leaves = event.leaves + event.quantity
            hold = self._plain(event.account, event.symbol, event.side is _BUY, event.price, leaves)
        hold.resize(event.leaves)

    def _day_ended(self, event: DayEnded) -> None:
        """Profits of the new day count from here."""
        for account in self._accounts.values():
            for stake in account.stakes.values():
                stake.day_start += stake.profit_today
                stake.allowed = NOTHING


def purse_of(account: Account, asset: Asset) -> Purse:
    """What the account has of the asset, made on first sight."""
    purse = account.purses.get(asset)
    if purse is None:
        account.purses[asset] = purse = Purse()
    return purse

"""The express lane: plain orders of spot instruments, from the request to the last unit of money in one pass.

In: entries, cancels and replaces, as clearing and the engine take them. Out: the same events and the same books, to the
last field, as ``Clearing`` in front of ``Engine`` would give: what is written here is those two, written out together for
limit orders without terms on a book where nothing special rests. Whatever else comes, and whatever might be refused,
goes to clearing's own way before anything has changed but the count of requests.

Two things make it quick. Limits are not asked but kept to: ``Bounds.grant`` says how far an account may go until
somebody looks closely. And a plain order needs no ``Hold``: what it holds follows from its side, price and open quantity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exchange.engine import answers
from exchange.engine.accounts import Account
from exchange.engine.book import Book
from exchange.engine.commands import CancelOrder, EnterOrder, ReplaceOrder
from exchange.engine.events import Event, OrderAccepted, OrderCanceled, Trade
from exchange.engine.ledger import PPM, Stake, needed
from exchange.engine.level import DEAD_ALLOWED
from exchange.engine.matching import sweep
from exchange.engine.moving import moved
from exchange.engine.order import Order
from exchange.engine.payment import Payment
from exchange.engine.refusals import is_usual
from exchange.engine.risk import next_second
from protocol.vocabulary import CancelReason, OrderType, Price, Quantity, Side, TimeInForce
from protocol.vocabulary import Request as Requested

if TYPE_CHECKING:
    from exchange.engine.clearing import Clearing, Venue

Events = tuple[Event, ...]

# As in the engine: members of an enum cost a look-up in a class each time.
_BUY: Final = Side.BUY
_LIMIT: Final = OrderType.LIMIT
_GTC: Final = TimeInForce.GTC
_DAY: Final = TimeInForce.DAY
_IOC: Final = TimeInForce.IOC
_REQUESTED: Final = CancelReason.REQUESTED
_AT_ONCE: Final = CancelReason.IMMEDIATE_OR_CANCEL


class Express:
    """Handlers for what is frequent."""

    def __init__(self, venue: Venue, clearing: Clearing) -> None:
        self._venue = venue
        self._clearing = clearing
        self._accounts = venue.accounts.by_name
        self._scopes = clearing.scopes
        self._books = clearing.books
        self._records = clearing.books.holds
        self._payment = Payment(venue, clearing.books, clearing.scopes)

    # -- entry -------------------------------------------------------------------------------------

    def enter(self, command: EnterOrder) -> Events:
        """As ``Clearing.enter``."""
        try:
            account = self._accounts[command.account]
            stake = account.stakes[command.symbol]
        except KeyError:
            return self._clearing.enter(command)
        if command.at_ns >= account.second_ends_ns:
            next_second(account, command.at_ns)
        account.requests += 1
        client_order_id, time_in_force = command.client_order_id, command.time_in_force
        price, quantity, post_only = command.price, command.quantity, command.post_only
        orders, book = account.orders, stake.book
        if (
            price is None
            or command.terms is not None
            or command.order_type is not _LIMIT
            or book.special
            or client_order_id in orders
            or account.blocked is not None
            or (time_in_force is not _GTC and (post_only or time_in_force not in (_IOC, _DAY)))
            or not book.minimum_quantity <= quantity <= book.maximum_quantity
            or quantity % book.lot
        ):
            return self._clearing.enter_counted(command, account, stake)
        side = command.side
        is_buy = side is _BUY
        if is_buy:
            own, opposite, purse = book.bids, book.asks, stake.buys_from
        else:
            own, opposite, purse = book.asks, book.bids, stake.sells_from
        level = own.levels.get(price)
        if purse is None or (level is None and not is_usual(book.instrument, price)):
            return self._clearing.enter_counted(command, account, stake)

        bounds = stake.bounds if stake.version == self._scopes.version else self._scopes.bounds(stake)
        if bounds is not None:
            last = book.last_price
            if (
                account.requests > stake.allowed
                or quantity > stake.most
                or price > stake.dearest
                or last is None
                or not -bounds.collar <= price - last <= bounds.collar
                or stake.quantity * last * stake.quote_scale + stake.realised - stake.cost < stake.least
            ):
                if not bounds.passes(stake, is_buy, quantity, price):
                    return self._clearing.enter_counted(command, account, stake)
                if last is not None:
                    bounds.grant(stake, quantity, price)
        if is_buy:  # as ``needed``, written out
            amount = quantity * price * stake.quote_scale
            amount += amount * stake.fee_ppm // PPM + quantity * stake.fee_unit
        else:
            amount = quantity * stake.base_scale
        if amount > purse.free:
            return self._clearing.enter_counted(command, account, stake)
        keys, limit_key = opposite.keys, opposite.sign * price
        crosses = keys and keys[-1] >= limit_key
        if crosses and post_only:
            return self._clearing.enter_counted(command, account, stake)

        # From here on nothing is refused.
        name, symbol, order_id = account.name, book.symbol, command.seq
        orders[client_order_id] = order = Order(
            order_id, name, client_order_id, symbol, side, _LIMIT, time_in_force, post_only, price, quantity, quantity
        )  # fmt: skip
        accepted = OrderAccepted(
            name, client_order_id, order_id, symbol, side, _LIMIT, time_in_force, quantity, price, post_only, None
        )  # fmt: skip
        trades: list[Trade] = []
        leaves = quantity
        if crosses:
            venue = self._venue
            venue.last_trade_id = sweep(book, opposite, order, limit_key, venue.last_trade_id, trades)
            self._payment.pay(stake, is_buy, trades, command.at_ns)
            leaves = order.leaves
            if leaves:
                amount = needed(stake, is_buy, leaves, price)
        if not leaves:
            events: Events = (accepted, *trades)
        elif time_in_force is _IOC:
            order.leaves = 0
            events = (
                accepted, *trades,
                OrderCanceled(name, client_order_id, order_id, symbol, side, None, leaves, order.cumulative, _AT_ONCE),
            )  # fmt: skip
        else:
            if level is None:
                own.append(order, price)
            else:
                level.orders.append(order)
                level.quantity += leaves
            stake.open_orders += 1
            purse.free -= amount
            if is_buy:
                stake.open_buys += leaves
            else:
                stake.open_sells += leaves
            if not trades and not command.session:
                return (accepted,)
            events = (accepted, *trades)
        if command.session:
            account.note_session(command.session, order)
        books = self._books
        if books.to_pull or books.traded:
            return self._clearing.followed(events, command)
        return events

    # -- cancel ------------------------------------------------------------------------------------

    def cancel(self, command: CancelOrder) -> Events:
        """As ``Clearing.cancel``."""
        client_order_id = command.client_order_id
        try:
            account = self._accounts[command.account]
            order = account.orders[client_order_id]
            stake = account.stakes[order.symbol]
        except KeyError:
            return self._clearing.cancel(command)
        order_id, leaves, price, book = order.order_id, order.leaves, order.price, stake.book
        if book.special or order_id in self._records or price is None:
            return self._clearing.cancel(command)
        if command.at_ns >= account.second_ends_ns:
            next_second(account, command.at_ns)
        account.requests += 1
        if not leaves:
            return answers.unknown(command, Requested.CANCEL)
        side = order.side
        if side is _BUY:
            own = book.bids
            amount = leaves * price * stake.quote_scale
            amount += amount * stake.fee_ppm // PPM + leaves * stake.fee_unit
            stake.open_buys -= leaves
            stake.quote.free += amount  # type: ignore[union-attr]  # of a spot instrument
        else:
            own = book.asks
            stake.open_sells -= leaves
            stake.base.free += leaves * stake.base_scale  # type: ignore[union-attr]
        stake.open_orders -= 1
        # As ``BookSide.remove``, written out.
        level = own.levels[price]
        order.leaves = 0
        if leaves == level.quantity:
            own.drop(level)
        else:
            level.quantity -= leaves
            level.dead += 1
            if level.dead > DEAD_ALLOWED:
                level.bury()
        return (
            OrderCanceled(
                account.name, order.client_order_id, order_id, order.symbol, side, price, leaves,
                order.cumulative, _REQUESTED,
            ),
        )  # fmt: skip

    # -- replace -----------------------------------------------------------------------------------

    def replace(self, command: ReplaceOrder) -> Events:
        """As ``Clearing.replace``, of a plain order that opens no more than is open and does not trade."""
        try:
            account = self._accounts[command.account]
            order = account.orders[command.client_order_id]
            stake = account.stakes[order.symbol]
        except KeyError:
            return self._clearing.replace(command)
        if command.at_ns >= account.second_ends_ns:
            next_second(account, command.at_ns)
        account.requests += 1
        book, old_price, old_total, old_leaves = stake.book, order.price, order.quantity, order.leaves
        total = old_total if command.quantity is None else command.quantity
        price = old_price if command.price is None else command.price
        leaves = total - order.cumulative
        if (
            not 0 < leaves <= old_leaves
            or price is None
            or old_price is None
            or book.special
            or order.special is not None
            or order.order_id in self._records
            or account.blocked is not None
            or command.stop_price is not None
            or (command.price is None and command.quantity is None)
            or not self._may_become(account, stake, book, command, total, price)
        ):
            return self._clearing.replace_counted(command, account)
        if order.side is _BUY:
            own, opposite, purse = book.bids, book.asks, stake.buys_from
        else:
            own, opposite, purse = book.asks, book.bids, stake.sells_from
        crosses = opposite.keys and opposite.keys[-1] >= opposite.sign * price
        is_buy = order.side is _BUY
        more = needed(stake, is_buy, leaves, price) - needed(stake, is_buy, old_leaves, old_price)
        if purse is None or crosses or (more > 0 and more > purse.free):
            return self._clearing.replace_counted(command, account)

        # From here on nothing is refused.
        purse.free -= more
        if is_buy:
            stake.open_buys += leaves - old_leaves
        else:
            stake.open_sells += leaves - old_leaves
        if price == old_price:
            if total < old_total:
                own.reduce(order, old_total - total)
            return (answers.replaced(order, old_price, price, True),)
        own.remove(order)
        order = moved(order, price, total, command.seq)
        account.orders[order.client_order_id] = order
        own.append(order, price)
        return (answers.replaced(order, old_price, price, False),)

    def _may_become(
        self,
        account: Account,
        stake: Stake,
        book: Book,
        command: ReplaceOrder,
        total: Quantity,
        price: Price,
    ) -> bool:
        """Whether an order may certainly be of this total and price, as far as instrument and limits go."""
        if not book.minimum_quantity <= total <= book.maximum_quantity or total % book.lot:
            return False
        if command.price is not None and not is_usual(book.instrument, price):
            return False
        bounds = stake.bounds if stake.version == self._scopes.version else self._scopes.bounds(stake)
        if bounds is None:
            return True
        last = book.last_price
        return (
            account.requests <= stake.allowed
            and total <= stake.most
            and price <= stake.dearest
            and last is not None
            and (command.price is None or -bounds.collar <= price - last <= bounds.collar)
        )

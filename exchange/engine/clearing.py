"""Clearing: stands before the engine, and refuses what an account may not or can't do.

In: commands on their way to the engine, and their events on the way back. Out: refusals before anything has
happened; afterwards the books brought up to date (``bookkeeping``), and what follows from that: quotes pulled,
accounts blocked. Matching knows nothing of it.

Nothing of this costs anything until it is asked for: the first instrument that settles, limit, block or
protection calls ``activate``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from exchange.engine import answers, audit, holds, refusals, risk, statements
from exchange.engine.accounts import Account
from exchange.engine.bookkeeping import Bookkeeper
from exchange.engine.commands import (
    BlockAccount,
    BustTrade,
    CancelOrder,
    CancelSession,
    ChangePhase,
    Command,
    EndDay,
    EnterOrder,
    ExpireOrders,
    MassCancel,
    PullOrder,
    ReduceOrder,
    ReplaceOrder,
    SetKillSwitch,
    SetLastPrice,
)
from exchange.engine.events import AccountBlocked, Event, OrderAccepted, QuotesPulled
from exchange.engine.execution import Market
from exchange.engine.express import Express
from exchange.engine.funds import Funds
from exchange.engine.ledger import NOTHING, PPM, Hold, Stake
from exchange.engine.order import Order
from exchange.engine.removals import Removals, count_canceled
from exchange.engine.risk import Breach, Scopes
from exchange.engine.statements import Holding
from protocol.vocabulary import (
    AccountId,
    Asset,
    Block,
    CancelReason,
    Money,
    OrderType,
    QuoteSet,
    RejectReason,
    Side,
    Symbol,
    TimeInForce,
)
from protocol.vocabulary import Request as Requested

Events = tuple[Event, ...]
Handler = Callable[[Any], Events]
Refusal = tuple[RejectReason, str]

_BUY: Final = Side.BUY
_LIMIT: Final = OrderType.LIMIT
_AT_ONCE: Final = (TimeInForce.IOC, TimeInForce.FOK)

_BOOKED: Final = (
    BustTrade, ExpireOrders, EndDay, ChangePhase, SetLastPrice, CancelSession, SetKillSwitch, BlockAccount, PullOrder,
)  # fmt: skip
"""Other commands whose events concern orders."""


class Venue(Market, Protocol):
    """What clearing needs of the engine."""

    handlers: dict[type, Handler]
    ids_unique_per_day: bool


class Clearing:
    """All limits, and the door to all money. One for an engine."""

    def __init__(self, venue: Venue, removals: Removals) -> None:
        self.active = False
        self.scopes = Scopes()
        self.books = Bookkeeper(venue, self.scopes)
        self.holds = self.books.holds
        self._funds = Funds(venue, self.books)
        self._venue = venue
        self._removals = removals
        self._accounts = venue.accounts.by_name
        self._plain_enter: Handler = venue.handlers[EnterOrder]
        self._plain_replace: Handler = venue.handlers[ReplaceOrder]
        self._plain_cancel: Handler = venue.handlers[CancelOrder]
        self._plain_reduce: Handler = venue.handlers[ReduceOrder]
        self._plain_mass_cancel: Handler = venue.handlers[MassCancel]

    def activate(self) -> None:
        """Stand before the engine from now on."""
        if self.active:
            return
        self.active = True
        handlers = self._venue.handlers
        lane = Express(self._venue, self)
        handlers[EnterOrder] = lane.enter
        handlers[ReplaceOrder] = lane.replace
        handlers[CancelOrder] = lane.cancel
        handlers[ReduceOrder] = self.reduce
        handlers[MassCancel] = self.mass_cancel
        handlers.update({kind: self._booked(handlers[kind]) for kind in _BOOKED})
        self.books.begin()

    def balances(self, name: AccountId) -> list[tuple[Asset, Money, Money]]:
        """``(asset, free, held)`` of the account, by asset."""
        return statements.balances(self._accounts.get(name))

    def holdings(self, name: AccountId) -> list[Holding]:
        """What the account has or had in each instrument, in the order of listing."""
        return statements.holdings(self._accounts.get(name), self._venue.books)

    def holding(self, name: AccountId, symbol: Symbol) -> Holding:
        """What it has in one instrument."""
        return statements.holding(self._accounts.get(name), symbol)

    def check(self) -> list[str]:
        """What does not add up, as sentences. Empty: money is conserved, and every hold is as it must be."""
        return list(audit.faults(self.books, self._venue)) if self.active else []

    # -- entry -------------------------------------------------------------------------------------

    def enter(self, command: EnterOrder) -> Events:
        """As the engine's, or one ``RequestRejected``, with what follows where a hard limit is broken."""
        try:
            account = self._accounts[command.account]
            stake = account.stakes[command.symbol]
        except KeyError:
            return self._enter_first(command)
        risk.count_request(account, command.at_ns)
        return self.enter_counted(command, account, stake)

    def enter_counted(self, command: EnterOrder, account: Account, stake: Stake) -> Events:
        """The same for a request that is counted already."""
        stake.allowed = NOTHING
        price, quantity = command.price, command.quantity
        if (
            price is None
            or command.terms is not None
            or command.order_type is not _LIMIT
            or account.blocked is not None
        ):
            return self._enter_carefully(command, account, stake)
        is_buy = command.side is _BUY
        bounds = self.scopes.bounds(stake)
        if bounds is not None and not bounds.passes(stake, is_buy, quantity, price):
            return self._enter_carefully(command, account, stake)
        amount = 0
        purse = stake.buys_from if is_buy else stake.sells_from
        if purse is not None:
            if is_buy:
                amount = quantity * price * stake.quote_scale
                amount += amount * stake.fee_ppm // PPM + quantity * stake.fee_unit
            else:
                amount = quantity * stake.base_scale
            if amount > purse.free:
                return self._enter_carefully(command, account, stake)
        elif stake.margin and self._funds.of_margin(stake, is_buy, quantity) is not None:
            return self._enter_carefully(command, account, stake)
        events = self._plain_enter(command)
        accepted = events[0]
        if type(accepted) is not OrderAccepted:
            return events
        books = self.books
        if len(events) > 1 and books.book_at_once(accepted.order_id, stake, is_buy, events, command.at_ns):
            return self.followed(events, command)
        self.holds[accepted.order_id] = Hold(stake, is_buy, price, purse, quantity, amount)
        stake.open_orders += 1
        if is_buy:
            stake.open_buys += quantity
        else:
            stake.open_sells += quantity
        if purse is not None:
            purse.free -= amount
        elif stake.margin:
            stake.secure()
        return events if len(events) == 1 else self.book(events, command)

    def _enter_first(self, command: EnterOrder) -> Events:
        """The account's first order in the instrument, perhaps its first of all."""
        account = self._venue.accounts.open(command.account)
        book = self._venue.books.get(command.symbol)
        if book is None:
            risk.count_request(account, command.at_ns)
            return self._plain_enter(command)
        self.books.stake(account, book)
        return self.enter(command)

    def _enter_carefully(self, command: EnterOrder, account: Account, stake: Stake) -> Events:
        """Any order, and whatever may refuse it."""
        book, terms = stake.book, command.terms
        is_buy, fleeting = command.side is _BUY, holds.is_fleeting(book, command)
        hold = Hold(
            stake,
            is_buy,
            holds.price_at_entry(book, command),
            None if fleeting else stake.buys_from if is_buy else stake.sells_from,
            fleeting=fleeting,
            fixed=holds.is_fixed(command.order_type, terms),
            quote_set=None if terms is None else terms.quote_set,
        )
        refusal: Refusal | Breach | None = _of_account(account, hold.quote_set)
        if refusal is None:
            bounds = self.scopes.bounds(stake)
            if bounds is not None:
                rests = not fleeting and command.time_in_force not in _AT_ONCE
                worth = holds.notional(book, command.side, command.quantity, command.price, terms)
                quantity = holds.most(book, command)
                asked = risk.Request(is_buy, quantity, quantity, command.price, worth, rests)
                refusal = bounds.breach(stake, asked)
        if refusal is None:
            refusal = self._funds.of_entry(command, account, stake, hold)
        if refusal is not None and not self._is_refused_anyway(command, account):
            return self._refused(command, Requested.NEW, account, refusal)
        events = self._plain_enter(command)
        accepted = events[0]
        if type(accepted) is not OrderAccepted:
            return events
        self.books.accept(accepted.order_id, hold, accepted.quantity)
        return self.book(events, command)

    def _is_refused_anyway(self, command: EnterOrder, account: Account) -> bool:
        """Whether the engine refuses the order whatever the account has: then that is the answer."""
        used = account.orders.get(command.client_order_id)
        if used is not None and (self._venue.ids_unique_per_day or used.leaves):
            return True
        book = self._venue.books[command.symbol]
        refusal = refusals.of_entry(book.instrument, command) or refusals.of_phase(book.phase, command)
        if refusal is None and command.order_type is _LIMIT:
            refusal = refusals.of_band(book, command.price)
        return refusal is not None

    # -- replace -----------------------------------------------------------------------------------

    def replace(self, command: ReplaceOrder) -> Events:
        """As the engine's; a refused one leaves the order as it stood (rule 12)."""
        account = self._accounts.get(command.account)
        if account is None:
            return self._plain_replace(command)
        risk.count_request(account, command.at_ns)
        return self.replace_counted(command, account)

    def replace_counted(self, command: ReplaceOrder, account: Account) -> Events:
        """The same for a request that is counted already."""
        order = account.orders.get(command.client_order_id)
        if order is None or not order.leaves:
            return self._plain_replace(command)
        hold = self.books.hold_of(order)
        hold.stake.allowed = NOTHING
        refused = self._refusal_of_replace(command, account, order, hold)
        return refused if refused is not None else self._change(self._plain_replace, command, order, hold)

    def reduce(self, command: ReduceOrder) -> Events:
        """As the engine's, counted; always let through: nothing gets worse by it."""
        account = self._accounts.get(command.account)
        if account is None:
            return self._plain_reduce(command)
        risk.count_request(account, command.at_ns)
        order = account.orders.get(command.client_order_id)
        if order is None or not order.leaves:
            return self._plain_reduce(command)
        return self._change(self._plain_reduce, command, order, self.books.hold_of(order))

    def _change(self, plain: Handler, command: Command, order: Order, hold: Hold) -> Events:
        """Change an order. What a plain one held can't be told afterwards: it has a record meanwhile."""
        records, order_id = self.holds, order.order_id
        if order_id in records:
            return self.book(plain(command), command)
        records[order_id] = hold
        events = self.book(plain(command), command)
        records.pop(order_id, None)
        return events

    def _refusal_of_replace(
        self, command: ReplaceOrder, account: Account, order: Order, hold: Hold
    ) -> Events | None:
        book = self._venue.books[order.symbol]
        total = order.quantity if command.quantity is None else command.quantity
        leaves = total - order.executed
        if leaves <= 0 or refusals.of_replace(book.instrument, order, command) is not None:
            return None  # it is canceled, or refused anyway
        refusal: Refusal | Breach | None = _of_account(account, hold.quote_set)
        bounds = self.scopes.bounds(hold.stake)
        if refusal is None and bounds is not None:
            pegged = order.order_type is OrderType.PEG
            # Of a peg the market sets the price; what it names is its cap.
            price = command.price if command.price is not None or pegged else order.price
            worth = holds.notional(book, order.side, total, price, order.terms)
            limit = None if pegged else command.price
            asked = risk.Request(hold.is_buy, total, leaves - order.leaves, limit, worth, rests=False)
            refusal = bounds.breach(hold.stake, asked)
        if refusal is None:
            refusal = self._funds.of_replace(command, account, order, hold, leaves)
        return None if refusal is None else self._refused(command, Requested.REPLACE, account, refusal)

    # -- limits ------------------------------------------------------------------------------------

    def _refused(
        self,
        command: EnterOrder | ReplaceOrder,
        request: Requested,
        account: Account,
        refusal: Refusal | Breach,
    ) -> Events:
        if not isinstance(refusal, Breach):
            return answers.rejected(command, request, *refusal)
        events: Events = answers.rejected(command, request, risk.REASONS[refusal.limit], refusal.text)
        if refusal.hard:
            return self.book((*events, *self._block(account, refusal, command)), command)
        return events

    def _block(self, account: Account, breach: Breach, command: Command) -> Iterable[Event]:
        """A hard limit is broken: the account is disabled, and what it has is canceled. To be booked."""
        account.blocked = Block.HARD_BREACH
        text = f"{breach.limit}: {breach.text}"
        yield AccountBlocked(account.name, Block.HARD_BREACH, text)
        yield from self._removals.cancel_all(account.name, CancelReason.ACCOUNT_DISABLED, command.seq)

    # -- afterwards --------------------------------------------------------------------------------

    def cancel(self, command: CancelOrder) -> Events:
        """As the engine's, counted."""
        self._count(command)
        return self.book(self._plain_cancel(command), command)

    def mass_cancel(self, command: MassCancel) -> Events:
        """As the engine's, counted."""
        self._count(command)
        return self.book(self._plain_mass_cancel(command), command)

    def _count(self, command: CancelOrder | MassCancel) -> None:
        account = None if command.account is None else self._accounts.get(command.account)
        if account is not None:
            risk.count_request(account, command.at_ns)

    def _booked(self, plain: Handler) -> Handler:
        return lambda command: self.book(plain(command), command)

    def book(self, events: Events, command: Command) -> Events:
        """Bring the books up to date; returns the events with all that follows from them."""
        self.books.book(events, command.at_ns)
        return self.followed(events, command)

    def followed(self, events: Events, command: Command) -> Events:
        """The events with all that follows from them."""
        books = self.books
        while books.to_pull or books.traded:
            follows = tuple(self._consequences(command))
            books.book(follows, command.at_ns)
            events = (*events, *follows)
        return events

    def _consequences(self, command: Command) -> Iterable[Event]:
        """Pull the quotes and block the accounts that the last events call for. To be booked.

        What leaves may let others trade: look again afterwards.
        """
        books = self.books
        to_pull, books.to_pull = books.to_pull, []
        traded, books.traded = books.traded, []
        for account, quote_set in to_pull:
            pulled = self._removals.pull_quotes(account.name, quote_set, command.seq)
            yield from pulled
            count = count_canceled(pulled, CancelReason.QUOTES_PULLED)
            yield QuotesPulled(account.name, quote_set, count)
        for stake in traded:
            account = stake.account
            if account.blocked is None:
                bounds = self.scopes.bounds(stake)
                breach = None if bounds is None else bounds.lost_too_much(stake)
                if breach is not None and breach.hard:
                    yield from self._block(account, breach, command)


def _of_account(account: Account, quote_set: QuoteSet | None) -> Refusal | None:
    """Why the account may enter nothing at all, or nothing of this quote set; or ``None``."""
    if account.blocked is Block.KILL_SWITCH:
        return RejectReason.KILL_SWITCH, "the account's kill switch is pulled"
    if account.blocked is not None:
        return RejectReason.ACCOUNT_DISABLED, f"the account is disabled ({account.blocked})"
    if quote_set is not None:
        protection = account.protections.get(quote_set)
        if protection is not None and protection.pulled:
            return (
                RejectReason.QUOTES_PULLED,
                f"the quotes of {quote_set!r} were pulled; set_protection resets",
            )
    return None

"""What operators, the venue and accounts do about accounts: open, fund, limit, block, undo.

In: such a command. Out: its events; or one ``RequestRejected``, and then nothing has changed. An operator's
command comes in an envelope that says who orders it and why, and leaves an ``Administered`` behind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from exchange.engine import listing, refusals
from exchange.engine.book import Book
from exchange.engine.bookkeeping import purse_of
from exchange.engine.clearing import Clearing, Venue
from exchange.engine.commands import (
    AddInstrument,
    AdjustBalance,
    Administer,
    ArmDeadMan,
    BlockAccount,
    Broadcast,
    BustTrade,
    CancelSession,
    Limits,
    PullOrder,
    SetAccount,
    SetFees,
    SetKillSwitch,
    SetLimits,
    SetProtection,
)
from exchange.engine.deeds import action, summary
from exchange.engine.events import (
    AccountBlocked,
    AccountSet,
    AccountUnblocked,
    Administered,
    BalanceAdjusted,
    DeadManArmed,
    Event,
    FeesSet,
    InstrumentAdded,
    KillSwitchSet,
    LimitsSet,
    NoticeSent,
    OrdersMassCanceled,
    ProtectionSet,
    RequestRejected,
    SessionCanceled,
    TradeBusted,
)
from exchange.engine.protection import Protection
from exchange.engine.removals import Removals
from protocol.vocabulary import (
    AccountId,
    Block,
    CancelReason,
    Limit,
    RejectReason,
    Request,
    Settlement,
)

Events = tuple[Event, ...]

VENUE: Final = AccountId("*")
"""The venue itself, where somebody must be named; no account has this name."""

MAX_MONEY: Final = 2**62
"""Balances stay below it, so that every sum fits 64 bits on the wire and on disk."""
MAX_PROTECTIONS: Final = 1_000
"""Quote sets one account may protect."""


class Administration:
    """Handlers of the engine for everything that is no order and no phase."""

    def __init__(self, venue: Venue, removals: Removals, clearing: Clearing) -> None:
        self._venue = venue
        self._accounts = venue.accounts
        self._removals = removals
        self._clearing = clearing
        self.handlers: dict[type, Callable[[Any], Events]] = {
            SetKillSwitch: self._set_kill_switch,
            ArmDeadMan: self._arm_dead_man,
            CancelSession: self._cancel_session,
            SetProtection: self._set_protection,
            SetAccount: self._set_account,
            BlockAccount: self._block_account,
            AdjustBalance: self._adjust_balance,
            SetLimits: self._set_limits,
            AddInstrument: self._add_instrument,
            SetFees: self._set_fees,
            PullOrder: self._pull_order,
            BustTrade: self._bust_trade,
            Broadcast: self._broadcast,
            Administer: self._administer,
        }

    # -- accounts about themselves -------------------------------------------------------------------

    def _set_kill_switch(self, command: SetKillSwitch) -> Events:
        """The cancels, then ``KillSwitchSet`` (rule 45)."""
        account = self._accounts.open(command.account)
        if not command.on:
            if account.blocked not in (None, Block.KILL_SWITCH):
                text = f"the account is disabled ({account.blocked}); an operator lifts that"
                return _rejected(RejectReason.ACCOUNT_DISABLED, text, account.name, Request.KILL_SWITCH)
            account.blocked = None
            return (KillSwitchSet(account.name, False),)
        if not self._clearing.active:
            return self._with_clearing(command)
        account.blocked = account.blocked or Block.KILL_SWITCH
        canceled = self._removals.cancel_all(account.name, CancelReason.KILL_SWITCH, command.seq)
        return *canceled, KillSwitchSet(account.name, True)

    def _arm_dead_man(self, command: ArmDeadMan) -> Events:
        account = self._accounts.open(command.account)
        account.dead_man_ns = command.deadline_ns
        self._removals.deadlines.watch(account.name, command.deadline_ns)
        return (DeadManArmed(account.name, command.deadline_ns),)

    def _cancel_session(self, command: CancelSession) -> Events:
        """The cancels, oldest first, then ``SessionCanceled`` (rule 49)."""
        account = self._accounts.open(command.account)
        orders = account.of_session(command.session)
        account.sessions.pop(command.session, None)
        events = self._removals.cancel(orders, CancelReason.DISCONNECTED, command.seq)
        return *events, SessionCanceled(account.name, command.session, len(orders))

    def _set_protection(self, command: SetProtection) -> Events:
        account = self._accounts.open(command.account)
        protections, quote_set = account.protections, command.quote_set
        text = None
        if command.fills < 0 or command.window_ns <= 0:
            text = f"{command.fills} fills within {command.window_ns} ns is no protection"
        elif quote_set not in protections and len(protections) >= MAX_PROTECTIONS:
            text = f"{MAX_PROTECTIONS} quote sets are protected already"
        if text is not None:
            return _rejected(RejectReason.INVALID_REQUEST, text, account.name, Request.PROTECTION)
        if command.fills:
            self._clearing.activate()
            protections[quote_set] = Protection(command.fills, command.window_ns)
        else:
            protections.pop(quote_set, None)
        return (ProtectionSet(account.name, quote_set, command.fills, command.window_ns),)

    def _with_clearing(self, command: SetKillSwitch | BlockAccount) -> Events:
        """Carry it out behind clearing, which is to see its cancels."""
        self._clearing.activate()
        events: Events = self._venue.handlers[type(command)](command)
        return events

    # -- operators about accounts --------------------------------------------------------------------

    def _set_account(self, command: SetAccount) -> Events:
        name = command.account
        if name == VENUE or not 0 < len(name) <= 32:
            return _rejected(RejectReason.INVALID_REQUEST, f"{name!r} can't be an account's name")
        if command.new and name in self._accounts.by_name:
            return _rejected(RejectReason.DUPLICATE_ACCOUNT, f"there is an account {name!r} already")
        account = self._accounts.open(name)
        account.role, account.secret_hash = command.role, command.secret_hash
        account.copies = list(command.copies)
        return (AccountSet(name, command.role),)

    def _block_account(self, command: BlockAccount) -> Events:
        """``AccountBlocked``, then the cancels; or ``AccountUnblocked``."""
        account = self._accounts.by_name.get(command.account)
        if account is None:
            return _unknown_account(command.account)
        if not command.on:
            account.blocked = None
            return (AccountUnblocked(account.name),)
        if not self._clearing.active:
            return self._with_clearing(command)
        account.blocked = Block.OPERATOR
        canceled = self._removals.cancel_all(account.name, CancelReason.ACCOUNT_DISABLED, command.seq)
        return AccountBlocked(account.name, Block.OPERATOR, "an operator disabled the account"), *canceled

    def _adjust_balance(self, command: AdjustBalance) -> Events:
        """Once for each transaction id of the account; a repeat says so and changes nothing (rule 44)."""
        account = self._accounts.by_name.get(command.account)
        if account is None:
            return _unknown_account(command.account)
        books, asset, amount = self._clearing.books, command.asset, command.amount
        if asset not in books.paid_in:
            return _rejected(RejectReason.UNKNOWN_ASSET, f"no instrument settles in {asset!r}")
        done = account.transactions.get(command.transaction_id)
        if done is not None and done != (asset, amount):
            text = f"transaction {command.transaction_id!r} was {done[1]} {done[0]}"
            return _rejected(RejectReason.TRANSACTION_CONFLICT, text)
        purse = purse_of(account, asset)
        if done is None:
            if amount == 0 or purse.total + amount >= MAX_MONEY:
                return _rejected(RejectReason.INVALID_REQUEST, f"amount {amount} is not possible")
            available = purse.free + min(0, books.unrealised_margin(account, purse))
            if amount < 0 and available + amount < 0:
                text = f"{-amount} {asset} asked for, {available} free"
                return _rejected(RejectReason.INSUFFICIENT_FUNDS, text)
            purse.add(amount)
            books.paid_in[asset] += amount
            account.transactions[command.transaction_id] = asset, amount
        return (
            BalanceAdjusted(
                account.name, asset, amount, command.transaction_id, purse.free, done is not None
            ),
        )

    def _set_limits(self, command: SetLimits) -> Events:
        refusal = self._of_limits(command)
        if refusal is not None:
            return _rejected(*refusal)
        if command.limits != Limits():
            self._clearing.activate()
        self._clearing.scopes.set(command.account, command.symbol, command.limits)
        return (LimitsSet(command.account, command.symbol),)

    def _of_limits(self, command: SetLimits) -> refusals.Refusal | None:
        limits = command.limits
        if command.account is not None and command.account not in self._accounts.by_name:
            return RejectReason.UNKNOWN_ACCOUNT, f"no account {command.account!r}"
        if command.symbol is not None and command.symbol not in self._venue.books:
            return RejectReason.UNKNOWN_SYMBOL, f"no instrument {command.symbol!r}"
        if command.symbol is not None and limits.message_rate is not None:
            return RejectReason.CONFLICTING_FIELDS, "message_rate does not go with a symbol"
        for limit in Limit:
            value = getattr(limits, limit.value)
            if value is not None and value < 0:
                return RejectReason.INVALID_REQUEST, f"{limit} {value} is negative"
            if value is None and limit in limits.hard:
                return RejectReason.CONFLICTING_FIELDS, f"hard names {limit}, which is not set"
        return None

    # -- operators about the market ------------------------------------------------------------------

    def _add_instrument(self, command: AddInstrument) -> Events:
        if command.symbol in self._venue.books:
            return _rejected(RejectReason.DUPLICATE_INSTRUMENT, f"{command.symbol!r} is listed already")
        refusal = listing.of_instrument(command)
        if refusal is not None:
            return _rejected(*refusal)
        self._venue.books[command.symbol] = Book(command)
        if command.settlement is not Settlement.NONE:
            self._clearing.activate()
            for asset in (command.base, command.quote):
                if asset is not None:
                    self._clearing.books.paid_in.setdefault(asset, 0)
        return (InstrumentAdded(command.symbol),)

    def _set_fees(self, command: SetFees) -> Events:
        book = self._venue.books.get(command.symbol)
        if book is None:
            return _rejected(RejectReason.UNKNOWN_SYMBOL, f"no instrument {command.symbol!r}")
        changed = msgspec.structs.replace(
            book.instrument,
            maker_fee_ppm=command.maker_fee_ppm,
            taker_fee_ppm=command.taker_fee_ppm,
            maker_fee_per_unit=command.maker_fee_per_unit,
            taker_fee_per_unit=command.taker_fee_per_unit,
        )
        refusal = listing.of_instrument(changed)
        if refusal is not None:
            return _rejected(*refusal)
        book.instrument = changed
        if self._clearing.active:
            self._clearing.books.reckon_anew(book)
        return (FeesSet(command.symbol),)

    def _pull_order(self, command: PullOrder) -> Events:
        account = self._accounts.by_name.get(command.account)
        if account is None:
            return _unknown_account(command.account)
        name, orders = command.client_order_id, account.orders.values()
        live = [order for order in orders if order.leaves and name in (None, order.client_order_id)]
        if not live and name is not None:
            return _rejected(RejectReason.UNKNOWN_ORDER, f"{command.account} has no live order {name!r}")
        events = self._removals.cancel(live, CancelReason.OPERATOR, command.seq)
        return tuple(events) if name is not None else (*events, OrdersMassCanceled(account.name, len(live)))

    def _bust_trade(self, command: BustTrade) -> Events:
        books, by_name = self._clearing.books, self._accounts.by_name
        trade_id, symbol = command.trade_id, command.symbol
        if (
            not 0 < trade_id <= self._venue.last_trade_id
            or symbol not in self._venue.books
            or command.buyer not in by_name
            or command.seller not in by_name
        ):
            return _rejected(RejectReason.UNKNOWN_TRADE, f"no trade {trade_id}")
        if trade_id in books.busted:
            return _rejected(RejectReason.ALREADY_BUSTED, f"trade {trade_id} is busted already")
        books.busted.add(trade_id)
        self._accounts.move(symbol, command.buyer, -command.quantity)
        self._accounts.move(symbol, command.seller, command.quantity)
        busted = TradeBusted(
            trade_id, symbol, command.price, command.quantity, command.buyer, command.buyer_fee,
            command.seller, command.seller_fee,
        )  # fmt: skip
        return (busted,)

    def _broadcast(self, command: Broadcast) -> Events:
        return (NoticeSent(command.text),)

    def _administer(self, command: Administer) -> Events:
        inner = command.command
        inner.seq, inner.at_ns = command.seq, command.at_ns
        events: Events = self._venue.handlers[type(inner)](inner)
        first = events[0]
        if isinstance(first, RequestRejected):
            return _rejected(first.reason, first.text, command.by)
        account, symbol = getattr(inner, "account", None), getattr(inner, "symbol", None)
        done = Administered(command.by, command.why, action(inner), account, symbol, summary(inner, events))
        return *events, done


def _rejected(
    reason: RejectReason,
    text: str,
    account: AccountId | None = None,
    request: Request = Request.ADMIN,
) -> Events:
    return (RequestRejected(account, None, request, reason, text),)


def _unknown_account(name: AccountId) -> Events:
    return _rejected(RejectReason.UNKNOWN_ACCOUNT, f"no account {name!r}")

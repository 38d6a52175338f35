"""Which accounts an event concerns, and what each of them is told.

In: events. Out: messages of private streams. ``TOLD`` is the one table of it: live reports, the replay
of a journal and drop copies all go by it, so that every one of them numbers the same messages. Builders
depend on nothing but the number, the time and the event: a message can be made again at any later time.
"""

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, Final, NamedTuple, cast

import msgspec

from exchange.engine import events
from exchange.engine.engine import Events
from exchange.engine.events import (
    AuctionTrade,
    OrderAccepted,
    OrderCanceled,
    OrderReplaced,
    OrderRepriced,
    OrderRested,
    OrdersMassCanceled,
    RequestRejected,
    SelfTradePrevented,
    StopTriggered,
    Trade,
)
from protocol import desk, messages
from protocol.fields import Message
from protocol.messages import (
    Accepted,
    Canceled,
    MassCanceled,
    OrderTerms,
    Rejected,
    Replaced,
    Repriced,
    Rested,
    TradeReport,
    Triggered,
)
from protocol.vocabulary import AccountId, Block, Liquidity, Nanoseconds, Sequence, Side

VENUE: Final = AccountId("*")
"""Whose private stream is the audit of the venue; nobody can log in under this name."""

# Members of an enum cost a dictionary look-up in a class each time; module constants do not.
_MAKER, _TAKER, _AUCTION = Liquidity.MAKER, Liquidity.TAKER, Liquidity.AUCTION
_BUY, _SELL = Side.BUY, Side.SELL

Builder = Callable[[Sequence, Nanoseconds, Any], Message]
"""Makes the message with this number, of a command of this time, from an event."""

AnswerBuilder = Callable[[Sequence, Nanoseconds, Any, int | None], Message]
"""Also told on which line of its reader the request stood, if it did."""

# Most orders have no terms, and this is the most frequent message of all: without room for them it takes
# a sixth less to build and to encode. On the wire it is the same.
_PlainAccepted: Final = cast(
    "type[Accepted]",
    msgspec.defstruct(
        "Accepted",
        [
            (field.name, field.type) if field.required else (field.name, field.type, field.default)
            for field in msgspec.structs.fields(Accepted)
            if field.name not in OrderTerms.__struct_fields__
        ],
        bases=(Message,),
        tag=Accepted.__struct_config__.tag,
        frozen=True,
        gc=False,
    ),
)


# -- orders and trades -----------------------------------------------------------------------------
def _accepted(seq: Sequence, at_ns: Nanoseconds, event: OrderAccepted) -> Message:
    terms = event.terms
    if terms is None:
        return _PlainAccepted(
            seq, at_ns, event.client_order_id, event.order_id, event.symbol, event.side, event.quantity,
            event.price, event.order_type, event.time_in_force, event.post_only,
        )  # fmt: skip
    return Accepted(
        seq, at_ns, event.client_order_id, event.order_id, event.symbol, event.side, event.quantity,
        event.price, event.order_type, event.time_in_force, terms.post_only or event.post_only,
        stop_price=terms.stop_price,
        trail=terms.trail,
        display=terms.display,
        hidden=terms.hidden,
        minimum_quantity=terms.minimum_quantity,
        all_or_none=terms.all_or_none,
        protection=terms.protection,
        cap=terms.cap,
        amount=terms.amount,
        expires_at_ns=terms.expires_at_ns,
        self_trade=terms.self_trade,
        self_trade_group=terms.self_trade_group,
        reserve_price=terms.reserve_price,
    )  # fmt: skip


def _rested(seq: Sequence, at_ns: Nanoseconds, event: OrderRested) -> Message:
    return Rested(
        seq, at_ns, event.client_order_id, event.order_id, event.symbol, event.leaves, event.price
    )  # fmt: skip


def _repriced(seq: Sequence, at_ns: Nanoseconds, event: OrderRepriced) -> Message:
    return Repriced(
        seq, at_ns, event.client_order_id, event.order_id, event.symbol, event.price, event.leaves
    )  # fmt: skip


def _triggered(seq: Sequence, at_ns: Nanoseconds, event: StopTriggered) -> Message:
    return Triggered(seq, at_ns, event.client_order_id, event.order_id, event.symbol, event.stop_price)


def _prevented(seq: Sequence, at_ns: Nanoseconds, event: SelfTradePrevented) -> Message:
    return messages.SelfTradePrevented(
        seq, at_ns, event.client_order_id, event.order_id, event.symbol, event.quantity, event.cumulative,
        event.leaves,
    )  # fmt: skip


def _canceled(seq: Sequence, at_ns: Nanoseconds, event: OrderCanceled) -> Message:
    return Canceled(
        seq, at_ns, event.client_order_id, event.order_id, event.symbol, event.quantity, event.cumulative,
        event.reason,
    )  # fmt: skip


def _replaced(seq: Sequence, at_ns: Nanoseconds, event: OrderReplaced) -> Message:
    return Replaced(
        seq, at_ns, event.client_order_id, event.order_id, event.symbol, event.quantity, event.cumulative,
        event.leaves, event.kept_priority, event.price, event.stop_price,
    )  # fmt: skip


def made(seq: Sequence, at_ns: Nanoseconds, event: Trade) -> Message:
    """What the maker is told of a trade."""
    return TradeReport(
        seq, at_ns, event.maker_client_order_id, event.maker_order_id, event.symbol,
        _SELL if event.aggressor is _BUY else _BUY, event.trade_id, event.price, event.quantity,
        _MAKER, event.maker_fee, event.maker_cumulative, event.maker_leaves,
    )  # fmt: skip


def taken(seq: Sequence, at_ns: Nanoseconds, event: Trade) -> Message:
    """What the taker is told of a trade."""
    return TradeReport(
        seq, at_ns, event.taker_client_order_id, event.taker_order_id, event.symbol,
        event.aggressor, event.trade_id, event.price, event.quantity,
        _TAKER, event.taker_fee, event.taker_cumulative, event.taker_leaves,
    )  # fmt: skip


def _bought(seq: Sequence, at_ns: Nanoseconds, event: AuctionTrade) -> Message:
    return TradeReport(
        seq, at_ns, event.buyer_client_order_id, event.buyer_order_id, event.symbol, _BUY, event.trade_id,
        event.price, event.quantity, _AUCTION, event.buyer_fee, event.buyer_cumulative, event.buyer_leaves,
    )  # fmt: skip


def _sold(seq: Sequence, at_ns: Nanoseconds, event: AuctionTrade) -> Message:
    return TradeReport(
        seq, at_ns, event.seller_client_order_id, event.seller_order_id, event.symbol, _SELL, event.trade_id,
        event.price, event.quantity, _AUCTION, event.seller_fee, event.seller_cumulative, event.seller_leaves,
    )  # fmt: skip


def rejected(seq: Sequence, at_ns: Nanoseconds, event: RequestRejected, line: int | None = None) -> Message:
    """``line``: for the connection that asked, and no other."""
    return Rejected(seq, at_ns, event.request, event.reason, event.text, event.client_order_id, line)


def _mass_canceled(seq: Sequence, at_ns: Nanoseconds, event: OrdersMassCanceled) -> Message:
    return MassCanceled(seq, at_ns, event.count)


# -- accounts and the desk -------------------------------------------------------------------------
def admin_done(
    seq: Sequence, at_ns: Nanoseconds, event: events.Administered, line: int | None = None
) -> Message:
    """``line``: for the connection that asked, and no other."""
    return desk.AdminDone(seq, at_ns, event.action, event.account, event.symbol, event.text, line)


def _balance_adjusted(seq: Sequence, at_ns: Nanoseconds, event: events.BalanceAdjusted) -> Message:
    return desk.BalanceAdjusted(seq, at_ns, event.asset, event.amount, event.transaction_id, event.free)


def _buy_busted(seq: Sequence, at_ns: Nanoseconds, event: events.TradeBusted) -> Message:
    return desk.TradeBusted(
        seq, at_ns, event.trade_id, event.symbol, _BUY, event.price, event.quantity, event.buyer_fee
    )


def _sale_busted(seq: Sequence, at_ns: Nanoseconds, event: events.TradeBusted) -> Message:
    return desk.TradeBusted(
        seq, at_ns, event.trade_id, event.symbol, _SELL, event.price, event.quantity, event.seller_fee
    )


def _kill_switch_set(seq: Sequence, at_ns: Nanoseconds, event: events.KillSwitchSet) -> Message:
    return desk.KillSwitchSet(seq, at_ns, event.on)


def _account_blocked(seq: Sequence, at_ns: Nanoseconds, event: events.AccountBlocked) -> Message:
    return desk.AccountBlocked(seq, at_ns, event.block, event.text)


def _account_unblocked(seq: Sequence, at_ns: Nanoseconds, event: events.AccountUnblocked) -> Message:
    return desk.AccountUnblocked(seq, at_ns)


def _dead_man_armed(seq: Sequence, at_ns: Nanoseconds, event: events.DeadManArmed) -> Message:
    return desk.DeadManArmed(seq, at_ns, event.deadline_ns)


def _dead_man_fired(seq: Sequence, at_ns: Nanoseconds, event: events.DeadManFired) -> Message:
    return desk.DeadManFired(seq, at_ns, event.canceled)


def _protection_set(seq: Sequence, at_ns: Nanoseconds, event: events.ProtectionSet) -> Message:
    return desk.ProtectionSet(seq, at_ns, event.quote_set, event.fills, event.window_ns)


def _quotes_pulled(seq: Sequence, at_ns: Nanoseconds, event: events.QuotesPulled) -> Message:
    return desk.QuotesPulled(seq, at_ns, event.quote_set, event.canceled)


# -- the audit -------------------------------------------------------------------------------------
def _audited(seq: Sequence, at_ns: Nanoseconds, event: events.Administered) -> Message:
    return desk.AuditEntry(
        seq, at_ns, event.action, event.by, event.why, event.account, event.symbol, event.text
    )


def _noted(action: str, text: Callable[[Any], str] = lambda event: "") -> Builder:
    """For what no operator did: the venue's schedule, its file, its limits."""

    def entry(seq: Sequence, at_ns: Nanoseconds, event: Any) -> Message:
        return desk.AuditEntry(
            seq,
            at_ns,
            action,
            account=getattr(event, "account", None),
            symbol=getattr(event, "symbol", None),
            text=text(event),
        )

    return entry


# -- the table -------------------------------------------------------------------------------------
class Told(NamedTuple):
    """Somebody whom an event concerns, and what it is told."""

    whom: Callable[[Any], AccountId | None]
    """``None``: nobody, this time."""
    build: Builder
    unless_administered: bool = False
    """Not inside an operator's command: the ``Administered`` at its end is its one entry in the audit."""


_account = attrgetter("account")
_account_if_any = attrgetter("account")


def _venue(event: object) -> AccountId:
    return VENUE


def _venue_if(condition: Callable[[Any], bool]) -> Callable[[Any], AccountId | None]:
    return lambda event: VENUE if condition(event) else None


def _to_owner(build: Builder) -> tuple[Told, ...]:
    return (Told(_account, build),)


def _to_venue(action: str, text: Callable[[Any], str] = lambda event: "") -> Told:
    return Told(_venue, _noted(action, text), unless_administered=True)


TOLD: Final[dict[type, tuple[Told, ...]]] = {
    OrderAccepted: _to_owner(_accepted),
    OrderRested: _to_owner(_rested),
    OrderRepriced: _to_owner(_repriced),
    StopTriggered: _to_owner(_triggered),
    SelfTradePrevented: _to_owner(_prevented),
    OrderCanceled: _to_owner(_canceled),
    OrderReplaced: _to_owner(_replaced),
    # The resting side first: it learns of a trade it did not ask for.
    Trade: (Told(attrgetter("maker"), made), Told(attrgetter("taker"), taken)),
    AuctionTrade: (Told(attrgetter("buyer"), _bought), Told(attrgetter("seller"), _sold)),
    RequestRejected: (Told(_account_if_any, rejected),),
    OrdersMassCanceled: (
        Told(_account_if_any, _mass_canceled),
        Told(
            _venue_if(lambda event: event.account is None),
            _noted("mass_cancel", lambda event: f"{event.count} orders canceled"),
            unless_administered=True,
        ),
    ),
    events.KillSwitchSet: _to_owner(_kill_switch_set),
    events.AccountBlocked: (
        Told(_account, _account_blocked),
        Told(
            _venue_if(lambda event: event.block is Block.HARD_BREACH),
            _noted("hard_breach", lambda event: event.text),
        ),
    ),
    events.AccountUnblocked: (Told(_account, _account_unblocked), _to_venue("enable_account")),
    events.DeadManArmed: _to_owner(_dead_man_armed),
    events.DeadManFired: (
        Told(_account, _dead_man_fired),
        Told(_venue, _noted("dead_man_fired", lambda event: f"{event.canceled} orders canceled")),
    ),
    events.ProtectionSet: _to_owner(_protection_set),
    events.QuotesPulled: _to_owner(_quotes_pulled),
    events.BalanceAdjusted: (
        # A repeat moved nothing: who ordered it is told so, the account has been told before.
        Told(lambda event: None if event.repeated else event.account, _balance_adjusted),
        Told(
            _venue_if(lambda event: not event.repeated),
            _noted(
                "adjust_balance",
                lambda event: f"{event.amount} {event.asset}, transaction {event.transaction_id}",
            ),
            unless_administered=True,
        ),
    ),
    events.TradeBusted: (
        Told(attrgetter("buyer"), _buy_busted),
        Told(attrgetter("seller"), _sale_busted),
        _to_venue(
            "bust_trade",
            lambda event: (
                f"trade {event.trade_id}: {event.buyer} bought {event.quantity} at {event.price} from {event.seller}"
            ),
        ),
    ),
    events.InstrumentAdded: (_to_venue("add_instrument"),),
    events.AccountSet: (_to_venue("set_account", lambda event: f"role {event.role}"),),
    events.LimitsSet: (_to_venue("set_limits"),),
    events.FeesSet: (_to_venue("set_fees"),),
    events.LastPriceSet: (_to_venue("set_last_price", lambda event: f"to {event.price}"),),
    events.PhaseChanged: (
        _to_venue("change_phase", lambda event: f"from {event.previous} to {event.phase}"),
    ),
    events.AuctionExtended: (
        _to_venue("auction_extended", lambda event: f"{event.phase} goes on: it would be at {event.price}"),
    ),
    events.DayEnded: (_to_venue("end_day", lambda event: f"{event.canceled} orders canceled"),),
    events.NoticeSent: (_to_venue("broadcast", lambda event: event.text),),
    events.Administered: (Told(attrgetter("by"), admin_done), Told(_venue, _audited)),
    # Their parts tell it all: each cancel, each trade.
    events.OrdersExpired: (),
    events.SessionCanceled: (),
    events.AuctionHeld: (),
}
"""All kinds of events; in this order is told who is concerned."""

FREQUENT: Final[dict[type, Builder]] = {
    kind: told[0].build for kind, told in TOLD.items() if [one.whom for one in told] == [_account]
}
"""Those that always concern one account, their ``account``: nearly all there are, so that delivering them
is written out and takes a single look-up."""


def concerned(event: Any, group: Events) -> Iterator[tuple[AccountId, Builder]]:
    """Whom an event of a command's ``group`` concerns, and what makes the message for it."""
    for whom, build, unless_administered in TOLD[type(event)]:
        account = whom(event)
        if account is not None and not (unless_administered and type(group[-1]) is events.Administered):
            yield account, build

"""Events to private answers: what each account is told, in its numbered stream.

In: the events of one command. Out: messages in the outboxes of the account's connections, each with
the next number of the account's private stream; and every event about a phase to who keeps the
schedule. The numbers run on whether or not anyone listens: they are part of the venue's state, so
that after a restart the stream goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, cast

import msgspec

from exchange.engine.engine import Events
from exchange.engine.events import (
    AuctionExtended,
    AuctionTrade,
    LastPriceSet,
    OrderAccepted,
    OrderCanceled,
    OrderReplaced,
    OrderRepriced,
    OrderRested,
    OrdersMassCanceled,
    PhaseChanged,
    RequestRejected,
    SelfTradePrevented,
    StopTriggered,
    Trade,
)
from exchange.peers import Peer, Touched
from protocol import messages
from protocol.desk import AdminDone
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
from protocol.vocabulary import AccountId, Liquidity, Nanoseconds, Sequence, Side

# Members of an enum cost a dictionary look-up in a class each time; module constants do not.
_MAKER, _TAKER, _AUCTION = Liquidity.MAKER, Liquidity.TAKER, Liquidity.AUCTION
_BUY, _SELL = Side.BUY, Side.SELL

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

PhaseEvent = PhaseChanged | AuctionExtended


class PrivateStream:
    """One account's stream: the number of its last message, and who listens."""

    __slots__ = ("last_seq", "readers")

    def __init__(self, last_seq: Sequence = 0) -> None:
        self.last_seq = last_seq
        self.readers: list[Peer] = []


class _Streams(dict[AccountId, PrivateStream]):
    """Streams by account, each made on first sight."""

    def __missing__(self, account: AccountId) -> PrivateStream:
        self[account] = stream = PrivateStream()
        return stream


class Reports:
    """All private streams."""

    def __init__(self, touched: Touched) -> None:
        self.streams: dict[AccountId, PrivateStream] = _Streams()
        self.on_phase: Callable[[PhaseEvent], None] | None = None
        """Called for each event about a phase, whoever caused it."""
        self._touched = touched

    def stream(self, account: AccountId) -> PrivateStream:
        """The account's stream, made on first sight."""
        return self.streams[account]

    def deliver(
        self, at_ns: Nanoseconds, events: Events, sender: Peer | None = None, line: int | None = None
    ) -> None:
        """Tell everyone concerned, in the order of the events. ``line`` is where ``sender`` wrote the request.

        Messages are built only if someone listens; their numbers run on all the same.
        """
        event: Any
        for event in events:
            message_of = _MESSAGES.get(type(event))
            if message_of is not None:
                stream = self.streams[event.account]
                stream.last_seq = seq = stream.last_seq + 1
                if stream.readers:
                    message = message_of(seq, at_ns, event)
                    for reader in stream.readers:
                        reader.outbox.append(message)
                        if not reader.touched:
                            self._touch(reader)
            elif type(event) is Trade:
                self._trade(at_ns, event)
            elif type(event) is RequestRejected:
                self._rejected(at_ns, event, sender, line)
            else:
                self._rare(at_ns, event)

    def count(self, replayed: Iterable[Events]) -> None:
        """Run the numbers on as ``deliver`` does, for commands out of the journal: nobody listens yet."""
        streams = self.streams
        event: Any
        for events in replayed:
            for event in events:
                kind = type(event)
                if kind in _MESSAGES:
                    streams[event.account].last_seq += 1
                elif kind is Trade:
                    streams[event.maker].last_seq += 1
                    streams[event.taker].last_seq += 1
                elif kind is AuctionTrade:
                    streams[event.buyer].last_seq += 1
                    streams[event.seller].last_seq += 1
                elif (kind is RequestRejected or kind in _IF_ASKED) and event.account is not None:
                    streams[event.account].last_seq += 1

    def _touch(self, reader: Peer) -> None:
        reader.touched = True
        self._touched.append(reader)

    def _tell(self, account: AccountId, make: Callable[[Sequence], Message]) -> None:
        """The next message of the account's stream; for what is rare, ``deliver`` has this written out."""
        stream = self.streams[account]
        stream.last_seq = seq = stream.last_seq + 1
        if stream.readers:
            message = make(seq)
            for reader in stream.readers:
                reader.outbox.append(message)
                if not reader.touched:
                    self._touch(reader)

    def _trade(self, at_ns: Nanoseconds, event: Trade) -> None:
        # The resting side first: it learns of a trade it did not ask for.
        stream = self.streams[event.maker]
        stream.last_seq = seq = stream.last_seq + 1
        if stream.readers:
            report = TradeReport(
                seq, at_ns, event.maker_client_order_id, event.maker_order_id, event.symbol,
                _SELL if event.aggressor is _BUY else _BUY, event.trade_id, event.price, event.quantity,
                _MAKER, event.maker_fee, event.maker_cumulative, event.maker_leaves,
            )  # fmt: skip
            for reader in stream.readers:
                reader.outbox.append(report)
                if not reader.touched:
                    self._touch(reader)
        stream = self.streams[event.taker]
        stream.last_seq = seq = stream.last_seq + 1
        if stream.readers:
            report = TradeReport(
                seq, at_ns, event.taker_client_order_id, event.taker_order_id, event.symbol,
                event.aggressor, event.trade_id, event.price, event.quantity,
                _TAKER, event.taker_fee, event.taker_cumulative, event.taker_leaves,
            )  # fmt: skip
            for reader in stream.readers:
                reader.outbox.append(report)
                if not reader.touched:
                    self._touch(reader)

    def _rejected(
        self, at_ns: Nanoseconds, event: RequestRejected, sender: Peer | None, line: int | None
    ) -> None:
        if event.account is None:
            return  # the venue's own request: its operator reads the log
        stream = self.streams[event.account]
        stream.last_seq = seq = stream.last_seq + 1
        for reader in stream.readers:
            # Line numbers mean something only on the connection that sent the line.
            of_reader = line if reader is sender else None
            reader.outbox.append(
                Rejected(
                    seq, at_ns, event.request, event.reason, event.text, event.client_order_id, of_reader
                )
            )
            if not reader.touched:
                self._touch(reader)

    def _rare(self, at_ns: Nanoseconds, event: Any) -> None:
        """What concerns two accounts, or one only if an account asked, or no account at all."""
        if isinstance(event, AuctionTrade):
            self._tell(event.buyer, lambda seq: _bought(seq, at_ns, event))
            self._tell(event.seller, lambda seq: _sold(seq, at_ns, event))
            return
        message_of = _IF_ASKED.get(type(event))
        if message_of is not None and event.account is not None:
            self._tell(event.account, lambda seq: message_of(seq, at_ns, event))
        if isinstance(event, PhaseEvent) and self.on_phase is not None:
            self.on_phase(event)


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


def _mass_canceled(seq: Sequence, at_ns: Nanoseconds, event: OrdersMassCanceled) -> Message:
    return MassCanceled(seq, at_ns, event.count)


def _phase_changed(seq: Sequence, at_ns: Nanoseconds, event: PhaseChanged) -> Message:
    return AdminDone(seq, at_ns, event.symbol, event.phase)


def _auction_extended(seq: Sequence, at_ns: Nanoseconds, event: AuctionExtended) -> Message:
    return AdminDone(seq, at_ns, event.symbol, event.phase, True, event.price)


def _last_price_set(seq: Sequence, at_ns: Nanoseconds, event: LastPriceSet) -> Message:
    return AdminDone(seq, at_ns, event.symbol, price=event.price)


_Builders = dict[type, Callable[[Sequence, Nanoseconds, Any], Message]]

_MESSAGES: Final[_Builders] = {
    OrderAccepted: _accepted,
    OrderRested: _rested,
    OrderRepriced: _repriced,
    StopTriggered: _triggered,
    SelfTradePrevented: _prevented,
    OrderCanceled: _canceled,
    OrderReplaced: _replaced,
}
"""Events that concern one account, and what it is told."""

_IF_ASKED: Final[_Builders] = {
    OrdersMassCanceled: _mass_canceled,
    PhaseChanged: _phase_changed,
    AuctionExtended: _auction_extended,
    LastPriceSet: _last_price_set,
}
"""Events that concern an account if it asked for them. What is in neither table and is no trade and no
refusal nobody is told of in private."""

"""Events to private answers: what each account is told, in its numbered stream.

In: the events of one command. Out: messages in the outboxes of the account's connections, each with
the next number of the account's private stream. The numbers run on whether or not anyone listens:
they are part of the venue's state, so that after a restart the stream goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from exchange.engine.engine import Events
from exchange.engine.events import (
    DayEnded,
    InstrumentAdded,
    OrderAccepted,
    OrderCanceled,
    OrderReplaced,
    OrderRested,
    OrdersMassCanceled,
    RequestRejected,
    Trade,
)
from exchange.peers import Peer, Touched
from protocol.messages import (
    Accepted,
    Canceled,
    MassCanceled,
    Message,
    Rejected,
    Replaced,
    Rested,
    TradeReport,
)
from protocol.vocabulary import AccountId, Liquidity, Nanoseconds, Sequence, Side

# Members of an enum cost a dictionary look-up in a class each time; module constants do not.
_MAKER, _TAKER = Liquidity.MAKER, Liquidity.TAKER
_BUY, _SELL = Side.BUY, Side.SELL


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

    def count(self, replayed: Iterable[Events]) -> None:
        """Run the numbers on as ``deliver`` does, for commands out of the journal: nobody listens yet."""
        streams = self.streams
        for events in replayed:
            for event in events:
                if isinstance(event, Trade):
                    streams[event.maker].last_seq += 1
                    streams[event.taker].last_seq += 1
                elif not isinstance(event, _OF_NO_ACCOUNT) and event.account is not None:
                    streams[event.account].last_seq += 1

    def _touch(self, reader: Peer) -> None:
        reader.touched = True
        self._touched.append(reader)

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


def _accepted(seq: Sequence, at_ns: Nanoseconds, event: OrderAccepted) -> Message:
    return Accepted(
        seq, at_ns, event.client_order_id, event.order_id, event.symbol, event.side, event.quantity,
        event.price, event.order_type, event.time_in_force, event.post_only,
    )  # fmt: skip


def _rested(seq: Sequence, at_ns: Nanoseconds, event: OrderRested) -> Message:
    return Rested(
        seq, at_ns, event.client_order_id, event.order_id, event.symbol, event.price, event.leaves
    )  # fmt: skip


def _canceled(seq: Sequence, at_ns: Nanoseconds, event: OrderCanceled) -> Message:
    return Canceled(
        seq, at_ns, event.client_order_id, event.order_id, event.symbol, event.quantity, event.cumulative,
        event.reason,
    )  # fmt: skip


def _replaced(seq: Sequence, at_ns: Nanoseconds, event: OrderReplaced) -> Message:
    return Replaced(
        seq, at_ns, event.client_order_id, event.order_id, event.symbol, event.quantity, event.price,
        event.cumulative, event.leaves, event.kept_priority,
    )  # fmt: skip


def _mass_canceled(seq: Sequence, at_ns: Nanoseconds, event: OrdersMassCanceled) -> Message:
    return MassCanceled(seq, at_ns, event.count)


_MESSAGES: Final[dict[type, Callable[[Sequence, Nanoseconds, Any], Message]]] = {
    OrderAccepted: _accepted,
    OrderRested: _rested,
    OrderCanceled: _canceled,
    OrderReplaced: _replaced,
    OrdersMassCanceled: _mass_canceled,
}
"""Events that concern one account, and what it is told."""

_OF_NO_ACCOUNT: Final = (InstrumentAdded, DayEnded)
"""Events that nobody is told of in private. The others go to one account, a trade to two."""

"""Events to private answers: what each account is told, in its numbered stream.

In: the events of one command. Out: messages in the outboxes of the account's connections, each with
the next number of the account's private stream. The numbers run on whether or not anyone listens:
they are part of the venue's state, so that after a restart the stream goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exchange.engine.commands import Command
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
from protocol.vocabulary import AccountId, Liquidity, Nanoseconds, Sequence

_MAKER, _TAKER = Liquidity.MAKER, Liquidity.TAKER


class PrivateStream:
    """One account's stream: the number of its last message, and who listens."""

    __slots__ = ("last_seq", "readers")

    def __init__(self, last_seq: Sequence = 0) -> None:
        self.last_seq = last_seq
        self.readers: list[Peer] = []


class Reports:
    """All private streams."""

    def __init__(self, touched: Touched) -> None:
        self.streams: dict[AccountId, PrivateStream] = {}
        self._touched = touched
        self._sender: Peer | None = None
        self._line = 0
        self._writers: dict[type, Callable[[Nanoseconds, Any], None]] = {
            OrderAccepted: self._accepted,
            RequestRejected: self._rejected,
            Trade: self._trade,
            OrderRested: self._rested,
            OrderCanceled: self._canceled,
            OrderReplaced: self._replaced,
            OrdersMassCanceled: self._mass_canceled,
            InstrumentAdded: self._nothing,
            DayEnded: self._nothing,
        }

    def stream(self, account: AccountId) -> PrivateStream:
        """The account's stream, made on first sight."""
        stream = self.streams.get(account)
        if stream is None:
            self.streams[account] = stream = PrivateStream()
        return stream

    def deliver(self, command: Command, events: Events, sender: Peer | None = None, line: int = 0) -> None:
        """Tell everyone concerned, in the order of the events. ``line`` is where ``sender`` wrote the request."""
        self._sender, self._line = sender, line
        at_ns = command.at_ns
        for event in events:
            self._writers[type(event)](at_ns, event)

    def _send(self, stream: PrivateStream, message: Message) -> None:
        for reader in stream.readers:
            reader.outbox.append(message)
            if not reader.touched:
                reader.touched = True
                self._touched.append(reader)

    def _nothing(self, at_ns: Nanoseconds, event: InstrumentAdded | DayEnded) -> None:
        """These concern no account."""

    # One method an event. Each counts first and builds the message only if someone listens: replaying
    # a journal goes the same way and must end at the same numbers.

    def _accepted(self, at_ns: Nanoseconds, event: OrderAccepted) -> None:
        stream = self.streams.get(event.account) or self.stream(event.account)
        stream.last_seq = seq = stream.last_seq + 1
        if stream.readers:
            self._send(
                stream,
                Accepted(
                    seq, at_ns, event.client_order_id, event.order_id, event.symbol, event.side,
                    event.quantity, event.price, event.order_type, event.time_in_force, event.post_only,
                ),
            )  # fmt: skip

    def _trade(self, at_ns: Nanoseconds, event: Trade) -> None:
        # The resting side first: it learns of a trade it did not ask for.
        stream = self.streams.get(event.maker) or self.stream(event.maker)
        stream.last_seq = seq = stream.last_seq + 1
        if stream.readers:
            self._send(
                stream,
                TradeReport(
                    seq, at_ns, event.maker_client_order_id, event.maker_order_id, event.symbol,
                    event.aggressor.opposite, event.trade_id, event.price, event.quantity, _MAKER,
                    event.maker_fee, event.maker_cumulative, event.maker_leaves,
                ),
            )  # fmt: skip
        stream = self.streams.get(event.taker) or self.stream(event.taker)
        stream.last_seq = seq = stream.last_seq + 1
        if stream.readers:
            self._send(
                stream,
                TradeReport(
                    seq, at_ns, event.taker_client_order_id, event.taker_order_id, event.symbol,
                    event.aggressor, event.trade_id, event.price, event.quantity, _TAKER,
                    event.taker_fee, event.taker_cumulative, event.taker_leaves,
                ),
            )  # fmt: skip

    def _rested(self, at_ns: Nanoseconds, event: OrderRested) -> None:
        stream = self.stream(event.account)
        stream.last_seq = seq = stream.last_seq + 1
        if stream.readers:
            self._send(
                stream,
                Rested(
                    seq, at_ns, event.client_order_id, event.order_id, event.symbol, event.price, event.leaves
                ),
            )

    def _canceled(self, at_ns: Nanoseconds, event: OrderCanceled) -> None:
        stream = self.streams.get(event.account) or self.stream(event.account)
        stream.last_seq = seq = stream.last_seq + 1
        if stream.readers:
            self._send(
                stream,
                Canceled(
                    seq, at_ns, event.client_order_id, event.order_id, event.symbol, event.quantity,
                    event.cumulative, event.reason,
                ),
            )  # fmt: skip

    def _replaced(self, at_ns: Nanoseconds, event: OrderReplaced) -> None:
        stream = self.stream(event.account)
        stream.last_seq = seq = stream.last_seq + 1
        if stream.readers:
            self._send(
                stream,
                Replaced(
                    seq, at_ns, event.client_order_id, event.order_id, event.symbol, event.quantity,
                    event.price, event.cumulative, event.leaves, event.kept_priority,
                ),
            )  # fmt: skip

    def _mass_canceled(self, at_ns: Nanoseconds, event: OrdersMassCanceled) -> None:
        stream = self.stream(event.account)
        stream.last_seq = seq = stream.last_seq + 1
        if stream.readers:
            self._send(stream, MassCanceled(seq, at_ns, event.count))

    def _rejected(self, at_ns: Nanoseconds, event: RequestRejected) -> None:
        if event.account is None:
            return  # the venue's own request: its operator reads the log
        stream = self.stream(event.account)
        stream.last_seq = seq = stream.last_seq + 1
        for reader in stream.readers:
            # Line numbers mean something only on the connection that sent the line.
            line = self._line if reader is self._sender else None
            reader.outbox.append(
                Rejected(seq, at_ns, event.request, event.reason, event.text, event.client_order_id, line)
            )
            if not reader.touched:
                reader.touched = True
                self._touched.append(reader)

"""Events to private messages: what each account is told, in its numbered stream.

In: the events of one command. Out: messages in the outboxes of the account's connections and, as
drop copies, of others', each with the next number of the account's private stream; the venue's own
stream, which is its audit; and hooks for who keeps the schedule and who knows all connections. The
streams run on whether or not anyone listens: they are part of the venue's state, are kept
(``exchange.history``), and can be asked for again from any number.
"""

from collections.abc import Callable, Iterable
from typing import Any

from exchange.engine.engine import Events
from exchange.engine.events import (
    AuctionExtended,
    AuctionTrade,
    NoticeSent,
    PhaseChanged,
    RequestRejected,
    Trade,
)
from exchange.history import PAGE_MASK, History
from exchange.peers import Peer, Touched
from exchange.report_messages import (
    FREQUENT,
    AnswerBuilder,
    Builder,
    admin_done,
    concerned,
    made,
    rejected,
    taken,
)
from exchange.streams import Streams
from protocol.desk import Notice
from protocol.vocabulary import AccountId, Nanoseconds

PhaseEvent = PhaseChanged | AuctionExtended


class Reports(Streams):
    """All private streams, and what is written into them."""

    def __init__(self, touched: Touched, history: History | None = None) -> None:
        super().__init__(touched, history or History())
        self.on_phase: Callable[[PhaseEvent], None] | None = None
        """Called for each event about a phase, whoever caused it."""
        self.on_notice: Callable[[Notice], None] | None = None
        """Called with what everybody who is connected is to be told."""
        self._tape = self.history.tape
        self._page_is_full = self.history.page_is_full

    def deliver(
        self, at_ns: Nanoseconds, events: Events, sender: Peer | None = None, line: int | None = None
    ) -> None:
        """Tell everyone concerned, in the order of the events. ``line`` is where ``sender`` wrote the request.

        A message is built when someone listens; else only what it is made from is kept.
        """
        event: Any
        for event in events:
            build = FREQUENT.get(type(event))
            if build is not None:
                # As in ``_tell``, written out: nearly all events come here.
                stream = self.streams[event.account]
                stream.last_seq = seq = stream.last_seq + 1
                if stream.readers:
                    message = build(seq, at_ns, event)
                    stream.tail.append(message)
                    for reader in stream.readers:
                        reader.outbox.append(message)
                        if not reader.touched:
                            self._touch(reader)
                else:
                    stream.tail.append((build, at_ns, event))
                if not seq & PAGE_MASK:
                    self._page_is_full(stream)
            elif type(event) is Trade:
                self._trade(at_ns, event)
            elif type(event) is RequestRejected:
                if event.account is not None:
                    self._answer(event.account, rejected, at_ns, event, sender, line)
            else:
                self._rare(at_ns, event, events, sender, line)

    def replay(self, replayed: Iterable[tuple[Nanoseconds, Events]]) -> None:
        """Run the streams on as ``deliver`` does, for commands out of the journal: nobody listens yet."""
        streams = self.streams
        event: Any
        for at_ns, events in replayed:
            for event in events:
                build = FREQUENT.get(type(event))
                if build is None:
                    self._replay_rare(at_ns, event, events)
                    continue
                # As ``History.put_again``, written out: nearly all events come here.
                stream = streams[event.account]
                stream.last_seq = seq = stream.last_seq + 1
                if seq > stream.handed_over:
                    stream.tail.append((build, at_ns, event))
                    if not seq & PAGE_MASK:
                        self._page_is_full(stream)

    def _replay_rare(self, at_ns: Nanoseconds, event: Any, group: Events) -> None:
        put = self.history.put_again
        if type(event) is Trade:
            put(self._tape, event)
            put(self.streams[event.maker], (made, at_ns, event))
            put(self.streams[event.taker], (taken, at_ns, event))
            return
        if type(event) is AuctionTrade:
            put(self._tape, event)
        for account, build in concerned(event, group):
            put(self.streams[account], (build, at_ns, event))

    def _trade(self, at_ns: Nanoseconds, event: Trade) -> None:
        # As ``_print`` and ``_tell``, written out: next to orders and cancels there is nothing as frequent.
        tape = self._tape
        tape.last_seq = seq = tape.last_seq + 1
        tape.tail.append(event)
        if not seq & PAGE_MASK:
            self._page_is_full(tape)
        stream = self.streams[event.maker]
        stream.last_seq = seq = stream.last_seq + 1
        if stream.readers:
            message = made(seq, at_ns, event)
            stream.tail.append(message)
            for reader in stream.readers:
                reader.outbox.append(message)
                if not reader.touched:
                    self._touch(reader)
        else:
            stream.tail.append((made, at_ns, event))
        if not seq & PAGE_MASK:
            self._page_is_full(stream)
        stream = self.streams[event.taker]
        stream.last_seq = seq = stream.last_seq + 1
        if stream.readers:
            message = taken(seq, at_ns, event)
            stream.tail.append(message)
            for reader in stream.readers:
                reader.outbox.append(message)
                if not reader.touched:
                    self._touch(reader)
        else:
            stream.tail.append((taken, at_ns, event))
        if not seq & PAGE_MASK:
            self._page_is_full(stream)

    def _tell(self, account: AccountId, build: Builder, at_ns: Nanoseconds, event: Any) -> None:
        """The next message of the account's stream."""
        stream = self.streams[account]
        stream.last_seq = seq = stream.last_seq + 1
        stream.tail.append((build, at_ns, event))
        for reader in stream.readers:
            reader.outbox.append(build(seq, at_ns, event))
            if not reader.touched:
                self._touch(reader)
        if not seq & PAGE_MASK:
            self._page_is_full(stream)

    def _answer(
        self,
        account: AccountId,
        build: AnswerBuilder,
        at_ns: Nanoseconds,
        event: Any,
        sender: Peer | None,
        line: int | None,
    ) -> None:
        """As ``_tell``; but line numbers mean something only on the connection that sent the line."""
        stream = self.streams[account]
        stream.last_seq = seq = stream.last_seq + 1
        # Kept is what everybody but the sender gets.
        stream.tail.append((build, at_ns, event))
        for reader in stream.readers:
            reader.outbox.append(build(seq, at_ns, event, line if reader is sender else None))
            if not reader.touched:
                self._touch(reader)
        if not seq & PAGE_MASK:
            self._page_is_full(stream)

    def _print(self, trade: Trade | AuctionTrade) -> None:
        """Keep the trade itself: it may have to be undone."""
        tape = self._tape
        tape.last_seq = seq = tape.last_seq + 1
        tape.tail.append(trade)
        if not seq & PAGE_MASK:
            self._page_is_full(tape)

    def _rare(
        self, at_ns: Nanoseconds, event: Any, group: Events, sender: Peer | None, line: int | None
    ) -> None:
        """What concerns two accounts, or the venue, or an account only sometimes, or nobody."""
        if type(event) is AuctionTrade:
            self._print(event)
        for account, build in concerned(event, group):
            if build is admin_done:
                self._answer(account, admin_done, at_ns, event, sender, line)
            else:
                self._tell(account, build, at_ns, event)
        if isinstance(event, PhaseEvent):
            if self.on_phase is not None:
                self.on_phase(event)
        elif isinstance(event, NoticeSent) and self.on_notice is not None:
            self.on_notice(Notice(at_ns, event.text))

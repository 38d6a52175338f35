"""The venue without I/O: requests of connected peers in, their answers and the public streams out.

In: messages with their line numbers, one chunk of a peer at a time. Out: outboxes filled in the right order
(private reports of a command before its public print), and, once a turn, the commands to journal
together with the bytes that must wait for them. Knows neither sockets nor the event loop, so any
runtime can drive it.
"""

from collections.abc import Callable
from typing import Final

from exchange.access import Access
from exchange.desk import Desk
from exchange.engine.commands import Command, EndDay
from exchange.engine.engine import Engine, Events
from exchange.engine.events import DayEnded, RequestRejected
from exchange.engine.sequencer import Sequencer, Turn
from exchange.intake import order_entry
from exchange.market_data.hub import MarketData
from exchange.market_data.keys import NoSuchStream, StreamKey, key_of
from exchange.metrics import Metric
from exchange.peers import Output, Peer, Touched
from exchange.reception import Reception
from exchange.reports import Reports
from exchange.roles import refusal_of
from exchange.standing import order_state
from protocol import messages
from protocol.desk import AccountRequest, AdminRequest, MassQuote
from protocol.errors import InvariantViolated, LocalProtocolError, RemoteProtocolError
from protocol.fields import Message
from protocol.session import Inbound
from protocol.vocabulary import AccountId, ErrorCode, Nanoseconds, RejectReason

Observer = Callable[[AccountId | None, Command, Events], None]
"""Sees every command with its events, after the engine; for logs."""


class Venue:
    """One market with everybody who is connected to it."""

    def __init__(
        self,
        name: str,
        sequencer: Sequencer,
        reports: Reports,
        touched: Touched,
        access: Access,
        observe: Observer | None = None,
    ) -> None:
        """``touched`` is the list that ``reports`` writes into as well."""
        self.name = name
        self.sequencer = sequencer
        self.reports = reports
        self.access = access
        self.metrics = access.metrics
        self._touched = touched
        self.market_data = MarketData(self.engine.books.get, touched)
        self.on_deadline: Callable[[Nanoseconds], None] | None = None
        """Called with the deadline of each order that has one, before it is entered, and of dead-man switches."""
        self._observe = observe
        self._submit = sequencer.submit
        self._deliver = reports.deliver
        self.desk = Desk(self)
        self._reception = Reception(self, access, order_entry(self._note_deadline))

    @property
    def engine(self) -> Engine:
        return self.sequencer.engine

    @property
    def has_output(self) -> bool:
        """Whether there is anything to journal or to send."""
        return bool(self._touched) or self.sequencer.has_turn or self.market_data.has_news

    # -- requests ------------------------------------------------------------------------------

    def handle(self, peer: Peer, inbound: list[Inbound], effort: int | None = None) -> list[Inbound]:
        """Act on what ``ServerSession.receive_data`` returned; answers gather in the outboxes.

        What follows a line after which the peer is to be hung up on is not looked at. Orders are bounded by who
        hands them in; ``effort`` bounds the rest, some of which is far dearer: that many lines, or so many quotes.
        Returns what was not come to.
        """
        account = peer.session.account or _NOBODY
        # Nobody, and who may only look on, has nothing in there.
        entry, submit, deliver = peer.entry, self._submit, self._deliver
        market_data, observe = self.market_data, self._observe
        for line, message in inbound:
            try:
                make = entry[type(message)]
            except KeyError:
                self._handle_other(peer, line, message)
                if peer.closing:
                    return []
                if effort is not None:
                    effort -= len(message.quotes) if isinstance(message, MassQuote) else 1
                    if effort <= 0:
                        return [later for later in inbound if later[0] > line]
                continue
            command = make(account, message)
            events = submit(command)
            deliver(command.at_ns, events, peer, line)
            if market_data.active:
                market_data.publish(command.at_ns, events)
            elif len(events) > 1:
                market_data.note(command.at_ns, events)
            if observe is not None:
                observe(account, command, events)
            if type(events[0]) is RequestRejected:
                self._count_refusal(peer, account, command, events[0])
        return []

    def carry_out(
        self, account: AccountId | None, command: Command, sender: Peer | None = None, line: int | None = None
    ) -> Events:
        """What ``handle`` has written out: a command and everything that follows from it."""
        events = self._submit(command)
        self._deliver(command.at_ns, events, sender, line)
        if self.market_data.active:
            self.market_data.publish(command.at_ns, events)
        elif len(events) > 1 or type(events[0]) is DayEnded:
            self.market_data.note(command.at_ns, events)
        if self._observe is not None:
            self._observe(account, command, events)
        first = events[0]
        if type(first) is RequestRejected:
            self.metrics.refuse(command, first.reason)
            if sender is not None:
                self.metrics.add(Metric.REQUESTS_REJECTED)
        return events

    def act(self, command: Command) -> Events:
        """Carry out a command of the venue itself, such as listing an instrument."""
        return self.carry_out(None, command)

    def end_day(self) -> Events:
        """End the trading day: DAY orders go, used client order ids are free again."""
        return self.act(EndDay())

    def now_ns(self) -> Nanoseconds:
        """The venue's time: that of the machine, but never set back."""
        return self.sequencer.now_ns()

    def _handle_other(self, peer: Peer, line: int, message: Message | RemoteProtocolError) -> None:
        self.touch(peer)  # before anything is put into its outbox
        match message:
            case RemoteProtocolError():
                self._fail(peer, message)
            case messages.Login():
                self._reception.log_in(peer, line, message)
            case messages.Logout():
                self._reception.end(peer)
                peer.session.log_out("bye")
                peer.closing = True
            case _:
                refusal = refusal_of(peer.role, message)
                if refusal is None:
                    self._answer(peer, line, message)
                else:
                    self.metrics.add(Metric.ROLE_REFUSALS)
                    code, text = refusal
                    peer.session.fail(RemoteProtocolError(code, f"{peer.account} {text}", line))

    def _fail(self, peer: Peer, fault: RemoteProtocolError) -> None:
        """A line that was no message, or not one for this moment; some of them end the session."""
        peer.faults += 1
        too_long = fault.code is ErrorCode.LINE_TOO_LONG
        self.metrics.add(Metric.LINES_TOO_LONG if too_long else Metric.LINES_INVALID)
        if peer.session.ends_with(fault):
            self._reception.end(peer)
            peer.closing = True
        peer.session.fail(fault)

    def _answer(self, peer: Peer, line: int, message: Message) -> None:
        """A request that its session may make and that is no order."""
        match message:
            case messages.OrderStatus():
                self._report_status(peer, line, message)
            case messages.Subscribe():
                self._subscribe(peer, line, message)
            case messages.Unsubscribe():
                self._unsubscribe(peer, line, message)
            case _ if isinstance(message, AccountRequest | AdminRequest):
                self.desk.handle(peer, line, message)
            case _:
                raise LocalProtocolError(f"a session let {type(message).__name__} pass")

    def _count_refusal(
        self, peer: Peer, account: AccountId, command: Command, refused: RequestRejected
    ) -> None:
        """Count it; and who sent an order twice is told what became of it the first time (rule 46)."""
        self.metrics.add(Metric.REQUESTS_REJECTED)
        self.metrics.refuse(command, refused.reason)
        if refused.reason is RejectReason.DUPLICATE_CLIENT_ORDER_ID and refused.client_order_id is not None:
            self.metrics.add(Metric.DUPLICATE_ORDERS)
            first = self.engine.accounts.by_name[account].orders[refused.client_order_id]
            peer.outbox.append(order_state(first))
            self.touch(peer)

    def _note_deadline(self, deadline_ns: Nanoseconds) -> None:
        if self.on_deadline is not None:
            self.on_deadline(deadline_ns)

    def touch(self, peer: Peer) -> None:
        """The peer's outbox has something in it, or it is to be closed."""
        if not peer.touched:
            peer.touch(self._touched)

    def _report_status(self, peer: Peer, line: int, asked: messages.OrderStatus) -> None:
        account = self.engine.accounts.by_name.get(_known(peer.account))
        order = account.orders.get(asked.client_order_id) if account else None
        if order is None:
            text = f"no order {asked.client_order_id!r}"
            peer.session.fail(RemoteProtocolError(ErrorCode.UNKNOWN_ORDER, text, line))
            return
        peer.outbox.append(order_state(order))

    def _subscribe(self, peer: Peer, line: int, asked: messages.Subscribe) -> None:
        key = self._key(peer, line, asked)
        if key is None:
            return
        if key in peer.subscriptions:
            text = f"subscribed to {key} already"
            peer.session.fail(RemoteProtocolError(ErrorCode.ALREADY_SUBSCRIBED, text, line))
        else:
            peer.outbox.append(key.subscribed())
            self.market_data.subscribe(peer, key)

    def _unsubscribe(self, peer: Peer, line: int, asked: messages.Unsubscribe) -> None:
        key = self._key(peer, line, asked)
        if key is None:
            return
        if key not in peer.subscriptions:
            text = f"not subscribed to {key}"
            peer.session.fail(RemoteProtocolError(ErrorCode.NOT_SUBSCRIBED, text, line))
        else:
            self.market_data.unsubscribe(peer, key)
            peer.outbox.append(key.unsubscribed())

    def _key(
        self, peer: Peer, line: int, asked: messages.Subscribe | messages.Unsubscribe
    ) -> StreamKey | None:
        """The stream that is meant; if there is none, the peer is told so."""
        try:
            key = key_of(asked)
            self.market_data.check(key)
        except NoSuchStream as error:
            peer.session.fail(RemoteProtocolError(error.code, error.text, line))
            return None
        return key

    # -- sessions ------------------------------------------------------------------------------

    def sessions(self) -> list[Peer]:
        """Who is logged in, oldest first."""
        return self._reception.sessions()

    def disconnect(self, account: AccountId, code: ErrorCode, text: str) -> None:
        """End all sessions of an account, and say why."""
        self._reception.disconnect(account, code, text)

    def hang_up(self, peer: Peer, code: ErrorCode, text: str) -> None:
        """End one session, and say why."""
        self._reception.hang_up(peer, code, text)

    def end_session(self, peer: Peer) -> None:
        """The peer is about to be told its last word: what it entered goes now, if it asked for that."""
        self._reception.end(peer)

    def cancel_lost(self) -> None:
        """The venue starts: cancel what sessions of its last run should have taken with them."""
        self._reception.cancel_lost()

    def leave(self, peer: Peer) -> None:
        """The peer's connection is gone, or as good as gone. Its orders stay, unless it wanted otherwise."""
        self._reception.end(peer)
        self.market_data.unsubscribe_all(peer)
        self.reports.leave(peer)

    # -- turns ---------------------------------------------------------------------------------

    def take_turn(self) -> Turn | None:
        """The commands since the last turn, for the journal; ``None`` if there were none."""
        return self.sequencer.take_turn()

    def take_output(self) -> list[Output]:
        """What everybody is to be sent, one piece a peer; it may leave when the turn is in the journal."""
        market_data = self.market_data
        market_data.flush()
        output: list[Output] = []
        for peer in self._touched:
            peer.touched = False
            data = peer.session.data_to_send()
            if peer.closing:
                market_data.unsubscribe_all(peer)
            output.append(Output(peer, data, peer.closing))
        self._touched.clear()
        if market_data.has_news:
            output += market_data.end_turn()
        return output

    def only_touched(self, peer: Peer) -> bool:
        """Whether this turn concerns nobody but ``peer``."""
        touched = self._touched
        return len(touched) == 1 and touched[0] is peer and not self.market_data.is_heard


_NOBODY: Final = AccountId("")
"""Stands for the account of a peer that has none."""


def _known(account: AccountId | None) -> AccountId:
    if account is None:
        raise InvariantViolated("a request passed the session before the login")
    return account

"""The venue without I/O: requests of connected peers in, their answers and the public streams out.

In: messages with their line numbers, one chunk of a peer at a time. Out: outboxes filled in the right order
(private reports of a command before its public print), and, once a turn, the commands to journal
together with the bytes that must wait for them. Knows neither sockets nor the event loop, so any
runtime can drive it.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple

from exchange.engine.commands import Command, EndDay
from exchange.engine.engine import Engine, Events
from exchange.engine.sequencer import Sequencer, Turn
from exchange.intake import ADMINISTRATION, order_entry
from exchange.market_data import MarketData
from exchange.peers import Peer, Touched
from exchange.reports import Reports
from exchange.standing import instrument_info, open_order, order_state
from protocol import messages
from protocol.errors import InvariantViolated, LocalProtocolError, RemoteProtocolError
from protocol.fields import Message
from protocol.messages import PROTOCOL_VERSION, PositionInfo
from protocol.session import Inbound
from protocol.vocabulary import AccountId, ErrorCode, Nanoseconds

Observer = Callable[[AccountId | None, Command, Events], None]
"""Sees every command with its events, after the engine; for logs."""


class Output(NamedTuple):
    """What a peer is to be sent once the turn's commands are safe."""

    peer: Peer
    data: bytes
    last: bool
    """Hang up after it. As of this turn: a peer that closes now may have older output on its way."""


class Venue:
    """One market with everybody who is connected to it."""

    def __init__(
        self,
        name: str,
        sequencer: Sequencer,
        reports: Reports,
        touched: Touched,
        observe: Observer | None = None,
        operators: Collection[AccountId] = (),
    ) -> None:
        """``touched`` is the list that ``reports`` writes into as well.

        ``operators``: accounts that may change phases and set last prices.
        """
        self.name = name
        self.operators = frozenset(operators)
        self.sequencer = sequencer
        self.reports = reports
        self._touched = touched
        self.market_data = MarketData(self.engine.books.get, touched)
        self.on_deadline: Callable[[Nanoseconds], None] | None = None
        """Called with the deadline of each order that has one, before it is entered."""
        self._order_entry = order_entry(self._note_deadline)
        self._observe = observe
        self._submit = sequencer.submit
        self._deliver = reports.deliver

    @property
    def engine(self) -> Engine:
        return self.sequencer.engine

    @property
    def has_output(self) -> bool:
        """Whether there is anything to journal or to send."""
        return bool(self._touched) or self.sequencer.has_turn or self.market_data.has_news

    # -- requests ------------------------------------------------------------------------------

    def handle(self, peer: Peer, inbound: list[Inbound]) -> None:
        """Act on what ``ServerSession.receive_data`` returned; answers gather in the outboxes.

        What follows a line after which the peer is to be hung up on is not looked at.
        """
        account = peer.session.account
        order_entry, submit, deliver = self._order_entry, self._submit, self._deliver
        market_data, observe = self.market_data, self._observe
        for line, message in inbound:
            try:
                make = order_entry[type(message)]
            except KeyError:
                make = None
            if make is None or account is None:
                self._handle_other(peer, line, message)
                if peer.closing:
                    return
                continue
            command = make(account, message)
            events = submit(command)
            deliver(command.at_ns, events, peer, line)
            if market_data.active:
                market_data.publish(command.at_ns, events)
            if observe is not None:
                observe(account, command, events)

    def act(self, command: Command) -> Events:
        """Carry out a command of the venue itself, such as listing an instrument."""
        return self._carry_out(None, command)

    def end_day(self) -> Events:
        """End the trading day: DAY orders go, used client order ids are free again."""
        return self.act(EndDay())

    def _handle_other(self, peer: Peer, line: int, message: Message | RemoteProtocolError) -> None:
        match message:
            case RemoteProtocolError():
                peer.session.fail(message)
                peer.closing = peer.closing or message.code is ErrorCode.LINE_TOO_LONG
            case messages.Login():
                self._welcome(peer, message)
            case messages.Logout():
                peer.session.log_out("bye")
                peer.closing = True
            case messages.OrderStatus():
                self._report_status(peer, line, message)
            case messages.Subscribe():
                self._subscribe(peer, line, message)
            case messages.Unsubscribe():
                self._unsubscribe(peer, line, message)
            case desk.ChangePhase() | desk.SetLastPrice():
                self._administer(peer, line, message)
            case _:
                raise LocalProtocolError(f"a session let {type(message).__name__} pass")
        self.touch(peer)

    def _administer(self, peer: Peer, line: int, request: desk.ChangePhase | desk.SetLastPrice) -> None:
        account = _known(peer.account)
        if account not in self.operators:
            text = f"{account} is no operator of this venue"
            peer.session.fail(RemoteProtocolError(ErrorCode.NOT_AN_OPERATOR, text, line))
            return
        self._carry_out(account, ADMINISTRATION[type(request)](account, request), peer, line)

    def _carry_out(
        self, account: AccountId | None, command: Command, sender: Peer | None = None, line: int | None = None
    ) -> Events:
        """What ``handle`` has written out: a command and everything that follows from it."""
        events = self._submit(command)
        self._deliver(command.at_ns, events, sender, line)
        if self.market_data.active:
            self.market_data.publish(command.at_ns, events)
        if self._observe is not None:
            self._observe(account, command, events)
        return events

    def _note_deadline(self, deadline_ns: Nanoseconds) -> None:
        if self.on_deadline is not None:
            self.on_deadline(deadline_ns)

    def touch(self, peer: Peer) -> None:
        """The peer's outbox has something in it, or it is to be closed."""
        if not peer.touched:
            peer.touched = True
            self._touched.append(peer)

    def _welcome(self, peer: Peer, login: messages.Login) -> None:
        account = self.engine.accounts.by_name.get(login.account)
        stream = self.reports.stream(login.account)
        peer.session.welcome(
            messages.Welcome(
                account=login.account,
                venue=self.name,
                version=PROTOCOL_VERSION,
                seq=stream.last_seq,
                heartbeat_s=login.heartbeat_s,
                instruments=[instrument_info(book) for book in self.engine.books.values()],
                positions=[
                    PositionInfo(symbol=symbol, quantity=quantity)
                    for symbol, quantity in sorted(account.positions.items() if account else ())
                    if quantity
                ],
                open_orders=[open_order(order) for order in self.engine.open_orders(login.account)],
            )
        )
        stream.readers.append(peer)

    def _report_status(self, peer: Peer, line: int, asked: messages.OrderStatus) -> None:
        account = self.engine.accounts.by_name.get(_known(peer.account))
        order = account.orders.get(asked.client_order_id) if account else None
        if order is None:
            text = f"no order {asked.client_order_id!r}"
            peer.session.fail(RemoteProtocolError(ErrorCode.UNKNOWN_ORDER, text, line))
            return
        peer.outbox.append(order_state(order))

    def _subscribe(self, peer: Peer, line: int, asked: messages.Subscribe) -> None:
        if self.market_data.feed(asked.symbol) is None:
            peer.session.fail(_unknown_symbol(asked.symbol, line))
        elif (asked.channel, asked.symbol) in peer.subscriptions:
            text = f"subscribed to {asked.channel} of {asked.symbol} already"
            peer.session.fail(RemoteProtocolError(ErrorCode.ALREADY_SUBSCRIBED, text, line))
        else:
            peer.outbox.append(messages.Subscribed(channel=asked.channel, symbol=asked.symbol))
            self.market_data.subscribe(peer, asked.channel, asked.symbol)

    def _unsubscribe(self, peer: Peer, line: int, asked: messages.Unsubscribe) -> None:
        if self.market_data.feed(asked.symbol) is None:
            peer.session.fail(_unknown_symbol(asked.symbol, line))
        elif (asked.channel, asked.symbol) not in peer.subscriptions:
            text = f"not subscribed to {asked.channel} of {asked.symbol}"
            peer.session.fail(RemoteProtocolError(ErrorCode.NOT_SUBSCRIBED, text, line))
        else:
            self.market_data.unsubscribe(peer, asked.channel, asked.symbol)
            peer.outbox.append(messages.Unsubscribed(channel=asked.channel, symbol=asked.symbol))

    def leave(self, peer: Peer) -> None:
        """The peer's connection is gone. Its orders stay."""
        self.market_data.unsubscribe_all(peer)
        account = peer.account
        if account is not None and account in self.reports.streams:
            readers = self.reports.streams[account].readers
            if peer in readers:
                readers.remove(peer)

    # -- turns ---------------------------------------------------------------------------------

    def take_turn(self) -> Turn | None:
        """The commands since the last turn, for the journal; ``None`` if there were none."""
        return self.sequencer.take_turn()

    def take_output(self) -> list[Output]:
        """What everybody is to be sent, one piece a peer; it may leave when the turn is in the journal."""
        self.market_data.flush()
        output: list[Output] = []
        for peer in self._touched:
            peer.touched = False
            output.append(Output(peer, peer.session.data_to_send(), peer.closing))
        self._touched.clear()
        return output

    def only_touched(self, peer: Peer) -> bool:
        """Whether this turn concerns nobody but ``peer``."""
        touched = self._touched
        return len(touched) == 1 and touched[0] is peer


def _known(account: AccountId | None) -> AccountId:
    if account is None:
        raise InvariantViolated("a request passed the session before the login")
    return account


def _unknown_symbol(symbol: str, line: int) -> RemoteProtocolError:
    return RemoteProtocolError(ErrorCode.UNKNOWN_SYMBOL, f"no instrument {symbol!r}", line)

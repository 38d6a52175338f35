"""Where the venue's private reports go in a simulation: straight into the hands of the agents.

In: the events of each command, as ``exchange.reports`` gets them. Out: for each account that an agent has taken, its
reports, one by one, not built yet; who has no agent, a bot on a connection for one, is told through its stream as on
any venue. After the private reports of a command the public side is told of it (rule 47).
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from mypy_extensions import mypyc_attr

from exchange.engine.engine import Events
from exchange.engine.events import AuctionTrade, OrderAccepted, OrderCanceled, RequestRejected, Trade
from exchange.peers import Peer, Touched
from exchange.report_messages import FREQUENT, AnswerBuilder, Builder, made, rejected, taken
from exchange.reports import Reports
from protocol.fields import Message
from protocol.messages import Accepted
from protocol.vocabulary import AccountId, ClientOrderId, Nanoseconds, Sequence


@mypyc_attr(allow_interpreted_subclasses=True)
class Mailbox:
    """Where the reports of an account go."""

    __slots__ = ()

    def put(self, build: Builder, at_ns: Nanoseconds, event: Any) -> None:
        """Take a report: what builds it, the time it carries, the event."""
        raise NotImplementedError


Public = Callable[[Nanoseconds, Events], None]

Forget = Callable[[AccountId, ClientOrderId], None]


def _accepted(seq: Sequence, at_ns: Nanoseconds, event: OrderAccepted) -> Message:
    """For a reader in the same process: what goes over the wire without its defaults is no ``Accepted`` before it was
    decoded.
    """
    if event.terms is not None:
        return FREQUENT[OrderAccepted](seq, at_ns, event)
    return Accepted(
        seq, at_ns, event.client_order_id, event.order_id, event.symbol, event.side, event.quantity, event.price,
        event.order_type, event.time_in_force, event.post_only,
    )  # fmt: skip


_BUILDERS: Final[dict[type, Builder]] = {**FREQUENT, OrderAccepted: _accepted}


class Mailroom(Reports):
    """The reports of a simulated venue."""

    def __init__(self, touched: Touched) -> None:
        super().__init__(touched)
        self.mailboxes: dict[AccountId, Mailbox] = {}
        self.public: Public = _nobody
        self.forget: Forget = _nothing
        """Called with the orders of agents that are done: nobody asks for them again, and a day of ten thousand agents has
        millions. An agent uses no name twice.
        """
        self._read: set[AccountId] = set()  # accounts of agents whose reports sessions read, too

    def deliver(
        self, at_ns: Nanoseconds, events: Events, sender: Peer | None = None, line: int | None = None
    ) -> None:
        """As in ``Reports``; then the public is told."""
        mailboxes = self.mailboxes
        event: Any
        for event in events:
            kind = type(event)
            build = _BUILDERS.get(kind)
            if build is not None:
                mailbox = mailboxes.get(event.account)
                if mailbox is None:
                    self._tell(event.account, FREQUENT[kind], at_ns, event)
                else:
                    mailbox.put(build, at_ns, event)
                    if kind is OrderCanceled:
                        self.forget(event.account, event.client_order_id)
            elif kind is Trade:
                self._tell(event.maker, made, at_ns, event)
                self._tell(event.taker, taken, at_ns, event)
                if not event.maker_leaves and event.maker in mailboxes:
                    self.forget(event.maker, event.maker_client_order_id)
                if not event.taker_leaves and event.taker in mailboxes:
                    self.forget(event.taker, event.taker_client_order_id)
            elif kind is RequestRejected:
                if event.account is not None:
                    self._answer(event.account, rejected, at_ns, event, sender, line)
            else:
                self._rare(at_ns, event, events, sender, line)
                if kind is AuctionTrade:
                    if not event.buyer_leaves and event.buyer in mailboxes:
                        self.forget(event.buyer, event.buyer_client_order_id)
                    if not event.seller_leaves and event.seller in mailboxes:
                        self.forget(event.seller, event.seller_client_order_id)
        self.public(at_ns, events)

    def join(self, peer: Peer, account: AccountId, resume_from: Sequence | None = None) -> Sequence:
        self._open_up(account)
        return super().join(peer, account, resume_from)

    def copy(
        self,
        peer: Peer,
        accounts: list[AccountId] | None,
        copy_from: Iterable[tuple[AccountId, Sequence]] = (),
    ) -> None:
        for account in self.mailboxes if accounts is None else accounts:
            self._open_up(account)
        super().copy(peer, accounts, copy_from)

    def _open_up(self, account: AccountId) -> None:
        """A session is to read what an agent is told: from now on that is numbered and kept."""
        mailbox = self.mailboxes.get(account)
        if mailbox is None or account in self._read:
            return
        self._read.add(account)
        self.stream(account)  # there is one from now on
        self.mailboxes[account] = _Copied(self, account, mailbox)

    def tell_stream(self, account: AccountId, build: Builder, at_ns: Nanoseconds, event: Any) -> None:
        """Tell the numbered stream of an account, whether it has a mailbox or not."""
        super()._tell(account, build, at_ns, event)

    def _tell(self, account: AccountId, build: Builder, at_ns: Nanoseconds, event: Any) -> None:
        mailbox = self.mailboxes.get(account)
        if mailbox is None:
            super()._tell(account, build, at_ns, event)
        else:
            mailbox.put(build, at_ns, event)

    def _answer(
        self,
        account: AccountId,
        build: AnswerBuilder,
        at_ns: Nanoseconds,
        event: Any,
        sender: Peer | None,
        line: int | None,
    ) -> None:
        mailbox = self.mailboxes.get(account)
        if mailbox is None:
            super()._answer(account, build, at_ns, event, sender, line)
        else:
            # Nobody wrote a line: without its number this builds like any report.
            mailbox.put(cast("Builder", build), at_ns, event)

    def _print(self, trade: Trade | AuctionTrade) -> None:
        """No tape is kept: agents are told of trades as they happen, and ``exchange.market_data`` keeps its tail."""


class _Copied(Mailbox):
    """A mailbox of which a session is told, too."""

    __slots__ = ("_account", "_mailbox", "_mailroom")

    def __init__(self, mailroom: Mailroom, account: AccountId, mailbox: Mailbox) -> None:
        self._mailroom = mailroom
        self._account = account
        self._mailbox = mailbox

    def put(self, build: Builder, at_ns: Nanoseconds, event: Any) -> None:
        self._mailbox.put(build, at_ns, event)
        self._mailroom.tell_stream(self._account, build, at_ns, event)


def _nobody(at_ns: Nanoseconds, events: Events) -> None:
    pass


def _nothing(account: AccountId, name: ClientOrderId) -> None:
    pass

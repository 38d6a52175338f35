"""The desk: what accounts ask about themselves, and what operators ask about everybody.

In: a request that the role of its session allows. Out: commands, each journalled like every other, and
answers. What an operator orders travels in the envelope ``Administer``, with who and why.

The one request that takes its time is ``create_account``: to hash a secret takes tens of milliseconds, which
the venue does not stand still for. Its answer comes when it is done; what the operator asks after it may be
answered before. So that an account is there for certain, wait for its ``admin_done``.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol

from pydantic import ValidationError

from exchange import admin_requests
from exchange.access import VENUE_NAME, hash_secret
from exchange.engine.commands import (
    AddInstrument,
    AdminCommand,
    Administer,
    ArmDeadMan,
    Command,
    SetKillSwitch,
    SetLimits,
    SetProtection,
)
from exchange.engine.engine import Engine, Events
from exchange.engine.events import RequestRejected
from exchange.instrument_config import InstrumentTerms
from exchange.peers import Peer
from exchange.quotes import Quotes
from exchange.reports import Reports
from exchange.standing import account_state
from exchange.venue_file import faults
from protocol import desk
from protocol.desk import AccountRequest, AdminRequest, AuditEntry, SessionInfo
from protocol.errors import InvariantViolated, RemoteProtocolError, ResumeRefused
from protocol.fields import Message
from protocol.vocabulary import AccountId, ErrorCode, Nanoseconds, Symbol

HashLater = Callable[[str, Callable[[str], None]], None]
"""Hashes a secret and calls back with the hash, now or later, on the thread that asked."""

MAX_HASHING: Final = 256
"""Accounts that wait for their hash. Beyond that the venue does stand still for each: that an operator opens
thousands at once is rare, and a queue without a bound would be worse."""

_MILLISECOND_NS: Final = 1_000_000


class Floor(Protocol):
    """What the desk needs of the venue."""

    on_deadline: Callable[[Nanoseconds], None] | None

    @property
    def engine(self) -> Engine: ...

    @property
    def reports(self) -> Reports: ...

    def carry_out(
        self, account: AccountId | None, command: Command, sender: Peer | None = None, line: int | None = None
    ) -> Events:
        """Submit a command, and tell everybody what follows from it."""
        ...

    def touch(self, peer: Peer) -> None:
        """There is something in the peer's outbox."""
        ...

    def sessions(self) -> list[Peer]:
        """Who is logged in, oldest first."""
        ...

    def disconnect(self, account: AccountId, code: ErrorCode, text: str) -> None:
        """End all sessions of an account."""
        ...

    def now_ns(self) -> Nanoseconds:
        """The time."""
        ...


def hash_at_once(secret: str, then: Callable[[str], None]) -> None:
    """For a venue that nobody else waits for."""
    then(hash_secret(secret))


class Desk:
    """Answers what is no order. One for a venue."""

    def __init__(self, floor: Floor, hash_later: HashLater = hash_at_once) -> None:
        self.hash_later = hash_later
        self.on_listed: Callable[[Symbol], None] | None = None
        """Called after an instrument was listed; the schedule knows in which phase it should be."""
        self._floor = floor
        self._quotes = Quotes()
        self._hashing = 0
        self._answers: dict[type, Callable[[Peer, int, Any], None]] = {
            desk.AccountStatus: self._account_status,
            desk.KillSwitch: self._kill_switch,
            desk.DeadMan: self._dead_man,
            desk.SetProtection: self._set_protection,
            desk.MassQuote: self._mass_quote,
            desk.ListSessions: self._list_sessions,
            desk.ListAccounts: self._list_accounts,
            desk.Audit: self._audit,
            desk.CreateAccount: self._create_account,
            desk.DisableAccount: self._disable_account,
            desk.BustTrade: self._bust_trade,
            desk.AddInstrument: self._add_instrument,
            **dict.fromkeys(admin_requests.COMMANDS.keys() - {desk.DisableAccount}, self._as_it_stands),
        }

    def handle(self, peer: Peer, line: int, message: AccountRequest | AdminRequest) -> None:
        """Carry out a request that its session may make; the answers gather in the outboxes."""
        self._answers[type(message)](peer, line, message)

    # -- an account about itself -----------------------------------------------------------------

    def _account_status(self, peer: Peer, line: int, asked: desk.AccountStatus) -> None:
        self._say(peer, account_state(self._floor.engine, _account(peer)))

    def _kill_switch(self, peer: Peer, line: int, asked: desk.KillSwitch) -> None:
        account = _account(peer)
        self._floor.carry_out(account, SetKillSwitch(account, asked.on), peer, line)

    def _dead_man(self, peer: Peer, line: int, asked: desk.DeadMan) -> None:
        account, deadline_ns = _account(peer), None
        if asked.within_ms:
            deadline_ns = self._floor.now_ns() + asked.within_ms * _MILLISECOND_NS
            if self._floor.on_deadline is not None:
                self._floor.on_deadline(deadline_ns)
        self._floor.carry_out(account, ArmDeadMan(account, deadline_ns), peer, line)

    def _set_protection(self, peer: Peer, line: int, asked: desk.SetProtection) -> None:
        account = _account(peer)
        window_ns = asked.within_ms * _MILLISECOND_NS
        command = SetProtection(account, asked.quote_set, asked.fills, window_ns)
        self._floor.carry_out(account, command, peer, line)

    def _mass_quote(self, peer: Peer, line: int, asked: desk.MassQuote) -> None:
        account, engine = _account(peer), self._floor.engine
        orders = engine.accounts.open(account).orders
        session = peer.session_id if peer.cancel_on_disconnect else 0
        accepted = rejected = 0
        for command in self._quotes.changes(account, asked, orders, session):
            if command is None or _is_done(self._floor.carry_out(account, command, peer, line)):
                accepted += 1
            else:
                rejected += 1
        self._say(peer, desk.MassQuoted(asked.quote_set, accepted, rejected))

    # -- operators: what there is ----------------------------------------------------------------

    def _list_sessions(self, peer: Peer, line: int, asked: desk.ListSessions) -> None:
        sessions = [
            SessionInfo(
                session=other.session_id,
                account=_account(other),
                role=other.role,
                source=other.source,
                cancel_on_disconnect=other.cancel_on_disconnect,
            )
            for other in self._floor.sessions()
        ]
        self._say(peer, desk.Sessions(sessions))

    def _list_accounts(self, peer: Peer, line: int, asked: desk.ListAccounts) -> None:
        engine = self._floor.engine
        self._say(
            peer, desk.Accounts([account_state(engine, name) for name in sorted(engine.accounts.by_name)])
        )

    def _audit(self, peer: Peer, line: int, asked: desk.Audit) -> None:
        reports = self._floor.reports
        try:
            page = reports.page(VENUE_NAME, asked.from_seq, asked.limit)
        except ResumeRefused as refused:
            self._refuse(peer, line, refused.code, refused.text)
            return
        # All of them are: the venue's own stream consists of nothing else.
        entries = [entry for entry in page if isinstance(entry, AuditEntry)]
        self._say(peer, desk.AuditPage(entries, reports.stream(VENUE_NAME).last_seq))

    # -- operators: what is to be ----------------------------------------------------------------

    def _as_it_stands(self, peer: Peer, line: int, asked: Any) -> None:
        self._order(peer, line, asked.why, admin_requests.COMMANDS[type(asked)](asked))

    def _create_account(self, peer: Peer, line: int, asked: desk.CreateAccount) -> None:
        if asked.account == VENUE_NAME:
            self._refuse(peer, line, ErrorCode.INVALID_MESSAGE, f"{VENUE_NAME!r} is the venue itself")
            return

        def create(secret_hash: str | None) -> None:
            self._order(peer, line, asked.why, admin_requests.set_account(asked, secret_hash))

        def hashed(secret_hash: str) -> None:
            self._hashing -= 1
            create(secret_hash)

        if asked.secret is None:
            create(None)
            return
        hash_later = self.hash_later if self._hashing < MAX_HASHING else hash_at_once
        self._hashing += 1
        hash_later(asked.secret, hashed)

    def _disable_account(self, peer: Peer, line: int, asked: desk.DisableAccount) -> None:
        if self._order(peer, line, asked.why, admin_requests.COMMANDS[desk.DisableAccount](asked)):
            text = f"an operator disabled the account: {asked.why}"
            self._floor.disconnect(asked.account, ErrorCode.ACCOUNT_DISABLED, text)

    def _bust_trade(self, peer: Peer, line: int, asked: desk.BustTrade) -> None:
        found = self._floor.reports.find_trade(asked.trade_id, asked.account)
        if found is None:
            text = f"no trade {asked.trade_id} of {asked.account}"
            self._refuse(peer, line, ErrorCode.UNKNOWN_TRADE, text)
            return
        self._order(peer, line, asked.why, admin_requests.bust_trade(found))

    def _add_instrument(self, peer: Peer, line: int, asked: desk.AddInstrument) -> None:
        try:
            terms = InstrumentTerms.model_validate_json(bytes(asked.instrument))
        except ValidationError as error:
            # No command can be made of it, so there is nothing to journal: it counts as a line that is no message.
            text = "; ".join(
                f"instrument.{key}: {reason}".replace(".:", ":") for key, reason in faults(error)
            )
            self._refuse(peer, line, ErrorCode.INVALID_MESSAGE, text)
            return
        command: AddInstrument = terms.command()
        if not self._order(peer, line, asked.why, command):
            return
        if terms.limits is not None:
            self._order(peer, line, asked.why, SetLimits(None, command.symbol, terms.limits.limits()))
        if self.on_listed is not None:
            self.on_listed(command.symbol)

    # -- both ------------------------------------------------------------------------------------

    def _order(self, peer: Peer, line: int, why: str, command: AdminCommand) -> bool:
        """Have an operator's command carried out; whether it was."""
        by = _account(peer)
        return _is_done(self._floor.carry_out(by, Administer(by, why, command), peer, line))

    def _say(self, peer: Peer, answer: Message) -> None:
        peer.outbox.append(answer)
        self._floor.touch(peer)

    def _refuse(self, peer: Peer, line: int, code: ErrorCode, text: str) -> None:
        peer.session.fail(RemoteProtocolError(code, text, line))
        self._floor.touch(peer)


def _account(peer: Peer) -> AccountId:
    if peer.account is None:
        raise InvariantViolated("a request passed the session before the login")
    return peer.account


def _is_done(events: Events) -> bool:
    """Whether the command was carried out; a refusal is one event that stands alone."""
    return not isinstance(events[0], RequestRejected)

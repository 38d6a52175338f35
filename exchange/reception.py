"""How sessions begin and end: logins decided, numbers given out, orders taken along.

In: logins; the news that a session is over, in whatever way. Out: welcomes and refusals; the command that
cancels what a session entered, if it asked for that (rule 49). Its cancels are part of the account's
private stream: whoever comes back finds them there.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final, Protocol

from exchange.access import Access, Refusal
from exchange.engine.accounts import Account
from exchange.engine.commands import CancelSession, Command, EnterOrder
from exchange.engine.engine import Engine, Events
from exchange.metrics import Metric
from exchange.peers import NO_ENTRY, OrderEntry, Peer
from exchange.reports import Reports
from exchange.roles import ENTERS_ORDERS, session_role
from exchange.standing import balances_of, instrument_info, open_order
from protocol.desk import Notice
from protocol.errors import ResumeRefused
from protocol.messages import PROTOCOL_VERSION, Login, NewOrder, PositionInfo, Welcome
from protocol.session import Inbound
from protocol.session_life import SessionState
from protocol.vocabulary import AccountId, Block, ErrorCode, Role, SessionId

_WRONG_SECRET: Final = Refusal(ErrorCode.LOGIN_FAILED, "account and secret do not belong together")


class Floor(Protocol):
    """What the reception needs of the venue."""

    name: str
    reports: Reports

    @property
    def engine(self) -> Engine: ...

    def act(self, command: Command) -> Events:
        """Carry out a command of the venue itself."""
        ...

    def handle(self, peer: Peer, inbound: list[Inbound]) -> list[Inbound]:
        """Act on what a peer has sent."""
        ...

    def touch(self, peer: Peer) -> None:
        """There is something in the peer's outbox."""
        ...


class Reception:
    """All sessions of one venue."""

    def __init__(self, floor: Floor, access: Access, entry: OrderEntry) -> None:
        """``entry``: what sessions that enter orders do so with."""
        self._floor = floor
        self._access = access
        self._entry = entry
        self._sessions: dict[SessionId, Peer] = {}  # in the order of their numbers
        self._counts: Counter[AccountId] = Counter()
        self._last_session: SessionId = 0
        floor.reports.on_notice = self._tell_everybody

    def sessions(self) -> list[Peer]:
        """Who is logged in, oldest first."""
        return list(self._sessions.values())

    # -- the beginning -------------------------------------------------------------------------

    def log_in(self, peer: Peer, line: int, login: Login) -> None:
        """Decide a login, now or later."""
        account = self._account(login.account)
        secret_hash = None if account is None else account.secret_hash

        def decided(refusal: Refusal | None) -> None:
            if peer.session.state is SessionState.LOGGING_IN:  # else it has hung up meanwhile
                self._decided(peer, line, login, secret_hash, refusal)

        self._access.ask(peer.source, login.account, secret_hash, login.secret, decided)

    def _decided(
        self, peer: Peer, line: int, login: Login, secret_hash: str | None, refusal: Refusal | None
    ) -> None:
        waiting: list[Inbound] = []
        account = self._account(login.account)
        if (
            refusal is None
            and not self._access.open
            and (account is None or account.secret_hash != secret_hash)
        ):
            refusal = _WRONG_SECRET  # it was changed while the old one was being checked
        if refusal is None:
            role = session_role(Role.TRADER if account is None else account.role, login.role)
            refusal = self._refusal(login, account, role)
            if refusal is None and role is not None:
                try:
                    waiting = self._let_in(peer, login, account, role)
                except ResumeRefused as refused:
                    refusal = Refusal(refused.code, refused.text)
            if refusal is not None:
                self._access.metrics.add(Metric.LOGINS_REFUSED)
        if refusal is not None:
            peer.session.end_with(refusal.code, refusal.text, line)
            peer.closing = True
        self._floor.touch(peer)
        if peer.on_login is not None:
            peer.on_login(waiting, refusal)
        else:
            self._floor.handle(peer, waiting)

    def _refusal(self, login: Login, account: Account | None, role: Role | None) -> Refusal | None:
        """Why somebody who proved who he is may still not come in."""
        name, most = login.account, self._access.bounds.max_sessions_per_account
        if account is not None and account.blocked is Block.OPERATOR:
            return Refusal(ErrorCode.ACCOUNT_DISABLED, f"an operator disabled {name}")
        if role is None:
            return Refusal(ErrorCode.NOT_ALLOWED, f"{name} may not be logged in as a {login.role}")
        if login.copy_from and role is not Role.DROP_COPY:
            return Refusal(ErrorCode.NOT_ALLOWED, f"a {role} gets no copies: leave out copy_from")
        if login.resume_from is not None and role is Role.DROP_COPY:
            return Refusal(
                ErrorCode.NOT_ALLOWED, "a drop copy is resumed with copy_from, not with resume_from"
            )
        if self._counts[name] >= most:
            return Refusal(ErrorCode.TOO_MANY_SESSIONS, f"{name} has {most} sessions already")
        return None

    def _let_in(self, peer: Peer, login: Login, account: Account | None, role: Role) -> list[Inbound]:
        """Open the session; what has waited for that.

        Raises:
            ResumeRefused: the messages it asks for again can't be had.
        """
        name, reports = login.account, self._floor.reports
        stream = reports.stream(name)
        seq = stream.last_seq
        if role is Role.DROP_COPY:
            reports.copy(peer, _copied(name, account), login.copy_from)
        else:
            seq = reports.join(peer, name, login.resume_from)
        self._last_session += 1
        peer.session_id = self._last_session
        peer.role = role
        if role in ENTERS_ORDERS:
            peer.cancel_on_disconnect = login.cancel_on_disconnect
            peer.entry = (
                _taken_along(self._entry, peer.session_id) if login.cancel_on_disconnect else self._entry
            )
        self._sessions[peer.session_id] = peer
        self._counts[name] += 1
        self._access.metrics.add(Metric.LOGINS)
        resumed = login.resume_from is not None
        waiting = peer.session.welcome(
            self._welcome(peer, login, account, seq, stream.last_seq if resumed else None)
        )
        if peer.backlog is not None:
            reports.refill(peer)
        return waiting

    def _welcome(
        self, peer: Peer, login: Login, account: Account | None, seq: int, last_seq: int | None
    ) -> Welcome:
        engine = self._floor.engine
        return Welcome(
            account=login.account,
            venue=self._floor.name,
            version=PROTOCOL_VERSION,
            seq=seq,
            last_seq=last_seq,
            heartbeat_s=login.heartbeat_s,
            instruments=[instrument_info(book) for book in engine.books.values()],
            positions=[
                PositionInfo(symbol=symbol, quantity=quantity)
                for symbol, quantity in sorted(account.positions.items() if account else ())
                if quantity
            ],
            open_orders=[open_order(order) for order in engine.open_orders(login.account)],
            role=peer.role,
            session=peer.session_id,
            balances=balances_of(engine, login.account),
            blocked=None if account is None else account.blocked,
        )

    # -- the end -------------------------------------------------------------------------------

    def end(self, peer: Peer) -> None:
        """The session takes nothing more, whatever the reason; to be called before its last word is written, so
        that it still sees its own cancels. Does nothing the second time.
        """
        if self._sessions.pop(peer.session_id, None) is None:
            return
        account = self._known(peer)
        self._counts[account] -= 1
        if not self._counts[account]:
            del self._counts[account]
        peer.entry = NO_ENTRY
        if peer.cancel_on_disconnect:
            self._access.metrics.add(Metric.CANCELS_ON_DISCONNECT)
            self._floor.act(CancelSession(account, peer.session_id))

    def disconnect(self, account: AccountId, code: ErrorCode, text: str) -> None:
        """End all sessions of an account."""
        for peer in self.sessions():
            if peer.account == account:
                self.hang_up(peer, code, text)

    def hang_up(self, peer: Peer, code: ErrorCode, text: str) -> None:
        """Say why the connection is closed, and close it when that is written."""
        self.end(peer)
        peer.session.end_with(code, text)
        peer.closing = True
        self._floor.touch(peer)

    def cancel_lost(self) -> None:
        """The venue starts: what sessions of its last run should have taken with them goes now."""
        for account, session in self._floor.engine.open_sessions():
            self._floor.act(CancelSession(account, session))

    # -- inside --------------------------------------------------------------------------------

    def _tell_everybody(self, notice: Notice) -> None:
        for peer in self._sessions.values():
            peer.outbox.append(notice)
            self._floor.touch(peer)

    def _account(self, name: AccountId) -> Account | None:
        return self._floor.engine.accounts.by_name.get(name)

    def _known(self, peer: Peer) -> AccountId:
        assert peer.account is not None, "it stands among the sessions"
        return peer.account


def _copied(name: AccountId, account: Account | None) -> list[AccountId] | None:
    """Whose streams a drop copy of this account gets; ``None``: everybody's."""
    if account is not None and account.role is Role.OPERATOR:
        return None
    if account is not None and account.role is Role.DROP_COPY:
        return account.copies or None
    return [name]


def _taken_along(entry: OrderEntry, session: SessionId) -> OrderEntry:
    """The same, with each order marked as the session's."""
    plain: Callable[[AccountId, Any], Command] = entry[NewOrder]

    def enter(account: AccountId, new: NewOrder) -> Command:
        command = plain(account, new)
        assert isinstance(command, EnterOrder)
        command.session = session
        return command

    return {**entry, NewOrder: enter}

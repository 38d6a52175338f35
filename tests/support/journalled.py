"""A market with its journal on a real disk and no process around it: turns, ends and restarts by call.

In: commands. Out: what every account was told live, line by line, beside what the history tells again.
"""

from collections import defaultdict
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Final

from exchange.choices import Sync
from exchange.engine.commands import (
    AdjustBalance,
    Administer,
    Broadcast,
    CancelOrder,
    ChangePhase,
    Command,
    EnterOrder,
    MassCancel,
    SetAccount,
)
from exchange.journal.recovery import State, recover
from exchange.journal.sqlite import SqliteLog
from exchange.peers import Peer, Touched
from exchange.report_messages import VENUE
from protocol.clock import ManualClock
from protocol.session import ServerSession
from protocol.vocabulary import (
    AccountId,
    Asset,
    ClientOrderId,
    OrderType,
    Phase,
    Role,
    Sequence,
    Side,
    TimeInForce,
    TransactionId,
)
from tests.support.wire_requests import ACME, listing

ACCOUNTS: Final = (AccountId("anna"), AccountId("ben"), AccountId("chris"))
OPERATOR: Final = AccountId("olga")


class JournalledMarket:
    """Ends and comes back as often as you like; ``told`` is what anybody heard in all its lives."""

    def __init__(self, path: Path, **settings: object) -> None:
        """``settings``: of its one instrument, ``ACME``, if it is listed now for the first time."""
        self._path = path
        self.clock = ManualClock()
        self.told: dict[AccountId, list[bytes]] = defaultdict(list)
        self._open()
        self.submit(listing(**settings))
        for account in ACCOUNTS:
            self.submit(SetAccount(account, Role.TRADER))
        self.submit(SetAccount(OPERATOR, Role.OPERATOR))
        self.end_turn()

    def __enter__(self) -> "JournalledMarket":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.log.close()

    def _open(self) -> None:
        self.log = SqliteLog(self._path, Sync.OFF)
        self.touched: Touched = []
        self.state: State = recover(self.log, self.clock.now_ns, self.touched)
        self.reports = self.state.reports
        self._listeners = {account: Peer(ServerSession()) for account in (*ACCOUNTS, OPERATOR, VENUE)}
        for account, peer in self._listeners.items():
            self.reports.stream(account).readers.append(peer)

    def submit(self, command: Command) -> None:
        events = self.state.sequencer.submit(command)
        self.reports.deliver(command.at_ns, events)

    def end_turn(self) -> None:
        """Commit; only then has anybody been told anything."""
        turn = self.state.sequencer.take_turn()
        if turn is not None:
            self.log.append(turn, self.reports.history.hand_over())
        for account, peer in self._listeners.items():
            self.told[account] += peer.session.data_to_send().splitlines(keepends=True)

    def stop(self) -> None:
        """In order: with a snapshot."""
        self.state.save(self.log)
        self.log.close()
        self._open()

    def kill(self) -> None:
        """As ``kill -9`` does, between turns."""
        self.log.close()
        self._open()

    def again(self, account: AccountId, from_seq: Sequence) -> list[bytes]:
        """The stream from that number on, as a peer that resumes gets it."""
        peer = Peer(ServerSession())
        self.reports.join(peer, account, from_seq)
        lines: list[bytes] = []
        while peer.backlog is not None:
            self.reports.refill(peer)
            lines += peer.session.data_to_send().splitlines(keepends=True)
        self.reports.stream(account).readers.remove(peer)
        return lines


def random_command(rng: Random, number: int) -> Command:
    """Mostly orders that trade; now and then something of each other kind."""
    account = rng.choice(ACCOUNTS)
    chance = rng.random()
    if chance < 0.8:
        return EnterOrder(
            account,
            ClientOrderId(f"o{number}"),
            ACME,
            rng.choice(list(Side)),
            OrderType.LIMIT,
            TimeInForce.GTC,
            rng.randrange(1, 9),
            100 + rng.randrange(-2, 3),
        )
    if chance < 0.95:
        return CancelOrder(account, ClientOrderId(f"o{number - rng.randrange(1, 20)}"))
    if chance < 0.96:
        return MassCancel(account, None, None)
    what = rng.choice(
        (
            Broadcast("lunch at noon"),
            AdjustBalance(account, Asset("USD"), 5, TransactionId(f"t{number // 2}")),
            ChangePhase(ACME, rng.choice((Phase.INTRADAY_AUCTION, *[Phase.CONTINUOUS] * 3))),
        )
    )
    return Administer(OPERATOR, "a test", what)

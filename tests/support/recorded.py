"""A market with a journal and a history, by call: turns, busts, days, ends and restarts.

In: a directory, a seed. Out: a journal that random trading filled, and everything there is to compare: what the
engine says anybody holds, and all rows of a history as text.
"""

import sqlite3
from pathlib import Path
from random import Random
from typing import Final

from exchange.choices import Sync
from exchange.engine.commands import (
    AdjustBalance,
    Administer,
    BustTrade,
    CancelOrder,
    ChangePhase,
    Command,
    EndDay,
    EnterOrder,
    SetAccount,
    SetLastPrice,
)
from exchange.engine.engine import Events
from exchange.engine.events import AuctionTrade, Trade
from exchange.engine.sequencer import Turn
from exchange.journal.recovery import Follow, State, recover
from exchange.journal.sqlite import SqliteLog
from protocol.clock import ManualClock
from protocol.vocabulary import (
    AccountId,
    Asset,
    ClientOrderId,
    Nanoseconds,
    OrderType,
    Phase,
    Role,
    Settlement,
    Side,
    Symbol,
    TimeInForce,
    TransactionId,
)
from tests.support.wire_requests import ACME, listing

ACCOUNTS: Final = tuple(AccountId(name) for name in ("anna", "ben", "chris"))
OPERATOR: Final = AccountId("olga")
GOLD = Symbol("GOLD")
BEGAN_NS: Final = 1_700_000_000_000_000_000


class RecordedMarket:
    """Two instruments, one spot and one on margin, three rich accounts; a turn for every few commands."""

    def __init__(self, directory: Path, seed: int) -> None:
        self.journal = directory / "m.journal"
        self.rng = Random(seed)
        self.clock = ManualClock(BEGAN_NS)
        self.turns: list[Turn] = []
        self.days: list[tuple[Nanoseconds, list[tuple[object, ...]]]] = []
        """For each end of a day when it was, and what the engine says everybody holds then."""
        self._trades: list[Trade | AuctionTrade] = []
        self._number = 0
        self.open()
        fees = {"maker_fee_ppm": -20_000, "taker_fee_ppm": 50_000}
        usd = {"quote": Asset("USD"), "quote_scale": 3}
        self.submit(listing(settlement=Settlement.SPOT, base=Asset("ACME"), **usd, **fees))
        margin = {"settlement": Settlement.MARGIN, "margin": 1, "reference_price": 100}
        self.submit(listing(symbol=GOLD, quote=Asset("USD"), **margin, **fees))
        self.submit(SetAccount(OPERATOR, Role.OPERATOR))
        for account in ACCOUNTS:
            self.submit(SetAccount(account, Role.TRADER))
            for asset in ("ACME", "USD"):
                self.submit(AdjustBalance(account, Asset(asset), 10**12, TransactionId(f"first {asset}")))
        self.end_turn()

    def open(self, follow: Follow | None = None) -> None:
        """Come back out of the journal."""
        self.log = SqliteLog(self.journal, Sync.OFF)
        self.state: State = recover(self.log, self.clock.now_ns, [], follow)

    def stop(self, *, snapshot: bool) -> None:
        """End; the next start replays what came after the last snapshot."""
        if snapshot:
            self.state.save(self.log)
        self.log.close()

    def submit(self, command: Command) -> Events:
        events = self.state.sequencer.submit(command)
        self.state.reports.deliver(command.at_ns, events)
        self._trades += [event for event in events if isinstance(event, Trade | AuctionTrade)]
        if isinstance(command, EndDay):
            self.days.append((command.at_ns, self.holdings()))
        return events

    def end_turn(self) -> Turn | None:
        turn = self.state.sequencer.take_turn()
        if turn is not None:
            self.log.append(turn, self.state.reports.history.hand_over())
            self.turns.append(turn)
        return turn

    def trade(self, commands: int) -> list[Turn]:
        """Random trading; the turns it made."""
        made = len(self.turns)
        for _ in range(commands):
            self._number += 1
            self.clock.advance(ns=self.rng.choice((0, 1, 300_000_000, 40_000_000_000)))
            self.submit(self._command())
            if self.rng.random() < 0.3:
                self.end_turn()
        self.end_turn()
        return self.turns[made:]

    def _command(self) -> Command:
        rng, number = self.rng, self._number
        chance = rng.random()
        account, symbol = rng.choice(ACCOUNTS), rng.choice((ACME, GOLD))
        if chance < 0.85:
            return EnterOrder(
                account, ClientOrderId(f"o{number}"), symbol, rng.choice(list(Side)), OrderType.LIMIT, TimeInForce.GTC,
                rng.randrange(1, 9), 100 + rng.randrange(-3, 4),
            )  # fmt: skip
        if chance < 0.93:
            return CancelOrder(account, ClientOrderId(f"o{number - rng.randrange(1, 20)}"))
        if chance < 0.95:
            phase = rng.choice((Phase.INTRADAY_AUCTION, Phase.CONTINUOUS, Phase.CONTINUOUS))
            return Administer(OPERATOR, "a test", ChangePhase(symbol, phase))
        if chance < 0.96:
            return Administer(OPERATOR, "a test", SetLastPrice(symbol, 100 + rng.randrange(9)))
        if chance < 0.97:
            return EndDay()
        return Administer(OPERATOR, "a test", self._bust())

    def _bust(self) -> BustTrade | SetLastPrice:
        """A late trade as a rule, sometimes one of long ago, sometimes one that is busted already."""
        if not self._trades:
            return SetLastPrice(GOLD, 100)
        back = self.rng.choice((1, 1, 2, 5, len(self._trades)))
        trade = self._trades[-min(back, len(self._trades))]
        return busting(trade)

    def holdings(self) -> list[tuple[object, ...]]:
        """What everybody has in each instrument it traded, as the engine keeps it."""
        clearing = self.state.sequencer.engine.clearing
        return [
            (account, held.symbol, held.quantity, held.average_price, held.cost, held.realised, held.unrealised, held.fees)
            for account in ACCOUNTS
            for held in clearing.holdings(account)
        ]  # fmt: skip


def busting(trade: Trade | AuctionTrade) -> BustTrade:
    """The command that undoes a trade."""
    if isinstance(trade, AuctionTrade):
        sides = (trade.buyer, trade.buyer_fee, trade.seller, trade.seller_fee)
    elif trade.aggressor is Side.BUY:
        sides = (trade.taker, trade.taker_fee, trade.maker, trade.maker_fee)
    else:
        sides = (trade.maker, trade.maker_fee, trade.taker, trade.taker_fee)
    return BustTrade(trade.trade_id, trade.symbol, trade.price, trade.quantity, *sides)


def rows_of(path: Path) -> str:
    """All there is in a history, as SQL."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return "\n".join(sorted(connection.iterdump()))
    finally:
        connection.close()

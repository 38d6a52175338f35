"""Nothing is made and nothing is lost: looked at after every trade of a run.

In: a run that has not begun. Out: how often was looked, and what did not add up, as sentences. After every command that
moved anything, in every instrument: positions of all accounts sum up to zero; cash of all accounts and the fees they paid
sum up to zero; of every asset, what accounts and house have is what was paid in; and what the engine's books say of the
accounts that traded is what follows from the trades. What is summed up is read from the engine's own accounts; sums are
kept, so a look costs the accounts concerned. Now and then, and at the end, everything is summed up anew and the engine
audits its holds.
"""

from typing import Final

from exchange.engine.engine import Events
from exchange.engine.events import AuctionTrade, BalanceAdjusted, Trade, TradeBusted
from protocol.vocabulary import AccountId, Asset, Money, Nanoseconds, Symbol
from simulation.accounting import Accounting
from simulation.market import Market

_FILLS: Final = frozenset((Trade, AuctionTrade, TradeBusted))
_MOST: Final = 20
"""Faults that are kept: what is wrong once is wrong from then on."""


class Conservation:
    """Watches one market. Costs a run some of its speed, and changes nothing in it."""

    def __init__(self, market: Market, *, full_every: int = 1_000) -> None:
        """To be made before the run begins. ``full_every``: looks between two full sums; 1: every time."""
        self.looks = 0
        """Commands that moved something."""
        self.trades = 0
        self.full_looks = 0
        self.faults: list[str] = []
        """At most the first twenty."""
        self._market = market
        self._engine = market.venue.engine
        self._full_every = full_every
        self.accounting = Accounting(self._engine.books)
        self._positions: dict[Symbol, int] = {}
        self._cash: dict[Symbol, Money] = {}
        self._money: dict[Asset, Money] = {}
        self._seen: dict[tuple[AccountId, Symbol], tuple[int, Money]] = {}
        self._seen_money: dict[tuple[AccountId, Asset], Money] = {}
        for account in self._engine.accounts.by_name:
            for asset in self._engine.accounts.by_name[account].purses:
                self._read_money(account, asset)
        self._tell = market.mailroom.public
        market.mailroom.public = self._after

    @property
    def passed(self) -> bool:
        """Whether everything added up so far."""
        return not self.faults

    def look_at_all(self) -> None:
        """Sum everything up anew, and let the engine audit itself."""
        self.full_looks += 1
        engine, accounting = self._engine, self.accounting
        positions = dict.fromkeys(engine.books, 0)
        cash = dict.fromkeys(engine.books, 0)
        for name, account in engine.accounts.by_name.items():
            for symbol in account.positions:
                position, money = self._of_engine(name, symbol)
                positions[symbol] += position
                cash[symbol] += money + accounting.holding(name, symbol).fees
        for symbol in engine.books:
            self._expect(positions[symbol] == 0, f"positions in {symbol} sum up to {positions[symbol]}")
            self._expect(cash[symbol] == 0, f"cash and fees of {symbol} sum up to {cash[symbol]}")
        for fault in engine.clearing.check():
            self._expect(False, fault)

    # -- after a command ---------------------------------------------------------------------------------
    def _after(self, at_ns: Nanoseconds, events: Events) -> None:
        concerned: dict[tuple[AccountId, Symbol], None] = {}
        for event in events:
            if type(event) in _FILLS:
                assert isinstance(event, Trade | AuctionTrade | TradeBusted)
                self.trades += 1
                for account in self.accounting.take(event):
                    concerned[account, event.symbol] = None
            elif isinstance(event, BalanceAdjusted):
                self._read_money(event.account, event.asset)
                self._check_money(event.asset)
        if concerned:
            self._look(list(concerned))
        self._tell(at_ns, events)

    def _look(self, concerned: list[tuple[AccountId, Symbol]]) -> None:
        self.looks += 1
        symbols: dict[Symbol, None] = {}
        for account, symbol in concerned:
            symbols[symbol] = None
            position, cash = self._of_engine(account, symbol)
            holding = self.accounting.holding(account, symbol)
            self._expect(
                position == holding.position,
                f"{account} has {position} {symbol}, by its trades {holding.position}",
            )
            self._expect(
                cash == holding.cash, f"{account} has cash {cash} of {symbol}, by its trades {holding.cash}"
            )
            with_fees = cash + holding.fees
            before = self._seen.get((account, symbol), (0, 0))
            self._seen[account, symbol] = position, with_fees
            self._positions[symbol] = self._positions.get(symbol, 0) + position - before[0]
            self._cash[symbol] = self._cash.get(symbol, 0) + with_fees - before[1]
            for asset in self._engine.accounts.by_name[account].purses:
                self._read_money(account, asset)
        for symbol in symbols:
            total, cash = self._positions[symbol], self._cash[symbol]
            self._expect(total == 0, f"positions in {symbol} sum up to {total}")
            self._expect(cash == 0, f"cash and fees of {symbol} sum up to {cash}")
        for asset in self._money:
            self._check_money(asset)
        if self.looks % self._full_every == 0:
            self.look_at_all()

    def _of_engine(self, name: AccountId, symbol: Symbol) -> tuple[int, Money]:
        """Position and cash by the engine's books; where it keeps none of money, cash follows from the trades."""
        account = self._engine.accounts.by_name[name]
        position = account.positions.get(symbol, 0)
        stake = account.stakes.get(symbol)
        if stake is None:
            return position, self.accounting.holding(name, symbol).cash
        self._expect(
            stake.quantity == position, f"{name} has {position} {symbol}, in the books {stake.quantity}"
        )
        # What a position cost, less what was made of it, is what was spent on it.
        return position, stake.realised - stake.cost - stake.fees

    def _read_money(self, name: AccountId, asset: Asset) -> None:
        total = self._engine.accounts.by_name[name].purses[asset].total
        self._money[asset] = self._money.get(asset, 0) + total - self._seen_money.get((name, asset), 0)
        self._seen_money[name, asset] = total

    def _check_money(self, asset: Asset) -> None:
        books = self._engine.clearing.books
        there = self._money[asset] + books.house.fees.get(asset, 0) + books.house.clearing.get(asset, 0)
        paid_in = books.paid_in.get(asset, 0)
        self._expect(there == paid_in, f"{paid_in} {asset} paid in, {there} there")

    def _expect(self, right: bool, sentence: str) -> None:
        if not right and len(self.faults) < _MOST:
            self.faults.append(f"trade {self._engine.last_trade_id}: {sentence}")

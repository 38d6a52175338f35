"""The engine against a naive market, step by step, with hypothesis looking for the shortest quarrel."""

from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from exchange.engine.commands import (
    CancelOrder,
    Command,
    EndDay,
    EnterOrder,
    MassCancel,
    ReduceOrder,
    ReplaceOrder,
)
from exchange.engine.engine import Engine
from exchange.engine.events import OrderAccepted, Trade
from protocol.vocabulary import AccountId, ClientOrderId, OrderType, Side, Symbol, TimeInForce
from tests.support.books import instrument
from tests.support.twins import ACCOUNTS, LISTED, Twins

Name = tuple[AccountId, ClientOrderId]

# Few prices and quantities, so that orders meet; the second instrument refuses some of them.
PRICES = st.sampled_from((90, 95, 96, 97, 98, 99, 100, 100, 101, 102, 103, 105, 110, 0, -5, 401))
QUANTITIES = st.sampled_from((1, 2, 3, 5, 20, 20, 30, 40, 50, 60, 100, 0, -1, 505))
SYMBOLS = st.sampled_from((*[listed.symbol for listed in LISTED] * 6, Symbol("NONE")))
SIDES = st.sampled_from(Side)


class Market(RuleBasedStateMachine):
    """All commands in any order, by three accounts on two instruments."""

    live: Bundle[Name] = Bundle("live")
    """Orders that were accepted; most of them rest."""
    used: Bundle[Name] = Bundle("used")
    """Names that were used and may be dead by now."""

    unique = True

    def __init__(self) -> None:
        super().__init__()
        self.twins = Twins(ids_unique_per_day=self.unique)
        self.entered = 0
        self.trade_ids: list[int] = []

    def send(self, command: Command) -> bool:
        """Whether an order was accepted."""
        events = self.twins.submit(command)
        self.trade_ids += [event.trade_id for event in events if isinstance(event, Trade)]
        return any(isinstance(event, OrderAccepted) for event in events)

    def new_name(self) -> ClientOrderId:
        self.entered += 1
        return ClientOrderId(f"o{self.entered}")

    # -- entry ---------------------------------------------------------------------------------
    @rule(
        target=live,
        account=st.sampled_from(ACCOUNTS),
        symbol=SYMBOLS,
        side=SIDES,
        quantity=QUANTITIES,
        price=PRICES,
        time_in_force=st.sampled_from((*[TimeInForce.GTC] * 4, *TimeInForce)),
        post_only=st.booleans(),
    )
    def enter_limit(self, account: AccountId, **fields: Any) -> Any:
        name = self.new_name()
        accepted = self.send(EnterOrder(account, name, order_type=OrderType.LIMIT, **fields))
        return (account, name) if accepted else multiple()

    @rule(
        account=st.sampled_from(ACCOUNTS),
        symbol=SYMBOLS,
        side=SIDES,
        quantity=QUANTITIES,
        time_in_force=st.sampled_from(TimeInForce),
        protection=st.sampled_from((None, None, 0, 1, 5, 10, -5)),
    )
    def enter_market(self, account: AccountId, **fields: Any) -> None:
        self.send(EnterOrder(account, self.new_name(), order_type=OrderType.MARKET, price=None, **fields))

    @rule(
        account=st.sampled_from(ACCOUNTS),
        order_type=st.sampled_from(OrderType),
        price=st.none() | PRICES,
        post_only=st.booleans(),
        protection=st.none() | PRICES,
        time_in_force=st.sampled_from(TimeInForce),
    )
    def enter_whatever(self, account: AccountId, **fields: Any) -> None:
        self.send(
            EnterOrder(account, self.new_name(), symbol=LISTED[0].symbol, side=Side.BUY, quantity=5, **fields)
        )

    @rule(target=used, name=consumes(live))
    def forget(self, name: Name) -> Name:
        return name

    @rule(name=live | used, side=SIDES, price=PRICES)
    def enter_again(self, name: Name, side: Side, price: int) -> None:
        self.send(EnterOrder(*name, LISTED[0].symbol, side, OrderType.LIMIT, TimeInForce.GTC, 5, price))

    # -- changes -------------------------------------------------------------------------------
    @rule(name=live | used)
    def cancel(self, name: Name) -> None:
        self.send(CancelOrder(*name))

    @rule(name=live, quantity=st.none() | QUANTITIES, price=st.none() | PRICES)
    def replace(self, name: Name, quantity: int | None, price: int | None) -> None:
        self.send(ReplaceOrder(*name, quantity, price))

    @rule(name=live, by=QUANTITIES)
    def reduce(self, name: Name, by: int) -> None:
        self.send(ReduceOrder(*name, by))

    @rule(account=st.sampled_from((*ACCOUNTS, AccountId("nobody"))), name=live | used)
    def change_what_may_be_foreign(self, account: AccountId, name: Name) -> None:
        self.send(CancelOrder(account, name[1]))
        self.send(ReplaceOrder(account, name[1], 20, 100))
        self.send(ReduceOrder(account, name[1], 10))

    # -- many at once --------------------------------------------------------------------------
    @rule(account=st.sampled_from(ACCOUNTS), symbol=st.none() | SYMBOLS, side=st.none() | SIDES)
    def mass_cancel(self, account: AccountId, symbol: Symbol | None, side: Side | None) -> None:
        self.send(MassCancel(account, symbol, side))

    @rule()
    def end_day(self) -> None:
        self.send(EndDay())

    @rule(symbol=st.sampled_from((LISTED[0].symbol, Symbol("NEW"))))
    def list_instrument(self, symbol: Symbol) -> None:
        self.send(instrument(symbol))

    # -- what holds after every step -----------------------------------------------------------
    @invariant()
    def both_stand_the_same(self) -> None:
        self.twins.compare()
        self.twins.compare_orders()

    @invariant()
    def book_is_sound(self) -> None:
        self.twins.check_invariants()

    @invariant()
    def trades_are_numbered_without_a_gap(self) -> None:
        assert self.trade_ids == list(range(1, len(self.trade_ids) + 1))

    def teardown(self) -> None:
        """Rule 50: the same commands give the same events, byte for byte."""
        first, second = (Engine(ids_unique_per_day=self.unique) for _ in range(2))
        for command in self.twins.commands:
            assert msgspec.json.encode(first.apply(command)) == msgspec.json.encode(second.apply(command))


class BareMarket(Market):
    """The same where the ids of dead orders are free at once."""

    unique = False


SEARCH = settings(max_examples=150, stateful_step_count=50)

TestMarket = Market.TestCase
TestMarket.settings = SEARCH
TestBareMarket = BareMarket.TestCase
TestBareMarket.settings = SEARCH

"""The engine against a naive market, step by step, with hypothesis looking for the shortest quarrel."""

from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from exchange.engine.commands import (
    CancelOrder,
    ChangePhase,
    Command,
    EndDay,
    EnterOrder,
    ExpireOrders,
    MassCancel,
    ReduceOrder,
    ReplaceOrder,
    SetLastPrice,
    Terms,
)
from exchange.engine.engine import Engine
from exchange.engine.events import AuctionTrade, OrderAccepted, Trade
from protocol.vocabulary import (
    AccountId,
    ClientOrderId,
    OrderType,
    Phase,
    PostOnly,
    SelfTrade,
    Side,
    Symbol,
    TimeInForce,
)
from tests.support.books import instrument
from tests.support.naive_wishes import ACCOUNTS, PROFILES, SECOND
from tests.support.twins import Twins

Name = tuple[AccountId, ClientOrderId]

# Few prices and quantities, so that orders meet; an instrument with steps refuses some of them.
PRICES = st.sampled_from((100, 99, 101, 98, 102, 95, 105, 90, 110, 0, -5, 401))
QUANTITIES = st.sampled_from((5, 10, 1, 2, 3, 20, 30, 60, 100, 0, -1, 505))
DISTANCES = st.sampled_from((1, 2, 5, 10, 0, -5))
MOMENTS = st.integers(1, 40)
SIDES = st.sampled_from(Side)
MODES = st.none() | st.sampled_from(SelfTrade)
GROUPS = st.none() | st.sampled_from(("desk", "fund"))
LONG = st.sampled_from((*[TimeInForce.GTC] * 4, *TimeInForce))


class Market(RuleBasedStateMachine):
    """All commands in any order, by a few accounts on one instrument, now and then on a second one."""

    live: Bundle[Name] = Bundle("live")
    """Orders that were accepted; most of them rest."""
    used: Bundle[Name] = Bundle("used")
    """Names that were used and may be dead by now."""

    profile = "plain"
    unique = True

    def __init__(self) -> None:
        super().__init__()
        self.listed = (PROFILES[self.profile], SECOND)
        self.twins = Twins(self.listed, ids_unique_per_day=self.unique)
        self.entered = 0
        self.trade_ids: list[int] = []

    def send(self, command: Command) -> bool:
        """Whether an order was accepted."""
        events = self.twins.submit(command)
        self.trade_ids += [event.trade_id for event in events if isinstance(event, Trade | AuctionTrade)]
        return any(isinstance(event, OrderAccepted) for event in events)

    def enter(
        self,
        account: AccountId,
        side: Side,
        order_type: OrderType,
        in_force: TimeInForce,
        quantity: int,
        price: int | None,
        terms: Terms | None = None,
        *,
        post_only: bool = False,
        second: bool = False,
    ) -> Any:
        """A new order under a new name; what is accepted goes to a bundle."""
        self.entered += 1
        name = ClientOrderId(f"o{self.entered}")
        symbol = self.listed[second].symbol
        if in_force is TimeInForce.GTD and (terms is None or terms.expires_at_ns is None):
            deadline = len(self.twins.commands) + 5
            terms = msgspec.structs.replace(terms or Terms(), expires_at_ns=deadline)
        command = EnterOrder(
            account, name, symbol, side, order_type, in_force, quantity, price, post_only, terms
        )
        return (account, name) if self.send(command) else multiple()

    # -- entry ---------------------------------------------------------------------------------
    @rule(
        target=live,
        account=st.sampled_from(ACCOUNTS),
        side=SIDES,
        in_force=LONG,
        quantity=QUANTITIES,
        price=PRICES,
        post_only=st.booleans(),
        second=st.booleans(),
    )
    def enter_limit(self, **fields: Any) -> Any:
        return self.enter(order_type=OrderType.LIMIT, **fields)

    @rule(
        target=live,
        account=st.sampled_from(ACCOUNTS),
        side=SIDES,
        order_type=st.sampled_from((OrderType.MARKET, OrderType.MARKET_TO_LIMIT)),
        in_force=LONG,
        quantity=QUANTITIES,
        protection=st.none() | DISTANCES,
    )
    def enter_market(self, order_type: OrderType, protection: int | None, **fields: Any) -> Any:
        terms = None
        if order_type is OrderType.MARKET and protection is not None:
            terms = Terms(protection=protection)
        return self.enter(order_type=order_type, price=None, terms=terms, **fields)

    @rule(
        target=live,
        account=st.sampled_from(ACCOUNTS),
        side=SIDES,
        in_force=LONG,
        quantity=QUANTITIES,
        price=PRICES,
        terms=st.builds(Terms, display=QUANTITIES, self_trade=MODES, self_trade_group=GROUPS)
        | st.builds(Terms, hidden=st.just(True), self_trade=MODES)
        | st.builds(Terms, all_or_none=st.just(True), self_trade=MODES)
        | st.builds(Terms, minimum_quantity=QUANTITIES, self_trade=MODES)
        | st.builds(Terms, self_trade=MODES, self_trade_group=GROUPS),
    )
    def enter_special_limit(self, **fields: Any) -> Any:
        return self.enter(order_type=OrderType.LIMIT, **fields)

    @rule(
        target=live,
        account=st.sampled_from(ACCOUNTS),
        side=SIDES,
        in_force=LONG,
        quantity=QUANTITIES,
        price=PRICES,
        mode=st.sampled_from(PostOnly),
    )
    def enter_post_only(self, mode: PostOnly, **fields: Any) -> Any:
        return self.enter(order_type=OrderType.LIMIT, post_only=True, terms=Terms(post_only=mode), **fields)

    @rule(
        target=live,
        account=st.sampled_from(ACCOUNTS),
        side=SIDES,
        in_force=LONG,
        quantity=QUANTITIES,
        limit=st.none() | PRICES,
        terms=st.builds(Terms, stop_price=PRICES, self_trade=MODES)
        | st.builds(Terms, trail=DISTANCES)
        | st.builds(Terms, stop_price=PRICES, trail=DISTANCES, all_or_none=st.booleans()),
    )
    def enter_stop(self, limit: int | None, **fields: Any) -> Any:
        order_type = OrderType.STOP if limit is None else OrderType.STOP_LIMIT
        return self.enter(order_type=order_type, price=limit, **fields)

    @rule(
        target=live,
        account=st.sampled_from(ACCOUNTS),
        side=SIDES,
        in_force=LONG,
        quantity=QUANTITIES,
        terms=st.none()
        | st.builds(Terms, cap=PRICES)
        | st.builds(Terms, display=QUANTITIES)
        | st.builds(Terms, hidden=st.just(True)),
    )
    def enter_peg(self, **fields: Any) -> Any:
        return self.enter(order_type=OrderType.PEG, price=None, **fields)

    @rule(
        account=st.sampled_from(ACCOUNTS),
        side=SIDES,
        quantity=QUANTITIES,
        amount=st.sampled_from((500, 1_000, 2_000, 99, 303, 1, 0)),
        by_amount=st.booleans(),
        mode=MODES,
    )
    def enter_money(
        self,
        account: AccountId,
        side: Side,
        quantity: int,
        amount: int,
        mode: SelfTrade | None,
        *,
        by_amount: bool,
    ) -> None:
        terms = Terms(amount=amount, self_trade=mode)
        if by_amount:
            self.enter(account, side, OrderType.MARKET_BY_AMOUNT, TimeInForce.GTC, 0, None, terms)
        else:
            self.enter(account, side, OrderType.MONEY_LIMIT, TimeInForce.FOK, quantity, None, terms)

    @rule(
        account=st.sampled_from(ACCOUNTS),
        order_type=st.sampled_from(OrderType),
        in_force=st.sampled_from(TimeInForce),
        quantity=QUANTITIES,
        price=st.none() | PRICES,
        post_only=st.booleans(),
        terms=st.none() | st.from_type(Terms),
    )
    def enter_whatever(self, **fields: Any) -> None:
        self.enter(side=Side.BUY, **fields)

    @rule(target=used, name=consumes(live))
    def forget(self, name: Name) -> Name:
        return name

    @rule(name=live | used, side=SIDES, price=PRICES)
    def enter_again(self, name: Name, side: Side, price: int) -> None:
        symbol = self.listed[0].symbol
        self.send(EnterOrder(*name, symbol, side, OrderType.LIMIT, TimeInForce.GTC, 5, price))

    # -- changes -------------------------------------------------------------------------------
    @rule(name=live | used)
    def cancel(self, name: Name) -> None:
        self.send(CancelOrder(*name))

    @rule(name=live, quantity=st.none() | QUANTITIES, price=st.none() | PRICES, stop=st.none() | PRICES)
    def replace(self, name: Name, quantity: int | None, price: int | None, stop: int | None) -> None:
        self.send(ReplaceOrder(*name, quantity, price, stop))

    @rule(name=live, quantity=QUANTITIES)
    def replace_quantity(self, name: Name, quantity: int) -> None:
        self.send(ReplaceOrder(*name, quantity, None))

    @rule(name=live, by=QUANTITIES)
    def reduce(self, name: Name, by: int) -> None:
        self.send(ReduceOrder(*name, by))

    @rule(account=st.sampled_from((*ACCOUNTS, AccountId("nobody"))), name=live | used)
    def change_what_may_be_foreign(self, account: AccountId, name: Name) -> None:
        self.send(CancelOrder(account, name[1]))
        self.send(ReplaceOrder(account, name[1], 20, 100))
        self.send(ReduceOrder(account, name[1], 10))

    # -- many at once --------------------------------------------------------------------------
    @rule(
        account=st.none() | st.sampled_from(ACCOUNTS),
        symbol=st.none() | st.sampled_from((SECOND.symbol, Symbol("NONE"))),
        side=st.none() | SIDES,
        lowest=st.none() | PRICES,
        highest=st.none() | PRICES,
    )
    def mass_cancel(self, **fields: Any) -> None:
        self.send(MassCancel(**fields))

    @rule(now_ns=MOMENTS)
    def expire(self, now_ns: int) -> None:
        self.send(ExpireOrders(now_ns))

    @rule()
    def end_day(self) -> None:
        self.send(EndDay())

    # -- by the venue --------------------------------------------------------------------------
    @rule(
        phase=st.sampled_from((Phase.CONTINUOUS, Phase.OPENING_AUCTION, Phase.CLOSING_AUCTION, *Phase)),
        reference_price=st.none() | PRICES,
        forced=st.booleans(),
    )
    def change_phase(self, **fields: Any) -> None:
        self.send(ChangePhase(self.listed[0].symbol, **fields))

    @rule()
    def trade_on(self) -> None:
        self.send(ChangePhase(self.listed[0].symbol, Phase.CONTINUOUS, forced=True))

    @rule(price=PRICES)
    def set_last_price(self, price: int) -> None:
        self.send(SetLastPrice(self.listed[0].symbol, price))

    @rule(again=st.booleans())
    def list_instrument(self, *, again: bool) -> None:
        self.send(instrument(SECOND.symbol if again else "NEW"))

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


class EverythingMarket(Market):
    """Bands, corridors, a table of ticks, self-trade prevention and resting market orders."""

    profile = "everything"


class RestingMarket(Market):
    """Market orders rest, and cost the own order that is met."""

    profile = "rests"


class SharingMarket(Market):
    """Pro-rata."""

    profile = "shares"


SEARCH = settings(max_examples=100, stateful_step_count=50)

TestMarket = Market.TestCase
TestMarket.settings = SEARCH
TestBareMarket = BareMarket.TestCase
TestBareMarket.settings = SEARCH
TestEverythingMarket = EverythingMarket.TestCase
TestEverythingMarket.settings = SEARCH
TestRestingMarket = RestingMarket.TestCase
TestRestingMarket.settings = SEARCH
TestSharingMarket = SharingMarket.TestCase
TestSharingMarket.settings = SEARCH

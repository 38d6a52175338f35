"""Strategies as functions: events in, intents out."""

from collections.abc import Iterable, Sequence
from random import Random

import pytest
from pydantic import ValidationError

from protocol.desk import TradeBusted
from protocol.errors import LocalProtocolError
from protocol.market import Bar, Candle, DayStatistics, PrintBusted, TradePrint
from protocol.messages import InstrumentInfo, PrivateMessage
from protocol.vocabulary import Interval, Side, Symbol
from tests.traders.reports import ACME, NOW, accepted, canceled, printed, rejected, replaced, traded
from traders.book_view import Depth
from traders.market.items import Seen
from traders.market.orders import OrderBook
from traders.strategies.base import Parameters, Strategy
from traders.strategies.intents import (
    CancelAll,
    CancelOrder,
    Event,
    Intent,
    Place,
    ReplaceOrder,
    Reported,
    Started,
    Stopping,
    TimerFired,
)
from traders.strategies.market_maker import MarketMaker, MarketMakerParameters
from traders.strategies.zero_intelligence import ZeroIntelligence, ZeroIntelligenceParameters

TICK_5 = InstrumentInfo(ACME, 5, 10, 20, 1_000_000, 2)


def instrument(symbol: Symbol = ACME) -> InstrumentInfo:
    return InstrumentInfo(symbol, 1, 1, 1, 1_000_000, 2)


class Follower(Strategy):
    """Buys at every price it sees, and cancels its oldest order on a timer."""

    def on_trade(self, trade: TradePrint) -> Iterable[Intent]:
        yield self.buy(trade.symbol, 1, at=trade.price)

    def on_timer(self, now_ns: int) -> Sequence[Intent]:
        return [CancelOrder(min(self.orders, default=self.last))]

    last = 1


def follower() -> Follower:
    return Follower([instrument()], Parameters(), Random(1))


# -- the base --------------------------------------------------------------------------------------
def test_each_kind_of_market_data_has_its_hook() -> None:
    class Listener(Strategy):
        def on_orders(self, book: OrderBook) -> Iterable[Intent]:
            yield self.buy(ACME, 1, at=1)

        def on_candle(self, candle: Candle) -> Iterable[Intent]:
            yield self.buy(ACME, 2, at=candle.bar.low)

        def on_statistics(self, day: DayStatistics) -> Iterable[Intent]:
            yield self.buy(ACME, day.volume, at=3)

    listener, silent = (kind([instrument()], Parameters(), Random(1)) for kind in (Listener, Strategy))
    candle = Candle(ACME, 1, Interval.MINUTE, Bar(0, 9, 9, 2, 9, 1, 9, 1))
    seen: list[Seen] = [OrderBook(ACME, 1, (), ()), candle, DayStatistics(ACME, 1, 3, 30, 1)]

    placed = [listener.on_event(one) for one in seen]

    assert placed == [
        (Place(1, ACME, Side.BUY, 1, 1),), (Place(2, ACME, Side.BUY, 2, 2),), (Place(3, ACME, Side.BUY, 3, 3),),
    ]  # fmt: skip
    assert [silent.on_event(one) for one in seen] == [(), (), ()]


def test_a_strategy_without_hooks_wants_nothing() -> None:
    strategy = Strategy([instrument()], Parameters(), Random(1))
    events: list[Event] = [Started(NOW), printed(), Depth(ACME, 1, (), ()), TimerFired(NOW), Stopping()]

    assert [strategy.on_event(event) for event in events] == [()] * 5


def test_an_intent_becomes_an_own_order_at_once_and_its_reports_update_it() -> None:
    strategy = follower()

    assert strategy.on_event(printed(10_000)) == (Place(1, ACME, Side.BUY, 1, 10_000),)
    pending = [strategy.orders[1].pending]
    strategy.on_event(Reported(1, accepted("x", quantity=1)))
    pending.append(strategy.orders[1].pending)
    strategy.on_event(Reported(1, traded("x", quantity=1)))

    assert pending == [True, False]
    assert strategy.orders == {}
    assert strategy.position(ACME) == 1


def test_on_stop_everything_is_canceled_if_there_is_anything() -> None:
    strategy = follower()
    assert strategy.on_event(Stopping()) == ()

    strategy.on_event(printed())

    assert strategy.on_event(Stopping()) == (CancelAll(),)


def test_an_intent_about_an_order_that_ended_is_left_out() -> None:
    strategy = follower()
    strategy.on_event(printed())
    strategy.on_event(Reported(1, rejected("x")))

    assert strategy.on_event(TimerFired(NOW)) == ()


def test_an_intent_about_an_order_never_placed_is_an_error() -> None:
    strategy = follower()

    with pytest.raises(LocalProtocolError, match="no order was placed with tag 1"):
        strategy.on_event(TimerFired(NOW))


def test_an_order_is_not_placed_twice() -> None:
    class Twice(Strategy):
        def on_trade(self, trade: TradePrint) -> Iterable[Intent]:
            order = self.buy(trade.symbol, 1)
            return [order, order]

    with pytest.raises(LocalProtocolError, match="tag 1"):
        Twice([instrument()], Parameters(), Random(1)).on_event(printed())


def test_a_position_held_before_is_seen_and_valued_at_the_first_price() -> None:
    strategy = Strategy([instrument()], Parameters(), Random(1))

    strategy.on_event(Started(NOW, ((ACME, 10),)))
    assert strategy.position(ACME) == 10
    strategy.on_event(printed(100))
    strategy.on_event(printed(103))

    assert strategy.position(ACME) == 10
    assert strategy.profit() == 30


def test_a_strategy_hears_of_busts_and_its_portfolio_takes_them_back() -> None:
    class Listener(Strategy):
        heard: PrintBusted | None = None

        def on_bust(self, bust: PrintBusted) -> Iterable[Intent]:
            self.heard = bust
            return ()

    strategy = Listener([instrument()], Parameters(), Random(1))
    bust = PrintBusted(ACME, 2, 1, NOW)

    strategy.on_event(Reported(None, traded("x", quantity=5, fee=3)))
    strategy.on_event(bust)
    strategy.on_event(Reported(None, TradeBusted(2, NOW, 1, ACME, Side.BUY, 10_000, 5, 3)))

    assert strategy.heard == bust
    assert (strategy.position(ACME), strategy.profit()) == (0, 0)


def test_the_mark_is_the_last_trade_and_before_any_the_mid() -> None:
    strategy = Strategy([instrument()], Parameters(), Random(1))

    strategy.on_event(Depth(ACME, 1, ((99, 1),), ((103, 1),)))
    assert strategy.marks == {ACME: 101}
    strategy.on_event(printed(98))
    strategy.on_event(Depth(ACME, 2, ((99, 1),), ((103, 1),)))

    assert strategy.marks == {ACME: 98}


def test_time_is_that_of_the_last_event_that_had_one() -> None:
    strategy = Strategy([instrument()], Parameters(), Random(1))

    strategy.on_event(TimerFired(5))
    assert strategy.now_ns == 5
    strategy.on_event(printed())

    assert strategy.now_ns == NOW


# -- zero intelligence -----------------------------------------------------------------------------
def zero_intelligence(
    seed: int = 1, info: InstrumentInfo | None = None, **parameters: object
) -> ZeroIntelligence:
    return ZeroIntelligence(
        [info or instrument()], ZeroIntelligenceParameters.model_validate(parameters), Random(seed)
    )


def placed(strategy: ZeroIntelligence, count: int) -> list[Place]:
    """What it places on ``count`` timers, every order refused so that none is in the way."""
    orders: list[Place] = []
    for _ in range(count):
        for intent in strategy.on_event(TimerFired(NOW)):
            assert isinstance(intent, Place)
            orders.append(intent)
            strategy.on_event(Reported(intent.tag, rejected("x")))
    return orders


def test_equal_seeds_and_events_give_equal_intents() -> None:
    assert placed(zero_intelligence(7), 50) == placed(zero_intelligence(7), 50)
    assert placed(zero_intelligence(7), 50) != placed(zero_intelligence(8), 50)


def test_orders_of_zero_intelligence_lie_on_ticks_and_lots_within_the_range() -> None:
    orders = placed(
        zero_intelligence(3, TICK_5, reference=1_000, range_ticks=4, maximum_quantity_lots=3), 400
    )

    assert {order.price for order in orders} == {980, 985, 990, 995, 1_000, 1_005, 1_010, 1_015, 1_020}
    assert {order.quantity for order in orders} == {20, 30}, "the smallest order is 20, the lot 10"
    assert {order.side for order in orders} == {Side.BUY, Side.SELL}


def test_constrained_traders_ask_more_than_they_bid_on_average_and_unconstrained_ones_do_not() -> None:
    def difference(*, constrained: bool) -> float:
        orders = placed(zero_intelligence(5, constrained=constrained, reference=1_000, range_ticks=20), 4_000)
        means = []
        for side in (Side.SELL, Side.BUY):
            prices = [order.price for order in orders if order.side is side and order.price is not None]
            means.append(sum(prices) / len(prices))
        return means[0] - means[1]

    # Constrained: means at three quarters and one quarter of a range of 40 ticks.
    assert difference(constrained=True) == pytest.approx(20, abs=2)
    assert difference(constrained=False) == pytest.approx(0, abs=2)


def test_without_a_reference_the_range_follows_the_last_trade() -> None:
    strategy = zero_intelligence(range_ticks=1)
    prices = {order.price for order in placed(strategy, 100)}
    assert prices == {9_999, 10_000, 10_001}, "one hundred units of money where nobody has traded"

    strategy.on_event(printed(12_000))

    assert {order.price for order in placed(strategy, 100)} == {11_999, 12_000, 12_001}


def test_prices_stay_positive_near_zero() -> None:
    assert {order.price for order in placed(zero_intelligence(reference=1, range_ticks=5), 200)} == {
        1,
        2,
        3,
        4,
        5,
        6,
    }


def test_when_too_many_orders_rest_the_oldest_is_canceled() -> None:
    strategy = zero_intelligence(maximum_orders=2)
    for tag in (1, 2):
        assert len(strategy.on_event(TimerFired(NOW))) == 1
        strategy.on_event(Reported(tag, accepted(str(tag))))

    assert strategy.on_event(TimerFired(NOW)) == (CancelOrder(1),)
    assert strategy.on_event(TimerFired(NOW)) == (CancelOrder(2),), "the first is being canceled already"
    assert strategy.on_event(TimerFired(NOW)) == ()


@pytest.mark.parametrize(("side", "back"), [(Side.BUY, Side.SELL), (Side.SELL, Side.BUY)])
def test_at_its_maximum_position_it_only_trades_back(side: Side, back: Side) -> None:
    strategy = zero_intelligence(maximum_position_lots=10)
    strategy.on_event(Reported(None, traded("x", side=side, quantity=10)))

    assert {order.side for order in placed(strategy, 50)} == {back}


@pytest.mark.parametrize(
    "values",
    [{"range_ticks": 0}, {"reference": -1}, {"maximum_orders": 0}, {"no_such_key": 1}, {"constrained": "x"}],
)
def test_impossible_parameters_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ZeroIntelligenceParameters.model_validate(values)


# -- market maker ----------------------------------------------------------------------------------
def market_maker(info: InstrumentInfo | None = None, **parameters: object) -> MarketMaker:
    return MarketMaker([info or instrument()], MarketMakerParameters.model_validate(parameters), Random(1))


def quoting(**parameters: object) -> MarketMaker:
    """A maker whose two quotes, 1 and 2, were accepted."""
    maker = market_maker(None, **parameters)
    for intent in maker.on_event(Started(NOW)):
        assert isinstance(intent, Place)
        assert intent.price is not None
        maker.on_event(
            Reported(
                intent.tag,
                accepted(str(intent.tag), side=intent.side, quantity=intent.quantity, price=intent.price),
            )
        )
    return maker


def test_a_maker_quotes_both_sides_from_the_start_and_never_takes() -> None:
    assert market_maker(half_spread_ticks=3, quantity_lots=20).on_event(Started(NOW)) == (
        Place(1, ACME, Side.BUY, 20, 9_997, post_only=True),
        Place(2, ACME, Side.SELL, 20, 10_003, post_only=True),
    )


def test_a_maker_moves_its_quotes_by_replace_when_the_market_moves() -> None:
    maker = quoting(half_spread_ticks=3)

    assert maker.on_event(printed(10_010)) == (
        ReplaceOrder(1, 20, 10_007),
        ReplaceOrder(2, 20, 10_013),
    )
    assert maker.on_event(printed(10_020)) == (), "both are being replaced already"


def test_a_quote_that_is_nearly_right_stays() -> None:
    maker = quoting(half_spread_ticks=3, requote_ticks=5)

    assert maker.on_event(printed(10_004)) == ()
    assert maker.on_event(printed(10_005)) != ()


def test_a_maker_does_not_follow_its_own_quotes() -> None:
    maker = quoting(half_spread_ticks=3)
    others = Depth(ACME, 1, ((9_997, 20), (9_990, 5)), ((10_003, 20), (10_012, 1)))

    maker.on_event(others)

    assert maker.fair_price(ACME) == 10_001


def test_a_maker_leans_against_its_position() -> None:
    maker = market_maker(half_spread_ticks=3, skew_ticks=4, maximum_position_lots=100, reference=1_000)
    assert maker.targets(ACME) == (997, 1_003)

    maker.on_event(Reported(None, traded("x", price=1_000, quantity=50)))
    assert maker.targets(ACME) == (995, 1_001)
    maker.on_event(Reported(None, traded("x", price=1_000, side=Side.SELL, quantity=100)))
    assert maker.targets(ACME) == (999, 1_005)
    maker.on_event(Reported(None, traded("x", price=1_000, quantity=150)))
    assert maker.targets(ACME) == (993, 999)


def test_a_filled_quote_comes_back_at_once() -> None:
    maker = quoting(half_spread_ticks=3, skew_ticks=0)

    intents = maker.on_event(Reported(1, traded("1", price=9_997, quantity=20)))

    assert intents == (Place(3, ACME, Side.BUY, 20, 9_994, post_only=True), ReplaceOrder(2, 20, 10_000))


def test_a_quote_filled_in_part_is_refilled_with_its_next_move() -> None:
    maker = quoting(half_spread_ticks=3, skew_ticks=0)
    maker.on_event(Reported(1, traded("1", price=9_997, quantity=5, leaves=15)))

    intents = maker.on_event(printed(10_010))

    assert intents == (ReplaceOrder(1, 25, 10_007), ReplaceOrder(2, 20, 10_013))


def test_a_refused_quote_waits_for_the_timer() -> None:
    maker = market_maker()
    maker.on_event(Started(NOW))

    assert maker.on_event(Reported(1, rejected("1"))) == ()
    assert [type(intent) for intent in maker.on_event(TimerFired(NOW))] == [Place]


def test_at_its_maximum_position_a_maker_quotes_one_side_only() -> None:
    maker = quoting(quantity_lots=20, maximum_position_lots=20, skew_ticks=0)

    intents = maker.on_event(Reported(1, traded("1", price=9_997, quantity=20)))
    assert intents == (ReplaceOrder(2, 20, 10_000),)
    maker.on_event(Reported(2, replaced("2", 3, quantity=20, price=10_000)))
    maker.on_event(Reported(2, traded("2", side=Side.SELL, price=10_000, quantity=20)))

    assert maker.position(ACME) == 0
    assert {order.side for order in maker.orders.values()} == {Side.BUY, Side.SELL}


def test_a_quote_that_the_position_forbids_is_canceled() -> None:
    maker = quoting(quantity_lots=20, maximum_position_lots=20)

    maker.on_event(Reported(None, traded("other", quantity=20)))

    assert CancelOrder(1) in maker.on_event(TimerFired(NOW))


def test_a_canceled_quote_comes_back() -> None:
    maker = quoting()

    report: PrivateMessage = canceled("1", 3, quantity=20)

    assert [type(intent) for intent in maker.on_event(Reported(1, report))] == [Place]


def test_quotes_lie_on_ticks_and_lots() -> None:
    places = market_maker(TICK_5, quantity_lots=3, reference=1_003).on_event(Started(NOW))

    assert [(place.price, place.quantity) for place in places if isinstance(place, Place)] == [
        (985, 30),
        (1_015, 30),
    ]

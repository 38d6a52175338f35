"""Order by order: what one command does to the displayed orders, told exactly."""

import pytest

from exchange.engine.commands import Command
from exchange.engine.events import Event
from exchange.market_data.displayed import DisplayedOrders
from protocol.market import OrderAdded, OrderChange, OrderDeleted, OrderExecuted, OrderReduced
from protocol.vocabulary import OrderType, Phase, SelfTrade, Side, TimeInForce
from tests.support.books import (
    ACME,
    Market,
    book_of,
    buy,
    call_of,
    cancel,
    enter,
    instrument,
    mass_cancel,
    phase,
    reduce,
    replace,
    sell,
    stop,
)
from tests.support.naive_wishes import PROFILES, SECOND, Wishes
from tests.support.twins import Twins


class Watched:
    """A market, and somebody who follows its orders; what is told names them as the test does."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.displayed = DisplayedOrders(market.engine.books[ACME])

    def told(self, command: Command) -> list[str]:
        """What a command did, in words; the copy equals the book afterwards."""
        events = self.market.submit(command)
        sentences = [self._sentence(change, events) for change in self.displayed.changes(events)]
        assert self._orders() == self._orders_of(DisplayedOrders(self.market.engine.books[ACME]))
        return sentences

    def bids(self) -> list[str]:
        return [f"{quantity} {self._name(number)}" for number, _, quantity in self.displayed.orders(Side.BUY)]

    def asks(self) -> list[str]:
        return [
            f"{quantity} {self._name(number)}" for number, _, quantity in self.displayed.orders(Side.SELL)
        ]

    def _orders(self) -> object:
        return self._orders_of(self.displayed)

    def _orders_of(self, displayed: DisplayedOrders) -> object:
        return displayed.orders(Side.BUY), displayed.orders(Side.SELL)

    def _name(self, number: int) -> str:
        for account in self.market.engine.accounts.by_name.values():
            for order in account.orders.values():
                if order.order_id == number:
                    return order.client_order_id
        raise AssertionError(f"nobody has order {number}")

    def _sentence(self, change: OrderChange, events: tuple[Event, ...]) -> str:
        name = self._name(change.number)
        match change:
            case OrderAdded():
                return f"{change.side} {change.quantity} at {change.price}: {name}"
            case OrderExecuted():
                assert any(getattr(event, "trade_id", None) == change.trade_id for event in events)
                return f"{name} executed {change.quantity}"
            case OrderReduced():
                return f"{name} less {change.quantity}"
            case OrderDeleted():
                return f"{name} gone"


TABLE = """
    bid      | price | ask
             |   102 | 5 c
             |   101 | 4 a, 2 b
    3 x, 1 y |   100 |
"""


def test_what_rests_is_there_by_price_and_then_by_priority() -> None:
    watched = Watched(book_of(TABLE))

    assert watched.bids() == ["3 x", "1 y"]
    assert watched.asks() == ["4 a", "2 b", "5 c"]


def test_an_order_that_rests_is_added_behind_the_others() -> None:
    watched = Watched(book_of(TABLE))

    assert watched.told(buy(7, at=100)) == ["buy 7 at 100: new"]
    assert watched.bids() == ["3 x", "1 y", "7 new"]


def test_a_sweep_executes_everybody_it_meets_and_adds_what_is_left() -> None:
    watched = Watched(book_of(TABLE))

    assert watched.told(buy(7, at=101)) == ["a executed 4", "b executed 2", "buy 1 at 101: new"]


def test_what_never_rests_is_never_added() -> None:
    watched = Watched(book_of(TABLE))

    assert watched.told(buy(5, at=101, time_in_force=TimeInForce.IOC)) == ["a executed 4", "b executed 1"]
    assert watched.told(buy(50, name="m")) == ["b executed 1", "c executed 5"]
    assert watched.told(buy(1, at=101, name="k", time_in_force=TimeInForce.FOK)) == []


def test_a_canceled_order_is_gone() -> None:
    watched = Watched(book_of(TABLE))

    assert watched.told(cancel("a")) == ["a gone"]
    assert watched.told(mass_cancel(side=Side.BUY)) == ["x gone", "y gone"]


def test_an_order_that_shrinks_keeps_its_place() -> None:
    """Rule 10."""
    watched = Watched(book_of(TABLE))

    assert watched.told(reduce("a", 1)) == ["a less 1"]
    assert watched.told(replace("x", quantity=2)) == ["x less 1"]
    assert watched.asks() == ["3 a", "2 b", "5 c"]


def test_an_order_that_grows_or_moves_goes_to_the_back() -> None:
    """Rule 10."""
    watched = Watched(book_of(TABLE))

    assert watched.told(replace("a", quantity=9)) == ["a gone", "sell 9 at 101: a"]
    assert watched.told(replace("b", price=102)) == ["b gone", "sell 2 at 102: b"]


def test_a_replace_that_crosses_trades_first() -> None:
    """Rule 11."""
    watched = Watched(book_of(TABLE))

    assert watched.told(replace("x", quantity=9, price=101)) == [
        "x gone", "a executed 4", "b executed 2", "buy 3 at 101: x",
    ]  # fmt: skip


def test_of_an_iceberg_its_peak_is_told_and_a_new_one_stands_behind() -> None:
    """Rules 23 and 26."""
    watched = Watched(book_of(TABLE))

    assert watched.told(sell(10, at=101, name="ice", display=3)) == ["sell 3 at 101: ice"]
    assert watched.told(sell(1, at=101, name="late")) == ["sell 1 at 101: late"]
    assert watched.told(buy(8, at=101, name="t1")) == ["a executed 4", "b executed 2", "ice executed 2"]
    assert watched.told(buy(1, at=101, name="t2")) == ["ice executed 1", "sell 3 at 101: ice"]
    assert watched.asks() == ["1 late", "3 ice", "5 c"]


def test_peaks_that_come_and_go_within_one_command_are_not_told() -> None:
    watched = Watched(book_of(TABLE))
    watched.told(sell(10, at=101, name="ice", display=3))

    told = watched.told(buy(14, at=101))

    assert told == ["a executed 4", "b executed 2", "ice executed 3", "sell 1 at 101: ice"]


def test_a_peak_that_refills_in_front_has_its_level_written_anew() -> None:
    watched = Watched(book_of("", instrument(peak_refills_in_front=True)))
    watched.told(sell(10, at=101, name="ice", display=3))
    watched.told(sell(4, at=101, name="late"))

    assert watched.told(buy(3, at=101)) == [
        "ice executed 3", "late gone", "sell 3 at 101: ice", "sell 4 at 101: late",
    ]  # fmt: skip


def test_an_iceberg_that_shrinks_shows_no_more_than_is_left() -> None:
    watched = Watched(book_of(TABLE))
    watched.told(sell(10, at=102, name="ice", display=3))

    assert watched.told(reduce("ice", 6, owner="taker")) == []
    assert watched.told(reduce("ice", 2, owner="taker")) == ["ice less 1"]


def test_hidden_orders_are_never_told() -> None:
    """Rule 26."""
    watched = Watched(book_of(TABLE))

    assert watched.told(sell(9, at=101, name="h", hidden=True)) == []
    assert watched.told(buy(7, at=101, name="t")) == ["a executed 4", "b executed 2"]
    assert watched.told(replace("h", price=102, owner="taker")) == []
    assert watched.told(cancel("h", owner="taker")) == []


def test_pegs_move_behind_whoever_they_follow() -> None:
    """Rule 53."""
    watched = Watched(book_of(TABLE))

    assert watched.told(buy(2, name="peg", order_type=OrderType.PEG)) == ["buy 2 at 100: peg"]
    assert watched.told(buy(1, at=99, name="away")) == ["buy 1 at 99: away"]
    assert watched.told(mass_cancel(side=Side.BUY)) == ["x gone", "y gone", "peg gone", "buy 2 at 99: peg"]


def test_an_all_or_none_that_finds_enough_later_is_executed_where_it_stood() -> None:
    """Rule 51."""
    watched = Watched(book_of())
    watched.told(buy(5, at=100, name="whole", all_or_none=True))

    assert watched.told(sell(3, at=100, name="s1")) == ["sell 3 at 100: s1"]
    assert watched.told(sell(3, at=100, name="s2")) == [
        "sell 3 at 100: s2", "whole executed 3", "s1 executed 3", "whole executed 2", "s2 executed 2",
    ]  # fmt: skip


def test_self_trade_prevention_takes_makers_away_or_shrinks_them() -> None:
    """Rule 31."""
    watched = Watched(book_of(TABLE))

    gone = watched.told(buy(1, at=101, name="n1", owner="maker", self_trade=SelfTrade.CANCEL_MAKER))
    shrunk = watched.told(buy(2, at=102, name="n2", owner="maker", self_trade=SelfTrade.DECREMENT))

    assert gone == ["a gone", "b gone", "buy 1 at 101: n1"]
    assert shrunk == ["c less 2"]


def test_stops_wait_unseen_and_come_to_rest_at_their_limit() -> None:
    """Rules 28 and 30."""
    watched = Watched(book_of(TABLE))

    assert watched.told(stop(Side.BUY, 101, 3, limit=101)) == []
    assert watched.told(buy(6, at=101, name="t")) == ["a executed 4", "b executed 2", "buy 3 at 101: s"]


def test_market_orders_that_rest_are_not_shown() -> None:
    watched = Watched(book_of("", instrument(market_remainder_rests=True)))

    assert watched.told(buy(3, name="m")) == []
    assert watched.told(sell(2, at=100, name="s")) == []
    assert watched.told(sell(2, at=100, name="s2")) == ["sell 1 at 100: s2"]


def test_an_auction_executes_both_sides_at_their_own_prices() -> None:
    """Rule 37."""
    watched = Watched(call_of("5 x | 101 |\n | 99 | 3 a"))

    assert watched.told(buy(1, at=102, name="y")) == ["buy 1 at 102: y"]
    assert watched.told(phase(Phase.CONTINUOUS)) == [
        "y executed 1", "a executed 1", "x executed 2", "a executed 2",
    ]  # fmt: skip
    assert watched.bids() == ["3 x"]


def test_orders_for_the_close_appear_with_its_call() -> None:
    watched = Watched(book_of(TABLE))

    assert watched.told(buy(2, at=99, name="moc", time_in_force=TimeInForce.AT_THE_CLOSE)) == []
    assert watched.told(phase(Phase.CLOSING_AUCTION)) == ["buy 2 at 99: moc"]
    assert watched.told(phase(Phase.CLOSED)) == ["moc gone"]


def test_what_rests_elsewhere_than_it_said_is_added_there() -> None:
    watched = Watched(book_of(TABLE))

    told = watched.told(enter(Side.BUY, 9, name="mtl", order_type=OrderType.MARKET_TO_LIMIT))

    assert told == ["a executed 4", "b executed 2", "buy 3 at 101: mtl"]


def test_refusals_and_other_instruments_change_nothing() -> None:
    market = Market(instrument(), instrument("BOLT"))
    watched = Watched(market)

    assert watched.told(buy(0, at=100)) == []
    assert watched.told(buy(1, at=100, name="b", symbol="BOLT")) == []


def test_plain_orders_are_told_without_a_look_at_the_book(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command costs does not grow with what rests at the prices that it touches."""
    twins = Twins((PROFILES["plain"], SECOND))
    wishes = Wishes(1, twins.naive, "plain", plain=True)
    book = twins.engine.books[PROFILES["plain"].symbol]
    displayed = DisplayedOrders(book)
    monkeypatch.setattr(DisplayedOrders, "_compare", None)

    changes = 0
    for _ in range(1_500):
        changes += len(displayed.changes(twins.submit(wishes.next(len(twins.commands) + 1))))

    assert changes > 1_000
    assert [displayed.orders(side) for side in Side] == [DisplayedOrders(book).orders(side) for side in Side]

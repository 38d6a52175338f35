"""Position and profit, to the last unit."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.desk import TradeBusted
from protocol.messages import TradeReport
from protocol.vocabulary import Side, Symbol
from tests.traders.reports import ACME, traded
from traders.portfolio import Holding, Portfolio

BUY, SELL = Side.BUY, Side.SELL


def holding_of(*trades: tuple[Side, int, int]) -> Holding:
    holding = Holding()
    for side, price, quantity in trades:
        holding.trade(side, price, quantity)
    return holding


@pytest.mark.parametrize(
    ("trades", "position", "average", "realised", "unrealised_at_110"),
    [
        ([], 0, None, 0, 0),
        ([(BUY, 100, 10)], 10, 100, 0, 100),
        ([(BUY, 100, 10), (BUY, 104, 10)], 20, 102, 0, 160),
        ([(BUY, 100, 10), (SELL, 105, 4)], 6, 100, 20, 60),
        ([(BUY, 100, 10), (SELL, 105, 10)], 0, None, 50, 0),
        ([(BUY, 100, 10), (SELL, 105, 15)], -5, 105, 50, -25),
        ([(SELL, 100, 10)], -10, 100, 0, -100),
        ([(SELL, 100, 10), (BUY, 90, 4)], -6, 100, 40, -60),
        ([(SELL, 100, 10), (BUY, 90, 12)], 2, 90, 100, 40),
    ],
)
def test_positions_open_grow_shrink_close_and_turn(
    trades: list[tuple[Side, int, int]],
    position: int,
    average: int | None,
    realised: int,
    unrealised_at_110: int,
) -> None:
    holding = holding_of(*trades)

    assert holding.position == position
    assert holding.average_price == average
    assert holding.realised == realised
    assert holding.unrealised(110) == unrealised_at_110


def test_an_average_that_does_not_divide_loses_nothing_in_the_end() -> None:
    holding = holding_of((BUY, 100, 1), (BUY, 101, 2), (SELL, 101, 1))

    assert holding.average_price == 101  # 202 paid for 2, one third of a unit left in the position
    assert holding.realised == 1

    holding.trade(SELL, 101, 2)

    assert holding.realised == 1
    assert holding.basis == 0


def test_fees_lower_the_profit_and_rebates_raise_it() -> None:
    portfolio = Portfolio()

    portfolio.apply(traded("a", price=100, quantity=10, fee=7))
    portfolio.apply(traded("b", side=SELL, price=100, quantity=10, fee=-2))

    assert portfolio.fees == 5
    assert portfolio.profit({}) == -5
    assert portfolio.trades == 2


def test_instruments_are_kept_apart_and_added_up() -> None:
    portfolio = Portfolio()
    bolt = Symbol("BOLT")

    portfolio.apply(traded("a", price=100, quantity=10))
    portfolio.apply(traded("b", symbol=bolt, side=SELL, price=50, quantity=1))

    assert (portfolio.position(ACME), portfolio.position(bolt), portfolio.position(Symbol("NONE"))) == (
        10,
        -1,
        0,
    )
    assert portfolio.profit({ACME: 101, bolt: 48}) == 12
    assert portfolio.profit({bolt: 48}) == 2, "without a mark a position counts at what it cost"


def test_a_position_carried_in_has_neither_gained_nor_traded() -> None:
    portfolio = Portfolio()

    portfolio.carry(ACME, -10, at=100)
    portfolio.apply(traded("a", price=90, quantity=10))

    assert portfolio.position(ACME) == 0
    assert portfolio.profit({}) == 100
    assert portfolio.trades == 1


trade = st.tuples(st.sampled_from([BUY, SELL]), st.integers(1, 1_000), st.integers(1, 50), st.integers(-5, 5))


@given(st.lists(trade, max_size=30), st.integers(1, 1_000))
def test_realised_and_unrealised_less_fees_are_always_what_was_gained(
    trades: list[tuple[Side, int, int, int]], mark: int
) -> None:
    holding = Holding()
    money = 0
    position = 0

    for side, price, quantity, fee in trades:
        holding.trade(side, price, quantity, fee)
        signed = quantity if side is BUY else -quantity
        money -= signed * price + fee
        position += signed

    gained = money + position * mark
    assert holding.position == position
    assert holding.realised + holding.unrealised(mark) - holding.fees == gained == holding.profit(mark)
    assert holding.bought - holding.sold == position


@given(st.lists(trade, max_size=30))
def test_the_average_price_is_that_of_exact_arithmetic_within_rounding(
    trades: list[tuple[Side, int, int, int]],
) -> None:
    holding = Holding()
    position, cost = 0, Fraction(0)

    for side, price, quantity, _ in trades:
        holding.trade(side, price, quantity)
        signed = quantity if side is BUY else -quantity
        if position * signed >= 0:
            cost += signed * price
        elif abs(signed) < abs(position):
            cost += cost / position * signed
        else:
            cost = Fraction((position + signed) * price)
        position += signed

    # Every partial closing rounds by less than one unit of money.
    assert abs(holding.basis - cost) <= len(trades)


# -- busts, and money that is not price units ------------------------------------------------------
def busted(report: TradeReport) -> TradeBusted:
    """The same trade, undone."""
    return TradeBusted(
        9,
        report.at_ns,
        report.trade_id,
        report.symbol,
        report.side,
        report.price,
        report.quantity,
        report.fee,
    )


@given(
    st.lists(
        st.tuples(st.sampled_from(Side), st.integers(1, 50), st.integers(1, 9), st.integers(-3, 3)),
        min_size=1,
    ),
    st.data(),
)
def test_a_bust_leaves_position_cash_and_fees_as_if_the_trade_had_never_been(
    trades: list[tuple[Side, int, int, int]], data: st.DataObject
) -> None:
    reports = [
        traded("a", side=side, price=price, quantity=quantity, fee=fee)
        for side, price, quantity, fee in trades
    ]
    undone = data.draw(st.integers(0, len(reports) - 1))
    after, never = Portfolio({ACME: 7}), Portfolio({ACME: 7})

    for report in reports:
        after.apply(report)
    after.bust(busted(reports[undone]))
    for report in reports[:undone] + reports[undone + 1 :]:
        never.apply(report)

    holding, other = after.of(ACME), never.of(ACME)
    assert (holding.position, holding.cash, holding.fees) == (other.position, other.cash, other.fees)
    assert (holding.trades, holding.bought, holding.sold) == (other.trades, other.bought, other.sold)
    assert holding.profit(30) == other.profit(30)
    assert holding.realised + holding.unrealised(30) - holding.fees == holding.profit(30)


def test_profit_and_fees_are_in_the_same_units_of_money() -> None:
    portfolio = Portfolio({ACME: 100})

    portfolio.apply(traded("a", side=BUY, price=50, quantity=2, fee=30))
    portfolio.apply(traded("b", side=SELL, price=53, quantity=1, fee=15))

    holding = portfolio.of(ACME)
    assert (holding.realised, holding.unrealised(55), holding.average_price) == (300, 500, 50)
    assert portfolio.profit({ACME: 55}) == 300 + 500 - 45

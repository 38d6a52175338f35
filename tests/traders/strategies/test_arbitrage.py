"""Two instruments, or a fund and its parts, traded against each other."""

from random import Random

import pytest
from pydantic import ValidationError

from protocol.errors import ConfigError
from protocol.vocabulary import Side, TimeInForce
from tests.traders.strategies.session import ACME, BETA, FUND, Session, instrument
from traders.strategies.etf_arbitrage import EtfArbitrage, EtfArbitrageParameters
from traders.strategies.intents import Place
from traders.strategies.pairs import Pairs, PairsParameters

BUY, SELL, IOC = Side.BUY, Side.SELL, TimeInForce.IOC


# -- pairs -----------------------------------------------------------------------------------------
def pair(**parameters: object) -> Session:
    """After ten looks at a spread of 100."""
    values = {
        "looks": 10,
        "enter": 3.0,
        "leave": 1.0,
        "quantity_lots": 4,
        "position_lots": 4,
        "slippage_ticks": 0,
    }
    both = [instrument(ACME), instrument(BETA)]
    session = Session("pairs", values | parameters, both, answers=False)
    session.book(199, 201, ACME)
    session.book(99, 101, BETA)
    for _ in range(10):
        assert session.timer() == ()
    return session


def test_when_the_first_is_dear_it_is_sold_and_then_the_second_is_bought() -> None:
    session = pair()
    session.book(210, 212, ACME)

    assert session.timer() == (Place(1, ACME, SELL, 4, 210, IOC),)
    session.answer(filled=3)
    assert session.timer() == (Place(2, ACME, SELL, 1, 210, IOC), Place(3, BETA, BUY, 3, 101, IOC))


def test_when_the_spread_is_back_both_legs_are_closed() -> None:
    session = pair()
    session.book(190, 192, ACME)
    session.timer()
    session.answer(filled=4)
    session.timer()
    session.answer(filled=4)
    assert (session.position(ACME), session.position(BETA)) == (4, -4)

    session.book(199, 201, ACME)
    session.timer()
    session.answer(filled=4)
    session.timer()
    session.answer(filled=4)

    assert (session.position(ACME), session.position(BETA)) == (0, 0)


def test_a_ratio_weighs_the_second_leg() -> None:
    session = pair(ratio_numerator=3, ratio_denominator=2)
    session.book(230, 232, ACME)
    session.timer()
    session.answer(filled=4)

    assert session.timer() == (Place(2, BETA, BUY, 6, 101, IOC),)


@pytest.mark.parametrize("values", [{}, {"first": "ACME", "second": "ACME"}, {"first": "ZETA"}])
def test_a_pair_needs_two_instruments(values: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="two instruments"):
        Pairs([instrument(ACME)], PairsParameters.model_validate(values), Random(1))


# -- a fund and its parts --------------------------------------------------------------------------
def fund(**parameters: object) -> Session:
    """Two shares of the fund are one ACME and two BETA: worth 200 a share."""
    values = {
        "etf": FUND, "weights": {ACME: 1, BETA: 2}, "unit": 2, "units": 5, "maximum_units": 8, "edge_ppm": 10_000,
    }  # fmt: skip
    session = Session(
        "etf_arbitrage", values | parameters, [instrument(one) for one in (ACME, BETA, FUND)], answers=False
    )
    session.book((199, 50), (201, 50), ACME)
    session.book((99, 50), (101, 50), BETA)
    return session


def test_a_fund_within_costs_of_its_parts_is_left_alone() -> None:
    session = fund()

    # The parts cost 201 + 2 x 101 = 403 and bring 397; one percent more is 407.03, less 393.03.
    assert session.book((203, 50), (204, 50), FUND) == ()
    assert session.book((195, 50), (197, 50), FUND) == ()


def test_a_fund_that_is_dear_is_sold_against_its_parts() -> None:
    session = fund()

    assert session.book((204, 50), (206, 50), FUND) == (
        Place(1, FUND, SELL, 10, 204, IOC),
        Place(2, ACME, BUY, 5, 201, IOC),
        Place(3, BETA, BUY, 10, 101, IOC),
    )


def test_a_fund_that_is_cheap_is_bought_against_its_parts() -> None:
    session = fund()

    assert session.book((194, 50), (196, 50), FUND) == (
        Place(1, FUND, BUY, 10, 196, IOC),
        Place(2, ACME, SELL, 5, 199, IOC),
        Place(3, BETA, SELL, 10, 99, IOC),
    )


def test_no_more_units_than_the_thinnest_leg_offers() -> None:
    session = fund()
    session.book((99, 50), (101, 5), BETA)

    assert [one.quantity for one in session.book((210, 50), (212, 50), FUND) if isinstance(one, Place)] == [
        4,
        2,
        4,
    ]


def test_legs_that_did_not_fill_are_completed_beyond_the_best_price() -> None:
    session = fund(slippage_ticks=2)
    session.book((204, 50), (206, 50), FUND)

    session.answer(filled=10)
    session.answer(filled=2)
    session.answer(filled=10)

    assert (session.position(FUND), session.position(ACME), session.position(BETA)) == (-10, 2, 10)
    assert session.waiting == [Place(4, ACME, BUY, 3, 203, IOC)]


def test_it_holds_no_more_than_its_maximum() -> None:
    session = fund()
    for expected in (10, 6, 0):
        traded = sum(one.quantity for one in session.timer() if isinstance(one, Place) and one.symbol == FUND)
        traded += sum(
            one.quantity
            for one in session.book((204, 50 + expected), (206, 50), FUND)
            if isinstance(one, Place) and one.symbol == FUND
        )
        assert traded == expected
        while session.waiting:
            session.answer(filled=1_000)

    assert [session.position(one) for one in (FUND, ACME, BETA)] == [-16, 8, 16]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"etf": "ZETA", "weights": {"ACME": 1}}, "needs ZETA"),
        ({"etf": "FUND", "weights": {"ACME": -1}}, "is no order"),
        ({"etf": "FUND", "weights": {"FUND": 1}}, "part of itself"),
    ],
)
def test_impossible_funds_are_refused(values: dict[str, object], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        EtfArbitrage(
            [instrument(ACME), instrument(FUND)], EtfArbitrageParameters.model_validate(values), Random(1)
        )


def test_a_pair_that_leaves_before_it_enters_is_refused() -> None:
    with pytest.raises(ValidationError, match="is not below"):
        PairsParameters.model_validate({"enter": 1.0, "leave": 1.0})

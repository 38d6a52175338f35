"""Large orders, worked off: in even pieces, with the volume, as a share of it, from behind a peak."""

import pytest
from pydantic import ValidationError

from protocol.messages import InstrumentInfo
from protocol.vocabulary import Side, TimeInForce
from tests.traders.strategies.session import ACME, Session
from traders.strategies.execution import Execution
from traders.strategies.intents import CancelOrder, Intent, Place, ReplaceOrder
from traders.strategies.twap import TwapParameters
from traders.strategies.vwap import VwapParameters

BUY, SELL, IOC = Side.BUY, Side.SELL, TimeInForce.IOC


def execution(name: str, **parameters: object) -> Session:
    """Buys 100 within 100 seconds, and takes at once what it is to have."""
    values: dict[str, object] = {"quantity_lots": 100, "end_s": 100.0, "patience_s": 0.0}
    session = Session(name, values | parameters, answers=False)
    session.book(999, 1_001)
    return session


def schedule(session: Session, every_s: float, count: int) -> list[int]:
    """Quantities sent at each timer; all of them are filled."""
    sent: list[int] = []
    for _ in range(count):
        intents = session.timer(every_s)
        sent.append(sum(one.quantity for one in intents if isinstance(one, Place)))
        while session.waiting:
            session.answer(filled=1_000)
    return sent


# -- the schedules ---------------------------------------------------------------------------------
def test_twap_sends_the_same_quantity_in_every_slice() -> None:
    session = execution("twap", slices=4)

    assert schedule(session, 12.5, 9) == [25, 25, 0, 25, 0, 25, 0, 0, 0]
    assert session.position() == 100


def test_vwap_follows_its_curve() -> None:
    session = execution("vwap", curve=(3, 1, 0, 4))

    assert schedule(session, 25.0, 3) == [37, 13, 0]
    assert schedule(session, 12.5, 2) == [25, 0], "and gives up the rest at the end"


def test_pov_adds_its_share_of_what_others_trade() -> None:
    session = execution("pov", participation=0.2)

    assert session.timer() == ()
    session.print(1_000, 40)
    assert session.timer() == (Place(1, ACME, BUY, 10, 1_001, IOC),), "10 of 50"
    session.answer(filled=10)
    session.print(1_001, 10)  # its own
    assert session.timer() == ()
    session.print(1_000, 8)
    assert schedule(session, 1.0, 1) == [2]


def test_pov_does_not_count_what_was_traded_before_its_start() -> None:
    session = execution("pov", start_s=10.0)
    session.print(1_000, 900)
    session.timer(20.0)
    session.print(1_000, 9)

    assert schedule(session, 1.0, 1) == [1]


def test_nothing_before_the_start_and_nothing_after_the_end() -> None:
    session = execution("twap", start_s=50.0, slices=1)

    assert schedule(session, 49.0, 1) == [0]
    assert schedule(session, 2.0, 1) == [100]
    late = execution("twap")
    assert schedule(late, 100.0, 2) == [0, 0]


# -- how it trades ---------------------------------------------------------------------------------
def test_it_waits_at_its_side_first_and_then_takes_what_is_offered() -> None:
    session = execution("twap", slices=1, patience_s=5.0)
    session.answers = True

    assert session.timer() == (Place(1, ACME, BUY, 100, 999),)
    session.fill(1, 30)
    assert session.timer(4.0) == ()
    assert session.timer() == (CancelOrder(1),)
    assert session.timer() == (Place(2, ACME, BUY, 70, 1_001, IOC),)


def test_what_was_not_to_be_had_waits_again() -> None:
    session = execution("twap", slices=1, patience_s=1.0)
    session.answers = True
    session.timer()
    session.timer(2.0)
    session.timer()  # taking brings nothing

    assert session.timer() == (Place(3, ACME, BUY, 100, 999),)


@pytest.mark.parametrize(
    ("side", "limit", "price"),
    [(BUY, 1_000, None), (BUY, 1_002, 1_002), (SELL, 1_000, None), (SELL, 998, 998)],
)
def test_it_takes_up_to_its_slippage_and_never_beyond_its_limit(
    side: Side, limit: int, price: int | None
) -> None:
    session = execution("twap", slices=1, side=side, limit_price=limit, slippage_ticks=5)

    assert [one.price for one in session.timer() if isinstance(one, Place)] == [price] * (price is not None)


def test_it_waits_at_its_limit_where_nobody_quotes() -> None:
    session = execution("twap", slices=1, patience_s=5.0, limit_price=950)
    session.book(None, None)
    assert session.timer() == (Place(1, ACME, BUY, 100, 950),)

    without = execution("twap", slices=1, patience_s=5.0)
    without.book(None, None)
    assert without.timer() == ()


def test_a_refused_order_is_tried_again_at_the_next_timer() -> None:
    session = execution("twap", slices=1, patience_s=5.0)
    session.timer()
    session.answer(refuse=True)

    assert session.timer() == (Place(2, ACME, BUY, 100, 999),)


def test_quantities_are_lots_and_what_makes_none_is_left() -> None:
    values = {"quantity_lots": 10, "slices": 3, "end_s": 90.0, "patience_s": 0.0}
    session = Session("twap", values, [InstrumentInfo(ACME, 5, 10, 20, 1_000_000, 2)], answers=False)
    session.book(1_000, 1_005)

    # 100 in three parts: 33, 66 and 100, in lots of 10 and orders of 20 at least.
    assert schedule(session, 29.0, 3) == [30, 30, 40]


def test_at_the_end_what_is_open_is_canceled_and_it_knows_what_it_has_done() -> None:
    session = execution("twap", slices=1, patience_s=1_000.0)
    session.answers = True
    session.timer()
    session.fill(1, 60)

    assert session.timer(100.0) == (CancelOrder(1),)
    assert isinstance(session.strategy, Execution)
    assert (session.strategy.done, session.strategy.left, session.open) == (60, 40, {})


# -- the iceberg -----------------------------------------------------------------------------------
def test_the_venue_keeps_the_peak_of_one_large_order() -> None:
    session = execution("iceberg_slicer", peak_lots=20)
    session.answers = True

    (order,) = session.timer()

    assert isinstance(order, Place)
    assert (order.quantity, order.price, order.terms) == (100, 999, {"display": 20})


def test_the_trader_keeps_it_by_peaks_of_its_own_each_when_the_last_is_filled() -> None:
    session = execution("iceberg_slicer", peak_lots=40, keeper="trader", side=SELL)
    sent: list[Intent] = list(session.timer())

    for tag in (1, 2, 3):
        session.answer()
        session.fill(tag, 10)
        sent.extend(session.fill(tag))

    assert sent == [
        Place(1, ACME, SELL, 40, 1_001), Place(2, ACME, SELL, 40, 1_001), Place(3, ACME, SELL, 20, 1_001),
    ]  # fmt: skip
    assert session.position() == -100


def test_it_moves_with_the_best_price_unless_it_is_to_stay() -> None:
    def moved(**parameters: object) -> list[Intent]:
        session = execution("iceberg_slicer", peak_lots=20, **parameters)
        session.answers = True
        session.timer()
        session.book(1_002, 1_004)
        return list(session.timer())

    assert moved() == [ReplaceOrder(1, None, 1_002)]
    assert moved(requote_ticks=4) == []
    assert moved(follow=False) == []
    assert moved(limit_price=1_000) == [ReplaceOrder(1, None, 1_000)]


# -- mistakes --------------------------------------------------------------------------------------
def test_an_end_before_the_start_is_refused() -> None:
    with pytest.raises(ValidationError, match="not after"):
        TwapParameters.model_validate({"start_s": 10, "end_s": 10})


@pytest.mark.parametrize("curve", [(), (0, 0), (1, -1)])
def test_a_curve_without_volume_is_refused(curve: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError):
        VwapParameters.model_validate({"curve": curve})

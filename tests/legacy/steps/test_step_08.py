"""A candle builder that is told of halts, and keeps no candle for itself."""

import inspect

import pytest

from exchange.market_data.bars import bars_of
from legacy.steps.market import ACME, BOLT
from legacy.steps.step_02 import list_tape
from legacy.steps.step_08 import Halted, candle_builder
from legacy.steps.tape import SAMPLE
from protocol.market import Bar, TradePrint
from protocol.vocabulary import Interval

TRADES = [trade for trade in list_tape(SAMPLE) if trade.symbol == ACME]


def bars(trades: list[TradePrint]) -> list[Bar]:
    return list(
        bars_of([(one.trade_id, one.at_ns, one.price, one.quantity) for one in trades], Interval.MINUTE)
    )


def test_close_hands_out_the_open_candle_so_that_all_are_those_of_the_venue() -> None:
    made: list[Bar] = []
    builder = candle_builder(made.append)
    for trade in TRADES:
        builder.send(trade)
    before = len(made)

    builder.close()

    assert made == bars(TRADES)
    assert len(made) == before + 1
    assert inspect.getgeneratorstate(builder) == inspect.GEN_CLOSED


def test_a_halt_ends_the_candle_and_the_builder_goes_on() -> None:
    made: list[Bar] = []
    builder = candle_builder(made.append)
    for trade in TRADES[:10]:
        builder.send(trade)
    assert made == []

    builder.throw(Halted(ACME, TRADES[9].at_ns))

    assert made == bars(TRADES[:10])
    assert inspect.getgeneratorstate(builder) == inspect.GEN_SUSPENDED
    for trade in TRADES[10:20]:  # of the same minute
        builder.send(trade)
    builder.close()
    assert made == bars(TRADES[:10]) + bars(TRADES[10:20])
    assert made[0].start_ns == made[1].start_ns


def test_halts_without_an_open_candle_hand_out_nothing() -> None:
    made: list[Bar] = []
    builder = candle_builder(made.append)

    builder.throw(Halted(ACME, 1))
    builder.throw(Halted(ACME, 2))
    builder.close()

    assert made == []


def test_what_it_does_not_know_ends_it_comes_out_and_costs_no_candle() -> None:
    made: list[Bar] = []
    builder = candle_builder(made.append)
    builder.send(TRADES[0])

    with pytest.raises(KeyboardInterrupt):
        builder.throw(KeyboardInterrupt())

    assert made == bars(TRADES[:1])
    assert inspect.getgeneratorstate(builder) == inspect.GEN_CLOSED
    with pytest.raises(StopIteration):
        builder.send(TRADES[1])


def test_close_twice_hands_out_once() -> None:
    made: list[Bar] = []
    builder = candle_builder(made.append)
    builder.send(TRADES[0])

    builder.close()
    builder.close()

    assert made == bars(TRADES[:1])


def test_a_builder_that_is_forgotten_is_closed_by_python() -> None:
    made: list[Bar] = []
    builder = candle_builder(made.append)
    builder.send(TRADES[0])

    del builder

    assert made == bars(TRADES[:1])


def test_throw_answers_with_what_the_next_yield_gives_out() -> None:
    builder = candle_builder(list[Bar]().append)

    assert builder.throw(Halted(BOLT, 0)) is None
    assert str(Halted(BOLT, 34_200_000_000_000)) == "BOLT halted at 09:30:00.000"

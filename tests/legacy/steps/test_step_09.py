"""The push pipeline: the producer drives, many consumers are told, each may leave."""

import inspect
from collections.abc import Generator

import pytest

from exchange.market_data.bars import bars_of
from legacy.steps.market import ACME, BOLT
from legacy.steps.step_06 import primed
from legacy.steps.step_08 import candle_builder
from legacy.steps.step_09 import Target, alarm, book_view, broadcast, feed, market_talk, only_trades
from protocol.errors import SequenceGap
from protocol.fields import Message
from protocol.market import Bar, DepthDelta, PhaseStatus, TradePrint
from protocol.vocabulary import Interval, Phase
from traders.book_view import BookView

TALK = list(market_talk(orders=120))
TRADES = [message for message in TALK if isinstance(message, TradePrint)]


@primed
def recorder(taken: list[object], most: int = 1_000_000) -> Generator[None, object, None]:
    """Keeps what it is sent; "closed" at its end; ends by itself after so many."""
    try:
        while len(taken) < most:
            message = yield
            taken.append(message)
    finally:
        taken.append("closed")


@primed
def fails_at(number: int) -> Generator[None, object, None]:
    """Raises when it is sent its message of that number."""
    for _ in range(number):
        yield
    raise LookupError("broken")


def state(target: Target) -> str:
    return inspect.getgeneratorstate(target)


def test_everybody_gets_everything_in_order_and_is_closed_at_the_end() -> None:
    one, other = list[object](), list[object]()

    feed(TALK, broadcast(recorder(one), recorder(other)))

    assert one == other == [*TALK, "closed"]


def test_every_message_has_arrived_before_the_next_is_taken_from_the_source() -> None:
    taken: list[object] = []
    ahead: list[int] = []

    def source() -> Generator[Message, None, None]:
        for number, message in enumerate(TALK):
            ahead.append(number - len(taken))
            yield message

    feed(source(), recorder(taken))

    assert set(ahead) == {0}


def test_who_has_seen_enough_leaves_and_the_others_go_on() -> None:
    few, all_of_it = list[object](), list[object]()

    feed(TALK, broadcast(recorder(few, most=3), recorder(all_of_it)))

    assert few == [*TALK[:3], "closed"]
    assert all_of_it == [*TALK, "closed"]


def test_when_nobody_is_left_the_producer_stops() -> None:
    asked = 0

    def source() -> Generator[Message, None, None]:
        nonlocal asked
        for message in TALK:
            asked += 1
            yield message

    target = broadcast(recorder([], most=3), recorder([], most=5))
    feed(source(), target)

    assert asked == 5
    assert state(target) == inspect.GEN_CLOSED


def test_a_consumer_that_fails_fails_the_producer_and_closes_all_others() -> None:
    before, after = list[object](), list[object]()
    target = broadcast(recorder(before), fails_at(2), recorder(after))

    with pytest.raises(LookupError, match="broken"):
        feed(TALK, target)

    assert before == [*TALK[:2], "closed"]
    assert after == [*TALK[:1], "closed"]
    assert state(target) == inspect.GEN_CLOSED


def test_closing_goes_through_every_stage_and_a_stage_that_fails_keeps_nobody_from_being_closed() -> None:
    @primed
    def fails_to_close() -> Generator[None, object, None]:
        try:
            while True:
                yield
        finally:
            raise LookupError("on the way out")

    before, after = list[object](), list[object]()
    target = broadcast(only_trades(recorder(before)), fails_to_close(), only_trades(recorder(after)))

    with pytest.raises(LookupError, match="on the way out"):
        target.close()

    assert before == after == ["closed"]


def test_a_source_that_fails_closes_the_pipeline() -> None:
    taken: list[object] = []

    def source() -> Generator[Message, None, None]:
        yield TALK[0]
        raise OSError("the line is dead")

    with pytest.raises(OSError, match="the line is dead"):
        feed(source(), broadcast(only_trades(recorder([])), recorder(taken)))

    assert taken == [TALK[0], "closed"]


def test_only_trades_sends_on_trades_and_throws_halts() -> None:
    halt = PhaseStatus(ACME, 1, Phase.HALT, Phase.CONTINUOUS, TRADES[1].at_ns)
    made: list[Bar] = []
    minute = [
        one for one in TRADES if one.at_ns // Interval.MINUTE.ns == TRADES[0].at_ns // Interval.MINUTE.ns
    ]

    feed([minute[0], TALK[0], minute[1], halt, minute[2]], only_trades(candle_builder(made.append)))

    assert [bar.trades for bar in made] == [2, 1]


def test_a_filter_ends_with_its_target() -> None:
    taken: list[object] = []
    stage = only_trades(recorder(taken, most=1))

    stage.send(TALK[0])
    with pytest.raises(StopIteration):
        stage.send(TRADES[0])

    assert taken == [TRADES[0], "closed"]


def test_the_book_is_the_one_of_the_venue_and_a_hole_in_the_feed_is_noticed() -> None:
    view = BookView(ACME)
    deltas = [message for message in TALK if isinstance(message, DepthDelta)]

    feed(TALK, book_view(view))

    assert view.seq == deltas[-1].seq  # and every checksum on the way was right
    assert view.best_bid is not None
    with pytest.raises(SequenceGap):
        feed([message for message in TALK if message is not deltas[3]], book_view(BookView(ACME)))


def test_the_alarm_rings_once_whatever_halts() -> None:
    rung: list[TradePrint] = []
    distance = 12
    expected = next(one for one in TRADES if abs(one.price - TRADES[0].price) >= distance)
    halt = PhaseStatus(ACME, 1, Phase.HALT, Phase.CONTINUOUS, 1)

    feed([halt, TRADES[0], halt, *TRADES[1:]], only_trades(alarm(distance, rung.append)))

    assert rung == [expected]


def test_candles_pushed_are_candles_pulled_with_a_cut_at_the_halt() -> None:
    made: list[Bar] = []
    talk = list(market_talk(orders=250))
    halted = next(
        number for number, one in enumerate(talk) if isinstance(one, PhaseStatus) and one.phase == Phase.HALT
    )

    feed(talk, only_trades(candle_builder(made.append)))

    def bars(messages: list[Message]) -> list[Bar]:
        trades = [one for one in messages if isinstance(one, TradePrint)]
        return list(
            bars_of([(one.trade_id, one.at_ns, one.price, one.quantity) for one in trades], Interval.MINUTE)
        )

    assert made == bars(talk[:halted]) + bars(talk[halted:])


def test_another_instrument_has_a_feed_of_its_own() -> None:
    assert {one.symbol for one in market_talk(20, BOLT) if isinstance(one, TradePrint)} == {BOLT}

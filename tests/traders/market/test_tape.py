"""Tape and candles as a subscriber follows them: each thing once, whatever was left out."""

import pytest

from protocol.errors import SequenceGap
from protocol.market import Bar, Candle, CandlesSnapshot, PrintBusted, TradePrint, TradesSnapshot
from protocol.vocabulary import Interval
from tests.traders.reports import ACME, NOW, printed
from traders.market.tape import KEPT, CandlesView, TapeView

MINUTE = Interval.MINUTE


def tape(seq: int, *trades: TradePrint) -> TradesSnapshot:
    return TradesSnapshot(ACME, seq, list(trades))


def numbers(trades: "tuple[TradePrint, ...]") -> list[int]:
    return [trade.trade_id for trade in trades]


def following(seq: int = 2) -> TapeView:
    view = TapeView(ACME)
    assert view.apply(tape(seq, printed(trade_id=1), printed(trade_id=2))) == []
    return view


def test_the_trades_of_the_first_snapshot_are_no_news() -> None:
    view = following()

    assert numbers(view.trades) == [1, 2]
    assert view.last == printed(trade_id=2)
    assert view.standing() == ()
    assert TapeView(ACME).last is None


def test_each_print_is_news_and_the_last_ones_are_kept() -> None:
    view = following()

    news = [one for number in range(3, 203) for one in view.apply(printed(trade_id=number))]

    assert news == [printed(trade_id=number) for number in range(3, 203)]
    assert numbers(view.trades) == list(range(203 - KEPT, 203))


def test_a_trade_that_was_undone_is_news_and_is_kept_no_more() -> None:
    view = following()
    bust = PrintBusted(ACME, 3, 1, NOW)

    assert view.apply(bust) == (bust,)

    assert numbers(view.trades) == [2]


def test_what_was_left_out_comes_with_the_next_snapshot_and_nothing_comes_twice() -> None:
    view = following()
    view.apply(printed(trade_id=3))

    news = view.apply(tape(6, *(printed(trade_id=number) for number in range(1, 7))))

    assert news == [printed(trade_id=4), printed(trade_id=5), printed(trade_id=6)]
    assert view.apply(printed(trade_id=7)) == (printed(trade_id=7),)
    assert view.apply(tape(7, printed(trade_id=7))) == []


def test_after_a_gap_prints_raise_until_a_snapshot_fills_it() -> None:
    view = following()

    for number in (4, 5):
        with pytest.raises(SequenceGap, match="trades of ACME"):
            view.apply(printed(trade_id=number))

    assert numbers(view.trades) == [1, 2], "what was heard is still true"
    assert view.apply(tape(5, *(printed(trade_id=number) for number in (1, 3, 4, 5)))) == [
        printed(trade_id=3), printed(trade_id=4), printed(trade_id=5),
    ]  # fmt: skip
    assert numbers(view.trades) == [1, 3, 4, 5], "the second was undone meanwhile"


def test_a_print_before_any_snapshot_raises() -> None:
    with pytest.raises(SequenceGap):
        TapeView(ACME).apply(printed(trade_id=1))


# -- candles ---------------------------------------------------------------------------------------
def bar(minute: int, close: int = 100, trades: int = 1) -> Bar:
    return Bar(minute * MINUTE.ns, 100, max(close, 100), min(close, 100), close, trades, trades * 100, trades)


def candle(seq: int, one: Bar) -> Candle:
    return Candle(ACME, seq, MINUTE, one)


def candles(seq: int, *bars: Bar) -> CandlesSnapshot:
    return CandlesSnapshot(ACME, seq, MINUTE, list(bars))


def test_a_snapshot_gives_the_candles_of_the_past() -> None:
    view = CandlesView(ACME, MINUTE)

    news = view.apply(candles(7, bar(1), bar(3)))

    assert news == [candle(7, bar(1)), candle(7, bar(3))]
    assert view.bars == (bar(1), bar(3))
    assert view.standing() == news


def test_a_candle_replaces_the_one_with_the_same_start() -> None:
    view = CandlesView(ACME, MINUTE)
    view.apply(candles(7, bar(1), bar(3)))

    assert view.apply(candle(8, bar(3, 105, 2))) == [candle(8, bar(3, 105, 2))]
    view.apply(candle(9, bar(4)))
    view.apply(candle(10, bar(1, 95)))

    assert view.bars == (bar(1, 95), bar(3, 105, 2), bar(4))


def test_only_the_last_candles_are_kept() -> None:
    view = CandlesView(ACME, MINUTE)
    view.apply(candles(0))

    for number in range(1, 151):
        view.apply(candle(number, bar(number)))

    assert view.bars == tuple([bar(number) for number in range(151 - KEPT, 151)])


def test_a_snapshot_after_a_gap_gives_only_what_is_new() -> None:
    view = CandlesView(ACME, MINUTE)
    view.apply(candles(7, bar(1), bar(2)))

    with pytest.raises(SequenceGap, match="candles 1m of ACME: expected number 8, received 9"):
        view.apply(candle(9, bar(3, 103)))
    with pytest.raises(SequenceGap):
        view.apply(candle(10, bar(3, 104)))

    assert view.standing() == [candle(0, bar(1)), candle(0, bar(2))]
    assert view.apply(candles(10, bar(1), bar(2, 102, 2), bar(3, 104, 3))) == [
        candle(10, bar(2, 102, 2)), candle(10, bar(3, 104, 3)),
    ]  # fmt: skip


def test_a_candle_whose_only_trade_was_undone_is_kept_no_more() -> None:
    view = CandlesView(ACME, MINUTE)
    view.apply(candles(7, bar(1), bar(2)))

    assert view.apply(candle(8, bar(2, trades=0))) == [candle(8, bar(2, trades=0))]

    assert view.bars == (bar(1),)


def test_a_candle_that_went_while_something_was_left_out_is_told() -> None:
    view = CandlesView(ACME, MINUTE)
    view.apply(candles(7, bar(1), bar(2), bar(3)))

    assert view.apply(candles(9, bar(1), bar(3))) == [candle(9, bar(2, trades=0))]


def test_candles_that_are_too_old_for_a_snapshot_were_not_undone() -> None:
    view = CandlesView(ACME, MINUTE)
    view.apply(candles(7, bar(1)))

    late = [bar(number) for number in range(2, KEPT + 2)]
    assert view.apply(candles(107, *late)) == [candle(107, one) for one in late]

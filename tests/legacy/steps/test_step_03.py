"""Sums over a tape without a list."""

from collections.abc import Iterator

import pytest

from legacy.steps.market import ACME, BOLT
from legacy.steps.step_02 import list_tape, peak_bytes, read_tape
from legacy.steps.step_03 import average_price, first_above, largest, traded_volume
from legacy.steps.tape import SAMPLE, made_up
from protocol.market import TradePrint
from protocol.vocabulary import Symbol


class Counted(Iterator[TradePrint]):
    """A tape that counts what is taken from it."""

    def __init__(self, trades: Iterator[TradePrint]) -> None:
        self._trades = trades
        self.taken = 0

    def __next__(self) -> TradePrint:
        trade = next(self._trades)
        self.taken += 1
        return trade


@pytest.mark.parametrize("symbol", [ACME, BOLT, Symbol("NONE")])
def test_the_volume_is_that_of_a_loop(symbol: Symbol) -> None:
    expected = 0
    for trade in list_tape(SAMPLE):
        if trade.symbol == symbol:
            expected += trade.quantity

    assert traded_volume(read_tape(SAMPLE), symbol) == expected


def test_the_average_price_weighs_by_quantity() -> None:
    trades = [trade for trade in list_tape(SAMPLE) if trade.symbol == BOLT]
    expected = sum(trade.price * trade.quantity for trade in trades) // sum(
        trade.quantity for trade in trades
    )

    assert average_price(read_tape(SAMPLE), BOLT) == expected
    assert average_price(iter(()), BOLT) is None


def test_a_search_reads_no_further_than_what_it_finds() -> None:
    tape = Counted(read_tape(SAMPLE))

    found = first_above(tape, ACME, 10_010)

    assert found is not None
    assert tape.taken == found.trade_id
    assert next(tape).trade_id == found.trade_id + 1


def test_a_search_in_vain_reads_all() -> None:
    tape = Counted(made_up(500))

    assert first_above(tape, ACME, 10**9) is None
    assert tape.taken == 500


def test_of_equal_trades_the_first_is_the_largest() -> None:
    top = largest(read_tape(SAMPLE), ACME)
    others = [trade for trade in list_tape(SAMPLE) if trade.symbol == ACME and trade.quantity >= top.quantity]

    assert others[0] == top


def test_no_list_is_made_on_the_way() -> None:
    assert peak_bytes(lambda: traded_volume(made_up(20_000), ACME)) < 1.5 * peak_bytes(
        lambda: traded_volume(made_up(1_000), ACME)
    )


def test_a_generator_is_read_once() -> None:
    tape = read_tape(SAMPLE)

    assert traded_volume(tape, ACME) > 0
    assert traded_volume(tape, ACME) == 0

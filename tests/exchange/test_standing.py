"""What a login is told of an instrument, before and after a restart."""

import msgspec
import pytest

from exchange.engine.book import Book
from exchange.engine.commands import AddInstrument
from exchange.standing import instrument_info
from protocol.vocabulary import MAX_PRICE, Price
from tests.support.books import instrument


@pytest.mark.parametrize("highest", [MAX_PRICE, 5_000])
def test_an_instrument_out_of_a_journal_is_told_as_the_one_from_the_file(highest: Price) -> None:
    listed = instrument(maximum_price=highest, tick_table=[(1_000, 5)], reference_price=1_000)
    journalled = msgspec.json.decode(msgspec.json.encode(listed), type=AddInstrument)

    before, after = (msgspec.json.encode(instrument_info(Book(one))) for one in (listed, journalled))

    assert before == after
    assert (b"maximum_price" in before) is (highest != MAX_PRICE)

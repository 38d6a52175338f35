"""What a login is told of an instrument, before and after a restart; what is told of an account."""

import msgspec
import pytest

from exchange.engine.book import Book
from exchange.engine.commands import AddInstrument
from exchange.engine.engine import Engine
from exchange.standing import account_state, instrument_info
from protocol.desk import AccountState
from protocol.messages import InstrumentInfo
from protocol.vocabulary import MAX_PRICE, AccountId, Asset, Price, Role, Settlement
from tests.support.books import instrument


@pytest.mark.parametrize("highest", [MAX_PRICE, 5_000])
def test_an_instrument_out_of_a_journal_is_told_as_the_one_from_the_file(highest: Price) -> None:
    listed = instrument(maximum_price=highest, tick_table=[(1_000, 5)], reference_price=1_000)
    journalled = msgspec.json.decode(msgspec.json.encode(listed), type=AddInstrument)

    before, after = (msgspec.json.encode(instrument_info(Book(one))) for one in (listed, journalled))

    assert before == after
    assert (b"maximum_price" in before) is (highest != MAX_PRICE)


def test_every_rule_of_an_instrument_is_told() -> None:
    told = set(InstrumentInfo.__struct_fields__)

    # Where prices begin is told by the market; who numbers and stamps commands is nobody's business.
    assert set(AddInstrument.__struct_fields__) - told == {"reference_price", "seq", "at_ns"}
    listed = instrument(
        settlement=Settlement.SPOT, base=Asset("BTC"), quote=Asset("USD"), base_scale=3, quote_scale=5,
        maker_fee_per_unit=-1, taker_fee_per_unit=1,
    )  # fmt: skip
    info = instrument_info(Book(listed))
    for name in told - {"phase", "maximum_price"}:
        assert getattr(info, name) == getattr(listed, name), name


def test_of_an_account_that_nobody_has_seen_there_is_nothing_to_tell() -> None:
    engine, anna = Engine(), AccountId("anna")

    assert account_state(engine, anna) == AccountState(anna, Role.TRADER)
    assert anna not in engine.accounts.by_name

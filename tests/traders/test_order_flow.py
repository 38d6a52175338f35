"""The recorded day: its format, and the generator for machines without a recording."""

import gzip
from collections import Counter
from pathlib import Path

import pytest

from protocol.errors import ConfigError
from protocol.messages import Cancel, NewOrder, Reduce
from protocol.vocabulary import ClientOrderId, Side, TimeInForce
from tests.traders.reports import ACME
from traders.order_flow import FlowLine, generated_day, parse_flow, read_flow, request_of, write_flow

DAY = b"""\
{"op":"seed","id":"X1","side":"B","px":5794000,"qty":496,"row":0,"t":"34200.015105074"}
{"op":"take","side":"S","px":5794000,"qty":300,"hits":[["X1",300]],"row":1,"t":"34200.05990197"}
{"op":"print","kind":5,"qty":1,"px":5795100,"row":2,"t":"34200.113246707"}
{"op":"reduce","id":"X1","qty":6,"row":3,"t":"34200.2"}
{"op":"drop","id":"X1","row":4,"t":"34200.3"}
{"row":4,"book":[[[5791200,100]],[]]}
"""


def lines_of_day() -> list[FlowLine]:
    return list(parse_flow(DAY.splitlines(), "day"))


def test_a_day_reads_the_same_gzipped_and_plain(tmp_path: Path) -> None:
    plain, packed = tmp_path / "day.jsonl", tmp_path / "day.gz"
    plain.write_bytes(DAY)
    packed.write_bytes(gzip.compress(DAY))

    assert read_flow(plain) == read_flow(packed) == lines_of_day()


def test_a_day_is_written_as_it_was_read() -> None:
    assert list(parse_flow(write_flow(lines_of_day()).splitlines(), "day")) == lines_of_day()


def test_commands_become_requests() -> None:
    name = ClientOrderId("r-X1")

    requests = [request_of(line, ACME, name) for line in lines_of_day() if line.is_command]

    assert requests == [
        NewOrder(name, ACME, Side.BUY, 496, 5_794_000),
        NewOrder(name, ACME, Side.SELL, 300, 5_794_000, time_in_force=TimeInForce.IOC),
        Reduce(name, 6),
        Cancel(name),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"hello", "malformed"),
        (b"\xff", "malformed"),
        (b"[]", "Expected `object`"),
        (b'{"op":"buy","row":1}', "Invalid enum value 'buy'"),
        (b'{"op":"new","id":1,"side":"B","px":1}', "new needs 'qty'"),
        (b'{"op":"take","side":"B","px":1,"qty":1}', "take needs 'hits'"),
        (b'{"row":5}', "a line without op needs 'book'"),
    ],
)
def test_a_wrong_line_is_told_with_its_number(line: bytes, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        list(parse_flow([b"", DAY.splitlines()[0], line], "day.jsonl"))

    assert caught.value.place == "day.jsonl, line 3"
    assert reason in caught.value.text


@pytest.mark.parametrize("data", [None, gzip.compress(DAY)[:-20], b"\x1f\x8bnonsense"])
def test_a_file_that_can_not_be_read_is_told(tmp_path: Path, data: bytes | None) -> None:
    path = tmp_path / "day.gz"
    if data is not None:
        path.write_bytes(data)

    with pytest.raises(ConfigError) as caught:
        read_flow(path)
    assert caught.value.place == str(path)


def test_equal_seeds_give_equal_days() -> None:
    assert list(generated_day(1, 300)) == list(generated_day(1, 300))
    assert list(generated_day(1, 300)) != list(generated_day(2, 300))


def test_a_generated_day_has_every_kind_of_command_and_a_book_every_ten() -> None:
    day = list(generated_day(3, 2_000))
    kinds = Counter(line.op for line in day)

    assert kinds[None] == 200
    assert sum(kinds.values()) == 2_200
    assert min(kinds[op] for op in ("new", "reveal", "reduce", "cancel", "drop", "take", "print")) > 10
    assert max(len(line.hits or ()) for line in day) > 1, "some takes meet several makers"


def test_a_generated_day_survives_its_file_format() -> None:
    day = list(generated_day(3, 500))

    assert list(parse_flow(write_flow(day).splitlines(), "generated")) == day


def test_a_generated_day_never_crosses_and_takes_what_is_there() -> None:
    resting: dict[int | str, tuple[str, int, int]] = {}

    for line in generated_day(4, 3_000):
        if line.op in ("new", "reveal"):
            assert line.id is not None
            assert line.side is not None
            assert line.px is not None
            assert line.qty is not None
            bids = [price for side, price, _ in resting.values() if side == "B"]
            asks = [price for side, price, _ in resting.values() if side == "S"]
            assert line.px < min(asks, default=line.px + 1) or line.side == "S"
            assert line.px > max(bids, default=line.px - 1) or line.side == "B"
            resting[line.id] = (line.side, line.px, line.qty)
        elif line.op in ("cancel", "drop"):
            assert line.id is not None
            del resting[line.id]
        elif line.op == "reduce":
            assert line.id is not None
            _lower(resting, line.id, line.qty or 0)
        elif line.op == "take":
            assert sum(quantity for _, quantity in line.hits or ()) == line.qty
            for name, quantity in line.hits or ():
                _lower(resting, name, quantity)


def _lower(resting: dict[int | str, tuple[str, int, int]], name: int | str, by: int) -> None:
    side, price, quantity = resting[name]
    assert quantity >= by
    if quantity == by:
        del resting[name]
    else:
        resting[name] = (side, price, quantity - by)

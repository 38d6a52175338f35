"""What the steps stand on: the market in memory, and the sample tape."""

from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from legacy.steps.market import ACME, BOLT, Market
from legacy.steps.tape import SAMPLE, NotATape, made_up, parse, random_day, time_of_day, units, write_tape
from protocol.market import DepthDelta, DepthSnapshot, PhaseStatus, TradePrint
from protocol.messages import Accepted, Canceled, Rejected, TradeReport
from protocol.vocabulary import Channel, Phase, RejectReason


def test_reports_go_to_who_is_concerned_and_before_the_print() -> None:
    market = Market()
    anna, ben, cora = market.member("anna"), market.member("ben"), market.member("cora")
    ben.watch(Channel.TRADES)
    anna.buy("a1", 2, at=10_000)
    ben.sell("b1", 1, at=10_000)
    anna.cancel("a1")

    assert [type(one) for one in anna.read()] == [Accepted, TradeReport, Canceled]
    assert [type(one) for one in ben.read()[1:]] == [Accepted, TradeReport, TradePrint]
    assert cora.read() == []


def test_streams_begin_with_how_things_stand() -> None:
    market = Market()
    anna = market.member("anna")
    anna.buy("a1", 2, at=10_000)
    anna.read()

    anna.watch(Channel.DEPTH)
    anna.sell("a2", 2, at=10_005)

    snapshot, report, delta = anna.read()
    assert isinstance(snapshot, DepthSnapshot)
    assert snapshot.bids == [(10_000, 2)]
    assert isinstance(report, Accepted)
    assert isinstance(delta, DepthDelta)


def test_a_halt_lets_nobody_trade_until_it_goes_on() -> None:
    market = Market()
    anna = market.member("anna")
    anna.watch(Channel.STATUS)
    market.halt(ACME)
    anna.buy("a1", 1, at=10_000)
    market.go_on(ACME)
    anna.buy("a2", 1, at=10_000)

    now, halted, refused, goes_on, accepted = anna.read()

    assert [one.phase for one in (now, halted, goes_on) if isinstance(one, PhaseStatus)] == [
        Phase.CONTINUOUS,
        Phase.HALT,
        Phase.CONTINUOUS,
    ]
    assert isinstance(refused, Rejected)
    assert refused.reason is RejectReason.WRONG_PHASE
    assert isinstance(accepted, Accepted)


def test_mail_that_comes_while_mail_is_read_is_read_too() -> None:
    anna = Market().member("anna")
    anna.buy("a0", 1, at=10_000)
    names: list[str | None] = []

    for message in anna.mail:
        assert isinstance(message, Accepted)
        names.append(message.client_order_id)
        if len(names) < 3:
            anna.buy(f"a{len(names)}", 1, at=10_000)

    assert names == ["a0", "a1", "a2"]


def test_the_sample_is_what_the_engine_makes_of_the_random_orders(tmp_path: Path) -> None:
    again = tmp_path / "tape.jsonl"

    write_tape(again, random_day(Market(ACME, BOLT)))

    assert again.read_bytes() == SAMPLE.read_bytes()


def test_a_tape_that_is_made_up_is_a_tape(tmp_path: Path) -> None:
    path = tmp_path / "tape.jsonl"
    write_tape(path, made_up(50))

    assert [parse(line) for line in path.read_bytes().splitlines()] == list(made_up(50))


@pytest.mark.parametrize("seed", range(3))
def test_no_line_raises_anything_but_that_it_is_no_trade(seed: int) -> None:
    rng, line = Random(seed), SAMPLE.read_bytes().partition(b"\n")[0]

    for _ in range(300):
        broken = bytearray(line)
        broken[rng.randrange(len(line))] = rng.randrange(256)
        with suppress(NotATape):
            assert isinstance(parse(bytes(broken)), TradePrint)


def test_numbers_for_people() -> None:
    assert [units(price) for price in (10_025, 5, -10, -12_345)] == ["100.25", "0.05", "-0.10", "-123.45"]
    assert time_of_day(1_795_167_000 * 10**9 + 250_999_999) == "09:30:00.250"

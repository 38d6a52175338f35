"""The engine against a naive market, over long random days: equal events, equal state, rule by rule."""

import os

import msgspec
import pytest

from exchange.engine import snapshot
from exchange.engine.commands import Command
from exchange.engine.engine import Engine
from tests.support.twins import Twins, Wishes

FAST = 10
"""Runs of the test that always runs; together they are ``FAST * OPERATIONS`` commands."""
OPERATIONS = 10_000

NIGHTLY = int(os.environ.get("NIGHTLY_RUNS", "200"))


def long_day(seed: int, operations: int) -> Twins:
    """The same random commands to both markets; the state is compared every so often."""
    twins = Twins(ids_unique_per_day=seed % 2 == 0)
    # Narrow books have long queues, wide ones many levels.
    wishes = Wishes(seed, twins.naive, spread=(1, 3, 12)[seed % 3])
    for number in range(operations):
        twins.submit(wishes.next())
        if number % 64 == 0:
            twins.compare()
            twins.compare_orders()
            twins.check_invariants()
    return twins


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(FAST))
def test_engine_agrees_with_the_naive_market(seed: int) -> None:
    twins = long_day(seed, OPERATIONS)

    twins.compare()
    assert twins.engine.last_trade_id > OPERATIONS // 20, "a day with hardly a trade shows nothing"


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(1_000, 1_000 + NIGHTLY))
def test_engine_agrees_with_the_naive_market_all_night(seed: int) -> None:
    long_day(seed, 5 * OPERATIONS).compare()


def written(commands: list[Command]) -> list[Command]:
    """The commands as a journal gives them back."""
    return msgspec.json.decode(msgspec.json.encode(commands), type=list[Command])


def test_replay_gives_equal_events_byte_for_byte() -> None:
    """Rule 50."""
    twins = long_day(seed=77, operations=5_000)
    first, second = Engine(), Engine()

    for command, again in zip(written(twins.commands), written(twins.commands), strict=True):
        assert msgspec.json.encode(first.apply(command)) == msgspec.json.encode(second.apply(again))

    assert snapshot.digest([snapshot.take(first)]) == snapshot.digest([snapshot.take(second)])


@pytest.mark.parametrize("cut", [1, 2, 777, 2_500, 4_999])
def test_snapshot_and_what_follows_give_the_same_as_the_whole(cut: int) -> None:
    """Rule 50: events and state, queue positions included."""
    commands = long_day(seed=78, operations=5_000).commands
    whole = Engine()
    events = [whole.apply(command) for command in written(commands)]

    before = Engine()
    for command in written(commands[:cut]):
        before.apply(command)
    image = msgspec.json.decode(msgspec.json.encode(snapshot.take(before)), type=snapshot.EngineImage)
    after = snapshot.restore(image)

    assert [after.apply(command) for command in written(commands[cut:])] == events[cut:]
    assert snapshot.digest([snapshot.take(after)]) == snapshot.digest([snapshot.take(whole)])

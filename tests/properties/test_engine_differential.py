"""The engine against a naive market, over long days that hypothesis draws: equal events, equal state, rule by rule."""

import os
from functools import cache
from itertools import chain, pairwise
from typing import Final, get_args

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from exchange.engine import snapshot
from exchange.engine.commands import Command
from exchange.engine.engine import Engine
from exchange.engine.events import Event, OrderCanceled, RequestRejected
from protocol.vocabulary import CancelReason, RejectReason
from tests.support.naive_money import LISTINGS, STEP_NS, MoneyWishes
from tests.support.naive_wishes import PROFILES, SECOND, Wishes
from tests.support.twins import Twins

OPERATIONS: Final = 200_400
"""Commands of the test that always runs, all runs together."""
SPECIAL_DAYS: Final = 5
"""Days of every instrument with all types of orders; one more has plain orders only, and longer queues."""
ONE_DAY: Final = OPERATIONS // (len(PROFILES) * (SPECIAL_DAYS + 1))

MONEY_DAYS: Final = 25
MONEY_DAY: Final = 500
"""Days with money are shorter: the naive ledger adds everything up after each command."""

NIGHTLY_OPERATIONS: Final = int(os.environ.get("NIGHTLY_OPERATIONS", "10_000_000"))
NIGHTLY_MONEY_DAYS: Final = NIGHTLY_OPERATIONS // 50_000
NIGHTLY_DAY: Final = 25_000
NIGHTLY_DAYS: Final = -(-NIGHTLY_OPERATIONS // (NIGHTLY_DAY * len(PROFILES)))
"""Of every instrument."""

SEEDS: Final = st.integers(0, 2**32 - 1)
SEARCH: Final = (Phase.explicit, Phase.reuse, Phase.generate)
"""A day has no smaller one that goes wrong in the same place: what shortens examples is the state machine."""

NEVER: Final = {
    RejectReason.DUPLICATE_INSTRUMENT,  # instruments are listed before the day begins
    RejectReason.INVALID_INSTRUMENT,
}
"""What random days need not show."""


def long_day(profile: str, seed: int, operations: int, *, plain: bool = False, often: int = 32) -> Twins:
    """The same random commands to both markets; the state is compared every so often."""
    twins = Twins((PROFILES[profile], SECOND), ids_unique_per_day=seed % 2 == 0)
    wishes = Wishes(seed, twins.naive, profile, plain=plain)
    for number in range(operations):
        twins.submit(wishes.next(len(twins.commands) + 1))
        if number % often == 0:
            twins.compare()
            twins.compare_orders()
            twins.check_invariants()
    return twins


def money_day(seed: int, operations: int, *, audited: bool = True) -> Twins:
    """The same random commands of traders, operators and the venue to both; ``audited``: the books are compared after each."""
    twins = Twins(LISTINGS[seed % 2], ids_unique_per_day=seed % 4 < 2, step_ns=STEP_NS)
    wishes = MoneyWishes(seed, twins.naive)
    for number in range(operations):
        twins.submit(wishes.next((len(twins.commands) + 1) * STEP_NS))
        if audited:
            twins.compare_money()
        if number % 16 == 0:
            twins.compare()
            twins.compare_orders()
            twins.check_invariants()
    return twins


@pytest.mark.slow
@pytest.mark.timeout(300)
@settings(max_examples=MONEY_DAYS, phases=SEARCH)
@given(seed=SEEDS)
def test_engine_agrees_with_the_naive_venue_on_money(seed: int) -> None:
    """Rules 41 to 45: balances, holds, positions, limits and switches, after every command."""
    money_day(seed, MONEY_DAY).compare()


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(NIGHTLY_MONEY_DAYS))
def test_engine_agrees_with_the_naive_venue_on_money_all_night(seed: int) -> None:
    """Rules 41 to 45."""
    money_day(seed, 2 * MONEY_DAY).compare()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("profile", PROFILES)
@settings(max_examples=SPECIAL_DAYS, phases=SEARCH)
@given(seed=SEEDS)
def test_engine_agrees_with_the_naive_market(profile: str, seed: int) -> None:
    twins = long_day(profile, seed, ONE_DAY)

    twins.compare()
    assert twins.engine.last_trade_id > ONE_DAY // 20, "a day with hardly a trade shows nothing"


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
@settings(max_examples=1, phases=SEARCH)
@given(seed=SEEDS)
def test_engine_agrees_with_the_naive_market_on_plain_orders(profile: str, seed: int) -> None:
    twins = long_day(profile, seed, ONE_DAY, plain=True)

    twins.compare()
    assert twins.engine.last_trade_id > ONE_DAY // 20, "a day with hardly a trade shows nothing"


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(1_000, 1_000 + NIGHTLY_DAYS))
@pytest.mark.parametrize("profile", PROFILES)
def test_engine_agrees_with_the_naive_market_all_night(profile: str, seed: int) -> None:
    long_day(profile, seed, NIGHTLY_DAY, plain=seed % 10 == 0).compare()


def written(commands: list[Command]) -> list[Command]:
    """The commands as a journal gives them back."""
    return msgspec.json.decode(msgspec.json.encode(commands), type=list[Command])


DAYS: Final = (*PROFILES, "money")


@cache
def day_of(name: str) -> Twins:
    """One whole day of it, for all tests that look at what came of a day."""
    return money_day(76, 600) if name == "money" else long_day(name, 76, 2_000)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_random_days_have_everything_in_them() -> None:
    """Every event of the engine, every reason to cancel and every reason to refuse an order."""
    days = [day_of(name) for name in DAYS] + [money_day(seed, 500, audited=False) for seed in range(12)]
    seen: set[str] = set()
    for event in chain.from_iterable(chain.from_iterable(day.events for day in days)):
        seen.add(type(event).__name__)
        if isinstance(event, OrderCanceled | RequestRejected):
            seen.add(event.reason)

    events = {kind.__name__ for kind in get_args(Event)}
    assert {*events, *CancelReason, *RejectReason} - seen <= NEVER


@pytest.mark.parametrize("name", DAYS)
def test_replay_gives_equal_events_byte_for_byte(name: str) -> None:
    """Rule 50."""
    twins = day_of(name)
    first, second = Engine(), Engine()

    for command, again in zip(written(twins.commands), written(twins.commands), strict=True):
        assert msgspec.json.encode(first.apply(command)) == msgspec.json.encode(second.apply(again))

    assert snapshot.digest([snapshot.take(first)]) == snapshot.digest([snapshot.take(second)])


@pytest.mark.parametrize("name", DAYS)
def test_snapshot_and_what_follows_give_the_same_as_the_whole(name: str) -> None:
    """Rule 50: events and state, queue positions and money included."""
    commands = day_of(name).commands
    whole, before = Engine(), Engine()
    events = [whole.apply(command) for command in written(commands)]
    end = snapshot.digest([snapshot.take(whole)])

    cuts = (1, 2, 333, 555, 777, 1_234, 1_999)
    for last_cut, cut in pairwise((0, *cuts)):
        for command in written(commands[last_cut:cut]):
            before.apply(command)
        image = msgspec.json.decode(msgspec.json.encode(snapshot.take(before)), type=snapshot.EngineImage)
        after = snapshot.restore(image)

        assert after.clearing.check() == []
        assert [after.apply(command) for command in written(commands[cut:])] == events[cut:]
        assert snapshot.digest([snapshot.take(after)]) == end

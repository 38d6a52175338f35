"""Whatever happens at a venue, what a client makes of its market data is what the venue has: every stream, at every number.

Random days go through a real venue; at the other end of the bytes are the client's own views. The connection is slow at
times, breaks, and in some days loses messages, which no connection does, but which is how a fault of either end
would look.
"""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.access import Access
from exchange.engine.commands import SetAccount
from exchange.journal.recovery import start_from
from exchange.peers import Touched
from exchange.venue import Venue
from protocol.clock import ManualClock
from protocol.desk import BustTrade
from protocol.vocabulary import AccountId, Role
from tests.support.followers import KEYS, Follower, Truth
from tests.support.in_memory import OPERATORS, Trader, who_may
from tests.support.wire_requests import SETTINGS, listing, random_request

REQUESTS = 200
NOON = 1_767_268_800_000_000_000


class Day:
    """A venue, two who trade, one who runs it, and one who follows."""

    def __init__(self, seed: int, instrument: dict[str, Any], loss: float) -> None:
        self.rng = Random(seed)
        self.loss = loss
        self.clock = ManualClock(NOON)
        touched: Touched = []
        state = start_from(None, self.clock.now_ns, touched)
        self.venue = Venue("test", state.sequencer, state.reports, touched, Access(open=True))
        self.venue.act(listing(**instrument))
        for name in OPERATORS:
            self.venue.act(SetAccount(AccountId(name), Role.OPERATOR))
        self.traders = [Trader(self.venue, "anna"), Trader(self.venue, "ben")]
        self.operator = Trader(self.venue, OPERATORS[0])
        self.truth = Truth(self.venue)
        self.followers = 0
        self.recoveries = 0
        self.connect()

    def connect(self) -> None:
        """Follow over a new connection; what printed before is of no concern to it."""
        self.followers += 1
        self.begun = len(self.truth.prints)
        self.follower = Follower(self.venue, f"watcher{self.followers}", self._loses)

    def _loses(self) -> bool:
        return self.rng.random() < self.loss

    def act(self, number: int) -> None:
        """Something happens."""
        rng = self.rng
        self.clock.advance(ns=rng.choice((0, 1, 10**9, 20 * 10**9)))
        chance = rng.random()
        if chance < 0.03 and self.truth.prints:
            trade = rng.choice(self.truth.prints[-20:])
            self.operator.ask(BustTrade(trade.trade_id, AccountId(rng.choice(("anna", "ben"))), "a test"))
        elif chance < 0.04:
            self.venue.end_day()
            self.truth.end_day()
        else:
            request = random_request(rng, number)
            who_may(request, rng, self.traders, self.operator).send(request)
        chance = rng.random()
        if chance < 0.05:
            if self.follower.is_slow:
                self.follower.go_on()
            else:
                self.follower.stop_reading()
        elif chance < 0.06:
            self.check_tape()
            self.recoveries += self.follower.market.recoveries
            self.follower.leave()
            self.connect()
        if rng.random() < 0.7:
            self.follower.read()
            self.compare()

    def compare(self) -> None:
        """What the follower can know, it knows, and nothing that it shows is wrong."""
        for key in KEYS:
            number = self.truth.seq(key)
            knows = not self.follower.is_slow and key not in self.follower.behind
            if knows and number is not None:
                assert self.follower.seq(key) == number, key
            if number is not None and self.follower.seq(key) == number and key not in self.follower.behind:
                assert self.follower.of(key) == self.truth.of(key), key

    def check_tape(self) -> None:
        """Every trade was heard once, in order; none is missing that a snapshot could bring."""
        if self.follower.is_slow:
            self.follower.go_on()
        self.follower.read()
        heard = self.follower.prints()
        numbers = [one.seq for one in heard]
        assert numbers == sorted(set(numbers))
        assert set(heard) <= set(self.truth.prints[self.begun :])
        if (
            not self.follower.behind
            and not self.follower.ended
            and len(self.truth.prints) - self.begun <= 100
        ):
            assert set(self.truth.standing(self.begun)) <= set(heard)


def lived(seed: int, instrument: dict[str, Any], loss: float) -> Day:
    """A random day to its end."""
    day = Day(seed, instrument, loss)
    for number in range(REQUESTS):
        day.act(number)
    if day.follower.is_slow:
        day.follower.go_on()
    day.follower.read()
    day.compare()
    day.check_tape()
    day.recoveries += day.follower.market.recoveries
    return day


@pytest.mark.slow
@settings(max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from(SETTINGS))
def test_a_client_has_the_venues_book_at_every_number_of_every_stream(
    seed: int, instrument: dict[str, Any]
) -> None:
    day = lived(seed, instrument, loss=0.0)

    assert day.recoveries == 0, "the venue leaves nothing out without a snapshot"


@pytest.mark.slow
@settings(max_examples=25)
@given(st.integers(0, 2**32), st.sampled_from(SETTINGS))
def test_a_client_finds_every_lost_message_and_recovers(seed: int, instrument: dict[str, Any]) -> None:
    lived(seed, instrument, loss=0.08)


def test_days_with_losses_do_lose_and_recover() -> None:
    days = [lived(seed, SETTINGS[0], loss=0.08) for seed in range(5)]

    assert sum(day.recoveries for day in days) > 20
    assert sum(len(day.truth.prints) for day in days) > 60

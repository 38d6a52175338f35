"""A program on the generator kernel that outlives its connection."""

from collections.abc import Generator
from random import Random
from typing import Any

import pytest

from legacy.trader.client import Client
from legacy.trader.reconnect import keep_trading
from legacy.traps import flow, join, pause, spawn
from protocol.errors import SessionBroken
from protocol.messages import Error
from protocol.vocabulary import ErrorCode
from tests.support.scripted_kernel_venue import Flow, KernelVenue, on_kernel
from tests.traders.reports import accepted, canceled


class Waits:
    """Does not wait; remembers for how long it was to."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    @flow
    def __call__(self, seconds: float) -> Generator[Any, Any, None]:
        self.seconds.append(seconds)
        yield from pause()


def reader(read: list[object]) -> Any:
    """Reads reports until there are two."""

    def body(client: Client) -> Flow:
        with client.reports() as reports:
            while len(read) < 2:
                read.append((yield from reports.next()))
        return "enough"

    return body


def test_a_session_goes_on_where_the_reader_of_the_last_one_stopped() -> None:
    read: list[object] = []
    waits = Waits()

    def main(venue: KernelVenue) -> Flow:
        venue.seq = 1
        trading = yield from spawn(
            keep_trading(
                venue.host,
                venue.port,
                reader(read),
                account="alice",
                rng=Random(1),
                resume_from=1,
                wait=waits,
            )
        )
        first = yield from venue.peer()
        first.say(accepted("a", 1))
        while not read:
            yield from pause()
        first.hang_up()
        second = yield from venue.peer()
        second.say(canceled("a", 2))
        assert (yield from join(trading)) == "enough"
        assert (first.login.resume_from, second.login.resume_from) == (1, 2)

    on_kernel(main)

    assert read == [accepted("a", 1), canceled("a", 2)]
    assert len(waits.seconds) == 1


def test_a_venue_that_hangs_up_for_good_is_not_tried_again() -> None:
    def main(venue: KernelVenue) -> Flow:
        venue.answers_logins = False
        trading = yield from spawn(
            keep_trading(venue.host, venue.port, reader([]), account="alice", rng=Random(1), wait=Waits())
        )
        peer = yield from venue.peer()
        peer.say(Error(ErrorCode.LOGIN_FAILED, "no such account"))
        peer.hang_up()
        with pytest.raises(SessionBroken, match="no such account"):
            yield from join(trading)

    on_kernel(main)


def test_what_the_program_raises_in_a_sound_session_is_its_own() -> None:
    def fails(client: Client) -> Flow:
        yield from pause()
        raise SessionBroken("of somebody else")

    def main(venue: KernelVenue) -> Flow:
        trading = yield from spawn(
            keep_trading(venue.host, venue.port, fails, account="alice", rng=Random(1), wait=Waits())
        )
        yield from venue.peer()
        with pytest.raises(SessionBroken, match="of somebody else"):
            yield from join(trading)

    on_kernel(main)

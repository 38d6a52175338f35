"""Sessions that follow one another: what goes on, what is waited for, what ends it."""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from protocol.errors import RemoteProtocolError, SessionBroken, SlowConsumer, VenueError
from protocol.messages import Accepted, Copy, Error, LoggedOut, Login, Logout, PrivateMessage, Subscribe
from protocol.vocabulary import AccountId, ErrorCode, Role
from tests.support.scripted_venue import Peer, ScriptedVenue, scripted_venue
from tests.support.venue import running_venue
from tests.traders.reports import accepted, canceled
from traders import arrivals
from traders.backoff import Backoff
from traders.client import Client
from traders.reconnect import sessions


@pytest.fixture
async def venue() -> AsyncIterator[ScriptedVenue]:
    async with scripted_venue() as running:
        yield running


class Waits:
    """Notes how long would be waited, and lets everybody else run instead."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


def following(venue: ScriptedVenue, waits: Waits, **words: Any) -> AsyncGenerator[Client, None]:
    words.setdefault("rng", Random(1))
    return sessions(venue.host, venue.port, account="alice", sleep=waits, **words)


async def ended(client: Client) -> None:
    """Wait until the session is over, however it ends."""
    async with aclosing(client.notices()) as notices:
        with suppress(VenueError):
            await anext(notices, None)


async def read_reports(clients: AsyncGenerator[Client, None], count: int) -> list[PrivateMessage]:
    """So many reports, over however many sessions."""
    read: list[PrivateMessage] = []
    async for client in clients:
        try:
            async with aclosing(client.reports()) as reports:
                async for report in reports:
                    read.append(report)
                    if len(read) == count:
                        return read
        except SessionBroken:
            continue
    return read


# -- what goes on ----------------------------------------------------------------------------------
async def test_the_private_stream_goes_on_after_a_break(venue: ScriptedVenue) -> None:
    waits = Waits()
    stream: list[PrivateMessage] = [accepted("a", 1), canceled("a", 2), accepted("b", 3), canceled("b", 4)]

    async def venue_side() -> list[Peer]:
        first = await venue.peer()
        first.say(*stream[:2])
        first.hang_up_after_writing()
        venue.seq = 4
        second = await venue.peer()
        second.say(*stream[2:])
        return [first, second]

    async with asyncio.TaskGroup() as group, aclosing(following(venue, waits, resume_from=1)) as clients:
        peers = group.create_task(venue_side())
        read = await read_reports(clients, 4)

    logins = [peer.login for peer in peers.result()]
    assert read == stream
    assert [login.resume_from for login in logins if login] == [1, 3]


async def test_a_report_that_nobody_had_taken_is_sent_again(venue: ScriptedVenue) -> None:
    async def venue_side() -> Login | None:
        first = await venue.peer()
        first.say(accepted("a", 1), canceled("a", 2))
        first.hang_up_after_writing()
        return (await venue.peer()).login

    async with asyncio.TaskGroup() as group, aclosing(following(venue, Waits(), resume_from=1)) as clients:
        login = group.create_task(venue_side())
        client = await anext(clients)
        async with aclosing(client.reports()) as reports:
            await anext(reports)
        await ended(client)
        await anext(clients)
        second = await login

    assert second is not None
    assert second.resume_from == 2


async def test_a_reader_that_fell_behind_goes_on_where_it_stopped(
    venue: ScriptedVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "MAX_RESUMED", 2)
    waits = Waits()
    venue.seq = 5

    async def venue_side() -> Login | None:
        first = await venue.peer()
        first.say(*(accepted(str(seq), seq) for seq in range(1, 6)))
        await first.hear(Subscribe)
        first.say(Error(ErrorCode.UNKNOWN_SYMBOL, "no ACME here", 2))
        await first.hear(Logout)
        return (await venue.peer()).login

    async with asyncio.TaskGroup() as group, aclosing(following(venue, waits, resume_from=1)) as clients:
        login = group.create_task(venue_side())
        client = await anext(clients)
        with pytest.raises(SlowConsumer):
            await read_to_the_end(client)
        await anext(clients)
        second = await login

    assert second is not None
    assert second.resume_from == 3
    assert len(waits.seconds) == 1


async def read_to_the_end(client: Client) -> None:
    """Begin only when all that is to come has come."""
    async with aclosing(client.depth("ACME")) as depths:
        with pytest.raises(RemoteProtocolError):
            await anext(depths)
    async with aclosing(client.reports()) as reports:
        async for _ in reports:
            pass


async def test_drop_copies_go_on_account_by_account(venue: ScriptedVenue) -> None:
    bob, carl = AccountId("bob"), AccountId("carl")

    async def venue_side() -> Login | None:
        first = await venue.peer()
        first.say(Copy(carl, accepted("c", 3)))
        first.hang_up_after_writing()
        return (await venue.peer()).login

    words: dict[str, Any] = {"role": Role.DROP_COPY, "copy_from": {bob: 7, carl: 3}}
    async with asyncio.TaskGroup() as group, aclosing(following(venue, Waits(), **words)) as clients:
        login = group.create_task(venue_side())
        client = await anext(clients)
        async with aclosing(client.copies()) as copies:
            await anext(copies)
        await ended(client)
        await anext(clients)
        second = await login

    assert second is not None
    assert (second.copy_from, second.resume_from) == ([(bob, 7), (carl, 4)], None)


# -- what ends it ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "code", [ErrorCode.LOGIN_FAILED, ErrorCode.ACCOUNT_DISABLED, ErrorCode.RESUME_FROM_THE_FUTURE]
)
async def test_a_venue_that_says_no_for_good_is_not_asked_again(
    venue: ScriptedVenue, code: ErrorCode
) -> None:
    venue.answers_logins = False
    waits = Waits()

    async def refuse() -> None:
        peer = await venue.peer()
        peer.say(Error(code, "no"))
        peer.hang_up_after_writing()

    async with asyncio.TaskGroup() as group, aclosing(following(venue, waits)) as clients:
        group.create_task(refuse())
        with pytest.raises(SessionBroken) as caught:
            await anext(clients)

    assert caught.value.code is code
    assert waits.seconds == []


async def test_a_session_left_in_order_is_the_last(venue: ScriptedVenue) -> None:
    waits = Waits()

    async with aclosing(following(venue, waits)) as clients:
        seen = [client async for client in clients]

    assert len(seen) == 1
    assert str(seen[0].end) == "goodbye"
    assert waits.seconds == []


async def test_a_venue_that_logs_out_in_order_ends_it(venue: ScriptedVenue) -> None:
    async def log_out() -> None:
        peer = await venue.peer()
        peer.say(LoggedOut("the venue is shutting down"))
        peer.hang_up_after_writing()

    async with asyncio.TaskGroup() as group, aclosing(following(venue, Waits())) as clients:
        group.create_task(log_out())
        read = await read_reports(clients, 1)

    assert read == []


async def test_a_peer_that_speaks_something_else_is_not_asked_again(venue: ScriptedVenue) -> None:
    async def babble() -> None:
        peer = await venue.peer()
        peer.say_bytes(b"220 smtp.example.org\n")

    async with asyncio.TaskGroup() as group, aclosing(following(venue, Waits())) as clients:
        group.create_task(babble())
        with pytest.raises(RemoteProtocolError):
            await anext(clients)


# -- how long is waited ----------------------------------------------------------------------------
async def test_it_waits_longer_each_time_and_begins_anew_after_a_login(venue: ScriptedVenue) -> None:
    waits = Waits()
    venue.answers_logins = False

    async def venue_side() -> None:
        for code in (ErrorCode.TOO_MANY_CONNECTIONS, ErrorCode.LOGIN_THROTTLED, ErrorCode.SHUTTING_DOWN):
            peer = await venue.peer()
            peer.say(Error(code, "not now"))
            peer.hang_up_after_writing()
        for _ in range(2):
            peer = await venue.peer()
            peer.welcome()
            peer.hang_up_after_writing()
        await venue.peer()

    words: dict[str, Any] = {"backoff": Backoff(first_s=1.0, longest_s=3.0), "rng": _Upper()}
    async with asyncio.TaskGroup() as group, aclosing(following(venue, waits, **words)) as clients:
        script = group.create_task(venue_side())
        for _ in range(2):
            client = await anext(clients)
            await ended(client)
        last = asyncio.ensure_future(anext(clients))
        await script
        last.cancel()
        await asyncio.wait((last,))

    assert waits.seconds == [1.0, 2.0, 3.0, 1.0, 1.0]


class _Upper(Random):
    """Draws the longest wait there may be."""

    def uniform(self, a: float, b: float) -> float:
        return b


@pytest.mark.parametrize("tries", [1, 5, 100, 10_000])
def test_waits_are_spread_between_nothing_and_the_bound(tries: int) -> None:
    backoff, rng = Backoff(first_s=0.5, longest_s=20.0), Random(7)
    bound = min(20.0, 0.5 * 2 ** min(tries - 1, 64))

    waits = [backoff.wait_s(tries, rng) for _ in range(1_000)]

    assert 0 <= min(waits) < 0.1 * bound
    assert 0.9 * bound < max(waits) <= bound


# -- a real venue ----------------------------------------------------------------------------------
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def test_a_bot_outlives_its_venue_and_enters_no_order_twice(tmp_path: Path) -> None:
    port = free_port()
    venue = running_venue(tmp_path, port=port)
    running = venue.__enter__()
    read: list[PrivateMessage] = []
    tried: list[tuple[bool, bool]] = []

    words: dict[str, Any] = {"rng": Random(1), "backoff": Backoff(0.05, 0.2), "resume_from": 1}
    async with aclosing(sessions("127.0.0.1", port, account="alice", **words)) as clients:
        async for client in clients:
            try:
                async with aclosing(client.reports()) as reports:
                    order = await client.buy("ACME", 10, at=9_000, client_order_id="only-once")
                    tried.append((order.is_live, order.resumed))
                    if len(tried) == 1:
                        running.kill()
                        venue = running_venue(tmp_path, port=port)
                        running = venue.__enter__()
                    async for report in reports:
                        read.append(report)
                        if len(tried) == 2 and len(read) == 2:
                            break
            except SessionBroken:
                continue

    running.stop()
    entered = [report for report in read if isinstance(report, Accepted)]
    assert tried == [(True, False), (True, True)]
    assert [report.client_order_id for report in entered] == ["only-once"]
    assert [report.seq for report in read] == [1, 2], "the second is the refusal of the repeat"

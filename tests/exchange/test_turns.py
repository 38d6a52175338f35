"""Nothing leaves before the commit that covers it."""

import asyncio

import pytest

from exchange.access import Access
from exchange.engine.commands import AddInstrument
from exchange.journal.group_commit import GroupCommit
from exchange.journal.recovery import start_from
from exchange.peers import Peer, Touched
from exchange.turns import Turns
from exchange.venue import Venue
from protocol.clock import ManualClock
from protocol.errors import InvariantViolated, JournalError
from protocol.session import ServerSession
from protocol.vocabulary import Symbol
from tests.support.gated_log import GatedLog


class Wire:
    """A connection that keeps what it is given to send."""

    via = "wire"
    waiting = unsent_bytes = 0

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.arrived = asyncio.Event()

    def send(self, data: bytes, *, last: bool) -> None:
        self.sent.append(data)
        self.arrived.set()

    def tell(self, data: bytes) -> None:
        self.send(data, last=False)


class Market:
    """A venue on a gated journal with one client logged in."""

    def __init__(self) -> None:
        touched: Touched = []
        state = start_from(None, ManualClock().now_ns, touched)
        self.venue = Venue("test", state.sequencer, state.reports, touched, Access(open=True))
        self.venue.act(AddInstrument(Symbol("ACME"), 1, 1, 1, 1000, 1000, 2, 0, 0, False))
        self.venue.take_turn()
        self.log = GatedLog()
        loop = asyncio.get_running_loop()
        self.commits = GroupCommit(self.log, loop.call_soon_threadsafe)
        self.turns = Turns(self.venue, self.commits, loop)
        self.peer, self.wire = self.join()

    def join(self) -> tuple[Peer, Wire]:
        peer, wire = Peer(ServerSession()), Wire()
        self.turns.join(peer, wire)
        return peer, wire

    def receive(self, data: bytes) -> None:
        self.venue.handle(self.peer, self.peer.session.receive_data(data))
        self.turns.schedule_after(self.peer)

    async def log_in(self) -> None:
        self.receive(b'{"type":"login","account":"alice"}\n')
        await self.wire.arrived.wait()
        self.forget()

    def forget(self) -> None:
        self.wire.sent.clear()
        self.wire.arrived.clear()


def enter(name: str) -> bytes:
    return (
        b'{"type":"new","client_order_id":"%s","symbol":"ACME","side":"buy","quantity":1,"price":1}\n'
        % name.encode()
    )


async def turns_of_the_loop(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_an_answer_waits_for_the_commit_that_covers_it() -> None:
    market = Market()
    await market.log_in()

    market.receive(enter("a"))
    await turns_of_the_loop(20)
    before = list(market.wire.sent)
    market.log.gate.release()
    await market.wire.arrived.wait()

    assert before == []
    assert b'"client_order_id":"a"' in market.wire.sent[0]
    market.commits.stop()


async def test_what_comes_during_a_commit_leaves_together_after_the_next() -> None:
    market = Market()
    await market.log_in()

    market.receive(enter("a"))
    await turns_of_the_loop(5)
    for name in "bcd":
        market.receive(enter(name))
        await turns_of_the_loop(5)
    market.log.gate.release()
    await market.wire.arrived.wait()
    first = list(market.wire.sent)
    market.forget()
    market.log.gate.release()
    await market.wire.arrived.wait()

    assert [len(turn.commands) for turn in market.log.written] == [1, 3]
    assert len(first) == 1
    assert first[0].count(b"\n") == 1
    assert len(market.wire.sent) == 1
    assert market.wire.sent[0].count(b"\n") == 3
    market.commits.stop()


async def test_answers_that_need_no_commit_still_queue_behind_those_that_do() -> None:
    market = Market()
    await market.log_in()

    market.receive(enter("a"))
    await turns_of_the_loop(5)
    market.receive(b'{"type":"order_status","client_order_id":"a"}\n')
    await turns_of_the_loop(20)
    before = list(market.wire.sent)
    market.log.gate.release()
    await market.turns.settled()

    assert before == []
    assert [b"accepted" in data or b"order_state" in data for data in market.wire.sent] == [True, True]
    assert b"accepted" in market.wire.sent[0]
    market.commits.stop()


async def test_when_the_journal_fails_nothing_leaves_any_more() -> None:
    market = Market()
    await market.log_in()
    market.log.broken = True

    market.receive(enter("a"))
    market.log.gate.release()
    with pytest.raises(JournalError, match="full"):
        await market.turns.failed
    market.receive(enter("b"))
    await turns_of_the_loop(20)

    assert market.wire.sent == []
    market.commits.stop()


async def test_a_broken_engine_stops_the_venue_and_leaves_the_command_out_of_the_journal() -> None:
    market = Market()
    await market.log_in()
    engine = market.venue.engine
    market.receive(enter("a"))
    await turns_of_the_loop(5)
    engine.books.clear()  # no request can do this: it stands for a fault of ours

    with pytest.raises(InvariantViolated, match="command 3 broke the engine"):
        market.receive(b'{"type":"cancel","client_order_id":"a"}\n')
    market.turns.fail(InvariantViolated("broken"))
    market.log.gate.release()
    await market.wire.arrived.wait()
    market.receive(b'{"type":"order_status","client_order_id":"a"}\n')
    await turns_of_the_loop(20)

    assert [len(turn.commands) for turn in market.log.written] == [1]
    assert len(market.wire.sent) == 1  # the answer that was safe already
    with pytest.raises(InvariantViolated):
        market.turns.failed.result()
    market.commits.stop()

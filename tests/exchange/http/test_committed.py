"""Answers that leave by another door than a peer's outbox wait for their commit, too; the history is read one at a time."""

import asyncio
import threading

import pytest

from exchange.gateways.http.answers import Refused
from exchange.gateways.http.past import Fill
from exchange.gateways.http.services import MAX_READING, Archives
from protocol.errors import HistoryError, JournalError
from protocol.market import Bar, TradePrint
from protocol.vocabulary import AccountId, ErrorCode, Interval, Nanoseconds, Symbol, TradeId
from tests.exchange.test_turns import Market, enter, turns_of_the_loop


async def test_who_waits_for_a_commit_waits_for_the_one_that_covers_all_so_far() -> None:
    market = Market()
    await market.log_in()
    market.receive(enter("a"))
    first = asyncio.ensure_future(market.turns.committed())
    await turns_of_the_loop(5)  # the first commit is under way
    market.receive(enter("b"))
    second = asyncio.ensure_future(market.turns.committed())
    await turns_of_the_loop(5)
    waiting = (first.done(), second.done())

    market.log.gate.release()
    await first
    between = second.done()
    market.log.gate.release()
    await second

    assert (waiting, between) == ((False, False), False)
    assert [len(turn.commands) for turn in market.log.written] == [1, 1]
    market.commits.stop()


async def test_where_nothing_was_done_nobody_waits_for_a_disk() -> None:
    market = Market()
    await market.log_in()

    await market.turns.committed()

    assert market.log.written == []
    market.commits.stop()


async def test_who_left_keeps_nobody_from_his_answer() -> None:
    market = Market()
    await market.log_in()
    market.receive(enter("a"))
    waiting = [asyncio.ensure_future(market.turns.committed()) for _ in range(3)]
    await turns_of_the_loop(5)

    waiting[0].cancel()
    market.log.gate.release()

    await asyncio.gather(*waiting[1:])
    market.commits.stop()


async def test_when_the_journal_fails_everybody_who_waits_is_told() -> None:
    market = Market()
    await market.log_in()
    market.log.broken = True
    market.receive(enter("a"))
    under_way = asyncio.ensure_future(market.turns.committed())
    await turns_of_the_loop(5)
    gathering = asyncio.ensure_future(market.turns.committed())
    await turns_of_the_loop(5)

    market.log.gate.release()

    for waiting in (under_way, gathering):
        with pytest.raises(JournalError):
            await waiting
    with pytest.raises(JournalError):
        await market.turns.committed()
    market.commits.stop()


# -- the history -----------------------------------------------------------------------------------
class GatedPast:
    """A history that answers when the test opens the gate."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.broken = False

    def trades(
        self, symbol: Symbol, *, before: TradeId | None, limit: int, skip: int = 0
    ) -> list[TradePrint]:
        self.gate.wait()
        if self.broken:
            raise HistoryError("venue.history", "unreadable")
        return []

    def candles(
        self, symbol: Symbol, interval: Interval, *, before_ns: Nanoseconds | None, limit: int, skip: int = 0
    ) -> list[Bar]:
        return []

    def fills(
        self, account: AccountId, symbol: Symbol | None, *, before: TradeId | None, limit: int, skip: int = 0
    ) -> list[Fill]:
        return []


def ask(archives: Archives) -> "asyncio.Future[list[TradePrint]]":
    return asyncio.ensure_future(
        archives.read(lambda past: past.trades(Symbol("ACME"), before=None, limit=1))
    )


async def test_so_many_may_wait_for_the_history_and_no_more() -> None:
    past = GatedPast()
    archives = Archives(past)
    waiting = [ask(archives) for _ in range(MAX_READING)]
    await turns_of_the_loop(2)

    with pytest.raises(Refused) as refused:
        await ask(archives)
    past.gate.set()
    await asyncio.gather(*waiting)
    after = await ask(archives)

    assert (refused.value.code, after) == (ErrorCode.TOO_MANY_REQUESTS, [])
    archives.close()


async def test_a_history_that_cannot_be_read_is_a_fault_of_the_venue_and_not_its_end() -> None:
    past = GatedPast()
    past.gate.set()
    archives = Archives(past)
    past.broken = True

    with pytest.raises(Refused) as refused:
        await ask(archives)

    assert refused.value.status == 500
    archives.close()

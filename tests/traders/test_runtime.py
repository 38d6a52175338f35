"""One strategy over one connection; the venue's part said by the test."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from random import Random

import pytest

from protocol.clock import ManualClock
from protocol.errors import SessionBroken
from protocol.market import TradePrint
from protocol.messages import Logout, MassCancel, MassCanceled, NewOrder, OpenOrder, Subscribe, Unsubscribe
from protocol.vocabulary import Channel, ClientOrderId, Side, TimeInForce
from tests.support.book_talk import BookTalk
from tests.support.scripted_venue import ACME as INFO
from tests.support.scripted_venue import Peer, ScriptedVenue, scripted_venue
from tests.traders.reports import ACME, NOW, accepted, printed, traded
from traders.book_view import Depth
from traders.client import Client
from traders.pace import poisson, regular
from traders.runtime import Runner
from traders.strategies.base import Parameters, Strategy
from traders.strategies.intents import Intent


class Recorder(Strategy):
    """Remembers what it saw; buys at each timer and each trade."""

    def __init__(self) -> None:
        super().__init__([INFO], Parameters(), Random(1))
        self.seen: list[object] = []

    def on_start(self) -> Iterable[Intent]:
        self.seen.append("start")
        return ()

    def on_depth(self, depth: Depth) -> Iterable[Intent]:
        self.seen.append(depth.seq)
        return ()

    def on_trade(self, trade: TradePrint) -> Iterable[Intent]:
        self.seen.append(trade.trade_id)
        yield self.buy(ACME, 1, at=trade.price)
        yield self.sell(ACME, 2, at=trade.price)

    def on_timer(self, now_ns: int) -> Iterable[Intent]:
        self.seen.append(("timer", now_ns))
        yield self.buy(ACME, 3, at=1)


@pytest.fixture
async def venue() -> AsyncIterator[ScriptedVenue]:
    async with scripted_venue() as running:
        yield running


async def run(
    venue: ScriptedVenue, strategy: Strategy, started: "asyncio.Queue[Runner]", *waits_s: float
) -> None:
    async with Client.connect(venue.host, venue.port, account="bot", id_prefix="b") as client:
        runner = Runner(strategy, client, ManualClock(77), iter(waits_s))
        started.put_nowait(runner)
        await runner.run()


async def begin(
    venue: ScriptedVenue, strategy: Strategy, *waits_s: float
) -> "tuple[asyncio.Task[None], Runner, Peer]":
    started: asyncio.Queue[Runner] = asyncio.Queue()
    running = asyncio.create_task(run(venue, strategy, started, *waits_s))
    peer = await venue.peer()
    return running, await started.get(), peer


async def test_events_reach_the_strategy_in_order_and_its_wishes_leave_in_one_write(
    venue: ScriptedVenue,
) -> None:
    strategy = Recorder()
    running, runner, peer = await begin(venue, strategy)
    await _subscriptions(peer)
    before = len(peer.reads)

    peer.say(BookTalk(levels=10).delta([(99, 1)]), printed(9_999, trade_id=5, seq=1))
    orders = [await peer.hear(NewOrder), await peer.hear(NewOrder)]
    reads = len(peer.reads) - before
    peer.say(accepted("b1", 1, quantity=1), accepted("b2", 2, side=Side.SELL, quantity=2))
    peer.say(traded("b1", 3, quantity=1))
    runner.stop()
    assert await peer.hear(MassCancel) == MassCancel()
    peer.say(MassCanceled(4, NOW, 1))
    await running

    assert orders == [
        NewOrder(ClientOrderId("b1"), ACME, Side.BUY, 1, 9_999),
        NewOrder(ClientOrderId("b2"), ACME, Side.SELL, 2, 9_999),
    ]
    assert reads == 1
    assert strategy.seen == ["start", 1, 5]
    assert strategy.position(ACME) == 1


async def test_timers_fire_with_the_time_of_the_clock(venue: ScriptedVenue) -> None:
    strategy = Recorder()

    running, runner, peer = await begin(venue, strategy, 0.0, 0.0)
    await _subscriptions(peer)
    await peer.hear(NewOrder)
    await peer.hear(NewOrder)
    runner.stop()
    await peer.hear(MassCancel)
    peer.say(MassCanceled(1, NOW, 0))
    await running

    assert strategy.seen.count(("timer", 77)) == 2


async def test_a_trade_that_arrives_while_stopping_still_counts(venue: ScriptedVenue) -> None:
    strategy = Recorder()
    running, runner, peer = await begin(venue, strategy, 0.0)
    await _subscriptions(peer)
    await peer.hear(NewOrder)
    peer.say(accepted("b1", 1, quantity=3))

    runner.stop()
    await peer.hear(MassCancel)
    peer.say(traded("b1", 2, quantity=3), MassCanceled(3, NOW, 0))
    await running

    assert strategy.position(ACME) == 3


async def test_a_strategy_without_orders_just_logs_out(venue: ScriptedVenue) -> None:
    running, runner, peer = await begin(venue, Strategy([INFO], Parameters(), Random(1)))
    await _subscriptions(peer)

    runner.stop()
    runner.stop()
    await running

    assert await peer.hear(Unsubscribe) == Unsubscribe(Channel.DEPTH, ACME, 10)
    await peer.hear(Unsubscribe)
    await peer.hear(Logout)


async def test_orders_of_an_earlier_run_are_canceled_at_the_start(venue: ScriptedVenue) -> None:
    venue.open_orders = [OpenOrder(ClientOrderId("old"), 1, ACME, Side.BUY, 1, 0, 1, TimeInForce.GTC, 1)]

    running, runner, peer = await begin(venue, Recorder())
    await _subscriptions(peer)
    await peer.hear(MassCancel)
    runner.stop()

    await running


async def test_a_strategy_is_only_told_what_it_asked_for(venue: ScriptedVenue) -> None:
    class Deaf(Strategy):
        channels = frozenset((Channel.TRADES,))

    running, runner, peer = await begin(venue, Deaf([INFO], Parameters(), Random(1)))

    assert await peer.hear(Subscribe) == Subscribe(Channel.TRADES, ACME)
    runner.stop()
    await running
    await peer.hear(Unsubscribe)
    await peer.hear(Logout)


async def test_a_run_ends_quietly_when_the_venue_logs_out_and_breaks_when_it_is_gone(
    venue: ScriptedVenue,
) -> None:
    running, _, peer = await begin(venue, Recorder())
    peer.session.log_out("the day is over")
    peer.flush()
    await running

    running, _, peer = await begin(venue, Recorder())
    peer.hang_up()
    with pytest.raises(SessionBroken):
        await running


async def test_a_strategys_own_mistake_is_raised(venue: ScriptedVenue) -> None:
    class Wrong(Strategy):
        def on_start(self) -> Iterable[Intent]:
            raise ZeroDivisionError

    running, _, _ = await begin(venue, Wrong([INFO], Parameters(), Random(1)))

    with pytest.raises(ZeroDivisionError):
        await running


def test_poisson_waits_average_to_the_interval_and_repeat_under_a_seed() -> None:
    def waits(seed: int) -> list[float]:
        spread = poisson(0.5, Random(seed))
        return [next(spread) for _ in range(4_000)]

    assert waits(1) == waits(1)
    assert sum(waits(1)) / 4_000 == pytest.approx(0.5, rel=0.05)


def test_regular_waits_start_at_a_random_part_of_the_interval() -> None:
    spread = regular(0.5, Random(1))

    first, *others = [next(spread) for _ in range(4)]

    assert 0 <= first < 0.5
    assert others == [0.5, 0.5, 0.5]


async def _subscriptions(peer: Peer) -> None:
    await peer.hear_subscription(Channel.DEPTH, levels=10)
    await peer.hear_subscription(Channel.TRADES)

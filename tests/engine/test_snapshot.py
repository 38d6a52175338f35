"""Snapshot and replay of everything that an engine remembers: rule 50."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec
import pytest

from exchange.engine.commands import AddInstrument, Command, EndDay
from exchange.engine.engine import Engine, Events
from exchange.engine.sequencer import Sequencer
from exchange.engine.snapshot import EngineImage, digest, restore, take
from protocol.vocabulary import Allocation, OrderType, Phase, SelfTrade, Side, TimeInForce
from tests.support.books import (
    MAKER,
    TAKER,
    buy,
    cancel,
    enter,
    expire,
    instrument,
    last_price,
    mass_cancel,
    phase,
    reduce,
    replace,
    sell,
    stop,
    told,
)


class Story(NamedTuple):
    """What happened before the snapshot, what comes after it, and what that must tell."""

    before: list[Command]
    after: list[Command]
    sentences: list[str]
    listed: AddInstrument = instrument()


RESTS = instrument(market_remainder_rests=True)
SHARES = instrument(allocation=Allocation.PRO_RATA)

STORIES: dict[str, Callable[[], Story]] = {
    "queue with gaps": lambda: Story(
        [
            *(sell(1, at=100, name=f"s{number}", owner=MAKER) for number in range(40)),
            *(cancel(f"s{number}") for number in range(40) if number % 5),
            replace("s5", quantity=3),
        ],
        [buy(4, at=100)],
        ["new accepted", "new with s0: 1 at 100", "new with s10: 1 at 100", "new with s15: 1 at 100", "new with s20: 1 at 100"],
    ),
    "peaks that have refilled and one that is half gone": lambda: Story(
        [
            sell(30, at=100, name="i1", owner=MAKER, display=10),
            sell(30, at=100, name="i2", owner=MAKER, display=5),
            sell(5, at=100, name="hidden", owner=MAKER, hidden=True),
            sell(3, at=100, name="plain", owner=MAKER),
            buy(12, at=100, name="b"),
        ],
        [buy(22, at=100)],
        [
            "new accepted",
            "new with i2: 3 at 100",
            "new with plain: 3 at 100",
            "new with i1: 10 at 100",
            "new with i2: 5 at 100",
            "new with i1: 1 at 100",
        ],
    ),
    "stops in their order, one of them moved": lambda: Story(
        [
            stop(Side.BUY, 105, name="s1"),
            stop(Side.BUY, 105, name="s2"),
            stop(Side.BUY, 103, name="s3", limit=103),
            stop(Side.SELL, 90, name="s4"),
            replace("s1", stop_price=104, owner=TAKER),
            replace("s1", stop_price=105, owner=TAKER),
        ],
        [last_price(105), last_price(80)],
        [
            "last price 105",
            "s3 triggered at 103",
            "s2 triggered at 105",
            "s2 canceled 1: no_liquidity",
            "s1 triggered at 105",
            "s1 canceled 1: no_liquidity",
            "last price 80",
            "s4 triggered at 90",
            "s4 with s3: 1 at 103",
        ],
    ),
    "trailing stops where they have come to": lambda: Story(
        [
            enter(Side.SELL, 1, name="t1", order_type=OrderType.STOP, trail=5),
            last_price(100),
            enter(Side.SELL, 1, name="t2", order_type=OrderType.STOP, trail=2, stop_price=50),
            last_price(120),
            last_price(119),
        ],
        [last_price(118), last_price(130), last_price(125)],
        [
            "last price 118",
            "t2 triggered at 118",
            "t2 canceled 1: no_liquidity",
            "last price 130",
            "last price 125",
            "t1 triggered at 125",
            "t1 canceled 1: no_liquidity",
        ],
    ),
    "book of a call, crossed": lambda: Story(
        [
            phase(Phase.OPENING_AUCTION),
            buy(5, name="market", owner=MAKER),
            buy(5, at=103, name="b", owner=MAKER),
            sell(7, at=101, name="s", owner=TAKER),
            enter(Side.BUY, 4, name="mtl", order_type=OrderType.MARKET_TO_LIMIT),
            sell(5, at=102, name="open", time_in_force=TimeInForce.AT_THE_OPEN),
        ],
        [phase(Phase.CONTINUOUS)],
        [
            "market buys from s: 5 at 103",
            "mtl buys from s: 2 at 103",
            "mtl buys from open: 2 at 103",
            "b buys from open: 3 at 103",
            "auction: 12 at 103, surplus 2",
            "opening_auction to continuous",
        ],
    ),
    "orders for the close that wait": lambda: Story(
        [
            buy(3, at=100, name="x", owner=MAKER),
            sell(2, at=100, name="c1", time_in_force=TimeInForce.AT_THE_CLOSE),
            sell(2, name="c2", time_in_force=TimeInForce.AT_THE_CLOSE),
            sell(2, at=100, name="c3", time_in_force=TimeInForce.AT_THE_CLOSE),
            replace("c1", quantity=3, owner=TAKER),
            reduce("c3", 1, TAKER),
        ],
        [phase(Phase.CLOSING_AUCTION), phase(Phase.CLOSED)],
        [
            "continuous to closing_auction",
            "c2 rests 2 at any price",
            "x buys from c2: 2 at 100",
            "x buys from c3: 1 at 100",
            "auction: 3 at 100, surplus -3",
            "c1 canceled 3: auction_over",
            "closing_auction to closed",
        ],
    ),
    "a peg whose best price went while it could not follow": lambda: Story(
        [
            buy(5, at=99, name="x", owner=MAKER),
            enter(Side.BUY, 1, name="p", order_type=OrderType.PEG),
            phase(Phase.INTRADAY_AUCTION),
            cancel("x"),
        ],
        [phase(Phase.CONTINUOUS)],
        [
            "auction without a price",
            "intraday_auction to continuous",
            "p canceled 1: nothing_to_peg_to",
        ],
    ),
    "pegs in the order of their places": lambda: Story(
        [
            buy(5, at=100, name="x", owner=MAKER),
            buy(5, at=99, name="y", owner=MAKER),
            enter(Side.BUY, 1, name="p", order_type=OrderType.PEG),
            enter(Side.BUY, 1, name="q", order_type=OrderType.PEG, cap=100),
            enter(Side.BUY, 1, name="r", order_type=OrderType.PEG, hidden=True),
            buy(1, at=102, name="z", owner=MAKER),
            cancel("z"),
        ],
        [cancel("x"), cancel("y")],
        [
            "x canceled 5: requested",
            "q moves from 100 to 99",
            "p moves from 100 to 99",
            "r moves from 100 to 99",
            "y canceled 5: requested",
            "q canceled 1: nothing_to_peg_to",
            "p canceled 1: nothing_to_peg_to",
            "r canceled 1: nothing_to_peg_to",
        ],
    ),
    "tops of shared levels": lambda: Story(
        [
            buy(10, at=100, name="a", owner=MAKER),
            buy(10, at=100, name="b", owner=MAKER),
            sell(10, at=110, name="gone", owner=MAKER),
            sell(10, at=110, name="c", owner=MAKER),
            sell(10, at=110, name="d", owner=MAKER),
            cancel("gone"),
            sell(4, at=100, name="t1"),
        ],
        [sell(6, at=100, name="t2"), buy(10, at=110, name="t3")],
        ["t2 accepted", "t2 with a: 6 at 100", "t3 accepted", "t3 with c: 5 at 110", "t3 with d: 5 at 110"],
        SHARES,
    ),
    "market orders that rest": lambda: Story(
        [
            buy(5, name="m1", owner=MAKER),
            buy(5, name="m2", owner=MAKER),
            buy(5, at=100, name="x", owner=MAKER),
            replace("m1", quantity=6),
        ],
        [sell(12, at=99)],
        ["new accepted", "new with m2: 5 at 100", "new with m1: 6 at 100", "new with x: 1 at 100"],
        RESTS,
    ),
    "all or none, passed over": lambda: Story(
        [sell(10, at=100, name="whole", owner=MAKER, all_or_none=True), buy(6, at=100, name="b1")],
        [buy(4, at=100, name="b2")],
        ["b2 accepted", "whole with b1: 6 at 100", "whole with b2: 4 at 100"],
    ),
    "quantity that was prevented": lambda: Story(
        [
            sell(10, at=100, name="own", owner=MAKER),
            buy(3, at=100, owner=MAKER, self_trade=SelfTrade.DECREMENT),
            buy(2, at=100, name="b"),
        ],
        [replace("own", quantity=6), replace("own", quantity=5)],
        ["own replaced: 1 at 100, keeps its place", "own canceled 1: replaced_below_executed"],
    ),
    "deadlines": lambda: Story(
        [
            buy(1, at=100, name="late", time_in_force=TimeInForce.GTD, expires_at_ns=9),
            buy(1, at=100, name="early", time_in_force=TimeInForce.GTD, expires_at_ns=5),
            stop(Side.BUY, 200, time_in_force=TimeInForce.GTD, expires_at_ns=5),
        ],
        [expire(5), expire(9)],
        ["early canceled 1: expired", "s canceled 1: expired", "2 expired", "late canceled 1: expired", "1 expired"],
    ),
    "halt, with the last price and the reference of its corridors": lambda: Story(
        [
            phase(Phase.OPENING_AUCTION),
            buy(5, at=100, name="b"),
            sell(5, at=100, name="s", owner=MAKER),
            phase(Phase.CONTINUOUS),
            sell(5, at=106, name="far", owner=MAKER),
            phase(Phase.HALT),
        ],
        [buy(1, at=1, name="no"), phase(Phase.CONTINUOUS), buy(5, at=106, name="yes")],
        [
            "no refused: wrong_phase",
            "auction without a price",
            "halt to continuous",
            "yes accepted",
            "continuous to volatility_auction",
        ],
        instrument(dynamic_corridor=5, static_corridor=50, reference_price=50, band=60),
    ),
    "ids that are used up": lambda: Story(
        [buy(1, at=100, name="done"), cancel("done", TAKER), buy(1, at=100, name="live")],
        [buy(1, at=100, name="done"), buy(1, at=100, name="live"), EndDay(), buy(1, at=100, name="done")],
        [
            "done refused: duplicate_client_order_id",
            "live refused: duplicate_client_order_id",
            "day ended, 0 canceled",
            "done accepted",
        ],
    ),
}  # fmt: skip

names = pytest.mark.parametrize("name", STORIES)


def begun(story: Story) -> Sequencer:
    """The venue at the moment of the snapshot."""
    sequencer = Sequencer(Engine(), lambda: 0)
    for command in (story.listed, *story.before):
        sequencer.submit(command)
    return sequencer


def went_on(engine: Engine, after: Sequencer, commands: list[Command]) -> tuple[list[Events], str]:
    """The events of what comes next, and the state in the end."""
    sequencer = Sequencer(engine, lambda: 0)
    sequencer.resume(after.last_seq, after.last_at_ns)
    events = [sequencer.submit(msgspec.structs.replace(command)) for command in commands]
    return events, digest(take(engine))


@names
def test_restored_engine_goes_on_as_the_other_one_does(name: str) -> None:
    """Rule 50: the same events and the same state, queue positions included."""
    story = STORIES[name]()
    venue = begun(story)
    closing: list[Command] = [mass_cancel(None), EndDay()]

    restored = restore(take(venue.engine))
    before = digest(take(restored)) == digest(take(venue.engine))
    expected = went_on(venue.engine, venue, story.after + closing)
    came = went_on(restored, venue, story.after + closing)

    assert before
    assert [
        sentence for events in expected[0][: len(story.after)] for sentence in told(events)
    ] == story.sentences
    assert came == expected


@names
def test_image_comes_back_from_the_disk_as_it_went(name: str) -> None:
    """Rule 50: nothing of it is only in memory."""
    image = take(begun(STORIES[name]()).engine)

    again = msgspec.msgpack.decode(msgspec.msgpack.encode(image), type=EngineImage)

    assert again == image
    assert digest(take(restore(again))) == digest(image)


@names
def test_replay_of_the_journal_gives_the_same_events_and_state(name: str) -> None:
    """Rule 50: byte for byte, after a trip through the journal's encoding."""
    story = STORIES[name]()
    live = Sequencer(Engine(), iter(range(1_000)).__next__)
    # Times run here, so what has a deadline has one that is over: a refusal is replayed as well.
    said = [live.submit(command) for command in (story.listed, *story.before, *story.after)]
    turn = live.take_turn()
    assert turn is not None
    written = [msgspec.json.encode(command) for command in turn.commands]

    again = Sequencer(Engine(), lambda: 0)
    replayed = again.replay(msgspec.json.decode(line, type=Command) for line in written)

    assert [msgspec.json.encode(events) for events in replayed] == [
        msgspec.json.encode(events) for events in said
    ]
    assert digest(take(again.engine)) == digest(take(live.engine))


@names
def test_looking_changes_nothing(name: str) -> None:
    """Rule 50: an engine of which a snapshot was taken goes on like one that nobody looked at."""
    story = STORIES[name]()
    looked_at, left_alone = begun(story), begun(STORIES[name]())

    take(looked_at.engine)
    outcomes = [went_on(venue.engine, venue, story.after) for venue in (looked_at, left_alone)]

    assert outcomes[0] == outcomes[1]


@names
def test_state_says_more_than_the_plain_book_does(name: str) -> None:
    """Rule 50: what comes next would differ without what came before, so the digests must."""
    story = STORIES[name]()
    venue, bare = begun(story), Sequencer(Engine(), lambda: 0)
    bare.submit(story.listed)

    assert digest(take(venue.engine)) != digest(take(bare.engine))

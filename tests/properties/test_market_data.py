"""Every channel of market data, rebuilt from its messages by naive code, is what the book and the trades say."""

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Final, get_args

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from exchange.engine.book_side import BookSide
from exchange.engine.commands import (
    AddInstrument,
    Administer,
    BustTrade,
    CancelOrder,
    Command,
    EndDay,
    EnterOrder,
    ReplaceOrder,
    Terms,
)
from exchange.engine.events import AuctionTrade, OrderAccepted, Trade
from exchange.market_data import bbo, candles, depth, displayed
from exchange.market_data.displayed import DisplayedOrders
from exchange.market_data.hub import MarketData
from exchange.market_data.orders import OrdersStream
from exchange.market_data.stream import Change, Stream
from exchange.market_data.tally import Tally
from exchange.market_data.tape import Tail
from exchange.peers import Peer
from protocol.market import DepthDelta, OrderChange, PublicMessage
from protocol.vocabulary import AccountId, ClientOrderId, OrderType, Side, TimeInForce
from tests.support.books import instrument
from tests.support.market_readers import Readers
from tests.support.mutant import Mutant
from tests.support.naive_money import LISTINGS, STEP_NS, MoneyWishes
from tests.support.naive_wishes import PROFILES, SECOND, Wishes
from tests.support.twins import Twins

SEEDS: Final = st.integers(0, 2**32 - 1)
SEARCH: Final = (Phase.explicit, Phase.reuse, Phase.generate)
"""A day has no smaller one that goes wrong in the same place."""

SLOWLY_NS: Final = 700_000_000
"""Between commands: every few of them a candle of ten seconds ends."""


def trade(readers: Readers, commands: Iterator[Command]) -> None:
    """A day: turns of some commands, between which readers do as they like."""
    rng = readers.rng
    readers.listen()
    for command in commands:
        readers.submit(command)
        while rng.random() < 0.5:
            readers.happen()
        if rng.random() < 0.4:
            readers.end_turn()
    for reader in readers.readers:
        if reader.peer.slow:
            reader.catch_up()
    readers.end_turn()


def wished(profile: str, seed: int, operations: int) -> Iterator[Command]:
    """All types of orders on an instrument of this kind, in all phases, and a few on another one."""
    twins = Twins((PROFILES[profile], SECOND), step_ns=SLOWLY_NS)
    wishes = Wishes(seed, twins.naive, profile)
    for _ in range(operations):
        command = wishes.next((len(twins.commands) + 1) * SLOWLY_NS)
        twins.submit(command)
        yield command


def of_money(seed: int, operations: int) -> Iterator[Command]:
    """Days with limits, switches, quotes that are pulled, and trades that are busted."""
    twins = Twins(LISTINGS[seed % 2], step_ns=STEP_NS)
    wishes = MoneyWishes(seed, twins.naive)
    for _ in range(operations):
        command = wishes.next((len(twins.commands) + 1) * STEP_NS)
        twins.submit(command)
        yield command


class Crowd:
    """A book of many levels: limits, icebergs and hidden orders far and wide, sweeps, busts and ends of days."""

    def __init__(self, seed: int, readers: Readers, listed: AddInstrument) -> None:
        self._rng = Random(seed)
        self._symbol = listed.symbol
        self._live: list[tuple[AccountId, ClientOrderId]] = []
        self._trades: list[Trade | AuctionTrade] = []
        self._readers = readers
        self._entered = 0

    def commands(self, operations: int) -> Iterator[Command]:
        for _ in range(operations):
            yield self._next()

    def read(self, events: tuple[object, ...]) -> None:
        for event in events:
            if isinstance(event, OrderAccepted):
                self._live.append((event.account, event.client_order_id))
            elif isinstance(event, Trade):
                self._trades.append(event)

    def _next(self) -> Command:
        rng, kind = self._rng, self._rng.random()
        if kind < 0.004:
            return EndDay()
        if kind < 0.03 and self._trades:
            return self._bust(self._trades.pop(rng.randrange(len(self._trades))))
        if kind < 0.15 and self._live:
            return CancelOrder(*rng.choice(self._live))
        if kind < 0.25 and self._live:
            price = rng.choice((None, rng.randint(850, 1_150)))
            return ReplaceOrder(*rng.choice(self._live), rng.randint(1, 30), price)
        return self._enter()

    def _enter(self) -> EnterOrder:
        rng = self._rng
        self._entered += 1
        side = rng.choice((Side.BUY, Side.SELL))
        away = round(abs(rng.gauss(0, 80))) + 1
        price = 1_000 - away if side is Side.BUY else 1_000 + away
        quantity = rng.randint(1, 30)
        if rng.random() < 0.07:  # a sweep
            price, quantity = 2_000 - price, quantity * 5
        terms = rng.choice((None, None, None, Terms(display=rng.randint(1, 5)), Terms(hidden=True)))
        return EnterOrder(
            AccountId(rng.choice("abc")), ClientOrderId(f"o{self._entered}"), self._symbol, side,
            OrderType.LIMIT, TimeInForce.GTC, quantity, price, False, terms,
        )  # fmt: skip

    def _bust(self, busted: Trade | AuctionTrade) -> Command:
        assert isinstance(busted, Trade)
        buys = busted.aggressor is Side.BUY
        buyer, buyer_fee = (busted.taker, busted.taker_fee) if buys else (busted.maker, busted.maker_fee)
        seller, seller_fee = (busted.maker, busted.maker_fee) if buys else (busted.taker, busted.taker_fee)
        command = BustTrade(
            busted.trade_id,
            busted.symbol,
            busted.price,
            busted.quantity,
            buyer,
            buyer_fee,
            seller,
            seller_fee,
        )
        return Administer(AccountId("desk"), "a mistake", command)


def crowded(seed: int, operations: int, seen: set[str] | None = None) -> Readers:
    """A day of many levels. ``seen`` is where to note the kinds of messages."""
    listed = instrument()
    readers = Readers((listed,), seed, SLOWLY_NS)
    if seen is not None:
        note_messages(readers, seen)
    crowd = Crowd(seed, readers, listed)
    submit = readers.submit

    def noticed(command: Command) -> tuple[object, ...]:
        events = submit(command)
        crowd.read(events)
        return events

    readers.submit = noticed  # type: ignore[method-assign,assignment]
    trade(readers, crowd.commands(operations))
    return readers


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("profile", PROFILES)
@settings(max_examples=3, phases=SEARCH)
@given(seed=SEEDS)
def test_every_channel_is_what_the_book_and_the_trades_say(profile: str, seed: int) -> None:
    """Rules 26 and 48."""
    trade(Readers((PROFILES[profile], SECOND), seed, SLOWLY_NS), wished(profile, seed, 250))


@pytest.mark.slow
@pytest.mark.timeout(120)
@settings(max_examples=8, phases=SEARCH)
@given(seed=SEEDS)
def test_every_channel_is_right_after_busts_and_pulled_quotes(seed: int) -> None:
    trade(Readers(LISTINGS[seed % 2], seed, STEP_NS), of_money(seed, 300))


@pytest.mark.slow
@pytest.mark.timeout(120)
@settings(max_examples=6, phases=SEARCH)
@given(seed=SEEDS)
def test_every_channel_is_right_where_there_are_more_levels_than_are_shown(seed: int) -> None:
    crowded(seed, 400)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("profile", PROFILES)
def test_every_channel_is_what_the_book_and_the_trades_say_all_night(profile: str, seed: int) -> None:
    """Rules 26 and 48."""
    trade(Readers((PROFILES[profile], SECOND), seed, SLOWLY_NS), wished(profile, seed, 2_000))


def test_the_days_have_everything_in_them() -> None:
    """Every kind of message and of change, books of more levels than are shown, and busts."""
    seen: set[str] = set()
    day = Readers((PROFILES["everything"], SECOND), 8, SLOWLY_NS)
    note_messages(day, seen)
    trade(day, wished("everything", 8, 400))
    crowd = crowded(7, 500, seen)
    levels = max(len(truth.depth(Side.BUY)) for truth in crowd.truths.values())

    busts = sum(truth.busts for truth in crowd.truths.values())
    kinds = {kind.__name__ for kind in (*get_args(PublicMessage), *get_args(OrderChange))}
    assert kinds - seen == set()
    assert levels > 50
    assert busts > 3


def note_messages(readers: Readers, seen: set[str]) -> None:
    """Have a listener in each stream who only counts."""
    for key in readers.keys:
        readers.venue.market_data.listen(key, partial(_note, seen))


def _note(seen: set[str], message: PublicMessage) -> None:
    seen.add(type(message).__name__)
    seen.update(type(change).__name__ for change in getattr(message, "changes", ()))


# -- what the tests are worth ----------------------------------------------------------------------
def nothing(*_: object, **__: object) -> None:
    """Stands where something should happen."""


def _unchecked(publish: Callable[..., None]) -> Callable[..., None]:
    def broken(self: Stream, message: PublicMessage) -> None:
        if isinstance(message, DepthDelta):
            message = msgspec.structs.replace(message, checksum=message.checksum ^ 1)
        publish(self, message)

    return broken


def _of_one_side(of: Callable[[BookSide], object]) -> Callable[[BookSide], object]:
    return lambda side: of(side) if side.side is Side.BUY else None


def _without_numbers(settle: Callable[..., None]) -> Callable[..., None]:
    def broken(self: OrdersStream, change: Change) -> None:
        before = self.seq
        settle(self, change)
        self.seq = before

    return broken


def _with_a_bad_memory(catch_up: Callable[..., None]) -> Callable[..., None]:
    def broken(self: MarketData, peer: Peer) -> None:
        peer.missed.clear()
        catch_up(self, peer)

    return broken


MUTANTS: Final = {
    "refill": Mutant("no change is found by comparing: a refilled peak, a stop", DisplayedOrders, "_compare", lambda _: nothing),
    "peak": Mutant("of an iceberg all is shown", displayed, "shown_of", lambda _: lambda order: order.leaves),
    "kept": Mutant("who shrinks shows what he did", DisplayedOrders, "_shrink", lambda _: nothing),
    "triggered": Mutant("stops come to rest unseen", DisplayedOrders, "_look_for_triggered", lambda _: nothing),
    "best": Mutant("the best offer is not looked at", bbo, "best_level", _of_one_side),
    "slides": Mutant("nobody slides in where a level went", depth._Shown, "_changed_whole", lambda _: lambda _self: []),
    "checksum": Mutant("a checksum is wrong", Stream, "publish", _unchecked),
    "bust": Mutant("a busted trade still counts", Tally, "bust", lambda _: nothing),
    "day": Mutant("the day does not end", Tally, "end_day", lambda _: nothing),
    "tail": Mutant("the tape forgets busts", Tail, "busted", lambda _: nothing),
    "candle": Mutant("a candle counts one trade too many", candles, "Candle", lambda made: lambda *fields: made(*fields[:3], msgspec.structs.replace(fields[3], trades=fields[3].trades + 1))),
    "recovery": Mutant("who was passed by is not told how things stand", MarketData, "catch_up", _with_a_bad_memory),
    "gap": Mutant("numbers are not raised", OrdersStream, "settle", _without_numbers),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_broken_streams_are_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = MUTANTS[name]
    monkeypatch.setattr(mutant.owner, mutant.attribute, mutant.broken())

    with pytest.raises((AssertionError, KeyError, ValueError)):
        some_days(11)


def some_days(seed: int) -> None:
    trade(Readers((PROFILES["plain"], SECOND), seed, SLOWLY_NS), wished("plain", seed, 300))
    crowded(seed, 300)

"""Public streams: a reader's copy equals the book after every command, and private comes first."""

import random

import pytest

from exchange.engine.commands import Administer, BustTrade
from exchange.engine.events import Trade
from exchange.peers import Peer
from exchange.venue import Venue
from protocol.fields import Message
from protocol.market import DepthDelta, DepthSnapshot, PrintBusted, TradePrint, TradesSnapshot
from protocol.messages import Accepted, Cancel, Subscribe, TradeReport, Unsubscribe
from protocol.session import ClientSession, ServerSession
from protocol.vocabulary import (
    AccountId,
    Channel,
    ClientOrderId,
    Price,
    Quantity,
    Side,
)
from tests.support.in_memory import OPERATORS, Trader, open_venue, order, who_may
from tests.support.wire_requests import ACME, SETTINGS, random_request


class Copy:
    """The book as a reader of the depth stream keeps it."""

    def __init__(self) -> None:
        self.seq = 0
        self.bids: dict[Price, Quantity] = {}
        self.asks: dict[Price, Quantity] = {}

    def apply(self, message: Message) -> None:
        match message:
            case DepthSnapshot():
                self.seq, self.bids, self.asks = message.seq, dict(message.bids), dict(message.asks)
            case DepthDelta():
                assert message.seq == self.seq + 1
                self.seq = message.seq
                for side, changes in ((self.bids, message.bids), (self.asks, message.asks)):
                    for price, quantity in changes:
                        assert side.get(price, 0) != quantity, "a delta that changes nothing"
                        if quantity:
                            side[price] = quantity
                        else:
                            del side[price]


def assert_equal(copy: Copy, venue: Venue) -> None:
    book = venue.engine.books[ACME]
    assert sorted(copy.bids.items(), reverse=True) == book.depth(Side.BUY)
    assert sorted(copy.asks.items()) == book.depth(Side.SELL)


@pytest.mark.parametrize("settings", SETTINGS)
def test_a_copy_made_from_the_stream_equals_the_book_after_every_command(settings: dict[str, object]) -> None:
    """Rule 48."""
    for seed in range(20):
        rng = random.Random(seed)
        venue = open_venue(**settings)
        traders = [Trader(venue, f"trader{number}") for number in range(2)]
        operator, watcher, copy = Trader(venue, OPERATORS[0]), Trader(venue, "watcher"), Copy()
        for number in range(30):
            request = random_request(rng, number)
            who_may(request, rng, traders, operator).send(request)
        watcher.send(Subscribe(Channel.DEPTH, ACME))

        for number in range(30, 330):
            request = random_request(rng, number)
            who_may(request, rng, traders, operator).send(request)
            for message in watcher.read():
                copy.apply(message)

            assert_equal(copy, venue)


def test_a_slow_reader_misses_deltas_and_catches_up_with_a_snapshot() -> None:
    rng = random.Random(7)
    venue = open_venue()
    trader, operator = Trader(venue, "anna"), Trader(venue, OPERATORS[0])
    watcher, copy = Trader(venue, "watcher"), Copy()
    watcher.send(Subscribe(Channel.DEPTH, ACME))
    watcher.send(Subscribe(Channel.TRADES, ACME))
    prints: list[int] = []
    left_out = 0

    for round_ in range(10):
        if round_ % 2:
            venue.market_data.passes_by(watcher.peer)
        for number in range(40):
            request = random_request(rng, round_ * 40 + number)
            who_may(request, rng, [trader], operator).send(request)
        if watcher.peer.slow:
            assert watcher.read() == []
            watcher.peer.slow = False
            venue.market_data.catch_up(watcher.peer)
        for message in watcher.read():
            copy.apply(message)
            if isinstance(message, TradesSnapshot):
                left_out += message.seq - len(prints)
                prints += [one.seq for one in message.trades if one.seq > len(prints)]
            elif isinstance(message, TradePrint):
                prints.append(message.seq)
        assert_equal(copy, venue)

    assert left_out > 0
    assert prints == list(range(1, len(prints) + 1))  # fewer than a hundred were left out at a time


def test_private_reports_come_before_the_public_print_of_the_same_event() -> None:
    """Rule 47."""
    venue = open_venue()
    maker, taker = Trader(venue, "maker"), Trader(venue, "taker")
    for trader in (maker, taker):
        trader.send(Subscribe(Channel.TRADES, ACME))
        trader.send(Subscribe(Channel.DEPTH, ACME))
        trader.read()

    maker.send(order("m", Side.SELL, 5, 100))
    taker.send(order("t", Side.BUY, 5, 100))

    assert [type(message) for message in maker.read()] == [
        Accepted,
        DepthDelta,
        TradeReport,
        TradePrint,
        DepthDelta,
    ]
    assert [type(message) for message in taker.read()] == [
        DepthDelta,
        Accepted,
        TradeReport,
        TradePrint,
        DepthDelta,
    ]


def test_a_busted_print_has_its_place_in_the_tape() -> None:
    venue = open_venue()
    maker, taker = Trader(venue, "maker"), Trader(venue, "taker")
    taker.ask(Subscribe(Channel.TRADES, ACME))
    maker.send(order("m", Side.SELL, 5, 100))
    taker.send(order("t", Side.BUY, 2, 100))
    trade = venue.reports.find_trade(1, AccountId("maker"))
    assert isinstance(trade, Trade)

    bust = BustTrade(1, ACME, 100, 2, trade.taker, trade.taker_fee, trade.maker, trade.maker_fee)
    venue.act(Administer(OPERATORS[0], "a typing error", bust))
    taker.send(order("u", Side.BUY, 2, 100))

    tape = [message for message in taker.read() if isinstance(message, TradePrint | PrintBusted)]
    assert [(type(message), message.seq, message.trade_id) for message in tape] == [
        (TradePrint, 1, 1),
        (PrintBusted, 2, 1),
        (TradePrint, 3, 2),
    ]


def test_every_connection_of_an_account_gets_the_whole_private_stream() -> None:
    venue = open_venue()
    first, second = Trader(venue, "alice"), Trader(venue, "alice")

    first.send(order("a", Side.BUY, 1, 10))
    second.send(Cancel(ClientOrderId("a")))
    second.send(Cancel(ClientOrderId("a")))

    mine, other = first.read(), second.read()
    assert [message.seq for message in mine if hasattr(message, "seq")] == [1, 2, 3]
    assert mine[:2] == other[:2]
    # A line number means something only to the connection that wrote the line.
    assert (getattr(mine[2], "line", 0), getattr(other[2], "line", 0)) == (None, 3)


def test_unsubscribing_ends_the_stream_and_nothing_else() -> None:
    venue = open_venue()
    trader, watcher = Trader(venue, "trader"), Trader(venue, "watcher")
    watcher.send(Subscribe(Channel.DEPTH, ACME))
    watcher.send(Subscribe(Channel.TRADES, ACME))
    watcher.send(Unsubscribe(Channel.DEPTH, ACME))
    watcher.read()

    trader.send(order("s", Side.SELL, 5, 100))
    trader.send(order("b", Side.BUY, 5, 100))

    assert [type(message) for message in watcher.read()] == [TradePrint]


def test_who_leaves_is_sent_nothing_more_and_is_forgotten() -> None:
    venue = open_venue()
    trader, watcher = Trader(venue, "trader"), Trader(venue, "watcher")
    watcher.send(Subscribe(Channel.DEPTH, ACME))
    watcher.read()

    venue.leave(watcher.peer)
    trader.send(order("s", Side.SELL, 5, 100))

    assert watcher.peer.outbox == []
    assert not venue.market_data.active
    assert venue.reports.stream(AccountId("watcher")).readers == []


def test_a_login_shows_positions_and_open_orders_as_they_stand() -> None:
    venue = open_venue()
    alice, bob = Trader(venue, "alice"), Trader(venue, "bob")
    alice.send(order("a1", Side.SELL, 5, 100))
    alice.send(order("a2", Side.SELL, 5, 101))
    bob.send(order("b1", Side.BUY, 7, 101))
    peer = Peer(ServerSession())

    venue.handle(peer, peer.session.receive_data(b'{"type":"login","account":"alice"}\n'))

    client = ClientSession()
    client.log_in(AccountId("alice"))
    client.data_to_send()
    (welcome,) = client.receive_data(peer.session.data_to_send())
    assert [(p.symbol, p.quantity) for p in welcome.positions] == [("ACME", -7)]  # type: ignore[attr-defined]
    assert [(o.client_order_id, o.cumulative, o.leaves) for o in welcome.open_orders] == [("a2", 2, 3)]  # type: ignore[attr-defined]

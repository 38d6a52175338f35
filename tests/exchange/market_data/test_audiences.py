"""Who reads the same is told with the same bytes, in the order of the events."""

from exchange.peers import Framing, Output
from exchange.venue import Venue
from protocol.market import BestPrices, DepthDelta, DepthSnapshot, TradePrint, TradesSnapshot
from protocol.messages import (
    Accepted,
    LoggedOut,
    Logout,
    OrderStatus,
    Subscribe,
    Subscribed,
    TradeReport,
    Unsubscribe,
    Unsubscribed,
)
from protocol.vocabulary import Channel, ClientOrderId, Interval, Side
from tests.support.in_memory import MemoryPeer, Trader, end_turn, open_venue, order
from tests.support.wire_requests import ACME

DEPTH = Subscribe(Channel.DEPTH, ACME)
TRADES = Subscribe(Channel.TRADES, ACME)


def watchers(venue: Venue, count: int, *subscriptions: Subscribe) -> list[Trader]:
    """Some who read and do nothing else; what is there is read already."""
    found = [Trader(venue, f"watcher{number}") for number in range(count)]
    for watcher in found:
        watcher.ask(*subscriptions)
    return found


def kinds(watcher: Trader) -> list[type]:
    return [type(message) for message in watcher.read()]


def output_for(output: list[Output], watcher: Trader) -> list[bytes]:
    return [data for peer, data, *_ in output if peer is watcher.peer]


def test_who_only_reads_is_sent_the_same_object_once_a_turn() -> None:
    venue = open_venue()
    trader, (one, other) = Trader(venue, "anna"), watchers(venue, 2, DEPTH, TRADES)
    end_turn(venue)

    trader.send(order("s", Side.SELL, 5, 100), order("b", Side.BUY, 2, 100))
    output = venue.take_output()

    (first,), (second,) = output_for(output, one), output_for(output, other)
    assert first is second
    assert first.count(b"\n") == 3
    assert not venue.has_output or venue.sequencer.has_turn


def test_who_trades_gets_answers_and_market_data_in_the_order_of_the_events() -> None:
    """Rule 47, in the middle of a turn."""
    venue = open_venue()
    one, other = watchers(venue, 2, DEPTH)
    other.ask(TRADES)

    one.send(order("s", Side.SELL, 5, 100))
    other.send(order("b", Side.BUY, 2, 100))

    assert kinds(one) == [Accepted, DepthDelta, TradeReport, DepthDelta]
    assert kinds(other) == [DepthDelta, Accepted, TradeReport, TradePrint, DepthDelta]


def test_what_an_audience_was_told_stands_in_front_of_the_answer_that_came_after_it() -> None:
    venue = open_venue()
    trader, (asker, silent) = Trader(venue, "anna"), watchers(venue, 2, DEPTH)

    trader.send(order("a", Side.SELL, 5, 100))
    asker.send(OrderStatus(ClientOrderId("nothing")))
    trader.send(order("b", Side.SELL, 5, 101))

    assert [type(message).__name__ for message in asker.read()] == ["DepthDelta", "Error", "DepthDelta"]
    assert kinds(silent) == [DepthDelta, DepthDelta]


def test_a_stream_that_begins_in_mid_turn_begins_with_how_things_stand_then() -> None:
    venue = open_venue()
    trader, (watcher, other) = Trader(venue, "anna"), watchers(venue, 2, DEPTH)

    trader.send(order("a", Side.SELL, 5, 100))
    watcher.send(TRADES)
    trader.send(order("b", Side.BUY, 5, 100))

    assert kinds(watcher) == [DepthDelta, Subscribed, TradesSnapshot, TradePrint, DepthDelta]
    assert kinds(other) == [DepthDelta, DepthDelta]


def test_one_of_two_streams_ends_in_mid_turn() -> None:
    venue = open_venue()
    trader, (watcher, other) = Trader(venue, "anna"), watchers(venue, 2, DEPTH, TRADES)

    trader.send(order("a", Side.SELL, 5, 100))
    watcher.send(Unsubscribe(Channel.DEPTH, ACME))
    trader.send(order("b", Side.BUY, 5, 100))

    assert kinds(watcher) == [DepthDelta, Unsubscribed, TradePrint]
    assert kinds(other) == [DepthDelta, TradePrint, DepthDelta]


def test_bytes_that_wait_for_the_journal_are_neither_lost_nor_doubled_when_their_reader_moves() -> None:
    """What one turn made is sent as it was made, whatever its reader does before the commit."""
    venue = open_venue()
    trader, (watcher, other) = Trader(venue, "anna"), watchers(venue, 2, DEPTH, TRADES)
    end_turn(venue)

    trader.send(order("a", Side.SELL, 5, 100))
    held = venue.take_output()
    watcher.send(Unsubscribe(Channel.DEPTH, ACME))
    trader.send(order("b", Side.BUY, 2, 100))
    later = venue.take_output()
    for peer, data, *_ in held + later:
        if isinstance(peer, MemoryPeer):
            peer.received += data

    assert kinds(watcher) == [DepthDelta, Unsubscribed, TradePrint]
    assert kinds(other) == [DepthDelta, TradePrint, DepthDelta]


def test_a_slow_reader_keeps_what_was_published_before_and_is_shown_the_rest_afterwards() -> None:
    venue = open_venue()
    trader, (watcher, other) = Trader(venue, "anna"), watchers(venue, 2, DEPTH, TRADES)
    hub = venue.market_data

    trader.send(order("a", Side.SELL, 5, 100))
    hub.passes_by(watcher.peer)
    trader.send(order("b", Side.SELL, 5, 101))
    before = kinds(watcher)
    trader.send(order("c", Side.SELL, 5, 102))
    watcher.peer.slow = False
    hub.catch_up(watcher.peer)
    trader.send(order("d", Side.SELL, 5, 103))

    told = watcher.read()
    assert before == [DepthDelta]
    assert [type(message) for message in told] == [DepthSnapshot, DepthDelta]  # no print was left out
    assert [message.seq for message in told if isinstance(message, DepthSnapshot | DepthDelta)] == [3, 4]
    assert len(other.read()) == 4
    assert hub.conflations == 1


def test_a_slow_reader_that_missed_nothing_is_sent_nothing() -> None:
    venue = open_venue()
    (watcher,) = watchers(venue, 1, DEPTH)

    venue.market_data.passes_by(watcher.peer)
    watcher.peer.slow = False
    venue.market_data.catch_up(watcher.peer)

    assert watcher.read() == []
    assert venue.market_data.conflations == 0


def test_who_subscribes_while_it_is_slow_is_shown_how_things_stand_later() -> None:
    """A full socket is not filled further with snapshots."""
    venue = open_venue()
    trader, (watcher,) = Trader(venue, "anna"), watchers(venue, 1)
    venue.market_data.passes_by(watcher.peer)

    asked = watcher.ask(DEPTH, TRADES, Unsubscribe(Channel.TRADES, ACME))
    trader.send(order("a", Side.SELL, 5, 100))
    watcher.peer.slow = False
    venue.market_data.catch_up(watcher.peer)

    assert [type(message) for message in asked] == [Subscribed, Subscribed, Unsubscribed]
    assert kinds(watcher) == [DepthSnapshot]


def test_a_turn_that_others_are_to_hear_of_concerns_more_than_its_trader() -> None:
    """Else the crowd would be written to after every order instead of once a turn."""
    venue = open_venue()
    trader = Trader(venue, "anna")
    trader.ask(DEPTH)
    trader.send(order("a", Side.SELL, 5, 100))
    alone = venue.only_touched(trader.peer)
    end_turn(venue)

    watchers(venue, 1, DEPTH)
    end_turn(venue)
    trader.send(order("b", Side.SELL, 5, 101))

    assert alone
    assert not venue.only_touched(trader.peer)


def test_who_has_had_the_last_word_is_sent_no_market_data() -> None:
    venue = open_venue()
    trader, (watcher, _) = Trader(venue, "anna"), watchers(venue, 2, DEPTH)

    watcher.send(Logout())
    end_turn(venue)
    trader.send(order("a", Side.SELL, 5, 100))

    assert kinds(watcher) == [LoggedOut]
    assert output_for(venue.take_output(), watcher) == []
    assert venue.market_data.subscribers()[Channel.DEPTH] == 1


def test_who_leaves_in_mid_turn_is_sent_nothing_and_the_others_everything() -> None:
    venue = open_venue()
    trader, (watcher, other) = Trader(venue, "anna"), watchers(venue, 2, DEPTH)
    end_turn(venue)

    trader.send(order("a", Side.SELL, 5, 100))
    venue.leave(watcher.peer)
    output = venue.take_output()

    assert output_for(output, watcher) == []
    assert len(output_for(output, other)) == 1


def test_readers_in_frames_get_a_frame_for_each_message() -> None:
    venue = open_venue()
    trader = Trader(venue, "anna")
    peer = MemoryPeer(Framing.FRAMES)
    venue.handle(peer, peer.session.receive_data(b'{"type":"login","account":"web"}\n'))
    for channel in (Channel.BBO, Channel.TRADES):
        line = f'{{"type":"subscribe","channel":"{channel}","symbol":"ACME"}}\n'
        venue.handle(peer, peer.session.receive_data(line.encode()))
    end_turn(venue)
    peer.take()

    trader.send(order("a", Side.SELL, 5, 100), order("b", Side.SELL, 5, 99))
    end_turn(venue)

    texts = [
        b'{"type":"bbo","symbol":"ACME","seq":1,"ask":[100,5]}',
        b'{"type":"bbo","symbol":"ACME","seq":2,"ask":[99,5]}',
    ]
    assert peer.take() == b"".join(b"\x81" + bytes([len(text)]) + text for text in texts)


def test_all_channels_are_counted_by_those_who_read_them() -> None:
    venue = open_venue()
    watchers(venue, 2, DEPTH, Subscribe(Channel.DEPTH, ACME, levels=10))
    (last,) = watchers(
        venue, 1, Subscribe(Channel.CANDLES, ACME, interval=Interval.DAY), Subscribe(Channel.BBO, ACME)
    )

    counted = venue.market_data.subscribers()
    Trader(venue, "anna").send(order("a", Side.SELL, 5, 100))

    assert counted == dict.fromkeys(Channel, 0) | {Channel.DEPTH: 4, Channel.CANDLES: 1, Channel.BBO: 1}
    assert venue.market_data.published == 3  # one in each stream that changed, however many read it
    assert [type(message) for message in last.read()] == [BestPrices]

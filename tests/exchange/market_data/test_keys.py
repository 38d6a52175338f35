"""What names a stream, and what is no name of one."""

import pytest

from exchange.market_data.keys import NoSuchStream, StreamKey, key_of, stream_key
from protocol.messages import Error, Subscribe, Subscribed, Unsubscribe, Unsubscribed
from protocol.vocabulary import Channel, ErrorCode, Interval, Symbol
from tests.support.in_memory import Trader, open_venue
from tests.support.wire_requests import ACME

NONSENSE = [
    (Subscribe(Channel.BBO, ACME, levels=10), "levels"),
    (Subscribe(Channel.DEPTH, ACME, levels=11), "levels"),
    (Subscribe(Channel.DEPTH, ACME, levels=0), "levels"),
    (Subscribe(Channel.DEPTH, ACME, levels=-10), "levels"),
    (Subscribe(Channel.CANDLES, ACME), "interval"),
    (Subscribe(Channel.CANDLES, ACME, levels=10, interval=Interval.DAY), "levels"),
    (Subscribe(Channel.TRADES, ACME, interval=Interval.DAY), "interval"),
    (Unsubscribe(Channel.DEPTH, ACME, levels=49), "levels"),
    (Unsubscribe(Channel.CANDLES, ACME), "interval"),
]


def test_the_same_request_names_the_same_stream() -> None:
    keys = {
        key_of(Subscribe(Channel.DEPTH, ACME)),
        key_of(Unsubscribe(Channel.DEPTH, ACME)),
        key_of(Subscribe(Channel.DEPTH, ACME, levels=10)),
        stream_key(Channel.DEPTH, ACME, 10),
        stream_key(Channel.CANDLES, ACME, interval=Interval.MINUTE),
    }

    assert keys == {
        StreamKey(Channel.DEPTH, ACME),
        StreamKey(Channel.DEPTH, ACME, 10),
        StreamKey(Channel.CANDLES, ACME, None, Interval.MINUTE),
    }
    assert sorted(map(str, keys)) == ["candles 1m of ACME", "depth 10 of ACME", "depth of ACME"]


@pytest.mark.parametrize(("asked", "field"), NONSENSE)
def test_a_request_that_names_no_stream_is_told_which_field_is_wrong(
    asked: Subscribe | Unsubscribe, field: str
) -> None:
    with pytest.raises(NoSuchStream, match=field) as caught:
        key_of(asked)

    assert (caught.value.code, caught.value.field) == (ErrorCode.INVALID_SUBSCRIPTION, field)


@pytest.mark.parametrize(("asked", "field"), NONSENSE)
def test_a_connection_that_asks_nonsense_gets_an_error_with_its_line_and_nothing_else(
    asked: Subscribe | Unsubscribe, field: str
) -> None:
    venue = open_venue()
    watcher = Trader(venue, "watcher")

    (told,) = watcher.ask(asked)

    assert isinstance(told, Error)
    assert (told.code, told.line) == (ErrorCode.INVALID_SUBSCRIPTION, 2)
    assert field in told.text
    assert not venue.market_data.active


def test_streams_of_the_same_channel_begin_and_end_one_by_one() -> None:
    venue = open_venue()
    watcher = Trader(venue, "watcher")

    told = watcher.ask(
        Subscribe(Channel.DEPTH, ACME),
        Subscribe(Channel.DEPTH, ACME, levels=10),
        Subscribe(Channel.DEPTH, ACME, levels=10),
        Unsubscribe(Channel.DEPTH, ACME),
        Unsubscribe(Channel.DEPTH, ACME),
        Subscribe(Channel.CANDLES, ACME, interval=Interval.HOUR),
        Unsubscribe(Channel.CANDLES, ACME, interval=Interval.DAY),
        Subscribe(Channel.DEPTH, Symbol("NOPE"), levels=10),
    )

    assert [one for one in told if isinstance(one, Subscribed | Unsubscribed)] == [
        Subscribed(Channel.DEPTH, ACME),
        Subscribed(Channel.DEPTH, ACME, levels=10),
        Unsubscribed(Channel.DEPTH, ACME),
        Subscribed(Channel.CANDLES, ACME, interval=Interval.HOUR),
    ]
    assert [(one.code, one.text) for one in told if isinstance(one, Error)] == [
        (ErrorCode.ALREADY_SUBSCRIBED, "subscribed to depth 10 of ACME already"),
        (ErrorCode.NOT_SUBSCRIBED, "not subscribed to depth of ACME"),
        (ErrorCode.NOT_SUBSCRIBED, "not subscribed to candles 1d of ACME"),
        (ErrorCode.UNKNOWN_SYMBOL, "no instrument 'NOPE'"),
    ]
    assert venue.market_data.subscribers()[Channel.DEPTH] == 1

"""A crowd that is told of changes at a given pace: who learns of them when, who falls behind, what the server grows by.

In: a crowd (``benchmarks.crowd``) that reads the depth of an instrument, over TCP or WebSockets; changes a second, and for
how long. Out: how late each chunk of updates came to each reader. Runs in the process of the crowd.
"""

import re
import time
from collections import Counter
from typing import Final, NamedTuple

from benchmarks.crowd import FRAME, PATIENCE_S, SLICE, buffer_, discard, places, receive_until
from benchmarks.flow import SYMBOL
from benchmarks.servers import Server
from protocol.codec import encode
from protocol.errors import SessionBroken
from protocol.messages import NewOrder, Replace
from protocol.vocabulary import ClientOrderId, Side

_SEQ: Final = b'"seq":'
_NUMBER: Final = re.compile(rb"\d+")
_TENTHS: Final = 10_000
"""Of a millisecond, in a second."""


class Lag(NamedTuple):
    """How a run at a given pace went."""

    sent: int
    seconds: float
    delivered: int
    behind_at_the_end: int
    """Updates that the last of all readers had not got when the last one had been sent, before any wait."""
    never_got: int
    """Readers that had not got the last update after the wait."""
    median_s: float
    p99_s: float
    """From sending an order until a reader has what it caused: of all chunks of all readers."""
    worst_s: float
    resident: list[int]
    """Bytes of the server, ten times, evenly spread."""
    cpu_s: float


def keep_pace(server: Server, rate: int, seconds: float) -> Lag:
    """Change one order so many times a second, each change alone; who has learned of it when."""
    place = places[server]
    driver = place.driver
    assert driver is not None
    total = int(rate * seconds)
    name = ClientOrderId("quote")
    place.say(driver, NewOrder(name, SYMBOL, Side.BUY, 2, 50))
    base = 0
    for one in place.readers:
        base = int(_NUMBER.findall(receive_until(one, _SEQ).rpartition(_SEQ)[2])[0])
    changes = [encode(Replace(name, quantity, None)) for quantity in (*range(1, 1001), *range(999, 1, -1))]
    driver.setblocking(False)
    sent_s: list[float] = []
    newest = dict.fromkeys(place.by_number, 0)
    lags: Counter[int] = (
        Counter()
    )  # in tenths of a millisecond: ten minutes of single ones would be gigabytes
    delivered, resident = 0, [place.server.resident_bytes()]
    now_s = time.perf_counter
    started_s, cpu_s = now_s(), place.server.cpu_s()
    ends, tails = place.ends, dict.fromkeys(place.by_number, bytearray())
    last_byte = ord("}" if ends is FRAME else "\n")
    by_number, buffer, poll = place.by_number, buffer_, place.epoll.poll

    def read() -> bool:
        nonlocal delivered
        events = poll(0, SLICE)
        for descriptor, _ in events:
            data, size = buffer, by_number[descriptor].recv_into(buffer)
            if not size:
                raise SessionBroken("the server hung up on a reader")
            if tails[descriptor] or data[size - 1] != last_byte:
                data = tails[descriptor] + data[:size]
                size = data.rfind(last_byte) + 1
                tails[descriptor] = data[size:]
            delivered += data.count(ends, 0, size)
            at = data.rfind(_SEQ, 0, size)
            if at >= 0:
                found = _NUMBER.match(data, at + len(_SEQ))
                assert found is not None
                newest[descriptor] = seq = int(found[0])
                lags[int((now_s() - sent_s[seq - base - 1]) * _TENTHS)] += 1
        return bool(events)

    behind = 0
    while len(sent_s) < total:
        due = int((now_s() - started_s) * rate)
        while len(sent_s) <= due and len(sent_s) < total:
            data = changes[len(sent_s) % len(changes)]
            sent_s.append(now_s())
            if driver.send(data) != len(data):
                raise SessionBroken("the server does not read its orders")
        if len(sent_s) * 10 // total > len(resident) - 1:
            resident.append(place.server.resident_bytes())
        read()
        discard(driver)
    behind = total - (min(newest.values()) - base)
    spent_s, used_s = now_s() - started_s, place.server.cpu_s() - cpu_s
    deadline_s = now_s() + PATIENCE_S
    last = base + total
    while min(newest.values()) < last and now_s() < deadline_s:
        read()
        discard(driver)
    driver.settimeout(PATIENCE_S)
    return Lag(
        total, spent_s, delivered, behind, sum(seq < last for seq in newest.values()),
        _percentile(lags, 0.5), _percentile(lags, 0.99), max(lags) / _TENTHS, resident, used_s,
    )  # fmt: skip


def _percentile(lags: Counter[int], share: float) -> float:
    """How long that share of them took at most, in seconds."""
    left = share * lags.total()
    for tenths in sorted(lags):
        left -= lags[tenths]
        if left <= 0:
            return tenths / _TENTHS
    return 0.0

"""What becomes of a session on the generator kernel when the venue does something unusual."""

import inspect
from collections.abc import Callable, Generator
from functools import wraps
from typing import Any

import pytest

from legacy.errors import ChildCancelled
from legacy.trader import streams
from legacy.trader.client import Client, connect
from legacy.traps import join, pause, sleep, spawn
from protocol.errors import (
    InvariantViolated,
    RemoteProtocolError,
    SequenceGap,
    SessionBroken,
    SessionBusy,
    SessionClosed,
    SlowConsumer,
    VenueError,
)
from protocol.market import TradesSnapshot
from protocol.messages import (
    Cancel,
    Error,
    MassCancel,
    MassCanceled,
    NewOrder,
    Reduce,
    Replace,
    Unsubscribe,
    Unsubscribed,
)
from protocol.vocabulary import Channel, ErrorCode, RejectReason, Request
from tests.support.book_talk import BookTalk, snapshot_of
from tests.support.scripted_kernel_venue import Flow, KernelVenue, Peer, on_kernel
from tests.traders.reports import ACME, NOW, accepted, canceled, printed, rejected, replaced
from traders.book_view import Depth
from traders.order_view import OrderPhase

Pair = Callable[[Client, Peer], Flow]


def with_venue(test: Callable[..., Flow]) -> Callable[..., None]:
    """The test is a flow of a venue, and of a client and its peer if it wants these; other arguments are fixtures."""
    wanted = inspect.signature(test).parameters
    fixtures = [one for name, one in wanted.items() if name not in ("venue", "client", "peer")]

    @wraps(test)
    def run(**given: Any) -> None:
        def main(venue: KernelVenue) -> Flow:
            if "client" not in wanted:
                return (yield from test(venue=venue, **given))
            client, peer = yield from pair(venue)
            yield from test(client=client, peer=peer, **given)
            if client.is_active:
                yield from client.close()

        on_kernel(main)

    run.__signature__ = inspect.Signature(fixtures)  # type: ignore[attr-defined]  # pytest reads it
    return run


def pair(venue: KernelVenue, **words: Any) -> Generator[Any, Any, tuple[Client, Peer]]:
    """A logged-in client whose ids read a1, a2, ... and its peer."""
    connecting = yield from spawn(
        connect(venue.host, venue.port, account="alice", id_prefix="a", **words), name="connecting"
    )
    peer = yield from venue.peer()
    client = yield from join(connecting)
    return client, peer


def bought(client: Client, peer: Peer) -> Flow:
    """A live order."""
    buying = yield from spawn(client.buy("ACME", 100, at=10_000))
    yield from peer.hear(NewOrder)
    peer.say(accepted("a1"))
    return (yield from join(buying))


def error_of(target: Flow) -> Flow:
    """What it raises."""
    with pytest.raises(VenueError) as raised:
        yield from target
    return raised.value


# -- requests --------------------------------------------------------------------------------------
@with_venue
def test_pipelined_requests_get_their_own_answers(client: Client, peer: Peer) -> Flow:
    order = yield from bought(client, peer)
    too_late = rejected("a1", 5, request=Request.CANCEL, reason=RejectReason.UNKNOWN_ORDER, line=6)

    reducing = yield from spawn(order.reduce(10))
    replacing = yield from spawn(order.replace(at=9_990))
    canceling = yield from spawn(order.cancel())
    again = yield from spawn(order.cancel())
    for kind in (Reduce, Replace, Cancel, Cancel):
        yield from peer.hear(kind)
    peer.say(
        replaced("a1", 2, quantity=90, price=10_000),
        replaced("a1", 3, quantity=90, price=9_990),
        canceled("a1", 4, quantity=90),
        too_late,
    )

    assert (yield from join(reducing)) == replaced("a1", 2, quantity=90, price=10_000)
    assert (yield from join(replacing)) == replaced("a1", 3, quantity=90, price=9_990)
    assert (yield from join(canceling)) == canceled("a1", 4, quantity=90)
    assert (yield from join(again)) == too_late


@with_venue
def test_what_is_sent_in_one_turn_is_one_write(client: Client, peer: Peer) -> Flow:
    reads = len(peer.reads)

    for _ in range(50):
        client.submit(MassCancel())
    yield from client.drain()
    for _ in range(50):
        yield from peer.hear(MassCancel)

    assert len(peer.reads) == reads + 1


@with_venue
def test_who_gave_up_waiting_does_not_disturb_the_answers_of_others(client: Client, peer: Peer) -> Flow:
    order = yield from bought(client, peer)
    impatient = yield from spawn(order.reduce(10))
    patient = yield from spawn(order.reduce(20))
    yield from peer.hear(Reduce)
    yield from peer.hear(Reduce)
    impatient.cancel()

    peer.say(replaced("a1", 2, quantity=90, price=10_000), replaced("a1", 3, quantity=70, price=10_000))

    assert (yield from join(patient)) == replaced("a1", 3, quantity=70, price=10_000)
    with pytest.raises(ChildCancelled):
        yield from join(impatient)


@with_venue
def test_a_line_the_venue_cannot_read_fails_the_call_that_sent_it(client: Client, peer: Peer) -> Flow:
    buying = yield from spawn(client.buy("ACME", 100, at=10_000))
    yield from peer.hear(NewOrder)
    peer.say(Error(ErrorCode.INVALID_MESSAGE, "no good", 2))

    with pytest.raises(RemoteProtocolError, match="line 2: no good"):
        yield from join(buying)


# -- streams ---------------------------------------------------------------------------------------
@with_venue
def test_a_book_that_went_wrong_is_read_again_and_readers_see_the_next_right_one(
    client: Client, peer: Peer
) -> Flow:
    book = BookTalk(7, [(98, 2)])

    with client.depth("ACME") as depths:
        yield from peer.hear_subscription(Channel.DEPTH, snapshot_of(0))
        assert (yield from depths.next()) is not None
        peer.say(BookTalk(5).delta([(99, 1)]))
        yield from peer.hear(Unsubscribe)
        peer.say(Unsubscribed(Channel.DEPTH, ACME))
        yield from peer.hear_subscription(Channel.DEPTH, book.snapshot())
        assert (yield from depths.next()) == Depth(ACME, 7, ((98, 2),), ())
        peer.say(book.delta([(98, 0)]), book.delta([(97, 4)]))
        assert (yield from depths.next()) == Depth(ACME, 9, ((97, 4),), ()), "conflated"
    yield from peer.hear(Unsubscribe)

    assert client.recoveries == 1


@with_venue
def test_a_reader_that_does_not_read_is_hung_up_on_after_what_was_queued(
    client: Client, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> Flow:
    monkeypatch.setattr(streams, "MAX_UNREAD", 2)
    trades = client.trades("ACME")
    reading = yield from spawn(trades.next())
    yield from peer.hear_subscription(Channel.TRADES, TradesSnapshot(ACME, 0, []))

    peer.say(*(printed(trade_id=number, seq=number) for number in range(1, 5)))

    first: Any = yield from join(reading)
    second: Any = yield from trades.next()
    assert (first.trade_id, second.trade_id) == (1, 2)
    with pytest.raises(SlowConsumer, match="2 messages were waiting"):
        yield from trades.next()
    assert (yield from trades.next()) is None
    assert not client.fell_behind


@with_venue
def test_a_stream_has_one_reader(client: Client, peer: Peer) -> Flow:
    reports = client.reports()
    reading = yield from spawn(reports.next())
    client.submit(MassCancel())
    yield from peer.hear(MassCancel)

    with pytest.raises(SessionBusy, match="the private stream"):
        yield from client.reports().next()
    with pytest.raises(SessionBusy, match="the private stream"):
        yield from reports.next()

    peer.say(MassCanceled(1, NOW, 0))
    assert (yield from join(reading)) == MassCanceled(1, NOW, 0)
    yield from reports.close()


@with_venue
def test_a_gap_in_the_private_stream_ends_the_session(client: Client, peer: Peer) -> Flow:
    reports = client.reports()
    reading = yield from spawn(reports.next())
    yield from pause()

    peer.say(MassCanceled(2, NOW, 0))

    with pytest.raises(SequenceGap, match="expected number 1, received 2"):
        yield from join(reading)
    with pytest.raises(SequenceGap):
        yield from client.close()


@with_venue
def test_reports_that_contradict_each_other_end_the_session(client: Client, peer: Peer) -> Flow:
    order = yield from bought(client, peer)

    peer.say(accepted("a1", 2))

    assert (yield from order.next_report()) == accepted("a1")
    with pytest.raises(InvariantViolated):
        yield from order.next_report()


# -- ends ------------------------------------------------------------------------------------------
@with_venue
def test_a_venue_that_hangs_up_fails_all_who_wait(client: Client, peer: Peer) -> Flow:
    order = yield from bought(client, peer)
    waiting = []
    for target in (order.cancel(), client.account(), client.depth("ACME").next()):
        waiting.append((yield from spawn(error_of(target))))
    yield from peer.hear(Cancel)

    peer.say(Error(ErrorCode.SLOW_CONSUMER, "too slow", None))
    peer.hang_up()

    for task in waiting:
        broken = yield from join(task)
        assert (type(broken), broken.code) == (SessionBroken, ErrorCode.SLOW_CONSUMER)
        assert "too slow" in str(broken)
    with pytest.raises(SessionBroken):
        client.submit(MassCancel())
    assert order.phase is OrderPhase.LIVE
    assert not client.is_active


@with_venue
def test_a_line_that_is_cut_short_is_told(client: Client, peer: Peer) -> Flow:
    peer.say_bytes(b'{"type":"hea')
    peer.hang_up()

    with pytest.raises(RemoteProtocolError) as cut:
        yield from client.depth("ACME").next()
    assert cut.value.code is ErrorCode.LINE_CUT_SHORT


@with_venue
def test_nonsense_ends_the_session(client: Client, peer: Peer) -> Flow:
    peer.say_bytes(b"nonsense\n")

    with pytest.raises(RemoteProtocolError):
        yield from client.reports().next()
    assert isinstance(client.end, RemoteProtocolError)


@with_venue
def test_a_silent_venue_is_given_up(venue: KernelVenue) -> Flow:
    client, peer = yield from pair(venue, heartbeat_s=2)

    with pytest.raises(SessionBroken, match="nothing heard for 7 s at a heartbeat of 2 s") as silent:
        yield from client.reports().next()
    assert silent.value.code is ErrorCode.HEARTBEAT_MISSED
    assert b"heartbeat" in peer.reads[-1]


@with_venue
def test_a_login_without_an_answer_is_given_up(venue: KernelVenue) -> Flow:
    venue.answers_logins = False
    connecting = yield from spawn(connect(venue.host, venue.port, account="alice"))
    yield from venue.peer()

    with pytest.raises(SessionBroken, match="no answer to the login within 10 s"):
        yield from join(connecting)


@with_venue
def test_a_logout_without_an_answer_is_given_up(venue: KernelVenue) -> Flow:
    venue.answers_logouts = False
    client, _ = yield from pair(venue)

    with pytest.raises(SessionBroken, match="no answer to the logout within 5 s"):
        yield from client.close()


@with_venue
def test_a_refused_login_tells_the_venues_reason(venue: KernelVenue) -> Flow:
    venue.answers_logins = False
    connecting = yield from spawn(connect(venue.host, venue.port, account="alice"))
    peer = yield from venue.peer()

    peer.say(Error(ErrorCode.TOO_MANY_CONNECTIONS, "the venue is full"))
    peer.hang_up()

    with pytest.raises(SessionBroken, match="the venue is full"):
        yield from join(connecting)


@with_venue
def test_what_stands_right_behind_the_welcome_is_not_lost(venue: KernelVenue) -> Flow:
    venue.seq = 1
    venue.answers_logins = False
    connecting = yield from spawn(connect(venue.host, venue.port, account="alice", resume_from=1))
    peer = yield from venue.peer()
    peer.session.welcome(venue.welcome_for(peer.login))
    peer.say(MassCanceled(1, NOW, 0))
    client = yield from join(connecting)

    assert (yield from client.reports().next()) == MassCanceled(1, NOW, 0)
    yield from client.close()


@with_venue
def test_a_failure_in_the_block_goes_before_the_logout(venue: KernelVenue) -> Flow:
    client, _ = yield from pair(venue)

    def fails() -> Flow:
        yield from sleep(1)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        yield from client.during(fails())
    assert isinstance(client.end, SessionClosed)


@pytest.mark.parametrize("turns", [*range(8), *range(8, 80, 6)])
def test_a_login_that_is_given_up_at_any_point_leaves_nothing_behind(turns: int) -> None:
    def main(venue: KernelVenue) -> Flow:
        serving = yield from spawn(venue.serve())
        connecting = yield from spawn(connect(venue.host, venue.port, account="alice"))
        for _ in range(turns):
            yield from pause()
        given_up = connecting.cancel()
        try:
            client = yield from join(connecting)
        except ChildCancelled:
            pass
        else:
            assert not given_up
            yield from client.close()
        serving.cancel()
        while tasks := [task for task in serving.kernel.tasks.values() if "connection" in task.name]:
            yield from join(tasks[0])

    on_kernel(main)


def test_a_kernel_that_ends_hangs_up() -> None:
    clients: list[Client] = []

    def main(venue: KernelVenue) -> Flow:
        client, _ = yield from pair(venue)
        clients.append(client)

    on_kernel(main)

    assert str(clients[0].end) == "the connection was cut"

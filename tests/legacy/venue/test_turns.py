"""Nothing leaves before the commit that covers it; what comes meanwhile leaves together."""

from legacy.traps import sleep
from protocol.errors import InvariantViolated, JournalError
from tests.support.gated_log import GatedLog
from tests.support.kernel_venue import Client, Hall, Main, in_hall
from tests.support.venue import Json, new


def entered(hall: Hall, client: Client, *messages: Json) -> Main:
    """Send them and wait until the venue has them: until then nothing could be written of them."""
    before = hall.venue.sequencer.last_seq
    yield from client.send(*messages)
    while hall.venue.sequencer.last_seq < before + len(messages):
        yield from sleep(0.001)


def test_an_answer_waits_for_the_commit_and_what_comes_meanwhile_leaves_after_the_next() -> None:
    log = GatedLog()

    def scene(hall: Hall) -> Main:
        alice, bob = (yield from hall.log_in("alice")), (yield from hall.log_in("bob"))
        yield from entered(hall, alice, new("a", "buy", 1, 1))
        for name in "bcd":
            yield from entered(hall, alice, new(name, "buy", 1, 1))
        yield from bob.send({"type": "order_status", "client_order_id": "none"})
        before = [one.unsent_bytes for one in hall.turns.connections()], list(log.written)

        log.gate.release()
        first = yield from alice.receive()
        yield from bob.send({"type": "order_status", "client_order_id": "none"})
        written = len(log.written)
        log.gate.release()
        rest = []
        for _ in range(3):
            rest.append((yield from alice.receive()))
        answer = yield from bob.receive()
        for client in (alice, bob):
            client.close()
        return before, written, [message["client_order_id"] for message in (first, *rest)], answer["type"]

    before, written, names, answer = in_hall(scene, log=log)

    assert before == ([0, 0], [])
    assert written == 1
    assert names == ["a", "b", "c", "d"]
    assert [len(turn.commands) for turn in log.written] == [1, 3]
    assert answer == "error"  # needed no commit, and queued behind those that did


def test_when_the_journal_fails_nothing_leaves_any_more() -> None:
    log = GatedLog()
    log.broken = True

    def scene(hall: Hall) -> Main:
        client = yield from hall.log_in("alice")
        yield from client.send(new("a", "buy", 1, 1))
        log.gate.release()
        yield from hall.failed.wait()
        yield from hall.gateway.abort()
        rest = yield from client.receive_rest()
        client.close()
        return hall.turns.failure, rest

    failure, rest = in_hall(scene, log=log)

    assert isinstance(failure, JournalError)
    assert rest == []


def test_a_broken_engine_leaves_its_command_out_of_the_journal_and_what_was_safe_leaves() -> None:
    log = GatedLog()

    def scene(hall: Hall) -> Main:
        client = yield from hall.log_in("alice")
        yield from entered(hall, client, new("a", "buy", 1, 1))
        hall.venue.engine.books.clear()  # no request can do this: it stands for a fault of ours
        yield from client.send({"type": "cancel", "client_order_id": "a"})
        yield from hall.failed.wait()
        log.gate.release()
        answer = yield from client.receive()
        yield from hall.gateway.abort()
        rest = yield from client.receive_rest()
        client.close()
        return hall.turns.failure, answer["type"], rest

    failure, answer, rest = in_hall(scene, log=log)

    assert isinstance(failure, InvariantViolated)
    assert [len(turn.commands) for turn in log.written] == [1]
    assert (answer, rest) == ("accepted", [])

"""Connections on the kernel: the bounds and time-outs of the other runtime, and nothing left of whoever goes."""

from collections.abc import Generator
from typing import Any

from legacy.traps import pause
from protocol.errors import InvariantViolated
from tests.support.kernel_venue import Client, Hall, Main, in_hall, open_files
from tests.support.venue import Json, new


def test_commands_beyond_the_bound_wait_and_are_all_carried_out_in_order() -> None:
    def scene(hall: Hall) -> Main:
        client = yield from hall.log_in("alice")
        other = yield from hall.log_in("bob")

        yield from client.send(*(new(f"o{n}", "buy", 1, 1 + n % 50) for n in range(1000)))
        yield from other.send(new("b", "buy", 1, 1))
        answers = yield from receive(client, 1000)
        others = yield from other.receive()

        for one in (client, other):
            one.close()
        return answers, others

    answers, others = in_hall(scene, max_in_flight=4)

    assert [answer["client_order_id"] for answer in answers] == [f"o{n}" for n in range(1000)]
    # Fairness: the other's single order did not wait for all of them.
    assert others["order_id"] < answers[-1]["order_id"]


def test_a_client_that_wants_heartbeats_gets_them_and_is_dropped_when_it_sends_none() -> None:
    def scene(hall: Hall) -> Main:
        client = yield from hall.log_in("alice", heartbeat_s=10)
        hall.pass_time(1)
        for _ in range(4):
            hall.pass_time(10)
        seen = yield from client.receive_rest()
        client.close()
        return seen

    seen = in_hall(scene)

    assert [message["type"] for message in seen] == ["heartbeat"] * 3 + ["error"]
    assert seen[-1]["code"] == "heartbeat_missed"


def test_who_never_logs_in_is_dropped_and_so_is_who_begins_a_line_and_leaves_it() -> None:
    def scene(hall: Hall) -> Main:
        silent = hall.connect()
        slow = yield from hall.log_in("slow")
        yield from slow.send({"type": "mass_cancel"})
        yield from slow.receive()
        yield from slow.stream.write(b'{"type":')
        while len(hall.turns.connections()) < 2:
            yield from pause()

        for _ in range(7):
            yield from pauses(50)  # until what was written has arrived
            hall.pass_time(16.0)
        ends = (yield from silent.receive_rest()) + (yield from slow.receive_rest())

        for client in (silent, slow):
            client.close()
        return [message["code"] for message in ends]

    assert in_hall(scene) == ["login_timeout", "line_timeout"]


def test_a_reader_of_reports_that_stops_reading_is_cut_off_with_a_last_word() -> None:
    def scene(hall: Hall) -> Main:
        sleeper = yield from hall.log_in("sleeper")
        # The sleeper's account trades through a second connection; all reports go to both.
        second = yield from hall.log_in("sleeper")
        readers = hall.venue.reports.streams["sleeper"].readers  # type: ignore[index]
        sent = most = 0
        while len(readers) > 1:
            yield from second.send(*(new(f"s{sent + n}", "buy", 1, 1) for n in range(500)))
            yield from receive(second, 500)
            sent += 500
            most = max(most, *(one.unsent_bytes for one in hall.turns.connections()))
            assert sent < 200_000, "the slow reader was never cut off"

        rest = yield from sleeper.receive_rest()
        answer = yield from second.ask({"type": "cancel", "client_order_id": "s0"})

        for client in (sleeper, second):
            client.close()
        return most, rest, answer

    most, rest, answer = in_hall(scene)

    assert most < 256 * 1024 + 500 * 250  # its bound, and what one turn puts there
    assert rest[-1]["code"] == "slow_consumer"
    assert [message["seq"] for message in rest[:-1]] == list(range(1, len(rest)))
    assert answer["type"] == "canceled"


def test_who_does_not_read_his_last_word_is_cut_off_without_it() -> None:
    def scene(hall: Hall) -> Main:
        sleeper = yield from hall.log_in("sleeper")
        second = yield from hall.log_in("sleeper")
        (readers,) = (hall.venue.reports.streams["sleeper"].readers,)  # type: ignore[index]
        sent = 0
        while len(readers) > 1:
            yield from second.send(*(new(f"s{sent + n}", "buy", 1, 1) for n in range(500)))
            yield from receive(second, 500)
            sent += 500
        open_before = len(hall.turns.connections())

        for _ in range(3):
            hall.pass_time(3.0)
            yield from pauses(5)

        open_after = len(hall.turns.connections())
        for client in (sleeper, second):
            client.close()
        return open_before, open_after

    assert in_hall(scene) == (2, 1)


def test_end_of_input_after_commands_still_gets_every_answer() -> None:
    def scene(hall: Hall) -> Main:
        client = yield from hall.log_in("piped", cancel_on_disconnect=True)
        yield from client.send(*(new(f"p{n}", "buy", 1, 1) for n in range(50)))
        client.stream.end_output()
        rest = yield from client.receive_rest()
        client.close()
        return [message["type"] for message in rest]

    assert in_hall(scene, max_in_flight=4) == ["accepted"] * 50 + ["canceled"] * 50 + ["logged_out"]


def test_of_clients_that_connect_send_garbage_and_vanish_nothing_is_left() -> None:
    def scene(hall: Hall) -> Main:
        yield from pauses(3)
        tasks, files = len(hall.kernel.tasks), open_files()

        for number in range(300):
            client = hall.connect()
            yield from client.stream.write(bytes(range(256)) * (number % 5) + b"\n{}\n" * (number % 7))
            if number % 3:
                client.stream.abort()
            elif number % 2:
                client.stream.end_output()
                yield from client.receive_rest()
            client.close()
        # Who comes last is served last: all others have been accepted.
        last = yield from hall.log_in("last")
        last.close()
        while hall.turns.connections():
            hall.pass_time(6.0)
            yield from pauses(20)

        return len(hall.kernel.tasks) - tasks, open_files() - files

    assert in_hall(scene) == (0, 0)


def test_a_fault_of_ours_cuts_one_connection_and_the_venue_goes_on() -> None:
    def observe(account: object, command: Any, events: object) -> None:
        if account == "unlucky":
            raise ZeroDivisionError("a fault of ours")

    def scene(hall: Hall) -> Main:
        unlucky, lucky = (yield from hall.log_in("unlucky")), (yield from hall.log_in("lucky"))
        yield from unlucky.send(new("a", "buy", 1, 1))
        rest = yield from unlucky.receive_rest()
        answer = yield from lucky.ask(new("b", "buy", 1, 1))
        for client in (unlucky, lucky):
            client.close()
        return rest, answer["type"]

    assert in_hall(scene, observe=observe, crashes=["a fault of ours"]) == ([], "accepted")


def test_a_broken_engine_stops_the_venue() -> None:
    def scene(hall: Hall) -> Main:
        client = yield from hall.log_in("alice")
        yield from client.ask(new("a", "buy", 1, 1))
        hall.venue.engine.books.clear()  # no request can do this: it stands for a fault of ours

        yield from client.send({"type": "cancel", "client_order_id": "a"})
        yield from hall.failed.wait()

        client.close()
        return hall.turns.failure

    assert isinstance(in_hall(scene), InvariantViolated)


def receive(client: Client, number: int) -> Generator[Any, Any, list[Json]]:
    messages = []
    for _ in range(number):
        messages.append((yield from client.receive()))  # no comprehension waits
    return messages


def pauses(number: int) -> Main:
    for _ in range(number):
        yield from pause()

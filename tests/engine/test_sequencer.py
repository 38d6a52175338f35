"""Numbers, time and replay: rule 50."""

from collections.abc import Callable, Iterator

import msgspec
import pytest

from exchange.engine.commands import Command
from exchange.engine.engine import Engine
from exchange.engine.sequencer import Sequencer
from protocol.errors import SequenceGap
from tests.support.books import buy, cancel, instrument, mass_cancel, replace, sell


def clock(*times: int) -> Callable[[], int]:
    """A clock that reads these times, one after the other."""
    readings: Iterator[int] = iter(times)
    return lambda: next(readings)


def commands() -> list[Command]:
    return [
        instrument(),
        sell(5, at=101, name="a"),
        sell(5, at=101, name="b"),
        buy(7, at=102, owner="other"),
        replace("b", price=103, owner="taker"),
        cancel("nothing"),
        mass_cancel("taker"),
    ]


def test_commands_are_numbered_from_one_and_stamped() -> None:
    sequencer = Sequencer(Engine(), clock(10, 20, 30))

    first, second = instrument(), buy(1, at=5)
    sequencer.submit(first)
    sequencer.submit(second)

    assert [(command.seq, command.at_ns) for command in (first, second)] == [(1, 10), (2, 20)]


def test_time_of_the_venue_does_not_go_back() -> None:
    sequencer = Sequencer(Engine(), clock(10, 5, 11))

    stamped = [instrument("A"), instrument("B"), instrument("C")]
    for command in stamped:
        sequencer.submit(command)

    assert [command.at_ns for command in stamped] == [10, 10, 11]


def test_order_id_is_the_number_of_the_command() -> None:
    sequencer = Sequencer(Engine(), lambda: 0)

    for command in commands():
        sequencer.submit(command)

    orders = sequencer.engine.accounts.by_name["taker"].orders  # type: ignore[index]  # a plain name will do
    assert [order.order_id for order in orders.values()] == [2, 3]


def test_turn_holds_what_was_submitted_since_the_last_one() -> None:
    sequencer = Sequencer(Engine(), lambda: 0)
    one, two, three = instrument(), buy(1, at=5, name="2"), buy(1, at=5, name="3")

    sequencer.submit(one)
    first = sequencer.take_turn()
    events = [sequencer.submit(two), sequencer.submit(three)]
    second = sequencer.take_turn()

    assert first is not None
    assert (first.first_seq, first.commands) == (1, [one])
    assert second is not None
    assert (second.first_seq, second.commands, second.events) == (2, [two, three], events)
    assert sequencer.take_turn() is None


def test_replay_of_the_written_commands_gives_the_same_events_byte_for_byte() -> None:
    """Rule 50: also after a trip through the journal's encoding."""
    live = Sequencer(Engine(), clock(*range(100, 200)))
    said = [msgspec.json.encode(live.submit(command)) for command in commands()]
    turn = live.take_turn()
    assert turn is not None
    written = [msgspec.json.encode(command) for command in turn.commands]

    again = Sequencer(Engine(), clock())
    replayed = again.replay(msgspec.json.decode(line, type=Command) for line in written)

    assert [msgspec.json.encode(events) for events in replayed] == said
    assert (again.last_seq, again.last_at_ns) == (live.last_seq, live.last_at_ns)


@pytest.mark.parametrize("number", [0, 2, 7])
def test_replay_refuses_a_gap(number: int) -> None:
    sequencer = Sequencer(Engine(), clock())
    command = instrument()
    command.seq = number

    with pytest.raises(SequenceGap, match=f"expected number 1, received {number}"):
        sequencer.replay([command])


def test_resumed_sequencer_goes_on_after_the_snapshot() -> None:
    sequencer = Sequencer(Engine(), clock(50))
    sequencer.resume(last_seq=7, last_at_ns=99)

    command = instrument()
    sequencer.submit(command)

    assert (command.seq, command.at_ns) == (8, 99)

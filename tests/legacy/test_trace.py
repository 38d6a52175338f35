"""The schedule as a picture: the same run gives the same picture, and every turn says who ran, why it parked, what woke it."""

from collections.abc import Generator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from legacy.kernel import Kernel
from legacy.steps import step_14
from legacy.steps.__main__ import run as run_step
from legacy.trace import Recorder, states, svg_of, timeline
from legacy.traps import cancel, join, pause, sleep, spawn
from legacy.waiting import Event
from protocol.clock import ManualClock
from tests.support.kernels import MovesTime

Flow = Generator[Any, Any, Any]

PICTURE = Path(__file__).parents[2] / "docs/pictures/schedule.svg"


def recorded(main: Flow) -> Recorder:
    """Runs it on the kernel itself."""
    clock = ManualClock()
    recorder = Recorder(clock)
    Kernel(clock=clock, selector=MovesTime(clock), observers=[recorder]).run(main)
    return recorder


def small() -> Flow:
    event = Event("the bell")
    waiter = yield from spawn(event.wait(), name="waiter")
    yield from sleep(2)
    event.set()
    yield from join(waiter)
    yield from pause()


def test_each_turn_says_who_ran_why_it_parked_and_what_woke_it() -> None:
    turns = recorded(small()).turns

    assert [(turn.task, turn.at_s, turn.woken_by, turn.parked_for) for turn in turns] == [
        (1, 0, "the program", "2 s"),
        (2, 0, "born of 1 main", "the bell"),
        (1, 2, "the clock", "the end of 2 waiter"),
        (2, 2, "1 main", None),
        (1, 2, "2 waiter", "its turn"),
        (1, 2, "an answer", None),
    ]


def test_each_task_has_a_row() -> None:
    recorder = recorded(small())

    assert states(recorder, 1) == "█─█─█▙"
    assert states(recorder, 2) == " █─▙  "


def test_a_task_that_is_ready_and_does_not_run_yet_is_seen() -> None:
    def main() -> Flow:
        for name in "ab":
            yield from spawn(pause(), name=name)
        yield from pause()
        yield from pause()

    recorder = recorded(main())

    assert [states(recorder, task) for task in (1, 2, 3)] == ["█░░█░░▙", " █░░▙  ", " ░█░░▙ "]


def test_who_was_cancelled_ends() -> None:
    def main() -> Flow:
        task = yield from spawn(sleep(100), name="sleeper")
        yield from sleep(1)
        yield from cancel(task)
        yield from sleep(1)

    recorder = recorded(main())

    assert states(recorder, 2) == " █─▙ "
    assert recorder.turns[3].woken_by == "1 main"


def test_the_timeline_tells_it_in_lines_that_fit() -> None:
    lines = list(timeline(recorded(small()), width=24))

    assert max(len(line) for line in lines[2:9]) <= 24
    assert lines[2].split() == ["1", "2", "3", "4"]
    assert lines[3].startswith("  1 main    ██ ───██ ")
    assert any(line.split() == ["5", "6"] for line in lines)
    assert lines[-1].split() == ["6", "2.000", "1", "main", "an", "answer", "nothing:", "it", "ended"]


def test_the_picture_is_a_picture_and_shows_every_turn() -> None:
    recorder = recorded(small())
    picture = svg_of(recorder)

    root = ET.fromstring(picture)  # noqa: S314  # made here
    told = [title.text or "" for title in root.iter("{http://www.w3.org/2000/svg}title")]
    assert len(told) == 1 + len(recorder.turns)
    assert "turn 3: the clock woke it; it asked for the end of 2 waiter" in told
    assert picture == svg_of(recorded(small()))


def test_names_that_mean_something_in_a_picture_are_only_names() -> None:
    def main() -> Flow:
        yield from join((yield from spawn(sleep(1), name="<b>&")))

    ET.fromstring(svg_of(recorded(main())))  # noqa: S314  # made here


def test_nothing_has_a_picture_too() -> None:
    recorder = Recorder(ManualClock())

    assert list(timeline(recorder))
    ET.fromstring(svg_of(recorder))  # noqa: S314  # made here


# -- of step 14 ------------------------------------------------------------------------------------
def test_the_schedule_of_step_14_is_drawn(tmp_path: Path) -> None:
    lines: list[str] = []
    picture = tmp_path / "schedule.svg"

    status = run_step(["14", "--trace", "--svg", str(picture)], lines.append)

    assert status == 0
    assert picture.read_text(encoding="utf-8").startswith("<svg")
    assert sum("maker" in line and "█" in line for line in lines) == 1
    assert any("the clock" in line and "taker" in line and "1.5 s" in line for line in lines)


def test_the_picture_of_the_docs_is_up_to_date(tmp_path: Path) -> None:
    picture = tmp_path / "schedule.svg"

    step_14.trace(lambda line: None, picture)

    assert PICTURE.read_text(encoding="utf-8") == picture.read_text(encoding="utf-8"), (
        "python -m legacy.steps 14 --trace --svg docs/pictures/schedule.svg"
    )

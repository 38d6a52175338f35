"""The states of a generator, each asserted where it holds."""

import inspect
from collections.abc import Generator

import pytest

from legacy.steps.market import Market
from legacy.steps.step_05 import order_life
from legacy.steps.step_07 import knows, state_of, table
from protocol.vocabulary import ClientOrderId


def test_an_order_goes_through_all_states() -> None:
    market = Market()
    anna, ben = market.member("anna"), market.member("ben")
    anna.buy("a1", 10, at=10_000)
    ben.sell("b1", 10, at=10_000)
    accepted, traded = anna.reports()
    while_running: list[str] = []

    life = order_life(lambda text: while_running.append(state_of(life)))
    states = [state_of(life)]
    next(life)
    states.append(state_of(life))
    life.send(accepted)
    states.append(state_of(life))
    with pytest.raises(StopIteration):
        life.send(traded)
    states.append(state_of(life))

    assert states == ["created", "suspended", "suspended", "closed"]
    assert while_running == ["running", "running"]


def test_what_it_knows_is_to_be_seen_while_it_has_a_frame() -> None:
    market = Market()
    anna, ben = market.member("anna"), market.member("ben")
    anna.buy("a1", 10, at=10_000)
    ben.sell("b1", 3, at=10_000)
    life = order_life(ignored)
    assert set(knows(life)) == {"tell"}

    next(life)
    for report in anna.reports():
        life.send(report)

    assert knows(life)["executed"] == 3
    life.close()
    assert knows(life) == {}
    assert life.gi_frame is None  # type: ignore[attr-defined]  # typed as what it promises, not as what it is


def test_a_generator_that_raises_is_closed() -> None:
    def divides() -> Generator[int, int, None]:
        divisor = 1
        while True:
            divisor = yield 10 // divisor

    division = divides()
    next(division)

    with pytest.raises(ZeroDivisionError):
        division.send(0)

    assert state_of(division) == "closed"
    with pytest.raises(StopIteration):
        division.send(1)


def test_a_generator_that_runs_can_not_be_resumed() -> None:
    def calls_itself() -> Generator[None, None, None]:
        yield
        next(itself)

    itself = calls_itself()
    next(itself)

    with pytest.raises(ValueError, match="already executing"):
        next(itself)


def test_closing_one_that_was_never_begun_runs_nothing_of_it() -> None:
    ran: list[str] = []

    def says() -> Generator[None, None, None]:
        try:
            ran.append("begun")
            yield
        finally:
            ran.append("cleaned up")

    new, begun = says(), says()
    next(begun)
    assert [inspect.getgeneratorstate(one) for one in (new, begun)] == [
        inspect.GEN_CREATED,
        inspect.GEN_SUSPENDED,
    ]

    new.close()
    assert ran == ["begun"]
    begun.close()
    assert ran == ["begun", "cleaned up"]
    assert [state_of(one) for one in (new, begun)] == ["closed", "closed"]


def test_the_table_has_a_line_for_each() -> None:
    lives = {ClientOrderId(name): order_life(ignored) for name in ("new", "sent")}
    next(lives[ClientOrderId("sent")])

    assert [line.split() for line in table(lives)] == [["new", "created", "-"], ["sent", "suspended", "-"]]


def ignored(text: str) -> None:
    """Nobody is told."""

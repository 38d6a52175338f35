"""The priming decorator."""

import inspect
from collections.abc import Generator

import pytest

from legacy.steps.market import Market, OrderReport
from legacy.steps.step_05 import order_life
from legacy.steps.step_06 import position, primed, primed_life
from traders.order_view import OrderPhase


@primed
def echo(first: str, *, second: str = "two") -> Generator[str, str, None]:
    """Gives back what it is sent."""
    said = yield first
    while said:
        said = yield said + second


def test_what_it_returns_stands_at_its_first_yield_and_can_be_sent_to() -> None:
    coroutine = echo("one", second="!")

    assert inspect.getgeneratorstate(coroutine) == inspect.GEN_SUSPENDED
    assert coroutine.send("hello") == "hello!"


def test_name_docstring_and_signature_are_kept() -> None:
    assert echo.__name__ == "echo"
    assert echo.__qualname__ == "echo"
    assert echo.__doc__ == "Gives back what it is sent."
    assert echo.__module__ == __name__
    assert list(inspect.signature(echo).parameters) == ["first", "second"]
    assert inspect.signature(echo).parameters["second"].default == "two"
    assert inspect.signature(echo).return_annotation == Generator[str, str, None]
    assert inspect.signature(primed_life) == inspect.signature(order_life)


def test_every_call_makes_one_of_its_own() -> None:
    one, other = echo("one"), echo("one")

    with pytest.raises(StopIteration):
        one.send("")

    assert inspect.getgeneratorstate(other) == inspect.GEN_SUSPENDED


def test_a_primed_coroutine_takes_the_report_that_the_plain_one_refuses() -> None:
    anna = Market().member("anna")
    anna.buy("a1", 1, at=10_000)
    (accepted,) = anna.reports()

    with pytest.raises(TypeError):
        order_life(ignored).send(accepted)
    assert primed_life(ignored).send(accepted) is OrderPhase.LIVE


def test_a_generator_that_never_yields_can_not_be_primed() -> None:
    @primed
    def never(stop: bool) -> Generator[None, None, None]:
        if not stop:
            yield

    never(False)
    with pytest.raises(TypeError, match="never has ended before it came to a yield"):
        never(True)


def test_what_is_raised_before_the_first_yield_comes_out_of_the_call() -> None:
    @primed
    def looks_up(names: dict[str, int]) -> Generator[int, None, None]:
        yield names["there is none"]

    with pytest.raises(KeyError, match="there is none"):
        looks_up({})


def test_the_position_is_given_out_after_each_report() -> None:
    market = Market()
    anna, ben = market.member("anna"), market.member("ben")
    anna.buy("a1", 10, at=10_000)
    ben.sell("b1", 4, at=10_000)
    ben.sell("b2", 9, at=10_000)

    def positions(reports: list[OrderReport]) -> list[int]:
        held = position()
        return [held.send(report) for report in reports]

    assert positions(anna.reports()) == [0, 4, 10]
    assert positions(ben.reports()) == [0, -4, -4, -10]


def ignored(text: str) -> None:
    """Nobody is told."""

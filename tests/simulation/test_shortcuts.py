"""What ``simulation/native.h`` remembers is what Python would find: on a module that is compiled for these tests."""

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.compiling import missing
from simulation.twins import root

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"nothing can be compiled here: {missing()}")

SOURCE = """
from typing import Any

from mypy_extensions import mypyc_attr
from shortcuts_constants import NUMBER


@mypyc_attr(allow_interpreted_subclasses=True)
class Base:
    def name(self) -> str:
        return "base"


def called(thing: Base) -> str:
    return thing.name()


def field(thing: Any) -> Any:
    return thing.field


def field_of_any_class(thing: Any) -> Any:
    return thing.field


def item(items: dict[Any, Any], key: Any) -> Any:
    return items[key]


def number() -> Any:
    return NUMBER
"""

MANY = 200
"""Times that a place is asked: more than it takes to remember, and more than it takes to give up."""


class Point(msgspec.Struct, gc=False):
    field: Any
    other: Any = None


class Later(msgspec.Struct, frozen=True):
    first: Any
    second: Any
    field: Any


class Slotted:
    __slots__ = ("field",)

    field: Any


class Loose:
    def __init__(self, field: Any) -> None:
        self.field = field


class Answering:
    def __getattr__(self, name: str) -> str:
        return f"no {name}"


class Own:
    __slots__ = ("field",)

    def __getattribute__(self, name: str) -> str:
        return f"my {name}"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The module above, as ``tontine compile`` would compile it."""
    directory = tmp_path_factory.mktemp("shortcuts")
    (directory / "shortcuts_compiled.py").write_text(SOURCE, encoding="utf-8")
    (directory / "shortcuts_beside.py").write_text("", encoding="utf-8")  # one alone gets no library
    (directory / "shortcuts_constants.py").write_text("NUMBER = 7\n", encoding="utf-8")
    program = (
        "from pathlib import Path; from simulation.building import build;"
        "build(Path('objects'), Path('modules'), ['shortcuts_compiled', 'shortcuts_beside'], 'shortcuts__mypyc')"
    )
    environment = {**os.environ, "PYTHONPATH": f"{root()}", "TONTINE_COMPILED": "0"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path[:0] = [str(directory / "modules"), str(directory)]
    module = import_module("shortcuts_compiled")
    del sys.path[:2]
    assert module.__file__
    assert not module.__file__.endswith(".py")
    yield module
    for name in ("shortcuts_compiled", "shortcuts_constants", "shortcuts__mypyc"):
        del sys.modules[name]


def error_of(read: Any, *arguments: Any) -> str:
    with pytest.raises((AttributeError, KeyError)) as caught:
        read(*arguments)
    return f"{type(caught.value).__name__}: {caught.value}"


# -- fields ----------------------------------------------------------------------------------------
def test_a_field_is_that_of_the_object_asked(compiled: Any) -> None:
    points = [Point(number) for number in range(MANY)]

    assert [compiled.field(point) for point in points] == list(range(MANY))
    for point in points:
        point.field += 1
    assert [compiled.field(point) for point in points] == list(range(1, MANY + 1))


def test_one_place_reads_classes_that_have_the_field_elsewhere(compiled: Any) -> None:
    things: list[Any] = [Point("point"), Later(1, 2, "later"), Slotted(), Loose("loose"), Answering(), Own()]
    things[2].field = "slotted"

    for _ in range(MANY):
        assert [compiled.field_of_any_class(thing) for thing in things] == [
            "point", "later", "slotted", "loose", "no field", "my field"
        ]  # fmt: skip


@pytest.mark.parametrize("times", [0, 3, MANY])
def test_a_field_that_is_not_set_says_so(compiled: Any, times: int) -> None:
    thing = Slotted()
    thing.field = 1
    for _ in range(times):
        compiled.field(thing)

    del thing.field

    assert error_of(compiled.field, thing) == error_of(getattr, thing, "field")


def test_a_class_that_changes_is_looked_at_again(compiled: Any) -> None:
    changing: Any = type("Changing", (), {"__slots__": ("field",)})
    derived: Any = type("Derived", (changing,), {})
    things = changing(), derived()
    for thing in things:
        thing.field = "slot"
        assert [compiled.field(thing) for _ in range(3)] == ["slot"] * 3

    slot = changing.field
    changing.field = property(lambda _: "property")
    assert [compiled.field(thing) for thing in things] == ["property", "property"]
    derived.field = "of the class"
    assert [compiled.field(thing) for thing in things] == ["property", "of the class"]
    changing.field = slot
    assert [compiled.field(thing) for thing in things] == ["slot", "of the class"]
    del derived.field
    assert [compiled.field(thing) for thing in things] == ["slot", "slot"]


def test_a_derived_class_may_hide_the_field(compiled: Any) -> None:
    class Hiding(Slotted):
        @property
        def field(self) -> str:
            return "hidden"

    thing = Slotted()
    thing.field = "slot"

    for _ in range(MANY):
        assert (compiled.field(thing), compiled.field(Hiding())) == ("slot", "hidden")


def test_objects_are_counted(compiled: Any) -> None:
    value = object()
    things: list[Any] = [Point(value), Later(0, 0, value), Loose(value)]
    items = {"key": value}
    before = sys.getrefcount(value)

    for _ in range(MANY):
        for thing in things:
            compiled.field(thing)
        compiled.item(items, "key")

    assert sys.getrefcount(value) == before


# -- classes ---------------------------------------------------------------------------------------
def test_only_what_derives_from_a_class_is_taken_for_it(compiled: Any) -> None:
    kinds = [
        type(f"Derived{number}", (compiled.Base,), {"name": lambda self: type(self).__name__})
        for number in range(3)
    ]

    for _ in range(MANY):
        assert compiled.called(compiled.Base()) == "base"
        assert [compiled.called(kind()) for kind in kinds] == ["Derived0", "Derived1", "Derived2"]
        for other in (Point(1), "text", None, type("Derived0", (), {"name": lambda self: "no"})()):
            with pytest.raises(TypeError):
                compiled.called(other)


def test_a_class_that_gets_other_bases_is_looked_at_again(compiled: Any) -> None:
    class First(compiled.Base):  # type: ignore[misc]
        pass

    class Changing(First):
        pass

    class Other:
        pass

    class Unrelated(Other):
        def name(self) -> str:
            return "unrelated"

    thing, unrelated = Changing(), Unrelated()
    assert [compiled.called(thing) for _ in range(3)] == ["base"] * 3
    with pytest.raises(TypeError):
        compiled.called(unrelated)

    Unrelated.name = lambda self: "changed"  # type: ignore[method-assign]

    with pytest.raises(TypeError):
        compiled.called(unrelated)
    assert compiled.called(thing) == "base"


# -- items and names -------------------------------------------------------------------------------
def test_a_name_that_is_bound_anew_is_found_anew(compiled: Any) -> None:
    assert [compiled.number() for _ in range(MANY)] == [7] * MANY

    compiled.NUMBER = 8

    assert compiled.number() == 8
    compiled.NUMBER = 7


def test_equal_keys_at_the_place_of_others_are_not_taken_for_them(compiled: Any) -> None:
    items = {10**9 + number: number for number in range(MANY)}

    for number in range(MANY):
        assert compiled.item(items, int(f"1{number:09d}")) == number  # made for this, and gone at once


def test_keys_that_are_missing(compiled: Any) -> None:
    items = {"there": 1}
    for _ in range(3):
        compiled.item(items, "there")

    del items["there"]

    assert error_of(compiled.item, items, "there") == "KeyError: 'there'"
    assert compiled.item(defaultdict(int), "there") == 0


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from(["set", "delete", "clear", "read"]), st.integers(0, 2)),
        max_size=120,
    )
)
def test_whatever_is_done_to_dictionaries_shows(compiled: Any, steps: list[tuple[int, str, int]]) -> None:
    keys = ["a", "b", (1, 2)]
    items: tuple[dict[Any, int], dict[Any, int]] = {}, {}

    for number, (which, step, place) in enumerate(steps):
        one, key = items[which], keys[place]
        if step == "set":
            one[key] = number
        elif step == "delete":
            one.pop(key, None)
        elif step == "clear":
            one.clear()
        elif key in one:
            assert compiled.item(one, key) == one[key]
        else:
            assert error_of(compiled.item, one, key) == error_of(one.__getitem__, key)

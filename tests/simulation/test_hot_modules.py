"""What compiling asks of the modules that are compiled, seen in their source: so nobody has to compile to find out."""

import ast
from collections.abc import Iterator
from typing import Final, NamedTuple

from simulation.native import HOT
from simulation.twins import ROOMS, root

OPEN: Final = "allow_interpreted_subclasses=True"
"""What a compiled class says from which others may derive that are not compiled."""


class Class(NamedTuple):
    """A class statement."""

    name: str
    """With its module."""
    bases: tuple[str, ...]
    """As far as they are names that were imported or stand in the same module."""
    decorators: tuple[str, ...]
    keywords: int

    @property
    def is_hot(self) -> bool:
        return self.name.rpartition(".")[0] in HOT

    @property
    def is_open(self) -> bool:
        return any(OPEN in one for one in self.decorators)


def classes_of(module: str, tree: ast.Module) -> Iterator[Class]:
    """Those at its top level; only they are compiled."""
    known = {node.name: f"{module}.{node.name}" for node in tree.body if isinstance(node, ast.ClassDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            known |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            bases = (ast.unparse(base).partition("[")[0] for base in node.bases)
            yield Class(
                known[node.name],
                tuple(known.get(base, base) for base in bases),
                tuple(ast.unparse(one) for one in node.decorator_list),
                len(node.keywords),
            )


def all_classes() -> list[Class]:
    found: list[Class] = []
    for room in (*ROOMS, "benchmarks", "examples"):
        for path in sorted((root() / room).rglob("*.py")):
            module = ".".join(path.relative_to(root()).with_suffix("").parts)
            found.extend(classes_of(module, ast.parse(path.read_text(encoding="utf-8"))))
    return found


CLASSES: Final = {one.name: one for one in all_classes()}


def test_hot_modules_are_there_and_each_is_named_once() -> None:
    files = [root() / f"{name.replace('.', '/')}.py" for name in HOT]

    assert [path for path in files if not path.is_file()] == []
    assert len(set(HOT)) == len(HOT)


def test_hot_classes_from_which_others_derive_say_so() -> None:
    closed = {
        base: one.name
        for one in CLASSES.values()
        for base in one.bases
        if not one.is_hot and base in CLASSES and CLASSES[base].is_hot and not CLASSES[base].is_open
    }

    assert closed == {}


def test_people_may_derive_from_all_hot_strategies() -> None:
    def is_strategy(one: Class) -> bool:
        bases = [CLASSES[base] for base in one.bases if base in CLASSES]
        return one.name == "traders.strategies.base.Strategy" or any(is_strategy(base) for base in bases)

    closed = [one.name for one in CLASSES.values() if one.is_hot and is_strategy(one) and not one.is_open]

    assert closed == []

"""The rooms know only whom they may know, and every module says what it is for.

Reads the source, imports nothing: a module that is being written is held to the rules at once.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("benchmarks", "examples", "exchange", "legacy", "protocol", "simulation", "tests", "traders")

# -- the arrows ------------------------------------------------------------------------------------
# Who (the longest prefix that fits counts) may import what of the project. "*" is everything.
ENGINE_VOCABULARY = frozenset({"protocol.clock", "protocol.errors", "protocol.vocabulary"})
MAY_IMPORT: dict[str, frozenset[str]] = {
    "protocol": frozenset({"protocol"}),
    "exchange": frozenset({"exchange", "protocol"}),
    "exchange.engine": frozenset({"exchange.engine"}) | ENGINE_VOCABULARY,
    # A room's front door is the command with that room alone.
    "exchange.__main__": frozenset({"tontine"}),
    "traders.__main__": frozenset({"tontine"}),
    "traders": frozenset({"traders", "protocol"}),
    "simulation": frozenset({"simulation", "exchange.engine", "traders", "protocol"}),
    "legacy": frozenset({"legacy", "exchange.engine", "traders.strategies", "protocol"}),
    "benchmarks": frozenset({"benchmarks", "exchange", "protocol", "simulation", "traders", "tontine"}),
    "examples": frozenset({"examples", "exchange", "protocol", "simulation", "traders"}),
    # The command knows its rooms by name and imports the command modules only.
    "tontine": frozenset({"benchmarks", "exchange", "protocol", "traders"}),
    "tests": frozenset({"*"}),
}

# Who may not import which module of others.
NO_IO = frozenset({"asyncio", "select", "selectors", "socket", "ssl", "uvloop"})
NOTHING_UNREPEATABLE = NO_IO | {
    "datetime",
    "logging",
    "random",
    "secrets",
    "structlog",
    "threading",
    "time",
    "uuid",
}
MAY_NOT_IMPORT: dict[str, frozenset[str]] = {
    "protocol": NO_IO,
    "exchange.engine": NOTHING_UNREPEATABLE,
    "traders.strategies": NO_IO,
    "simulation": NO_IO - {"selectors"},
    "legacy": frozenset({"asyncio", "uvloop"}),
}

# Who may import nothing of others besides the standard library and these.
ONLY_LIBRARIES: dict[str, frozenset[str]] = {
    "protocol": frozenset({"msgspec", "typer"}),
    "exchange.engine": frozenset({"msgspec"}),
}

STANDARD = {
    "exchange.gateways.http": "beside tcp and websocket; three rooms deep it hides nothing from anybody",
}
"""Modules with the name of a standard one, and why they may."""

LONGEST = 400
LONG = {
    "exchange.engine.commands": "as the desk's",
    "protocol.desk": "declarations are looked up, not read through",
    "protocol.messages": "as the desk's",
    "traders.client": "one class, whose methods are what a trader can do",
}
"""Modules beyond that many lines, and why they may be."""


class Module(NamedTuple):
    """One file of source."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def room(self) -> str:
        return self.name.partition(".")[0]


def modules() -> Iterator[Module]:
    """Every module of the project, the command included."""
    yield _module(ROOT / "tontine.py")
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield _module(path)


def _module(path: Path) -> Module:
    parts = path.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(name, path, ast.parse(path.read_text(encoding="utf-8"), str(path)))


MODULES = list(modules())
CODE = [module for module in MODULES if module.room != "tests"]
NAMES = {module.name for module in MODULES} | set(ROOMS)


def imports_of(module: Module) -> Iterator[str]:
    """Full names of what a module imports, wherever it does, as far as modules are concerned."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name}, line {node.lineno}: relative import"
            assert node.module is not None
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in NAMES else node.module


def rule_for(name: str, rules: dict[str, frozenset[str]]) -> frozenset[str]:
    """The rule of the longest prefix of ``name``."""
    fitting = [prefix for prefix in rules if covers(prefix, name)]
    return rules[max(fitting, key=len)] if fitting else frozenset()


def covers(prefix: str, name: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


each_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
each_code_module = pytest.mark.parametrize("module", CODE, ids=lambda module: module.name)


# -- who knows whom --------------------------------------------------------------------------------
@each_module
def test_a_module_imports_only_the_rooms_that_it_may_know(module: Module) -> None:
    allowed = rule_for(module.name, MAY_IMPORT)

    of_project = {name for name in imports_of(module) if name.partition(".")[0] in {*ROOMS, "tontine"}}

    forbidden = {name for name in of_project if not any(covers(prefix, name) for prefix in allowed)}
    assert "*" in allowed or forbidden == set()


@each_module
def test_a_module_imports_nothing_that_would_break_the_promise_of_its_room(module: Module) -> None:
    forbidden = frozenset[str]().union(
        *(names for prefix, names in MAY_NOT_IMPORT.items() if covers(prefix, module.name))
    )

    imported = {name.partition(".")[0] for name in imports_of(module)}

    assert imported & forbidden == set()


@each_module
def test_a_room_that_does_without_libraries_stays_without(module: Module) -> None:
    libraries = rule_for(module.name, ONLY_LIBRARIES)
    restricted = any(covers(prefix, module.name) for prefix in ONLY_LIBRARIES)

    imported = {name.partition(".")[0] for name in imports_of(module)}

    foreign = imported - sys.stdlib_module_names - set(ROOMS) - libraries
    assert not restricted or foreign == set()


@each_code_module
def test_nobody_imports_tests_or_legacy(module: Module) -> None:
    rooms = {name.partition(".")[0] for name in imports_of(module)}

    assert rooms & {"tests", "legacy"} <= {module.room}


def test_every_room_has_a_rule() -> None:
    rooms = {module.room for module in MODULES}

    assert rooms <= set(MAY_IMPORT)


def test_every_folder_with_python_in_it_is_a_room() -> None:
    folders = {
        path.name
        for path in ROOT.iterdir()
        if path.is_dir() and not path.name.startswith(".") and any(path.rglob("*.py"))
    }

    assert folders - {"build", "dist"} <= set(ROOMS)


def test_an_import_that_is_not_allowed_would_be_found() -> None:
    source = "def later():\n    from exchange.engine import book\n    import asyncio\n"
    module = Module("protocol.example", Path("example.py"), ast.parse(source))

    imported = set(imports_of(module))

    assert imported == {"exchange.engine.book", "asyncio"}


# -- what a module looks like ----------------------------------------------------------------------
@each_module
def test_a_module_opens_with_what_it_is_for(module: Module) -> None:
    docstring = ast.get_docstring(module.tree)

    assert docstring
    assert docstring.splitlines()[0].endswith((".", ":", "?"))


@each_module
def test_no_module_has_the_name_of_a_standard_one(module: Module) -> None:
    last = module.name.rpartition(".")[2]

    assert last == "__main__" or module.name in STANDARD or last not in sys.stdlib_module_names


@pytest.mark.parametrize(
    "module",
    [module for module in MODULES if module.path.name == "__init__.py"],
    ids=lambda module: module.name,
)
def test_a_door_holds_names_only_and_lists_exactly_these(module: Module) -> None:
    listed: list[str] = []
    imported: list[str] = []

    for node in module.tree.body[1:]:
        match node:
            case ast.ImportFrom(names=names):
                imported += [alias.asname or alias.name for alias in names]
            case ast.Import(names=names):
                imported += [alias.asname or alias.name for alias in names]
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                listed = ast.literal_eval(value)
            case _:
                pytest.fail(f"line {node.lineno}: a door has imports and __all__, nothing else")

    assert "*" not in imported
    assert sorted(listed) == sorted(imported)


@each_code_module
def test_a_module_is_read_in_one_sitting(module: Module) -> None:
    lines = module.path.read_text(encoding="utf-8").splitlines()

    assert len(lines) <= LONGEST or module.name in LONG, "which second idea moved in?"

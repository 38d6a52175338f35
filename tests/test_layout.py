"""The rooms know only whom they may know, and every module says what it is for.

Reads the source, imports nothing: a module that is being written is held to the rules at once.
"""

import ast
import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

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
    "simulation.__main__": frozenset({"tontine"}),
    "traders": frozenset({"traders", "protocol"}),
    # The same venue around the engine as one that is served: phases, limits, reports. What it may not reach, says
    # a test of its own.
    "simulation": frozenset({"simulation", "exchange", "traders", "protocol"}),
    # The same session, engine, journal, strategies and books as its asyncio twins. What it may not reach, says
    # a test of its own.
    "legacy": frozenset({"legacy", "exchange", "traders", "protocol"}),
    "benchmarks": frozenset(
        {"benchmarks", "exchange", "legacy", "protocol", "simulation", "traders", "tontine"}
    ),
    "examples": frozenset({"examples", "exchange", "protocol", "simulation", "traders"}),
    # The command knows its rooms by name and imports the command modules only.
    "tontine": frozenset({"benchmarks", "exchange", "protocol", "simulation", "traders"}),
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
}

ASYNCIO = frozenset({"aiohttp", "asyncio", "uvloop"})
SHOWS_ASYNCIO = frozenset(
    {
        "legacy.bridge",
        *(f"legacy.steps.step_{number}" for number in (19, 20, 21, 22)),
        *(f"legacy.twins.{name}" for name in ("__main__", "feed")),
        *(f"legacy.twins.twin_{number:02}" for number in range(1, 19)),
    }
)
"""The modules of ``legacy`` that are about asyncio. All others do without it, and so does what they import."""

BOTS = frozenset(
    {"simulation.cli", *(f"simulation.bots.{name}" for name in ("loop", "transport", "floor", "bot", "host"))}
)
"""The modules of ``simulation`` that let bots written for asyncio take part, and the commands that start them."""

MAY_AFTER_ALL = {
    **{name: {"asyncio"} for name in BOTS},
    "simulation.bots.host": {"asyncio", "socket"},  # it sees to it that programs open none
}
"""Who may break the promise of the room, and how."""

KNOWS_LEGACY = frozenset({"benchmarks", "legacy", "tests"})
"""Who may import ``legacy``. Commands find it by name, when they are asked for it."""

# Who may import nothing of others besides the standard library and these.
ONLY_LIBRARIES: dict[str, frozenset[str]] = {
    "protocol": frozenset({"msgspec", "typer"}),
    "exchange.engine": frozenset({"msgspec"}),
}

STANDARD = {
    "exchange.gateways.http": "beside tcp and websocket; three rooms deep it hides nothing from anybody",
    "legacy.trace": "what the standard one does for lines, it does for tasks; nobody needs both",
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


@dataclass(frozen=True)
class Module:
    """One file of source, parsed when a test first asks: every process that collects tests makes all of these."""

    name: str
    path: Path
    text: str | None = None
    """What to read in place of the file."""

    @property
    def room(self) -> str:
        return self.name.partition(".")[0]

    @property
    def source(self) -> str:
        return self.path.read_text(encoding="utf-8") if self.text is None else self.text

    @property
    def tree(self) -> ast.Module:
        """Not kept: a million nodes would live to the end, and making them takes three times as long where they do."""
        return ast.parse(self.source, str(self.path))

    @cached_property
    def imports_and_docstring(self) -> tuple[list[str], str]:
        """What most tests ask for: imports as ``imports_of`` says, and how it opens."""
        tree = self.tree
        return list(imports_of(self.name, tree)), ast.get_docstring(tree) or ""

    @property
    def imports(self) -> list[str]:
        return self.imports_and_docstring[0]


def modules() -> Iterator[Module]:
    """Every module of the project, the command included."""
    yield _module(ROOT / "tontine.py")
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield _module(path)


def _module(path: Path) -> Module:
    parts = path.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(name, path)


MODULES = list(modules())
CODE = [module for module in MODULES if module.room != "tests"]
NAMES = {module.name for module in MODULES} | set(ROOMS)


def imports_of(name: str, tree: ast.Module) -> Iterator[str]:
    """Full names of what a module imports, wherever it does, as far as modules are concerned."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}, line {node.lineno}: relative import"
            assert node.module is not None
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in NAMES else node.module


def packages_of(module: Module) -> set[str]:
    """What stands before the first dot of its imports."""
    return {name.partition(".")[0] for name in module.imports}


def rule_for(name: str, rules: dict[str, frozenset[str]]) -> frozenset[str]:
    """The rule of the longest prefix of ``name``."""
    fitting = [prefix for prefix in rules if covers(prefix, name)]
    return rules[max(fitting, key=len)] if fitting else frozenset()


def covers(prefix: str, name: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


def where(said: Callable[[Module], object], among: list[Module] = MODULES) -> dict[str, object]:
    """What is to be said of modules, by name, where there is something. One test for all: a test each takes longer."""
    return {module.name: found for module in among if (found := said(module))}


# -- who knows whom --------------------------------------------------------------------------------
def test_a_module_imports_only_the_rooms_that_it_may_know() -> None:
    def forbidden(module: Module) -> set[str]:
        allowed = rule_for(module.name, MAY_IMPORT)
        of_project = {name for name in module.imports if name.partition(".")[0] in {*ROOMS, "tontine"}}
        if "*" in allowed:
            return set()
        return {name for name in of_project if not any(covers(prefix, name) for prefix in allowed)}

    assert where(forbidden) == {}


def test_a_module_imports_nothing_that_would_break_the_promise_of_its_room() -> None:
    def forbidden(module: Module) -> set[str]:
        promised = (names for prefix, names in MAY_NOT_IMPORT.items() if covers(prefix, module.name))
        return packages_of(module) & frozenset[str]().union(*promised) - MAY_AFTER_ALL.get(module.name, set())

    assert where(forbidden) == {}


def test_a_room_that_does_without_libraries_stays_without() -> None:
    def foreign(module: Module) -> set[str]:
        libraries = rule_for(module.name, ONLY_LIBRARIES)
        restricted = any(covers(prefix, module.name) for prefix in ONLY_LIBRARIES)
        return packages_of(module) - sys.stdlib_module_names - set(ROOMS) - libraries if restricted else set()

    assert where(foreign) == {}


def test_nobody_imports_tests_or_legacy() -> None:
    def forbidden(module: Module) -> set[str]:
        unknown = {"tests"} if module.room in KNOWS_LEGACY else {"tests", "legacy"}
        return packages_of(module) & unknown

    assert where(forbidden, CODE) == {}


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
    module = Module("protocol.example", Path("example.py"), source)

    imported = set(module.imports)

    assert imported == {"exchange.engine.book", "asyncio"}


# -- what the legacy runtime does without ----------------------------------------------------------
def test_nothing_that_the_legacy_runtime_imports_knows_asyncio() -> None:
    starts = [module.name for module in CODE if module.room == "legacy" and module.name not in SHOWS_ASYNCIO]
    by_name = {module.name: module for module in MODULES}

    chains = chains_to(ASYNCIO, starts, by_name)

    assert [" -> ".join(chain) for chain in chains] == []


def test_nothing_that_a_simulation_imports_knows_asyncio() -> None:
    starts = [module.name for module in CODE if module.room == "simulation" and module.name not in BOTS]
    by_name = {module.name: module for module in MODULES}

    chains = chains_to(ASYNCIO, starts, by_name)

    assert [" -> ".join(chain) for chain in chains] == []


def test_nobody_gets_at_asyncio_through_the_modules_that_show_it() -> None:
    importers = [
        module.name
        for module in CODE
        if module.name not in SHOWS_ASYNCIO and SHOWS_ASYNCIO & set(module.imports)
    ]

    assert importers == []


def test_asyncio_would_be_found_behind_a_module_and_behind_the_door_of_its_room() -> None:
    sources = {
        "legacy.venue": "from exchange.rooms.tidy import broom\n",
        "exchange": "from exchange.loud import noise\n",
        "exchange.loud": "def noise():\n    from asyncio import sleep\n",
        "exchange.rooms.tidy": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import asyncio\n",
    }
    by_name = {name: Module(name, Path("x.py"), source) for name, source in sources.items()}

    chains = chains_to(ASYNCIO, ["legacy.venue"], by_name)

    assert chains == [["legacy.venue", "exchange", "exchange.loud", "asyncio"]]


def chains_to(wanted: frozenset[str], starts: list[str], by_name: dict[str, Module]) -> list[list[str]]:
    """From ``starts`` through imports at run time to each module that imports one of ``wanted``: the shortest way."""
    found: list[list[str]] = []
    came_from: dict[str, str | None] = dict.fromkeys(starts)
    waiting = deque(starts)
    while waiting:
        name = waiting.popleft()
        for imported in imports_at_run_time(by_name[name]):
            if imported.partition(".")[0] in wanted:
                found.append([*way_to(name, came_from), imported])
            for one in (*parents_of(imported), imported):
                if one in by_name and one not in came_from:
                    came_from[one] = name
                    waiting.append(one)
    return found


def imports_at_run_time(module: Module) -> list[str]:
    """What is imported when it runs, at once or later: not what only type checkers read. Each once, in order."""
    kept = NotForTypes().visit(module.tree)
    return list(dict.fromkeys(imports_of(module.name, kept)))


class NotForTypes(ast.NodeTransformer):
    """Leaves out what stands under ``if TYPE_CHECKING``."""

    def visit_If(self, node: ast.If) -> ast.AST:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = [ast.Pass()]
        return self.generic_visit(node)


def parents_of(name: str) -> list[str]:
    """The packages that are imported on the way to a module."""
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def way_to(name: str, came_from: dict[str, str | None]) -> list[str]:
    """Where an import began, and over which modules it came."""
    way = [name]
    while (before := came_from[way[0]]) is not None:
        way.insert(0, before)
    return way


# -- what a module looks like ----------------------------------------------------------------------
def test_a_module_opens_with_what_it_is_for() -> None:
    def wrong(module: Module) -> str:
        opening = module.imports_and_docstring[1].partition("\n")[0]
        return "" if opening.endswith((".", ":", "?")) else opening or "nothing"

    assert where(wrong) == {}


def test_no_module_has_the_name_of_a_standard_one() -> None:
    def wrong(module: Module) -> bool:
        last = module.name.rpartition(".")[2]
        return last != "__main__" and module.name not in STANDARD and last in sys.stdlib_module_names

    assert where(wrong) == {}


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


def test_a_module_is_read_in_one_sitting() -> None:
    def too_long(module: Module) -> int:
        lines = len(module.source.splitlines())
        return lines if lines > LONGEST and module.name not in LONG else 0

    assert where(too_long, CODE) == {}, "which second idea moved in?"

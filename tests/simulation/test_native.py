"""Compiled modules are used if they fit to the last byte, and otherwise the source is."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from pathlib import Path

import pytest

from simulation import native
from simulation.compiling import alone, missing
from simulation.twins import MANIFEST, ROOMS, Unfit, fitting, key_of, place, root
from tests.support.builds import a_build, a_source, environment, site_without, told
from traders.strategies.base import Strategy
from traders.strategies.registry import strategies

MODULES = ("library", "simulation.one", "traders.two")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return a_source(tmp_path / "source")


@pytest.fixture
def compiled(tmp_path: Path, source: Path) -> Path:
    """The directory of builds, with one of that source."""
    directory = tmp_path / "compiled"
    directory.mkdir(mode=0o700)
    a_build(directory / key_of(source), MODULES)
    return directory


def library_of(compiled: Path) -> Path:
    return next(compiled.rglob(f"library{EXTENSION_SUFFIXES[0]}"))


# -- the source ------------------------------------------------------------------------------------
def test_a_byte_of_any_module_makes_another_key(source: Path) -> None:
    keys = {key_of(source)}

    for room in ROOMS:
        with (source / room / "one.py").open("a", encoding="utf-8") as file:
            file.write("#")
        keys.add(key_of(source))

    assert len(keys) == 1 + len(ROOMS)


def test_a_byte_of_what_the_c_includes_makes_another_key(source: Path) -> None:
    keys = {key_of(source)}

    for text in ("/* one */", "/* two */"):
        (source / "simulation" / "native.h").write_text(text, encoding="utf-8")
        keys.add(key_of(source))

    assert len(keys) == 3


def test_a_module_that_is_moved_makes_another_key(source: Path) -> None:
    before = key_of(source)

    (source / "simulation" / "one.py").rename(source / "traders" / "three.py")

    assert key_of(source) != before


def test_a_copy_of_the_source_has_its_key_whatever_else_lies_there(source: Path, tmp_path: Path) -> None:
    copy = a_source(tmp_path / "copy")
    (copy / "simulation" / "__pycache__").mkdir()
    (copy / "simulation" / "__pycache__" / "left.py").write_text("x = 1\n", encoding="utf-8")
    (copy / "simulation" / "notes.txt").write_text("x = 1\n", encoding="utf-8")

    assert key_of(copy) == key_of(source)


# -- what fits -------------------------------------------------------------------------------------
NO_TIME = -1_000_000_000
"""Nothing counts as touched just now, as if all of it were old."""


@pytest.mark.parametrize("settled_ns", [NO_TIME, 2_000_000_000], ids=["old files", "new files"])
def test_a_build_fits_as_long_as_its_source_is_what_it_was(
    source: Path, compiled: Path, settled_ns: int
) -> None:
    module = source / "simulation" / "one.py"
    before = module.read_bytes()

    first = fitting(compiled, source, MODULES, settled_ns=settled_ns)
    module.write_bytes(before[::-1])
    with pytest.raises(Unfit, match="of another source"):
        fitting(compiled, source, MODULES, settled_ns=settled_ns)
    module.write_bytes(before)

    assert sorted(first.files) == sorted(MODULES)
    assert fitting(compiled, source, MODULES, settled_ns=settled_ns) == first


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def change(path: Path) -> None:
    path.write_bytes(path.read_bytes()[::-1])


def take_away(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("harm", [cut, change, take_away])
@pytest.mark.parametrize("settled_ns", [NO_TIME, 2_000_000_000], ids=["old files", "new files"])
def test_a_build_that_lost_a_byte_does_not_fit(
    source: Path, compiled: Path, harm: Callable[[Path], None], settled_ns: int
) -> None:
    fitting(compiled, source, MODULES, settled_ns=settled_ns)  # and is remembered

    harm(library_of(compiled))

    with pytest.raises(Unfit):
        fitting(compiled, source, MODULES, settled_ns=settled_ns)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"files": {"library": 1}}', "\0"])
def test_a_manifest_that_says_something_else_does_not_fit(source: Path, compiled: Path, text: str) -> None:
    (compiled / key_of(source) / MANIFEST).write_text(text, encoding="utf-8")

    with pytest.raises(Unfit, match="can't be read"):
        fitting(compiled, source, MODULES)


def test_a_build_without_one_of_the_modules_does_not_fit(source: Path, compiled: Path) -> None:
    with pytest.raises(Unfit, match=r"has no simulation\.other"):
        fitting(compiled, source, (*MODULES, "simulation.other"))


def test_a_build_that_others_may_write_to_does_not_fit(source: Path, compiled: Path) -> None:
    (compiled / key_of(source)).chmod(0o777)

    with pytest.raises(Unfit, match="others may write"):
        fitting(compiled, source, MODULES)


def test_a_build_under_way_is_not_seen(source: Path, compiled: Path) -> None:
    (compiled / key_of(source)).rename(compiled / "building-x")

    with pytest.raises(Unfit, match="there are none"):
        fitting(compiled, source, MODULES)


def test_a_relative_cache_directory_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "caches")

    assert place() == tmp_path / ".cache" / "tontine" / "compiled"


# -- one build at a time ---------------------------------------------------------------------------
def test_a_second_build_waits_and_what_a_killed_one_left_is_removed(compiled: Path) -> None:
    order: list[str] = []
    waits = threading.Event()

    def say(line: str) -> None:
        order.append(line)
        waits.set()

    def second() -> None:
        with alone(compiled, say):
            order.append("second")

    with alone(compiled, order.append):
        (compiled / "building-killed").mkdir()
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(30)
        order.append("first")
    thread.join(30)

    assert order == ["another build is under way; waiting for its end", "first", "second"]
    assert not (compiled / "building-killed").exists()


# -- in processes of their own ---------------------------------------------------------------------
RUN = """
import sys
from simulation import native
preferred = native.prefer()
from simulation import kernel
from simulation.ready import scenario
from simulation.run import simulate
run = simulate(scenario("thin_market").model_copy(update={"length_s": 60.0}))
print(preferred, native.in_use(), kernel.__file__.endswith(".py"), run.log.digest)
"""


@pytest.fixture(scope="module")
def of_source(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What a process says that was told to run the source."""
    return told(RUN, environment(tmp_path_factory.mktemp("caches"), TONTINE_COMPILED="0"))


def a_build_of_this(caches: Path, content: bytes) -> Path:
    """As if this very source had been compiled, to ``content`` each."""
    directory = caches / "tontine" / "compiled"
    directory.mkdir(mode=0o700, parents=True)
    return a_build(directory / key_of(root()), (native.LIBRARY, *native.HOT), content)


def test_without_compiled_modules_the_source_is_run(tmp_path: Path, of_source: list[str]) -> None:
    assert of_source[:3] == ["False", "False", "True"]
    assert told(RUN, environment(tmp_path)) == of_source


@pytest.mark.parametrize("content", [b"", b"no library", b"\x7fELF" + bytes(500)])
def test_where_they_can_not_be_loaded_the_source_is_run(
    tmp_path: Path, of_source: list[str], content: bytes
) -> None:
    a_build_of_this(tmp_path, content)

    assert told(RUN, environment(tmp_path)) == of_source


def test_where_there_is_a_file_in_place_of_the_cache_the_source_is_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    assert told(RUN, environment(tmp_path / "file"))[0] == "False"


def test_what_was_imported_from_its_source_stays(tmp_path: Path) -> None:
    a_build_of_this(tmp_path, b"")
    early = f"import {native.HOT[0]}\nfrom simulation import native\ntry:\n native.use()\nexcept native.Unfit as e:\n print(e)"

    assert (
        " ".join(told(early, environment(tmp_path))) == f"{native.HOT[0]} was imported before from its source"
    )


def test_who_wants_compiled_modules_or_nothing_gets_nothing(tmp_path: Path) -> None:
    done = tontine(["simulate", "thin_market"], environment(tmp_path, TONTINE_COMPILED="1"))

    assert done.returncode == 2
    assert done.stderr.startswith("tontine: TONTINE_COMPILED=1: no compiled modules: there are none in ")
    assert len(done.stderr.splitlines()) == 1


def test_the_command_imports_nothing_hot_before_it_is_told_what_to_do(tmp_path: Path) -> None:
    program = "import sys, tontine\nfrom simulation import native, compiling, proving\ntontine.build()\nprint(*set(native.HOT) & set(sys.modules))"

    assert told(program, environment(tmp_path)) == []


# -- the command -----------------------------------------------------------------------------------
def tontine(words: list[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "simulation", *words]
    return subprocess.run(command, cwd=root(), env=env, capture_output=True, text=True, check=False)


def test_without_a_c_compiler_the_command_says_what_to_install(tmp_path: Path) -> None:
    empty = tmp_path / "bin"
    empty.mkdir()

    done = tontine(["compile"], environment(tmp_path, PATH=str(empty)))

    assert done.returncode == 1
    assert (
        done.stderr
        == "tontine: there is no C compiler; apt install gcc python3-dev, or what your system calls them\n"
    )
    assert not (tmp_path / "tontine").exists()


@pytest.mark.parametrize("package", ["mypy", "setuptools"])
def test_without_a_package_the_command_says_what_to_install(tmp_path: Path, package: str) -> None:
    site = site_without(package, tmp_path / "site")
    command = [sys.executable, "-S", "-m", "simulation", "compile"]

    done = subprocess.run(
        command,
        cwd=root(),
        env=environment(tmp_path, PYTHONPATH=str(site)),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == f"tontine: {package} is not installed; pip install 'tontine[compile]'\n"
    assert done.returncode == 1


@pytest.mark.skipif(missing() is not None, reason="needs all that compiling needs")
def test_without_a_place_for_it_nothing_is_compiled(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    done = tontine(["compile"], environment(tmp_path / "file"))

    assert done.returncode == 1
    assert done.stderr.startswith(
        f"tontine: {tmp_path}/file/tontine/compiled: Not a directory; XDG_CACHE_HOME"
    )


def test_check_says_why_there_is_nothing_to_use(tmp_path: Path) -> None:
    done = tontine(["compile", "--check"], environment(tmp_path))

    assert done.returncode == 1
    assert done.stderr == f"tontine: no compiled modules: there are none in {tmp_path}/tontine/compiled\n"


def test_remove_removes_all_builds_and_nothing_else(tmp_path: Path) -> None:
    build = a_build_of_this(tmp_path, b"")
    (build.parent / "mine.txt").write_bytes(b"")

    done = tontine(["compile", "--remove"], environment(tmp_path))

    assert done.stdout == f"removed 1 build from {build.parent}\n"
    assert sorted(path.name for path in build.parent.iterdir()) == ["lock", "mine.txt"]


# -- the modules -----------------------------------------------------------------------------------
def test_what_is_tested_here_is_what_was_asked_for() -> None:
    asked_for = os.environ[native.VARIABLE] == "1"

    compiled = {
        name
        for name in native.HOT
        if isinstance(import_module(name).__spec__.loader, ExtensionFileLoader)  # type: ignore[union-attr]
    }

    assert native.in_use() == asked_for
    assert compiled == (set(native.HOT) if asked_for else set())


def test_strategies_of_ones_own_may_derive_from_all_that_come_along() -> None:
    own: list[type[Strategy]] = [type("Own", (strategy,), {}) for strategy in strategies().values()]

    made = [strategy.__new__(strategy) for strategy in own]

    assert [type(one) for one in made] == own

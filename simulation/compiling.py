"""Building the compiled twins of hot modules: what it takes, one build at a time, and its proof.

In: the source as it lies there, mypyc, setuptools, a C compiler and Python's headers. Out: a directory in the user's cache that
``simulation.native`` will find, or ``CannotCompile`` with what is missing or went wrong. Promised: the source tree is only
read; a build can be seen by others only when it is complete and its runs have been the same as those of the source; whatever
becomes of this process, nothing half done is ever used.
"""

import fcntl
import json
import os
import platform
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shutil import rmtree, which
from time import perf_counter
from typing import Final, NamedTuple

from simulation.native import HOT, LIBRARY, VARIABLE
from simulation.proving import Proved
from simulation.twins import Twin, Unfit, fitting, is_build, key_of, place, root, sources, write_manifest

Say = Callable[[str], object]
"""Told what is going on, a line at a time."""

_KEPT: Final = 4
"""Builds: of the checkouts and Pythons that somebody works with at a time."""
_LINES: Final = 15
"""Of what compilers said, where one failed: the last ones."""
_UNDER_WAY: Final = "building-"
_OLDEST: Final = (2, 4)
"""mypy that can give the library a name."""


class CannotCompile(Exception):
    """With what is missing, or what went wrong: one line, and what a compiler said below it."""


class Built(NamedTuple):
    """A build that fits the source, and its proof."""

    twin: Twin
    took_s: float
    """By the clock; 0 if it was there already."""
    source: Proved
    compiled: Proved


def missing() -> str | None:
    """What a build would lack here, and where to get it; ``None`` if nothing."""
    extra = "pip install 'tontine[compile]'"
    for package in ("mypy", "setuptools"):
        try:
            found = version(package)
        except PackageNotFoundError:
            return f"{package} is not installed; {extra}"
        if package == "mypy" and tuple(int(part) for part in found.split(".")[:2]) < _OLDEST:
            return f"mypy {found} is too old; {extra}"
    if _compiler() is None:
        return "there is no C compiler; apt install gcc python3-dev, or what your system calls them"
    header = Path(sysconfig.get_path("include")) / "Python.h"
    if not header.exists():
        return f"there is no {header}; apt install python3-dev, or what your system calls Python's headers"
    return None


def _compiler() -> str | None:
    """What the person chose, or else what Python was built with, or else any."""
    chosen = os.environ.get("CC")
    usual = (sysconfig.get_config_var("CC"), "cc", "gcc", "clang")
    for words in (chosen,) if chosen else usual:
        if words and which(shlex.split(words)[0]) is not None:
            return str(words)
    return None


def build(say: Say) -> Built:
    """Build what fits the source as it is now, unless it is there, and prove it.

    Raises:
        CannotCompile: and nothing has changed.
    """
    reason = missing()
    if reason is not None:
        raise CannotCompile(reason)
    try:
        compiled = place()
        compiled.mkdir(mode=0o700, parents=True, exist_ok=True)
        with alone(compiled, say) as lock:
            there = _there(compiled)
            return _built(compiled, say, lock) if there is None else there
    except Unfit as error:
        raise CannotCompile(str(error)) from error
    except OSError as error:
        place_ = error.filename or "compiled modules"
        raise CannotCompile(
            f"{place_}: {error.strerror or error}; XDG_CACHE_HOME may name another place"
        ) from error


def remove() -> tuple[Path, int]:
    """Remove all builds; from where, and how many there were.

    Raises:
        CannotCompile: they can't be removed.
    """
    try:
        compiled = place()
        if not compiled.is_dir():
            return compiled, 0
        with alone(compiled, lambda _: None):
            builds = [path for path in compiled.iterdir() if is_build(path.name)]
            for path in builds:
                rmtree(path)
    except Unfit as error:
        raise CannotCompile(str(error)) from error
    except OSError as error:
        raise CannotCompile(str(error)) from error
    return compiled, len(builds)


@contextmanager
def alone(compiled: Path, say: Say) -> Iterator[int]:
    """One build at a time, so that two don't do the same work; what others left half done is removed.

    The lock ends with its last holder, also if that is killed. A process that compiles holds it, too: if only the one that
    started it is killed, its files are in use until it ends.
    """
    lock = os.open(compiled / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another build is under way; waiting for its end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        for path in compiled.iterdir():
            if path.name.startswith(_UNDER_WAY):
                rmtree(path, ignore_errors=True)
        yield lock
    finally:
        os.close(lock)


def _there(compiled: Path) -> Built | None:
    """The build that is there already, if it fits and can be proved."""
    try:
        twin = fitting(compiled, root(), (LIBRARY, *HOT))
        return Built(twin, 0.0, *_proved(None))
    except (Unfit, CannotCompile):
        return None


def _built(compiled: Path, say: Say, lock: int) -> Built:
    say(f"compiling {len(HOT)} modules with mypyc {version('mypy')}; this takes a minute or two")
    started_s = perf_counter()
    work = Path(tempfile.mkdtemp(prefix=_UNDER_WAY, dir=compiled))
    try:
        caches = work / "cache"
        key = _copy(work / "source")
        modules = caches / "tontine" / "compiled" / key
        modules.mkdir(mode=0o700, parents=True)
        _compile(work / "source", work / "objects", modules, lock)
        took_s = perf_counter() - started_s
        _describe(modules)
        both = _proved(caches)
        final = compiled / key
        if final.exists():
            final.rename(work / "before")
        modules.rename(final)
        _remove_old(compiled)
        return Built(fitting(compiled, root(), (LIBRARY, *HOT)), took_s, *both)
    finally:
        rmtree(work, ignore_errors=True)


def _copy(target: Path) -> str:
    """Copy the rooms, so that nobody edits what is being compiled; the key of what was copied."""
    for name, path in sources(root()):
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(Path(path).read_bytes())
    return key_of(target)


def _compile(source: Path, objects: Path, modules: Path, lock: int) -> None:
    objects.mkdir()
    compiler = _compiler()
    assert compiler is not None
    environment = {**_environment("0"), "CC": compiler}
    done = subprocess.run(  # noqa: S603  # ourselves
        [sys.executable, "-m", "simulation.building", str(objects), str(modules)],
        cwd=source, env=environment, pass_fds=(lock,), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
    )  # fmt: skip
    if done.returncode:
        raise CannotCompile(f"the build failed\n{_last_lines(done.stdout)}")


def _describe(modules: Path) -> None:
    suffix = EXTENSION_SUFFIXES[0]
    names = sorted(str(path.relative_to(modules)) for path in modules.rglob(f"*{suffix}"))
    files = {name.removesuffix(suffix).replace("/", "."): name for name in names}
    about = {
        "mypyc": version("mypy"),
        "python": platform.python_version(),
        "built": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_manifest(modules, files, about)


def _proved(caches: Path | None) -> tuple[Proved, Proved]:
    """What processes find that run the source, and compiled modules; equal but for the time.

    Raises:
        CannotCompile: they are not.
    """
    source = _run_proof("0", None)
    compiled = _run_proof("1", caches)
    different = [name for name, found in source.hashes.items() if compiled.hashes.get(name) != found]
    if different:
        raise CannotCompile(
            f"compiled, {', '.join(different)} would not be the same market: the build is not kept"
        )
    return source, compiled


def _run_proof(wanted: str, caches: Path | None) -> Proved:
    environment = _environment(wanted)
    if caches is not None:
        environment["XDG_CACHE_HOME"] = str(caches)
    done = subprocess.run(  # ourselves
        [sys.executable, "-m", "simulation.proving"],
        cwd=root(), env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        errors="replace", check=False,
    )  # fmt: skip
    if done.returncode:
        what = "compiled modules" if wanted == "1" else "the source"
        raise CannotCompile(f"a run of {what} failed\n{_last_lines(done.stderr)}")
    return Proved(**json.loads(done.stdout))


def _environment(wanted: str) -> dict[str, str]:
    """Of a process of ours: with its own directory first on the path, and nobody's settings of types."""
    unwanted = ("MYPYPATH", "MYPY_CONFIG_FILE_DIR", "PYTHONSAFEPATH", "PYTHONWARNINGS")
    environment = {name: text for name, text in os.environ.items() if name not in unwanted}
    return {**environment, VARIABLE: wanted}


def _last_lines(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-_LINES:])


def _remove_old(compiled: Path) -> None:
    """All but those that were used last: every use leaves a date on the directory."""
    builds = [path for path in compiled.iterdir() if is_build(path.name)]
    builds.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in builds[_KEPT:]:
        rmtree(path, ignore_errors=True)

"""Where the compiled twins of modules lie, and whether they fit the source.

In: the directory with the rooms, the user's cache directory. Out: a ``Twin``, which is all files of one build, or ``Unfit``,
which says why there is none. Promised: a twin fits only the very source that it was built from, for its directory is named
by a hash of that; it is whole; and nobody else may write to it. Nothing is imported, built or changed here but the stamp that
saves reading everything again. Knows no module of the project.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from hashlib import blake2b
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from time import time_ns
from typing import Any, Final, NamedTuple

ROOMS: Final = ("exchange", "protocol", "simulation", "traders")
"""What a build reads: a compiled module knows the layouts and the constants of others."""

MANIFEST: Final = "manifest.json"
_STAMP: Final = "stamp"
_HASH_BYTES: Final = 16
_SETTLED_NS: Final = 2_000_000_000
"""A file that changed so lately may change again without a later time of change: file systems count in steps."""


class Unfit(Exception):
    """There are no compiled modules to be used; with the reason, as the end of a sentence."""


class Twin(NamedTuple):
    """The files of one build."""

    directory: Path
    files: Mapping[str, Path]
    """By the name of the module."""
    about: Mapping[str, str]
    """What built it, and when."""


def root() -> Path:
    """The directory with the rooms: a checkout, or where packages are installed."""
    return Path(__file__).resolve().parents[1]


def place() -> Path:
    """The directory of all twins; it need not exist.

    Raises:
        Unfit: the user has no cache directory.
    """
    named = os.environ.get("XDG_CACHE_HOME", "")
    try:
        # A relative one is to be ignored; XDG Base Directory Specification 0.8.
        caches = Path(named) if named.startswith("/") else Path.home() / ".cache"
    except RuntimeError as error:
        raise Unfit("there is no home directory, and XDG_CACHE_HOME names no other place") from error
    return caches / "tontine" / "compiled"


def sources(top: Path) -> Iterator[tuple[str, str]]:
    """All source files of the rooms: names relative to ``top``, and paths, in an order that depends on the names only."""
    for room in ROOMS:
        yield from _modules(str(top / room), f"{room}/")


def _modules(directory: str, prefix: str) -> Iterator[tuple[str, str]]:
    with os.scandir(directory) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.name.endswith((".py", ".h")):
            yield prefix + entry.name, entry.path
        elif entry.name != "__pycache__" and entry.is_dir():
            yield from _modules(entry.path, f"{prefix}{entry.name}/")


def key_of(top: Path) -> str:
    """Names a build: a hash of the source, the interpreter and the machine.

    Raises:
        OSError: a file can't be read.
    """
    digest = blake2b(digest_size=_HASH_BYTES)
    digest.update(f"{EXTENSION_SUFFIXES[0]}\0{os.uname().machine}\0".encode())
    for name, path in sources(top):
        text = _bytes_of(path)
        digest.update(f"{name}\0{len(text)}\0".encode())
        digest.update(text)
    return digest.hexdigest()


def write_manifest(directory: Path, files: Mapping[str, str], about: Mapping[str, str]) -> None:
    """Say what a build consists of: modules, and their files relative to ``directory``.

    Raises:
        OSError: it can't be written.
    """
    listed = {}
    for module, name in files.items():
        listed[module] = {"file": name, "hash": _hash(str(directory / name))}
    manifest = json.dumps({"about": dict(about), "files": listed}, indent=1)
    (directory / MANIFEST).write_text(f"{manifest}\n", encoding="utf-8")


def fitting(compiled: Path, top: Path, modules: Iterable[str], *, settled_ns: int = _SETTLED_NS) -> Twin:
    """The twin of the source as it is now, which has all of ``modules``.

    What has not been touched since it was last read is not read again; what was touched within ``settled_ns``, always.

    Raises:
        Unfit: there is none, or it is not whole, or others may write to it.
    """
    try:
        with os.scandir(compiled) as entries:
            builds = sorted(entry.name for entry in entries if is_build(entry.name))
    except OSError:
        builds = []
    if not builds:
        raise Unfit(f"there are none in {compiled}")
    try:
        _check_owner(compiled)
        stamp = _stamp(sources(top), settled_ns)
        seen = {name: _stamps(compiled / name) for name in builds}
        key = next((name for name in builds if stamp and seen[name][0] == stamp), None) or key_of(top)
        if key not in builds:
            raise Unfit(f"those in {compiled} are of another source, or of another Python")
        directory = compiled / key
        _check_owner(directory)
        twin, hashes = _read(directory, modules)
        stamps = stamp, _stamp(((name, str(path)) for name, path in twin.files.items()), settled_ns)
        if not all(stamps) or stamps != seen[key]:
            for name, path in twin.files.items():
                if _hash(str(path)) != hashes[name]:
                    raise Unfit(f"{path} is not what was built")
            if all(stamps):
                _keep_stamps(directory, stamps)
        with suppress(OSError):
            os.utime(directory)  # a later build removes those that nobody used for longest
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unfit(f"what is in {compiled} can't be read: {type(error).__name__}: {error}") from error
    return twin


def is_build(name: str) -> bool:
    """Whether a directory of that name is a finished build: not one under way, and not the lock."""
    return len(name) == 2 * _HASH_BYTES and set(name) <= set("0123456789abcdef")


def _read(directory: Path, modules: Iterable[str]) -> tuple[Twin, dict[str, str]]:
    """What the manifest says, and the hash of each file."""
    manifest: dict[str, Any] = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    files = {str(name): directory / str(one["file"]) for name, one in manifest["files"].items()}
    hashes = {str(name): str(one["hash"]) for name, one in manifest["files"].items()}
    missing = [name for name in modules if name not in files]
    if missing:
        raise Unfit(f"{directory} has no {missing[0]}")
    return Twin(directory, files, {str(name): str(text) for name, text in manifest["about"].items()}), hashes


def _check_owner(directory: Path) -> None:
    """Code from there is run: it has to be from us, or from who may do anything."""
    state = directory.stat()
    if state.st_uid not in (os.geteuid(), 0) or state.st_mode & 0o022:
        raise Unfit(f"others may write to {directory}")


def _stamp(files: Iterable[tuple[str, str]], settled_ns: int) -> str:
    """Equal while no file was touched; empty if one was just now, and may be again without a trace.

    In no file system can a program set the time of change: a file that was put back with its old date shows.
    """
    digest = blake2b(f"{EXTENSION_SUFFIXES[0]}\0{os.uname().machine}\n".encode(), digest_size=_HASH_BYTES)
    newest_ns = 0
    for name, path in files:
        state = os.stat(path)  # noqa: PTH116  # of 400 files: a Path for each would cost as much as the rest
        times_ns = state.st_mtime_ns, state.st_ctime_ns
        digest.update(f"{name}\0{state.st_ino}\0{state.st_size}\0{times_ns}\n".encode())
        newest_ns = max(newest_ns, *times_ns)
    return digest.hexdigest() if time_ns() - newest_ns > settled_ns else ""


def _stamps(directory: Path) -> tuple[str, str]:
    """Of the source and of the build, as they were when they were last read and fitted."""
    try:
        first, _, second = (directory / _STAMP).read_text(encoding="ascii").strip().partition(" ")
    except (OSError, ValueError):
        return "", ""
    return first, second


def _keep_stamps(directory: Path, stamps: tuple[str, str]) -> None:
    """Where it can't be written, everything is read the next time, too."""
    temporary = directory / f"{_STAMP}.{os.getpid()}"
    with suppress(OSError):
        temporary.write_text(" ".join(stamps), encoding="ascii")
        temporary.replace(directory / _STAMP)


def _hash(path: str) -> str:
    return blake2b(_bytes_of(path), digest_size=_HASH_BYTES).hexdigest()


def _bytes_of(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123  # as above
        return file.read()

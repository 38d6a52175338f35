"""Builds of compiled modules that nobody compiled, and processes that meet them."""

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from simulation.twins import ROOMS, root, write_manifest


def a_source(top: Path) -> Path:
    """Rooms with a module each, and a module in a package of one of them."""
    for room in ROOMS:
        (top / room).mkdir(parents=True)
        (top / room / "one.py").write_text(f'"""Of {room}."""\n', encoding="utf-8")
    (top / "exchange" / "engine").mkdir()
    (top / "exchange" / "engine" / "two.py").write_text("x = 2\n", encoding="utf-8")
    return top


def a_build(directory: Path, modules: Iterable[str], content: bytes = b"compiled") -> Path:
    """A complete build whose files all have the same content."""
    directory.mkdir(mode=0o700)
    files = {name: f"{name.replace('.', '/')}{EXTENSION_SUFFIXES[0]}" for name in modules}
    for file in files.values():
        path = directory / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    write_manifest(directory, files, {"mypyc": "none"})
    return directory


def site_without(package: str, target: Path) -> Path:
    """A directory with all packages of this Python but one."""
    target.mkdir()
    for site in (Path(text) for text in sys.path if text.endswith("-packages")):
        for path in sorted(site.iterdir()):
            if path.name != package and not path.name.startswith(f"{package}-"):
                link = target / path.name
                if not link.exists():
                    link.symlink_to(path)
    return target


def environment(caches: Path, **more: str) -> dict[str, str]:
    """Of a process whose user has these caches, and no opinion on compiled modules."""
    kept = {name: text for name, text in os.environ.items() if name not in ("TONTINE_COMPILED", "CC")}
    return {**kept, "XDG_CACHE_HOME": str(caches), **more}


def told(program: str, env: Mapping[str, str]) -> list[str]:
    """The words that a program prints, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root(), env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()

"""The part of ``tontine compile`` that runs in a process of its own: from modules to C, from C to extension modules.

In: two directories, as arguments; the working directory is a copy of the rooms. Out: extension modules below the second one,
what comes about on the way below the first. What mypyc and the C compiler have to say they print. The C that mypyc writes is
compiled as it is, but for one line: it includes ``native.h``. Reads no configuration of the project or of the user.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from simulation.native import HOT, LIBRARY

_LIBRARY_ENDS: Final = "__mypyc"
"""How mypyc names the library of a group."""

_MYPY: Final = """[mypy]
namespace_packages = true
explicit_package_bases = true
mypy_path = $MYPY_CONFIG_FILE_DIR
ignore_missing_imports = true
"""
"""Enough to know the types; to be strict with them is the business of ``make types``."""


_SHORTCUTS: Final = Path(__file__).resolve().with_name("native.h")


def build(objects: Path, modules: Path, names: Iterable[str] = HOT, library: str = LIBRARY) -> None:
    """Compile modules of the working directory.

    Raises:
        SystemExit: mypyc found something that it can't compile, or writes its C another way than it did.
    """
    from mypyc.build import mypycify
    from setuptools import Distribution
    from setuptools.command.build_ext import build_ext

    configuration = Path("mypy.ini")
    configuration.write_text(_MYPY, encoding="utf-8")
    paths = [f"{name.replace('.', '/')}.py" for name in names]
    group = library.removesuffix(_LIBRARY_ENDS)
    extensions = mypycify(
        [*paths, "--config-file", str(configuration), "--cache-dir", str(objects / "types")],
        opt_level="2",
        debug_level="0",
        target_dir=str(objects),
        group_name=group,
    )
    _take_shortcuts(objects / f"__native_{group}.c", f'#include "__native_internal_{group}.h"\n')
    for extension in extensions:
        # Two roundings are two roundings: a product and a sum in one step would be another market on some processors.
        extension.extra_compile_args.append("-ffp-contract=off")
        extension.extra_compile_args.append("-fvisibility=hidden")  # nobody else calls what is in there
        if sys.platform == "darwin":
            extension.extra_link_args.append("-Wl,-x")  # names nobody reads
        else:
            # Calls within the library go straight to where they go: up to a tenth of an auction's time.
            extension.extra_compile_args.append("-fno-semantic-interposition")
            extension.extra_link_args += ["-s", "-Wl,-Bsymbolic"]
    command = build_ext(Distribution({"name": "tontine-compiled", "ext_modules": extensions}))
    command.build_lib, command.build_temp, command.parallel = str(modules), str(objects), 2
    command.ensure_finalized()
    command.run()


def _take_shortcuts(code: Path, last_include: str) -> None:
    """Have ``native.h`` included before the code of the modules."""
    text = code.read_text(encoding="utf-8") if code.exists() else ""
    if text.count(last_include) != 1:
        raise SystemExit(f"mypyc wrote no {code.name}, or not with {last_include.strip()}")
    code.write_text(text.replace(last_include, f'{last_include}#include "{_SHORTCUTS}"\n'), encoding="utf-8")


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))

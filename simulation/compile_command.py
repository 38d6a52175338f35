"""What ``tontine compile`` does.

In: what was typed. Out: lines on the terminal; whether it went well.
"""

import os
import sys

from simulation import native
from simulation.compiling import Built, CannotCompile, build, remove
from simulation.proving import TIMED, TIMED_S
from simulation.twins import Unfit


def compile_modules() -> bool:
    """Build and prove."""
    try:
        built = build(_say)
    except CannotCompile as error:
        return _complain(str(error))
    where = built.twin.directory
    _say(f"compiled in {built.took_s:,.0f} s: {where}" if built.took_s else f"already compiled: {where}")
    _say(f"the same {len(built.source.hashes)} markets either way; {_times(built)}")
    _warn_if_off()
    return True


def remove_modules() -> bool:
    """Remove every build."""
    try:
        place, count = remove()
    except CannotCompile as error:
        return _complain(str(error))
    _say(f"removed {count} {'build' if count == 1 else 'builds'} from {place}")
    return True


def check_modules() -> bool:
    """Say whether there are compiled modules that fit; this process imports them to find out."""
    try:
        twin = native.use()
    except Unfit as unfit:
        return _complain(f"no compiled modules: {unfit}")
    about = ", ".join(f"{name} {text}" for name, text in twin.about.items())
    _say(f"compiled modules fit: {len(native.HOT)} in {twin.directory} ({about})")
    _warn_if_off()
    return True


def _times(built: Built) -> str:
    source_s, compiled_s = built.source.timed_s, built.compiled.timed_s
    return (
        f"{TIMED_S:,.0f} s of {TIMED} in {source_s:.2f} s from the source, in {compiled_s:.2f} s compiled: "
        f"{source_s / compiled_s:.1f} times as fast"
    )


def _warn_if_off() -> None:
    if os.environ.get(native.VARIABLE) == "0":
        _say(f"{native.VARIABLE}=0 in the environment: they are not used")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # a command's answer


def _complain(text: str) -> bool:
    print(f"tontine: {text}", file=sys.stderr)  # noqa: T201  # as above
    return False

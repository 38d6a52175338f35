"""Other versions of Python on this machine, to run the same on.

In: what is on the path, and ``TONTINE_PYTHONS``, more of them. Out: those that have the libraries.
"""

import os
import shutil
import subprocess
from functools import cache


def others() -> list[str]:
    """Other versions of Python that have what the simulation needs."""
    found = [shutil.which(name) for name in ("python3.11", "python3.12", "python3.13", "python3.14")]
    extra = os.environ.get("TONTINE_PYTHONS", "").split(os.pathsep)
    return [python for python in (*found, *extra) if python and _can_run(python)]


@cache
def _can_run(python: str) -> bool:
    probe = subprocess.run(  # an interpreter
        [python, "-c", "import msgspec, pydantic, structlog"], capture_output=True, check=False
    )
    return probe.returncode == 0

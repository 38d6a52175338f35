"""The tutorial about strategies, typed in: docs/tutorial/your-first-strategy.md.

In: the page. Out: the page with what its commands print now, in an empty directory with the files of the page. ``python -m
tests.support.tutorial --update`` writes it; a test compares. Times by the wall clock are left out of the comparison.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "tutorial" / "your-first-strategy.md"

_FILE: Final = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)
_RUN: Final = re.compile(r"<!-- run -->\n```console\n\$ (.*?)\n(.*?)```", re.DOTALL)
_TIMES: Final = re.compile(
    r"in \d[\d.,]* s, \d[\d.,]* times as fast|in \d[\d.]*s|, [\d,]+ events$", re.MULTILINE
)


def files(page: str) -> dict[str, str]:
    """Files that the page has one write, by name."""
    return dict(_FILE.findall(page))


def typed_in(page: str, directory: Path) -> str:
    """The page with what its commands print."""
    for name, text in files(page).items():
        (directory / name).write_text(text, encoding="utf-8")

    def run(found: re.Match[str]) -> str:
        command = found[1].replace("tontine", f"{sys.executable} -m tontine", 1)
        command = re.sub(r"^python ", f"{sys.executable} ", command)
        done = subprocess.run(
            command.split(),
            capture_output=True,
            text=True,
            check=False,
            cwd=directory,
            env={
                **os.environ,
                "PYTHONPATH": f"{ROOT}{os.pathsep}{directory}",
                "COLUMNS": "110",
                "NO_COLOR": "1",
                "PYTEST_ADDOPTS": "",
            },
        )
        if "Traceback" in done.stderr:
            raise RuntimeError(f"{found[1]}\n{done.stderr}")
        lines = [line.rstrip() for line in (done.stdout or done.stderr).strip("\n").splitlines()]
        return f"<!-- run -->\n```console\n$ {found[1]}\n" + "".join(f"{line}\n" for line in lines) + "```"

    return _RUN.sub(run, page)


def timeless(page: str) -> str:
    """Without what depends on the machine's speed."""
    return _TIMES.sub("in no time", page)


def main(words: list[str]) -> int:
    """Check the page, or bring it up to date."""
    page = PAGE.read_text(encoding="utf-8")
    with TemporaryDirectory() as directory:
        anew = typed_in(page, Path(directory))
    stale = timeless(anew) != timeless(page)
    if stale and "--update" in words:
        PAGE.write_text(anew, encoding="utf-8")
    if stale:
        sys.stderr.write(
            f"{PAGE.name}: {'brought up to date' if '--update' in words else 'is not up to date'}\n"
        )
    return int(stale and "--update" not in words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

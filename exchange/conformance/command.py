"""``tontine conform``: runs market situations out of files and says which the venue gets right.

In: paths. Out: a line for each case that failed, then the counts; and whether none failed. All files are
read before the first case runs.
"""

from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.text import Text

from exchange.conformance.cases import Case, read
from exchange.conformance.check import Ending, run
from exchange.conformance.show import show_case, show_line
from protocol.errors import ConfigError


def conform(
    paths: list[Path], *, show: str | None = None, verbose: bool = False, console: Console | None = None
) -> bool:
    """Run all cases, or show the one named ``show``, step by step.

    Raises:
        ConfigError: a file or a line in it can't be read, or there is no case of that name. Nothing was run.
    """
    console = console or Console(highlight=False)
    cases = read(paths)
    if show is not None:
        return _show(cases, show, console)
    times = Counter(case.id for case in cases)
    endings: Counter[Ending] = Counter()
    for case in cases:
        verdict = run(case)
        endings[verdict.ending] += 1
        if verdict.ending is Ending.FAILED or (verbose and verdict.ending is Ending.SKIPPED):
            # Files may hold cases of the same name; then only the place tells which this is.
            show_line(console, verdict, case.id if times[case.id] == 1 else f"{case.id} ({case.place})")
    counts = ", ".join(f"{endings[ending]} {ending.value}" for ending in Ending)
    console.print(Text(counts), soft_wrap=True)
    return not endings[Ending.FAILED]


def _show(cases: list[Case], name: str, console: Console) -> bool:
    verdicts = [run(case) for case in cases if case.id == name]
    if not verdicts:
        raise ConfigError("--show", f"no case {name!r} in these files")
    for number, verdict in enumerate(verdicts):
        if number:
            console.rule()
        show_case(console, verdict)
    return all(verdict.ending is not Ending.FAILED for verdict in verdicts)

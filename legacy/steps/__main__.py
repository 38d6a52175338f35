"""``python -m legacy.steps``: lists the steps; with a number, ``04``, it runs one.

In: the command line. Out: lines on standard output; exit status 0, 1 if something failed, 2 for wrong use. What goes wrong is
one line on standard error.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from legacy.steps.registry import PACKAGE, Out, load, steps
from protocol.errors import ConfigError


def run(arguments: Sequence[str], out: Out) -> int:
    """Do what the command line says; every line goes to ``out``. Returns the exit status."""
    wanted = _parser().parse_args(arguments)
    try:
        if wanted.number is not None:
            _run_one(wanted.number, wanted.trace, wanted.svg, out)
        elif wanted.trace or wanted.svg is not None:
            raise ConfigError("--trace", "needs the number of a step")
        else:
            _list(out)
        sys.stdout.flush()
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except BrokenPipeError:
        # Whoever read our output, ``head`` for one, has seen enough. What is still buffered goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m {PACKAGE}", description="From yield to await in small steps, each of which trades."
    )
    parser.add_argument("number", nargs="?", type=int, help="run this step; left out: list them all")
    parser.add_argument(
        "--trace", action="store_true", help="draw the schedule: who ran, why it parked, what woke it"
    )
    parser.add_argument("--svg", type=Path, metavar="FILE", help="with --trace: draw it into a file, too")
    return parser


def _list(out: Out) -> None:
    out(f"From yield to await. Run a step with its number: python -m {PACKAGE} 04")
    out("")
    for step in steps():
        out(f"{step.label}  {step.title}")
        out(f"    {step.line.replace('``', '')}")


def _run_one(number: int, trace: bool, svg: Path | None, out: Out) -> None:
    step = load(number)
    if svg is not None and not trace:
        raise ConfigError("--svg", "needs --trace")
    if not trace:
        step.main(out)
    elif step.trace is None:
        raise ConfigError("--trace", f"step {step.label} has no schedule to draw")
    else:
        step.trace(out, svg)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], print))

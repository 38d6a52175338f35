"""Pages whose code is included from the source and whose output was printed: nothing in them is pasted.

    python -m tests.support.included --update docs/from-yield-to-await.md

In: a page with markers. Out: the page with what each of them stands for behind it.

    <!-- code: legacy/traps.py:flow, trap -->   functions, classes, methods (``Class.method``), constants of a file
    <!-- output: 04 -->                         what ``python -m legacy.steps 04`` prints
    <!-- output: 04, first 7 -->                the first lines of that
    <!-- output: 04, first 7, last 4 -->        the first and the last lines of that
    <!-- missing: 04 -->                        what was still missing after that step, as its module says

What stands behind a marker is replaced. Without ``--update`` it is an error if that changes anything.
"""

import ast
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from legacy.steps.__main__ import run
from legacy.steps.registry import load

ROOT: Final = Path(__file__).parents[2]

_MARKED: Final = re.compile(
    r"^<!-- (code|output): (.+?) -->\n(?:```\w*\n(?:.*\n)*?```\n)?"
    r"|^<!-- (missing): (.+?) -->\n(?:\*\*Still missing\.\*\*.*\n)?",
    re.MULTILINE,
)

_FOR_TOOLS: Final = re.compile(r"  # (?:noqa|type: ignore|fmt:)[^#]*(?=  #|$)")
"""What only tools want to read, at the end of a line."""


class Missing(LookupError):
    """A page includes what is not there."""


def included(page: str) -> str:
    """The page, with everything it includes as it is now.

    Raises:
        Missing: a marker names something that does not exist.
    """
    return _MARKED.sub(_filled, page)


def _filled(found: re.Match[str]) -> str:
    kind, what = found[1] or found[3], found[2] or found[4]
    marker = f"<!-- {kind}: {what} -->\n"
    match kind:
        case "code":
            path, _, names = what.partition(":")
            code = "\n\n\n".join(source_of(path, name) for name in names.split(", "))
            return f"{marker}```python\n{code}\n```\n"
        case "output":
            arguments, _, most = what.partition(", first ")
            first, _, last = most.partition(", last ")
            lines = output_of(arguments).splitlines()
            if first:
                lines = [*lines[: int(first)], "...", *(lines[-int(last) :] if last else [])]
            shown = "\n".join(lines)
            return f"{marker}```console\n$ python -m legacy.steps {arguments}\n{shown}\n```\n"
        case _:
            return f"{marker}**Still missing.** {missing_after(what)}\n"


# -- code ------------------------------------------------------------------------------------------
def source_of(path: str, name: str) -> str:
    """The source of a function, class, method or constant, with its decorators, without what is written for tools.

    Raises:
        Missing: there is no such file, or nothing of that name in it.
    """
    try:
        text = (ROOT / path).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise Missing(f"there is no {path}") from error
    node: ast.AST = ast.parse(text)
    for part in name.split("."):
        node = _child(node, part, f"there is no {name} in {path}")
    assert isinstance(node, ast.stmt)
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(one.lineno for one in decorators)])
    assert node.end_lineno is not None
    lines = (_FOR_TOOLS.sub("", line) for line in text.splitlines()[first - 1 : node.end_lineno])
    return textwrap.dedent("\n".join(lines))


def _child(node: ast.AST, name: str, complaint: str) -> ast.AST:
    for child in ast.iter_child_nodes(node):
        if name in _names_of(child):
            return child
    raise Missing(complaint)


def _names_of(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
            yield name
        case ast.Assign(targets=[ast.Tuple(names)]):
            yield from (one.id for one in names if isinstance(one, ast.Name))
        case ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)):
            yield name


# -- steps -----------------------------------------------------------------------------------------
def output_of(arguments: str) -> str:
    """What ``python -m legacy.steps ARGUMENTS`` prints.

    Raises:
        Missing: it fails.
    """
    lines: list[str] = []
    status = run(arguments.split(), lines.append)
    if status:
        raise Missing(f"python -m legacy.steps {arguments} ended with {status}")
    return "\n".join(line.rstrip() for line in lines)


def missing_after(number: str) -> str:
    """The sentence ``MISSING`` of a step, in the form of a page."""
    missing = load(int(number)).missing
    return re.sub(r"``(.+?)``", r"`\1`", " ".join(missing.split()))


# -- the command -----------------------------------------------------------------------------------
def main(words: list[str]) -> int:
    """Check pages, or bring them up to date; how many were not."""
    update = "--update" in words
    stale = 0
    for name in (word for word in words if word != "--update"):
        path = Path(name)
        page = path.read_text(encoding="utf-8")
        anew = included(page)
        if anew != page:
            stale += 1
            if update:
                path.write_text(anew, encoding="utf-8")
            sys.stderr.write(f"{name}: {'brought up to date' if update else 'is not up to date'}\n")
    return 0 if update else stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

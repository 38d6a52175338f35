"""Looking into a kernel that runs: which tasks there are, and where one of them waits.

In: a line over a local socket, ``ps`` or ``where 12``. Out: lines of text. The monitor is a task like all others, so what it
shows is one moment: while it looks nobody else runs. Whoever may open the socket may look; nobody else: its mode is 0600.

``python -m legacy.monitor SOCKET ps`` asks from another terminal.
"""

import argparse
import linecache
import os
import socket
import stat
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from legacy.errors import KernelError
from legacy.kernel import Kernel
from legacy.streams import Listener, Stream
from legacy.task import Task
from legacy.traps import current_kernel, flow, spawn, timeout

PATIENCE_S: Final = 5.0
"""So long a visitor may take for his question, and again for reading the answer."""

MOST_ROWS: Final = 2_000
"""More would hold up the tasks themselves: a row costs some microseconds."""

LONGEST_QUESTION: Final = 200


# -- what is shown ---------------------------------------------------------------------------------
def ps(kernel: Kernel) -> Iterator[str]:
    """The task table, oldest first."""
    yield f"{'id':>6} {'parent':>6}  {'state':8} {'generator':10} {'name':32} waits for"
    for number, task in enumerate(list(kernel.tasks.values())):
        if number == MOST_ROWS:
            yield f"... and {len(kernel.tasks) - MOST_ROWS} more"
            return
        parent = "" if task.parent is None else str(task.parent.id)
        yield (
            f"{task.id:>6} {parent:>6}  {task.state.value:8} {task.generator_state():10} {task.name:32} {_wish(task)}"
        ).rstrip()


def where(task: Task[Any]) -> Iterator[str]:
    """The stack of a task through every ``yield from`` and ``await``, outermost first."""
    yield f"task {task.id} {task.name}, {task.state.value}" + (
        f", waits for {wish}" if (wish := _wish(task)) else ""
    )
    for frame in task.where():
        yield f"  {frame.function}, {frame.file}:{frame.line}"
        if code := linecache.getline(frame.file, frame.line).strip():
            yield f"    {code}"


def _wish(task: Task[Any]) -> str:
    wish = task.wish()
    return "" if wish == "nothing" else wish


def answer(kernel: Kernel, question: str) -> Iterable[str]:
    """What there is to say to a question."""
    match question.split():
        case ["ps"]:
            return ps(kernel)
        case ["where", number] if number.isdecimal():
            task = kernel.tasks.get(int(number))
            return [f"there is no task {number}"] if task is None else where(task)
    return [f"what is {question.strip()[:40]!r}? ps, or where and the number of a task"]


# -- the task --------------------------------------------------------------------------------------
@flow
def monitor(path: Path) -> Generator[Any, Any, None]:
    """Answers questions at a local socket until it is cancelled. ``path`` is gone then.

    Raises:
        OSError: the socket can't be made there; somebody listens at it, for instance.
    """
    kernel = yield from current_kernel()
    yield from monitor_at(open_at(path, kernel), path)


@flow
def monitor_at(listener: Listener, path: Path) -> Generator[Any, Any, None]:
    """As ``monitor``, at a socket that is open already."""
    kernel = yield from current_kernel()
    try:
        while True:
            visitor = yield from listener.accept()
            yield from spawn(_attend(visitor, kernel), name="visitor of the monitor")
    finally:
        listener.close()
        path.unlink(missing_ok=True)


def open_at(path: Path, kernel: Kernel) -> Listener:
    """The socket, for its owner only.

    Raises:
        OSError: as ``monitor``.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _clear(path)
        sock.bind(str(path))
        path.chmod(stat.S_IRUSR | stat.S_IWUSR)  # nobody can have come before: it does not listen yet
        sock.listen(8)
    except BaseException:
        sock.close()
        raise
    return Listener(sock, kernel)


def _clear(path: Path) -> None:
    """Remove the socket of a program that was killed; not of one that lives."""
    if path.is_socket():
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)


@flow
def _attend(visitor: Stream, kernel: Kernel) -> Generator[Any, Any, None]:
    try:
        question = yield from timeout(PATIENCE_S, _question(visitor))
        text = "".join(f"{line}\n" for line in answer(kernel, question))
        yield from timeout(PATIENCE_S, visitor.write(text.encode(errors="replace")))
    except (OSError, KernelError):  # he has gone, or takes too long (TimeoutError is an OSError)
        pass
    finally:
        visitor.close()


@flow
def _question(visitor: Stream) -> Generator[Any, Any, str]:
    """His first line."""
    question = b""
    while b"\n" not in question and len(question) < LONGEST_QUESTION:
        piece = yield from visitor.read(LONGEST_QUESTION)
        if not piece:
            break
        question += piece
    return question.partition(b"\n")[0].decode(errors="replace")


# -- the command -----------------------------------------------------------------------------------
def ask(path: Path, question: str) -> str:
    """Ask the monitor of another program.

    Raises:
        OSError: nobody answers there.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(2 * PATIENCE_S)
        sock.connect(str(path))
        sock.sendall(f"{question}\n".encode())
        with sock.makefile("rb") as lines:
            return lines.read().decode(errors="replace")


def run(arguments: Sequence[str]) -> int:
    """The command; returns the exit status: 1 if nobody answers."""
    parser = argparse.ArgumentParser(
        prog="python -m legacy.monitor", description="Look into a kernel that runs."
    )
    parser.add_argument("socket", type=Path, help="where its monitor listens")
    parser.add_argument("question", nargs="+", metavar="ps | where ID", help="all tasks, or the stack of one")
    wanted = parser.parse_args(arguments)
    try:
        sys.stdout.write(ask(wanted.socket, " ".join(wanted.question)))
    except BrokenPipeError:  # whoever reads the answer has seen enough
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        sys.stderr.write(f"{wanted.socket}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))

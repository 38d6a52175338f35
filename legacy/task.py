"""The record of a task: who it is, how far it is, what it waits for, what became of it.

In: a generator or a coroutine. Out: its result or its error, kept apart. Changed by the kernel only; anybody may look.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Awaitable, Generator, Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, TypeVar, cast

from legacy.errors import ChildCancelled, TaskCancelled, TaskClosed

if TYPE_CHECKING:
    from legacy.kernel import Kernel
    from legacy.traps import Trap
    from legacy.waiting import WaitQueue

T = TypeVar("T")

TIMES_CLOSED: Final = 100
"""A generator that yields while it is closed is closed again, which brings it to its next ``finally``; so often, at most."""

Target = Generator[Any, Any, T] | Awaitable[T]


class TaskState(Enum):
    """How far a task is."""

    READY = "ready"  # stands in the queue
    RUNNING = "running"
    PARKED = "parked"  # waits for something
    ENDING = "ending"  # its target has ended, its children have not
    ENDED = "ended"


class Place(Protocol):
    """Where a parked task stands: a queue, a timer, a file."""

    def forget(self, task: Task[Any]) -> None:
        """It does not stand there any more."""
        ...


class Frame(NamedTuple):
    """Where one of the generators of a task waits, for the one below it."""

    function: str
    file: str
    line: int


class Task(Generic[T]):
    """One flow of control."""

    __slots__ = (
        "cancellation", "children", "error", "id", "is_told_to_end", "joiners", "kernel", "name", "parent", "pending_cancel", "place", "result", "state",
        "target", "thrown", "value", "waits_for",
    )  # fmt: skip

    def __init__(self, id: int, name: str, target: Target[T], kernel: Kernel) -> None:  # noqa: A002
        self.id = id
        self.name = name
        self.target = cast("Generator[Any, Any, T]", target)
        self.kernel = kernel
        self.state = TaskState.READY
        self.parent: Task[Any] | None = None
        self.children: dict[Task[Any], None] | None = None
        self.joiners: WaitQueue | None = None
        self.waits_for: Trap[Any] | None = None
        """What it asked for and has no answer to yet."""
        self.place: Place | None = None
        """Where it is parked."""
        self.value: Any = None
        """The answer it gets when it is resumed."""
        self.thrown: BaseException | None = None
        """Raised in it when it is resumed, instead of an answer."""
        self.pending_cancel: BaseException | None = None
        """To be raised in it at its next trap: what was given to it before that is not lost."""
        self.cancellation: TaskCancelled | None = None
        """The strongest there was: it counts, even if a weaker one was raised while the task cleaned up."""
        self.is_told_to_end = False
        """Cancelled because its parent, or the kernel, ends; that is done once."""
        self.result: T | None = None
        self.error: BaseException | None = None
        """What it raised. Beside ``result``: an exception can be a result like anything else."""

    def __repr__(self) -> str:
        return f"<task {self.id} {self.name} {self.state.value}>"

    @property
    def is_ended(self) -> bool:
        """Whether it has a result or an error."""
        return self.state is TaskState.ENDED

    def cancel(self) -> bool:
        """As the function ``cancel``, from code that is no task."""
        return self.kernel.cancel(self)

    def outcome(self) -> T:
        """What it returned.

        Raises:
            whatever it raised.
        """
        if self.error is not None:
            raise self.error
        return cast("T", self.result)

    def seen_by_joiner(self) -> BaseException | None:
        """What joining it raises, once it has ended."""
        if isinstance(self.error, TaskCancelled | KeyboardInterrupt | SystemExit):
            return ChildCancelled(f"task {self.id} {self.name} was {_how(self.error)}")
        return self.error

    def wish(self) -> str:
        """What it waits for, in words."""
        if self.waits_for is None:
            return "its children" if self.state is TaskState.ENDING else "nothing"
        return str(self.waits_for)

    def close(self) -> BaseException | None:
        """Close its generator, whatever it yields meanwhile; what it raised, or why it can't be closed."""
        failure: BaseException | None = None
        for _ in range(TIMES_CLOSED):
            try:
                self.target.close()
                return None
            except BaseException as error:  # noqa: BLE001  # the task's, for the kernel to tell
                failure = error
            if self.generator_state() == "closed":
                break
        return failure

    def generator_state(self) -> str:
        """The state of its generator as the interpreter tells it: created, running, suspended, closed."""
        return state_of(self.target)

    def where(self) -> list[Frame]:
        """Where it is: the frames of its generators, from its first function through every ``yield from`` or ``await`` to the trap."""
        return list(frames_of(self.target))


def _how(error: BaseException) -> str:
    return str(error) if isinstance(error, TaskCancelled) else "interrupted"


def check_target(target: object) -> None:
    """Whether it can be run.

    Raises:
        TaskClosed: it has ended already, or somebody runs it.
        TypeError: it is neither a generator nor a coroutine.
    """
    if not isinstance(target, types.GeneratorType | types.CoroutineType):
        raise TypeError(f"a task runs a generator or a coroutine, not {target!r:.80}; was it not called?")
    state = state_of(target)
    if state in ("closed", "running"):
        raise TaskClosed(f"{target.__qualname__} can't be run: it is {state}")


def state_of(target: object) -> str:
    """``created``, ``running``, ``suspended`` or ``closed``."""
    if isinstance(target, types.CoroutineType):
        return inspect.getcoroutinestate(target).removeprefix("CORO_").lower()
    assert isinstance(target, types.GeneratorType)
    return inspect.getgeneratorstate(target).removeprefix("GEN_").lower()


def frames_of(target: object) -> Iterator[Frame]:
    """The generators that wait for one another, outermost first."""
    while isinstance(target, types.GeneratorType | types.CoroutineType):
        if isinstance(target, types.GeneratorType):
            frame, below = target.gi_frame, target.gi_yieldfrom
        else:
            frame, below = target.cr_frame, target.cr_await
        if frame is None:
            return
        yield Frame(target.__qualname__, frame.f_code.co_filename, frame.f_lineno)
        target = below

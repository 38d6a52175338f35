"""What goes wrong in the legacy runtime itself; whatever belongs to the market is in ``protocol.errors``.

TaskCancelled          a BaseException: passes through every ``except Exception``
KernelError
├── NotATrap               a task yielded something that the kernel can't answer
├── JoinsItself            a task waits for its own end
├── TaskClosed             a target that has ended, or is at work, was to be run
├── ChildCancelled         a task that was joined had been cancelled
├── BadDescriptor          a file descriptor is closed, or was closed while a task waited for it
├── DescriptorBusy         a second task wants to wait for the same
├── Deadlocked             every task waits for another one
└── QueueClosed            nothing will come any more, or may be put
"""

from typing import Any


class TaskCancelled(BaseException):
    """Raised in a task that is to end. ``reason``: what cancelled it, a timer for instance; ``None``: somebody."""

    def __init__(self, reason: object = None) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return "cancelled" if self.reason is None else f"cancelled by {self.reason}"


class KernelError(Exception):
    """Something was asked of the kernel that can't be."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return self.text


class NotATrap(KernelError):
    """A task yielded something else than a trap."""

    def __init__(self, yielded: Any) -> None:
        super().__init__(
            f"a task may yield traps only, and yielded {yielded!r:.80}; was a 'yield from' forgotten?"
        )


class JoinsItself(KernelError):
    """A task would wait for its own end, for ever."""


class TaskClosed(KernelError):
    """What was to be run has ended already, or is being run."""


class ChildCancelled(KernelError):
    """A task that was joined did not come to an end of its own: it was cancelled."""


class BadDescriptor(KernelError):
    """There is no such open file."""


class DescriptorBusy(KernelError):
    """Another task waits for the same file, in the same direction."""


class Deadlocked(KernelError):
    """No task can go on, and nothing will ever wake one."""


class QueueClosed(KernelError):
    """The queue was closed, and is empty."""

"""Work in threads: what would block the kernel, such as looking up a name, waits elsewhere.

In: a function. Out: its result, to the task that asked. A task that is cancelled meanwhile goes on at once; the thread works to its end,
and nobody learns of it.
"""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from legacy.errors import KernelError
from legacy.traps import current_kernel, flow
from legacy.waiting import Future

T = TypeVar("T")


@flow
def in_thread(
    pool: ThreadPoolExecutor, function: Callable[..., T], *arguments: Any
) -> Generator[Any, Any, T]:
    """What ``function`` returns, which is called by a thread of ``pool``.

    Raises:
        whatever it raises.
        KernelError: the pool was shut down before a thread came to it.
    """
    kernel = yield from current_kernel()
    answer: Future[T] = Future(f"a thread to do {getattr(function, '__name__', 'its work')}")

    def tell() -> None:
        kernel.expect(-1)
        if job.cancelled():
            answer.set_error(KernelError("the threads were shut down before one of them came to it"))
        elif (error := job.exception()) is not None:
            answer.set_error(error)
        else:
            answer.set_result(job.result())

    job = pool.submit(function, *arguments)
    kernel.expect()
    job.add_done_callback(lambda done: kernel.post(tell))
    try:
        return (yield from answer.wait())
    finally:
        job.cancel()  # if no thread has come to it yet, none has to

"""Work in threads: what would block the kernel, such as looking up a name, waits elsewhere.

In: a function. Out: its result, to the task that asked. A task that is cancelled meanwhile goes on at once; the thread works to its end,
and nobody learns of it.
"""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

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
    """
    kernel = yield from current_kernel()
    answer: Future[T] = Future(f"a thread to do {getattr(function, '__name__', 'its work')}")

    def work() -> None:
        try:
            result = function(*arguments)
        except BaseException as error:  # noqa: BLE001  # raised again where it was asked for
            caught = error  # the name of an except clause is gone when it is over
            kernel.post(lambda: done(lambda: answer.set_error(caught)))
        else:
            kernel.post(lambda: done(lambda: answer.set_result(result)))

    def done(tell: Callable[[], None]) -> None:
        kernel.expect(-1)
        tell()

    kernel.expect()
    pool.submit(work)
    return (yield from answer.wait())

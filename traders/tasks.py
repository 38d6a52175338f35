"""A task group whose failure reads like a plain one.

In: tasks. Out: their first ``VenueError`` as itself, when nothing else went wrong: a group of one
would only hide it from whoever catches errors by name.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from protocol.errors import VenueError, only_cause


@asynccontextmanager
async def task_group() -> AsyncIterator[asyncio.TaskGroup]:
    """An ``asyncio.TaskGroup``.

    Raises:
        VenueError: the first one raised in it; any other exception keeps its group.
    """
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as errors:
        cause = only_cause(errors, VenueError)
        if cause is None:
            raise
        raise cause from None

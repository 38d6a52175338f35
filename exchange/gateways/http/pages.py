"""Lists a page at a time, newest first: what is in memory, then what is older.

In: the newest items, how to find the place of each, and who reads older ones. Out: one page, and the link to the next.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

from exchange.gateways.http.models import Listed

T = TypeVar("T")

Older = Callable[[int | None, int, int], Awaitable[list[T]]]
"""Reads what lies before a place (``None``: everything there is): so many at most, after so many were skipped."""


async def nothing_older(before: int | None, limit: int, skip: int) -> list[Any]:
    """For what is in memory as a whole."""
    return []


class Slice(NamedTuple):
    """One page of a list."""

    items: list[Any]
    next_after: int | None
    """Where the next page begins; ``None``: there is none."""


async def page_of(
    newest: Sequence[T], place: Callable[[T], int], query: Listed, older: Older[T] = nothing_older
) -> Slice:
    """The page that the query asks for.

    ``newest``: newest first, without a gap to what ``older`` reads.
    """
    in_reach = [item for item in newest if query.after is None or place(item) < query.after]
    wanted = (
        query.limit + 2
    )  # of two at one place neither may be lost; one more shows whether there is a next page
    items = in_reach[query.skip : query.skip + wanted]
    if len(items) < wanted:
        before = place(in_reach[-1]) if in_reach else _before(newest, place, query)
        items += await older(before, wanted - len(items), max(query.skip - len(in_reach), 0))
    page = list(items[: query.limit])
    page += [item for item in items[query.limit : query.limit + 1] if place(item) == place(page[-1])]
    return Slice(page, place(page[-1]) if len(items) > len(page) else None)


def _before(newest: Sequence[T], place: Callable[[T], int], query: Listed) -> int | None:
    return query.after if query.after is not None or not newest else place(newest[-1])


def link_to_next(path: str, query: Listed, found: Slice) -> Mapping[str, str]:
    """The header that leads to the next page, if there is one."""
    if found.next_after is None:
        return {}
    keys = {
        **query.model_dump(mode="json", exclude={"page", "after"}, exclude_none=True),
        "after": found.next_after,
    }
    return {"Link": f'<{path}?{urlencode(keys)}>; rel="next"'}

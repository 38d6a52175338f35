"""What a session can be read for besides market data: the private stream, drop copies, notices.

In: the messages of one connection, as the client sorts them. Out: asynchronous generators, one for each
stream, and the ``inbox`` that is all of them at once, market data included. ``traders.client`` states what is promised.
"""

from collections.abc import AsyncGenerator, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from protocol.desk import Notice
from protocol.messages import PrivateMessage
from protocol.vocabulary import AccountId, Channel, Interval
from traders.arrivals import MAX_UNREAD
from traders.feed import Queue
from traders.market.awaited import MarketInbox
from traders.market.generators import MarketStreams


class Streams(MarketStreams):
    """The streams of a session; a ``Client`` is this and the requests."""

    def _queue(self, name: str, limit: int) -> Queue[Any]:
        return Queue(name, limit)

    # -- private ------------------------------------------------------------------------------------
    async def reports(self) -> AsyncGenerator[PrivateMessage, None]:
        """The private stream of the account from now on, or from ``resume_from``: every report of every order.

        One reader at a time.

        Raises:
            SessionBusy: another task reads it, here or as part of an ``inbox``.
            SlowConsumer: more than ``MAX_UNREAD`` were not read.
            RemoteProtocolError: the venue could not read a line that was submitted.
            SessionBroken, or another VenueError: the session ended out of order.
        """
        with self._report_feed() as queue:
            async for report in queue:
                yield self._report_read(report)

    async def copies(self) -> AsyncGenerator[tuple[AccountId, PrivateMessage], None]:
        """Drop copies, from the login on: whose, and the message as they got it; ``*`` is the venue itself.

        Only in a session with the role ``drop_copy``. One reader at a time.

        Raises:
            LocalProtocolError: the session has another role.
            SessionBusy: another task reads them.
            SlowConsumer: more than ``MAX_RESUMED`` were not read.
            SessionBroken, or another VenueError: the session ended out of order.
        """
        with self._copy_feed() as copies:
            async for copy in copies:
                yield self._copy_read(copy)

    async def notices(self) -> AsyncGenerator[Notice, None]:
        """What operators tell everybody, from now on.

        Raises:
            SlowConsumer: more than ``MAX_UNREAD`` were not read.
            SessionBroken, or another VenueError: the session ended out of order.
        """
        with self._notice_feed() as queue:
            async for notice in queue:
                yield notice

    # -- all at once -------------------------------------------------------------------------------
    @contextmanager
    def inbox(
        self,
        symbols: Iterable[str],
        *,
        channels: Collection[Channel] = (Channel.DEPTH, Channel.TRADES),
        levels: int | None = None,
        intervals: Collection[Interval] = (),
    ) -> Iterator[MarketInbox[PrivateMessage | str]]:
        """All streams in one, in the order of arrival, for one reader: what a strategy needs.

        Yields ``Depth`` (conflated by instrument), ``TradePrint`` and private messages, and what other
        ``channels`` carry, the best bid and offer as a ``Depth`` of one level; it is read with ``async for`` inside the block,
        and its owner may ``put`` words of its own among them.

        Raises:
            SessionBusy: the private stream has a reader.
            LocalProtocolError: ``levels`` is below one; candles are wanted, and no ``intervals`` are named.
        """
        inbox: MarketInbox[PrivateMessage | str] = MarketInbox("the inbox", MAX_UNREAD, levels)
        with self._filling(inbox, symbols, channels, levels, intervals):
            yield inbox

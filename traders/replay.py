"""Checks a venue against a recorded day, from what it says over the wire.

In: the lines of ``order_flow``, and the venue's messages. Out: requests to send, counts, and the
first differences in words. Pure: ``ReplayCheck`` neither sends nor waits.

Private answers to a command come before its public depth, and both before the answers to the next
command. So the book that was published after a command is the one in the view when the first answer
to the next command arrives.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from protocol.errors import ChecksumMismatch, SequenceGap
from protocol.fields import Message
from protocol.market import DepthDelta, DepthSnapshot
from protocol.messages import Accepted, Canceled, PrivateMessage, Rejected, Replaced, TradeReport
from protocol.vocabulary import ClientOrderId, Liquidity, Price, Symbol
from traders.book_view import BookView
from traders.order_flow import ENTERING, REMOVING, FlowId, FlowLine, FlowRequest, levels_of, request_of

KEPT_DIFFERENCES: Final = 20
"""Differences kept in words; one wrong fill makes every later book differ, and the first ones tell."""


class _Sent:
    """A command under way, and what is to be checked when it is through."""

    __slots__ = ("answered", "books", "line", "makers", "name", "taken")

    def __init__(self, line: FlowLine, name: ClientOrderId) -> None:
        self.line = line
        self.name = name
        self.answered = False
        self.books: list[FlowLine] = []
        self.makers: list[tuple[ClientOrderId, int, Price]] = []
        self.taken = 0


class ReplayCheck:
    """One run. Ids start with ``prefix``, so that a second run on the same day does not repeat them."""

    def __init__(self, lines: Sequence[FlowLine], symbol: Symbol, prefix: str) -> None:
        self.commands = sum(line.is_command for line in lines)
        self.executions = sum(line.op == "take" for line in lines)
        self.books = sum(line.book is not None for line in lines)
        self.sent = 0
        self.acknowledged = 0
        self.executions_met = 0
        self.books_met = 0
        self.differences: list[str] = []
        self.different = 0
        self.outstanding: deque[_Sent] = deque()
        self._symbol = symbol
        self._prefix = prefix
        self._view = BookView(symbol)
        self._prices: dict[ClientOrderId, Price] = {}
        self._current: _Sent | None = None
        self._requests = self._make_requests(lines)

    # -- sending -----------------------------------------------------------------------------------
    def next_request(self) -> FlowRequest | None:
        """The next request of the day, ``None`` after the last."""
        return next(self._requests, None)

    def _make_requests(self, lines: Sequence[FlowLine]) -> Iterator[FlowRequest]:
        last: _Sent | None = None
        for line in lines:
            if line.book is not None:
                if last is not None:
                    last.books.append(line)
                continue
            if not line.is_command:
                continue
            name = self._name(line.id if line.id is not None else f"T{self.sent}")
            last = _Sent(line, name)
            self.outstanding.append(last)
            self.sent += 1
            yield request_of(line, self._symbol, name)

    def _name(self, name: FlowId) -> ClientOrderId:
        return ClientOrderId(f"{self._prefix}{name}")

    # -- receiving ---------------------------------------------------------------------------------
    def receive(self, message: Message) -> None:
        """Take the next message of the venue."""
        if isinstance(message, DepthDelta | DepthSnapshot):
            self._depth(message)
        elif isinstance(message, PrivateMessage):
            if self._is_first_answer(message):
                self._complete()
                self._current = self.outstanding.popleft()
                self.acknowledged += 1
                self._first_answer(self._current, message)
            elif self._current is not None:
                self._further_answer(self._current, message)

    def finish(self) -> None:
        """The venue has said all: check what the last command left behind."""
        self._complete()
        self._current = None

    @property
    def is_complete(self) -> bool:
        """Every command was acknowledged and nothing differed."""
        return (
            self.acknowledged == self.commands
            and self.executions_met == self.executions
            and self.books_met == self.books
            and not self.different
        )

    # -- checking ----------------------------------------------------------------------------------
    def _is_first_answer(self, message: PrivateMessage) -> bool:
        """Whether ``message`` begins the answer to the oldest command without one."""
        if not self.outstanding or isinstance(message, TradeReport):
            return False
        expected = self.outstanding[0]
        if getattr(message, "client_order_id", None) != expected.name:
            return False
        if expected.line.op in REMOVING:
            return isinstance(message, Canceled | Rejected)
        if expected.line.op == "reduce":
            return isinstance(message, Replaced | Canceled | Rejected)
        return isinstance(message, Accepted | Rejected)

    def _first_answer(self, command: _Sent, message: PrivateMessage) -> None:
        line = command.line
        if isinstance(message, Rejected):
            self._differ(f"row {line.row}: {line.op} {command.name} was refused: {message.text}")
        elif line.op in ENTERING:
            assert line.px is not None
            self._prices[command.name] = line.px
        elif line.op in REMOVING:
            self._prices.pop(command.name, None)

    def _further_answer(self, command: _Sent, message: PrivateMessage) -> None:
        line = command.line
        if not isinstance(message, TradeReport):
            self._differ(f"row {line.row}: {line.op} {command.name} also led to {type(message).__name__}")
        elif message.liquidity is Liquidity.MAKER:
            command.makers.append((message.client_order_id, message.quantity, message.price))
            if line.op != "take":
                self._differ(
                    f"row {line.row}: {line.op} {command.name} traded with {message.client_order_id}"
                )
        else:
            command.taken += message.quantity

    def _complete(self) -> None:
        """The current command is through: compare its trades, and the books published after it."""
        command = self._current
        if command is None:
            return
        if command.line.op == "take":
            self._check_hits(command)
        for published in command.books:
            self._check_book(published)

    def _check_hits(self, command: _Sent) -> None:
        line = command.line
        expected = []
        for name, quantity in line.hits or ():
            maker = self._name(name)
            expected.append((maker, quantity, self._prices.get(maker)))
        if command.makers == expected and command.taken == line.qty:
            self.executions_met += 1
        else:
            found = command.makers if command.makers != expected else f"{command.taken} taken"
            self._differ(f"row {line.row}: take of {line.qty} should meet {expected}, met {found}")

    def _check_book(self, published: FlowLine) -> None:
        assert published.book is not None
        bids, asks = published.book
        depth = self._view.view(max(len(bids), len(asks)))
        if depth.bids[: len(bids)] == levels_of(bids) and depth.asks[: len(asks)] == levels_of(asks):
            self.books_met += 1
        else:
            self._differ(
                f"row {published.row}: the book should read {_text(bids)} | {_text(asks)}, "
                f"reads {_text(depth.bids)} | {_text(depth.asks)}"
            )

    def _depth(self, message: DepthDelta | DepthSnapshot) -> None:
        before = self._view.seq
        try:
            self._view.apply(message)
        except (SequenceGap, ChecksumMismatch) as fault:
            self._differ(str(fault))
            return
        if isinstance(message, DepthSnapshot) and before is not None and message.seq != before:
            self._differ(
                f"depth {before + 1} to {message.seq} were left out by the venue: we read too slowly"
            )

    def _differ(self, text: str) -> None:
        self.different += 1
        if len(self.differences) < KEPT_DIFFERENCES:
            self.differences.append(text)


def _text(levels: tuple[tuple[int, int], ...]) -> str:
    """The first three price levels."""
    return " ".join(f"{quantity}@{price}" for price, quantity in levels[:3]) or "empty"

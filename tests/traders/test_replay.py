"""What a replay checks, on a day of four commands told by hand."""

from collections.abc import Iterable

import pytest

from protocol.fields import Message
from protocol.market import DepthDelta
from protocol.messages import Cancel, NewOrder, TradeReport
from protocol.vocabulary import ClientOrderId, Liquidity, Request, Side
from tests.support.book_talk import BookTalk, snapshot_of
from tests.traders.reports import ACME, accepted, canceled, rejected, traded
from traders.order_flow import FlowLine
from traders.replay import ReplayCheck

MAKER = Liquidity.MAKER

DAY = [
    FlowLine("new", 1, "B", 100, qty=5, row=1),
    FlowLine("new", 2, "B", 100, qty=5, row=2),
    FlowLine(row=2, book=(((100, 10),), ())),
    FlowLine("take", side="S", px=100, qty=7, hits=((1, 5), (2, 2)), row=3),
    FlowLine("print", kind=5, qty=1, px=101, row=4),
    FlowLine("cancel", 2, row=5),
    FlowLine(row=5, book=((), ())),
]


def taker_report(quantity: int, leaves: int, price: int = 100) -> TradeReport:
    return traded("p-T2", side=Side.SELL, price=price, quantity=quantity, leaves=leaves)


def maker_report(name: str, quantity: int, leaves: int, price: int = 100) -> TradeReport:
    return traded(name, price=price, quantity=quantity, leaves=leaves, liquidity=MAKER)


def answers() -> list[Message]:
    """What a correct venue says."""
    book = BookTalk()
    return [
        book.snapshot(),
        accepted("p-1"),
        book.delta([(100, 5)]),
        accepted("p-2"),
        book.delta([(100, 10)]),
        accepted("p-T2", side=Side.SELL),
        taker_report(5, 2),
        maker_report("p-1", 5, 0),
        taker_report(2, 0),
        maker_report("p-2", 2, 3),
        book.delta([(100, 3)]),
        canceled("p-2", 9, quantity=3),
        book.delta([(100, 0)]),
    ]


def checked(messages: Iterable[Message]) -> ReplayCheck:
    """Every command is sent at once, then these answers come."""
    check = ReplayCheck(DAY, ACME, "p-")
    while check.next_request() is not None:
        pass
    for message in messages:
        check.receive(message)
    check.finish()
    return check


def changed(index: int, *instead: Message) -> list[Message]:
    messages = answers()
    messages[index : index + 1] = instead
    return messages


def test_requests_leave_in_order_with_the_prefix() -> None:
    check = ReplayCheck(DAY, ACME, "p-")

    requests = [check.next_request() for _ in range(5)]

    assert [request.client_order_id for request in requests if request is not None] == [
        "p-1",
        "p-2",
        "p-T2",
        "p-2",
    ]
    assert isinstance(requests[0], NewOrder)
    assert requests[3] == Cancel(ClientOrderId("p-2"))
    assert requests[4] is None
    assert (check.commands, check.executions, check.books, check.sent) == (4, 1, 2, 4)


def test_a_correct_venue_passes() -> None:
    check = checked(answers())

    assert check.is_complete
    assert (check.acknowledged, check.executions_met, check.books_met, check.different) == (4, 1, 2, 0)


@pytest.mark.parametrize(
    ("messages", "difference"),
    [
        (changed(1, rejected("p-1")), "row 1: new p-1 was refused"),
        (
            changed(4, BookTalk(1, [(100, 5)]).delta([(100, 11)])),
            "row 2: the book should read 10@100 | empty, reads 11@100",
        ),
        (changed(4), "row 2: the book should read 10@100 | empty, reads 5@100"),
        (changed(7, maker_report("p-2", 5, 0)), "row 3: take of 7 should meet"),
        (changed(7, maker_report("p-1", 4, 1)), "row 3: take of 7 should meet"),
        (changed(7, maker_report("p-1", 5, 0, price=99)), "row 3: take of 7 should meet"),
        (changed(8), "row 3: take of 7 should meet"),
        (changed(3, accepted("p-2"), maker_report("p-1", 1, 4)), "row 2: new p-2 traded with p-1"),
        (changed(9, canceled("p-T2", 8, quantity=2)), "row 3: take p-T2 also led to Canceled"),
        (changed(11, rejected("p-2", request=Request.CANCEL)), "row 5: cancel p-2 was refused"),
        (changed(10), "expected number 3, received 4"),
        (
            changed(10, DepthDelta(ACME, 3, 1, [(100, 3)])),
            "depth of ACME: checksum at number 3 should be 1, is ",
        ),
        (changed(10, snapshot_of(7)), "depth 3 to 7 were left out"),
    ],
)
def test_a_wrong_venue_is_told_where(messages: list[Message], difference: str) -> None:
    check = checked(messages)

    assert not check.is_complete
    assert any(difference in text for text in check.differences), check.differences


def test_a_venue_that_stops_answering_is_not_complete() -> None:
    check = checked(answers()[:5])

    assert (check.acknowledged, check.is_complete) == (2, False)


def test_only_the_first_differences_are_kept_in_words() -> None:
    day = [FlowLine("new", number, "B", 100, qty=5, row=number) for number in range(100)]
    check = ReplayCheck(day, ACME, "")
    while check.next_request() is not None:
        pass

    for number in range(100):
        check.receive(rejected(str(number)))

    assert (check.different, len(check.differences)) == (100, 20)


def test_answers_may_come_before_all_is_sent() -> None:
    check = ReplayCheck(DAY, ACME, "p-")

    for message in answers():
        # As a window of one does: the next request leaves when nothing is under way.
        if not check.outstanding:
            check.next_request()
        check.receive(message)
    assert check.next_request() is None
    check.finish()

    assert check.is_complete

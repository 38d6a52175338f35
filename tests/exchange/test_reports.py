"""Private answers as they stand on the wire."""

import msgspec
import pytest

from protocol.codec import encode
from protocol.fields import Message
from protocol.messages import Accepted, NewOrder
from protocol.vocabulary import ClientOrderId, Side, TimeInForce
from tests.support.in_memory import Trader, open_venue
from tests.support.wire_requests import ACME


@pytest.mark.parametrize(
    ("time_in_force", "post_only"),
    [(TimeInForce.GTC, False), (TimeInForce.DAY, False), (TimeInForce.GTC, True)],
)
def test_a_plain_order_is_accepted_with_the_line_that_any_order_is_accepted_with(
    time_in_force: TimeInForce, post_only: bool
) -> None:
    trader = Trader(open_venue(), "anna")
    trader.send(
        NewOrder(ClientOrderId("a"), ACME, Side.BUY, 5, 90, time_in_force=time_in_force, post_only=post_only)
    )

    (answer,) = trader.peer.outbox

    expected = Accepted(
        1, 0, ClientOrderId("a"), 2, ACME, Side.BUY, 5, 90, time_in_force=time_in_force, post_only=post_only
    )
    assert isinstance(answer, Message)
    assert encode(answer) == encode(expected)
    assert msgspec.json.decode(encode(answer), type=Accepted) == expected


def test_what_stands_at_its_default_makes_no_line_longer() -> None:
    trader = Trader(open_venue(), "anna")
    trader.send(NewOrder(ClientOrderId("a"), ACME, Side.BUY, 5, 90, display=2))

    (answer,) = trader.peer.outbox

    assert isinstance(answer, Message)
    assert set(msgspec.json.decode(encode(answer))) == {
        "type", "seq", "at_ns", "client_order_id", "order_id", "symbol", "side", "quantity", "price", "display",
    }  # fmt: skip

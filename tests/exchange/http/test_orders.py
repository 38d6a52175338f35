"""Orders and accounts over HTTP: the same answers as on TCP, once each, and not before they are in the journal."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.support.over_http import HttpClient, open_http_venue, over_http
from tests.support.venue import Json, VenueProcess, new, running_venue


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    with open_http_venue(tmp_path_factory.mktemp("venue")) as process:
        yield process


NUMBERS = count(1)


@pytest.fixture
def anna(venue: VenueProcess) -> Iterator[HttpClient]:
    """An account that nobody has used before; it leaves nothing in the book."""
    with over_http(venue, f"anna-{next(NUMBERS)}") as client:
        yield client
        client.ask("DELETE", "orders")


@pytest.fixture
def ben(venue: VenueProcess) -> Iterator[HttpClient]:
    """Another one."""
    with over_http(venue, f"ben-{next(NUMBERS)}") as client:
        yield client
        client.ask("DELETE", "orders")


ORDER = {"client_order_id": "x", "symbol": "ACME", "side": "buy", "quantity": 1, "price": 1}


def untimed(messages: list[Json]) -> list[Json]:
    """Without what differs from venue to venue."""
    return [{key: value for key, value in one.items() if key not in ("at_ns", "line")} for one in messages]


# -- orders ----------------------------------------------------------------------------------------
REQUESTS: list[tuple[str, str, Json | None, Json]] = [
    ("POST", "orders", new("r", "buy", 5, 90), new("r", "buy", 5, 90)),
    ("POST", "orders", new("t", "sell", 3, 100), new("t", "sell", 3, 100)),
    ("PATCH", "orders/r", {"quantity": 4}, {"type": "replace", "client_order_id": "r", "quantity": 4}),
    ("PUT", "orders/r", {"price": 91}, {"type": "replace", "client_order_id": "r", "price": 91}),
    ("DELETE", "orders/r", None, {"type": "cancel", "client_order_id": "r"}),
    ("DELETE", "orders/r", None, {"type": "cancel", "client_order_id": "r"}),
    ("POST", "orders", new("z", "buy", 0, 90), new("z", "buy", 0, 90)),
    ("POST", "orders", new("f", "buy", 9, 90, time_in_force="fok"), new("f", "buy", 9, 90, time_in_force="fok")),
    ("POST", "orders", new("i", "buy", 9, 90, display=3), new("i", "buy", 9, 90, display=3)),
    ("POST", "orders", new("s", "sell", 9, stop_price=50, order_type="stop"),
     new("s", "sell", 9, stop_price=50, order_type="stop")),
    ("DELETE", "orders?symbol=ACME&side=buy&lowest=80", None,
     {"type": "mass_cancel", "symbol": "ACME", "side": "buy", "lowest": 80}),
    ("DELETE", "orders", None, {"type": "mass_cancel"}),
]  # fmt: skip


def test_every_request_is_answered_with_the_private_messages_that_tcp_has(tmp_path: Path) -> None:
    over_http_said: list[Json] = []
    with running_venue(tmp_path, journal=False) as twin, open_http_venue(tmp_path, journal=False) as venue:
        for one in (venue, twin):
            with one.login("maker") as maker:
                maker.ask(new("m", "buy", 2, 100))
        with twin.login("anna") as session, over_http(venue, "anna") as anna:
            for method, path, content, line in REQUESTS:
                body = None if content is None else {k: v for k, v in content.items() if k != "type"}
                said = anna.ask(method, path, body).json["reports"]
                over_http_said += said
                session.send(line)
                told = [session.receive() for _ in said]
                assert untimed(told) == untimed(said), line
            assert session.is_silent()

    assert [one["seq"] for one in over_http_said] == list(range(1, len(over_http_said) + 1))


@pytest.mark.parametrize(
    ("order", "status", "code"),
    [
        ({}, 201, None),
        ({"quantity": 0}, 422, "quantity_not_positive"),
        ({"quantity": -(2**53) + 1}, 422, "quantity_not_positive"),
        ({"symbol": "NONE"}, 422, "unknown_symbol"),
        ({"price": None}, 422, "price_missing"),
        ({"price": 10**10}, 422, "above_maximum_price"),
        ({"order_type": "peg"}, 422, "price_unexpected"),
        ({"client_order_id": "taken"}, 409, "duplicate_client_order_id"),
    ],
)
def test_a_refused_order_has_the_reason_as_its_code(
    anna: HttpClient, order: Json, status: int, code: str | None
) -> None:
    anna.enter("taken", "buy", 3, 80)

    answer = anna.ask("POST", "orders", ORDER | order)

    assert (answer.status, answer.json.get("code")) == (status, code)
    kinds = [report["type"] for report in answer.json["reports"]]
    assert kinds == (["accepted"] if code is None else ["rejected"])


def test_an_order_that_is_sent_twice_is_entered_once_and_the_second_answer_says_what_became_of_it(
    anna: HttpClient, ben: HttpClient
) -> None:
    anna.enter("once", "buy", 10, 100)
    ben.enter("b", "sell", 4, 100)

    again = anna.enter("once", "buy", 10, 100)

    assert (again.status, again.code) == (409, "duplicate_client_order_id")
    first = again.json["first"]
    assert (first["client_order_id"], first["state"], first["cumulative"], first["leaves"]) == (
        "once",
        "live",
        4,
        6,
    )
    assert len(anna.get("orders").json["orders"]) == 1


def test_who_trades_over_http_and_tcp_at_once_sees_one_private_stream(
    venue: VenueProcess, anna: HttpClient
) -> None:
    with venue.login(anna.account) as session:
        answer = anna.enter("over-http", "buy", 1, 100)
        heard = session.receive()
        session.ask(new("over-tcp", "buy", 1, 99))

        assert [heard] == answer.json["reports"]
        assert [one["client_order_id"] for one in anna.get("orders").json["orders"]] == [
            "over-tcp",
            "over-http",
        ]


# -- the account -----------------------------------------------------------------------------------
def test_the_account_is_told_as_on_tcp(venue: VenueProcess, anna: HttpClient, ben: HttpClient) -> None:
    anna.enter("a", "buy", 5, 100)
    ben.enter("b", "sell", 2, 100)
    with venue.login(anna.account) as session:
        told = session.ask({"type": "account_status"})

    account = anna.get("account").json

    assert account == told
    assert account["holdings"][0]["quantity"] == 2


def test_orders_and_fills_come_in_pages_newest_first(anna: HttpClient, ben: HttpClient) -> None:
    for number in range(5):
        anna.enter(f"a{number}", "buy", 1, 100 + number)
    ben.enter("b", "sell", 3, 100)
    anna.enter("bolt", "buy", 1, 50, symbol="BOLT")

    orders, fills = anna.get("orders?limit=2"), anna.get("fills?limit=2")
    more = fills.headers["link"]
    rest = anna.get(more[more.index("<") + 1 : more.index(">")])

    assert [one["client_order_id"] for one in orders.json["orders"]] == ["bolt", "a1"]
    assert "link" in orders.headers
    assert [one["client_order_id"] for one in anna.get("orders?symbol=ACME").json["orders"]] == ["a1", "a0"]
    assert [(one["client_order_id"], one["price"]) for one in fills.json["fills"]] == [
        ("a2", 102),
        ("a3", 103),
    ]
    assert [one["client_order_id"] for one in rest.json["fills"]] == ["a4"]
    assert anna.get("fills?symbol=BOLT").json == {"fills": []}


def test_both_sides_of_a_trade_with_oneself_are_on_the_same_page(anna: HttpClient) -> None:
    for number in range(3):
        anna.enter(f"buy{number}", "buy", 1, 100)
        anna.enter(f"sell{number}", "sell", 1, 100)

    page = anna.get("fills?limit=1")
    link = page.headers["link"]
    following = anna.get(link[link.index("<") + 1 : link.index(">")])

    assert sorted(fill["side"] for fill in page.json["fills"]) == ["buy", "sell"]
    (last,) = {fill["trade_id"] for fill in page.json["fills"]}
    assert {fill["trade_id"] for fill in following.json["fills"]} == {last - 1}


def test_what_became_of_an_order_can_be_asked(anna: HttpClient) -> None:
    anna.enter("a/b c", "buy", 5, 100)

    known, unknown = anna.get("orders/a%2Fb%20c"), anna.get("orders/none")

    assert (known.json["client_order_id"], known.json["state"]) == ("a/b c", "live")
    assert (unknown.status, unknown.code, unknown.json["where"]) == (
        404,
        "unknown_order",
        "path.client_order_id",
    )


# -- bodies ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("body", "status", "code", "where"),
    [
        (b"", 400, "not_json", "body"),
        (b"{", 400, "not_json", "body"),
        (b"\xff\xfe", 400, "not_json", "body"),
        (b"[" * 60_000, 400, "not_json", "body"),
        (b'{"a":' * 10_000, 400, "not_json", "body"),
        (b'{"quantity":' + b"9" * 60_000 + b"}", 400, "not_json", "body"),
        (b'{"quantity":NaN}', 422, "invalid_message", "body.client_order_id"),
        (b"[]", 422, "invalid_message", "body"),
        (b"null", 422, "invalid_message", "body"),
        (b"{}", 422, "invalid_message", "body.client_order_id"),
        (b"x" * 65_537, 413, "line_too_long", "body"),
    ],
)
def test_a_body_that_is_no_order_is_refused(
    anna: HttpClient, body: bytes, status: int, code: str, where: str
) -> None:
    answer = anna.ask("POST", "orders", body=body)

    assert (answer.status, answer.code, answer.json["where"]) == (status, code, where)
    assert len(answer.body) < 1_000


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"quantity": "1"}, "body.quantity"),
        ({"quantity": 1.5}, "body.quantity"),
        ({"quantity": 1.0}, "body.quantity"),
        ({"quantity": True}, "body.quantity"),
        ({"quantity": 2**53}, "body.quantity"),
        ({"side": "BUY"}, "body.side"),
        ({"side": None}, "body.side"),
        ({"client_order_id": ""}, "body.client_order_id"),
        ({"client_order_id": "x" * 65}, "body.client_order_id"),
        ({"client_order_id": 7}, "body.client_order_id"),
        ({"post_only": 1}, "body.post_only"),
        ({"type": "new"}, "body.type"),
        ({"colour": "red"}, "body.colour"),
        ({"time_in_force": "gtx"}, "body.time_in_force"),
    ],
)
def test_a_field_that_is_wrong_is_named(anna: HttpClient, change: dict[str, Any], where: str) -> None:
    answer = anna.ask("POST", "orders", ORDER | change)

    assert (answer.status, answer.code, answer.json["where"]) == (422, "invalid_message", where)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json2", ""])
def test_a_body_says_that_it_is_json(anna: HttpClient, kind: str) -> None:
    answer = anna.ask("POST", "orders", ORDER, Content_Type=kind)

    assert (answer.status, answer.code) == (415, "unsupported_media_type")


def test_a_packed_body_is_not_unpacked(anna: HttpClient) -> None:
    answer = anna.ask("POST", "orders", ORDER, Content_Encoding="gzip")

    assert (answer.status, answer.code, answer.json["where"]) == (
        415, "unsupported_media_type", "header.Content-Encoding",
    )  # fmt: skip


# -- the journal -----------------------------------------------------------------------------------
def test_what_was_answered_survives_the_death_of_the_venue(tmp_path: Path) -> None:
    with open_http_venue(tmp_path) as venue, over_http(venue, "anna") as anna:
        statuses = [anna.enter(f"a{number}", "buy", 1, 100).status for number in range(20)]
        venue.kill()
    with open_http_venue(tmp_path) as again, over_http(again, "anna") as anna:
        found = anna.get("orders").json["orders"]

    assert statuses == [201] * 20
    assert [one["client_order_id"] for one in found] == [f"a{number}" for number in reversed(range(20))]


def test_a_venue_without_a_journal_answers_as_well(tmp_path: Path) -> None:
    with open_http_venue(tmp_path, journal=False) as venue, over_http(venue, "anna") as anna:
        entered = anna.enter("a", "buy", 1, 100)
        trades = anna.get("instruments/ACME/trades?limit=5")

    assert (entered.status, trades.json) == (201, {"trades": []})

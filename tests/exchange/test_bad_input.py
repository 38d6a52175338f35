"""Whatever a client sends: a typed answer with code, sentence and line, and nobody else notices."""

import zlib
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.support.venue import Json, RawClient, VenueProcess, new, running_venue


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    with running_venue(tmp_path_factory.mktemp("venue"), "--sync", "off") as process:
        yield process


@pytest.fixture
def bystander(venue: VenueProcess, request: pytest.FixtureRequest) -> Iterator[RawClient]:
    """Somebody with a resting order and a subscription, who must notice nothing."""
    name = f"by-{zlib.crc32(request.node.name.encode())}"
    with venue.login(name) as client:
        client.ask(new("rests", "buy", 5, 1))
        yield client
        # Whatever happened must not have reached this one, and it is served as before.
        assert client.is_silent()
        status = client.ask({"type": "order_status", "client_order_id": "rests"})
        assert (status["state"], status["leaves"]) == ("live", 5)
        client.ask({"type": "mass_cancel"})


LOGIN = b'{"type":"login","account":"mallory"}\n'
NEW = b'{"type":"new","client_order_id":"x","symbol":"ACME","side":"buy",'

ERRORS: dict[str, tuple[bytes, str, str]] = {
    "not JSON": (b"hello\n", "not_json", "malformed"),
    "JSON, but no object": (b"[1,2]\n", "invalid_message", "Expected `object`"),
    "not UTF-8": (b'{"type":"cancel","client_order_id":"\xff\xfe"}\n', "not_json", ""),
    "half a surrogate pair": (b'{"type":"cancel","client_order_id":"\\ud800x"}\n', "not_json", ""),
    "no type": (b'{"account":"x"}\n', "invalid_message", "`type`"),
    "unknown type": (b'{"type":"nwe"}\n', "invalid_message", "nwe"),
    "unknown field": (NEW + b'"quantitiy":1,"price":1}\n', "invalid_message", "quantitiy"),
    "missing field": (
        b'{"type":"new","client_order_id":"x","symbol":"ACME","quantity":1,"price":1}\n',
        "invalid_message",
        "side",
    ),
    "wrong type of a field": (NEW + b'"quantity":"1","price":1}\n', "invalid_message", "$.quantity"),
    "fraction": (NEW + b'"quantity":1.5,"price":1}\n', "invalid_message", "$.quantity"),
    "fractional price": (NEW + b'"quantity":1,"price":100.25}\n', "invalid_message", "$.price"),
    "huge number": (
        NEW + b'"quantity":99999999999999999999999,"price":1}\n',
        "invalid_message",
        "$.quantity",
    ),
    "number beyond all bounds": (NEW + b'"quantity":1e400,"price":1}\n', "invalid_message", "$.quantity"),
    "not a number": (NEW + b'"quantity":NaN,"price":1}\n', "not_json", ""),
    "unknown side": (
        b'{"type":"new","client_order_id":"x","symbol":"ACME","side":"bid","quantity":1,"price":1}\n',
        "invalid_message",
        "bid",
    ),
    "empty id": (b'{"type":"cancel","client_order_id":""}\n', "invalid_message", "$.client_order_id"),
    "nested deeply": (b'{"type":' + b"[" * 20_000 + b"\n", "not_json", ""),
    "nested deeply where anything may stand": (
        b'{"type":"add_instrument","why":"fun","instrument":' + b'{"a":' * 10_000 + b"\n",
        "not_json",
        "",
    ),
    "a chain of open quotes": (b'{"type":"heartbeat","' + b'\\"' * 20_000 + b"\n", "not_json", ""),
    "reasons left out": (
        b'{"type":"change_phase","symbol":"ACME","phase":"halt"}\n',
        "invalid_message",
        "why",
    ),
    "two messages on a line": (b'{"type":"heartbeat"}{"type":"heartbeat"}\n', "not_json", ""),
    "unknown symbol to watch": (
        b'{"type":"subscribe","channel":"depth","symbol":"NOPE"}\n',
        "unknown_symbol",
        "NOPE",
    ),
    "unknown channel": (
        b'{"type":"subscribe","channel":"dept","symbol":"ACME"}\n',
        "invalid_message",
        "dept",
    ),
    "a stream that is not there": (
        b'{"type":"unsubscribe","channel":"depth","symbol":"ACME"}\n',
        "not_subscribed",
        "ACME",
    ),
    "status of an unknown order": (
        b'{"type":"order_status","client_order_id":"nope"}\n',
        "unknown_order",
        "nope",
    ),
    "second login": (LOGIN, "already_logged_in", "mallory"),
    "unknown word for post-only": (
        NEW + b'"quantity":1,"price":1,"post_only":"maybe"}\n',
        "invalid_message",
        "$.post_only",
    ),
    "unknown word for self-trades": (
        NEW + b'"quantity":1,"price":1,"self_trade":"allow"}\n',
        "invalid_message",
        "$.self_trade",
    ),
    "group without a name": (
        NEW + b'"quantity":1,"price":1,"self_trade_group":""}\n',
        "invalid_message",
        "$.self_trade_group",
    ),
    "deadline before all time": (
        NEW + b'"quantity":1,"price":1,"expires_at_ns":-1}\n',
        "invalid_message",
        "$.expires_at_ns",
    ),
    "unknown phase": (
        b'{"type":"change_phase","symbol":"ACME","phase":"lunch"}\n',
        "invalid_message",
        "$.phase",
    ),
    "change of a phase by a trader": (
        b'{"type":"change_phase","symbol":"ACME","phase":"halt","why":"fun"}\n',
        "not_an_operator",
        "mallory",
    ),
    "last price set by a trader": (
        b'{"type":"set_last_price","symbol":"ACME","price":5,"why":"fun"}\n',
        "not_an_operator",
        "mallory",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_a_line_that_cannot_be_taken_gets_an_error_with_its_line(
    venue: VenueProcess, bystander: RawClient, name: str
) -> None:
    line, code, part = ERRORS[name]
    with venue.login("mallory") as client:
        client.send_bytes(b"\n\n")

        answer = client.ask_bytes(line)

        assert (answer["type"], answer["code"], answer["line"]) == ("error", code, 4)
        assert part in answer["text"]
        assert client.ask({"type": "mass_cancel"})["type"] == "mass_canceled"  # and goes on


def stop(**fields: object) -> Json:
    return new("x", "buy", 10, order_type="stop", **({"stop_price": 50} | fields))


REJECTIONS: dict[str, tuple[Json, str, str]] = {
    "unknown symbol": (new("x", "buy", 1, 1) | {"symbol": "NOPE"}, "unknown_symbol", "NOPE"),
    "zero": (new("x", "buy", 0, 1), "quantity_not_positive", "0"),
    "negative quantity": (new("x", "buy", -5, 1), "quantity_not_positive", "-5"),
    "negative price": (new("x", "buy", 5, -1), "price_not_positive", "-1"),
    "zero price": (new("x", "buy", 5, 0), "price_not_positive", "0"),
    "quantity above the maximum": (new("x", "buy", 10**12, 1), "above_maximum_quantity", "1000000"),
    "price above the maximum": (new("x", "buy", 1, 10**12), "above_maximum_price", "1000000000"),
    "limit order without a price": (new("x", "buy", 1), "price_missing", "price"),
    "market order with a price": (new("x", "buy", 1, 5, order_type="market"), "price_unexpected", "market"),
    "post-only market order": (
        new("x", "buy", 1, order_type="market", post_only=True),
        "conflicting_fields",
        "post_only",
    ),
    "post-only and at once": (
        new("x", "buy", 1, 5, time_in_force="ioc", post_only=True),
        "conflicting_fields",
        "time_in_force",
    ),
    "cancel of an unknown id": ({"type": "cancel", "client_order_id": "nope"}, "unknown_order", "nope"),
    "cancel of somebody else's id": (
        {"type": "cancel", "client_order_id": "rests"},
        "unknown_order",
        "rests",
    ),
    "replace of somebody else's id": (
        {"type": "replace", "client_order_id": "rests", "price": 7},
        "unknown_order",
        "rests",
    ),
    "reduce of somebody else's id": (
        {"type": "reduce", "client_order_id": "rests", "by": 1},
        "unknown_order",
        "rests",
    ),
    "stop without a stop price": (new("x", "buy", 1, order_type="stop"), "field_missing", "stop_price"),
    "stop with a price": (stop(price=5), "price_unexpected", "price"),
    "stop limit without a price": (
        new("x", "buy", 1, order_type="stop_limit", stop_price=9),
        "price_missing",
        "price",
    ),
    "stop at no price": (stop(stop_price=0), "price_not_positive", "stop_price"),
    "trail backwards": (stop(trail=-5), "price_not_positive", "trail"),
    "peak of nothing": (new("x", "buy", 1, 5, display=0), "quantity_not_positive", "display"),
    "minimum of nothing": (new("x", "buy", 1, 5, minimum_quantity=0), "quantity_not_positive", "minimum"),
    "nothing to spend": (
        new("x", "buy", 0, order_type="market_by_amount", amount=0),
        "price_not_positive",
        "amount",
    ),
    "amount left out": (new("x", "buy", 0, order_type="market_by_amount"), "field_missing", "amount"),
    "money limit left out": (
        new("x", "buy", 1, order_type="money_limit", time_in_force="fok"),
        "field_missing",
        "amount",
    ),
    "deadline left out": (new("x", "buy", 1, 5, time_in_force="gtd"), "field_missing", "expires_at_ns"),
    "deadline that has passed": (
        new("x", "buy", 1, 5, time_in_force="gtd", expires_at_ns=1),
        "already_expired",
        "expires_at_ns",
    ),
    "peg without anything to follow": (new("x", "sell", 1, order_type="peg"), "nothing_to_peg_to", "peg"),
    "market to limit without a limit": (
        new("x", "buy", 1, order_type="market_to_limit"),
        "no_opposite_side",
        "opposite",
    ),
    "for the opening when it is over": (
        new("x", "buy", 1, 5, time_in_force="at_the_open"),
        "wrong_phase",
        "continuous",
    ),
    "mass cancel of an unknown symbol": ({"type": "mass_cancel", "symbol": "NOPE"}, "unknown_symbol", "NOPE"),
}


@pytest.mark.parametrize("name", REJECTIONS)
def test_a_request_that_cannot_be_met_is_rejected_with_its_line(
    venue: VenueProcess, bystander: RawClient, name: str
) -> None:
    request, reason, part = REJECTIONS[name]
    with venue.login("mallory") as client:
        answer = client.ask(request)

        assert (answer["type"], answer["reason"], answer["line"]) == ("rejected", reason, 2)
        assert part in answer["text"]
        assert client.ask({"type": "mass_cancel"})["count"] == 0


CONFLICTS: dict[str, tuple[Json, str, str]] = {
    "protection of a limit order": (new("x", "buy", 10, 5, protection=1), "protection", "limit"),
    "stop price of a limit order": (new("x", "buy", 10, 5, stop_price=6), "stop_price", "limit"),
    "trail of a market order": (new("x", "buy", 10, order_type="market", trail=6), "trail", "market"),
    "cap of a limit order": (new("x", "buy", 10, 5, cap=6), "cap", "limit"),
    "amount of a limit order": (new("x", "buy", 10, 5, amount=60), "amount", "limit"),
    "iceberg and hidden": (new("x", "buy", 10, 5, display=2, hidden=True), "display", "hidden"),
    "iceberg at market": (new("x", "buy", 10, order_type="market", display=2), "display", "market"),
    "hidden at market": (new("x", "buy", 10, order_type="market", hidden=True), "hidden", "market"),
    "iceberg at once": (new("x", "buy", 10, 5, display=2, time_in_force="ioc"), "display", "ioc"),
    "hidden, all at once": (new("x", "buy", 10, 5, hidden=True, time_in_force="fok"), "hidden", "fok"),
    "iceberg, all or none": (new("x", "buy", 10, 5, display=2, all_or_none=True), "display", "all_or_none"),
    "minimum of a stop": (stop(minimum_quantity=5), "minimum_quantity", "stop"),
    "minimum of a post-only order": (
        new("x", "buy", 10, 5, minimum_quantity=5, post_only=True),
        "minimum_quantity",
        "post_only",
    ),
    "minimum, all or none": (
        new("x", "buy", 10, 5, minimum_quantity=5, all_or_none=True),
        "minimum_quantity",
        "all_or_none",
    ),
    "minimum above the quantity": (
        new("x", "buy", 10, 5, minimum_quantity=11),
        "minimum_quantity",
        "quantity",
    ),
    "peg, all or none": (new("x", "buy", 10, order_type="peg", all_or_none=True), "all_or_none", "peg"),
    "post-only, all or none": (
        new("x", "buy", 10, 5, post_only="cancel", all_or_none=True),
        "post_only",
        "all_or_none",
    ),
    "post-only, all at once": (
        new("x", "buy", 10, 5, post_only=True, time_in_force="fok"),
        "post_only",
        "fok",
    ),
    "post-only peg": (new("x", "buy", 10, order_type="peg", post_only=True), "post_only", "peg"),
    "post-only stop": (stop(post_only="reprice"), "post_only", "stop"),
    "deadline until canceled": (new("x", "buy", 10, 5, expires_at_ns=2**53 - 1), "expires_at_ns", "gtc"),
    "money limit that waits": (
        new("x", "buy", 10, order_type="money_limit", amount=60),
        "money_limit",
        "time_in_force",
    ),
    "amount and quantity": (
        new("x", "buy", 10, order_type="market_by_amount", amount=60),
        "quantity",
        "market_by_amount",
    ),
    "amount, all at once": (
        new("x", "buy", 0, order_type="market_by_amount", amount=60, time_in_force="fok"),
        "market_by_amount",
        "fok",
    ),
}
"""What can't be had together, and the two fields or words that the answer must name."""


@pytest.mark.parametrize("name", CONFLICTS)
def test_fields_that_exclude_each_other_are_both_named(
    venue: VenueProcess, bystander: RawClient, name: str
) -> None:
    request, one, other = CONFLICTS[name]
    with venue.login("mallory") as client:
        answer = client.ask(request)

        assert (answer["type"], answer["reason"], answer["line"]) == ("rejected", "conflicting_fields", 2)
        assert one in answer["text"]
        assert other in answer["text"]


def test_a_repeated_id_is_told_what_became_of_it(venue: VenueProcess, bystander: RawClient) -> None:
    with venue.login("repeater") as client:
        first = client.ask(new("twice", "buy", 3, 2))
        client.ask({"type": "cancel", "client_order_id": "twice"})

        answer = client.ask(new("twice", "buy", 3, 2))
        state = client.receive()

        assert (answer["reason"], answer["line"]) == ("duplicate_client_order_id", 4)
        assert f"order {first['order_id']}, canceled, 0 executed" in answer["text"]
        assert (state["type"], state["client_order_id"], state["order_id"]) == (
            "order_state",
            "twice",
            first["order_id"],
        )
        assert (state["state"], state["cumulative"], state["leaves"]) == ("canceled", 0, 0)


def test_commands_before_the_login_are_refused_and_do_nothing(
    venue: VenueProcess, bystander: RawClient
) -> None:
    with venue.connect() as client:
        answer = client.ask(new("x", "buy", 1, 1))

        assert (answer["code"], answer["line"]) == ("not_logged_in", 1)
        assert client.ask({"type": "login", "account": "late"})["open_orders"] == []


def test_a_line_of_ten_megabytes_ends_the_connection_and_only_that(
    venue: VenueProcess, bystander: RawClient
) -> None:
    with venue.login("verbose") as client:
        with suppress(BrokenPipeError, ConnectionResetError):  # the venue does not read to the end of it
            client.send_bytes(b"x" * 10_000_000 + b"\n")
        rest = client.receive_rest()

    # A reset may overtake the last words; if they arrive they say why.
    assert rest == [] or (rest[0]["code"], rest[0]["line"]) == ("line_too_long", 2)


def test_a_line_just_over_the_limit_is_named(venue: VenueProcess, bystander: RawClient) -> None:
    with venue.login("verbose") as client:
        client.send_bytes(b"x" * 65_537)

        (answer,) = client.receive_rest()

        assert (answer["code"], answer["line"]) == ("line_too_long", 2)


def test_half_a_line_at_the_end_is_named_and_not_taken(venue: VenueProcess, bystander: RawClient) -> None:
    with venue.login("halfway") as client:
        client.send_bytes(b'{"type":"new","client_order_id":"half"')
        client.socket.shutdown(1)

        rest = client.receive_rest()

        assert [(message["type"], message.get("code"), message.get("line")) for message in rest] == [
            ("error", "line_cut_short", 2),
            ("logged_out", None, None),
        ]


def test_a_reset_in_the_middle_of_a_line_loses_only_that_line(
    venue: VenueProcess, bystander: RawClient
) -> None:
    client = venue.login("resetter")
    client.ask(new("kept", "buy", 1, 1))
    client.send_bytes(b'{"type":"cancel","client_order')
    client.reset()

    with venue.login("resetter") as again:
        names = [order["client_order_id"] for order in again.welcome["open_orders"]]

        assert names == ["kept"]
        again.ask({"type": "mass_cancel"})


def test_end_of_input_after_commands_still_gets_every_answer(
    venue: VenueProcess, bystander: RawClient
) -> None:
    with venue.login("piped") as client:
        client.send(*(new(f"p{n}", "buy", 1, 1) for n in range(200)), {"type": "mass_cancel"})
        client.socket.shutdown(1)

        rest = client.receive_rest()

        kinds = [message["type"] for message in rest]
        assert kinds == ["accepted"] * 200 + ["canceled"] * 200 + ["mass_canceled", "logged_out"]
        assert [message["seq"] for message in rest[:-1]] == list(range(rest[0]["seq"], rest[0]["seq"] + 401))


def test_garbage_from_many_at_once_leaves_the_venue_serving(
    venue: VenueProcess, bystander: RawClient
) -> None:
    for number in range(50):
        client = venue.connect()
        client.send_bytes(bytes(range(256)) * 10 + b"\n{}\n" * number)
        client.reset()

    with venue.login("after") as client:
        assert client.ask({"type": "mass_cancel"})["type"] == "mass_canceled"

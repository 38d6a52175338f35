"""What sessions of each role may be and may ask, over real sockets."""

from collections.abc import Iterator

import pytest

from protocol.vocabulary import Role
from tests.support.guarded import guarded_venue, let_in, login
from tests.support.venue import Json, RawClient, VenueProcess, new


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    with guarded_venue(tmp_path_factory.mktemp("venue")) as process:
        yield process


TRADING: dict[str, Json] = {
    "new": new("r", "buy", 1, 1),
    "cancel": {"type": "cancel", "client_order_id": "r"},
    "replace": {"type": "replace", "client_order_id": "r", "quantity": 2},
    "reduce": {"type": "reduce", "client_order_id": "r", "by": 1},
    "mass_cancel": {"type": "mass_cancel"},
    "mass_quote": {"type": "mass_quote", "quote_set": "q", "quotes": [{"symbol": "ACME"}]},
    "kill_switch": {"type": "kill_switch", "on": False},
    "dead_man": {"type": "dead_man", "within_ms": 0},
    "set_protection": {"type": "set_protection", "quote_set": "q", "fills": 0},
}
"""What changes something for the account."""

RUNNING: dict[str, Json] = {
    "list_sessions": {"type": "list_sessions"},
    "list_accounts": {"type": "list_accounts"},
    "audit": {"type": "audit"},
    "create_account": {"type": "create_account", "account": "mine", "why": "x", "secret": "y"},
    "disable_account": {"type": "disable_account", "account": "bob", "why": "x"},
    "enable_account": {"type": "enable_account", "account": "bob", "why": "x"},
    "adjust_balance": {
        "type": "adjust_balance", "account": "alice", "asset": "USD", "amount": 1, "transaction_id": "t", "why": "x",
    },
    "set_limits": {"type": "set_limits", "limits": {}, "why": "x"},
    "set_fees": {"type": "set_fees", "symbol": "ACME", "maker_fee_ppm": 0, "taker_fee_ppm": 0, "why": "x"},
    "change_phase": {"type": "change_phase", "symbol": "ACME", "phase": "halt", "why": "x"},
    "set_last_price": {"type": "set_last_price", "symbol": "ACME", "price": 1, "why": "x"},
    "cancel_for": {"type": "cancel_for", "account": "bob", "why": "x"},
    "bust_trade": {"type": "bust_trade", "trade_id": 1, "account": "bob", "why": "x"},
    "add_instrument": {"type": "add_instrument", "instrument": {"symbol": "MINE"}, "why": "x"},
    "broadcast": {"type": "broadcast", "text": "free beer", "why": "x"},
}  # fmt: skip
"""What runs the venue."""


def sent(client: RawClient, requests: dict[str, Json]) -> dict[str, str | None]:
    """Code of the error that each request gets, ``None`` for another answer."""
    codes: dict[str, str | None] = {}
    for name, request in requests.items():
        codes[name] = client.ask(request).get("code")
    return codes


@pytest.mark.parametrize(
    ("name", "fields"), [("alice", {"role": "viewer"}), ("watch", {}), ("boss", {"role": "viewer"})]
)
def test_a_viewer_may_ask_for_nothing_that_changes_anything(
    venue: VenueProcess, name: str, fields: Json
) -> None:
    with let_in(venue, name, **fields) as client:
        assert client.welcome["role"] == "viewer"
        assert set(sent(client, TRADING).values()) == {"not_allowed"}
        assert set(sent(client, RUNNING).values()) == {"not_an_operator"}


def test_an_operator_runs_the_venue_and_does_not_trade(venue: VenueProcess) -> None:
    with let_in(venue, "boss") as client:
        assert client.welcome["role"] == "operator"
        assert set(sent(client, TRADING).values()) == {"not_allowed"}
        assert client.ask({"type": "list_accounts"})["type"] == "accounts"


@pytest.mark.parametrize(("name", "fields"), [("clerk", {}), ("alice", {"role": "drop_copy"})])
def test_a_drop_copy_only_listens(venue: VenueProcess, name: str, fields: Json) -> None:
    with let_in(venue, name, **fields) as client:
        assert client.welcome["role"] == "drop_copy"
        assert set(sent(client, TRADING).values()) == {"not_allowed"}
        assert set(sent(client, RUNNING).values()) == {"not_an_operator"}
        asks = {"order_status": {"type": "order_status", "client_order_id": "r"}}
        assert set(sent(client, asks).values()) == {"not_allowed"}


def test_a_trader_does_not_run_the_venue_and_nothing_happens(venue: VenueProcess) -> None:
    with let_in(venue, "alice") as alice, let_in(venue, "bob") as bob, let_in(venue, "boss") as boss:
        codes = sent(alice, RUNNING)

        assert set(codes.values()) == {"not_an_operator"}
        assert bob.is_silent()
        assert bob.ask(new("still", "buy", 1, 1))["type"] == "accepted"
        bob.ask({"type": "mass_cancel"})
        assert boss.ask({"type": "audit"})["entries"] == boss.ask({"type": "audit"})["entries"]
        names = [account["account"] for account in boss.ask({"type": "list_accounts"})["accounts"]]
        assert "mine" not in names


def test_a_viewer_sees_the_private_stream_of_its_account_and_asks_after_its_orders(
    venue: VenueProcess,
) -> None:
    with let_in(venue, "alice") as alice, let_in(venue, "alice", role="viewer") as viewer:
        alice.ask(new("seen", "buy", 1, 1))

        seen = viewer.receive()
        state = viewer.ask({"type": "order_status", "client_order_id": "seen"})
        standing = viewer.ask({"type": "account_status"})
        subscribed = viewer.ask({"type": "subscribe", "channel": "depth", "symbol": "ACME"})

        assert (seen["type"], seen["client_order_id"]) == ("accepted", "seen")
        assert (state["type"], state["leaves"]) == ("order_state", 1)
        assert (standing["type"], standing["account"]) == ("account_state", "alice")
        assert subscribed["type"] == "subscribed"
        alice.ask({"type": "mass_cancel"})


OWN = {"alice": Role.TRADER, "watch": Role.VIEWER, "boss": Role.OPERATOR, "clerk": Role.DROP_COPY}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", OWN)
def test_everybody_may_be_less_than_he_is_and_nobody_something_else(
    venue: VenueProcess, name: str, role: Role
) -> None:
    with venue.connect() as client:
        answer = client.ask(login(name, role=role))

        if role in (OWN[name], Role.VIEWER, Role.DROP_COPY):
            assert (answer["type"], answer.get("role", "trader")) == ("welcome", role)
        else:
            assert (answer["code"], answer["line"]) == ("not_allowed", 1)
            assert client.receive_rest() == []


@pytest.mark.parametrize(
    ("name", "fields", "code"),
    [
        ("alice", {"role": "drop_copy", "copy_from": [["bob", 1]]}, "unknown_account"),
        ("clerk", {"copy_from": [["bob", 1]]}, "unknown_account"),
        ("clerk", {"copy_from": [["*", 1]]}, "unknown_account"),
        ("clerk", {"copy_from": [["alice", 10**9]]}, "resume_from_the_future"),
        ("alice", {"copy_from": [["alice", 1]]}, "not_allowed"),
        ("clerk", {"resume_from": 1}, "not_allowed"),
        ("alice", {"resume_from": 10**9}, "resume_from_the_future"),
    ],
)
def test_what_a_login_may_not_ask_for_ends_it(
    venue: VenueProcess, name: str, fields: Json, code: str
) -> None:
    with venue.connect() as client:
        client.send(login(name, **fields), new("x", "buy", 1, 1))

        (answer,) = client.receive_rest()

        assert (answer["type"], answer["code"], answer["line"]) == ("error", code, 1)


def test_a_drop_copy_gets_the_streams_of_those_it_may_read_and_of_nobody_else(venue: VenueProcess) -> None:
    with (
        let_in(venue, "alice") as alice,
        let_in(venue, "bob") as bob,
        let_in(venue, "clerk") as clerk,
        let_in(venue, "auditor") as auditor,
        let_in(venue, "boss", role="drop_copy") as boss,
        let_in(venue, "bob", role="drop_copy") as bobs,
    ):
        for name, client in (("of-bob", bob), ("of-alice", alice)):
            client.ask(new(name, "buy", 1, 1))
            client.ask({"type": "mass_cancel"})
            client.receive()

        whose = [
            [copier.receive()["account"] for _ in range(count)]
            for copier, count in ((clerk, 3), (auditor, 6), (boss, 6), (bobs, 3))
        ]

        assert whose == [["alice"] * 3, ["bob"] * 3 + ["alice"] * 3, ["bob"] * 3 + ["alice"] * 3, ["bob"] * 3]


def test_an_operator_sees_who_is_there_with_role_and_source(venue: VenueProcess) -> None:
    with let_in(venue, "boss") as boss, let_in(venue, "alice", cancel_on_disconnect=True) as alice:
        with let_in(venue, "alice", role="viewer") as viewer:
            found = boss.ask({"type": "list_sessions"})["sessions"]

        numbers = [client.welcome["session"] for client in (boss, alice, viewer)]
        assert [entry["session"] for entry in found] == sorted(entry["session"] for entry in found)
        described = {entry["session"]: entry for entry in found}
        assert [described[number]["role"] for number in numbers] == ["operator", "trader", "viewer"]
        assert [described[number].get("cancel_on_disconnect", False) for number in numbers] == [
            False, True, False,
        ]  # fmt: skip
        assert {described[number]["source"] for number in numbers} == {"127.0.0.1"}


def test_a_notice_reaches_everybody_who_is_logged_in(venue: VenueProcess) -> None:
    with let_in(venue, "boss") as boss, let_in(venue, "watch") as watch, let_in(venue, "clerk") as clerk:
        boss.send({"type": "broadcast", "text": "we close early", "why": "holiday"})

        texts = [
            next(message for message in client.receive_until("notice"))["text"] for client in (watch, clerk)
        ]

        assert texts == ["we close early"] * 2

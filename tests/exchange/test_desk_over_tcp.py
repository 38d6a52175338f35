"""The desk over real sockets, in a venue that asks for secrets, and back out of its journal."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exchange.access import hash_secret
from tests.support.venue import Json, RawClient, VenueProcess, new, running_venue

FILE = """
[[instruments]]
symbol = "ACME"
settlement = "spot"
base = "ACME"
quote = "USD"
taker_fee_ppm = 10_000

[[accounts]]
name = "olga"
role = "operator"
secret_hash = "HASH"
"""
WHY = "a test"


@contextmanager
def venue_of(directory: Path) -> Iterator[VenueProcess]:
    """A venue with nobody in it but its operator."""
    file = directory / "venue.toml"
    if not file.exists():
        file.write_text(FILE.replace("HASH", hash_secret("secret of olga")))
    with running_venue(directory, str(file), open_venue=False) as venue:
        yield venue


def login(venue: VenueProcess, name: str, **fields: object) -> RawClient:
    return venue.login(name, secret=f"secret of {name}", **fields)


def order(operator: RawClient, kind: str, **fields: object) -> Json:
    """Ask for something to be done; the answer, which is that it is."""
    answers = [operator.ask({"type": kind, "why": WHY, **fields})]
    while answers[-1]["type"] not in ("admin_done", "rejected", "error"):
        answers.append(operator.receive())
    assert answers[-1]["type"] == "admin_done", answers[-1]
    return answers[-1]


def open_account(operator: RawClient, name: str) -> None:
    order(operator, "create_account", account=name, secret=f"secret of {name}")
    for asset in ("USD", "ACME"):
        order(operator, "adjust_balance", account=name, asset=asset, amount=10_000, transaction_id=asset)


def balances(client: RawClient) -> dict[str, tuple[int, int]]:
    state = client.ask({"type": "account_status"})
    return {one["asset"]: (one["free"], one.get("held", 0)) for one in state["balances"]}


def test_an_account_that_is_opened_at_the_desk_logs_in_and_trades(tmp_path: Path) -> None:
    with venue_of(tmp_path) as venue, login(venue, "olga") as olga:
        for name in ("anna", "ben"):
            open_account(olga, name)
        with login(venue, "anna") as anna, login(venue, "ben") as ben:
            anna.ask(new("a1", "sell", 10, 100))
            ben.send(new("b1", "buy", 10, 100))
            fee = ben.receive_until("trade_report")[-1]["fee"]
            anna.receive_until("trade_report")

            assert fee == 10
            assert balances(anna) == {"ACME": (9_990, 0), "USD": (11_000, 0)}
            assert balances(ben) == {"ACME": (10_010, 0), "USD": (8_990, 0)}


def test_who_is_disabled_loses_his_orders_his_session_and_his_login(tmp_path: Path) -> None:
    with venue_of(tmp_path) as venue, login(venue, "olga") as olga:
        open_account(olga, "anna")
        with login(venue, "anna") as anna:
            anna.ask(new("a1", "sell", 10, 100))

            order(olga, "disable_account", account="anna")

            told = anna.receive_rest()
        with login(venue, "anna") as refused:
            pass
        order(olga, "enable_account", account="anna")
        with login(venue, "anna") as again:
            pass

    assert [message["type"] for message in told] == ["account_blocked", "canceled", "error"]
    assert (told[1]["reason"], told[2]["code"]) == ("account_disabled", "account_disabled")
    assert refused.welcome["code"] == "account_disabled"
    assert (again.welcome["type"], again.welcome["open_orders"]) == ("welcome", [])


def test_a_trade_is_busted_after_a_kill_9_and_the_audit_knows(tmp_path: Path) -> None:
    with venue_of(tmp_path) as venue:
        with login(venue, "olga") as olga:
            for name in ("anna", "ben"):
                open_account(olga, name)
            with login(venue, "anna") as anna, login(venue, "ben") as ben:
                anna.ask(new("a1", "sell", 10, 100))
                ben.send(new("b1", "buy", 10, 100))
                trade = ben.receive_until("trade_report")[-1]
        venue.kill()

    with venue_of(tmp_path) as venue, login(venue, "olga") as olga, login(venue, "ben") as ben:
        order(olga, "bust_trade", trade_id=trade["trade_id"], account="anna")
        busted = ben.receive()
        after = balances(ben)
        entry = olga.ask({"type": "audit"})["entries"][-1]
        venue.stop()
        verdict = venue.verify()

    assert (busted["type"], busted["trade_id"], busted["fee"]) == ("trade_busted", trade["trade_id"], 10)
    assert after == {"ACME": (10_000, 0), "USD": (10_000, 0)}
    assert (entry["action"], entry["by"], entry["why"]) == ("bust_trade", "olga", WHY)
    assert verdict.returncode == 0, verdict.stdout


def test_what_operators_set_outlives_a_kill_9(tmp_path: Path) -> None:
    with venue_of(tmp_path) as venue:
        with login(venue, "olga") as olga:
            open_account(olga, "anna")
            order(olga, "set_limits", account="anna", limits={"order_quantity": 5})
            order(olga, "add_instrument", instrument={"symbol": "BOLT"})
            order(olga, "set_fees", symbol="BOLT", maker_fee_ppm=7, taker_fee_ppm=8)
            order(olga, "change_phase", symbol="BOLT", phase="halt")
        venue.kill()

    with venue_of(tmp_path) as venue, login(venue, "anna") as anna:
        bolt = anna.welcome["instruments"][1]
        too_much = anna.ask(new("a1", "sell", 6, 100))

    assert (bolt["symbol"], bolt["phase"], bolt["maker_fee_ppm"], bolt["taker_fee_ppm"]) == (
        "BOLT",
        "halt",
        7,
        8,
    )
    assert too_much["reason"] == "order_quantity_limit"


def test_a_broadcast_reaches_everybody_who_is_connected(tmp_path: Path) -> None:
    with venue_of(tmp_path) as venue, login(venue, "olga") as olga:
        open_account(olga, "anna")
        with login(venue, "anna") as anna, login(venue, "anna", role="viewer") as viewer:
            order(olga, "broadcast", text="we close early")

            heard = [client.receive() for client in (anna, viewer)]

    assert [(one["type"], one["text"]) for one in heard] == [("notice", "we close early")] * 2


def test_a_dead_man_switch_fires_by_the_clock_of_the_venue(tmp_path: Path) -> None:
    with venue_of(tmp_path) as venue, login(venue, "olga") as olga:
        open_account(olga, "anna")
        with login(venue, "anna") as anna:
            anna.ask(new("a1", "sell", 10, 100))
            armed = anna.ask({"type": "dead_man", "within_ms": 50})

            canceled, fired = anna.receive(), anna.receive()

    assert (canceled["reason"], fired["count"]) == ("dead_man", 1)
    assert fired["at_ns"] >= armed["deadline_ns"]


def test_quotes_are_pulled_when_they_trade_too_fast(tmp_path: Path) -> None:
    quotes: Json = {
        "type": "mass_quote",
        "quote_set": "main",
        "quotes": [{"symbol": "ACME", "bid": 99, "bid_quantity": 10, "ask": 101, "ask_quantity": 10}],
    }
    with venue_of(tmp_path) as venue, login(venue, "olga") as olga:
        for name in ("anna", "ben"):
            open_account(olga, name)
        with login(venue, "anna") as anna, login(venue, "ben") as ben:
            anna.ask({"type": "set_protection", "quote_set": "main", "fills": 1, "within_ms": 60_000})
            anna.send(quotes)
            quoted = anna.receive_until("mass_quoted")[-1]
            ben.ask(new("b1", "sell", 1, 99))
            pulled = anna.receive_until("quotes_pulled")
            anna.send(quotes)
            refused = anna.receive_until("mass_quoted")

    assert (quoted["accepted"], quoted["rejected"]) == (2, 0)
    assert [message["type"] for message in pulled] == [
        "trade_report",
        "canceled",
        "canceled",
        "quotes_pulled",
    ]
    assert [message.get("reason") for message in refused] == ["quotes_pulled", "quotes_pulled", None]


@pytest.mark.parametrize(
    "request_",
    [
        {"type": "list_sessions"},
        {"type": "audit"},
        {"type": "create_account", "account": "eve", "why": WHY, "role": "operator"},
        {
            "type": "adjust_balance",
            "account": "anna",
            "asset": "USD",
            "amount": 5,
            "transaction_id": "x",
            "why": WHY,
        },
        {"type": "broadcast", "text": "free beer", "why": WHY},
    ],
    ids=lambda request: str(request["type"]),
)
def test_a_trader_does_not_run_the_venue(tmp_path: Path, request_: Json) -> None:
    with venue_of(tmp_path) as venue, login(venue, "olga") as olga:
        open_account(olga, "anna")
        before = olga.ask({"type": "audit"})["last_seq"]
        with login(venue, "anna") as anna:
            refused = anna.ask(request_)

        assert (refused["type"], refused["code"]) == ("error", "not_an_operator")
        assert olga.ask({"type": "audit"})["last_seq"] == before

"""A drop copy hears everything that one account, some, or the whole venue does, and can fall behind and catch up."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from tests.support.venue import Json, RawClient, VenueProcess, new, running_venue

FILE = """
open = true

[[instruments]]
symbol = "ACME"

[[accounts]]
name = "olga"
role = "operator"

[[accounts]]
name = "clearer"
role = "drop_copy"
copies = ["anna", "ben"]

[[accounts]]
name = "auditor"
role = "drop_copy"
"""

VENUE = "*"


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "venue.toml"
    path.write_text(FILE)
    return str(path)


@pytest.fixture
def venue(tmp_path: Path, file: str) -> Iterator[VenueProcess]:
    with running_venue(tmp_path, file, "--sync", "off") as venue:
        yield venue


def copies(client: RawClient, counts: dict[str, int]) -> dict[str, list[Json]]:
    """So many copies of each account's messages, and nothing else."""
    heard: dict[str, list[Json]] = defaultdict(list)
    for _ in range(sum(counts.values())):
        message = client.receive()
        assert message["type"] == "copy", message
        heard[message["account"]].append(message["report"])
    assert {account: len(reports) for account, reports in heard.items()} == counts
    return heard


def trade(client: RawClient, name: str, count: int) -> list[Json]:
    """Orders that trade with each other; all that was told."""
    told = []
    for start in range(0, count, 1_000):
        orders = (new(f"{name}{n}", "buy" if n % 2 else "sell", 1, 100) for n in range(start, count))
        client.send(*islice(orders, 1_000), {"type": "mass_cancel"})
        told += client.receive_until("mass_canceled")
    return told


def test_a_trader_reads_copies_of_its_own_stream_only(venue: VenueProcess) -> None:
    with (
        venue.login("anna") as anna,
        venue.login("anna", role="drop_copy") as copy,
        venue.login("ben") as ben,
    ):
        ben.ask(new("b", "buy", 1, 90))
        told = trade(anna, "a", 10)

        assert copies(copy, {"anna": len(told)})["anna"] == told


def test_a_drop_copy_account_reads_those_it_may_and_no_others(venue: VenueProcess) -> None:
    with (
        venue.login("clearer") as clearer,
        venue.login("anna") as anna,
        venue.login("ben") as ben,
        venue.login("chris") as chris,
    ):
        told = {"anna": [anna.ask(new("a", "buy", 2, 100))]}
        chris.ask(new("c", "buy", 2, 100))
        told["ben"] = [ben.ask(new("b", "sell", 3, 100)), ben.receive(), ben.receive()]
        told["anna"].append(anna.receive())

        assert copies(clearer, {"anna": 2, "ben": 3}) == told
        assert clearer.is_silent()
        clearer.send(new("x", "buy", 1, 1))
        assert clearer.receive()["code"] == "not_allowed"
    with venue.connect() as clearer:
        clearer.send({"type": "login", "account": "clearer", "copy_from": [["chris", 1]]})
        assert clearer.receive_rest()[-1]["type"] == "error"


def test_everybody_means_accounts_to_come_and_the_venue_itself(venue: VenueProcess) -> None:
    with venue.login("auditor") as auditor, venue.login("olga") as olga:
        with venue.login("newcomer") as newcomer:
            told = {"newcomer": [newcomer.ask(new("n", "buy", 2, 100))]}
        halt = {"type": "change_phase", "symbol": "ACME", "phase": "halt", "why": "news"}
        olga.send(halt)
        done = olga.receive_until("admin_done")[-1]

        heard = copies(auditor, {"newcomer": 1, "olga": 1, VENUE: 1})

        assert heard["newcomer"] == told["newcomer"]
        assert heard["olga"] == [{key: value for key, value in done.items() if key != "line"}]
        (entry,) = heard[VENUE]
        assert (entry["type"], entry["by"], entry["why"], entry["action"]) == (
            "audit_entry", "olga", "news", "change_phase",
        )  # fmt: skip


@pytest.mark.parametrize("how", ["live", "kill", "stop"])
def test_a_drop_copy_resumes_each_account_where_it_was(tmp_path: Path, file: str, how: str) -> None:
    with running_venue(tmp_path, file, "--sync", "off") as venue:
        with venue.login("anna") as anna, venue.login("ben") as ben:
            told = {"anna": trade(anna, "a", 1_500), "ben": trade(ben, "b", 700)}
        if how == "live":
            check_resumed(venue, told)
        elif how == "kill":
            venue.kill()
        else:
            venue.stop()
    if how != "live":
        with running_venue(tmp_path, file, "--sync", "off") as venue:
            check_resumed(venue, told)


def check_resumed(venue: VenueProcess, told: dict[str, list[Json]]) -> None:
    last = {account: len(messages) for account, messages in told.items()}
    copy_from = [["anna", 257], ["ben", last["ben"]]]
    with venue.login("clearer", copy_from=copy_from) as clearer, venue.login("anna") as anna:
        heard = copies(clearer, {"anna": last["anna"] - 256, "ben": 1})
        assert heard == {"anna": told["anna"][256:], "ben": told["ben"][-1:]}
        fresh = anna.ask({"type": "kill_switch", "on": False})
        assert copies(clearer, {"anna": 1})["anna"] == [fresh]
    with venue.login("auditor", copy_from=[["anna", 1], ["ben", 1], [VENUE, 1]]) as auditor:
        messages = [auditor.receive() for _ in range(last["anna"] + 1 + last["ben"])]
        heard_of = [(message["account"], message["report"]["seq"]) for message in messages]
        assert heard_of.count(("anna", 1)) == 1
        by_account = defaultdict(list)
        for account, seq in heard_of:
            by_account[account].append(seq)
        assert all(seqs == list(range(1, len(seqs) + 1)) for seqs in by_account.values())


def test_a_drop_copy_that_catches_up_under_load_misses_nothing_and_hears_nothing_twice(
    venue: VenueProcess,
) -> None:
    with venue.login("anna") as anna, venue.login("ben") as ben:
        told = {"anna": trade(anna, "a", 4_000), "ben": trade(ben, "b", 100)}
        with venue.connect() as clearer:
            clearer.send({"type": "login", "account": "clearer", "copy_from": [["anna", 1]]})
            assert clearer.receive()["type"] == "welcome"
            live = trade(ben, "c", 500)
            told["anna"] += trade(anna, "d", 500)
            live += trade(ben, "e", 500)

            heard = copies(clearer, {"anna": len(told["anna"]), "ben": len(live)})

        assert heard == {"anna": told["anna"], "ben": live}


def test_old_trades_are_busted_and_everybody_concerned_is_told(tmp_path: Path, file: str) -> None:
    with running_venue(tmp_path, file, "--sync", "off") as venue:
        with venue.login("anna") as anna, venue.login("ben") as ben:
            anna.ask(new("a", "buy", 5, 100))
            ben.send(new("b", "sell", 2, 100))
            trade_id = ben.receive_until("trade_report")[-1]["trade_id"]
            trade(ben, "x", 1_500)  # the trade is far back
        venue.kill()
    with (
        running_venue(tmp_path, file, "--sync", "off") as venue,
        venue.login("anna") as anna,
        venue.login("ben") as ben,
        venue.login("olga") as olga,
    ):
        ben.send({"type": "subscribe", "channel": "trades", "symbol": "ACME"})
        ben.receive_until("trades_snapshot")

        bust = {"type": "bust_trade", "trade_id": trade_id, "account": "ben", "why": "a typing error"}
        done = olga.ask(bust)
        again = olga.ask(bust)

        assert done["type"] == "admin_done", done
        bought, sold = anna.receive(), ben.receive()
        assert (bought["type"], bought["trade_id"], bought["side"], bought["quantity"]) == (
            "trade_busted", trade_id, "buy", 2,
        )  # fmt: skip
        assert (sold["type"], sold["side"]) == ("trade_busted", "sell")
        print_busted = ben.receive()
        assert (print_busted["type"], print_busted["trade_id"]) == ("print_busted", trade_id)
        assert again["reason"] == "already_busted"
        assert olga.ask({**bust, "account": "olga"})["code"] == "unknown_trade"
        audit = olga.ask({"type": "audit"})
        assert [entry["action"] for entry in audit["entries"]].count("bust_trade") == 1
        assert audit["entries"][-1]["seq"] == audit["last_seq"]
        assert venue.stop() == 0
        assert venue.verify().returncode == 0

"""Phases and auctions over a real socket, and back out of the journal after ``kill -9``."""

import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from protocol.codec import encode
from protocol.desk import AdminRequest
from tests.support.venue import Json, RawClient, VenueProcess, new, running_venue
from tests.support.wire_requests import random_request

FILE = """
volatility_auction_s = 3600
auction_extension_s = 3600

[[instruments]]
symbol = "ACME"
self_trade = "decrement"
dynamic_corridor = 20
static_corridor = 30
reference_price = 100

[[accounts]]
name = "olga"
role = "operator"
"""


@contextmanager
def venue_with_operators(directory: Path) -> Iterator[VenueProcess]:
    file = directory / "venue.toml"
    file.write_text(FILE)
    with running_venue(directory, str(file)) as process:
        yield process


def to(operator: RawClient, phase: str, **fields: object) -> Json:
    """Change the phase; the answer, without its number and time."""
    answer = operator.ask(
        {"type": "change_phase", "symbol": "ACME", "phase": phase, "why": "a test", **fields}
    )
    return {name: value for name, value in answer.items() if name not in ("seq", "at_ns")}


def watch(client: RawClient, *channels: str) -> list[Json]:
    """Subscribe; how things stand."""
    states = []
    for channel in channels:
        client.ask({"type": "subscribe", "channel": channel, "symbol": "ACME"})
        states.append(client.receive())
    return states


def told(message: Json, *names: str) -> tuple[object, ...]:
    return tuple(message.get(name) for name in names)


def test_an_opening_auction_from_the_first_order_to_the_first_trade(tmp_path: Path) -> None:
    with (
        venue_with_operators(tmp_path) as venue,
        venue.login("olga") as olga,
        venue.login("anna") as anna,
        venue.login("bert") as bert,
        venue.login("eve") as eve,
    ):
        assert to(olga, "pre_open") == {
            "type": "admin_done",
            "action": "change_phase",
            "symbol": "ACME",
            "text": "to pre_open",
            "line": 2,
        }
        (phase, _) = watch(eve, "status", "auction")
        assert told(phase, "type", "phase", "previous") == ("status", "pre_open", None)

        anna.ask(new("a1", "buy", 10, 102))
        anna.ask(new("a2", "buy", 5, order_type="market", time_in_force="at_the_open"))
        assert told(anna.receive(), "type", "price") == ("rested", None)  # before all limits
        assert anna.ask(new("a3", "buy", 5, 99, time_in_force="ioc"))["reason"] == "wrong_phase"
        bert.ask(new("b1", "sell", 12, 98))
        indication = eve.receive()
        to(olga, "continuous")

        assert told(indication, "type", "price", "volume", "surplus") == ("indication", 102, 12, 3)
        result, phase = eve.receive(), eve.receive()
        assert told(result, "type", "price", "volume") == ("auction_result", 102, 12)
        assert told(phase, "phase", "previous") == ("continuous", "pre_open")
        reports = [anna.receive(), anna.receive()]
        assert [told(one, "client_order_id", "quantity", "leaves", "liquidity") for one in reports] == [
            ("a2", 5, 0, "auction"),
            ("a1", 7, 3, "auction"),
        ]
        assert [told(bert.receive(), "quantity", "leaves") for _ in reports] == [(5, 7), (7, 0)]


def test_a_volatility_auction_begins_before_the_trade_that_would_be_too_far_away(tmp_path: Path) -> None:
    with (
        venue_with_operators(tmp_path) as venue,
        venue.login("olga") as olga,
        venue.login("anna") as anna,
        venue.login("bert") as bert,
    ):
        watch(olga, "status")
        bert.ask(new("b1", "sell", 5, 110))
        bert.ask(new("b2", "sell", 5, 125))

        anna.send(new("a1", "buy", 10, 125))
        reports = [anna.receive(), anna.receive()]

        assert told(olga.receive(), "phase", "previous") == ("volatility_auction", "continuous")
        assert [told(one, "type", "price", "leaves") for one in reports] == [
            ("accepted", 125, None),
            ("trade_report", 110, 5),
        ]
        forced = to(olga, "continuous")
        assert told(forced, "type", "text") == ("admin_done", "to continuous")
        assert told(anna.receive(), "price", "liquidity", "leaves") == (125, "auction", 0)


def test_an_auction_too_far_from_the_reference_is_held_when_it_is_forced(tmp_path: Path) -> None:
    with venue_with_operators(tmp_path) as venue, venue.login("olga") as olga, venue.login("anna") as anna:
        to(olga, "opening_auction")
        anna.ask(new("a1", "buy", 5, 150))
        anna.ask(new("a2", "sell", 5, 150))

        extended = to(olga, "continuous")
        forced = to(olga, "continuous", forced=True)

        assert extended["text"] == "not continuous: the auction would be at 150, so the call goes on"
        assert forced["text"] == "to continuous"


def test_everything_that_waits_comes_back_after_kill_9(tmp_path: Path) -> None:
    with venue_with_operators(tmp_path) as venue:
        with venue.login("olga") as olga, venue.login("anna") as anna, venue.login("bert") as bert:
            bert.ask(new("b1", "sell", 40, 105, display=10))
            anna.send(new("a1", "buy", 15, 105))
            assert [anna.receive()["type"] for _ in range(3)] == ["accepted", "trade_report", "trade_report"]
            anna.ask(new("stop", "sell", 7, order_type="stop_limit", stop_price=99, price=98, trail=3))
            anna.ask(new("close", "buy", 3, 104, time_in_force="at_the_close"))
            anna.ask(new("gtd", "buy", 2, 90, time_in_force="gtd", expires_at_ns=2**53 - 1))
            anna.ask(new("hidden", "buy", 2, 91, hidden=True))
            before = anna.ask({"type": "order_status", "client_order_id": "stop"})
            to(olga, "closing_auction")
            anna.ask(new("cross", "buy", 5, 106))
        venue.kill()
    assert venue.verify().returncode == 0, venue.verify().stdout

    with venue_with_operators(tmp_path) as venue:
        with venue.login("olga") as olga, venue.login("anna") as anna:
            (phase, depth) = watch(olga, "status", "depth")
            assert phase["phase"] == "closing_auction"
            assert (depth["bids"], depth["asks"]) == ([[106, 5], [104, 3]], [[105, 5]])
            orders = {order["client_order_id"]: order for order in anna.welcome["open_orders"]}
            assert told(orders["stop"], "state", "stop_price", "price") == (
                "pending",
                before["stop_price"],
                98,
            )
            assert told(orders["close"], "state", "price") == (None, 104)  # live is the default
            assert to(olga, "closed")["text"] == "to closed"
            trade = anna.receive()
            assert told(trade, "client_order_id", "price", "liquidity") == ("cross", 105, "auction")
            assert told(anna.receive(), "client_order_id", "reason") == ("close", "auction_over")
            assert anna.ask(new("late", "buy", 1, 1))["reason"] == "wrong_phase"
        venue.stop()
        verdict = venue.verify()
        assert verdict.returncode == 0, verdict.stdout


@pytest.mark.parametrize("seed", [1, 2])
def test_any_mixture_of_orders_and_phases_gives_the_same_state_after_kill_9(
    tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    numbers = itertools.count()
    seqs: dict[str, int] = {}
    for _ in range(2):
        with venue_with_operators(tmp_path) as venue:
            clients = {name: venue.login(name) for name in ("olga", "anna", "bert")}
            assert all(client.welcome["seq"] >= seqs.get(name, 0) for name, client in clients.items())
            for _ in range(20):
                client = clients[rng.choice(("anna", "bert"))]
                requests = [random_request(rng, next(numbers)) for _ in range(25)]
                # What traders may not ask the operator asks; she does nothing else.
                for one, asks in ((clients["olga"], True), (client, False)):
                    lines = [encode(it) for it in requests if isinstance(it, AdminRequest) is asks]
                    one.send_bytes(b"".join(lines))
                    one.ask({"type": "order_status", "client_order_id": "nobody's"})
            venue.kill()
            for name, client in clients.items():
                heard = [message["seq"] for message in client.receive_rest() if "at_ns" in message]
                seqs[name] = max([client.welcome["seq"], *heard])
                client.close()
        verdict = venue.verify()
        assert verdict.returncode == 0, verdict.stdout

    with venue_with_operators(tmp_path) as venue:
        for name, seq in seqs.items():
            with venue.login(name) as client:
                assert client.welcome["seq"] >= seq


def test_only_peaks_are_shown_and_prints_name_no_order(tmp_path: Path) -> None:
    with (
        venue_with_operators(tmp_path) as venue,
        venue.login("anna") as anna,
        venue.login("bert") as bert,
        venue.login("eve") as eve,
    ):
        (tape, depth) = watch(eve, "trades", "depth")
        anna.ask(new("ice", "sell", 50, 101, display=10))
        anna.ask(new("dark", "sell", 20, 101, hidden=True))
        bert.ask(new("b1", "buy", 65, 101))

        assert (depth["bids"], depth["asks"], tape["trades"]) == ([], [], [])
        assert eve.receive()["asks"] == [[101, 10]]
        heard = eve.receive_until("depth_delta")
        prints = heard[:-1]
        assert sum(print_["quantity"] for print_ in prints) == 65
        assert {name for print_ in prints for name in print_} == {
            "type", "symbol", "seq", "trade_id", "at_ns", "price", "quantity", "aggressor",
        }  # fmt: skip
        assert heard[-1]["asks"] == [[101, 0]]  # five are left, and nobody sees them


def test_self_trade_prevention_reports_and_prints_nothing(tmp_path: Path) -> None:
    with venue_with_operators(tmp_path) as venue, venue.login("anna") as anna, venue.login("eve") as eve:
        anna.ask(new("s", "sell", 10, 101))
        (tape, depth) = watch(eve, "trades", "depth")

        anna.send(new("b", "buy", 4, 101))
        reports = [anna.receive() for _ in range(3)]

        assert (depth["asks"], tape["trades"]) == ([[101, 10]], [])
        assert [told(one, "type", "client_order_id", "quantity", "leaves", "reason") for one in reports] == [
            ("accepted", "b", 4, None, None),
            ("self_trade_prevented", "s", 4, 6, None),
            ("canceled", "b", 4, None, "self_trade"),
        ]
        assert eve.receive()["asks"] == [[101, 6]]
        state = anna.ask({"type": "order_status", "client_order_id": "s"})
        assert told(state, "quantity", "cumulative", "leaves", "prevented") == (10, 0, 6, 4)

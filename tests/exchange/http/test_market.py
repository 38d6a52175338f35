"""Market data over HTTP: what is asked comes back as on every gateway, in pages, with tags; nonsense is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exchange.gateways.http.routes import ROUTES
from tests.support.over_http import HttpClient, open_http_venue, over_http
from tests.support.venue import VenueProcess, new


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VenueProcess]:
    """Anna bid 10 at 100 and 5 at 99; ben sold her 3, then 2 and 1."""
    with open_http_venue(tmp_path_factory.mktemp("venue")) as process:
        with process.login("anna") as anna, process.login("ben") as ben:
            anna.ask(new("a1", "buy", 10, 100))
            anna.ask(new("a2", "buy", 5, 99))
            for name, quantity in (("b1", 3), ("b2", 2), ("b3", 1)):
                ben.ask(new(name, "sell", quantity, 100))
        yield process


@pytest.fixture
def client(venue: VenueProcess) -> Iterator[HttpClient]:
    with over_http(venue) as one:
        yield one


# -- how things stand ------------------------------------------------------------------------------
def test_every_instrument_is_listed_with_its_rules(client: HttpClient) -> None:
    listed = client.get("instruments").json["instruments"]

    assert [one["symbol"] for one in listed] == ["ACME", "BOLT", "CORN"]
    assert client.get("instruments/ACME").json == listed[0]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("bbo", {"type": "bbo", "bid": [100, 4]}),
        ("depth", {"type": "depth_snapshot", "bids": [[100, 4], [99, 5]], "asks": []}),
        ("depth?levels=10", {"type": "depth_snapshot", "levels": 10, "bids": [[100, 4], [99, 5]]}),
        ("orders", {"type": "orders_snapshot", "bids": [[4, 100, 4], [5, 99, 5]], "asks": []}),
        ("statistics", {"type": "statistics", "volume": 6, "trades": 3, "last": 100, "vwap": 100}),
        ("status", {"type": "status", "phase": "continuous"}),
        ("auction", {}),
    ],
)
def test_how_things_stand_is_told_as_a_stream_would_begin(
    client: HttpClient, path: str, expected: dict[str, Any]
) -> None:
    answer = client.get(f"instruments/ACME/{path}")

    assert answer.status == 200
    assert answer.json.items() >= expected.items()


def test_candles_are_those_of_the_interval(client: HttpClient) -> None:
    answer = client.get("instruments/ACME/candles?interval=1d").json

    (candle,) = answer["candles"]
    assert (answer["symbol"], answer["interval"]) == ("ACME", "1d")
    assert (candle["open"], candle["volume"], candle["trades"]) == (100, 6, 3)


# -- pages -----------------------------------------------------------------------------------------
def test_trades_come_newest_first_and_a_link_leads_on(client: HttpClient) -> None:
    first = client.get("instruments/ACME/trades?limit=2")
    link = first.headers["link"]
    second = client.get(link[link.index("<") + 1 : link.index(">")])

    assert [trade["trade_id"] for trade in first.json["trades"]] == [3, 2]
    assert link.endswith('; rel="next"')
    assert [trade["trade_id"] for trade in second.json["trades"]] == [1]
    assert "link" not in second.headers


def test_pages_are_counted_from_one(client: HttpClient) -> None:
    pages = [
        client.get(f"instruments/ACME/trades?limit=1&page={page}").json["trades"] for page in (1, 2, 3, 4)
    ]

    assert [[trade["trade_id"] for trade in page] for page in pages] == [[3], [2], [1], []]


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("page=1000000000000", "query.page"),
        ("page=0", "query.page"),
        ("page=10001", "query.page"),
        ("page=" + "9" * 400, "query.page"),
        ("limit=0", "query.limit"),
        ("limit=1001", "query.limit"),
        ("limit=-1", "query.limit"),
        ("limit=ten", "query.limit"),
        ("limit=1_0", "query.limit"),
        ("limit=1.0", "query.limit"),
        ("limit=%201", "query.limit"),
        ("limit=", "query.limit"),
        ("limit=%D9%A1", "query.limit"),
        ("limit=1&limit=2", "query.limit"),
        ("after=x", "query.after"),
        ("after=9223372036854775808", "query.after"),
        ("colour=red", "query.colour"),
        ("%00=1", "query.\x00"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused_with_the_place_of_the_fault(
    client: HttpClient, query: str, where: str
) -> None:
    answer = client.get(f"instruments/ACME/trades?{query}")

    assert (answer.status, answer.code, answer.json["where"]) == (422, "invalid_message", where)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("levels=11", "invalid_subscription"),
        ("levels=0", "invalid_subscription"),
        ("levels=1000000", "invalid_subscription"),
        ("levels=x", "invalid_message"),
        ("levels=", "invalid_message"),
    ],
)
def test_only_the_levels_that_are_offered_can_be_had(client: HttpClient, query: str, code: str) -> None:
    """With the codes that a subscription gets."""
    answer = client.get(f"instruments/ACME/depth?{query}")

    assert (answer.status, answer.code, answer.json["where"]) == (422, code, "query.levels")


def test_the_last_page_there_may_be_is_empty(client: HttpClient) -> None:
    answer = client.get("instruments/ACME/trades?limit=1000&page=10000")

    assert (answer.status, answer.json) == (200, {"trades": []})


# -- tags, methods, places -------------------------------------------------------------------------
@pytest.mark.parametrize("path", ["instruments", "instruments/ACME/depth", "instruments/ACME/trades?limit=1"])
def test_who_has_an_answer_already_is_only_told_so(client: HttpClient, path: str) -> None:
    first = client.get(path)
    again = client.get(path, If_None_Match=first.headers["etag"])
    other = client.get(path, If_None_Match='"other"')

    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert (other.status, other.json) == (200, first.json)


def test_a_tag_changes_with_the_answer(venue: VenueProcess, client: HttpClient) -> None:
    before = client.get("instruments/BOLT/bbo").headers["etag"]
    with venue.login("carl") as carl:
        carl.ask(new("c1", "buy", 1, 50) | {"symbol": "BOLT"})
        after = client.get("instruments/BOLT/bbo", If_None_Match=before)

    assert after.status == 200
    assert after.json["bid"] == [50, 1]


@pytest.mark.parametrize(
    "path", [route.path for route in ROUTES if route.method == "GET" and route.needs == "market data"]
)
def test_head_is_get_without_a_body(client: HttpClient, path: str) -> None:
    query = "?channel=bbo&symbol=ACME" if path.endswith("stream") else ""

    answer = client.ask("HEAD", path.format(symbol="ACME") + query)

    assert (answer.status, answer.body) == (200, b"")


@pytest.mark.parametrize("path", sorted({route.path for route in ROUTES}))
def test_a_path_says_which_methods_it_has(client: HttpClient, path: str) -> None:
    methods = {route.method for route in ROUTES if route.path == path}
    methods |= {"OPTIONS", *(["HEAD"] if "GET" in methods else [])}
    path = path.format(symbol="ACME", client_order_id="x")

    options = client.ask("OPTIONS", path)
    refused = client.ask("PROPFIND", path)

    assert (options.status, options.body) == (204, b"")
    assert set(options.headers["allow"].split(", ")) == methods
    assert (refused.status, refused.code) == (405, "method_not_allowed")
    assert set(refused.headers["allow"].split(", ")) == methods


@pytest.mark.parametrize(
    "path", ["/", "/api", "/api/v1", "/api/v1/instruments/", "/api/v2/instruments", "/docs/../etc"]
)
def test_there_is_nothing_elsewhere(client: HttpClient, path: str) -> None:
    answer = client.get(path)

    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize("symbol", ["NONE", "acme", "%00", "AC%2FME", "A" * 4000, "%F0%9F%92%B0"])
@pytest.mark.parametrize("rest", ["", "/depth", "/trades", "/tape"])
def test_an_unknown_instrument_is_named(client: HttpClient, symbol: str, rest: str) -> None:
    answer = client.get(f"instruments/{symbol}{rest}")

    assert (answer.status, answer.code, answer.json["where"]) == (404, "unknown_symbol", "path.symbol")


def test_an_answer_does_not_say_what_it_was_made_with(client: HttpClient) -> None:
    assert client.get("instruments").headers["server"] == "tontine"


def test_no_trade_is_missing_between_memory_and_history(tmp_path: Path) -> None:
    with open_http_venue(tmp_path) as venue, over_http(venue, "ben") as client:
        with venue.login("anna") as anna, venue.login("ben") as ben:
            anna.ask(new("a", "buy", 1000, 100))
            for number in range(300):
                ben.send(new(f"b{number}", "sell", 1, 100))
            for _ in range(600):
                ben.receive()
        # At once: the history is a quarter of a second behind.
        trades = client.get("instruments/ACME/trades?limit=1000").json["trades"]
        fills = client.get("fills?limit=1000").json["fills"]

    assert [trade["trade_id"] for trade in trades] == list(range(300, 0, -1))
    assert [fill["trade_id"] for fill in fills] == list(range(300, 0, -1))


def test_older_trades_come_out_of_the_history_after_a_restart(tmp_path: Path) -> None:
    with open_http_venue(tmp_path) as first:
        with first.login("anna") as anna, first.login("ben") as ben:
            anna.ask(new("a", "buy", 1000, 100))
            for number in range(150):
                ben.send(new(f"b{number}", "sell", 1, 100))
            for _ in range(300):
                ben.receive()
        first.stop()
    with open_http_venue(tmp_path) as again, over_http(again, "ben") as client:
        trades = client.get("instruments/ACME/trades?limit=1000").json["trades"]
        fills = client.get("fills?limit=1000").json["fills"]
        after = client.get("instruments/ACME/trades?limit=3&after=42").json["trades"]
        candles = client.get("instruments/ACME/candles?interval=1d").json["candles"]

    assert [trade["trade_id"] for trade in trades] == list(range(150, 0, -1))
    assert [fill["trade_id"] for fill in fills] == list(range(150, 0, -1))
    assert [trade["trade_id"] for trade in after] == [41, 40, 39]
    assert sum(candle["volume"] for candle in candles) == 150

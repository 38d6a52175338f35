"""A venue file that is wrong says where and why."""

from pathlib import Path

import pytest

from exchange import config
from exchange.choices import Sync
from exchange.engine.commands import AddInstrument
from protocol.errors import ConfigError
from protocol.vocabulary import Allocation, Phase, PostOnly, SelfTrade, Symbol

WHOLE = """
name = "coffee house"
day_ends_utc = 21:00:00
operators = ["olga", "otto"]
volatility_auction_s = 30
auction_extension_s = 45

[[schedule]]
at = 08:00:00
phase = "pre_open"

[[schedule]]
at = 09:00:00
phase = "continuous"
symbols = ["ACME"]

[tcp]
port = 7100
max_in_flight = 16

[journal]
path = "day.journal"
sync = "normal"

[[instruments]]
symbol = "ACME"
tick = 5
lot = 10
minimum_quantity = 10
taker_fee_ppm = 300
maker_fee_ppm = -100
market_remainder = "rest"
resting_market_price = "aggressor"
post_only = "reprice"
self_trade = "cancel_both"
allocation = "pro_rata"
minimum_allocation = 20
fifo_percent = 40
iceberg_refill = "front"
replace_priority = "always_lose"
tick_table = [[100, 10], [1000, 50]]
band = 100
execution_range = 50
static_corridor = 200
dynamic_corridor = 80
reference_price = 500
"""


def test_every_key_reaches_the_venue(tmp_path: Path) -> None:
    file = tmp_path / "venue.toml"
    file.write_text(WHOLE)

    read = config.read(file)

    assert (read.name, read.tcp.port, read.tcp.max_in_flight) == ("coffee house", 7100, 16)
    assert (read.journal.path, read.journal.sync) == (Path("day.journal"), Sync.NORMAL)
    assert read.day_ends_utc is not None
    (listed,) = (instrument.command() for instrument in read.instruments)
    assert (listed.symbol, listed.tick, listed.lot, listed.minimum_quantity) == ("ACME", 5, 10, 10)
    assert (listed.maker_fee_ppm, listed.taker_fee_ppm, listed.market_remainder_rests) == (-100, 300, True)
    assert (listed.market_at_aggressor_limit, listed.peak_refills_in_front) == (True, True)
    assert (listed.post_only, listed.self_trade) == (PostOnly.REPRICE, SelfTrade.CANCEL_BOTH)
    assert (listed.allocation, listed.minimum_allocation, listed.fifo_percent) == (
        Allocation.PRO_RATA,
        20,
        40,
    )
    assert (listed.replace_loses_priority, listed.tick_table) == (True, [(100, 10), (1000, 50)])
    assert (listed.band, listed.execution_range) == (100, 50)
    assert (listed.static_corridor, listed.dynamic_corridor, listed.reference_price) == (200, 80, 500)
    assert read.operators == ["olga", "otto"]
    assert (read.volatility_auction_s, read.auction_extension_s) == (30, 45)
    assert [(entry.at.hour, entry.phase, entry.symbols) for entry in read.schedule] == [
        (8, Phase.PRE_OPEN, None),
        (9, Phase.CONTINUOUS, ["ACME"]),
    ]


def test_a_file_that_says_no_more_than_it_must_lists_a_plain_instrument(tmp_path: Path) -> None:
    file = tmp_path / "venue.toml"
    file.write_text('[[instruments]]\nsymbol = "ACME"\n')

    (listed,) = (instrument.command() for instrument in config.read(file).instruments)

    defaults = AddInstrument(Symbol("ACME"), 1, 1, 1, 1_000_000, 10**9, 2, 0, 0, False)
    assert listed == defaults


def test_an_empty_file_is_the_default_venue(tmp_path: Path) -> None:
    file = tmp_path / "venue.toml"
    file.write_text("")

    read = config.read(file)

    assert [instrument.symbol for instrument in read.instruments] == ["ACME", "BOLT", "CORN"]
    assert (read.tcp.host, read.tcp.port, read.journal.sync) == ("127.0.0.1", 7001, Sync.FULL)


def test_the_example_venue_file_is_valid() -> None:
    assert config.read(Path(__file__).parents[2] / "examples" / "venue.toml").instruments


@pytest.mark.parametrize(
    ("content", "key", "reason"),
    [
        ("nmae = 'x'", "nmae", "not permitted"),
        ("[tcp]\nport = 70000", "tcp.port", "65535"),
        ("[tcp]\nprot = 7000", "tcp.prot", "not permitted"),
        ("[journal]\nsync = 'maybe'", "journal.sync", "'full'"),
        ("[[instruments]]\ntick = 1", "instruments.0.symbol", "required"),
        ("[[instruments]]\nsymbol = 'A B'", "instruments.0.symbol", "pattern"),
        ("[[instruments]]\nsymbol = 'A'\ntick = 0", "instruments.0.tick", "greater"),
        ("[[instruments]]\nsymbol = 'A'\ntick = 0.5", "instruments.0.tick", "integer"),
        ("[[instruments]]\nsymbol = 'A'\n[[instruments]]\nsymbol = 'A'", "instruments", "A is listed twice"),
        (
            "[[instruments]]\nsymbol = 'A'\nminimum_quantity = 9\nmaximum_quantity = 5",
            "instruments.0",
            "minimum_quantity is above",
        ),
        ("instruments = []", "instruments", "at least 1"),
        ("day_ends_utc = 'noon'", "day_ends_utc", "time"),
        ("= 5", "", "not TOML"),
        ("[[instruments]]\nsymbol = 'A'\npost_only = 'never'", "instruments.0.post_only", "'reject'"),
        ("[[instruments]]\nsymbol = 'A'\niceberg_refill = 'side'", "instruments.0.iceberg_refill", "'back'"),
        ("[[instruments]]\nsymbol = 'A'\nband = -1", "instruments.0.band", "greater"),
        ("[[instruments]]\nsymbol = 'A'\nfifo_percent = 101", "instruments.0.fifo_percent", "100"),
        ("[[instruments]]\nsymbol = 'A'\ntick_table = [[5]]", "instruments.0.tick_table.0.1", "required"),
        ("[[instruments]]\nsymbol = 'A'\ntick_table = [[9, 3], [5, 1]]", "instruments.0", "tick_table"),
        ("[[schedule]]\nphase = 'closed'", "schedule.0.at", "required"),
        ("[[schedule]]\nat = 08:00:00\nphase = 'lunch'", "schedule.0.phase", "'pre_open'"),
        ("[[schedule]]\nat = 08:00:00\nphase = 'volatility_auction'", "schedule.0.phase", "by the market"),
        ("[[schedule]]\nat = 8\nphase = 'closed'", "schedule.0.at", "such as 08:00:00"),
        ("day_ends_utc = 21", "day_ends_utc", "such as 08:00:00"),
        ("[[schedule]]\nat = 08:00:00\nphase = 'closed'\nsymbols = []", "schedule.0.symbols", "at least 1"),
        (
            "[[schedule]]\nat = 08:00:00\nphase = 'closed'\nsymbols = ['NOPE']",
            "",
            "schedule.0.symbols: NOPE is not listed",
        ),
        (
            "schedule = [{at = 08:00:00, phase = 'closed'}, {at = 08:00:00, phase = 'halt', symbols = ['ACME']}]",
            "",
            "schedule.1: ACME can't be in halt and in closed at 08:00:00",
        ),
        ("operators = ['']", "operators.0", "at least 1"),
        ("volatility_auction_s = 0", "volatility_auction_s", "greater"),
    ],
)
def test_what_is_wrong_is_named_with_file_key_and_reason(
    tmp_path: Path, content: str, key: str, reason: str
) -> None:
    file = tmp_path / "venue.toml"
    file.write_text(content)

    with pytest.raises(ConfigError) as caught:
        config.read(file)

    assert caught.value.place == (f"{file}: {key}" if key else str(file))
    assert reason in caught.value.text


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        config.read(tmp_path / "nope.toml")

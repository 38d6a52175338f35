"""A venue file that is wrong says where and why."""

from pathlib import Path

import pytest

from exchange import config
from exchange.choices import Sync
from protocol.errors import ConfigError

WHOLE = """
name = "coffee house"
day_ends_utc = 21:00:00

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

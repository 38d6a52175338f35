"""A venue file that is wrong says where and why, all of it at once."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from exchange import venue_file
from exchange.choices import Sync
from exchange.config import AccountConfig, HttpConfig, JournalConfig, ScheduledPhase, TcpConfig, VenueConfig
from exchange.engine.commands import AddInstrument, Limits, SetFees
from exchange.instrument_config import InstrumentConfig, LimitsConfig
from protocol.errors import ConfigError
from protocol.vocabulary import Allocation, Asset, Limit, Phase, PostOnly, Role, SelfTrade, Settlement, Symbol

HASH = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaCBoYXNoIGhhc2ggaGFzaCBoYXNoIGhhc2g"
WHOLE = """
name = "coffee house"
day_ends_utc = 21:00:00
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
certificate = "venue.crt"
key = "venue.key"
line_timeout_s = 5
max_connections_per_source = 12
max_sessions_per_account = 3
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
settlement = "spot"
base = "ACME"
quote = "USD"
base_scale = 1000
quote_scale = 10
maker_fee_per_unit = -2
taker_fee_per_unit = 3

[instruments.limits]
order_quantity = 500

[[accounts]]
name = "anna"
secret_hash = "HASH"
deposits = { USD = 1_000_000, ACME = 500 }
limits = { open_orders = 20, daily_loss = 9_000, hard = ["daily_loss"] }

[[accounts]]
name = "olga"
role = "operator"

[[accounts]]
name = "carl"
role = "drop_copy"
copies = ["anna"]

[limits]
message_rate = 100
""".replace("HASH", HASH)


def written(tmp_path: Path, content: str) -> Path:
    file = tmp_path / "venue.toml"
    file.write_text(content)
    return file


def faults_of(file: Path) -> list[tuple[str, str]]:
    """Place, without the file in front, and text of every fault that reading finds."""
    with pytest.raises(ConfigError) as caught:
        venue_file.read(file)
    return [
        (error.place.removeprefix(str(file)).removeprefix(": "), error.text)
        for error in (caught.value, *caught.value.more)
    ]


def test_every_key_reaches_the_venue(tmp_path: Path) -> None:
    read = venue_file.read(written(tmp_path, WHOLE))

    assert (read.name, read.tcp.port, read.tcp.max_in_flight) == ("coffee house", 7100, 16)
    assert (read.tcp.certificate, read.tcp.key) == (Path("venue.crt"), Path("venue.key"))
    assert (read.tcp.line_timeout_s, read.tcp.max_connections_per_source) == (5, 12)
    assert read.tcp.max_sessions_per_account == 3
    assert (read.journal.path, read.journal.sync) == (Path("day.journal"), Sync.NORMAL)
    assert read.day_ends_utc is not None
    assert (read.volatility_auction_s, read.auction_extension_s) == (30, 45)
    assert [(entry.at.hour, entry.phase, entry.symbols) for entry in read.schedule] == [
        (8, Phase.PRE_OPEN, None),
        (9, Phase.CONTINUOUS, ["ACME"]),
    ]


def test_every_key_of_an_instrument_reaches_the_command_that_lists_it(tmp_path: Path) -> None:
    (instrument,) = venue_file.read(written(tmp_path, WHOLE)).instruments

    assert instrument.command() == AddInstrument(
        symbol=Symbol("ACME"),
        tick=5,
        lot=10,
        minimum_quantity=10,
        maximum_quantity=1_000_000,
        maximum_price=10**9,
        price_decimals=2,
        maker_fee_ppm=-100,
        taker_fee_ppm=300,
        market_remainder_rests=True,
        tick_table=[(100, 10), (1000, 50)],
        post_only=PostOnly.REPRICE,
        self_trade=SelfTrade.CANCEL_BOTH,
        allocation=Allocation.PRO_RATA,
        minimum_allocation=20,
        fifo_percent=40,
        peak_refills_in_front=True,
        replace_loses_priority=True,
        market_at_aggressor_limit=True,
        band=100,
        execution_range=50,
        static_corridor=200,
        dynamic_corridor=80,
        reference_price=500,
        settlement=Settlement.SPOT,
        base=Asset("ACME"),
        quote=Asset("USD"),
        base_scale=1000,
        quote_scale=10,
        maker_fee_per_unit=-2,
        taker_fee_per_unit=3,
    )
    assert instrument.fees() == SetFees(Symbol("ACME"), -100, 300, -2, 3)
    assert instrument.limits is not None
    assert instrument.limits.limits() == Limits(order_quantity=500)


def test_accounts_and_limits_are_read(tmp_path: Path) -> None:
    read = venue_file.read(written(tmp_path, WHOLE))

    anna, olga, carl = read.accounts
    assert (anna.role, anna.deposits) == (Role.TRADER, {"USD": 1_000_000, "ACME": 500})
    assert anna.secret_hash == HASH
    assert anna.limits is not None
    assert anna.limits.limits() == Limits(open_orders=20, daily_loss=9_000, hard=(Limit.DAILY_LOSS,))
    assert (olga.role, olga.secret_hash, olga.limits) == (Role.OPERATOR, None, None)
    assert (carl.role, carl.copies) == (Role.DROP_COPY, ["anna"])
    assert read.limits is not None
    assert read.limits.limits() == Limits(message_rate=100)


def test_a_file_that_says_no_more_than_it_must_lists_a_plain_instrument(tmp_path: Path) -> None:
    file = written(tmp_path, '[[instruments]]\nsymbol = "ACME"\n')

    (listed,) = (instrument.command() for instrument in venue_file.read(file).instruments)

    defaults = AddInstrument(Symbol("ACME"), 1, 1, 1, 1_000_000, 10**9, 2, 0, 0, False)
    assert listed == defaults


def test_an_empty_file_is_the_default_venue_and_closed_to_strangers(tmp_path: Path) -> None:
    read = venue_file.read(written(tmp_path, ""))

    assert [instrument.symbol for instrument in read.instruments] == ["ACME", "BOLT", "CORN"]
    assert (read.tcp.host, read.tcp.port, read.journal.sync) == ("127.0.0.1", 7001, Sync.FULL)
    assert (read.open, read.accounts) == (False, [])


def test_the_example_venue_file_is_valid() -> None:
    assert venue_file.read(Path(__file__).parents[2] / "examples" / "venue.toml").instruments


INSTRUMENT = "[[instruments]]\nsymbol = 'A'\n"
ACCOUNT = "[[accounts]]\nname = 'anna'\n"


@pytest.mark.parametrize(
    ("content", "key", "reason"),
    [
        ("nmae = 'x'", "nmae", "unknown key"),
        ("[tcp]\nport = 70000", "tcp.port", "65535"),
        ("[tcp]\nprot = 7000", "tcp.prot", "unknown key"),
        ("[journal]\nsync = 'maybe'", "journal.sync", "'full'"),
        ("[[instruments]]\ntick = 1", "instruments.0.symbol", "required"),
        ("[[instruments]]\nsymbol = 'A B'", "instruments.0.symbol", "pattern"),
        ("[[instruments]]\nsymbol = 'A'\ntick = 0", "instruments.0.tick", "greater"),
        ("[[instruments]]\nsymbol = 'A'\ntick = 0.5", "instruments.0.tick", "integer"),
        (
            "[[instruments]]\nsymbol = 'A'\n[[instruments]]\nsymbol = 'A'",
            "instruments.1",
            "A is listed twice",
        ),
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
            "schedule.0.symbols",
            "NOPE is not listed",
        ),
        (
            "schedule = [{at = 08:00:00, phase = 'closed'}, {at = 08:00:00, phase = 'halt', symbols = ['ACME']}]",
            "schedule.1",
            "ACME can't be in halt and in closed at 08:00:00",
        ),
        ("operators = ['olga']", "operators", "unknown key"),
        ("open = true\n[tcp]\nhost = '0.0.0.0'", "open", "only on loopback"),
        ("open = true\n[tcp]\nhost = 'example.org'", "open", "only on loopback"),
        ("[tcp]\ncertificate = 'venue.crt'", "tcp.key", "a certificate needs its key"),
        ("[tcp]\nkey = 'venue.key'", "tcp.certificate", "a key needs its certificate"),
        ("[tcp]\nline_timeout_s = 0", "tcp.line_timeout_s", "greater"),
        (ACCOUNT + "role = 'boss'", "accounts.0.role", "'operator'"),
        (ACCOUNT + "secret = 'hush'", "accounts.0.secret", "unknown key"),
        (ACCOUNT + "secret_hash = 'hush'", "accounts.0.secret_hash", "tontine hash-secret"),
        (ACCOUNT + f"secret_hash = '{HASH[:-40]}'", "accounts.0.secret_hash", "no argon2id hash"),
        (
            ACCOUNT + f"secret_hash = '{HASH.replace('2id', '2i')}'",
            "accounts.0.secret_hash",
            "no argon2id hash",
        ),
        (ACCOUNT + "copies = ['bob']", "accounts.0.copies", "drop_copy only"),
        (ACCOUNT + ACCOUNT, "accounts.1", "anna is listed twice"),
        ("[[accounts]]\nname = '*'", "accounts.0.name", "the venue itself"),
        ("[[accounts]]\nname = ''", "accounts.0.name", "at least 1"),
        ("[[accounts]]\nrole = 'viewer'", "accounts.0.name", "required"),
        (ACCOUNT + "deposits = {USD = 5}", "accounts.0.deposits.USD", "no instrument settles"),
        (ACCOUNT + "deposits = {USD = 0}", "accounts.0.deposits.USD", "greater"),
        (ACCOUNT + "limits = {orders = 5}", "accounts.0.limits.orders", "unknown key"),
        (ACCOUNT + "limits = {position = -5}", "accounts.0.limits.position", "greater"),
        ("[limits]\nhard = ['position']", "limits.hard", "position is not bounded here"),
        ("[limits]\nhard = ['never']", "limits.hard.0", "'order_quantity'"),
        (INSTRUMENT + "limits = {message_rate = 5}", "instruments.0.limits.message_rate", "unknown key"),
        (INSTRUMENT + "settlement = 'barter'", "instruments.0.settlement", "'spot'"),
        (INSTRUMENT + "base_scale = 0", "instruments.0.base_scale", "greater"),
        (INSTRUMENT + "settlement = 'spot'\nbase = 'A'", "instruments.0", "quote"),
        (INSTRUMENT + "settlement = 'margin'", "instruments.0", "quote"),
        (INSTRUMENT + "quote = 'US D'", "instruments.0.quote", "pattern"),
        ("volatility_auction_s = 0", "volatility_auction_s", "greater"),
    ],
)
def test_what_is_wrong_is_named_with_file_key_and_reason(
    tmp_path: Path, content: str, key: str, reason: str
) -> None:
    ((place, text),) = faults_of(written(tmp_path, content))

    assert place == key
    assert reason in text


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        """
        nmae = "x"
        [tcp]
        port = 70000
        [[accounts]]
        name = "anna"
        role = "boss"
        secret_hash = "hush"
        [[instruments]]
        symbol = "A B"
        tick = 0
        """,
    )

    assert [place for place, _ in faults_of(file)] == [
        "accounts.0.role",
        "accounts.0.secret_hash",
        "tcp.port",
        "instruments.0.symbol",
        "instruments.0.tick",
        "nmae",
    ]


def test_all_contradictions_are_told_at_once(tmp_path: Path) -> None:
    file = written(
        tmp_path, "open = true\n[tcp]\nhost = '0.0.0.0'\n" + ACCOUNT + "deposits = {USD = 1}\n" + ACCOUNT
    )

    assert [place for place, _ in faults_of(file)] == ["open", "accounts.1", "accounts.0.deposits.USD"]


def test_a_fault_never_shows_what_may_be_a_secret(tmp_path: Path) -> None:
    file = written(tmp_path, ACCOUNT + "secret_hash = 'correct horse'\nsecret = 'battery staple'")

    told = str(faults_of(file))

    assert "horse" not in told
    assert "staple" not in told


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_an_open_venue_on_loopback_is_allowed(tmp_path: Path, host: str) -> None:
    assert venue_file.read(written(tmp_path, f"open = true\n[tcp]\nhost = '{host}'")).open


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    ((place, text),) = faults_of(tmp_path / "nope.toml")

    assert (place, text) == ("", "No such file or directory")


# -- keys from the command line --------------------------------------------------------------------
def test_what_the_command_line_says_stands_in_place_of_the_file() -> None:
    config = venue_file.changed(
        VenueConfig(name="coffee house"), tcp={"port": 0}, journal={"path": None}, open=True
    )

    assert (config.name, config.open, config.tcp.port, config.journal.path) == ("coffee house", True, 0, None)
    assert (config.tcp.host, config.journal.sync) == ("127.0.0.1", Sync.FULL)


def test_the_command_line_can_not_open_a_venue_to_the_world() -> None:
    with pytest.raises(ConfigError, match="only on loopback"):
        venue_file.changed(VenueConfig(open=True), tcp={"host": "192.0.2.1"}, journal={})


# -- the page about it -----------------------------------------------------------------------------
PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "venue-file.md").read_text()


def keys_of(section: type[BaseModel]) -> set[str]:
    return set(section.model_fields)


@pytest.mark.parametrize(
    ("section", "prefix"),
    [
        (VenueConfig, ""),
        (TcpConfig, "tcp."),
        (HttpConfig, "http."),
        (JournalConfig, "journal."),
        (AccountConfig, ""),
        (LimitsConfig, ""),
        (InstrumentConfig, ""),
        (ScheduledPhase, ""),
    ],
)
def test_the_page_explains_every_key(section: type[BaseModel], prefix: str) -> None:
    sections = {
        "accounts",
        "instruments",
        "schedule",
        "tcp",
        "http",
        "journal",
        "limits",
        "at",
        "phase",
        "symbols",
    }

    assert [key for key in keys_of(section) - sections if f"`{prefix}{key}`" not in PAGE] == []


def test_the_examples_of_the_page_are_valid(tmp_path: Path) -> None:
    first, schedule = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)

    whole = venue_file.read(written(tmp_path, first + schedule))

    assert (len(whole.accounts), len(whole.schedule)) == (1, 3)


@pytest.mark.parametrize(
    ("section", "prefix", "in_words"),
    [
        (TcpConfig(), "tcp", {"host", "port", "certificate", "key"}),
        (
            HttpConfig(port=0),
            "http",
            {"host", "port", "certificate", "key", "public_market_data", "allow_origins"},
        ),
    ],
)
def test_a_default_of_the_page_is_the_default(section: BaseModel, prefix: str, in_words: set[str]) -> None:
    told = dict(re.findall(rf"^\| `{prefix}\.(\w+)` \| (\d+) \|", PAGE, re.MULTILINE))

    assert {key: float(value) for key, value in told.items()} == {key: getattr(section, key) for key in told}
    assert keys_of(type(section)) - set(told) == in_words

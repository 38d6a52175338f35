"""The venue of a scenario, to be served: ``tontine serve --scenario``.

In: a scenario file, the time at which the venue starts. Out: the configuration of the venue that the same file has in virtual
time, with the accounts of its traders, and its times of day moved as far as the start lies behind the scenario's: an
auction that is called five minutes after ``starts_at`` is called five minutes after the venue started.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from exchange.config import VenueConfig
from exchange.venue_file import changed
from simulation.ready import found
from simulation.run import venue_config
from traders.bots import BotSpec
from traders.scenario import Scenario, TraderSpec, bots_of, load_scenario, specs

SPARE_CONNECTIONS: Final = 100
"""Beside a connection for each trader: market data of fleets, whoever looks on."""


def venue_of(name_or_file: str, started: datetime) -> VenueConfig:
    """What to serve.

    Raises:
        ConfigError: the file can't be read, or says something impossible.
    """
    file = found(name_or_file)
    return live_config(load_scenario(file), started, str(file))


def live_config(scenario: Scenario, started: datetime, place: str = "scenario") -> VenueConfig:
    """The venue of a scenario that starts at a time, with its zone.

    Raises:
        ConfigError: its table ``venue`` is none.
    """
    traders: list[TraderSpec | BotSpec] = [*specs(scenario, place=place), *bots_of(scenario, place=place)]
    config = venue_config(scenario, traders, place)
    moved = started.astimezone(UTC) - scenario.starts_at
    keys: dict[str, Any] = {
        "schedule": [entry.model_copy(update={"at": _moved(entry.at, moved)}) for entry in config.schedule]
    }
    if config.day_ends_utc is not None:
        keys["day_ends_utc"] = _moved(config.day_ends_utc, moved)
    wanted = len(traders) + SPARE_CONNECTIONS
    tcp = {
        name: max(getattr(config.tcp, name), wanted)
        for name in ("max_connections", "max_connections_per_source")
    }
    return changed(config, tcp=tcp, journal={}, **keys)


def _moved(at: time, by: timedelta) -> time:
    """A time of day so much later, to the second."""
    seconds = round(by.total_seconds())
    return (datetime.combine(date(2000, 1, 1), at) + timedelta(seconds=seconds)).time()

"""A run that was kept, read back.

In: its directory. Out: what ``run.json`` says and the tables, as columns; prices as they are written on a price list.
"""

import json
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from protocol.errors import HistoryError
from simulation.batches import RUN_FILE
from simulation.stylised_facts import Facts
from simulation.tables import read_table

Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class Kept:
    """One run on disk. Tables are read when they are first asked for."""

    directory: Path
    about: dict[str, Any]
    """What ``run.json`` says."""

    @property
    def title(self) -> str:
        """What it is called, for people."""
        return str(self.about["title"] or self.about["name"])

    @property
    def start_ns(self) -> int:
        """Virtual time of its start."""
        return int(self.about["start_ns"])

    @property
    def length_s(self) -> float:
        """Virtual seconds."""
        return float(self.about["end_ns"] - self.about["start_ns"]) / 1e9

    @property
    def symbols(self) -> list[str]:
        """Its instruments, in the order of listing."""
        return list(self.about["instruments"])

    @property
    def groups(self) -> list[str]:
        """Its kinds of traders, in the order of the scenario."""
        return [str(group["name"]) for group in self.about["groups"]]

    def unit(self, symbol: str) -> float:
        """Price units in one of the price list."""
        return float(10 ** int(self.about["instruments"][symbol]["decimals"]))

    @cached_property
    def facts(self) -> dict[str, Facts]:
        """By instrument, where they were measured."""
        names = {field.name for field in fields(Facts)}
        return {
            symbol: Facts(**{name: _tuples(value) for name, value in found.items() if name in names})
            for symbol, found in self.about["facts"].items()
        }

    @cached_property
    def books(self) -> dict[str, Columns]:
        """By instrument."""
        return _by_symbol(read_table(self.directory, "books"), self.symbols)

    @cached_property
    def trades(self) -> dict[str, Columns]:
        """By instrument."""
        return _by_symbol(read_table(self.directory, "trades"), self.symbols)

    @cached_property
    def profile(self) -> dict[str, Columns]:
        """By instrument."""
        return _by_symbol(read_table(self.directory, "profile"), self.symbols)

    @cached_property
    def pnl_by_group(self) -> Columns:
        """Over time."""
        return read_table(self.directory, "pnl_by_group")

    @cached_property
    def periods(self) -> Columns:
        """Of an experiment."""
        return read_table(self.directory, "periods")

    @cached_property
    def gains(self) -> Columns:
        """Of an experiment, by trader."""
        return read_table(self.directory, "gains")


def read_run(directory: Path) -> Kept:
    """Read a run back.

    Raises:
        HistoryError: the directory holds no run.
    """
    path = directory / RUN_FILE
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise HistoryError(
            str(path), f"{error.strerror}; `tontine simulate SCENARIO` keeps runs below runs/"
        ) from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise HistoryError(str(path), f"not what a run writes: {error}") from error
    wanted = (
        "name",
        "title",
        "seed",
        "hash",
        "start_ns",
        "end_ns",
        "instruments",
        "groups",
        "facts",
        "counts",
    )
    missing = [name for name in wanted if not isinstance(about, dict) or name not in about]
    if missing:
        raise HistoryError(str(path), f"not what a run writes: {', '.join(missing)} is missing")
    return Kept(directory, about)


def _by_symbol(columns: Columns, symbols: list[str]) -> dict[str, Columns]:
    names = list(columns)
    rows: dict[str, list[tuple[Any, ...]]] = {symbol: [] for symbol in symbols}
    place = names.index("symbol")
    for row in zip(*columns.values(), strict=True):
        rows[row[place]].append(row)
    return {
        symbol: dict(zip(names, map(list, zip(*found, strict=True)), strict=True))
        if found
        else {name: [] for name in names}
        for symbol, found in rows.items()
    }


def _tuples(value: Any) -> Any:
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value

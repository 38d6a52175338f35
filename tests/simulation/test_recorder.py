"""A run that is kept: its tables say what happened, and keeping it changes nothing."""

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from protocol.errors import ConfigError, HistoryError
from simulation.batches import Job, run_job, run_jobs, seeds_of
from simulation.recorder import Recorder
from simulation.run import Run
from simulation.samples import Sampler
from simulation.tables import COLUMNS, Format, TableWriter, read_table
from simulation.validating import small_market
from traders.scenario import Scenario, scenario_of

SCHEDULE = {"demand": [[325, 300], [275], [250]], "supply": [[75, 100], [125], [150]]}


def laboratory() -> Scenario:
    """Three periods of three buyers and three sellers."""
    values = {
        "venue": {"instruments": [{"symbol": "ACME", "reference_price": 200}]},
        "experiment": {"periods": 3, "period_s": 20, "schedules": [SCHEDULE]},
        "traders": [
            {"strategy": "zip", "name": "buy", "role": "buyers", "count": 3},
            {"strategy": "gvwy", "name": "sell", "role": "sellers", "count": 3},
        ],
    }
    return scenario_of(values, "laboratory")


def job(out: Path | None, form: Format = "csv", seed: int = 3) -> Job:
    return Job("small", small_market("spot", 20.0), "small", seed, out, form)


def rows(directory: Path, name: str) -> list[dict[str, Any]]:
    columns = read_table(directory, name)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def test_both_formats_say_the_same(tmp_path: Path) -> None:
    run_job(job(tmp_path / "csv", "csv"))
    run_job(job(tmp_path / "parquet", "parquet"))

    for name in COLUMNS:
        assert read_table(tmp_path / "csv", name) == read_table(tmp_path / "parquet", name), name


def test_every_order_has_a_row_and_every_fill_is_in_one(tmp_path: Path) -> None:
    outcome = run_job(job(tmp_path))

    orders, trades = rows(tmp_path, "orders"), rows(tmp_path, "trades")
    assert len(orders) == sum(group.orders for group in outcome.groups)
    assert len({order["order_id"] for order in orders if order["order_id"]}) == sum(
        not order["outcome"].startswith("refused") for order in orders
    )
    assert sum(order["filled"] for order in orders) == 2 * sum(trade["quantity"] for trade in trades) > 0
    assert all(order["filled"] == order["quantity"] for order in orders if order["outcome"] == "filled")
    assert {order["outcome"].partition(":")[0] for order in orders} <= {
        "filled",
        "canceled",
        "refused",
        "open",
    }
    assert {order["group"] for order in orders} == {"crowd", "maker"}


def test_profits_add_up_to_the_fees_at_every_moment(tmp_path: Path) -> None:
    run_job(job(tmp_path))

    pnl, over_time = rows(tmp_path, "pnl"), rows(tmp_path, "pnl_by_group")
    assert sum(row["pnl"] for row in pnl) == -sum(row["fees"] for row in pnl) < 0
    assert sum(row["position"] for row in pnl) == 0
    assert over_time[0]["pnl"] == 0
    assert all(row["traders"] == (12 if row["group"] == "crowd" else 1) for row in over_time)


def test_books_are_never_crossed_and_stand_at_regular_moments(tmp_path: Path) -> None:
    run_job(job(tmp_path))

    books = rows(tmp_path, "books")
    about = json.loads((tmp_path / "run.json").read_text())
    steps = {later["at_ns"] - before["at_ns"] for before, later in pairwise(books)}
    assert steps == {about["sample_ns"]}
    assert all(row["bid"] < row["ask"] for row in books if row["bid"] and row["ask"])
    assert all(row["bid_depth"] >= row["bid_quantity"] for row in books)


def test_keeping_a_run_and_looking_at_it_change_nothing(tmp_path: Path) -> None:
    alone = Run(small_market("spot", 20.0), place="here", seed=3).run()

    outcome = run_job(job(tmp_path))

    assert outcome.digest == alone.log.digest


def test_run_json_says_what_was_run_and_how_it_ended(tmp_path: Path) -> None:
    outcome = run_job(job(tmp_path))

    about = json.loads((tmp_path / "run.json").read_text())
    assert (about["name"], about["seed"], about["hash"]) == ("small", 3, outcome.digest)
    assert about["counts"]["commands"] == outcome.commands
    assert about["groups"][0]["name"] == "crowd"
    assert about["faults"] == []
    assert scenario_of(about["scenario"], "again") == small_market("spot", 20.0)


def test_periods_of_an_experiment_and_who_gained_in_them(tmp_path: Path) -> None:
    outcome = run_job(Job("laboratory", laboratory(), "laboratory", 1, tmp_path))

    periods, gains = rows(tmp_path, "periods"), rows(tmp_path, "gains")
    assert [row["period"] for row in periods] == [1, 2, 3]
    assert all(0 < row["efficiency"] <= 100 for row in periods)
    assert all((row["equilibrium_low"], row["equilibrium_high"]) == (150, 250) for row in periods)
    assert [sum(row["surplus"] for row in gains if row["period"] == one) for one in (1, 2, 3)] == [
        row["surplus"] for row in periods
    ]
    assert outcome.figures["surplus"] == sum(row["surplus"] for row in periods)


def test_runs_in_several_processes_are_those_of_one() -> None:
    jobs = [job(None, seed=seed) for seed in (1, 2, 3)]

    alone = [outcome.digest for outcome in run_jobs(jobs, 1)]
    together = [outcome.digest for outcome in run_jobs(jobs, 2)]

    assert together == alone
    assert len(set(alone)) == 3


def test_progress_goes_from_nothing_to_all() -> None:
    told: list[float] = []

    list(run_jobs([job(None, seed=1), job(None, seed=2)], 1, told.append))

    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)


def test_a_run_replaces_a_run_and_nothing_else(tmp_path: Path) -> None:
    run_job(job(tmp_path / "run", "parquet"))
    run_job(job(tmp_path / "run", "csv"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("precious")

    assert not (tmp_path / "run" / "orders.parquet").exists()
    with pytest.raises(HistoryError, match=r"thesis\.txt"):
        run_job(job(tmp_path / "other"))


def test_parquet_without_its_library_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(ConfigError, match=r"tontine\[export\]"):
        TableWriter(tmp_path, "orders", "parquet")


@pytest.mark.parametrize("text", ["at_ns,price\n1,2\n", "nonsense"])
def test_a_table_that_is_none_of_ours_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "trades.csv").write_text(text)
    (tmp_path / "books.parquet").write_text(text)

    with pytest.raises(HistoryError, match="not a table of a run"):
        read_table(tmp_path, "trades")
    with pytest.raises(HistoryError, match="not a table of a run"):
        read_table(tmp_path, "books")


def test_memory_holds_live_orders_only(tmp_path: Path) -> None:
    run = Run(small_market("none", 60.0), place="here", seed=3)
    recorder = Recorder(run, tmp_path, "csv", Sampler(run))

    run.run()
    run.market.take_turn()

    live = sum(1 for book in run.market.venue.engine.books.values() for _ in book.orders())
    assert len(recorder._live) == live
    recorder.finish()


def test_seeds_as_they_are_typed() -> None:
    assert seeds_of("1..4") == [1, 2, 3, 4]
    assert seeds_of("1,5,9") == [1, 5, 9]
    assert seeds_of("7, 1..2") == [7, 1, 2]
    for wrong in ("", "a..b", "1..", "3..1", "1,1", "-1"):
        with pytest.raises(ConfigError, match="--seeds"):
            seeds_of(wrong)

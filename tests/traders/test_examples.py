"""The examples and the code in the documentation run as they stand."""

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from protocol.messages import Accepted, Rejected
from protocol.vocabulary import RejectReason, TimeInForce
from tests.support.venue import running_venue
from traders.client import Client
from traders.scenario import load_scenario

ROOT = Path(__file__).parents[2]
HOW_TO = ROOT / "docs" / "how-to" / "write-a-bot.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.DOTALL)


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_the_first_bot_of_the_guide_is_the_one_in_the_examples() -> None:
    assert blocks("python")[0] == (ROOT / "examples" / "joiner.py").read_text(encoding="utf-8")


def test_the_guides_bot_passes_the_test_in_the_guide(tmp_path: Path) -> None:
    _, bot, test, _ = blocks("python")
    program = tmp_path / "guide.py"
    program.write_text(f"{bot}\n\n{test}")

    done = run(str(program))

    assert (done.returncode, done.stderr) == (0, "")


async def test_the_guides_loop_follows_its_order_over_a_restart(tmp_path: Path) -> None:
    told: asyncio.Queue[object] = asyncio.Queue()
    guide: dict[str, Any] = {"print": told.put_nowait}
    exec(blocks("python")[3], guide)  # noqa: S102 - it is what the guide shows

    with running_venue(tmp_path) as venue:
        following = asyncio.create_task(guide["follow"](venue.host, venue.port))
        first = await told.get()
        venue.kill()
    with running_venue(tmp_path, port=venue.port):
        second = await told.get()
        following.cancel()
        await asyncio.wait((following,))

    assert isinstance(first, Accepted)
    assert isinstance(second, Rejected)
    assert (first.seq, second.seq, second.reason) == (1, 2, RejectReason.DUPLICATE_CLIENT_ORDER_ID)


def test_the_guides_scenario_is_a_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("contrarian.py").write_text(blocks("python")[1])
    Path("fleet.toml").write_text(blocks("toml")[0])

    assert load_scenario(Path("fleet.toml")).traders[0].count == 5


def test_the_first_order_example_enters_changes_and_cancels(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue:
        done = run("examples/first_order.py", venue.host, str(venue.port))

    assert done.stdout.splitlines() == ["Accepted", "Replaced", "Canceled", "done: canceled"]
    assert done.stderr == ""


def started(name: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, f"examples/{name}", *arguments],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def lines_up_to(process: "subprocess.Popen[str]", text: str) -> list[str]:
    """What it prints, up to the first line that has ``text`` in it."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if text in line:
            return lines
    raise AssertionError(f"it ended after {lines}")


def rest_of(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """What else it prints until it ends; ``communicate`` would lose what was read ahead."""
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        return process.stdout.read(), process.stderr.read()


async def test_the_reconnecting_bot_outlives_its_venue_and_sees_everything_once(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue:
        bot = started("reconnecting_bot.py", venue.host, str(venue.port))
        seen = await asyncio.to_thread(lines_up_to, bot, "the order is")
        venue.kill()
    with running_venue(tmp_path, port=venue.port) as again:
        seen += await asyncio.to_thread(lines_up_to, bot, "as it was before")
        async with Client.connect(again.host, again.port, account="anna") as anna:
            await anna.sell("ACME", 10, at=9_000)
        out, err = await asyncio.to_thread(rest_of, bot)
        again.stop()

    lines = [line for line in (*seen, *out.splitlines()) if not line.startswith("broken: ")]
    assert (bot.returncode, err) == (0, "")
    assert [line for line in lines if line[0].isdigit()] == ["1 Accepted", "2 Rejected", "3 TradeReport"]
    assert [line for line in lines if not line[0].isdigit()] == [
        "the order is live",
        "the order is live, as it was before",
    ]


async def test_the_drop_copy_shows_both_sides_of_a_trade(tmp_path: Path) -> None:
    file = tmp_path / "venue.toml"
    file.write_text('[[instruments]]\nsymbol = "ACME"\n[[accounts]]\nname = "clearing"\nrole = "drop_copy"\n')
    with running_venue(tmp_path, str(file)) as venue:
        copy = started("drop_copy.py", venue.host, str(venue.port), "clearing", "2")
        await asyncio.to_thread(lines_up_to, copy, "watching")
        async with (
            Client.connect(venue.host, venue.port, account="anna") as anna,
            Client.connect(venue.host, venue.port, account="ben") as ben,
        ):
            await anna.buy("ACME", 10, at=100)
            await ben.sell("ACME", 10, at=100)
        out, err = await asyncio.to_thread(rest_of, copy)

    assert (copy.returncode, err) == (0, "")
    assert sorted(out.splitlines()) == ["anna buy 10 ACME at 100", "ben sell 10 ACME at 100"]


async def test_the_order_book_shows_where_an_order_stands_until_it_is_filled(tmp_path: Path) -> None:
    with running_venue(tmp_path, journal=False) as venue:
        async with Client.connect(venue.host, venue.port, account="anna") as anna:
            await anna.buy("ACME", 5, at=100)
            await anna.sell("ACME", 5, at=102)
            book = started("order_book.py", venue.host, str(venue.port), "ACME", "10")
            seen = await asyncio.to_thread(lines_up_to, book, "ours: 1")
            await anna.sell("ACME", 8, at=100)
            seen += await asyncio.to_thread(lines_up_to, book, "ours: 0")
            await anna.sell("ACME", 7, at=100)
        out, err = await asyncio.to_thread(rest_of, book)

    assert (book.returncode, err) == (0, "")
    assert [line.partition(": ")[2] for line in seen] == [
        "bid 100 ask 102, imbalance +0.50, microprice 101.50; ours: 1 orders ahead, 5 to trade first",
        "bid 100 ask 102, imbalance +0.17, microprice 101.17; ours: 0 orders ahead, 0 to trade first",
    ]
    assert [line.partition(": ")[2] for line in out.splitlines()] == ["ours is gone", ""]
    assert out.splitlines()[-1] == "recovered 0 times"


async def test_candles_are_printed_as_they_form(tmp_path: Path) -> None:
    with running_venue(tmp_path, journal=False) as venue:
        candles = started("candles.py", venue.host, str(venue.port), "ACME", "3", "1d")
        await asyncio.to_thread(lines_up_to, candles, "watching")
        seen: list[str] = []
        async with Client.connect(venue.host, venue.port, account="anna") as anna:
            for price, shown in ((100, "1 trades"), (105, "2 trades"), (98, "3 trades")):
                await anna.sell("ACME", 2, at=price)
                await anna.buy("ACME", 2, at=price)
                if shown != "3 trades":
                    seen += await asyncio.to_thread(lines_up_to, candles, shown)
        out, err = await asyncio.to_thread(rest_of, candles)

    assert (candles.returncode, err) == (0, "")
    assert [*seen, *out.splitlines()] == [
        "00:00:00 open 100 high 100 low 100 close 100, 2 in 1 trades",
        "00:00:00 open 100 high 105 low 100 close 105, 4 in 2 trades",
        "00:00:00 open 100 high 105 low 98 close 98, 6 in 3 trades",
    ]


async def test_the_quotes_are_pulled_after_two_trades(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue:
        quoter = started("quoting.py", venue.host, str(venue.port))
        quoted = await asyncio.to_thread(lines_up_to, quoter, "MassQuoted")
        async with Client.connect(venue.host, venue.port, account="anna") as anna:
            orders = [await anna.sell("ACME", 3, at=9_995, time_in_force=TimeInForce.IOC) for _ in range(3)]
            done = [order.cumulative for order in orders]
        out, err = await asyncio.to_thread(rest_of, quoter)

    assert quoted == ["MassQuoted"]
    assert (quoter.returncode, err) == (0, "")
    assert out.splitlines() == ["buy 3 at 9995", "buy 3 at 9995", "pulled, 2 canceled"]
    assert done == [3, 3, 0]


@pytest.mark.slow
def test_watcher_and_bot_follow_a_market_that_a_fleet_makes(tmp_path: Path) -> None:
    with running_venue(tmp_path) as venue:
        address = f"{venue.host}:{venue.port}"
        fleet = subprocess.Popen(
            [sys.executable, "-m", "traders", "fleet", "examples/fleet.toml", "--connect", address],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            watching = run("examples/watch_market.py", venue.host, str(venue.port), "ACME", "3")
            bot = run(
                "-m", "traders", "bot", "examples/joiner.py:Joiner", "--connect", address,
                "--symbol", "ACME", "--interval", "0.1", "--seconds", "1",
            )  # fmt: skip
        finally:
            fleet.terminate()
            summary, _ = fleet.communicate(timeout=20)

    assert watching.stderr == ""
    assert len(re.findall(r"ACME traded \d+ at \d+", watching.stdout)) == 3
    assert bot.stderr == ""
    assert re.search(r"bot +│ +1 │ +0 │ +[1-9]", bot.stdout), bot.stdout
    assert fleet.returncode == 0
    assert re.search(r"maker +│ +2 │ +0 │", summary), summary


def test_a_venue_in_ones_own_process_is_read_without_a_connection() -> None:
    done = run("examples/venue_in_process.py")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "snapshot 0: bids [] asks []",
        "delta 1: bids [] asks [(10025, 100)]",
        "delta 2: bids [(10020, 50)] asks []",
        "delta 3: bids [] asks [(10025, 70)]",
    ]

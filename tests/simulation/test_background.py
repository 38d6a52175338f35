"""A recorded day in the background: the recorded market while nobody interferes, and every deviation counted."""

import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from exchange.engine.events import AuctionTrade, Trade
from protocol.errors import ConfigError
from protocol.vocabulary import AccountId, Quantity, Side
from simulation.run import Run
from tests.support.days import ABSENT, RECORDED, generated
from tests.support.lobster_files import MadeUpDay, zipped
from tests.support.typed import typed
from traders.order_flow import PUBLISHED_LEVELS, FlowLine, read_flow, write_flow
from traders.scenario import scenario_of

TAKER = {"strategy": "twap", "interval_s": 1.0, "arrivals": "regular"}


def scenario(file: Path, *, tick: int = 100, traders: Iterable[dict[str, Any]] = (), **more: Any) -> Run:
    replay: dict[str, Any] = {"file": str(file)}
    replay |= {key: more.pop(key) for key in ("start", "end", "speed") if key in more}
    venue = {"instruments": [{"symbol": "GOOG", "tick": tick, "price_decimals": 4}]}
    values = {"length_s": 7_200, "venue": venue, "replay": replay, "traders": list(traders), **more}
    return Run(scenario_of(values, "test"), place="test")


def played(run: Run) -> list[tuple[int, Quantity]]:
    """Run it; prices and quantities of all trades, in order."""
    trades: list[tuple[int, Quantity]] = []

    def note(at_ns: int, trade: Trade | AuctionTrade) -> None:
        trades.append((trade.price, trade.quantity))

    run.market.on_trade.append(note)
    run.run()
    return trades


def recorded(lines: Iterable[FlowLine]) -> list[tuple[int, Quantity]]:
    """What the record says was traded: each maker at its own price."""
    prices: dict[object, int] = {}
    trades: list[tuple[int, Quantity]] = []
    for line in lines:
        if line.id is not None and line.px is not None:
            prices[line.id] = line.px
        trades += [(prices[maker], quantity) for maker, quantity in line.hits or ()]
    return trades


def shown(run: Run) -> tuple[tuple[tuple[int, int], ...], ...]:
    book = run.market.venue.engine.books[run.market.instruments[0].symbol]
    return tuple(tuple(book.depth(side)[:PUBLISHED_LEVELS]) for side in (Side.BUY, Side.SELL))


def day(tmp_path: Path, lines: str) -> Path:
    """``TIME OP ID SIDE PRICE QUANTITY``, or ``TIME take SIDE PRICE QUANTITY HITS...``, or ``TIME cancel ID``."""
    made = []
    for line in lines.strip().splitlines():
        time, op, *rest = line.split()
        match op, rest:
            case "new", [name, side, price, quantity]:
                made.append(
                    FlowLine("new", name, "B" if side == "B" else "S", int(price), qty=int(quantity), t=time)
                )
            case "take", [side, price, quantity, *hits]:
                pairs = tuple((hit.partition("=")[0], int(hit.partition("=")[2])) for hit in hits)
                made.append(
                    FlowLine(
                        "take",
                        None,
                        "B" if side == "B" else "S",
                        int(price),
                        qty=int(quantity),
                        hits=pairs,
                        t=time,
                    )
                )
            case "reduce", [name, quantity]:
                made.append(FlowLine("reduce", name, qty=int(quantity), t=time))
            case _:
                made.append(FlowLine("cancel", rest[0], t=time))
    path = tmp_path / "day.jsonl"
    path.write_bytes(write_flow(made))
    return path


def test_without_strategies_the_generated_day_is_traded_to_the_share(tmp_path: Path) -> None:
    file = generated(tmp_path, 5_000)
    lines = read_flow(file)

    run = scenario(file)
    trades = played(run)

    tally = run.background.tally if run.background else None
    assert tally is not None
    assert trades == recorded(lines)
    assert len(trades) > 500
    assert tally.is_as_recorded
    assert tally.lines == tally.accounted == len(lines)
    assert tally.taken == sum(line.op == "take" for line in lines)
    assert shown(run) == [line.book for line in lines if line.book is not None][-1]


@pytest.mark.slow
@pytest.mark.skipif(not RECORDED.exists(), reason=ABSENT)
def test_without_strategies_the_recorded_day_is_traded_to_the_share() -> None:
    run = scenario(RECORDED, tick=50, length_s=23_400)
    trades = played(run)

    tally = run.background.tally if run.background else None
    assert tally is not None
    assert tally.is_as_recorded
    assert (tally.taken, tally.lines, tally.accounted) == (6_256, 252_484, 252_484)
    assert trades == recorded(read_flow(RECORDED))


def test_a_lobster_zip_is_played_as_the_flow_that_is_made_of_it(tmp_path: Path) -> None:
    made = MadeUpDay(7, 2_000)
    file = zipped(tmp_path / "day.zip", made.messages, made.books)

    run = scenario(file, tick=50, length_s=80_000)
    trades = played(run)

    assert run.background is not None
    assert run.background.tally.is_as_recorded
    assert run.background.tally.taken > 100
    assert sum(quantity for _, quantity in trades) == run.background.tally.quantity_taken


def test_a_run_that_starts_later_begins_with_the_book_of_that_time(tmp_path: Path) -> None:
    file = generated(tmp_path, 4_000)
    lines = read_flow(file)
    whole = scenario(file)
    every = played(whole)
    # A line every tenth of a second, from 34200.1 s on: 9:33:20 is line 2,000.
    before = [line for line in lines if line.t is not None and float(line.t) < 34_400]

    run = scenario(file, start="09:33:20")
    trades = played(run)

    assert run.background is not None
    assert trades == every[len(recorded(before)) :]
    assert shown(run) == shown(whole)
    assert run.background.tally.seeded > 20
    assert run.background.tally.lines == run.background.tally.accounted == len(lines)


def test_it_ends_at_its_end_and_twice_as_fast_takes_half_the_time(tmp_path: Path) -> None:
    file = generated(tmp_path, 2_000)
    times: list[int] = []

    run = scenario(file, end="09:31:40", speed=2)
    run.market.on_trade.append(lambda at_ns, _: times.append(at_ns))
    run.run()

    # 100 s of the record, of which the first tenth is the origin.
    assert 45_000_000_000 < times[-1] - run.start_ns <= 50_000_000_000
    assert run.background is not None
    assert run.background.tally.is_as_recorded


def test_a_strategy_that_takes_a_recorded_order_leaves_its_aggressor_short_and_its_cancel_void(
    tmp_path: Path,
) -> None:
    # The strategy buys 10 at the best ask at 1 s: all of a, and 4 of b.
    file = day(
        tmp_path,
        """
        34200 new a S 10000 6
        34200 new b S 10100 10
        34200 new c B 9000 5
        34205 take B 10000 6 a=6
        34206 reduce b 7
        34207 cancel b
        """,
    )
    taker = {
        **TAKER,
        "parameters": {"quantity_lots": 10, "slices": 1, "patience_s": 0, "slippage_ticks": 5, "end_s": 3},
    }

    run = scenario(file, traders=[taker], length_s=20)
    trades = played(run)

    assert run.background is not None
    tally = run.background.tally
    assert trades == [(10_000, 6), (10_100, 4)]
    assert (tally.given_to_strategies, tally.quantity_taken, tally.unmet) == (10, 6, 6)
    assert (tally.taken, tally.taken_as_recorded, tally.curtailed, tally.void) == (1, 0, 1, 1)
    assert tally.lines == tally.accounted == 6
    assert not tally.is_as_recorded


def test_what_the_record_executes_leaves_the_book_though_a_strategy_was_executed_in_its_place(
    tmp_path: Path,
) -> None:
    # The market maker quotes inside; the recorded seller meets it, and the recorded buyer is gone all the same.
    file = day(
        tmp_path,
        """
        34200 new a B 9000 20
        34200 new b S 11000 20
        34205 take S 9000 5 a=5
        34206 new c S 9700 4
        34207 cancel c
        34208 cancel a
        """,
    )
    maker = {
        "strategy": "market_maker",
        "parameters": {
            "half_spread_ticks": 2,
            "quantity_lots": 7,
            "maximum_position_lots": 14,
            "skew_ticks": 0,
        },
    }

    run = scenario(file, traders=[maker], length_s=20)
    trades = played(run)

    assert run.background is not None
    tally = run.background.tally
    assert trades == [(9_800, 5), (9_800, 2)]
    assert (tally.quantity_taken, tally.from_record, tally.from_strategies, tally.unmet) == (5, 0, 5, 0)
    assert tally.withdrawn == 5
    assert tally.crossed == 2
    assert tally.lines == tally.accounted == 6
    positions = [
        held.quantity
        for account in ("recorded", "market_maker-1")
        for held in run.market.venue.engine.clearing.holdings(AccountId(account))
    ]
    assert sum(positions) == 0


def test_equal_runs_beside_strategies_have_equal_hashes(tmp_path: Path) -> None:
    file = generated(tmp_path, 1_500)
    crowd = {"strategy": "noise", "count": 20, "interval_s": 2.0, "parameters": {"quantity_scale_lots": 30.0}}

    first, second = (scenario(file, traders=[crowd], length_s=200).run() for _ in range(2))

    assert first.faults == []
    assert first.log.digest == second.log.digest
    assert first.background is not None
    tally = first.background.tally
    assert tally.given_to_strategies > 0
    assert tally.from_strategies > 0
    assert tally.quantity_taken == tally.from_record + tally.from_strategies + tally.unmet
    assert tally.lines == tally.accounted


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("34200 new a S 10001 6", "price 10001 is no multiple of the tick of GOOG, 100"),
        ("34200 new a S 10000 6\n34199 new b S 10000 6", "34199 is earlier than the line before"),
        ("noon new a S 10000 6", "'noon' is no time"),
        ("", "no line in it"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path: Path, lines: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        scenario(day(tmp_path, lines)).run()


def test_a_file_that_is_cut_short_is_an_error_where_it_ends(tmp_path: Path) -> None:
    file = generated(tmp_path, 2_000)
    file.write_bytes(file.read_bytes()[:-100])

    with pytest.raises(ConfigError, match=r"generated\.jsonl\.gz"):
        scenario(file).run()


def test_a_scenario_needs_traders_or_a_record(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nobody trades"):
        scenario_of({"venue": {"instruments": [{"symbol": "ACME"}]}}, "test")


def test_a_record_needs_an_instrument_and_an_account_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "day.jsonl"
    file.write_bytes(gzip.compress(b""))

    with pytest.raises(ConfigError, match="the account of a trader, too"):
        scenario(file, traders=[{"strategy": "noise", "account": "recorded"}])


def test_the_command_tells_what_became_of_the_record(tmp_path: Path) -> None:
    file = generated(tmp_path, 500)
    path = tmp_path / "replayed.toml"
    path.write_text(
        f'length_s = 60\n[[venue.instruments]]\nsymbol = "GOOG"\ntick = 100\n[replay]\nfile = "{file}"\n',
        encoding="utf-8",
    )

    status, said, _ = typed("simulate", str(path), "--no-record")
    live, _, refused = typed("fleet", str(path), "--seconds", "1")

    assert status == 0
    assert "record: lines 550, entered " in said
    assert live == 2
    assert "nobody else trades live" in refused

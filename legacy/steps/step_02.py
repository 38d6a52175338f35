"""The same reader as a function with ``yield``, five lines long.

The flow: as before; and the trades that a venue's journal holds, which only the engine can bring to light again.

A call of a generator function runs nothing. It returns an iterator, whose ``__next__`` runs the function up to its next
``yield`` and leaves it standing there, with its variables, its loops and its ``with``: what the class of step 1 had to
remember in attributes, Python remembers by itself. Memory stays the same for any number of trades, for only one of them
is there at a time.
"""

import tracemalloc
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from exchange.engine.engine import Engine
from exchange.engine.events import Trade
from exchange.engine.sequencer import Sequencer
from exchange.journal.log import StoredTurn
from exchange.journal.sqlite import SqliteLog
from exchange.market_data.stream import print_of
from legacy.steps.market import ACME, BOLT, Market
from legacy.steps.registry import Out
from legacy.steps.tape import SAMPLE, made_up, parse, random_day, write_tape
from protocol.clock import SystemClock
from protocol.market import TradePrint

TITLE = "Generator function"
MISSING = "To compute a single number from it still takes a loop, and a variable that is added to."


def read_tape(path: Path) -> Generator[TradePrint, None, None]:
    """The trades of a tape file, each when it is asked for."""
    with path.open("rb") as file:
        for line in file:
            yield parse(line)


def list_tape(path: Path) -> list[TradePrint]:
    """The same as a list: nobody gets the first trade before the last one has been read."""
    trades = []
    with path.open("rb") as file:
        for line in file:
            trades.append(parse(line))
    return trades


def read_journal(turns: Iterable[StoredTurn]) -> Iterator[TradePrint]:
    """The trades of a journal (``SqliteLog.turns``). It holds commands; the engine carries them out once more, each when it is time.

    Three loops, one in the other: as a class it would have to remember its place in each.
    """
    sequencer = Sequencer(Engine(), SystemClock.now_ns)
    for turn in turns:
        for command, events in zip(turn.commands, sequencer.replay(turn.commands), strict=True):
            for event in events:
                if isinstance(event, Trade):
                    yield print_of(event.trade_id, command.at_ns, event)


def peak_bytes(work: Callable[[], object]) -> int:
    """How much memory ``work`` had at once."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def count_trades(path: Path) -> int:
    """Reads a tape to its end, and keeps nothing of it."""
    number = 0
    for _ in read_tape(path):
        number += 1
    return number


def main(out: Out) -> None:
    """Nothing runs before it is asked to; then a tape ten times as long, and a journal."""
    reader = read_tape(SAMPLE)
    out(f"the call returned a {type(reader).__name__}, and has read nothing")
    first, second = next(reader), next(reader)
    out(f"next() and next() have read two trades: numbers {first.trade_id} and {second.trade_id}")
    reader.close()
    out(f"close() has closed the file; all in all there are {count_trades(SAMPLE)} trades on it")

    with TemporaryDirectory() as directory:
        short, long = Path(directory, "short.jsonl"), Path(directory, "long.jsonl")
        write_tape(short, made_up(1_000))
        write_tape(long, made_up(10_000))
        as_list = peak_bytes(partial(list_tape, long)) / peak_bytes(partial(list_tape, short))
        one_by_one = peak_bytes(partial(count_trades, long)) / peak_bytes(partial(count_trades, short))
        generator = "no more" if round(one_by_one) == 1 else f"{one_by_one:.0f} times as much"
        out(
            f"for a tape ten times as long the list needs {as_list:.0f} times the memory, the generator {generator}"
        )

        market = Market(ACME, BOLT)
        live = list(random_day(market, orders=200))
        log = SqliteLog(Path(directory, "day.journal"))
        turn = market.take_turn()
        assert turn is not None
        log.append(turn)
        replayed = list(read_journal(log.turns()))
        log.close()
        out(f"a journal of {len(turn.commands)} commands holds {len(replayed)} trades; live were {len(live)}")

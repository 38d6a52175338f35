"""The kernel at work: time limits, cancellation, children that end with their parents."""

from collections.abc import Generator
from typing import Any

from legacy.kernel import Kernel
from legacy.steps.step_15 import order
from legacy.steps.step_18 import Exchange, main, trader
from legacy.streams import connect, listen
from legacy.traps import cancel, current_kernel, join, pause, spawn
from protocol.codec import encode
from protocol.messages import Login
from protocol.vocabulary import AccountId, Side
from tests.support.kernels import Crashes

Flow = Generator[Any, Any, Any]


def at_an_exchange(flow: Any) -> tuple[Any, list[str], Crashes]:
    """Runs ``flow(address, task of the exchange, out)``; its result, what was told, and who failed."""
    lines: list[str] = []
    crashes = Crashes()

    def start() -> Flow:
        listener = yield from listen("127.0.0.1", 0)
        exchange = yield from spawn(Exchange(lines.append).serve(listener), name="exchange")
        return (yield from flow(listener.address, exchange, lines.append))

    kernel = Kernel(crashed=crashes)
    result = kernel.run(start())
    assert not kernel.tasks
    return result, lines, crashes


def test_an_order_that_nobody_trades_with_in_time_is_canceled() -> None:
    def flow(address: Any, exchange: Any, out: Any) -> Flow:
        return (yield from trader(address, "ann", order("a1", Side.BUY, 1, 9_000), 0.01, out))

    traded, lines, crashes = at_an_exchange(flow)

    assert traded is False
    assert lines[0] == "ann: not within 0.01 s: canceled"
    assert crashes.seen == []


def test_two_who_agree_trade_whoever_waits_for_whom() -> None:
    def flow(address: Any, exchange: Any, out: Any) -> Flow:
        tasks = []
        for name, side in (("ann", Side.SELL), ("ben", Side.BUY)):
            tasks.append((yield from spawn(trader(address, name, order(name, side, 1, 9_000), 60, out))))
        return (yield from join(tasks[0])), (yield from join(tasks[1]))

    traded, lines, crashes = at_an_exchange(flow)

    assert traded == (True, True)
    assert {"ann: sells 1 at 9000", "ben: buys 1 at 9000"} < set(lines)
    assert crashes.seen == []


def test_a_cancelled_exchange_takes_its_clients_and_their_writers_with_it() -> None:
    def flow(address: Any, exchange: Any, out: Any) -> Flow:
        kernel = yield from current_kernel()
        streams = []
        for name in ("ann", "ben"):
            stream = yield from connect(*address)
            yield from stream.write(encode(Login(AccountId(name))) + encode(order("o", Side.BUY, 1, 9_000)))
            yield from stream.read()
            streams.append(stream)
        assert len(kernel.tasks) == 6  # this one, the exchange, two clients, two writers
        yield from cancel(exchange)
        while len(kernel.tasks) > 1:
            yield from pause()
        ends = []
        for stream in streams:
            ends.append((yield from stream.read()))
            stream.close()
        return ends

    ends, lines, crashes = at_an_exchange(flow)

    assert ends == [b"", b""]
    assert sorted(lines) == ["-- the exchange says good-bye to ann", "-- the exchange says good-bye to ben"]
    assert crashes.seen == []


def test_a_client_who_talks_nonsense_fails_alone() -> None:
    def flow(address: Any, exchange: Any, out: Any) -> Flow:
        bad = yield from connect(*address)
        yield from bad.write(b"nonsense\n")
        end = yield from bad.read()
        bad.close()
        good = yield from trader(address, "ann", order("a1", Side.BUY, 1, 9_000), 0.01, out)
        return end, good

    result, _, crashes = at_an_exchange(flow)

    assert result == (b"", False)
    assert [name for name, _ in crashes.seen] == ["client"]


def test_the_flow_tells_its_story() -> None:
    lines: list[str] = []

    main(lines.append)

    assert "ben has traded: False" in lines
    assert any(line.startswith("-- a client failed: ") for line in lines)
    assert lines[-3:] == ["task 2 exchange was cancelled", "dan reads b''", "tasks left: 0"]

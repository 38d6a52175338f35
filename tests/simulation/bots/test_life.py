"""Programs begin, end, fail and misbehave; the market goes on."""

import sys
from typing import Any

import pytest

from protocol.errors import ConfigError
from protocol.vocabulary import AccountId
from simulation.bots.bot import BotState
from simulation.bots.refusing import NotInVirtualTime
from simulation.bots.script import Script
from simulation.bots.world import Output, Surroundings, World
from simulation.containment import FaultKind
from simulation.kernel import Kernel
from tests.support.bots import Programs, bot_of, hosted, printed

NOISE: list[dict[str, Any]] = [{"strategy": "noise", "count": 20}]


def test_a_script_runs_as_python_would_run_it(programs: Programs) -> None:
    script = programs.write(
        """
        import asyncio, sys
        from dataclasses import dataclass
        from traders.client import Client

        @dataclass
        class Seen:
            orders: "list[str]"

        async def main():
            async with Client.connect(sys.argv[1], int(sys.argv[2]), account=sys.argv[3]) as client:
                return Seen([str((await client.buy("ACME", 1, at=100)).phase)])

        if __name__ == "__main__":
            seen = asyncio.run(main())
            print("after all:", seen, sys.argv[3:], sys.modules["__main__"].Seen is Seen)
        """
    )

    run = hosted([{"program": script, "args": ["{host}", "{port}", "{account}-x", 3], "account": "a"}])

    assert printed(run, "a") == ["after all: Seen(orders=['live']) ['a-x', '3'] True"]
    assert sys.modules["__main__"].__name__ == "__main__"
    assert not hasattr(sys.modules["__main__"], "Seen")


def test_older_ways_to_run_a_loop_work_as_well(programs: Programs) -> None:
    script = programs.write(
        """
        import asyncio

        async def sleep(seconds):
            await asyncio.sleep(seconds)
            return loop.time()

        loop = asyncio.new_event_loop()
        print(loop.run_until_complete(sleep(1)), loop.run_until_complete(sleep(2)))
        loop.call_later(5, loop.stop)
        loop.run_forever()
        print(loop.time())
        loop.close()
        with asyncio.Runner() as runner:
            print(runner.run(sleep(1)) if False else "twice")
        print(asyncio.run(asyncio.sleep(1, "again")))
        """
    )

    run = hosted([{"program": script, "account": "a"}])

    assert printed(run, "a") == ["1.0 3.0", "8.0", "twice", "again"]
    assert bot_of(run, "a").ended_ns == run.start_ns + 9_000_000_000


def test_a_program_starts_when_it_is_told_to_and_ends_by_itself(programs: Programs) -> None:
    program = programs.write("async def main(host, port, account):\n    print(account)\n")

    run = hosted([{"program": f"{program}:main", "name": "late", "count": 2, "starts_after_s": 7.5}])

    assert [(bot.account, bot.started_ns, bot.state) for bot in run.bots] == [
        (f"late-{number}", run.start_ns + 7_500_000_000, BotState.ENDED) for number in (1, 2)
    ]
    assert printed(run, "late-2") == ["late-2"]


def test_a_program_that_raises_is_named_and_the_others_go_on(programs: Programs) -> None:
    run = programs.run(
        """
        import asyncio
        from traders.client import Client

        async def main(host, port, account):
            async with Client.connect(host, port, account=account, cancel_on_disconnect=True) as client:
                await client.buy("ACME", 1, at=100)
                await asyncio.sleep(5)
                raise ValueError("no idea")
        """,
        """
        import asyncio

        async def main(host, port, account):
            await asyncio.sleep(30)
            print("still here")
        """,
        traders=NOISE,
    )

    assert [(fault.account, fault.kind, fault.error) for fault in run.faults] == [
        ("a", FaultKind.RAISED, "ValueError: no idea")
    ]
    assert printed(run, "a")[-1] == "ValueError: no idea"
    assert printed(run, "b") == ["still here"]
    assert run.market.venue.engine.open_orders(AccountId("a")) == []
    assert run.kernel.time_ns >= run.end_ns


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("raise SystemExit(3)", "RuntimeError: exit code 3"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("import asyncio, sys\nasync def main():\n    sys.exit('over')\nasyncio.run(main())", "RuntimeError: exit code over"),
        ("import time\ntime.sleep(1)", "NotInVirtualTime: time.sleep can't be had"),
        ("import threading\nthreading.Thread(target=print).start()", "NotInVirtualTime: a thread can't be had"),
        ("import subprocess\nsubprocess.run(['true'])", "NotInVirtualTime: a subprocess can't be had"),
        ("import socket\nsocket.create_connection(('127.0.0.1', 1))", "NotInVirtualTime: a socket can't be had"),
        ("import asyncio\nasyncio.run(asyncio.to_thread(print))", "NotInVirtualTime: run_in_executor and asyncio.to_thread"),
        ("import asyncio\nasyncio.run(asyncio.create_subprocess_exec('true'))", "NotInVirtualTime: a subprocess"),
        ("import asyncio\nasync def main():\n    await asyncio.start_server(print, port=1)\nasyncio.run(main())", "NotInVirtualTime: a listening socket"),
    ],
)  # fmt: skip
def test_what_can_not_be_is_refused_and_says_why(programs: Programs, source: str, error: str) -> None:
    run = hosted([{"program": programs.write(source), "account": "a"}])

    assert len(run.faults) == 1
    assert run.faults[0].error.startswith(error)


@pytest.mark.parametrize("source", ["raise SystemExit", "import sys\nsys.exit(0)", "pass"])
def test_leaving_is_no_fault(programs: Programs, source: str) -> None:
    run = hosted([{"program": programs.write(source), "account": "a"}])

    assert run.faults == []
    assert bot_of(run, "a").state is BotState.ENDED


def test_at_the_end_programs_are_interrupted_and_have_time_to_clear_up(programs: Programs) -> None:
    run = programs.run(
        """
        import asyncio
        from traders.client import Client

        async def main(host, port, account):
            async with Client.connect(host, port, account=account) as client:
                await client.buy("ACME", 1, at=100)
                try:
                    await asyncio.Event().wait()
                finally:
                    print((await client.mass_cancel()).count, asyncio.get_running_loop().time())
        """,
        """
        import asyncio, signal

        async def main(host, port, account):
            stop = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
            await stop.wait()
            print("stopped by its own handler")
        """,
    )

    assert printed(run, "a") == ["1 60.0002"]
    assert printed(run, "b") == ["stopped by its own handler"]
    assert run.faults == []


def test_a_script_that_is_interrupted_sees_a_keyboard_interrupt(programs: Programs) -> None:
    script = programs.write(
        """
        import asyncio
        try:
            asyncio.run(asyncio.sleep(3600))
        except KeyboardInterrupt:
            print("bye")
        """
    )

    run = hosted([{"program": script, "account": "a"}])

    assert printed(run, "a") == ["bye"]
    assert run.faults == []


def test_a_program_that_does_not_end_is_cut_off_and_named(programs: Programs) -> None:
    run = programs.run(
        """
        import asyncio
        from traders.client import Client

        async def main(host, port, account):
            async with Client.connect(host, port, account=account, cancel_on_disconnect=True) as client:
                await client.buy("ACME", 1, at=100)
                while True:
                    try:
                        await asyncio.sleep(3600)
                    except asyncio.CancelledError:
                        pass
        """
    )

    assert [(fault.account, fault.error.partition(":")[0]) for fault in run.faults] == [("a", "DidNotEnd")]
    assert run.market.venue.engine.open_orders(AccountId("a")) == []


@pytest.mark.timeout(60, method="thread")  # the other method takes the timer that watches
def test_a_program_that_computes_for_ever_is_stopped(programs: Programs) -> None:
    run = programs.run(
        """
        import asyncio

        async def main(host, port, account):
            await asyncio.sleep(1)
            while True:
                pass
        """,
        containment={"decision_s": 0.2},
    )

    assert [(fault.account, fault.kind) for fault in run.faults] == [("a", FaultKind.HUNG)]
    assert run.kernel.time_ns >= run.end_ns


def test_code_around_a_loop_that_does_not_come_back_is_left_behind(programs: Programs) -> None:
    goes_on = [True]
    surroundings = Surroundings(World(Kernel()), [], __import__("random").Random(1), Output(None))

    def body() -> None:
        while goes_on[0]:
            pass

    script = Script(body, surroundings, "stuck", longest_s=0.1)
    script.resume()
    goes_on[0] = False

    assert script.is_stuck
    assert sys.stdout is not surroundings


def test_the_run_ends_with_the_first_fault_if_the_scenario_says_so(programs: Programs) -> None:
    run = programs.run(
        "async def main(host, port, account):\n    1 / 0\n", on_fault="stop_run", traders=NOISE
    )

    assert run.end_ns == run.start_ns
    assert [fault.error for fault in run.faults] == ["ZeroDivisionError: division by zero"]


def test_what_is_left_open_at_the_end_of_a_program_is_closed_in_order(programs: Programs) -> None:
    run = programs.run(
        """
        import asyncio

        async def numbers(name):
            try:
                while True:
                    yield 1
                    await asyncio.sleep(1)
            finally:
                print("closed", name)

        async def read(name):
            try:
                async for _ in generators[name]:
                    pass
            finally:
                print("cancelled", name)

        generators = {}

        async def main(host, port, account):
            for name in range(12):
                generators[name] = numbers(name)
                asyncio.create_task(read(name))
            left = [numbers(name) for name in "xyz"]
            for generator in left:
                await anext(generator)
            globals()["left"] = left
            await asyncio.sleep(3)
            print("over")
        """
    )

    lines = printed(run, "a")
    assert lines[0] == "over"
    assert sorted(lines[1:25]) == sorted(
        [f"closed {n}" for n in range(12)] + [f"cancelled {n}" for n in range(12)]
    )
    assert lines[25:] == ["closed x", "closed y", "closed z"]


def test_what_it_prints_is_told_line_by_line_and_only_the_last_lines_are_kept(programs: Programs) -> None:
    told: list[str] = []
    output = Output(told.append)

    output.write("one\ntw")
    output.write("o\n")
    output.write("\n".join(map(str, range(3_000))))

    assert told[:3] == ["one", "two", "0"]
    assert output.lines[-1] == "2999"
    assert len(output.lines) == 1_001


@pytest.mark.parametrize(
    ("bots", "text"),
    [
        ([{"program": "nowhere.py"}], "bots.program: nowhere.py: No such file"),
        ([{"program": "examples/quoting.py:nope"}], "examples/quoting.py has no nope"),
        ([{"program": "README.md"}], "bots[0].program"),
        ([{"program": "examples/quoting.py", "account": "noise-1"}], "'noise-1' is somebody else's"),
        ([{"program": "examples/quoting.py", "account": "x", "count": 2}], "an account belongs to a single program"),
        ([{"program": "examples/quoting.py", "name": "x" * 20, "count": 0}], "bots[0].count"),
        ([{"program": "examples/quoting.py", "latency": {"model": "sites", "ns": {}}}], "there is no way from site"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_table_is_named(bots: list[dict[str, Any]], text: str) -> None:
    with pytest.raises(ConfigError) as raised:
        hosted(bots, traders=NOISE)

    assert text in str(raised.value)


def test_a_refusal_names_what_and_why() -> None:
    assert (
        str(NotInVirtualTime("a moon", "it is too far"))
        == "a moon can't be had in virtual time: it is too far"
    )


def test_a_program_takes_part_under_the_names_it_logs_in_with(programs: Programs) -> None:
    run = programs.run(
        """
        from traders.client import Client

        async def main(host, port, account):
            for name in ("one", "two", "one"):
                async with Client.connect(host, port, account=name) as client:
                    await client.buy("ACME", 1, at=100)
                    await client.buy("NONE", 1, at=100)
        """,
        "async def main(host, port, account):\n    pass\n",
        traders=[{"strategy": "noise"}],
    )

    assert [
        (one.account, one.group, one.orders_sent, one.orders_refused) for one in run.participants[1:]
    ] == [
        ("one", "a", 4, 2),
        ("two", "a", 2, 1),
        ("b", "b", 0, 0),
    ]


def test_a_month_of_days_is_traded_by_a_program_that_comes_each_morning(programs: Programs) -> None:
    run = programs.run(
        """
        import asyncio
        from datetime import UTC, datetime, timedelta
        import time
        from traders.client import Client

        async def main(host, port, account):
            traded = 0
            for day in range(28):
                async with Client.connect(host, port, account=account) as client:
                    order = await client.buy("ACME", 1, at=20_000)
                    traded += order.is_done
                    await asyncio.sleep(60)
                now = datetime.fromtimestamp(time.time(), UTC)
                morning = (now + timedelta(days=1)).replace(hour=9, minute=30, second=0, microsecond=0)
                await asyncio.sleep((morning - now).total_seconds())
            print(now.date(), traded)
        """,
        traders=[{"strategy": "noise", "count": 20, "interval_s": 1800}],
        length_s=28 * 86_400,
    )

    date, traded = printed(run, "a")[0].split()
    assert date == "2026-02-01"
    assert int(traded) > 5
    assert bot_of(run, "a").connections == 28
    assert run.faults == []

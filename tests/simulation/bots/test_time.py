"""Programs live in virtual time: they sleep, time out and look at clocks, and nobody waits for them."""

import time

from tests.support.bots import Programs, printed


def test_an_hour_of_sleep_takes_an_hour_for_the_program_and_no_time_for_us(programs: Programs) -> None:
    started = time.process_time()

    run = programs.run(
        """
        import asyncio, time

        async def main(host, port, account):
            loop = asyncio.get_running_loop()
            before = loop.time(), time.time_ns(), time.monotonic_ns()
            await asyncio.sleep(3600)
            print(loop.time() - before[0], time.time_ns() - before[1], time.monotonic_ns() - before[2])
        """,
        length_s=7200,
    )

    assert printed(run, "a") == ["3600.0 3600000000000 3600000000000"]
    assert time.process_time() - started < 5


def test_a_timeout_fires_at_its_very_nanosecond(programs: Programs) -> None:
    run = programs.run(
        """
        import asyncio, time

        async def main(host, port, account):
            start = time.monotonic_ns()
            for wait in (0.1, 0.25, 1e-9, 1 / 3, 59.000_000_001):
                before = time.monotonic_ns()
                try:
                    async with asyncio.timeout(wait):
                        await asyncio.Event().wait()
                except TimeoutError:
                    print(time.monotonic_ns() - before)
            before = time.monotonic_ns()
            try:
                await asyncio.wait_for(asyncio.Queue().get(), 0.7)
            except TimeoutError:
                print(time.monotonic_ns() - before)
        """,
        length_s=120,
    )

    # A third of a second ends at the first nanosecond that is not before it.
    assert printed(run, "a") == ["100000000", "250000000", "1", "333333334", "59000000001", "700000000"]


def test_a_timer_is_never_early_however_odd_its_time(programs: Programs) -> None:
    run = programs.run(
        """
        import asyncio

        async def main(host, port, account):
            loop, early = asyncio.get_running_loop(), 0
            for number in range(1, 2000):
                when = loop.time() + number / 7919
                while loop.time() < when:
                    await asyncio.sleep(when - loop.time())
                reached = loop.create_future()
                loop.call_at(when + 0.001 / number, lambda: reached.set_result(loop.time()))
                early += await reached < when + 0.001 / number
            print("early:", early)
        """,
        length_s=3600,
    )

    assert printed(run, "a") == ["early: 0"]


def test_timers_of_one_instant_fire_in_the_order_in_which_they_were_set(programs: Programs) -> None:
    run = programs.run(
        """
        import asyncio

        async def main(host, port, account):
            loop, fired = asyncio.get_running_loop(), []
            for number in range(5):
                loop.call_later(1, fired.append, number)
            loop.call_later(0.5, fired.append, "before")
            late = loop.call_later(1, fired.append, "cancelled")
            late.cancel()
            await asyncio.sleep(1)
            print(fired)
        """
    )

    assert printed(run, "a") == ["['before', 0, 1, 2, 3, 4]"]


def test_timers_that_were_cancelled_are_not_kept(programs: Programs) -> None:
    run = programs.run(
        """
        import asyncio

        async def main(host, port, account):
            loop = asyncio.get_running_loop()
            for _ in range(10_000):
                async with asyncio.timeout(3600):
                    await asyncio.sleep(0.001)
            print(len(loop._timers) < 500)
        """
    )

    assert printed(run, "a") == ["True"]
    assert run.kernel.handled < 30_000


def test_a_task_that_never_waits_is_stopped_and_named(programs: Programs) -> None:
    run = programs.run(
        """
        import asyncio

        async def main(host, port, account):
            while True:
                await asyncio.sleep(0)
        """,
        "async def main(host, port, account):\n    print('fine')\n",
    )

    assert [(fault.account, fault.error.partition(":")[0]) for fault in run.faults] == [
        ("a", "TimeStandsStill")
    ]
    assert printed(run, "b") == ["fine"]


def test_what_is_drawn_without_a_seed_follows_from_the_seed_of_the_run(programs: Programs) -> None:
    source = """
        import os, random, secrets, uuid

        async def main(host, port, account):
            print(random.Random().random(), random.random(), random.randint(1, 10**9))
            print(os.urandom(4).hex(), secrets.token_hex(4), uuid.uuid4())
        """

    first, again, other = (printed(programs.run(source, seed=seed), "a") for seed in (1, 1, 2))

    assert first == again
    assert not set(first) & set(other)


def test_the_worlds_clocks_and_chance_are_as_before_outside_of_programs(programs: Programs) -> None:
    import random

    random.seed(7)
    state, clock = random.getstate(), time.time

    programs.run("async def main(host, port, account):\n    print('here')\n")

    assert random.getstate() == state
    assert time.time is clock
    assert abs(time.time() - 1_767_605_400) > 1

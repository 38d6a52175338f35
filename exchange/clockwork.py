"""What the venue does by the clock, on asyncio: the one task that waits for it.

In: what is due and when (``exchange.schedule``), the time. Out: commands, and turns that end with them.
"""

import asyncio
from contextlib import suppress

from exchange.schedule import Schedule
from exchange.turns import Turns
from protocol.clock import Clock


async def keep(schedule: Schedule, turns: Turns, clock: Clock) -> None:
    """Act whenever something is due, for ever."""
    sooner = asyncio.Event()
    schedule.on_sooner = sooner.set
    while True:
        if schedule.act(clock.now_ns()):
            turns.schedule()
        with suppress(TimeoutError):
            async with asyncio.timeout(schedule.wait_s(clock.now_ns())):
                await sooner.wait()
        sooner.clear()

"""One process of a fleet that has several: ``python -m traders.crew_member``, started by ``traders.crew``.

In: a ``Job`` on the first line of standard input, then ``Word`` after ``Word``; the end of standard input, or SIGTERM, is the
word to stop. Out: a ``Said`` on standard output now and then, and a last one that is done.
"""

import asyncio
import gc
import sys
from typing import Final

import msgspec

from protocol.clock import SystemClock
from protocol.errors import ConfigError, VenueError
from traders.access import Access
from traders.console import stop_signals
from traders.crew_words import Job, Said, Word
from traders.fleet import Fleet
from traders.roster import Share
from traders.scenario import scenario_of

TELL_EVERY_S: Final = 1.0
_LONGEST_WORD: Final = 64 * 1024 * 1024


class Hand:
    """The process."""

    def __init__(self, job: Job) -> None:
        """
        Raises:
            ConfigError: the scenario asks for something impossible here.
        """
        self.fleet = Fleet(
            scenario_of(job.values, job.place),
            clock=SystemClock(),
            place=job.place,
            host=job.host,
            port=job.port,
            seed=job.seed,
            prefix=job.prefix,
            access=Access(job.secret, job.role, job.tls),
            share=Share(job.number, job.of),
            reconnect=job.reconnect,
        )
        self.fleet.on_all_in = self._all_in
        self._are_in = False

    async def run(self, words: asyncio.StreamReader) -> None:
        """To the end."""
        with stop_signals() as stop:
            listening = asyncio.create_task(self._listen(words, stop))
            telling = asyncio.create_task(self._tell_now_and_then())
            wrong: tuple[str, str] | None = None
            try:
                await self.fleet.run(stop)
            except ConfigError as error:
                wrong = (error.place, error.text)
            except VenueError:
                # Of every single trader the session broke: their supervisor sees it in the results.
                pass
            finally:
                listening.cancel()
                telling.cancel()
            self._say(done=True, wrong=wrong)

    def _all_in(self) -> None:
        self._are_in = True
        self._say()

    async def _listen(self, words: asyncio.StreamReader, stop: asyncio.Event) -> None:
        async for line in words:
            word = msgspec.json.decode(line, type=Word)
            if word.begun_ns is not None:
                self.fleet.begin(word.begun_ns)
            if word.stop:
                break
        stop.set()

    async def _tell_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            self._say()

    def _say(self, *, done: bool = False, wrong: tuple[str, str] | None = None) -> None:
        fleet = self.fleet
        periods = fleet.periods
        write(
            Said(
                fleet.results(),
                self._are_in,
                fleet.faults,
                fleet.first_failure,
                [] if periods is None else periods.surpluses,
                wrong,
                done,
            )
        )


def write(said: Said) -> None:
    """One line; a supervisor that is gone does not hear it."""
    try:
        sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        pass


async def _main() -> None:
    loop = asyncio.get_running_loop()
    words = asyncio.StreamReader(limit=_LONGEST_WORD)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(words), sys.stdin)
    first = await words.readline()
    if not first:
        return
    try:
        hand = Hand(msgspec.json.decode(first, type=Job))
    except ConfigError as error:
        write(Said([], wrong=(error.place, error.text), done=True))
        return
    await hand.run(words)


if __name__ == "__main__":
    gc.set_threshold(50_000, 20, 100)
    asyncio.run(_main())

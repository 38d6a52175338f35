"""Scenarios with programs in them, for tests: source in, a run out."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

from simulation.bots.bot import Bot
from simulation.bots.host import BotRun
from traders.scenario import scenario_of

ACME: Mapping[str, Any] = {"instruments": [{"symbol": "ACME"}]}


class Programs:
    """Programs of one test, in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._number = 0

    def write(self, source: str) -> str:
        """A file with this source; where it is."""
        self._number += 1
        path = self._directory / f"program_{self._number}.py"
        path.write_text(dedent(source), encoding="utf-8")
        return str(path)

    def run(self, *sources: str, **more: Any) -> BotRun:
        """Run a program each, named a, b, c, ..., by its ``main(host, port, account)``."""
        bots = [
            {"program": f"{self.write(source)}:main", "account": name}
            for source, name in zip(sources, "abcdefgh", strict=False)
        ]
        return hosted(bots, **more)


def hosted(bots: list[dict[str, Any]], *, seed: int = 1, **more: Any) -> BotRun:
    """Run a scenario with these tables ``bots``, for a virtual minute unless ``length_s`` says otherwise."""
    scenario = scenario_of({"venue": ACME, "length_s": 60, **more, "bots": bots}, "test")
    run = BotRun(scenario, place="test", seed=seed)
    run.run()
    return run


def printed(run: BotRun, account: str) -> list[str]:
    """What the program with this account printed."""
    return bot_of(run, account).output.lines


def bot_of(run: BotRun, account: str) -> Bot:
    """The program with this account."""
    return next(bot for bot in run.bots if bot.account == account)

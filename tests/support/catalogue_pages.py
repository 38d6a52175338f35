"""The generated parts of docs/reference/strategies.md and docs/reference/scenario-file.md.

In: the registry of strategies, the models of the scenario file. Out: tables in Markdown; ``python -m
tests.support.catalogue_pages --update`` writes them, without ``--update`` it tells whether they are up to date.
"""

import re
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from traders.bots import BotGroup
from traders.catalogue import ParameterFacts, StrategyFacts, catalogue, field_facts
from traders.containment import Containment
from traders.experiment import Experiment, Schedule
from traders.latency import Fixed, LogNormal, Sites, Uniform
from traders.oracle_config import Basket, Fundamental, OracleConfig, ScheduledShock
from traders.recorded import Replay
from traders.scenario import Scenario, TraderGroup

REFERENCE: Final = Path(__file__).parents[2] / "docs" / "reference"
STRATEGIES: Final = REFERENCE / "strategies.md"
SCENARIO_FILE: Final = REFERENCE / "scenario-file.md"

MODELS: Final[dict[str, type[BaseModel]]] = {
    model.__name__: model
    for model in (
        Scenario,
        TraderGroup,
        BotGroup,
        Fixed,
        Uniform,
        LogNormal,
        Sites,
        OracleConfig,
        Fundamental,
        ScheduledShock,
        Basket,
        Experiment,
        Schedule,
        Replay,
        Containment,
    )
}
"""All that a scenario file is made of."""

_BLOCK: Final = re.compile(r"<!-- keys: (\w+) -->\n.*?<!-- end -->", re.DOTALL)
_HEAD: Final = "| key | kind | default | bounds | meaning |\n|---|---|---|---|---|\n"


def keys(facts: Iterable[ParameterFacts]) -> str:
    """A table with a row for each key."""
    return _HEAD + "".join(
        f"| `{one.name}` | {one.kind} | {_default(one)} | {one.bounds} | {_cell(one.meaning)} |\n"
        for one in facts
    )


def _default(one: ParameterFacts) -> str:
    if one.required:
        return "required"
    if one.default in (None, "", (), {}):
        return ""
    return f"`{_toml(one.default)}`"


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case BaseModel():
            return "{ " + ", ".join([f"{key} = {_toml(one)}" for key, one in value]) + " }"
        case tuple() | list():
            return "[" + ", ".join(map(_toml, value)) + "]"
    return str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def section(one: StrategyFacts) -> str:
    """About one strategy."""
    sources = "".join(f"- {source}\n" for source in one.sources)
    wants = [
        "looks only when its timer fires" if one.sampled else f"hears {', '.join(one.hears)}",
        *(["observes the oracle"] if one.observes else []),
    ]
    table = keys(one.parameters) if one.parameters else "It has no parameters.\n"
    first = one.about.partition("\n\n")[0].replace("\n", " ").replace("``", "`")
    return f"### `{one.name}`\n\n{first}\n{one.does} It {' and '.join(wants)}.\n\n{sources}\n{table}"


def strategies_page() -> str:
    """All of docs/reference/strategies.md."""
    found = [one for one in catalogue().strategies if one.brought_by == "tontine"]
    rows = "".join(f"| [`{one.name}`](#{one.name}) | {one.does} |\n" for one in found)
    sections = "\n".join(section(one) for one in found)
    return f"""# Strategies

<!-- made by: python -m tests.support.catalogue_pages --update -->

What scenario files can name. `tontine strategies` lists them, `tontine strategies NAME` tells all about one, `--json`
for programs. What each takes from its source, and where it differs, stands in its module in `traders/strategies`.

Lots are those of the instrument, ticks too; prices are in price units (10025 is 100.25 where an instrument has two
decimals), times in seconds.

| name | does |
|---|---|
{rows}
## Your own

A subclass of `Strategy` ([write a bot](../how-to/write-a-bot.md)) is called `FILE.py:Class` in a scenario file. It gets a name
like those above by a decorator:

```python
from traders.strategies.base import Strategy
from traders.strategies.naming import named


@named("follower")
class Follower(Strategy):
    \"\"\"Does what others did.\"\"\"
```

and joins where its file is named, `strategies = ["follower.py"]` in the scenario file, or where its distribution is
installed and has an entry point:

```toml
[project.entry-points."tontine.strategies"]
follower = "my_package.follower:Follower"
```

An entry point that does not load is named by `tontine strategies`, with the reason; everything else works.

## All of them

{sections}"""


def scenario_page(text: str) -> str:
    """The page about the scenario file with its tables made anew."""

    def made(found: re.Match[str]) -> str:
        model = MODELS[found[1]]
        table = keys(field_facts(name, field) for name, field in model.model_fields.items())
        return f"<!-- keys: {found[1]} -->\n{table}<!-- end -->"

    return _BLOCK.sub(made, text)


def main(words: list[str]) -> int:
    """Check the pages, or bring them up to date; how many were not."""
    before = STRATEGIES.read_text(encoding="utf-8") if STRATEGIES.exists() else ""
    pages = [
        (STRATEGIES, before, strategies_page()),
        (SCENARIO_FILE, text := SCENARIO_FILE.read_text(encoding="utf-8"), scenario_page(text)),
    ]
    stale = [(path, anew) for path, old, anew in pages if old != anew]
    for path, anew in stale:
        if "--update" in words:
            path.write_text(anew, encoding="utf-8")
        sys.stderr.write(
            f"{path.name}: {'brought up to date' if '--update' in words else 'is not up to date'}\n"
        )
    return 0 if "--update" in words else len(stale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

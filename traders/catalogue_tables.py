"""What ``tontine strategies`` shows: all strategies in a table, or one with its parameters.

In: facts of ``traders.catalogue``. Out: tables on standard output; plain text where it is no terminal.
"""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from traders.catalogue import Catalogue, ParameterFacts, StrategyFacts


def show_all(found: Catalogue) -> None:
    """One line each, and what is broken below."""
    console = Console(soft_wrap=False)
    table = Table("strategy", "does", "after", box=None, pad_edge=False)
    for one in found.strategies:
        after = authors(one) if one.brought_by == "tontine" else one.brought_by
        table.add_row(one.name, escape(one.does), escape(after))
    console.print(table)
    for broken in found.broken:
        console.print(escape(f"broken: {broken.name} ({broken.where}): {broken.fault}"), style="red")


def show_one(one: StrategyFacts) -> None:
    """All there is to say about it."""
    console = Console()
    console.print(f"[bold]{one.name}[/bold]: {escape(one.does)}", highlight=False)
    if one.brought_by != "tontine":
        console.print(escape(f"brought by {one.brought_by}"), highlight=False)
    for source in one.sources:
        console.print(escape(f"source: {source}"), highlight=False)
    console.print(escape(f"\n{one.about}"), highlight=False, soft_wrap=True)
    if not one.parameters:
        console.print("\nIt has no parameters.")
        return
    table = Table("parameter", "kind", "default", "bounds", "meaning", box=None, pad_edge=False)
    for parameter in one.parameters:
        table.add_row(
            parameter.name, parameter.kind, default_of(parameter), parameter.bounds, escape(parameter.meaning)
        )
    console.print()
    console.print(table)


def default_of(parameter: ParameterFacts) -> str:
    """As a scenario file would say it."""
    if parameter.required:
        return "required"
    return "-" if parameter.default is None else _toml(parameter.default)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    return f"[{', '.join(map(_toml, value))}]" if isinstance(value, tuple | list) else str(value)


def authors(one: StrategyFacts) -> str:
    """Of its first source, with the year: ``Gode, Sunder 1993``."""
    if not one.sources:
        return ""
    source = one.sources[0]
    people, _, rest = source.partition('"')
    people = people.removesuffix(" derive in ")
    names = [
        part.split()[-1].split(".")[-1] for part in people.replace(" and ", ", ").split(",") if part.strip()
    ]
    years = [
        word
        for word in rest.replace(",", " ").split()
        if word.isdigit() and word[:2] in ("19", "20") and len(word) == 4
    ]
    return " ".join([", ".join(names) if len(names) < 4 else f"{names[0]} et al.", *years[:1]])

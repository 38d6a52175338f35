"""A page about one run: one file, no network, light and dark.

In: the directory of a run. Out: ``report.html``, and each of its pictures as PNG in ``pictures/``.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from protocol.errors import HistoryError
from simulation.inference import number
from simulation.reports import experiment_pictures, market_pictures
from simulation.reports.fact_pictures import fact_pictures
from simulation.reports.kept import Kept, read_run
from simulation.reports.markup import document, table
from simulation.reports.style import as_svg, write_png
from simulation.stylised_facts import checks_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST: Final = 6
"""Instruments that get pictures; a page of more is read by nobody."""


class Picture(NamedTuple):
    """One figure of the page."""

    name: str
    """Of its file and its ids."""
    figure: Figure
    caption: str


class Section(NamedTuple):
    """A heading with what belongs below it."""

    heading: str
    intro: str
    pictures: list[Picture]
    after: str = ""
    """Markup that follows the pictures."""


def write_report(directory: Path, out: Path | None = None, *, pictures: bool = True) -> list[Path]:
    """Write the page, and the pictures beside it; the files that were written.

    Raises:
        HistoryError: the directory holds no run, or a file can't be written.
        ConfigError: matplotlib is not installed, or pyarrow for a run kept as Parquet.
    """
    kept = read_run(directory)
    page = out or directory / "report.html"
    sections = list(_sections(kept))
    written = [page]
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(_page(kept, sections), encoding="utf-8")
        if pictures:
            beside = page.parent / "pictures"
            beside.mkdir(exist_ok=True)
            for section in sections:
                for picture in section.pictures:
                    written.append(beside / f"{picture.name}.png")
                    write_png(picture.figure, written[-1])
    except OSError as error:
        raise HistoryError(str(page), error.strerror or str(error)) from error
    return written


def _sections(kept: Kept) -> Iterator[Section]:
    experiment = _pictures(
        ("convergence", experiment_pictures.convergence(kept), "Dots are trades. The closer they come to the line, and the sooner, the better the market found the price that nobody told it."),
        ("efficiency", experiment_pictures.efficiency(kept), "100 % is what a planner who knew every limit could have reached. Alpha falls as prices converge."),
        ("gains", experiment_pictures.gains(kept), ""),
    )  # fmt: skip
    if experiment:
        yield Section("Efficiency and convergence", "", experiment)
    shown = kept.symbols[:_MOST]
    for symbol in shown:
        pictures = _pictures(
            (f"price-{symbol}", market_pictures.price_and_volume(kept, symbol), ""),
            (f"spread-{symbol}", market_pictures.spread_and_depth(kept, symbol), ""),
            (f"profile-{symbol}", market_pictures.depth_profile(kept, symbol), ""),
        )
        yield Section(
            symbol if len(kept.symbols) > 1 else f"Price, spread and depth of {symbol}",
            "" if pictures else "Nobody quoted and nobody traded.",
            pictures,
        )
    yield Section(
        "Profit by strategy",
        "",
        _pictures(("pnl", market_pictures.pnl_by_group(kept), "Cash and positions at the last price, after fees. What one group makes another pays.")),
        _groups(kept),
    )  # fmt: skip
    for symbol in shown:
        facts = kept.facts.get(symbol)
        if facts is not None:
            name = f" of {symbol}" if len(kept.symbols) > 1 else ""
            yield Section(
                f"Stylised facts{name}",
                "What real markets have in common, measured of this one.",
                [Picture(f"facts-{symbol}", fact_pictures(facts), "")],
                table(
                    ("fact", "target", "result", ""),
                    [
                        (one.name, one.target, one.result, "pass" if one.passed else "miss")
                        for one in checks_of(facts)
                    ],
                    marks=True,
                ),
            )


def _pictures(*found: tuple[str, Figure | None, str]) -> list[Picture]:
    return [Picture(name, figure, caption) for name, figure, caption in found if figure is not None]


def _page(kept: Kept, sections: list[Section]) -> str:
    body = [_header(kept)]
    for section in sections:
        body.append(f"<section><h2>{escape(section.heading)}</h2>")
        if section.intro:
            body.append(f"<p>{escape(section.intro)}</p>")
        for picture in section.pictures:
            caption = f"<figcaption>{escape(picture.caption)}</figcaption>" if picture.caption else ""
            body.append(f"<figure>{as_svg(picture.figure, picture.name)}{caption}</figure>")
        body.append(f"{section.after}</section>")
    body.append(_footer(kept))
    return document(kept.title, "\n".join(body))


def _header(kept: Kept) -> str:
    about = kept.about
    text = str(about["scenario"].get("about", "")) if isinstance(about.get("scenario"), dict) else ""
    cards = [
        ("market time", _duration(kept.length_s)),
        ("traders", f"{sum(int(group['traders']) for group in about['groups']):,}"),
        ("commands", f"{about['counts']['commands']:,}"),
        ("trades", f"{about['counts']['trades']:,}"),
        ("seed", str(about["seed"])),
        ("faults", str(len(about.get("faults", [])))),
    ]
    shown = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in cards)
    intro = f"<p>{escape(text)}</p>" if text else ""
    return f"<header><p class=kind>Market in virtual time</p><h1>{escape(kept.title)}</h1>{intro}<dl>{shown}</dl></header>"


def _groups(kept: Kept) -> str:
    groups: list[dict[str, Any]] = kept.about["groups"]
    with_units = any(group["surplus_mean"] is not None for group in groups)
    headers = ["group", "strategy", "traders", "orders", "refused", "fills", "profit, mean", "profit, sd"]
    rows = []
    for group in groups:
        row = [
            group["name"],
            group["strategy"],
            *(f"{group[name]:,}" for name in ("traders", "orders", "refused", "fills")),
        ]
        row += [number(group["pnl_mean"]), number(group["pnl_sd"])]
        if with_units:
            row.append("" if group["surplus_mean"] is None else number(group["surplus_mean"]))
        rows.append(row)
    if with_units:
        headers.append("surplus, all periods")
    markup = table(headers, rows, numbers=headers[2:])
    faults = kept.about.get("faults", [])
    if faults:
        found = [(one["account"], one["group"], one["error"]) for one in faults]
        markup += "<h3>Traders that were stopped</h3>" + table(("account", "group", "what happened"), found)
    return markup


def _footer(kept: Kept) -> str:
    versions = kept.about.get("versions", {})
    made = ", ".join(f"{name} {value}" for name, value in versions.items())
    command = f"tontine simulate {kept.about['name']} --seed {kept.about['seed']}"
    changes = "".join(f" --set {change}" for change in kept.about.get("changes", []))
    return (
        f"<footer><p>Hash of the event log <code>{escape(kept.about['hash'])}</code></p>"
        f"<p>Again: <code>{escape(command + changes)} --check {escape(kept.about['hash'])}</code></p>"
        f"<p>{escape(made)}. Prices are those of the price list, times UTC.</p></footer>"
    )


def _duration(seconds: float) -> str:
    if seconds >= 7_200:
        return f"{seconds / 3_600:.3g} h"
    if seconds >= 300:
        return f"{seconds / 60:.3g} min"
    return f"{seconds:.3g} s"

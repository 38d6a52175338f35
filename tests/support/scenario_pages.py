"""The pages about ready scenarios: docs/scenarios/NAME.md, each with pictures of a run.

In: the scenarios. Out: pages and pictures, made anew by ``python -m tests.support.scenario_pages --update`` (a few minutes;
with names after it only those), and the hash on each page by which a test sees whether it is about the file as it is.
"""

import sys
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from protocol.vocabulary import Symbol
from simulation.batches import Job, run_job
from simulation.commands import job_kept, job_of
from simulation.outcome import Outcome
from simulation.ready import names, ready, scenario
from simulation.reports.experiment_pictures import convergence, efficiency
from simulation.reports.kept import Kept, read_run
from simulation.reports.market_pictures import pnl_by_group, price_and_volume, spread_and_depth
from simulation.reports.style import BLUE, GRID, RED, write_png
from simulation.reports.style import draw as draw_figure
from simulation.scenario_facts import facts_of
from simulation.tables import best_format

PAGES: Final = Path(__file__).parents[2] / "docs" / "scenarios"
README: Final = PAGES / "README.md"
LAST_S: Final = 2.0
"""Between two points of a line, at least."""


LOOK: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "classroom": (
        ("convergence", "Each dot is a trade. The means come down to where supply and demand cross within three periods."),
        ("efficiency", "What is gained of all there is to gain, and how far prices are from the equilibrium (Smith's alpha)."),
    ),
    "day": (
        ("price", "A day of a thousand traders: best prices, trades as dots, and the volume below, which comes in bursts."),
        ("pnl", "What the kinds of traders have gained, a trader on average; over all of them it sums to zero. The makers quote without knowing the value, and pay those who do."),
    ),
    "etf_arbitrage": (
        ("premium", "What the fund costs above or below what is in it: with the arbitrageurs, and in the same market without them."),
        ("pnl", "Arbitrage brings a little each time; what it holds meanwhile is valued at the last prices, which jump."),
    ),
    "execution_desk": (
        ("price", "The market they buy in, all four at the same time. Who is early in a wave pays what others are spared."),
        ("pnl", "At the last price. POV buys most when most is traded, early and high, and pays most for the same thousand lots; TWAP and VWAP spread it over the half hour, and pay least."),
    ),
    "flash_crash": (
        ("price", "The seller begins after five minutes. First makers and investors take what he sells; then they are full, and the price falls through the book until it meets those who buy at four percent below the value. When he is done it comes back, too far at first: momentum works both ways."),
        ("spread", "Spread and depth. Trading was never more expensive than when everybody wanted to trade."),
    ),
    "gode_sunder": (
        ("convergence", "Prices are scattered, in every period as in the first: nobody learns anything."),
        ("efficiency", "And nevertheless almost all there is to gain is gained."),
    ),
    "latency_race": (
        ("pnl", "The same strategy, twice. The near one earns with every gap it closes; the far one is left with half of a trade, again and again."),
        ("price EAST", "One of the two books."),
    ),
    "market_maker_duel": (
        ("pnl", "A trader of each kind. Noise pays the spread, a little each; both kinds of makers live on it, and the informed take some of it from them."),
        ("spread", "The spread that the makers leave, and how much stands within ten levels."),
    ),
    "opening_auction": (
        ("price", "Five minutes in which bids and offers cross and nothing trades (the shade reaches from the best bid, above, to the best offer, below); then one price for all, with more volume than in any moment that follows."),
    ),
    "shock_and_recovery": (
        ("price", "The value falls by 3.00 after ten minutes. The price follows as those who know sell to those who do not; ten minutes later it goes half of the way back."),
        ("spread", "Spread and depth: who stood in the way is taken, and the book is thinner until the price has found its place."),
    ),
    "spoofing_study": (
        ("pnl", "The spoofer earns, the readers of the book pay. Take the last group out of the file, and they hardly trade."),
        ("spread", "The depth that is seen, now on one side and now on the other, and that is not there when it is wanted."),
    ),
    "thin_market": (
        ("price", "Every dot a trade. Nothing happens to the value, and the price moves by percents."),
        ("spread", "The spread, where there is one: gaps are times when a side of the book was empty."),
    ),
    "zip_convergence": (
        ("convergence", "The equilibrium moves by 0.75 after ten periods, and prices follow it, without anybody being told."),
        ("efficiency", "Hardly anything is lost, after the change either; alpha says how close to the equilibrium trades are made."),
    ),
}  # fmt: skip
"""What to look at: a picture, and what it shows."""


def fingerprint(name: str) -> str:
    """Of the file of a scenario, 16 hexadecimal digits."""
    return blake2b(ready(name).read_bytes(), digest_size=8).hexdigest()


def page(name: str, outcome: Outcome) -> str:
    """The text of the page."""
    one = scenario(name)
    facts = facts_of(one)
    groups = "\n".join(
        f"| `{group.name}` | {spelled(one, group.name)} | {group.traders:,} | {group.orders:,} | {group.fills:,} "
        f"| {group.pnl_mean:,.0f} |"
        for group in outcome.groups
    )
    figures = ", ".join(
        f"{label} {outcome.figures[key]:,.{digits}f}{unit}"
        for key, label, digits, unit in (
            ("trades", "trades", 0, ""),
            ("spread", "mean spread", 1, " price units"),
            ("volatility", "deviation of returns over a minute", 1, " basis points"),
            ("efficiency", "allocative efficiency", 1, " %"),
            ("alpha", "Smith's alpha", 1, " %"),
        )
        if key in outcome.figures and outcome.figures[key] == outcome.figures[key]  # a number
    )
    pictures = "\n\n".join(
        f"![{name}: {picture.split()[0]}](pictures/{name}-{picture.split()[0]}.png)\n\n{says}"
        for picture, says in LOOK[name]
    )
    return f"""# {facts.title}

<!-- made by: python -m tests.support.scenario_pages --update {name}; file {fingerprint(name)} -->

{one.about.strip()}

```console
$ tontine simulate {name} --check {outcome.digest}
$ tontine report runs/{name}-{outcome.seed}
```

{pictures}

## The run

Seed {outcome.seed}, {facts.length} of market, {outcome.commands:,} commands, hash `{outcome.digest}`: {figures}.

| group | strategy | traders | orders | fills | profit of a trader |
|---|---|---|---|---|---|
{groups}

Profits are at the last prices, in smallest units. The file is
[`simulation/scenarios/{name}.toml`](../../simulation/scenarios/{name}.toml); `tontine scenarios copy {name} FILE` makes
one of your own out of it. Live, in two terminals:

```console
$ tontine scenarios venue {name} > venue.toml && tontine serve venue.toml
$ tontine scenarios copy {name} fleet.toml && tontine fleet fleet.toml
```

[All scenarios](README.md)
"""


def spelled(one: Any, group: str) -> str:
    """The strategies of a group, as the file calls them."""
    from traders.scenario import group_name

    return ", ".join(dict.fromkeys(f"`{each.strategy}`" for each in one.traders if group_name(each) == group))


def readme() -> str:
    """The page about all of them."""
    rows = []
    for name in names():
        facts = facts_of(scenario(name))
        link = f"[`{name}`]({name}.md)" if (PAGES / f"{name}.md").exists() else f"`{name}`"
        rows.append(
            f"| {link} | {facts.title} | {facts.traders:,} | {facts.length} | {', '.join(facts.strategies)} |"
        )
    return README.read_text(encoding="utf-8").partition("<!-- table -->")[0] + (
        "<!-- table -->\n| name | what it is | traders | length | strategies |\n|---|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


def premium(kept: Kept, apart: Kept) -> Any:
    """The fund less its parts, mid by mid, with and without arbitrage."""

    def series(of: Kept) -> tuple[list[float], list[float]]:
        mids: dict[str, float] = {}
        times: list[float] = []
        gaps: list[float] = []
        rows = sorted(
            (at_ns, symbol, bid, ask)
            for symbol, book in of.books.items()
            for at_ns, bid, ask in zip(book["at_ns"], book["bid"], book["ask"], strict=True)
            if bid is not None and ask is not None
        )
        for at_ns, symbol, bid, ask in rows:
            mids[symbol] = (bid + ask) / 2 / of.unit(symbol)
            minute = (at_ns - of.start_ns) / 60e9
            if len(mids) == len(of.symbols) and (not times or minute - times[-1] > LAST_S / 60):
                times.append(minute)
                gaps.append(mids["FUND"] - mids["IRON"] - mids["SALT"])
        return times, gaps

    def paint(_: Any, axes: list[Any]) -> None:
        (one,) = axes
        one.axhline(0, color=GRID, linewidth=1)
        for of, colour, label in ((apart, RED, "without"), (kept, BLUE, "with arbitrage")):
            times, gaps = series(of)
            one.plot(times, gaps, color=colour)
            one.annotate(
                label,
                (times[-1], gaps[-1]),
                xytext=(6, 0),
                textcoords="offset points",
                color=colour,
                va="center",
                weight="bold",
            )
        one.set_title("Fund less basket")
        one.set_xlabel("minutes")

    return draw_figure(1, 3.2, paint)


def without_last_group(name: str, directory: Path) -> Kept:
    """A run of the scenario without its last group of traders."""
    one = scenario(name)
    job = job_of(name, [], None)
    run_job(
        Job(
            name,
            one.model_copy(update={"traders": one.traders[:-1]}),
            job.place,
            job.seed,
            directory,
            best_format(),
        )
    )
    return read_run(directory)


def draw(kept: Kept, picture: str, path: Path) -> None:
    """One picture of a run."""
    what, _, symbol = picture.partition(" ")
    of = Symbol(symbol or kept.symbols[0])
    figure = {
        "price": lambda: price_and_volume(kept, of),
        "spread": lambda: spread_and_depth(kept, of),
        "pnl": lambda: pnl_by_group(kept),
        "convergence": lambda: convergence(kept),
        "efficiency": lambda: efficiency(kept),
    }[what]()
    assert figure is not None, picture
    write_png(figure, path)


def update(name: str) -> None:
    """Run the scenario, draw, write."""
    with TemporaryDirectory() as directory:
        out = Path(directory) / name
        outcome = run_job(job_kept(job_of(name, [], None), out, None))
        kept = read_run(out)
        (PAGES / "pictures").mkdir(exist_ok=True)
        for picture, _ in LOOK[name]:
            if picture == "premium":
                figure = premium(kept, without_last_group(name, Path(directory) / "apart"))
                write_png(figure, PAGES / "pictures" / f"{name}-premium.png")
                continue
            draw(kept, picture, PAGES / "pictures" / f"{name}-{picture.split()[0]}.png")
    (PAGES / f"{name}.md").write_text(page(name, outcome), encoding="utf-8")


def main(words: list[str]) -> int:
    """Check the pages, or make them anew; how many are not about the file as it is."""
    chosen = [word for word in words if not word.startswith("-")] or list(names())
    stale = [name for name in chosen if not is_about_file(name)]
    if "--update" in words:
        for name in chosen:
            update(name)
            sys.stderr.write(f"docs/scenarios/{name}.md: made anew\n")
        README.write_text(readme(), encoding="utf-8")
        return 0
    for name in stale:
        sys.stderr.write(f"docs/scenarios/{name}.md: not about the scenario as it is\n")
    return len(stale)


def is_about_file(name: str) -> bool:
    """Whether there is a page, made of the file as it is."""
    path = PAGES / f"{name}.md"
    return path.exists() and f"file {fingerprint(name)} -->" in path.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

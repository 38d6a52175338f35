"""The traders' commands: ``fleet``, ``bot``, ``demo``, ``replay`` and ``strategies``; the operators' are in ``traders.admin``.

In: what a person types. Out: traders at work, a summary, an exit code: 0 when it did what it should,
1 when it did not, 2 for wrong use. What goes wrong is raised as a ``VenueError`` for the caller to
put in one line.
"""

import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from protocol.errors import SessionBroken
from traders import admin
from traders.options import OnRuntime, Runtime, fleet_of, parse_address, scenario_file, with_access

if TYPE_CHECKING:
    from traders.access import Access
    from traders.board import Scene
    from traders.fleet import Fleet
    from traders.replay import ReplayCheck

app = typer.Typer(no_args_is_help=True, add_completion=False)
app.add_typer(admin.app, name="admin")

Connect = Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Where the venue listens.")]
Seconds = Annotated[float | None, typer.Option(min=0.001, help="How long; left out: until Ctrl-C.")]
Seed = Annotated[int | None, typer.Option(min=0, help="Seed of all chance; printed at the start.")]

DEFAULT_VENUE = "127.0.0.1:7001"


@app.callback()
def _traders() -> None:
    """Trade on a venue."""


@app.command()
@with_access
def fleet(
    access: "Access",
    file: Annotated[
        str,
        typer.Argument(help="Scenario (TOML, or the name of one that comes along); see examples/fleet.toml."),
    ],
    connect: Connect = None,
    seconds: Seconds = None,
    seed: Seed = None,
    prefix: Annotated[str, typer.Option(help="Put in front of every account.")] = "",
    processes: Annotated[
        int, typer.Option(min=1, max=256, help="Deal the traders out to so many processes.")
    ] = 1,
    reconnect: Annotated[
        bool, typer.Option("--reconnect/--no-reconnect", help="Come back when a session breaks.")
    ] = True,
    status: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Seconds between two looks at how it goes; 0: none; left out: 1 on a terminal, else 5.",
        ),
    ] = None,
    runtime: OnRuntime = Runtime.ASYNCIO,
) -> None:
    """Run the traders of a scenario file against a venue. Where a secret is given, it is that of all of them.

    Without --seconds it lasts as long as the file says (length_s, or the periods of its experiment), counted from when
    everybody is in; a file that says neither, and describes no venue: until Ctrl-C. Each trader has a connection of its
    own; one that breaks comes back, its orders canceled by the venue meanwhile. A process holds as many traders as it may open
    files; ask for several with --processes.

    Example: tontine fleet examples/fleet.toml --connect 127.0.0.1:7001 --seconds 30
    """
    from rich.console import Console

    from protocol.clock import SystemClock
    from protocol.errors import ConfigError
    from traders.scenario import load_scenario
    from traders.summary import show_fleet, status_of

    path = scenario_file(file)
    scenario = load_scenario(path)
    if scenario.bots:
        typer.echo(
            "the programs under [[bots]] take part in virtual time only: start them yourself", err=True
        )
    if scenario.replay is not None:
        typer.echo("the [replay] is played in virtual time only: see tontine replay", err=True)
    if not scenario.traders:
        raise ConfigError(str(path), "there is no group under [[traders]], and nobody else trades live")
    host, port = (None, None) if connect is None else parse_address(connect)
    console = Console()
    running = fleet_of(runtime, processes=processes, reconnect=reconnect)(
        scenario,
        clock=SystemClock(),
        place=str(path),
        host=host,
        port=port,
        seed=seed,
        prefix=prefix,
        access=access,
    )
    spread = f" in {processes} processes" if processes > 1 else ""
    console.print(
        f"{len(running.traders)} traders{spread}, {running.host}:{running.port}, seed {running.seed}",
        highlight=False,
    )
    started = time.monotonic()
    try:
        with status_of(console, status) as report:
            running.run_until_stopped(seconds, report)
    except SessionBroken:
        # Of a fleet that traded there is something to show, even if nobody is left of it.
        if any(one.orders for one in running.results()):
            show_fleet(console, running, time.monotonic() - started)
        raise
    show_fleet(console, running, time.monotonic() - started)
    if running.faults and (scenario.on_fault == "stop_run" or len(running.faults) == len(running.traders)):
        raise typer.Exit(1)


@app.command()
@with_access
def bot(
    access: "Access",
    strategy: Annotated[str, typer.Argument(metavar="FILE.py:CLASS", help="Your subclass of Strategy.")],
    connect: Connect = None,
    account: Annotated[str, typer.Option(help="Who trades.")] = "bot",
    symbol: Annotated[list[str] | None, typer.Option(help="What to trade; left out: everything.")] = None,
    interval_s: Annotated[float, typer.Option("--interval", min=0.001, help="Seconds between timers.")] = 1.0,
    seconds: Seconds = None,
    seed: Seed = None,
    reconnect: Annotated[
        bool, typer.Option("--reconnect/--no-reconnect", help="Come back when the session breaks.")
    ] = True,
    runtime: OnRuntime = Runtime.ASYNCIO,
) -> None:
    """Run one strategy of your own against a venue.

    Example: tontine bot examples/joiner.py:Joiner --account alice --symbol ACME
    """
    from rich.console import Console

    from protocol.clock import SystemClock
    from protocol.errors import ConfigError
    from traders.scenario import MAX_ACCOUNT_LENGTH, scenario_of
    from traders.strategies.registry import strategy_named
    from traders.summary import show_fleet

    if not 1 <= len(account) <= MAX_ACCOUNT_LENGTH:
        raise ConfigError("--account", f"a name has 1 to {MAX_ACCOUNT_LENGTH} characters")
    strategy_named(strategy, "bot")
    host, port = parse_address(connect or DEFAULT_VENUE)
    group = {
        "strategy": strategy,
        "account": account,
        "symbols": symbol or [],
        "interval_s": interval_s,
        "arrivals": "regular",
    }
    chosen = secrets.randbelow(2**32) if seed is None else seed
    scenario = scenario_of({"host": host, "port": port, "seed": chosen, "traders": [group]}, "bot")
    console = Console()
    console.print(f"{account} runs {strategy} at {host}:{port}, seed {chosen}", highlight=False)

    running = fleet_of(runtime, reconnect=reconnect)(
        scenario, clock=SystemClock(), place="bot", access=access
    )
    started = time.monotonic()
    running.run_until_stopped(seconds)
    show_fleet(console, running, time.monotonic() - started)
    if running.faults:
        raise typer.Exit(1)


@app.command()
def demo(
    seconds: Seconds = None,
    traders: Annotated[int, typer.Option(min=2, max=500, help="How many traders.")] = 30,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a board.")] = False,
    seed: Seed = None,
) -> None:
    """Start a venue of its own and a fleet, and show the market. Needs nothing else.

    Exit code 1 if nobody traded in the time given. Example: tontine demo --seconds 8
    """
    import asyncio

    from rich.console import Console

    from protocol.clock import SystemClock
    from traders.console import stop_signals
    from traders.demo import run_demo
    from traders.summary import show_fleet

    console = Console()
    as_lines = plain or not console.is_terminal
    chosen = secrets.randbelow(2**32) if seed is None else seed
    console.print(f"starting a venue and {traders} traders, seed {chosen}", highlight=False)
    console.print(
        "the venue is open: any name gets in without a secret, from this machine only", highlight=False
    )

    async def run() -> "tuple[Fleet, Scene]":
        with stop_signals() as stop:
            return await run_demo(
                traders=traders,
                seconds=seconds,
                seed=chosen,
                plain=as_lines,
                clock=SystemClock(),
                console=console,
                stop=stop,
            )

    done, scene = asyncio.run(run())
    show_fleet(console, done, scene.elapsed_s)
    console.print(
        f"{scene.trades:,} trades from {scene.orders:,} orders of {traders} traders in {scene.elapsed_s:.1f} s",
        highlight=False,
    )
    # Whoever ends it by hand before the first trade has seen what they wanted.
    interrupted = seconds is None or scene.elapsed_s < seconds
    if scene.trades == 0 and not interrupted:
        raise typer.Exit(1)


@app.command()
@with_access
def replay(
    access: "Access",
    file: Annotated[Path, typer.Argument(help="A day of order flow: JSON lines, gzipped or plain.")],
    connect: Connect = None,
    symbol: Annotated[str, typer.Option(help="The instrument to trade it in.")] = "GOOG",
    account: Annotated[str, typer.Option(help="Who owns all the orders.")] = "replay",
    window: Annotated[
        int, typer.Option(min=1, max=1024, help="Commands under way without an answer.")
    ] = 1024,
) -> None:
    """Send a recorded day to a running venue and check every trade and every published book.

    Exit code 1 if anything differs. Example: tontine replay day.jsonl.gz --connect 127.0.0.1:7001
    """
    import asyncio

    from rich.console import Console

    from traders.order_flow import read_flow
    from traders.progress import progress_of
    from traders.replayer import Replay
    from traders.summary import show_check

    host, port = parse_address(connect or DEFAULT_VENUE)
    console = Console()
    lines = read_flow(file)

    async def run() -> "ReplayCheck":
        running = Replay(lines, symbol=symbol, account=account, window=window, access=access)
        async with progress_of(console, running):
            return await running.run(host, port)

    started = time.monotonic()
    check = asyncio.run(run())
    show_check(console, check, time.monotonic() - started)
    if not check.is_complete:
        raise typer.Exit(1)


@app.command()
def strategies(
    name: Annotated[str | None, typer.Argument(help="Show one with all its parameters.")] = None,
    file: Annotated[
        list[Path] | None,
        typer.Option("--file", metavar="FILE.py", help="With what is named in a file of yours."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Show the strategies that scenario files can name, after whom they are, what can be set.

    Example: tontine strategies zip
    """
    import msgspec

    from protocol.errors import ConfigError
    from traders.catalogue import catalogue, facts_of
    from traders.catalogue_tables import show_all, show_one
    from traders.strategies.registry import load_file, strategy_named

    for one in file or ():
        load_file(str(one), "--file")
    if name is None:
        found = catalogue()
        if as_json:
            typer.echo(msgspec.json.format(msgspec.json.encode(found)))
        else:
            show_all(found)
        return
    strategy_named(name, "strategies")
    facts = facts_of(name)
    if facts is None:
        raise ConfigError(
            "strategies", f"{name} has no name; give its class one with @named, and its file with --file"
        )
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(facts)))
    else:
        show_one(facts)

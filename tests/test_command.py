"""The ``tontine`` command: one line and a status for whatever goes wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import tontine

ROOT = Path(__file__).parents[1]
TROUBLED = ("tests.support.troubled",)
COMMANDS = (
    "init",
    "check",
    "hash-secret",
    "serve",
    "verify",
    "conform",
    "fleet",
    "bot",
    "demo",
    "replay",
    "bench",
    "schema",
    "export",
    "history rebuild",
    "history catch-up",
    "import lobster",
)


def run_python(source: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", source], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_it_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    status = tontine.run(["--version"])

    assert status == 0
    assert capsys.readouterr().out == f"tontine {tontine.__version__}\n"


def test_its_help_names_the_commands_of_all_rooms(capsys: pytest.CaptureFixture[str]) -> None:
    status = tontine.run(["--help"])

    assert status == 0
    helped = capsys.readouterr().out
    assert [command for command in COMMANDS if f" {command.split()[0]} " not in helped] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = tontine.run([*command.split(), "--help"])

    assert status == 0
    assert f"tontine {command}" in capsys.readouterr().out.partition("Usage:")[2].partition("\n")[2]


def test_without_a_command_it_shows_its_help_as_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    status = tontine.run([])

    output = capsys.readouterr()
    assert status == 2
    assert "Usage:" in output.out
    assert output.err == ""


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nonsense"], "tontine: No such command 'nonsense'; see tontine --help\n"),
        (["schema", "--nonsense"], "tontine: No such option: --nonsense; see tontine schema --help\n"),
        (["schema", "--update", "no/such/page.md"], "tontine: no/such/page.md: No such file or directory\n"),
        (["serve", "no-such.toml"], "tontine: no-such.toml: No such file or directory\n"),
    ],
    ids=lambda case: " ".join(case) if isinstance(case, list) else "",
)
def test_wrong_use_is_one_line(arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = tontine.run(arguments)

    output = capsys.readouterr()
    assert (status, output.out, output.err) == (2, "", line)


@pytest.mark.parametrize(
    ("command", "status", "line"),
    [
        ("wrong-file", 2, "tontine: venue.toml: tcp.port: too large\n"),
        (
            "wrong-all-over",
            2,
            "tontine: venue.toml: tcp.port: too large\ntontine: venue.toml: name: too long\n",
        ),
        ("broken", 1, "tontine: the venue is gone\n"),
        ("broken-twice", 1, "tontine: the venue is gone\n"),
        ("refused", 1, "tontine: [Errno 111] Connection refused\n"),
        ("interrupted", 130, ""),
        ("unlucky", 1, ""),
    ],
)
def test_what_the_world_does_wrong_is_one_line_each(
    command: str, status: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    result = tontine.run([command], TROUBLED)

    output = capsys.readouterr()
    assert (result, output.out, output.err) == (status, "", line)


def test_a_fault_of_the_program_keeps_its_trace() -> None:
    with pytest.raises(LookupError):
        tontine.run(["our-fault"], TROUBLED)


def test_a_fault_of_the_program_does_not_hide_among_others() -> None:
    with pytest.raises(ExceptionGroup):
        tontine.run(["our-fault-in-a-task"], TROUBLED)


def test_a_reader_that_has_seen_enough_is_no_fault() -> None:
    source = f"import sys, tontine; sys.exit(tontine.run(['talkative'], {TROUBLED!r}))"
    with subprocess.Popen(
        [sys.executable, "-c", source], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None

        process.stdout.read(10)
        process.stdout.close()
        complaint = process.stderr.read()

    assert (process.returncode, complaint) == (1, b"")


def test_the_schema_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    status = tontine.run(["schema"])

    assert status == 0
    assert json.loads(capsys.readouterr().out)["title"].startswith("Tontine protocol")


def test_the_tables_are_printed_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    status = tontine.run(["schema", "--markdown"])

    assert status == 0
    assert "### `login`" in capsys.readouterr().out


def test_a_page_is_made_anew_in_its_place(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    places = [f"<!-- generated: {name} -->old<!-- end: {name} -->" for name in ("session", "messages")]
    page.write_text("before\n" + "\nbetween\n".join(places) + "\nafter\n", encoding="utf-8")

    status = tontine.run(["schema", "--update", str(page)])

    made = page.read_text(encoding="utf-8")
    assert status == 0
    assert "old" not in [line.strip() for line in made.splitlines()]
    assert made.startswith("before\n")
    assert made.endswith("\nafter\n")


def test_help_does_not_wait_for_what_only_the_commands_need() -> None:
    source = (
        "import sys, tontine; tontine.build();"
        "print(*sorted({'exchange.server', 'traders.fleet', 'traders.client', 'protocol.schema'}"
        " & set(sys.modules)))"
    )

    result = run_python(source)

    assert (result.stdout, result.stderr) == ("\n", "")


def test_a_venue_logs_without_rich() -> None:
    source = (
        "import sys; from exchange import logs; import structlog, exchange.server;"
        "logs.configure(logs.LogFormat.CONSOLE, logs.LogLevel.INFO); structlog.get_logger().info('started');"
        "print('rich' in sys.modules)\n"
        "try: 1 / 0\n"
        "except ZeroDivisionError: structlog.get_logger().exception('failed')\n"
        "import rich; print(rich.__name__)"
    )

    result = run_python(source)

    assert result.stdout == "False\nrich\n"
    assert result.stderr.splitlines()[-1] == "ZeroDivisionError: division by zero"

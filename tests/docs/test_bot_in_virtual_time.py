"""The page on bots in virtual time: its program runs in its scenario, by its command and from Python."""

import re
import shlex
from pathlib import Path

import pytest

import tontine
from traders.bots import BotGroup

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "test-a-bot-in-virtual-time.md"


def test_the_page_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = PAGE.read_text(encoding="utf-8")
    program, from_python = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (scenario,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    (command,) = re.findall(r"^\$ tontine (.*)$", page, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    Path("joiner.py").write_text(program)
    Path("joiner.toml").write_text(scenario)

    assert tontine.run(shlex.split(command)) == 0
    shown = capsys.readouterr().out
    exec(from_python, {})  # noqa: S102  # the page of ours
    digest, faults = capsys.readouterr().out.splitlines()[0].split(" ", 1)

    assert re.search(r"joiner\s+│ joiner.py\s+│\s+1 │\s+\d+ │", shown)
    assert re.search(r"joiner \| bought \d+ at \d+", shown)
    assert len(digest) == 32
    assert faults == "[]"


def test_the_page_names_every_key() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert [name for name in BotGroup.model_fields if f"`{name}`" not in page] == []

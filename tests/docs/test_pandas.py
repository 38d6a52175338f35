"""What the page on pandas shows works on the export of a venue, block by block."""

import re
import shlex
from pathlib import Path

import pytest

import tontine
from exchange.records.rebuild import beside, catch_up
from exchange.records.store import Store
from tests.support.recorded import RecordedMarket

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "pandas.md"


@pytest.mark.slow
def test_the_page_on_pandas_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    market = RecordedMarket(tmp_path, seed=4)
    market.trade(800)
    with Store(beside(market.journal)) as store:
        catch_up(market.journal, store)
        (fees,) = store.connection.execute(
            "select sum(buyer_fee + seller_fee) from trades where busted_at_ns is null"
        ).fetchone()
    market.log.close()
    monkeypatch.chdir(tmp_path)
    page = PAGE.read_text(encoding="utf-8")

    commands = re.findall(r"^\$ tontine (.*)$", page, re.MULTILINE)
    for command in commands:
        assert tontine.run(shlex.split(command.replace("venue.journal", market.journal.name))) == 0
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    for block in blocks:
        exec(block, names)  # noqa: S102  # the page of ours

    assert (len(commands), len(blocks)) == (2, 5)
    assert "ACME" in capsys.readouterr().out
    assert int(names["fees"]["fee"].sum()) == fees  # type: ignore[index]

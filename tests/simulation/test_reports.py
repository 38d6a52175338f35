"""The page about a run: whole, alone, and the same every time."""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from protocol.errors import ConfigError, HistoryError
from simulation.batches import Job, run_job
from simulation.commands import job_kept, job_of
from simulation.reports.kept import read_run
from simulation.reports.page import write_report
from simulation.reports.style import INK, PAPER, SERIES, css_colours
from simulation.tables import Format
from simulation.validating import small_market


class Tags(HTMLParser):
    """Collects tags, ids, and what is opened and not closed."""

    EMPTY = frozenset(("meta", "br", "hr", "link", "path", "use"))

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name in ("src", "href", "xlink:href") and value:
                self.references.append(value)
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.EMPTY:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.EMPTY:
            assert self.open.pop() == tag


def kept(directory: Path, form: Format = "csv") -> Path:
    run_job(Job("small <market>", small_market("spot", 20.0), "small", 3, directory, form))
    return directory


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The page of a run, and its pictures."""
    directory = tmp_path_factory.mktemp("reports")
    return write_report(kept(directory / "run"), directory / "shown" / "page.html")


def parsed(page: Path) -> Tags:
    tags = Tags()
    tags.feed(page.read_text())
    return tags


def test_the_page_asks_nobody_for_anything(written: list[Path]) -> None:
    text, tags = written[0].read_text(), parsed(written[0])
    assert tags.open == []
    assert not {"script", "link", "img", "iframe", "image"} & set(tags.tags)
    assert all(reference.startswith("#") for reference in tags.references)
    assert {reference[1:] for reference in tags.references} <= set(tags.ids)
    assert set(re.findall(r"url\(#([^)]*)\)", text)) <= set(tags.ids)
    assert set(re.findall(r'https?://[^\s"]*', text)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert len(tags.ids) == len(set(tags.ids))


def test_titles_are_text_and_never_markup(written: list[Path]) -> None:
    assert "<h1>small &lt;market&gt;</h1>" in written[0].read_text()


def test_every_picture_is_on_the_page_and_beside_it(written: list[Path]) -> None:
    page, *pictures = written

    names = {picture.stem for picture in pictures}
    assert names == {"price-ACME", "spread-ACME", "profile-ACME", "pnl"}
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)
    assert parsed(page).tags.count("svg") == len(pictures)


def test_an_experiment_shows_convergence_efficiency_and_gains(tmp_path: Path) -> None:
    run_job(job_kept(job_of("classroom", [], 2), tmp_path / "run", "csv"))

    pictures = write_report(tmp_path / "run")[1:]

    assert {"convergence", "efficiency", "gains"} <= {picture.stem for picture in pictures}


def test_facts_have_their_marks(tmp_path: Path) -> None:
    run_job(job_kept(job_of("opening_auction", [], 2), tmp_path / "run", "csv"))

    page = write_report(tmp_path / "run", pictures=False)[0].read_text()

    assert "Stylised facts" in page
    assert 'class="pass"' in page
    assert 'class="miss"' in page


def test_equal_runs_give_equal_pages_and_pictures(written: list[Path], tmp_path: Path) -> None:
    again = write_report(kept(tmp_path / "again"))

    for first, second in zip(written, again, strict=True):
        assert first.read_bytes() == second.read_bytes(), first.name


def test_both_formats_give_the_same_page(written: list[Path], tmp_path: Path) -> None:
    other = write_report(kept(tmp_path / "run", "parquet"), pictures=False)[0]

    assert other.read_text() == written[0].read_text()


def test_every_colour_has_a_twin_for_dark_screens_and_none_stands_alone(written: list[Path]) -> None:
    page = written[0].read_text()

    light, dark = css_colours()
    body = page[page.index("</style>") :]
    assert light.count(":") == dark.count(":")
    assert not any(colour.lower() in body.lower() for colour in (PAPER, INK, *SERIES))
    assert "prefers-color-scheme: dark" in page


def test_without_its_library_it_says_which_extra_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = kept(tmp_path / "run")
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    with pytest.raises(ConfigError, match=r"tontine\[report\]"):
        write_report(directory)


@pytest.mark.parametrize("text", [None, "nonsense", "[1]", '{"name": "x"}'])
def test_a_directory_without_a_run_is_told(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "run.json").write_text(text)

    with pytest.raises(HistoryError, match=r"run\.json"):
        read_run(tmp_path)

"""The page on security names nothing that is not there: tests, codes, counts, keys of the venue file, numbers."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args

import pytest
from pydantic import BaseModel

from exchange.access import Bounds
from exchange.config import VenueConfig
from exchange.desk import MAX_HASHING
from exchange.engine.administration import MAX_PROTECTIONS
from exchange.gateways.http.logins import MAX_REMEMBERED
from exchange.gateways.http.models import MAX_LIMIT
from exchange.history import KEPT_IN_ALL, KEPT_WITHOUT_JOURNAL
from exchange.market_data.feeds import AT_ONCE, KEPT
from exchange.metrics import Metric
from exchange.throttle import FIRST_DELAY_S, FREE_FAILURES, LONGEST_DELAY_S, MAX_SOURCES
from protocol.session import MAX_WAITING_BYTES, MISSED_HEARTBEATS
from protocol.vocabulary import ErrorCode, RejectReason
from protocol.websocket import MOST_FRAMES_AT_ONCE
from protocol.words import WORDS
from tests.exchange.test_hostile_clients import MARKS

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
README: Final = (ROOT / "README.md").read_text(encoding="utf-8")

CODES: Final = {str(code) for code in (*ErrorCode, *RejectReason)}
UNDER_ATTACK: Final = "test_an_attack_is_bounded_answered_and_counted_and_honest_sessions_do_not_feel_it"


class Row(NamedTuple):
    """One attack."""

    attack: str
    bounds: str
    answers: list[str]
    counted: list[str]
    tests: list[str]


def in_code(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def rows() -> Iterator[Row]:
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if not line.startswith("| ") or cells[0] == "Attack":
            continue
        attack, bounds, *answers_and_counts, tests = cells
        answers, counted = answers_and_counts or ("", "")
        yield Row(attack, bounds, in_code(answers), in_code(counted), in_code(tests))


ROWS: Final = list(rows())


def keys(section: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every key of the venue file and its default; of a table in a list ``accounts.role``."""
    for name, field in section.model_fields.items():
        yield f"{prefix}{name}", field.default
        for inner in _sections(field.annotation):
            yield from keys(inner, f"{prefix}{name}.")


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _sections(part)


KEYS: Final = dict(keys(VenueConfig))


def written(default: Any) -> str:
    if isinstance(default, float):
        return f"{default:g}"
    return str(default).lower()


def test_every_attack_has_a_bound_and_a_test() -> None:
    assert len(ROWS) > 50
    assert [row.attack for row in ROWS if not row.bounds or not row.tests] == []


def test_every_test_that_is_named_exists(request: pytest.FixtureRequest) -> None:
    named = [test for row in ROWS for test in row.tests]
    # Parameters are only known to who collects. This run has done so, for all tests or for some.
    here = {item.nodeid for item in request.session.items}
    here |= {name.partition("[")[0] for name in here}
    elsewhere = [test for test in named if test not in here]

    # Not through a cache: another run may be under way. Without any name it would collect all tests.
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    command += elsewhere or [__file__]
    collected = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)

    missing = re.findall(r"^ERROR: (.*)", collected.stdout + collected.stderr, re.MULTILINE)
    assert missing == []
    assert collected.returncode == 0


def test_every_code_that_is_named_is_one_of_the_protocol() -> None:
    assert {code for row in ROWS for code in row.answers} - CODES == set()


def test_every_code_with_which_the_venue_hangs_up_is_on_the_page() -> None:
    last_words = {str(code) for code, text in WORDS[ErrorCode].items() if "hangs up" in text}

    assert len(last_words) > 10
    assert last_words - set(in_code(PAGE)) == set()


def test_the_page_names_every_count_and_no_other() -> None:
    assert {count for row in ROWS for count in row.counted} == set(Metric) - {Metric.LOGINS}


def test_every_key_that_is_named_is_one_of_the_venue_file() -> None:
    commands = set(re.findall(r"^\| `(tontine [\w-]+)", README, re.MULTILINE))
    bounds = {word for row in ROWS for word in in_code(row.bounds)}
    elsewhere = {word for word in in_code(PAGE) if re.fullmatch(r"[a-z]+(\.[a-z_]+)+", word)}

    unknown = {word for word in bounds if " ".join(word.split()[:2]) not in commands} - KEYS.keys()
    assert unknown == set()
    assert elsewhere - KEYS.keys() == set()


def test_every_default_is_the_default() -> None:
    said = re.findall(r"`([\w.]+)` \((\w+)\)", PAGE)

    assert len(said) > 15
    assert [(key, default) for key, default in said if written(KEYS[key]) != default] == []


@pytest.mark.parametrize(
    "words",
    [
        f"after {MISSED_HEARTBEATS} intervals",
        f"{MAX_WAITING_BYTES} bytes wait",
        f"after {FREE_FAILURES} free failures a source waits {FIRST_DELAY_S:g} s",
        f"up to {LONGEST_DELAY_S:g} s",
        f"{MAX_SOURCES} sources are remembered",
        f"{Bounds().max_waiting} logins wait, of one source {Bounds().max_waiting_per_source}",
        f"{KEPT_WITHOUT_JOURNAL} messages of a stream are kept, {KEPT_IN_ALL} in all",
        f"{MAX_PROTECTIONS} of an account",
        f"{MAX_HASHING} wait in a thread",
        f"up to {MAX_REMEMBERED} pairs that were right",
        f"readers are woken {AT_ONCE} at a time; who is {KEPT} messages behind",
        f"of a list {MAX_LIMIT} items at most",
        f"{MOST_FRAMES_AT_ONCE} frames are looked at",
    ],
)
def test_every_number_is_that_of_the_code(words: str) -> None:
    assert words in PAGE


@pytest.mark.parametrize("attack", MARKS)
def test_what_hostile_clients_leave_behind_is_what_the_page_says(attack: str) -> None:
    name = f"tests/exchange/test_hostile_clients.py::{UNDER_ATTACK}[{attack}]"
    (row,) = (row for row in ROWS if name in row.tests)

    marks = MARKS[attack]

    assert (marks.codes & CODES) - set(row.answers) == set()
    assert marks.counted - set(row.counted) == set()

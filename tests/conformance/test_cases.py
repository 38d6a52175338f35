"""Case files: what a person gets wrong is told with file, line and field."""

import json
from pathlib import Path

import pytest

from exchange.conformance.cases import New, Situation, Unreadable, read
from exchange.conformance.check import Ending, run
from protocol.errors import ConfigError

STEP = {"op": "new", "id": "a", "side": "buy", "qty": 5, "price": 100, "expect": {"result": "accepted"}}


def file_of(folder: Path, *lines: object, name: str = "cases.jsonl") -> Path:
    path = folder / name
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def case_of(*steps: object, **fields: object) -> dict[str, object]:
    return {"id": "one", "steps": list(steps), **fields}


def complaint(path: Path) -> str:
    """About the file, or else about the one case in it that can't be read."""
    try:
        found = [case.content.fault for case in read([path]) if isinstance(case.content, Unreadable)]
    except ConfigError as error:
        return str(error)
    assert len(found) == 1
    return found[0]


def test_what_a_case_leaves_out_has_a_default(tmp_path: Path) -> None:
    path = file_of(tmp_path, case_of(STEP))

    [case] = read([path])

    content = case.content
    assert isinstance(content, Situation)
    assert (content.instrument.tick, content.instrument.lot, content.policy) == (1, 1, {})
    assert isinstance(content.steps[0], New)
    assert (content.steps[0].type, content.steps[0].tif, content.steps[0].owner) == ("limit", "gtc", None)


def test_cases_keep_their_place_over_blank_lines_and_files(tmp_path: Path) -> None:
    first = file_of(tmp_path, "", case_of(STEP), "  ", case_of(STEP))
    second = file_of(tmp_path, case_of(STEP), name="more.jsonl")

    cases = read([first, second])

    assert [case.place for case in cases] == [f"{first}:2", f"{first}:4", f"{second}:1"]


def test_a_bare_number_names_an_order(tmp_path: Path) -> None:
    path = file_of(tmp_path, case_of({**STEP, "id": 7, "owner": 1}))

    [case] = read([path])

    assert isinstance(case.content, Situation)
    step = case.content.steps[0]
    assert isinstance(step, New)
    assert (step.id, step.owner) == ("7", "1")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{not json", "not JSON"),
        ('{"id": "one", "id": "two"}', "'id' stands twice in one object"),
        ('{"id": "one", "steps": NaN}', "NaN is no number"),
        ("[" * 100_000, "nested too deep"),
        ("[]", "valid dictionary"),
        ({"steps": [STEP]}, "id: Field required"),
        ({"id": "one"}, "steps: Field required"),
        (case_of(), "steps: List should have at least 1 item"),
        (case_of(5), "steps[0]: "),
        (case_of({"id": "a"}), "steps[0].op: Field required"),
        (case_of(STEP, {**STEP, "qty": "5"}), "steps[1].qty: "),
        (case_of({**STEP, "qty": 5.0}), "steps[0].qty: "),
        (case_of({**STEP, "qty": True}), "steps[0].qty: "),
        (case_of({**STEP, "qty": None}), "steps[0].qty: Field required"),
        (
            case_of({key: value for key, value in STEP.items() if key != "side"}),
            "steps[0].side: Field required",
        ),
        (case_of({"op": "cancel", "expect": {"result": "accepted"}}), "steps[0].id: Field required"),
        (
            case_of({**STEP, "expect": {"trades": [["a", "b", 1]]}}),
            "steps[0].expect.trades[0][3]: Field required",
        ),
        (case_of({**STEP, "expect": {"book": {"bids": [[1, "x", 1]]}}}), "steps[0].expect.book.bids[0][1]: "),
        (
            case_of({**STEP, "expect": {"orders": {"a": {"state": "live"}}}}),
            "steps[0].expect.orders.a.filled: ",
        ),
        (case_of(STEP, instrument={"tick": "1"}), "instrument.tick: "),
        (case_of(STEP, policy=[]), "policy: "),
        (case_of({**STEP, "expect": {}}), "no step expects anything"),
        ({"id": "one", "kind": 5}, "kind: "),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_line_that_is_no_case_is_named_with_its_field(line: object, told: str, tmp_path: Path) -> None:
    path = file_of(tmp_path, case_of(STEP), line)

    text = complaint(path)

    assert text.startswith(f"{path}:2: ")
    assert told in text


def test_a_case_that_can_not_be_read_fails_and_the_others_run(tmp_path: Path) -> None:
    path = file_of(tmp_path, {"id": 7, "steps": []}, case_of(STEP))

    broken, sound = (run(case) for case in read([path]))

    assert (broken.case.id, broken.ending) == ("7", Ending.FAILED)
    assert broken.reason.startswith(f"{path}:1: steps: ")
    assert sound.ending is Ending.PASSED


def test_a_file_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b'{"id": "\xff"}\n')

    assert complaint(tmp_path / "none.jsonl") == f"{tmp_path / 'none.jsonl'}: No such file or directory"
    assert complaint(tmp_path) == f"{tmp_path}: Is a directory"
    assert complaint(file_of(tmp_path, "", "")) == f"{tmp_path / 'cases.jsonl'}: no cases in it"
    assert complaint(binary).startswith(f"{binary}:1: not UTF-8")

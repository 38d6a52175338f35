"""``tontine conform`` as a person types it."""

import json
import re
import subprocess
import sys
from pathlib import Path

from exchange.conformance.cases import OPS, Expect, Instrument, New
from exchange.conformance.support import ORDER_TYPES, POLICY, SELF_TRADE
from tests.support.typed import Said, typed

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests" / "conformance" / "sample.jsonl"


def conform(*arguments: object) -> Said:
    return typed("conform", *map(str, arguments), room="exchange")


def case(name: str, price: int, **fields: object) -> dict[str, object]:
    """Two orders that trade at 100, and a case that says they trade at ``price``."""
    return {
        "id": name,
        "steps": [
            {"op": "new", "id": "a", "side": "sell", "qty": 5, "price": 100, "note": "waits"},
            {
                "op": "new",
                "id": "b",
                "side": "buy",
                "qty": 5,
                "price": 101,
                "expect": {"result": "accepted", "trades": [["a", "b", price, 5]], "book": {}},
            },
            {"op": "cancel", "id": "a", "expect": {"result": "rejected"}},
        ],
        **fields,
    }


def file_of(path: Path, *cases: object) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in cases))
    return path


def test_the_whole_sample_holds() -> None:
    command = [sys.executable, "-m", "exchange", "conform", str(SAMPLE)]

    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)

    assert (done.returncode, done.stdout, done.stderr) == (0, "52 passed, 0 failed, 0 skipped\n", "")


def test_a_failed_case_is_named_with_what_differs(tmp_path: Path) -> None:
    path = file_of(tmp_path / "c.jsonl", case("good", 100), case("bad", 101), case("odd", 100, mood=1))

    done = conform(path)

    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "failed bad: step 2, new b: side=buy qty=5 price=101: trades: expected [a b 101 5], came [a b 100 5]",
        "1 passed, 1 failed, 1 skipped",
    ]


def test_on_demand_the_reason_of_every_skip_is_told(tmp_path: Path) -> None:
    path = file_of(tmp_path / "c.jsonl", case("good", 100), case("odd", 100, mood=1))

    done = conform(path, "-v")

    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "skipped odd: the case: field 'mood' is not known",
        "1 passed, 0 failed, 1 skipped",
    ]


def test_cases_of_one_name_are_told_apart_by_their_place(tmp_path: Path) -> None:
    first = file_of(tmp_path / "c.jsonl", case("same", 100))
    second = file_of(tmp_path / "d.jsonl", case("other", 100), case("same", 99))

    done = conform(first, second)

    assert done.returncode == 1
    assert done.stdout.startswith(f"failed same ({second}:2): step 2, ")
    assert done.stdout.splitlines()[-1] == "2 passed, 1 failed, 0 skipped"


def test_a_case_is_shown_up_to_the_step_that_differs(tmp_path: Path) -> None:
    path = file_of(tmp_path / "c.jsonl", case("good", 100, title="Two orders meet"), case("bad", 101))

    good, bad = conform(path, "--show", "good"), conform(path, "--show", "bad")

    assert (good.returncode, bad.returncode) == (0, 1)
    for word in (
        "Two orders meet",
        "waits",
        "step 3: cancel a",
        "bid",
        "5 (1)",
        "a with b: 5 at 100",
        "no live order 'a'",
    ):
        assert word in good.stdout
    assert "step 2: new b: side=buy" in bad.stdout
    assert "step 3" not in bad.stdout
    assert "trades !" in bad.stdout
    assert "result !" not in bad.stdout
    assert bad.stdout.splitlines()[-1].startswith("failed bad: step 2, ")


def test_a_sum_and_a_skipped_case_can_be_shown(tmp_path: Path) -> None:
    fee = {"id": "fee", "kind": "fee", "cases": [[1_000_000, 10]], "expect": [1_000]}
    path = file_of(tmp_path / "c.jsonl", fee, case("odd", 100, mood=1))

    shown, skipped = conform(path, "--show", "fee"), conform(path, "--show", "odd")

    assert (shown.returncode, skipped.returncode) == (0, 0)
    assert "1000000 at 10 bps" in shown.stdout
    assert skipped.stdout.splitlines()[-1] == "skipped odd: the case: field 'mood' is not known"


def test_a_case_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    path = file_of(tmp_path / "c.jsonl", case("good", 100))

    done = conform(path, "--show", "goood")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "tontine: --show: no case 'goood' in these files\n"


def test_a_case_that_can_not_be_read_fails_beside_the_others(tmp_path: Path) -> None:
    path = file_of(tmp_path / "d.jsonl", case("good", 100), {"id": "x", "steps": [{"op": "expire"}]})

    done = conform(path)
    shown = conform(path, "--show", "x")

    assert (done.returncode, shown.returncode) == (1, 1)
    fault = f"failed x: {path}:2: steps[0].now: Field required"
    assert done.stdout == f"{fault}\n1 passed, 1 failed, 0 skipped\n"
    assert shown.stdout.splitlines()[-1] == fault


def test_nothing_runs_if_one_line_of_one_file_is_no_case(tmp_path: Path) -> None:
    good = file_of(tmp_path / "c.jsonl", case("bad", 101))
    wrong = file_of(tmp_path / "d.jsonl", case("good", 100), {"steps": []})

    done = conform(good, wrong)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"tontine: {wrong}:2: id: Field required\n"


def test_what_is_no_file_is_one_line(tmp_path: Path) -> None:
    assert conform(tmp_path).stderr == f"tontine: {tmp_path}: Is a directory\n"
    assert conform(tmp_path / "no").stderr == f"tontine: {tmp_path / 'no'}: No such file or directory\n"
    assert conform().returncode == 2


def test_the_case_of_the_guide_passes(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "conformance.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    path = file_of(tmp_path / "c.jsonl", json.loads(shown))

    done = conform(path)

    assert done.stdout == "1 passed, 0 failed, 0 skipped\n"


def test_the_guides_first_command_answers_as_shown() -> None:
    page = (ROOT / "docs" / "how-to" / "conformance.md").read_text(encoding="utf-8")

    done = conform(ROOT / "examples" / "market-situations.jsonl")

    assert f"$ tontine conform examples/market-situations.jsonl\n{done.stdout}" in page


def test_the_guide_names_everything_that_a_case_may_say() -> None:
    page = (ROOT / "docs" / "how-to" / "conformance.md").read_text(encoding="utf-8")
    words = {
        *OPS,
        *ORDER_TYPES,
        *SELF_TRADE,
        *New.model_fields,
        *Instrument.model_fields,
        *Expect.model_fields,
    }
    words |= {word for name, choices in POLICY.items() if len(choices) > 1 for word in (name, *choices)}

    assert sorted(word for word in words - {"price_scale"} if f"`{word}`" not in page) == []

"""The page on compiled simulations: its program runs, and what it names is there."""

import re
from pathlib import Path

from tests.support.builds import environment, told

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "compile-the-simulation.md"


def test_the_program_on_the_page_runs_without_compiled_modules_too(tmp_path: Path) -> None:
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None

    compiled, digest = told(found[1], environment(tmp_path))

    assert compiled == "False"
    assert len(digest) == 32

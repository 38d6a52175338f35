"""The short form of ``tontine validate``."""

import pytest

from protocol.errors import ConfigError
from simulation.validating import PARTS, validate

SHORT = [name for name in PARTS if name != "parity"]


@pytest.mark.slow
@pytest.mark.parametrize("part", SHORT)
def test_the_short_form_passes(part: str) -> None:
    checks = list(validate([part], short=True))

    assert checks
    assert [check for check in checks if not check.passed] == []


def test_a_part_that_is_none_is_told() -> None:
    with pytest.raises(ConfigError, match="auctions, day, conservation"):
        list(validate(["beauty"], short=True))

"""What tests of programs in virtual time share."""

from pathlib import Path

import pytest

from tests.support.bots import Programs


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path)

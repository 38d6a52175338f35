"""Time that is handed in."""

import pytest

from protocol.clock import ManualClock, SystemClock


def test_a_manual_clock_moves_when_told_to() -> None:
    clock = ManualClock(start_ns=1_000)

    clock.advance(seconds=2.5, ns=7)

    assert clock.now_ns() == 2_500_001_007
    assert clock.monotonic_s() == pytest.approx(2.500000007)


def test_a_manual_clock_does_not_go_back() -> None:
    clock = ManualClock()

    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(seconds=-1)

    assert clock.now_ns() == 0


def test_the_system_clock_does_not_go_back() -> None:
    clock = SystemClock()

    moments = [clock.monotonic_s() for _ in range(100)]

    assert moments == sorted(moments)
    assert clock.now_ns() > 1_700_000_000_000_000_000

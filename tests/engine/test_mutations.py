"""Broken engines are caught, each by name: what the battery of situations is worth."""

import pytest

from tests.support.battery import battery
from tests.support.mutants import MUTANTS

BATTERY = battery()

CAUGHT_BY: dict[str, str] = {
    "taker's price": "oldest first, at its price",
    "taker's price, careful": "oldest first, at its price, for an order with terms",
    "last in, first out": "oldest first, at its price",
    "last in, first out, careful": "oldest first, at its price, for an order with terms",
    "demoted maker": "partly filled maker is met again",
    "demoted maker, careful": "maker partly filled by an order with terms is met again",
    "peak in front": "refilled peak stands behind",
    "peak not counted down": "peak that is all there is",
    "places kept": "order that grows goes to the back",
    "phantom level": "emptied level is in nobody's way",
    "phantom quantity": "canceled quantity is not counted",
    "reserve ignored": "reserve is executable",
    "own orders counted": "own orders are not executable",
    "exact fit killed": "exact fit fills",
    "nobody gives way": "earlier order gives way",
    "protection ignored": "protection holds",
    "locked by post-only": "locking price counts as crossing",
    "single pass of stops": "activation triggers another",
    "trail both ways": "trailing stop stays",
    "deadline missed": "deadline itself expires",
    "pegs hold each other up": "pegs do not hold each other up",
    "no surplus rule": "auction leaves the least over",
    "time before price": "auction serves better prices first",
    "shares rounded up": "shares are rounded down",
    "fees rounded down": "fees are cut toward zero",
    "fees rounded down, careful": "fees of an order with terms are cut toward zero",
    "hold kept": "reduced order holds less",
    "improvement kept": "better price gives money back",
    "margin of one side": "open sale needs its margin",
    "held money paid out": "held money stays",
    "double deposit": "transaction is carried out once",
    "rebate from nowhere": "rebate is paid out of the fees",
    "fees kept": "bust gives the fees back",
    "open orders forgotten": "open orders count toward the position",
    "paper losses ignored": "losses count before they are realised",
    "protection one late": "quotes are pulled in time",
    "dead man a moment late": "dead man is punctual",
}
"""Mutant -> the situation that shows it most plainly."""

ALSO_CAUGHT_BY_CASES: dict[str, str] = {
    "taker's price": "price-then-time",
    "last in, first out": "price-then-time",
    "peak in front": "iceberg",
    "phantom level": "replace-that-crosses",
    "reserve ignored": "fill-or-kill",
    "nobody gives way": "all-or-none-gives-way",
    "protection ignored": "protected-market-order",
    "single pass of stops": "stops-set-off-stops",
    "trail both ways": "trailing-stop",
    "pegs hold each other up": "peg-follows",
    "no surplus rule": "doc-asx-auction",
    "shares rounded up": "pro-rata-level",
}
"""Mutant -> a case of the files that users start from."""


@pytest.mark.parametrize("name", BATTERY)
def test_sound_engine_passes(name: str) -> None:
    """A situation that does not hold proves nothing about mutants."""
    assert BATTERY[name]()


@pytest.mark.parametrize(("mutant", "situation"), [*CAUGHT_BY.items(), *ALSO_CAUGHT_BY_CASES.items()])
def test_broken_engine_is_caught(mutant: str, situation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the situation that is about what is broken."""
    fault, owner, attribute, _ = MUTANTS[mutant]

    monkeypatch.setattr(owner, attribute, MUTANTS[mutant].broken())
    caught = [name for name, holds in BATTERY.items() if not holds()]

    assert situation in caught, f"{fault}, and nobody noticed"


def test_every_mutant_is_looked_for() -> None:
    """None is caught by chance only."""
    assert set(CAUGHT_BY) == set(MUTANTS)


def test_engine_is_sound_again_after_a_mutant() -> None:
    """The patches are undone: the tests that follow meet the engine itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MUTANTS["phantom level"].owner, "drop", MUTANTS["phantom level"].broken())
        broken = [name for name, holds in BATTERY.items() if not holds()]

    assert broken
    assert all(holds() for holds in BATTERY.values())

"""Shouts are the same on every machine and every Python: their digests are written down here.

A digest that changes on one machine alone is an error of the program. Where a strategy was changed on purpose, the test
prints the new one.
"""

from hashlib import blake2b
from random import Random
from typing import Final

import pytest

from protocol.vocabulary import Side
from tests.traders.strategies.floor import SHOUTERS, Floor, shouter
from traders.strategies.chance import integer

DIGESTS: Final = {
    "zic": "00c1139f76f958ff",
    "ziu": "6200f75f117da715",
    "gvwy": "7fca00004d5f675f",
    "shaver": "e787340631abf488",
    "sniper": "e8520e8d807946a4",
    "zip": "08ef64df86ae84f7",
    "gd": "e077b71bb08a5c8d",
    "gdx": "76fb5f3efa16ce73",
    "aa": "f105b3ffa3ed4568",
    "przi": "365f16e0841a0af5",
}


def story(floor: Floor, rng: Random) -> None:
    """Six periods in which much happens."""
    for period in range(1, 7):
        side = Side.BUY if rng.random() < 0.5 else Side.SELL
        limits = sorted((integer(rng, 60, 140) for _ in range(4)), reverse=side is Side.BUY)
        floor.assign(side, *limits, period=period, length_s=60)
        for _ in range(60):
            happened = rng.random()
            bid = integer(rng, 50, 110)
            if happened < 0.4:
                floor.timer()
            elif happened < 0.75:
                floor.book((bid, integer(rng, 1, 2)), (bid + integer(rng, 1, 30), integer(rng, 1, 2)))
            elif happened < 0.9:
                floor.deal(bid, Side.BUY if happened < 0.82 else Side.SELL)
            elif floor.live:
                floor.fill()


@pytest.mark.parametrize("name", SHOUTERS)
def test_a_story_is_answered_with_the_same_shouts_everywhere(name: str) -> None:
    floor = Floor(shouter(name, {"s": -0.6} if name == "przi" else None, seed="9/trader-1"))

    story(floor, Random("a story"))

    digest = blake2b("\n".join(map(repr, floor.sent)).encode(), digest_size=8).hexdigest()
    assert len(floor.sent) > 10
    assert digest == DIGESTS[name], f"{name!r}: {digest!r}"

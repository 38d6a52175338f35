"""The venue that is tortured: its instruments, limits and accounts, as a venue file.

In: how many accounts, where to. Out: the file, and a ``Member`` for each account with its secret and its
habits. Spot and margined instruments with fees and rebates; most accounts have plenty, some run short.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from argon2 import PasswordHasher

PRICE: Final = 1000
"""What everything costs, about."""

_CHEAP: Final = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Fifty clients log in after every fault: a secret that takes its time to check is tested elsewhere."""

_EVERY_NTH_IS_POOR: Final = 7
_RICH: Final[dict[str, int]] = {"USD": 8_000_000, "BTC": 20_000, "EUR": 3_000_000}
_POOR: Final[dict[str, int]] = {"USD": 60_000, "BTC": 300, "EUR": 20_000}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a trade in an instrument moves. Without a base it is margined."""

    quote: str
    base: str | None = None
    base_scale: int = 1
    quote_scale: int = 1


INSTRUMENTS: Final[dict[str, Terms]] = {
    "COIN": Terms("USD", "BTC", base_scale=10, quote_scale=2),
    "EURO": Terms("USD", "EUR", base_scale=1000),
    "SWAP": Terms("USD"),
}

_FILE: Final = """\
name = "torture"

[journal]
sync = "full"

[limits]
order_quantity = 40
open_orders = 12
position = 400
collar = 60
message_rate = 2000

[[instruments]]
symbol = "COIN"
settlement = "spot"
base = "BTC"
quote = "USD"
base_scale = 10
quote_scale = 2
maker_fee_ppm = -150
taker_fee_ppm = 400
reference_price = 1000
self_trade = "decrement"

[[instruments]]
symbol = "EURO"
settlement = "spot"
base = "EUR"
quote = "USD"
base_scale = 1000
tick = 5
maker_fee_per_unit = 1
taker_fee_per_unit = 2
reference_price = 1000
limits = { order_quantity = 20 }

[[instruments]]
symbol = "SWAP"
settlement = "margin"
quote = "USD"
margin = 500
maker_fee_ppm = -100
taker_fee_ppm = 300
taker_fee_per_unit = 1
reference_price = 1000
self_trade = "cancel_maker"
"""

Habit = Literal["plain", "takes_along", "dead_man"]
"""Plain sessions leave their orders; others ask for cancel on disconnect; others arm a dead-man switch."""

_HABITS: Final[tuple[Habit, ...]] = ("plain", "takes_along", "plain", "dead_man", "takes_along")


@dataclass(frozen=True, slots=True)
class Member:
    """An account, and how its owner trades."""

    name: str
    secret: str
    habit: Habit
    deposits: Mapping[str, int]


def found(file: Path, accounts: int) -> list[Member]:
    """Write the venue file."""
    members = []
    text = _FILE
    for number in range(accounts):
        deposits = _POOR if number % _EVERY_NTH_IS_POOR == _EVERY_NTH_IS_POOR - 1 else _RICH
        name = f"trader-{number:02}"
        member = Member(name, f"secret of {name}", _HABITS[number % len(_HABITS)], deposits)
        members.append(member)
        paid_in = ", ".join(f"{asset} = {amount}" for asset, amount in deposits.items())
        text += (
            f'\n[[accounts]]\nname = "{name}"\nsecret_hash = "{_CHEAP.hash(member.secret)}"\n'
            f"deposits = {{ {paid_in} }}\n"
        )
    file.write_text(text, encoding="utf-8")
    return members

"""What traders ask for at random, and how they know the answer.

In: a random generator, how the account stands. Out: requests, each with the key under which its answer is
known in the private stream. At most one request of a key is unanswered at any time.
"""

from collections.abc import Container
from dataclasses import dataclass
from random import Random
from typing import Final

import msgspec

from tests.torture.founding import INSTRUMENTS, PRICE, Habit
from tests.torture.standing import Json, Standing

Key = tuple[str, str]
"""What kind of request, and the order's name if it concerns one."""

NEW: Final = "new"
_CANCEL: Final = "cancel"
_CHANGE: Final = "change"  # replace and reduce are answered alike
_MASS_CANCEL: Final[Key] = ("mass_cancel", "")
DEAD_MAN: Final[Key] = ("dead_man", "")

_WITHIN_MS: Final = (800, 4000)
"""Dead-man switches that some restarts outlast and others don't."""


@dataclass(slots=True)
class Asked:
    """A request that was sent."""

    key: Key
    line: bytes
    attempts: int = 0
    """How often it was written, or begun to be; 0 if it never left."""

    @property
    def may_be_repeated(self) -> bool:
        """Only an order has a name that shows the venue a repetition."""
        return self.key[0] == NEW


def answered(message: Json) -> Key | None:
    """Which request a message of the private stream answers."""
    name = message.get("client_order_id", "")
    match message["type"], message.get("request") or message.get("reason"):
        case ("accepted", _) | ("rejected", "new"):
            return NEW, name
        case ("rejected", "cancel") | ("canceled", "requested"):
            return _CANCEL, name
        case (
            ("replaced", _)
            | ("rejected", "replace" | "reduce")
            | ("canceled", "reduced_to_nothing" | "replaced_below_executed")
        ):
            return _CHANGE, name
        case ("mass_canceled", _) | ("rejected", "mass_cancel"):
            return _MASS_CANCEL
        case ("dead_man_armed", _) | ("rejected", "dead_man"):
            return DEAD_MAN
        case _:
            return None


def disarm() -> Asked:
    """The last wish of an account with a dead-man switch."""
    return _asked(DEAD_MAN, {"type": "dead_man", "within_ms": 0})


class Wishes:
    """The requests of one trader."""

    def __init__(self, rng: Random, habit: Habit) -> None:
        self._rng = rng
        self._habit = habit
        self._number = 0

    def next(self, standing: Standing, unanswered: Container[Key]) -> Asked:
        """Something to ask for that is not being asked for."""
        rng = self._rng
        chance = rng.random()
        if self._habit == "dead_man" and chance < 0.08 and DEAD_MAN not in unanswered:
            return _asked(DEAD_MAN, {"type": "dead_man", "within_ms": rng.randint(*_WITHIN_MS)})
        if chance > 0.99 and _MASS_CANCEL not in unanswered:
            return _asked(_MASS_CANCEL, self._mass_cancel())
        if 0.6 < chance < 0.98:
            name = self._one_of(standing)
            if chance < 0.8:
                if (_CANCEL, name) not in unanswered:
                    return _asked((_CANCEL, name), {"type": "cancel", "client_order_id": name})
            elif (_CHANGE, name) not in unanswered:
                return _asked((_CHANGE, name), self._change(name, standing))
        return self._new()

    def _one_of(self, standing: Standing) -> str:
        """An order of the account: nearly always an open one."""
        if standing.open and self._rng.random() < 0.95:
            return self._rng.choice(list(standing.open))
        return f"o{self._rng.randint(0, self._number + 1)}"

    def _mass_cancel(self) -> Json:
        message: Json = {"type": "mass_cancel"}
        if self._rng.random() < 0.5:
            message["symbol"] = self._rng.choice(list(INSTRUMENTS))
        return message

    def _change(self, name: str, standing: Standing) -> Json:
        rng = self._rng
        message: Json = {"type": "replace", "client_order_id": name}
        order = standing.orders.get(name)
        change = rng.random()
        if change < 0.4:
            return {"type": "reduce", "client_order_id": name, "by": rng.randint(1, 6)}
        if change < 0.8:
            message["price"] = self._price("COIN" if order is None else order.symbol)
        if change > 0.6:
            # A new total, the executed part included; now and then it is below that.
            message["quantity"] = max(1, (0 if order is None else order.cumulative) + rng.randint(-1, 12))
        return message

    def _new(self) -> Asked:
        rng = self._rng
        self._number += 1
        name = f"o{self._number}"
        symbol = rng.choice(list(INSTRUMENTS))
        message: Json = {
            "type": "new",
            "client_order_id": name,
            "symbol": symbol,
            "side": rng.choice(("buy", "sell")),
            "quantity": rng.randint(1, 22),
            "price": self._price(symbol),
        }
        self._make_special(message)
        return _asked((NEW, name), message)

    def _make_special(self, message: Json) -> None:
        """Most orders are plain limits; some are not, and some are wrong."""
        rng = self._rng
        kind = rng.random()
        if kind < 0.07:
            message["time_in_force"] = rng.choice(("ioc", "fok"))
        elif kind < 0.13:
            message["order_type"] = "market"
            del message["price"]
        elif kind < 0.18:
            message["post_only"] = True
        elif kind < 0.23:
            message["display"] = rng.randint(1, 5)
        elif kind < 0.28:
            message["order_type"] = "stop_limit"
            message["stop_price"] = self._price(message["symbol"])
        elif kind < 0.30:
            message["all_or_none"] = True
        elif kind < 0.33:
            message |= rng.choice(
                ({"quantity": 0}, {"price": PRICE * 3}, {"symbol": "NONE"}, {"quantity": 35})
            )

    def _price(self, symbol: str) -> int:
        rng = self._rng
        away = round(rng.triangular(-18, 18, 0))
        return PRICE + away // 5 * 5 if symbol == "EURO" and rng.random() < 0.97 else PRICE + away


def _asked(key: Key, message: Json) -> Asked:
    return Asked(key, msgspec.json.encode(message) + b"\n")

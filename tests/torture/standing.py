"""What follows from a private stream: orders, positions and money, reckoned from the messages alone.

In: the messages of one account, in order. Out: how it must stand. Shares nothing with the venue but
the rules: a trade moves base and quote of a spot instrument, and the realised profit of a margined one; a
fee goes off the quote; the cost of a closed part is truncated toward zero.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.torture.founding import INSTRUMENTS

Json = dict[str, Any]


@dataclass(slots=True)
class Order:
    """An accepted order."""

    symbol: str
    side: str
    leaves: int
    cumulative: int = 0


@dataclass(slots=True)
class Stake:
    """A position, what it cost (negative when short), and what closing has brought."""

    quantity: int = 0
    cost: int = 0
    realised: int = 0
    fees: int = 0

    def take(self, quantity: int, unit: int) -> int:
        """Buy at so much a unit, or sell if negative; the profit that this realises."""
        had, self.quantity = self.quantity, self.quantity + quantity
        if had * quantity >= 0:
            self.cost += quantity * unit
            return 0
        sign = 1 if had > 0 else -1
        closed = min(abs(quantity), abs(had))
        part = sign * (abs(self.cost) * closed // abs(had))
        profit = sign * closed * unit - part
        self.realised += profit
        # Beyond zero the rest is a new position; up to zero what is left keeps its cost.
        self.cost = self.quantity * unit if abs(quantity) > abs(had) else self.cost - part
        return profit


class Standing:
    """One account, as of its last message."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        """All that were accepted, by name."""
        self.open: dict[str, Order] = {}
        self.stakes = {symbol: Stake() for symbol in INSTRUMENTS}
        self.balances: Counter[str] = Counter()
        self.deposits: Counter[str] = Counter()

    def take(self, message: Json) -> None:
        """The next message of the stream."""
        match message["type"]:
            case "accepted":
                order = Order(message["symbol"], message["side"], message["quantity"])
                self.orders[message["client_order_id"]] = self.open[message["client_order_id"]] = order
            case "trade_report":
                self._trade(message)
                self._leave(message, message["leaves"])
            case "replaced" | "self_trade_prevented":
                self._leave(message, message["leaves"])
            case "canceled":
                self._leave(message, 0)
            case "balance_adjusted":
                self.balances[message["asset"]] += message["amount"]
                self.deposits[message["asset"]] += message["amount"]
            case _:
                pass

    def _leave(self, message: Json, leaves: int) -> None:
        name = message["client_order_id"]
        order = self.orders[name]
        order.leaves = leaves
        order.cumulative = message["cumulative"]
        if not leaves:
            self.open.pop(name, None)

    def _trade(self, message: Json) -> None:
        terms = INSTRUMENTS[message["symbol"]]
        stake = self.stakes[message["symbol"]]
        quantity = message["quantity"] if message["side"] == "buy" else -message["quantity"]
        unit = message["price"] * terms.quote_scale
        profit = stake.take(quantity, unit)
        stake.fees += message["fee"]
        self.balances[terms.quote] -= message["fee"]
        if terms.base is None:
            self.balances[terms.quote] += profit
        else:
            self.balances[terms.quote] -= quantity * unit
            self.balances[terms.base] += quantity * terms.base_scale

    # -- against what the venue says -----------------------------------------------------------

    def differs_from_welcome(self, welcome: Json) -> str:
        """In words; empty: a welcome that was made now would say the same."""
        return (
            _difference(
                "open orders",
                {name: (order.leaves, order.cumulative) for name, order in self.open.items()},
                {
                    order["client_order_id"]: (order["leaves"], order["cumulative"])
                    for order in welcome["open_orders"]
                },
            )
            or _difference(
                "positions",
                {symbol: stake.quantity for symbol, stake in self.stakes.items() if stake.quantity},
                {position["symbol"]: position["quantity"] for position in welcome["positions"]},
            )
            or self._difference_of_balances(welcome)
        )

    def differs_from_state(self, state: Json) -> str:
        """In words; empty: an ``account_state`` that was made now would say the same."""
        return self._difference_of_balances(state) or _difference(
            "holdings",
            {symbol: self._holding(symbol) for symbol in INSTRUMENTS},
            dict.fromkeys(INSTRUMENTS, _EMPTY)
            | {held["symbol"]: _of_holding(held) for held in state.get("holdings", [])},
        )

    def _difference_of_balances(self, message: Json) -> str:
        told = {one["asset"]: one["free"] + one.get("held", 0) for one in message.get("balances", [])}
        return _difference("balances", _nonzero(self.balances), _nonzero(told))

    def _holding(self, symbol: str) -> tuple[int, ...]:
        stake = self.stakes[symbol]
        mine = [order for order in self.open.values() if order.symbol == symbol]
        buys, sells = (sum(order.leaves for order in mine if order.side == side) for side in ("buy", "sell"))
        return (stake.quantity, stake.cost, stake.realised, stake.fees, len(mine), buys, sells)


_HOLDING = ("quantity", "cost", "realised", "fees", "open_orders", "open_buys", "open_sells")
_EMPTY = (0,) * len(_HOLDING)


def _of_holding(held: Json) -> tuple[int, ...]:
    return tuple(held.get(name, 0) for name in _HOLDING)


def _nonzero(balances: dict[str, int]) -> dict[str, int]:
    return {asset: amount for asset, amount in balances.items() if amount}


def _difference(what: str, reckoned: dict[str, Any], told: dict[str, Any]) -> str:
    if reckoned == told:
        return ""
    names = sorted(name for name in reckoned.keys() | told.keys() if reckoned.get(name) != told.get(name))
    name = names[0]
    more = f", and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{what}: {name} is {reckoned.get(name)} by the stream and {told.get(name)} by the venue{more}"

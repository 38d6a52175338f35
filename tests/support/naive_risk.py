"""What the naive venue does not let an account do: beyond its limits, or beyond its means (rules 41, 42).

In: an order as it would be, and as it is. Out: words of ``RejectReason``, all that apply; none if it is fine.
Everything is worked out from the list of open orders, of trades and of payments whenever it is asked.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from exchange.engine.commands import EnterOrder, Limits, ReplaceOrder
from protocol.vocabulary import Limit
from tests.support.naive_book import NaiveMarket
from tests.support.naive_ledger import NaiveLedger, cost, hold, hold_price, with_fee, worst
from tests.support.naive_matching import limit_of, sweep_of
from tests.support.naive_state import NaiveOrder, other

SECOND_NS = 1_000_000_000
BY_MONEY = ("market_by_amount", "money_limit")


class Bound(NamedTuple):
    """A limit that holds for an account in an instrument."""

    value: int
    hard: bool
    symbol: str | None
    """``None``: counted over all instruments."""


@dataclass
class Protected:
    """A protected quote set."""

    fills: int
    window_ns: int
    times: list[int] = field(default_factory=list)
    pulled: bool = False


@dataclass
class NaiveRisk(NaiveMarket):
    """The naive market, and what people have and may do."""

    blocked: dict[str, str] = field(default_factory=dict)
    limits: dict[tuple[str | None, str | None], Limits] = field(default_factory=dict)
    protections: dict[tuple[str, str], Protected] = field(default_factory=dict)
    requests: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Whose, and in which second."""
    morning: dict[tuple[str, str], int] = field(default_factory=dict)
    """Profit of the days before."""
    broken: dict[str, Bound] = field(default_factory=dict)
    """The limits that the command would break, by the word for it."""
    now_ns: int = 0

    def __post_init__(self) -> None:
        self.ledger = NaiveLedger(self)

    def own(self, account: str) -> list[NaiveOrder]:
        """What the account has open."""
        return [order for order in self.orders if order.account == account and order.live]

    # -- what an account may not do ------------------------------------------------------------
    def bounds(self, account: str, symbol: str | None, limit: Limit) -> list[Bound]:
        """The narrowest scope that bounds a thing decides. What is open or lost in one instrument and what is in
        all are two things.
        """
        scopes: list[list[tuple[str | None, str | None]]]
        if limit in (Limit.OPEN_ORDERS, Limit.DAILY_LOSS):
            scopes = [[(account, None), (None, None)], [(account, symbol), (None, symbol)]]
        else:
            scopes = [[(account, symbol), (account, None), (None, symbol), (None, None)]]
        found = []
        for each in scopes:
            set_here = [
                Bound(value, limit in self.limits[scope].hard, scope[1])
                for scope in each
                if scope in self.limits and (value := getattr(self.limits[scope], limit)) is not None
            ]
            found += set_here[:1]
        return found

    def barred(self, command: EnterOrder | ReplaceOrder) -> list[str]:
        account = str(command.account)
        wrong = []
        if account in self.blocked:
            wrong.append("kill_switch" if self.blocked[account] == "kill_switch" else "account_disabled")
        made = self.requests[account, self.now_ns // SECOND_NS]
        for rate in self.bounds(account, None, Limit.MESSAGE_RATE):
            if made > rate.value:
                wrong.append(self._break(Limit.MESSAGE_RATE, rate))
        if isinstance(command, EnterOrder) and command.terms is not None and command.terms.quote_set:
            protected = self.protections.get((account, command.terms.quote_set))
            if protected is not None and protected.pulled:
                wrong.append("quotes_pulled")
        return wrong

    def too_much(
        self, order: NaiveOrder, before: NaiveOrder | None = None, *, priced: bool = True
    ) -> list[str]:
        wrong = []
        for limit in Limit:
            for bound in self.bounds(order.account, order.symbol, limit):
                if self._compared(limit, bound, order, before, priced=priced) > bound.value:
                    wrong.append(self._break(limit, bound))
        return wrong + list(self._funds(order, before))

    def _break(self, limit: Limit, bound: Bound) -> str:
        """The word for it. Of two bounds for one thing the first that is broken counts."""
        self.broken.setdefault(f"{limit}_limit", bound)
        return f"{limit}_limit"

    def _compared(
        self, limit: Limit, bound: Bound, order: NaiveOrder, before: NaiveOrder | None, *, priced: bool
    ) -> int:
        """What is compared with the bound; 0 where nothing is: a replace may stay where it is beyond a limit."""
        others = [each for each in self.own(order.account) if each.id != order.id]
        in_symbol = [each for each in others if each.symbol == order.symbol]
        most = self._most(order)
        grows = before is None or order.open > before.open
        match limit:
            case Limit.ORDER_QUANTITY:
                return max(order.total, most)
            case Limit.ORDER_NOTIONAL:
                return self._worth(order)
            case Limit.OPEN_ORDERS if before is None and not self._is_fleeting(order):
                return 1 + len(in_symbol if bound.symbol else others)
            case Limit.OPEN_QUANTITY if grows and most:
                return most + sum(each.open for each in in_symbol)
            case Limit.POSITION if grows and most:
                return self._worst(order)
            case Limit.COLLAR if priced and order.type != "peg":  # a peg is where the market is
                middle = self.middle(order.symbol)
                return abs(order.price - middle) if order.price is not None and middle is not None else 0
            case Limit.DAILY_LOSS if grows and most and self._worst(order) > 0:
                return -self.profit_today(order.account, order.symbol, bound.symbol)
        return 0

    def _worst(self, order: NaiveOrder) -> int:
        """Rule 42: the position toward the side of the order if everything open there were executed. Not above
        zero: the order only reduces.
        """
        position = self.positions.get((order.account, order.symbol), 0)
        of_side = sum(
            each.open
            for each in self.ledger.open(order.account, order.symbol)
            if each.side == order.side and each.id != order.id
        )
        return (position if order.side == "buy" else -position) + of_side + self._most(order)

    def _most(self, order: NaiveOrder) -> int:
        """How much it may trade: for an amount, all of it at the lowest price there is."""
        if order.type != "market_by_amount":
            return order.open
        prices = [
            each.price for each in self.queue(order.symbol, other(order.side)) if each.price is not None
        ]
        return (order.terms.amount or 0) // min(prices) if prices else 0

    def profit_today(self, account: str, symbol: str, only: str | None) -> int:
        """In one instrument, or in all that settle in the same."""
        quote = self.listed[symbol].quote
        meant = (
            [name for name, rules in self.listed.items() if rules.quote == quote] if only is None else [only]
        )
        return sum(self.ledger.profit(account, name) - self.morning.get((account, name), 0) for name in meant)

    def _is_fleeting(self, order: NaiveOrder) -> bool:
        """Whether it is gone at the end of its command, whatever happens."""
        if order.type in BY_MONEY or order.time_in_force in ("ioc", "fok"):
            return True
        return self._names_nothing(order)

    def _names_nothing(self, order: NaiveOrder) -> bool:
        """A market order that can't rest."""
        rules = self.listed[order.symbol]
        return (
            order.type == "market"
            and self.is_continuous(order.symbol)
            and not rules.market_remainder_rests
            and rules.dynamic_corridor is None
            and order.time_in_force != "at_the_close"
        )

    def _worth(self, order: NaiveOrder) -> int:
        scale = self.listed[order.symbol].quote_scale
        if order.type in BY_MONEY:
            return (order.terms.amount or 0) * scale
        price = order.cap if order.type == "peg" and order.cap is not None else order.price
        price = price or self.best(order.symbol, other(order.side)) or self.middle(order.symbol)
        return order.total * (price or self.listed[order.symbol].maximum_price) * scale

    # -- funds (rule 41) -----------------------------------------------------------------------
    def _funds(self, order: NaiveOrder, before: NaiveOrder | None) -> Iterator[str]:
        rules = self.listed[order.symbol]
        if rules.settlement == "none":
            return
        asset = str(rules.base if rules.settlement == "spot" and order.side == "sell" else rules.quote)
        free = self.ledger.free(order.account, asset)
        if rules.settlement == "spot":
            needed = self._spot_needed(order) - (hold(rules, before) if before is not None else 0)
        else:
            orders = self.ledger.open(order.account, order.symbol)
            others = [each for each in orders if each.id != order.id]
            position = self.positions.get((order.account, order.symbol), 0)
            needed = rules.margin * (worst(position, [*others, order]) - worst(position, orders))
            free += min(0, self.paper(order.account, asset))
        if needed > 0 and needed > free:
            yield "insufficient_funds"

    def paper(self, account: str, asset: str) -> int:
        """Profit that margined positions have not brought yet."""
        return sum(
            self.ledger.unrealised(self.ledger.position(account, symbol), symbol)
            for symbol, rules in self.listed.items()
            if rules.settlement == "margin" and rules.quote == asset
        )

    def _spot_needed(self, order: NaiveOrder) -> int:
        rules = self.listed[order.symbol]
        if order.type == "market_by_amount":
            amount, most = order.terms.amount or 0, self._most(order)
            return with_fee(rules, most, amount) if order.side == "buy" else most * rules.base_scale
        if order.side == "sell":
            return order.open * rules.base_scale
        if order.type == "money_limit":
            return with_fee(rules, order.open, order.terms.amount or 0)
        if self._names_nothing(order):
            return self._cost_now(order)
        comes_now = self.is_continuous(order.symbol) and order.time_in_force != "at_the_close"
        if order.type == "market_to_limit" and comes_now:
            return cost(rules, order.open, self.best(order.symbol, other(order.side)) or rules.maximum_price)
        return cost(rules, order.open, hold_price(rules, order))

    def _cost_now(self, order: NaiveOrder) -> int:
        """What its quantity would cost now, from the best order on, as far as it may go."""
        sweep = sweep_of(self, order, limit_of(self, order))
        left, notional = order.open, 0
        for maker in sweep.reach():
            price = sweep.price_against(maker)
            if price is not None:
                taken = min(left, maker.open)
                left, notional = left - taken, notional + taken * price
        return with_fee(self.listed[order.symbol], order.open - left, notional)

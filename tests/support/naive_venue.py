"""The naive market with accounts that have money, limits and switches (rules 41 to 45, 49).

In: the engine's commands. Out: facts, as of the naive market. What an account may do is worked out from the
list of its open orders, its trades and its payments each time it asks. Of several reasons to refuse something
any may be told; which one was told matters only if it is a hard limit, so the judge is given it.

    ("kill_switch_set", account, on)            ("dead_man_armed", account, deadline)
    ("account_blocked", account, block)         ("dead_man_fired", account, count)
    ("account_unblocked", account)              ("session_canceled", account, session, count)
    ("protection_set", account, set, fills, window)    ("quotes_pulled", account, set, count)
    ("account_set", account, role)              ("balance_adjusted", account, asset, amount, id, free, again)
    ("limits_set", account, symbol)             ("fees_set", symbol)
    ("trade_busted", trade id, symbol, price, quantity, buyer, buyer's fee, seller, seller's fee)
    ("notice", text)                            ("administered", by, why, account, symbol)
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from exchange.engine.commands import (
    AdjustBalance,
    Administer,
    ArmDeadMan,
    BlockAccount,
    Broadcast,
    BustTrade,
    CancelOrder,
    CancelSession,
    Command,
    EndDay,
    EnterOrder,
    ExpireOrders,
    MassCancel,
    PullOrder,
    ReduceOrder,
    ReplaceOrder,
    SetAccount,
    SetFees,
    SetKillSwitch,
    SetLimits,
    SetProtection,
)
from protocol.vocabulary import Limit
from tests.support.naive_ledger import Fill, Payment
from tests.support.naive_risk import SECOND_NS, NaiveRisk, Protected
from tests.support.naive_state import Fact, NaiveOrder
from tests.support.naive_working import follow

FEES = ("maker_fee_ppm", "taker_fee_ppm", "maker_fee_per_unit", "taker_fee_per_unit")


@dataclass
class NaiveVenue(NaiveRisk):
    """The naive market, and what people have and may do."""

    known: set[str] = field(default_factory=set)
    dead_men: dict[str, int] = field(default_factory=dict)
    sessions: dict[int, int] = field(default_factory=dict)
    """Session of each order that goes with one."""
    everybody: dict[int, NaiveOrder] = field(default_factory=dict)
    """All orders that ever were, by id."""
    busted: set[int] = field(default_factory=set)

    def apply(self, command: Command, told: str | None = None) -> list[Fact]:
        """Carry out one command. ``told``: the reason for which it was refused, if it was."""
        self.now_ns, self.broken = command.at_ns, {}
        if isinstance(command, Administer):
            return self._administer(command)
        buried = len(self.dead)
        before = [*self.orders]
        facts = self._carry_out(command)
        # Who died earlier is known already.
        self.everybody |= {order.id: order for order in (*before, *self.orders, *self.dead[buried:])}
        account = getattr(command, "account", None)
        if isinstance(command, EnterOrder | ReplaceOrder) and facts[0][0] == "rejected":
            bound = self.broken.get(told or "")
            if bound is not None and bound.hard:
                self._block(str(account), "hard_breach")
        self._consequences(0)
        self._bury()
        return self.facts

    def _carry_out(self, command: Command) -> list[Fact]:
        match command:
            case EnterOrder() | ReplaceOrder() | CancelOrder() | ReduceOrder():
                self._count(command.account)
                facts = super().apply(command)
                if isinstance(command, EnterOrder) and facts[0][0] == "accepted" and command.session:
                    self.sessions[command.seq] = command.session
                return facts
            case MassCancel() if command.account is not None:
                self._count(command.account)
        handlers = {
            SetKillSwitch: self._kill_switch,
            ArmDeadMan: self._arm,
            CancelSession: self._cancel_session,
            SetProtection: self._protect,
            SetAccount: self._set_account,
            BlockAccount: self._block_account,
            AdjustBalance: self._adjust,
            SetLimits: self._set_limits,
            SetFees: self._set_fees,
            PullOrder: self._pull,
            BustTrade: self._bust,
            Broadcast: self._broadcast,
        }
        handler = handlers.get(type(command))
        if handler is None:
            facts = super().apply(command)
            if isinstance(command, ExpireOrders):
                self._fire(command.now_ns)
            elif isinstance(command, EndDay):
                self._begin_day()
            return facts
        self.facts = []
        handler(command)  # type: ignore[operator]
        return self.facts

    def _administer(self, command: Administer) -> list[Fact]:
        """The command itself, then who ordered it and why; a refusal is the operator's."""
        inner = command.command
        inner.seq, inner.at_ns = command.seq, command.at_ns
        facts = self.apply(inner)
        if facts[0][0] == "rejected":
            self.facts = [("rejected", command.by, None, facts[0][3])]
            return self.facts
        account, symbol = getattr(inner, "account", None), getattr(inner, "symbol", None)
        self.tell("administered", command.by, command.why, account, symbol)
        return self.facts

    def _refused(self, *reasons: str) -> None:
        self.tell("rejected", None, None, reasons)

    # -- many orders at once -------------------------------------------------------------------
    def _cancel_all(self, orders: Iterable[NaiveOrder], reason: str) -> int:
        """Oldest first; then pegs follow what is left."""
        orders = sorted(orders, key=lambda order: order.id)
        for order in orders:
            self.end(order, reason)
        for symbol in self.listed:
            if any(order.symbol == symbol for order in orders):
                follow(self, symbol)
        return len(orders)

    # -- switches ------------------------------------------------------------------------------
    def _kill_switch(self, command: SetKillSwitch) -> None:
        account = str(command.account)
        self.known.add(account)
        if command.on:
            self.blocked.setdefault(account, "kill_switch")
            self._cancel_all(self.own(account), "kill_switch")
        elif self.blocked.get(account, "kill_switch") != "kill_switch":
            return self.tell("rejected", account, None, ("account_disabled",))
        else:
            self.blocked.pop(account, None)
        return self.tell("kill_switch_set", account, command.on)

    def _block_account(self, command: BlockAccount) -> None:
        account = str(command.account)
        if account not in self._names():
            return self._refused("unknown_account")
        if command.on:
            return self._block(account, "operator")
        self.blocked.pop(account, None)
        return self.tell("account_unblocked", account)

    def _block(self, account: str, why: str) -> None:
        self.blocked[account] = why
        self.tell("account_blocked", account, why)
        self._cancel_all(self.own(account), "account_disabled")

    def _arm(self, command: ArmDeadMan) -> None:
        account = str(command.account)
        self.known.add(account)
        self.dead_men.pop(account, None)
        if command.deadline_ns is not None:
            self.dead_men[account] = command.deadline_ns
        self.tell("dead_man_armed", account, command.deadline_ns)

    def _fire(self, now_ns: int) -> None:
        due = sorted((deadline, account) for account, deadline in self.dead_men.items() if deadline <= now_ns)
        for _, account in due:
            del self.dead_men[account]
            self.tell("dead_man_fired", account, self._cancel_all(self.own(account), "dead_man"))

    def _cancel_session(self, command: CancelSession) -> None:
        meant = [each for each in self.own(command.account) if self.sessions.get(each.id) == command.session]
        count = self._cancel_all(meant, "disconnected")
        self.tell("session_canceled", command.account, command.session, count)

    def _protect(self, command: SetProtection) -> None:
        key = str(command.account), str(command.quote_set)
        self.known.add(key[0])
        self.protections[key] = Protected(command.fills, command.window_ns)
        self.tell("protection_set", *key, command.fills, command.window_ns)

    # -- the desk ------------------------------------------------------------------------------
    def _names(self) -> set[str]:
        """Everybody who was ever seen."""
        return self.known | {account for account, _ in self.requests}

    def _set_account(self, command: SetAccount) -> None:
        if command.new and command.account in self._names():
            return self._refused("duplicate_account")
        self.known.add(str(command.account))
        return self.tell("account_set", command.account, command.role)

    def _adjust(self, command: AdjustBalance) -> None:
        """Rule 44."""
        account, asset = str(command.account), str(command.asset)
        if account not in self._names():
            return self._refused("unknown_account")
        payment = Payment(account, asset, command.amount, str(command.transaction_id))
        same = [
            each
            for each in self.ledger.payments
            if (each.account, each.transaction_id) == (account, payment.transaction_id)
        ]
        wrong = ["transaction_conflict"] * bool(same and same != [payment])
        wrong += ["unknown_asset"] * (asset not in self.ledger.assets())
        wrong += ["invalid_request"] * (not command.amount)
        if wrong:
            return self._refused(*wrong)
        if not same:
            left = self.ledger.free(account, asset) + min(0, self.paper(account, asset)) + command.amount
            if command.amount < 0 and left < 0:
                return self._refused("insufficient_funds")
            self.ledger.payments.append(payment)
        free = self.ledger.free(account, asset)
        return self.tell(
            "balance_adjusted", account, asset, command.amount, command.transaction_id, free, bool(same)
        )

    def _set_limits(self, command: SetLimits) -> None:
        bounds = command.limits
        wrong = ["unknown_symbol"] * (command.symbol is not None and command.symbol not in self.listed)
        wrong += ["unknown_account"] * (command.account is not None and command.account not in self._names())
        if command.symbol is not None and bounds.message_rate is not None:
            wrong.append("conflicting_fields")
        if any(getattr(bounds, limit) is None for limit in bounds.hard):
            wrong.append("conflicting_fields")
        if wrong:
            return self._refused(*wrong)
        self.limits[command.account, command.symbol] = bounds
        return self.tell("limits_set", command.account, command.symbol)

    def _set_fees(self, command: SetFees) -> None:
        if command.symbol not in self.listed:
            return self._refused("unknown_symbol")
        fees = {name: getattr(command, name) for name in FEES}
        self.listed[command.symbol] = msgspec.structs.replace(self.listed[command.symbol], **fees)
        return self.tell("fees_set", command.symbol)

    def _pull(self, command: PullOrder) -> None:
        if command.account not in self._names():
            return self._refused("unknown_account")
        order = self._find(command)
        if order is not None:
            self.end(order, "operator")
            follow(self, order.symbol)
        return None

    def _bust(self, command: BustTrade) -> None:
        if not 0 < command.trade_id <= self.trades:
            return self._refused("unknown_trade")
        if command.trade_id in self.busted:
            return self._refused("already_busted")
        self.busted.add(command.trade_id)
        facts = (
            str(command.symbol), command.price, command.quantity, str(command.buyer), command.buyer_fee,
            str(command.seller), command.seller_fee,
        )  # fmt: skip
        self.ledger.fills.append(Fill(command.trade_id, *facts).undone())
        for account, sign in ((facts[3], -1), (facts[5], 1)):
            key = account, facts[0]
            self.positions[key] = self.positions.get(key, 0) + sign * command.quantity
        return self.tell("trade_busted", command.trade_id, *facts)

    def _broadcast(self, command: Broadcast) -> None:
        self.tell("notice", command.text)

    # -- small steps ---------------------------------------------------------------------------
    def _count(self, account: str) -> None:
        self.requests[str(account), self.now_ns // SECOND_NS] += 1

    def _begin_day(self) -> None:
        names = {fill.buyer for fill in self.ledger.fills} | {fill.seller for fill in self.ledger.fills}
        for account in names:
            for symbol in self.listed:
                self.morning[account, symbol] = self.ledger.profit(account, symbol)

    # -- what follows --------------------------------------------------------------------------
    def _consequences(self, start: int) -> None:
        """Book the trades of the facts from there on; then quotes are pulled and accounts blocked."""
        while start < len(self.facts):
            new, start = self.facts[start:], len(self.facts)
            traders = [pair for fact in new for pair in self._booked(fact)]
            for key in dict.fromkeys(self._overtraded(new)):
                meant = [each for each in self.own(key[0]) if each.terms.quote_set == key[1]]
                self.tell("quotes_pulled", *key, self._cancel_all(meant, "quotes_pulled"))
            for account, symbol in dict.fromkeys(traders):
                for bound in self.bounds(account, symbol, Limit.DAILY_LOSS):
                    lost = -self.profit_today(account, symbol, bound.symbol)
                    if bound.hard and lost > bound.value and account not in self.blocked:
                        self._block(account, "hard_breach")

    def _order(self, order_id: int) -> NaiveOrder:
        return self.everybody[order_id]

    def _booked(self, fact: Fact) -> Iterator[tuple[str, str]]:
        """Enter a trade. Out: who traded in what."""
        if fact[0] == "trade_busted":
            yield fact[5], fact[2]
            yield fact[7], fact[2]
        if fact[0] not in ("trade", "auction_trade"):
            return
        _, trade_id, symbol, price, quantity, one, two, one_fee, two_fee = fact[:9]
        sides = [(self._order(one), one_fee), (self._order(two), two_fee)]
        sides.sort(key=lambda each: each[0].side)  # buy before sell
        (buyer, buyer_fee), (seller, seller_fee) = sides
        self.ledger.fills.append(
            Fill(
                trade_id, symbol, price, quantity, buyer.account, buyer_fee, seller.account, seller_fee,
                seller_first=buyer.id == two,
            )
        )  # fmt: skip
        yield self._order(one).account, symbol
        yield self._order(two).account, symbol

    def _overtraded(self, facts: list[Fact]) -> Iterator[tuple[str, str]]:
        """Quote sets that have traded too often by now."""
        for fact in facts:
            if fact[0] not in ("trade", "auction_trade"):
                continue
            for order in map(self._order, fact[5:7]):
                key = order.account, str(order.terms.quote_set)
                protected = self.protections.get(key)
                if order.terms.quote_set is None or protected is None or protected.pulled:
                    continue
                protected.times.append(self.now_ns)
                recent = [at for at in protected.times if at > self.now_ns - protected.window_ns]
                if 0 < protected.fills <= len(recent):
                    protected.pulled = True
                    yield key

"""A market written from the venue's rules alone, as simply as it can be: the judge of the engine.

In: the engine's commands. Out: facts, as plain tuples, and the state as plain lists. Nothing here is
fast or clever, every question is answered by looking through one list of all live orders, and no code is
shared with the engine: only the words of the commands and of the vocabulary.

A fact is a tuple that starts with a word. ``reasons`` is a tuple of words, any of which is a true answer;
a price is where the order rests, ``None`` where it does not rest or rests as a market order:

    ("rejected", account, name, reasons)
    ("accepted", account, name, id)
    ("trade", trade id, symbol, price, quantity, maker id, taker id, maker fee, taker fee,
        maker's executed, maker's open, taker's executed)
    ("auction_trade", trade id, symbol, price, quantity, buyer id, seller id, buyer's fee, seller's fee,
        buyer's executed, buyer's open, seller's executed, seller's open)
    ("prevented", id, price, quantity, executed, open)
    ("triggered", id, stop price)
    ("rested", id, price, open)
    ("repriced", id, old price, price, open)
    ("canceled", id, price, open, executed, reason)
    ("replaced", id, old price, price, total, executed, open, kept priority, stop price)
    ("mass_canceled", account, count)
    ("expired", count)
    ("day_ended", count)
    ("last_price_set", symbol, price)
    ("auction_held", symbol, price, volume, surplus)
    ("auction_extended", symbol, phase, price)
    ("phase", symbol, phase, previous)
    ("listed", symbol)
"""

from copy import copy
from dataclasses import dataclass, field

from exchange.engine.commands import (
    AddInstrument,
    CancelOrder,
    ChangePhase,
    Command,
    EndDay,
    EnterOrder,
    ExpireOrders,
    MassCancel,
    PullOrder,
    ReduceOrder,
    ReplaceOrder,
    SetLastPrice,
    Terms,
)
from tests.support import naive_refusals as refusals
from tests.support.naive_auction import change_phase, in_order_of_removal
from tests.support.naive_matching import would_trade
from tests.support.naive_state import STOPS, Fact, NaiveOrder, NaiveState, wrong_price
from tests.support.naive_whole import trade_whole
from tests.support.naive_working import arrive, come_to_rest, follow, peg_price, place_stop, settle

__all__ = ["Fact", "NaiveMarket", "NaiveOrder"]


@dataclass
class NaiveMarket(NaiveState):
    """All orders of all instruments, and what commands do to them."""

    unique_per_day: bool = True
    used: set[tuple[str, str]] = field(default_factory=set)
    """Whose client order ids were used today, dead orders' too."""

    def apply(self, command: Command) -> list[Fact]:
        """Carry out one command."""
        self.facts = []
        match command:
            case EnterOrder():
                self._enter(command)
            case CancelOrder():
                self._cancel(command)
            case ReplaceOrder():
                self._replace(command)
            case ReduceOrder():
                self._reduce(command)
            case MassCancel():
                self._mass_cancel(command)
            case ExpireOrders():
                self._expire(command)
            case EndDay():
                self._end_day()
            case ChangePhase():
                change_phase(self, command)
            case SetLastPrice():
                self._set_last_price(command)
            case AddInstrument():
                self._list(command)
        self._bury()
        return self.facts

    def _bury(self) -> None:
        gone = [order for order in self.orders if not order.live]
        if gone:
            self.dead += gone
            self.orders = [order for order in self.orders if order.live]

    def live(self, account: str | None) -> list[NaiveOrder]:
        """Live orders of an account, or of all, oldest first."""
        return [order for order in self.orders if account in (None, order.account)]

    # -- entry ---------------------------------------------------------------------------------
    def _enter(self, command: EnterOrder) -> None:
        owner = str(command.account), str(command.client_order_id)
        rules = self.listed.get(command.symbol)
        if rules is None:
            return self.tell("rejected", *owner, ("unknown_symbol", *self.barred(command)))
        taken = self.used if self.unique_per_day else {(each.account, each.name) for each in self.orders}
        if owner in taken:  # rule 6
            return self.tell("rejected", *owner, ("duplicate_client_order_id", *self.barred(command)))
        wrong = refusals.of_entry(rules, command)
        if command.order_type in ("limit", "market") and command.terms is None:
            wrong = wrong[:1]
        wrong += refusals.of_phase(self, command)
        if wrong:
            return self.tell("rejected", *owner, (*wrong, *self.barred(command)))
        terms = command.terms or Terms()
        order = NaiveOrder(
            command.seq, *owner, str(command.symbol), str(command.side), str(command.order_type),
            str(command.time_in_force), command.post_only, terms, command.price, command.quantity,
            stop=terms.stop_price, cap=terms.cap, money=terms.amount or 0,
        )  # fmt: skip
        wrong = refusals.of_market(self, order) + self.barred(command) + self.too_much(order)
        if wrong:
            return self.tell("rejected", *owner, tuple(wrong))
        self.used.add(owner)
        self.orders.append(order)
        self.tell("accepted", *owner, order.id)
        self._take_part(order)
        return settle(self, order.symbol)

    def barred(self, _command: EnterOrder | ReplaceOrder) -> list[str]:
        """Why the account may ask for nothing of the kind. This market lets everybody do everything."""
        return []

    def too_much(
        self, _order: NaiveOrder, _before: NaiveOrder | None = None, *, priced: bool = True
    ) -> list[str]:
        """What the account may not have, or can't pay: the order as it would be, and as it is."""
        return []

    def _take_part(self, order: NaiveOrder) -> None:
        """A new order begins its life."""
        if order.time_in_force == "at_the_close" and self.phase[order.symbol] != "closing_auction":
            self.wait(order)
        elif order.type in STOPS:
            place_stop(self, order)
        elif order.post_only and self.is_continuous(order.symbol) and self._would_trade(order):
            if refusals.mode_of_post_only(self, order) == "cancel":
                self.end(order, "post_only")
                return
            order.price = refusals.passive_price(self, order)
            self.tell("rested", order.id, order.price, order.open)
            come_to_rest(self, order, order.price, named=True)
        else:
            if order.type == "peg":
                order.price = peg_price(self, order)
            arrive(self, order)

    def _would_trade(self, order: NaiveOrder) -> bool:
        return would_trade(self, order, order.price) is not None

    # -- changes -------------------------------------------------------------------------------
    def _find(
        self, command: CancelOrder | ReplaceOrder | ReduceOrder | PullOrder, *barred: str
    ) -> NaiveOrder | None:
        """The live order that is meant, or the answer that there is none (rule 7)."""
        for order in self.orders:
            if (order.account, order.name) == (command.account, command.client_order_id):
                return order
        self._refuse(command, "unknown_order", *barred)
        return None

    def _refuse(self, command: CancelOrder | ReplaceOrder | ReduceOrder | PullOrder, *reasons: str) -> None:
        venue = isinstance(command, PullOrder)
        self.tell(
            "rejected", *((None, None) if venue else (command.account, command.client_order_id)), reasons
        )

    def _cancel(self, command: CancelOrder) -> None:
        order = self._find(command)
        if order is not None:
            self.end(order, "requested")
            follow(self, order.symbol)

    def _reduce(self, command: ReduceOrder) -> None:
        order = self._find(command)
        if order is None:
            return
        if command.by <= 0:
            self._refuse(command, "not_a_reduction")
        elif command.by % self.listed[order.symbol].lot:
            self._refuse(command, "off_lot")
        elif command.by >= order.open:
            self.end(order, "reduced_to_nothing")
            follow(self, order.symbol)
        else:
            order.total -= command.by
            order.peak = min(order.peak, order.open)
            self._say_replaced(order, self._rests_at(order), keeps=True)
            self._shrunk(order)

    def _replace(self, command: ReplaceOrder) -> None:
        barred = self.barred(command)
        order = self._find(command, *barred)
        if order is None:
            return None
        new = self._changed(order, command)
        wrong = refusals.of_replace(self, order, command)
        if wrong:
            return self._refuse(command, *wrong, *barred, *self.too_much(new, order))
        ends = new.total <= order.executed + order.prevented
        if ends:
            barred = []  # it only gives up what is left
        same = (new.price, new.cap, new.stop) == (order.price, order.cap, order.stop)
        keeps = same and new.total <= order.total  # rule 10
        if order.place == "book" and self.listed[order.symbol].replace_loses_priority:
            keeps = False
        wrong = refusals.of_replaced(self, new, keeps=keeps or ends, new_price=command.price is not None)
        wrong += barred + (self.too_much(new, order, priced=command.price is not None) if not ends else [])
        if wrong:
            return self._refuse(command, *wrong)
        if ends:  # rule 9
            self.end(order, "replaced_below_executed")
            return follow(self, order.symbol)
        old_price = self._rests_at(order)
        arrives = order.place == "book" and not keeps and self.is_continuous(new.symbol)
        if new.post_only and arrives and self._would_trade(new):
            new.price = refusals.passive_price(self, new)
        order.price, order.stop, order.cap, order.total = new.price, new.stop, new.cap, new.total
        order.peak = min(order.peak, order.open)
        self._say_replaced(order, old_price, keeps=keeps)
        if not keeps:
            self._take_new_place(order)
        else:
            self._shrunk(order)
        return settle(self, order.symbol)

    def _changed(self, order: NaiveOrder, command: ReplaceOrder) -> NaiveOrder:
        """The order as it would be."""
        new = copy(order)
        new.total = order.total if command.quantity is None else command.quantity
        new.stop = order.stop if command.stop_price is None else command.stop_price
        if order.type == "peg":
            new.cap = order.cap if command.price is None else command.price
            loses = self.listed[order.symbol].replace_loses_priority
            if loses or new.cap != order.cap or new.total > order.total:
                new.price = peg_price(self, new) or order.price
        elif command.price is not None:
            new.price = command.price
        return new

    def _take_new_place(self, order: NaiveOrder) -> None:
        """Rules 10 and 11."""
        waited = order.place == "waiting"
        self.leave(order)
        if waited and order.type in STOPS:
            place_stop(self, order)
        elif waited:
            self.wait(order)
        else:
            arrive(self, order, named=True)

    def _shrunk(self, order: NaiveOrder) -> None:
        """A smaller all-or-none may be filled now (rule 51)."""
        if order.terms.all_or_none and order.place == "book" and self.is_continuous(order.symbol):
            trade_whole(self, order, order.price)
        settle(self, order.symbol)

    def _rests_at(self, order: NaiveOrder) -> int | None:
        return order.price if order.place == "book" else None

    def _say_replaced(self, order: NaiveOrder, old_price: int | None, *, keeps: bool) -> None:
        waits = order.place == "waiting"
        self.tell(
            "replaced", order.id, old_price, order.price, order.total, order.executed,
            order.open, keeps, order.stop if waits else None,
        )  # fmt: skip

    # -- many at once --------------------------------------------------------------------------
    def _mass_cancel(self, command: MassCancel) -> None:
        if command.symbol is not None and command.symbol not in self.listed:
            return self.tell("rejected", command.account, None, ("unknown_symbol",))
        if command.lowest is not None and command.highest is not None and command.lowest > command.highest:
            return self.tell("rejected", command.account, None, ("conflicting_fields",))
        bounded = command.lowest is not None or command.highest is not None
        meant = [
            order
            for order in self.live(command.account)
            if command.symbol in (None, order.symbol) and command.side in (None, order.side)
        ]
        if bounded:
            lowest, highest = command.lowest or 0, command.highest
            meant = [
                order
                for order in meant
                if order.place == "book"
                and order.price is not None
                and order.price >= lowest
                and (highest is None or order.price <= highest)
            ]
        for order in meant:
            self.end(order, "mass_cancel")
        self._all_pegs()
        return self.tell("mass_canceled", command.account, len(meant))

    def _expire(self, command: ExpireOrders) -> None:
        meant = [
            order
            for order in self._in_order_of_removal()
            if order.terms.expires_at_ns is not None and order.terms.expires_at_ns <= command.now_ns
        ]
        for order in meant:
            self.end(order, "expired")
        self._all_pegs()
        self.tell("expired", len(meant))

    def _end_day(self) -> None:
        meant = [
            order
            for order in self._in_order_of_removal()
            if order.time_in_force in ("day", "at_the_open", "at_the_close")
        ]
        for order in meant:
            self.end(order, "day_ended")
        self._all_pegs()
        self.tell("day_ended", len(meant))
        # Ids of dead orders are free again, and nobody will ask for them any more (rule 6).
        self.orders = [order for order in self.orders if order.live]
        self.dead = []
        self.used = {(order.account, order.name) for order in self.orders}

    def _in_order_of_removal(self) -> list[NaiveOrder]:
        """Rule 15; what waits comes after what rests, stops before orders for the close."""
        found = []
        for symbol in self.listed:
            for side in ("buy", "sell"):
                found += in_order_of_removal(self, symbol, side)
            waiting = self.waiting(symbol)
            found += [order for order in waiting if order.type in STOPS]
            found += [order for order in waiting if order.type not in STOPS]
        return found

    def _all_pegs(self) -> None:
        for symbol in self.listed:
            follow(self, symbol)

    # -- by the venue --------------------------------------------------------------------------
    def _set_last_price(self, command: SetLastPrice) -> None:
        rules = self.listed.get(command.symbol)
        wrong = ["unknown_symbol"] if rules is None else wrong_price(rules, command.price)
        if wrong:
            return self.tell("rejected", None, None, tuple(wrong))
        self.tell("last_price_set", command.symbol, command.price)
        self.set_last_price(command.symbol, command.price)
        return settle(self, command.symbol)

    def _list(self, command: AddInstrument) -> None:
        if command.symbol in self.listed:
            return self.tell("rejected", None, None, ("duplicate_instrument",))
        self.listed[command.symbol] = command
        self.reference[command.symbol] = command.reference_price
        self.phase[command.symbol] = "continuous"
        return self.tell("listed", command.symbol)

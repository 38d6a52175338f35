"""A recorded day in the background: its orders enter the engine at their recorded times, and strategies trade against them.

In: the table ``[replay]`` of a scenario. Out: commands of one account at the venue, and a ``Tally`` in which every line of
the record is found again. While no strategy interferes, the market is the recorded one, to the share. Where one does, the
record can't know, and these rules hold:

1. A recorded order trades with what it meets: an order that rested in the record may take a strategy's quote here.
2. A recorded aggressor takes what is there, up to its limit; what it does not get lapses, as it would have.
3. When the record executes a resting order, that quantity leaves the book, whoever was executed in its place: what is
   left of it is withdrawn. So the background comes back to the record, less what strategies have taken, instead of
   drifting ever further away.
4. A recorded cancel or reduction of what is gone changes nothing; a reduction by more than is left cancels.

Memory holds the recorded orders that are open, not the day: lines are read as their time comes.
"""

from datetime import time
from typing import Any, Final

import msgspec

from exchange.engine.commands import CancelOrder, EnterOrder, ReduceOrder
from exchange.engine.events import AuctionTrade, OrderCanceled, RequestRejected, Trade
from exchange.report_messages import Builder, made
from protocol.errors import ConfigError
from protocol.vocabulary import (
    AccountId,
    CancelReason,
    ClientOrderId,
    Nanoseconds,
    OrderType,
    Quantity,
    Side,
    Symbol,
    TimeInForce,
)
from simulation.mailroom import Mailbox
from simulation.market import Market
from simulation.record import Tally, lines_of
from traders.order_flow import ENTERING, REMOVING, FlowId, FlowLine
from traders.recorded import Replay

_SECOND_NS: Final = 1_000_000_000


class _Resting:
    """A recorded order that is open here."""

    __slots__ = ("id", "leaves", "name")

    def __init__(self, of: FlowId, name: ClientOrderId, leaves: Quantity) -> None:
        self.id = of
        self.name = name
        self.leaves = leaves


class Background(Mailbox):
    """Plays one record into one market."""

    def __init__(self, replay: Replay, market: Market, place: str) -> None:
        """Raises:
        ConfigError: the file can't be read, the venue lacks the instrument.
        """
        self.tally = Tally()
        self.replay = replay
        self._market = market
        self._kernel = market.kernel
        self._place = f"{place}: replay"
        self._symbol = replay.symbol or next(iter(market.feeds))
        self._account = AccountId(replay.account)
        if self._symbol not in market.feeds:
            raise ConfigError(
                f"{self._place}.symbol",
                f"the venue does not have {self._symbol}; it has {', '.join(market.feeds)}",
            )
        if self._account in market.mailroom.mailboxes:
            raise ConfigError(f"{self._place}.account", f"{self._account} is the account of a trader, too")
        self._info = next(one for one in market.instruments if one.symbol == self._symbol)
        self._lines = lines_of(replay.file)
        self._by_id: dict[FlowId, _Resting] = {}
        self._by_name: dict[ClientOrderId, _Resting] = {}
        self._names = 0
        self._refusal: str | None = None
        self._met: list[tuple[FlowId, Quantity]] = []  # recorded makers of the aggressor under way
        self._met_strategies: Quantity = 0
        self._origin_ns: Nanoseconds = 0
        self._start_ns: Nanoseconds = 0
        self._last_ns: Nanoseconds = 0
        self._end_ns = None if replay.end is None else _ns_of(replay.end)
        self._next: FlowLine | None = None
        market.mailroom.mailboxes[self._account] = self

    def start(self) -> None:
        """Enter what rests at the start, and wait for what comes.

        Raises:
            ConfigError: the file is none, or its prices are not on the instrument's ticks.
        """
        self._start_ns = self._kernel.time_ns
        line = next(self._lines, None)
        if line is None:
            raise ConfigError(str(self.replay.file), "no line in it")
        start = self.replay.start
        self._last_ns = self._origin_ns = self._time_of(line)
        if start is not None:
            self._origin_ns = _ns_of(start)
            line = self._skip(line)
        self._wait_for(line)

    def stop(self) -> None:
        """The run ends: what has not come yet does not come any more."""
        self._next = None
        self._lines = iter(())

    # -- by the clock --------------------------------------------------------------------------------
    def _skip(self, line: FlowLine | None) -> FlowLine | None:
        """What the lines before the start leave in the book is entered, oldest first; the line after them."""
        book: dict[FlowId, FlowLine] = {}
        while line is not None and self._time_of(line) < self._origin_ns:
            self.tally.lines += 1
            self.tally.skipped += 1
            if line.op in ENTERING:
                book[_id(line)] = line
            elif line.op in REMOVING:
                book.pop(_id(line), None)
            elif line.op == "reduce":
                _shrink(book, _id(line), line.qty or 0)
            for maker, quantity in line.hits or ():
                _shrink(book, maker, quantity)
            line = next(self._lines, None)
        for resting in book.values():
            self._enter(resting)
            self.tally.seeded += self._accepted()
        return line

    def _wait_for(self, line: FlowLine | None) -> None:
        self._next = line
        if line is None:
            return
        at_ns = self._time_of(line)
        if at_ns < self._last_ns:
            raise ConfigError(
                f"{self.replay.file}, row {line.row}", f"{line.t} is earlier than the line before"
            )
        self._last_ns = at_ns
        if self._end_ns is not None and at_ns > self._end_ns:
            self.stop()
            return
        since_ns = at_ns - self._origin_ns
        speed = self.replay.speed
        self._kernel.at(self._start_ns + (since_ns if speed == 1 else round(since_ns / speed)), self._go_on)

    def _go_on(self, _: None) -> None:
        """The time of the next line has come; lines of the same time are carried out together."""
        line = self._next
        now_ns = self._last_ns
        while line is not None and self._time_of(line) == now_ns:
            self._carry_out(line)
            line = next(self._lines, None)
        self._wait_for(line)

    def _time_of(self, line: FlowLine) -> Nanoseconds:
        """After midnight; a line that does not say it has the time of the line before."""
        if line.t is None:
            return self._last_ns
        whole, _, fraction = line.t.partition(".")
        try:
            return int(whole) * _SECOND_NS + int(fraction[:9].ljust(9, "0"))
        except ValueError as error:
            raise ConfigError(f"{self.replay.file}, row {line.row}", f"{line.t!r} is no time") from error

    # -- lines -----------------------------------------------------------------------------------------
    def _carry_out(self, line: FlowLine) -> None:
        tally = self.tally
        tally.lines += 1
        self._begin()
        if line.book is not None:
            tally.books += 1
        elif line.op == "print":
            tally.prints += 1
        elif line.op == "take":
            self._take(line)
        elif line.op in ENTERING:
            self._enter(line)
            tally.entered += self._accepted()
        else:
            self._lessen(line)
        if self._refusal is not None:
            tally.refused[self._refusal] = tally.refused.get(self._refusal, 0) + 1

    def _enter(self, line: FlowLine) -> None:
        assert line.qty is not None
        resting = _Resting(_id(line), self._name(), line.qty)
        self._by_id[resting.id] = self._by_name[resting.name] = resting
        self._met_strategies = 0
        self._send_order(line, resting.name, TimeInForce.GTC)
        self.tally.crossed += self._met_strategies

    def _take(self, line: FlowLine) -> None:
        """Whom it meets is compared with the record, and what the record executed leaves the book (rule 3)."""
        tally, quantity, hits = self.tally, line.qty or 0, line.hits or ()
        self._met = []
        self._met_strategies = 0
        self._send_order(line, self._name(), TimeInForce.IOC)
        if self._accepted():
            met = sum([hit for _, hit in self._met])
            tally.taken += 1
            tally.quantity_taken += quantity
            tally.from_record += met
            tally.from_strategies += self._met_strategies
            tally.unmet += quantity - met - self._met_strategies
            tally.taken_as_recorded += tuple(self._met) == tuple(hits)
        found: dict[FlowId, Quantity] = {}
        for maker, hit in self._met:
            found[maker] = found.get(maker, 0) + hit
        for maker, hit in hits:
            got = min(found.get(maker, 0), hit)
            found[maker] = found.get(maker, 0) - got
            resting = self._by_id.get(maker)
            if got < hit and resting is not None:
                tally.withdrawn += self._take_off(resting, hit - got)

    def _lessen(self, line: FlowLine) -> None:
        resting = self._by_id.get(_id(line))
        if resting is None:
            self.tally.void += 1
        elif line.op == "reduce":
            wanted = line.qty or 0
            self.tally.curtailed += wanted >= resting.leaves
            self._take_off(resting, wanted)
            self.tally.reduced += self._accepted()
        else:
            self._take_off(resting, resting.leaves)
            self.tally.canceled += self._accepted()

    def _take_off(self, resting: _Resting, quantity: Quantity) -> Quantity:
        """Off an order that is open, all of it at most; how much."""
        if quantity >= resting.leaves:
            quantity = resting.leaves
            self._market.carry_out(CancelOrder(self._account, resting.name))
        else:
            self._market.carry_out(ReduceOrder(self._account, resting.name, quantity))
            if self._accepted():
                resting.leaves -= quantity
        return quantity

    def _begin(self) -> None:
        self._refusal = None

    def _accepted(self) -> bool:
        """Whether the venue took what the line under way asked for."""
        return self._refusal is None

    def _send_order(self, line: FlowLine, name: ClientOrderId, time_in_force: TimeInForce) -> None:
        assert line.px is not None
        assert line.qty is not None
        if not self._info.tick_table and line.px % self._info.tick:
            raise ConfigError(
                f"{self.replay.file}, row {line.row}",
                f"price {line.px} is no multiple of the tick of {self._symbol}, {self._info.tick}",
            )
        order = EnterOrder(
            self._account, name, Symbol(self._symbol), Side.BUY if line.side == "B" else Side.SELL, OrderType.LIMIT,
            time_in_force, line.qty, line.px,
        )  # fmt: skip
        self._market.carry_out(order)

    def _name(self) -> ClientOrderId:
        # The file may name again what is over; the venue's names are for a day.
        self._names += 1
        return ClientOrderId(f"r{self._names}")

    # -- what the venue reports -----------------------------------------------------------------------
    def put(self, build: Builder, at_ns: Nanoseconds, event: Any) -> None:
        kind = type(event)
        if kind is Trade:
            self._traded(event, as_maker=build is made)
        elif kind is OrderCanceled:
            resting = self._by_name.get(event.client_order_id)
            if resting is not None:
                self.tally.ended_by_venue += event.reason is not CancelReason.REQUESTED
                self._forget(resting)
        elif kind is RequestRejected:
            self._refusal = str(event.reason)
            resting = self._by_name.get(event.client_order_id)
            if resting is not None and event.request == "new":
                self._forget(resting)
        elif kind is AuctionTrade:
            for account, name, leaves in (
                (event.buyer, event.buyer_client_order_id, event.buyer_leaves),
                (event.seller, event.seller_client_order_id, event.seller_leaves),
            ):
                if account == self._account and name in self._by_name:
                    self._left(self._by_name[name], leaves)

    def _traded(self, trade: Trade, *, as_maker: bool) -> None:
        if as_maker:
            resting = self._by_name[trade.maker_client_order_id]
            if trade.taker == self._account:
                self._met.append((resting.id, trade.quantity))
            else:
                self.tally.given_to_strategies += trade.quantity
            self._left(resting, trade.maker_leaves)
            return
        taker = self._by_name.get(trade.taker_client_order_id)
        if trade.maker != self._account:
            self._met_strategies += trade.quantity
        if taker is not None:
            self._left(taker, trade.taker_leaves)

    def _left(self, resting: _Resting, leaves: Quantity) -> None:
        resting.leaves = leaves
        if not leaves:
            self._forget(resting)

    def _forget(self, resting: _Resting) -> None:
        del self._by_name[resting.name]
        if self._by_id.get(resting.id) is resting:
            del self._by_id[resting.id]


def _id(line: FlowLine) -> FlowId:
    assert line.id is not None
    return line.id


def _shrink(book: dict[FlowId, FlowLine], of: FlowId, quantity: Quantity) -> None:
    line = book.get(of)
    if line is None or line.qty is None:
        return
    if quantity < line.qty:
        book[of] = msgspec.structs.replace(line, qty=line.qty - quantity)
    else:
        del book[of]


def _ns_of(moment: time) -> Nanoseconds:
    seconds = moment.hour * 3_600 + moment.minute * 60 + moment.second
    return seconds * _SECOND_NS + moment.microsecond * 1_000

"""The engine's events in the words of the naive market, and a book-keeper who believes only events.

In: events. Out: facts; an ``AssertionError`` if the events of an order do not add up (total = executed +
prevented + open + canceled, after every single one).
"""

from dataclasses import dataclass, field

import msgspec

from exchange.engine.events import (
    AccountBlocked,
    Administered,
    AuctionExtended,
    AuctionHeld,
    AuctionTrade,
    DayEnded,
    Event,
    InstrumentAdded,
    LastPriceSet,
    OrderAccepted,
    OrderCanceled,
    OrderReplaced,
    OrderRepriced,
    OrderRested,
    OrdersExpired,
    OrdersMassCanceled,
    PhaseChanged,
    RequestRejected,
    SelfTradePrevented,
    StopTriggered,
    Trade,
)
from tests.support.naive_state import Fact


def facts_of(events: tuple[Event, ...]) -> list[Fact]:
    """Events in the words of the naive market; a refusal gives its one reason."""
    return [_fact(event) for event in events]


def _fact(event: Event) -> Fact:
    match event:
        case RequestRejected():
            return ("rejected", event.account, event.client_order_id, event.reason)
        case OrderAccepted():
            return ("accepted", event.account, event.client_order_id, event.order_id)
        case Trade():
            return (
                "trade", event.trade_id, event.symbol, event.price, event.quantity, event.maker_order_id,
                event.taker_order_id, event.maker_fee, event.taker_fee, event.maker_cumulative,
                event.maker_leaves, event.taker_cumulative,
            )  # fmt: skip
        case AuctionTrade():
            return (
                "auction_trade", event.trade_id, event.symbol, event.price, event.quantity,
                event.buyer_order_id, event.seller_order_id, event.buyer_fee, event.seller_fee,
                event.buyer_cumulative, event.buyer_leaves, event.seller_cumulative, event.seller_leaves,
            )  # fmt: skip
        case SelfTradePrevented():
            return (
                "prevented", event.order_id, event.price, event.quantity, event.cumulative, event.leaves
            )  # fmt: skip
        case StopTriggered():
            return ("triggered", event.order_id, event.stop_price)
        case OrderRested():
            return ("rested", event.order_id, event.price, event.leaves)
        case OrderRepriced():
            return ("repriced", event.order_id, event.old_price, event.price, event.leaves)
        case OrderCanceled():
            return (
                "canceled", event.order_id, event.price, event.quantity, event.cumulative, event.reason
            )  # fmt: skip
        case OrderReplaced():
            return (
                "replaced", event.order_id, event.old_price, event.price, event.quantity, event.cumulative,
                event.leaves, event.kept_priority, event.stop_price,
            )  # fmt: skip
        case OrdersMassCanceled():
            return ("mass_canceled", event.account, event.count)
        case OrdersExpired():
            return ("expired", event.count)
        case DayEnded():
            return ("day_ended", event.canceled)
        case LastPriceSet():
            return ("last_price_set", event.symbol, event.price)
        case AuctionHeld():
            return ("auction_held", event.symbol, event.price, event.volume, event.surplus)
        case AuctionExtended():
            return ("auction_extended", event.symbol, event.phase, event.price)
        case PhaseChanged():
            return ("phase", event.symbol, event.phase, event.previous)
        case InstrumentAdded():
            return ("listed", event.symbol)
        case AccountBlocked():
            return ("account_blocked", event.account, event.block)
        case Administered():
            return ("administered", event.by, event.why, event.account, event.symbol)
        case _:  # about accounts and money: all of it
            return (str(event.__struct_config__.tag), *msgspec.structs.astuple(event))


def agree(facts: list[Fact], expected: list[Fact]) -> bool:
    """Whether both tell the same; of a refusal's reasons any will do."""
    return len(facts) == len(expected) and all(map(_same, facts, expected))


def _same(fact: Fact, expected: Fact) -> bool:
    if fact[0] == expected[0] == "rejected":
        return fact[1:3] == expected[1:3] and fact[3] in expected[3]
    return fact == expected


@dataclass
class _Entry:
    total: int
    executed: int = 0
    prevented: int = 0
    canceled: int = 0
    spends: bool = False
    """A market by amount has no total until it has traded."""

    @property
    def open(self) -> int:
        return self.total - self.executed - self.prevented - self.canceled


@dataclass
class BookKeeper:
    """What became of each order, by the events alone."""

    entries: dict[int, _Entry] = field(default_factory=dict)
    last_trade_id: int = 0

    def read(self, events: tuple[Event, ...]) -> None:
        """Enter the events of one command; all must add up."""
        for event in events:
            self._read(event)

    def _read(self, event: Event) -> None:
        match event:
            case OrderAccepted():
                spends = event.order_type == "market_by_amount"
                self.entries[event.order_id] = _Entry(event.quantity, spends=spends)
            case Trade():
                self._numbered(event.trade_id)
                self._executed(
                    event.maker_order_id, event.quantity, event.maker_cumulative, event.maker_leaves
                )
                self._executed(
                    event.taker_order_id, event.quantity, event.taker_cumulative, event.taker_leaves
                )
            case AuctionTrade():
                self._numbered(event.trade_id)
                self._executed(
                    event.buyer_order_id, event.quantity, event.buyer_cumulative, event.buyer_leaves
                )
                self._executed(
                    event.seller_order_id, event.quantity, event.seller_cumulative, event.seller_leaves
                )
            case SelfTradePrevented():
                entry = self.entries[event.order_id]
                if not entry.spends:
                    entry.prevented += event.quantity
                    assert (event.cumulative, event.leaves) == (entry.executed, entry.open)
                    assert entry.open > 0
            case OrderReplaced():
                entry = self.entries[event.order_id]
                entry.total = event.quantity
                assert (event.cumulative, event.leaves) == (entry.executed, entry.open)
                assert entry.open > 0
            case OrderRested() | OrderRepriced():
                assert event.leaves == self.entries[event.order_id].open > 0
            case OrderCanceled():
                entry = self.entries.pop(event.order_id)
                if not entry.spends:
                    assert (event.quantity, event.cumulative) == (entry.open, entry.executed)
            case _:
                pass

    def _numbered(self, trade_id: int) -> None:
        """Trades are numbered from 1 without a gap."""
        self.last_trade_id += 1
        assert trade_id == self.last_trade_id

    def _executed(self, order_id: int, quantity: int, cumulative: int, leaves: int) -> None:
        entry = self.entries[order_id]
        assert quantity > 0
        entry.executed += quantity
        if entry.spends:
            entry.total = entry.executed
            assert cumulative == entry.executed
        else:
            assert (cumulative, leaves) == (entry.executed, entry.open)
            assert entry.open >= 0

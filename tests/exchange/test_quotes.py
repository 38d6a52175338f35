"""Mass quotes: quotes stand where they are wanted, by as few commands as it takes, and keep their place."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.engine.commands import (
    CancelOrder,
    EndDay,
    EnterOrder,
    ReplaceOrder,
    Terms,
)
from exchange.engine.engine import Engine
from exchange.engine.events import OrderReplaced, RequestRejected, SelfTradePrevented, Trade
from exchange.quotes import Change, Quotes
from protocol.desk import MassQuote, Quote
from protocol.vocabulary import (
    AccountId,
    ClientOrderId,
    OrderType,
    Price,
    Quantity,
    QuoteSet,
    Side,
    Symbol,
    TimeInForce,
)
from tests.support.wire_requests import listing

ANNA, BOB = AccountId("anna"), AccountId("bob")
ACME, BOLT = Symbol("ACME"), Symbol("BOLT")
MAIN = QuoteSet("main")

Standing = dict[tuple[Symbol, Side], tuple[Price | None, Quantity]]


class Market:
    """An engine with two instruments, and anna who quotes in them."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.quotes = Quotes()
        self.seq = 0
        self.events: list[object] = []
        for symbol in (ACME, BOLT):
            self.apply(listing(symbol=symbol))
        self.events.clear()

    def apply(self, command: object) -> None:
        self.seq += 1
        command.seq = self.seq  # type: ignore[attr-defined]  # as the sequencer stamps every command
        self.events += self.engine.apply(command)  # type: ignore[arg-type]  # likewise

    def quote(self, *quotes: Quote, quote_set: QuoteSet = MAIN, session: int = 0) -> list[Change | None]:
        """What the quotes were expanded to."""
        orders = self.engine.accounts.open(ANNA).orders
        made: list[Change | None] = []
        for change in self.quotes.changes(ANNA, MassQuote(quote_set, list(quotes)), orders, session):
            made.append(change)
            if change is not None:
                self.apply(change)
        return made

    def enter(self, account: AccountId, name: str, side: Side, quantity: int, price: int) -> None:
        self.apply(
            EnterOrder(
                account, ClientOrderId(name), ACME, side, OrderType.LIMIT, TimeInForce.GTC, quantity, price
            )
        )

    def standing(self, account: AccountId = ANNA) -> Standing:
        return {
            (order.symbol, order.side): (order.price, order.leaves)
            for order in self.engine.open_orders(account)
        }

    def queue(self, side: Side, price: int) -> list[ClientOrderId]:
        """Names at a price of ACME, first in first out."""
        level = self.engine.books[ACME].side(side).levels[price]
        return [order.client_order_id for order in level.orders if order.leaves]


def acme(bid: int | None, bid_quantity: int, ask: int | None, ask_quantity: int) -> Quote:
    return Quote(ACME, bid, bid_quantity, ask, ask_quantity)


def test_the_first_quotes_of_a_set_are_entered_under_its_name_and_numbers() -> None:
    market = Market()

    made = market.quote(acme(99, 10, 101, 20))

    terms = Terms(quote_set=MAIN)
    assert [(type(change), change.client_order_id) for change in made if change is not None] == [
        (EnterOrder, "main.ACME.b.1"),
        (EnterOrder, "main.ACME.a.1"),
    ]
    assert all(isinstance(change, EnterOrder) and change.terms == terms for change in made)
    assert market.standing() == {(ACME, Side.BUY): (99, 10), (ACME, Side.SELL): (101, 20)}


def test_quotes_that_stand_as_they_are_wanted_lead_to_no_command() -> None:
    market = Market()
    market.quote(acme(99, 10, 101, 20))

    made = market.quote(acme(99, 10, 101, 20))

    assert made == [None, None]


def test_what_is_no_longer_quoted_is_canceled_for_the_symbols_named_only() -> None:
    market = Market()
    market.quote(acme(99, 10, 101, 20), Quote(BOLT, 50, 5, 60, 5))

    made = market.quote(acme(99, 10, None, 0))

    assert [type(change) for change in made] == [type(None), CancelOrder]
    assert market.standing() == {
        (ACME, Side.BUY): (99, 10),
        (BOLT, Side.BUY): (50, 5),
        (BOLT, Side.SELL): (60, 5),
    }


@pytest.mark.parametrize("gone", [acme(None, 5, None, 5), acme(99, 0, 101, 0), Quote(ACME)])
def test_a_side_without_price_or_quantity_is_taken_away(gone: Quote) -> None:
    market = Market()
    market.quote(acme(99, 10, 101, 20))

    market.quote(gone)

    assert market.standing() == {}
    assert market.quote(gone) == []


def test_a_quote_that_shrinks_keeps_its_place_and_one_that_grows_goes_to_the_back() -> None:
    market = Market()
    market.quote(acme(99, 10, None, 0))
    market.enter(BOB, "b1", Side.BUY, 5, 99)

    market.quote(acme(99, 4, None, 0))
    after_less = market.queue(Side.BUY, 99)
    market.quote(acme(99, 6, None, 0))

    assert after_less == ["main.ACME.b.1", "b1"]
    assert market.queue(Side.BUY, 99) == ["b1", "main.ACME.b.1"]


def test_after_a_fill_the_quantity_wanted_is_what_is_open() -> None:
    market = Market()
    market.quote(acme(99, 10, None, 0))
    market.enter(BOB, "b1", Side.SELL, 4, 99)

    (unchanged,) = market.quote(acme(99, 6, None, 0))
    (refilled,) = market.quote(acme(99, 10, None, 0))

    assert unchanged is None
    assert isinstance(refilled, ReplaceOrder)
    assert refilled.quantity == 14
    assert market.standing() == {(ACME, Side.BUY): (99, 10)}


def test_a_quote_that_was_filled_is_entered_anew_under_the_next_number() -> None:
    market = Market()
    market.quote(acme(99, 10, None, 0))
    market.enter(BOB, "b1", Side.SELL, 10, 99)

    (made,) = market.quote(acme(99, 10, None, 0))

    assert isinstance(made, EnterOrder)
    assert made.client_order_id == "main.ACME.b.2"


def test_names_that_were_used_are_found_by_a_venue_that_was_started_again() -> None:
    market = Market()
    for _ in range(3):
        market.quote(acme(99, 10, None, 0))
        market.quote(Quote(ACME))

    market.quotes = Quotes()
    (made,) = market.quote(acme(99, 10, None, 0))

    assert made is not None
    assert made.client_order_id == "main.ACME.b.4"


def test_an_order_that_only_has_the_name_of_a_quote_is_left_alone() -> None:
    market = Market()
    market.enter(ANNA, "main.ACME.b.1", Side.BUY, 3, 90)

    (made,) = market.quote(acme(99, 10, None, 0))

    assert made is not None
    assert made.client_order_id == "main.ACME.b.2"
    assert [order.price for order in market.engine.open_orders(ANNA)] == [90, 99]


def test_two_sets_stand_beside_each_other() -> None:
    market = Market()

    market.quote(acme(99, 10, None, 0))
    market.quote(acme(98, 5, None, 0), quote_set=QuoteSet("far"))

    assert [order.client_order_id for order in market.engine.open_orders(ANNA)] == [
        "main.ACME.b.1",
        "far.ACME.b.1",
    ]


@pytest.mark.parametrize("there", [(102, 104), (95, 97), (101, 102)])
def test_quotes_that_move_beyond_their_old_other_side_do_not_meet_themselves(there: tuple[int, int]) -> None:
    market = Market()
    market.quote(acme(99, 10, 101, 10))
    market.events.clear()

    market.quote(acme(there[0], 10, there[1], 10))

    assert [type(event) for event in market.events] == [OrderReplaced, OrderReplaced]
    assert market.standing() == {(ACME, Side.BUY): (there[0], 10), (ACME, Side.SELL): (there[1], 10)}


@pytest.mark.parametrize("standing", [False, True])
def test_a_negative_quantity_is_refused_and_leaves_what_stands(standing: bool) -> None:
    market = Market()
    if standing:
        market.quote(acme(99, 10, None, 0))
        market.enter(BOB, "b1", Side.SELL, 4, 99)
    market.events.clear()
    before = market.standing()

    market.quote(acme(98, -2, None, 0))

    assert [type(event) for event in market.events] == [RequestRejected]
    assert market.standing() == before


def test_quotes_are_marked_with_the_session_that_takes_them_along() -> None:
    market = Market()

    (made,) = market.quote(acme(99, 10, None, 0), session=7)

    assert isinstance(made, EnterOrder)
    assert made.session == 7


def test_names_are_free_again_after_the_day() -> None:
    market = Market()
    market.quote(acme(99, 10, None, 0))
    market.quote(Quote(ACME))
    market.apply(EndDay())

    market.quote(acme(99, 10, None, 0))

    assert market.standing() == {(ACME, Side.BUY): (99, 10)}


# -- any quotes ------------------------------------------------------------------------------------
_bids = st.tuples(st.integers(80, 98) | st.none(), st.integers(0, 20))
_asks = st.tuples(st.integers(102, 120) | st.none(), st.integers(0, 20))
_quotes = st.builds(
    lambda symbol, bid, ask: Quote(symbol, *bid, *ask), st.sampled_from((ACME, BOLT)), _bids, _asks
)
_fills = st.tuples(st.sampled_from(Side), st.integers(1, 30))
_steps = st.lists(st.lists(_quotes, min_size=1, max_size=2, unique_by=lambda quote: quote.symbol) | _fills)


def wanted(quotes: Sequence[Quote]) -> Standing:
    sides: Standing = {}
    for quote in quotes:
        if quote.bid is not None and quote.bid_quantity:
            sides[quote.symbol, Side.BUY] = quote.bid, quote.bid_quantity
        if quote.ask is not None and quote.ask_quantity:
            sides[quote.symbol, Side.SELL] = quote.ask, quote.ask_quantity
    return sides


@given(_steps)
def test_whatever_was_traded_before_the_quotes_stand_as_wanted_and_no_command_was_idle(
    steps: Sequence[Sequence[Quote] | tuple[Side, int]],
) -> None:
    market = Market()
    for number, step in enumerate(steps):
        if isinstance(step, tuple):
            side, quantity = step
            # At the worst price: it takes what anna quotes, and what is left of it is canceled.
            price = 120 if side is Side.BUY else 80
            market.apply(
                EnterOrder(
                    BOB, ClientOrderId(f"b{number}"), ACME, side, OrderType.LIMIT, TimeInForce.IOC, quantity, price
                )
            )  # fmt: skip
            continue
        before = market.standing()
        market.events.clear()

        made = market.quote(*step)

        named = {quote.symbol for quote in step}
        kept = {key: value for key, value in before.items() if key[0] not in named}
        assert market.standing() == kept | wanted(step)
        assert not [
            event
            for event in market.events
            if isinstance(event, (Trade, SelfTradePrevented, RequestRejected))
        ]
        # A command for each side that changed, and none for others.
        now = market.standing()
        changed = sum(before.get(key) != now.get(key) for key in before.keys() | now.keys())
        assert sum(change is not None for change in made) == changed
        # Rule 10: a replaced quote kept its place exactly if its price stayed and its quantity did not rise.
        for event in market.events:
            if isinstance(event, OrderReplaced):
                old, new = before[event.symbol, event.side], now[event.symbol, event.side]
                assert event.kept_priority == (old[0] == new[0] and new[1] <= old[1])

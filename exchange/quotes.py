"""Mass quotes to single orders: what has to change so that quotes stand where they are wanted.

In: the quotes of one set, the orders the account has. Out: one command at a time, made from how things
stand then; carrying one out may change what the next one has to be. A quote that stands as it is wanted
keeps its place in the queue: for it there is no command. One that only shrinks is replaced, which keeps
its place as well (rule 10).

The orders are called ``"{set}.{symbol}.{b|a}.{n}"``; ``n`` counts up whenever a side is entered anew. What
was used on this trading day the engine knows: here is only kept where to look first.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from exchange.engine.commands import CancelOrder, EnterOrder, ReplaceOrder, Terms
from exchange.engine.order import Order
from protocol.desk import MassQuote, Quote
from protocol.vocabulary import (
    AccountId,
    ClientOrderId,
    OrderType,
    Price,
    Quantity,
    QuoteSet,
    SessionId,
    Side,
    Symbol,
    TimeInForce,
)

Change = EnterOrder | ReplaceOrder | CancelOrder
Orders = Mapping[ClientOrderId, Order]
"""All orders of an account that its trading day has seen, by name."""

_LETTER: Final = {Side.BUY: "b", Side.SELL: "a"}


class Quotes:
    """The quotes of all accounts. One for a venue."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[AccountId, str], int] = {}  # by the name without its number

    def changes(
        self, account: AccountId, request: MassQuote, orders: Orders, session: SessionId = 0
    ) -> Iterator[Change | None]:
        """What brings the quotes of the request about, each of them made when it is asked for.

        Carry each out before asking for the next. ``None``: a side that stands as it is wanted. A side that is
        not wanted and not there is passed over. ``session``: takes what is entered with it.
        """
        for quote in request.quotes:
            bid = Side.BUY, quote.bid, quote.bid_quantity
            ask = Side.SELL, quote.ask, quote.ask_quantity
            standing = self.standing(account, request.quote_set, quote.symbol, Side.SELL, orders)
            # Prices that move up beyond the old ask: it goes first, or the new bid would trade with it.
            upwards = _crosses(quote, standing)
            for side, price, quantity in (ask, bid) if upwards else (bid, ask):
                wanted = quantity if price is not None else 0
                order = self.standing(account, request.quote_set, quote.symbol, side, orders)
                if order is None:
                    if wanted:
                        yield self._entry(
                            account, request, quote.symbol, side, wanted, price, orders, session
                        )
                elif not wanted:
                    yield CancelOrder(account, order.client_order_id)
                elif (order.price, order.leaves) == (price, wanted):
                    yield None
                else:
                    # A negative quantity is no total that could be executed already: it gets its answer (rule 8).
                    total = order.executed + wanted if wanted > 0 else wanted
                    yield ReplaceOrder(account, order.client_order_id, total, price)

    def standing(
        self, account: AccountId, quote_set: QuoteSet, symbol: Symbol, side: Side, orders: Orders
    ) -> Order | None:
        """The live order that is this side of the quote."""
        order = orders.get(self._last_name(account, quote_set, symbol, side, orders))
        return order if order is not None and _is_quote(order, quote_set) else None

    def _entry(
        self,
        account: AccountId,
        request: MassQuote,
        symbol: Symbol,
        side: Side,
        quantity: Quantity,
        price: Price | None,
        orders: Orders,
        session: SessionId,
    ) -> EnterOrder:
        name = self._last_name(account, request.quote_set, symbol, side, orders)
        terms = Terms(quote_set=request.quote_set)
        return EnterOrder(
            account, name, symbol, side, OrderType.LIMIT, TimeInForce.GTC, quantity, price, False, terms, session
        )  # fmt: skip

    def _last_name(
        self, account: AccountId, quote_set: QuoteSet, symbol: Symbol, side: Side, orders: Orders
    ) -> ClientOrderId:
        """The name of the order that stands for this side, or the first one that is free."""
        stem = f"{quote_set}.{symbol}.{_LETTER[side]}."
        before = number = self._numbers.get((account, stem), 1)
        while (order := orders.get(name := ClientOrderId(f"{stem}{number}"))) is not None:
            if _is_quote(order, quote_set):
                break
            number += 1
        # Kept only once a name was used up, so that nobody fills this with sets that never traded.
        if number != before:
            self._numbers[account, stem] = number
        return name


def _crosses(quote: Quote, ask: Order | None) -> bool:
    return ask is not None and ask.price is not None and quote.bid is not None and quote.bid >= ask.price


def _is_quote(order: Order, quote_set: QuoteSet) -> bool:
    """Whether it is a live order of the set; its owner may have given such a name to another one."""
    return order.leaves > 0 and order.terms.quote_set == quote_set

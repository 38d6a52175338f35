"""A venue for one case: its instrument listed on a fresh engine, its steps carried out as commands.

In: a case that ``support`` has let pass, then its steps, one after the other. Out: what came of each, in
the words of the case format, so that it can be held against what the case expects. The real engine does
the work, behind the real sequencer; nothing about matching is decided here.
"""

from typing import Any, Final, NamedTuple

from exchange.conformance import cases
from exchange.conformance.support import ORDER_TYPES, SELF_TRADE, THEN, settings
from exchange.engine.auction import indicative
from exchange.engine.commands import (
    AddInstrument,
    AdjustBalance,
    CancelOrder,
    ChangePhase,
    Command,
    EnterOrder,
    ExpireOrders,
    MassCancel,
    ReduceOrder,
    ReplaceOrder,
    SetAccount,
    SetLastPrice,
    Terms,
)
from exchange.engine.engine import Engine
from exchange.engine.events import (
    AuctionHeld,
    AuctionTrade,
    Event,
    OrdersExpired,
    OrdersMassCanceled,
    RequestRejected,
    Trade,
)
from exchange.engine.listing import MAX_NOTIONAL
from exchange.engine.order import Order
from exchange.engine.sequencer import Sequencer
from protocol.clock import ManualClock
from protocol.vocabulary import (
    MAX_PRICE,
    MAX_QUANTITY,
    AccountId,
    Asset,
    ClientOrderId,
    OrderState,
    OrderType,
    Phase,
    PostOnly,
    RejectReason,
    Role,
    Settlement,
    Side,
    Symbol,
    TimeInForce,
    TransactionId,
)

SYMBOL: Final = Symbol("CASE")
SOMEBODY: Final = AccountId("somebody")
"""Owns the orders of steps that name no owner."""

NO_AUCTION: Final = "none"

TradeRow = tuple[str, str, int, int]
LevelRow = tuple[int, int, int]


class OrderLine(NamedTuple):
    """How an order stands."""

    state: str
    filled: int
    open: int


class BookLines(NamedTuple):
    """What everybody can see of a book."""

    bids: list[LevelRow]
    asks: list[LevelRow]
    market: dict[str, int]  # by side, where it is not 0


class Money(NamedTuple):
    """What accounts have free, by owner and asset, and what the venue has received in fees."""

    balances: dict[str, dict[str, int]]
    fees: int


class Outcome(NamedTuple):
    """What came of a step."""

    result: str
    detail: str | None  # the count, price or volume; the sentence of a refusal
    trades: list[TradeRow]
    changed: dict[str, OrderLine]  # orders whose line the step changed
    orders: dict[str, OrderLine]  # all orders
    book: BookLines
    money: Money
    reason: RejectReason | None = None  # of a refusal


class Stage:
    """One engine, one instrument. An id names the latest order accepted under it, whoever owns it."""

    def __init__(self, case: cases.Situation) -> None:
        """List the instrument and set its last price.

        Raises:
            InvariantViolated: the engine broke.
        """
        self._clock = ManualClock()
        self._engine = Engine(ids_unique_per_day=False)
        self._sequencer = Sequencer(self._engine, self._clock.now_ns)
        self._owners: dict[str, AccountId] = {}
        self._deposits = 0
        self._quote = None if case.symbol is None else Asset(case.symbol.quote)
        setup: list[Command] = [_listing(case), *_other_assets(case)]
        if case.instrument.last is not None:
            setup.append(SetLastPrice(SYMBOL, case.instrument.last))
        answers = [self._sequencer.submit(command)[0] for command in setup]
        refusals = [answer.text for answer in answers if isinstance(answer, RequestRejected)]
        self.refusal = next(iter(refusals), None)
        """Why the venue does not list such an instrument; then nothing can be played."""

    def play(self, step: cases.Step) -> Outcome:
        """Carry out one step.

        Raises:
            InvariantViolated: the engine broke.
        """
        before = self.orders()
        events: list[Event] = []
        for command in self._commands(step):
            events += self._sequencer.submit(command)
        rejection = next((event for event in events if isinstance(event, RequestRejected)), None)
        result = "accepted" if rejection is None else "rejected"
        if isinstance(step, cases.New) and rejection is None:
            self._owners[step.id] = _account(step.owner)
        orders = self.orders()
        if isinstance(step, cases.New) and rejection is None:
            line = orders[step.id]
            if line.state == OrderState.CANCELED and not line.filled:
                result = "canceled"
        return Outcome(
            result,
            rejection.text if rejection is not None else self._detail(step, events),
            [row for event in events for row in _trade_rows(event)],
            {name: line for name, line in orders.items() if before.get(name) != line},
            orders,
            self.book(),
            self.money(),
            rejection.reason if rejection is not None else None,
        )

    def orders(self) -> dict[str, OrderLine]:
        """Every order that was accepted, by the id of the case."""
        lines = {}
        for name in self._owners:
            order = self._order(name)
            assert order is not None
            lines[name] = OrderLine(order.state.value, order.cumulative, order.leaves)
        return lines

    def book(self) -> BookLines:
        """The book as it can be seen: no hidden orders, no stops, of icebergs the peak."""
        book = self._engine.books[SYMBOL]
        bids, asks = (
            [
                (level.price, level.displayed, level.displayed_count())
                for level in side.best_first()
                if level.displayed
            ]
            for side in book.sides
        )
        resting = {side.value: sum(order.leaves for order in book.side(side).market) for side in Side}
        return BookLines(bids, asks, {side: quantity for side, quantity in resting.items() if quantity})

    def money(self) -> Money:
        """Balances of everybody who has any, and the fees."""
        if self._quote is None:
            return Money({}, 0)
        clearing = self._engine.clearing
        balances = {
            str(name): {str(asset): free for asset, free, _ in clearing.balances(name)}
            for name in self._engine.accounts.by_name
        }
        return Money(balances, clearing.books.house.fees.get(self._quote, 0))

    def _order(self, name: str) -> Order | None:
        owner = self._owners.get(name)
        if owner is None:
            return None
        return self._engine.accounts.by_name[owner].orders.get(ClientOrderId(name))

    def _owner(self, step: cases.Cancel | cases.Reduce | cases.ReduceTo | cases.Replace) -> AccountId:
        """Who acts: whom the step names, else the owner of the order."""
        return _account(step.owner) if step.owner is not None else self._owners.get(step.id, SOMEBODY)

    # -- steps as commands ---------------------------------------------------------------------

    def _commands(self, step: cases.Step) -> list[Command]:
        match step:
            case cases.New():
                return [self._enter(step)]
            case cases.Cancel():
                return [CancelOrder(self._owner(step), ClientOrderId(step.id))]
            case cases.Reduce():
                return [ReduceOrder(self._owner(step), ClientOrderId(step.id), step.by)]
            case cases.ReduceTo():
                return [self._reduce_to(step)]
            case cases.Replace():
                return [self._replace(step)]
            case cases.MassCancel():
                owner = None if step.owner is None else _account(step.owner)
                side = None if step.side is None else Side(step.side)
                return [MassCancel(owner, SYMBOL, side, step.lo, step.hi)]
            case cases.Expire():
                self._clock.advance(ns=max(0, step.now - self._clock.now_ns()))
                return [ExpireOrders(step.now)]
            case cases.Deposit():
                return self._pay(step)
            case cases.SetLast():
                return [SetLastPrice(SYMBOL, step.price)]
            case cases.StartAuction():
                return [ChangePhase(SYMBOL, Phase.INTRADAY_AUCTION)]
            case cases.Uncross():
                return _uncross(step)
            case _:  # an indicative price is read, not asked for
                return []

    def _pay(self, step: cases.Deposit) -> list[Command]:
        """Nobody opens an account in a case: the first payment does."""
        owner = AccountId(step.owner)
        self._deposits += 1
        payment = AdjustBalance(owner, Asset(step.ccy), step.amount, TransactionId(str(self._deposits)))
        known = owner in self._engine.accounts.by_name
        return [payment] if known else [SetAccount(owner, Role.TRADER), payment]

    def _enter(self, step: cases.New) -> EnterOrder:
        owner = _account(step.owner)
        holder = self._order(step.id)
        if holder is not None and holder.leaves:
            # Ids of a case are the market's, those of the venue an account's. Under the holder's name the
            # engine sees the id in use, whoever enters it (rule 6).
            owner = holder.account
        order_type = ORDER_TYPES[step.type]
        time_in_force, quantity, price, amount = TimeInForce(step.tif), step.qty or 0, step.price, None
        if order_type is OrderType.MONEY_LIMIT:
            time_in_force, price, amount = TimeInForce.FOK, None, step.price
        elif order_type is OrderType.MARKET_BY_AMOUNT:
            quantity, price, amount = 0, None, step.price
        terms = Terms(
            stop_price=step.stop,
            trail=step.trail,
            display=step.display,
            hidden=bool(step.hidden),
            minimum_quantity=step.min_qty,
            all_or_none=bool(step.aon),
            protection=step.protection,
            cap=step.cap,
            amount=amount,
            expires_at_ns=step.expire,
            post_only=PostOnly(step.post_only) if isinstance(step.post_only, str) else None,
            self_trade=None if step.stp is None else SELF_TRADE[step.stp],
            self_trade_group=step.stp_group,
            reserve_price=step.reserve if price is not None and step.side == Side.BUY else None,
        )
        return EnterOrder(
            owner,
            ClientOrderId(step.id),
            SYMBOL,
            Side(step.side),
            order_type,
            time_in_force,
            quantity,
            price,
            bool(step.post_only),
            None if terms == Terms() else terms,
        )

    def _replace(self, step: cases.Replace) -> ReplaceOrder:
        price, stop = step.price, step.stop
        order = self._order(step.id)
        if order is not None and order.order_type is OrderType.STOP and stop is None:
            price, stop = None, price  # a stop names no other price than the one it waits for
        # Less than nothing is what a case gets by taking off more than there was; a trader would be refused.
        quantity = None if step.qty is None else max(0, step.qty)
        return ReplaceOrder(self._owner(step), ClientOrderId(step.id), quantity, price, stop)

    def _reduce_to(self, step: cases.ReduceTo) -> ReduceOrder:
        owner, name = self._owner(step), ClientOrderId(step.id)
        account = self._engine.accounts.by_name.get(owner)
        order = account.orders.get(name) if account is not None else None
        # What would not shrink the order, or leave less than nothing, is no quantity to reduce by.
        by = order.leaves - step.to if order is not None and step.to >= 0 else 0
        return ReduceOrder(owner, name, by)

    def _detail(self, step: cases.Step, events: list[Event]) -> str | None:
        if isinstance(step, cases.Indicative):
            return _word(indicative(self._engine.books[SYMBOL], step.ref).price)
        if isinstance(step, cases.Uncross):
            held = next((event for event in events if isinstance(event, AuctionHeld)), None)
            if held is None or held.price is None or not held.volume:
                return NO_AUCTION
            return f"{held.volume}@{held.price}"
        counted = (event.count for event in events if isinstance(event, OrdersMassCanceled | OrdersExpired))
        return next(map(str, counted), None)


def _listing(case: cases.Situation) -> AddInstrument:
    instrument, symbol = case.instrument, case.symbol
    most = MAX_QUANTITY if instrument.max_qty is None else instrument.max_qty
    if symbol is not None and instrument.max_qty is None:
        # Money has to fit into 64 bits for the largest order at the highest price: as large as the case needs.
        most = min(MAX_QUANTITY, max(1, *(getattr(step, "qty", None) or 1 for step in case.steps)))
    choices = {"market_remainder_rests": False, **settings(case.policy)}
    return AddInstrument(
        symbol=SYMBOL,
        tick=instrument.tick,
        lot=instrument.lot,
        minimum_quantity=1 if instrument.min_qty is None else instrument.min_qty,
        maximum_quantity=most,
        maximum_price=MAX_PRICE if symbol is None else min(MAX_PRICE, MAX_NOTIONAL // (most * symbol.qs)),
        price_decimals=0,
        maker_fee_ppm=0,
        taker_fee_ppm=0,
        band=instrument.band,
        execution_range=instrument.band,
        **choices,
        **_settlement(symbol),
    )


def _settlement(symbol: cases.Settlement | None) -> dict[str, Any]:
    if symbol is None:
        return {}
    return {
        "settlement": Settlement.SPOT,
        "base": Asset(symbol.base),
        "quote": Asset(symbol.quote),
        "base_scale": symbol.bs,
        "quote_scale": symbol.qs,
        "maker_fee_per_unit": symbol.maker,
        "taker_fee_per_unit": symbol.taker,
    }


def _other_assets(case: cases.Situation) -> list[Command]:
    """A venue takes deposits only of assets that something settles in; people have others, too."""
    if case.symbol is None:
        return []
    paid_in = dict.fromkeys(step.ccy for step in case.steps if isinstance(step, cases.Deposit))
    known = {case.symbol.base, case.symbol.quote}
    return [
        AddInstrument(
            Symbol(f"OF-{asset}"), 1, 1, 1, 1, 1, 0, 0, 0, False,
            settlement=Settlement.MARGIN, quote=Asset(asset), margin=1,
        )
        for asset in paid_in
        if asset not in known
    ]  # fmt: skip


def _uncross(step: cases.Uncross) -> list[Command]:
    then = THEN[step.then]
    opening = then if then is Phase.CLOSED else Phase.CONTINUOUS
    commands: list[Command] = [ChangePhase(SYMBOL, opening, step.ref, forced=True)]
    if then is not opening:  # leaving a call for anything but trading or the close holds no auction
        commands.append(ChangePhase(SYMBOL, then))
    return commands


def _trade_rows(event: Event) -> list[TradeRow]:
    match event:
        case Trade():
            return [(event.maker_client_order_id, event.taker_client_order_id, event.price, event.quantity)]
        case AuctionTrade():
            return [(event.buyer_client_order_id, event.seller_client_order_id, event.price, event.quantity)]
        case _:
            return []


def _account(owner: str | None) -> AccountId:
    return SOMEBODY if owner is None else AccountId(owner)


def _word(price: int | None) -> str:
    return NO_AUCTION if price is None else str(price)

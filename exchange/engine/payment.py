"""Payment: the money of what one new order traded, in the express lane.

In: the aggressor's stake and its trades. Out: purses, stakes, positions and the house as ``Bookkeeper.book`` would leave them.
What is written here is that, written out for spot instruments: of a plain maker nothing but the trade is needed.
"""

from __future__ import annotations

from collections.abc import Sequence

from exchange.engine.bookkeeping import Bookkeeper
from exchange.engine.events import Trade
from exchange.engine.execution import Market
from exchange.engine.ledger import PPM, Stake
from exchange.engine.risk import Scopes
from protocol.vocabulary import Nanoseconds


class Payment:
    """Pays."""

    def __init__(self, market: Market, books: Bookkeeper, scopes: Scopes) -> None:
        self._accounts = market.accounts.by_name
        self._books = books
        self._records = books.holds
        self._scopes = scopes

    def pay(self, stake: Stake, is_buy: bool, trades: Sequence[Trade], at_ns: Nanoseconds) -> None:
        """As ``Bookkeeper.book`` for the trades of a new order, for which nothing was held.

        Costs are parted as in ``Stake.take``, positions being of the sign of their cost.
        """
        accounts, records, books = self._accounts, self._records, self._books
        symbol = stake.book.symbol
        base_scale, quote_scale = stake.base_scale, stake.quote_scale
        fee_ppm, fee_unit = stake.fee_ppm, stake.fee_unit
        seen = len(books.traded)
        # The aggressor's position and its cost, counted in the direction in which it trades.
        sign = 1 if is_buy else -1
        had, cost, gain = sign * stake.quantity, sign * stake.cost, 0
        paid = fees = charged = 0
        charges = False
        for trade in trades:
            quantity, price, fee = trade.quantity, trade.price, trade.maker_fee
            notional = quantity * price * quote_scale
            account = accounts[trade.maker]
            maker = account.stakes[symbol]
            apart = maker is stake or trade.maker_order_id in records
            if apart:
                stake.quantity, stake.cost = sign * had, sign * cost
                stake.realised += sign * gain
            if apart and trade.maker_order_id in records:
                books.at_ns = at_ns
                books.fill_maker(trade)
            else:
                leaves, quote, base = trade.maker_leaves, maker.quote, maker.base
                held = maker.quantity
                if is_buy:
                    if held <= 0:
                        maker.quantity = held - quantity
                        maker.cost -= notional
                    elif quantity <= held:
                        part = maker.cost * quantity // held
                        maker.cost -= part
                        maker.realised += notional - part
                        maker.quantity = held - quantity
                    else:
                        maker.take(-quantity, price)
                    maker.open_sells -= quantity
                    base.total -= quantity * base_scale  # type: ignore[union-attr]  # of a spot instrument
                    received = notional - fee
                    quote.free += received  # type: ignore[union-attr]
                    quote.total += received  # type: ignore[union-attr]
                else:
                    if held >= 0:
                        maker.quantity = held + quantity
                        maker.cost += notional
                    elif quantity <= -held:
                        part = maker.cost * quantity // held
                        maker.cost += part
                        maker.realised += part - notional
                        maker.quantity = held + quantity
                    else:
                        maker.take(quantity, price)
                    maker.open_buys -= quantity
                    delivered = quantity * base_scale
                    base.free += delivered  # type: ignore[union-attr]
                    base.total += delivered  # type: ignore[union-attr]
                    # What it held for the price is paid; what it held for the fee of this part is left.
                    of_fee = notional * fee_ppm // PPM
                    if leaves:
                        rest = leaves * price * quote_scale
                        of_fee = (notional + rest) * fee_ppm // PPM - rest * fee_ppm // PPM
                    quote.free += of_fee + quantity * fee_unit - fee  # type: ignore[union-attr]
                    quote.total -= notional + fee  # type: ignore[union-attr]
                if not leaves:
                    maker.open_orders -= 1
                if fee:
                    maker.fees += fee
                    charged += fee
                    charges = True
            account.positions[symbol] = maker.quantity
            if apart:
                had, cost, gain = sign * stake.quantity, sign * stake.cost, 0
            # The aggressor.
            if had >= 0:
                cost += notional
            elif quantity <= -had:
                part = cost * quantity // had
                gain += part - notional
                cost += part
            else:
                gain += had * price * quote_scale - cost
                cost = (had + quantity) * price * quote_scale
            had += quantity
            paid += notional
            fee = trade.taker_fee
            if fee:
                fees += fee
                charges = True
        stake.quantity, stake.cost = sign * had, sign * cost
        if gain:
            stake.realised += sign * gain
        stake.account.positions[symbol] = stake.quantity
        total = sign * trades[-1].taker_cumulative * base_scale  # all of it: the order is new
        paid = sign * paid + fees
        quote, base = stake.quote, stake.base
        assert quote is not None
        assert base is not None
        base.free += total
        base.total += total
        quote.free -= paid
        quote.total -= paid
        if charges:
            stake.fees += fees
            books.house.charge(stake.asset, fees + charged)
        if self._scopes.any_hard_loss:
            self._note(stake, trades, seen)

    def _note(self, stake: Stake, trades: Sequence[Trade], seen: int) -> None:
        """Who traded, in the order in which the books note it; they have noted some already."""
        accounts, traded, symbol = self._accounts, self._books.traded, stake.book.symbol
        del traded[seen:]
        whole = not trades[-1].taker_leaves
        for trade in trades:
            traded.append(accounts[trade.maker].stakes[symbol])
            if not whole:
                traded.append(stake)
        if whole:
            traded.append(stake)

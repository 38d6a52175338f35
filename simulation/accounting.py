"""What every account has by its trades: positions and cash, counted from the events alone.

In: trades, one at a time. Out: positions, cash and profit of each account, in integers. The engine keeps books of its own
where money is settled or losses are limited; these are kept of every run, and ``simulation.conservation`` compares the two.
"""

from collections.abc import Mapping

from exchange.engine.book import Book
from exchange.engine.events import AuctionTrade, Trade, TradeBusted
from protocol.vocabulary import AccountId, Money, Price, Quantity, Side, Symbol

Fill = Trade | AuctionTrade | TradeBusted
"""What moves positions and cash."""


class Holding:
    """One account in one instrument. Cash is what sales brought less what purchases and fees took, in smallest units of
    the quote asset, which without one are price units times quantity.
    """

    __slots__ = ("bought", "cash", "fees", "fills", "position", "sold")

    def __init__(self) -> None:
        self.position = 0
        self.cash: Money = 0
        self.fees: Money = 0
        self.fills = 0
        self.bought: Quantity = 0
        self.sold: Quantity = 0


class Accounting:
    """All accounts in all instruments of a market."""

    def __init__(self, books: Mapping[Symbol, Book], groups: Mapping[AccountId, str] | None = None) -> None:
        """``groups``: of whom sums are kept."""
        self._groups: Mapping[AccountId, str] = {} if groups is None else groups
        self._sums: dict[tuple[str, Symbol], list[int]] = {}  # cash, position
        self.holdings: dict[tuple[AccountId, Symbol], Holding] = {}
        self._scales = {symbol: book.instrument.quote_scale for symbol, book in books.items()}
        self._books = books

    def take(self, fill: Fill) -> tuple[AccountId, AccountId]:
        """Book a trade, or undo one; who bought and who sold."""
        if isinstance(fill, Trade):
            if fill.aggressor is Side.BUY:
                buyer, buyer_fee, seller, seller_fee = fill.taker, fill.taker_fee, fill.maker, fill.maker_fee
            else:
                buyer, buyer_fee, seller, seller_fee = fill.maker, fill.maker_fee, fill.taker, fill.taker_fee
            sign = 1
        else:
            buyer, buyer_fee, seller, seller_fee = fill.buyer, fill.buyer_fee, fill.seller, fill.seller_fee
            sign = -1 if isinstance(fill, TradeBusted) else 1
        symbol, quantity = fill.symbol, fill.quantity
        worth = quantity * fill.price * self._scales[symbol]
        self._move(buyer, symbol, sign * quantity, -sign * (worth + buyer_fee), sign * buyer_fee, sign)
        self._move(seller, symbol, -sign * quantity, sign * (worth - seller_fee), sign * seller_fee, sign)
        return buyer, seller

    def _move(
        self, account: AccountId, symbol: Symbol, quantity: int, cash: Money, fee: Money, fills: int
    ) -> None:
        one = self.holding(account, symbol)
        one.position += quantity
        one.cash += cash
        one.fees += fee
        one.fills += fills
        if quantity * fills > 0:
            one.bought += quantity
        else:
            one.sold -= quantity
        group = self._groups.get(account)
        if group is not None:
            sums = self._sums.setdefault((group, symbol), [0, 0])
            sums[0] += cash
            sums[1] += quantity

    def group_profits(self) -> dict[str, Money]:
        """Of every group that traded, over all instruments."""
        found: dict[str, Money] = {}
        for (group, symbol), (cash, position) in self._sums.items():
            found[group] = found.get(group, 0) + cash + position * self.worth(symbol)
        return found

    def holding(self, account: AccountId, symbol: Symbol) -> Holding:
        """Of one account in one instrument, made on first sight."""
        key = account, symbol
        found = self.holdings.get(key)
        if found is None:
            found = self.holdings[key] = Holding()
        return found

    def mark(self, symbol: Symbol) -> Price:
        """What a position is valued at: the last price, else the reference price, else nothing."""
        book = self._books[symbol]
        last = book.last_price if book.last_price is not None else book.reference_price
        return 0 if last is None else last

    def worth(self, symbol: Symbol) -> Money:
        """Of one unit of a position, at the mark."""
        return self.mark(symbol) * self._scales[symbol]

    def profit(self, account: AccountId, symbol: Symbol) -> Money:
        """Cash, and the position at the mark."""
        one = self.holdings.get((account, symbol))
        return 0 if one is None else one.cash + one.position * self.worth(symbol)

    def profits(self) -> dict[AccountId, Money]:
        """Of every account that traded, over all instruments."""
        found: dict[AccountId, Money] = {}
        for account, symbol in self.holdings:
            found[account] = found.get(account, 0) + self.profit(account, symbol)
        return found

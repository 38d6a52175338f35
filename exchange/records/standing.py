"""What accounts have and what it cost, out of their trades.

In: what one account bought and sold in one instrument, in order. Out: position, cost, realised profit and fees,
by the rule of the engine's ledger (``Stake.take``), which a test compares. Integers only.
"""

import msgspec

from protocol.vocabulary import Money, Price


class Stake(msgspec.Struct, gc=False):
    """One account in one instrument. Money in smallest units of the quote asset; ``cost`` has the position's sign."""

    quantity: int = 0
    cost: Money = 0
    realised: Money = 0
    """Profit of what was closed, before fees, since the first trade."""
    fees: Money = 0
    """Paid since the first trade; negative: rebates."""
    day: int = 0
    """Number of the trading day in which it traded last."""

    def take(self, quantity: int, price: Price, quote_scale: int, fee: Money) -> None:
        """Add what was bought, negative what was sold.

        Of what a closed part cost the fraction of a unit stays with what is open, so that nothing is lost.
        """
        self.fees += fee
        had, unit = self.quantity, price * quote_scale
        if had == 0 or (had > 0) is (quantity > 0):
            self.quantity = had + quantity
            self.cost += quantity * unit
            return
        closing = min(abs(quantity), abs(had))
        sign = 1 if had > 0 else -1
        part = sign * (abs(self.cost) * closing // abs(had))
        self.realised += sign * closing * unit - part
        self.quantity = had + quantity
        opened = self.quantity if closing < abs(quantity) else 0
        self.cost = opened * unit if opened else self.cost - part

    def average_price(self, quote_scale: int) -> Price | None:
        """Cost by quantity in price units, rounded toward zero; ``None`` when flat."""
        if not self.quantity:
            return None
        return abs(self.cost) // (abs(self.quantity) * quote_scale)

    def unrealised(self, mark: Price | None, quote_scale: int) -> Money:
        """Profit of what is open at ``mark``, before fees; 0 where there is none."""
        if mark is None or not self.quantity:
            return 0
        return self.quantity * mark * quote_scale - self.cost

"""An order of a strategy, as the strategy sees it.

In: the intent that placed it, then what is reported of it. Out: its standing.
"""

from protocol.vocabulary import ClientOrderId
from traders.order_view import OrderView
from traders.strategies.intents import Place


class Working(OrderView):
    """From the intent to its end."""

    __slots__ = ("pending", "tag")

    def __init__(self, intent: Place) -> None:
        tag = self.tag = intent.tag
        OrderView.__init__(
            self, ClientOrderId(str(tag)), intent.symbol, intent.side, intent.quantity, intent.price
        )
        self.pending = True
        """Its entry, cancel or replace is unanswered: to ask for more would be to guess."""

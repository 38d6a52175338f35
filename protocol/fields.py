"""What messages are made of: their base, and what their fields may hold.

In: nothing. Out: ``Message`` and annotated types. The messages themselves are in ``protocol.messages`` and,
for the operator's desk, in ``protocol.desk``.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from protocol.vocabulary import (
    MAX_WIRE_INTEGER,
    AccountId,
    Asset,
    ClientOrderId,
    Money,
    Nanoseconds,
    OrderId,
    Price,
    Quantity,
    QuoteSet,
    Sequence,
    Side,
    Symbol,
    TimeInForce,
    TransactionId,
)


class Message(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="type",
    # Messages hold only strings, numbers and flat lists: never part of a reference cycle.
    gc=False,
):
    """Base of every message. Fields that stand at their default are left out of the line."""


# -- what the fields may hold ----------------------------------------------------------------------
# Signed on purpose: a negative quantity is a readable message with a wrong number in it, and gets
# the engine's answer (rule 8). Only what other JSON readers can't hold is refused at the edge.
_Bound = Meta(ge=-MAX_WIRE_INTEGER, le=MAX_WIRE_INTEGER)
WirePrice = Annotated[Price, _Bound]
WireQuantity = Annotated[Quantity, _Bound]
WireAccount = Annotated[AccountId, Meta(min_length=1, max_length=32)]
WireClientOrderId = Annotated[ClientOrderId, Meta(min_length=1, max_length=64)]
WireMoney = Annotated[Money, _Bound]
WireTime = Annotated[Nanoseconds, Meta(ge=0)]
WireSymbol = Annotated[Symbol, Meta(min_length=1, max_length=16)]
WireGroup = Annotated[str, Meta(min_length=1, max_length=32)]
WireAsset = Annotated[Asset, Meta(min_length=1, max_length=16)]
WireTransaction = Annotated[TransactionId, Meta(min_length=1, max_length=64)]
WireQuoteSet = Annotated[QuoteSet, Meta(min_length=1, max_length=32)]
WireSecret = Annotated[str, Meta(min_length=1, max_length=256)]
WireCount = Annotated[int, Meta(ge=0, le=MAX_WIRE_INTEGER)]
WireText = Annotated[str, Meta(min_length=1, max_length=500)]
WireSequence = Annotated[Sequence, Meta(ge=1, le=MAX_WIRE_INTEGER)]

ClientOrderIdField = Annotated[WireClientOrderId, Meta(description="Your own name for the order.")]
OrderIdField = Annotated[OrderId, Meta(description="The venue's number for the order.")]
SymbolField = Annotated[Symbol, Meta(description="The instrument.")]
SideField = Annotated[Side, Meta(description="Side of the order.")]
AtField = Annotated[
    Nanoseconds, Meta(description="When the venue took the command, in nanoseconds since 1970 UTC.")
]
PrivateSeq = Annotated[
    Sequence, Meta(description="Place in the account's private stream: from 1, without a gap.")
]
DepthSeq = Annotated[Sequence, Meta(description="Place in the depth stream of this instrument.")]
AuctionSeq = Annotated[Sequence, Meta(description="Place in the auction stream of this instrument.")]
AuctionVolumeField = Annotated[Quantity, Meta(description="Quantity that trades at that price.")]
SurplusField = Annotated[
    Quantity,
    Meta(description="Interest to buy less interest to sell at that price: what is left over on one side."),
]
PreventedField = Annotated[
    Quantity, Meta(description="Quantity that self-trade prevention took off; neither executed nor open.")
]
TimeInForceField = Annotated[TimeInForce, Meta(description="As entered.")]
LeavesField = Annotated[Quantity, Meta(description="Quantity still open after this.")]
CumulativeField = Annotated[Quantity, Meta(description="Quantity executed so far.")]

Level = tuple[Price, Quantity]
"""``[price, quantity]``: the quantity is absolute, 0 removes the price level."""

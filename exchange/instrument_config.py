"""One instrument as a person writes it: in the venue file, or in a request of the operator's desk.

In: keys and values. Out: a checked ``InstrumentConfig`` and the commands that make it so.
docs/reference/venue-file.md explains every key.
"""

from typing import Annotated, Final

import msgspec
from pydantic import Field, model_validator

from exchange.choices import IcebergRefill, MarketRemainder, ReplacePriority, RestingMarketPrice
from exchange.engine.commands import AddInstrument, Limits, SetFees
from exchange.engine.listing import faults
from exchange.sections import AssetName, Count, Distance, Price, Quantity, Section, refuse
from protocol.vocabulary import (
    MAX_PRICE,
    MAX_WIRE_INTEGER,
    Allocation,
    Asset,
    Limit,
    PostOnly,
    SelfTrade,
    Settlement,
    Symbol,
)

Rate = Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
"""Parts per million of the notional; negative is a rebate."""
Money = Annotated[int, Field(ge=-MAX_WIRE_INTEGER, le=MAX_WIRE_INTEGER)]
"""In smallest units of the quote asset; negative is a rebate."""
Scale = Annotated[int, Field(ge=1, le=10**12)]

FEES: Final = ("maker_fee_ppm", "taker_fee_ppm", "maker_fee_per_unit", "taker_fee_per_unit")
"""The keys of an instrument that may change while it is listed."""


class InstrumentLimits(Section):
    """Everybody's bounds in one instrument; what is left out is not bounded by it."""

    order_quantity: Count | None = None
    order_notional: Count | None = None
    open_orders: Count | None = None
    open_quantity: Count | None = None
    position: Count | None = None
    collar: Count | None = None
    daily_loss: Count | None = None
    hard: list[Limit] = []
    """Whose breach cancels everything and disables the account."""

    @model_validator(mode="after")
    def _hard_is_bounded(self) -> "InstrumentLimits":
        unbounded = [limit for limit in self.hard if getattr(self, limit.value, None) is None]
        refuse(self, ((("hard",), f"{limit} is not bounded here") for limit in unbounded))
        return self

    def limits(self) -> Limits:
        """As the engine has them."""
        return Limits(
            order_quantity=self.order_quantity,
            order_notional=self.order_notional,
            open_orders=self.open_orders,
            open_quantity=self.open_quantity,
            position=self.position,
            collar=self.collar,
            daily_loss=self.daily_loss,
            hard=tuple(sorted(set(self.hard))),
        )


class LimitsConfig(InstrumentLimits):
    """Bounds over all instruments, and in each. Requests are counted over all instruments together."""

    message_rate: Count | None = None
    """Requests a second."""

    def limits(self) -> Limits:
        """As the engine has them."""
        return msgspec.structs.replace(super().limits(), message_rate=self.message_rate)


class InstrumentTerms(Section):
    """One instrument, each key right by itself. Whether it can be listed so the engine says."""

    symbol: Annotated[str, Field(pattern=r"^[A-Za-z0-9._/-]{1,16}$")]
    tick: Price = 1
    tick_table: list[tuple[Price, Price]] = []
    lot: Quantity = 1
    minimum_quantity: Quantity = 1
    maximum_quantity: Quantity = 1_000_000
    maximum_price: Price = MAX_PRICE
    price_decimals: Annotated[int, Field(ge=0, le=9)] = 2
    maker_fee_ppm: Rate = 0
    taker_fee_ppm: Rate = 0
    maker_fee_per_unit: Money = 0
    taker_fee_per_unit: Money = 0
    settlement: Settlement = Settlement.NONE
    base: AssetName | None = None
    quote: AssetName | None = None
    base_scale: Scale = 1
    quote_scale: Scale = 1
    margin: Count = 0
    market_remainder: MarketRemainder = MarketRemainder.CANCEL
    resting_market_price: RestingMarketPrice = RestingMarketPrice.BEST
    post_only: PostOnly = PostOnly.REJECT
    self_trade: SelfTrade = SelfTrade.NONE
    allocation: Allocation = Allocation.FIFO
    minimum_allocation: Quantity = 1
    fifo_percent: Annotated[int, Field(ge=0, le=100)] = 0
    iceberg_refill: IcebergRefill = IcebergRefill.BACK
    replace_priority: ReplacePriority = ReplacePriority.KEEP_ON_DECREASE
    band: Distance | None = None
    execution_range: Distance | None = None
    static_corridor: Distance | None = None
    dynamic_corridor: Distance | None = None
    reference_price: Price | None = None
    limits: InstrumentLimits | None = None
    """Left out: as they are."""

    @property
    def assets(self) -> list[str]:
        """What balances it moves."""
        return [asset for asset in (self.base, self.quote) if asset is not None]

    def command(self) -> AddInstrument:
        """The command that lists it."""
        return AddInstrument(
            symbol=Symbol(self.symbol),
            tick=self.tick,
            lot=self.lot,
            minimum_quantity=self.minimum_quantity,
            maximum_quantity=self.maximum_quantity,
            maximum_price=self.maximum_price,
            price_decimals=self.price_decimals,
            maker_fee_ppm=self.maker_fee_ppm,
            taker_fee_ppm=self.taker_fee_ppm,
            market_remainder_rests=self.market_remainder is MarketRemainder.REST,
            tick_table=self.tick_table,
            post_only=self.post_only,
            self_trade=self.self_trade,
            allocation=self.allocation,
            minimum_allocation=self.minimum_allocation,
            fifo_percent=self.fifo_percent,
            peak_refills_in_front=self.iceberg_refill is IcebergRefill.FRONT,
            replace_loses_priority=self.replace_priority is ReplacePriority.ALWAYS_LOSE,
            market_at_aggressor_limit=self.resting_market_price is RestingMarketPrice.AGGRESSOR,
            band=self.band,
            execution_range=self.execution_range,
            static_corridor=self.static_corridor,
            dynamic_corridor=self.dynamic_corridor,
            reference_price=self.reference_price,
            settlement=self.settlement,
            base=None if self.base is None else Asset(self.base),
            quote=None if self.quote is None else Asset(self.quote),
            base_scale=self.base_scale,
            quote_scale=self.quote_scale,
            maker_fee_per_unit=self.maker_fee_per_unit,
            taker_fee_per_unit=self.taker_fee_per_unit,
            margin=self.margin,
        )

    def fees(self) -> SetFees:
        """The command that changes what its trades cost."""
        return SetFees(
            Symbol(self.symbol),
            maker_fee_ppm=self.maker_fee_ppm,
            taker_fee_ppm=self.taker_fee_ppm,
            maker_fee_per_unit=self.maker_fee_per_unit,
            taker_fee_per_unit=self.taker_fee_per_unit,
        )


class InstrumentConfig(InstrumentTerms):
    """One instrument that can be listed."""

    @model_validator(mode="after")
    def _consistent(self) -> "InstrumentConfig":
        refuse(self, [((), text) for text in faults(self.command())])
        return self

"""Compact market situations, each with all that it must tell: a battery to hold an engine against.

In: nothing. Out: situations by name, and whether each of them holds. Some are the cases that everybody can
run with ``tontine conform``; the others stand here, because they ask for what cases do not compare: fees,
or the plain path of the engine where a case takes the careful one.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from exchange.conformance import check
from exchange.conformance.cases import read
from exchange.engine.commands import AddInstrument, BustTrade, Command
from exchange.engine.events import Event, Trade
from protocol.errors import InvariantViolated
from protocol.vocabulary import (
    AccountId,
    Allocation,
    OrderType,
    Phase,
    PostOnly,
    SelfTrade,
    Side,
    TimeInForce,
)
from tests.support.accounts import dead_man, deposit, limits, margined, protection, spot
from tests.support.books import (
    ACME,
    MAKER,
    TAKER,
    Market,
    buy,
    cancel,
    enter,
    expire,
    instrument,
    last_price,
    phase,
    reduce,
    replace,
    sell,
    stop,
    told,
)

ROOT = Path(__file__).parents[2]
FILES = (ROOT / "tests" / "conformance" / "sample.jsonl", ROOT / "examples" / "market-situations.jsonl")


class Situation(NamedTuple):
    """Commands, and the sentences of all their events but the acceptances; what people had and have then."""

    commands: list[Command]
    sentences: list[str]
    listed: AddInstrument = instrument()
    had: Mapping[AccountId, dict[str, int]] = {}
    have: Mapping[tuple[str, str], tuple[int, int]] = {}
    """Free and held, by owner and asset. The venue's fees are ``("fees", asset)``, nothing of them held."""

    def holds(self) -> bool:
        """Whether the engine tells this and nothing else, and everybody has what he should."""
        market = Market(self.listed)
        for owner, amounts in self.had.items():
            market.fund(owner, **amounts)
        try:
            events = [event for one in self.commands for event in market.submit(msgspec.structs.replace(one))]
        except InvariantViolated:
            return False
        if market.engine.clearing.check():
            return False
        found = {
            (owner, asset): (market.fees(asset), 0) if owner == "fees" else market.money(owner, asset)
            for owner, asset in self.have
        }
        return list(_told(events)) == self.sentences and found == self.have


def _told(events: list[Event]) -> Iterator[str]:
    for event in events:
        (sentence,) = told((event,))
        if sentence.endswith(" accepted"):
            continue
        fees = f", fees {event.maker_fee} and {event.taker_fee}" if isinstance(event, Trade) else ""
        yield sentence + fees.removesuffix(", fees 0 and 0")


def _queue(*quantities: int) -> list[Command]:
    """Asks at 100, oldest first, by the names a, b, c."""
    return [
        sell(quantity, at=100, name=name, owner=MAKER)
        for name, quantity in zip("abcdef", quantities, strict=False)
    ]


FEES: Final = instrument(maker_fee_ppm=-150, taker_fee_ppm=250)
"""Of 9 at 1110 a rebate of 1.4985 and a fee of 2.4975."""

SPOT: Final = spot(instrument(), quote_scale=2, maker_fee_per_unit=-1, taker_fee_per_unit=2)
MARGIN: Final = margined(instrument(), 10)
BOTH: Final = {MAKER: {"USD": 10_000}, TAKER: {"USD": 10_000}}

WITH_MONEY: Final[dict[str, Situation]] = {
    "reduced order holds less": Situation(
        [buy(5, at=100, name="b"), reduce("b", 2, TAKER)],
        ["b replaced: 3 at 100, keeps its place"],
        SPOT, {TAKER: {"USD": 2_000}}, {(TAKER, "USD"): (2_000 - 606, 606)},
    ),
    "better price gives money back": Situation(
        [*_queue(5), buy(8, at=110)],
        ["new with a: 5 at 100, fees -5 and 10"],
        SPOT, {MAKER: {"BTC": 5}, TAKER: {"USD": 2_000}},
        {(TAKER, "USD"): (2_000 - 1_010 - 666, 666), (MAKER, "USD"): (1_005, 0)},
    ),
    "open sale needs its margin": Situation([sell(5, at=100)], [], MARGIN, BOTH, {(TAKER, "USD"): (9_950, 50)}),
    "held money stays": Situation(
        [buy(5, at=100, name="b"), deposit(TAKER, -1)],
        ["it refused: insufficient_funds"],
        SPOT, {TAKER: {"USD": 1_010}}, {(TAKER, "USD"): (0, 1_010)},
    ),
    "transaction is carried out once": Situation(
        [deposit(TAKER, 5, transaction_id="t"), deposit(TAKER, 5, transaction_id="t")],
        ["taker +5 USD, 15 free", "taker +5 USD, 15 free, as before"],
        SPOT, {TAKER: {"USD": 10}}, {(TAKER, "USD"): (15, 0)},
    ),
    "rebate is paid out of the fees": Situation(
        [*_queue(5), buy(5, at=100)],
        ["new with a: 5 at 100, fees -5 and 10"],
        SPOT, {MAKER: {"BTC": 5}, TAKER: {"USD": 2_000}}, {("fees", "USD"): (5, 0)},
    ),
    "bust gives the fees back": Situation(
        [*_queue(5), buy(5, at=100), BustTrade(1, ACME, 100, 5, TAKER, 10, MAKER, -5)],
        ["new with a: 5 at 100, fees -5 and 10", "trade 1 busted: 5 at 100"],
        SPOT, {MAKER: {"BTC": 5}, TAKER: {"USD": 2_000}}, {(TAKER, "USD"): (2_000, 0), (MAKER, "USD"): (0, 0), ("fees", "USD"): (0, 0)},
    ),
    "open orders count toward the position": Situation(
        [limits(TAKER, position=8), buy(5, at=90, name="a"), buy(4, at=91, name="b"), buy(3, at=92, name="c")],
        ["limits of taker in everything", "b refused: position_limit"],
        MARGIN, BOTH, {(TAKER, "USD"): (9_920, 80)},
    ),
    "losses count before they are realised": Situation(
        [limits(TAKER, daily_loss=49), *_queue(10), buy(10, at=100, name="t"), last_price(95), buy(1, at=90, name="b")],
        ["limits of taker in everything", "t with a: 10 at 100", "last price 95", "b refused: daily_loss_limit"],
        MARGIN, BOTH, {(TAKER, "USD"): (9_900, 100)},
    ),
    "quotes are pulled in time": Situation(
        [
            protection(MAKER, "s", 1, 100),
            sell(5, at=100, name="ask", owner=MAKER, quote_set="s"),
            buy(1, at=100, name="t"),
            buy(1, at=100, name="u", time_in_force=TimeInForce.IOC),
        ],
        [
            "quotes s of maker protected: 1 fills in 100",
            "t with ask: 1 at 100",
            "ask canceled 4: quotes_pulled",
            "quotes s of maker pulled: 1 canceled",
            "u canceled 1: immediate_or_cancel",
        ],
    ),
    "dead man is punctual": Situation(
        [buy(1, at=90, name="a"), dead_man(TAKER, 7), expire(6), expire(7)],
        ["dead man of taker armed for 7", "0 expired", "0 expired", "a canceled 1: dead_man", "dead man of taker fired: 1 canceled"],
    ),
}  # fmt: skip

OWN: Final[dict[str, Situation]] = {
    "oldest first, at its price": Situation(
        [*_queue(4, 2), buy(5, at=105)], ["new with a: 4 at 100", "new with b: 1 at 100"]
    ),
    "oldest first, at its price, for an order with terms": Situation(
        [*_queue(4, 2), buy(5, at=105, self_trade=SelfTrade.CANCEL_MAKER)],
        ["new with a: 4 at 100", "new with b: 1 at 100"],
    ),
    "partly filled maker is met again": Situation(
        [*_queue(4, 2), buy(1, at=100, name="1"), buy(4, at=100, name="2")],
        ["1 with a: 1 at 100", "2 with a: 3 at 100", "2 with b: 1 at 100"],
    ),
    "maker partly filled by an order with terms is met again": Situation(
        [*_queue(4, 2), buy(1, at=100, name="1", minimum_quantity=1), buy(4, at=100, name="2")],
        ["1 with a: 1 at 100", "2 with a: 3 at 100", "2 with b: 1 at 100"],
    ),
    "refilled peak stands behind": Situation(
        [
            sell(30, at=100, name="ice", owner=MAKER, display=10),
            sell(5, at=100, name="b", owner=MAKER),
            buy(10, at=100, name="1"),
            buy(6, at=100, name="2"),
        ],
        ["1 with ice: 10 at 100", "2 with b: 5 at 100", "2 with ice: 1 at 100"],
    ),
    "peak that is all there is": Situation(
        [
            sell(3, at=100, name="ice", owner=MAKER, display=4),
            buy(2, name="1"),
            buy(2, name="2"),
        ],
        ["1 with ice: 2 at 100", "2 with ice: 1 at 100", "2 canceled 1: market_remainder"],
    ),
    "emptied level is in nobody's way": Situation(
        [*_queue(5), cancel("a"), buy(5, at=100, post_only=True), sell(5, at=100, name="s")],
        ["a canceled 5: requested", "s with new: 5 at 100"],
    ),
    "canceled quantity is not counted": Situation(
        [*_queue(5, 5), cancel("a"), buy(6, at=100, time_in_force=TimeInForce.FOK)],
        ["a canceled 5: requested", "new canceled 6: fill_or_kill"],
    ),
    "exact fit fills": Situation(
        [*_queue(5, 5), buy(10, at=100, time_in_force=TimeInForce.FOK)],
        ["new with a: 5 at 100", "new with b: 5 at 100"],
    ),
    "reserve is executable": Situation(
        [
            sell(20, at=100, name="ice", owner=MAKER, display=10),
            buy(20, at=100, time_in_force=TimeInForce.FOK, self_trade=SelfTrade.NONE),
        ],
        ["new with ice: 10 at 100", "new with ice: 10 at 100"],
    ),
    "own orders are not executable": Situation(
        [*_queue(5), sell(5, at=100, name="own"), buy(10, at=100, time_in_force=TimeInForce.FOK, self_trade=SelfTrade.CANCEL_MAKER)],
        ["new canceled 10: fill_or_kill"],
    ),
    "earlier order gives way": Situation(
        [
            *_queue(400),
            sell(400, at=100, name="whole", owner=MAKER, all_or_none=True),
            sell(400, at=101, name="next", owner=MAKER),
            buy(600, at=101, all_or_none=True),
        ],
        ["new with a: 200 at 100", "new with whole: 400 at 100"],
    ),
    "protection holds": Situation(
        [*_queue(5), sell(5, at=103, name="far", owner=MAKER), buy(10, protection=2)],
        ["new with a: 5 at 100", "new canceled 5: market_remainder"],
    ),
    "locking price counts as crossing": Situation(
        [*_queue(5), buy(5, at=100, post_only=True)],
        ["new canceled 5: post_only"],
        instrument(post_only=PostOnly.CANCEL),
    ),
    "return to an old price goes to the back": Situation(
        [*_queue(5, 5), replace("a", price=101), replace("a", price=100), buy(5, at=100)],
        ["a replaced: 5 at 101, goes to the back", "a replaced: 5 at 100, goes to the back", "new with b: 5 at 100"],
    ),
    "order that grows goes to the back": Situation(
        [*_queue(5, 5), buy(1, at=90, name="p", all_or_none=True), replace("a", quantity=6), buy(5, at=100)],
        ["a replaced: 6 at 100, goes to the back", "new with b: 5 at 100"],
    ),
    "activation triggers another": Situation(
        [
            *_queue(1),
            sell(1, at=102, name="b", owner=MAKER),
            sell(1, at=104, name="c", owner=MAKER),
            stop(Side.BUY, 102, name="second"),
            stop(Side.BUY, 100, name="first"),
            buy(1, at=100),
        ],
        [
            "new with a: 1 at 100",
            "first triggered at 100",
            "first with b: 1 at 102",
            "second triggered at 102",
            "second with c: 1 at 104",
        ],
    ),
    "trailing stop stays": Situation(
        [
            last_price(100),
            enter(Side.SELL, 1, name="t", order_type=OrderType.STOP, trail=5),
            last_price(110),
            last_price(106),
            last_price(105),
        ],
        ["last price 100", "last price 110", "last price 106", "last price 105", "t triggered at 105", "t canceled 1: no_liquidity"],
    ),
    "deadline itself expires": Situation(
        [buy(5, at=100, time_in_force=TimeInForce.GTD, expires_at_ns=7), expire(6), expire(7)],
        ["0 expired", "new canceled 5: expired", "1 expired"],
    ),
    "pegs do not hold each other up": Situation(
        [
            buy(5, at=100, name="x", owner=MAKER),
            buy(5, at=99, name="y", owner=MAKER),
            enter(Side.BUY, 5, name="p", order_type=OrderType.PEG),
            cancel("x"),
        ],
        ["p rests 5 at 100", "x canceled 5: requested", "p moves from 100 to 99"],
    ),
    "auction leaves the least over": Situation(
        [
            phase(Phase.OPENING_AUCTION),
            buy(100, at=103, name="b", owner=MAKER),
            buy(50, at=101, name="c", owner=MAKER),
            sell(100, at=100, name="s", owner=MAKER),
            phase(Phase.CONTINUOUS, reference_price=100),
        ],
        ["continuous to opening_auction", "b buys from s: 100 at 103", "auction: 100 at 103, surplus 0", "opening_auction to continuous"],
    ),
    "auction serves better prices first": Situation(
        [
            phase(Phase.OPENING_AUCTION),
            buy(50, at=100, name="early", owner=MAKER),
            buy(50, at=103, name="better", owner=MAKER),
            sell(50, at=100, name="s", owner=MAKER),
            sell(20, at=100, name="t", owner=MAKER),
            phase(Phase.CONTINUOUS),
        ],
        [
            "continuous to opening_auction",
            "better buys from s: 50 at 100",
            "early buys from t: 20 at 100",
            "auction: 70 at 100, surplus 30",
            "opening_auction to continuous",
        ],
    ),
    "shares are rounded down": Situation(
        [
            *(
                buy(quantity, at=100, name=name, owner=MAKER)
                for name, quantity in (("top", 10), ("a", 5), ("b", 20), ("c", 50), ("d", 75))
            ),
            sell(60, at=100),
        ],
        [f"new with {name}: {share} at 100" for name, share in (("top", 10), ("a", 3), ("b", 6), ("c", 16), ("d", 25))],
        instrument(allocation=Allocation.PRO_RATA),
    ),
    "fees are cut toward zero": Situation(
        [sell(9, at=1_110, name="a", owner=MAKER), buy(9, at=1_110)], ["new with a: 9 at 1110, fees -1 and 2"], FEES
    ),
    "fees of an order with terms are cut toward zero": Situation(
        [sell(9, at=1_110, name="a", owner=MAKER), buy(9, at=1_110, minimum_quantity=9)],
        ["new with a: 9 at 1110, fees -1 and 2"],
        FEES,
    ),
}  # fmt: skip
"""What a whole engine of one's own should be held against first, too."""


def battery() -> dict[str, Callable[[], bool]]:
    """All situations by name; each says whether it holds."""
    found: dict[str, Callable[[], bool]] = {
        case.id: (lambda case=case: check.run(case).ending is not check.Ending.FAILED)  # type: ignore[misc]
        for case in read(FILES)
    }
    return found | {name: situation.holds for name, situation in (OWN | WITH_MONEY).items()}

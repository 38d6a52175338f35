"""The sample tape: a quarter of an hour of trades in ACME and BOLT, which ships with the package.

In: lines of a tape. Out: trades. A tape is a file of the venue's own messages, ``TradePrint``, one JSON object a line, as a
client that reads the channel ``trades`` gets them. The sample comes from random orders on the real engine; whoever wants
a longer one makes it up. Both are the same each time.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from legacy.steps.market import ACME, BOLT, OPENING_NS, Market
from protocol.codec import encode
from protocol.errors import VenueError
from protocol.fields import Message
from protocol.market import TradePrint
from protocol.messages import NewOrder, ServerMessage
from protocol.vocabulary import Channel, ClientOrderId, Side, Symbol

SAMPLE: Final = Path(__file__).with_name("tape.jsonl")

_decode: Final = msgspec.json.Decoder(ServerMessage).decode


class NotATape(VenueError):
    """What was read is not what a venue writes. ``text`` says so in a sentence."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def parse(line: bytes) -> TradePrint:
    """The trade on one line of a tape.

    Raises:
        NotATape: the line is no trade.
    """
    trade = message_of(line)
    if not isinstance(trade, TradePrint):
        raise NotATape(f"{line[:60]!r} is no trade")
    return trade


def message_of(line: bytes) -> Message:
    """Whatever the venue said on one line.

    Raises:
        NotATape: the line is no message of a venue.
    """
    try:
        message: Message = _decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NotATape(f"{line[:60]!r} is no message: {error}") from error
    return message


def random_orders(market: Market, orders: int, symbols: Sequence[Symbol], seed: int) -> Iterator[NewOrder]:
    """Enters so many random orders, as a member called ``crowd``; gives out each when it has been carried out."""
    rng = Random(seed)
    crowd = market.member("crowd")
    middles = {ACME: 10_000, BOLT: 4_200}
    for number in range(orders):
        market.clock.advance(ns=rng.randrange(2_000_000_000))
        symbol = rng.choice(symbols)
        middles[symbol] += rng.randint(-3, 3)
        side = rng.choice((Side.BUY, Side.SELL))
        price = middles[symbol] + rng.randint(-12, 12)
        order = NewOrder(ClientOrderId(f"o{number}"), symbol, side, rng.randint(1, 20), price)
        crowd.send(order)
        yield order


def random_day(market: Market, orders: int = 1_000, seed: int = 9) -> Iterator[TradePrint]:
    """The trades of so many random orders in ACME and BOLT, as the engine matches them."""
    watcher = market.member("watcher")
    watcher.watch(Channel.TRADES, ACME)
    watcher.watch(Channel.TRADES, BOLT)
    for _ in random_orders(market, orders, (ACME, ACME, BOLT), seed):
        for message in watcher.mail:
            if isinstance(message, TradePrint):
                yield message


def made_up(trades: int, seed: int = 9) -> Iterator[TradePrint]:
    """So many trades without an engine: a price that walks at random. For files of any length, made fast."""
    rng, price = Random(seed), 10_000
    for number in range(1, trades + 1):
        price = max(price + rng.randint(-2, 2), 1)
        at_ns = OPENING_NS + number * 50_000_000
        yield TradePrint(ACME, number, number, at_ns, price, 1 + number % 20, Side.BUY)


def write_tape(path: Path, trades: Iterator[TradePrint]) -> None:
    """A file of these trades."""
    with path.open("wb") as file:
        file.writelines(encode(trade) for trade in trades)


def units(price: int) -> str:
    """A price as people read it: ``10025`` is ``100.25``."""
    whole, cents = divmod(abs(price), 100)
    return f"{'-' * (price < 0)}{whole}.{cents:02}"


def time_of_day(at_ns: int) -> str:
    """``09:30:05.250``, in UTC."""
    seconds, ms = divmod(at_ns // 1_000_000, 1_000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours % 24:02}:{minute:02}:{second:02}.{ms:03}"

"""Strategies that do what none should."""

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from protocol.market import TradePrint
from protocol.messages import PrivateMessage
from protocol.vocabulary import Channel, Nanoseconds, Price, Side, Symbol
from traders.strategies.base import Parameters, Strategy, Working
from traders.strategies.intents import CancelAll, CancelOrder, Intent, Place, ReplaceOrder


class Hostile(Strategy):
    """Leaves an order in the book, then does its worst on the third timer. It sees no market."""

    channels = frozenset[Channel]()

    def on_start(self) -> Iterable[Intent]:
        return (self.buy(self.symbols[0], 1, at=50),)

    def on_timer(self, now_ns: Nanoseconds) -> Iterable[Intent]:
        self.timers = getattr(self, "timers", 0) + 1
        if self.timers < 3:
            return ()
        # On its way when the worst is done.
        return [self.buy(self.symbols[0], 1, at=51)] if self.timers == 3 else self.worst()

    def worst(self) -> Any:
        raise NotImplementedError


class Raises(Hostile):
    def worst(self) -> Any:
        raise ZeroDivisionError("a mistake")


class RaisesWhileYielding(Hostile):
    def worst(self) -> Any:
        yield self.buy(self.symbols[0], 1, at=52)
        raise KeyError("half way")


class Exits(Hostile):
    def worst(self) -> Any:
        sys.exit("enough")


class Recurses(Hostile):
    def worst(self) -> Any:
        return self.worst()


class AnswersNothing(Hostile):
    def worst(self) -> Any:
        return None


class AnswersText(Hostile):
    def worst(self) -> Any:
        return ["buy"]


class AnswersForeignTag(Hostile):
    def worst(self) -> Any:
        return [CancelOrder(77)]


class AnswersNoTag(Hostile):
    def worst(self) -> Any:
        return [CancelOrder([])]  # type: ignore[arg-type]


class AnswersTwice(Hostile):
    def worst(self) -> Any:
        order = self.buy(self.symbols[0], 1, at=52)
        return [order, order]


class AsksForAFraction(Hostile):
    def worst(self) -> Any:
        return [self.buy(self.symbols[0], 1, at=52.5)]


class AsksForText(Hostile):
    def worst(self) -> Any:
        return [self.buy(self.symbols[0], "1", at=52)]


class AsksForMoreThanAWireCarries(Hostile):
    def worst(self) -> Any:
        return [self.buy(self.symbols[0], 2**70, at=52)]


class AsksForNoSide(Hostile):
    def worst(self) -> Any:
        self._last_tag += 1
        return [Place(self._last_tag, self.symbols[0], "buy", 1, 52)]  # type: ignore[arg-type]


class AsksForNoInstrument(Hostile):
    def worst(self) -> Any:
        return [self.buy(None, 1, at=52)]


class AsksForStrangeTerms(Hostile):
    def worst(self) -> Any:
        return [self.buy(self.symbols[0], 1, at=52, display=1.5)]  # type: ignore[arg-type]


class AsksForUnknownTerms(Hostile):
    def worst(self) -> Any:
        return [self.buy(self.symbols[0], 1, at=52, colour="red")]  # type: ignore[call-arg]


class ReplacesWithText(Hostile):
    def worst(self) -> Any:
        return [ReplaceOrder(next(iter(self.orders)), None, "52")]  # type: ignore[arg-type]


class CancelsAllOfANumber(Hostile):
    def worst(self) -> Any:
        return [CancelAll(5)]  # type: ignore[arg-type]


class AnswersForEver(Hostile):
    def worst(self) -> Any:
        while True:
            yield self.buy(self.symbols[0], 1, at=52)


class AnswersMany(Hostile):
    def worst(self) -> Any:
        return [self.buy(self.symbols[0], 1, at=52) for _ in range(20_000)]


class Sleeps(Hostile):
    def worst(self) -> Any:
        time.sleep(3_600)
        return ()


class ThinksForEver(Hostile):
    def worst(self) -> Any:
        while True:
            pass


class CatchesEverything(Hostile):
    def worst(self) -> Any:
        while True:
            with suppress(Exception):
                time.sleep(3_600)


class Answers(Strategy):
    """Answers each report with another order, so that two of them never come to an end."""

    channels = frozenset[Channel]()

    def on_start(self) -> Iterable[Intent]:
        return (self.buy(self.symbols[0], 1, at=50),)

    def on_report(self, report: PrivateMessage, order: Working | None) -> Iterable[Intent]:
        return (self.buy(self.symbols[0], 1, at=50),)


class Provokes(Strategy):
    """Trades whenever somebody trades."""

    channels = frozenset((Channel.TRADES,))

    def on_start(self) -> Iterable[Intent]:
        yield from self._both(self.symbols[0])

    def on_trade(self, trade: TradePrint) -> Iterable[Intent]:
        yield from self._both(trade.symbol)

    def _both(self, symbol: Symbol, price: Price = 100) -> Iterator[Intent]:
        for side in Side:
            yield (self.buy if side is Side.BUY else self.sell)(symbol, 1, at=price)


class CantBeMade(Strategy):
    def __init__(self, instruments: Any, parameters: Parameters, rng: Any) -> None:
        raise OSError("no such file")


class Keeps(Strategy):
    """Does what it should: quotes, and counts its timers."""

    channels = frozenset[Channel]()
    timers = 0

    def on_timer(self, now_ns: Nanoseconds) -> Iterable[Intent]:
        self.timers += 1
        return [] if self.orders else [self.sell(self.symbols[0], 1, at=200)]

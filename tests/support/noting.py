"""A strategy that notes what it hears and when, and does what it is told at its timers."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from protocol.vocabulary import Channel, Interval, Nanoseconds
from traders.strategies.base import Strategy
from traders.strategies.intents import Event, Intent, TimerFired


class Notes(Strategy):
    """Hears everything there is."""

    channels = frozenset(Channel)
    candle_intervals = (Interval.SECOND,)
    depth_levels = 3

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.heard: list[tuple[Nanoseconds, Event]] = []
        """With the time by ``clock``, where there is one."""
        self.clock: Callable[[], Nanoseconds] = lambda: self.now_ns
        self.script: list[Callable[[], Iterable[Intent]]] = []
        """What it does at each timer, one after the other."""

    def on_event(self, event: Event) -> Sequence[Intent]:
        self.heard.append((self.clock(), event))
        return super().on_event(event)

    def on_timer(self, now_ns: Nanoseconds) -> Iterable[Intent]:
        return self.script.pop(0)() if self.script else ()

    def of(self, *kinds: type) -> list[Any]:
        """What it heard of these kinds."""
        return [event for _, event in self.heard if isinstance(event, kinds)]

    @property
    def told(self) -> list[Event]:
        """Everything but its timers."""
        return [event for _, event in self.heard if not isinstance(event, TimerFired)]


class Samples(Notes):
    """Looks at the market at its timers only."""

    sampled = True

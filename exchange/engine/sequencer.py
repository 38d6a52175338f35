"""The single writer: numbers commands, stamps them with the time, applies them, in one order for all.

In: unstamped commands from whoever accepts requests; the time, from a function handed in. Out: the
events of each. Commands and events gather until ``take_turn``: that is what the journal writes as
one transaction, and what a replay must produce again.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from exchange.engine.commands import Command
from exchange.engine.engine import Engine, Events
from protocol.errors import InvariantViolated, SequenceGap
from protocol.vocabulary import Nanoseconds, Sequence


class Turn(NamedTuple):
    """The commands taken between two commits, with the events of each. Never empty."""

    first_seq: Sequence
    commands: list[Command]
    events: list[Events]


class Sequencer:
    """Owns the engine; nobody else applies commands to it while the venue runs."""

    def __init__(self, engine: Engine, now_ns: Callable[[], Nanoseconds]) -> None:
        self.engine = engine
        self.last_seq: Sequence = 0
        self.last_at_ns: Nanoseconds = 0
        self._now_ns = now_ns
        self._handlers = engine.handlers
        self._commands: list[Command] = []
        self._events: list[Events] = []

    def submit(self, command: Command) -> Events:
        """Number, stamp and apply a command that was not stamped before.

        Raises:
            InvariantViolated: the engine failed in the middle of it, and its state is worth nothing any
                more. The command is in no turn: a replay of the journal ends before it.
        """
        self.last_seq = command.seq = self.last_seq + 1
        at_ns = self._now_ns()
        # The machine's clock may be set back; the venue's time is not.
        if at_ns < self.last_at_ns:
            at_ns = self.last_at_ns
        self.last_at_ns = command.at_ns = at_ns
        try:
            events = self._handlers[type(command)](command)  # Engine.apply, a call less
        except Exception as error:
            raise InvariantViolated(f"command {command.seq} broke the engine: {command!r}") from error
        self._commands.append(command)
        self._events.append(events)
        return events

    def now_ns(self) -> Nanoseconds:
        """What a command would be stamped with now."""
        return max(self._now_ns(), self.last_at_ns)

    def replay(self, commands: Iterable[Command]) -> list[Events]:
        """Apply commands that carry their numbers and times already, out of the journal; the events of each.

        Raises:
            SequenceGap: a number is not the next one; the state is that of no moment then.
        """
        handlers = self._handlers
        replayed: list[Events] = []
        command = None
        for seq, command in enumerate(commands, self.last_seq + 1):
            if command.seq != seq:
                raise SequenceGap("the journal", seq, command.seq)
            replayed.append(handlers[type(command)](command))
        if command is not None:
            self.last_seq, self.last_at_ns = command.seq, command.at_ns
        return replayed

    def resume(self, last_seq: Sequence, last_at_ns: Nanoseconds) -> None:
        """Continue after a snapshot: the engine's state is that after command ``last_seq``."""
        self.last_seq = last_seq
        self.last_at_ns = last_at_ns

    @property
    def has_turn(self) -> bool:
        """Whether anything was submitted since the last ``take_turn``."""
        return bool(self._commands)

    def take_turn(self) -> Turn | None:
        """What was submitted since the last call, or ``None``."""
        if not self._commands:
            return None
        turn = Turn(self.last_seq - len(self._commands) + 1, self._commands, self._events)
        self._commands, self._events = [], []
        return turn

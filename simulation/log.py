"""The event log of a run: what proves that two runs were the same.

In: turns, in order. Out: a hash over every command and every event, byte for byte as a journal would have them; whoever
keeps them gets the same turns. Equal scenario, equal seed: equal hash, on any machine and any Python.
"""

from hashlib import sha256

import msgspec

from exchange.engine.sequencer import Turn


class EventLog:
    """Hashes a run as it goes on."""

    def __init__(self) -> None:
        self.commands = 0
        self.events = 0
        self._hash = sha256()
        self._encode = msgspec.json.Encoder().encode_lines

    def add(self, turn: Turn) -> None:
        """The next turn."""
        self.commands += len(turn.commands)
        self.events += sum(map(len, turn.events))
        # Where a turn ends must not matter: each command with its events is a line of its own.
        self._hash.update(self._encode(zip(turn.commands, turn.events, strict=True)))

    @property
    def digest(self) -> str:
        """Of everything so far, 32 hexadecimal digits: half a SHA-256, which processors have instructions for."""
        return self._hash.hexdigest()[:32]

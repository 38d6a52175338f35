"""What the venue counts: how often each of its bounds was met, what it carried out, how long that took.

In: a name of the list below, whenever its thing happens; the commands of a turn; durations. Out: the counts since
the start. Plain numbers of the process: not journalled, never reset.
"""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from exchange.engine.commands import Command
from exchange.timings import Timings
from protocol.vocabulary import RejectReason


class Metric(StrEnum):
    """What is counted; ``DESCRIPTIONS`` says what each means."""

    CONNECTIONS = "connections"
    CONNECTIONS_REFUSED = "connections_refused"
    HANDSHAKES_FAILED = "handshakes_failed"
    LOGINS = "logins"
    LOGINS_FAILED = "logins_failed"
    LOGINS_THROTTLED = "logins_throttled"
    LOGINS_REFUSED = "logins_refused"
    LOGIN_TIMEOUTS = "login_timeouts"
    LINE_TIMEOUTS = "line_timeouts"
    HEARTBEATS_MISSED = "heartbeats_missed"
    LINES_INVALID = "lines_invalid"
    LINES_TOO_LONG = "lines_too_long"
    ROLE_REFUSALS = "role_refusals"
    REQUESTS_REJECTED = "requests_rejected"
    DUPLICATE_ORDERS = "duplicate_orders"
    SLOW_CONSUMERS = "slow_consumers"
    CANCELS_ON_DISCONNECT = "cancels_on_disconnect"


DESCRIPTIONS: Final[dict[Metric, str]] = {
    Metric.CONNECTIONS: "Connections that were let in.",
    Metric.CONNECTIONS_REFUSED: "Connections turned away: the venue, or their source, had as many as it may have.",
    Metric.HANDSHAKES_FAILED: "Connections that did not get through the TLS handshake, or not in time.",
    Metric.LOGINS: "Logins that were let in.",
    Metric.LOGINS_FAILED: "Logins whose account and secret did not belong together.",
    Metric.LOGINS_THROTTLED: "Logins turned away unlooked at: too many at once, or too many failed before.",
    Metric.LOGINS_REFUSED: "Logins whose secret was right, and what they asked for was not to be had.",
    Metric.LOGIN_TIMEOUTS: "Connections cut because no login came in time.",
    Metric.LINE_TIMEOUTS: "Connections cut because a line was begun and not finished in time.",
    Metric.HEARTBEATS_MISSED: "Sessions cut because nothing was heard of them for three intervals.",
    Metric.LINES_INVALID: "Lines that were no message, or not one for this moment.",
    Metric.LINES_TOO_LONG: "Connections cut because a line went beyond the limit.",
    Metric.ROLE_REFUSALS: "Requests that the role of their session does not allow.",
    Metric.REQUESTS_REJECTED: "Orders and changes of orders that the market refused.",
    Metric.DUPLICATE_ORDERS: "Orders refused because their client order id was used before.",
    Metric.SLOW_CONSUMERS: "Connections cut because too much was left unread.",
    Metric.CANCELS_ON_DISCONNECT: "Sessions that took their orders with them when they ended.",
}


class Metrics:
    """The counts of one venue."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(Metric, 0)
        self.commands: Counter[type[Command]] = Counter()
        """Carried out since the start, refused ones included; what a replay did is not in it."""
        self.refusals: Counter[tuple[type[Command], RejectReason]] = Counter()
        """Those of them that the market refused."""
        self.timings = Timings()

    def add(self, metric: Metric) -> None:
        """It happened once more."""
        self._counts[metric] += 1

    def add_turn(self, commands: Sequence[Command]) -> None:
        """These were carried out: once a turn, in one sweep, so that a command by itself costs next to nothing here."""
        if len(commands) == 1:
            self.commands[type(commands[0])] += 1
        else:
            self.commands.update(map(type, commands))

    def refuse(self, command: Command, reason: RejectReason) -> None:
        """The market refused a command."""
        self.refusals[type(command), reason] += 1

    def __getitem__(self, metric: Metric) -> int:
        return self._counts[metric]

    def counts(self) -> dict[str, int]:
        """All counts by name, in the order of the list."""
        return {metric.value: count for metric, count in self._counts.items()}

"""What came of it: everything the traders remember against everything the venue says at the end.

In: traders after their last session, one look back at each account, what ``verify`` said. Out: findings,
each with its numbers and its faults. The target of each is no fault at all.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from tests.torture.founding import INSTRUMENTS
from tests.torture.looking_back import Look
from tests.torture.standing import Json, Standing
from tests.torture.trader import ANSWERS, SESSIONS, STREAM, Trader
from tests.torture.wishes import NEW, Key, answered

_LINE: Final = re.compile(rb',"line":\d+}$')
_DUPLICATE: Final = "duplicate_client_order_id"


@dataclass(slots=True)
class Finding:
    """One check."""

    name: str
    wrong: str
    """What a fault is, in the plural."""
    looked_at: str = ""
    faults: list[str] = field(default_factory=list)

    @property
    def met(self) -> bool:
        """Whether all is as it must be."""
        return not self.faults

    def __str__(self) -> str:
        verdict = "met" if self.met else "NOT MET"
        return f"{verdict:7}  {self.name:12}  {self.looked_at}; {self.wrong}: {len(self.faults)} (target: 0)"


class _Side(NamedTuple):
    """One report of a trade."""

    account: str
    symbol: str
    side: str
    price: int
    quantity: int


def as_kept(line: bytes) -> bytes:
    """A private message as everybody gets it: who sent the request is told its line number, too."""
    return _LINE.sub(b"}", line) if line.startswith(b'{"type":"rejected"') else line


class Judge:
    """Hears one account after the other."""

    def __init__(self) -> None:
        self.received = Finding("received", "not in the stream byte for byte")
        self.streams = Finding("streams", "gaps, repetitions, states that do not fit")
        self.acknowledged = Finding("acknowledged", "lost")
        self.once = Finding("once", "executed twice, or told otherwise than it was")
        self.trades = Finding("trades", "missing, or not told to exactly two sides")
        self.answered = Finding("answered", "left unanswered")
        self.money = Finding("money", "accounts or sums that differ")
        self.sessions = Finding("sessions", "orders left open, or cancels not told")
        self._count: Counter[str] = Counter()
        self._sides: dict[int, list[_Side]] = {}
        self._balances: Counter[str] = Counter()
        self._owed: Counter[str] = Counter()
        self._positions: Counter[str] = Counter()

    def hear(self, trader: Trader, look: Look) -> None:
        """What a trader remembers, and what the venue says about its account."""
        self._hear_distrust(trader)
        self._compare_lines(trader, look)
        messages: list[Json] = [msgspec.json.decode(line) for line in look.lines]
        self._count_numbers(trader, messages)
        self._find_answers(trader, messages)
        standing = Standing()
        for message in messages:
            standing.take(message)
            if message["type"] == "trade_report":
                self._hear_of_trade(trader.member.name, message)
        self._compare_standing(trader, look, standing)
        self._look_at_sessions(trader, look)

    def findings(self, accounts: int) -> list[Finding]:
        """All checks but the journal's, when every account was heard."""
        self._close_trades()
        self._close_money()
        count = self._count
        self.received.looked_at = f"{count['received']:,} private messages received"
        self.streams.looked_at = (
            f"{count['kept']:,} messages in {accounts} streams, {count['connections']:,} connections, "
            f"{count['resumes']:,} of them resumed with {count['resumed']:,} messages"
        )
        self.acknowledged.looked_at = f"{count['acknowledged']:,} answers received"
        self.once.looked_at = (
            f"{count['orders']:,} orders, {count['accepted']:,} accepted; {count['sent_again']:,} requests sent again, "
            f"{count['repeated']:,} of them told what had become of the order"
        )
        self.trades.looked_at = f"{len(self._sides):,} trades"
        self.answered.looked_at = f"{count['asked']:,} requests"
        self.money.looked_at = (
            f"positions, costs and balances of {accounts} accounts against their streams; sums of "
            f"{', '.join([*sorted(self._positions), *sorted(self._balances)])}"
        )
        self.sessions.looked_at = (
            f"{count['lost']:,} sessions lost that cancel on disconnect, {count['taken_along']:,} cancels found on "
            f"resume; {count['fired']:,} dead men fired"
        )
        if not count["taken_along"]:
            self.sessions.faults.append("no cancel was ever seen on resume: nothing was tried")
        return [
            self.received, self.streams, self.acknowledged, self.once, self.trades, self.answered, self.money,
            self.sessions,
        ]  # fmt: skip

    # -- one account ---------------------------------------------------------------------------

    def _hear_distrust(self, trader: Trader) -> None:
        if trader.distrust is not None:
            finding = {STREAM: self.streams, ANSWERS: self.once, SESSIONS: self.sessions}[
                trader.distrust.check
            ]
            finding.faults.append(f"{trader.member.name}: {trader.distrust.text}")

    def _compare_lines(self, trader: Trader, look: Look) -> None:
        self._count["received"] += len(trader.received)
        if len(trader.received) > len(look.lines):
            self.received.faults.append(
                f"{trader.member.name} had received {len(trader.received)} messages, kept are {len(look.lines)}"
            )
        for number, (received, kept) in enumerate(zip(trader.received, look.lines, strict=False), 1):
            if as_kept(received) != kept:
                self.received.faults.append(
                    f"{trader.member.name}, message {number}: received {received!r}, kept {kept!r}"
                )

    def _count_numbers(self, trader: Trader, messages: list[Json]) -> None:
        count = self._count
        count["kept"] += len(messages)
        count["connections"] += trader.connections
        count["resumes"] += trader.resumes
        count["resumed"] += trader.resumed
        for number, message in enumerate(messages, 1):
            if message["seq"] != number:
                self.streams.faults.append(
                    f"{trader.member.name}: place {number} has number {message['seq']}"
                )

    def _find_answers(self, trader: Trader, messages: list[Json]) -> None:
        """Each request in the stream: answered, and not too often."""
        count = self._count
        answers: Counter[Key] = Counter()
        accepted: Counter[str] = Counter()
        undecided = {request.key for request in trader.asked if request.key[0] == NEW}
        for message in messages:
            key = answered(message)
            if key is not None:
                answers[key] += 1
                accepted[key[1]] += message["type"] == "accepted"
                if message.get("reason") != _DUPLICATE:
                    undecided.discard(key)
        count["asked"] += len(trader.asked)
        count["orders"] += sum(request.key[0] == NEW for request in trader.asked)
        count["accepted"] += accepted.total()
        count["sent_again"] += trader.sent_again
        count["repeated"] += trader.repeated
        name = trader.member.name
        self.once.faults += [
            f"{name}: {order} was accepted {times} times" for order, times in accepted.items() if times > 1
        ]
        self.answered.faults += [f"{name}: nobody said what became of {key}" for key in sorted(undecided)]
        self._compare_numbers(trader, answers)
        self._find_again(trader, answers)

    def _compare_numbers(self, trader: Trader, answers: Counter[Key]) -> None:
        """How often something was asked and answered."""
        name = trader.member.name
        asked = Counter(request.key for request in trader.asked)
        written: Counter[Key] = Counter()
        for request in trader.asked:
            written[request.key] += request.attempts
        for key, times in asked.items():
            # What has a name may be answered as often as it was sent. What has none was sent again only when it
            # had not been carried out, and so is answered once.
            most = written[key] if key[0] == NEW else times
            if answers[key] > most:
                self.once.faults.append(f"{name}: {key} was asked {most} times, answered {answers[key]}")
            elif answers[key] < times and key[0] != NEW:
                self.answered.faults.append(f"{name}: {key} was asked {times} times, answered {answers[key]}")
        for key in answers.keys() - asked.keys():
            self.once.faults.append(f"{name}: {key} was answered and never asked")

    def _find_again(self, trader: Trader, answers: Counter[Key]) -> None:
        """Every answer that was received is one the stream has, too."""
        received = Counter(answered(msgspec.json.decode(line)) for line in trader.received)
        for key, times in received.items():
            if key is not None:
                self._count["acknowledged"] += times
                self.acknowledged.faults += [f"{trader.member.name}: an answer to {key} is gone"] * max(
                    times - answers[key], 0
                )

    def _hear_of_trade(self, name: str, report: Json) -> None:
        side = _Side(name, report["symbol"], report["side"], report["price"], report["quantity"])
        self._sides.setdefault(report["trade_id"], []).append(side)

    def _compare_standing(self, trader: Trader, look: Look, standing: Standing) -> None:
        name = trader.member.name
        for difference in (
            standing.differs_from_welcome(look.welcome),
            standing.differs_from_state(look.state),
        ):
            if difference:
                self.money.faults.append(f"{name}: {difference}")
        if standing.deposits != trader.member.deposits:
            self.money.faults.append(
                f"{name}: paid in were {dict(standing.deposits)}, the file says {trader.member.deposits}"
            )
        self._owed.update(trader.member.deposits)
        for balance in look.state["balances"]:
            self._balances[balance["asset"]] += balance["free"] + balance.get("held", 0)
        for held in look.state.get("holdings", []):
            terms = INSTRUMENTS[held["symbol"]]
            self._positions[held["symbol"]] += held["quantity"]
            # What was paid in is with the accounts, or was paid in fees; and what margined positions have
            # realised is, in sum, what those still open have cost.
            self._owed[terms.quote] -= held.get("fees", 0)
            if terms.base is None:
                self._owed[terms.quote] += held.get("cost", 0)

    def _look_at_sessions(self, trader: Trader, look: Look) -> None:
        self._count["fired"] += sum(b'"type":"dead_man_fired"' in line for line in look.lines)
        if trader.member.habit == "takes_along":
            self._count["lost"] += trader.connections - 1  # the last one ended in order
            self._count["taken_along"] += trader.taken_along
            if look.welcome["open_orders"]:
                self.sessions.faults.append(f"{trader.member.name} has left {look.welcome['open_orders']}")

    # -- all of them ---------------------------------------------------------------------------

    def _close_trades(self) -> None:
        for number in range(1, max(self._sides, default=0) + 1):
            sides = self._sides.get(number, [])
            if not _is_whole(sides):
                self.trades.faults.append(f"trade {number} was told as {sides}")

    def _close_money(self) -> None:
        for symbol, quantity in self._positions.items():
            if quantity:
                self.money.faults.append(f"positions in {symbol} sum to {quantity}")
        for asset in self._owed.keys() | self._balances.keys():
            if self._balances[asset] != self._owed[asset]:
                self.money.faults.append(f"{asset}: {self._balances[asset]} of {self._owed[asset]} are there")


def _is_whole(sides: list[_Side]) -> bool:
    """A buy and a sale of the same."""
    return (
        len(sides) == 2
        and {side.side for side in sides} == {"buy", "sell"}
        and sides[0][1:2] + sides[0][3:] == sides[1][1:2] + sides[1][3:]
    )


def of_journal(verdict: str) -> Finding:
    """What ``verify --ledger`` said about the journal."""
    rows = dict(_rows(verdict))
    finding = Finding("journal", "faults")
    finding.looked_at = (
        f"verify --ledger: {rows.get('commands')}; {rows.get('verdict')}; {rows.get('ledger')}"
    )
    expected = {"verdict": "same events, same state", "ledger": "conserved after every command"}
    if any(rows.get(row) != said for row, said in expected.items()):
        finding.faults.append(verdict)
    return finding


def _rows(table: str) -> Iterator[tuple[str, str]]:
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("│").split("│")]
        if len(cells) == 2:
            yield cells[0], cells[1]

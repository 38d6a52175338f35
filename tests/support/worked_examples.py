"""The worked examples of a page, read as a person reads them and carried out on the real engine.

In: the Markdown of a page. An example begins with a line ``**Example: what it shows.**`` and lasts until the
next one or the next heading. Its fenced blocks are, in this order: ``toml``, settings of the instrument as in a
venue file (may be left out); ``book``, the book before; then ``json``, lines of the protocol, or ``clock``,
what the venue's clock says, each followed by ``events``, everything that came of it; and ``book`` again, which
is compared whole. Behind a ``book``, ``curve`` may say what an auction would have to choose from. Lines are sent
by the account ``you``, until a ``login`` names another. A block ``toml`` outside of examples is a venue file.

Out: ``Wrong`` where the engine does something else, ``NotUnderstood`` where the page can't be read. Nothing
is skipped in silence.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from typing import Final, NamedTuple

import msgspec

from exchange.admin_requests import COMMANDS
from exchange.engine.book import Book
from exchange.engine.commands import Command, EndDay, EnterOrder, ExpireOrders, Terms
from exchange.engine.engine import Engine
from exchange.engine.events import Event, RequestRejected
from exchange.engine.sequencer import Sequencer
from exchange.instrument_config import InstrumentConfig
from exchange.intake import order_entry
from protocol.codec import client_message_decoder
from protocol.errors import RemoteProtocolError
from protocol.messages import Login
from tests.support import book_tables
from tests.support.book_tables import ACME, YOU, NotUnderstood


class Wrong(AssertionError):
    """The page says something that the engine does not do."""


class Block(NamedTuple):
    """A fenced block. ``line`` is that of its fence, from 1."""

    kind: str
    text: str
    line: int


class Example(NamedTuple):
    title: str
    line: int
    blocks: list[Block]


_TITLE: Final = re.compile(r"\*\*Example: (?P<title>[^*]+)\.\*\*")
_FENCE: Final = re.compile(r"```(?P<kind>[a-z]*)")
_ORDER: Final = re.compile(r"(toml )?book (curve )?(((json|clock) events )+book (curve )?)+")
"""Which blocks an example has."""
_REQUESTS: Final = order_entry(lambda _: None)


class Page(NamedTuple):
    examples: list[Example]
    venue_files: list[Block]


# -- reading ---------------------------------------------------------------------------------------
def page_of(text: str) -> Page:
    """All blocks of a page.

    Raises:
        NotUnderstood: a block stands outside of an example, or an example isn't made as it has to be.
    """
    examples: list[Example] = []
    venue_files: list[Block] = []
    inside = False
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        if line.startswith("#"):
            inside = False
        elif "*Example" in line or line.startswith("Example"):
            found = _TITLE.match(line)
            if found is None:
                raise NotUnderstood(f"line {number}: not '**Example: what it shows.**'")
            examples.append(Example(found["title"], number, []))
            inside = True
        elif "```" in line:
            fence = _FENCE.fullmatch(line)
            if fence is None or not (inside or fence["kind"] == "toml"):
                raise NotUnderstood(f"line {number}: a block outside of an example: {line}")
            block = Block(fence["kind"], _content(lines), number)
            (examples[-1].blocks if inside else venue_files).append(block)
    for example in examples:
        kinds = "".join(f"{block.kind} " for block in example.blocks)
        if not _ORDER.fullmatch(kinds):
            raise NotUnderstood(f"line {example.line}: these blocks make no example: {kinds}")
    return Page(examples, venue_files)


def _content(lines: Iterator[tuple[int, str]]) -> str:
    content: list[str] = []
    for number, line in lines:
        if line == "```":
            return "\n".join(content)
        if "```" in line:
            raise NotUnderstood(f"line {number}: a block begins inside of another")
        content.append(line)
    raise NotUnderstood("the last block has no end")


# -- carrying out ----------------------------------------------------------------------------------
class Stage:
    """One example on an engine of its own."""

    def __init__(self) -> None:
        self.engine = Engine()
        self._sequencer = Sequencer(self.engine, lambda: 0)
        self._account = YOU
        self.words: set[Enum | str] = set()
        """Words of the vocabulary and fields of terms that the example's own lines made use of."""

    @property
    def book(self) -> Book:
        return self.engine.books[ACME]

    def list_instrument(self, settings: str) -> None:
        """``settings``: keys of the venue file; for the rest the defaults of a venue file hold."""
        try:
            listed = InstrumentConfig.model_validate({"symbol": ACME} | tomllib.loads(settings))
        except ValueError as error:  # of TOML and of the venue file alike
            raise NotUnderstood(f"no settings of an instrument: {error}") from error
        self._sequencer.submit(listed.command())

    def set_up(self, table: book_tables.Table) -> None:
        """Make the book this one."""
        for command in book_tables.commands_for(table):
            refused = [one for one in self._sequencer.submit(command) if isinstance(one, RequestRejected)]
            if refused:
                raise NotUnderstood(f"the book before can't be made: {refused[0].text}")

    def send(self, line: str) -> tuple[Event, ...]:
        """A line of the protocol; a login answers nothing here, it only says who goes on."""
        ((_, message),) = client_message_decoder().decode(f"{line}\n".encode(), 1)
        if isinstance(message, Login):
            self._account = message.account
            return ()
        desk = COMMANDS.get(type(message))
        if (
            desk is not None
        ):  # as the schedule would: who orders it and why is not what a page of this kind shows
            return self.submit(desk(message))
        make = _REQUESTS.get(type(message))
        if make is None:
            why = str(message) if isinstance(message, RemoteProtocolError) else "not for an order book"
            raise NotUnderstood(f"{line}: {why}")
        return self.submit(make(self._account, message))

    def tell_time(self, line: str) -> tuple[Event, ...]:
        """``end of day``, or a moment as ISO 8601 has it, such as ``2026-01-01T12:00:00+00:00``."""
        if line == "end of day":
            return self.submit(EndDay())
        try:
            moment = datetime.fromisoformat(line)
        except ValueError as error:
            raise NotUnderstood(f"no time: {line}") from error
        if moment.tzinfo is None:
            raise NotUnderstood(f"no time zone: {line}")
        return self.submit(ExpireOrders(int(moment.timestamp()) * 1_000_000_000))

    def submit(self, command: Command) -> tuple[Event, ...]:
        self.words.add(self.book.phase)
        events = self._sequencer.submit(command)
        self.words.add(self.book.phase)
        if isinstance(command, EnterOrder) and not isinstance(events[0], RequestRejected):
            self._note(command)
        return events

    def _note(self, command: EnterOrder) -> None:
        listed, terms = self.book.instrument, command.terms or Terms()
        self.words |= {command.order_type, command.time_in_force, listed.allocation}
        self.words |= {terms.self_trade or listed.self_trade}
        if command.post_only:
            self.words.add(terms.post_only or listed.post_only)
        self.words |= set(msgspec.structs.asdict(terms)) - set(_standing_at_default(terms))


def _standing_at_default(terms: Terms) -> list[str]:
    plain = msgspec.structs.asdict(Terms())
    return [name for name, value in msgspec.structs.asdict(terms).items() if value == plain[name]]


def carry_out(example: Example) -> Stage:
    """Do what the example says and compare everything that it shows.

    Raises:
        NotUnderstood, Wrong: with the line of the page.
    """
    stage = Stage()
    blocks = list(example.blocks)
    stage.list_instrument(blocks.pop(0).text if blocks[0].kind == "toml" else "")
    before = blocks.pop(0)
    happened: list[str] = []
    at = before
    try:
        table = book_tables.read(before.text)
        stage.set_up(table)
        _compare_book(table, stage)
        for at in blocks:
            match at.kind:
                case "json":
                    happened = [book_tables.sentence(one) for line in _lines(at) for one in stage.send(line)]
                case "clock":
                    happened = [
                        book_tables.sentence(one) for line in _lines(at) for one in stage.tell_time(line)
                    ]
                case "events":
                    if happened != at.text.splitlines():
                        raise Wrong("\n".join(["what happens is", *happened]))
                case "curve":
                    if book_tables.read_curve(at.text) != book_tables.curve_of(stage.book):
                        raise Wrong(f"the curve is {book_tables.curve_of(stage.book)}")
                case _:
                    _compare_book(book_tables.read(at.text), stage)
    except (NotUnderstood, Wrong) as error:
        raise type(error)(f"line {at.line}, {example.title}: {error}") from error
    return stage


def _lines(block: Block) -> list[str]:
    lines = block.text.splitlines()
    if not lines or not all(lines):
        raise NotUnderstood("a block without a line, or with an empty one")
    return lines


def _compare_book(shown: book_tables.Table, stage: Stage) -> None:
    found = book_tables.faults(shown, book_tables.table_of(stage.book))
    if found:
        raise Wrong("\n".join(found))

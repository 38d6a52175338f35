"""The table of session states: complete, without a dead end, and the same in the docs."""

import itertools
import re
from pathlib import Path

import pytest

from protocol.errors import LocalProtocolError
from protocol.session_life import TRANSITIONS, SessionEvent, SessionState, next_state

PAIRS = list(itertools.product(SessionState, SessionEvent))
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "protocol.md"


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair in TRANSITIONS], ids=" + ".join)
def test_a_pair_in_the_table_leads_where_it_says(pair: tuple[SessionState, SessionEvent]) -> None:
    after = next_state(*pair)

    assert after is TRANSITIONS[pair]


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair not in TRANSITIONS], ids=" + ".join)
def test_a_pair_that_is_missing_is_our_fault_and_both_are_named(
    pair: tuple[SessionState, SessionEvent],
) -> None:
    with pytest.raises(LocalProtocolError) as caught:
        next_state(*pair)

    assert str(caught.value) == f"{pair[1]} is not possible while {pair[0]}"


def test_every_state_is_reached_from_open() -> None:
    reached = {SessionState.OPEN}

    for _ in SessionState:
        reached |= {after for (state, _), after in TRANSITIONS.items() if state in reached}

    assert reached == set(SessionState)


def test_every_event_happens_somewhere() -> None:
    events = {event for _, event in TRANSITIONS}

    assert events == set(SessionEvent)


def test_a_connection_may_break_in_every_state() -> None:
    after_break = {TRANSITIONS[state, SessionEvent.BREAK] for state in SessionState}

    assert after_break == {SessionState.CLOSED}


def test_nothing_leads_out_of_closed() -> None:
    after_closed = {after for (state, _), after in TRANSITIONS.items() if state is SessionState.CLOSED}

    assert after_closed == {SessionState.CLOSED}


def test_the_diagram_in_the_docs_has_the_arrows_of_the_table() -> None:
    page = PAGE.read_text(encoding="utf-8")

    arrows = re.findall(r"^ {4}(\w+) --> (\w+): (\w+)$", page, re.MULTILINE)

    drawn = {(before.replace("_", " "), event): after.replace("_", " ") for before, after, event in arrows}
    assert drawn == TRANSITIONS
    assert len(arrows) == len(TRANSITIONS)

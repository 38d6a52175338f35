"""Errors carry data and make their own sentence."""

import inspect
import pickle
import re

import pytest

from protocol import errors
from protocol.errors import (
    ConfigError,
    JournalError,
    LocalProtocolError,
    ProtocolError,
    RemoteProtocolError,
    ResumeRefused,
    SequenceGap,
    SessionBroken,
    SessionBusy,
    SessionClosed,
    SlowConsumer,
    VenueError,
    only_cause,
)
from protocol.vocabulary import ErrorCode

SENTENCES = [
    (RemoteProtocolError(ErrorCode.NOT_JSON, "what?", 3), "line 3: what? (not_json)"),
    (LocalProtocolError("send is not possible while open"), "send is not possible while open"),
    (SessionClosed("goodbye"), "goodbye"),
    (SessionBroken("the peer is gone"), "the peer is gone"),
    (SessionBusy("the tape"), "another task reads the tape already"),
    (SlowConsumer("the tape", 64), "the tape was not read: 64 messages were waiting"),
    (SequenceGap("the private stream", 4, 6), "the private stream: expected number 4, received 6"),
    (ResumeRefused(ErrorCode.RESUME_UNAVAILABLE, "no message 3 of anna"), "no message 3 of anna"),
    (JournalError("venue.journal", "disk full"), "venue.journal: disk full"),
    (ConfigError("venue.toml: tcp.port", "too large"), "venue.toml: tcp.port: too large"),
]


@pytest.mark.parametrize(("error", "sentence"), SENTENCES, ids=lambda case: type(case).__name__)
def test_an_error_makes_its_sentence_from_its_data(error: VenueError, sentence: str) -> None:
    text = str(error)

    assert text == sentence


@pytest.mark.parametrize("error", [error for error, _ in SENTENCES], ids=lambda error: type(error).__name__)
def test_an_error_survives_the_way_to_another_process(error: VenueError) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes

    assert (type(copy), vars(copy), str(copy)) == (type(error), vars(error), str(error))


def test_somebody_is_to_blame_for_a_broken_rule() -> None:
    with pytest.raises(TypeError, match="whose fault"):
        ProtocolError("a rule was broken")


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")

    defined = [name for name, _ in inspect.getmembers(errors, _is_own_error) if name != "VenueError"]

    assert sorted(drawn) == sorted(defined)


def _is_own_error(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, VenueError)


def test_the_only_cause_of_a_group_is_told_and_nothing_else_is() -> None:
    first, second = SessionBusy("one"), SessionBroken("two")

    assert only_cause(ExceptionGroup("", [first, second]), VenueError) is first
    assert only_cause(ExceptionGroup("", [ExceptionGroup("", [second])]), VenueError) is second
    assert only_cause(ExceptionGroup("", [first, KeyError()]), VenueError) is None
    assert only_cause(ExceptionGroup("", [first, ExceptionGroup("", [KeyError()])]), VenueError) is None

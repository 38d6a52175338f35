"""Lines to messages and back.

In: complete lines (from ``framing``) or messages. Out: messages with the number of the line they
stood on, or bytes ready to send. A line that is no message becomes a ``RemoteProtocolError`` in its
place among the others; no input makes these functions raise anything else.
"""

from collections.abc import Sequence
from typing import Generic, TypeVar, cast

import msgspec

from protocol.errors import RemoteProtocolError
from protocol.fields import Message
from protocol.messages import ClientMessage, ServerMessage
from protocol.vocabulary import ErrorCode

MessageT = TypeVar("MessageT", bound=Message)

_encoder = msgspec.json.Encoder()

_JSON_SPACE = b" \t\r"
_LONGEST_TEXT = 200
"""Characters of a fault's text: a field name of 60 KiB is not worth repeating to its sender."""


def encode(message: Message) -> bytes:
    """One message as one line, newline included."""
    return _encoder.encode_lines((message,))


def encode_all(messages: Sequence[Message | msgspec.Raw]) -> bytes:
    """Messages as lines. A ``Raw`` is a message encoded before: how one print reaches a thousand readers."""
    return _encoder.encode_lines(messages)


def preencode(message: Message) -> msgspec.Raw:
    """Encode once what goes to many; hand the result to ``encode_all``."""
    return msgspec.Raw(_encoder.encode(message))


class LineDecoder(Generic[MessageT]):
    """Decodes one of the two unions of messages."""

    def __init__(self, decoder: "msgspec.json.Decoder[MessageT]") -> None:
        self._decoder = decoder

    def decode(self, lines: bytes, first_line: int) -> list[tuple[int, MessageT | RemoteProtocolError]]:
        """All messages of ``lines``, each with its line number, the first line being ``first_line``.

        Blank lines are skipped, as a person who leans on the return key would expect.
        """
        plain = self.decode_plain(lines, first_line)
        return self._one_by_one(lines, first_line) if plain is None else plain

    def decode_plain(
        self, lines: bytes, first_line: int, special: frozenset[type] = frozenset()
    ) -> list[tuple[int, MessageT | RemoteProtocolError]] | None:
        """As ``decode`` if every line is a message and none is of a ``special`` type; else ``None``.

        Runs without a step of the interpreter a message: what arrives by the thousand goes this way.
        """
        try:
            messages = list(map(self._decoder.decode, lines[:-1].split(b"\n")))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        if not special.isdisjoint(map(type, messages)):
            return None
        return list(enumerate(messages, first_line))

    def _one_by_one(self, lines: bytes, first_line: int) -> list[tuple[int, MessageT | RemoteProtocolError]]:
        found: list[tuple[int, MessageT | RemoteProtocolError]] = []
        for number, line in enumerate(lines.split(b"\n")[:-1], first_line):
            if line.strip(_JSON_SPACE):
                found.append((number, self._one(line, number)))
        return found

    def _one(self, line: bytes, number: int) -> MessageT | RemoteProtocolError:
        try:
            return self._decoder.decode(line)
        except msgspec.ValidationError as error:
            return RemoteProtocolError(ErrorCode.INVALID_MESSAGE, _shortened(str(error)), number)
        except msgspec.DecodeError as error:
            return RemoteProtocolError(ErrorCode.NOT_JSON, str(error), number)
        except UnicodeDecodeError as error:
            return RemoteProtocolError(ErrorCode.NOT_JSON, f"not UTF-8: {error.reason}", number)
        except RecursionError:
            return RemoteProtocolError(ErrorCode.NOT_JSON, "nested too deeply", number)


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST_TEXT:
        return text
    half = _LONGEST_TEXT // 2
    return f"{text[:half]} ... {text[-half:]}"


def client_message_decoder() -> LineDecoder[Message]:
    """Decodes what traders send."""
    return LineDecoder(cast("msgspec.json.Decoder[Message]", msgspec.json.Decoder(ClientMessage)))


def server_message_decoder() -> LineDecoder[Message]:
    """Decodes what the venue sends."""
    return LineDecoder(cast("msgspec.json.Decoder[Message]", msgspec.json.Decoder(ServerMessage)))

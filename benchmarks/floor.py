"""The bare server of this protocol: decode every line, acknowledge it, one write a chunk.

In: lines of the protocol over TCP. Out: for each an ``accepted`` as long as the venue's; with
``--echo`` the bytes as they came. No book, no sessions, no bounds: what the venue costs beyond this
is its own. With ``--one-buffer`` it receives as the venue does, into one buffer for all connections. With
``--fan-out`` it tells all who subscribe the same lines, one write each: the least that telling a crowd can be.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable
from typing import ClassVar

import msgspec

from protocol.messages import Accepted, Cancel, ClientMessage, NewOrder, Replace
from protocol.vocabulary import ClientOrderId, Side, Symbol

_decode = msgspec.json.Decoder(ClientMessage).decode
_encode_lines = msgspec.json.Encoder().encode_lines

_NO_NAME = ClientOrderId("login")
_SYMBOL = Symbol("ACME")
_NEWLINE = 0x0A
_REQUESTS = (NewOrder, Cancel, Replace)


class Floor(asyncio.Protocol):
    """Decodes and acknowledges."""

    def __init__(self) -> None:
        self._tail = b""
        self._answered = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._write = transport.write

    def data_received(self, data: bytes) -> None:
        if self._tail or data[-1] != _NEWLINE:
            data, newline, self._tail = (self._tail + data).rpartition(b"\n")
            if not newline:
                return
            data += newline
        at_ns, seq = time.time_ns(), self._answered
        answers = []
        for line in data[:-1].split(b"\n"):
            request = _decode(line)
            seq += 1
            name = request.client_order_id if isinstance(request, _REQUESTS) else _NO_NAME
            answers.append(Accepted(seq, at_ns, name, 1_234_567, _SYMBOL, Side.BUY, 100, 10_025))
        self._answered = seq
        self._write(_encode_lines(answers))


# One buffer for all: it is read empty before the loop looks at the next socket. What asyncio.Protocol
# does instead, a new quarter of a megabyte for every chunk, costs five times the system call.
_buffer = bytearray(256 * 1024)
_view = memoryview(_buffer)


class OneBuffer(asyncio.BufferedProtocol):
    """The same on one receive buffer."""

    def __init__(self) -> None:
        self._floor = Floor()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._floor.connection_made(transport)

    def get_buffer(self, sizehint: int) -> bytearray:
        return _buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._floor.data_received(bytes(_view[:nbytes]))


class Echo(OneBuffer):
    """Says what it heard."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._write = transport.write

    def buffer_updated(self, nbytes: int) -> None:
        self._write(bytes(_view[:nbytes]))


class FanOut(asyncio.Protocol):
    """Whoever says ``subscribe`` is told what somebody else hands in once, at every ``!`` of his."""

    crowd: ClassVar[list[asyncio.Transport]] = []
    lines = b""

    def __init__(self) -> None:
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if FanOut.lines:
            lines = FanOut.lines * data.count(b"!")
            for transport in FanOut.crowd:
                transport.write(lines)
            return
        self._heard += data
        if self._heard == b"subscribe\n":
            FanOut.crowd.append(self._transport)
            self._transport.write(b"subscribed\n")
            return
        size, _, lines = self._heard.partition(b"\n")
        if size.isdigit() and len(lines) == int(size):
            FanOut.lines = lines
            self._transport.write(b"taken\n")


async def _serve(kind: Callable[[], asyncio.BaseProtocol]) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(kind, "127.0.0.1", 0, backlog=1024)
    host, port = server.sockets[0].getsockname()
    # The collector is as calm as the venue's.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    print(json.dumps({"event": "listening", "host": host, "port": port}), file=sys.stderr, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    kinds = {"--echo": Echo, "--one-buffer": OneBuffer, "--fan-out": FanOut}
    asyncio.run(_serve(next((kinds[word] for word in sys.argv if word in kinds), Floor)))

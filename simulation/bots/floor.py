"""The venue's end of bots' connections: its real TCP gateway, over connections in memory.

In: connections that programs open. Out: sessions on the simulated market, with everything that belongs to one: login,
heartbeats, resuming, subscriptions, bounds, orders canceled when the connection goes. What a command makes known leaves
at the instant in which it was carried out, private reports before public data.
"""

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any, Final, NamedTuple, NoReturn

from exchange.engine.engine import Events
from exchange.engine.sequencer import Turn
from exchange.gateways.bounds import TICK_S
from exchange.gateways.connection import TcpConnection
from exchange.gateways.door import tell_off
from exchange.gateways.tcp import TcpGateway
from exchange.metrics import Metric
from exchange.peers import Output, Peer
from exchange.reread import gateway_limits
from exchange.turns import Turns
from protocol.vocabulary import AccountId, ErrorCode, Nanoseconds
from simulation.bots.loop import LOCAL, VirtualLoop
from simulation.bots.transport import End, Mark, Post, Wire
from simulation.latency import Draw
from simulation.market import Market

_TURN: Final = 1_024
"""Commands between two looks of those who keep the log, as in ``simulation.market``."""

_FIRST_PORT: Final = 49_152
"""Ports of clients, as the register of ports has them."""

_PORTS: Final = 16_384

Made = tuple[asyncio.Transport, asyncio.BaseProtocol]


class _Turns(Turns):
    """Output leaves at once: nothing is journalled, and readers are not told in rounds, which go by the wall clock."""

    def __init__(self, market: Market, loop: VirtualLoop) -> None:
        super().__init__(market.venue, None, loop)
        self._market = market
        self._shown = 0

    def fail(self, error: Exception) -> NoReturn:
        raise error

    def _take_turn(self) -> Turn | None:
        # The market shows its commands to those who keep them.
        last_seq = self._market.sequencer.last_seq
        if last_seq - self._shown >= _TURN:
            self._shown = last_seq
            self._market.take_turn()
        return None

    def _send(self, output: list[Output]) -> None:
        for peer, data, last, _ in output:
            connection = self._connections.get(peer)
            if connection is not None:
                connection.send(data, last=last)


class _Call(NamedTuple):
    """A connection that is being opened."""

    source: str
    client: End
    venue: End
    way_back: Wire
    loop: VirtualLoop
    make: Callable[[], asyncio.BaseProtocol]
    answer: "asyncio.Future[Made]"
    peers: list[Peer]
    """Takes the venue's side of it."""


class Floor:
    """Where the venue takes connections."""

    def __init__(self, market: Market, host: str, port: int) -> None:
        """``host``, ``port``: the address at which programs find it."""
        self.address: Final = (host, port)
        self.loop: Final = VirtualLoop(market.kernel)
        self.loop.set_exception_handler(self._note_failure)
        self.failure: BaseException | None = None
        """What broke on the venue's side, if anything did: a fault of ours, and the end of the run."""
        self._market = market
        self._kernel = market.kernel
        self._post = Post(market.kernel)
        self._numbers = count()
        self._ticks = False
        self._gateway: TcpGateway
        self._turns: _Turns
        self.loop.run_now(self._open)
        market.keeps_tape = True
        self._public = market.mailroom.public
        market.mailroom.public = self._told

    def _open(self) -> None:
        self._turns = _Turns(self._market, self.loop)
        limits = gateway_limits(self._market.config.tcp)
        self._gateway = TcpGateway(self._market.venue, self._turns, limits, self._kernel)

    def _told(self, at_ns: Nanoseconds, events: Events) -> None:
        """A command was carried out, whoever wanted it: sessions may have been told of it."""
        self._public(at_ns, events)
        if self._market.touched or self._market.venue.market_data.active:
            self._turns.schedule()

    def close(self) -> None:
        """The run is over."""
        self._market.mailroom.public = self._public
        self.loop.close()

    # -- connections -------------------------------------------------------------------------------
    def connect(
        self,
        loop: VirtualLoop,
        make: Callable[[], asyncio.BaseProtocol],
        address: tuple[str, int],
        source: str,
        ways: tuple[Draw, Draw],
        peers: list[Peer],
    ) -> tuple[End, "asyncio.Future[Made]"]:
        """Open a connection from ``source``, there and back; it takes one way there and one way back. ``peers`` is
        added to once it is served.

        Raises:
            ConnectionRefusedError: nobody listens at that address.
        """
        if not self._is_here(*address):
            text = "nobody listens at {}:{}; in virtual time the venue is at {}:{}, and nothing else is"
            raise ConnectionRefusedError(111, text.format(*address, *self.address))
        number = next(self._numbers)
        way_there, way_back = (Wire(self._kernel, draw) for draw in ways)
        own = (source, _FIRST_PORT + number % _PORTS)
        client = End(loop, number, way_there, self._post, (own, self.address))
        venue = End(self.loop, number, way_back, None, (self.address, own))
        client.other, venue.other = venue, client
        call = _Call(source, client, venue, way_back, loop, make, loop.create_future(), peers)
        way_there.send(self._accept, call)
        return client, call.answer

    def _is_here(self, host: str, port: int) -> bool:
        there, at_port = self.address
        return port == at_port and (host == there or (host in LOCAL and there in LOCAL))

    def _accept(self, call: _Call) -> None:
        """Somebody wants in."""
        refusal = self._gateway.admit(call.source)
        call.way_back.send(_opened, call)
        if refusal is not None:
            call.way_back.send(call.client.arrive, tell_off(ErrorCode.TOO_MANY_CONNECTIONS, refusal))
            call.way_back.send(call.client.arrive, Mark.END)
            call.venue.is_gone = True
            return
        self._gateway.metrics.add(Metric.CONNECTIONS)
        connection = TcpConnection(self._gateway, call.source)
        call.peers.append(connection.peer)
        self.loop.run_now(call.venue.open, connection)
        if not self._ticks:
            self._ticks = True
            self.loop.call_later(TICK_S, self._tick)

    def _tick(self) -> None:
        """Heartbeats and time-outs, while there is anybody."""
        if self._turns.connections():
            self._gateway.tick()
            self.loop.call_later(TICK_S, self._tick)
        else:
            self._ticks = False

    def _note_failure(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.failure = self.failure or context.get("exception") or RuntimeError(context["message"])
        self._kernel.stop()


def _opened(call: _Call) -> None:
    """The venue has taken the call, and the caller learns of it."""
    if call.loop.is_closed() or call.answer.cancelled():
        call.client.hang_up()
        return
    call.loop.run_now(_begin, call)


def _begin(call: _Call) -> None:
    try:
        protocol = call.make()
    except Exception as error:  # noqa: BLE001  # it is the caller's
        call.client.hang_up()
        call.answer.set_exception(error)
        return
    call.client.open(protocol)
    if not call.answer.done():
        call.answer.set_result((call.client, protocol))


class Line:
    """What connects one program to the venue."""

    def __init__(self, floor: Floor, source: str, ways: Callable[[int], tuple[Draw, Draw]]) -> None:
        """``source``: its address; ``ways``: what draws the latency there and back of each of its connections."""
        self._floor = floor
        self._source = source
        self._ways = ways
        self._ends: list[End] = []
        self._peers: list[Peer] = []
        self._accounts: dict[AccountId, None] = {}
        self.dialled = 0
        """Connections it has asked for."""

    def dial(
        self, loop: VirtualLoop, make: Callable[[], asyncio.BaseProtocol], host: str, port: int
    ) -> "asyncio.Future[Made]":
        """Open a connection.

        Raises:
            ConnectionRefusedError: nobody listens at that address.
        """
        self._note_accounts()
        end, answer = self._floor.connect(
            loop, make, (host, port), self._source, self._ways(self.dialled), self._peers
        )
        self.dialled += 1
        self._ends = [*(open_ for open_ in self._ends if not open_.is_gone), end]
        return answer

    @property
    def accounts(self) -> list[AccountId]:
        """Those it has logged in to, in the order of their first connections."""
        self._note_accounts()
        return list(self._accounts)

    def _note_accounts(self) -> None:
        for peer in self._peers:
            if peer.account is not None:
                self._accounts[peer.account] = None
        self._peers = [peer for peer in self._peers if peer.account is None and not peer.closing]

    def cut(self) -> None:
        """The program is gone: so are its connections."""
        for end in self._ends:
            end.hang_up()
        self._ends.clear()

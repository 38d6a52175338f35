"""The TCP gateway's bounds and time-outs, over real sockets, with time handed in."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from exchange.access import Access
from exchange.engine.commands import AddInstrument
from exchange.gateways import acceptor, door
from exchange.gateways.bounds import Limits
from exchange.gateways.door import prepare
from exchange.gateways.tcp import TcpGateway
from exchange.journal.recovery import start_from
from exchange.metrics import Metric
from exchange.peers import Touched
from exchange.self_signed import make_self_signed
from exchange.turns import Turns
from exchange.venue import Venue
from protocol.clock import ManualClock
from protocol.vocabulary import Symbol
from tests.support.venue import Json, new


class Gateway:
    """A venue without a journal behind a real listening socket, in the test's own loop."""

    def __init__(self, limits: Limits, access: Access | None) -> None:
        touched: Touched = []
        self.clock = ManualClock()
        state = start_from(None, self.clock.now_ns, touched)
        self.venue = Venue("test", state.sequencer, state.reports, touched, access or Access(open=True))
        self.venue.act(AddInstrument(Symbol("ACME"), 1, 1, 1, 1000, 1000, 2, 0, 0, False))
        self.gateway = TcpGateway(
            self.venue, Turns(self.venue, None, asyncio.get_running_loop()), limits, self.clock
        )
        self.address = ("", 0)

    async def connect(self) -> "Client":
        # A small receive buffer: a reader that stops is noticed soon.
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, self.address)
        return Client(*await asyncio.open_connection(sock=sock, limit=2**26))

    async def log_in(self, account: str, **fields: object) -> "Client":
        client = await self.connect()
        await client.ask({"type": "login", "account": account, **fields})
        return client

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)
        self.gateway.tick()


@asynccontextmanager
async def gateway(
    *,
    max_in_flight: int = 1024,
    max_outgoing_bytes: int = 256 * 1024,
    max_connections: int = 100,
    max_per_source: int = 100,
    access: Access | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Gateway]:
    limits = Limits(65_536, max_in_flight, max_outgoing_bytes, 60.0, max_connections, max_per_source, 30.0)
    running = Gateway(limits, access)
    running.address = await running.gateway.listen("127.0.0.1", 0, tls)
    try:
        yield running
    finally:
        await running.gateway.shut_down()


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, *messages: Json) -> None:
        self.writer.write(b"".join(json.dumps(message).encode() + b"\n" for message in messages))

    async def receive(self) -> Json:
        line = await self.reader.readline()
        if not line:
            raise EOFError
        message: Json = json.loads(line)
        return message

    async def ask(self, message: Json) -> Json:
        self.send(message)
        return await self.receive()

    async def receive_rest(self) -> list[Json]:
        data = await self.reader.read()
        return [json.loads(line) for line in data.splitlines()]

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


def test_a_small_message_does_not_wait_until_the_one_before_it_is_acknowledged() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as connection,
    ):
        prepare(connection)

        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_client_that_wants_heartbeats_gets_them_and_is_dropped_when_it_sends_none() -> None:
    async with gateway() as venue:
        client = await venue.log_in("alice", heartbeat_s=10)
        venue.pass_time(1)
        venue.pass_time(10)
        assert await client.receive() == {"type": "heartbeat"}
        client.send({"type": "heartbeat"})
        assert (await client.ask({"type": "mass_cancel"}))["count"] == 0
        venue.pass_time(1)  # heard of just now

        for _ in range(3):
            venue.pass_time(10)
        venue.pass_time(1)

        rest = await client.receive_rest()
        assert [message["type"] for message in rest] == ["heartbeat"] * 3 + ["error"]
        assert rest[-1]["code"] == "heartbeat_missed"
        await client.close()


async def test_a_person_at_a_keyboard_may_be_silent_for_ever() -> None:
    async with gateway() as venue:
        client = await venue.log_in("alice")

        venue.pass_time(1)
        venue.pass_time(100_000)

        assert (await client.ask({"type": "mass_cancel"}))["type"] == "mass_canceled"
        await client.close()


async def test_who_never_logs_in_is_dropped() -> None:
    async with gateway() as venue:
        client = await venue.connect()
        await client.ask({"type": "heartbeat"})  # the venue knows of the connection
        venue.pass_time(1)

        venue.pass_time(61)

        (error,) = await client.receive_rest()
        assert error["code"] == "login_timeout"
        await client.close()


async def test_a_handshake_that_never_comes_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert door.HANDSHAKE_TIMEOUT_S <= 10
    monkeypatch.setattr(acceptor, "HANDSHAKE_TIMEOUT_S", 0.1)
    make_self_signed(tmp_path / "venue.crt", tmp_path / "venue.key")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(tmp_path / "venue.crt", tmp_path / "venue.key")

    async with gateway(tls=tls) as venue:
        client = await venue.connect()

        assert await client.reader.read() == b""
        assert venue.gateway.metrics.counts()[Metric.HANDSHAKES_FAILED] == 1
        await client.close()


async def test_one_connection_too_many_is_told_so() -> None:
    async with gateway(max_connections=2) as venue:
        clients = [await venue.log_in("a"), await venue.log_in("b")]
        third = await venue.connect()

        (error,) = await third.receive_rest()

        assert error["code"] == "too_many_connections"
        await clients[0].close()
        await asyncio.wait_for(_until_admitted(venue), 10)
        for client in (clients[1], third):
            await client.close()


async def _until_admitted(venue: Gateway) -> None:
    while True:
        client = await venue.connect()
        try:
            if (await client.ask({"type": "login", "account": "late"}))["type"] == "welcome":
                return
        except (EOFError, ConnectionResetError):
            pass
        finally:
            await client.close()


async def test_commands_beyond_the_bound_wait_and_are_all_carried_out_in_order() -> None:
    async with gateway(max_in_flight=4) as venue:
        client = await venue.log_in("alice")
        other = await venue.log_in("bob")

        client.send(*(new(f"o{n}", "buy", 1, 1 + n % 50) for n in range(1000)))
        other.send(new("b", "buy", 1, 1))
        answers = [await client.receive() for _ in range(1000)]

        assert [answer["client_order_id"] for answer in answers] == [f"o{n}" for n in range(1000)]
        # Fairness: the other's single order did not wait for all of them.
        assert (await other.receive())["order_id"] < answers[-1]["order_id"]
        await client.close()
        await other.close()


async def test_a_reader_of_reports_that_stops_reading_is_cut_off_and_costs_no_more_than_its_bound() -> None:
    async with gateway() as venue:
        sleeper, trader = await venue.log_in("sleeper"), await venue.log_in("trader")
        transport = sleeper.writer.transport
        assert isinstance(transport, asyncio.ReadTransport)
        transport.pause_reading()

        # The sleeper's account trades through a second connection; all reports go to both.
        second = await venue.log_in("sleeper")
        sent = 0
        while (await trader.ask({"type": "mass_cancel"}))["type"]:
            names = [f"s{sent + n}" for n in range(500)]
            sent += 500
            second.send(*(new(name, "buy", 1, 1) for name in names))
            answers = [await second.receive() for _ in names]
            assert all(answer["type"] == "accepted" for answer in answers)
            if len(venue.venue.reports.streams["sleeper"].readers) == 1:  # type: ignore[index]
                break
            assert sent < 200_000, "the slow reader was never cut off"

        assert (await second.ask({"type": "cancel", "client_order_id": "s0"}))["type"] == "canceled"
        for client in (second, trader):
            await client.close()
        transport.resume_reading()
        sleeper.writer.close()


async def test_a_watcher_that_stops_reading_gets_a_fresh_snapshot_when_it_reads_again() -> None:
    async with gateway() as venue:
        watcher, trader = await venue.log_in("watcher"), await venue.log_in("trader")
        await watcher.ask({"type": "subscribe", "channel": "depth", "symbol": "ACME"})
        transport = watcher.writer.transport
        assert isinstance(transport, asyncio.ReadTransport)
        transport.pause_reading()
        (peer,) = (one for one in venue.venue.sessions() if one.subscriptions)
        sent = 0
        passed_by = False
        while not passed_by:
            passed_by = peer.slow  # so that a round of orders is left out
            trader.send(*(new(f"t{sent + n}", "buy", 1, 1 + (sent + n) % 900) for n in range(500)))
            for _ in range(500):
                await trader.receive()
            sent += 500
            assert sent < 500_000, "the watcher was never passed by"

        transport.resume_reading()
        seen = [await watcher.receive()]
        while sum(message["type"] == "depth_snapshot" for message in seen) < 2:
            seen.append(await watcher.receive())

        book = venue.venue.engine.books[Symbol("ACME")]
        assert [tuple(level) for level in seen[-1]["bids"]] == book.depth(book.bids.side)
        assert len(seen) < sent  # it was spared what it could not read
        for client in (watcher, trader):
            await client.close()


async def test_who_was_passed_by_with_room_in_his_socket_catches_up_with_his_next_answer() -> None:
    """As happens to one of a crowd for whom too much waits, and who is sent an answer before his round comes."""
    async with gateway() as venue:
        watcher, trader = await venue.log_in("watcher"), await venue.log_in("trader")
        await watcher.ask({"type": "subscribe", "channel": "depth", "symbol": "ACME"})
        assert (await watcher.receive())["type"] == "depth_snapshot"
        (peer,) = (one for one in venue.venue.sessions() if one.subscriptions)

        venue.venue.market_data.passes_by(peer)
        await trader.ask(new("left out", "buy", 1, 5))
        answer = await watcher.ask({"type": "order_status", "client_order_id": "nothing"})
        snapshot = await watcher.receive()
        await trader.ask(new("seen", "buy", 1, 6))

        assert (answer["type"], snapshot["type"], snapshot["bids"]) == ("error", "depth_snapshot", [[5, 1]])
        assert (await watcher.receive())["bids"] == [[6, 1]]
        for client in (watcher, trader):
            await client.close()


@pytest.mark.parametrize("cut", [1, 7, 50])
async def test_requests_may_arrive_in_pieces(cut: int) -> None:
    async with gateway() as venue:
        client = await venue.log_in("alice")
        data = b"".join(json.dumps(new(f"o{n}", "buy", 1, 5)).encode() + b"\n" for n in range(20))

        for start in range(0, len(data), cut):
            client.writer.write(data[start : start + cut])
            await client.writer.drain()
            await asyncio.sleep(0)

        assert [(await client.receive())["client_order_id"] for _ in range(20)] == [
            f"o{n}" for n in range(20)
        ]
        await client.close()

"""Connections in memory do what TCP does: in order, late, bounded, closed by halves, reset."""

from exchange.metrics import Metric
from protocol.vocabulary import AccountId
from tests.support.bots import Programs, bot_of, printed

MS = 1_000_000


def test_a_program_sees_the_latency_of_the_scenario(programs: Programs) -> None:
    run = programs.run(
        """
        import time
        from traders.client import Client

        async def main(host, port, account):
            start = time.monotonic_ns()
            async with Client.connect(host, port, account=account) as client:
                print(time.monotonic_ns() - start)
                start = time.monotonic_ns()
                order = await client.buy("ACME", 1, at=100)
                print(time.monotonic_ns() - start)
        """,
        latency={"model": "fixed", "ns": 3 * MS},
    )

    # Connecting takes one way and back, logging in another.
    assert printed(run, "a") == [str(4 * 3 * MS), str(2 * 3 * MS)]


def test_each_way_has_its_own_latency_and_chance_does_not_overtake(programs: Programs) -> None:
    source = """
        import asyncio

        async def main(host, port, account):
            loop = asyncio.get_running_loop()
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b'{"type":"login","account":"a"}\\n')
            await reader.readline()
            start = loop.time()
            for number in range(50):
                writer.write(b'{"type":"new","client_order_id":"%d","symbol":"ACME","side":"buy","quantity":1,'
                             b'"price":100}\\n' % number)
                await asyncio.sleep(0.001)
            seen = [await reader.readline() for _ in range(50)]
            print([b'"client_order_id":"%d"' % number in line for number, line in enumerate(seen)].count(True))
            writer.close()
            await writer.wait_closed()
        """

    run = programs.run(source, latency={"model": "uniform", "low_ns": 0, "high_ns": 500 * MS})

    assert printed(run, "a") == ["50"]
    assert run.faults == []


def test_sessions_live_for_hours_on_their_heartbeats_alone(programs: Programs) -> None:
    run = programs.run(
        """
        import asyncio
        from traders.client import Client

        async def main(host, port, account):
            async with Client.connect(host, port, account=account, heartbeat_s=10) as client:
                await asyncio.sleep(4 * 3600)
                order = await client.buy("ACME", 1, at=100)
                print(order.phase, client.is_active)
        """,
        length_s=5 * 3600,
    )

    assert printed(run, "a") == ["live True"]
    assert bot_of(run, "a").connections == 1


def test_who_is_silent_for_three_heartbeats_is_hung_up_on_at_that_time(programs: Programs) -> None:
    run = programs.run(
        """
        import asyncio

        async def main(host, port, account):
            loop = asyncio.get_running_loop()
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b'{"type":"login","account":"a","heartbeat_s":10}\\n')
            while line := await reader.readline():
                last = line
            print(round(loop.time()), b"heartbeat_missed" in last)
            writer.close()
        """,
        length_s=120,
    )

    assert printed(run, "a") == ["32 True"]


def test_a_slow_reader_is_cut_off_when_his_reports_are_too_many(programs: Programs) -> None:
    run = programs.run(
        """
        import asyncio

        async def main(host, port, account):
            reader, writer = await asyncio.open_connection(host, port, limit=1024)
            writer.write(b'{"type":"login","account":"a"}\\n')
            await reader.readline()
            number = 0
            try:
                while number < 100_000:
                    for _ in range(100):
                        number += 1
                        writer.write(b'{"type":"new","client_order_id":"%d","symbol":"ACME","side":"buy",'
                                     b'"quantity":1,"price":100}\\n' % number)
                    await writer.drain()
                    await asyncio.sleep(0.01)
            except ConnectionResetError:
                print(round(asyncio.get_running_loop().time()))
            writer.close()
        """
    )

    assert run.market.venue.metrics.counts()[Metric.SLOW_CONSUMERS] == 1
    # Reports of a quarter of a megabyte wait at the program, a megabyte at the venue; then he has five seconds.
    assert printed(run, "a") == ["7"]


def test_public_data_passes_a_slow_reader_by_and_he_sees_how_things_stand_later(programs: Programs) -> None:
    run = programs.run(
        """
        import asyncio, json

        async def main(host, port, account):
            reader, writer = await asyncio.open_connection(host, port, limit=10_000)
            writer.write(b'{"type":"login","account":"a"}\\n'
                         b'{"type":"subscribe","channel":"depth","symbol":"ACME"}\\n')
            await reader.readline()
            await asyncio.sleep(50)
            kinds = []
            while asyncio.get_running_loop().time() < 55:
                kinds.append(json.loads(await reader.readline())["type"])
            print(kinds.count("depth_snapshot"), "slow_consumer" in kinds)
            writer.close()
        """,
        traders=[{"strategy": "noise", "count": 300, "interval_s": 0.1}],
    )

    first, cut_off = printed(run, "a")[0].split()
    assert int(first) > 1
    assert cut_off == "False"


def test_half_a_connection_can_be_closed_and_the_answers_still_come(programs: Programs) -> None:
    run = programs.run(
        """
        import asyncio

        async def main(host, port, account):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b'{"type":"login","account":"a"}\\n'
                         b'{"type":"new","client_order_id":"1","symbol":"ACME","side":"buy","quantity":1,'
                         b'"price":100}\\n')
            writer.write_eof()
            for line in (await reader.read()).splitlines():
                print(line[:20].decode())
            writer.close()
            await writer.wait_closed()
        """
    )

    assert printed(run, "a") == ['{"type":"welcome","a', '{"type":"accepted","', '{"type":"logged_out"']


def test_an_aborted_connection_takes_its_orders_with_it_if_that_was_asked_for(programs: Programs) -> None:
    run = programs.run(
        """
        import asyncio
        from protocol.errors import SessionBroken
        from traders.client import Client

        async def main(host, port, account):
            try:
                async with Client.connect(host, port, account=account, cancel_on_disconnect=True) as client:
                    await client.buy("ACME", 1, at=100)
                    client._connection._transport.abort()
                    await asyncio.sleep(1)
            except SessionBroken as broken:
                print(broken.text)
            async with Client.connect(host, port, account=account, resume_from=1) as client:
                print(len(client.welcome.open_orders), client.welcome.session)
        """
    )

    assert printed(run, "a") == ["the venue closed the connection", "0 2"]


def test_programs_reconnect_and_go_on_where_they_were(programs: Programs) -> None:
    run = programs.run(
        """
        import asyncio
        from contextlib import aclosing
        from random import Random
        from protocol.errors import SessionBroken
        from traders.reconnect import sessions

        async def main(host, port, account):
            seen = []
            async with aclosing(sessions(host, port, account=account, resume_from=1, rng=Random())) as clients:
                async for client in clients:
                    try:
                        async with aclosing(client.reports()) as reports:
                            await client.buy("ACME", 1, at=100)
                            async for report in reports:
                                seen.append(report.seq)
                                if len(seen) == 5:
                                    print(seen)
                                    return
                                client._connection._transport.abort()
                    except SessionBroken:
                        pass
        """
    )

    assert printed(run, "a") == ["[1, 2, 3, 4, 5]"]
    assert bot_of(run, "a").connections >= 3


def test_what_programs_write_in_one_instant_arrives_in_the_order_of_their_connections(
    programs: Programs,
) -> None:
    source = """
        import asyncio
        from traders.client import Client

        async def main(host, port, account):
            async with Client.connect(host, port, account=account) as client:
                for number in range(10):
                    await asyncio.sleep(1 - asyncio.get_running_loop().time() % 1)
                    for _ in range((ord(account) * 7 + number) % 3):
                        await asyncio.sleep(0)
                    await client.buy("ACME", 1, at=100, client_order_id=f"{account}{number}")
        """
    order: list[str] = []

    run = programs.run(source, source, source)
    tails = {account: run.market.mailroom.stream(AccountId(account)).tail for account in "abc"}
    accepted = sorted(
        (at_ns, event.order_id, account) for account in "abc" for _, at_ns, event in tails[account]
    )
    order = [account for _, _, account in accepted]

    assert order == ["a", "b", "c"] * 10


def test_there_is_nothing_else_in_the_network(programs: Programs) -> None:
    run = programs.run(
        """
        import asyncio

        async def main(host, port, account):
            for address in ((host, 80), ("example.com", port)):
                try:
                    await asyncio.open_connection(*address)
                except OSError as error:
                    print(type(error).__name__, error.strerror)
        """
    )

    text = "ConnectionRefusedError nobody listens at {}; in virtual time the venue is at 127.0.0.1:7001, and nothing else is"
    assert printed(run, "a") == [text.format("127.0.0.1:80"), text.format("example.com:7001")]


def test_the_bounds_of_the_venue_hold(programs: Programs) -> None:
    run = programs.run(
        """
        import asyncio

        async def main(host, port, account):
            first = await asyncio.open_connection(host, port)
            reader, writer = await asyncio.open_connection(host, port)
            print((await reader.read()).decode()[:50])
            first[1].close()
            writer.close()
        """,
        venue={"instruments": [{"symbol": "ACME"}], "tcp": {"max_connections": 1}},
    )

    assert printed(run, "a") == ['{"type":"error","code":"too_many_connections","tex']

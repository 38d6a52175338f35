"""The async twins of the steps do what the steps do."""

import asyncio
import socket
import struct
from importlib import import_module

import pytest

from legacy.steps.registry import load
from legacy.steps.step_15 import order
from legacy.twins import twin_17
from legacy.twins.__main__ import NUMBERS, run
from legacy.twins.twin_15 import Trader, serving
from protocol.messages import Login
from protocol.vocabulary import AccountId, Side

OWN = {16: ["on the stack: trading -> trade -> hear -> read -> _wait_for_data"]}
"""What only the twin prints: coroutines of asyncio have names of their own."""


@pytest.mark.parametrize("number", NUMBERS)
def test_what_a_twin_prints_its_step_prints_too_in_the_same_order(number: int) -> None:
    shown: list[str] = []
    load(number).main(shown.append)
    twin: list[str] = []

    asyncio.run(import_module(f"legacy.twins.twin_{number:02}").main(twin.append))

    assert twin
    rest = iter(shown)
    assert [line for line in twin if line in OWN.get(number, []) or line not in rest] == OWN.get(number, [])


async def test_whoever_vanishes_does_not_take_along_who_trades_with_him() -> None:
    lines: list[str] = []
    async with serving() as address:
        reader, writer = await asyncio.open_connection(*address)
        ann = Trader("ann", reader, writer)
        ben = Trader("ben", *await asyncio.open_connection(*address))
        await ann.tell(Login(AccountId("ann")), order("a", Side.SELL, 2, 1))
        await ann.hear(1, lines.append)
        await ben.tell(Login(AccountId("ben")), order("b", Side.BUY, 1, 1))
        await ben.hear(2, lines.append)
        await ben.tell(order("c", Side.BUY, 1, 1))
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        writer.transport.abort()  # a reset
        await ben.hear(2, lines.append)
        ben.close()

    assert lines[-2:] == ["ben: c is accepted", "ben: c buys 1 at 1"]


@pytest.mark.parametrize("is_reset", [False, True], ids=["ends", "is reset"])
async def test_whatever_ends_the_connection_nobody_waits_for_ever(is_reset: bool) -> None:
    lines: list[str] = []
    ours, theirs = await connected()
    client = twin_17.Client(*ours)
    reading = asyncio.create_task(client.read())
    early = asyncio.create_task(twin_17.strategy(client, [order("early", Side.BUY, 1, 1)], lines.append))
    await theirs[0].readline()
    if is_reset:
        theirs[1].get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
    theirs[1].close()
    await early
    await reading
    await twin_17.strategy(client, [order("late", Side.BUY, 1, 1)], lines.append)
    ours[1].close()

    assert lines == ["early: the exchange has hung up", "late: the exchange has hung up"]


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connected() -> tuple[Streams, Streams]:
    """Both ends of a connection."""
    accepted: asyncio.Future[Streams] = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(
        lambda reader, writer: accepted.set_result((reader, writer)), "127.0.0.1", 0
    )
    ours = await asyncio.open_connection(*server.sockets[0].getsockname())
    theirs = await accepted
    server.close()
    return ours, theirs


@pytest.mark.parametrize("words", [[], ["19"], ["0"], ["four"], ["4", "5"]])
def test_wrong_use_is_told_and_is_no_error(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 2
    assert "usage" in capsys.readouterr().err


def test_the_command_runs_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["05"]) == 0
    assert "accepted" in capsys.readouterr().out

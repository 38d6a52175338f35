"""What an event loop does beside running callbacks: none of it is in a simulation.

In: threads, processes, sockets that a program asks its loop for. Out: an error that says why not.
"""

from typing import Any, Final, NoReturn

THREADS: Final = "when a thread gets on is up to the machine; do the work in the coroutine"
ONLY_THE_VENUE: Final = "the only thing to connect to is the venue of the scenario, with create_connection"
PROCESSES: Final = "what another process does is not in the simulation"


class NotInVirtualTime(RuntimeError):
    """A program asked for something that a simulation can't repeat, or can't wait for."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what} can't be had in virtual time: {why}")


def refused(what: str, why: str) -> Any:
    """A function or method that says why not."""

    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise NotInVirtualTime(what, why)

    return refuse


class Refusing:
    """These methods of an event loop."""

    run_in_executor: Any = refused("run_in_executor and asyncio.to_thread", THREADS)
    set_default_executor: Any = refused("an executor", THREADS)
    subprocess_exec: Any = refused("a subprocess", PROCESSES)
    subprocess_shell: Any = refused("a subprocess", PROCESSES)
    connect_read_pipe: Any = refused("a pipe", PROCESSES)
    connect_write_pipe: Any = refused("a pipe", PROCESSES)
    create_server: Any = refused("a listening socket", ONLY_THE_VENUE)
    start_serving: Any = refused("a listening socket", ONLY_THE_VENUE)
    create_unix_server: Any = refused("a listening socket", ONLY_THE_VENUE)
    create_unix_connection: Any = refused("a Unix socket", ONLY_THE_VENUE)
    create_datagram_endpoint: Any = refused("UDP", ONLY_THE_VENUE)
    connect_accepted_socket: Any = refused("a socket", ONLY_THE_VENUE)
    start_tls: Any = refused("TLS on an open connection", ONLY_THE_VENUE)
    sendfile: Any = refused("a file", ONLY_THE_VENUE)
    getnameinfo: Any = refused("a name server", ONLY_THE_VENUE)
    add_reader: Any = refused("a socket", ONLY_THE_VENUE)
    remove_reader: Any = refused("a socket", ONLY_THE_VENUE)
    add_writer: Any = refused("a socket", ONLY_THE_VENUE)
    remove_writer: Any = refused("a socket", ONLY_THE_VENUE)
    sock_recv: Any = refused("a socket", ONLY_THE_VENUE)
    sock_recv_into: Any = refused("a socket", ONLY_THE_VENUE)
    sock_recvfrom: Any = refused("a socket", ONLY_THE_VENUE)
    sock_recvfrom_into: Any = refused("a socket", ONLY_THE_VENUE)
    sock_sendall: Any = refused("a socket", ONLY_THE_VENUE)
    sock_sendto: Any = refused("a socket", ONLY_THE_VENUE)
    sock_connect: Any = refused("a socket", ONLY_THE_VENUE)
    sock_accept: Any = refused("a socket", ONLY_THE_VENUE)
    sock_sendfile: Any = refused("a socket", ONLY_THE_VENUE)

"""Servers on loopback that put on the wire what no HTTP server would."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread


@contextmanager
def raw_server(send: Callable[[socket.socket, Event], None]) -> Iterator[str]:
    """A loopback server that answers each request by what ``send`` puts on the wire."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = Event()

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            send(connection, over)

    def accept() -> None:
        with suppress(OSError):
            while True:
                Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        over.set()
        listener.close()

"""A connection pool in transaction mode, as small as one can be: it hands one server session to all its clients.

A client has the session from its first message until the server says that no transaction is open. So did PgBouncer
serve the clients of a pool of one. Passwords: the first client's login is passed through, later ones are let in.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def transaction_pool(host: str, port: int) -> Iterator[int]:
    """The port of a pool before the server at `host`:`port`."""
    pool = _Pool(host, port)
    yield pool.port
    pool.close()


class _Pool:
    def __init__(self, host: str, port: int) -> None:
        self._server = socket.create_connection((host, port))
        self._greeting = b""
        self._session = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError, EOFError), client:
            startup = self._startup(client)
            with self._session:
                if self._greeting:
                    client.sendall(self._greeting)
                else:
                    self._log_in(client, startup)
            while True:
                message = _message(client)
                if message[:1] == b"X":
                    return
                with self._session:
                    self._transact(client, message)

    def _startup(self, client: socket.socket) -> bytes:
        """The client's first message; offers to encrypt are declined."""
        while True:
            head = _exactly(client, 4)
            body = _exactly(client, struct.unpack("!I", head)[0] - 4)
            if struct.unpack("!I", body[:4])[0] not in (80877103, 80877104):
                return head + body
            client.sendall(b"N")

    def _log_in(self, client: socket.socket, startup: bytes) -> None:
        self._server.sendall(startup)
        greeting = b""
        while True:
            message = _message(self._server)
            client.sendall(message)
            kind, code = message[:1], message[5:9]
            if kind == b"R" and code in (struct.pack("!I", 10), struct.pack("!I", 11)):
                self._server.sendall(_message(client))
            elif kind != b"R" or code == struct.pack("!I", 0):
                greeting += message
            if kind == b"Z":
                self._greeting = greeting
                return

    def _transact(self, client: socket.socket, message: bytes) -> None:
        """Until the server is idle outside a transaction."""
        while True:
            self._server.sendall(message)
            while True:
                answer = _message(self._server)
                client.sendall(answer)
                if answer[:1] == b"Z":
                    break
            if answer[5:6] == b"I":
                return
            message = _message(client)
            if message[:1] == b"X":
                raise EOFError("a client left in the middle of a transaction")


def _message(source: socket.socket) -> bytes:
    head = _exactly(source, 5)
    return head + _exactly(source, struct.unpack("!I", head[1:])[0] - 4)


def _exactly(source: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = source.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data

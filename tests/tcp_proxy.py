"""A network between a client and a server that can be cut, as a firewall or a pulled cable does."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class TcpProxy:
    """Listens on `port` of loopback and passes everything on to the server, until it is cut."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._silent: list[socket.socket] = []
        self._is_silent = self._is_cut = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Both ends notice at once, and no connection is made any more."""
        self._is_cut = True
        self._drop(to_clients=True)

    def go_silent(self) -> None:
        """Clients hear nothing any more, of old connections and of new ones; the server gives its ends up.

        So does a server do by its keepalive, where a firewall forgets the connection.
        """
        self._is_silent = True
        self._drop(to_clients=False)

    def mend(self) -> None:
        """New connections work again; the old ones are lost."""
        self._is_silent = self._is_cut = False

    def close(self) -> None:
        """Ends it for good."""
        self._listener.close()
        self._drop(to_clients=True)
        for client in self._silent:
            client.close()

    def _drop(self, *, to_clients: bool) -> None:
        for client, server in self._pairs:
            _shut(server)
            if to_clients:
                _shut(client)
            else:
                self._silent.append(client)
        self._pairs = []

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._is_cut:
                    client.close()
                elif self._is_silent:
                    self._silent.append(client)
                else:
                    server = socket.create_connection(self._server)
                    self._pairs.append((client, server))
                    threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()
                    threading.Thread(target=self._pass_on, args=(server, client), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while content := source.recv(65_536):
                sink.sendall(content)
        if not self._is_silent:
            _shut(sink)
            _shut(source)


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()

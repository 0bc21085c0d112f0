"""A TCP port in front of a Postgres socket that a test can close."""

from __future__ import annotations

import socket
import threading
from typing import List
from urllib.parse import unquote, urlsplit


class Gate:
    """Forwards connections to a database until it is closed.

    Args:
        url: A URL whose host is the folder of a socket.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        # urlsplit would lower the case of the folder.
        host = unquote(parts.netloc.rpartition("@")[2])
        self._path = f"{host}/.s.PGSQL.5432"
        self._connections: List[socket.socket] = []
        self._is_open = True
        self.num_connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = f"postgresql://forebay@127.0.0.1:{port}{parts.path}?sslmode=disable"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Cuts all connections and refuses new ones."""
        self._is_open = False
        for connection in self._connections:
            _shut(connection)
        self._connections.clear()

    def open(self) -> None:
        """Forwards connections again."""
        self._is_open = True

    def end(self) -> None:
        """Closes the port."""
        self.close()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.num_connections += 1
            if not self._is_open:
                client.close()
                continue
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._path)
            self._connections += [client, server]
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=_forward, args=(source, target), daemon=True).start()


def _forward(source: socket.socket, target: socket.socket) -> None:
    try:
        while chunk := source.recv(1 << 16):
            target.sendall(chunk)
    except OSError:
        # The gate was closed.
        pass
    _shut(source)
    _shut(target)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # It is closed already.
        pass
    connection.close()

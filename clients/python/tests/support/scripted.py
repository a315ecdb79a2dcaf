"""A server that does what a test says, for faults that a real daemon does not show."""

from __future__ import annotations

import contextlib
import json
import select
import shutil
import socket
import struct
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any


class ScriptedConnection:
    """One client's connection, as a script sees it."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._input = b""

    def request(self) -> dict[str, Any] | None:
        """The next request; None when the client has closed the connection."""
        while b"\n" not in self._input:
            try:
                data = self._socket.recv(1 << 16)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self._input += data
        line, _, self._input = self._input.partition(b"\n")
        request: dict[str, Any] = json.loads(line)
        return request

    def has_request(self, seconds: float) -> bool:
        """Whether a further request comes within a time."""
        return b"\n" in self._input or bool(select.select([self._socket], [], [], seconds)[0])

    def reply(self, **members: Any) -> None:
        """Sends a reply with the members in their order."""
        self.send(json.dumps(members, ensure_ascii=False).encode() + b"\n")

    def send(self, data: bytes) -> None:
        """Sends bytes as they are; a client that has gone does not matter."""
        with contextlib.suppress(OSError):
            self._socket.sendall(data)

    def wait_for_end(self) -> None:
        """Says nothing until the client closes the connection."""
        while self.request() is not None:
            pass

    def reset(self) -> None:
        """Ends the connection with a reset, over TCP."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        """Ends the connection."""
        self._socket.close()


Script = Callable[[ScriptedConnection], object]


class ScriptedServer:
    """Gives each connection to the next of the scripts; the last one serves all further connections.

    Args:
        scripts: Functions that get a connection, which is closed when they return.
        with_tcp: Whether it listens at a TCP port, and not at a Unix socket.
    """

    def __init__(self, *scripts: Script, with_tcp: bool = False) -> None:
        self._scripts = list(scripts)
        self._directory = Path(tempfile.mkdtemp(prefix="kds-"))
        self.connections = 0
        """How many clients have connected."""
        self.failures: list[BaseException] = []
        self._threads: list[threading.Thread] = []
        if with_tcp:
            self._listener = socket.create_server(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"
        else:
            self._listener = socket.socket(socket.AF_UNIX)
            self.address = str(self._directory / "s")
            self._listener.bind(self.address)
            self._listener.listen(128)
        self._open: list[ScriptedConnection] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def close(self) -> None:
        """Ends all; raises what a script has raised."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join(20)
        for thread in self._threads:
            thread.join(20)
            if thread.is_alive():
                self.failures.append(AssertionError("a script waits for a client that has not closed"))
        shutil.rmtree(self._directory, ignore_errors=True)
        if self.failures:
            raise self.failures[0]

    def __enter__(self) -> ScriptedServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            with contextlib.suppress(BaseException):
                self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
            thread = threading.Thread(target=self._serve, args=(script, client), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, script: Script, client: socket.socket) -> None:
        connection = ScriptedConnection(client)
        try:
            script(connection)
        except BaseException as error:
            self.failures.append(error)
        finally:
            connection.close()


def answering(**members: Any) -> Script:
    """A script that answers every request with the members, and the request's id in front."""

    def script(connection: ScriptedConnection) -> None:
        while (request := connection.request()) is not None:
            connection.reply(id=request["id"], **members)

    return script

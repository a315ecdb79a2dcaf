"""The scripted server: takes connections, checks the form of each request, leaves replies to a script."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
import termios
from collections import deque
from typing import Any, Callable

from .loop import READ, WRITE, Loop
from .requests import FormFault, read_request
from .values import shortened, write


class Request:
    """A request that has come in on a connection."""

    def __init__(self, connection: Connection, members: dict[str, Any], line: str) -> None:
        self.connection, self.members, self.line = connection, members, line
        self.id = members.get("id")

    @property
    def is_given_up(self) -> bool:
        """Whether the client has cancelled it, or has closed the connection."""
        return self.connection.is_closed or self.id in self.connection.cancelled


class Connection:
    """One connection of the client."""

    def __init__(self, server: ScriptedServer, sock: socket.socket) -> None:
        self.is_closed = False
        self.cancelled: list[Any] = []
        self._server, self._socket = server, sock
        self._part, self._outbox = bytearray(), bytearray()
        self._at_end: Callable[[], None] | None = None
        self._unanswered: set[Any] = set()
        sock.setblocking(False)
        if sock.family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.loop.watch(sock, READ, self._on_ready)

    def send(self, data: bytes, piece: int = 0) -> None:
        """Sends the data; with `piece`, so many bytes at a time, each read before the next are sent."""
        if not piece:
            self._outbox += data
            self._write()
            return
        for start in range(0, len(data), piece):
            self._outbox += data[start : start + piece]
            self._write()
            self._server.loop.wait_until(lambda: self.is_closed or not self._count_unread(), 1.0, poll=0.0005)

    def answered(self, request_id: Any) -> None:
        self._unanswered.discard(request_id)

    def close(self) -> None:
        """Closes it behind what is still to be sent."""
        self._finish(self._drop)

    def reset(self) -> None:
        """Breaks it behind what is still to be sent: over TCP the client gets ECONNRESET."""
        self._finish(self._break)

    def _finish(self, how: Callable[[], None]) -> None:
        self._at_end = how
        self._write()

    def _break(self) -> None:
        if self._socket.family == socket.AF_INET:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._drop()

    def _drop(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self._server.loop.forget(self._socket)
            self._socket.close()

    def break_unread(self) -> None:
        """Closes it when a request has come, unread: the client gets ECONNRESET, over Unix sockets too."""

        def look(_: int) -> None:
            seen = self._socket.recv(1 << 16, socket.MSG_PEEK)
            if not seen or b"\n" in seen:
                self._break()

        self._server.loop.watch(self._socket, READ, look)

    def _count_unread(self) -> int:
        """How many bytes the client has not read yet (over TCP: its kernel has not taken yet)."""
        try:
            answer = fcntl.ioctl(self._socket, termios.TIOCOUTQ, b"\0" * 4)
        except OSError:
            return 0
        return int(struct.unpack("i", answer)[0])

    def _on_ready(self, events: int) -> None:
        if events & WRITE:
            self._write()
        if events & READ and not self.is_closed:
            self._read()

    def _read(self) -> None:
        try:
            data = self._socket.recv(1 << 16)
        except ConnectionError:
            data = b""
        except BlockingIOError:
            return
        if not data:
            self._drop()
            return
        self._part += data
        *lines, rest = bytes(self._part).split(b"\n")
        self._part = bytearray(rest)
        for line in lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        """Notes a request, or a fault of its form for the script to find."""
        try:
            members = read_request(line)
            request = Request(self, members, line.decode())
            if request.id in self._unanswered or (self._unanswered and request.id is None):
                raise FormFault(
                    f"a request has the id of another that has no reply yet: {shortened(request.line)}",
                    "it is for the client to tell their replies apart.",
                )
        except FormFault as fault:
            self._server.faults.append(fault)
            return
        self._unanswered.add(request.id)
        self._server.received(request)

    def _write(self) -> None:
        try:
            while self._outbox and not self.is_closed:
                sent = self._socket.send(memoryview(self._outbox)[: 1 << 20])
                del self._outbox[:sent]
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.ECONNRESET):
                raise
            self._drop()
        if self.is_closed:
            return
        if self._outbox:
            self._server.loop.watch(self._socket, READ | WRITE, self._on_ready)
        elif self._at_end:
            self._at_end()
        else:
            self._server.loop.watch(self._socket, READ, self._on_ready)


class ScriptedServer:
    """Listens on a Unix socket in a folder, or on a free TCP port of 127.0.0.1."""

    def __init__(self, loop: Loop, transport: str, folder: str) -> None:
        self.loop = loop
        self.requests: deque[Request] = deque()
        self.faults: list[FormFault] = []
        self.connections: list[Connection] = []
        # What happens to the first connection, the second and so on: "close" at once, "reset" at a request.
        self.treatments: deque[str] = deque()
        # Answers requests that belong to no step of the script; says whether it has.
        self.answers_aside: Callable[[Request], bool] = lambda request: False
        if transport == "unix":
            path = os.path.join(folder, "kindred.sock")
            self.address = f"unix://{path}"
            self._listener, self._path = socket.socket(socket.AF_UNIX), path
        else:
            self._listener, self._path = socket.socket(socket.AF_INET), ""
            self._listener.bind(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"

    def listen(self, accepts: bool = True) -> None:
        """From here on clients can connect. Without `accepts` nobody takes them, as in a stopped daemon."""
        if self._path:
            self._listener.bind(self._path)
        self._listener.listen(16)
        self._listener.setblocking(False)
        if accepts:
            self.loop.watch(self._listener, READ, self._accept)

    def _accept(self, _: int) -> None:
        sock, _address = self._listener.accept()
        connection = Connection(self, sock)
        self.connections.append(connection)
        treatment = self.treatments.popleft() if self.treatments else None
        if treatment == "close":
            connection.close()
        elif treatment == "reset":
            connection.break_unread()

    def received(self, request: Request) -> None:
        if request.members.get("op") == "cancel":
            request.connection.cancelled.append(request.members.get("target"))
        if not self.answers_aside(request):
            self.requests.append(request)

    def reply(
        self,
        request: Request,
        members: dict[str, Any],
        id_from: str = "request",
        ending: str = "\n",
        piece: int = 0,
    ) -> str:
        """Sends a reply line. Its id is that of the request, "another", or with "none" it has none.

        Returns the line without its ending.
        """
        another = "another" if isinstance(request.id, str) else 987654321
        reply_id = {"request": request.id, "another": another, "none": None}[id_from]
        line = write(members if reply_id is None else {"id": reply_id, **members})
        self.send(request, line + ending, piece)
        return line

    def send(self, request: Request, text: str, piece: int = 0) -> None:
        request.connection.answered(request.id)
        request.connection.send(text.encode("utf-8", "surrogateescape"), piece)

    def read_to_the_end(self, seconds: float) -> bool:
        """Takes what clients that have gone have still sent. Returns whether every connection has ended."""
        return self.loop.wait_until(lambda: all(one.is_closed for one in self.connections), seconds)

    def close(self) -> None:
        self.loop.forget(self._listener)
        self._listener.close()
        for connection in self.connections:
            connection._drop()

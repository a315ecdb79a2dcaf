"""One connection of one thread: requests out, replies in, each reply to the request whose id it bears."""

from __future__ import annotations

import os
import socket
import time
from collections import deque
from typing import Any, Generic, TypeVar, cast

from . import protocol, sockets
from .address import Address
from .calls import Call, Reply
from .errors import Cancelled, ConnectionLost, KindredError, NoReply, ProtocolViolation

T = TypeVar("T")

_MOST_ATTEMPTS = 2


class Request(Generic[T]):
    """A call on its way: not sent, sent and waited for, or done with a value or an error."""

    def __init__(self, call: Call[T], deadline: float) -> None:
        self.call = call
        self.deadline = deadline
        self.attempts = 0
        self.connection: Connection | None = None
        """The one on which it waits."""
        self.id = 0
        """Its id there."""
        self.is_done = False
        self.value: T | None = None
        self.error: BaseException | None = None

    def outcome(self) -> T:
        """The value; raises the error if it has ended with one."""
        if self.error is not None:
            raise self.error
        return cast(T, self.value)

    def fail(self, error: BaseException) -> None:
        """Ends with an error, unless it has ended."""
        if not self.is_done:
            self.is_done, self.error, self.connection = True, error, None

    def settle(self, reply: Reply) -> None:
        """Ends with what the reply says."""
        try:
            self.value = self.call.result(reply)
        except KindredError as error:
            self.error = error
        self.is_done, self.connection = True, None

    def lose(self, loss: ConnectionLost, may_repeat: bool) -> None:
        """Its connection is gone. It can be sent once more, on another."""
        self.connection = None
        if not may_repeat or self.attempts >= _MOST_ATTEMPTS:
            self.fail(loss)


class Connection:
    """A socket that belongs to the thread and to the process that made it.

    It is closed as soon as anything goes wrong in the middle of an exchange, so that no reply is ever taken for
    another's.
    """

    def __init__(self, address: Address, deadline: float) -> None:
        self._address = address
        self._process = os.getpid()
        self._socket: socket.socket | None = sockets.connect(address, deadline)
        self._last_id = 0
        self._waiting: dict[int, Request[Any] | None] = {}
        """By id, in the order in which they were sent; None where nobody waits for the reply any more."""
        self._queue: deque[Request[Any]] = deque()
        """Requests that are to be sent when others have their replies."""
        self._output = bytearray()
        self._input = protocol.LineBuffer()
        self._is_ending = False

    @property
    def is_usable(self) -> bool:
        """Whether it can take another request, as far as is known without trying."""
        return self._socket is not None and not self._is_ending and self._process == os.getpid()

    def submit(self, request: Request[Any]) -> None:
        """Puts the request into line; `flush` or `complete` sends it."""
        request.attempts += 1
        self._last_id += 1
        request.connection, request.id = self, self._last_id
        self._queue.append(request)
        self._encode()

    def cancel(self, request: Request[Any]) -> None:
        """Asks the daemon to give the request up; its reply then is the error `cancelled`, or comes all the same."""
        if request in self._queue:
            self._queue.remove(request)
            request.fail(Cancelled("the request was given up before it was sent", code="cancelled"))
        elif self._waiting.get(request.id) is request:
            self._last_id += 1
            self._waiting[self._last_id] = None
            self._output += protocol.cancel_line(self._last_id, request.id)

    def flush(self) -> None:
        """Sends what is to be sent, as far as the socket takes it at once."""
        try:
            self._write()
        except ConnectionLost as loss:
            self._lose(loss, may_repeat=True)
        except BaseException:
            self.close()
            raise

    def complete(self, requests: list[Request[Any]]) -> None:
        """Sends what is to be sent, and reads until each of the requests is done or has lost the connection.

        Raises:
            NoReply: The deadline of one of them has passed. The connection is closed, and all that waited on it
                have failed.
        """
        try:
            for request in requests:
                self._await(request)
        except ConnectionLost as loss:
            self._lose(loss, may_repeat=loss.retryable)
        except NoReply as timeout:
            self._lose(
                ConnectionLost("the connection was closed after a time-out of another request"),
                False,
                timeout,
            )
            raise
        except ProtocolViolation as violation:
            self._lose(
                ConnectionLost("the connection was closed, because kindred broke the protocol"),
                False,
                violation,
            )
        except BaseException:
            self.close()
            raise

    def close(self, loss: ConnectionLost | None = None) -> None:
        """Ends the connection; requests that wait on it fail. In a forked child only the child's descriptor of it
        is closed, which the parent does not notice."""
        connection, self._socket = self._socket, None
        if connection is None:
            return
        if self._process != os.getpid():
            connection.close()
            return
        sockets.hang_up(connection)
        self._lose(
            loss or ConnectionLost("the connection was closed before the reply had come"), may_repeat=False
        )

    def __del__(self) -> None:
        # The thread has ended, or the client is no longer used.
        if getattr(self, "_socket", None) is not None:
            self.close()

    def _await(self, request: Request[Any]) -> None:
        while request.connection is self:
            seconds = request.deadline - time.monotonic()
            self._write()
            if sockets.wait(self._open_socket(), bool(self._output), seconds):
                self._read()
            if seconds <= 0 and not request.is_done:
                raise NoReply("no reply from kindred in time; it may be stopped, or busy beyond measure")

    def _write(self) -> None:
        while self._output:
            try:
                sent = self._open_socket().send(self._output, sockets.SEND_FLAGS)
            except BlockingIOError:
                return
            except OSError as error:
                # What has come before the connection broke may still be read, such as the reason.
                self._output.clear()
                self._read_to_the_end(error)
                return
            del self._output[:sent]

    def _read_to_the_end(self, error: OSError) -> None:
        try:
            while True:
                self._read()
        except BlockingIOError:
            raise _lost(error) from None

    def _read(self) -> None:
        try:
            data = self._open_socket().recv(1 << 18)
        except BlockingIOError:
            raise
        except OSError as error:
            raise _lost(error) from None
        if not data:
            raise ConnectionLost("kindred closed the connection")
        for line in self._input.feed(data):
            reply = protocol.parse_reply(line)
            if reply is not None:
                self._receive(reply)
        self._encode()

    def _receive(self, reply: Reply) -> None:
        identifier = reply.get("id")
        if identifier is None and "error" in reply:
            raise protocol.loss_by_error(reply)
        if identifier not in self._waiting:
            raise ProtocolViolation(f"a reply came with the id {identifier!r}, which was not asked")
        request = self._waiting.pop(identifier)
        if request is None:
            return
        if request.attempts < _MOST_ATTEMPTS and protocol.is_shutting_down(reply):
            # This connection answers what it owes and then ends; the request goes to the next daemon.
            self._is_ending = True
            request.connection = None
            return
        request.settle(reply)

    def _encode(self) -> None:
        """Makes lines of requests that are in line, as many as the daemon reads without having answered."""
        while self._queue and len(self._waiting) < protocol.MAX_IN_FLIGHT:
            request = self._queue.popleft()
            self._waiting[request.id] = request
            self._output += protocol.request_line(
                request.call, request.id, request.deadline - time.monotonic()
            )

    def _open_socket(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionLost("the connection was closed")
        return self._socket

    def _lose(self, loss: ConnectionLost, may_repeat: bool, cause: BaseException | None = None) -> None:
        """Ends the connection, and each request on it: with the loss, or to be sent again."""
        connection, self._socket = self._socket, None
        if connection is not None:
            sockets.hang_up(connection)
        beginning = self._input.begun()
        begun = protocol.begun_reply_id(beginning)
        requests = [*self._waiting.items(), *((0, request) for request in self._queue)]
        self._waiting, self._queue = {}, deque()
        for identifier, request in requests:
            if request is not None:
                is_begun = bool(beginning) and begun in (None, identifier)
                if cause is not None and (
                    isinstance(cause, ProtocolViolation) or request.deadline <= time.monotonic()
                ):
                    request.fail(cause)
                request.lose(loss, may_repeat and not is_begun)


def _lost(error: OSError) -> ConnectionLost:
    return ConnectionLost(f"the connection to kindred broke: {error.strerror or error}")

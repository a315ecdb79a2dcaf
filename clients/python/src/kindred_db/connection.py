"""One connection of one thread: requests out, replies in, each reply to the request whose id it bears."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from . import protocol, sockets
from .address import Address
from .calls import Reply
from .errors import Cancelled, ConnectionLost, KindredError, NoReply, ProtocolViolation
from .request import Request

# How long a reply is read on that had come, at least in part, by its deadline.
_READING_SECONDS = 1.0


class Connection:
    """A socket that belongs to the thread and to the process that made it.

    It is closed as soon as anything goes wrong in the middle of an exchange, so that no reply is ever taken
    for another's. What `sockets.connect` raises, its constructor raises.
    """

    def __init__(self, address: Address, deadline: float) -> None:
        self._address = address
        self._process = os.getpid()
        self._last_id = 0
        self._waiting: dict[int, Request[Any] | None] = {}
        """By id; None where nobody waits for the reply any more."""
        self._queue: deque[Request[Any]] = deque()
        """Requests that are to be sent when others have their replies."""
        self._output = bytearray()
        self._input = protocol.LineBuffer()
        self._is_ending = False
        self._cause: KindredError | None = None
        """Why we have closed it ourselves."""
        self._socket: socket.socket | None = sockets.connect(address, deadline)

    @property
    def is_usable(self) -> bool:
        """Whether it can take another request, as far as is known without trying."""
        return self._socket is not None and not self._is_ending

    def submit(self, request: Request[Any]) -> None:
        """Puts the request into line; `flush` or `complete` sends it."""
        self._last_id += 1
        request.put(self, self._last_id)
        self._queue.append(request)
        self._encode()

    def cancel(self, request: Request[Any]) -> None:
        """Asks the daemon to give the request up. Its reply then is the error `cancelled`, or comes all the
        same."""
        if request in self._queue:
            self._queue.remove(request)
            request.fail(Cancelled("the request was given up before it was sent"))
        elif self._waiting.get(request.id) is request:
            self._last_id += 1
            self._waiting[self._last_id] = None
            self._output += protocol.cancel_line(self._last_id, request.id)
            self.flush()

    def flush(self) -> None:
        """Sends what is to be sent, as far as the socket takes it at once."""
        with self._ending_on_errors():
            self._write()

    def complete(self, requests: list[Request[Any]]) -> None:
        """Sends what is to be sent, and reads until each of the requests is done or has lost the connection.

        Raises:
            NoReply: The deadline of one of them has passed. The connection is closed, and all that waited on
                it have failed.
        """
        with self._ending_on_errors():
            for request in requests:
                self._await(request)

    def close(self, cause: KindredError) -> None:
        """Ends the connection; requests that wait on it fail with the cause. In a forked child it only closes
        the child's descriptor, which the parent does not notice."""
        if self._process != os.getpid():
            if self._socket is not None:
                self._socket.close()
            return
        self._cause = cause
        self._fail(cause)

    def __del__(self) -> None:
        # The thread has ended, or the client is no longer used, or no connection had come about.
        if getattr(self, "_socket", None) is not None:
            self.close(_closed())

    @contextlib.contextmanager
    def _ending_on_errors(self) -> Iterator[None]:
        """Ends the connection if something goes wrong, and gives each request that waited its part of it."""
        try:
            yield
        except ConnectionLost as loss:
            self._lose(loss)
        except ProtocolViolation as violation:
            self._fail(violation)
        except NoReply as timeout:
            other = ConnectionLost(
                "the connection was closed, because another request on it had no reply in time"
            )
            now = time.monotonic()
            for request in self._end():
                request.fail(timeout if request.deadline <= now else other)
            raise
        except BaseException:  # such as KeyboardInterrupt
            self.close(_closed())
            raise

    def _fail(self, error: KindredError) -> None:
        for request in self._end():
            request.fail(error)

    def _lose(self, loss: ConnectionLost) -> None:
        if self._cause is not None:  # Another thread closes it, and has not come to all requests yet.
            self._fail(self._cause)
            return
        begun = self._input.begun_replies(self._waiting)
        for request in self._end():
            request.lose(loss, reply_had_begun=request.id in begun)

    def _end(self) -> list[Request[Any]]:
        """Closes the socket; returns the requests that waited."""
        connection, self._socket = self._socket, None
        if connection is not None:
            sockets.hang_up(connection)
        requests = [request for request in self._waiting.values() if request is not None] + [*self._queue]
        self._waiting, self._queue = {}, deque()
        return requests

    def _await(self, request: Request[Any]) -> None:
        # What has come by the deadline is read, also where the caller looks for it only now.
        end = max(request.deadline, time.monotonic()) + _READING_SECONDS
        while request.connection is self:
            now = time.monotonic()
            self._write()
            is_readable = sockets.wait(self._open_socket(), bool(self._output), request.deadline - now)
            if is_readable and now < end:
                self._read()
            elif now >= request.deadline:
                raise protocol.no_reply(self._address)

    def _write(self) -> None:
        while self._output:
            try:
                sent = self._open_socket().send(self._output, sockets.SEND_FLAGS)
            except BlockingIOError:
                return
            except OSError as error:
                if sockets.is_of_a_signal_handler(error):
                    raise
                # What had come before the connection broke can still be read: replies, and the reason.
                self._output.clear()
                while self._read():
                    pass
                raise self._lost(error) from None
            del self._output[:sent]

    def _read(self) -> bool:
        """Takes what has come; returns whether something had."""
        try:
            data = self._open_socket().recv(1 << 18)
        except BlockingIOError:
            return False
        except OSError as error:
            if sockets.is_of_a_signal_handler(error):
                raise
            raise self._lost(error) from None
        if not data:
            raise ConnectionLost(f"kindred at {self._address} closed the connection")
        for line in self._input.feed(data):
            reply = protocol.parse_reply(line)
            if reply is not None:
                self._receive(reply)
        self._encode()
        return True

    def _receive(self, reply: Reply) -> None:
        identifier = protocol.reply_id(reply)
        if identifier not in self._waiting:
            raise protocol.not_asked(reply)
        request = self._waiting.pop(identifier, None)  # None also if another thread closes the connection
        if request is None:
            return
        if request.may_repeat and protocol.is_shutting_down(reply):
            # This connection answers what it owes and then ends; the request goes to the next daemon.
            self._is_ending = True
            request.take_off()
        else:
            request.settle(reply)

    def _encode(self) -> None:
        """Makes lines of requests that are in line, as many as the daemon reads without having answered."""
        while self._queue and len(self._waiting) < protocol.MAX_IN_FLIGHT:
            request = self._queue.popleft()
            self._waiting[request.id] = request
            seconds = request.deadline - time.monotonic()
            self._output += protocol.request_line(request.call, request.id, seconds)

    def _open_socket(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionLost("the connection was closed by another thread")
        return self._socket

    def _lost(self, error: OSError) -> ConnectionLost:
        return ConnectionLost(
            f"the connection to kindred at {self._address} broke: {error.strerror or error}"
        )


def _closed() -> ConnectionLost:
    return ConnectionLost("the connection was closed before the reply had come")

"""Connections of the client that waits: one for each thread and process, a breaker, and the second
attempt."""

from __future__ import annotations

import itertools
import os
import threading
import time
import weakref
from typing import Any

from . import calls
from .address import Address
from .connection import Connection
from .errors import ClientClosed, KindredError, NoReply, Unreachable
from .many import Limits
from .process import PROBE_SECONDS, ProcessState
from .request import Request


class _State(ProcessState):
    def __init__(self) -> None:
        super().__init__()
        self.thread = threading.local()
        """`connection` there is the thread's own, which ends with it."""
        self.connections: weakref.WeakValueDictionary[int, Connection] = weakref.WeakValueDictionary()
        """Those of all threads, for `close`."""
        self.numbers = itertools.count()


class SyncTransport:
    """Gets requests done, or has them fail; what it does about faults is said at `Client`."""

    def __init__(self, address: Address, has_breaker: bool) -> None:
        self._address = address
        self._has_breaker = has_breaker
        self._is_closed = False
        self._current = _State()

    def send(self, requests: list[Request[Any]]) -> None:
        """Writes requests that were not sent, without waiting for their replies."""
        self._submit(requests)
        for connection in {request.connection for request in requests}:
            if connection is not None:
                connection.flush()

    def complete(self, requests: list[Request[Any]]) -> None:
        """Sends what has not been sent, and waits until each is done. A request that has lost its connection
        is sent again, at most once."""
        breaker = self._state().breaker
        while True:
            undone = [request for request in requests if not request.is_done]
            self._submit(undone)
            connection = next((request.connection for request in undone if request.connection), None)
            if connection is None:
                return
            waiting = [request for request in undone if request.connection is connection]
            try:
                connection.complete(waiting)
            except NoReply as error:
                breaker.failed(error, time.monotonic())
            if any(request.has_reply for request in waiting):
                breaker.succeeded()

    def limits(self, relationship: str | None, deadline: float, *, anew: bool = False) -> Limits:
        """What a request must keep. The daemon is asked once for each connection that needs to know, and
        `anew` if what it said has turned out to be wrong."""
        state = self._state()
        known = None if anew else state.limits
        if known is None:
            request = Request(calls.describe(relationship), deadline)
            self.complete([request])
            state.limits = known = Limits.described(request.outcome())
        return known

    def close(self) -> None:
        """Ends the connections of all threads of this process, for good."""
        self._is_closed = True
        for reference in self._state().connections.valuerefs():
            connection = reference()
            if connection is not None:
                connection.close(_client_closed())

    def _submit(self, requests: list[Request[Any]]) -> None:
        """Gives the thread's connection those that are on none; without a connection they fail."""
        for request in requests:
            if request.connection is None and not request.is_done:
                try:
                    self._connection(request.deadline).submit(request)
                except KindredError as error:
                    request.fail(error)

    def _connection(self, deadline: float) -> Connection:
        """The thread's connection; a new one if it has none that is of use."""
        state = self._state()
        if self._is_closed:
            raise _client_closed()
        is_probe = self._has_breaker and state.breaker.admit(time.monotonic())
        connection: Connection | None = getattr(state.thread, "connection", None)
        if connection is None or not connection.is_usable or is_probe:
            connection = self._connect(deadline, is_probe)
            state.thread.connection = connection
            state.connections[next(state.numbers)] = connection
            state.limits = None  # It may be another daemon.
            if self._is_closed:  # by another thread, which may not have seen this connection
                connection.close(_client_closed())
                raise _client_closed()
        return connection

    def _connect(self, deadline: float, is_probe: bool) -> Connection:
        breaker = self._state().breaker
        if is_probe:
            deadline = min(deadline, time.monotonic() + PROBE_SECONDS)
        try:
            connection = Connection(self._address, deadline)
            if is_probe:
                ping = Request(calls.ping(), deadline, may_repeat=False)
                connection.submit(ping)
                connection.complete([ping])
                ping.outcome()
                breaker.succeeded()
        except (NoReply, Unreachable) as error:
            breaker.failed(error, time.monotonic())
            raise
        return connection

    def _state(self) -> _State:
        # A forked child drops its parent's state, and with it the descriptors of its parent's connections.
        if self._current.process != os.getpid():
            self._current = _State()
        return self._current


def _client_closed() -> ClientClosed:
    return ClientClosed("the client was closed")

"""Connections of the asyncio client: one for each loop and process, a breaker, and the second attempt."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from typing import Any, TypeVar, cast

from . import calls, sockets
from .address import Address
from .calls import Call, Reply
from .errors import ClientClosed, NoReply, Unreachable
from .loop_connection import LoopConnection, open_connection
from .many import Limits
from .process import PROBE_SECONDS, ProcessState

T = TypeVar("T")


class _LoopState:
    """What belongs to one event loop."""

    def __init__(self) -> None:
        self.connection: LoopConnection | None = None
        self.connecting: asyncio.Task[LoopConnection] | None = None

    async def end(self) -> None:
        """Ends the connection, on its loop."""
        if self.connecting is not None:
            self.connecting.cancel()
            await asyncio.wait({self.connecting})
        if self.connection is not None:
            await self.connection.close(ClientClosed("the client was closed"))

    def forget(self) -> None:
        """Closes the descriptor and touches nothing else."""
        if self.connection is not None:
            self.connection.forget()


class _State(ProcessState):
    def __init__(self) -> None:
        super().__init__()
        self.loops: dict[asyncio.AbstractEventLoop, _LoopState] = {}
        self.lock = threading.Lock()

    def of_running_loop(self) -> _LoopState:
        """The running loop's own. What closed loops have left is thrown away."""
        loop = asyncio.get_running_loop()
        with self.lock:
            if loop not in self.loops:
                for closed in [other for other in self.loops if other.is_closed()]:
                    self.loops.pop(closed).forget()
                self.loops[loop] = _LoopState()
            return self.loops[loop]


class AsyncTransport:
    """Gets calls answered, or raises; what it does about faults is said at `Client`.

    Deadlines are by the running loop's clock.
    """

    def __init__(self, address: Address, timeout: float, has_breaker: bool) -> None:
        self._address = address
        self._timeout = timeout
        self._has_breaker = has_breaker
        self._is_closed = False
        self._states = {os.getpid(): _State()}
        """By process; the parent's is forgotten by a forked child that needs one of its own."""

    async def exchange(self, call: Call[T], deadline: float) -> T:
        """Asks, and asks once more on a new connection where the first one was lost before the reply had
        begun."""
        reply = await self._attempt(call, deadline, may_repeat=True)
        if reply is None:
            reply = await self._attempt(call, deadline, may_repeat=False)
        return call.result(cast(Reply, reply))

    async def limits(self, relationship: str | None, deadline: float, *, anew: bool = False) -> Limits:
        """What a request must keep. The daemon is asked once for each connection that needs to know, and
        `anew` if what it said has turned out to be wrong."""
        state = self._state()
        known = None if anew else state.limits
        if known is None:
            description = await self.exchange(calls.describe(relationship), deadline)
            state.limits = known = Limits.described(description)
        return known

    async def close(self) -> None:
        """Ends the connections of all loops of this process, for good."""
        self._is_closed = True
        state = self._state()
        with state.lock:
            loops = list(state.loops.items())
            state.loops.clear()
        for loop, of_loop in loops:
            if loop is asyncio.get_running_loop():
                await of_loop.end()
            elif loop.is_running():
                asyncio.run_coroutine_threadsafe(of_loop.end(), loop)
            else:
                of_loop.forget()

    async def _attempt(self, call: Call[Any], deadline: float, may_repeat: bool) -> Reply | None:
        breaker = self._state().breaker
        try:
            connection = await self._connection(deadline)
            reply = await connection.ask(call, deadline, may_repeat)
        except NoReply as error:
            breaker.failed(error, time.monotonic())
            raise
        if reply is not None:
            breaker.succeeded()
        return reply

    async def _connection(self, deadline: float) -> LoopConnection:
        """The loop's connection; a new one if it has none that is of use, for which all who need it wait."""
        state = self._state()
        of_loop = state.of_running_loop()
        while True:
            if self._is_closed:
                raise ClientClosed("the client was closed")
            is_probe = self._has_breaker and state.breaker.admit(time.monotonic())
            if of_loop.connection is not None and of_loop.connection.is_usable and not is_probe:
                return of_loop.connection
            connecting = of_loop.connecting
            if connecting is None or connecting.done():
                connecting = of_loop.connecting = self._start_connecting(of_loop, is_probe)
            seconds = deadline - asyncio.get_running_loop().time()
            await asyncio.wait({connecting}, timeout=max(seconds, 0))
            if not connecting.done():
                raise sockets.connect_timeout(self._address)
            if not connecting.cancelled():
                return connecting.result()

    def _start_connecting(self, of_loop: _LoopState, is_probe: bool) -> asyncio.Task[LoopConnection]:
        loop = asyncio.get_running_loop()
        # Not the deadline of the call that happens to be first: others may have more time.
        deadline = loop.time() + (PROBE_SECONDS if is_probe else self._timeout)
        connecting = loop.create_task(self._connect(of_loop, deadline, is_probe))
        connecting.add_done_callback(_look_at_error)
        return connecting

    async def _connect(self, of_loop: _LoopState, deadline: float, is_probe: bool) -> LoopConnection:
        state = self._state()
        try:
            connection = await open_connection(self._address, deadline)
            if is_probe:
                await self._probe(connection, deadline)
        except (NoReply, Unreachable) as error:
            state.breaker.failed(error, time.monotonic())
            raise
        if of_loop.connection is not None:
            of_loop.connection.retire()
        of_loop.connection = connection
        state.limits = None  # It may be another daemon.
        return connection

    async def _probe(self, connection: LoopConnection, deadline: float) -> None:
        try:
            await connection.ask(calls.ping(), deadline, may_repeat=False)
        except BaseException:
            connection.retire()
            raise
        self._state().breaker.succeeded()

    def _state(self) -> _State:
        process = os.getpid()
        if process not in self._states:
            # Where several threads of a forked child come here at once, one of their states serves them all.
            self._states.setdefault(process, _State())
            for inherited in [state for state in list(self._states.values()) if state.process != process]:
                self._states.pop(inherited.process, None)
                for of_loop in inherited.loops.values():
                    of_loop.forget()
        return self._states[process]


def _look_at_error(connecting: asyncio.Task[Any]) -> None:
    # asyncio complains of errors that nobody has asked for, as when all who waited were cancelled.
    if not connecting.cancelled():
        connecting.exception()

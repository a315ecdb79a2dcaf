"""One connection of one event loop: many coroutines' requests out, each reply to the one whose id it
bears."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import deque
from typing import Any, cast

from . import protocol, sockets
from .address import Address, TCPAddress
from .calls import Call, Reply
from .errors import ConnectionLost, KindredError

# A timer that fires so much after its time tells that the loop was kept busy.
_LATE_SECONDS = 0.05


async def open_connection(address: Address, deadline: float) -> LoopConnection:
    """A new connection of the running loop.

    Raises:
        Unreachable: There is nobody, or this account may not connect.
        NoReply: The deadline, by the loop's clock, has passed.
    """
    loop = asyncio.get_running_loop()
    connecting = loop.create_task(_connect(address))
    try:
        await asyncio.wait({connecting}, timeout=max(deadline - loop.time(), 0))
    finally:
        if not connecting.done():
            connecting.cancel()
            connecting.add_done_callback(_close_if_connected)
    if not connecting.done():
        raise sockets.connect_timeout(address)
    try:
        connection = connecting.result()
    except OSError as error:
        raise sockets.unreachable(address, error) from None
    opened = LoopConnection(address, connection)
    if isinstance(address, TCPAddress):
        await loop.create_connection(lambda: opened, sock=connection)
    else:
        await loop.create_unix_connection(lambda: opened, sock=connection)
    return opened


async def _connect(address: Address) -> socket.socket:
    if isinstance(address, TCPAddress):
        return await _connect_tcp(address)
    # Not loop.sock_connect: it takes the EAGAIN of a full queue for a connection that is being made.
    while True:
        connection = sockets.try_connect_unix(address)
        if connection is not None:
            return connection
        await asyncio.sleep(sockets.RETRY_PAUSE)


async def _connect_tcp(address: TCPAddress) -> socket.socket:
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    for family, kind, number, _, target in await loop.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM
    ):
        connection = socket.socket(family, kind, number)
        try:
            connection.setblocking(False)
            sockets.prepare_tcp(connection)
            await loop.sock_connect(connection, target)
            return connection
        except OSError as error:
            connection.close()
            failure = error
        except BaseException:
            connection.close()
            raise
    raise failure or OSError("the host has no address")


def _close_if_connected(connecting: asyncio.Task[socket.socket]) -> None:
    if not connecting.cancelled() and connecting.exception() is None:
        connecting.result().close()


class _Asked:
    """A call that waits for its reply."""

    def __init__(
        self, call: Call[Any], deadline: float, may_repeat: bool, reply: asyncio.Future[Reply | None]
    ) -> None:
        self.call = call
        self.deadline = deadline
        self.may_repeat = may_repeat
        self.reply = reply
        self.id: int | None = None
        """Set when it is sent."""

    def receive(self, reply: Reply | None) -> None:
        if not self.reply.done():
            self.reply.set_result(reply)

    def fail(self, error: KindredError) -> None:
        if not self.reply.done():
            self.reply.set_exception(error)


class LoopConnection(asyncio.Protocol):
    """A connection on which requests are pipelined.

    Whatever ends it, every waiter is told: the event loop calls `connection_lost` in each case.
    """

    def __init__(self, address: Address, connection: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._address = address
        self._socket = connection
        self._transport: asyncio.Transport | None = None
        self._last_id = 0
        self._waiting: dict[int, _Asked | None] = {}
        """By id; None where nobody waits for the reply any more."""
        self._queue: deque[_Asked] = deque()
        """Calls that are to be sent: at the end of the loop's turn, or when others have their replies."""
        self._output: list[bytes] = []
        self._flush_is_due = False
        self._input = protocol.LineBuffer()
        self._is_retired = False
        self._cause: KindredError | None = None
        """Why we have ended it ourselves."""
        self._ended: asyncio.Future[None] = self._loop.create_future()

    @property
    def is_usable(self) -> bool:
        """Whether it can take another request, as far as is known without trying."""
        return not self._is_retired and not self._ended.done()

    async def ask(self, call: Call[Any], deadline: float, may_repeat: bool) -> Reply | None:
        """The reply to the call; None if the connection was lost before the reply had begun, and the call may
        be repeated on another. When the asking task is cancelled, the daemon is told.

        Raises:
            NoReply: The deadline, by the loop's clock, has passed. A reply that comes later is dropped.
            ConnectionLost: The connection has ended, and the call must not be repeated.
            ProtocolViolation: Something came that is no reply.
        """
        asked = _Asked(call, deadline, may_repeat, self._loop.create_future())
        if self._ended.done():
            self._lose(asked, ConnectionLost("the connection was closed"), is_begun=False)
        else:
            self._queue.append(asked)
            self._flush_soon()
        timer = self._loop.call_at(deadline, self._expire, asked)
        try:
            return await asked.reply
        except asyncio.CancelledError:
            self._take_back(asked)
            raise
        finally:
            timer.cancel()

    def retire(self) -> None:
        """Takes no more calls, and ends when nobody waits for a reply."""
        self._is_retired = True
        if not self._queue and not any(self._waiting.values()):
            self._abort(None)

    async def close(self, cause: KindredError) -> None:
        """Ends the connection; calls that wait fail with the cause."""
        self._abort(cause)
        await asyncio.wait({self._ended})

    def forget(self) -> None:
        """Closes the descriptor and touches nothing else: in a forked child, whose parent goes on with the
        connection, or after the loop has been closed."""
        self._socket.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            for line in self._input.feed(data):
                reply = protocol.parse_reply(line)
                if reply is not None:
                    self._receive(reply)
        except KindredError as error:
            self._abort(error)
        if self._queue:
            self._flush_soon()
        if self._is_retired:
            self.retire()

    def connection_lost(self, error: Exception | None) -> None:
        loss = self._cause or self._lost(error)
        begun = self._input.begun_replies(self._waiting)
        asked = [*self._waiting.values(), *self._queue]
        self._waiting, self._queue = {}, deque()
        self._ended.set_result(None)
        for one in asked:
            if one is not None:
                self._lose(one, loss, is_begun=one.id in begun)

    def _receive(self, reply: Reply) -> None:
        identifier = protocol.reply_id(reply)
        if identifier not in self._waiting:
            raise protocol.not_asked(reply)
        asked = self._waiting.pop(identifier)
        if asked is None:
            return
        if asked.may_repeat and protocol.is_shutting_down(reply):
            # This connection answers what it owes and then ends; the call goes to the next daemon.
            self._is_retired = True
            asked.receive(None)
        else:
            asked.receive(reply)

    def _lose(self, asked: _Asked, loss: KindredError, is_begun: bool) -> None:
        if asked.may_repeat and not is_begun and isinstance(loss, ConnectionLost) and loss.retryable:
            asked.receive(None)
        else:
            asked.fail(loss)

    def _lost(self, error: Exception | None) -> ConnectionLost:
        if error is None:
            return ConnectionLost(f"kindred at {self._address} closed the connection")
        return ConnectionLost(f"the connection to kindred at {self._address} broke: {error}")

    def _expire(self, asked: _Asked, had_grace: bool = False) -> None:
        if asked.reply.done():
            return
        late = self._loop.time() - asked.deadline
        if late > _LATE_SECONDS and not had_grace:
            # The program has kept the loop busy, and the reply may have come in the meantime.
            self._loop.call_later(min(late, 1.0), self._expire, asked, True)
            return
        asked.fail(protocol.no_reply(self._address))
        self._take_back(asked)
        self.retire()

    def _take_back(self, asked: _Asked) -> None:
        if asked.id is not None and self._waiting.get(asked.id) is asked:
            self._last_id += 1
            self._waiting[self._last_id] = None
            self._output.append(protocol.cancel_line(self._last_id, asked.id))
            self._flush_soon()
        self._forget(asked)

    def _forget(self, asked: _Asked) -> None:
        if asked.id is None:
            with contextlib.suppress(ValueError):
                self._queue.remove(asked)
        elif asked.id in self._waiting:
            self._waiting[asked.id] = None

    def _flush_soon(self) -> None:
        # All that is asked in one turn of the loop goes in one write.
        if not self._flush_is_due:
            self._flush_is_due = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_is_due = False
        if self._ended.done() or self._transport is None or self._transport.is_closing():
            return
        while self._queue and len(self._waiting) < protocol.MAX_IN_FLIGHT:
            asked = self._queue.popleft()
            self._last_id += 1
            asked.id = self._last_id
            self._waiting[asked.id] = asked
            self._output.append(
                protocol.request_line(asked.call, asked.id, asked.deadline - self._loop.time())
            )
        output, self._output = b"".join(self._output), []
        if output:
            self._transport.write(output)

    def _abort(self, cause: KindredError | None) -> None:
        self._is_retired = True
        self._cause = self._cause or cause
        if self._transport is not None:
            self._transport.abort()

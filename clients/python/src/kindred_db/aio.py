"""The client for asyncio."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, TypeVar, cast

from . import calls
from .address import parse_address
from .calls import Call, Page, Reply
from .errors import ClientClosed, ConnectionLost, NoReply, Unreachable
from .loop_connection import LoopConnection, open_connection
from .many import Limits, ManyKeys, batch_of, check_length, needs_limits
from .options import (
    MISSING,
    CountOptions,
    LoadOptions,
    PageOptions,
    count_members,
    keys_or_parents,
    load_members,
    page_members,
    positions,
)
from .process import PROBE_SECONDS, ProcessState, seconds

if TYPE_CHECKING:
    from typing_extensions import Unpack

T = TypeVar("T")


class _LoopState:
    """What belongs to one event loop."""

    def __init__(self) -> None:
        self.connection: LoopConnection | None = None
        self.connecting: asyncio.Task[LoopConnection] | None = None

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
        """The running loop's own; what closed loops have left is thrown away."""
        loop = asyncio.get_running_loop()
        with self.lock:
            if loop not in self.loops:
                for closed in [other for other in self.loops if other.is_closed()]:
                    self.loops.pop(closed).forget()
                self.loops[loop] = _LoopState()
            return self.loops[loop]


class AsyncClient:
    """Asks kindred for related rows, from coroutines.

    Calls that run at the same time share one connection of their event loop, on which they are pipelined: a
    thousand loads under `asyncio.gather` are one write and few queries. A call that is cancelled is taken
    back at the daemon. A process may have several loops, in threads or one after the other; a forked child
    makes its own connections and leaves its parent's alone.

    What happens to a lost connection, after a time-out, and when nobody listens is said at `Client`, and the
    arguments are the same.
    """

    def __init__(
        self, address: str | os.PathLike[str], *, timeout: float = 5.0, circuit_breaker: bool = True
    ) -> None:
        self.address = parse_address(address)
        self.timeout = seconds(timeout)
        self._has_breaker = circuit_breaker
        self._is_closed = False
        self._current = _State()

    async def load(
        self, relationship: str, key: Any = MISSING, *, parent: Any = MISSING, **options: Unpack[LoadOptions]
    ) -> Any:
        """The related rows of one parent: see `Client.load`."""
        return await self._perform(calls.load(relationship, key, parent, options), options.get("timeout"))

    async def load_many(
        self,
        relationship: str,
        keys: Any = MISSING,
        *,
        parents: Any = MISSING,
        **options: Unpack[LoadOptions],
    ) -> list[Any]:
        """The related rows of many parents: see `Client.load_many`."""
        many = ManyKeys(relationship, *keys_or_parents(keys, parents), load_members(options))
        return calls.first_error_raised(await self._perform_many(many, options.get("timeout")))

    async def count(
        self, relationship: str, key: Any = MISSING, *, parent: Any = MISSING, **options: Unpack[CountOptions]
    ) -> int:
        """The number of related rows of one parent: see `Client.count`."""
        return await self._perform(calls.count(relationship, key, parent, options), options.get("timeout"))

    async def count_many(
        self,
        relationship: str,
        keys: Any = MISSING,
        *,
        parents: Any = MISSING,
        **options: Unpack[CountOptions],
    ) -> list[int]:
        """The number of related rows of each of many parents, in their order."""
        many = ManyKeys(relationship, *keys_or_parents(keys, parents), count_members(options))
        return calls.first_error_raised(await self._perform_many(many, options.get("timeout")))

    async def page(
        self,
        relationship: str,
        key: Any = MISSING,
        *,
        parent: Any = MISSING,
        order: Sequence[Any],
        limit: int,
        after: Sequence[Any] | None = None,
        before: Any = MISSING,
        **options: Unpack[PageOptions],
    ) -> Page:
        """Rows behind a position, or in front of one: see `Client.page`."""
        call = calls.page(
            relationship, key, parent, order=order, limit=limit, after=after, before=before, given=options
        )
        return await self._perform(call, options.get("timeout"))

    async def page_many(
        self,
        relationship: str,
        keys: Any = MISSING,
        *,
        parents: Any = MISSING,
        order: Sequence[Any],
        limit: int,
        after: Sequence[Sequence[Any] | None] | None = None,
        before: Any = MISSING,
        **options: Unpack[PageOptions],
    ) -> list[Page]:
        """A page of each of many parents: see `Client.page_many`."""
        word, values = keys_or_parents(keys, parents)
        position = positions(after, before, len(values))
        many = ManyKeys(relationship, word, values, page_members(order, limit, options), *position)
        return calls.first_error_raised(await self._perform_many(many, options.get("timeout")))

    def batch(
        self,
        relationship: str,
        *,
        count: bool = False,
        by_parent: bool = False,
        **options: Unpack[LoadOptions],
    ) -> Callable[[Iterable[Any]], Awaitable[list[Any]]]:
        """A coroutine function for DataLoaders, `DataLoader(load_fn=db.batch("authors.books"))`: see
        `Client.batch`."""
        prepare = batch_of(relationship, count, by_parent, options)

        async def load_batch(keys: Iterable[Any]) -> list[Any]:
            return await self._perform_many(prepare(keys), options.get("timeout"))

        return load_batch

    async def describe(
        self, relationship: str | None = None, *, timeout: float | None = None
    ) -> dict[str, Any]:
        """What can be loaded: see `Client.describe`."""
        return await self._perform(calls.describe(relationship), timeout)

    async def hello(self, *, timeout: float | None = None) -> dict[str, Any]:
        """Who answers: see `Client.hello`."""
        return await self._perform(calls.hello(), timeout)

    async def stats(self, *, timeout: float | None = None) -> dict[str, Any]:
        """What the daemon has done since it started."""
        return await self._perform(calls.stats(), timeout)

    async def ping(self, *, timeout: float | None = None) -> bool:
        """True if the daemon answers: see `Client.ping`."""
        return await self._perform(calls.ping(), timeout)

    async def close(self) -> None:
        """Ends the connections of all loops of this process; calls that wait on them fail. The client cannot
        be used any more."""
        self._is_closed = True
        state = self._state()
        with state.lock:
            loops = list(state.loops.items())
        for loop, of_loop in loops:
            if loop is asyncio.get_running_loop():
                await _end(of_loop)
            elif loop.is_running():
                asyncio.run_coroutine_threadsafe(_end(of_loop), loop)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<kindred_db.AsyncClient {self.address}>"

    async def _perform(self, call: Call[T], timeout: float | None) -> T:
        deadline = self._deadline(timeout)
        if needs_limits(call):
            check_length(call, await self._limits(call, deadline))
        return await self._exchange(call, deadline)

    async def _perform_many(self, many: ManyKeys, timeout: float | None) -> list[Any]:
        deadline = self._deadline(timeout)
        limits = await self._limits(many, deadline) if many.needs_limits else None
        parts = many.calls(limits)
        if len(parts) == 1:
            return await self._exchange(parts[0], deadline)
        results = await asyncio.gather(*(self._exchange(part, deadline) for part in parts))
        return [result for part in results for result in part]

    def _deadline(self, timeout: float | None) -> float:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(
                "AsyncClient is used outside of a running event loop; a process that was forked inside of "
                "one begins another, as asyncio.run() does"
            ) from None
        return loop.time() + (self.timeout if timeout is None else seconds(timeout))

    async def _limits(self, what: Call[Any] | ManyKeys, deadline: float) -> Limits:
        state = self._state()
        if state.limits is None:
            description = await self._exchange(calls.describe(what.relationship), deadline)
            state.limits = Limits.described(description)
        return state.limits

    async def _exchange(self, call: Call[T], deadline: float) -> T:
        """Asks, and asks once more on a new connection where the first one was lost before the reply had
        begun."""
        reply = await self._attempt(call, deadline, may_repeat=True)
        if reply is None:
            reply = await self._attempt(call, deadline, may_repeat=False)
        return call.result(cast(Reply, reply))

    async def _attempt(self, call: Call[Any], deadline: float, may_repeat: bool) -> Reply | None:
        breaker = self._state().breaker
        connection = await self._connection(deadline)
        try:
            reply = await connection.ask(call, deadline, may_repeat)
        except NoReply as error:
            breaker.failed(error, asyncio.get_running_loop().time())
            raise
        if reply is not None:
            breaker.succeeded()
        return reply

    async def _connection(self, deadline: float) -> LoopConnection:
        """The loop's connection; a new one if it has none that is of use, which all who need it wait for."""
        state = self._state()
        of_loop = state.of_running_loop()
        loop = asyncio.get_running_loop()
        while True:
            if self._is_closed:
                raise ClientClosed("the client was closed")
            is_probe = self._has_breaker and state.breaker.admit(loop.time())
            if of_loop.connection is not None and of_loop.connection.is_usable and not is_probe:
                return of_loop.connection
            if of_loop.connecting is None or of_loop.connecting.done():
                of_loop.connecting = loop.create_task(self._connect(of_loop, deadline, is_probe))
                of_loop.connecting.add_done_callback(_look_at_error)
            task = of_loop.connecting
            await asyncio.wait({task}, timeout=max(deadline - loop.time(), 0))
            if not task.done():
                raise NoReply(
                    f"kindred at {self.address} took no connection in time; it may be stopped or overloaded"
                )
            if not task.cancelled():
                return task.result()

    async def _connect(self, of_loop: _LoopState, deadline: float, is_probe: bool) -> LoopConnection:
        breaker = self._state().breaker
        loop = asyncio.get_running_loop()
        if is_probe:
            deadline = min(deadline, loop.time() + PROBE_SECONDS)
        try:
            connection = await open_connection(self.address, deadline)
            if is_probe:
                await connection.ask(calls.ping(), deadline, may_repeat=False)
        except (NoReply, Unreachable) as error:
            breaker.failed(error, loop.time())
            raise
        breaker.succeeded()
        if of_loop.connection is not None:
            of_loop.connection.retire()
        of_loop.connection = connection
        self._state().limits = None  # Another daemon may have others.
        return connection

    def _state(self) -> _State:
        if self._current.process != os.getpid():
            inherited, self._current = self._current, _State()
            for of_loop in list(inherited.loops.values()):
                of_loop.forget()
        return self._current


async def _end(of_loop: _LoopState) -> None:
    if of_loop.connecting is not None:
        of_loop.connecting.cancel()
        await asyncio.wait({of_loop.connecting})
    if of_loop.connection is not None:
        await of_loop.connection.close(ConnectionLost("the client was closed"))


def _look_at_error(task: asyncio.Task[Any]) -> None:
    # asyncio complains of errors that nobody has asked for, as when all who wait are cancelled.
    if not task.cancelled():
        task.exception()

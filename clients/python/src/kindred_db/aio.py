"""The client for asyncio."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from . import calls
from .address import parse_address
from .async_transport import AsyncTransport
from .calls import Call, Page
from .errors import TooLarge
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
    seconds,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack

T = TypeVar("T")


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
        self._transport = AsyncTransport(self.address, self.timeout, circuit_breaker)

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
        limit: int | None = None,
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
        limit: int | None = None,
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
        await self._transport.close()

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
            check_length(call, await self._transport.limits(call.relationship, deadline))
        return await self._transport.exchange(call, deadline)

    async def _perform_many(self, many: ManyKeys, timeout: float | None) -> list[Any]:
        deadline = self._deadline(timeout)
        limits = await self._transport.limits(many.relationship, deadline) if many.needs_limits else None
        try:
            return await self._results(many, limits, deadline)
        except TooLarge as error:
            # A limit below what goes unasked, or one that has been lowered since it was asked for.
            if error.code != "too_many_keys":
                raise
        limits = await self._transport.limits(many.relationship, deadline, anew=True)
        return await self._results(many, limits, deadline)

    async def _results(self, many: ManyKeys, limits: Limits | None, deadline: float) -> list[Any]:
        parts = many.calls(limits)
        if len(parts) == 1:
            return await self._transport.exchange(parts[0], deadline)
        results = await asyncio.gather(*(self._transport.exchange(part, deadline) for part in parts))
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

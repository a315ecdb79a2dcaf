"""The client for programs that wait: scripts, WSGI workers, threads."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from . import calls
from .address import parse_address
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
from .pipeline import Pipeline
from .request import Request
from .sync_transport import SyncTransport

if TYPE_CHECKING:
    from typing_extensions import Unpack

T = TypeVar("T")


class Client:
    """Asks kindred for related rows, and waits for them.

    One client serves a whole program. Each thread has a connection of its own, which is made when it is
    needed and ends with the thread; a forked child makes its own and leaves its parent's alone.

    A request whose connection is lost is sent once more, on a new one, unless its reply had begun. Nothing is
    sent again after a time-out. After a time-out without a word, or when nobody listens, calls fail at once
    with `CircuitOpen` for a while, which grows from 0.1 s to 5 s, until a probe succeeds.

    Args:
        address: `/run/kindred/kindred.sock`, `unix:///run/kindred/kindred.sock` or `tcp://host:port`.
        timeout: Seconds for each call, connecting and a second attempt included. Every call takes its own in
            `timeout=`.
        circuit_breaker: False for a client that tries each call, however the ones before have gone.

    Raises:
        ValueError: The address cannot be read, or the time-out is no number above 0.
    """

    def __init__(
        self, address: str | os.PathLike[str], *, timeout: float = 5.0, circuit_breaker: bool = True
    ) -> None:
        self.address = parse_address(address)
        self.timeout = seconds(timeout)
        self._transport = SyncTransport(self.address, circuit_breaker)

    def load(
        self, relationship: str, key: Any = MISSING, *, parent: Any = MISSING, **options: Unpack[LoadOptions]
    ) -> Any:
        """The related rows of one parent: `db.load("authors.books", 42, order=["-sold"], limit=3)`.

        Args:
            relationship: Its name, `table.name`.
            key: The value of the parent's side; a list or tuple for a composite key. None has no relatives.
            parent: In place of `key`, the parent's primary key.
            **options: See `LoadOptions`.

        Returns:
            A list of dicts for a to-many relationship, a dict or None for a to-one relationship. Values are
            JSON's: a `DECIMAL` is a string, a date `"2026-11-22"`, a BLOB base64.
        """
        return self._perform(calls.load(relationship, key, parent, options), options.get("timeout"))

    def load_many(
        self,
        relationship: str,
        keys: Any = MISSING,
        *,
        parents: Any = MISSING,
        **options: Unpack[LoadOptions],
    ) -> list[Any]:
        """The related rows of many parents: a list with what `load` gives for each key, in their order.

        There may be any number of keys: what is more than the daemon takes at once goes in several requests.

        Raises:
            KindredError: The error of the first key that failed; `batch` gives the others their rows.
        """
        many = ManyKeys(relationship, *keys_or_parents(keys, parents), load_members(options))
        return calls.first_error_raised(self._perform_many(many, options.get("timeout")))

    def count(
        self, relationship: str, key: Any = MISSING, *, parent: Any = MISSING, **options: Unpack[CountOptions]
    ) -> int:
        """The number of related rows of one parent: `db.count("authors.books", 42, where={"published":
        None})`."""
        return self._perform(calls.count(relationship, key, parent, options), options.get("timeout"))

    def count_many(
        self,
        relationship: str,
        keys: Any = MISSING,
        *,
        parents: Any = MISSING,
        **options: Unpack[CountOptions],
    ) -> list[int]:
        """The number of related rows of each of many parents, in their order."""
        many = ManyKeys(relationship, *keys_or_parents(keys, parents), count_members(options))
        return calls.first_error_raised(self._perform_many(many, options.get("timeout")))

    def page(
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
        """Rows behind a position: `db.page("authors.books", 42, order=["-sold"], limit=3, after=[1327, 33])`.

        Args:
            relationship: Its name, of a to-many relationship.
            key: The value of the parent's side.
            parent: In place of `key`, the parent's primary key.
            order: The order within each parent.
            limit: Rows of a page; None for all behind the position.
            after: The position behind which the page begins: a value for each column of `order`, and then one
                for each column of the related primary key that is not among them. None is the first page.
            before: In place of `after`: the rows in front of that position, in the order that was asked; None
                is the last page.
            **options: See `PageOptions`.

        Raises:
            NotSupported: The daemon is older than pages by position.
        """
        call = calls.page(
            relationship, key, parent, order=order, limit=limit, after=after, before=before, given=options
        )
        return self._perform(call, options.get("timeout"))

    def page_many(
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
        """A page of each of many parents, in their order: as `page`, with a list of positions, one for each
        key.

        A position that is None, or None in place of the list, is the first page (with `before`, the last
        one).
        """
        word, values = keys_or_parents(keys, parents)
        position = positions(after, before, len(values))
        many = ManyKeys(relationship, word, values, page_members(order, limit, options), *position)
        return calls.first_error_raised(self._perform_many(many, options.get("timeout")))

    def batch(
        self,
        relationship: str,
        *,
        count: bool = False,
        by_parent: bool = False,
        **options: Unpack[LoadOptions],
    ) -> Callable[[Iterable[Any]], list[Any]]:
        """A function for DataLoaders: keys → a list of results in their order.

        In a failed key's place there is an exception, not raised, and the other keys have their results. What
        concerns all keys, such as a lost connection, is raised.

        Args:
            relationship: Its name.
            count: Counts in place of rows.
            by_parent: Keys are the parents' primary keys.
            **options: See `LoadOptions`; with `count`, `CountOptions`.
        """
        prepare = batch_of(relationship, count, by_parent, options)

        def load_batch(keys: Iterable[Any]) -> list[Any]:
            return self._perform_many(prepare(keys), options.get("timeout"))

        return load_batch

    def pipeline(self, *, timeout: float | None = None) -> Pipeline:
        """Several calls in one write: `with db.pipeline() as p: books = p.load("authors.books", 42)`.

        Args:
            timeout: Seconds for each of its calls that has none of its own.
        """
        return Pipeline(self._transport, self._request, timeout)

    def describe(self, relationship: str | None = None, *, timeout: float | None = None) -> dict[str, Any]:
        """What can be loaded: `relationships` (all, or the one that is named), `limits`, `database`,
        `schema_version` and `source_version`, as the protocol has them."""
        return self._perform(calls.describe(relationship), timeout)

    def hello(self, *, timeout: float | None = None) -> dict[str, Any]:
        """Who answers: `server`, `protocol`, `operations` and `members` that it understands, and
        `schema_version` and `source_version`."""
        return self._perform(calls.hello(), timeout)

    def stats(self, *, timeout: float | None = None) -> dict[str, Any]:
        """What the daemon has done since it started."""
        return self._perform(calls.stats(), timeout)

    def ping(self, *, timeout: float | None = None) -> bool:
        """True if the daemon answers, which does not mean that there is a database; otherwise an error is
        raised."""
        return self._perform(calls.ping(), timeout)

    def close(self) -> None:
        """Ends the connections of all threads of this process; calls that wait on them fail with
        `ClientClosed`. The client cannot be used any more."""
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<kindred_db.Client {self.address}>"

    def _perform(self, call: Call[T], timeout: float | None) -> T:
        request = self._request(call, timeout)
        self._transport.complete([request])
        return request.outcome()

    def _perform_many(self, many: ManyKeys, timeout: float | None) -> list[Any]:
        deadline = self._deadline(timeout)
        limits = self._transport.limits(many.relationship, deadline) if many.needs_limits else None
        try:
            return self._results(many, limits, deadline)
        except TooLarge as error:
            # A limit below what goes unasked, or one that has been lowered since it was asked for.
            if error.code != "too_many_keys":
                raise
        limits = self._transport.limits(many.relationship, deadline, anew=True)
        return self._results(many, limits, deadline)

    def _results(self, many: ManyKeys, limits: Limits | None, deadline: float) -> list[Any]:
        requests = [Request(call, deadline) for call in many.calls(limits)]
        self._transport.complete(requests)
        return [result for request in requests for result in request.outcome()]

    def _request(self, call: Call[T], timeout: float | None) -> Request[T]:
        deadline = self._deadline(timeout)
        if needs_limits(call):
            check_length(call, self._transport.limits(call.relationship, deadline))
        return Request(call, deadline)

    def _deadline(self, timeout: float | None) -> float:
        return time.monotonic() + (self.timeout if timeout is None else seconds(timeout))

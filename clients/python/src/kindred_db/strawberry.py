"""A loader for strawberry-sqlalchemy-mapper whose `first` and `last` hold for each parent.

    from kindred_db.strawberry import StrawberrySQLAlchemyLoader

in the place of the mapper's own class, with the same arguments. The mapper's loader cuts one list of all
parents' rows, so that some parents get none of theirs, and its many-to-many fails on MariaDB and MySQL. Who
answers the loads is another matter: the database, or kindred where `kindred_db.sqlalchemy.attach` was called
for the engine.

Cursors and `pageInfo` stay the mapper's, which counts rows: `hasNextPage` is true as soon as a page is full.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable, NamedTuple, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import RelationshipProperty, Session
from strawberry.dataloader import DataLoader
from strawberry_sqlalchemy_mapper import loader as theirs
from strawberry_sqlalchemy_mapper.pagination_cursor_utils import decode_cursor_index

from .sqlalchemy.order import order_of
from .sqlalchemy.per_parent import Related, Wanted, count_rows, load_rows
from .sqlalchemy.relations import Key, key_columns

Result = TypeVar("Result")
Relationship = RelationshipProperty[Any]


class StrawberrySQLAlchemyLoader(theirs.StrawberrySQLAlchemyLoader):
    """Loads relationships for the resolvers of strawberry-sqlalchemy-mapper; one for each request.

    Args:
        bind: A session or connection, for synchronous engines.
        async_bind_factory: Gives a context manager of an AsyncSession or AsyncConnection, for the others.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._counters: dict[Relationship, DataLoader[Key, int]] = {}

    def loader_for(self, relationship: Relationship) -> theirs.PaginatedLoader:
        """The loader of one relationship; its keys are the mapper's, tuples of the parent's column values."""
        if relationship not in self._loaders:

            async def load(keys: Sequence[Key], **page: Any) -> list[Any]:
                slice_ = _slice(**page)
                own_keys = [_own_part(key, relationship) for key in keys]
                rows = await self._in_session(lambda session: _load(session, relationship, own_keys, slice_))
                return rows if relationship.uselist else [each[0] if each else None for each in rows]

            self._loaders[relationship] = theirs.PaginatedLoader(relationship, load)
        return self._loaders[relationship]

    async def get_relationship_record_count_for_key(self, relationship: Relationship, key: Key) -> int:
        """How many rows a parent has; those of several parents are counted in one query."""
        if relationship not in self._counters:

            async def count(keys: Sequence[Key]) -> list[int]:
                related = Related(relationship, ())
                return await self._in_session(lambda session: count_rows(session, related, keys))

            self._counters[relationship] = DataLoader(load_fn=count)
        return await self._counters[relationship].load(_own_part(key, relationship))

    async def _in_session(self, work: Callable[[Session], Result]) -> Result:
        if self._async_bind_factory is None:
            if self._bind is None:
                raise TypeError("the loader has neither bind nor async_bind_factory, and so no database")
            return _with_session(self._bind, work)
        async with self._async_bind_factory() as bind:
            if isinstance(bind, AsyncConnection):
                return await bind.run_sync(lambda connection: _with_session(connection, work))
            assert isinstance(bind, AsyncSession)
            return await bind.run_sync(work)


class _Slice(NamedTuple):
    """Some of a parent's rows by their numbers, from 0 on."""

    start: int = 0
    #: None for all.
    size: int | None = None
    #: The last `size` rows, whatever their numbers.
    from_end: bool = False
    #: What to take of a parent that has fewer rows than `start` plus `size`: its last ones, so many.
    last_if_short: int | None = None


def _slice(
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
) -> _Slice:
    """What the arguments mean. A cursor that is none counts as not given, as it does in the mapper.

    Raises:
        ValueError: for a negative number, and for two arguments that contradict each other.
    """
    arguments = {"first": first, "after": after, "last": last, "before": before}
    for one, other in (("first", "last"), ("first", "before"), ("last", "after")):
        if arguments[one] is not None and arguments[other] is not None:
            raise ValueError(f"Cannot provide both '{one}' and '{other}'")
    for name, number in (("first", first), ("last", last)):
        if number is not None and number < 0:
            raise ValueError(f"'{name}' must not be negative")
    start = _number(after, -1) + 1
    end = _number(before, None)
    if last is None:
        return _Slice(start, first if end is None else max(0, end - start))
    if end is None:
        return _Slice(size=last, from_end=True)
    start = max(0, end - last)
    return _Slice(start, end - start, last_if_short=last)


def _number(cursor: str | None, default: Any) -> Any:
    number = decode_cursor_index(cursor) if cursor else None
    return default if number is None or number < 0 else number


def _load(
    session: Session, relationship: Relationship, keys: Sequence[Key], slice_: _Slice
) -> list[list[Any]]:
    """The rows of each key, as instances."""
    if slice_.size == 0:
        return [[] for _ in keys]
    related = Related(
        relationship,
        order_of(relationship.order_by or (), relationship.mapper),
        limit=slice_.size,
        offset=slice_.start,
        backwards=slice_.from_end,
    )
    results = [
        [row.instance for row in rows] for rows in load_rows(session, related, [Wanted(key) for key in keys])
    ]
    if slice_.last_if_short is not None:
        short = [place for place, rows in enumerate(results) if len(rows) < (slice_.size or 0)]
        ends = _Slice(size=slice_.last_if_short, from_end=True)
        for place, rows in zip(short, _load(session, relationship, [keys[place] for place in short], ends)):
            results[place] = rows
    return results


def _own_part(key: Key, relationship: Relationship) -> Key:
    """The parent's values of a key. Behind them the mapper's keys have, for a many-to-many, further ones: one
    for each column of the related table that the join table names, but also taken from the parent."""
    return tuple(key[: len(key_columns(relationship))])


def _with_session(bind: Any, work: Callable[[Session], Result]) -> Result:
    """Does the work in the session; on a connection, in a session of its own."""
    if not isinstance(bind, Connection):
        return work(bind)
    with Session(bind) as session:
        return work(session)

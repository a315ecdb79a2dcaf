"""The number of rows of a whole connection, of which a page shows some: counted only if somebody looks."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from sqlalchemy.orm import Session

from ..sqlalchemy.per_parent import count_rows
from ..sqlalchemy.relations import Key
from .arguments import Slice
from .loaders import in_event_loop, loader_of


class _Length:
    def __init__(self, session: Session, slice_: Slice, key: Key) -> None:
        self._session = session
        self._slice = slice_
        self._key = key

    def _count_all(self, session: Session, keys: Sequence[Key]) -> list[int]:
        return count_rows(session, self._slice.related, keys)


class FutureLength(_Length):
    """A number that a resolver may return and a coroutine await; those of all parents are counted
    together."""

    def __await__(self) -> Generator[Any, None, int]:
        loader = loader_of(self._session, ("count", *self._slice.kind), self._count_all)
        number: int = yield from loader.load(self._key).__await__()
        return number


class LazyLength(_Length):
    """A number that is counted when it is made an `int`, as GraphQL does with what a resolver returns."""

    def __int__(self) -> int:
        return self._count_all(self._session, [self._key])[0]


def length_of(session: Session, slice_: Slice, key: Key) -> FutureLength | LazyLength:
    """How many rows of the parent pass the filter, whatever part of them is shown."""
    return (FutureLength if in_event_loop() else LazyLength)(session, slice_, key)

"""Connections of one relationship: what is loaded for them, and what they tell of the rows around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphene.relay.connection import PageInfo  # type: ignore[import-untyped]
from sqlalchemy.orm import RelationshipProperty, Session

from ..sqlalchemy.per_parent import RelatedRow, Wanted, load_rows
from ..sqlalchemy.relations import key_of
from .arguments import Slice, slice_of
from .cursors import cursor_of
from .lengths import length_of
from .loaders import get_batch_resolver, in_event_loop, loader_of
from .selection import asks_for_cursors


def resolve_relationship(
    connection_type: Any,
    relationship: RelationshipProperty[Any],
    session: Session,
    root: Any,
    info: Any,
    args: dict[str, Any],
) -> Any:
    """The connection of one parent; in an event loop a coroutine of it, which shares its load with others."""
    slice_ = slice_of(relationship, info, args)
    if slice_.is_whole and not asks_for_cursors(info):
        return _whole(connection_type, get_batch_resolver(relationship)(root, info))
    wanted = slice_.wanted(key_of(root, relationship))

    def load_all(session: Session, all_wanted: Sequence[Wanted]) -> list[list[RelatedRow]]:
        return load_rows(session, slice_.related, all_wanted)

    def connection_of(rows: list[RelatedRow]) -> Any:
        return _page(connection_type, slice_, rows, length_of(session, slice_, wanted.key))

    if not in_event_loop():
        return connection_of(load_all(session, [wanted])[0])

    async def resolve() -> Any:
        return connection_of(await loader_of(session, slice_.kind, load_all).load(wanted))

    return resolve()


def _whole(connection_type: Any, loaded: Any) -> Any:
    """All rows, as the relationship itself has them, for a query that shows no cursors."""

    def connection_of(instances: Any) -> Any:
        rows = [RelatedRow(instance, []) for instance in instances]
        return _connection(connection_type, rows, [None] * len(rows), len(rows), _page_info())

    if not in_event_loop():
        return connection_of(loaded)

    async def resolve() -> Any:
        return connection_of(await loaded)

    return resolve()


def _page(connection_type: Any, slice_: Slice, rows: list[RelatedRow], length: Any) -> Any:
    """The connection of a slice, from its rows and one more where there are more."""
    rows, more = _trimmed(rows, slice_)
    cut = 0
    if slice_.last is not None and not slice_.related.backwards:
        # With both `first` and `last` it is the last of the first rows.
        cut = max(0, len(rows) - slice_.last)
        rows = rows[cut:]
    cursors = [cursor_of(slice_.related.order, row.position) for row in rows]
    more_behind = more and not slice_.related.backwards
    more_ahead = cut > 0 or (more and slice_.related.backwards)
    page_info = _page_info(
        # A cursor's own row is one that lies outside of the page.
        has_previous=more_ahead or slice_.after is not None,
        has_next=more_behind or slice_.before is not None,
        cursors=cursors,
    )
    if not page_info.has_previous_page and not page_info.has_next_page:
        length = len(rows)
    return _connection(connection_type, rows, cursors, length, page_info)


def _trimmed(rows: list[RelatedRow], slice_: Slice) -> tuple[list[RelatedRow], bool]:
    limit = slice_.limit
    if limit is None or len(rows) <= limit:
        return rows, False
    return rows[len(rows) - limit :] if slice_.related.backwards else rows[:limit], True


def _page_info(
    has_previous: bool = False, has_next: bool = False, cursors: Sequence[str | None] = ()
) -> PageInfo:
    return PageInfo(
        start_cursor=cursors[0] if cursors else None,
        end_cursor=cursors[-1] if cursors else None,
        has_previous_page=has_previous,
        has_next_page=has_next,
    )


def _connection(
    connection_type: Any,
    rows: Sequence[RelatedRow],
    cursors: Sequence[str | None],
    length: Any,
    page_info: PageInfo,
) -> Any:
    edges = [connection_type.Edge(node=row.instance, cursor=cursor) for row, cursor in zip(rows, cursors)]
    connection = connection_type(edges=edges, page_info=page_info)
    connection.iterable = [row.instance for row in rows]
    connection.length = length
    return connection

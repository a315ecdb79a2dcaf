"""The related rows of several parents, for each of them in its own order, with its own limit and position, in
one statement of the ORM's.

    SELECT books.*, page.place, page.position_0, page.position_1
    FROM books JOIN (SELECT 0 AS place, p0.* FROM (SELECT id AS key_0, sold AS position_0, id AS position_1
                                                   FROM books WHERE author_id = 1 … LIMIT 4) AS p0
                     UNION ALL
                     SELECT 1 AS place, p1.* FROM (…) AS p1) AS page ON books.id = page.key_0
    ORDER BY page.place, page.position_0 DESC, page.position_1

Each part reads only the rows that it wants where there is an index for its order. As the statement is the
ORM's, whatever a session does with its own loads holds here as well: autoflush, the identity map,
inheritance, loader options and criteria. It carries the same question for kindred, which `attach` puts in the
statement's place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, literal, select, union_all
from sqlalchemy.orm import RelationshipProperty, Session, selectinload

from .order import OrderTerm, Position, behind
from .positions import json_value
from .questions import CountQuestion, RowsQuestion
from .relations import Key, condition_for

# Parents in one statement: beyond that, parsing costs more than the round trip of a second one.
PARENTS_PER_STATEMENT = 100


@dataclass(frozen=True)
class Related:
    """Which rows of a relationship are wanted, and in which order; for every parent alike."""

    relationship: RelationshipProperty[Any]
    order: Sequence[OrderTerm]
    # Further conditions on the related rows, all of which must hold.
    conditions: Sequence[ColumnElement[bool]] = field(default=())
    # At most so many rows for each parent; None for all.
    limit: int | None = None
    offset: int = 0
    # The rows at the end, or in front of a position; they come in the stated order all the same.
    backwards: bool = False


class Wanted(NamedTuple):
    """One parent: its key, and the position behind which (or in front of which) its rows are; None for the
    first (or the last) ones. `until` bounds them on the other side."""

    key: Key
    position: Position | None = None
    until: Position | None = None


class RelatedRow(NamedTuple):
    instance: Any
    position: Position


def load_rows(session: Session, related: Related, wanted: Sequence[Wanted]) -> list[list[RelatedRow]]:
    """The rows of each parent, in the order of `wanted`. A key with a NULL has none."""
    results: list[list[RelatedRow]] = [[] for _ in wanted]
    for places in _groups(wanted):
        question = RowsQuestion(related, [wanted[place] for place in places])
        options = {"kindred_question": question}
        for row in session.execute(_rows_statement(related, wanted, places), execution_options=options):
            instance, place, *position = row
            results[places[place]].append(RelatedRow(instance, [json_value(value) for value in position]))
    return results


def count_rows(session: Session, related: Related, keys: Sequence[Key]) -> list[int]:
    """The number of rows of each parent, whatever the limit."""
    counts = [0] * len(keys)
    wanted = [Wanted(key) for key in keys]
    for places in _groups(wanted):
        options = {"kindred_question": CountQuestion(related, [keys[place] for place in places])}
        parts = [_count_part(related, i, keys[place]) for i, place in enumerate(places)]
        for place, count in session.execute(_union(parts), execution_options=options):
            counts[places[place]] = count
    return counts


def _groups(wanted: Sequence[Wanted]) -> list[list[int]]:
    """The places of those that can have rows, as many together as go into one statement."""
    places = [place for place, parent in enumerate(wanted) if None not in parent.key]
    size = PARENTS_PER_STATEMENT
    return [places[start : start + size] for start in range(0, len(places), size)]


def _rows_statement(related: Related, wanted: Sequence[Wanted], places: Sequence[int]) -> Select[Any]:
    mapper = related.relationship.mapper
    page = _union([_page_part(related, i, wanted[place]) for i, place in enumerate(places)]).subquery("page")
    keys_equal = and_(*(column == page.c[f"key_{i}"] for i, column in enumerate(mapper.primary_key)))
    positions = [page.c[f"position_{i}"] for i in range(len(related.order))]
    order = [p.desc() if term.descending else p for p, term in zip(positions, related.order)]
    return (
        select(mapper.entity, page.c.place, *positions)
        .join(page, keys_equal)
        .order_by(page.c.place, *order)
        # What a class loads along by a join would be a part of this statement, which only SQL can answer.
        .options(
            *(selectinload(eager.class_attribute) for eager in mapper.relationships if _is_joined(eager))
        )
    )


def _is_joined(relationship: RelationshipProperty[Any]) -> bool:
    return relationship.lazy in ("joined", False)


def _page_part(related: Related, place: int, parent: Wanted) -> Select[Any]:
    """SELECT 0 AS place, p0.* FROM (SELECT id AS key_0, … FROM books WHERE … ORDER BY … LIMIT 4) AS p0"""
    mapper = related.relationship.mapper
    keys = [column.label(f"key_{i}") for i, column in enumerate(mapper.primary_key)]
    positions = [term.exact().label(f"position_{i}") for i, term in enumerate(related.order)]
    page = _related(select(*keys, *positions), related, parent.key)
    for position, backwards in (
        (parent.position, related.backwards),
        (parent.until, not related.backwards),
    ):
        if position is not None:
            page = page.where(behind(related.order, position, backwards))
    page = page.order_by(*(term.clause(related.backwards) for term in related.order))
    rows = page.limit(related.limit).offset(related.offset or None).subquery(f"p{place}")
    return select(literal(place).label("place"), *rows.c)


def _count_part(related: Related, place: int, key: Key) -> Select[Any]:
    """SELECT 0 AS place, count(*) AS rows_ FROM books WHERE author_id = 1"""
    return _related(select(literal(place).label("place"), func.count().label("rows_")), related, key)


def _related(statement: Select[Any], related: Related, key: Key) -> Select[Any]:
    entity = related.relationship.mapper.entity
    conditions = condition_for(related.relationship, key)
    return statement.select_from(entity).where(*conditions, *related.conditions)


def _union(parts: Sequence[Select[Any]]) -> Any:
    return parts[0] if len(parts) == 1 else union_all(*parts)

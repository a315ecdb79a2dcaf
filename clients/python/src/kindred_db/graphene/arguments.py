"""The arguments of a connection field: which rows of a relationship are asked, and how they are sliced."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from graphene_sqlalchemy.utils import EnumValue  # type: ignore[import-untyped]
from graphql import GraphQLError
from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import RelationshipProperty

from ..sqlalchemy.order import Position, order_of
from ..sqlalchemy.per_parent import Related, Wanted
from ..sqlalchemy.relations import Key
from .cursors import position_of
from .selection import was_given


@dataclass(frozen=True)
class Slice:
    """Some rows of each parent. `related` asks for one row more than `limit`, to see whether there are
    more."""

    related: Related
    first: int | None
    last: int | None
    after: Position | None
    before: Position | None
    # Equal for slices that can share a statement.
    kind: tuple[Any, ...]
    # Whether it is all rows, in the relationship's own order.
    is_whole: bool

    @property
    def limit(self) -> int | None:
        return self.last if self.related.backwards else self.first

    def wanted(self, key: Key) -> Wanted:
        """The slice for one parent."""
        ahead, behind = (self.before, self.after) if self.related.backwards else (self.after, self.before)
        return Wanted(key, ahead, behind)


def slice_of(relationship: RelationshipProperty[Any], info: Any, args: dict[str, Any]) -> Slice:
    """What the arguments of a field ask of a relationship.

    Raises:
        GraphQLError: for a negative number, or a cursor that is none or another order's.
    """
    first, last = (_number(args, name) for name in ("first", "last"))
    # Every query has the default for `sort`; only what was written takes the place of the relationship's
    # order.
    sort = args.get("sort") if was_given(info, "sort") else None
    filters = args.get("filter") or None
    expressions = relationship.order_by or [] if sort is None else _expressions(sort)
    order = order_of(expressions, relationship.mapper)
    after = position_of(args.get("after"), order, "after")
    before = position_of(args.get("before"), order, "before")
    backwards = first is None and (last is not None or (before is not None and after is None))
    limit = last if backwards else first
    related = Related(
        relationship,
        order,
        conditions=_conditions(relationship, filters),
        limit=None if limit is None else limit + 1,
        backwards=backwards,
    )
    sorting = None if sort is None else tuple(term.name for term in order)
    kind = (relationship, sorting, _frozen(filters), related.limit, backwards)
    is_whole = all(each is None for each in (sort, filters, first, last, after, before))
    return Slice(related, first, last, after, before, kind, is_whole)


def _number(args: dict[str, Any], name: str) -> int | None:
    number: int | None = args.get(name)
    if number is not None and number < 0:
        raise GraphQLError(f"Argument '{name}' must be a non-negative integer.")
    return number


def _expressions(sort: Any) -> Iterable[Any]:
    """The columns behind the members of a sort enum."""
    for item in sort if isinstance(sort, list) else [sort]:
        value = item.value if isinstance(item, enum.Enum) else item
        yield value.value if isinstance(value, EnumValue) else value


def _conditions(relationship: RelationshipProperty[Any], filters: Any) -> list[ColumnElement[bool]]:
    """What a filter of graphene-sqlalchemy's demands of a related row."""
    if filters is None:
        return []
    mapper = relationship.mapper
    base = select(*mapper.primary_key).select_from(mapper.entity)
    query, clauses = type(filters).execute_filters(base, filters)
    if query is base:
        return list(clauses)
    # It joins other tables, which may find a row several times: it stands aside, and gives primary keys only.
    found = query.where(*clauses).correlate(None)
    key = mapper.primary_key[0] if len(mapper.primary_key) == 1 else tuple_(*mapper.primary_key)
    return [key.in_(found)]


def _frozen(value: Any) -> Any:
    """The filters as something that can be compared and hashed."""
    if isinstance(value, dict):
        return tuple((name, _frozen(value[name])) for name in sorted(value))
    if isinstance(value, list):
        return tuple(_frozen(part) for part in value)
    return value

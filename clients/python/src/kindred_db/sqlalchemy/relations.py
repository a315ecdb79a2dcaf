"""What a mapped relationship joins by: the columns of a parent that are its key, and the way to the related
rows.

Nothing here asks a database. `key_columns` and `condition_for` serve SQL, `path_of` is compared with what the
daemon tells of its relationships.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, bindparam
from sqlalchemy.orm import RelationshipProperty
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression, BooleanClauseList
from sqlalchemy.sql.schema import Column, Table
from sqlalchemy.sql.visitors import replacement_traverse

from .catalog import Catalog, Relationship

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Path:
    """From the columns of a parent's table, perhaps by way of a join table, to columns of the related
    table."""

    from_table: str
    to_table: str
    # The join table with the columns that equal the parent's and those that lead on; None without one.
    through: str | None
    # For each part of the key: the parent's column, the join table's near and far column, the related column.
    # Near and far may pair different numbers of columns, so they stand in lists of their own.
    from_columns: tuple[str, ...]
    near: tuple[str, ...]
    far: tuple[str, ...]
    to_columns: tuple[str, ...]


def key_columns(relationship: RelationshipProperty[Any]) -> list[Column[Any]]:
    """The parent's columns whose values are the key: for a one-to-many mostly its primary key, for a
    many-to-one its foreign key. Each stands once, in the order in which the relationship pairs them."""
    columns: dict[Column[Any], None] = {}
    for pair in _near_pairs(relationship):
        columns.setdefault(pair[0])
    return list(columns)


def key_of(parent: Any, relationship: RelationshipProperty[Any]) -> Key:
    """The key of one mapped instance, with the values that Python sees. An expired instance is refreshed."""
    mapper = relationship.parent
    attributes = (mapper.get_property_by_column(column).key for column in key_columns(relationship))
    return tuple(getattr(parent, attribute) for attribute in attributes)


def condition_for(relationship: RelationshipProperty[Any], key: Key) -> list[ColumnElement[bool]]:
    """The conditions under which a row of the related table (and of the join table) belongs to the parent of
    this key: the relationship's own ones, with the key's values in the place of the parent's columns."""
    values = dict(zip(key_columns(relationship), key))

    def value_for(element: Any, **_: Any) -> Any:
        # In a table that refers to itself both sides have the same columns; SQLAlchemy marks the related one.
        if not isinstance(element, Column) or "remote" in element._annotations:
            return None
        column = element._deannotate()
        if column not in values:
            return None
        return bindparam(None, values[column], type_=column.type, unique=True)

    conditions = [replacement_traverse(relationship.primaryjoin, {}, value_for)]
    if relationship.secondaryjoin is not None:
        conditions.append(relationship.secondaryjoin)
    return conditions


def path_of(relationship: RelationshipProperty[Any]) -> Path | None:
    """The relationship as tables and equal columns; None if it is more than that, such as one with a
    condition of its own."""
    near = _equal_columns(relationship.primaryjoin, _near_pairs(relationship))
    far = _far_pairs(relationship)
    if not near or far is None or not isinstance(relationship.target, Table):
        return None
    if relationship.secondary is None:
        return Path(
            from_table=near[0][0].table.name,
            to_table=relationship.target.name,
            through=None,
            from_columns=_names(pair[0] for pair in near),
            near=(),
            far=(),
            to_columns=_names(pair[1] for pair in near),
        )
    if not isinstance(relationship.secondary, Table):
        return None
    return Path(
        from_table=near[0][0].table.name,
        to_table=relationship.target.name,
        through=relationship.secondary.name,
        from_columns=_names(pair[0] for pair in near),
        near=_names(pair[1] for pair in near),
        far=_names(pair[1] for pair in far),
        to_columns=_names(pair[0] for pair in far),
    )


Pair = tuple[Any, Any]


def _near_pairs(relationship: RelationshipProperty[Any]) -> list[Pair]:
    """Pairs of the parent's column and the one that equals it, of the related table or the join table."""
    pairs = relationship.local_remote_pairs or []
    if relationship.secondary is None:
        return list(pairs)
    return [pair for pair in relationship.synchronize_pairs if pair in pairs]


def _far_pairs(relationship: RelationshipProperty[Any]) -> list[Pair] | None:
    if relationship.secondary is None:
        return []
    pairs = relationship.secondary_synchronize_pairs or []
    return _equal_columns(relationship.secondaryjoin, pairs)


def _equal_columns(condition: Any, pairs: Sequence[Pair]) -> list[Pair] | None:
    """The pairs, if the condition says no more than that their columns are equal."""
    parts = condition.clauses if isinstance(condition, BooleanClauseList) else [condition]
    if isinstance(condition, BooleanClauseList) and condition.operator is not operators.and_:
        return None
    if len(parts) != len(pairs):
        return None
    expected = {frozenset(pair) for pair in pairs}
    for part in parts:
        if not isinstance(part, BinaryExpression) or part.operator is not operators.eq:
            return None
        if frozenset((part.left._deannotate(), part.right._deannotate())) not in expected:
            return None
    return list(pairs)


def _names(columns: Any) -> tuple[str, ...]:
    return tuple(column.name for column in columns)


def found_in(catalog: Catalog, path: Path) -> Relationship | None:
    """The daemon's relationship that joins in this way: rather one from the same table, whose keys have the
    types of the parent's, but any other finds the same rows."""
    on_the_way = () if path.through is None else (path.through,)
    alike = [each for each in catalog.between(path.to_table, on_the_way) if _joins_alike(path, each)]
    return next((each for each in alike if each.from_table == path.from_table), alike[0] if alike else None)


def key_places(path: Path, relationship: Relationship) -> list[int]:
    """For each part of the daemon's key, its place in the key of `key_of`."""
    joined = path.near or path.to_columns
    expected = relationship.hops[0].near if relationship.hops else relationship.to
    return [joined.index(name) for name in expected]


def _joins_alike(path: Path, relationship: Relationship) -> bool:
    if not relationship.hops:
        return sorted(path.to_columns) == sorted(relationship.to)
    hop = relationship.hops[0]
    leads_on = set(zip(path.far, path.to_columns)) == set(zip(hop.far, relationship.to))
    return leads_on and sorted(path.near) == sorted(hop.near)

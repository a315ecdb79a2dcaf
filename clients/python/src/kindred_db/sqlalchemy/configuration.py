"""Relationships of SQLAlchemy's models as configuration of the daemon."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ForeignKeyConstraint, MetaData, Table
from sqlalchemy.exc import NoReferenceError

from kindred_db import Client

from .catalog import Catalog


@dataclass(frozen=True)
class _Through:
    table: str
    near: tuple[str, ...]
    far: tuple[str, ...]


@dataclass(frozen=True)
class _Wanted:
    """A relationship of the models, by structure."""

    label: str
    from_table: str
    from_columns: tuple[str, ...]
    to_table: str
    to: tuple[str, ...]
    through: _Through | None
    is_to_one: bool
    #: Whether the daemon makes it by itself from the schema's foreign keys.
    is_discovered: bool


def toml(source: Any, client: Client | None = None, *, everything: bool = False) -> str:
    """The relationships of models that the daemon does not find by itself, as lines for its configuration
    file: association tables whose primary key is not exactly two foreign keys, and, for mapped classes, joins
    without a foreign key.

    Args:
        source: A MetaData, a registry, or the base class of mapped classes.
        client: With one, whatever the running daemon already has is left out, and whatever it has not is in,
            for instance because the foreign keys of the models are none of the database.
        everything: All relationships, also those that the daemon finds by itself, for
            ``catalog.discover = false``.

    Returns:
        Tables ``[relationships."…"]`` as docs/CONFIGURATION.md has them; empty if nothing is missing.
    """
    wanted = list(_unique(_of_tables(_metadata(source))))
    wanted = list(_unique([*wanted, *_of_mappers(source)]))
    if client is not None and not everything:
        catalog = Catalog(client.describe())
        wanted = [w for w in wanted if not _is_in(catalog, w)]
    elif not everything:
        wanted = [w for w in wanted if not w.is_discovered]
    names: set[str] = set()
    return "\n".join(_written(w, _free_name(w, names)) for w in wanted)


def _metadata(source: Any) -> MetaData:
    metadata = source if isinstance(source, MetaData) else getattr(source, "metadata", None)
    if not isinstance(metadata, MetaData):
        raise TypeError(
            f"source: must be a MetaData, a registry or a base class, not {type(source).__name__}"
        )
    return metadata


def _of_tables(metadata: MetaData) -> Iterator[_Wanted]:
    for _, table in sorted(metadata.tables.items()):
        keys = _foreign_keys(table)
        if table.schema is not None:
            continue
        for key in keys:
            yield from _of_foreign_key(table, key)
        if len(keys) == 2:
            yield _across(table, keys[0], keys[1])
            yield _across(table, keys[1], keys[0])


def _foreign_keys(table: Table) -> list[ForeignKeyConstraint]:
    keys = [c for c in table.constraints if isinstance(c, ForeignKeyConstraint) and _is_within(c)]
    return sorted(keys, key=lambda key: [column.name for column in key.columns])


def _is_within(key: ForeignKeyConstraint) -> bool:
    """Whether a foreign key leads to a table that the MetaData knows, in the same database."""
    try:
        return all(element.column.table.schema is None for element in key.elements)
    except NoReferenceError:
        return False


def _of_foreign_key(table: Table, key: ForeignKeyConstraint) -> Iterator[_Wanted]:
    near = tuple(column.name for column in key.columns)
    far = tuple(element.column.name for element in key.elements)
    parent = key.referred_table
    label = near[0][:-3] if len(near) == 1 and near[0].lower().endswith("_id") else parent.name
    is_key = set(far) == _primary_key(parent)
    yield _Wanted(f"{table.name}.{label}", table.name, near, parent.name, far, None, is_key, True)
    yield _Wanted(f"{parent.name}.{table.name}", parent.name, far, table.name, near, None, False, True)


def _across(table: Table, to_near: ForeignKeyConstraint, to_far: ForeignKeyConstraint) -> _Wanted:
    near = tuple(column.name for column in to_near.columns)
    far = tuple(column.name for column in to_far.columns)
    parent, related = to_near.referred_table, to_far.referred_table
    return _Wanted(
        f"{parent.name}.{related.name}",
        parent.name,
        tuple(element.column.name for element in to_near.elements),
        related.name,
        tuple(element.column.name for element in to_far.elements),
        _Through(table.name, near, far),
        False,
        _primary_key(table) == {*near, *far},
    )


def _of_mappers(source: Any) -> Iterator[_Wanted]:
    """The joins of mapped classes, whether or not a foreign key stands behind them."""
    registry = source if hasattr(source, "mappers") else getattr(source, "registry", None)
    if registry is None:
        return
    registry.configure()
    for mapper in registry.mappers:
        for relationship in mapper.relationships:
            if relationship.secondary is None:
                yield from _of_pairs(relationship)


def _of_pairs(relationship: Any) -> Iterator[_Wanted]:
    pairs = relationship.local_remote_pairs
    tables = {(local.table, remote.table) for local, remote in pairs}
    if len(tables) != 1:
        return
    ((parent, related),) = tables
    if not (isinstance(parent, Table) and isinstance(related, Table)) or parent.schema or related.schema:
        return
    to = tuple(remote.name for _, remote in pairs)
    is_key = set(to) == _primary_key(related)
    label = f"{parent.name}.{relationship.key}"
    columns = tuple(local.name for local, _ in pairs)
    yield _Wanted(label, parent.name, columns, related.name, to, None, is_key, False)


def _primary_key(table: Table) -> set[str]:
    return {column.name for column in table.primary_key.columns}


def _unique(wanted: Iterable[_Wanted]) -> Iterator[_Wanted]:
    """Each structure once, the first that has it."""
    seen = set()
    for one in wanted:
        pairs = frozenset(zip(one.from_columns, one.to)) if one.through is None else one.from_columns
        structure = (one.from_table, pairs, one.to_table, one.through)
        if structure not in seen:
            seen.add(structure)
            yield one


def _is_in(catalog: Catalog, wanted: _Wanted) -> bool:
    way = (wanted.through.table,) if wanted.through else ()
    for known in catalog.between(wanted.to_table, way):
        if known.from_table != wanted.from_table:
            continue
        if not wanted.through:
            pairs = set(zip(wanted.from_columns, wanted.to))
            if set(zip(known.from_columns, known.to)) == pairs:
                return True
        elif (known.hops[0].near, known.hops[0].far) == (wanted.through.near, wanted.through.far):
            return True
    return False


def _free_name(wanted: _Wanted, names: set[str]) -> str:
    name, number = wanted.label, 2
    while name in names:
        name, number = f"{wanted.label}_{number}", number + 1
    names.add(name)
    return name


# [relationships."books.labels"]
# from = "books.id"
# to = "tags.id"
# through = { table = "book_tags", from = "book_id", to = "tag_id" }
# kind = "many"
def _written(wanted: _Wanted, name: str) -> str:
    lines = [
        f"[relationships.{_text(name)}]",
        f"from = {_columns(wanted.from_columns, wanted.from_table)}",
        f"to = {_columns(wanted.to, wanted.to_table)}",
    ]
    if wanted.through:
        near, far = _columns(wanted.through.near), _columns(wanted.through.far)
        lines.append(f"through = {{ table = {_text(wanted.through.table)}, from = {near}, to = {far} }}")
    lines.append(f'kind = "{"one" if wanted.is_to_one else "many"}"')
    return "\n".join(lines) + "\n"


def _columns(names: tuple[str, ...], table: str | None = None) -> str:
    prefix = "" if table is None else f"`{table}`." if "." in table else f"{table}."
    texts = [_text(prefix + name) for name in names]
    return texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)

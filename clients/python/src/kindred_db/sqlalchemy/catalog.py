"""What the daemon can load, by structure: the reply to `describe` as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Hop:
    """A table between the parent and the related table."""

    table: str
    #: The columns that equal what came before.
    near: tuple[str, ...]
    #: The columns that lead on.
    far: tuple[str, ...]


@dataclass(frozen=True)
class Relationship:
    """One relationship of the daemon. Types are the server's words, as ``int(11)``."""

    name: str
    many: bool
    table: str
    #: The shown columns of the related table and their types.
    columns: Mapping[str, str]
    #: The collations of those columns that are text.
    collations: Mapping[str, str]
    primary_key: tuple[str, ...]
    from_table: str
    from_columns: tuple[str, ...]
    #: The types of a key's parts.
    key_types: tuple[str, ...]
    key_collations: tuple[str | None, ...]
    #: The primary key of the parent's table, and the types of its parts.
    parent: tuple[str, ...]
    parent_types: tuple[str, ...]
    hops: tuple[Hop, ...]
    to: tuple[str, ...]
    #: What a request says of where its rows must come from; None for a daemon that does not tell.
    source_version: str | None

    @property
    def tables_on_the_way(self) -> tuple[str, ...]:
        return tuple(hop.table for hop in self.hops)


class Catalog:
    """The relationships of one version of the schema."""

    def __init__(self, description: Mapping[str, Any]) -> None:
        database = description.get("database") or {}
        self.database: str | None = database.get("name")
        self.server_id: str | None = database.get("server_id")
        #: Another one as soon as anything else is.
        self.version = version_of(description)
        #: False for a daemon that does not tell structure: one from before `from`, `hops` and `to`.
        self.tells_structure = description.get("schema_version") is not None
        self._source_version: str | None = description.get("source_version")
        self._by_tables: dict[tuple[str, tuple[str, ...]], list[Relationship]] = {}
        for described in description.get("relationships", []):
            self._add(described)

    def _add(self, described: Mapping[str, Any]) -> None:
        # A relationship with conditions of its own, or whose rows are made distinct, is another question than
        # a statement that says neither.
        if "from" not in described or described.get("fixed") or described.get("distinct"):
            return
        relationship = _relationship(described, self._source_version)
        key = (relationship.table, relationship.tables_on_the_way)
        self._by_tables.setdefault(key, []).append(relationship)

    def between(self, table: str, on_the_way: tuple[str, ...]) -> Iterable[Relationship]:
        """The relationships to `table` by way of these tables, in this order."""
        return self._by_tables.get((table, on_the_way), ())

    def __len__(self) -> int:
        return sum(map(len, self._by_tables.values()))


# {"schema_version":"…","source_version":"…",…}
def version_of(reply: Mapping[str, Any]) -> tuple[Any, Any]:
    """What `hello` and `describe` tell of the version; None where an older daemon does not."""
    return reply.get("schema_version"), reply.get("source_version")


# {"name":"authors.books","kind":"many","table":"books","key":[{"column":"id","type":"int(11)"}],
#  "parent":[…],"columns":[{"column":"id","type":"int(11)","nullable":false},…],
#  "from":{"table":"authors","columns":["id"]},"hops":[],"to":["author_id"],"primary_key":["id"],…}
def _relationship(described: Mapping[str, Any], source_version: str | None) -> Relationship:
    return Relationship(
        name=described["name"],
        many=described["kind"] == "many",
        table=described["table"],
        columns={column["column"]: column["type"] for column in described["columns"]},
        collations={c["column"]: c["collation"] for c in described["columns"] if "collation" in c},
        primary_key=tuple(described.get("primary_key") or ()),
        from_table=described["from"]["table"],
        from_columns=tuple(described["from"]["columns"]),
        key_types=tuple(part["type"] for part in described["key"]),
        key_collations=tuple(part.get("collation") for part in described["key"]),
        parent=tuple(part["column"] for part in described.get("parent") or ()),
        parent_types=tuple(part["type"] for part in described.get("parent") or ()),
        hops=tuple(Hop(hop["table"], tuple(hop["near"]), tuple(hop["far"])) for hop in described["hops"]),
        to=tuple(described["to"]),
        source_version=source_version,
    )

"""What a statement for related rows per parent asks, in kindred's terms.

A question is pure: `ask` says which method of a client to call, and what it gives makes of the answer the
rows that the statement would have had. `attach` does so in the place of the SQL.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from sqlalchemy import CompoundSelect
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.schema import Column

from . import values
from .catalog import Catalog, Relationship
from .filters import driver_form, parts_of, where_of
from .reasons import NotAnswered
from .relations import Key, condition_for, found_in, key_columns, key_places, path_of

if TYPE_CHECKING:
    from .order import OrderTerm
    from .per_parent import Related, Wanted

Cell = Callable[[int, Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Asked:
    """`client.METHOD(name, keys, **options)` gives a result for each key; `rows` makes the statement's of
    them."""

    #: load_many, page_many or count_many.
    method: str
    name: str
    keys: list[Any]
    options: dict[str, Any]
    #: The server's types of the statement's columns.
    types: list[str]
    #: Whether a value is a TIMESTAMP, which depends on the session's time zone.
    has_timestamp: bool
    rows: Callable[[Sequence[Any]], list[tuple[Any, ...]]]


class Question:
    """What both kinds have in common: the relationship, its keys and its filters."""

    def __init__(self, related: Related, keys: Sequence[Key]) -> None:
        self.related = related
        self.keys = keys

    @property
    def label(self) -> str:
        """What it is, for statistics."""
        return f"{self.related.relationship} per parent"

    def ask(self, compiled: Any, catalog: Catalog, dialect: Dialect) -> Asked:
        """How to ask the daemon.

        Args:
            compiled: The statement as it was compiled, which a listener or a criterion may have changed.
            catalog: What the daemon can load.
            dialect: Of the engine, for values of the application's own types.

        Raises:
            NotAnswered: The daemon has no such question, or no such relationship.
        """
        raise NotImplementedError

    def _relationship(self, catalog: Catalog) -> Relationship:
        path = path_of(self.related.relationship)
        found = None if path is None else found_in(catalog, path)
        if found is None:
            raise NotAnswered("no relationship of the daemon joins like this one")
        if self.related.relationship.uselist and not found.many:
            raise NotAnswered(f"'{found.name}' gives one row, and the model has a list")
        return found

    def _keys(self, relationship: Relationship, dialect: Dialect) -> list[Any]:
        """The keys in the protocol's form; a key of one part is that part."""
        path = path_of(self.related.relationship)
        assert path is not None
        columns = key_columns(self.related.relationship)
        parts = [
            (place, columns[place].type, type_)
            for place, type_ in zip(key_places(path, relationship), relationship.key_types)
        ]
        keys = []
        for key in self.keys:
            wire = [
                values.to_wire(driver_form(key[place], model_type, dialect), type_)
                for place, model_type, type_ in parts
            ]
            keys.append(wire[0] if len(wire) == 1 else wire)
        return keys

    def _options(self, relationship: Relationship, dialect: Dialect) -> dict[str, Any]:
        """Those that both kinds have: `where` and `source_version`."""
        table = self.related.relationship.target
        where = where_of(self.related.conditions, table, relationship.columns, dialect)
        return {**({"where": where} if where else {}), "source_version": relationship.source_version}


class CountQuestion(Question):
    """How many rows each parent has."""

    def ask(self, compiled: Any, catalog: Catalog, dialect: Dialect) -> Asked:
        key = self.keys[0]
        own = [*condition_for(self.related.relationship, key), *self.related.conditions]
        _check_counted(compiled, len(list(parts_of(own))))
        relationship = self._relationship(catalog)
        options = self._options(relationship, dialect)
        used = [*relationship.key_types, *(relationship.columns[name] for name in options.get("where", ()))]
        return Asked(
            "count_many",
            relationship.name,
            self._keys(relationship, dialect),
            options,
            ["int", "bigint"],
            _has_timestamp(used),
            lambda counts: list(enumerate(counts)),
        )


class RowsQuestion(Question):
    """Which rows each parent has: all, some, or those behind or in front of a position."""

    def __init__(self, related: Related, wanted: Sequence[Wanted]) -> None:
        super().__init__(related, [parent.key for parent in wanted])
        self.wanted = wanted
        self.by_position = related.backwards or any(parent.position is not None for parent in wanted)

    def ask(self, compiled: Any, catalog: Catalog, dialect: Dialect) -> Asked:
        _check_untouched(compiled.compile_state.statement)
        relationship = self._relationship(catalog)
        order = [_order(term, self.related, relationship) for term in self.related.order]
        sources = [self._source(name, objects) for _, name, objects, _ in compiled._result_columns]
        cells = [_cell(source, relationship) for source in sources]
        options: dict[str, Any] = {"order": order, **self._page(), **self._options(relationship, dialect)}
        shown = [source.name for source in sources if isinstance(source, Column)]
        ordered = [term.column.name for term in self.related.order if term.column is not None]
        options["columns"] = list(dict.fromkeys([*shown, *ordered]))
        used = [relationship.columns[name] for name in [*options["columns"], *options.get("where", ())]]
        return Asked(
            "page_many" if self.by_position else "load_many",
            relationship.name,
            self._keys(relationship, dialect),
            options,
            [_type(source, relationship) for source in sources],
            _has_timestamp([*used, *relationship.key_types]),
            lambda results: [
                tuple(cell(place, row) for cell in cells)
                for place, result in enumerate(results)
                for row in _rows_of(result)
            ],
        )

    def _page(self) -> dict[str, Any]:
        """The members that choose rows: `limit` and `offset`, or `limit` and a position for each key."""
        related = self.related
        if any(parent.until is not None for parent in self.wanted):
            raise NotAnswered("a page between two positions")
        if not self.by_position:
            return {"limit": related.limit, "offset": related.offset or None}
        if related.offset:
            raise NotAnswered("a page behind a position that leaves out rows besides")
        return {
            "limit": related.limit,
            "before" if related.backwards else "after": [parent.position for parent in self.wanted],
        }

    def _source(self, name: str, objects: Sequence[Any]) -> Any:
        """Where a column of the result comes from: "place", the term of a position, or a related column."""
        if name == "place":
            return name
        if name.startswith("position_"):
            return self.related.order[int(name[len("position_") :])]
        target = self.related.relationship.target
        columns = (thing for thing in objects if isinstance(thing, Column) and thing.table is target)
        column = next(columns, None)
        if column is None:
            raise NotAnswered(f"{name} is shown, which is no column of the related table")
        return column


def _check_untouched(statement: Any) -> None:
    """Refuses a statement to which a listener, a criterion or the class itself has added something."""
    if statement.whereclause is not None:
        raise NotAnswered("a condition that the session or the class adds")
    if statement._limit_clause is not None or statement._for_update_arg is not None:
        raise NotAnswered("a limit or a lock that the session adds")


# The SELECTs of a statement that counts, which stays the same object as long as SQLAlchemy remembers it.
_counted: WeakKeyDictionary[Any, list[Any]] = WeakKeyDictionary()


def _check_counted(compiled: Any, own: int) -> None:
    """Refuses a statement of which a part has more conditions than the `own` ones of the question."""
    selects = _counted.get(compiled)
    if selects is None:
        selects = _counted[compiled] = _selects_of(compiled)
    for select in [compiled.compile_state.statement, *selects]:
        if select._limit_clause is not None or select._for_update_arg is not None:
            raise NotAnswered("a limit or a lock that the session adds")
    for select in selects:
        if len(list(parts_of([select.whereclause]))) > own:
            raise NotAnswered("a condition that the session or the class adds")


def _selects_of(compiled: Any) -> list[Any]:
    """The SELECTs of a UNION (or the one without it) with all that the ORM has added to them."""
    statement = compiled.statement
    if not isinstance(statement, CompoundSelect):
        return [compiled.compile_state.statement]
    # A compiled UNION does not keep its compiled parts, which have the whole one's options.
    selects: Any = statement.selects
    parts = (part.options(*statement._with_options) for part in selects)
    return [part.compile(dialect=compiled.dialect).compile_state.statement for part in parts]


def _order(term: OrderTerm, related: Related, relationship: Relationship) -> Any:
    column = term.column
    if column is None or column.table is not related.relationship.target:
        raise NotAnswered("ORDER BY something else than a column of the related table")
    if column.name not in relationship.columns:
        raise NotAnswered(f"ORDER BY the column {column.name}, which kindred does not show")
    if column.name.startswith("-"):
        return {"column": column.name, "desc": term.descending}
    return f"-{column.name}" if term.descending else column.name


def _type(source: Any, relationship: Relationship) -> str:
    if source == "place":
        return "int"
    column = source if isinstance(source, Column) else source.column
    return relationship.columns[column.name]


def _cell(source: Any, relationship: Relationship) -> Cell:
    if source == "place":
        return lambda place, row: place
    if isinstance(source, Column):
        name, read = source.name, _reader(source.name, relationship)
    else:
        name, read = source.column.name, _position_reader(source.column.name, relationship)

    def value(place: int, row: Mapping[str, Any]) -> Any:
        return None if row[name] is None else read(row[name])

    return value


def _reader(name: str, relationship: Relationship) -> Callable[[Any], Any]:
    type_ = relationship.columns.get(name)
    if type_ is None:
        raise NotAnswered(f"'{relationship.name}' does not show the column {name}")
    return values.reader(type_)


def _position_reader(name: str, relationship: Relationship) -> Callable[[Any], Any]:
    """As for any column, but a FLOAT keeps all its digits, so that its row is found again."""
    if values.kind(relationship.columns[name]) == "float":
        return lambda value: float(struct.unpack("f", struct.pack("f", value))[0])
    return _reader(name, relationship)


def _rows_of(result: Any) -> Sequence[Mapping[str, Any]]:
    """The rows of a page, of a load, or of a to-one relationship, which has one row or None."""
    if result is None:
        return []
    if isinstance(result, Mapping):
        return [result]
    rows: Sequence[Mapping[str, Any]] = getattr(result, "rows", result)
    return rows


def _has_timestamp(types: Sequence[str | None]) -> bool:
    return any(type_ is not None and type_.startswith("timestamp") for type_ in types)

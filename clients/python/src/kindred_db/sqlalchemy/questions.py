"""What a statement for related rows per parent asks, in kindred's terms.

A question is pure: `request` says which method of a client to call, `rows` makes of its answer the rows that the
statement would have had. `attach` calls the one after the other in the place of the SQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Iterable, Mapping, NamedTuple, Sequence

from sqlalchemy.engine import Dialect
from sqlalchemy.sql.schema import Column
from sqlalchemy.types import TypeEngine

from .filters import CannotAsk, driver_form, where_of
from .relations import Key, described, key_columns, path_of

if TYPE_CHECKING:
    from .per_parent import Related, Wanted

# A described column as `describe` tells it, and what makes a driver's value of a JSON value of such a column.
Description = Mapping[str, Any]
Convert = Callable[[TypeEngine[Any], Description, Any], Any]

# Where no limit is asked: pages by position need one, and the daemon's own is smaller or as large.
ALL_ROWS = 1_000_000


class Request(NamedTuple):
    """`client.METHOD(name, keys, **options)` gives a result for each key, in their order."""

    method: str
    name: str
    keys: list[Any]
    options: dict[str, Any]


class Question:
    """What both kinds have in common: the relationship, its keys and its filters."""

    def __init__(self, related: Related, keys: Sequence[Key]) -> None:
        self.related = related
        self.keys = keys

    def request(self, compiled: Any, relationships: Iterable[Description], dialect: Dialect) -> Request:
        """What to ask of a client.

        Args:
            compiled: The statement as it was compiled, which a listener or a criterion may have changed.
            relationships: What `describe` tells of each.
            dialect: Of the engine, for values of the application's own types.

        Raises:
            CannotAsk: kindred has no such question, or no such relationship.
        """
        self._check(compiled)
        description = self._description(relationships)
        target = self.related.relationship.target
        options = self._options(description)
        where = where_of(self.related.conditions, target, dialect)
        if where:
            options["where"] = where
        return Request(self._method(), description["name"], self._keys(description, dialect), options)

    def rows(
        self, results: Sequence[Any], compiled: Any, relationships: Iterable[Description], convert: Convert
    ) -> list[tuple[Any, ...]]:
        """The statement's rows, of the driver's values."""
        raise NotImplementedError

    def _method(self) -> str:
        raise NotImplementedError

    def _options(self, description: Description) -> dict[str, Any]:
        return {}

    def _check(self, compiled: Any) -> None:
        """Refuses what asks for more than the question knows of."""

    def _description(self, relationships: Iterable[Description]) -> Description:
        path = path_of(self.related.relationship)
        description = None if path is None else described(path, relationships)
        if description is None:
            raise CannotAsk(f"kindred has no relationship that joins as {self.related.relationship} does")
        return description

    def _keys(self, description: Description, dialect: Dialect) -> list[Any]:
        """Each key's values in the order of the described columns; a single one stands for itself."""
        columns = key_columns(self.related.relationship)
        names = [column.name for column in columns]
        places = [names.index(name) for name in _key_names(description, self.related)]
        keys = []
        for key in self.keys:
            parts = [driver_form(key[place], columns[place].type, dialect) for place in places]
            keys.append(parts[0] if len(parts) == 1 else parts)
        return keys


class CountQuestion(Question):
    """How many rows each parent has."""

    def _method(self) -> str:
        return "count_many"

    def rows(
        self, results: Sequence[Any], compiled: Any, relationships: Iterable[Description], convert: Convert
    ) -> list[tuple[Any, ...]]:
        return list(enumerate(results))


class RowsQuestion(Question):
    """Which rows each parent has: all, some, or those behind or in front of a position."""

    def __init__(self, related: Related, wanted: Sequence[Wanted]) -> None:
        super().__init__(related, [parent.key for parent in wanted])
        self.wanted = wanted

    @property
    def _by_position(self) -> bool:
        return self.related.backwards or any(parent.position is not None for parent in self.wanted)

    def _method(self) -> str:
        return "page_many" if self._by_position else "load_many"

    def _check(self, compiled: Any) -> None:
        statement = compiled.compile_state.statement
        if statement.whereclause is not None:
            raise CannotAsk("the session or the class adds a condition of its own")
        if statement._limit_clause is not None or statement._for_update_arg is not None:
            raise CannotAsk("the statement has a limit or a lock of its own")
        for _, name, objects, _ in compiled._result_columns:
            if self._source(name, objects) is None:
                raise CannotAsk(f"the statement has a column that is no column of the related table: {name}")

    def _options(self, description: Description) -> dict[str, Any]:
        related = self.related
        shown = {column["column"] for column in description["columns"]}
        options: dict[str, Any] = {"order": [self._order(term, shown) for term in related.order]}
        if any(parent.until is not None for parent in self.wanted):
            raise CannotAsk("a page between two positions")
        if not self._by_position:
            return {**options, "limit": related.limit, "offset": related.offset or None}
        if related.offset:
            raise CannotAsk("a page behind a position that leaves out rows besides")
        direction = "before" if related.backwards else "after"
        limit = ALL_ROWS if related.limit is None else related.limit
        return {**options, "limit": limit, direction: [parent.position for parent in self.wanted]}

    def _order(self, term: Any, shown: set[str]) -> Any:
        if term.column is None or term.column.table is not self.related.relationship.target:
            raise CannotAsk(f"an order by something else than a column of the related table: {term.expression}")
        name = term.column.name
        if name not in shown:
            raise CannotAsk(f"an order by the column '{name}', which kindred does not show")
        if name.startswith("-"):
            return {"column": name, "desc": term.descending}
        return f"-{name}" if term.descending else name

    def rows(
        self, results: Sequence[Any], compiled: Any, relationships: Iterable[Description], convert: Convert
    ) -> list[tuple[Any, ...]]:
        columns = {column["column"]: column for column in self._description(relationships)["columns"]}
        sources = [self._source(name, objects) for _, name, objects, _ in compiled._result_columns]
        readers = [_reader(source, columns, convert) for source in sources]
        return [
            tuple(read(place, row) for read in readers)
            for place, result in enumerate(results)
            for row in _rows_of(result)
        ]

    def _source(self, name: str, objects: Sequence[Any]) -> Any:
        """Where a column of the result comes from: a column of the related table, or "place"; None if elsewhere."""
        if name == "place":
            return name
        if name.startswith("position_"):
            return self.related.order[int(name[len("position_") :])].column
        target = self.related.relationship.target
        columns = (thing for thing in objects if isinstance(thing, Column) and thing.table is target)
        return next(columns, None)


def _reader(
    source: Any, columns: Mapping[str, Description], convert: Convert
) -> Callable[[int, Mapping[str, Any]], Any]:
    if source == "place":
        return lambda place, row: place
    if source.name not in columns:
        raise CannotAsk(f"kindred does not show the column '{source.name}'")
    description = columns[source.name]
    return lambda place, row: convert(source.type, description, row[source.name])


def _rows_of(result: Any) -> Sequence[Mapping[str, Any]]:
    """The rows of a page, of a load, or of a to-one relationship, which has one row or None."""
    if result is None:
        return []
    if isinstance(result, Mapping):
        return [result]
    rows: Sequence[Mapping[str, Any]] = getattr(result, "rows", result)
    return rows


def _key_names(description: Description, related: Related) -> list[str]:
    """The parent's columns in the order in which kindred takes the parts of a key."""
    path = path_of(related.relationship)
    assert path is not None
    if path.through is None:
        joined = dict(zip(path.to_columns, path.from_columns))
        return [joined[name] for name in description["to"]]
    joined = dict(zip(path.near, path.from_columns))
    return [joined[name] for name in description["hops"][0]["near"]]

"""Finds the relationship of the daemon that answers a statement, and says how to ask and how to read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

from sqlalchemy import JSON, UniqueConstraint

from . import values
from .catalog import Catalog, Relationship
from .reasons import NotAnswered
from .statement import ColumnRef, Condition, Shape

#: More tables than any statement that is answered has; it bounds the search for who is who.
_MOST_TABLES = 5


@dataclass(frozen=True)
class Key:
    """Where a statement's keys come from."""

    #: The conditions that give the key: one with a list, or one ``=`` for each part.
    conditions: tuple[Condition, ...]
    #: Whether there are several keys.
    many: bool
    #: For each part, its place in the value of a condition ``(a, b) IN (…)``.
    places: tuple[int, ...]
    #: The columns of the key's parts, and the server's types for them.
    columns: tuple[ColumnRef, ...]
    types: tuple[str, ...]
    #: Whether it is the parent's primary key, which the protocol calls `parent`.
    by_parent: bool


@dataclass(frozen=True)
class Cell:
    """Where the value of one column of the SELECT comes from."""

    #: A column of the reply's rows, and its type; None for a part of the key.
    column: str | None
    type: str
    #: The part of the key that is shown in the place of a column of another table, which equals it.
    part: int | None


@dataclass(eq=False)
class Plan:
    """A statement, understood. It holds no values of an execution."""

    relationship: Relationship
    key: Key
    cells: tuple[Cell, ...]
    where: tuple[Condition, ...]
    order: tuple[str, ...]
    #: The columns to ask for; at least one, as the protocol has no rows without columns.
    columns: tuple[str, ...]
    #: For each condition of `where`, the type of its column.
    where_types: tuple[str, ...] = ()
    #: Whether a value, of the key, of a filter or shown, is a TIMESTAMP, which depends on the time zone.
    has_timestamp: bool = False
    #: Whether the statement has no rows where the parent is missing, for which the daemon does not look.
    needs_parent: bool = False
    signature: tuple[Any, ...] = field(default=())


def make_plan(shape: Shape, catalog: Catalog) -> Plan:
    """The plan for a statement; raises `NotAnswered` if the daemon has no relationship for it."""
    if len(shape.tables) > _MOST_TABLES:
        raise NotAnswered("too many tables")
    for table in shape.tables:
        if table.schema is not None and table.schema != catalog.database:
            raise NotAnswered(f"a table of the schema {table.schema}")
    reasons = []
    plans = []
    for match in _matches(shape, catalog):
        try:
            plans.append(match.plan())
        except NotAnswered as refusal:
            # Its text alone: an exception that a frame keeps would keep that frame, and all that called it.
            reasons.append((refusal.reason, refusal.kind))
    if plans:
        return min(plans, key=_preference)
    raise NotAnswered(
        *(reasons or [("no relationship of the daemon is like this statement", "structure")])[0]
    )


def _preference(plan: Plan) -> tuple[Any, ...]:
    """The better plan is the smaller: lists belong into the key, of which there may be more than filters."""
    lists = sum(condition.operator == "in" for condition in plan.where)
    return (lists, len(plan.where), not plan.relationship.many, plan.relationship.name)


def _matches(shape: Shape, catalog: Catalog) -> Iterator[_Match]:
    """Every way in which the tables can be parent, tables on the way and related table of a relationship."""
    for numbers in permutations(range(len(shape.tables))):
        names = [shape.tables[number].name for number in numbers]
        for relationship in catalog.between(names[-1], tuple(names[:-1])):
            yield _Match(shape, relationship, None, numbers)
        if len(names) > 1:
            for relationship in catalog.between(names[-1], tuple(names[1:-1])):
                if relationship.from_table == names[0]:
                    yield _Match(shape, relationship, numbers[0], numbers[1:])


class _Match:
    """One way to read a statement as a relationship.

    `parent` is the number of the parent's table, if the statement has it; `way` has those of the tables on
    the way and, as the last, the related table.
    """

    def __init__(
        self, shape: Shape, relationship: Relationship, parent: int | None, way: tuple[int, ...]
    ) -> None:
        self.shape = shape
        self.relationship = relationship
        self.parent = parent
        self.target = way[-1]
        # Of each table: its number, the columns that equal what came before, and those that lead on.
        hops = [(number, hop.near, hop.far) for number, hop in zip(way, relationship.hops)]
        self.steps = [*hops, (self.target, relationship.to, ())]
        entry, near, _ = self.steps[0]
        self.entry = _columns(entry, near)

    def plan(self) -> Plan:
        self._check_equalities()
        self._check_rows()
        key = self._key()
        where = [condition for condition in self.shape.conditions if condition not in key.conditions]
        types = [self._filter_type(condition) for condition in where]
        _check_operators(where)
        cells = tuple(
            self._cell(column, type_, key) for column, type_ in zip(self.shape.shown, self.shape.types)
        )
        plan = Plan(
            self.relationship, key, cells, tuple(where), self._order(), self._asked(cells), tuple(types)
        )
        used = [*types, *key.types, *(cell.type for cell in cells)]
        plan.has_timestamp = any(type_.startswith("timestamp") for type_ in used)
        looks_for_parent = key.by_parent and set(self.relationship.from_columns) != set(
            self.relationship.parent
        )
        plan.needs_parent = self.parent is not None and not looks_for_parent
        plan.signature = (self.relationship.name, key.by_parent, plan.columns, plan.order)
        return plan

    def _check_equalities(self) -> None:
        expected: set[frozenset[ColumnRef]] = set()
        before = None
        if self.parent is not None:
            before = _columns(self.parent, self.relationship.from_columns)
        for number, near, far in self.steps:
            if before is not None:
                expected.update(map(frozenset, zip(before, _columns(number, near))))
            before = _columns(number, far)
        if expected != self.shape.equalities:
            raise NotAnswered("the tables are joined in another way than a relationship says")

    def _check_rows(self) -> None:
        """A to-one relationship answers with one row, where the statement may have several."""
        if self.relationship.many:
            return
        for number, near, _ in self.steps:
            is_key = number == self.target and set(near) == set(self.relationship.primary_key)
            if not is_key and not _is_unique(self.shape.tables[number], set(near)):
                raise NotAnswered(
                    f"'{self.relationship.name}' gives one row, and the model does not say that "
                    f"{', '.join(sorted(near))} is unique"
                )

    def _key(self) -> Key:
        relationship = self.relationship
        if self.parent is None:
            self._check_key_type()
            return self._key_of(self.entry, relationship.key_types, by_parent=False)
        foreign = _columns(self.parent, relationship.from_columns)
        if any(condition.column in foreign for condition in self.shape.conditions):
            self._check_parents(self.parent)
            return self._key_of(foreign, relationship.key_types, by_parent=False)
        parent = _columns(self.parent, relationship.parent)
        return self._key_of(parent, relationship.parent_types, by_parent=True)

    def _check_parents(self, table: int) -> None:
        """SQL gives the related rows once for each parent that has the key, and kindred once for the key."""
        foreign, parent = set(self.relationship.from_columns), set(self.relationship.parent)
        is_key = bool(parent) and parent <= foreign
        if not is_key and not _is_unique(self.shape.tables[table], foreign):
            raise NotAnswered("the parent's rows may repeat the related ones")

    def _check_key_type(self) -> None:
        """The statement compares with the related table's column, the daemon in the type of the parent's."""
        relationship = self.relationship
        if relationship.hops:
            return
        for name, type_, collation in zip(
            relationship.to, relationship.key_types, relationship.key_collations
        ):
            same_kind = values.kind(self._shown_type(name)) == values.kind(type_)
            if not same_kind or relationship.collations.get(name) != collation:
                raise NotAnswered(f"{name} and the parent's column are of different types or collations")

    def _key_of(self, columns: tuple[ColumnRef, ...], types: tuple[str, ...], by_parent: bool) -> Key:
        if not columns:
            raise NotAnswered("the parent has no primary key")
        for condition in self.shape.conditions:
            listed = condition.row or (condition.column,)
            if condition.operator == "in" and sorted(listed, key=str) == sorted(columns, key=str):
                places = tuple(listed.index(column) for column in columns)
                return Key((condition,), True, places, columns, types, by_parent)
        found = []
        for column in columns:
            equal = [c for c in self._values() if c.column == column and c.operator == "eq"]
            if not equal:
                raise NotAnswered(f"no single value or list for {column.name}")
            found.append(equal[0])
        return Key(tuple(found), False, (), columns, types, by_parent)

    def _values(self) -> list[Condition]:
        """The conditions whose values an execution brings."""
        return [condition for condition in self.shape.conditions if condition.bind is not None]

    def _filter_type(self, condition: Condition) -> str:
        if condition.row:
            raise NotAnswered("a list of rows that is not the key")
        if condition.column.table != self.target:
            raise NotAnswered("a condition on another table than the related one")
        type_ = self._shown_type(condition.column.name)
        if condition.constant is not None and values.kind(type_) != "integer":
            raise NotAnswered(f"true or false compared with a column of type {type_}")
        return type_

    def _shown_type(self, name: str) -> str:
        type_ = self.relationship.columns.get(name)
        if type_ is None:
            raise NotAnswered(f"'{self.relationship.name}' does not show the column {name}")
        return type_

    def _cell(self, column: ColumnRef, model_type: Any, key: Key) -> Cell:
        if column.table == self.target:
            type_ = self._shown_type(column.name)
            _check_model(type_, model_type)
            return Cell(column.name, type_, None)
        part = self._part(column, key)
        if part is None:
            raise NotAnswered("a column of another table than the related one is shown")
        return Cell(None, key.types[part], part)

    def _part(self, column: ColumnRef, key: Key) -> int | None:
        """The part of the key that a column equals: it is that part, or is joined with it."""
        for number, part in enumerate(key.columns):
            if column == part or frozenset((column, part)) in self.shape.equalities:
                return number
        return None

    def _order(self) -> tuple[str, ...]:
        order = []
        for column, descending in self.shape.order:
            if column.table != self.target:
                raise NotAnswered("ORDER BY a column of another table than the related one")
            self._shown_type(column.name)
            if column.name.startswith("-"):
                raise NotAnswered("ORDER BY a column whose name begins with -")
            order.append("-" + column.name if descending else column.name)
        return tuple(order)

    def _asked(self, cells: tuple[Cell, ...]) -> tuple[str, ...]:
        asked = dict.fromkeys(cell.column for cell in cells if cell.column is not None)
        return tuple(asked) or (next(iter(self.relationship.columns)),)


def _columns(table: int, names: tuple[str, ...]) -> tuple[ColumnRef, ...]:
    return tuple(ColumnRef(table, name) for name in names)


def _check_operators(where: list[Condition]) -> None:
    """The protocol takes each comparison of a column once."""
    seen = set()
    for condition in where:
        name = {"is_null": "eq", "is_not_null": "ne"}.get(condition.operator, condition.operator)
        if (condition.column, name) in seen:
            raise NotAnswered(f"two conditions of one kind on {condition.column.name}")
        seen.add((condition.column, name))


def _check_model(type_: str, model_type: Any) -> None:
    """JSON comes as a value. A model that takes the column's text would see another text."""
    if values.kind(type_) == "json" and not issubclass(model_type._type_affinity, JSON):
        raise NotAnswered("a JSON column that the model reads as text")


def _is_unique(table: Any, columns: set[str]) -> bool:
    """Whether the model says that no two rows have the same values in these columns, but for NULL."""
    groups = [table.primary_key.columns]
    groups += [c.columns for c in table.constraints if isinstance(c, UniqueConstraint)]
    # An index over an expression in SQL's words knows only its other columns.
    groups += [i.columns for i in table.indexes if i.unique and len(i.columns) == len(i.expressions)]
    named = [{column.name for column in group} for group in groups]
    return any(names <= columns for names in named if names)

"""From an execution's parameters to a request of the daemon, and from its reply to the rows of a cursor."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.sql.elements import BindParameter

from . import values
from .plan import Plan
from .reasons import NotAnswered
from .statement import Condition

Row = tuple[Any, ...]
#: A key in the protocol's form; a composite one is the tuple of its parts.
WireKey = tuple[Any, ...]


@dataclass
class Request:
    """What to ask the daemon for one execution of a statement."""

    name: str
    #: Each key once, in the order in which they were given.
    keys: list[WireKey]
    by_parent: bool
    #: Whether the statement has a list of keys; otherwise there is exactly one.
    many: bool
    #: The options of a load: `columns`, `where`, `order` and `source_version`.
    options: dict[str, Any]
    #: Equal for requests that differ in their keys only.
    signature: tuple[Any, ...]


class Exchange:
    """The two ways of one plan. It belongs to one compiled statement and one dialect."""

    def __init__(self, plan: Plan, compiled: Any, dialect: Any) -> None:
        self.plan = plan
        self._key_inputs = [_Input(c, compiled, dialect) for c in plan.key.conditions]
        self._filters = [
            (c, type_, _Input(c, compiled, dialect) if c.bind is not None else None)
            for c, type_ in zip(plan.where, plan.where_types)
        ]
        self._key_readers = [values.reader(type_) for type_ in plan.key.types]
        self._cells = [_cell_reader(cell.column, cell.type, cell.part) for cell in plan.cells]

    def request(self, context: Any) -> Request:
        """The request for an execution; raises `NotAnswered` for a value that the protocol does not have."""
        where = self._where(context)
        options: dict[str, Any] = {
            "columns": list(self.plan.columns),
            "source_version": self.plan.relationship.source_version,
        }
        if where:
            options["where"] = where
        if self.plan.order:
            options["order"] = list(self.plan.order)
        signature = (*self.plan.signature, json.dumps(where, sort_keys=True) if where else "")
        key = self.plan.key
        keys = self._keys(context)
        return Request(self.plan.relationship.name, keys, key.by_parent, key.many, options, signature)

    def _keys(self, context: Any) -> list[WireKey]:
        if not self.plan.key.many:
            return [self.wire_key([source.one(context) for source in self._key_inputs])]
        given = self._key_inputs[0].several(context)
        if not given:
            raise NotAnswered("an empty list of keys", "value")
        places = self.plan.key.places
        return list(dict.fromkeys(self.wire_key([row[place] for place in places]) for row in given))

    def wire_key(self, parts: Iterable[Any]) -> WireKey:
        """A key, given as the driver would be given it, in the protocol's form. A part may be None."""
        return tuple(
            None if part is None else values.to_wire(part, type_)
            for part, type_ in zip(parts, self.plan.key.types)
        )

    def processed(self, parts: Iterable[Any]) -> list[Any]:
        """The values of a model's attributes as the driver would be given them as this statement's key."""
        return [source.process(part) for source, part in zip(self._key_inputs, parts)]

    # {"sold":{"gte":1000},"kind":{"in":["a","b"]},"published":{"eq":null}}
    def _where(self, context: Any) -> dict[str, dict[str, Any]]:
        where: dict[str, dict[str, Any]] = {}
        for condition, type_, source in self._filters:
            name, value = _filter(condition, type_, source, context)
            where.setdefault(condition.column.name, {})[name] = value
        return where

    def rows(self, keys: Iterable[WireKey], results: Iterable[Any]) -> list[Row]:
        """The rows of all keys, one key's after the other's; a result is a list of rows, a row or None."""
        rows = []
        for key, result in zip(keys, results):
            asked = [None if part is None else read(part) for part, read in zip(key, self._key_readers)]
            for row in result if isinstance(result, list) else () if result is None else (result,):
                rows.append(tuple(read(row, asked) for read in self._cells))
        return rows


def _filter(condition: Condition, type_: str, source: Any, context: Any) -> tuple[str, Any]:
    if condition.constant is not None:
        return condition.operator, condition.constant
    if source is None:
        return ("eq" if condition.operator == "is_null" else "ne"), None
    given = (
        [row[0] for row in source.several(context)] if condition.operator == "in" else [source.one(context)]
    )
    if None in given:
        # In SQL nothing is equal to NULL, in the protocol's `where` NULL is.
        raise NotAnswered("a comparison with NULL", "value")
    listed = [values.to_wire(value, type_) for value in given]
    return condition.operator, listed if condition.operator == "in" else listed[0]


class _Input:
    """Reads the parameters of one condition from an execution, as the driver would be given them."""

    def __init__(self, condition: Condition, compiled: Any, dialect: Any) -> None:
        bind: BindParameter[Any] = condition.bind  # type: ignore[assignment]
        self._name: str = compiled.bind_names[bind]
        self._width = len(condition.row) or 1
        types = (
            bind.type.types if condition.row and hasattr(bind.type, "types") else [bind.type] * self._width
        )
        self._processors = [type_.dialect_impl(dialect).bind_processor(dialect) for type_ in types]

    def one(self, context: Any) -> Any:
        return self.process(context.compiled_parameters[0][self._name])

    def several(self, context: Any) -> list[list[Any]]:
        """The rows of an IN list. SQLAlchemy gives each value a name: primary_keys_1, primary_keys_2, …"""
        parameters = context.compiled_parameters[0]
        names = context._expanded_parameters[self._name]
        flat = [parameters[name] for name in names]
        rows = [flat[start : start + self._width] for start in range(0, len(flat), self._width)]
        return [[_process(value, f) for value, f in zip(row, self._processors)] for row in rows]

    def process(self, value: Any) -> Any:
        return _process(value, self._processors[0])


def _process(value: Any, processor: Any) -> Any:
    return processor(value) if processor else value


def _cell_reader(column: Any, type_: str, part: Any) -> Callable[[dict[str, Any], list[Any]], Any]:
    read = values.reader(type_)
    if column is None:
        return lambda row, asked: asked[part]
    return lambda row, asked: None if row[column] is None else read(row[column])

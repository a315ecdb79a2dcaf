"""Compares kindred's rows with those of the SQL that it stands for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from . import values
from .exchange import Row
from .plan import Cell, Plan


def sql_rows(cursor: Any, statement: str, parameters: Any, context: Any) -> list[Row]:
    """Runs the statement on its own cursor, as SQLAlchemy would have."""
    context.dialect.do_execute(cursor, statement, parameters, context)
    return [tuple(row) for row in cursor.fetchall()]


def are_equal(plan: Plan, ours: Iterable[Row], theirs: Iterable[Row]) -> bool:
    """Whether both are the same rows, in any order."""
    left, right = ([_comparable(plan, row) for row in rows] for rows in (ours, theirs))
    if plan.key.many and any(values.kind(type_) == "text" for type_ in plan.key.types):
        # Keys that a collation finds equal are one for SQL's IN, and each its own for kindred.
        return set(left) == set(right)
    return Counter(left) == Counter(right)


def are_same(types: Sequence[str], ours: Sequence[Row], theirs: Sequence[Row]) -> bool:
    """Whether both are the same rows in the same order. `types` has the server's type for each column."""
    cells = [Cell(None, type_, None) for type_ in types]
    left, right = ([[_cell(c, v) for c, v in zip(cells, row)] for row in rows] for rows in (ours, theirs))
    return left == right


def _comparable(plan: Plan, row: Row) -> Hashable:
    return tuple(_cell(cell, value) for cell, value in zip(plan.cells, row))


def _cell(cell: Cell, value: Any) -> Hashable:
    name = values.kind(cell.type)
    if value is None:
        return None
    if name == "json":
        # The null of JSON and NULL are one in the protocol, and for SQLAlchemy's JSON.
        parsed = json.loads(value)
        return None if parsed is None else json.dumps(parsed, sort_keys=True)
    # Drivers give a TIME as a duration and bytes as bytes or bytearray.
    return bytes(value) if isinstance(value, bytearray) else value

"""Conditions of SQLAlchemy as the protocol's `where`: `books.sold >= 1000` → `{"sold": {"gte": 1000}}`."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from sqlalchemy import ColumnElement
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import (
    BinaryExpression,
    BindParameter,
    BooleanClauseList,
    False_,
    Grouping,
    Null,
    True_,
)
from sqlalchemy.sql.schema import Column, Table
from sqlalchemy.types import TypeEngine

OPERATORS: Mapping[Any, str] = {
    operators.eq: "eq",
    operators.ne: "ne",
    operators.lt: "lt",
    operators.le: "lte",
    operators.gt: "gt",
    operators.ge: "gte",
    operators.in_op: "in",
    operators.like_op: "like",
    operators.is_: "eq",
    operators.is_not: "ne",
}


class CannotAsk(Exception):
    """kindred has no such question; the text says why, and the SQL answers."""


def where_of(conditions: Iterable[ColumnElement[bool]], table: Table, dialect: Dialect) -> dict[str, Any]:
    """Conditions on columns of `table`, all of which must hold.

    Raises:
        CannotAsk: for whatever is not a comparison of a column with a value.
    """
    where: dict[str, Any] = {}
    for condition in _parts(conditions):
        name, operator, value = _comparison(condition, table, dialect)
        comparisons = where.setdefault(name, {})
        if operator in comparisons:
            raise CannotAsk(f"two conditions '{operator}' on column '{name}'")
        comparisons[operator] = value
    return where


def driver_form(value: Any, type_: TypeEngine[Any], dialect: Dialect) -> Any:
    """What the column's type makes of a value before the driver gets it: an Enum's name, a TypeDecorator's."""
    process = type_.dialect_impl(dialect).bind_processor(dialect)
    return value if process is None else process(value)


def _parts(conditions: Iterable[ColumnElement[bool]]) -> Iterable[ColumnElement[bool]]:
    for condition in conditions:
        if isinstance(condition, Grouping):
            condition = condition.element
        if isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
            yield from _parts(condition.clauses)
        elif not isinstance(condition, True_):
            yield condition


def _comparison(condition: ColumnElement[bool], table: Table, dialect: Dialect) -> tuple[str, str, Any]:
    if not isinstance(condition, BinaryExpression):
        raise CannotAsk(f"a filter that is no comparison: {condition}")
    operator = OPERATORS.get(condition.operator)
    column = condition.left._deannotate()
    if operator is None or condition.modifiers.get("escape") is not None:
        raise CannotAsk(f"a filter that compares in another way: {condition}")
    if not isinstance(column, Column) or column.table is not table:
        raise CannotAsk(f"a filter on something else than a column of {table.name}: {condition}")
    return column.name, operator, _value(condition.right, column, dialect)


def _value(expression: Any, column: Column[Any], dialect: Dialect) -> Any:
    if isinstance(expression, Grouping):
        expression = expression.element
    if isinstance(expression, Null):
        return None
    if isinstance(expression, (True_, False_)):
        return int(isinstance(expression, True_))
    if not isinstance(expression, BindParameter):
        raise CannotAsk(f"a filter that compares {column} with something else than a value: {expression}")
    type_ = column.type if expression.type._isnull else expression.type
    value = expression.effective_value
    if expression.expanding:
        return [driver_form(part, type_, dialect) for part in value]
    return driver_form(value, type_, dialect)

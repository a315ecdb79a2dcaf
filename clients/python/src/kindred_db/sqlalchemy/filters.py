"""Conditions of SQLAlchemy as the protocol's `where`: `books.sold >= 1000` → `{"sold": {"gte": 1000}}`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

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

from . import values
from .reasons import NotAnswered

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


def where_of(
    conditions: Iterable[ColumnElement[bool]], table: Table, types: Mapping[str, str], dialect: Dialect
) -> dict[str, dict[str, Any]]:
    """Conditions on columns of `table`, all of which must hold.

    Args:
        types: The shown columns of the table and the server's types of them.

    Raises:
        NotAnswered: for whatever is not a comparison of a shown column with a value of its type.
    """
    where: dict[str, dict[str, Any]] = {}
    for condition in parts_of(conditions):
        column, operator, values_ = _comparison(condition, table, dialect)
        if column.name not in types:
            raise NotAnswered(f"a filter on the column {column.name}, which kindred does not show")
        wire = [_wire(value, types[column.name]) for value in values_]
        comparisons = where.setdefault(column.name, {})
        if operator in comparisons:
            raise NotAnswered(f"two conditions of one kind on {column.name}")
        comparisons[operator] = wire if operator == "in" else wire[0]
    return where


def _wire(value: Any, type_: str) -> Any:
    if value is None:
        return None
    if (
        isinstance(value, float)
        and _is_exact_as_double(type_)
        and len(Decimal(repr(value)).as_tuple().digits) <= 15
    ):
        # GraphQL has no decimals, so filters on prices and the like are floats. The server compares both as
        # doubles, in which up to fifteen digits are in the same order as they are as decimals.
        value = Decimal(repr(value))
    return values.to_wire(value, type_)


def _is_exact_as_double(type_: str) -> bool:
    precision = re.match(r"decimal\((\d+)", type_)
    return precision is not None and int(precision.group(1)) <= 15


def driver_form(value: Any, type_: TypeEngine[Any], dialect: Dialect) -> Any:
    """What the column's type makes of a value before the driver gets it: an Enum's name, a
    TypeDecorator's."""
    process = type_.dialect_impl(dialect).bind_processor(dialect)
    return value if process is None else process(value)


def parts_of(conditions: Iterable[ColumnElement[bool]]) -> Iterable[ColumnElement[bool]]:
    """The conditions that AND joins in them, without TRUE."""
    for given in conditions:
        condition: Any = given.element if isinstance(given, Grouping) else given
        if isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
            yield from parts_of(condition.clauses)
        elif not isinstance(condition, True_):
            yield condition


def _comparison(
    condition: ColumnElement[bool], table: Table, dialect: Dialect
) -> tuple[Column[Any], str, list[Any]]:
    if not isinstance(condition, BinaryExpression):
        raise NotAnswered(f"a filter that is a {type(condition).__name__}")
    operator = OPERATORS.get(condition.operator)
    column = condition.left._deannotate()
    if operator is None or condition.modifiers.get("escape") is not None:
        raise NotAnswered(f"a filter with {getattr(condition.operator, '__name__', condition.operator)}")
    if not isinstance(column, Column) or column.table is not table:
        raise NotAnswered(f"a filter on something else than a column of {table.name}")
    _check_constant(condition)
    return column, operator, _values(condition.right, column, dialect)


def _check_constant(condition: BinaryExpression[Any]) -> None:
    """Refuses `sold IS TRUE`, which holds for every number but 0, and what else is no equality in SQL."""
    right = condition.right
    if isinstance(right, (True_, False_)):
        if condition.operator not in (operators.eq, operators.ne):
            raise NotAnswered("a filter with IS TRUE or the like")
    elif isinstance(right, Null) != (condition.operator in (operators.is_, operators.is_not)):
        raise NotAnswered("a filter with NULL without IS, or with IS without NULL")


def _values(expression: Any, column: Column[Any], dialect: Dialect) -> list[Any]:
    """The values of a list, or the one value, as the driver would be given them."""
    if isinstance(expression, Grouping):
        expression = expression.element
    if isinstance(expression, Null):
        return [None]
    if isinstance(expression, (True_, False_)):
        return [int(isinstance(expression, True_))]
    if not isinstance(expression, BindParameter):
        raise NotAnswered(f"a filter that compares {column.name} with something else than a value")
    type_ = column.type if expression.type._isnull else expression.type
    value: Any = expression.effective_value
    given = value if expression.expanding else [value]
    if None in given:
        # In SQL nothing is equal to NULL, in the protocol's `where` NULL is.
        raise NotAnswered("a comparison with NULL", "value")
    return [driver_form(value, type_, dialect) for value in given]

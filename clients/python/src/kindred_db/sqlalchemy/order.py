"""Orders, and positions in them.

A position is what stands in a cursor: one value for each column of the order and then for each column of the
primary key that is not in it, in the forms of the protocol (`[1327, 33]` for `ORDER BY sold DESC, id`).
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, false, literal_column, or_, type_coerce
from sqlalchemy import types as sqltypes
from sqlalchemy.orm import Mapper
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.schema import Column

Position = list[Any]


@dataclass(frozen=True)
class OrderTerm:
    expression: ColumnElement[Any]
    descending: bool = False

    @property
    def column(self) -> Column[Any] | None:
        """The column, if the term is nothing else."""
        return self.expression if isinstance(self.expression, Column) else None

    @property
    def name(self) -> str:
        """How a cursor names the term, to be told from those of other orders: `-sold`."""
        text = str(self.expression) if self.column is None else self.column.name
        return "-" + text if self.descending else text

    def clause(self, backwards: bool) -> ColumnElement[Any]:
        return self.expression.desc() if self.descending != backwards else self.expression.asc()

    def raw(self) -> ColumnElement[Any]:
        """The expression with the driver's values, not those of a TypeDecorator or an Enum."""
        return type_coerce(self.expression, sqltypes.NULLTYPE)

    def exact(self) -> ColumnElement[Any]:
        """The same to be selected. The servers print a FLOAT with six digits only, and a DOUBLE with all."""
        return self.raw() + literal_column("0e0") if _is_single(self.expression.type) else self.raw()


def order_of(expressions: Iterable[Any], mapper: Mapper[Any]) -> list[OrderTerm]:
    """The order as it really is: with the primary key behind it, which breaks ties, and no column twice.

    Raises:
        ValueError: for a term such as `nulls_last(...)`, which MariaDB and MySQL do not have.
    """
    terms: list[OrderTerm] = []
    for expression in [*expressions, *mapper.primary_key]:
        term = _term(expression)
        if not any(term.expression.compare(other.expression) for other in terms):
            terms.append(term)
    return terms


def _term(expression: Any) -> OrderTerm:
    descending = False
    while isinstance(expression, UnaryExpression) and expression.modifier is not None:
        if expression.modifier not in (operators.asc_op, operators.desc_op):
            raise ValueError(f"pages cannot be ordered by {expression}: only asc() and desc() are known")
        descending = expression.modifier is operators.desc_op
        expression = expression.element
    if hasattr(expression, "__clause_element__"):
        expression = expression.__clause_element__()
    expression = expression._deannotate()
    # An ENUM and a SET sort by their labels' numbers, but compare with a text as texts.
    if isinstance(expression.type, sqltypes.Enum) and expression.type.native_enum:
        expression = type_coerce(expression, sqltypes.Integer) + 0
    return OrderTerm(expression, descending)


def behind(terms: Sequence[OrderTerm], position: Position, backwards: bool) -> ColumnElement[bool]:
    """The condition for the rows behind a position, or in front of it: for (1327, 33) in `sold DESC, id`

    `sold < 1327 OR sold IS NULL OR (sold = 1327 AND id > 33)`, which the servers read as ranges of an index.
    """
    alternatives = []
    equal: list[ColumnElement[bool]] = []
    for term, value in zip(terms, position):
        further = _further(term, value, backwards)
        if further is not None:
            alternatives.append(and_(*equal, further))
        equal.append(_equals(term, value))
    return or_(*alternatives) if alternatives else false()


def _further(term: OrderTerm, value: Any, backwards: bool) -> ColumnElement[bool] | None:
    """The condition for greater or smaller values. NULL is the smallest of all, as on MariaDB and MySQL."""
    ascending = term.descending == backwards
    if value is None:
        return term.expression.is_not(None) if ascending else None
    if ascending:
        greater: ColumnElement[bool] = term.raw() > _bound(term, value)
        return greater
    smaller = term.raw() < _bound(term, value)
    may_be_null = term.column is None or term.column.nullable
    return or_(smaller, term.expression.is_(None)) if may_be_null else smaller


def _equals(term: OrderTerm, value: Any) -> ColumnElement[bool]:
    return term.expression.is_(None) if value is None else term.raw() == _bound(term, value)


def _bound(term: OrderTerm, value: Any) -> Any:
    return bindparam(None, driver_value(value, term.expression.type), type_=sqltypes.NULLTYPE, unique=True)


def driver_value(value: Any, type_: sqltypes.TypeEngine[Any]) -> Any:
    """A position's value as a driver takes it: what would be compared inexactly as a text gets its own
    type."""
    if isinstance(type_, sqltypes.TypeDecorator):
        type_ = type_.impl_instance
    if isinstance(type_, sqltypes.Float):
        return _rounded(float(value)) if _is_single(type_) else float(value)
    if isinstance(type_, sqltypes.Numeric):
        return Decimal(value)
    if isinstance(type_, sqltypes._Binary):
        return base64.b64decode(value)
    if isinstance(type_, sqltypes.DateTime) and isinstance(value, str):
        return value.rstrip("Z")
    return value


def _is_single(type_: sqltypes.TypeEngine[Any]) -> bool:
    """Whether the column is a FLOAT of four bytes."""
    is_float = isinstance(type_, sqltypes.Float) and type_.__visit_name__.lower() == "float"
    return is_float and (getattr(type_, "precision", None) or 0) <= 24


def _rounded(value: float) -> float:
    """The value that a FLOAT keeps of a number, exactly: 0.1 is 0.10000000149011612 there."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


def json_value(value: Any) -> Any:
    """A driver's value in the form of the protocol."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (Decimal, time)):
        return str(value)
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode("ascii")
    return value


def _duration(value: timedelta) -> str:
    sign, value = ("-", -value) if value < timedelta(0) else ("", value)
    minutes, seconds = divmod(value.days * 86400 + value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{value.microseconds:06}" if value.microseconds else ""
    return f"{sign}{hours:02}:{minutes:02}:{seconds:02}{fraction}"

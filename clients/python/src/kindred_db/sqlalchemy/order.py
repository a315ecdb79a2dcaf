"""Orders, and positions in them.

A position is what stands in a cursor: one value for each column of the order and then for each column of the
primary key that is not in it, in the forms of the protocol (`[1327, 33]` for `ORDER BY sold DESC, id`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, false, literal_column, or_, type_coerce
from sqlalchemy import types as sqltypes
from sqlalchemy.orm import Mapper
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.schema import Column

from .positions import driver_value, has_positions, is_number_of_label, is_single

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
        return self.raw() + literal_column("0e0") if is_single(self.expression.type) else self.raw()


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
    if is_number_of_label(expression.type):
        expression = type_coerce(expression, sqltypes.Integer) + 0
    return OrderTerm(expression, descending)


def check_positions(terms: Sequence[OrderTerm]) -> None:
    """Refuses an order that has no positions.

    Raises:
        ValueError: for a term by which rows are sorted otherwise than they compare.
    """
    for term in terms:
        if not has_positions(term.expression.type):
            raise ValueError(
                f"pages cannot be ordered by {term.name}: the server sorts such values otherwise than it "
                "compares them (long texts, long bytes, JSON, and texts in a nopad collation)"
            )


def behind(terms: Sequence[OrderTerm], position: Position, backwards: bool) -> ColumnElement[bool]:
    """The condition for the rows behind a position, or in front of it: for (1327, 33) in `sold DESC, id`

    `sold < 1327 OR sold IS NULL OR (sold = 1327 AND id > 33)`, which the servers read as ranges of an index.

    Raises:
        ValueError: if the order has no positions.
    """
    check_positions(terms)
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

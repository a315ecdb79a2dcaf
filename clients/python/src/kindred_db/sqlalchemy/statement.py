"""Reads the structure of a SELECT: which tables, which equalities between them, which conditions.

Everything that is not known here is refused, so that a feature of SQLAlchemy that nobody has thought of runs
as SQL. What is read is the Core statement that remains when the ORM has done its part: loader options,
`with_loader_criteria`, inheritance and aliases are all in it by then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Table
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import (
    BinaryExpression,
    BindParameter,
    BooleanClauseList,
    False_,
    Grouping,
    Label,
    Null,
    True_,
    UnaryExpression,
    _label_reference,
)
from sqlalchemy.sql.elements import (
    Tuple as TupleElement,
)
from sqlalchemy.sql.selectable import Alias, Join, Select

from .reasons import NotAnswered


@dataclass(frozen=True)
class ColumnRef:
    """A column of one of the statement's tables."""

    #: The index of the table in `Shape.tables`: a table that is joined with itself is there twice.
    table: int
    name: str


@dataclass(frozen=True)
class Condition:
    """``column OPERATOR value``, with a value that each execution brings along."""

    column: ColumnRef
    #: A name of the protocol's `where`: eq, ne, lt, lte, gt, gte, in, is_null, is_not_null.
    operator: str
    #: None for is_null, is_not_null and a constant.
    bind: BindParameter[Any] | None
    #: Where the condition is ``(a, b) IN (…)``: the columns, of which `column` is the first.
    row: tuple[ColumnRef, ...] = ()
    #: For ``column = true`` and the like: 1 or 0, as the server has it.
    constant: int | None = None


@dataclass
class Shape:
    """What a SELECT of tables, inner joins and simple conditions asks for."""

    tables: list[Table]
    #: ``a.x = b.y``, from WHERE and ON alike.
    equalities: set[frozenset[ColumnRef]]
    conditions: list[Condition]
    shown: list[ColumnRef]
    #: For each shown column, its type in the model.
    types: list[Any]
    #: Columns, and whether each is descending.
    order: list[tuple[ColumnRef, bool]]


_COMPARISONS = {
    operators.eq: "eq",
    operators.ne: "ne",
    operators.lt: "lt",
    operators.le: "lte",
    operators.gt: "gt",
    operators.ge: "gte",
}
_REVERSED = {"eq": "eq", "ne": "ne", "lt": "gt", "lte": "gte", "gt": "lt", "gte": "lte"}

#: Clauses of a Select that kindred has no words for. Most are private; the names are those of 2.0 and 2.1.
_UNKNOWN_CLAUSES = {
    "_for_update_arg": "FOR UPDATE",
    "_limit_clause": "LIMIT",
    "_offset_clause": "OFFSET",
    "_fetch_clause": "FETCH",
    "_distinct": "DISTINCT",
    "_group_by_clauses": "GROUP BY",
    "_having_criteria": "HAVING",
    "_prefixes": "prefixes",
    "_suffixes": "suffixes",
    "_hints": "hints",
    "_statement_hints": "hints",
    "_independent_ctes": "CTE",
}


def read(statement: Any, dialect: Any) -> Shape:
    """The structure of a Core statement; raises `NotAnswered` for whatever is not understood."""
    if not isinstance(statement, Select):
        raise NotAnswered("not a SELECT of tables")
    for attribute, words in _UNKNOWN_CLAUSES.items():
        value = getattr(statement, attribute)
        if value is not None and value is not False and value not in ((), {}):
            raise NotAnswered(words)
    return _Reader(statement, dialect).shape


class _Reader:
    def __init__(self, statement: Select[Any], dialect: Any) -> None:
        self._dialect = dialect
        self.shape = Shape([], set(), [], [], [], [])
        self._numbers: dict[Any, int] = {}
        for source in statement.get_final_froms():
            self._add_source(source)
        if statement.whereclause is not None:
            self._add_condition(statement.whereclause)
        for shown in statement._all_selected_columns:
            self._add_shown(shown)
        for clause in statement._order_by_clauses:
            self._add_order(clause)

    def _add_source(self, source: Any) -> None:
        if isinstance(source, Join):
            if source.isouter or source.full:
                raise NotAnswered("outer join")
            self._add_source(source.left)
            self._add_source(source.right)
            self._add_condition(source.onclause)
            return
        table = source.element if isinstance(source, Alias) else source
        if not isinstance(table, Table):
            raise NotAnswered(f"FROM has {_what(source)}, not a table")
        self._numbers[source] = len(self.shape.tables)
        self.shape.tables.append(table)

    def _add_condition(self, clause: Any) -> None:
        clause = _without_parentheses(clause)
        if isinstance(clause, BooleanClauseList) and clause.operator is operators.and_:
            for part in clause.clauses:
                self._add_condition(part)
        elif isinstance(clause, BinaryExpression):
            self._add_comparison(clause)
        else:
            raise NotAnswered(f"a condition that is {_what(clause)}")

    def _add_comparison(self, clause: BinaryExpression[Any]) -> None:
        left, right = _without_parentheses(clause.left), _without_parentheses(clause.right)
        operator = _COMPARISONS.get(clause.operator)
        if operator and isinstance(left, Column) and isinstance(right, Column):
            if operator != "eq":
                raise NotAnswered("columns compared by something else than =")
            self.shape.equalities.add(frozenset((self._column(left), self._column(right))))
        elif operator and isinstance(left, Column) and isinstance(right, BindParameter):
            self._add_value(left, operator, right)
        elif operator and isinstance(left, BindParameter) and isinstance(right, Column):
            self._add_value(right, _REVERSED[operator], left)
        elif clause.operator in (operators.eq, operators.ne) and isinstance(right, (True_, False_)):
            value = int(isinstance(right, True_))
            self.shape.conditions.append(Condition(self._column(left), operator or "", None, (), value))
        elif clause.operator is operators.in_op and isinstance(right, BindParameter) and right.expanding:
            self._add_list(left, right)
        elif clause.operator in (operators.is_, operators.is_not) and isinstance(right, Null):
            name = "is_null" if clause.operator is operators.is_ else "is_not_null"
            self.shape.conditions.append(Condition(self._column(left), name, None))
        else:
            operator = getattr(clause.operator, "__name__", str(clause.operator))
            raise NotAnswered(f"the condition: {_what(left)} {operator} {_what(right)}")

    def _add_value(self, column: Any, operator: str, bind: BindParameter[Any]) -> None:
        if bind.expanding:
            raise NotAnswered("a list compared by something else than IN")
        self._check_bind(bind)
        self.shape.conditions.append(Condition(self._column(column), operator, bind))

    # books.author_id IN (…), and (lines.year, lines.number) IN (…)
    def _add_list(self, left: Any, bind: BindParameter[Any]) -> None:
        self._check_bind(bind)
        if isinstance(left, TupleElement):
            row = tuple(self._column(part) for part in left.clauses)
            self.shape.conditions.append(Condition(row[0], "in", bind, row))
        else:
            self.shape.conditions.append(Condition(self._column(left), "in", bind))

    def _add_shown(self, shown: Any) -> None:
        column = shown.element if isinstance(shown, Label) else shown
        written = column.type.dialect_impl(self._dialect).column_expression(column)
        if written is not None and written is not column:
            raise NotAnswered(f"the type of a shown column writes SQL of its own: {column.type!r}")
        self.shape.shown.append(self._column(column))
        self.shape.types.append(column.type)

    def _add_order(self, clause: Any) -> None:
        descending = False
        clause = _without_parentheses(clause)
        if isinstance(clause, UnaryExpression):
            if clause.operator is not None or clause.modifier not in (operators.desc_op, operators.asc_op):
                raise NotAnswered("an ORDER BY that is more than columns")
            descending = clause.modifier is operators.desc_op
            clause = _without_parentheses(clause.element)
        self.shape.order.append((self._column(clause), descending))

    def _column(self, column: Any) -> ColumnRef:
        if not isinstance(column, Column):
            raise NotAnswered(f"{_what(column)} where a column is expected")
        number = self._numbers.get(column.table)
        if number is None:
            raise NotAnswered("a column of something else than the tables of FROM")
        return ColumnRef(number, column.name)

    def _check_bind(self, bind: BindParameter[Any]) -> None:
        written = bind.type.dialect_impl(self._dialect).bind_expression(bind)
        if written is not None and written is not bind:
            raise NotAnswered(f"the type of a value writes SQL of its own: {bind.type!r}")


def _without_parentheses(clause: Any) -> Any:
    # An ORDER BY that could also mean a label of the SELECT is wrapped in a _label_reference.
    while isinstance(clause, (Grouping, Label, _label_reference)):
        clause = clause.element
    return clause


def _what(clause: Any) -> str:
    """A clause in a few words: a Cast, a Subquery, an ExistsClause."""
    name = type(clause).__name__.removeprefix("Annotated")
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"

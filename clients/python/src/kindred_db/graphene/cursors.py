"""Cursors: opaque texts that carry an order and a position in it.

The position is one of values and not a number of rows, so a page begins where the one before has ended, even
if rows have come or gone in between.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError
from graphql_relay.utils import base64, unbase64

from ..sqlalchemy.order import OrderTerm, Position, check_positions
from ..sqlalchemy.positions import driver_value


def cursor_of(order: Sequence[OrderTerm], position: Position) -> str:
    """Base64 of `[["-sold","id"],[1327,33]]`."""
    return base64(json.dumps([[term.name for term in order], position], separators=(",", ":")))


def position_of(cursor: str | None, order: Sequence[OrderTerm], argument: str) -> Position | None:
    """The position that a cursor carries; None for no cursor.

    Raises:
        GraphQLError: if it is no cursor, or one of another order, or the order has no cursors; the text
            names the argument.
    """
    if not cursor:
        return None
    try:
        names, position = json.loads(unbase64(cursor))
        is_cursor = isinstance(names, list) and isinstance(position, list)
    except (ValueError, TypeError):
        is_cursor = False
    if not is_cursor:
        raise GraphQLError(f"Argument '{argument}' is not a cursor of this field: {cursor!r}")
    _check(names, position, order, argument)
    return list(position)


def _check(names: list[Any], position: list[Any], order: Sequence[OrderTerm], argument: str) -> None:
    expected = [term.name for term in order]
    if names != expected:
        was, wanted = (", ".join(map(str, each)) for each in (names, expected))
        raise GraphQLError(f"Argument '{argument}' is a cursor of rows sorted by {was}, not by {wanted}.")
    plain = all(value is None or isinstance(value, (str, int, float)) for value in position)
    if len(position) != len(names) or not plain or not _fits(position, order):
        raise GraphQLError(f"Argument '{argument}' is not a cursor of this field.")
    try:
        check_positions(order)
    except ValueError as error:
        raise GraphQLError(f"Argument '{argument}': {error}") from None


def _fits(position: list[Any], order: Sequence[OrderTerm]) -> bool:
    """Whether the columns can have the values: one that cannot be sent would fail all parents' loads."""
    try:
        for term, value in zip(order, position):
            if value is not None:
                driver_value(value, term.expression.type)
    except (ValueError, TypeError, ArithmeticError):
        return False
    return True

"""What the text of a query says of a field, beyond the values of its arguments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphql import FieldNode, FragmentSpreadNode, GraphQLResolveInfo, SelectionSetNode, VariableNode

CURSORS = {"cursor", "startCursor", "endCursor"}


def was_given(info: GraphQLResolveInfo, argument: str) -> bool:
    """Whether the query gives the argument, rather than leaving it to its default."""
    for node in info.field_nodes:
        for given in node.arguments:
            if given.name.value == argument:
                value = given.value
                return not isinstance(value, VariableNode) or value.name.value in info.variable_values
    return False


def asks_for_cursors(info: GraphQLResolveInfo) -> bool:
    """Whether the query shows a cursor of this connection: of an edge, or of its `pageInfo`."""
    return any(
        node.name.value in CURSORS
        for connection in info.field_nodes
        for part in _fields(info, connection.selection_set)
        if part.name.value in ("edges", "pageInfo")
        for node in _fields(info, part.selection_set)
    )


def _fields(info: GraphQLResolveInfo, selection: Any) -> Iterable[FieldNode]:
    """The fields of a selection, with those of its fragments."""
    if not isinstance(selection, SelectionSetNode):
        return
    for node in selection.selections:
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, FragmentSpreadNode):
            yield from _fields(info, info.fragments[node.name.value].selection_set)
        else:
            yield from _fields(info, node.selection_set)  # type: ignore[attr-defined]

"""Puts this package's batching in the place of graphene-sqlalchemy's, and back."""

from __future__ import annotations

from typing import Any

import graphene  # type: ignore[import-untyped]
from graphene_sqlalchemy import batching, converter, fields  # type: ignore[import-untyped]
from graphene_sqlalchemy.resolvers import get_custom_resolver  # type: ignore[import-untyped]

from .fields import BatchSQLAlchemyConnectionField
from .loaders import get_batch_resolver

_convert_to_many = converter._convert_o2m_or_m2m_relationship

# What stands where, and what we put there. Fields look these up when the schema is built.
_PLACES: list[tuple[Any, str, Any]] = [
    (batching, "get_batch_resolver", get_batch_resolver),
    (converter, "get_batch_resolver", get_batch_resolver),
    (fields, "get_batch_resolver", get_batch_resolver),
    (fields, "BatchSQLAlchemyConnectionField", BatchSQLAlchemyConnectionField),
    # It looks for a name that SQLAlchemy 2.1 has renamed, and batches nothing without it.
    (converter, "is_selectin_available", True),
]
_replaced: list[tuple[Any, str, Any]] = []


def install() -> None:
    """Makes graphene-sqlalchemy batch by this package. Call it before the first `Schema` is built, and before
    `BatchSQLAlchemyConnectionField` is imported from there. Calling it again changes nothing."""
    if _replaced:
        return
    for module, name, ours in [*_PLACES, (converter, _convert_to_many.__name__, _convert_list)]:
        _replaced.append((module, name, getattr(module, name)))
        setattr(module, name, ours)


def uninstall() -> None:
    """Puts back what `install` has replaced, for schemas that are built from now on."""
    while _replaced:
        setattr(*_replaced.pop())


def _convert_list(
    relationship: Any, obj_type: Any, batching: bool, connection_field_factory: Any, **field_kwargs: Any
) -> Any:
    """A to-many relationship as a field. graphene-sqlalchemy batches connections, but not plain lists."""
    field = _convert_to_many(relationship, obj_type, batching, connection_field_factory, **field_kwargs)
    is_list = type(field) is graphene.Field and field.resolver is None
    if batching and is_list and get_custom_resolver(obj_type, relationship.key) is None:
        field.resolver = get_batch_resolver(relationship)
    return field

"""Connection fields whose filters, sorting and pages hold for each parent."""

from __future__ import annotations

from functools import partial
from typing import Any

from graphene.utils.str_converters import to_camel_case  # type: ignore[import-untyped]
from graphene_sqlalchemy import fields as theirs  # type: ignore[import-untyped]
from graphene_sqlalchemy.utils import get_nullable_type, get_session  # type: ignore[import-untyped]
from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import RelationshipProperty

from ..sqlalchemy.sessions import turn_of
from .connections import resolve_relationship
from .loaders import session_of


class BatchSQLAlchemyConnectionField(theirs.BatchSQLAlchemyConnectionField):  # type: ignore[misc]
    """A connection field that loads a relationship for all parents of a query at once.

    `first`, `last`, `after`, `before`, `sort` and `filter` hold for each parent. Cursors carry positions: a
    page goes on behind the row that it names, whatever was added or removed before it. Where no object is the
    parent, as in the query's root, it is what graphene-sqlalchemy's field is.

    The connection that resolves it has `iterable`, its rows, and `length`, the number of all rows that the
    filter lets through, which a resolver can return: where it is not known yet, it is counted when it is
    returned.
    """

    relationship: RelationshipProperty[Any] | None = None

    @classmethod
    def from_relationship(
        cls, relationship: RelationshipProperty[Any], registry: Any, **field_kwargs: Any
    ) -> BatchSQLAlchemyConnectionField:
        """The field of a relationship; for `connection_field_factory` in the `Meta` of a type."""
        child_type = registry.get_type_for_model(relationship.mapper.entity)
        field = cls(child_type.connection, **field_kwargs)
        field.relationship = relationship
        return field

    def wrap_resolve(self, parent_resolver: Any) -> Any:
        # graphene gives a `resolve_…` of the type's as it is, and its own default as a partial.
        has_resolver = not isinstance(parent_resolver, partial)
        plain = super().wrap_resolve(parent_resolver)
        connection_type = get_nullable_type(self.type)

        def resolve(root: Any, info: Any, **args: Any) -> Any:
            session = None if has_resolver else session_of(root)
            if session is None:
                return plain(root, info, **args)
            relationship = self.relationship or _relationship_of(root, self.model, info)
            return resolve_relationship(connection_type, relationship, session, root, info, args)

        return resolve

    @classmethod
    def connection_resolver(
        cls, resolver: Any, connection_type: Any, model: Any, root: Any, info: Any, **args: Any
    ) -> Any:
        # Theirs takes the first relationship of the root's that leads to the model; ours has been found
        # before.
        return super(theirs.BatchSQLAlchemyConnectionField, cls).connection_resolver(
            resolver, connection_type, model, root, info, **args
        )

    @classmethod
    async def resolve_connection_async(
        cls, connection_type: Any, model: Any, info: Any, args: Any, resolved: Any
    ) -> Any:
        session = get_session(info.context)
        assert isinstance(session, AsyncSession)
        # Fields of the root are resolved at once, but an AsyncSession can do only one thing at a time.
        async with turn_of(session):
            return await super().resolve_connection_async(connection_type, model, info, args, resolved)


def _relationship_of(root: Any, model: Any, info: Any) -> RelationshipProperty[Any]:
    """The relationship that a field means which was declared without one: that of the field's name, or the
    only one that leads to the model."""
    relationships = inspect(type(root)).relationships
    candidates = [each for each in relationships if each.uselist and each.mapper.class_ is model]
    names = info.parent_type.graphene_type._meta.fields
    name = next((name for name in names if to_camel_case(name) == info.field_name), info.field_name)
    for each in candidates:
        if each.key == name or len(candidates) == 1:
            found: RelationshipProperty[Any] = each
            return found
    raise TypeError(
        f"{info.parent_type.name}.{info.field_name}: {type(root).__name__} has {len(candidates) or 'no'} "
        f"relationships to {model.__name__}, and none is called '{name}'; "
        "BatchSQLAlchemyConnectionField.from_relationship says which is meant"
    )

"""A graphene schema over the models of the tests."""

from __future__ import annotations

from typing import Any

import graphene
from graphene import relay
from graphene_sqlalchemy import SQLAlchemyObjectType
from graphene_sqlalchemy.converter import set_non_null_many_relationships
from graphene_sqlalchemy.fields import BatchSQLAlchemyConnectionField
from graphene_sqlalchemy.registry import Registry
from models import Author, Book, Review, Tag
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from kindred_db.graphene import turn_of

# Its filters do not know lists that are not null.
set_non_null_many_relationships(False)
registry = Registry()


class Counted(relay.Connection):
    """A connection that tells how many rows there are in all, as many applications have it."""

    class Meta:
        abstract = True

    total = graphene.Int()

    def resolve_total(self, info: Any) -> Any:
        return self.length


def object_type(model: Any, **meta: Any) -> Any:
    options = {"model": model, "name": model.__name__, "registry": registry, "batching": True, **meta}
    return type(f"{model.__name__}Type", (SQLAlchemyObjectType,), {"Meta": type("Meta", (), options)})


AuthorType, BookType, TagType = (
    object_type(model, interfaces=(relay.Node,), connection_class=Counted) for model in (Author, Book, Tag)
)
# Without a connection: its relationships are plain lists.
ReviewType = object_type(Review)


class Query(graphene.ObjectType):
    authors = graphene.List(AuthorType, ids=graphene.List(graphene.Int))
    books = graphene.List(BookType, ids=graphene.List(graphene.Int))
    found = graphene.List(BookType)
    all_tags = BatchSQLAlchemyConnectionField(TagType.connection)
    more_tags = BatchSQLAlchemyConnectionField(TagType.connection)

    def resolve_found(self, info: Any) -> Any:
        return info.context["found"]

    def resolve_authors(self, info: Any, ids: list[int]) -> Any:
        return rows(info, select(Author).where(Author.id.in_(ids)).order_by(Author.id))

    def resolve_books(self, info: Any, ids: list[int]) -> Any:
        return rows(info, select(Book).where(Book.id.in_(ids)).order_by(Book.id))


def rows(info: Any, statement: Any) -> Any:
    session = info.context["session"]
    if not isinstance(session, AsyncSession):
        return session.scalars(statement).all()

    async def read() -> Any:
        async with turn_of(session):
            return (await session.scalars(statement)).all()

    return read()


schema = graphene.Schema(query=Query)

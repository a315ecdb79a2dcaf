"""A strawberry schema over the models of the tests."""

import models
import strawberry
from sqlalchemy import select
from strawberry_sqlalchemy_mapper import StrawberrySQLAlchemyMapper

mapper = StrawberrySQLAlchemyMapper()


# Relationships find their types by the names of the models.
@mapper.type(models.Author)
class Author:
    __exclude__ = ["bestsellers"]  # noqa: RUF012


@mapper.type(models.Book)
class Book:
    __exclude__ = ["reviews"]  # noqa: RUF012


@mapper.type(models.Tag)
class Tag:
    pass


@strawberry.type
class Query:
    @strawberry.field
    def authors(self, info: strawberry.Info, numbers: list[int]) -> list[Author]:
        found = select(models.Author).where(models.Author.id.in_(numbers)).order_by(models.Author.id)
        return list(info.context["session"].scalars(found))


mapper.finalize()
schema = strawberry.Schema(query=Query)

"""Queries of a graphene schema, whose every answer is compared with plain SQL's."""

from __future__ import annotations

import unittest
from typing import Any

try:
    import graphene_sqlalchemy  # noqa: F401
except ImportError:
    raise unittest.SkipTest("graphene-sqlalchemy is not installed") from None

from fixture import BookshopCase

import kindred_db.graphene

# Before the schema is built.
kindred_db.graphene.install()

from models import Book  # noqa: E402
from schema import schema  # noqa: E402
from sqlalchemy import select  # noqa: E402

AUTHORS = [1, 2, 42, 191, 195]  # The last two have no books.
BOOKS = [1, 2, 9, 10, 11]  # The tenth has no tags.


async def answer(session: Any, query: str, **variables: Any) -> Any:
    """The data of a query; fails if a field of it fails."""
    result = await schema.execute_async(query, context_value={"session": session}, variable_values=variables)
    assert not result.errors, result.errors
    return result.data


def authors_with(fields: str) -> str:
    """A query of the authors."""
    return f"{{ authors(ids: {AUTHORS}) {{ {fields} }} }}"


def ids(connection: dict[str, Any], name: str) -> list[Any]:
    return [edge["node"][name] for edge in connection["edges"]]


class GrapheneCase(BookshopCase):
    def ask(self, query: str, **variables: Any) -> Any:
        """The data, which is the same with and without kindred, on sessions of both kinds."""
        return self.in_all(lambda session: answer(session, query, **variables))

    def books_of(self, arguments: str, authors: list[int] = AUTHORS, **variables: Any) -> list[Any]:
        """For each author the connection `books`."""
        signature = "$after: String, $before: String" if variables else ""
        books = f"books({arguments})" if arguments else "books"
        page = """total edges { cursor node { isbn sold published } }
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"""
        query = f"query Q({signature})" if signature else "query Q"
        text = f"{query} {{ authors(ids: {authors}) {{ {books} {{ {page} }} }} }}"
        return [author["books"] for author in self.ask(text, **variables)["authors"]]

    def rows_of(self, author: int) -> list[Any]:
        """The books of one author, by plain SQL."""
        with self.plain.connect() as connection:
            return connection.execute(
                select(Book.__table__).where(Book.author_id == author).order_by(Book.id)
            ).all()

    def expected(self, authors: list[int] = AUTHORS, *, key: Any = None, keep: Any = None) -> list[list[str]]:
        """The isbn of each author's books, sorted and filtered by Python."""
        rows = [filter(keep, self.rows_of(author)) for author in authors]
        return [[row.isbn for row in sorted(each, key=key or (lambda row: row.id))] for each in rows]

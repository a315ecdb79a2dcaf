"""The loader for strawberry-sqlalchemy-mapper: each parent has its own first, last and many-to-many rows."""

from __future__ import annotations

import asyncio
import unittest
from collections.abc import Callable
from typing import Any

try:
    import strawberry_sqlalchemy_mapper  # noqa: F401
except ImportError:
    raise unittest.SkipTest("strawberry-sqlalchemy-mapper is not installed") from None

from fixture import BookshopCase, daemon, url
from models import Author, Book, Review, Tag, book_tags
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from strawberry_schema import schema
from strawberry_sqlalchemy_mapper.pagination_cursor_utils import encode_cursor_index

from kindred_db import AsyncClient
from kindred_db.sqlalchemy import attach
from kindred_db.strawberry import StrawberrySQLAlchemyLoader

AUTHORS = [1, 2, 42, 191, 195]  # The last two have no books.
BOOKS = [1, 2, 9, 10, 11]  # The tenth has no tags.


async def load(loader: Any, relationship: Any, keys: list[Any], **page: Any) -> list[Any]:
    """The rows of each key: the values that tell them apart, or for a to-one relationship the one value."""
    loads = [loader.loader_for(relationship.property).load(key, **page) for key in keys]
    results = await asyncio.gather(*loads)
    if not relationship.property.uselist:
        return [result and result.id for result in results]
    return [[row.id for row in rows] for rows in results]


class LoaderCase(BookshopCase):
    def with_loaders(self, work: Callable[[Any], Any]) -> Any:
        """What the work gives with a loader of every kind, with and without kindred: always the same."""
        results = []
        for engine in (self.plain, self.engine):
            with Session(engine) as session:
                results.append(asyncio.run(work(StrawberrySQLAlchemyLoader(bind=session))))
            with engine.connect() as connection:
                results.append(asyncio.run(work(StrawberrySQLAlchemyLoader(bind=connection))))
        results.append(asyncio.run(self._with_async_loader(work, AsyncSession)))
        results.append(asyncio.run(self._with_async_loader(work, lambda engine: engine.connect())))
        for result in results[1:]:
            self.assertEqual(result, results[0])
        return results[0]

    async def _with_async_loader(self, work: Callable[[Any], Any], bind: Callable[[Any], Any]) -> Any:
        engine = create_async_engine(url("asyncmy"), isolation_level="READ COMMITTED")
        client = AsyncClient(daemon().socket, timeout=10.0)
        handle = attach(engine, client, verify=1.0)
        try:
            result = await work(StrawberrySQLAlchemyLoader(async_bind_factory=lambda: bind(engine)))
        finally:
            await engine.dispose()
            await client.close()
        self.check(handle)
        return result

    def books_of(self, **page: Any) -> list[list[int]]:
        keys = [(author,) for author in AUTHORS]
        found: list[list[int]] = self.with_loaders(lambda loader: load(loader, Author.books, keys, **page))
        return found

    def all_books(self) -> list[list[int]]:
        """Each author's books, by plain SQL."""
        with self.plain.connect() as connection:
            return [
                list(connection.scalars(select(Book.id).where(Book.author_id == author).order_by(Book.id)))
                for author in AUTHORS
            ]


class Pages(LoaderCase):
    def test_all_rows(self) -> None:
        self.assertEqual(self.books_of(), self.all_books())

    def test_first_holds_for_each_parent(self) -> None:
        for number in (0, 2, 100):
            with self.subTest(number):
                self.assertEqual(self.books_of(first=number), [books[:number] for books in self.all_books()])

    def test_last_holds_for_each_parent(self) -> None:
        for number in (1, 3, 100):
            with self.subTest(number):
                self.assertEqual(self.books_of(last=number), [books[-number:] for books in self.all_books()])

    def test_cursors_count_the_rows_of_each_parent(self) -> None:
        def cursor(number: int) -> str:
            return encode_cursor_index(number)

        cases: list[tuple[dict[str, Any], slice]] = [
            ({"after": cursor(1)}, slice(2, None)),
            ({"first": 2, "after": cursor(1)}, slice(2, 4)),
            ({"before": cursor(3)}, slice(None, 3)),
            ({"before": cursor(0)}, slice(0, 0)),
            ({"after": cursor(0), "before": cursor(3)}, slice(1, 3)),
        ]
        for page, part in cases:
            with self.subTest(page):
                self.assertEqual(self.books_of(**page), [books[part] for books in self.all_books()])

    def test_the_last_ones_before_a_cursor_that_lies_behind_the_end_of_some(self) -> None:
        for end in (3, 8, 20):
            with self.subTest(end):
                found = self.books_of(last=2, before=encode_cursor_index(end))
                self.assertEqual(found, [books[:end][-2:] for books in self.all_books()])

    def test_contradictions_are_refused(self) -> None:
        for page in (
            {"first": 1, "last": 1},
            {"first": 1, "before": "x"},
            {"last": 1, "after": "x"},
            {"first": -1},
        ):
            with self.subTest(page), Session(self.engine) as session, self.assertRaises(ValueError):
                asyncio.run(load(StrawberrySQLAlchemyLoader(bind=session), Author.books, [(1,)], **page))


class Relationships(LoaderCase):
    def test_many_to_many(self) -> None:
        # The mapper takes a key's part for each column that the join table pairs.
        for keys in ([(book, book) for book in BOOKS], [(book,) for book in BOOKS]):
            found = self.with_loaders(lambda loader, keys=keys: load(loader, Book.tags, keys))
            self.assertEqual(found, [self.tags_of(book) for book in BOOKS])

    def test_many_to_many_with_first_and_last(self) -> None:
        keys = [(book, book) for book in BOOKS]
        for page, part in (({"first": 2}, slice(2)), ({"last": 2}, slice(-2, None))):
            found = self.with_loaders(lambda loader, page=page: load(loader, Book.tags, keys, **page))
            self.assertEqual(found, [self.tags_of(book)[part] for book in BOOKS])

    def tags_of(self, book: int) -> list[int]:
        numbers = select(Tag.id).join(book_tags, book_tags.c.tag_id == Tag.id)
        with self.plain.connect() as connection:
            return list(connection.scalars(numbers.where(book_tags.c.book_id == book).order_by(Tag.name)))

    def test_to_one(self) -> None:
        keys = [(42,), (3,), (42,), (4242,)]
        found = self.with_loaders(lambda loader: load(loader, Book.author, keys))
        self.assertEqual(found, [42, 3, 42, None])

    def test_a_table_that_refers_to_itself(self) -> None:
        def replies_of(parent: int) -> Any:
            return select(Review.id).where(Review.reply_to_id == parent).order_by(Review.id)

        with self.plain.connect() as connection:
            expected = [list(connection.scalars(replies_of(parent)))[:3] for parent in (1, 2, 500)]
        found = self.with_loaders(lambda loader: load(loader, Review.replies, [(1,), (2,), (500,)], first=3))
        self.assertEqual(found, expected)

    def test_counts_of_several_parents_are_one_query(self) -> None:
        async def count(loader: Any) -> list[int]:
            counts = [
                loader.get_relationship_record_count_for_key(Author.books.property, (key,)) for key in AUTHORS
            ]
            return list(await asyncio.gather(*counts))

        self.assertEqual(self.with_loaders(count), [len(books) for books in self.all_books()])
        # Once on a session and once on a connection.
        self.assertEqual(len(self.statements), 2 + len(AUTHORS))

    def test_kindred_answers(self) -> None:
        with Session(self.engine) as session:
            loader = StrawberrySQLAlchemyLoader(bind=session)
            asyncio.run(load(loader, Author.books, [(1,), (2,)], first=2))
            asyncio.run(load(StrawberrySQLAlchemyLoader(bind=session), Book.tags, [(1, 1), (2, 2)]))
        self.assertEqual((self.handle.stats.answered, self.handle.why), (2, []))

    def test_without_a_database_it_says_so(self) -> None:
        with self.assertRaisesRegex(TypeError, "neither bind nor async_bind_factory"):
            asyncio.run(load(StrawberrySQLAlchemyLoader(), Author.books, [(1,)]))


class Schema(LoaderCase):
    QUERY = """query ($first: Int) { authors(numbers: [1, 2, 42]) { name books(first: $first) {
        edges { cursor node { title author { name } tags(first: 1) { edges { node { name } } } } }
        pageInfo { hasNextPage } } } }"""

    def test_a_query_of_the_mappers_schema(self) -> None:
        def execute(session: Session) -> Any:
            context = {"session": session, "sqlalchemy_loader": StrawberrySQLAlchemyLoader(bind=session)}
            work = schema.execute(self.QUERY, context_value=context, variable_values={"first": 2})
            result = asyncio.run(work)
            self.assertIsNone(result.errors)
            return result.data

        data = self.in_both(execute)
        with Session(self.plain) as session:
            authors = session.scalars(select(Author).where(Author.id.in_([1, 2, 42])).order_by(Author.id))
            expected = [
                [(book.title, [tag.name for tag in book.tags][:1]) for book in author.books][:2]
                for author in authors
            ]
        found = [
            [
                (node["title"], [edge["node"]["name"] for edge in node["tags"]["edges"]])
                for node in (edge["node"] for edge in author["books"]["edges"])
            ]
            for author in data["authors"]
        ]
        self.assertEqual(found, expected)
        self.assertEqual(self.handle.stats.answered, 3)


if __name__ == "__main__":
    unittest.main()

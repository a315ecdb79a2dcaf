"""graphene-sqlalchemy's batching with kindred_db.graphene: each parent has its own filters, order and
pages."""

from __future__ import annotations

import asyncio
import unittest
from typing import Any

from graphene_case import AUTHORS, BOOKS, GrapheneCase, answer, authors_with, ids, schema
from graphene_sqlalchemy import converter
from models import Author, Book, Tag, book_tags
from sqlalchemy import select
from sqlalchemy.orm import Session

import kindred_db.graphene


def newest_first(row: Any) -> Any:
    # NULL is the smallest value, and so the last one where the order is descending.
    return (row.published is None, -(row.published.toordinal() if row.published else 0), row.id)


class Pages(GrapheneCase):
    def test_first_holds_for_each_parent(self) -> None:
        found = self.books_of("first: 3")
        expected = self.expected()
        self.assertEqual([ids(books, "isbn") for books in found], [each[:3] for each in expected])
        more = [books["pageInfo"]["hasNextPage"] for books in found]
        self.assertEqual(more, [len(each) > 3 for each in expected])
        self.assertFalse(any(books["pageInfo"]["hasPreviousPage"] for books in found))

    def test_last_holds_for_each_parent(self) -> None:
        found = self.books_of("last: 3")
        expected = self.expected()
        self.assertEqual([ids(books, "isbn") for books in found], [each[-3:] for each in expected])
        more = [books["pageInfo"]["hasPreviousPage"] for books in found]
        self.assertEqual(more, [len(each) > 3 for each in expected])

    def test_pages_of_a_sorted_list_go_through_all_its_rows(self) -> None:
        for author, expected in zip(AUTHORS, self.expected(key=newest_first)):
            with self.subTest(author):
                self.assertEqual(self.walk(author, "first: 3, sort: [PUBLISHED_DESC]"), expected)

    def test_pages_go_backwards_as_well(self) -> None:
        for author, expected in zip(AUTHORS, self.expected(key=newest_first)):
            with self.subTest(author):
                self.assertEqual(self.walk_back(author, "last: 1, sort: [PUBLISHED_DESC]"), expected)

    def walk(self, author: int, arguments: str) -> list[str]:
        found: list[str] = []
        after: str | None = None
        while True:
            (page,) = self.books_of(f"{arguments}, after: $after, before: $before", [author], after=after)
            found += ids(page, "isbn")
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                return found

    def walk_back(self, author: int, arguments: str) -> list[str]:
        found: list[str] = []
        before: str | None = None
        while True:
            (page,) = self.books_of(f"{arguments}, after: $after, before: $before", [author], before=before)
            found = ids(page, "isbn") + found
            before = page["pageInfo"]["startCursor"]
            if not page["pageInfo"]["hasPreviousPage"]:
                return found

    def test_a_page_between_two_cursors_is_left_to_sql(self) -> None:
        (whole,) = self.books_of("", [42])
        self.by_sql = frozenset(["a page between two positions"])
        cursors = [edge["cursor"] for edge in whole["edges"]]
        arguments = "first: 9, after: $after, before: $before"
        (page,) = self.books_of(arguments, [42], after=cursors[1], before=cursors[5])
        self.assertEqual(page["edges"], whole["edges"][2:5])
        self.assertTrue(page["pageInfo"]["hasPreviousPage"] and page["pageInfo"]["hasNextPage"])

    def test_a_page_goes_on_behind_its_row_whatever_comes_or_goes_before_it(self) -> None:
        (page,) = self.books_of("first: 2", [42])
        first = page["edges"][0]["node"]["isbn"]
        with Session(self.plain) as session:
            session.connection()
            book = session.scalars(select(Book).where(Book.isbn == first)).one()
            session.execute(book.__table__.update().where(Book.id == book.id).values(author_id=1))
            session.commit()
            try:
                arguments = "first: 2, after: $after, before: $before"
                (rest,) = self.books_of(arguments, [42], after=page["pageInfo"]["endCursor"])
            finally:
                session.execute(book.__table__.update().where(Book.id == book.id).values(author_id=42))
                session.commit()
        self.assertEqual(ids(rest, "isbn"), self.expected([42])[0][2:4])

    def test_first_and_last_together_are_the_last_of_the_first(self) -> None:
        found = self.books_of("first: 4, last: 1")
        self.assertEqual([ids(books, "isbn") for books in found], [each[:4][-1:] for each in self.expected()])

    def test_none_are_asked(self) -> None:
        found = self.books_of("first: 0")
        self.assertEqual([books["edges"] for books in found], [[]] * len(AUTHORS))
        self.assertEqual(
            [books["pageInfo"]["hasNextPage"] for books in found], [True, True, True, False, False]
        )

    def test_more_parents_than_one_statement_has(self) -> None:
        authors = list(range(1, 151))
        found = self.books_of("first: 1", authors)
        self.assertEqual(
            [ids(books, "isbn") for books in found], [each[:1] for each in self.expected(authors)]
        )

    def test_the_length_of_a_connection_counts_all_rows_of_the_parent(self) -> None:
        lengths = [len(each) for each in self.expected()]
        self.assertEqual([books["total"] for books in self.books_of("first: 1")], lengths)
        self.assertEqual([books["total"] for books in self.books_of("")], lengths)

    def test_aliases_with_different_cursors_share_a_statement(self) -> None:
        first, second = self.books_of("first: 2", [1, 2])
        query = """query Q($a: String, $b: String) {
            a: authors(ids: [1]) { books(first: 2, after: $a) { edges { node { isbn } } } }
            b: authors(ids: [2]) { books(first: 2, after: $b) { edges { node { isbn } } } } }"""
        self.statements.clear()
        variables = {"a": first["pageInfo"]["endCursor"], "b": second["pageInfo"]["endCursor"]}
        data = self.ask(query, **variables)
        # Both authors, and one page of each together.
        self.assertEqual(len(self.statements), 3, self.statements)
        pages = [ids(data[alias][0]["books"], "isbn") for alias in "ab"]
        self.assertEqual(pages, [each[2:4] for each in self.expected([1, 2])])


class FiltersAndOrder(GrapheneCase):
    def test_sort_holds_within_each_parent(self) -> None:
        found = self.books_of("first: 3, sort: [SOLD_DESC]")
        expected = self.expected(key=lambda row: (-row.sold, row.id))
        self.assertEqual([ids(books, "isbn") for books in found], [each[:3] for each in expected])

    def test_filter_holds_for_each_parent(self) -> None:
        found = self.books_of("filter: {sold: {gte: 2000, lt: 4000}}")
        expected = self.expected(keep=lambda row: 2000 <= row.sold < 4000)
        self.assertEqual([ids(books, "isbn") for books in found], expected)
        self.assertEqual([books["total"] for books in found], list(map(len, expected)))

    def test_filter_that_kindred_has_no_words_for_is_left_to_sql(self) -> None:
        self.by_sql = frozenset(["a filter that is a BooleanClauseList"])
        self.books_of("filter: {or: [{sold: {lt: 500}}, {sold: {gt: 4500}}]}")

    def test_filter_on_related_rows(self) -> None:
        self.by_sql = frozenset(["a filter that compares id with something else than a value"])
        found = self.books_of(
            'first: 2, filter: {tags: {contains: [{name: {in: ["tag-5", "tag-6"]}}]}}', [1, 2, 42]
        )
        with self.plain.connect() as connection:
            tagged = set(
                connection.scalars(select(book_tags.c.book_id).where(book_tags.c.tag_id.in_([5, 6])))
            )
        expected = self.expected([1, 2, 42], keep=lambda row: row.id in tagged)
        self.assertEqual([ids(books, "isbn") for books in found], [each[:2] for each in expected])

    def test_a_many_to_many_has_its_own_order_and_pages(self) -> None:
        query = f"{{ books(ids: {BOOKS}) {{ tags(first: 2) {{ edges {{ node {{ name }} }} }} }} }}"
        found = [ids(book["tags"], "name") for book in self.ask(query)["books"]]
        self.assertEqual(found, [self.tags_of(book)[:2] for book in BOOKS])

    def test_a_many_to_many_is_counted_for_each_parent(self) -> None:
        query = f"{{ books(ids: {BOOKS}) {{ tags(first: 1) {{ total edges {{ node {{ name }} }} }} }} }}"
        found = [book["tags"]["total"] for book in self.ask(query)["books"]]
        self.assertEqual(found, [len(self.tags_of(book)) for book in BOOKS])

    def tags_of(self, book: int) -> list[str]:
        """By plain SQL, in the order of the relationship."""
        names = select(Tag.name).join(book_tags, book_tags.c.tag_id == Tag.id)
        with self.plain.connect() as connection:
            return list(connection.scalars(names.where(book_tags.c.book_id == book).order_by(Tag.name)))

    def test_a_relationship_with_a_condition_of_its_own(self) -> None:
        self.by_sql = frozenset(["no relationship of the daemon joins like this one"])
        query = authors_with("bestsellers(first: 2) { edges { node { isbn } } }")
        found = [ids(author["bestsellers"], "isbn") for author in self.ask(query)["authors"]]
        expected = self.expected(keep=lambda row: row.sold >= 3000, key=lambda row: (-row.sold, row.id))
        self.assertEqual(found, [each[:2] for each in expected])


class Batches(GrapheneCase):
    EVERYTHING = authors_with(
        """name books { edges { node { title
        author { name } tags { edges { node { name } } } reviews { body replies { body } } } } }"""
    )

    def test_each_level_of_a_query_is_one_statement(self) -> None:
        with Session(self.plain) as session:
            asyncio.run(answer(session, self.EVERYTHING))
        # Authors; their books; authors, tags and reviews of these; replies.
        self.assertEqual(len(self.statements), 6, self.statements)

    def test_lists_and_to_one_relationships_are_batched_too(self) -> None:
        data = self.ask(self.EVERYTHING)
        with Session(self.plain) as session:
            authors = session.scalars(select(Author).where(Author.id.in_(AUTHORS)).order_by(Author.id)).all()
            expected = [
                [
                    (book.title, book.author.name, sorted(review.body for review in book.reviews))
                    for book in author.books
                ]
                for author in authors
            ]
        found = [
            [
                (node["title"], node["author"]["name"], sorted(review["body"] for review in node["reviews"]))
                for node in (edge["node"] for edge in author["books"]["edges"])
            ]
            for author in data["authors"]
        ]
        self.assertEqual(found, expected)

    def test_kindred_answers_every_load_of_the_query(self) -> None:
        with Session(self.engine) as session:
            asyncio.run(answer(session, self.EVERYTHING))
        self.assertEqual((self.handle.stats.answered, self.handle.why), (5, []))

    def test_two_requests_with_their_own_sessions_at_once(self) -> None:
        async def both(engine: Any) -> list[Any]:
            with Session(engine) as one, Session(engine) as other:
                return await asyncio.gather(answer(one, self.EVERYTHING), answer(other, self.EVERYTHING))

        first, second = asyncio.run(both(self.engine))
        self.assertEqual(first, second)

    def test_root_connections_of_one_async_session_at_once(self) -> None:
        query = "{ allTags(first: 2) { edges { node { name } } } moreTags { edges { node { name } } } }"
        query = "{ books(ids: [1, 2]) { tags(first: 1) { edges { node { name } } } } " + query[1:]
        data = self.ask(query)
        self.assertEqual(data["moreTags"]["edges"][:2], data["allTags"]["edges"])

    def test_an_async_session_without_a_connection_serves_several_relationships_at_once(self) -> None:
        async def ask(session: Any) -> Any:
            books = (await session.scalars(select(Book).where(Book.id.in_(BOOKS)))).all()
            session.sync_session.expire_on_commit = False
            await session.commit()
            query = "{ found { author { name } tags { edges { node { name } } } reviews { body } } }"
            context = {"session": session, "found": books}
            result = await schema.execute_async(query, context_value=context)
            self.assertIsNone(result.errors)
            return len(result.data["found"])

        for with_kindred in (False, True):
            self.assertEqual(asyncio.run(self.in_async_session(ask, with_kindred)), len(BOOKS))

    def test_a_schema_that_is_executed_synchronously(self) -> None:
        query = authors_with("books(first: 2, sort: [SOLD_DESC]) { total edges { node { isbn } } }")

        def execute(session: Session) -> Any:
            result = schema.execute(query, context_value={"session": session})
            self.assertIsNone(result.errors)
            return result.data

        data = self.in_both(execute)
        expected = self.expected(key=lambda row: (-row.sold, row.id))
        self.assertEqual(
            [ids(author["books"], "isbn") for author in data["authors"]], [e[:2] for e in expected]
        )
        self.assertEqual([author["books"]["total"] for author in data["authors"]], list(map(len, expected)))


class OwnWrites(GrapheneCase):
    QUERY = "{ authors(ids: [42, 43]) { books(first: 1, sort: [SOLD_DESC]) { edges { node { isbn } } } } }"
    WHOLE = "{ authors(ids: [42, 43]) { books { edges { node { isbn } } } } }"

    def test_what_the_session_has_not_committed_is_seen(self) -> None:
        self.by_sql = frozenset(["the transaction has written"])
        for query in (self.QUERY, self.WHOLE):
            with self.subTest(query), Session(self.engine) as session:
                book = Book(id=9001, author_id=42, title="New", price=1, sold=9999, isbn="9790000009001")
                session.add(book)
                data = asyncio.run(answer(session, query))
                self.assertIn("9790000009001", ids(data["authors"][0]["books"], "isbn"))
                session.rollback()

    def test_what_the_application_has_put_into_a_relationship_stays(self) -> None:
        with Session(self.engine) as session, session.no_autoflush:
            author = session.get_one(Author, 42)
            author.books.append(Book(id=9001, title="New", price=1, sold=9999, isbn="9790000009001"))
            data = asyncio.run(answer(session, self.WHOLE))
            self.assertIn("9790000009001", ids(data["authors"][0]["books"], "isbn"))
            session.rollback()


class Installation(unittest.TestCase):
    def test_it_can_be_taken_back(self) -> None:
        ours = converter.get_batch_resolver
        kindred_db.graphene.uninstall()
        try:
            self.assertIsNot(converter.get_batch_resolver, ours)
            kindred_db.graphene.install()
            kindred_db.graphene.install()
            self.assertIs(converter.get_batch_resolver, ours)
        finally:
            kindred_db.graphene.install()


if __name__ == "__main__":
    unittest.main()

"""Sibling prefetch: a loop over a result's objects is one request, and shows no rows that are too old."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import Any, ClassVar
from unittest import mock

from fixture import PluggedCase
from models import Author, Book, Event, Line, Order, Shelf
from sqlalchemy import select, text
from sqlalchemy.orm import Session, defer

from kindred_db import BadKey, Client, TooLarge, Unreachable
from kindred_db.sqlalchemy import answering
from kindred_db.sqlalchemy.daemon import Daemon


class SiblingCase(PluggedCase):
    options: ClassVar = {**PluggedCase.options, "verify": 0.0, "prefetch_siblings": True}

    def setUp(self) -> None:
        super().setUp()
        self.session = Session(self.engine)
        self.addCleanup(self.session.close)

    def counted(self, work: Callable[[], Any]) -> tuple[int, int]:
        """The loads that were answered in `work`, and the requests for them."""
        before = self.handle.stats
        work()
        after = self.handle.stats
        self.assertEqual(after.loads - before.loads, after.answered - before.answered, self.handle.why)
        return after.answered - before.answered, after.requests - before.requests


class Loops(SiblingCase):
    def check(self, statement: Any, read: Callable[[Any], Any], loads: int, requests: int = 1) -> None:
        with self.handle.bypass(), Session(self.engine) as session:
            plain = [read(one) for one in session.scalars(statement)]
        found: list[Any] = []
        objects = self.session.scalars(statement).all()
        self.assertEqual(self.counted(lambda: found.extend(read(x) for x in objects)), (loads, requests))
        self.assertEqual(found, plain)

    def test_one_to_many(self) -> None:
        self.check(select(Author), lambda a: [b.id for b in a.books], loads=3)

    def test_many_to_one(self) -> None:
        self.check(select(Book), lambda b: b.author.name, loads=2)

    def test_many_to_many(self) -> None:
        self.check(select(Book), lambda b: [t.id for t in b.tags], loads=8)

    def test_one_to_one(self) -> None:
        self.check(select(Author), lambda a: a.profile and a.profile.id, loads=3)

    def test_a_key_of_two_parts(self) -> None:
        self.check(select(Order), lambda o: [x.id for x in o.lines], loads=3)
        self.check(select(Line), lambda x: (x.order.year, x.order.number), loads=3)

    def test_a_tree(self) -> None:
        self.check(select(Shelf), lambda x: [y.id for y in x.children], loads=7)

    def test_a_foreign_key_that_is_not_loaded(self) -> None:
        """Siblings without the key ask for themselves."""
        books = self.session.scalars(select(Book).options(defer(Book.author_id)).order_by(Book.id)).all()
        self.assertEqual([book.author.id for book in books], [2, 1] * 4)

    def test_text_keys(self) -> None:
        self.check(select(Event), lambda e: e.place.name, loads=3)

    def test_only_objects_of_the_same_result(self) -> None:
        first = self.session.get_one(Author, 1)
        second = self.session.get_one(Author, 2)
        self.assertEqual(self.counted(lambda: (first.books, second.books)), (2, 2))

    def test_related_objects_that_are_there_are_not_asked_for(self) -> None:
        author = self.session.get_one(Author, 1)
        books = self.session.scalars(select(Book)).all()
        asked = self.client.stats()["keys_asked"]
        for book in books:
            _ = book.author
        self.assertEqual(self.client.stats()["keys_asked"] - asked, 1)
        self.assertIs(books[1].author, author)

    def test_what_is_too_much_for_one_reply_is_asked_one_by_one(self) -> None:
        refusal = TooLarge("too much", code="result_too_large")
        with mock.patch.object(Client, "load_many", side_effect=refusal) as load_many:
            books = self.session.scalars(select(Book)).all()
            self.assertEqual(self.counted(lambda: [book.tags for book in books]), (8, 8))
        load_many.assert_called_once()

    def test_a_sibling_whose_key_is_refused_does_not_hinder_the_others(self) -> None:
        with mock.patch.object(Client, "load_many", side_effect=BadKey("no key")):
            books = self.session.scalars(select(Book)).all()
            self.assertEqual(self.counted(lambda: [book.tags for book in books]), (8, 8))

    def test_siblings_are_looked_for_once_while_the_daemon_is_down(self) -> None:
        books = self.session.scalars(select(Book)).all()
        with (
            mock.patch.object(Daemon, "load", side_effect=Unreachable("nobody listens")),
            mock.patch.object(answering, "sibling_keys", wraps=answering.sibling_keys) as looked_for,
            self.assertLogs("kindred_db.sqlalchemy"),
        ):
            self.assertEqual([len(book.tags) for book in books], [number % 4 for number in range(1, 9)])
        self.assertEqual((self.handle.stats.failed, looked_for.call_count), (8, 1))

    def test_a_bound(self) -> None:
        self.handle.detach()
        self.handle = self.attach(prefetch_siblings=2)
        books = self.session.scalars(select(Book)).all()
        self.assertEqual(self.counted(lambda: [book.tags for book in books]), (8, 3))


class Freshness(SiblingCase):
    """Rows are as of the moment of the first load, until something happens."""

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self.library.database.sql, "DELETE FROM books WHERE id > 99", "lending")
        self.authors = self.session.scalars(select(Author)).all()

    def somebody_adds_a_book(self) -> None:
        self.library.database.sql("INSERT INTO books VALUES (100, 2, 'new', 'book', 0)", "lending")

    def titles(self) -> list[str]:
        return [book.title for book in self.authors[1].books]

    def test_as_of_the_first_load(self) -> None:
        _ = self.authors[0].books
        self.somebody_adds_a_book()
        self.assertNotIn("new", self.titles())

    def check_dropped(self, action: Callable[[], Any]) -> None:
        _ = self.authors[0].books
        self.somebody_adds_a_book()
        action()
        self.assertIn("new", self.titles())

    def test_a_commit_drops(self) -> None:
        self.session.expire_on_commit = False
        self.check_dropped(self.session.commit)

    def test_a_rollback_drops(self) -> None:
        self.check_dropped(self.session.rollback)

    def test_the_end_of_a_transaction_on_a_connection_that_stays(self) -> None:
        with self.engine.connect() as connection, Session(connection) as session:
            self.authors = session.scalars(select(Author)).all()
            self.check_dropped(connection.commit)

    def test_an_expire_drops(self) -> None:
        self.check_dropped(lambda: self.session.expire(self.authors[2], ["books"]))

    def test_a_refresh_drops(self) -> None:
        self.check_dropped(lambda: self.session.refresh(self.authors[2], ["name"]))

    def test_expire_all_drops(self) -> None:
        self.check_dropped(self.session.expire_all)

    def test_a_flush_drops(self) -> None:
        def flush() -> None:
            self.authors[2].name = "another"
            self.session.flush()

        _ = self.authors[0].books
        self.somebody_adds_a_book()
        flush()
        self.assertIn("new", self.titles())

    def test_a_statement_that_writes_drops(self) -> None:
        self.check_dropped(lambda: self.session.execute(text("update tags set name = name")))

    def test_an_age_drops(self) -> None:
        self.handle.detach()
        self.handle = self.attach(prefetch_max_age=0.0)
        self.check_dropped(lambda: None)

    def test_each_is_given_once(self) -> None:
        _ = self.authors[0].books, self.authors[1].books
        self.somebody_adds_a_book()
        self.session.expire(self.authors[1], ["books"])
        self.assertIn("new", self.titles())

    def test_a_new_result_asks_anew(self) -> None:
        _ = self.authors[0].books
        self.somebody_adds_a_book()
        self.session.expunge_all()
        self.authors = self.session.scalars(select(Author)).all()
        self.assertIn("new", self.titles())

    def test_another_session_on_the_connection_asks_for_itself(self) -> None:
        _ = self.authors[0].books
        self.somebody_adds_a_book()
        with Session(self.session.connection()) as other:
            self.assertIn("new", [book.title for book in other.get_one(Author, 2).books])

    def test_a_changed_object_is_no_sibling(self) -> None:
        self.session.autoflush = False
        books = self.session.scalars(select(Book).where(Book.id.in_([2, 4])).order_by(Book.id)).all()
        books[1].author_id = 2
        self.assertEqual([book.author.id for book in books], [1, 2])


if __name__ == "__main__":
    unittest.main()

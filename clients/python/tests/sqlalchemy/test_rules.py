"""Where kindred's rows could be others than those that the session would read, SQL answers."""

from __future__ import annotations

import threading
import unittest
from typing import Any, ClassVar
from unittest import mock

import sqlalchemy
from fixture import PluggedCase, library
from models import Author, Book, Tag
from sqlalchemy import event, insert, literal_column, select, text
from sqlalchemy.orm import Session, make_transient_to_detached, selectinload

from kindred_db import Client
from kindred_db.sqlalchemy import AttachError, attach, plan

WRITTEN = "the transaction has written"


def titles(session: Session, author: int = 1) -> list[str]:
    """A lazy load, always from the database."""
    session.expire_all()
    return [book.title for book in session.get_one(Author, author).books]


class OwnWrites(PluggedCase):
    """kindred does not see what is not committed."""

    def setUp(self) -> None:
        super().setUp()
        self.session = Session(self.engine)
        self.addCleanup(self.session.close)

    def test_a_flush(self) -> None:
        with self.expect(1):
            titles(self.session)
        self.session.add(Book(id=100, author_id=1, title="new"))
        with self.expect(0, WRITTEN):
            self.assertEqual(titles(self.session)[0], "new")

    def test_writes_of_every_form(self) -> None:
        table: Any = Book.__table__
        row = {"id": 101, "author_id": 1, "title": "new", "kind": "book"}
        for write in (
            lambda c: c.execute(insert(table), row),
            lambda c: c.execute(insert(table), [row, {**row, "id": 102}]),
            lambda c: c.execute(table.update().values(title="new")),
            lambda c: c.execute(table.delete().where(table.c.id == 1)),
            lambda c: c.execute(text("update books set title = 'new'")),
            lambda c: c.exec_driver_sql("update books set title = 'new'"),
            lambda c: c.exec_driver_sql("/* why */ update books set title = 'new'"),
        ):
            with self.subTest(), Session(self.engine) as session:
                session.execute(text("SET foreign_key_checks = 0"))
                session.commit()
                write(session.connection())
                with self.expect(0, WRITTEN):
                    titles(session)

    def test_commit_and_rollback_end_it(self) -> None:
        for end in (self.session.rollback, self.session.commit):
            self.session.execute(text("update books set title = title"))
            end()
            with self.expect(1):
                titles(self.session)

    def test_the_end_of_a_transaction_on_a_connection_that_stays(self) -> None:
        with self.engine.connect() as connection:
            for end in (connection.commit, connection.rollback):
                connection.execute(text("update books set title = title"))
                end()
                with Session(connection) as session, self.expect(1):
                    titles(session)

    def test_a_savepoint_does_not_end_it(self) -> None:
        self.session.execute(text("update books set title = title"))
        with self.session.begin_nested() as savepoint:
            savepoint.rollback()
        with self.expect(0, WRITTEN):
            titles(self.session)

    def test_a_session_on_a_connection_that_has_written(self) -> None:
        with self.engine.connect() as connection:
            connection.execute(text("update books set title = title"))
            with Session(connection) as session, self.expect(0, WRITTEN):
                titles(session)

    def test_another_connection_is_not_concerned(self) -> None:
        self.session.execute(text("update tags set name = name"))
        with Session(self.engine) as other, self.expect(1):
            titles(other)

    def test_two_phases(self) -> None:
        with self.engine.connect() as connection:
            transaction = connection.begin_twophase()
            connection.execute(text("update books set title = title"))
            session = Session(connection)
            with self.expect(0, WRITTEN):
                titles(session)
            transaction.rollback()
            session.close()
        with Session(self.engine) as session, self.expect(1):
            titles(session)

    def test_a_temporary_table_hides_another_beyond_the_commit(self) -> None:
        self.session.execute(
            text("create temporary table books (id int, author_id int, title text, kind text, is_lent int)")
        )
        self.session.commit()
        connection = self.session.connection()
        with self.expect(0, "a temporary table"):
            self.assertEqual(titles(self.session), [])
        connection.invalidate()


class Isolation(PluggedCase):
    engine_options: ClassVar = {"isolation_level": "REPEATABLE READ"}

    def test_a_snapshot_is_left_to_sql(self) -> None:
        with Session(self.engine) as session, self.expect(0, "the isolation level is REPEATABLE-READ"):
            titles(session)

    def test_it_is_answered_where_the_caller_says_so(self) -> None:
        self.handle.detach()
        self.handle = self.attach(isolation="ignore")
        with Session(self.engine) as session, self.expect(1):
            titles(session)

    def test_a_level_for_one_connection(self) -> None:
        for level, answered in (("READ COMMITTED", 1), ("AUTOCOMMIT", 1), ("SERIALIZABLE", 0)):
            engine = self.engine.execution_options(isolation_level=level)
            refused = "" if answered else "the isolation level is SERIALIZABLE"
            with self.subTest(level), Session(engine) as session, self.expect(answered, refused):
                titles(session)
        with Session(self.engine) as session, self.expect(0, "the isolation level is REPEATABLE-READ"):
            titles(session)

    def test_set_by_a_statement(self) -> None:
        with Session(self.engine) as session:
            session.execute(text("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"))
            session.commit()
            with self.expect(1):
                titles(session)


class TimeZone(PluggedCase):
    @classmethod
    def setUpClass(cls) -> None:
        library().database.sql(
            "CREATE TABLE IF NOT EXISTS loans (id INT PRIMARY KEY, book_id INT, at TIMESTAMP NULL, "
            "FOREIGN KEY (book_id) REFERENCES books (id));"
            "REPLACE INTO loans VALUES (1, 1, '2026-01-02 03:04:05')",
            "lending",
        )
        library().daemon.restart()

    def setUp(self) -> None:
        super().setUp()
        self.handle.detach()
        self.handle = self.attach(mode="all")

    def rows(self, zone: str) -> Any:
        table = sqlalchemy.Table("loans", sqlalchemy.MetaData(), autoload_with=self.engine)
        with Session(self.engine) as session:
            session.execute(text(f"SET time_zone = '{zone}'"))
            session.commit()
            return session.execute(select(table).where(table.c.book_id == 1)).all()

    def test_a_timestamp_is_answered_in_utc(self) -> None:
        with self.expect(1):
            self.rows("+00:00")

    def test_a_timestamp_in_another_zone_is_left_to_sql(self) -> None:
        self.rows("+00:00")
        with self.expect(0, "time zone is not UTC"):
            self.rows("+05:00")


class SessionSettings(PluggedCase):
    def check(self, statement: str, reason: str) -> None:
        with Session(self.engine) as session:
            with self.expect(1):
                titles(session)
            session.execute(text(statement))
            session.commit()
            with self.expect(0, reason):
                titles(session)
            session.connection().invalidate()

    def test_what_changes_every_row_is_left_to_sql(self) -> None:
        self.check("SET sql_mode = 'PAD_CHAR_TO_FULL_LENGTH'", "PAD_CHAR_TO_FULL_LENGTH")
        self.check("SET sql_select_limit = 1", "sql_select_limit")
        self.check("SET system_versioning_asof = '2020-01-01 00:00:00'", "system_versioning_asof is set")
        self.check("SET NAMES latin1", "character_set_results is latin1")


class Place(PluggedCase):
    """An engine of another database or server."""

    def test_another_database_is_refused(self) -> None:
        self.library.database.sql("CREATE DATABASE IF NOT EXISTS other")
        engine = self.library.engine("other")
        with self.assertRaisesRegex(AttachError, "reads the database 'lending', and the engine 'other'"):
            attach(engine, self.client)

    def test_use_makes_it_another_database(self) -> None:
        self.library.database.sql(
            "CREATE DATABASE IF NOT EXISTS other; CREATE TABLE IF NOT EXISTS other.books LIKE lending.books"
        )
        with Session(self.engine) as session:
            connection = session.connection()
            connection.exec_driver_sql("USE other")
            session.commit()
            author = Author(id=1)
            make_transient_to_detached(author)
            session.add(author)
            with self.expect(0, "the engine 'other'"):
                self.assertEqual(author.books, [])
            session.connection().invalidate()

    def test_another_server_is_refused(self) -> None:
        answer = {
            "relationships": [],
            "database": {"name": "lending", "server_id": "x"},
            "schema_version": "1",
        }
        with mock.patch.object(Client, "describe", return_value=answer):
            with self.assertRaisesRegex(AttachError, "reads the server x, and the engine another, "):
                attach(self.engine, self.client)
            attach(self.engine, self.client, any_server=True).detach()


class Statements(PluggedCase):
    def test_a_listener_that_rewrites(self) -> None:
        @event.listens_for(self.engine, "before_cursor_execute", retval=True)
        def only_some(
            conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
        ) -> Any:
            return statement.replace(
                "WHERE", "WHERE books.id < 5 AND"
            ) if "FROM books" in statement else statement, parameters

        with Session(self.engine) as session, self.expect(0, "a listener has rewritten the statement"):
            self.assertEqual(titles(session), ["book 4", "book 2"])

    def test_a_listener_that_adds_a_comment(self) -> None:
        @event.listens_for(self.engine, "before_cursor_execute", retval=True)
        def tag(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> Any:
            return f"{statement} /* route=books */", parameters

        with Session(self.engine) as session, self.expect(1):
            titles(session)

    def test_a_listener_that_adds_a_comment_which_is_executed(self) -> None:
        @event.listens_for(self.engine, "before_cursor_execute", retval=True)
        def limit(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> Any:
            return f"{statement} /*! LIMIT 1 */", parameters

        with Session(self.engine) as session, self.expect(0, "a listener has rewritten the statement"):
            self.assertEqual(titles(session), ["book 8"])

    def test_the_execution_option(self) -> None:
        with (
            Session(self.engine.execution_options(kindred=False)) as session,
            self.expect(0, "kindred=False"),
        ):
            titles(session)

    def test_schema_translate_map(self) -> None:
        engine = self.engine.execution_options(schema_translate_map={None: "lending"})
        with Session(engine) as session, self.expect(0, "schema_translate_map"):
            titles(session)

    def test_a_locking_read(self) -> None:
        self.handle.detach()
        self.handle = self.attach(mode="all")
        with Session(self.engine) as session, self.expect(0, "FOR UPDATE"):
            session.get(Author, 1, with_for_update=True)

    def test_a_relationship_within_yield_per_is_answered(self) -> None:
        statement = select(Author).options(selectinload(Author.books)).execution_options(yield_per=2)
        with Session(self.engine) as session, self.expect(2):
            found = [len(author.books) for author in session.scalars(statement)]
        self.assertEqual(found, [4, 4, 0])

    def test_streamed_rows_are_left_to_sql(self) -> None:
        self.handle.detach()
        self.handle = self.attach(mode="all")
        statement = select(Book).where(Book.author_id == 1).execution_options(stream_results=True)
        with Session(self.engine) as session, self.expect(0, "stream_results"):
            self.assertEqual(len(session.scalars(statement).all()), 4)


class Control(PluggedCase):
    def test_bypass_is_of_this_thread(self) -> None:
        found = []

        def other() -> None:
            with Session(self.engine) as session:
                found.append(titles(session))

        with self.handle.bypass():
            with Session(self.engine) as session, self.expect(0, "bypass()"):
                titles(session)
            with self.expect(1):
                thread = threading.Thread(target=other)
                thread.start()
                thread.join()
        with Session(self.engine) as session, self.expect(1):
            self.assertEqual(titles(session), found[0])

    def test_detach(self) -> None:
        self.handle.detach()
        self.handle.detach()
        self.assertFalse(self.handle.is_attached)
        with Session(self.engine) as session, self.expect(0):
            self.assertEqual(len(titles(session)), 4)

    def test_why_is_bounded(self) -> None:
        with Session(self.engine) as session:
            for number in range(300):
                columns = literal_column(str(number))
                session.scalars(select(Author).options(selectinload(Author.books.and_(columns)))).all()
        self.assertLessEqual(len(self.handle.why), 200)

    def test_an_unknown_line_of_sqlalchemy_stays_off(self) -> None:
        with (
            mock.patch.object(sqlalchemy, "__version__", "2.2.0"),
            self.assertWarnsRegex(UserWarning, "2.2.0"),
        ):
            handle = attach(self.engine, self.client)
        self.assertFalse(handle.is_attached)
        with handle.bypass():
            self.assertEqual((handle.stats.loads, handle.why), (0, []))


class Names(PluggedCase):
    def test_a_to_one_relationship_needs_a_key_that_the_model_calls_unique(self) -> None:
        base: Any = sqlalchemy.orm.declarative_base()

        class Author2(base):  # type: ignore[misc]
            __tablename__ = "authors"
            id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
            profiles = sqlalchemy.orm.relationship("Profile2")

        class Profile2(base):  # type: ignore[misc]
            __tablename__ = "profiles"
            id = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
            author_id = sqlalchemy.Column(sqlalchemy.ForeignKey("authors.id"))

        with (
            Session(self.engine) as session,
            self.expect(0, "the model does not say that author_id is unique"),
        ):
            self.assertEqual(len(session.get_one(Author2, 1).profiles), 1)

    def test_an_index_over_an_expression_makes_no_column_unique(self) -> None:
        for parts, expected in (
            (("a",), True), ((text("lower(b)"),), False), (("a", text("lower(b)")), False),
        ):  # fmt: skip
            columns = [sqlalchemy.Column(name, sqlalchemy.Integer) for name in "ab"]
            table = sqlalchemy.Table("t", sqlalchemy.MetaData(), *columns)
            sqlalchemy.Index("i", *parts, unique=True, _table=table)
            self.assertEqual(plan._is_unique(table, {"a"}), expected, parts)

    def test_a_tag(self) -> None:
        with Session(self.engine) as session, self.expect(1):
            self.assertTrue(session.get_one(Tag, 1).books)


if __name__ == "__main__":
    unittest.main()

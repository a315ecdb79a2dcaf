"""What a statement does to its connection beyond the transaction, and connections that cannot be asked."""

from __future__ import annotations

import unittest
from typing import Any, ClassVar
from unittest import mock

from fixture import PluggedCase
from models import Author
from sqlalchemy import create_engine, event, func, select, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from kindred_db.sqlalchemy import connections, transactions

HIDES_BOOKS = "create temporary table books (id int, author_id int, title text, kind text, is_lent int)"


def titles(session: Session) -> list[str]:
    session.expire_all()
    return [book.title for book in session.get_one(Author, 1).books]


class SessionChanges(PluggedCase):
    def check(self, *statements: str, refused: str = "", found: int = 4) -> None:
        with Session(self.engine) as session:
            for statement in statements:
                session.execute(text(statement))
            session.commit()
            connection = session.connection()
            with self.expect(0 if refused else 1, refused):
                self.assertEqual(len(titles(session)), found)
            connection.invalidate()

    def test_a_temporary_table_hides_another_whatever_follows(self) -> None:
        for statements in (
            (f"/* why */ -- and how\n {HIDES_BOOKS}",),
            (HIDES_BOOKS.replace("create", "create or replace"),),
            (f"/*!50000 {HIDES_BOOKS} */",),
            (HIDES_BOOKS, "SET SESSION max_statement_time = 0", "USE lending"),
        ):
            with self.subTest(statements):
                self.check(*statements, refused="a temporary table", found=0)

    def test_locked_tables(self) -> None:
        self.check("/* why */ LOCK TABLES authors READ, books READ", refused="LOCK TABLES")

    def test_a_word_in_a_statement_is_no_temporary_table(self) -> None:
        self.check("update books set title = title where title = 'temporary' /* lock tables */")

    def test_a_setting_behind_a_comment(self) -> None:
        self.check("select 1", "/* why */ SET sql_select_limit = 1", refused="sql_select_limit", found=1)
        self.check("select 1", "/*!50000 SET sql_select_limit = 1 */", refused="sql_select_limit", found=1)

    def test_the_second_of_two_statements(self) -> None:
        checkout = mock.Mock(info={})
        transactions._notice_session_change(checkout, f"drop table if exists x; /* why */ {HIDES_BOOKS}")
        self.assertIn("a temporary table", str(checkout.info))

    def test_a_procedure_may_have_made_a_temporary_table(self) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql(f"CREATE OR REPLACE PROCEDURE hide() BEGIN {HIDES_BOOKS}; END")
        self.addCleanup(self.library.database.sql, "DROP PROCEDURE hide", "lending")
        self.check("CALL hide()", refused="a procedure", found=0)


class Functions(PluggedCase):
    """A SELECT may call a function that writes."""

    def setUp(self) -> None:
        super().setUp()
        with self.engine.begin() as connection:
            connection.exec_driver_sql(
                "CREATE OR REPLACE FUNCTION rename_books(new VARCHAR(50)) RETURNS INT MODIFIES SQL DATA "
                "BEGIN UPDATE books SET title = new WHERE author_id = 1; RETURN 1; END"
            )
        self.addCleanup(self.library.database.sql, "DROP FUNCTION rename_books", "lending")

    def test_rows_are_those_after_the_call(self) -> None:
        for statement in (
            select(func.rename_books("new")),
            text("select /* why */ rename_books ('new')"),
            text("select `rename_books`('new')"),
            text("select 1 where lending.rename_books('new') = 1"),
            select(text("rename_books('new')")),
        ):
            with self.subTest(str(statement)), Session(self.engine) as session:
                session.execute(statement).all()
                with self.expect(0, "the transaction has written"):
                    self.assertEqual(titles(session), ["new"] * 4)

    def test_the_functions_of_sql_write_nothing(self) -> None:
        count = select(
            func.count(Author.id), func.lower(func.max(Author.name)), func.now(), func.json_array()
        )
        for statement in (
            count.where(Author.id.in_([1, 2])),
            select(Author.name, func.row_number().over(order_by=Author.id)),
            select(Author).where(Author.books.any()),
            text(
                "select count(*), 'f(x); delete' from authors where name not in ('g(y)', 'it''s') -- h(z)\n;"
            ),
            text("select cast(1.5 as decimal(10, 2)), if(1, 2, 3), substring_index('a b', ' ', 1)"),
        ):
            with self.subTest(str(statement)), Session(self.engine) as session:
                session.execute(statement).all()
                with self.expect(1):
                    titles(session)

    def test_another_statement_behind_a_select(self) -> None:
        self.assertTrue(transactions.may_call("select 1; delete from books"))


class Checkouts(PluggedCase):
    """What a checkout from the pool, or another part of the program, does to a connection."""

    engine_options: ClassVar = {"pool_size": 1, "max_overflow": 0}

    def test_a_database_for_each_checkout(self) -> None:
        self.library.database.sql(
            "CREATE DATABASE IF NOT EXISTS other; CREATE TABLE IF NOT EXISTS other.books LIKE lending.books;"
            "CREATE TABLE IF NOT EXISTS other.authors LIKE lending.authors;"
            "REPLACE INTO other.authors VALUES (1, 'x')"
        )
        place = "lending"

        @event.listens_for(self.engine, "checkout")
        def enter(connection: Any, *others: Any) -> None:
            cursor = connection.cursor()
            cursor.execute(f"USE {place}")
            cursor.close()

        with Session(self.engine) as session, self.expect(1):
            titles(session)
        place = "other"
        with Session(self.engine) as session, self.expect(0, "the engine 'other'"):
            self.assertEqual(titles(session), [])

    def test_two_connections_that_share_one_of_the_driver(self) -> None:
        engine = create_engine(self.library.url(), isolation_level="READ COMMITTED", poolclass=StaticPool)
        self.handle.detach()
        self.engine, own = engine, self.engine
        self.addCleanup(engine.dispose)
        self.handle = self.attach()
        with engine.connect() as connection:
            connection.execute(text("update books set title = 'new' where author_id = 1"))
            with (
                engine.connect() as other,
                Session(other) as session,
                self.expect(0, "the transaction has written"),
            ):
                self.assertEqual(titles(session), ["new"] * 4)
        own.dispose()


class NotAsked(PluggedCase):
    """Behind a proxy that does not know the server's own variables."""

    options: ClassVar = {"refresh_s": 3600.0}

    def setUp(self) -> None:
        super().setUp()
        self.handle.detach()
        unknown = mock.patch.object(connections, "_MARIADB_ID", "@@of_no_server")
        unknown.start()
        self.addCleanup(unknown.stop)

    def test_each_connection_is_asked_once_and_loads_run_as_sql(self) -> None:
        with self.assertLogs("kindred_db.sqlalchemy", "WARNING") as logged:
            self.handle = self.attach()
            with (
                mock.patch.object(connections, "_select", wraps=connections._select) as asked,
                Session(self.engine) as session,
            ):
                for _ in range(3):
                    with self.expect(0, "the session cannot be asked for its settings"):
                        titles(session)
        self.assertEqual((asked.call_count, self.handle.stats.bypassed), (2, 3))
        self.assertEqual(len(logged.output), 1, "what attach says")

    def test_its_server_is_not_asked_for_where_any_will_do(self) -> None:
        self.handle = self.attach(any_server=True)
        with Session(self.engine) as session, self.expect(1):
            titles(session)


if __name__ == "__main__":
    unittest.main()

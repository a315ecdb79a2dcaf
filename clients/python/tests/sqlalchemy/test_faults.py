"""Whatever happens to the daemon, the user's rows are right and no exception is the plug-in's."""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import socket
import tempfile
import threading
import unittest
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

from fixture import PluggedCase
from models import Author, Book
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload
from support import eventually

from kindred_db import Client, NoReply
from kindred_db.sqlalchemy import answering, attach
from kindred_db.sqlalchemy.exchange import Exchange
from kindred_db.sqlalchemy.per_parent import Related, count_rows


def books(session: Session) -> list[list[int]]:
    session.expire_all()
    return [[book.id for book in author.books] for author in session.scalars(select(Author))]


EVERYTHING = [[8, 6, 4, 2], [7, 5, 3, 1], []]


class QuietLog(PluggedCase):
    def setUp(self) -> None:
        super().setUp()
        log = logging.getLogger("kindred_db.sqlalchemy")
        log.setLevel(logging.CRITICAL + 1)
        self.addCleanup(log.setLevel, logging.NOTSET)


class Daemon(QuietLog):
    options: ClassVar = {**PluggedCase.options, "timeout": 0.3}

    def setUp(self) -> None:
        super().setUp()
        self.daemon = self.library.start_daemon()
        self.addCleanup(self.daemon.close)
        self.client = Client(self.daemon.socket, timeout=0.3)
        self.addCleanup(self.client.close)
        self.handle.detach()
        self.handle = self.attach()

    def check(self) -> int:
        """The rows are right; how many loads kindred has answered."""
        before = self.handle.stats.answered
        with Session(self.engine) as session:
            self.assertEqual(books(session), EVERYTHING)
        return self.handle.stats.answered - before

    def test_killed_and_started_again(self) -> None:
        self.assertEqual(self.check(), 3)
        self.daemon.kill()
        self.assertEqual(self.check(), 0)
        self.daemon.start()
        eventually(lambda: self.check() == 3, "an answer of the new daemon")

    def test_frozen(self) -> None:
        self.assertEqual(self.check(), 3)
        self.daemon.suspend()
        for _ in range(3):
            self.assertEqual(self.check(), 0)
        codes = {refusal.reason: refusal.times for refusal in self.handle.why}
        self.assertGreater(codes["kindred: circuit_open"], codes["kindred: timeout"], "most do not wait")
        self.daemon.resume()
        eventually(lambda: self.check() == 3, "an answer of the daemon that goes on")

    def test_after_a_time_out_the_rest_of_the_transaction_does_not_wait(self) -> None:
        with Session(self.engine) as session:
            with mock.patch.object(Client, "load", side_effect=NoReply("nothing came")) as load:
                self.assertEqual(books(session), EVERYTHING)
            load.assert_called_once()
            self.assertEqual((self.handle.stats.failed, self.handle.stats.bypassed), (1, 2))
            session.commit()
            books(session)
        self.assertEqual(self.handle.stats.answered, 3)

    def test_a_load_waits_for_a_second_at_most_unless_told_otherwise(self) -> None:
        self.handle.detach()
        for own, given, expected in ((5.0, None, 1.0), (0.3, None, 0.3), (0.3, 5.0, 5.0)):
            with Client(self.daemon.socket, timeout=own) as client:
                handle = attach(self.engine, client, timeout=given)
                with (
                    mock.patch.object(Client, "load", return_value=[]) as load,
                    Session(self.engine) as session,
                ):
                    _ = session.get_one(Author, 1).books
                handle.detach()
                self.assertEqual(load.call_args.kwargs["timeout"], expected)

    def test_not_there_when_attached(self) -> None:
        self.daemon.kill()
        self.handle.detach()
        self.handle = self.attach(refresh_s=0.0)
        self.assertEqual(self.check(), 0)
        self.daemon.start()
        eventually(lambda: self.check() == 3, "an answer of the daemon that came later")

    def test_a_relationship_that_is_gone_has_the_catalog_read_again(self) -> None:
        self.assertEqual(self.check(), 3)
        config = self.daemon.config.read_text()
        self.daemon.config.write_text(config + "\n[catalog]\ndiscover = false\n")
        self.daemon.restart()
        self.assertEqual(self.check(), 0)
        self.daemon.config.write_text(config)
        self.daemon.restart()
        self.handle.refresh()
        eventually(lambda: self.check() == 3, "the relationship that is back")

    def test_other_tables_than_before_are_noticed(self) -> None:
        self.handle.detach()
        self.handle = self.attach(refresh_s=0.0)
        self.assertEqual(self.check(), 3)
        config = self.daemon.config.read_text()
        self.daemon.config.write_text(config + '\n[relationships."authors.books"]\nfrom = "authors.id"\n'
            'to = "books.author_id"\nkind = "many"\ncolumns = ["id"]\n')  # fmt: skip
        self.daemon.reload()
        eventually(lambda: "columns" in str(self.handle.why) or self.check() == 0, "the catalog's change")
        self.assertIn("does not show the column", str(self.handle.why))

    def test_a_fault_of_the_plug_in_is_counted_and_left_to_sql(self) -> None:
        with mock.patch.object(Exchange, "rows", side_effect=ZeroDivisionError("boom")):
            self.assertEqual(self.check(), 0)
        self.assertIn("boom", str(self.handle.why))
        self.assertEqual(self.handle.stats.failed, 3)

    def test_what_a_signal_handler_raises_is_not_swallowed(self) -> None:
        class SoftTimeLimitExceeded(Exception):
            """As Celery's."""

        for raised in (SoftTimeLimitExceeded(), TimeoutError()):
            with (
                self.subTest(repr(raised)),
                mock.patch.object(Exchange, "rows", side_effect=raised),
                Session(self.engine) as session,
                self.assertRaises(type(raised)),
            ):
                books(session)

    def test_what_the_daemon_refuses_for_good_is_no_failure(self) -> None:
        titles = [f"book {number}" for number in range(1000)]
        statement = select(Author).options(selectinload(Author.books.and_(Book.title.in_(titles))))
        with mock.patch.object(answering.log, "warning") as warning, Session(self.engine) as session:
            found = [len(author.books) for author in session.scalars(statement)]
        self.assertEqual(found, [4, 4, 0])
        self.assertEqual([refusal.reason for refusal in self.handle.why], ["kindred: bad_request"])
        self.assertEqual((self.handle.stats.not_understood, self.handle.stats.failed), (1, 0))
        warning.assert_not_called()


class Verifying(QuietLog):
    def tearDown(self) -> None:
        """Differences are what these tests are about."""

    def test_a_difference_is_counted_and_sql_is_used(self) -> None:
        wrong = mock.patch.object(Exchange, "rows", lambda *arguments: [(1, 1, "wrong", "book", 0)])
        with wrong, Session(self.engine) as session:
            self.assertEqual(books(session), EVERYTHING)
        stats = self.handle.stats
        self.assertEqual((stats.mismatched, stats.verified, stats.answered), (3, 3, 3))

    def test_a_share(self) -> None:
        self.handle.detach()
        self.handle = self.attach(verify=0.5)
        chances = mock.patch.object(answering.random, "random", side_effect=[0.4, 0.6, 0.4])
        with chances, Session(self.engine) as session:
            books(session)
        self.assertEqual(self.handle.stats.verified, 2)


class AnotherSource(QuietLog):
    """A daemon that by now reads another database, or a changed schema, behind the same socket."""

    options: ClassVar = {**PluggedCase.options, "verify": 0.0}

    def setUp(self) -> None:
        super().setUp()
        database = self.library.database
        database.sql("DROP DATABASE IF EXISTS copied; CREATE DATABASE copied")
        self.addCleanup(database.sql, "DROP DATABASE copied")
        # The server has the same schema there, and none of the rows.
        engine = self.library.engine("copied")
        self.addCleanup(engine.dispose)
        Author.metadata.create_all(engine)
        self.daemon = self.library.start_daemon()
        self.addCleanup(self.daemon.close)
        self.client = Client(self.daemon.socket, timeout=5.0)
        self.addCleanup(self.client.close)

    def restart_for(self, database: str) -> None:
        text = self.daemon.config.read_text()
        served = next(line for line in text.splitlines() if line.startswith("name = "))
        self.daemon.config.write_text(text.replace(served, f'name = "{database}"'))
        self.daemon.kill()
        self.daemon.start()

    def test_another_database(self) -> None:
        self.handle.detach()
        self.handle = self.attach()
        with Session(self.engine) as session:
            self.assertEqual(books(session), EVERYTHING)
        self.restart_for("copied")
        with Session(self.engine) as session, self.expect(0, "source_changed"):
            _ = session.get_one(Author, 1).books
        with Session(self.engine) as session, self.expect(0, "reads the database 'copied'"):
            _ = session.get_one(Author, 1).books
        self.restart_for("lending")
        self.handle.refresh()
        with Session(self.engine) as session, self.expect(3):
            self.assertEqual(books(session), EVERYTHING)

    def test_siblings_of_another_database(self) -> None:
        self.handle.detach()
        self.handle = self.attach(prefetch_siblings=True)
        self.restart_for("copied")
        with Session(self.engine) as session:
            self.assertEqual(books(session), EVERYTHING)

    def test_counts_of_another_database(self) -> None:
        self.handle.detach()
        self.handle = self.attach()
        related = Related(Author.books.property, order=[])
        with Session(self.engine) as session, self.expect(1):
            self.assertEqual(count_rows(session, related, [(1,), (2,)]), [4, 4])
        self.restart_for("copied")
        with Session(self.engine) as session, self.expect(0, "source_changed"):
            self.assertEqual(count_rows(session, related, [(1,), (2,)]), [4, 4])

    def test_with_any_server_it_is_the_users_to_know(self) -> None:
        self.handle.detach()
        self.handle = self.attach(any_server=True)
        self.restart_for("copied")
        with Session(self.engine) as session, self.expect(1):
            self.assertEqual(session.get_one(Author, 1).books, [])


class OlderDaemon(QuietLog):
    """What `describe` said before it told structure."""

    def test_it_is_said_and_sql_answers(self) -> None:
        described = [{"name": "authors.books", "kind": "many", "table": "books", "columns": []}]
        with scripted({"relationships": described, "limits": {}}) as path:
            handle = attach(self.engine, Client(path), verify=1.0)
            self.addCleanup(handle.detach)
            self.handle.detach()
            with Session(self.engine) as session:
                self.assertEqual(books(session), EVERYTHING)
            self.assertIn("older", handle.why[0].reason)


@contextlib.contextmanager
def scripted(reply: dict[str, Any]) -> Iterator[str]:
    """A server that gives one reply to everything; the path of its socket."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        path = str(Path(folder) / "k")
        server.bind(path)
        server.listen()

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=answer, args=(connection,), daemon=True).start()

        def answer(connection: socket.socket) -> None:
            with connection, connection.makefile("rwb") as stream:
                for line in stream:
                    stream.write(json.dumps({"id": json.loads(line).get("id"), **reply}).encode() + b"\n")
                    stream.flush()

        threading.Thread(target=serve, daemon=True).start()
        yield path
        server.shutdown(socket.SHUT_RDWR)


class Memory(PluggedCase):
    def test_plans_go_with_their_statements(self) -> None:
        plans = self.handle._answerer._plans  # type: ignore[union-attr]
        with Session(self.engine.execution_options(compiled_cache=None)) as session:
            for _ in range(20):
                books(session)
        self.assertLess(len(plans), 10)

    def test_objects_of_a_session_are_not_kept(self) -> None:
        gc.disable()
        self.addCleanup(gc.enable)
        with Session(self.engine) as session:
            author = session.get_one(Author, 1)
            _ = author.books
            session.scalars(select(Author).options()).all()
            kept = weakref.ref(author)
            del author
            session.expunge_all()
        self.assertIsNone(kept())


class Forks(PluggedCase):
    def test_parent_and_child_load_at_once(self) -> None:
        with Session(self.engine) as session:
            books(session)
        child = os.fork()
        if child == 0:
            self.engine.dispose(close=False)
            self.leave(self.loads_right)
        for _ in range(20):
            self.assertTrue(self.loads_right())
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)

    def test_a_lock_that_another_thread_holds_is_not_held_in_the_child(self) -> None:
        report: Any = self.handle._answerer.report  # type: ignore[union-attr]
        with report._lock:
            child = os.fork()
            if child == 0:
                self.leave(lambda: not report._lock.locked())
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 0)

    def loads_right(self) -> bool:
        before = self.handle.stats.answered
        with Session(self.engine) as session:
            return books(session) == EVERYTHING and self.handle.stats.answered == before + 3

    @staticmethod
    def leave(check: Callable[[], bool]) -> None:
        code = 1
        try:
            code = 0 if check() else 1
        finally:
            os._exit(code)


class Threads(PluggedCase):
    def test_many_at_once(self) -> None:
        faults: list[BaseException] = []

        def work() -> None:
            try:
                for _ in range(10):
                    with Session(self.engine) as session:
                        self.assertEqual(books(session), EVERYTHING)
                        self.assertEqual(session.get_one(Book, 1).author.id, 2)
            except BaseException as fault:
                faults.append(fault)

        threads = [threading.Thread(target=work) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(faults, [])
        self.assertEqual(self.handle.stats.answered, 5 * 10 * 4)


if __name__ == "__main__":
    unittest.main()

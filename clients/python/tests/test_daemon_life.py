"""What clients notice of a daemon that is restarted, killed, frozen, or slow."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import unittest
from collections.abc import Iterator
from typing import Any

from support import PrivateDaemon, bookshop, eventually
from support.blocking import BlockingAsyncClient
from support.cases import SharedCases

import kindred_db


@contextlib.contextmanager
def locked_table(table: str) -> Iterator[None]:
    """Has another session hold a table, so that queries of it wait."""
    database = bookshop()
    script = f"LOCK TABLES {table} WRITE; DO SLEEP(60);"
    command = ["mariadb", "--no-defaults", "-uroot", "-S", database.socket, "shop", "-e", script]
    holder = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    holds = "SELECT id FROM information_schema.processlist WHERE info LIKE 'DO SLEEP%'"
    try:
        eventually(lambda: database.query(holds), "the lock")
        yield
    finally:
        for session in database.query(holds):
            database.sql(f"KILL {session['id']}")
        holder.wait(20)


class Cases(SharedCases):
    """Run for each client."""

    client_class: Any

    def setUp(self) -> None:
        self.daemon = PrivateDaemon(bookshop())
        self.addCleanup(self.daemon.close)

    def client(self, **options: Any) -> Any:
        client = self.client_class(self.daemon.socket, **{"timeout": 20.0, **options})
        self.addCleanup(client.close)
        return client

    def check(self, client: Any, key: int = 42) -> None:
        self.assertEqual(client.load("books.author", key, columns=["id"]), {"id": key})

    def is_answered(self, client: Any) -> bool:
        try:
            self.check(client)
        except (kindred_db.CircuitOpen, kindred_db.Unreachable, kindred_db.NoReply):
            return False
        return True

    def test_a_restart_between_two_calls_is_not_noticed(self) -> None:
        client = self.client()
        for end in (self.daemon.stop, self.daemon.kill):
            self.check(client)
            end()
            self.daemon.start()
            self.check(client)

    def test_while_there_is_no_daemon_calls_fail_at_once_and_then_it_is_found_again(self) -> None:
        client = self.client()
        self.check(client)
        self.daemon.kill()
        with self.assertRaises(kindred_db.Unreachable):
            client.load("books.author", 42)
        with self.assertRaises((kindred_db.CircuitOpen, kindred_db.Unreachable)):
            client.load("books.author", 42)
        self.daemon.start()
        eventually(lambda: self.is_answered(client), "an answer of the new daemon")

    def test_a_frozen_daemon_costs_one_time_out(self) -> None:
        client = self.client()
        self.check(client)
        self.daemon.suspend()
        with self.assertRaises(kindred_db.NoReply):
            client.load("books.author", 42, timeout=0.3)
        refused = 0
        for _ in range(200):
            try:
                client.load("books.author", 42, timeout=0.3)
            except kindred_db.CircuitOpen:
                refused += 1
            except kindred_db.NoReply:
                continue
        self.assertGreater(refused, 150)
        self.daemon.resume()
        eventually(lambda: self.is_answered(client), "an answer of the daemon that goes on")
        for key in range(1, 50):
            self.check(client, key)

    def test_a_slow_query_is_the_daemon_s_time_out_and_costs_no_connection(self) -> None:
        client = self.client()
        self.check(client)
        before = client.stats()["sessions_accepted"]
        with locked_table("books"):
            with self.assertRaises(kindred_db.Timeout) as caught:
                client.load("authors.books", 42, timeout=1.0)
            self.assertNotIsInstance(caught.exception, kindred_db.NoReply)
            self.check(client)
        self.assertEqual(client.stats()["sessions_accepted"], before)


class SyncLifeTests(Cases, unittest.TestCase):
    client_class = kindred_db.Client

    def test_a_call_that_is_taken_back_while_it_waits(self) -> None:
        client = self.client()
        with locked_table("books"), client.pipeline() as pipeline:
            waiting = pipeline.load("authors.books", 42)
            pipeline.send()
            waiting.cancel()
            with self.assertRaises(kindred_db.Cancelled):
                waiting.result()
        self.check(client)


class AsyncLifeTests(Cases, unittest.TestCase):
    client_class = BlockingAsyncClient

    def cancelled(self) -> int:
        stats: dict[str, Any] = self.daemon.ask(id=1, op="stats")["stats"]
        return int(stats["errors_by_code"].get("cancelled", 0))

    def test_a_call_that_is_cancelled_while_it_waits_is_taken_back(self) -> None:
        client = self.client()
        before = self.cancelled()

        async def give_up() -> None:
            await asyncio.wait_for(client.client.load("authors.books", 42), 0.2)

        with locked_table("books"):
            with self.assertRaises(asyncio.TimeoutError):
                client.run(give_up())
            eventually(lambda: self.cancelled() > before, "the cancelled load")
        self.check(client)


if __name__ == "__main__":
    unittest.main()

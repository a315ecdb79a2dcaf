"""When the daemon is asked what it can load, and who waits for it."""

from __future__ import annotations

import threading
import unittest
from typing import Any
from unittest import mock

from fixture import PluggedCase
from models import Author
from sqlalchemy.orm import Session
from support import eventually

from kindred_db import Client
from kindred_db.sqlalchemy.daemon import Daemon


def load(engine: Any) -> None:
    with Session(engine) as session:
        assert len(session.get_one(Author, 1).books) == 4


class FirstLoads(PluggedCase):
    """The first catalog is read by one load; `any_server` has attach not read it."""

    def setUp(self) -> None:
        super().setUp()
        self.handle.detach()
        self.answer = threading.Event()
        describe = Client.describe

        def slowly(client: Client, *arguments: Any, **options: Any) -> Any:
            self.assertTrue(self.answer.wait(20))
            return describe(client, *arguments, **options)

        patch = mock.patch.object(Client, "describe", slowly)
        patch.start()
        self.addCleanup(patch.stop)

    def begin(self, count: int, asked: mock.Mock) -> list[threading.Thread]:
        threads = [threading.Thread(target=load, args=(self.engine,)) for _ in range(count)]
        for thread in threads:
            thread.start()
        eventually(lambda: asked.call_count == count, "loads that want the catalog")
        return threads

    def watch(self) -> Any:
        return mock.patch.object(Daemon, "catalog", autospec=True, side_effect=Daemon.catalog)

    def test_others_wait_for_the_first(self) -> None:
        self.handle = self.attach(any_server=True)
        with self.watch() as asked:
            threads = self.begin(5, asked)
            self.answer.set()
            for thread in threads:
                thread.join()
        self.assertEqual((self.handle.stats.answered, self.handle.stats.failed), (5, 0), self.handle.why)

    def test_nobody_waits_for_longer_than_the_time_out(self) -> None:
        self.handle = self.attach(any_server=True, timeout=0.05)
        with self.watch() as asked:
            threads = self.begin(1, asked)
            with self.expect(0, "the daemon is being asked"), self.assertLogs("kindred_db.sqlalchemy"):
                load(self.engine)
            self.answer.set()
            threads[0].join()


class Refresh(PluggedCase):
    def test_a_refresh_during_another_is_not_lost(self) -> None:
        hello = Client.hello

        def meanwhile(client: Client, **options: Any) -> Any:
            self.handle.refresh()
            return hello(client, **options)

        self.handle.refresh()
        with mock.patch.object(Client, "hello", autospec=True, side_effect=meanwhile) as asked:
            load(self.engine)
            load(self.engine)
        self.assertEqual(asked.call_count, 2)


if __name__ == "__main__":
    unittest.main()

"""A database, a daemon and engines for the tests of this folder.

KINDRED_DRIVER: pymysql (the default) or mysqldb, the driver of the engines that are not for asyncio.
"""

from __future__ import annotations

import atexit
import functools
import os
import sys
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

sys.path.append(str(Path(__file__).parents[1]))

import models
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session
from support import PrivateDaemon, PrivateDatabase

from kindred_db import Client
from kindred_db.sqlalchemy import Handle, attach, toml

DRIVER = os.environ.get("KINDRED_DRIVER", "pymysql")


class Library:
    """A server with the database `lending`, and a daemon for it."""

    def __init__(self) -> None:
        self.database = PrivateDatabase()
        self.database.sql("CREATE DATABASE lending CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
        engine = self.engine()
        models.Base.metadata.create_all(engine)
        with Session(engine) as session:
            # The rows have foreign keys and not objects, of which SQLAlchemy would know the order.
            session.execute(text("SET foreign_key_checks = 0"))
            session.add_all(models.rows())
            session.commit()
        engine.dispose()
        self.daemon = self.start_daemon()

    def start_daemon(self, name: str = "lending") -> PrivateDaemon:
        return PrivateDaemon(self.database, name, settings=toml(models.Base))

    def url(self, driver: str = DRIVER, name: str = "lending") -> str:
        return f"mysql+{driver}://root@/{name}?unix_socket={self.database.socket}&charset=utf8mb4"

    def engine(self, name: str = "lending", **options: Any) -> Engine:
        return create_engine(self.url(name=name), **{"isolation_level": "READ COMMITTED", **options})

    def close(self) -> None:
        self.daemon.close()
        self.database.close()


@functools.cache
def library() -> Library:
    made = Library()
    atexit.register(made.close)
    return made


class PluggedCase(unittest.TestCase):
    """A test with an engine that kindred is attached to. Every answer is compared with SQL."""

    options: ClassVar[dict[str, Any]] = {"verify": 1.0, "refresh_s": 3600.0, "timeout": 5.0}
    engine_options: ClassVar[dict[str, Any]] = {}

    def setUp(self) -> None:
        self.library = library()
        self.engine = self.library.engine(**self.engine_options)
        self.addCleanup(self.engine.dispose)
        self.client = Client(self.library.daemon.socket, timeout=5.0)
        self.addCleanup(self.client.close)
        self.handle = self.attach()

    def attach(self, **options: Any) -> Handle:
        handle = attach(self.engine, self.client, **{**self.options, **options})
        self.addCleanup(handle.detach)
        return handle

    def tearDown(self) -> None:
        self.assertEqual(self.handle.stats.mismatched, 0, "kindred's rows differ from SQL's")

    @contextmanager
    def expect(self, answered: int, refused: str = "") -> Iterator[None]:
        """So many loads are answered in the block, and with `refused` one load for that reason is not."""
        before = self.handle.stats
        yield
        after = self.handle.stats
        self.assertEqual(after.answered - before.answered, answered, self.handle.why)
        self.assertEqual(after.loads - before.loads, answered + bool(refused), self.handle.why)
        if refused:
            reasons = [refusal.reason for refusal in self.handle.why]
            self.assertTrue(any(refused in reason for reason in reasons), reasons)

    def compare(self, look: Callable[[Session], Any], answered: int, refused: str = "") -> Any:
        """What `look` finds through kindred is what it finds without; returns it."""
        with Session(self.engine) as session, self.handle.bypass():
            plain = look(session)
        with Session(self.engine) as session, self.expect(answered, refused):
            found = look(session)
        self.assertEqual(found, plain)
        return found

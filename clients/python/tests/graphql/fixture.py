"""A bookshop, a daemon and engines for the tests of this folder."""

from __future__ import annotations

import asyncio
import atexit
import functools
import sys
import unittest
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from support import PrivateDaemon, bookshop

from kindred_db import AsyncClient, Client
from kindred_db.sqlalchemy import Handle, attach


@functools.cache
def daemon(name: str = "shop") -> PrivateDaemon:
    made = PrivateDaemon(bookshop(), name)
    atexit.register(made.close)
    return made


def url(driver: str, name: str = "shop") -> str:
    return f"mysql+{driver}://root@/{name}?unix_socket={bookshop().socket}&charset=utf8mb4"


class BookshopCase(unittest.TestCase):
    """A test with two engines, one of them with kindred, whose every answer is compared with SQL's.

    `self.statements` has the statements that the engine without kindred has run.
    """

    #: The database that is read.
    database = "shop"
    #: Why kindred leaves loads of this test to SQL; everything else it must have answered.
    by_sql: frozenset[str] = frozenset()

    def setUp(self) -> None:
        self.plain = self.make_engine()
        self.statements: list[str] = []
        event.listen(self.plain, "before_cursor_execute", self.note_statement)
        self.engine = self.make_engine()
        client = Client(daemon(self.database).socket, timeout=10.0)
        self.addCleanup(client.close)
        self.handle: Handle = attach(self.engine, client, verify=1.0)

    def tearDown(self) -> None:
        self.check(self.handle)

    def check(self, handle: Handle) -> None:
        """Kindred has answered whatever it can, and as SQL does."""
        self.assertEqual(handle.stats.mismatched, 0, "kindred's rows differ from SQL's")
        self.assertEqual({refusal.reason for refusal in handle.why}, self.by_sql)

    def make_engine(self) -> Engine:
        # With another time zone than UTC, what has a TIMESTAMP is left to SQL.
        connection = {"init_command": "SET time_zone = '+00:00'"}
        engine = create_engine(
            url("pymysql", self.database), isolation_level="READ COMMITTED", connect_args=connection
        )
        self.addCleanup(engine.dispose)
        return engine

    def note_statement(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        self.statements.append(statement)

    def in_both(self, work: Callable[[Session], Any]) -> Any:
        """What the work gives without kindred, and with it the same; the work is in no event loop."""
        results = []
        for engine in (self.plain, self.engine):
            with Session(engine) as session:
                results.append(work(session))
        self.assertEqual(*results)
        return results[0]

    def in_all(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        """What the work gives on a session without kindred, with it, and on both kinds of an AsyncSession."""
        results = []
        for engine in (self.plain, self.engine):
            with Session(engine) as session:
                results.append(asyncio.run(self._done(work, session)))
        for with_kindred in (False, True):
            results.append(asyncio.run(self.in_async_session(work, with_kindred)))
        for result in results[1:]:
            self.assertEqual(result, results[0])
        return results[0]

    async def _done(self, work: Callable[[Any], Awaitable[Any]], session: Any) -> Any:
        return await work(session)

    async def in_async_session(self, work: Callable[[Any], Awaitable[Any]], with_kindred: bool) -> Any:
        engine: AsyncEngine = create_async_engine(url("asyncmy"), isolation_level="READ COMMITTED")
        client = AsyncClient(daemon().socket, timeout=10.0)
        handle = attach(engine, client, verify=1.0) if with_kindred else None
        try:
            async with AsyncSession(engine) as session:
                result = await work(session)
        finally:
            await engine.dispose()
            await client.close()
        if handle:
            self.check(handle)
        return result

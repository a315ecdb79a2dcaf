"""Asyncio sessions, with asyncmy."""

from __future__ import annotations

import asyncio
import unittest
from typing import Any
from unittest import mock

from fixture import library
from models import Author, Book
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, selectinload

from kindred_db import AsyncClient, Client
from kindred_db.sqlalchemy import attach
from kindred_db.sqlalchemy.daemon import Daemon


def lazily(session: Session) -> list[list[int]]:
    return [[book.id for book in author.books] for author in session.scalars(select(Author))]


EVERYTHING = [[8, 6, 4, 2], [7, 5, 3, 1], []]


class Asyncio(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        url = library().url("asyncmy")
        self.engine = create_async_engine(url, isolation_level="READ COMMITTED", pool_size=20)
        self.client = AsyncClient(library().daemon.socket, timeout=5.0)
        self.handle = attach(self.engine, self.client, verify=1.0, refresh_s=3600.0, timeout=5.0)

    async def asyncTearDown(self) -> None:
        self.handle.detach()
        await self.client.close()
        await self.engine.dispose()
        self.assertEqual(self.handle.stats.mismatched, 0)

    async def test_selectinload(self) -> None:
        async with AsyncSession(self.engine) as session:
            authors = await session.scalars(select(Author).options(selectinload(Author.books)))
            self.assertEqual([[book.id for book in author.books] for author in authors], EVERYTHING)
        self.assertEqual(self.handle.stats.answered, 1)

    async def test_lazy_loads(self) -> None:
        async with AsyncSession(self.engine) as session:
            self.assertEqual(await session.run_sync(lazily), EVERYTHING)
        self.assertEqual(self.handle.stats.answered, 3)

    async def test_own_writes(self) -> None:
        async with AsyncSession(self.engine) as session:
            await session.execute(text("update books set title = title"))
            await session.run_sync(lazily)
            self.assertEqual(self.handle.stats.answered, 0)
            await session.rollback()
            await session.run_sync(lazily)
        self.assertEqual(self.handle.stats.answered, 3)

    async def test_many_tasks(self) -> None:
        async with AsyncSession(self.engine) as session:
            await session.run_sync(lazily)

        async def work() -> None:
            async with AsyncSession(self.engine) as session:
                statement = select(Author).options(selectinload(Author.books).selectinload(Book.tags))
                authors = (await session.scalars(statement)).all()
                self.assertEqual([[book.id for book in author.books] for author in authors], EVERYTHING)

        await asyncio.gather(*(work() for _ in range(40)))
        self.assertEqual(self.handle.stats.answered, 3 + 80)

    async def test_bypass_is_of_this_task(self) -> None:
        bypassed = asyncio.Event()
        done = asyncio.Event()

        async def other() -> None:
            await bypassed.wait()
            async with AsyncSession(self.engine) as session:
                await session.run_sync(lazily)
            done.set()

        async def own() -> None:
            async with AsyncSession(self.engine) as session:
                with self.handle.bypass():
                    bypassed.set()
                    await session.run_sync(lazily)
                    await done.wait()

        await asyncio.gather(own(), other())
        self.assertEqual((self.handle.stats.answered, self.handle.stats.bypassed), (3, 3))

    async def test_no_daemon(self) -> None:
        self.handle.detach()
        client = AsyncClient("/nowhere/k", timeout=0.5)
        self.handle = attach(self.engine, client)
        async with AsyncSession(self.engine) as session:
            with self.assertLogs("kindred_db.sqlalchemy", "WARNING"):
                self.assertEqual(await session.run_sync(lazily), EVERYTHING)
        self.assertEqual(self.handle.stats.failed, 3)
        await client.close()

    async def test_another_database_is_left_to_sql(self) -> None:
        library().database.sql(
            "CREATE DATABASE IF NOT EXISTS other; CREATE TABLE IF NOT EXISTS other.books LIKE lending.books;"
            "CREATE TABLE IF NOT EXISTS other.authors LIKE lending.authors;"
            "REPLACE INTO other.authors VALUES (1, 'x')"
        )
        engine = create_async_engine(library().url("asyncmy", "other"), isolation_level="READ COMMITTED")
        handle = attach(engine, self.client)
        async with AsyncSession(engine) as session:
            self.assertEqual(await session.run_sync(lazily), [[]])
        self.assertIn("the engine 'other'", handle.why[0].reason)
        handle.detach()
        await engine.dispose()

    async def test_siblings(self) -> None:
        self.handle.detach()
        self.handle = attach(self.engine, self.client, prefetch_siblings=True)
        async with AsyncSession(self.engine) as session:
            self.assertEqual(await session.run_sync(lazily), EVERYTHING)
        self.assertEqual((self.handle.stats.answered, self.handle.stats.requests), (3, 1))

    async def test_a_client_that_would_block_is_refused(self) -> None:
        with self.assertRaisesRegex(TypeError, "a Client would block its loop"):
            attach(self.engine, Client("/run/k"))  # type: ignore[arg-type]

    async def test_a_cancelled_task_leaves_all_well(self) -> None:
        await self.work()
        all_ask, answer = asyncio.Event(), asyncio.Event()
        load, asking = AsyncClient.load, set()

        async def slowly(client: AsyncClient, *arguments: Any, **options: Any) -> Any:
            asking.add(asyncio.current_task())
            if len(asking) == 10:
                all_ask.set()
            await answer.wait()
            return await load(client, *arguments, **options)

        with mock.patch.object(AsyncClient, "load", slowly):
            tasks = [asyncio.create_task(self.work()) for _ in range(10)]
            await asyncio.wait_for(all_ask.wait(), 20)
            for task in tasks[::2]:
                task.cancel()
            answer.set()
            found = await asyncio.gather(*tasks, return_exceptions=True)
        for result in found[::2]:
            self.assertIsInstance(result, asyncio.CancelledError)
        for result in found[1::2]:
            self.assertEqual(result, EVERYTHING)
        self.assertEqual(await self.work(), EVERYTHING)

    async def test_first_loads_wait_for_one_catalog(self) -> None:
        tasks = await self.first_loads()
        await asyncio.gather(*tasks)
        self.assertEqual((self.handle.stats.answered, self.handle.stats.failed), (15, 0), self.handle.why)

    async def test_another_asks_where_the_first_is_cancelled(self) -> None:
        tasks = await self.first_loads(cancelled=1)
        found = await asyncio.gather(*tasks, return_exceptions=True)
        self.assertIsInstance(found[0], asyncio.CancelledError)
        self.assertEqual((self.handle.stats.answered, self.handle.stats.failed), (12, 0), self.handle.why)

    async def first_loads(self, cancelled: int = 0) -> list[asyncio.Task[Any]]:
        """Five tasks, of which the first was asking for the catalog when the others came for it."""
        answer, all_are_there = asyncio.Event(), asyncio.Event()
        describe, catalog = AsyncClient.describe, Daemon.catalog
        came = 0

        async def slowly(client: AsyncClient, *arguments: Any, **options: Any) -> Any:
            await answer.wait()
            return await describe(client, *arguments, **options)

        def watched(daemon: Daemon) -> Any:
            nonlocal came
            came += 1
            if came == 5:
                all_are_there.set()
            return catalog(daemon)

        for owner, name, patched in ((AsyncClient, "describe", slowly), (Daemon, "catalog", watched)):
            patch = mock.patch.object(owner, name, patched)
            patch.start()
            self.addCleanup(patch.stop)
        tasks = [asyncio.create_task(self.work())]
        while came < 1:
            await asyncio.sleep(0)
        tasks += [asyncio.create_task(self.work()) for _ in range(4)]
        await asyncio.wait_for(all_are_there.wait(), 20)
        for task in tasks[:cancelled]:
            task.cancel()
        answer.set()
        return tasks

    async def work(self) -> list[list[int]]:
        async with AsyncSession(self.engine) as session:
            return await session.run_sync(lazily)


if __name__ == "__main__":
    unittest.main()

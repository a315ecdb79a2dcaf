"""Resolvers that share an AsyncSession and take turns."""

from __future__ import annotations

import asyncio
import unittest
from typing import Any

from graphene_case import GrapheneCase
from models import Author

from kindred_db.graphene import get_batch_resolver, turn_of
from kindred_db.sqlalchemy.sessions import run_in


class Turns(GrapheneCase):
    def in_session(self, work: Any) -> Any:
        """What the work gives on an AsyncSession; fails if it waits for ever."""

        async def within(session: Any) -> Any:
            return await asyncio.wait_for(work(session), 10.0)

        return asyncio.run(self.in_async_session(within, True))

    def test_who_holds_the_turn_may_take_it_again(self) -> None:
        async def work(session: Any) -> Any:
            async with turn_of(session):
                async with turn_of(session):
                    self.assertIsNotNone(await session.get(Author, 42))
                name = await run_in(session.sync_session, lambda inner: inner.get(Author, 1).name)
            # Others have to wait only as long as the outer one is held.
            return name, await asyncio.create_task(self.taken(session))

        self.assertTrue(all(self.in_session(work)))

    async def taken(self, session: Any) -> bool:
        async with turn_of(session):
            return True

    def test_another_task_waits_until_the_turn_is_over(self) -> None:
        async def work(session: Any) -> Any:
            seen = []

            async def other() -> None:
                async with turn_of(session):
                    seen.append("other")

            async with turn_of(session):
                task = asyncio.create_task(other())
                async with turn_of(session):
                    await session.get(Author, 42)
                await session.get(Author, 1)
                seen.append("holder")
            await task
            return seen

        self.assertEqual(self.in_session(work), ["holder", "other"])

    def test_a_batched_field_that_is_awaited_within_the_turn_is_an_error(self) -> None:
        async def work(session: Any) -> Any:
            author = await session.get(Author, 42)
            resolve = get_batch_resolver(Author.books.property)
            async with turn_of(session):
                with self.assertRaisesRegex(RuntimeError, "while it holds the session's turn"):
                    await resolve(author, None)
            return len(await resolve(author, None))

        self.assertGreater(self.in_session(work), 0)


if __name__ == "__main__":
    unittest.main()

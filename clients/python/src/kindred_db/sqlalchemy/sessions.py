"""Work on a session from a coroutine, whether the session is a plain one or an AsyncSession's."""

from __future__ import annotations

import asyncio
from typing import Any, Callable, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession, async_session
from sqlalchemy.orm import Session

Result = TypeVar("Result")


async def run_in(session: Session, work: Callable[[Session], Result]) -> Result:
    """The result of `work`, which may use the session as synchronous code does.

    An AsyncSession has one connection, which two coroutines must not use at once; the fields of a GraphQL
    query are resolved at once. So work on the same AsyncSession waits for its turn.
    """
    owner = async_session(session)
    if owner is None:
        return work(session)
    async with turn_of(session):
        return await owner.run_sync(work)


class Turn:
    """What one task at a time holds, by `async with`. The task that holds it may take it again."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[Any] | None = None
        self._times = 0

    @property
    def is_own(self) -> bool:
        """Whether the current task holds it."""
        return self._holder is not None and self._holder is asyncio.current_task()

    async def __aenter__(self) -> None:
        if not self.is_own:
            await self._lock.acquire()
            self._holder = asyncio.current_task()
        self._times += 1

    async def __aexit__(self, *error: object) -> None:
        self._times -= 1
        if self._times == 0:
            self._holder = None
            self._lock.release()


def turn_of(session: Session | AsyncSession) -> Turn:
    """What whoever uses an AsyncSession in one of several tasks holds meanwhile: `async with
    turn_of(session):`

    Batched fields must not be awaited within it. They are loaded for several tasks at once by one of their
    own, which waits until the turn is over.
    """
    inner = session.sync_session if isinstance(session, AsyncSession) else session
    turn: Turn = kept_in(inner, "turn", Turn)
    return turn


def check_others_turn(session: Session) -> None:
    """To be called before the current task waits for what another one does in the session.

    Raises:
        RuntimeError: if they would wait for each other for ever.
    """
    if async_session(session) is not None and turn_of(session).is_own:
        raise RuntimeError(
            "a task asks for a batched field while it holds the session's turn, for which the load would "
            "wait for ever: await the field outside of `async with turn_of(session)`"
        )


def kept_in(session: Session, name: str, make: Callable[[], Any]) -> Any:
    """What belongs to this session and ends with it."""
    name = "kindred_db." + name
    if name not in session.info:
        session.info[name] = make()
    return session.info[name]

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


def turn_of(session: Session | AsyncSession) -> asyncio.Lock:
    """What whoever uses an AsyncSession in one of several tasks holds meanwhile: `async with
    turn_of(session):`"""
    inner = session.sync_session if isinstance(session, AsyncSession) else session
    lock: asyncio.Lock = kept_in(inner, "turn", asyncio.Lock)
    return lock


def kept_in(session: Session, name: str, make: Callable[[], Any]) -> Any:
    """What belongs to this session and ends with it."""
    name = "kindred_db." + name
    if name not in session.info:
        session.info[name] = make()
    return session.info[name]

"""Loads of the same kind by the fields of a query, gathered into one."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from typing import Any, Callable

from graphene_sqlalchemy.batching import DataLoader  # type: ignore[import-untyped]
from sqlalchemy import inspect
from sqlalchemy.exc import NoInspectionAvailable
from sqlalchemy.orm import InstanceState, RelationshipProperty, Session, object_session

from ..sqlalchemy.selectin import load_relationship
from ..sqlalchemy.sessions import check_others_turn, kept_in, run_in

LoadAll = Callable[[Session, Sequence[Any]], Sequence[Any]]


class SessionLoader(DataLoader):  # type: ignore[misc]
    """Gathers what is asked in one turn of the event loop, and asks it together in one session."""

    # The session itself remembers what it has loaded.
    cache = False

    def __init__(self, session: Session, load_all: LoadAll, forget: Callable[[], Any]) -> None:
        super().__init__(loop=asyncio.get_running_loop())
        self.session = session
        self.load_all = load_all
        self.forget = forget

    async def batch_load_fn(self, keys: Sequence[Any]) -> Sequence[Any]:
        # Others with the same filters may never come, and the session may live long.
        self.forget()
        return await run_in(self.session, lambda session: self.load_all(session, keys))


def loader_of(session: Session, kind: Hashable, load_all: LoadAll) -> SessionLoader:
    """The loader for this kind of load in this session and event loop; `load_all` makes a new one's loads.

    Raises:
        RuntimeError: if the current task holds the session's turn, for which the load would wait for ever.
    """
    check_others_turn(session)
    loaders: dict[Hashable, SessionLoader] = kept_in(session, "loaders", dict)
    loader = loaders.get(kind)
    if loader is None or loader.loop is not asyncio.get_running_loop():
        loader = loaders[kind] = SessionLoader(session, load_all, lambda: loaders.pop(kind, None))
    return loader


def session_of(root: Any) -> Session | None:
    """The session of a mapped instance that is in the database; None for anything else."""
    try:
        state = inspect(root)
    except NoInspectionAvailable:
        return None
    if not isinstance(state, InstanceState) or not state.persistent:
        return None
    return object_session(root)


def in_event_loop() -> bool:
    """Whether coroutines can run: not in a schema that is executed synchronously."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def get_batch_resolver(relationship_prop: RelationshipProperty[Any]) -> Callable[..., Any]:
    """The resolver that loads the whole relationship of all the parents that ask for it at once.

    It takes the place of graphene-sqlalchemy's function of this name, and works with SQLAlchemy 2.1 and with
    AsyncSession as well. In a schema that is executed synchronously, and for an object that is in no session,
    it is the attribute that it would be without batching.
    """
    key = relationship_prop.key

    def load_all(session: Session, parents: Sequence[Any]) -> Sequence[Any]:
        return load_relationship(session, relationship_prop, parents)

    def resolve(root: Any, info: Any, **args: Any) -> Any:
        session = session_of(root)
        if session is None or not in_event_loop():
            return getattr(root, key)
        return loader_of(session, relationship_prop, load_all).load(root)

    return resolve

"""Puts kindred between an engine and its database."""

# ruff: noqa: PLC0415 (what uses parts of SQLAlchemy that another line may not have is imported late)
from __future__ import annotations

import logging
import re
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapper

from kindred_db import AsyncClient, Client, KindredError

from .handle import AttachError, Handle

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.ext.asyncio import AsyncEngine

    from .answering import Answerer, Settings
    from .daemon import Daemon

log = logging.getLogger("kindred_db.sqlalchemy")

#: The lines of SQLAlchemy whose own tests pass through kindred.
KNOWN_LINES = ("2.0", "2.1")
#: The drivers whose values kindred gives, as SQLAlchemy's URLs name them.
KNOWN_DRIVERS = ("mysqldb", "pymysql", "aiomysql", "asyncmy")


def attach(
    engine: Engine | AsyncEngine,
    client: Client | AsyncClient,
    *,
    mode: Literal["relationships", "all"] = "relationships",
    isolation: Literal["read committed", "ignore"] = "read committed",
    any_server: bool = False,
    prefetch_siblings: bool | int = False,
    prefetch_max_age: float = 10.0,
    verify: float = 0.0,
    timeout: float | None = None,
    refresh_s: float = 5.0,
) -> Handle:
    """Answers the engine's relationship loads by kindred: lazy loads and `selectinload`, of sessions of both
    kinds. What kindred cannot answer, must not or does not runs as SQL, as before.

    Args:
        engine: An Engine with a Client, or an AsyncEngine with an AsyncClient. Attach before it is used.
        client: The client; its time-out bounds how long a load waits before it runs as SQL.
        mode: ``"all"`` also answers other SELECTs of that shape, such as `session.get`.
        isolation: kindred reads what is committed, so that it stands aside from a transaction that keeps a
            snapshot (REPEATABLE READ, the server's default). ``"ignore"`` answers there, too: such a
            transaction may see rows that are newer than its snapshot.
        any_server: Answer although the daemon reads another server or database than the engine. Say so only
            where both have the same rows, as behind a proxy.
        prefetch_siblings: The first lazy load of a relationship also brings the rows for the other objects
            of the same result, in one request; True stands for at most 500 of them. They are the rows of
            that moment. They are dropped at a flush, a commit, a rollback and an expire.
        prefetch_max_age: Seconds after which rows that were brought so are not used.
        verify: The share of loads, 0.0 to 1.0, that are run as SQL as well and compared. Where they differ,
            it is counted and logged, and SQL's rows are used.
        timeout: Seconds for one request; None for the client's, but at most 1. After a load that took longer
            the rest of its transaction runs as SQL.
        refresh_s: Seconds between two looks at whether there is more to load; `Handle.refresh` has the next
            load look at once. A daemon that by now reads another schema, database or server refuses what was
            asked for the one before, and is looked at again; with `any_server`, one that reads another schema
            is noticed at the next look.

    Raises:
        AttachError: The daemon reads another database than the engine, or another server.
        TypeError, ValueError: An argument is not what it should be.

    A daemon or a database that cannot be reached now is no error: loads run as SQL until it can. With another
    driver than mysqlclient, PyMySQL, aiomysql and asyncmy all run as SQL, and a warning says so.
    """
    inner = _inner_engine(engine, client)
    _check_words(mode, isolation)
    _check_numbers(prefetch_siblings, prefetch_max_age, verify, timeout, refresh_s)
    if not (_is_known_line() and _is_known_driver(inner)):
        return Handle(inner, None, None)
    # These modules use parts of SQLAlchemy that another line may not have.
    from .answering import Settings
    from .daemon import Daemon

    timeout = min(client.timeout, 1.0) if timeout is None else timeout
    daemon = Daemon(client, refresh_s, timeout, any_server)
    settings = Settings(mode == "all", isolation == "ignore", any_server, verify)
    siblings = 500 if prefetch_siblings is True else int(prefetch_siblings)
    if isinstance(client, Client) and not any_server:
        _check_place(inner, daemon)
    return _attached(inner, daemon, settings, siblings, prefetch_max_age)


def _inner_engine(engine: Any, client: Any) -> Any:
    """The engine whose events are heard."""
    if not isinstance(client, (Client, AsyncClient)):
        raise TypeError(f"client: must be a kindred_db.Client or AsyncClient, not {type(client).__name__}")
    inner = getattr(engine, "sync_engine", engine)
    if not isinstance(inner, sqlalchemy.Engine):
        raise TypeError(f"engine: must be an Engine or an AsyncEngine, not {type(engine).__name__}")
    if inner.dialect.name not in ("mysql", "mariadb"):
        raise AttachError(
            f"engine: kindred reads MariaDB and MySQL, and this engine is for {inner.dialect.name}"
        )
    if inner.dialect.is_async and isinstance(client, Client):
        raise TypeError(
            "client: an AsyncEngine takes a kindred_db.AsyncClient; a Client would block its loop"
        )
    if not inner.dialect.is_async and isinstance(client, AsyncClient):
        raise TypeError(
            "client: an Engine takes a kindred_db.Client; an AsyncClient goes with an AsyncEngine"
        )
    return inner


def _check_words(mode: str, isolation: str) -> None:
    if mode not in ("relationships", "all"):
        raise ValueError(f"mode: must be 'relationships' or 'all', not {mode!r}")
    if isolation not in ("read committed", "ignore"):
        raise ValueError(f"isolation: must be 'read committed' or 'ignore', not {isolation!r}")


def _check_numbers(
    prefetch_siblings: Any, prefetch_max_age: Any, verify: Any, timeout: Any, refresh_s: Any
) -> None:
    if not isinstance(prefetch_siblings, int) or not 0 <= prefetch_siblings <= 10_000:
        raise ValueError("prefetch_siblings: must be True, False or a number of siblings up to 10,000")
    if not 0.0 <= verify <= 1.0:
        raise ValueError(f"verify: must be a share from 0.0 to 1.0, not {verify!r}")
    if timeout is not None and not (_is_number(timeout) and 0 < timeout < float("inf")):
        raise ValueError(f"timeout: must be a number of seconds above 0, not {timeout!r}")
    for name, value in (("prefetch_max_age", prefetch_max_age), ("refresh_s", refresh_s)):
        if not (_is_number(value) and value >= 0):
            raise ValueError(f"{name}: must be a number of seconds, 0 or more, not {value!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_known_line() -> bool:
    line = re.match(r"\d+\.\d+", sqlalchemy.__version__)
    if line and line.group() in KNOWN_LINES:
        return True
    warnings.warn(
        f"kindred_db.sqlalchemy knows SQLAlchemy {' and '.join(KNOWN_LINES)}, and this is "
        f"{sqlalchemy.__version__}: all loads run as SQL",
        stacklevel=3,
    )
    return False


def _is_known_driver(engine: Any) -> bool:
    driver = engine.dialect.driver
    if driver in KNOWN_DRIVERS:
        return True
    warnings.warn(
        f"kindred_db.sqlalchemy knows the values of {', '.join(KNOWN_DRIVERS)}, and this engine's driver is "
        f"{driver}: all loads run as SQL",
        stacklevel=3,
    )
    return False


def _check_place(engine: Any, daemon: Daemon) -> None:
    """Raises `AttachError` if engine and daemon read different databases. If that cannot be found out now,
    each load finds it out for itself."""
    from . import connections

    try:
        catalog = daemon.read_catalog()
        with engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            # Not for the pool: workers that are forked after this would share it.
            connection.detach()
            session = replace(
                connections.ask(raw, engine.dialect),
                server_id=connections.ask_server_id(raw, engine.dialect),
            )
    except (KindredError, SQLAlchemyError, engine.dialect.dbapi.Error) as error:
        daemon.refresh()
        log.warning("kindred will be used as soon as it can be: %s", error)
        return
    fault = connections.other_place(session, catalog)
    if fault:
        raise AttachError(f"{fault}; any_server=True says that both have the same rows")


def _attached(engine: Any, daemon: Daemon, settings: Settings, siblings: int, max_age: float) -> Handle:
    from .answering import Answerer
    from .siblings import Prefetched

    prefetched = Prefetched(siblings, max_age) if siblings else None
    answerer = Answerer(daemon, settings, prefetched)
    handle = Handle(engine, answerer, daemon)
    _listen(handle, answerer, prefetched is not None)
    return handle


def _listen(handle: Handle, answerer: Answerer, prefetches: bool) -> None:
    engine = handle.engine
    _hear(handle, engine, "do_execute", answerer.on_execute)
    _hear(handle, engine, "do_executemany", answerer.on_executemany)
    _hear(handle, engine, "do_execute_no_params", answerer.on_execute_no_params)
    for name in ("commit", "rollback", "commit_twophase", "rollback_twophase"):
        _hear(handle, engine, name, answerer.on_transaction_end)
    if prefetches:
        # With raw=True a listener is given the state of an object, which may be gone itself.
        _hear(handle, Mapper, "expire", answerer.on_expire, raw=True)


def _hear(handle: Handle, target: Any, name: str, listener: Any, **options: Any) -> None:
    event.listen(target, name, listener, **options)
    handle._undo.append(lambda: event.remove(target, name, listener))

"""What a database connection must be like for kindred's rows to be those that it would read itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

from .catalog import Catalog
from .reasons import NotAnswered

#: Keys under which the pool's record of a driver connection keeps what holds until it is closed.
_FAULT_KEY = "kindred_db.fault"
_SERVER_KEY = "kindred_db.server_id"
#: By checkout from the pool, as whoever had the connection before may have left other settings, and by the
#: isolation level that SQLAlchemy was told.
_known: WeakKeyDictionary[Any, dict[Any, SessionFacts]] = WeakKeyDictionary()
#: What the daemon tells of a MariaDB as its server's id: see `describe` in the protocol.
_MARIADB_ID = (
    "(SELECT SHA1(GROUP_CONCAT(VARIABLE_VALUE ORDER BY VARIABLE_NAME SEPARATOR ' ')) "
    "FROM information_schema.GLOBAL_VARIABLES "
    "WHERE VARIABLE_NAME IN ('DATADIR', 'HOSTNAME', 'PORT', 'SERVER_UID'))"
)
_UTC = ("+00:00", "UTC")


@dataclass(frozen=True)
class SessionFacts:
    """What one session of the database server is set to."""

    time_zone_is_utc: bool = False
    autocommit: bool = False
    isolation: str = ""
    database: str | None = None
    server_id: str | None = None
    #: Why the session cannot be used at all; empty if it can.
    fault: str = ""

    @staticmethod
    def unusable(reason: str) -> SessionFacts:
        return SessionFacts(fault=reason)


def facts(context: Any, any_server: bool) -> SessionFacts:
    """The facts of the session that the statement would run in. It asks the server the first time; a session
    that cannot be asked, as behind some proxies, has that as its fault.

    SQLAlchemy sets the isolation level for a connection, and sets it back when the connection returns to the
    pool; so they are asked once for each level that a connection is given.
    """
    checkout = context.root_connection.connection
    if _FAULT_KEY in checkout.info:
        return SessionFacts.unusable(checkout.info[_FAULT_KEY])
    known = _known.setdefault(checkout, {})
    level = context.root_connection.get_execution_options().get("isolation_level")
    if level not in known:
        try:
            known[level] = _facts(context, checkout.info, any_server)
        except context.dialect.dbapi.Error as error:
            known[level] = SessionFacts.unusable(f"the session cannot be asked for its settings: {error}")
    return known[level]


def forget(checkout: Any) -> None:
    """The session has been given other settings."""
    _known.pop(checkout, None)


def give_up(checkout: Any, fault: str) -> None:
    """The session cannot be used until its connection is closed."""
    checkout.info[_FAULT_KEY] = fault


def _facts(context: Any, info: Any, any_server: bool) -> SessionFacts:
    session = ask(context._dbapi_connection, context.dialect)
    if any_server:
        return session
    if _SERVER_KEY not in info:
        info[_SERVER_KEY] = ask_server_id(context._dbapi_connection, context.dialect)
    return replace(session, server_id=info[_SERVER_KEY])


def ask(dbapi_connection: Any, dialect: Any) -> SessionFacts:
    """The session's settings, but for the server's id; raises the driver's own errors."""
    has_versions = dialect.is_mariadb and dialect.server_version_info >= (10, 3, 4)
    row = _select(
        dbapi_connection,
        "@@session.time_zone, @@system_time_zone, @@session.autocommit, "
        f"@@session.{'tx_isolation' if dialect.is_mariadb else 'transaction_isolation'}, "
        "@@session.sql_mode, @@session.sql_select_limit, @@session.character_set_results, DATABASE(), "
        + ("@@session.system_versioning_asof" if has_versions else "'DEFAULT'"),
    )
    zone, system_zone, autocommit, isolation, mode, limit, charset, database, as_of = row
    fault = ""
    if "PAD_CHAR_TO_FULL_LENGTH" in mode:
        fault = "sql_mode has PAD_CHAR_TO_FULL_LENGTH"
    elif int(limit) < 2**63:
        fault = "sql_select_limit is set"
    elif charset not in ("utf8mb4", None):
        # The server would give a question mark for what the character set has not.
        fault = f"character_set_results is {charset}"
    elif as_of != "DEFAULT":
        fault = "system_versioning_asof is set"
    is_utc = zone in _UTC or (zone == "SYSTEM" and system_zone in _UTC)
    return SessionFacts(is_utc, bool(autocommit), isolation, database, None, fault)


def ask_server_id(dbapi_connection: Any, dialect: Any) -> str | None:
    """Which server it is; raises the driver's own errors, as behind a proxy that does not know."""
    (server_id,) = _select(dbapi_connection, _MARIADB_ID if dialect.is_mariadb else "@@server_uuid")
    return None if server_id is None else str(server_id)


def _select(dbapi_connection: Any, columns: str) -> Any:
    cursor = dbapi_connection.cursor()
    try:
        cursor.execute(f"SELECT {columns}")
        return cursor.fetchone()
    finally:
        cursor.close()


def check(
    session: SessionFacts, catalog: Catalog, *, any_isolation: bool, any_server: bool, has_timestamp: bool
) -> None:
    """Raises `NotAnswered` if kindred's rows may be others than those that the session would read."""
    if session.fault:
        raise NotAnswered(session.fault, "rule")
    if not (any_isolation or session.autocommit or session.isolation == "READ-COMMITTED"):
        raise NotAnswered(f"the isolation level is {session.isolation}", "rule")
    if not any_server:
        other = other_place(session, catalog)
        if other:
            raise NotAnswered(other, "rule")
    if has_timestamp and not session.time_zone_is_utc:
        raise NotAnswered("a TIMESTAMP, and the session's time zone is not UTC", "rule")


def other_place(session: SessionFacts, catalog: Catalog) -> str:
    """Says so if the engine's database is not the one that the daemon reads; empty if it is, or the servers
    do not tell who they are."""
    if catalog.database is not None and session.database != catalog.database:
        return f"the daemon reads the database '{catalog.database}', and the engine '{session.database}'"
    known = session.server_id and catalog.server_id
    if known and session.server_id != catalog.server_id:
        return f"the daemon reads the server {catalog.server_id}, and the engine another, {session.server_id}"
    return ""


#: Comments that the server does not execute, around a statement.
_COMMENTS = re.compile(r"(\s|/\*(?![!+]|M!)((?!\*/).)*\*/|--\s[^\n]*\n|#[^\n]*\n|;)*", re.DOTALL)


def is_rewritten(statement: str, original: str, parameters: Any, original_parameters: Any) -> bool:
    """Whether a `before_cursor_execute` listener has made another statement of it. Comments are harmless."""
    if parameters is not original_parameters and parameters != original_parameters:
        return True
    if statement is original or statement == original:
        return False
    before, found, after = statement.partition(original)
    return not found or not (_is_comment(before) and _is_comment(after + "\n"))


def _is_comment(text: str) -> bool:
    return _COMMENTS.fullmatch(text) is not None

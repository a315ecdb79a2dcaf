"""What a database connection must be like for kindred's rows to be those that it would read itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

from sqlalchemy.sql.selectable import CompoundSelect, Select

from .catalog import Catalog
from .reasons import NotAnswered

#: The key under which a pooled connection keeps its `SessionFacts`, until it is closed.
_INFO_KEY = "kindred_db"
#: What the daemon tells of a MariaDB as its server's id: see `describe` in the protocol.
_MARIADB_ID = (
    "(SELECT SHA1(GROUP_CONCAT(VARIABLE_VALUE ORDER BY VARIABLE_NAME SEPARATOR ' ')) "
    "FROM information_schema.GLOBAL_VARIABLES "
    "WHERE VARIABLE_NAME IN ('DATADIR', 'HOSTNAME', 'PORT', 'SERVER_UID'))"
)
_UTC = ("+00:00", "UTC")


class Writes:
    """Which connections have changed something in the transaction that they are in."""

    def __init__(self) -> None:
        self._connections: WeakSet[Any] = WeakSet()

    def __contains__(self, connection: Any) -> bool:
        return connection in self._connections

    def notice(self, context: Any, statement: str) -> bool:
        """Looks at a statement that is about to run; true if it may write."""
        if not may_write(context, statement):
            return False
        connection = context.root_connection
        self._connections.add(connection)
        _notice_session_change(connection, statement)
        return True

    def forget(self, connection: Any) -> None:
        """The transaction has ended. (A savepoint's end is none.)"""
        self._connections.discard(connection)


def may_write(context: Any, statement: str) -> bool:
    """INSERT, UPDATE, DELETE, DDL, and any text that is not SELECT or SHOW."""
    if context.isinsert or context.isupdate or context.isdelete or context.isddl:
        return True
    compiled = context.compiled
    if compiled is not None and isinstance(compiled.statement, (Select, CompoundSelect)):
        return False
    return re.match(r"\s*(select|show)\b", statement, re.IGNORECASE) is None


def _notice_session_change(connection: Any, statement: str) -> None:
    """What a statement changes for longer than its transaction."""
    info = connection.connection.info
    if re.search(r"\b(temporary|lock\s+tables?)\b", statement, re.IGNORECASE):
        # A temporary table hides another; a locked one would let kindred wait. Both outlast COMMIT.
        info[_INFO_KEY] = {None: SessionFacts.unusable("a temporary table or LOCK TABLES")}
    elif re.match(r"\s*(set|use)\b", statement, re.IGNORECASE):
        info.pop(_INFO_KEY, None)


@dataclass(frozen=True)
class SessionFacts:
    """What one session of the database server is set to, asked once for each pooled connection."""

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


def facts(context: Any) -> SessionFacts:
    """The facts of the session that the statement would run in. It asks the server the first time.

    SQLAlchemy sets the isolation level for a connection, and sets it back when the connection returns to the
    pool; so they are asked once for each level that a connection is given.
    """
    connection = context.root_connection
    known = connection.connection.info.setdefault(_INFO_KEY, {})
    if None in known and known[None].fault:
        return known[None]  # type: ignore[no-any-return]
    level = connection.get_execution_options().get("isolation_level")
    if level not in known:
        known[level] = ask(context._dbapi_connection, context.dialect.is_mariadb)
    return known[level]  # type: ignore[no-any-return]


def ask(dbapi_connection: Any, is_mariadb: bool) -> SessionFacts:
    columns = (
        "@@session.time_zone, @@system_time_zone, @@session.autocommit, "
        f"@@session.{'tx_isolation' if is_mariadb else 'transaction_isolation'}, "
        "@@session.sql_mode, @@session.sql_select_limit, @@session.character_set_results, DATABASE(), "
    )
    row = _select(dbapi_connection, columns + (_MARIADB_ID if is_mariadb else "@@server_uuid"))
    zone, system_zone, autocommit, isolation, mode, limit, charset, database, server_id = row
    fault = ""
    if "PAD_CHAR_TO_FULL_LENGTH" in mode:
        fault = "sql_mode has PAD_CHAR_TO_FULL_LENGTH"
    elif int(limit) < 2**63:
        fault = "sql_select_limit is set"
    elif charset not in ("utf8mb4", None):
        # The server would give a question mark for what the character set has not.
        fault = f"character_set_results is {charset}"
    is_utc = zone in _UTC or (zone == "SYSTEM" and system_zone in _UTC)
    return SessionFacts(is_utc, bool(autocommit), isolation, database, server_id, fault)


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
    return not found or not (_COMMENTS.fullmatch(before) and _COMMENTS.fullmatch(after + "\n"))

"""A pytest plugin that runs graphene-sqlalchemy's own tests, which are for SQLite, on a private server.

Loaded by `graphene_suite.py` with `-p graphene_plugin`, and told by environment variables:

SUITE_MODE    plain: graphene-sqlalchemy as it is. attached: kindred answers its loads. installed:
kindred_db.graphene
              takes the place of its batching, besides.
SUITE_SERVER  The database server's socket, with the account `suite` and the database `suite`.
SUITE_DAEMON  The daemon's socket. SUITE_CONFIG: its configuration file. SUITE_PID: its process id.
SUITE_COUNTS  A file that gets the counts of `attach`, by test file, as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

import MySQLdb
import sqlalchemy
from sqlalchemy import event
from sqlalchemy.ext.asyncio import create_async_engine
from support import eventually

from kindred_db import AsyncClient, Client

MODE = os.environ["SUITE_MODE"]
SERVER = os.environ["SUITE_SERVER"]
PLACE = f"suite@localhost/suite?unix_socket={SERVER}"

if MODE == "installed":
    # Before the tests import graphene-sqlalchemy's names.
    import kindred_db.graphene

    kindred_db.graphene.install()

handles: list[Any] = []
counts: dict[str, Counter[str]] = {}
refusals: Counter[str] = Counter()
loaded_schema: list[str] = []


def pytest_collection_modifyitems() -> None:
    from graphene_sqlalchemy.tests import conftest, models, models_batching  # noqa: PLC0415

    for module in (models, models_batching):
        _give_lengths(module.Base.metadata)
        event.listen(module.Base.metadata, "after_create", _tables_were_made)
    # The fixtures ask for SQLite, whatever the test.
    conftest.create_engine = _engine(sqlalchemy.create_engine, "mysql+mysqldb")
    conftest.create_async_engine = _engine(create_async_engine, "mysql+asyncmy")


def _give_lengths(metadata: sqlalchemy.MetaData) -> None:
    """`VARCHAR` needs a length here."""
    for table in metadata.tables.values():
        for column in table.columns:
            if type(column.type) is sqlalchemy.String and column.type.length is None:
                column.type = sqlalchemy.String(255)


def _engine(create: Any, driver: str) -> Any:
    def create_on_private_server(url: str) -> Any:
        _drop_everything()
        return create(f"{driver}://{PLACE}", isolation_level="READ COMMITTED")

    return create_on_private_server


def _drop_everything() -> None:
    """The tables of the test before, with the connections that it has left open, whose locks keep them."""
    connection = MySQLdb.connect(unix_socket=SERVER, user="suite", database="suite")
    cursor = connection.cursor()
    cursor.execute(
        "SELECT id FROM information_schema.processlist WHERE user = 'suite' AND id <> CONNECTION_ID()"
    )
    for (number,) in cursor.fetchall():
        with contextlib.suppress(MySQLdb.OperationalError):  # It has ended by itself.
            cursor.execute(f"KILL {number}")
    cursor.execute("SET SESSION lock_wait_timeout = 10, foreign_key_checks = 0")
    cursor.execute("SHOW TABLES")
    for (table,) in cursor.fetchall():
        cursor.execute(f"DROP TABLE `{table}`")
    connection.close()


def _tables_were_made(metadata: Any, connection: Any, **_: Any) -> None:
    if MODE == "plain":
        return
    from kindred_db.sqlalchemy import attach  # noqa: PLC0415

    _let_daemon_see(metadata)
    is_async = connection.engine.dialect.is_async
    client = (AsyncClient if is_async else Client)(os.environ["SUITE_DAEMON"])
    handles.append(attach(connection.engine, client, verify=1.0))


def _let_daemon_see(metadata: Any) -> None:
    """Waits until the daemon's catalog is that of these tables. Association tables without a primary key are
    not discovered; they go into its file."""
    from kindred_db.sqlalchemy import toml  # noqa: PLC0415

    schema = toml(metadata) + repr([(table.name, table.columns.keys()) for table in metadata.sorted_tables])
    if [schema] == loaded_schema:
        return
    config = Path(os.environ["SUITE_CONFIG"])
    own_part = config.read_text().partition("# from the models\n")[0]
    config.write_text(f"{own_part}# from the models\n{toml(metadata)}")
    # The schema's version stays as it is where a new table has no relationships.
    log = config.with_name("kindred.log")
    before = log.read_text().count("notice: reloaded")
    os.kill(int(os.environ["SUITE_PID"]), signal.SIGHUP)
    eventually(lambda: log.read_text().count("notice: reloaded") > before, "the daemon's new catalog")
    loaded_schema[:] = [schema]


def pytest_runtest_teardown(item: Any) -> None:
    """Counts the loads of the test that ends."""
    while handles:
        handle = handles.pop()
        counts.setdefault(item.path.name, Counter()).update(asdict(handle.stats))
        for refusal in handle.why:
            refusals[refusal.reason] += refusal.times


def pytest_sessionfinish() -> None:
    counted = {"files": counts, "refusals": refusals}
    Path(os.environ["SUITE_COUNTS"]).write_text(json.dumps(counted))

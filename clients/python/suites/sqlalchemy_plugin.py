"""A plugin for pytest that puts kindred under SQLAlchemy's own tests.

    pytest -p sqlalchemy_plugin --dburi …

KINDRED_SUITE names a file in JSON: {"socket": …, "config": …, "pid": …, "report": …, "mode": …}: the daemon's
socket, configuration file and process id, the file for what the plugin has counted, and the mode of `attach`.
Each time that the tests have made tables, the relationships of these tables are written into the daemon's
configuration, and the tests go on when the daemon has read it.
"""

# ruff: noqa: PLC0415 (SQLAlchemy's tests want to import sqlalchemy.testing first)
from __future__ import annotations

import dataclasses
import json
import logging
import os
import signal
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, MetaData, Table, event

from kindred_db import Client, KindredError
from kindred_db.sqlalchemy import Handle, attach, toml

_SUITE = json.loads(Path(os.environ["KINDRED_SUITE"]).read_text())
_BASE = Path(_SUITE["config"]).read_text()
#: How long the daemon may take to read a configuration.
_RELOAD_S = 5.0


class _Suite:
    """The tables that are there, the handle, and the daemon's catalog for them."""

    def __init__(self) -> None:
        self.client = Client(_SUITE["socket"], timeout=10.0)
        self.handle: Handle | None = None
        self.tables: dict[str, Table] = {}
        self.generation = 0
        self.refused: list[list[str]] = []
        self.differences: list[str] = []
        handler = logging.Handler(logging.ERROR)
        handler.emit = lambda record: self.differences.append(record.getMessage())  # type: ignore[method-assign]
        logging.getLogger("kindred_db.sqlalchemy").addHandler(handler)

    def start(self, engine: Engine) -> None:
        if self.handle is None:
            self.handle = attach(engine, self.client, verify=1.0, mode=_SUITE["mode"], refresh_s=3600.0)

    def tables_are_made(self) -> None:
        # Also where the relationships are those of before: the columns may have other types.
        relationships = self._relationships()
        # One more relationship, whose name is another each time, shows that the daemon has read the file.
        self.generation += 1
        name, table = next(iter(self.tables.items()))
        column = json.dumps(f"{_quoted(name)}.{next(iter(table.columns)).name}")
        marker = f"{_quoted(name)}.generation_{self.generation}"
        marked = f'[relationships.{json.dumps(marker)}]\nfrom = {column}\nto = {column}\nkind = "many"\n'
        Path(_SUITE["config"]).write_text(f"{_BASE}\n{relationships}\n{marked}")
        os.kill(_SUITE["pid"], signal.SIGHUP)
        if not self._knows(marker):
            self.refused.append(sorted(self.tables))
        if self.handle is not None:
            self.handle.refresh()

    def _relationships(self) -> str:
        copies = MetaData()
        for table in self.tables.values():
            table.to_metadata(copies)
        return toml(copies, everything=True) + "\n".join(_itself(table) for table in self.tables.values())

    def _knows(self, name: str) -> bool:
        deadline = time.monotonic() + _RELOAD_S
        while time.monotonic() < deadline:
            try:
                self.client.describe(name)
                return True
            except KindredError:
                time.sleep(0.005)
        return False

    def report(self) -> None:
        if self.handle is None:
            return
        content: dict[str, Any] = {
            "stats": dataclasses.asdict(self.handle.stats),
            "why": [list(refusal) for refusal in self.handle.why],
            "refused": self.refused,
        }
        content["differences"] = self.differences
        Path(_SUITE["report"]).write_text(json.dumps(content))


# Its primary key gives a table's row: what `session.get` asks.
def _itself(table: Table) -> str:
    name, key = _quoted(table.name), [column.name for column in table.primary_key.columns]
    if not key:
        return ""
    columns = json.dumps([f"{name}.{column}" for column in key])
    return f'[relationships.{json.dumps(name + ".itself")}]\nfrom = {columns}\nto = {columns}\nkind = "one"\n'


def _quoted(name: str) -> str:
    return f"`{name}`" if "." in name else name


_suite = _Suite()


@event.listens_for(Table, "after_create")
def _table_is_made(table: Table, connection: Any, **options: Any) -> None:
    if table.schema is None and "TEMPORARY" not in table._prefixes and _is_served(connection):
        _suite.tables[table.name] = table


@event.listens_for(Table, "after_drop")
def _table_is_dropped(table: Table, connection: Any, **options: Any) -> None:
    if table.schema is None and _is_served(connection):
        _suite.tables.pop(table.name, None)


def _is_served(connection: Any) -> bool:
    """Some tests make tables in other databases, of which the daemon knows nothing."""
    from sqlalchemy.testing import config

    url = connection.engine.url
    return bool(url.get_backend_name() in ("mysql", "mariadb") and url.database == config.db.url.database)


@event.listens_for(MetaData, "after_create")
def _tables_are_made(metadata: MetaData, connection: Any, **options: Any) -> None:
    from sqlalchemy.testing import config

    _suite.start(config.db)
    if _suite.tables and _is_served(connection):
        _suite.tables_are_made()


def pytest_sessionfinish() -> None:
    _suite.report()

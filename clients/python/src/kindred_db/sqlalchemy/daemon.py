"""What the plug-in asks the daemon, with a client of either kind."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy.util import await_only

from kindred_db import AsyncClient, Client, KindredError

from .catalog import Catalog
from .exchange import Request, WireKey
from .forks import lock_of
from .questions import Asked
from .reasons import NotAnswered


class Daemon:
    """Asks through a client, and keeps the catalog of what can be asked.

    With an AsyncClient, its methods must be called where SQLAlchemy runs its drivers: in the greenlet of an
    asyncio session.
    """

    def __init__(self, client: Client | AsyncClient, refresh_s: float, timeout: float | None) -> None:
        self._client: Any = client
        self._wait: Any = await_only if isinstance(client, AsyncClient) else lambda reply: reply
        self._timeout = {} if timeout is None else {"timeout": timeout}
        self._refresh_s = refresh_s
        self._catalog: Catalog | None = None
        #: Why there is no catalog.
        self._fault = "the daemon is being asked what it can load"
        self._due = 0.0
        self._refreshing = lock_of(self, "_refreshing")

    def load(self, request: Request, keys: list[WireKey]) -> list[Any]:
        """A result for each of the keys; raises the error of the first that has one."""
        options = {**request.options, **self._timeout}
        parts = [key[0] if len(key) == 1 else list(key) for key in keys]
        if len(parts) == 1:
            word = "parent" if request.by_parent else "key"
            return [self._wait(self._client.load(request.name, **{word: parts[0]}, **options))]
        word = "parents" if request.by_parent else "keys"
        results: list[Any] = self._wait(self._client.load_many(request.name, **{word: parts}, **options))
        return results

    def ask(self, asked: Asked) -> list[Any]:
        """A result for each of the question's keys; raises the error of the first that has one."""
        options = {**asked.options, **self._timeout}
        method = getattr(self._client, asked.method)
        results: list[Any] = self._wait(method(asked.name, asked.keys, **options))
        return results

    def catalog(self) -> Catalog:
        """The catalog, looked at again when its time has come; raises `NotAnswered` while there is none."""
        lock = self._refreshing
        if time.monotonic() >= self._due and lock.acquire(blocking=False):
            # Whoever comes meanwhile goes on with the catalog of before.
            try:
                self._refresh()
            finally:
                self._due = time.monotonic() + self._refresh_s
                lock.release()
        if self._catalog is None:
            raise NotAnswered(self._fault, "daemon")
        return self._catalog

    def refresh(self) -> None:
        """Has the next load look at the catalog again."""
        self._due = 0.0

    def read_catalog(self) -> Catalog:
        """Asks the daemon now; raises `KindredError` if it cannot be asked."""
        self._catalog = Catalog(self._wait(self._client.describe(**self._timeout)))
        self._due = time.monotonic() + self._refresh_s
        return self._catalog

    def _refresh(self) -> None:
        try:
            if self._catalog is None or self._is_changed(self._catalog):
                self.read_catalog()
        except KindredError as error:
            self._fault = f"the daemon cannot be asked what it can load: {error.code}"

    def _is_changed(self, catalog: Catalog) -> bool:
        hello = self._wait(self._client.hello(**self._timeout))
        return bool(hello.get("schema_version") != catalog.schema_version)

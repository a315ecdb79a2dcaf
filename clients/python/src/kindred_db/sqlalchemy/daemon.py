"""What the plug-in asks the daemon, with a client of either kind."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from sqlalchemy.util import await_only

from kindred_db import AsyncClient, Client, KindredError

from .catalog import Catalog, version_of
from .exchange import Request, WireKey
from .forks import lock_of
from .questions import Asked
from .reasons import NotAnswered

#: Seconds between two looks at whether the first catalog is there.
_PAUSE_S = 0.005


class Daemon:
    """Asks through a client, and keeps the catalog of what can be asked.

    With an AsyncClient, its methods must be called where SQLAlchemy runs its drivers: in the greenlet of an
    asyncio session.

    Args:
        client: A client of either kind.
        refresh_s: Seconds between two looks at the version of the catalog.
        timeout: Seconds for a request.
        any_server: Whether daemons of several servers may answer one after the other, as behind a proxy.
    """

    def __init__(
        self, client: Client | AsyncClient, refresh_s: float, timeout: float, any_server: bool
    ) -> None:
        self._client: Any = client
        self._wait: Any = await_only if isinstance(client, AsyncClient) else lambda reply: reply
        self._timeout = {"timeout": timeout}
        self._refresh_s = refresh_s
        self._any_server = any_server
        self._catalog: Catalog | None = None
        #: Why there is no catalog.
        self._fault = "the daemon is being asked what it can load"
        self._due = 0.0
        #: Held by whoever asks for the catalog.
        self._refreshing = lock_of(self, "_refreshing")
        self._is_async = isinstance(client, AsyncClient)

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
        if not self._refreshed_if_due() and self._catalog is None:
            self._wait_for_another()
            # The other may have been cancelled.
            self._refreshed_if_due()
        if self._catalog is None:
            raise NotAnswered(self._fault, "daemon")
        return self._catalog

    def refresh(self) -> None:
        """Has the next load look at the catalog again."""
        self._due = 0.0

    def read_catalog(self) -> Catalog:
        """Asks the daemon now; raises `KindredError` if it cannot be asked."""
        # Before it asks: a `refresh` that comes meanwhile is for the next load.
        self._due = time.monotonic() + self._refresh_s
        self._catalog = Catalog(self._told(self._wait(self._client.describe(**self._timeout))))
        return self._catalog

    def _told(self, reply: dict[str, Any]) -> dict[str, Any]:
        """A reply without its `source_version` if that is not to matter."""
        if self._any_server:
            reply.pop("source_version", None)
        return reply

    def _refreshed_if_due(self) -> bool:
        """Looks at the catalog again, unless it is not time yet or somebody else is at it; false then."""
        lock = self._refreshing
        if time.monotonic() < self._due or not lock.acquire(blocking=False):
            return False
        try:
            self._refresh()
        finally:
            lock.release()
        return True

    def _refresh(self) -> None:
        self._due = time.monotonic() + self._refresh_s
        try:
            if self._catalog is None or self._is_changed(self._catalog):
                self.read_catalog()
        except KindredError as error:
            self._fault = f"the daemon cannot be asked what it can load: {error.code}"
        except BaseException:
            # A cancelled task: the next load asks.
            self.refresh()
            raise

    def _wait_for_another(self) -> None:
        """Waits until nobody is asking for the catalog, at most as long as for a request."""
        deadline = time.monotonic() + self._timeout["timeout"]
        while self._refreshing.locked() and time.monotonic() < deadline:
            # The other may be a thread, or a task of this loop or of another thread's.
            if self._is_async:
                await_only(asyncio.sleep(_PAUSE_S))
            else:
                time.sleep(_PAUSE_S)

    def _is_changed(self, catalog: Catalog) -> bool:
        hello = self._told(self._wait(self._client.hello(**self._timeout)))
        return version_of(hello) != catalog.version

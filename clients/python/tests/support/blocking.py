"""The asyncio client as one that waits, so that both can be put to the same tests."""

from __future__ import annotations

import asyncio
import inspect
import threading
from typing import Any

from kindred_db import AsyncClient


class BlockingAsyncClient:
    """An `AsyncClient` on a loop of its own in another thread; each of its methods waits for the result."""

    def __init__(self, address: Any, **options: Any) -> None:
        self.client = AsyncClient(address, **options)
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine: Any) -> Any:
        """The result of a coroutine, run on the loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)

    def together(self, *calls: Any) -> list[Any]:
        """The results, or exceptions, of calls that run at the same time: `lambda client: client.load(…)`."""

        async def gather() -> list[Any]:
            coroutines = [call(self.client) for call in calls]
            return list(await asyncio.gather(*coroutines, return_exceptions=True))

        return list(self.run(gather()))

    def close(self) -> None:
        """Ends the client and its loop."""
        if not self.loop.is_closed():
            self.run(self.client.close())
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(20)
            self.loop.close()

    def __getattr__(self, name: str) -> Any:
        member = getattr(self.client, name)
        if name == "batch":
            return lambda *arguments, **options: self._waiting(member(*arguments, **options))
        return self._waiting(member) if inspect.iscoroutinefunction(member) else member

    def _waiting(self, function: Any) -> Any:
        return lambda *arguments, **options: self.run(function(*arguments, **options))

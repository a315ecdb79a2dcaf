"""The command that the conformance kit drives: `python -m kindred_db.conformance [--asyncio] ADDRESS`.

It reads a call on each line of standard input, and writes the outcome of each as a line. What the lines mean
is said in `clients/conformance/README.md` of the repository.

    < {"client":"kindred_db 0.2.0, sync","can":["keys",…]}
    > {"do":"load","name":"authors.books","key":42}
    < {"value":[{"id":33}]}
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, Callable

from . import AsyncClient, Client, KindredError, Page, __version__
from .pipeline import Pending, Pipeline

Call = dict[str, Any]
Outcome = dict[str, Any]

ABILITIES = [
    "keys", "count", "batch", "page", "parent", "describe", "ping", "big_integers", "ids", "pipelining",
    "cancel", "fork", "breaker",
]  # fmt: skip
SYNC_ABILITIES = [*ABILITIES, "threads"]
DEFAULT_SECONDS = 30.0
USAGE = "usage: python -m kindred_db.conformance [--asyncio] ADDRESS"


def invocation(client: Client | AsyncClient | Pipeline, call: Call) -> Any:
    """Does what a call says, and returns what the client's method returns: a value, an awaitable, or in a
    pipeline a pending result.

    `{"do":"count","name":"authors.books","keys":[42]}` → `client.count_many("authors.books", keys=[42])`
    """
    do = call["do"]
    arguments: dict[str, Any] = dict(call.get("options", {}))
    if "timeout_ms" in call:
        arguments["timeout"] = call["timeout_ms"] / 1000
    arguments.update({word: call[word] for word in ("key", "keys", "parent", "parents") if word in call})
    if isinstance(client, Pipeline):
        return getattr(client, do)(call["name"], **arguments)
    if do == "ping":
        return client.ping(**arguments)
    if do == "describe":
        return client.describe(call.get("name"), **arguments)
    if do == "batch":
        keys = arguments.pop("keys")
        return client.batch(call["name"], **arguments)(keys)
    method = f"{do}_many" if "keys" in call or "parents" in call else do
    return getattr(client, method)(call["name"], **arguments)


def outcome(call: Call, result: Any) -> Outcome:
    """The outcome of a call that has returned."""
    if call["do"] == "batch":
        return {"outcomes": [_of_one(one) for one in result]}
    if call["do"] == "describe":
        return {"value": result["relationships"]}
    return {"value": _shown(result)}


def failure(error: BaseException) -> Outcome:
    """The outcome of a call that has raised; what is no fault of the call is raised again."""
    if isinstance(error, KindredError):
        members = {"code": error.code, "message": error.message, "retryable": error.retryable}
        number = error.mysql_errno
        return {"error": members if number is None else {**members, "mysql_errno": number}}
    if isinstance(error, asyncio.CancelledError):
        return {"error": {"code": "cancelled", "message": "the caller has given the call up"}}
    if isinstance(error, (TypeError, ValueError)):
        return {"error": {"code": "bad_argument", "message": str(error)}}
    raise error


def _of_one(result: Any) -> Outcome:
    return failure(result) if isinstance(result, BaseException) else {"value": _shown(result)}


def _shown(result: Any) -> Any:
    """A page is an object of the kit's, not a tuple."""
    if isinstance(result, Page):
        return {"rows": result.rows, "more": result.more}
    return [_shown(one) for one in result] if isinstance(result, list) else result


def _attempt(call: Call, perform: Callable[[], Any]) -> Outcome:
    try:
        return outcome(call, perform())
    except (KindredError, TypeError, ValueError) as error:
        return failure(error)


def _write(value: Any) -> None:
    print(json.dumps(value), flush=True)


class SyncCommand:
    """Answers calls with a `Client`."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client = Client(address, timeout=DEFAULT_SECONDS, circuit_breaker=False)
        self._finish: Callable[[Sequence[int]], list[Outcome]] = lambda cancelled: []

    def run(self) -> None:
        _write({"client": f"kindred_db {__version__}, sync", "can": SYNC_ABILITIES})
        # Bytes, because a text stream would decode them by the locale.
        for line in iter(sys.stdin.buffer.readline, b""):
            _write(self.answer(json.loads(line)))
        self._client.close()

    def answer(self, call: Call) -> Outcome:
        do = call["do"]
        if do == "begin":
            begin = self._begin_threads if call.get("in") == "threads" else self._begin_pipeline
            self._finish = begin(call["calls"])
            return {"value": None}
        if do == "finish":
            return {"outcomes": self._finish(call.get("cancel", []))}
        if do == "fork":
            return self._answer_in_child(call["call"])
        if do == "breaker":
            self._client.close()
            self._client = Client(self._address, timeout=DEFAULT_SECONDS)
            return {"value": None}
        return _attempt(call, lambda: invocation(self._client, call))

    def _begin_pipeline(self, calls: list[Call]) -> Callable[[Sequence[int]], list[Outcome]]:
        """Sends the calls, and returns what gives some of them up and waits for all."""
        block = ExitStack()
        pipeline = block.enter_context(self._client.pipeline())
        pending: list[Pending[Any]] = [invocation(pipeline, call) for call in calls]
        pipeline.send()

        def finish(cancelled: Sequence[int]) -> list[Outcome]:
            for place in cancelled:
                pending[place].cancel()
            block.close()  # where a `with` block would end: waits for all of them at once
            return [_attempt(call, one.result) for call, one in zip(calls, pending)]

        return finish

    def _begin_threads(self, calls: list[Call]) -> Callable[[Sequence[int]], list[Outcome]]:
        outcomes: list[Outcome] = [{} for _ in calls]

        def answer_one(place: int) -> None:
            outcomes[place] = self.answer(calls[place])

        threads = [threading.Thread(target=answer_one, args=(place,)) for place in range(len(calls))]
        for thread in threads:
            thread.start()

        def finish(_: Sequence[int]) -> list[Outcome]:
            for thread in threads:
                thread.join()
            return outcomes

        return finish

    def _answer_in_child(self, call: Call) -> Outcome:
        def child() -> Outcome:
            return self.answer(call)

        # The interpreter ends as usual, so that whatever the client does then is done as well.
        return _fork(child, sys.exit)


class AsyncCommand:
    """Answers calls with an `AsyncClient`."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client = AsyncClient(address, timeout=DEFAULT_SECONDS, circuit_breaker=False)
        self._begun: list[tuple[Call, asyncio.Task[Any]]] = []

    async def run(self) -> None:
        _write({"client": f"kindred_db {__version__}, asyncio", "can": ABILITIES})
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
            _write(await self.answer(json.loads(line)))
        await self._client.close()

    async def answer(self, call: Call) -> Outcome:
        do = call["do"]
        if do == "begin":
            self._begun = [(one, asyncio.create_task(self._perform(one))) for one in call["calls"]]
            return {"value": None}
        if do == "finish":
            return {"outcomes": await self._finish(call.get("cancel", []))}
        if do == "fork":
            # The loop of the parent is not the child's to end: they share its epoll instance.
            return _fork(lambda: asyncio.run(self.answer(call["call"])), os._exit)
        if do == "breaker":
            await self._client.close()
            self._client = AsyncClient(self._address, timeout=DEFAULT_SECONDS)
            return {"value": None}
        try:
            return outcome(call, await self._perform(call))
        except (KindredError, TypeError, ValueError) as error:
            return failure(error)

    async def _perform(self, call: Call) -> Any:
        return await invocation(self._client, call)

    async def _finish(self, cancelled: Sequence[int]) -> list[Outcome]:
        for place in cancelled:
            self._begun[place][1].cancel()
        results = await asyncio.gather(*(task for _, task in self._begun), return_exceptions=True)
        return [
            failure(result) if isinstance(result, BaseException) else outcome(call, result)
            for (call, _), result in zip(self._begun, results)
        ]


def _fork(child: Callable[[], Outcome], leave: Callable[[int], None]) -> Outcome:
    """The outcome that a forked child comes to; `leave` ends the child."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        with os.fdopen(writing, "w") as pipe:
            json.dump(child(), pipe)
        leave(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        result: Outcome = json.load(pipe)
    os.waitpid(process, 0)
    return result


def main(arguments: list[str]) -> None:
    is_async = arguments[:1] == ["--asyncio"]
    addresses = arguments[1:] if is_async else arguments
    if len(addresses) != 1 or addresses[0].startswith("-"):
        sys.exit(USAGE)
    if is_async:
        asyncio.run(AsyncCommand(addresses[0]).run())
    else:
        SyncCommand(addresses[0]).run()


if __name__ == "__main__":
    main(sys.argv[1:])

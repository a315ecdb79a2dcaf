"""Several calls that go in one write."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Generic, TypeVar

from . import calls
from .calls import Call
from .errors import Cancelled
from .options import MISSING, CountOptions, LoadOptions
from .request import Request
from .sync_transport import SyncTransport

if TYPE_CHECKING:
    from typing_extensions import Unpack

T = TypeVar("T")


class Pending(Generic[T]):
    """The result of a call in a pipeline, which comes later."""

    def __init__(self, pipeline: Pipeline, request: Request[T]) -> None:
        self._pipeline = pipeline
        self._request = request

    def result(self) -> T:
        """The value of the call, waited for if need be; raises what the call would have raised."""
        self._pipeline.wait_for(self._request)
        return self._request.outcome()

    def cancel(self) -> None:
        """Gives the call up: `result` raises `Cancelled`, unless the reply was on its way already."""
        connection = self._request.connection
        if connection is not None:
            connection.cancel(self._request)
        else:
            self._request.fail(Cancelled("the request was given up before it was sent"))


class Pipeline:
    """Gathers calls, sends them in one write, and reads the replies in whatever order they come.

    All that was not sent before is sent at the end of the `with` block, or when a result is asked for, or by
    `send`. At the end of the block every result is there. It belongs to the thread that made it.
    """

    def __init__(
        self,
        transport: SyncTransport,
        make: Callable[[Call[Any], float | None], Request[Any]],
        timeout: float | None,
    ) -> None:
        self._transport = transport
        self._make = make
        self._timeout = timeout
        self._requests: list[Request[Any]] = []
        self._unsent: list[tuple[Request[Any], float]] = []
        """Each with the seconds that it may take, which begin when it is sent."""

    def load(
        self, relationship: str, key: Any = MISSING, *, parent: Any = MISSING, **options: Unpack[LoadOptions]
    ) -> Pending[Any]:
        """See `Client.load`."""
        return self._add(calls.load(relationship, key, parent, options), options.get("timeout"))

    def count(
        self, relationship: str, key: Any = MISSING, *, parent: Any = MISSING, **options: Unpack[CountOptions]
    ) -> Pending[int]:
        """See `Client.count`."""
        return self._add(calls.count(relationship, key, parent, options), options.get("timeout"))

    def send(self) -> None:
        """Sends what was gathered, and does not wait for replies."""
        unsent, self._unsent = self._unsent, []
        for request, seconds in unsent:
            request.deadline = time.monotonic() + seconds
        self._transport.send([request for request, _ in unsent])

    def wait_for(self, request: Request[Any]) -> None:
        """Sends what was gathered, and waits until the request is done."""
        if not request.is_done:
            self.send()
            self._transport.complete([request])

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.send()
            self._transport.complete(self._requests)
        else:
            for request in self._requests:
                Pending(self, request).cancel()

    def _add(self, call: Call[T], timeout: float | None) -> Pending[T]:
        request: Request[T] = self._make(call, self._timeout if timeout is None else timeout)
        self._requests.append(request)
        self._unsent.append((request, request.deadline - time.monotonic()))
        return Pending(self, request)

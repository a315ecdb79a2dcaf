"""One event loop for all that the kit waits for: the scripted server's sockets and the command's output."""

from __future__ import annotations

import selectors
import socket
import time
from typing import Any, Callable, Union

Source = Union[socket.socket, int]
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Loop:
    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def watch(self, source: Source, events: int, handler: Callable[[int], Any]) -> None:
        """Calls the handler with the events that are ready, until `forget` or another call of this."""
        if source in self._selector.get_map():
            self._selector.modify(source, events, handler)
        else:
            self._selector.register(source, events, handler)

    def forget(self, source: Source) -> None:
        if source in self._selector.get_map():
            self._selector.unregister(source)

    def wait_until(self, condition: Callable[[], Any], seconds: float, poll: float = 60.0) -> bool:
        """Handles events until the condition holds.

        `poll` is how often, in seconds, the condition is looked at where no event tells of it.
        Returns whether the condition held before the seconds were over.
        """
        deadline = time.monotonic() + seconds
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            for key, events in self._selector.select(min(left, poll)):
                key.data(events)
        return True

    def close(self) -> None:
        self._selector.close()

"""A call on its way through connections of the client that waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar, cast

from .calls import Call, Reply
from .errors import ConnectionLost, KindredError

if TYPE_CHECKING:
    from .connection import Connection

T = TypeVar("T")

_MOST_ATTEMPTS = 2


class Request(Generic[T]):
    """Not sent; or sent, and waited for on a connection; or done, with a value or an error.

    Args:
        call: What is asked.
        deadline: Until when its reply must have come, by `time.monotonic()`.
        may_repeat: Whether it may be sent once more when its connection is lost.
    """

    def __init__(self, call: Call[T], deadline: float, *, may_repeat: bool = True) -> None:
        self.call = call
        self.deadline = deadline
        self.connection: Connection | None = None
        """The one on which it waits."""
        self.id = 0
        """Its id there."""
        self.is_done = False
        self.has_reply = False
        self._attempts_left = _MOST_ATTEMPTS if may_repeat else 1
        self._value: T | None = None
        self._error: KindredError | None = None

    def outcome(self) -> T:
        """The value of a request that is done; raises its error if it has ended with one."""
        if self._error is not None:
            raise self._error
        return cast(T, self._value)

    def put(self, connection: Connection, identifier: int) -> None:
        """It waits on the connection from now on."""
        self.connection, self.id = connection, identifier
        self._attempts_left -= 1

    @property
    def may_repeat(self) -> bool:
        """Whether it may be sent once more."""
        return self._attempts_left > 0

    def take_off(self) -> None:
        """It does not wait on a connection any more, and is to be sent again."""
        self.connection = None

    def settle(self, reply: Reply) -> None:
        """Ends with what the reply says."""
        try:
            self._value = self.call.result(reply)
        except KindredError as error:
            self._error = error
        self.is_done, self.has_reply, self.connection = True, True, None

    def fail(self, error: KindredError) -> None:
        """Ends with an error, unless it has ended."""
        if not self.is_done:
            # In this order, because another thread may wait for it when a client is closed.
            self._error = error
            self.is_done = True
            self.connection = None

    def lose(self, loss: ConnectionLost, reply_had_begun: bool) -> None:
        """Its connection is gone: it is to be sent again, or ends."""
        if self.may_repeat and loss.retryable and not reply_had_begun:
            self.take_off()
        else:
            self.fail(loss)

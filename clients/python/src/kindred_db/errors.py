"""Everything that a call of a client can raise, by what a caller does about it.

`KindredError` is the base of all. Wrong arguments, which are noticed before anything is sent, are `TypeError`
or `ValueError`.
"""

from __future__ import annotations

from typing import Any


class KindredError(Exception):
    """Something went wrong between the caller and its rows.

    Attributes:
        code: The protocol's code, such as `"bad_key"`; for what the client itself has noticed, a code of the
            client: `"connection_lost"`, `"unreachable"`, `"circuit_open"`, `"protocol_violation"`, `"closed"`
            or `"not_supported"`.
        message: One sentence for people.
        retryable: Whether asking for the same thing again, after a moment, can succeed.
        mysql_errno: The database server's error number; None unless the server refused the query.
    """

    code = "error"
    retryable = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        retryable: bool | None = None,
        mysql_errno: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.mysql_errno = mysql_errno
        if code is not None:
            self.code = code
        if retryable is not None:
            self.retryable = retryable

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class ReplyError(KindredError):
    """The daemon has answered this request with an error. Common codes have classes of their own below."""


class BadRequest(ReplyError):
    """The request is not one that the daemon understands: an option of a wrong type, or in the wrong
    place."""

    code = "bad_request"


class UnknownName(ReplyError):
    """There is no such relationship, or it shows no such column; the message has the nearest names."""


class UnknownRelationship(UnknownName):
    """There is no relationship of that name."""

    code = "unknown_relationship"


class UnknownColumn(UnknownName):
    """The relationship shows no column of that name."""

    code = "unknown_column"


class BadKey(ReplyError):
    """The key is not a value of its column's type."""

    code = "bad_key"


class BadValue(ReplyError):
    """A filter's value is not a value of its column's type."""

    code = "bad_value"


class SourceChanged(ReplyError):
    """The daemon reads another server, database or schema than the call's `source_version` says."""

    code = "source_changed"


class TooLarge(ReplyError):
    """A limit of the daemon, which the message names: of keys, of rows, or of the length of a line."""


class Overloaded(ReplyError):
    """Too much is waiting at the daemon. Try again after 50 ms or so, a little longer each time."""

    code = "overloaded"
    retryable = True


class Timeout(ReplyError, TimeoutError):
    """The time for the call was over. The daemon has said so, or, in the case of `NoReply`, said nothing."""

    code = "timeout"
    retryable = True


class NoReply(Timeout):
    """Nothing came from the daemon in time, not even the word that the time is over: it is frozen, or the
    network is. The request is not sent again."""


class Cancelled(ReplyError):
    """The call was given up on the caller's own request."""

    code = "cancelled"


class DatabaseUnavailable(ReplyError):
    """The daemon has no connection to its database, or lost it before the result was complete."""

    code = "database_unavailable"
    retryable = True


class DatabaseError(ReplyError):
    """The database server has refused the query; `mysql_errno` is its error number."""

    code = "database_error"


class ShuttingDown(ReplyError):
    """The daemon is ending, and a second attempt on a new connection has met the same."""

    code = "shutting_down"
    retryable = True


class NotSupported(ReplyError):
    """This daemon is older than the option that the call needs."""

    code = "not_supported"


class ConnectionLost(KindredError, ConnectionError):
    """The connection ended before the reply was complete, and sending the request again was not possible or
    has met the same."""

    code = "connection_lost"
    retryable = True


class Unreachable(KindredError, ConnectionError):
    """No connection could be made: the daemon is not there, or its socket is not open to this account."""

    code = "unreachable"
    retryable = True


class CircuitOpen(KindredError):
    """Nothing was tried, because the daemon did not answer or could not be reached a moment ago.

    Attributes:
        since: When that was first noticed, in seconds since the epoch.
        reason: The error that was met then, as a text.
        retry_after: Seconds until the next call is let through as a probe.
    """

    code = "circuit_open"
    retryable = True
    since: float = 0.0
    reason: str = ""
    retry_after: float = 0.0


class ProtocolViolation(KindredError):
    """What came is not the protocol: no JSON, or the reply to something that was not asked."""

    code = "protocol_violation"


class ClientClosed(KindredError):
    """The client was closed, before the call or by another thread during it."""

    code = "closed"


_CLASSES: dict[str, type[ReplyError]] = {
    "bad_request": BadRequest,
    "unknown_relationship": UnknownRelationship,
    "unknown_column": UnknownColumn,
    "bad_key": BadKey,
    "bad_value": BadValue,
    "source_changed": SourceChanged,
    "too_many_keys": TooLarge,
    "result_too_large": TooLarge,
    "line_too_long": TooLarge,
    "overloaded": Overloaded,
    "timeout": Timeout,
    "cancelled": Cancelled,
    "database_unavailable": DatabaseUnavailable,
    "database_error": DatabaseError,
    "shutting_down": ShuttingDown,
}


def reply_error(member: Any) -> ReplyError:
    """The exception for the member `error` of a reply, or for one of its `errors`.

    `{"code":"bad_key","message":"…","retryable":false}`; a code that this client does not know is a plain
    `ReplyError` with that code.
    """
    fields = member if isinstance(member, dict) else {}
    code = str(fields.get("code", "error"))
    number = fields.get("mysql_errno")
    return _CLASSES.get(code, ReplyError)(
        str(fields.get("message", "the daemon gave no reason")),
        code=code,
        retryable=fields.get("retryable") is True,
        mysql_errno=number if isinstance(number, int) else None,
    )

"""Lines of the protocol: a call → bytes to be sent, bytes that came → replies. No I/O and no clock."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from .address import Address
from .calls import Call, Reply
from .errors import ConnectionLost, NoReply, ProtocolViolation, ShuttingDown, reply_error

MAX_IN_FLIGHT = 4000
"""Requests without a reply on one connection; the daemon reads no more than 4,096 of them without an
error."""

_LONGEST_MARGIN = 0.25

# However small the pieces are in which a line comes, its id is within so many.
_PIECES_WITH_ID = 64

_MOST_DIGITS = 4300
"""Of an integer, for Python's `int`."""


def request_line(call: Call[Any], identifier: int, seconds: float) -> bytes:
    """`{"id":7,"timeout_ms":900,"load":"authors.books","key":42}` and a line's end.

    Args:
        call: What is asked.
        identifier: Under which the reply will come.
        seconds: The time that is left to the caller. The daemon is told a tenth less, 0.25 s at most, so that
            its word that the time is over comes before the caller gives up by itself.
    """
    if call.relationship is None:
        return b'{"id":%d,%b\n' % (identifier, call.body)
    milliseconds = int(1000 * (seconds - min(seconds / 10, _LONGEST_MARGIN)))
    milliseconds = min(max(milliseconds, 1), 2**31 - 1)
    return b'{"id":%d,"timeout_ms":%d,%b\n' % (identifier, milliseconds, call.body)


def cancel_line(identifier: int, target: int) -> bytes:
    """`{"id":8,"op":"cancel","target":7}` and a line's end."""
    return b'{"id":%d,"op":"cancel","target":%d}\n' % (identifier, target)


class LineBuffer:
    """Cuts what came into lines at `\\n` and at nothing else; each byte is looked at once."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes, without their ends."""
        first, *others = data.split(b"\n")
        self._pieces.append(first)
        if not others:
            return []
        lines = [b"".join(self._pieces), *others[:-1]]
        self._pieces = [others[-1]]
        return lines

    def begun_replies(self, waiting: Iterable[int]) -> set[int]:
        """The ids among those that wait whose reply has come in part: none, or one, or all of them if that
        part is too short to tell whose it is."""
        if not any(self._pieces):
            return set()
        beginning = b"".join(self._pieces[:_PIECES_WITH_ID])
        match = re.match(rb'\s*\{"id":(\d+)[,}]', beginning)
        return set(waiting) if match is None else {int(match[1])}


def parse_reply(line: bytes) -> Reply | None:
    """One line as a reply; None for an empty line, which means nothing.

    Raises:
        ProtocolViolation: It is no JSON object.
    """
    if not line.strip():
        return None
    try:
        reply = _decode(line.decode())
    except (ValueError, RecursionError):
        reply = None
    if not isinstance(reply, dict):
        raise ProtocolViolation(f"what came is not kindred's protocol: {line[:100]!r}")
    return reply


def reply_id(reply: Reply) -> int:
    """The id of a reply.

    Raises:
        ConnectionLost: It is an error without an id: about a line that could not be read, or about the
            connection. Whose request was meant, nobody can know.
        ProtocolViolation: It has none, or none that a client of ours would give.
    """
    identifier = reply.get("id")
    if identifier is None and "error" in reply:
        error = reply_error(reply["error"])
        raise ConnectionLost(f"kindred gave up the connection: {error}", retryable=error.retryable) from error
    if type(identifier) is not int:
        raise not_asked(reply)
    return identifier


def not_asked(reply: Reply) -> ProtocolViolation:
    """What is raised when a reply comes for which nobody waits."""
    return ProtocolViolation(f"a reply came to something that was not asked: {str(reply)[:200]}")


def is_shutting_down(reply: Reply) -> bool:
    """Whether it is the error that counts as a lost connection: `"error":{"code":"shutting_down",…}`"""
    error = reply.get("error")
    return isinstance(error, dict) and error.get("code") == ShuttingDown.code


def no_reply(address: Address) -> NoReply:
    """What is raised when the time is over and the daemon has said nothing."""
    return NoReply(f"no reply from kindred at {address} in time; it may be stopped, or busy beyond measure")


def _decode(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:
        # Python refuses long integers, which a column of type JSON may hold.
        return json.loads(
            text, parse_int=lambda digits: (int if len(digits) <= _MOST_DIGITS else Decimal)(digits)
        )

"""Loads of many keys, in as many requests as the daemon's limits make of them. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable, NamedTuple, cast

from . import calls, options, values
from .calls import Call
from .errors import TooLarge
from .options import CountOptions, LoadOptions

# Fewer keys than any usual `limits.request_keys`, and with the id and the time-out a shorter line than any
# `limits.line_bytes`: up to here nobody asks what the limits are, unless the daemon says `too_many_keys`.
_ALWAYS_ALLOWED_KEYS = 100
_ALWAYS_ALLOWED_BYTES = 950

# `{"id":9223372036854775807,"timeout_ms":2147483647,` and the line's end
_ROOM_FOR_ID = 64


class Limits(NamedTuple):
    """What a request must keep, as `describe` tells it."""

    keys: int
    """Keys in one request."""
    line_bytes: int
    """Length of one request line."""

    @classmethod
    def described(cls, description: Mapping[str, Any]) -> Limits:
        """`"limits":{"keys":10000,…,"line_bytes":1048576,…}`; the defaults for a daemon that does not
        tell."""
        limits = description.get("limits", {})
        return cls(limits.get("keys", 10_000), limits.get("line_bytes", 1 << 20))


def needs_limits(call: Call[Any]) -> bool:
    """Whether the line is so long that the limit has to be known before it is sent: a daemon that skips a
    line cannot say whose it was."""
    return len(call.body) > _ALWAYS_ALLOWED_BYTES


def check_length(call: Call[Any], limits: Limits) -> None:
    """Raises `TooLarge` for a line that the daemon would skip."""
    length = len(call.body) + _ROOM_FOR_ID
    if length > limits.line_bytes:
        raise TooLarge(
            f"the request has {length} bytes, and kindred takes {limits.line_bytes} (limits.line_bytes)",
            code="line_too_long",
        )


@dataclass(frozen=True)
class ManyKeys:
    """One load of many keys, not yet cut into requests."""

    relationship: str
    word: str
    """`keys` or `parents`."""
    keys: Sequence[Any]
    members: Mapping[str, Any]
    direction: str | None = None
    """`after` or `before`, for pages."""
    positions: Sequence[Any] = ()
    """For pages, one for each key."""

    @property
    def needs_limits(self) -> bool:
        """Whether it may have to be cut."""
        return len(self.keys) > _ALWAYS_ALLOWED_KEYS or needs_limits(self._call(0, len(self.keys)))

    def calls(self, limits: Limits | None) -> list[Call[list[Any]]]:
        """The requests, whose results follow one another; None for limits that cannot matter."""
        end = len(self.keys)
        if limits is None:
            return [self._call(0, end)]
        starts = range(0, max(end, 1), limits.keys)
        return [
            call for start in starts for call in self._fitting(start, min(start + limits.keys, end), limits)
        ]

    def _fitting(self, start: int, end: int, limits: Limits) -> Iterator[Call[list[Any]]]:
        call = self._call(start, end)
        if end - start > 1 and len(call.body) + _ROOM_FOR_ID > limits.line_bytes:
            middle = (start + end) // 2
            yield from self._fitting(start, middle, limits)
            yield from self._fitting(middle, end, limits)
        else:
            check_length(call, limits)
            yield call

    def _call(self, start: int, end: int) -> Call[list[Any]]:
        members = self.members
        if self.direction is not None:
            members = {**members, self.direction: self.positions[start:end]}
        return calls.many(self.relationship, self.word, self.keys[start:end], members)


def batch_of(
    relationship: str, count: bool, by_parent: bool, given: LoadOptions
) -> Callable[[Iterable[Any]], ManyKeys]:
    """What `batch` prepares once, for whatever keys come later."""
    members = options.count_members(cast(CountOptions, given)) if count else options.load_members(given)
    word = "parents" if by_parent else "keys"
    return lambda keys: ManyKeys(relationship, word, values.keys(keys, word), members)

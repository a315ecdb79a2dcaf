"""What the operations of both clients ask, and how their replies are read. No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable, Generic, NamedTuple, TypeVar

from . import options
from .errors import BadRequest, KindredError, NotSupported, ProtocolViolation, ReplyError, reply_error
from .options import CountOptions, LoadOptions, PageOptions

T = TypeVar("T")
Reply = dict[str, Any]
Row = dict[str, Any]

# Compact, and other letters than ASCII's as they are.
_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


class Page(NamedTuple):
    """Some rows of one parent, in the order that was asked."""

    rows: list[Row]
    more: bool
    """Whether there are further rows in the direction of travel: behind the last one for a page that was
    asked with `after`, in front of the first one with `before`."""


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request without its id and its time-out, and how its reply is read."""

    body: bytes
    """The request line from the member behind the id on: `"load":"authors.books","key":42}`"""
    read: Callable[[Reply], T]
    relationship: str | None = None
    """Which relationship it loads; None for other operations, which take no `timeout_ms`."""
    needs: str | None = None
    """A member that older daemons do not know."""

    def result(self, reply: Reply) -> T:
        """The value that the call returns.

        Raises:
            ReplyError: The reply is an error.
            ProtocolViolation: The reply is none to such a call.
        """
        if "error" in reply:
            raise self._error(reply_error(reply["error"]))
        try:
            return self.read(reply)
        except (KeyError, TypeError, IndexError, ValueError, AttributeError):
            request = self.body[:200].decode(errors="replace")
            raise ProtocolViolation(f"this is no reply to {{…,{request}: {str(reply)[:200]}") from None

    def _error(self, error: ReplyError) -> ReplyError:
        # {"code":"bad_request","message":"unknown member 'after'; …"}
        if self.needs and isinstance(error, BadRequest) and f"unknown member '{self.needs}'" in error.message:
            return NotSupported(
                f"this daemon is older than pages by position and does not know '{self.needs}'; renew kindred"
            )
        return error


def load(relationship: str, key: Any, parent: Any, given: LoadOptions) -> Call[Any]:
    """`{"load":"authors.books","key":42,"limit":3}` → the rows, or the one row or None"""
    members = {**options.key_or_parent(key, parent), **options.load_members(given)}
    return Call(_body({"load": relationship, **members}), _rows_or_row, relationship)


def count(relationship: str, key: Any, parent: Any, given: CountOptions) -> Call[int]:
    """`{"load":"authors.books","key":42,"count":true}` → 8"""
    members = {**options.key_or_parent(key, parent), **options.count_members(given)}
    return Call(_body({"load": relationship, **members}), lambda reply: int(reply["count"]), relationship)


def page(
    relationship: str,
    key: Any,
    parent: Any,
    *,
    order: Any,
    limit: int | None,
    after: Any,
    before: Any,
    given: PageOptions,
) -> Call[Page]:
    """`{"load":"authors.books","key":42,"order":["-sold"],"limit":3,"after":[1327,33]}` → a `Page`"""
    direction, position = options.position(after, before)
    members = {**options.key_or_parent(key, parent), **options.page_members(order, limit, given)}
    body = _body({"load": relationship, **members, direction: position})
    return Call(body, lambda reply: Page(list(reply["rows"]), bool(reply["more"])), relationship, direction)


def many(relationship: str, word: str, keys: Sequence[Any], members: Mapping[str, Any]) -> Call[list[Any]]:
    """`{"load":"books.tags","keys":[9,10]}` → a result for each key, an exception in a failed key's place

    Args:
        relationship: Its name.
        word: `keys` or `parents`.
        keys: In the forms of JSON.
        members: The options, as members of the request.
    """

    def read(reply: Reply) -> list[Any]:
        return _results(reply, len(keys))

    needs = next((name for name in ("after", "before") if name in members), None)
    return Call(_body({"load": relationship, word: keys, **members}), read, relationship, needs)


def ping() -> Call[bool]:
    """`{"op":"ping"}` → True"""
    return _operation("ping", lambda reply: bool(reply["pong"]))


def hello() -> Call[dict[str, Any]]:
    """`{"op":"hello"}` → `{"server":"kindred 0.1.0","protocol":1,"operations":[…],"members":[…],…}`"""
    return _operation("hello", _without_id)


def stats() -> Call[dict[str, Any]]:
    """`{"op":"stats"}` → what stands under `stats`"""
    return _operation("stats", lambda reply: dict(reply["stats"]))


def describe(relationship: str | None) -> Call[dict[str, Any]]:
    """`{"op":"describe","load":"authors.books"}` → `{"relationships":[…],"limits":{…},…}`"""
    members = {} if relationship is None else {"load": relationship}
    return _operation("describe", _without_id, **members)


def first_error_raised(results: list[Any]) -> list[Any]:
    """The results; raises the first exception among them, if there is one."""
    for result in results:
        if isinstance(result, KindredError):
            raise result
    return results


def _operation(name: str, read: Callable[[Reply], T], **members: Any) -> Call[T]:
    return Call(_body({"op": name, **members}), read)


def _body(members: Mapping[str, Any]) -> bytes:
    # The opening brace is left to the id.
    try:
        return _JSON.encode(members)[1:].encode()
    except UnicodeEncodeError:
        raise ValueError("a name in the request has half a surrogate pair") from None


def _rows_or_row(reply: Reply) -> Any:
    return reply["rows"] if "rows" in reply else reply["row"]


def _without_id(reply: Reply) -> dict[str, Any]:
    return {name: value for name, value in reply.items() if name != "id"}


def _results(reply: Reply, amount: int) -> list[Any]:
    # {"results":[[…],null],"errors":{"1":{"code":"bad_key",…}}}, {"counts":[8,null],…},
    # {"results":[[…],[…]],"more":[true,false]}
    results = list(reply["counts"] if "counts" in reply else reply["results"])
    if "more" in reply:
        results = [Page(results[index], bool(more)) for index, more in enumerate(reply["more"])]
    if len(results) != amount:
        raise ValueError("another number of results than of keys")
    for place, error in reply.get("errors", {}).items():
        results[int(place)] = reply_error(error)
    return results

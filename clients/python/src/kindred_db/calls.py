"""What the operations of both clients ask: arguments → the members of a request, and a reply → a value. No I/O."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable, Generic, NamedTuple, TypedDict, TypeVar

from . import values
from .errors import BadRequest, KindredError, NotSupported, ProtocolViolation, ReplyError, reply_error

T = TypeVar("T")
Reply = dict[str, Any]
Row = dict[str, Any]


class Missing:
    """The type of `MISSING`, which stands for an argument that was not given; `None` is a key like any other."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


class CountOptions(TypedDict, total=False):
    """Options of a count. An option that is None counts as not given."""

    where: Mapping[str, Any] | None
    """Filters on the related rows, all of which must hold: `{"sold": {"gte": 1000}, "published": None}`."""
    timeout: float | None
    """Seconds for the whole call, in place of the client's."""


class LoadOptions(CountOptions, total=False):
    """Options of a load. An option that is None counts as not given."""

    columns: Sequence[str] | None
    """Only these columns, in this order; all that the relationship shows if not given."""
    order: Sequence[str | Mapping[str, Any]] | None
    """Order within each parent: `["-published", "id"]`; `-` is descending."""
    limit: int | None
    """Rows per parent, of a to-many relationship."""
    offset: int | None
    """Rows to leave out per parent, of a to-many relationship."""
    include: Mapping[str, Mapping[str, Any]] | None
    """Relationships of the related table, nested in each row: `{"tags": {}, "reviews": {"limit": 2}}`."""


class PageOptions(CountOptions, total=False):
    """Options of a page by position."""

    columns: Sequence[str] | None
    """Only these columns, in this order; all that the relationship shows if not given."""
    include: Mapping[str, Mapping[str, Any]] | None
    """Relationships of the related table, nested in each row."""


class Page(NamedTuple):
    """Some rows of one parent, in the order that was asked."""

    rows: list[Row]
    more: bool
    """Whether there are further rows in the direction of travel: behind the last one for a page that was asked with
    `after`, in front of the first one with `before`."""


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request without its id and its time-out, and how its reply is read."""

    body: bytes
    """The request line from the member behind the id on: `"load":"authors.books","key":42}`"""
    read: Callable[[Reply], T]
    relationship: str | None = None
    """Which relationship it loads; None for other operations, which take no `timeout_ms`."""
    needs: str | None = None
    """A member that daemons from before do not know."""

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
        except (KeyError, TypeError, IndexError, ValueError):
            request = self.body[:200].decode(errors="replace")
            raise ProtocolViolation(f"this is no reply to {{…,{request}: {str(reply)[:200]}") from None

    def _error(self, error: ReplyError) -> ReplyError:
        # {"code":"bad_request","message":"unknown member 'after'; …"}
        if self.needs and isinstance(error, BadRequest) and f"unknown member '{self.needs}'" in error.message:
            return NotSupported(
                f"this daemon is older than pages by position (member '{self.needs}'); renew kindred"
            )
        return error


def operation(name: str, read: Callable[[Reply], T], **members: Any) -> Call[T]:
    """`{"op":"ping"}` and the like."""
    return Call(_body({"op": name, **members}), read)


def load(relationship: str, key: Any, parent: Any, options: LoadOptions) -> Call[Any]:
    """`{"load":"authors.books","key":42,"limit":3}` → the rows, or the one row or None."""
    members = {"load": relationship, **_one(key, parent), **_options(options, LoadOptions)}
    return Call(_body(members), _rows_or_row, relationship)


def count(relationship: str, key: Any, parent: Any, options: CountOptions) -> Call[int]:
    """`{"load":"authors.books","key":42,"count":true}` → 8"""
    members = {"load": relationship, **_one(key, parent), "count": True, **_options(options, CountOptions)}
    return Call(_body(members), lambda reply: int(reply["count"]), relationship)


def page(
    relationship: str,
    key: Any,
    parent: Any,
    order: Any,
    limit: int,
    after: Any,
    before: Any,
    options: PageOptions,
) -> Call[Page]:
    """`{"load":"authors.books","key":42,"order":["-sold"],"limit":3,"after":[1327,33]}` → rows, and whether more."""
    direction, position = _direction(after, before)
    members = {
        **{"load": relationship, **_one(key, parent)},
        **_options({"order": order, "limit": limit, **options}, LoadOptions),
        direction: None if position is None else _position(position, direction),
    }
    return Call(
        _body(members), lambda reply: Page(list(reply["rows"]), bool(reply["more"])), relationship, direction
    )


def many(relationship: str, word: str, keys: Sequence[Any], members: Mapping[str, Any]) -> Call[list[Any]]:
    """`{"load":"books.tags","keys":[9,10]}` → a result for each key, an exception in a failed key's place.

    Args:
        relationship: Its name.
        word: `keys` or `parents`.
        keys: As `values.keys` gives them.
        members: The options, as `many_members` gives them.
    """

    def read(reply: Reply) -> list[Any]:
        return _results(reply, len(keys))

    needs = next((name for name in ("after", "before") if name in members), None)
    return Call(_body({"load": relationship, word: keys, **members}), read, relationship, needs)


def load_members(options: LoadOptions) -> dict[str, Any]:
    """The options of `load_many` as members of a request."""
    return _options(options, LoadOptions)


def count_members(options: CountOptions) -> dict[str, Any]:
    """The options of `count_many` as members of a request."""
    return {"count": True, **_options(options, CountOptions)}


def page_members(order: Any, limit: int, options: PageOptions) -> dict[str, Any]:
    """The options of `page_many` as members of a request, without the positions."""
    return _options({"order": order, "limit": limit, **options}, LoadOptions)


def positions(after: Any, before: Any, amount: int) -> tuple[str, list[Any]]:
    """`after` or `before`, and one position for each of `amount` keys, None for a first or last page."""
    direction, given = _direction(after, before)
    if given is None:
        return direction, [None] * amount
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Sequence) or len(given) != amount:
        raise ValueError(f"{direction}: must be a list of {amount} positions, one for each key, or None")
    return direction, [
        None if position is None else _position(position, f"{direction}[{index}]")
        for index, position in enumerate(given)
    ]


def keys_or_parents(keys: Any, parents: Any) -> tuple[str, list[Any]]:
    """`keys` or `parents`, and what goes into that member."""
    if (keys is MISSING) == (parents is MISSING):
        raise TypeError("give either keys or parents=")
    word, given = ("keys", keys) if parents is MISSING else ("parents", parents)
    return word, values.keys(given, word)


def _one(key: Any, parent: Any) -> dict[str, Any]:
    if (key is MISSING) == (parent is MISSING):
        raise TypeError("give either a key or parent=")
    if parent is MISSING:
        return {"key": values.key(key, "key")}
    return {"parent": values.key(parent, "parent")}


def _direction(after: Any, before: Any) -> tuple[str, Any]:
    if before is MISSING:
        return "after", None if after is MISSING else after
    if after is not MISSING and after is not None:
        raise TypeError("give either after or before=")
    return "before", before


def _position(position: Any, argument: str) -> list[Any]:
    if not isinstance(position, (list, tuple)):
        raise TypeError(f"{argument}: a position is a list of values, not {type(position).__name__}")
    return [values.scalar(value, argument) for value in position]


def _options(options: Mapping[str, Any], allowed: Any, path: str = "") -> dict[str, Any]:
    """The options as members of a request; `path` names the include that they belong to."""
    names = (
        [*LoadOptions.__annotations__, *CountOptions.__annotations__]
        if path
        else list(allowed.__annotations__)
    )
    members = {}
    for name, value in options.items():
        if not path and name not in names:
            raise TypeError(_unknown(name, names))
        if value is not None and name != "timeout":
            members[name] = _option(name, value, path + name)
    return members


def _option(name: str, value: Any, argument: str) -> Any:
    if name == "where":
        return values.conditions(value, argument)
    if name == "include":
        return _include(value, argument)
    if name in ("columns", "order") and isinstance(value, Iterable) and not isinstance(value, (str, Mapping)):
        return list(value)
    if name in ("limit", "offset") and not isinstance(value, bool):
        return values.scalar(value, argument)
    return value


def _include(include: Any, path: str) -> dict[str, Any]:
    if not isinstance(include, Mapping):
        raise TypeError(
            f"{path}: must be a mapping of relationships to their options, not {type(include).__name__}"
        )
    members = {}
    for name, options in include.items():
        if not isinstance(options, Mapping):
            raise TypeError(f"{path}.{name}: must be a mapping of options, not {type(options).__name__}")
        members[name] = _options(options, LoadOptions, f"{path}.{name}.")
    return members


def _unknown(name: str, names: Sequence[str]) -> str:
    nearest = difflib.get_close_matches(name, names, 1)
    return f"unknown option {name!r}" + (
        f"; did you mean {nearest[0]!r}?" if nearest else f"; there are {', '.join(names)}"
    )


def _body(members: Mapping[str, Any]) -> bytes:
    # Compact, and other letters than ASCII's as they are; the opening brace is left to the id.
    try:
        return json.dumps(members, ensure_ascii=False, allow_nan=False, separators=(",", ":"))[1:].encode()
    except RecursionError:
        raise ValueError("include: is nested too deeply") from None
    except UnicodeEncodeError:
        raise ValueError("a name in the request has half a surrogate pair") from None


def _rows_or_row(reply: Reply) -> Any:
    return reply["rows"] if "rows" in reply else reply["row"]


def _results(reply: Reply, amount: int) -> list[Any]:
    # {"results":[[…],null],"errors":{"1":{"code":"bad_key",…}}}, {"counts":[8,null],…},
    # {"results":[[…],[…]],"more":[true,false]}
    results = list(reply["counts"] if "counts" in reply else reply["results"])
    if len(results) != amount:
        raise ValueError("another number of results than of keys")
    if "more" in reply:
        results = [
            None if rows is None else Page(rows, bool(more)) for rows, more in zip(results, reply["more"])
        ]
    for place, error in reply.get("errors", {}).items():
        results[int(place)] = reply_error(error)
    return results


def first_error_raised(results: list[Any]) -> list[Any]:
    """The results; raises the first exception among them, if there is one."""
    for result in results:
        if isinstance(result, KindredError):
            raise result
    return results


def ping() -> Call[bool]:
    """`{"op":"ping"}` → True"""
    return operation("ping", lambda reply: bool(reply["pong"]))


def hello() -> Call[dict[str, Any]]:
    """`{"op":"hello"}` → `{"server":"kindred 0.1.0","protocol":1,"operations":[…],"members":[…],…}`"""
    return operation("hello", _without_id)


def stats() -> Call[dict[str, Any]]:
    """`{"op":"stats"}` → what stands under `stats`"""
    return operation("stats", lambda reply: dict(reply["stats"]))


def describe(relationship: str | None) -> Call[dict[str, Any]]:
    """`{"op":"describe","load":"authors.books"}` → `{"relationships":[…],"limits":{…},…}`"""
    members = {} if relationship is None else {"load": relationship}
    return operation("describe", _without_id, **members)


def _without_id(reply: Reply) -> dict[str, Any]:
    return {name: value for name, value in reply.items() if name != "id"}

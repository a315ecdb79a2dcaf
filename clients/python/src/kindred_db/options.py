"""The options of loads: what a caller gives → members of a request. No I/O."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from . import values


class Missing:
    """The type of `MISSING`, which stands for an argument that was not given; None is a key."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


class CountOptions(TypedDict, total=False):
    """Options of a count. An option that is None counts as not given."""

    where: Mapping[str, Any] | None
    """Filters on the related rows, all of which must hold: `{"sold": {"gte": 1000}, "published": None}`."""
    timeout: float | None
    """Seconds for the whole call, in place of the client's."""
    source_version: str | None
    """What `hello` and `describe` told under this name: a daemon that by now reads another server, database
    or schema answers with `SourceChanged`."""


class PageOptions(CountOptions, total=False):
    """Options of a page by position. An option that is None counts as not given."""

    columns: Sequence[str] | None
    """Only these columns, in this order; all that the relationship shows if not given."""
    include: Mapping[str, Mapping[str, Any]] | None
    """Relationships of the related table, nested in each row: `{"tags": {}, "reviews": {"limit": 2}}`."""


class LoadOptions(PageOptions, total=False):
    """Options of a load. An option that is None counts as not given."""

    order: Sequence[str | Mapping[str, Any]] | None
    """Order within each parent: `["-published", "id"]`; `-` is descending."""
    limit: int | None
    """Rows per parent, of a to-many relationship."""
    offset: int | None
    """Rows to leave out per parent, of a to-many relationship."""


# Each level of includes is two levels of JSON, of which the daemon reads 64.
_DEEPEST_INCLUDE = 30


def load_members(options: LoadOptions) -> dict[str, Any]:
    """`{"limit": 3, "timeout": 0.5}` → `{"limit": 3}`; the time-out is the client's to keep.

    Raises:
        TypeError: There is no such option, or a value has a type that no request can hold.
        ValueError: A number is not finite, a text is no Unicode, or includes are nested without an end.
    """
    return _known(options, LoadOptions)


def count_members(options: CountOptions) -> dict[str, Any]:
    """Does for a count what `load_members` does for a load."""
    return {"count": True, **_known(options, CountOptions)}


def page_members(order: Any, limit: int | None, options: PageOptions) -> dict[str, Any]:
    """Does for a page what `load_members` does for a load; the position is not among them."""
    return {**_members({"order": order, "limit": limit}, ""), **_known(options, PageOptions)}


def key_or_parent(key: Any, parent: Any) -> dict[str, Any]:
    """`{"key": 42}` or `{"parent": 42}`"""
    if (key is MISSING) == (parent is MISSING):
        raise TypeError("give either a key or parent=")
    if parent is MISSING:
        return {"key": values.key(key, "key")}
    return {"parent": values.key(parent, "parent")}


def keys_or_parents(keys: Any, parents: Any) -> tuple[str, list[Any]]:
    """`keys` or `parents`, and what stands in that member."""
    if (keys is MISSING) == (parents is MISSING):
        raise TypeError("give either keys or parents=")
    word, given = ("keys", keys) if parents is MISSING else ("parents", parents)
    return word, values.keys(given, word)


def position(after: Any, before: Any) -> tuple[str, list[Any] | None]:
    """`after` or `before`, and the position; None for the first or the last page."""
    direction, given = _direction(after, before)
    return direction, None if given is None else _position(given, direction)


def positions(after: Any, before: Any, amount: int) -> tuple[str, list[list[Any] | None]]:
    """`after` or `before`, and one position for each of `amount` keys."""
    direction, given = _direction(after, before)
    if given is None:
        return direction, [None] * amount
    if not isinstance(given, (list, tuple)) or len(given) != amount:
        raise ValueError(f"{direction}: must be a list of {amount} positions, one for each key, or None")
    return direction, [
        None if one is None else _position(one, f"{direction}[{index}]") for index, one in enumerate(given)
    ]


def _direction(after: Any, before: Any) -> tuple[str, Any]:
    if before is MISSING:
        return "after", after
    if after is not None:
        raise TypeError("give either after or before=")
    return "before", before


def _position(given: Any, argument: str) -> list[Any]:
    if not isinstance(given, (list, tuple)):
        raise TypeError(f"{argument}: a position is a list of values, not {type(given).__name__}")
    return [values.scalar(value, argument) for value in given]


def _known(options: Mapping[str, Any], allowed: Any) -> dict[str, Any]:
    names = list(allowed.__annotations__)
    for name in options:
        if name not in names:
            nearest = difflib.get_close_matches(name, names, 1)
            hint = f"did you mean {nearest[0]!r}?" if nearest else f"there are {', '.join(names)}"
            raise TypeError(f"unknown option {name!r}; {hint}")
    return _members({name: value for name, value in options.items() if name != "timeout"}, "")


def _members(options: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Options in the forms of JSON; `path` names the include that they belong to."""
    return {
        name: _member(name, value, f"{path}{name}") for name, value in options.items() if value is not None
    }


def _member(name: str, value: Any, argument: str) -> Any:
    if name == "where":
        return values.conditions(value, argument)
    if name == "include":
        return _include(value, argument)
    if name in {"columns", "order"} and isinstance(value, Iterable) and not isinstance(value, (str, Mapping)):
        return list(value)
    if isinstance(value, (bool, str, Mapping)):
        return value  # Whether that makes sense here is for the daemon to say.
    return values.scalar(value, argument)


def _include(include: Any, path: str) -> dict[str, Any]:
    if not isinstance(include, Mapping):
        raise TypeError(
            f"{path}: must be a mapping of relationships to options, not {type(include).__name__}"
        )
    if path.count("include") > _DEEPEST_INCLUDE:
        raise ValueError(f"include: is nested more than {_DEEPEST_INCLUDE} levels deep")
    members = {}
    for name, options in include.items():
        if not isinstance(options, Mapping):
            raise TypeError(f"{path}.{name}: must be a mapping of options, not {type(options).__name__}")
        members[name] = _members(options, f"{path}.{name}.")
    return members


def seconds(timeout: object) -> float:
    """A time-out as it was given.

    Raises:
        ValueError: It is no number of seconds above 0.
    """
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 < timeout < float("inf"):
        raise ValueError(f"timeout: must be a number of seconds above 0, not {timeout!r}")
    return float(timeout)

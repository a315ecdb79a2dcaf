"""Sibling prefetch: the first lazy load of a relationship brings the rows of its siblings, too.

What is kept are the rows of each sibling's own statement, not objects. When SQLAlchemy comes to load the
sibling, it gets its rows from here instead of from the daemon, and makes objects of them as it always does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from weakref import ReferenceType, WeakKeyDictionary, WeakSet, ref

from sqlalchemy.orm import RelationshipProperty

from .exchange import Exchange, Request, WireKey
from .plan import Plan
from .reasons import FAULTS, NotAnswered

#: How many prefetches' rows one session keeps. The oldest prefetch is dropped first.
_MOST_GROUPS = 64
#: Objects of the session that are looked at in search of siblings.
_MOST_STATES = 20_000


@dataclass
class _Group:
    """What one prefetch has brought."""

    connection: ReferenceType[Any]
    born: float
    #: A result for each key, and how many siblings have it.
    results: dict[WireKey, list[Any]]
    #: False where there were no siblings, or their rows could not be had.
    has_siblings: bool


class Prefetched:
    """The rows that wait for their siblings' loads, by session."""

    def __init__(self, most_siblings: int, max_age: float) -> None:
        self.most_siblings = most_siblings
        self._max_age = max_age
        self._groups: WeakKeyDictionary[Any, dict[Any, _Group]] = WeakKeyDictionary()
        self._sessions: WeakKeyDictionary[Any, WeakSet[Any]] = WeakKeyDictionary()

    def take(self, connection: Any, parent: Any, request: Request) -> list[Any] | None:
        """The result for a lazy load, in a list, or None. Each sibling's is given once."""
        group = self._group(connection, parent, request)
        waiting = group and group.results.get(request.keys[0])
        if not group or not waiting:
            return None
        result, uses = waiting
        if uses > 1:
            waiting[1] = uses - 1
        else:
            del group.results[request.keys[0]]
        return [result]

    def is_alone(self, connection: Any, parent: Any, request: Request) -> bool:
        """Whether it is known that this load has no siblings to ask for."""
        group = self._group(connection, parent, request)
        return group is not None and not group.has_siblings

    def keep(self, connection: Any, parent: Any, request: Request, found: dict[WireKey, list[Any]]) -> None:
        """Keeps results for the siblings of `parent`: for each key, its result and how many have it. With
        none, this load and its siblings are asked for one by one."""
        groups = self._groups.setdefault(parent.session, {})
        groups.pop(_identity(parent, request), None)
        while len(groups) >= _MOST_GROUPS:
            del groups[next(iter(groups))]
        group = _Group(ref(connection), time.monotonic(), found, bool(found))
        groups[_identity(parent, request)] = group
        self._sessions.setdefault(connection, WeakSet()).add(parent.session)

    def drop(self, connection: Any) -> None:
        """At a commit and a rollback. (After a write of its own a transaction is left to SQL.)"""
        for session in list(self._sessions.pop(connection, ())):
            self.drop_of(session)

    def drop_of(self, session: Any) -> None:
        """When an object of the session is expired or refreshed."""
        self._groups.pop(session, None)

    def _group(self, connection: Any, parent: Any, request: Request) -> _Group | None:
        group = self._groups.get(parent.session, {}).get(_identity(parent, request))
        if group is None or group.connection() is not connection:
            return None
        return group if time.monotonic() - group.born <= self._max_age else None


def _identity(parent: Any, request: Request) -> tuple[Any, ...]:
    # Objects of one result have the same `runid`; a later query's rows are asked for anew.
    return (parent.runid, request.signature)


def sibling_keys(plan: Plan, exchange: Exchange, path: Any, parent: Any, most: int) -> list[WireKey]:
    """The keys of the other objects of the parent's result that have not loaded this relationship, as often
    as there are objects; at most `most`."""
    relationship = getattr(path, "prop", None)
    if not isinstance(relationship, RelationshipProperty) or parent.runid is None:
        return []
    local = _local_columns(plan, relationship)
    if local is None:
        return []
    keys: list[WireKey] = []
    for sibling in _siblings(parent, relationship.key):
        key = _key(sibling, local, exchange)
        if key is not None and not _is_in_session(sibling, relationship, key):
            keys.append(key)
        if len(keys) >= most:
            break
    return keys


def _local_columns(plan: Plan, relationship: Any) -> list[Any] | None:
    """For each part of the key, the parent's column whose value it is."""
    pairs = {(remote.table.name, remote.name): local for local, remote in relationship.local_remote_pairs}
    tables = [*plan.relationship.tables_on_the_way, plan.relationship.table]
    remote = [(tables[0], column.name) for column in plan.key.columns]
    if plan.key.by_parent or any(name not in pairs for name in remote):
        return None
    return [pairs[name] for name in remote]


def _siblings(parent: Any, key: str) -> Iterator[Any]:
    states = parent.session.identity_map.all_states()
    for state in states[:_MOST_STATES]:
        same_result = state.runid == parent.runid and state is not parent
        if same_result and key not in state.dict and isinstance(state.obj(), parent.class_):
            yield state


def _key(state: Any, columns: list[Any], exchange: Exchange) -> WireKey | None:
    try:
        names = [state.mapper.get_property_by_column(column).key for column in columns]
        parts = [state.dict[name] for name in names]
        return exchange.wire_key(exchange.processed(parts)) if None not in parts else None
    except (NotAnswered, *FAULTS):
        # Another class of the hierarchy, an attribute that is not loaded, a value that is no key: this
        # sibling asks for itself.
        return None


def _is_in_session(state: Any, relationship: Any, key: WireKey) -> bool:
    """Whether the related object of a many-to-one is there already, so that no load will come."""
    if relationship.direction.name != "MANYTOONE" or len(key) != 1:
        return False
    mapper = relationship.mapper
    return mapper.identity_key_from_primary_key(key) in state.session.identity_map

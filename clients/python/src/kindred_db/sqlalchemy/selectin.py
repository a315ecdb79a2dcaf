"""A whole relationship of several parents at once, by SQLAlchemy's own `selectin` strategy.

SQLAlchemy loads so only together with the parents. For parents that are there already one has to call its
loader as it would itself, which is not public; the loader was renamed in 2.1. Where it is missing, each
parent loads its own, which gives the same rows by more queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import RelationshipProperty, Session, strategies
from sqlalchemy.util import immutabledict

SelectInLoader: Any = getattr(strategies, "SelectInLoader", None) or getattr(
    strategies, "_SelectInLoader", None
)


def load_relationship(
    session: Session, relationship: RelationshipProperty[Any], parents: Sequence[Any]
) -> list[Any]:
    """The related instances of each parent: a list, or for a to-one relationship an instance or None.

    What a parent has loaded already, or was given by the application, stays as it is. All parents are of
    `session`.
    """
    distinct = {id(parent): parent for parent in parents if _can_load(parent)}
    # One parent loads by itself just as well.
    if len(distinct) > 1 and SelectInLoader is not None:
        _load(session, relationship, list(distinct.values()))
    return [getattr(parent, relationship.key) for parent in parents]


def _can_load(parent: Any) -> bool:
    state = inspect(parent)
    # An expired parent refreshes itself when its key is read, which the strategy does not do.
    return state.persistent and not state.expired


def _load(session: Session, relationship: RelationshipProperty[Any], parents: Sequence[Any]) -> None:
    """SELECT articles.reporter_id, articles.id, … FROM articles WHERE articles.reporter_id IN (1, 2, …)"""
    mapper = relationship.parent
    context = session.query(mapper.entity)._compile_context()
    loader = SelectInLoader(relationship, (("lazy", "selectin"),))
    # False: what is loaded already is not overwritten.
    states = [(inspect(parent), False) for parent in parents]
    loader._load_for_path(
        context, mapper._path_registry, states, None, relationship.mapper, None, None, immutabledict()
    )

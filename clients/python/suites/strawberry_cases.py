"""The cases of `strawberry_suite.py`, run in an environment that has strawberry-sqlalchemy-mapper."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any

from fixture import daemon, url
from models import Author, Book, Review
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from strawberry_sqlalchemy_mapper import StrawberrySQLAlchemyLoader as TheirLoader

from kindred_db import Client
from kindred_db.sqlalchemy import attach
from kindred_db.strawberry import StrawberrySQLAlchemyLoader as OurLoader


@dataclass
class Case:
    """What is asked of a loader, and which of a parent's rows, in the relationship's order, are right."""

    name: str
    relationship: Any
    keys: list[tuple[Any, ...]]
    part: slice = field(default_factory=lambda: slice(None))
    page: dict[str, int] = field(default_factory=dict)


AUTHORS: list[tuple[Any, ...]] = [(1,), (2,), (3,)]
# The mapper's keys have a part for each column that the join table pairs.
BOOKS: list[tuple[Any, ...]] = [(1, 1), (2, 2), (9, 9)]
CASES = [
    Case("many-to-one", Book.author, AUTHORS),
    Case("one-to-many", Author.books, AUTHORS),
    Case("one-to-many, to itself", Review.replies, AUTHORS),
    Case("one-to-many, first: 2", Author.books, AUTHORS, slice(2), {"first": 2}),
    Case("one-to-many, last: 2", Author.books, AUTHORS, slice(-2, None), {"last": 2}),
    Case("many-to-many", Book.tags, BOOKS),
    Case("many-to-many, first: 2", Book.tags, BOOKS, slice(2), {"first": 2}),
    Case("many-to-many, last: 2", Book.tags, BOOKS, slice(-2, None), {"last": 2}),
]


def expected(case: Case, session: Session) -> list[Any]:
    """The ids of each parent's rows: lazily loaded, one parent after the other."""
    if case.relationship is Book.author:
        return [session.get_one(Author, key[0]).id for key in case.keys]
    found = []
    for key in case.keys:
        rows = list(getattr(session.get_one(case.relationship.class_, key[0]), case.relationship.key))
        if not case.relationship.property.order_by:
            rows.sort(key=lambda row: row.id)
        found.append([row.id for row in rows[case.part]])
    return found


def outcome(loader: Any, case: Case, right: list[Any]) -> str:
    """right, wrong, or the error."""

    async def load() -> list[Any]:
        paginated = loader.loader_for(case.relationship.property)
        return await asyncio.gather(*[paginated.load(key, **case.page) for key in case.keys])

    try:
        results = asyncio.run(load())
    except Exception as error:
        code = getattr(getattr(error, "orig", None), "args", [type(error).__name__])[0]
        return f"error {code}"
    found = [[row.id for row in each] if isinstance(each, list) else each.id for each in results]
    return "right" if found == right else "wrong"


def main() -> int:
    logging.getLogger("strawberry_sqlalchemy_mapper").setLevel(logging.ERROR)
    plain = create_engine(url("pymysql"), isolation_level="READ COMMITTED")
    engine = create_engine(url("pymysql"), isolation_level="READ COMMITTED")
    handle = attach(engine, Client(daemon().socket, timeout=10.0), verify=1.0)
    print(
        "| case | the mapper's loader | kindred_db's, by SQL | through kindred |\n| --- | --- | --- | --- |"
    )
    is_right = True
    for case in CASES:
        with Session(plain) as session:
            right = expected(case, session)
        outcomes = []
        for make, bind in ((TheirLoader, plain), (OurLoader, plain), (OurLoader, engine)):
            with Session(bind) as session:
                outcomes.append(outcome(make(bind=session), case, right))
        is_right = is_right and outcomes[1:] == ["right", "right"]
        print(f"| {case.name} | {' | '.join(outcomes)} |")
    stats = handle.stats
    print(f"kindred has answered {stats.answered} of {stats.loads} loads; {stats.mismatched} differ from SQL")
    return 0 if is_right and stats.answered == stats.loads == len(CASES) and not stats.mismatched else 1


if __name__ == "__main__":
    raise SystemExit(main())

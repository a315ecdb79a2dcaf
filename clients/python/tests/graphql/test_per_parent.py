"""Related rows per parent, below the GraphQL libraries: keys, and positions in columns of every kind."""

from __future__ import annotations

import functools
import unittest
from collections.abc import Sequence
from functools import partial
from typing import Any

from fixture import BookshopCase, url
from more_models import Base, Kind, Order, Shelf, Thing, rows
from sqlalchemy import (
    JSON,
    Column,
    Engine,
    LargeBinary,
    String,
    Text,
    and_,
    create_engine,
    event,
    func,
    inspect,
    select,
    true,
)
from sqlalchemy.dialects.mysql import LONGTEXT
from sqlalchemy.orm import Session, lazyload, with_loader_criteria
from support import bookshop

from kindred_db.sqlalchemy.order import OrderTerm, behind, order_of
from kindred_db.sqlalchemy.per_parent import Related, Wanted, count_rows, load_rows
from kindred_db.sqlalchemy.relations import key_of


def identities(instances: Sequence[Any]) -> list[Any]:
    return [inspect(instance).identity for instance in instances]


@functools.cache
def make_things() -> None:
    """Beside the bookshop, a database of the further models."""
    bookshop().sql("CREATE DATABASE things CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci")
    engine = create_engine(url("pymysql", "things"))
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(rows())
        session.commit()
    engine.dispose()


class PerParentCase(BookshopCase):
    database = "things"

    @classmethod
    def setUpClass(cls) -> None:
        make_things()

    def pages(
        self, engine: Engine, relationship: Any, order: list[Any], size: int, backwards: bool
    ) -> list[Any]:
        """All rows of each parent, read in pages of this size."""
        prop = relationship.property
        related = Related(prop, order_of(order, prop.mapper), limit=size, backwards=backwards)
        with Session(engine) as session:
            parents = session.scalars(select(relationship.class_)).all()
            found: list[list[Any]] = [[] for _ in parents]
            wanted = {place: Wanted(key_of(parent, prop)) for place, parent in enumerate(parents)}
            while wanted:
                pages = load_rows(session, related, list(wanted.values()))
                for (place, asked), page in zip(list(wanted.items()), pages):
                    seen = identities([row.instance for row in page])
                    found[place] = seen + found[place] if backwards else found[place] + seen
                    del wanted[place]
                    self.assertLess(len(found[place]), 100, "a walk without end")
                    if page:
                        end = page[0] if backwards else page[-1]
                        wanted[place] = Wanted(asked.key, end.position)
            return [(inspect(parent).identity, seen) for parent, seen in zip(parents, found)]

    def whole(self, relationship: Any, order: list[Any]) -> list[Any]:
        """The same by one query of plain SQL per parent."""
        prop = relationship.property
        terms = [*order, *prop.mapper.primary_key]
        with Session(self.plain) as session:
            return [
                (
                    inspect(parent).identity,
                    identities(
                        session.scalars(
                            select(prop.mapper.class_)
                            .select_from(relationship.class_)
                            .join(relationship)
                            .where(*self.is_parent(parent))
                            .order_by(*terms)
                        ).all()
                    ),
                )
                for parent in session.scalars(select(relationship.class_))
            ]

    def is_parent(self, parent: Any) -> list[Any]:
        mapper = inspect(type(parent))
        return [column == value for column, value in zip(mapper.primary_key, inspect(parent).identity)]

    def check_pages(self, relationship: Any, order: list[Any], size: int = 2) -> None:
        expected = self.whole(relationship, order)
        self.assertGreater(max(len(seen) for _, seen in expected), 2 * size)
        for backwards in (False, True):
            for engine in (self.plain, self.engine):
                with self.subTest(order=[str(term) for term in order], backwards=backwards, engine=engine):
                    self.assertEqual(self.pages(engine, relationship, order, size, backwards), expected)


class Positions(PerParentCase):
    def test_columns_of_every_kind_in_both_directions(self) -> None:
        for column in (
            "number", "price", "ratio", "exact", "weight",
            "day", "moment", "stamp", "length", "name", "code", "flag",
        ):  # fmt: skip
            attribute = getattr(Thing, column)
            self.check_pages(Shelf.things, [attribute])
            self.check_pages(Shelf.things, [attribute.desc()])

    def test_several_columns_of_mixed_direction(self) -> None:
        self.check_pages(Shelf.things, [Thing.flag.desc(), Thing.name, Thing.price.desc()])

    def test_an_enum_is_sorted_by_its_definition_and_left_to_sql(self) -> None:
        self.by_sql = frozenset(["ORDER BY something else than a column of the related table"])
        self.check_pages(Shelf.things, [Thing.kind])
        self.assertEqual(list(Kind.__members__), ["zebra", "apple", "mouse"])

    def test_a_set_and_an_enum_behind_a_type_of_the_application_too(self) -> None:
        self.by_sql = frozenset(["ORDER BY something else than a column of the related table"])
        for attribute in (Thing.colours, Thing.size):
            self.check_pages(Shelf.things, [attribute], size=1)
            self.check_pages(Shelf.things, [attribute.desc()])

    def test_texts_that_are_sorted_otherwise_than_they_compare_have_no_positions(self) -> None:
        unlike = "utf8mb4_general_nopad_ci"
        for type_ in (Text(), LONGTEXT(), String(1001), LargeBinary(), JSON(), String(20, collation=unlike)):
            with self.subTest(type_), self.assertRaisesRegex(ValueError, "pages cannot be ordered by body"):
                behind([OrderTerm(Column("body", type_))], ["a"], backwards=False)
        for type_ in (String(1000), Text(200), String()):
            behind([OrderTerm(Column("body", type_))], ["a"], backwards=False)

    def test_all_rows_behind_a_position(self) -> None:
        prop = Shelf.things.property
        limited, unlimited = (
            Related(prop, order_of([Thing.number], prop.mapper), limit=limit) for limit in (3, None)
        )
        for engine in (self.plain, self.engine):
            with Session(engine) as session:
                position = load_rows(session, limited, [Wanted((1,))])[0][-1].position
                whole, rest = (
                    identities([row.instance for row in load_rows(session, unlimited, [wanted])[0]])
                    for wanted in (Wanted((1,)), Wanted((1,), position))
                )
                self.assertEqual(rest, whole[3:])
                self.assertGreater(len(rest), 3)

    def test_an_order_that_is_an_expression_is_left_to_sql(self) -> None:
        self.by_sql = frozenset(["ORDER BY something else than a column of the related table"])
        self.check_pages(Shelf.things, [(Thing.number % 3).desc()])


class Keys(PerParentCase):
    def test_composite_keys(self) -> None:
        self.check_pages(Order.lines, [], size=1)

    def test_rows_and_counts_where_a_key_is_null(self) -> None:
        for engine in (self.plain, self.engine):
            with Session(engine) as session:
                prop = Shelf.things.property
                wanted = [Wanted((1,)), Wanted((None,)), Wanted((2,))]
                found = load_rows(session, Related(prop, order_of([], prop.mapper)), wanted)
                counts = count_rows(session, Related(prop, ()), [each.key for each in wanted])
            self.assertEqual([len(each) for each in found], counts)
            self.assertEqual(counts[1], 0)
            self.assertGreater(counts[2], 0)


class Filters(PerParentCase):
    def test_is_true_holds_for_every_number_but_zero_and_is_left_to_sql(self) -> None:
        self.by_sql = frozenset(["a filter with IS TRUE or the like"])
        prop = Shelf.things.property
        for condition in (
            Thing.number.is_(True),
            Thing.number.is_not(True),
            Thing.number.is_(False),
            Thing.number.is_not(False),
        ):
            related = Related(prop, order_of([], prop.mapper), [condition])
            in_python = self.in_both(partial(self.numbers, related=related))
            counts = self.in_both(partial(count_rows, related=related, keys=[(1,), (2,)]))
            self.assertEqual([len(each) for each in in_python], counts)

    def numbers(self, session: Session, related: Related) -> list[list[int]]:
        pages = load_rows(session, related, [Wanted((1,)), Wanted((2,))])
        return [[row.instance.number for row in rows] for rows in pages]

    def test_equal_to_true_is_equal_to_one(self) -> None:
        prop = Shelf.things.property
        related = Related(prop, order_of([], prop.mapper), [Thing.number == True])  # noqa: E712
        found = self.in_both(partial(self.numbers, related=related))
        self.assertEqual({number for numbers in found for number in numbers}, {1})


class Counts(PerParentCase):
    def counts(self, session: Session, relationship: Any, keys: list[Any]) -> list[int]:
        return count_rows(session, Related(relationship.property, ()), keys)

    def test_a_condition_that_the_session_adds_holds_for_counts(self) -> None:
        self.by_sql = frozenset(["a condition that the session or the class adds"])

        def only_flagged(state: Any) -> None:
            state.statement = state.statement.options(with_loader_criteria(Thing, Thing.flag == 1))

        for keys in ([(1,)], [(1,), (2,), (4,)]):
            for engine in (self.plain, self.engine):
                with self.subTest(keys=keys, engine=engine), Session(engine) as session:
                    expected = [
                        session.scalar(select(func.count()).where(Thing.shelf_id == shelf, Thing.flag == 1))
                        for (shelf,) in keys
                    ]
                    self.assertNotEqual(expected, self.counts(session, Shelf.things, keys))
                    event.listen(session, "do_orm_execute", only_flagged)
                    self.assertEqual(self.counts(session, Shelf.things, keys), expected)

    def test_rows_of_another_class_in_the_table_are_not_counted(self) -> None:
        self.by_sql = frozenset(["a condition that the session or the class adds"])
        for keys, expected in (([(1,)], [1]), ([(1,), (2,)], [1, 2])):
            for engine in (self.plain, self.engine):
                with self.subTest(keys=keys, engine=engine), Session(engine) as session:
                    self.assertEqual(self.counts(session, Shelf.dogs, keys), expected)

    def test_conditions_of_the_caller_are_no_additions(self) -> None:
        related = Related(Shelf.things.property, (), [and_(Thing.flag == 1, Thing.number > 0), true()])
        for keys in ([(1,)], [(1,), (2,)]):
            self.assertTrue(any(self.in_both(partial(count_rows, related=related, keys=keys))))
        self.assertEqual(self.handle.stats.answered, 2)

    def test_composite_keys_are_counted_by_kindred(self) -> None:
        keys = [(2020, 0), (2020, 1), (2021, 2)]
        related = Related(Order.lines.property, ())
        self.assertEqual(self.in_both(partial(count_rows, related=related, keys=keys)), [0, 3, 6])


class Instances(PerParentCase):
    def load(self, engine: Engine, session: Session) -> list[Any]:
        prop = Shelf.things.property
        related = Related(prop, order_of([Thing.number], prop.mapper), limit=3)
        return [row.instance for row in load_rows(session, related, [Wanted((1,))])[0]]

    def test_they_are_the_sessions_own_with_types_of_the_application(self) -> None:
        def values(session: Session) -> Any:
            things = self.load(self.engine, session)
            self.assertIs(things[0], session.get(Thing, things[0].id, options=[lazyload("*")]))
            names = [column.key for column in inspect(Thing).column_attrs]
            return [[getattr(thing, name) for name in names] for thing in things]

        self.assertIsInstance(self.in_both(values)[0][-1], Kind)

    def test_a_condition_that_the_session_adds_holds_within_each_page(self) -> None:
        self.by_sql = frozenset(["a condition that the session or the class adds"])

        def only_flagged(state: Any) -> None:
            state.statement = state.statement.options(with_loader_criteria(Thing, Thing.flag == 1))

        for engine in (self.plain, self.engine):
            with Session(engine) as session:
                event.listen(session, "do_orm_execute", only_flagged)
                found = self.load(engine, session)
                event.remove(session, "do_orm_execute", only_flagged)
                flagged = select(Thing).where(Thing.shelf_id == 1, Thing.flag == 1)
                expected = session.scalars(flagged.order_by(Thing.number, Thing.id).limit(3)).all()
                self.assertEqual(found, expected)

    def test_a_changed_attribute_is_not_overwritten(self) -> None:
        with Session(self.engine) as session, session.no_autoflush:
            thing = self.load(self.engine, session)[0]
            thing.name = "changed"
            self.assertIs(self.load(self.engine, session)[0], thing)
            self.assertEqual(thing.name, "changed")
            session.rollback()


if __name__ == "__main__":
    unittest.main()

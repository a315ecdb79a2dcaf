"""Every kind of relationship, loaded lazily and by selectinload, is answered with SQL's rows."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import Any, ClassVar

from fixture import PluggedCase
from models import (
    Author,
    Book,
    Event,
    Line,
    Novel,
    Order,
    Place,
    Profile,
    Reader,
    Shelf,
    Tag,
    book_readers,
    book_tags,
)
from sqlalchemy import event, select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import (
    Session,
    defer,
    immediateload,
    joinedload,
    load_only,
    raiseload,
    selectin_polymorphic,
    selectinload,
    subqueryload,
    with_loader_criteria,
)
from support import PrivateDaemon

from kindred_db import Client

# Of several reasons, the one that is met first is said.
MISSING = "the parent's row may be missing"
REFUSED = "no single value or list for id"


def ids(objects: Any) -> list[int]:
    return [one.id for one in objects]


class LazyLoads(PluggedCase):
    def test_one_to_many_in_its_order(self) -> None:
        found = self.compare(lambda s: [ids(a.books) for a in s.scalars(select(Author))], answered=3)
        self.assertEqual(found, [[8, 6, 4, 2], [7, 5, 3, 1], []])

    def test_many_to_one(self) -> None:
        self.compare(lambda s: s.get_one(Book, 1).author.name, answered=1)

    def test_many_to_one_without_a_value_asks_nobody(self) -> None:
        self.compare(lambda s: s.get_one(Shelf, 1).parent, answered=0)

    def test_one_to_one(self) -> None:
        look = lambda s: [a.profile and a.profile.text for a in s.scalars(select(Author))]  # noqa: E731
        self.assertEqual(self.compare(look, answered=3), ["one", "two", None])

    def test_many_to_many_both_ways(self) -> None:
        self.compare(lambda s: [ids(b.tags) for b in s.scalars(select(Book))], answered=8)
        self.compare(lambda s: [sorted(ids(t.books)) for t in s.scalars(select(Tag))], answered=3)

    def test_many_to_many_over_a_table_without_a_key(self) -> None:
        self.compare(lambda s: [sorted(ids(b.readers)) for b in s.scalars(select(Book))], answered=8)

    def test_a_tree(self) -> None:
        def look(session: Session) -> Any:
            return [(ids(x.children), x.parent and x.parent.id) for x in session.scalars(select(Shelf))]

        self.compare(look, answered=7)

    def test_a_key_of_two_parts(self) -> None:
        self.compare(lambda s: [ids(o.lines) for o in s.scalars(select(Order))], answered=3)
        self.compare(lambda s: s.get_one(Line, 1).order.number, answered=1)

    def test_a_join_with_a_constant(self) -> None:
        self.compare(lambda s: [sorted(ids(a.open_books)) for a in s.scalars(select(Author))], answered=3)

    def test_text_that_the_collation_finds_equal(self) -> None:
        self.assertEqual(self.compare(lambda s: ids(s.get_one(Place, "Bob").events), answered=1), [1, 2, 3])
        self.compare(lambda s: s.get_one(Event, 3).place.name, answered=1)

    def test_single_table_inheritance(self) -> None:
        look = lambda s: [(type(b).__name__, b.id) for b in s.get_one(Author, 1).books]  # noqa: E731
        self.assertIn(("Novel", 6), self.compare(look, answered=1))

    def test_criteria_for_every_load_of_a_class(self) -> None:
        def look(session: Session) -> list[int]:
            criteria = with_loader_criteria(Book, Book.is_lent == 0)
            return ids(session.scalars(select(Author).where(Author.id == 1).options(criteria)).one().books)

        self.assertEqual(self.compare(look, answered=1), [6, 2])

    def test_a_comparison_in_criteria(self) -> None:
        def look(session: Session) -> list[int]:
            criteria = with_loader_criteria(Book, Book.id > 4)
            return ids(session.scalars(select(Author).where(Author.id == 1).options(criteria)).one().books)

        self.assertEqual(self.compare(look, answered=1), [8, 6])

    def test_raiseload_still_raises(self) -> None:
        with Session(self.engine) as session, self.assertRaises(InvalidRequestError):
            _ = (
                session.scalars(select(Author).where(Author.id == 1).options(raiseload(Author.books)))
                .one()
                .books
            )


class SelectinLoads(PluggedCase):
    def both(self, statement: Any, read: Callable[[Any], object], answered: int) -> object:
        return self.compare(lambda s: [read(x) for x in s.scalars(statement)], answered)

    def test_one_to_many(self) -> None:
        found = self.both(select(Author).options(selectinload(Author.books)), lambda a: ids(a.books), 1)
        self.assertEqual(found, [[8, 6, 4, 2], [7, 5, 3, 1], []])

    def test_many_to_one(self) -> None:
        self.both(select(Book).options(selectinload(Book.author)), lambda b: b.author.name, 1)

    def test_many_to_one_whose_foreign_key_is_not_loaded(self) -> None:
        statement = select(Book).options(defer(Book.author_id), selectinload(Book.author))
        self.both(statement, lambda b: b.author.name, 1)

    def test_one_to_one(self) -> None:
        self.both(
            select(Author).options(selectinload(Author.profile)), lambda a: a.profile and a.profile.id, 1
        )

    def test_many_to_many(self) -> None:
        self.both(select(Book).options(selectinload(Book.tags)), lambda b: ids(b.tags), 1)

    def test_a_tree(self) -> None:
        self.both(select(Shelf).options(selectinload(Shelf.children)), lambda x: ids(x.children), 1)
        self.both(select(Shelf).options(selectinload(Shelf.parent)), lambda x: x.parent and x.parent.id, 1)

    def test_a_key_of_two_parts(self) -> None:
        self.both(select(Order).options(selectinload(Order.lines)), lambda o: ids(o.lines), 1)
        self.both(select(Line).options(selectinload(Line.order)), lambda x: (x.order.year, x.order.number), 1)

    def test_nested(self) -> None:
        statement = select(Author).options(selectinload(Author.books).selectinload(Book.tags))
        self.both(statement, lambda a: [ids(b.tags) for b in a.books], 2)

    def test_of_type_and_conditions(self) -> None:
        statement = select(Author).options(selectinload(Author.books.of_type(Novel)))
        self.both(statement, lambda a: ids(a.books), 1)
        statement = select(Author).options(selectinload(Author.books.and_(Book.title == "book 2")))
        self.both(statement, lambda a: ids(a.books), 1)

    def test_some_columns(self) -> None:
        statement = select(Author).options(selectinload(Author.books).load_only(Book.title))
        self.both(statement, lambda a: [b.title for b in a.books], 1)

    def test_immediateload(self) -> None:
        self.both(select(Profile).options(immediateload(Profile.author)), lambda p: p.author.name, 2)

    def test_polymorphic_columns(self) -> None:
        statement = select(Book).options(selectin_polymorphic(Book, [Novel]), load_only(Book.title))
        self.both(statement, lambda b: b.title, 0)


class TextKeys(PluggedCase):
    def test_selectinload_compares_in_python_as_ever(self) -> None:
        def look(session: Session) -> dict[str, list[int]]:
            places = session.scalars(select(Place).options(selectinload(Place.events))).all()
            return {place.name: ids(place.events) for place in places}

        self.assertEqual(self.compare(look, answered=1), {"Ann": [], "Bob": [1]})

    def test_a_row_has_its_own_values(self) -> None:
        names: list[str] = []
        listener = ("load", lambda loaded, context: names.append(loaded.place_name))
        event.listen(Event, *listener)
        self.addCleanup(event.remove, Event, *listener)

        def look(session: Session) -> list[str]:
            names.clear()
            session.scalars(select(Place).options(selectinload(Place.events))).all()
            return sorted(names)

        self.assertEqual(self.compare(look, answered=1), ["BOB", "Bob", "bob"])

    def test_a_row_keeps_its_own_primary_key(self) -> None:
        with Session(self.engine) as session, self.expect(answered=1):
            events = session.scalars(select(Event).options(selectinload(Event.place))).all()
            self.assertEqual([one.place and one.place.name for one in events], ["Bob", None, None])
            self.assertEqual([p.name for p in session.identity_map.values() if isinstance(p, Place)], ["Bob"])


class LeftToSQL(PluggedCase):
    """What kindred has no words for gives the same rows, and says why in `handle.why`."""

    def check(self, statement: Any, read: Callable[[Any], object], reason: str) -> None:
        self.compare(lambda s: [read(x) for x in s.scalars(statement).unique()], 0, refused=reason)

    def test_an_outer_join_inside(self) -> None:
        statement = select(Author).options(selectinload(Author.books).joinedload(Book.author))
        self.check(statement, lambda a: [b.author.name for b in a.books], "outer join")

    def test_a_subquery(self) -> None:
        statement = select(Author).options(subqueryload(Author.books))
        self.check(statement, lambda a: ids(a.books), "a Subquery")

    def test_joinedload_is_no_load_of_its_own(self) -> None:
        with Session(self.engine) as session:
            session.scalars(select(Author).options(joinedload(Author.books))).unique().all()
        self.assertEqual(self.handle.stats.loads, 0)


class OtherSelects(PluggedCase):
    options: ClassVar = {**PluggedCase.options, "mode": "all"}

    def test_get_and_refresh(self) -> None:
        def look(session: Session) -> str:
            author = session.get_one(Author, 1)
            session.expire(author)
            return str(author.name)

        self.compare(look, answered=2)

    def test_a_list_that_the_application_writes(self) -> None:
        statement = select(Book).where(Book.author_id.in_([1, 1, 2]))
        look = lambda s: sorted(ids(s.scalars(statement)))  # noqa: E731
        self.assertEqual(self.compare(look, answered=1), [1, 2, 3, 4, 5, 6, 7, 8])

    def test_rows_that_a_join_with_their_parents_repeats_are_left_to_sql(self) -> None:
        joined = select(Author.id, Author.name).join(Book, Book.author_id == Author.id)
        for statement in (
            joined.where(Book.author_id == 1),
            joined.where(Book.author_id.in_([1])),
        ):
            with self.subTest(str(statement)):
                look = lambda s, statement=statement: sorted(map(tuple, s.execute(statement)))  # noqa: E731
                self.assertEqual(self.compare(look, 0, refused=REFUSED), [(1, "author 1")] * 4)

    def test_a_join_with_a_parent_that_may_be_missing_is_left_to_sql(self) -> None:
        joined = select(Author.name).join(Profile, Profile.author_id == Author.id)
        look = lambda s: s.scalars(joined.where(Profile.author_id == 1)).all()  # noqa: E731
        self.assertEqual(self.compare(look, 0, refused=MISSING), ["author 1"])

    def test_parents_that_are_missing_have_no_rows(self) -> None:
        self.library.database.sql(
            "SET foreign_key_checks = 0; INSERT INTO books VALUES (500, 77, 'orphan', 'book', 0)", "lending"
        )
        self.addCleanup(self.library.database.sql, "DELETE FROM books WHERE id = 500", "lending")
        statement = select(Book).join(Book.author).where(Author.id == 77)
        self.assertEqual(self.compare(lambda s: s.scalars(statement).all(), 0, refused=MISSING), [])

    def test_a_text_key_of_another_table_is_left_to_sql(self) -> None:
        statement = select(Place.name, Event.id).join(Place.events).where(Place.name == "BOB", Event.id == 1)
        look = lambda s: list(map(tuple, s.execute(statement)))  # noqa: E731
        self.assertEqual(self.compare(look, 0, refused=MISSING), [("Bob", 1)])

    def test_the_number_of_rows(self) -> None:
        self.handle.detach()
        self.handle = self.attach(verify=0.0)
        table = Book.__table__
        statement = select(table.c.id).where(table.c.author_id == 1)
        self.assertEqual(self.compare(lambda s: s.execute(statement).rowcount, answered=1), 4)

    def test_one_row_over_a_table_that_may_repeat_it_is_left_to_sql(self) -> None:
        settings = (
            '[relationships."books.reader"]\nfrom = "books.id"\nto = "readers.id"\nkind = "one"\n'
            'through = { table = "book_readers", from = "book_id", to = "reader_id" }\n'
        )
        self.handle.detach()
        with (
            PrivateDaemon(self.library.database, "lending", settings=settings) as daemon,
            Client(daemon.socket, timeout=5.0) as self.client,
        ):
            self.handle = self.attach()
            statement = select(Reader).join(book_readers).where(book_readers.c.book_id == 2)
            look = lambda s: sorted(ids(s.scalars(statement)))  # noqa: E731
            self.assertEqual(self.compare(look, 0, refused=REFUSED), [1, 2])

    def test_an_order_over_several_keys_is_left_to_sql(self) -> None:
        with Session(self.engine) as session, self.expect(0, "ORDER BY over the rows of several keys"):
            session.scalars(select(Book).where(Book.author_id.in_([1, 2])).order_by(Book.title)).all()

    def test_a_list_of_texts_is_left_to_sql(self) -> None:
        reason = "a list of texts, of which a collation may find two equal"
        with Session(self.engine) as session, self.expect(0, reason):
            found = session.scalars(select(Event).where(Event.place_name.in_(["bob", "BOB"]))).all()
            self.assertEqual(len(found), 3)

    def test_another_join_of_the_same_tables_is_left_to_sql(self) -> None:
        statement = (
            select(Book).join(book_tags, book_tags.c.tag_id == Book.id).where(book_tags.c.book_id == 3)
        )
        look = lambda s: sorted(ids(s.scalars(statement)))  # noqa: E731
        found = self.compare(look, 0, refused="the tables are joined in another way")
        self.assertEqual(found, [1, 2, 3])

    def test_comparisons_are_those_of_sql(self) -> None:
        """NULL is neither equal nor unequal to anything, neither less nor greater."""
        self.addCleanup(
            self.library.database.sql, "UPDATE books SET title = 'book 2' WHERE id = 2", "lending"
        )
        self.library.database.sql("UPDATE books SET title = NULL WHERE id = 2", "lending")
        title = Book.title
        for condition in (
            title != "book 4", title > "book 4", title >= "book 4", title < "book 4", title <= "book 4",
            title.is_(None), title.is_not(None), title.in_(["book 4", "book 6"]), title == "BOOK 4 ",
        ):  # fmt: skip
            with self.subTest(condition=str(condition)):
                statement = select(Book).where(Book.author_id == 1, condition)
                look = lambda s, statement=statement: sorted(ids(s.scalars(statement)))  # noqa: E731
                self.compare(look, answered=1)

    def test_null_in_a_list_equals_nothing(self) -> None:
        statement = select(Book).where(Book.author_id == 1, Book.title.in_(["book 2", None]))
        look = lambda s: ids(s.scalars(statement))  # noqa: E731
        self.assertEqual(self.compare(look, 0, refused="a comparison with NULL"), [2])

    def test_a_core_select(self) -> None:
        def look(session: Session) -> list[tuple[object, ...]]:
            table = Book.__table__
            found = session.execute(select(table.c.title, table.c.id).where(table.c.author_id == 2))
            return sorted(tuple(row) for row in found)

        self.compare(look, answered=1)


if __name__ == "__main__":
    unittest.main()

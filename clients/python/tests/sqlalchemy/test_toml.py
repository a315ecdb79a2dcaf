"""Relationships of models as configuration of the daemon."""

from __future__ import annotations

import unittest

from fixture import PluggedCase
from models import Base
from sqlalchemy import Integer
from sqlalchemy.orm import DeclarativeBase, foreign, mapped_column, relationship
from support import PrivateDaemon

from kindred_db import Client
from kindred_db.sqlalchemy import toml

LEFT_OUT = """\
[relationships."books.readers"]
from = "books.id"
to = "readers.id"
through = { table = "book_readers", from = "book_id", to = "reader_id" }
kind = "many"
"""


class Text(unittest.TestCase):
    def test_an_association_without_a_primary_key(self) -> None:
        text = toml(Base.metadata)
        self.assertIn(LEFT_OUT, text)
        self.assertNotIn("books.tags", text)
        self.assertEqual(text, toml(Base.registry))

    def test_a_join_without_a_foreign_key(self) -> None:
        class Other(DeclarativeBase):
            pass

        class Parent(Other):
            __tablename__ = "parents"
            id = mapped_column(Integer, primary_key=True)

        class Child(Other):
            __tablename__ = "children"
            id = mapped_column(Integer, primary_key=True)
            parent_id = mapped_column(Integer)
            parent = relationship(Parent, primaryjoin=Parent.id == foreign(parent_id))

        self.assertEqual(
            toml(Other),
            '[relationships."children.parent"]\nfrom = "children.parent_id"\nto = "parents.id"\n'
            'kind = "one"\n',
        )
        self.assertEqual(toml(Other.metadata), "")

    def test_what_is_nothing_of_sqlalchemy(self) -> None:
        with self.assertRaisesRegex(TypeError, "source: must be a MetaData"):
            toml("authors")


class WithADaemon(PluggedCase):
    def test_the_daemon_takes_all_of_it(self) -> None:
        settings = "[catalog]\ndiscover = false\n" + toml(Base, everything=True)
        with PrivateDaemon(self.library.database, "lending", settings=settings) as daemon:
            names = {found["name"] for found in daemon.ask(op="describe")["relationships"]}
        self.assertLessEqual({"authors.books", "books.author", "books.tags", "orders.order_lines"}, names)

    def test_what_the_daemon_has_is_left_out(self) -> None:
        self.assertEqual(toml(Base, self.client), "")
        with PrivateDaemon(self.library.database, "lending") as daemon, Client(daemon.socket) as client:
            self.assertIn(LEFT_OUT, toml(Base, client))


if __name__ == "__main__":
    unittest.main()

"""The models of these tests: a library, with every kind of relationship that SQLAlchemy has."""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Integer, String, Table, and_, false
from sqlalchemy.orm import DeclarativeBase, backref, foreign, mapped_column, relationship


class Base(DeclarativeBase):
    pass


book_tags = Table(
    "book_tags",
    Base.metadata,
    Column("book_id", ForeignKey("books.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
)

# Without a primary key, which the daemon does not discover.
book_readers = Table(
    "book_readers",
    Base.metadata,
    Column("book_id", ForeignKey("books.id")),
    Column("reader_id", ForeignKey("readers.id")),
)


class Author(Base):
    __tablename__ = "authors"
    id = mapped_column(Integer, primary_key=True)
    name = mapped_column(String(50))
    books = relationship("Book", back_populates="author", order_by="Book.id.desc()")
    open_books = relationship(
        "Book",
        primaryjoin=lambda: and_(foreign(Book.author_id) == Author.id, Book.is_lent == false()),
        viewonly=True,
    )
    profile = relationship("Profile", back_populates="author", uselist=False)


class Profile(Base):
    __tablename__ = "profiles"
    id = mapped_column(Integer, primary_key=True)
    author_id = mapped_column(ForeignKey("authors.id"), unique=True)
    text = mapped_column(String(50))
    author = relationship(Author, back_populates="profile")


class Book(Base):
    __tablename__ = "books"
    id = mapped_column(Integer, primary_key=True)
    author_id = mapped_column(ForeignKey("authors.id"))
    title = mapped_column(String(50))
    kind = mapped_column(String(10))
    is_lent = mapped_column(Integer, default=0)
    author = relationship(Author, back_populates="books")
    tags = relationship("Tag", secondary=book_tags, back_populates="books", order_by="Tag.id")
    readers = relationship("Reader", secondary=book_readers)
    __mapper_args__: ClassVar = {"polymorphic_on": "kind", "polymorphic_identity": "book"}


class Novel(Book):
    __mapper_args__: ClassVar = {"polymorphic_identity": "novel"}


class Tag(Base):
    __tablename__ = "tags"
    id = mapped_column(Integer, primary_key=True)
    name = mapped_column(String(50))
    books = relationship(Book, secondary=book_tags, back_populates="tags")


class Reader(Base):
    __tablename__ = "readers"
    id = mapped_column(Integer, primary_key=True)
    name = mapped_column(String(50))


class Shelf(Base):
    """A tree."""

    __tablename__ = "shelves"
    id = mapped_column(Integer, primary_key=True)
    parent_id = mapped_column(ForeignKey("shelves.id"))
    children = relationship("Shelf", backref=backref("parent", remote_side=[id]), order_by="Shelf.id")


class Order(Base):
    """Its primary key has two parts."""

    __tablename__ = "orders"
    year = mapped_column(Integer, primary_key=True)
    number = mapped_column(Integer, primary_key=True)
    lines = relationship("Line", back_populates="order", order_by="Line.id")


class Line(Base):
    __tablename__ = "order_lines"
    id = mapped_column(Integer, primary_key=True)
    year = mapped_column(Integer)
    number = mapped_column(Integer)
    order = relationship(Order, back_populates="lines")
    __table_args__ = (ForeignKeyConstraint(["year", "number"], ["orders.year", "orders.number"]),)


class Place(Base):
    """Its key is text in a collation that does not tell capitals from small letters."""

    __tablename__ = "places"
    name = mapped_column(String(20), primary_key=True)
    events = relationship("Event", back_populates="place", order_by="Event.id")


class Event(Base):
    __tablename__ = "events"
    id = mapped_column(Integer, primary_key=True)
    place_name = mapped_column(ForeignKey("places.name"))
    place = relationship(Place, back_populates="events")


def rows() -> list[Base]:
    """What is in the database: three authors, the last without books."""
    tags = [Tag(id=number, name=f"tag {number}") for number in (1, 2, 3)]
    readers = [Reader(id=number, name=f"reader {number}") for number in (1, 2)]
    authors = [Author(id=number, name=f"author {number}") for number in (1, 2, 3)]
    books: list[Book] = []
    for number in range(1, 9):
        make = Novel if number % 3 == 0 else Book
        books.append(
            make(
                id=number,
                author_id=number % 2 + 1,
                title=f"book {number}",
                is_lent=number % 4 == 0,
                tags=tags[: number % 4],
                readers=readers[: number % 3],
            )
        )
    shelves = [Shelf(id=1), *(Shelf(id=number, parent_id=number // 2) for number in range(2, 8))]
    orders = [Order(year=2025, number=1), Order(year=2025, number=2), Order(year=2026, number=1)]
    lines = [
        Line(id=number, year=2025 + number // 4, number=1 + number % 2 * (number < 4)) for number in range(6)
    ]
    for line in lines:
        line.id += 1
    places = [Place(name="Bob"), Place(name="Ann")]
    events = [Event(id=1, place_name="Bob"), Event(id=2, place_name="bob"), Event(id=3, place_name="BOB")]
    profiles = [Profile(id=1, author_id=1, text="one"), Profile(id=2, author_id=2, text="two")]
    return [*tags, *readers, *authors, *books, *shelves, *orders, *lines, *places, *events, *profiles]

"""Models of the bookshop: to-many and to-one relationships, a join table, one table that refers to itself,
and conditions and orders of the relationship's own."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Date, ForeignKey, Integer, Numeric, String, Table, Text
from sqlalchemy.orm import DeclarativeBase, mapped_column, relationship


class Base(DeclarativeBase):
    pass


book_tags = Table(
    "book_tags",
    Base.metadata,
    Column("book_id", ForeignKey("books.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
)


class Author(Base):
    __tablename__ = "authors"
    id = mapped_column(Integer, primary_key=True)
    name = mapped_column(String(80), nullable=False)
    country = mapped_column(String(2), nullable=False)
    born = mapped_column(Date)
    books = relationship("Book", back_populates="author", order_by="Book.id")
    bestsellers = relationship(
        "Book",
        primaryjoin="and_(Author.id == Book.author_id, Book.sold >= 3000)",
        order_by="Book.sold.desc()",
        viewonly=True,
    )


class Book(Base):
    __tablename__ = "books"
    id = mapped_column(Integer, primary_key=True)
    author_id = mapped_column(ForeignKey("authors.id"), nullable=False)
    title = mapped_column(String(120), nullable=False)
    price = mapped_column(Numeric(8, 2), nullable=False)
    published = mapped_column(Date)
    sold = mapped_column(Integer, nullable=False)
    isbn = mapped_column(String(13), nullable=False)
    author = relationship(Author, back_populates="books")
    tags = relationship("Tag", secondary=book_tags, back_populates="books", order_by="Tag.name")
    reviews = relationship("Review", back_populates="book")


class Tag(Base):
    __tablename__ = "tags"
    id = mapped_column(Integer, primary_key=True)
    name = mapped_column(String(40), nullable=False)
    books = relationship(Book, secondary=book_tags, back_populates="tags")


class Review(Base):
    __tablename__ = "reviews"
    id = mapped_column(BigInteger, primary_key=True)
    book_id = mapped_column(ForeignKey("books.id"), nullable=False)
    customer_email = mapped_column(String(120), nullable=False)
    reply_to_id = mapped_column(ForeignKey("reviews.id"))
    stars = mapped_column(Integer)
    body = mapped_column(Text, nullable=False)
    details = mapped_column(JSON)
    book = relationship(Book, back_populates="reviews")
    replies = relationship("Review", back_populates="reply_to")
    reply_to = relationship("Review", back_populates="replies", remote_side=[id])

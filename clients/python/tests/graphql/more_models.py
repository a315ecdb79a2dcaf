"""Models with columns of every kind that can be sorted, and with composite keys."""

from __future__ import annotations

import enum
import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Enum, Float, ForeignKey, ForeignKeyConstraint, Integer, Numeric, String, Time
from sqlalchemy.dialects.mysql import DATETIME, DOUBLE, SET, TIME, TIMESTAMP, VARBINARY
from sqlalchemy.orm import DeclarativeBase, mapped_column, relationship
from sqlalchemy.types import Date, TypeDecorator


class Base(DeclarativeBase):
    pass


class Kind(enum.Enum):
    zebra = 1
    apple = 2
    mouse = 3


class Reversed(TypeDecorator[str]):
    """A type of the application's: texts are stored backwards."""

    impl = String(20)
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return value and value[::-1]

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return value and value[::-1]


class Size(TypeDecorator[str]):
    """An ENUM behind a type of the application's."""

    impl = Enum("small", "large", "huge")
    cache_ok = True


class Weight(TypeDecorator[float]):
    """A FLOAT behind a type of the application's."""

    impl = Float
    cache_ok = True


class Shelf(Base):
    __tablename__ = "shelves"
    id = mapped_column(Integer, primary_key=True)
    things = relationship("Thing", order_by="Thing.id")
    dogs = relationship("Dog", order_by="Dog.id")


class Thing(Base):
    __tablename__ = "things"
    id = mapped_column(Integer, primary_key=True)
    shelf_id = mapped_column(ForeignKey("shelves.id"))
    number = mapped_column(Integer)
    price = mapped_column(Numeric(20, 6))
    ratio = mapped_column(Float)
    exact = mapped_column(DOUBLE)
    day = mapped_column(Date)
    moment = mapped_column(DATETIME(fsp=3))
    stamp = mapped_column(TIMESTAMP(fsp=1), nullable=True)
    length = mapped_column(Time().with_variant(TIME(fsp=2), "mysql", "mariadb"))
    name = mapped_column(Reversed)
    code = mapped_column(VARBINARY(8))
    flag = mapped_column(Integer)
    colours = mapped_column(SET("red", "green", "blue"))
    size = mapped_column(Size)
    weight = mapped_column(Weight)
    kind = mapped_column(Enum(Kind))


class Pet(Base):
    """Two classes in one table."""

    __tablename__ = "pets"
    id = mapped_column(Integer, primary_key=True)
    shelf_id = mapped_column(ForeignKey("shelves.id"))
    species = mapped_column(String(10))
    __mapper_args__ = {"polymorphic_on": "species", "polymorphic_identity": "pet"}  # noqa: RUF012


class Dog(Pet):
    __mapper_args__ = {"polymorphic_identity": "dog"}  # noqa: RUF012


class Order(Base):
    __tablename__ = "orders"
    year = mapped_column(Integer, primary_key=True)
    number = mapped_column(Integer, primary_key=True)
    lines = relationship("OrderLine")


class OrderLine(Base):
    __tablename__ = "order_lines"
    __table_args__ = (ForeignKeyConstraint(["order_year", "order_number"], ["orders.year", "orders.number"]),)
    order_year = mapped_column(Integer, primary_key=True)
    order_number = mapped_column(Integer, primary_key=True)
    line = mapped_column(Integer, primary_key=True)


def rows(seed: int = 1) -> list[Any]:
    """Shelves of things whose values are NULL here and there, and often equal."""
    dice = random.Random(seed)

    def some(value: Any) -> Any:
        return None if dice.random() < 0.15 else value

    def thing(number: int) -> Thing:
        return Thing(
            shelf_id=dice.randint(1, 3),
            number=some(dice.randint(-3, 3)),
            price=some(Decimal(dice.randint(-3, 3)) / 3),
            ratio=some(dice.choice([0.1, 1 / 3, 1.2345678, 16777217.0, -2.5])),
            exact=some(dice.choice([0.1, 1 / 3, 1e300, -2.5])),
            day=some(date(2026, 1, dice.randint(1, 5))),
            moment=some(datetime(2026, 1, 1, 8, 0, 0, 1000 * dice.randint(0, 4))),
            stamp=some(datetime(2026, 1, 1, 8, 0, 0, 100_000 * dice.randint(0, 4))),
            length=some(timedelta(hours=dice.randint(-30, 30), microseconds=10_000 * dice.randint(0, 99))),
            name=some(dice.choice(["Bob", "bob", "Émile", "emile", "zoë", ""])),
            code=some(bytes(dice.choices([0, 39, 92, 200, 255], k=dice.randint(0, 3)))),
            flag=dice.randint(0, 1),
            kind=some(dice.choice(list(Kind))),
            colours=some(dice.choice([{"red"}, {"green"}, {"blue"}, {"red", "blue"}])),
            size=some(dice.choice(["small", "large", "huge"])),
            weight=some(dice.choice([0.1, 1 / 3, 1.2345678, -2.5])),
        )

    orders = [Order(year=2020 + year, number=number) for year in range(2) for number in range(3)]
    lines = [
        OrderLine(order_year=order.year, order_number=order.number, line=line)
        for order in orders
        for line in range(order.number * 3)
    ]
    shelves = [Shelf(id=number) for number in range(1, 5)]
    pets = [made(shelf_id=1 + place % 2) for place, made in enumerate([Pet, Dog, Dog, Dog, Pet, Pet])]
    return [*shelves, *map(thing, range(36)), *pets, *orders, *lines]

"""Every type of column comes out as the driver gives it, and goes in as a key."""

from __future__ import annotations

import datetime
import decimal
import enum
import json
import unittest
import uuid
from typing import Any, ClassVar

from fixture import PluggedCase, library
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Enum,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PickleType,
    String,
    Table,
    Text,
    TypeDecorator,
    Uuid,
    select,
    text,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Session
from support import PrivateDaemon

from kindred_db import Client
from kindred_db.sqlalchemy import values
from kindred_db.sqlalchemy.reasons import NotAnswered


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Reversed(TypeDecorator[str]):
    """Kept backwards in the database."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return None if value is None else value[::-1]

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return None if value is None else value[::-1]


UUID = uuid.UUID("12345678-1234-5678-1234-567812345678")
MOMENT = datetime.datetime(2026, 2, 28, 23, 59, 58, 123456)
#: For each type, values of it; NULL is tried with all of them.
SHOWN: dict[Any, list[Any]] = {
    Integer(): [0, -1, 2**31 - 1],
    BigInteger(): [2**63 - 1, -(2**63)],
    mysql.BIGINT(unsigned=True): [2**64 - 1],
    Boolean(): [True, False],
    mysql.TINYINT(): [-128, 127],
    mysql.YEAR(): [1901, 2155],
    Numeric(10, 2): [decimal.Decimal("1.50"), decimal.Decimal("-12345678.99")],
    Numeric(10, 2, asdecimal=False): [1.5],
    mysql.DECIMAL(65, 30): [decimal.Decimal("1." + "1" * 30)],
    mysql.DOUBLE(asdecimal=False): [0.0, 1.0, 0.1, 1e300, -1.2345678901234567],
    mysql.FLOAT(): [1.2345678, 16777216.0, 1e-10, 3.0e38, 0.5],
    mysql.FLOAT(9, 3): [16777.216, 0.1],
    Date(): [datetime.date(1, 1, 1), datetime.date(9999, 12, 31)],
    DateTime(): [datetime.datetime(2026, 2, 28, 1, 2, 3)],
    mysql.DATETIME(fsp=6): [MOMENT],
    mysql.DATETIME(fsp=3): [MOMENT.replace(microsecond=120000)],
    mysql.TIMESTAMP(fsp=2): [MOMENT.replace(microsecond=120000)],
    mysql.TIME(fsp=3): [datetime.time(1, 2, 3, 4000)],
    String(50): ["", "Grüße", "\u2028", "emoji 🎈", 'a"b\\c\n'],
    mysql.VARCHAR(50, collation="utf8mb4_bin"): ["Bob", "bob "],
    mysql.CHAR(5): ["ab"],
    Text(): ["long " * 1000],
    mysql.ENUM("a", "b"): ["a"],
    mysql.SET("a", "b"): [{"a", "b"}, set()],
    Enum(Colour): [Colour.BLUE],
    Reversed(50): ["reversed"],
    Uuid(): [UUID],
    Uuid(as_uuid=False): [str(UUID)],
    LargeBinary(): [b"", b"\x00\xff\n"],
    mysql.BINARY(4): [b"ab\x00\x00"],
    mysql.VARBINARY(10): [b"\xfe"],
    PickleType(): [{"a": [1, 2]}],
    JSON(): [{"a": [1, 2.5, None, "ü", {"b": True}]}, [], 12345678901234567890, "text"],
    mysql.BIT(9): [b"\x01\x02"],
}


class Shown(PluggedCase):
    """Each type is a column of a table of its own."""

    tables: ClassVar[list[tuple[Table, list[Any]]]] = []
    daemon: ClassVar[PrivateDaemon]

    @classmethod
    def setUpClass(cls) -> None:
        metadata = MetaData()
        Table("parents", metadata, Column("id", Integer, primary_key=True))
        for number, (type_, given) in enumerate(SHOWN.items()):
            columns = [Column("id", Integer, primary_key=True), Column("parent_id", ForeignKey("parents.id"))]
            cls.tables.append((Table(f"type_{number}", metadata, *columns, Column("value", type_)), given))
        library().database.sql("CREATE DATABASE IF NOT EXISTS types CHARACTER SET utf8mb4")
        engine = library().engine("types")
        metadata.create_all(engine)
        with engine.begin() as connection:
            connection.execute(metadata.tables["parents"].insert(), [{"id": 1}, {"id": 2}])
            connection.execute(text("SET time_zone = '+00:00'"))
            for table, given in cls.tables:
                for number, value in enumerate([None, *given], start=1):
                    row = {"id": number, "parent_id": number % 2 + 1, "value": value}
                    connection.execute(table.insert(), row)
        engine.dispose()
        cls.daemon = PrivateDaemon(library().database, "types")
        cls.addClassCleanup(cls.daemon.close)

    def setUp(self) -> None:
        super().setUp()
        self.handle.detach()
        self.engine = self.library.engine("types", connect_args={"init_command": "SET time_zone = '+00:00'"})
        self.addCleanup(self.engine.dispose)
        self.client = Client(self.daemon.socket, timeout=5.0)
        self.addCleanup(self.client.close)
        self.handle = self.attach(mode="all")

    def test_every_type_comes_as_from_the_driver(self) -> None:
        for table, _ in self.tables:
            type_ = table.c.value.type
            with self.subTest(type_=repr(type_)):
                statement = select(table).where(table.c.parent_id.in_([1, 2]))
                look = lambda s, statement=statement: sorted(map(repr, s.execute(statement)))  # noqa: E731
                self.compare(look, answered=1)

    def test_every_type_is_a_filter(self) -> None:
        """Or is left to SQL: what counts is that the rows are SQL's."""
        for table, given in self.tables:
            for value in given:
                name = repr(table.c.value.type)
                with self.subTest(type_=name, value=value), Session(self.engine) as session:
                    statement = select(table).where(table.c.parent_id == 1, table.c.value == value)
                    with self.handle.bypass():
                        plain = session.execute(statement).all()
                    self.assertEqual(list(map(repr, session.execute(statement))), list(map(repr, plain)))
        stats = self.handle.stats
        self.assertEqual(stats.failed, 0, self.handle.why)
        self.assertGreater(stats.answered, stats.not_understood * 2, self.handle.why)

    def test_json_that_the_model_takes_as_text_is_left_to_sql(self) -> None:
        number = next(n for n, (table, _) in enumerate(self.tables) if isinstance(table.c.value.type, JSON))
        columns = [Column("id", Integer), Column("parent_id", Integer), Column("value", Text)]
        table = Table(f"type_{number}", MetaData(), *columns)
        with Session(self.engine) as session, self.expect(0, "a JSON column that the model reads as text"):
            session.execute(select(table).where(table.c.parent_id == 1)).all()

    def test_a_date_of_zeros_is_left_to_sql(self) -> None:
        number = next(n for n, (table, _) in enumerate(self.tables) if isinstance(table.c.value.type, Date))
        table = self.tables[number][0]
        self.library.database.sql(
            f"SET sql_mode = ''; REPLACE INTO {table.name} VALUES (99, 1, '0000-00-00')", "types"
        )
        self.addCleanup(self.library.database.sql, f"DELETE FROM {table.name} WHERE id = 99", "types")
        statement = select(table.c.id).add_columns(table.c.value).where(table.c.parent_id == 1)
        with self.engine.connect() as connection, self.expect(0, "the date 0000-00-00"):
            try:
                connection.execute(statement).all()
            except ValueError:
                self.fail("the driver's own answer must come through")


class Forms(unittest.TestCase):
    def test_what_is_no_value_of_the_column_is_no_key(self) -> None:
        for value, type_ in (
            ("1abc", "int(11)"), (1.5, "int(11)"), ("042", "int(11)"), (1, "varchar(10)"),
            (b"x", "varchar(10)"),
            ("x", "blob"), (1.5, "decimal(10,2)"), (1.5, "float"), (MOMENT, "datetime"), (MOMENT, "date"),
            (MOMENT.replace(tzinfo=datetime.timezone.utc), "datetime(6)"), ("x", "json"), ("x", "point"),
            (float("nan"), "double"), (decimal.Decimal("NaN"), "decimal(10,2)"), (1, "vector(3)"),
        ):  # fmt: skip
            with self.subTest(value=value, type_=type_), self.assertRaises(NotAnswered):
                values.to_wire(value, type_)

    def test_there_and_back(self) -> None:
        for value, type_ in (
            (True, "tinyint(1)"), ("-42", "bigint(20)"), (decimal.Decimal("1E+3"), "decimal(10,2)"),
            (datetime.timedelta(hours=-838, microseconds=-500000), "time(1)"), (MOMENT, "datetime(6)"),
            (MOMENT, "timestamp(6)"), (b"\x00\xff", "varbinary(5)"), (datetime.date(2026, 1, 1), "date"),
        ):  # fmt: skip
            with self.subTest(value=value, type_=type_):
                form = json.loads(json.dumps(values.to_wire(value, type_)))
                self.assertEqual(
                    values.reader(type_)(form), int(value) if type_[:3] in ("tin", "big") else value
                )


if __name__ == "__main__":
    unittest.main()

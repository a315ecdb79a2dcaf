"""Python's values find the rows that the database finds for them, type by type."""

from __future__ import annotations

import datetime
import enum
import unittest
import uuid
from decimal import Decimal
from typing import Any

from support import PrivateDaemon, bookshop

from kindred_db import BadValue, Client


class Label(enum.Enum):
    NEW = "new"


ZONE = datetime.timezone(datetime.timedelta(hours=-5))

# Column → its type, the value in SQL, and the value in Python.
COLUMNS: dict[str, tuple[str, str, Any]] = {
    "flag": ("TINYINT(1)", "1", True),
    "big": ("BIGINT UNSIGNED", "18446744073709551615", 2**64 - 1),
    "price": ("DECIMAL(30,4)", "12345678901234567890.1200", Decimal("12345678901234567890.12")),
    "ratio": ("DOUBLE", "0.1", 0.1),
    "day": ("DATE", "'2026-11-22'", datetime.date(2026, 11, 22)),
    "moment": (
        "DATETIME(3)",
        "'2026-11-22 10:39:00.120'",
        datetime.datetime(2026, 11, 22, 10, 39, 0, 120000),
    ),
    "full": ("DATETIME(6)", "'2026-11-22 10:39:00.000001'", datetime.datetime(2026, 11, 22, 10, 39, 0, 1)),
    "whole": ("DATETIME", "'2026-11-22 10:39:00'", datetime.datetime(2026, 11, 22, 10, 39)),
    "stamp": ("TIMESTAMP", "'2026-11-22 10:39:00'", datetime.datetime(2026, 11, 22, 5, 39, tzinfo=ZONE)),
    "clock": ("TIME(2)", "'08:05:01.50'", datetime.time(8, 5, 1, 500000)),
    "span": ("TIME", "'-838:59:59'", -datetime.timedelta(hours=838, minutes=59, seconds=59)),
    "data": ("VARBINARY(8)", "x'00FF'", b"\x00\xff"),
    "label": ("ENUM('old','new')", "'new'", Label.NEW),
    "name": ("VARCHAR(20)", "'Émile 😀'", "Émile 😀"),
    "token": ("CHAR(36)", "'00000000-0000-0000-0000-0000000000ff'", uuid.UUID(int=255)),
}


class TypeTests(unittest.TestCase):
    def test_values_of_python_find_the_rows(self) -> None:
        database = bookshop()
        definitions = ", ".join(f"{name} {kind} NULL" for name, (kind, _, _) in COLUMNS.items())
        rows = ", ".join(value for _, value, _ in COLUMNS.values())
        database.sql(
            "CREATE DATABASE types CHARACTER SET utf8mb4; USE types; SET time_zone = '+00:00';"
            "CREATE TABLE parents (id INT PRIMARY KEY);"
            f"CREATE TABLE children (id INT PRIMARY KEY, parent_id INT NOT NULL, {definitions},"
            " FOREIGN KEY (parent_id) REFERENCES parents (id));"
            f"INSERT INTO parents VALUES (1); INSERT INTO children VALUES (1, 1, {rows});"
            "INSERT INTO children (id, parent_id) VALUES (2, 1)"
        )
        with PrivateDaemon(database, "types") as daemon, Client(daemon.socket, timeout=30.0) as client:
            for column, (_, _, value) in COLUMNS.items():
                with self.subTest(column=column):
                    found = client.load("parents.children", 1, where={column: value}, columns=["id"])
                    self.assertEqual(found, [{"id": 1}])
                    found = client.load("parents.children", 1, where={column: [value, None]}, columns=["id"])
                    self.assertEqual(found, [{"id": 1}, {"id": 2}])
            row = client.load("parents.children", 1, limit=1)[0]
            self.assertEqual(client.count("parents.children", 1, where={"price": row["price"]}), 1)
            with self.assertRaises(BadValue):
                client.load("parents.children", 1, where={"day": "the other day"})


if __name__ == "__main__":
    unittest.main()

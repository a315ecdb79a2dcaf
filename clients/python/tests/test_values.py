"""What keys, filters and positions look like on the wire."""

from __future__ import annotations

import datetime
import enum
import unittest
import uuid
from decimal import Decimal
from typing import Any

import support  # noqa: F401  (finds the package in this checkout)

from kindred_db import values


class Color(enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    LARGE = 3


class ValueTests(unittest.TestCase):
    def test_each_type_is_written_as_the_daemon_shows_it(self) -> None:
        east = datetime.timezone(datetime.timedelta(hours=2))
        cases: list[tuple[Any, Any]] = [
            (None, None),
            (42, 42),
            (2**64 - 1, 18446744073709551615),
            (1.5, 1.5),
            ("Émile\u2028", "Émile\u2028"),
            (True, 1),
            (False, 0),
            (Color.RED, "red"),
            (Size.LARGE, 3),
            (Decimal("12.50"), "12.50"),
            (Decimal("1E+3"), "1000"),
            (Decimal("-1E-7"), "-0.0000001"),
            (datetime.date(2026, 11, 22), "2026-11-22"),
            (datetime.datetime(2026, 11, 22, 10, 39), "2026-11-22T10:39:00"),
            (datetime.datetime(2026, 11, 22, 10, 39, 0, 123000), "2026-11-22T10:39:00.123000"),
            (datetime.datetime(2026, 11, 22, 0, 30, tzinfo=east), "2026-11-21T22:30:00Z"),
            (datetime.datetime(2026, 11, 22, 10, 0, 0, 500000, tzinfo=east), "2026-11-22T08:00:00.500000Z"),
            (datetime.time(8, 5, 1), "08:05:01"),
            (datetime.time(8, 5, 10, 250000), "08:05:10.250000"),
            (datetime.timedelta(hours=8, microseconds=5), "08:00:00.000005"),
            (-datetime.timedelta(hours=838, minutes=59, seconds=59), "-838:59:59"),
            (b"\x00\xff", "AP8="),
            (memoryview(b"abc"), "YWJj"),
            (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ]
        for value, written in cases:
            with self.subTest(value=value):
                result = values.scalar(value, "key")
                self.assertEqual(result, written)
                self.assertEqual(type(result), type(written))

    def test_what_no_column_can_hold_is_refused_with_the_argument_s_name(self) -> None:
        cases: list[tuple[Any, type[Exception]]] = [
            (float("nan"), ValueError),
            (float("-inf"), ValueError),
            (Decimal("NaN"), ValueError),
            ("half \ud83d", ValueError),
            (1 << 5000, ValueError),
            (datetime.time(1, tzinfo=datetime.timezone.utc), ValueError),
            (object(), TypeError),
            (1j, TypeError),
            ({"a": 1}, TypeError),
        ]
        for value, error in cases:
            with self.subTest(value=repr(value)), self.assertRaisesRegex(error, r"^where\.price"):
                values.scalar(value, "where.price")

    def test_a_composite_key_is_a_list_of_its_parts(self) -> None:
        self.assertEqual(values.keys([(2024, 17), [1, None]], "keys"), [[2024, 17], [1, None]])

    def test_many_keys_have_an_order(self) -> None:
        self.assertEqual(values.keys(iter(range(3)), "keys"), [0, 1, 2])
        self.assertEqual(values.keys({"a": 1}.keys() and ["a"], "keys"), ["a"])
        for wrong in ("42", {1, 2}, {1: 2}, b"1"):
            with self.subTest(wrong=wrong), self.assertRaisesRegex(TypeError, "list of keys"):
                values.keys(wrong, "keys")

    def test_filters_hold_lists_sets_and_comparisons(self) -> None:
        where = {"id": {3}, "sold": {"gte": Decimal(1), "in": (1, 2)}, "published": None}
        self.assertEqual(
            values.conditions(where, "where"),
            {"id": [3], "sold": {"gte": "1", "in": [1, 2]}, "published": None},
        )
        with self.assertRaisesRegex(ValueError, r"^where\.sold\.gte: nan"):
            values.conditions({"sold": {"gte": float("nan")}}, "where")
        with self.assertRaisesRegex(TypeError, "^where: must be a mapping"):
            values.conditions([1], "where")


if __name__ == "__main__":
    unittest.main()

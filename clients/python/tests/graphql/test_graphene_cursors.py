"""Cursors of graphene's connections, and which of them are refused."""

from __future__ import annotations

import asyncio
import json
import unittest
from base64 import b64decode, b64encode
from typing import Any

from graphene_case import GrapheneCase, schema
from graphql import GraphQLError
from models import Review
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from kindred_db.graphene.cursors import cursor_of, position_of
from kindred_db.sqlalchemy.order import order_of


class Cursors(GrapheneCase):
    def fault(self, arguments: str, **variables: Any) -> str:
        books = f"books({arguments}) {{ edges {{ cursor }} }}"
        text = f"query Q($after: String) {{ authors(ids: [42]) {{ {books} }} }}"
        with Session(self.engine) as session:
            work = schema.execute_async(text, context_value={"session": session}, variable_values=variables)
            errors = asyncio.run(work).errors
        self.assertEqual(len(errors), 1)
        return str(errors[0].message)

    def test_a_cursor_of_another_order_is_refused(self) -> None:
        (page,) = self.books_of("first: 2, sort: [SOLD_DESC]", [42])
        fault = self.fault("first: 2, after: $after", after=page["pageInfo"]["endCursor"])
        self.assertEqual(fault, "Argument 'after' is a cursor of rows sorted by -sold, id, not by id.")

    def test_a_cursor_that_is_none_is_refused(self) -> None:
        for cursor in ("nonsense", "YXJyYXljb25uZWN0aW9uOjE=", "W10="):
            with self.subTest(cursor):
                fault = self.fault("first: 2, after: $after", after=cursor)
                self.assertIn("Argument 'after' is not a cursor of this field", fault)

    def test_a_cursor_with_a_value_that_its_column_cannot_have_is_refused(self) -> None:
        crafted = {
            "PRICE_DESC": (
                ("-price", "id"),
                [["abc", 1], ["NaN", 1], [float("inf"), 1], [True, float("nan")]],
            ),
            "TITLE_ASC": (("title", "id"), [["\ud800", 1]]),
            "SOLD_ASC": (("sold", "id"), [[float("nan"), 1], [1, float("-inf")]]),
        }
        for sort, (names, positions) in crafted.items():
            for position in positions:
                with self.subTest(sort=sort, position=position):
                    cursor = b64encode(json.dumps([names, position]).encode()).decode()
                    fault = self.fault(f"first: 2, sort: [{sort}], after: $after", after=cursor)
                    self.assertEqual(fault, "Argument 'after' is not a cursor of this field.")
        self.assertEqual(self.handle.why, [])

    def test_an_order_by_a_long_text_has_no_cursors(self) -> None:
        order = order_of([Review.body], inspect(Review))
        cursor = cursor_of(order, ["a", 1])
        with self.assertRaisesRegex(GraphQLError, "Argument 'after': pages cannot be ordered by body"):
            position_of(cursor, order, "after")

    def test_a_negative_number_is_refused(self) -> None:
        self.assertEqual(
            self.fault("first: -1, after: $after"), "Argument 'first' must be a non-negative integer."
        )

    def test_a_cursor_is_its_order_and_the_values_of_its_row(self) -> None:
        (page,) = self.books_of("first: 1, sort: [PUBLISHED_DESC]", [42])
        names, position = json.loads(b64decode(page["pageInfo"]["endCursor"]))
        self.assertEqual(names, ["-published", "id"])
        self.assertEqual(position[0], page["edges"][0]["node"]["published"])


if __name__ == "__main__":
    unittest.main()

"""Every operation of both clients against a real daemon; what is right, the database itself says."""

from __future__ import annotations

import contextlib
import datetime
import unittest
from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

from support import PrivateDaemon, bookshop
from support.blocking import BlockingAsyncClient
from support.cases import SharedCases

import kindred_db
from kindred_db import Page


class Cases(SharedCases):
    """Run for each client, over a Unix socket and over TCP."""

    client_class: Any
    daemon: ClassVar[PrivateDaemon]
    client: Any

    @classmethod
    def setUpClass(cls) -> None:
        cls.daemon = PrivateDaemon(bookshop(), with_tcp=True)
        address = cls.daemon.tcp if cls.client_class is kindred_db.Client else cls.daemon.socket
        cls.client = cls.client_class(address, timeout=20.0)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.client.close()
        cls.daemon.close()

    def ids(self, sql: str) -> list[int]:
        return [int(next(iter(row.values())) or 0) for row in bookshop().query(sql)]

    def test_rows_of_one_parent(self) -> None:
        rows = self.client.load("authors.books", 42, columns=["id", "title", "price", "published"])
        expected = bookshop().query(
            "SELECT id, title, price, published FROM books WHERE author_id = 42 ORDER BY id"
        )
        self.assertEqual([{**row, "id": str(row["id"])} for row in rows], expected)

    def test_a_decimal_comes_as_its_digits_and_goes_as_a_decimal(self) -> None:
        row = self.client.load("authors.books", 42, limit=1, columns=["price"])[0]
        self.assertIsInstance(row["price"], str)
        price = Decimal(row["price"])
        ids = [book["id"] for book in self.client.load("authors.books", 42, where={"price": price})]
        self.assertEqual(
            ids, self.ids(f"SELECT id FROM books WHERE author_id = 42 AND price = {price} ORDER BY id")
        )
        self.assertTrue(ids)

    def test_one_row_or_none(self) -> None:
        self.assertEqual(self.client.load("books.author", 42)["name"], "Jane Morrison 42")
        self.assertIsNone(self.client.load("books.author", 4242))
        self.assertIsNone(self.client.load("books.author", None))

    def test_every_option(self) -> None:
        rows = self.client.load(
            "authors.books",
            42,
            columns=["id"],
            where={"sold": {"gte": 100}, "published": {"gt": datetime.date(1990, 1, 1)}},
            order=["-sold"],
            limit=3,
            offset=1,
            include={"tags": {"columns": ["name"]}, "reviews": {"count": True}},
            timeout=10.0,
        )
        sql = "SELECT id FROM books WHERE author_id = 42 AND sold >= 100 AND published > '1990-01-01'"
        self.assertEqual(
            [row["id"] for row in rows], self.ids(f"{sql} ORDER BY sold DESC, id LIMIT 3 OFFSET 1")
        )
        for row in rows:
            names = [tag["name"] for tag in row["tags"]]
            sql = (
                f"SELECT t.name FROM tags t JOIN book_tags b ON b.tag_id = t.id WHERE b.book_id = {row['id']}"
            )
            self.assertEqual(names, [tag["name"] for tag in bookshop().query(f"{sql} ORDER BY t.id")])
            self.assertEqual(
                [row["reviews"]], self.ids(f"SELECT COUNT(*) FROM reviews WHERE book_id = {row['id']}")
            )

    def test_composite_and_text_keys_and_parents(self) -> None:
        lines = self.client.load("orders.order_lines", (2024, 17), columns=["line"])
        self.assertEqual([line["line"] for line in lines], [1, 2, 3, 4, 5])
        orders = self.client.load("customers.orders", "CUSTOMER7@example.com", columns=["number"])
        expected = self.ids(
            "SELECT number FROM orders WHERE customer_email = 'customer7@example.com' ORDER BY year, number"
        )
        self.assertEqual([order["number"] for order in orders], expected)
        self.assertEqual(self.client.load("books.author", parent=33)["id"], 42)
        many = self.client.load_many("books.author", parents=[33, 34], columns=["id"])
        self.assertEqual(
            [row["id"] for row in many],
            self.ids("SELECT author_id FROM books WHERE id IN (33, 34) ORDER BY id"),
        )

    def test_many_keys_in_their_order(self) -> None:
        keys = [9, 10, None, 9, 40_000]
        results = self.client.load_many("books.tags", keys, columns=["id"])
        queries = [
            f"SELECT tag_id FROM book_tags WHERE book_id = {key or 'NULL'} ORDER BY tag_id" for key in keys
        ]
        for result, expected in zip(results, bookshop().queries(queries)):
            self.assertEqual([str(tag["id"]) for tag in result], [row["tag_id"] for row in expected])
        self.assertEqual(self.client.load_many("books.tags", []), [])
        self.assertEqual(
            self.client.load_many("books.tags", (key for key in (9,)), columns=["id"]), results[:1]
        )

    def test_more_keys_than_one_request_may_have(self) -> None:
        keys = list(range(25_000))
        counts = self.client.count_many("authors.books", keys)
        sql = "SELECT author_id, COUNT(*) AS books FROM books GROUP BY author_id"
        expected = {int(row["author_id"] or 0): int(row["books"] or 0) for row in bookshop().query(sql)}
        self.assertEqual(counts, [expected.get(key, 0) for key in keys])

    def test_any_number_of_keys_whatever_the_daemon_s_limit(self) -> None:
        with PrivateDaemon(bookshop(), settings="[limits]\nrequest_keys = 50") as daemon:
            client = self.client_class(daemon.socket, timeout=20.0)
            for amount in (50, 51, 80, 130):
                keys = list(range(1, amount + 1))
                authors = client.load_many("books.author", parents=keys, columns=["id"])
                sql = f"SELECT author_id FROM books WHERE id <= {amount} ORDER BY id"
                self.assertEqual([author["id"] for author in authors], self.ids(sql))
                tags = client.batch("books.tags", limit=1)(keys)
                self.assertEqual(len(tags), amount)
            client.close()

    def test_a_request_that_is_too_long_is_refused_and_harms_nobody(self) -> None:
        where = {"title": ["x" * 2000] * 800}
        with self.assertRaisesRegex(kindred_db.TooLarge, "limits.line_bytes"):
            self.client.load("authors.books", 42, where=where)
        self.assertEqual(self.client.count("authors.books", 42), 8)

    def test_counts(self) -> None:
        self.assertEqual(self.client.count("authors.books", 42), 8)
        self.assertEqual(self.client.count("authors.books", parent=42, where={"published": None}), 1)
        self.assertEqual(self.client.count_many("authors.books", [42, 4242, None]), [8, 0, 0])

    def test_a_batch_has_an_exception_in_a_failed_key_s_place(self) -> None:
        results = self.client.batch("authors.books", columns=["id"], limit=1)([42, "x", 43])
        self.assertEqual(results[0], [{"id": 33}])
        self.assertIsInstance(results[1], kindred_db.BadKey)
        self.assertEqual(len(results[2]), 1)
        self.assertEqual(self.client.batch("authors.books", count=True)([42]), [8])
        self.assertEqual(
            self.client.batch("books.author", by_parent=True, columns=["id"])([33]), [{"id": 42}]
        )
        with self.assertRaises(kindred_db.BadKey):
            self.client.load_many("authors.books", [42, "x", 43])

    def test_errors_of_the_daemon(self) -> None:
        calls: dict[type[kindred_db.KindredError], Callable[[], Any]] = {
            kindred_db.UnknownRelationship: lambda: self.client.load("authors.bookz", 42),
            kindred_db.UnknownColumn: lambda: self.client.load("authors.books", 42, columns=["titel"]),
            kindred_db.BadKey: lambda: self.client.load("authors.books", "x"),
            kindred_db.BadValue: lambda: self.client.load("authors.books", 42, where={"sold": "x"}),
            kindred_db.BadRequest: lambda: self.client.load("books.author", 42, limit=1),
        }
        for error, call in calls.items():
            with self.subTest(error=error), self.assertRaises(error) as caught:
                call()
            self.assertFalse(caught.exception.retryable)
        with self.assertRaisesRegex(TypeError, "did you mean 'limit'"):
            self.client.load("authors.books", 42, limt=1)

    def test_pages_by_position(self) -> None:
        if "after" not in self.client.hello()["members"]:
            with self.assertRaisesRegex(kindred_db.NotSupported, "older than pages by position"):
                self.client.page("authors.books", 42, order=["-sold"], limit=3)
            self.skipTest("this daemon has no pages by position")
        ids = self.ids("SELECT id FROM books WHERE author_id = 42 ORDER BY sold DESC, id")
        options: dict[str, Any] = {"order": ["-sold"], "limit": 3, "columns": ["sold", "id"]}
        page, seen = self.client.page("authors.books", 42, **options), []
        while True:
            self.assertIsInstance(page, Page)
            seen += [row["id"] for row in page.rows]
            if not page.more:
                break
            page = self.client.page("authors.books", 42, after=list(page.rows[-1].values()), **options)
        self.assertEqual(seen, ids)
        last = self.client.page("authors.books", 42, before=None, **options)
        self.assertEqual(([row["id"] for row in last.rows], last.more), (ids[-3:], True))
        position = list(last.rows[0].values())
        first, second = self.client.page_many("authors.books", [42, 43], before=[position, None], **options)
        self.assertEqual([row["id"] for row in first.rows], ids[-6:-3])
        ids = self.ids("SELECT id FROM books WHERE author_id = 43 ORDER BY sold DESC, id")
        self.assertEqual([row["id"] for row in second.rows], ids[-3:])

    def test_the_other_operations(self) -> None:
        self.assertIs(self.client.ping(), True)
        self.assertRegex(self.client.hello()["server"], "^kindred ")
        self.assertIn("requests", self.client.stats())
        one = self.client.describe("authors.books")
        self.assertEqual([entry["name"] for entry in one["relationships"]], ["authors.books"])
        self.assertNotIn("id", one)
        every = self.client.describe()
        self.assertIn("books.tags", [entry["name"] for entry in every["relationships"]])
        self.assertEqual(every["database"]["name"], "shop")


class SyncAnswerTests(Cases, unittest.TestCase):
    client_class = kindred_db.Client

    def test_a_pipeline_of_thousands(self) -> None:
        with self.client.pipeline() as pipeline:
            pending = [pipeline.load("books.author", 1 + key % 200, columns=["id"]) for key in range(9000)]
            count = pipeline.count("authors.books", 42)
        self.assertEqual([one.result()["id"] for one in pending], [1 + key % 200 for key in range(9000)])
        self.assertEqual(count.result(), 8)

    def test_an_exception_in_the_block_of_a_pipeline_takes_its_calls_back(self) -> None:
        with self.assertRaises(ZeroDivisionError), self.client.pipeline() as pipeline:
            sent = pipeline.load("authors.books", 42)
            pipeline.send()
            gathered = pipeline.load("authors.books", 43)
            _ = 1 / 0
        with self.assertRaises(kindred_db.Cancelled):
            gathered.result()
        for key in range(1, 20):
            self.assertEqual(self.client.load("books.author", key)["id"], key)
        with contextlib.suppress(kindred_db.Cancelled):
            self.assertEqual(len(sent.result()), 8)


class AsyncAnswerTests(Cases, unittest.TestCase):
    client_class = BlockingAsyncClient

    def test_ten_thousand_calls_at_once(self) -> None:
        loads = [
            lambda db, key=key: db.load("books.author", 1 + key % 200, columns=["id"])
            for key in range(10_000)
        ]
        results = self.client.together(*loads)
        self.assertEqual(results, [{"id": 1 + key % 200} for key in range(10_000)])


if __name__ == "__main__":
    unittest.main()

"""The application in `example/`, run as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

try:
    import graphene_sqlalchemy  # noqa: F401
except ImportError:
    raise unittest.SkipTest("graphene-sqlalchemy is not installed") from None

from fixture import BookshopCase, daemon, url

CLIENT = Path(__file__).parents[2]


class Example(BookshopCase):
    def run_example(self, *arguments: str) -> tuple[str, str]:
        """What the application prints, and what it tells of its queries."""
        command = [sys.executable, "bookshop.py", url("asyncmy"), *arguments]
        result = subprocess.run(
            command,
            cwd=CLIENT / "example",
            env={**os.environ, "PYTHONPATH": str(CLIENT / "src")},
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout, result.stderr

    def test_it_prints_the_same_with_kindred_and_the_database_runs_fewer_queries(self) -> None:
        plain, plain_queries = self.run_example()
        data, queries = self.run_example(daemon().socket)
        self.assertEqual(data, plain)
        self.assertIn('"hasNextPage": true', data)
        self.assertEqual(self.number_of(plain_queries), 48)
        self.assertLess(self.number_of(queries), 48)

    def number_of(self, told: str) -> int:
        match = re.search(r"the database has run (\d+) queries", told)
        assert match, told
        return int(match.group(1))

    def test_without_arguments_it_says_how_it_is_called(self) -> None:
        result = subprocess.run(
            [sys.executable, "bookshop.py"],
            cwd=CLIENT / "example",
            env={**os.environ, "PYTHONPATH": str(CLIENT / "src")},
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )
        self.assertEqual(result.returncode, 1)
        self.assertIn("python bookshop.py mysql+asyncmy://", result.stderr)


if __name__ == "__main__":
    unittest.main()

"""What attach takes, and what it leaves behind."""

from __future__ import annotations

import os
import unittest
from typing import Any
from unittest import mock

from fixture import PluggedCase
from models import Author
from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session

from kindred_db import AsyncClient, Client
from kindred_db.sqlalchemy import AttachError, attach


class Arguments(PluggedCase):
    def test_wrong_kinds(self) -> None:
        engine = create_engine(self.library.url("asyncmy"), module=mock.Mock(paramstyle="format"))
        for arguments, error, words in (
            ((self.engine, "/run/k"), TypeError, "client: must be a kindred_db.Client"),
            (("x", self.client), TypeError, "engine: must be an Engine"),
            ((self.engine, AsyncClient("/run/k")), TypeError, "an Engine takes a kindred_db.Client"),
            ((engine, self.client), TypeError, "an AsyncEngine takes a kindred_db.AsyncClient"),
            ((create_engine("sqlite://"), self.client), AttachError, "this engine is for sqlite"),
        ):
            with self.subTest(words), self.assertRaisesRegex(error, words):
                attach(*arguments)  # type: ignore[arg-type]

    def test_wrong_values(self) -> None:
        for name, value in (
            ("verify", 2.0), ("mode", "some"), ("isolation", "none"), ("prefetch_siblings", 10_001),
            ("timeout", 0), ("timeout", "1"), ("timeout", float("nan")), ("refresh_s", -1.0),
            ("refresh_s", None), ("prefetch_max_age", -1), ("prefetch_max_age", float("nan")),
        ):  # fmt: skip
            arguments: Any = {name: value}
            with self.subTest(name, value=value), self.assertRaisesRegex(ValueError, f"^{name}: must be "):
                attach(self.engine, self.client, **arguments).detach()

    def test_a_driver_whose_values_are_unknown_stays_off(self) -> None:
        with (
            mock.patch.object(self.engine.dialect, "driver", "mysqlconnector"),
            self.assertWarnsRegex(UserWarning, "mysqlconnector: all loads run as SQL") as warned,
        ):
            handle = attach(self.engine, self.client)
        self.assertFalse(handle.is_attached)
        self.assertEqual(warned.filename, __file__)


class Traces(PluggedCase):
    def test_no_connection_is_left_for_forked_workers_to_share(self) -> None:
        engine = self.library.engine()
        self.addCleanup(engine.dispose)
        made: list[Any] = []
        event.listen(engine, "connect", lambda connection, record: made.append(connection))
        attach(engine, self.client).detach()
        self.assertTrue(made, "attach has looked at the engine's place")
        self.assertFalse([connection for connection in made if connection.open])

    def test_an_attach_registers_nothing_for_ever(self) -> None:
        with mock.patch.object(os, "register_at_fork") as register:
            self.attach().detach()
        register.assert_not_called()

    def test_bypass_is_of_one_handle(self) -> None:
        engine = self.library.engine()
        self.addCleanup(engine.dispose)
        other = attach(engine, Client(self.library.daemon.socket))
        self.addCleanup(other.detach)
        with self.handle.bypass():
            with other.bypass(), Session(self.engine) as session, self.expect(0, "bypass()"):
                _ = session.get_one(Author, 1).books
            with Session(engine) as session:
                _ = session.get_one(Author, 1).books
        self.assertEqual((other.stats.answered, other.stats.bypassed), (1, 0))


if __name__ == "__main__":
    unittest.main()

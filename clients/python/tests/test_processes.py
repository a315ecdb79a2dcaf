"""Threads, forked children, event loops, and the end of a process: nobody disturbs another's connection."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import traceback
import unittest
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar
from unittest import mock

from support import PrivateDaemon, bookshop, eventually

from kindred_db import AsyncClient, Client, async_transport

SOURCE = str(Path(__file__).parents[1] / "src")


def in_child(function: Callable[[], None]) -> None:
    """Runs a function in a forked child; raises if it fails there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of forks with threads
        pid = os.fork()
    if pid == 0:
        try:
            function()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    assert status == 0, f"the child ended with {status}"


def descriptors() -> set[str]:
    """The sockets that this process has open."""
    links = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            links.add(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            continue
    return {link for link in links if link.startswith("socket:")}


class Cases(unittest.TestCase):
    daemon: ClassVar[PrivateDaemon]

    @classmethod
    def setUpClass(cls) -> None:
        cls.daemon = PrivateDaemon(bookshop())

    @classmethod
    def tearDownClass(cls) -> None:
        cls.daemon.close()

    def clients(self) -> int:
        """Connections of clients as the daemon counts them, without the one that asks."""
        stats: dict[str, int] = self.daemon.ask(id=1, op="stats")["stats"]
        return stats["sessions"] - 1

    def accepted(self) -> int:
        """How many connections the daemon has taken, those of such questions left out."""
        stats: dict[str, int] = self.daemon.ask(id=1, op="stats")["stats"]
        self.asked = getattr(self, "asked", 0) + 1
        return stats["sessions_accepted"] - self.asked

    def check(self, client: Client, key: int = 42) -> None:
        self.assertEqual(client.load("books.author", key, columns=["id"]), {"id": key})


class ThreadTests(Cases):
    def test_each_thread_has_a_connection_which_ends_with_it(self) -> None:
        client = Client(self.daemon.socket, timeout=30.0)
        before = descriptors()
        all_have_asked = threading.Barrier(9)
        may_end = threading.Event()

        def ask(number: int) -> None:
            for key in range(1, 20):
                self.check(client, number * 20 + key)
            all_have_asked.wait(20)
            may_end.wait(20)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        all_have_asked.wait(20)
        self.assertEqual(self.clients(), 8)
        may_end.set()
        for thread in threads:
            thread.join(20)
        eventually(lambda: self.clients() == 0, "the end of the threads' connections")
        self.assertEqual(descriptors(), before)

    def test_close_ends_the_connections_of_all_threads(self) -> None:
        client = Client(self.daemon.socket, timeout=30.0)
        has_asked, may_end = threading.Event(), threading.Event()

        def ask() -> None:
            self.check(client)
            has_asked.set()
            may_end.wait(20)

        thread = threading.Thread(target=ask)
        thread.start()
        has_asked.wait(20)
        self.check(client)
        client.close()
        eventually(lambda: self.clients() == 0, "the end of the connections")
        may_end.set()
        thread.join(20)

    def test_a_client_that_is_dropped_leaves_nothing(self) -> None:
        before = descriptors()
        client = Client(self.daemon.socket, timeout=30.0)
        self.check(client)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            del client
            gc.collect()
        self.assertEqual(descriptors(), before)


class ForkTests(Cases):
    def test_child_and_parent_have_connections_of_their_own(self) -> None:
        client = Client(self.daemon.socket, timeout=30.0)
        self.addCleanup(client.close)
        self.check(client)
        before = self.accepted()
        for key in range(1, 6):

            def ask(key: int = key) -> None:
                for _ in range(10):
                    self.check(client, key)
                client.close()

            in_child(ask)
            self.check(client, 100 + key)
        # One for each child; the parent's has never been lost.
        self.assertEqual(self.accepted() - before, 5)

    def test_a_child_that_never_asks_does_not_disturb_the_parent(self) -> None:
        client = Client(self.daemon.socket, timeout=30.0)
        self.addCleanup(client.close)
        self.check(client)
        before = self.accepted()
        in_child(lambda: None)
        self.check(client)
        in_child(client.close)
        self.check(client)
        self.assertEqual(self.accepted() - before, 0)

    def test_the_parent_s_close_reaches_the_daemon_though_a_child_holds_the_descriptor(self) -> None:
        client = Client(self.daemon.socket, timeout=30.0)
        self.check(client)
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(writer)
            os.read(reader, 1)
            os._exit(0)
        client.close()
        eventually(lambda: self.clients() == 0, "the end of the parent's connection")
        os.close(writer)
        os.waitpid(pid, 0)
        os.close(reader)

    def test_a_fork_while_other_threads_wait_for_replies(self) -> None:
        client = Client(self.daemon.socket, timeout=30.0)
        self.addCleanup(client.close)
        failures: list[BaseException] = []
        is_over = threading.Event()

        def ask(number: int) -> None:
            try:
                while not is_over.is_set():
                    self.check(client, 1 + number)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for key in range(1, 30):
            in_child(lambda key=key: self.check(client, key))  # type: ignore[misc]
            self.check(client, 100 + key)
        is_over.set()
        for thread in threads:
            thread.join(20)
        self.assertEqual(failures, [])

    def test_threads_of_a_forked_child(self) -> None:
        client = Client(self.daemon.socket, timeout=30.0)
        self.addCleanup(client.close)
        self.check(client)

        def ask() -> None:
            failures: list[BaseException] = []

            def one(number: int) -> None:
                try:
                    for key in range(1, 20):
                        self.check(client, number * 20 + key)
                except BaseException as error:
                    failures.append(error)

            threads = [threading.Thread(target=one, args=(number,)) for number in range(5)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(20)
            assert not failures, failures

        in_child(ask)
        self.check(client)


class LoopTests(Cases):
    def test_a_client_serves_several_loops_one_after_the_other(self) -> None:
        client = AsyncClient(self.daemon.socket, timeout=30.0)

        async def ask(key: int) -> Any:
            return await client.load("books.author", key, columns=["id"])

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            for key in (1, 2, 3):
                self.assertEqual(asyncio.run(ask(key)), {"id": key})
            asyncio.run(client.close())
            gc.collect()
        eventually(lambda: self.clients() == 0, "the end of the loops' connections")

    def test_a_client_serves_loops_in_several_threads(self) -> None:
        client = AsyncClient(self.daemon.socket, timeout=30.0)
        failures: list[BaseException] = []

        async def ask(number: int) -> None:
            keys = [1 + (number * 50 + key) % 200 for key in range(50)]
            rows = await asyncio.gather(*(client.load("books.author", key, columns=["id"]) for key in keys))
            assert rows == [{"id": key} for key in keys], rows

        def run(number: int) -> None:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", ResourceWarning)
                    asyncio.run(ask(number))
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            asyncio.run(client.close())
            gc.collect()
        self.assertEqual(failures, [])

    def test_a_fork_inside_of_a_running_loop_is_noticed(self) -> None:
        async def main() -> None:
            before_any = descriptors()  # those of the loop among them
            async with AsyncClient(self.daemon.socket, timeout=30.0) as client:
                self.assertEqual((await client.load("books.author", 7))["id"], 7)

                async def ask() -> None:
                    self.assertEqual((await client.load("books.author", 8))["id"], 8)
                    await client.close()

                inherited = descriptors() - before_any

                def child() -> None:
                    # The loop that runs here belongs to the parent.
                    with self.assertRaisesRegex(RuntimeError, "forked inside of one"):
                        client.load("books.author", 8).send(None)
                    asyncio.run(ask())
                    self.assertEqual(descriptors() & inherited, set())

                before = self.accepted()
                for _ in range(3):
                    in_child(child)
                    rows = await asyncio.gather(*(client.load("books.author", key) for key in range(1, 50)))
                    self.assertEqual([row["id"] for row in rows], list(range(1, 50)))
                self.assertEqual(self.accepted() - before, 3)

        asyncio.run(main())

    def test_threads_of_a_forked_child_that_begin_at_the_same_moment_share_its_state(self) -> None:
        client = AsyncClient(self.daemon.socket, timeout=30.0)
        first_may_begin, first_has_asked, may_end = threading.Event(), threading.Event(), threading.Event()
        failures: list[BaseException] = []

        def process_id() -> int:
            if threading.current_thread().name == "second" and not first_may_begin.is_set():
                # It has seen the parent's id already.
                first_may_begin.set()
                first_has_asked.wait(20)
            return os.getpid()

        async def ask(wait_at: threading.Event, tell: threading.Event) -> None:
            assert (await client.load("books.author", 7))["id"] == 7
            tell.set()
            wait_at.wait(20)
            assert (await client.load("books.author", 8))["id"] == 8

        def run(*events: threading.Event) -> None:
            try:
                asyncio.run(ask(*events))
            except BaseException as error:
                failures.append(error)

        def child() -> None:
            with mock.patch.object(async_transport, "os", SimpleNamespace(getpid=process_id)):
                second = threading.Thread(target=run, args=(may_end, may_end), name="second")
                second.start()
                assert first_may_begin.wait(20)
                run_first = threading.Thread(target=run, args=(may_end, first_has_asked))
                run_first.start()
                for thread in (run_first, second):
                    thread.join(20)
            assert not failures, failures

        before = self.accepted()
        in_child(child)
        self.assertEqual(self.accepted() - before, 2, "each loop of the child has one connection")

    def test_close_leaves_nothing(self) -> None:
        before = descriptors()

        async def main() -> None:
            client = AsyncClient(self.daemon.socket, timeout=30.0)
            await client.ping()
            waiting = asyncio.ensure_future(client.load("books.author", 42))
            await asyncio.sleep(0)
            await client.close()
            await asyncio.gather(waiting, return_exceptions=True)

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            asyncio.run(main(), debug=True)
            gc.collect()
        self.assertEqual(descriptors(), before)


class InterpreterTests(Cases):
    def run_program(self, program: str) -> str:
        environment = {**os.environ, "PYTHONPATH": SOURCE, "PYTHONWARNINGS": "error"}
        result = subprocess.run(
            [sys.executable, "-X", "dev", "-c", program, self.daemon.socket],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout.strip()

    def test_a_program_that_just_ends(self) -> None:
        program = """
import sys, threading
from kindred_db import Client
db = Client(sys.argv[1])
thread = threading.Thread(target=lambda: print(db.count("authors.books", 42)))
thread.start(); thread.join()
print(db.load("books.author", 42)["name"])
"""
        self.assertEqual(self.run_program(program), "8\nJane Morrison 42")

    def test_a_thread_that_still_asks_does_not_keep_the_program(self) -> None:
        program = """
import sys, threading
from kindred_db import Client
db = Client(sys.argv[1])
def ask():
    while True:
        db.ping()
threading.Thread(target=ask, daemon=True).start()
print(db.ping())
"""
        self.assertEqual(self.run_program(program), "True")


if __name__ == "__main__":
    unittest.main()

"""What the client that waits does when the daemon, the connection or the time fails it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
import unittest
from collections.abc import Sequence
from typing import Any
from unittest import mock

from support import eventually
from support.faults import SILENCE, FaultCases, closing, good, row, silent
from support.scripted import Script, ScriptedConnection, ScriptedServer

import kindred_db
from kindred_db import sockets
from kindred_db.address import TCPAddress, parse_address


class InterruptedSocket:
    """A socket in one of whose methods a signal handler raises an exception."""

    def __init__(self, inner: socket.socket, method: str, error: BaseException) -> None:
        self._inner = inner
        self._method = method
        self._error = error

    def __getattr__(self, name: str) -> Any:
        return self._raise if name == self._method else getattr(self._inner, name)

    def _raise(self, *arguments: Any) -> None:
        raise self._error


class SyncFaultTests(FaultCases, unittest.TestCase):
    client_class = kindred_db.Client

    def ask_many(self, client: Any, amount: int) -> list[Any]:
        with client.pipeline() as pipeline:
            pending = [pipeline.load("books.author", key) for key in range(amount)]
        return [one.result() for one in pending]

    def test_replies_out_of_order_in_a_pipeline(self) -> None:
        def reverse(connection: ScriptedConnection) -> None:
            requests = [connection.request() for _ in range(5)]
            for request in reversed(requests):
                assert request is not None
                connection.reply(id=request["id"], row=row(request))
            connection.wait_for_end()

        with ScriptedServer(reverse) as server, kindred_db.Client(server.address) as client:
            with client.pipeline() as pipeline:
                pending = [pipeline.load("books.author", key) for key in range(5)]
            self.assertEqual([one.result() for one in pending], [{"asked": key} for key in range(5)])

    def test_a_pipeline_repeats_only_what_has_no_reply(self) -> None:
        def two_and_a_half(connection: ScriptedConnection) -> None:
            requests = [connection.request() for _ in range(5)]
            first, second, third = requests[:3]
            assert first and second and third
            connection.reply(id=first["id"], row=row(first))
            connection.reply(id=second["id"], row=row(second))
            connection.send(b'{"id":%d,"row"' % third["id"])

        seen = []

        def rest(connection: ScriptedConnection) -> None:
            while (request := connection.request()) is not None:
                seen.append(request["key"])
                connection.reply(id=request["id"], row=row(request))

        with ScriptedServer(two_and_a_half, rest) as server, kindred_db.Client(server.address) as client:
            with client.pipeline() as pipeline:
                pending = [pipeline.load("books.author", key) for key in range(5)]
            self.assertEqual(
                [pending[key].result() for key in (0, 1, 3, 4)], [{"asked": key} for key in (0, 1, 3, 4)]
            )
            with self.assertRaises(kindred_db.ConnectionLost):
                pending[2].result()
            self.assertEqual(seen, [3, 4])

    def test_a_pipeline_s_time_begins_when_it_is_sent(self) -> None:
        with ScriptedServer(good) as server, kindred_db.Client(server.address, timeout=1.0) as client:
            with client.pipeline(timeout=SILENCE) as pipeline:
                pending = pipeline.load("books.author", 1)
                time.sleep(2 * SILENCE)  # the caller does something else
            self.assertEqual(pending.result(), {"asked": 1})

    def test_replies_that_came_in_time_are_read_later(self) -> None:
        text = "x" * 20_000  # five of them fit into the socket

        def long(connection: ScriptedConnection) -> None:
            requests = [connection.request() for _ in range(5)]
            for request in requests:
                assert request is not None
                connection.reply(id=request["id"], row={"asked": request["key"], "text": text})
            connection.wait_for_end()

        with ScriptedServer(long) as server, kindred_db.Client(server.address) as client:
            with client.pipeline(timeout=SILENCE) as pipeline:
                pending = [pipeline.load("books.author", key) for key in range(5)]
                pipeline.send()
                time.sleep(2 * SILENCE)  # the caller does something else
            self.assertEqual([one.result()["asked"] for one in pending], list(range(5)))

    def test_a_cancelled_call_of_a_pipeline_is_taken_back_at_the_daemon(self) -> None:
        def cancelled(connection: ScriptedConnection) -> None:
            first, second = connection.request(), connection.request()
            assert first and second
            cancel = connection.request()
            assert cancel is not None
            assert (cancel["op"], cancel["target"]) == ("cancel", first["id"]), cancel
            connection.reply(id=second["id"], row=row(second))
            connection.reply(
                id=first["id"], error={"code": "cancelled", "message": "as asked", "retryable": False}
            )
            connection.reply(id=cancel["id"], cancelled=True)
            good(connection)

        with ScriptedServer(cancelled) as server, kindred_db.Client(server.address) as client:
            with client.pipeline() as pipeline:
                first = pipeline.load("books.author", 1)
                second = pipeline.load("books.author", 2)
                pipeline.send()
                first.cancel()
                self.assertEqual(second.result(), {"asked": 2})
                never_sent = pipeline.load("books.author", 3)
                never_sent.cancel()
            for pending in (first, never_sent):
                with self.assertRaises(kindred_db.Cancelled):
                    pending.result()
            self.check(client, 4)

    def test_an_interrupt_in_the_middle_leaves_no_half_used_connection(self) -> None:
        def slow(connection: ScriptedConnection) -> None:
            request = connection.request()
            assert request is not None
            # More than once, because Python does not notice one that comes just before it begins to wait.
            while not connection.has_request(0.005):
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)

        interrupts: list[int] = []

        def interrupt(*_: Any) -> None:
            interrupts.append(1)
            if len(interrupts) == 1:
                raise KeyboardInterrupt

        previous = signal.signal(signal.SIGUSR1, interrupt)
        try:
            with ScriptedServer(slow, good) as server, kindred_db.Client(server.address) as client:
                with self.assertRaises(KeyboardInterrupt):
                    client.load("books.author", 1)
                self.check(client, 2)
        finally:
            signal.signal(signal.SIGUSR1, previous)

    def test_a_time_out_that_a_signal_handler_raises_is_the_callers(self) -> None:
        # A handler may run in any call of the system's; that one is chosen by the test.
        mine = TimeoutError("the program's own")
        for name in ("send", "recv"):
            with (
                self.subTest(name),
                ScriptedServer(good, good) as server,
                kindred_db.Client(server.address) as client,
            ):
                self.check(client, 1)
                connection = client._transport._current.thread.connection
                connection._socket = InterruptedSocket(connection._socket, name, mine)
                with self.assertRaises(TimeoutError) as raised:
                    client.load("books.author", 2)
                self.assertIs(raised.exception, mine)
                self.check(client, 3)
        with (
            # A host of two addresses, the second of which would be tried.
            mock.patch.object(socket, "getaddrinfo", return_value=2 * socket.getaddrinfo("127.0.0.1", 9)),
            mock.patch.object(socket.socket, "connect", side_effect=[mine, OSError(111, "the second")]),
            kindred_db.Client("tcp://127.0.0.1:9") as client,
            self.assertRaises(TimeoutError) as raised,
        ):
            client.load("books.author", 1)
        self.assertIs(raised.exception, mine)

    def test_signals_do_not_disturb_a_call_that_waits(self) -> None:
        signals: list[int] = []

        def nudge(connection: ScriptedConnection) -> None:
            request = connection.request()
            assert request is not None
            while len(signals) < 5:
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
                connection.has_request(0.005)
            connection.reply(id=request["id"], row=row(request))
            connection.wait_for_end()

        previous = signal.signal(signal.SIGUSR1, lambda *_: signals.append(1))
        try:
            with ScriptedServer(nudge) as server, kindred_db.Client(server.address) as client:
                self.check(client, 1)
        finally:
            signal.signal(signal.SIGUSR1, previous)

    def test_writing_to_a_lost_connection_is_no_sigpipe(self) -> None:
        has_closed = threading.Event()

        def once(connection: ScriptedConnection) -> None:
            request = connection.request()
            assert request is not None
            connection.reply(id=request["id"], row=row(request))
            connection.close()
            has_closed.set()

        with ScriptedServer(once, good) as server, kindred_db.Client(server.address) as client:
            self.check(client, 1)
            has_closed.wait(20)
            child = os.fork()
            if child == 0:
                # As in a program that wants to end at a closed pipe. An inherited connection would not be
                # used, and so this one is made to look like the child's own.
                signal.signal(signal.SIGPIPE, signal.SIG_DFL)
                connection = client._transport._current.thread.connection
                connection._process = client._transport._current.process = os.getpid()
                self.check(client, 2)
                os._exit(0)
            self.assertEqual(os.waitpid(child, 0)[1], 0)

    def test_close_wakes_the_threads_that_wait(self) -> None:
        errors: list[BaseException] = []
        with ScriptedServer(silent) as server:
            client = kindred_db.Client(server.address, timeout=60.0)

            def wait() -> None:
                try:
                    client.load("books.author", 1)
                except BaseException as error:
                    errors.append(error)

            threads = [threading.Thread(target=wait) for _ in range(3)]
            for thread in threads:
                thread.start()
            eventually(lambda: server.connections == 3)
            client.close()
            for thread in threads:
                thread.join(20)
            self.assertEqual(len(errors), 3)
            for error in errors:
                self.assertIsInstance(error, kindred_db.ClientClosed)

    def test_close_by_another_thread_at_any_moment_is_told_as_such(self) -> None:
        for moment in ("connect", "wait"):
            for scripts in ([silent], [closing, silent]):
                with self.subTest(moment=moment, attempts=len(scripts)):
                    self.check_close_before(moment, scripts)

    def check_close_before(self, moment: str, scripts: Sequence[Script]) -> None:
        """Closes the client from another thread, just before the last attempt comes to that step."""
        original = getattr(sockets, moment)
        with ScriptedServer(*scripts) as server, mock.patch.object(sockets, moment) as step:
            client = kindred_db.Client(server.address)

            def close_first(*arguments: Any) -> Any:
                if step.call_count == len(scripts):
                    thread = threading.Thread(target=client.close)
                    thread.start()
                    thread.join(20)
                return original(*arguments)

            step.side_effect = close_first
            self.fails(kindred_db.ClientClosed, client, timeout=20.0)

    def test_a_host_s_addresses_have_one_deadline_for_all(self) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as clients:
            for _ in range(3):  # more than its queue takes
                client = clients.enter_context(socket.socket())
                client.setblocking(False)
                client.connect_ex(full.getsockname())
            with ScriptedServer(good, with_tcp=True) as server:
                alive = parse_address(server.address)
                assert isinstance(alive, TCPAddress)
                client = self.client("tcp://several.invalid:1", circuit_breaker=False)
                with self.addresses_of_a_host(full.getsockname(), (alive.host, alive.port)):
                    self.fails(kindred_db.NoReply, client, "took no connection in time", timeout=SILENCE)
                self.assertEqual(server.connections, 0)

    def test_a_host_s_addresses_are_tried_one_after_the_other(self) -> None:
        with socket.socket() as unused, ScriptedServer(good, with_tcp=True) as server:
            unused.bind(("127.0.0.1", 0))
            alive = parse_address(server.address)
            assert isinstance(alive, TCPAddress)
            client = self.client("tcp://several.invalid:1")
            with self.addresses_of_a_host(unused.getsockname(), (alive.host, alive.port)):
                self.check(client, 1)
            client.close()

    def addresses_of_a_host(self, *addresses: tuple[str, int]) -> Any:
        """While it lasts, each name of a host stands for these addresses."""
        found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", address) for address in addresses]
        return mock.patch.object(socket, "getaddrinfo", lambda *_, **__: found)


if __name__ == "__main__":
    unittest.main()

"""What any client does when the daemon, the connection or the time fails it: cases for both clients."""

from __future__ import annotations

import socket
import threading
from typing import Any

import kindred_db
from kindred_db import protocol

from . import eventually
from .cases import SharedCases
from .scripted import ScriptedConnection, ScriptedServer, answering

SILENCE = 0.15


def row(request: Any) -> dict[str, Any]:
    """A row from which one sees whose it is."""
    return {"asked": request["key"]}


def good(connection: ScriptedConnection) -> None:
    """Answers each load with its own key."""
    while (request := connection.request()) is not None:
        connection.reply(id=request["id"], row=row(request))


def closing(connection: ScriptedConnection) -> None:
    """Closes as soon as a request has come."""
    connection.request()


def silent(connection: ScriptedConnection) -> None:
    """Never answers."""
    connection.wait_for_end()


class FaultCases(SharedCases):
    """Run for each client."""

    client_class: Any

    def client(self, server: ScriptedServer | str, **options: Any) -> Any:
        address = server if isinstance(server, str) else server.address
        client = self.client_class(address, **{"timeout": 10.0, **options})
        self.addCleanup(client.close)
        return client

    def check(self, client: Any, key: int) -> None:
        self.assertEqual(client.load("books.author", key), {"asked": key})

    def fails(self, error: type[BaseException], client: Any, message: str = "", **options: Any) -> Any:
        with self.assertRaisesRegex(error, message) as caught:
            client.load("books.author", 1, **options)
        return caught.exception

    # The connection

    def test_a_lost_connection_is_made_again_and_the_request_repeated(self) -> None:
        for lose in (closing, ScriptedConnection.close):
            with self.subTest(lose=lose), ScriptedServer(lose, good) as server:
                client = self.client(server)
                self.check(client, 1)
                self.check(client, 2)
                self.assertEqual(server.connections, 2)
                client.close()

    def test_a_request_is_repeated_once_and_not_more(self) -> None:
        with ScriptedServer(closing, closing, good) as server:
            client = self.client(server)
            error = self.fails(kindred_db.ConnectionLost, client, "closed the connection")
            self.assertTrue(error.retryable)
            self.assertEqual(server.connections, 2)
            self.check(client, 3)
            client.close()

    def test_a_reply_that_had_begun_is_not_asked_for_again(self) -> None:
        def half(connection: ScriptedConnection) -> None:
            request = connection.request()
            assert request is not None
            connection.send(b'{"id":%d,"row":{"as' % request["id"])

        with ScriptedServer(half, good) as server:
            client = self.client(server)
            self.fails(kindred_db.ConnectionLost, client)
            self.assertEqual(server.connections, 1)
            self.check(client, 2)
            client.close()

    def test_a_reset_in_the_middle_of_a_reply(self) -> None:
        def half(connection: ScriptedConnection) -> None:
            request = connection.request()
            assert request is not None
            connection.send(b'{"id":%d,"row":{"as' % request["id"])
            connection.reset()

        with ScriptedServer(half, good, with_tcp=True) as server:
            client = self.client(server)
            self.fails(kindred_db.ConnectionLost, client)
            self.check(client, 2)
            client.close()

    def test_a_connection_that_was_closed_while_nobody_asked(self) -> None:
        def once(connection: ScriptedConnection) -> None:
            request = connection.request()
            assert request is not None
            connection.reply(id=request["id"], row=row(request))

        with ScriptedServer(once, once, once) as server:
            client = self.client(server)
            for key in (1, 2, 3):
                self.check(client, key)
            self.assertEqual(server.connections, 3)
            client.close()

    def test_nobody_listens(self) -> None:
        client = self.client("/nonexistent/kindred.sock", circuit_breaker=False)
        error = self.fails(
            kindred_db.Unreachable,
            client,
            "cannot connect to kindred at /nonexistent/.*is the daemon running",
        )
        self.assertTrue(error.retryable)
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
            self.fails(kindred_db.Unreachable, self.client(address), "is the daemon running")
        self.fails(kindred_db.Unreachable, self.client("tcp://host.invalid:7654"))

    def test_a_full_queue_of_new_connections_is_waited_at_and_not_for_ever(self) -> None:
        with ScriptedServer(good) as server:
            listener = socket.socket(socket.AF_UNIX)
            path = server.address + "-full"
            listener.bind(path)
            listener.listen(0)
            with socket.socket(socket.AF_UNIX) as first:
                first.connect(path)
                self.fails(
                    kindred_db.NoReply, self.client(path, timeout=SILENCE), "took no connection in time"
                )
                client = self.client(path)

                def accept() -> None:
                    connection = ScriptedConnection(listener.accept()[0])
                    good(connection)
                    connection.close()

                accepted = threading.Timer(SILENCE, accept)
                listener.accept()[0].close()
                accepted.start()
                self.check(client, 5)
                client.close()
                accepted.join()
            listener.close()

    # Time

    def test_silence_costs_the_time_out_and_the_request_is_not_repeated(self) -> None:
        with ScriptedServer(silent, good) as server:
            client = self.client(server, circuit_breaker=False)
            error = self.fails(kindred_db.NoReply, client, "no reply .* in time", timeout=SILENCE)
            self.assertIsInstance(error, TimeoutError)
            self.assertEqual(server.connections, 1)
            self.check(client, 2)
            client.close()

    def test_a_late_reply_is_not_taken_for_another_s(self) -> None:
        is_over = threading.Event()

        def late(connection: ScriptedConnection) -> None:
            request = connection.request()
            assert request is not None
            is_over.wait(20)
            connection.reply(id=request["id"], row={"asked": "late"})
            while (request := connection.request()) is not None:
                connection.reply(id=request["id"], row=row(request))

        with ScriptedServer(late, good) as server:
            client = self.client(server, circuit_breaker=False)
            self.fails(kindred_db.NoReply, client, timeout=SILENCE)
            is_over.set()
            for key in range(2, 10):
                self.check(client, key)
            client.close()

    def test_a_reply_that_trickles_in_does_not_outlast_the_deadline(self) -> None:
        def trickle(connection: ScriptedConnection) -> None:
            request = connection.request()
            assert request is not None
            while not connection.has_request(0.01):  # until the client has closed
                connection.send(b" ")

        with ScriptedServer(trickle) as server:
            client = self.client(server)
            self.fails(kindred_db.NoReply, client, timeout=SILENCE)
            client.close()

    def test_the_daemon_s_own_time_out_is_no_reason_to_give_up_the_connection(self) -> None:
        error = {"code": "timeout", "message": "time is over", "retryable": True}
        with ScriptedServer(answering(error=error)) as server:
            client = self.client(server)
            for _ in range(3):
                caught = self.fails(kindred_db.Timeout, client, "timeout: time is over")
                self.assertNotIsInstance(caught, kindred_db.NoReply)
            self.assertEqual(server.connections, 1)
            client.close()

    def test_wrong_time_outs_are_refused(self) -> None:
        client = self.client("/nonexistent/s")
        for wrong in (0, -1, float("nan"), float("inf"), "1", True):
            with (
                self.subTest(wrong=wrong),
                self.assertRaisesRegex(ValueError, "timeout: must be a number of seconds"),
            ):
                client.load("a.b", 1, timeout=wrong)

    # The circuit breaker

    def test_a_frozen_daemon_costs_one_time_out_and_not_one_for_each_load(self) -> None:
        requests = []

        def frozen(connection: ScriptedConnection) -> None:
            while (request := connection.request()) is not None:
                requests.append(request)

        with ScriptedServer(frozen) as server:
            client = self.client(server)
            self.fails(kindred_db.NoReply, client, timeout=SILENCE)
            for _ in range(50):
                self.fails(kindred_db.CircuitOpen, client, "no reply from kindred at .* in time")
            self.assertEqual(len(requests), 1)
            client.close()

    def test_a_probe_finds_the_daemon_again(self) -> None:
        is_back = threading.Event()

        def back(connection: ScriptedConnection) -> None:
            while (request := connection.request()) is not None:
                if not is_back.is_set():
                    connection.wait_for_end()
                    return
                if request.get("op") == "ping":
                    connection.reply(id=request["id"], pong=True)
                else:
                    connection.reply(id=request["id"], row=row(request))

        with ScriptedServer(back) as server:
            client = self.client(server)
            self.fails(kindred_db.NoReply, client, timeout=SILENCE)
            is_back.set()

            def is_answered() -> bool:
                try:
                    return bool(client.load("books.author", 7) == {"asked": 7})
                except (kindred_db.CircuitOpen, kindred_db.NoReply):
                    return False

            eventually(is_answered, "an answer after the circuit breaker's pause")
            for key in range(5):
                self.check(client, key)
            client.close()

    # What is no reply

    def test_another_s_id_ends_the_connection(self) -> None:
        def wrong(connection: ScriptedConnection) -> None:
            request = connection.request()
            assert request is not None
            connection.reply(id=request["id"] + 1000, row={"asked": "wrong"})
            connection.wait_for_end()

        with ScriptedServer(wrong, good) as server:
            client = self.client(server)
            self.fails(kindred_db.ProtocolViolation, client, "not asked")
            self.check(client, 2)
            client.close()

    def test_another_protocol_is_recognised(self) -> None:
        def http(connection: ScriptedConnection) -> None:
            connection.request()
            connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.wait_for_end()

        with ScriptedServer(http, good) as server:
            client = self.client(server)
            self.fails(kindred_db.ProtocolViolation, client, "HTTP/1.1 400")
            self.check(client, 2)
            client.close()

    def test_an_error_without_an_id_is_a_lost_connection_with_a_reason(self) -> None:
        def refuse(code: str, retryable: bool) -> Any:
            def script(connection: ScriptedConnection) -> None:
                connection.request()
                connection.reply(error={"code": code, "message": "because", "retryable": retryable})

            return script

        with ScriptedServer(refuse("bad_json", False), good) as server:
            client = self.client(server)
            self.fails(kindred_db.ConnectionLost, client, "bad_json: because")
            self.assertEqual(server.connections, 1)
            self.check(client, 2)
            client.close()
        with ScriptedServer(refuse("overloaded", True), good) as server:
            client = self.client(server)
            self.check(client, 2)
            client.close()
        with ScriptedServer(refuse("overloaded", True)) as server:
            client = self.client(server)
            self.fails(kindred_db.ConnectionLost, client, "overloaded: because")
            client.close()

    # Drain

    def test_a_daemon_that_ends_hands_over_to_the_next(self) -> None:
        def ending(connection: ScriptedConnection) -> None:
            request = connection.request()
            assert request is not None
            connection.reply(
                id=request["id"], error={"code": "shutting_down", "message": "ends", "retryable": True}
            )

        with ScriptedServer(ending, good) as server:
            client = self.client(server)
            self.check(client, 1)
            client.close()
        with ScriptedServer(ending) as server:
            client = self.client(server)
            self.fails(kindred_db.ShuttingDown, client, "ends")
            self.assertEqual(server.connections, 2)
            client.close()

    # Lines

    def test_unknown_members_and_strange_line_ends_do_not_matter(self) -> None:
        def strange(connection: ScriptedConnection) -> None:
            while (request := connection.request()) is not None:
                text = '\n\r\n{"id":%d,"new":[1],"row":{"asked":%d,"text":"a\u2028b\u2029c\u0085d"}}\r\n'
                for byte in (text % (request["id"], request["key"])).encode():
                    connection.send(bytes([byte]))

        with ScriptedServer(strange) as server:
            client = self.client(server)
            self.assertEqual(client.load("books.author", 4), {"asked": 4, "text": "a\u2028b\u2029c\u0085d"})
            client.close()

    def test_a_reply_of_64_mebibytes(self) -> None:
        size = 64 << 20

        def huge(connection: ScriptedConnection) -> None:
            while (request := connection.request()) is not None:
                connection.send(b'{"id":%d,"row":{"text":"' % request["id"] + b"x" * size + b'"}}\n')

        with ScriptedServer(huge) as server:
            client = self.client(server, timeout=60.0)
            self.assertEqual(len(client.load("books.author", 1)["text"]), size)
            client.close()

    # Many requests

    def ask_many(self, client: Any, amount: int) -> list[Any]:
        raise NotImplementedError

    def test_no_more_requests_are_on_their_way_than_the_daemon_reads(self) -> None:
        amount = protocol.MAX_IN_FLIGHT + 500
        most = 0

        def patient(connection: ScriptedConnection) -> None:
            nonlocal most
            waiting: list[dict[str, Any]] = []
            for _ in range(amount):
                if waiting and not connection.has_request(0.3):  # nothing more comes by itself
                    for request in waiting[:300]:
                        connection.reply(id=request["id"], row=row(request))
                    del waiting[:300]
                next_one = connection.request()
                assert next_one is not None
                waiting.append(next_one)
                most = max(most, len(waiting))
            for request in waiting:
                connection.reply(id=request["id"], row=row(request))
            connection.wait_for_end()

        with ScriptedServer(patient) as server:
            client = self.client(server, timeout=60.0)
            self.assertEqual(self.ask_many(client, amount), [{"asked": key} for key in range(amount)])
            self.assertLessEqual(most, protocol.MAX_IN_FLIGHT)
            client.close()

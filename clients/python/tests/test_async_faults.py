"""What the client for asyncio does when the daemon, the connection or the time fails it."""

from __future__ import annotations

import asyncio
import threading
import time
import unittest
from typing import Any

from support.blocking import BlockingAsyncClient
from support.faults import SILENCE, FaultCases, good, row
from support.scripted import ScriptedConnection, ScriptedServer

import kindred_db
from kindred_db import protocol


class AsyncFaultTests(FaultCases, unittest.TestCase):
    client_class = BlockingAsyncClient

    def ask_many(self, client: Any, amount: int) -> list[Any]:
        loads = [lambda db, key=key: db.load("books.author", key) for key in range(amount)]
        return list(client.together(*loads))

    def test_replies_out_of_order(self) -> None:
        def reverse(connection: ScriptedConnection) -> None:
            requests = [connection.request() for _ in range(5)]
            for request in reversed(requests):
                assert request is not None
                connection.reply(id=request["id"], row=row(request))
            connection.wait_for_end()

        with ScriptedServer(reverse) as server:
            client = self.client(server)
            loads = [lambda db, key=key: db.load("books.author", key) for key in range(5)]
            self.assertEqual(client.together(*loads), [{"asked": key} for key in range(5)])
            client.close()

    def test_a_cancelled_call_is_taken_back_and_its_late_reply_dropped(self) -> None:
        cancels = []

        def cancelled(connection: ScriptedConnection) -> None:
            first = connection.request()
            assert first is not None
            cancel = connection.request()
            assert cancel is not None
            cancels.append((cancel["op"], cancel["target"] == first["id"]))
            connection.reply(id=cancel["id"], cancelled=False)
            connection.reply(id=first["id"], row={"asked": "late"})
            good(connection)

        with ScriptedServer(cancelled) as server:
            client = self.client(server)

            async def give_up() -> None:
                await asyncio.wait_for(client.client.load("books.author", 1), SILENCE)

            with self.assertRaises(asyncio.TimeoutError):
                client.run(give_up())
            self.check(client, 2)
            self.assertEqual(cancels, [("cancel", True)])
            self.assertEqual(server.connections, 1)
            client.close()

    def test_a_reader_that_dies_fails_every_waiter(self) -> None:
        def garbage(connection: ScriptedConnection) -> None:
            for _ in range(3):
                connection.request()
            connection.send(b'{"id":1,"row":null}\n')
            connection.wait_for_end()

        original = protocol.parse_reply

        def broken(line: bytes) -> Any:
            raise RuntimeError("a fault of the client itself")

        with ScriptedServer(garbage) as server:
            client = self.client(server)
            client.loop.call_soon_threadsafe(client.loop.set_exception_handler, lambda *_: None)
            protocol.parse_reply = broken
            try:
                loads = [lambda db: db.load("books.author", 1)] * 3
                results = client.together(*loads)
            finally:
                protocol.parse_reply = original
            for result in results:
                self.assertIsInstance(result, kindred_db.ConnectionLost)
            client.close()

    def test_a_loop_that_was_kept_busy_finds_replies_that_came_in_time(self) -> None:
        with ScriptedServer(good) as server:
            client = self.client(server)

            async def busy() -> list[Any]:
                await client.client.load("books.author", 0)
                loads = [asyncio.ensure_future(client.client.load("books.author", 1, timeout=SILENCE))]
                await asyncio.sleep(0.01)  # the request goes
                time.sleep(2 * SILENCE)  # nothing else runs on the loop
                return list(await asyncio.gather(*loads))

            self.assertEqual(client.run(busy()), [{"asked": 1}])
            self.check(client, 2)
            self.assertEqual(server.connections, 1)
            client.close()

    def test_what_was_lost_together_is_repeated_together_on_one_connection(self) -> None:
        def lost(connection: ScriptedConnection) -> None:
            for _ in range(20):
                connection.request()

        with ScriptedServer(lost, good) as server:
            client = self.client(server)
            loads = [lambda db, key=key: db.load("books.author", key) for key in range(20)]
            self.assertEqual(client.together(*loads), [{"asked": key} for key in range(20)])
            self.assertEqual(server.connections, 2)
            client.close()

    def test_other_calls_go_on_beside_one_that_had_no_reply(self) -> None:
        has_given_up = threading.Event()

        def forgetful(connection: ScriptedConnection) -> None:
            first, second = connection.request(), connection.request()
            assert first and second
            has_given_up.wait(20)
            cancel = connection.request()
            assert cancel and cancel["target"] == first["id"], cancel
            connection.reply(id=second["id"], row=row(second))
            connection.wait_for_end()

        with ScriptedServer(forgetful, good) as server:
            client = self.client(server)

            async def give_up(db: Any) -> Any:
                try:
                    return await db.load("books.author", 1, timeout=SILENCE)
                finally:
                    has_given_up.set()

            first, second = client.together(give_up, lambda db: db.load("books.author", 2))
            self.assertIsInstance(first, kindred_db.NoReply)
            self.assertEqual(second, {"asked": 2})
            client.close()


if __name__ == "__main__":
    unittest.main()
